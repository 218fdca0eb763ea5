"""An account that may dry-run and nothing else: roles that let it ask, and the policy that denies it all real writes.

A dry run needs the rights of the write. So the roles alone would be the rights of an administrator, and the policy is
what takes the writing away. Two things follow. What a policy cannot guard is not in the roles: the API server asks no
policy about policies and webhooks themselves. And what needs no writing to do harm is not in the roles either: no
subresources (``pods/exec``, ``serviceaccounts/token``), no impersonation, no wildcard within Kubernetes' own groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gategit.errors import UsageError

Data = dict[str, Any]

ASKED: Final[Mapping[str, tuple[str, ...]]] = {
    "": (
        "configmaps",
        "endpoints",
        "limitranges",
        "namespaces",
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "podtemplates",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "serviceaccounts",
        "services",
    ),
    "apiextensions.k8s.io": ("customresourcedefinitions",),
    "apiregistration.k8s.io": ("apiservices",),
    "apps": ("controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"),
    "autoscaling": ("horizontalpodautoscalers",),
    "batch": ("cronjobs", "jobs"),
    "coordination.k8s.io": ("leases",),
    "discovery.k8s.io": ("endpointslices",),
    "flowcontrol.apiserver.k8s.io": ("flowschemas", "prioritylevelconfigurations"),
    "networking.k8s.io": ("ingressclasses", "ingresses", "networkpolicies", "servicecidrs"),
    "node.k8s.io": ("runtimeclasses",),
    "policy": ("poddisruptionbudgets",),
    "rbac.authorization.k8s.io": ("clusterrolebindings", "clusterroles", "rolebindings", "roles"),
    "resource.k8s.io": ("deviceclasses", "resourceclaims", "resourceclaimtemplates"),
    "scheduling.k8s.io": ("priorityclasses",),
    "storage.k8s.io": ("csidrivers", "storageclasses", "volumeattributesclasses"),
}
"""What the account may dry-run of Kubernetes' own groups: what manifests declare."""

READ: Final[Mapping[str, tuple[str, ...]]] = {
    "admissionregistration.k8s.io": (
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
        "mutatingwebhookconfigurations",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "validatingwebhookconfigurations",
    ),
}
"""What it may read besides: whatever could write these could take the policy away."""

LEFT_OUT: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("bindings", "componentstatuses", "events", "nodes"),
    "authentication.k8s.io": ("selfsubjectreviews", "tokenreviews"),
    "authorization.k8s.io": (
        "localsubjectaccessreviews",
        "selfsubjectaccessreviews",
        "selfsubjectrulesreviews",
        "subjectaccessreviews",
    ),
    "certificates.k8s.io": ("certificatesigningrequests", "clustertrustbundles", "podcertificaterequests"),
    "coordination.k8s.io": ("leasecandidates",),
    "events.k8s.io": ("events",),
    "internal.apiserver.k8s.io": ("storageversions",),
    "networking.k8s.io": ("ipaddresses",),
    "resource.k8s.io": ("devicetaintrules", "resourcepoolstatusrequests", "resourceslices"),
    "scheduling.k8s.io": ("podgroups", "workloads"),
    "storage.k8s.io": ("csinodes", "csistoragecapacities", "volumeattachments"),
    "storagemigration.k8s.io": ("storageversionmigrations",),
}
"""What it has no rights on at all: what the system itself writes, questions about others, and signatures."""

BUILT_IN: Final = frozenset({*ASKED, *READ, *LEFT_OUT})
"""Kubernetes' own groups. None of them is ever given as a whole."""

_READ_VERBS = ("get", "list")
_WRITE_VERBS = ("create", "delete", "patch", "update")

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_GROUP = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+")


@dataclass(frozen=True, slots=True)
class Account:
    """Whose rights they are.

    Attributes:
        namespace: of the service account.
        name: its name.
    """

    namespace: str
    name: str

    @property
    def user(self) -> str:
        """What the API server calls it."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"

    @property
    def label(self) -> str:
        """How objects that have no namespace are called for it."""
        return self.name if self.name == self.namespace else f"{self.namespace}-{self.name}"


def least_rights(account: Account, custom: Mapping[str, Iterable[str]], *, secrets: bool = True) -> list[Data]:
    """The objects that make the account, in the order to apply them: the policy is there before the roles are.

    Args:
        account: the account.
        custom: groups of custom resources that it may dry-run, and of each the resources; ``*`` is all of them.
        secrets: whether it may dry-run Secrets, which is to read them.

    Raises:
        UsageError: a name cannot be one, or a group is Kubernetes' own.
    """
    for what, name in (("namespace", account.namespace), ("name", account.name)):
        # Both stand in the policy's expression.
        if not _LABEL.fullmatch(name):
            raise UsageError(
                f"the {what} {name!r} cannot be one", "use small letters, digits and dashes, 63 characters at most"
            )
    asked = {group: [one for one in plurals if secrets or one != "secrets"] for group, plurals in ASKED.items()}
    for group, plurals in sorted(custom.items()):
        checked_group(group)
        asked[group] = sorted(set(plurals))
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": account.namespace}},
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": account.name, "namespace": account.namespace},
            # Nothing runs as this account inside of the cluster.
            "automountServiceAccountToken": False,
        },
        *_policy(account),
        *_role(account, "read", _rules({**asked, **READ}, _READ_VERBS)),
        *_role(
            account,
            "dry-run",
            [
                *_rules(asked, _WRITE_VERBS),
                # A role is dry-run by an account that has not all of its rights itself.
                _rule("rbac.authorization.k8s.io", ["clusterroles", "roles"], ("bind", "escalate")),
            ],
        ),
    ]


def checked_group(group: str) -> str:
    """A group of custom resources.

    Raises:
        UsageError: it cannot be one, or is Kubernetes' own.
    """
    if group in BUILT_IN:
        raise UsageError(
            f"{group or 'the core group'} is Kubernetes' own, and never given as a whole",
            "name groups of custom resources alone; the resources of Kubernetes' own groups are listed one by one",
        )
    if not _GROUP.fullmatch(group) or len(group) > 253:
        raise UsageError(f"{group!r} is no API group of custom resources", "a group looks like cert-manager.io")
    return group


def is_plural(name: object) -> bool:
    """Whether a name can be a custom resource's plural name: no wildcard, and no subresource."""
    return isinstance(name, str) and _LABEL.fullmatch(name) is not None


def _policy(account: Account) -> list[Data]:
    name = f"{account.label}-dry-run-only"
    return [
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {
                    "resourceRules": [
                        {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*/*"]}
                    ]
                },
                "matchConditions": [
                    {"name": "this-account", "expression": f"request.userInfo.username == '{account.user}'"}
                ],
                "validations": [
                    {
                        "expression": "has(request.dryRun) && request.dryRun",
                        "message": "this account may dry-run and nothing else",
                        "reason": "Forbidden",
                    },
                    {
                        # The server answers a dry run of serviceaccounts/token with a token that is valid.
                        "expression": "!has(request.subResource) || request.subResource == ''",
                        "message": "this account may dry-run whole objects alone, no subresources",
                        "reason": "Forbidden",
                    },
                ],
            },
        },
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {"policyName": name, "validationActions": ["Deny", "Audit"]},
        },
    ]


def _role(account: Account, purpose: str, rules: list[Data]) -> list[Data]:
    name = f"{account.label}-{purpose}"
    group = "rbac.authorization.k8s.io"
    return [
        {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules},
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": account.name, "namespace": account.namespace}],
        },
    ]


def _rules(resources: Mapping[str, Iterable[str]], verbs: Iterable[str]) -> list[Data]:
    return [_rule(group, plurals, verbs) for group, plurals in sorted(resources.items())]


def _rule(group: str, resources: Iterable[str], verbs: Iterable[str]) -> Data:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}
