"""What an agent would apply: Kustomize, Helm, Argo CD and Flux, rendered from git objects as the agent renders them."""
