"""gategit: the pre-merge policy and manifest validation gate for GitOps branches."""

__version__ = "0.1.0"
