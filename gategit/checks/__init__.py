"""The stages of the gate: syntax, schema, references, policy."""
