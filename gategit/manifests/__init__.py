"""Decoded YAML and JSON, the manifests in it, and where each field stands."""
