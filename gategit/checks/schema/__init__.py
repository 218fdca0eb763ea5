"""Manifests against the schemas of Kubernetes and of custom resource definitions."""
