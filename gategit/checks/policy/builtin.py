"""The index of the built-in policies: one line per file of policies/. A test compares the two."""

from __future__ import annotations

BUILTIN = (
    "cluster_admin_binding",
    "host_namespaces",
    "image_digest",
    "image_latest_tag",
    "namespace_required",
    "plaintext_secret",
    "privileged_container",
    "replicas_drop",
    "resource_limits",
    "volume_claim_removed",
)
"""File names without ``.py``, sorted."""

PACKS = {
    "recommended": "few rules, sure of what they say; an ordinary good pull request passes",
    "strict": "everything in recommended, and rules that fit only some repositories",
}
"""The built-in packs, each with what it is for."""
