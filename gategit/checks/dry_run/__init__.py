"""The dry-run stage: what an API server would make of the change."""
