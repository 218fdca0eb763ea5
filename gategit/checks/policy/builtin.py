"""The index of the built-in policies: one line per file of policies/, with its packs. A test compares the two."""

from __future__ import annotations

from collections.abc import Mapping

_SURE = "recommended"

BUILTIN: Mapping[str, tuple[str, ...]] = {
    "changes/replicas_drop": (_SURE, "change-safety"),
    "changes/volume_claim_removed": (_SURE, "change-safety"),
    "gitops/application_allow_empty": ("gitops",),
    "gitops/application_default_project": ("gitops",),
    "gitops/application_destination_ambiguous": (_SURE, "gitops"),
    "gitops/application_ignores_differences": ("gitops",),
    "gitops/application_outside_project": ("gitops",),
    "gitops/application_risky_sync_option": ("gitops",),
    "gitops/application_source_ignored": (_SURE, "gitops"),
    "gitops/application_sync_policy": ("gitops",),
    "gitops/application_unknown_project": ("gitops",),
    "gitops/application_unknown_sync_option": ("gitops",),
    "pod_security/added_capabilities": ("security-baseline", "security-restricted"),
    "pod_security/allow_privilege_escalation": ("security-restricted",),
    "pod_security/apparmor_profile": ("security-baseline", "security-restricted"),
    "pod_security/drop_all_capabilities": ("security-restricted",),
    "pod_security/host_namespaces": (_SURE, "security-baseline", "security-restricted"),
    "pod_security/host_path_volume": ("security-baseline", "security-restricted"),
    "pod_security/host_port": ("security-baseline", "security-restricted"),
    "pod_security/host_probe": ("security-baseline", "security-restricted"),
    "pod_security/host_process": (_SURE, "security-baseline", "security-restricted"),
    "pod_security/namespace_pod_security": (),
    "pod_security/namespace_privileged": (),
    "pod_security/privileged_container": (_SURE, "security-baseline", "security-restricted"),
    "pod_security/proc_mount": ("security-baseline", "security-restricted"),
    "pod_security/proc_mount_in_user_namespace": ("security-restricted",),
    "pod_security/restricted_capabilities": ("security-restricted",),
    "pod_security/restricted_volume_type": ("security-restricted",),
    "pod_security/run_as_non_root": ("security-restricted",),
    "pod_security/run_as_root_user": ("security-restricted",),
    "pod_security/seccomp_profile": ("security-restricted",),
    "pod_security/seccomp_unconfined": ("security-baseline", "security-restricted"),
    "pod_security/selinux_options": ("security-baseline", "security-restricted"),
    "pod_security/unsafe_sysctl": ("security-baseline", "security-restricted"),
    "rbac/aggregated_view_writes": (),
    "rbac/anonymous_binding": (_SURE,),
    "rbac/binding_subject_namespace": (),
    "rbac/broad_group_binding": (),
    "rbac/built_in_role_override": (),
    "rbac/certificate_approval": (),
    "rbac/cluster_admin_binding": (_SURE,),
    "rbac/cross_namespace_subject": (),
    "rbac/dangling_binding_subject": (),
    "rbac/dangling_role_ref": (),
    "rbac/default_service_account_binding": (),
    "rbac/exec_access": (),
    "rbac/long_lived_token": (),
    "rbac/masters_binding": (_SURE,),
    "rbac/nodes_proxy": (),
    "rbac/persistent_volume_creation": (),
    "rbac/pod_creation": (),
    "rbac/rbac_escalation": (),
    "rbac/rbac_full_access": (_SURE,),
    "rbac/rbac_subresource_wildcard": (),
    "rbac/rbac_unnamed_verb": (),
    "rbac/rbac_wildcard": (),
    "rbac/rbac_write": (),
    "rbac/secrets_access": (),
    "rbac/token_creation": (),
    "rbac/webhook_write": (),
    "secrets/plaintext_secret": (_SURE,),
    "supply_chain/image_digest": (),
    "supply_chain/image_latest_tag": (_SURE,),
    "workloads/anti_affinity": (),
    "workloads/container_name": (_SURE,),
    "workloads/container_port_name": (_SURE,),
    "workloads/container_socket_mount": (_SURE,),
    "workloads/default_namespace": (),
    "workloads/deprecated_service_account": (),
    "workloads/ephemeral_storage_limit": (),
    "workloads/identical_probes": (),
    "workloads/invalid_probe": (_SURE,),
    "workloads/liveness_probe": (),
    "workloads/memory_overcommit": (),
    "workloads/namespace_required": (),
    "workloads/probe_port": (_SURE,),
    "workloads/read_only_root_filesystem": (),
    "workloads/readiness_probe": (),
    "workloads/request_above_limit": (_SURE,),
    "workloads/resource_limits": (_SURE,),
    "workloads/resource_range": (),
    "workloads/restart_policy": (_SURE,),
    "workloads/secret_in_env": (),
    "workloads/selector_mismatch": (_SURE,),
    "workloads/sensitive_host_mount": (),
    "workloads/single_replica": (),
    "workloads/update_strategy": (_SURE,),
    "workloads/volume_mount_unknown": (_SURE,),
    "workloads/writable_host_mount": (),
}
"""Paths below policies/ without ``.py``, sorted, and the packs that hold each policy besides ``strict``."""

STRICT = "strict"
"""The pack that holds every built-in policy."""

PACKS: Mapping[str, str] = {
    "recommended": "few rules, sure of what they say; an ordinary good pull request passes",
    "security-baseline": "the baseline of the Pod Security Standards: what lets a pod out of its container",
    "security-restricted": "the restricted level of the Pod Security Standards: baseline and hardening",
    "gitops": "Argo CD and Flux objects: pinned sources, bounded projects, sync that does what it seems to",
    "change-safety": "what a change does to what runs: deletions, shrinking, widening, what cannot be undone",
    "strict": "every rule, also those that fit only some repositories",
}
"""The built-in packs, each with what it is for."""


def packs_of(entry: str) -> tuple[str, ...]:
    """The packs that hold a policy of the index."""
    return (*BUILTIN[entry], STRICT)
