"""RBAC: what each policy says of roles and bindings, at which field, and what it lets through."""

from __future__ import annotations

from typing import Any

import pytest

from gategit.checks.policy.builtin import BUILTIN
from gategit.checks.policy.load import PolicySet
from gategit.checks.policy.run import Runner
from gategit.checks.policy.subjects import Subject
from gategit.model import Level
from tests.policies.conftest import Judge, manifest, thing

API = "rbac.authorization.k8s.io"
FAMILY = [entry.rpartition("/")[2].replace("_", "-") for entry in BUILTIN if entry.startswith("rbac/")]
LEVELS = dict.fromkeys(FAMILY, Level.ERROR)


def rule(groups: Any, resources: Any, verbs: Any, names: Any = None) -> dict[str, Any]:
    """A rule of a role; each part may be written as words in one string."""
    given = {"apiGroups": groups, "resources": resources, "verbs": verbs, "resourceNames": names}
    return {
        key: (value.split() or [""]) if isinstance(value, str) else value
        for key, value in given.items()
        if value is not None
    }


def role(*rules: Any, kind: str = "ClusterRole", **metadata: Any) -> dict[str, Any]:
    """A role named x with these rules."""
    return thing(kind, f"{API}/v1", metadata={"name": "x", **metadata}, rules=list(rules))


def binding(*subjects: Any, kind: str = "ClusterRoleBinding", to: str = "edit", **metadata: Any) -> dict[str, Any]:
    """A binding named x of a ClusterRole."""
    reference = {"apiGroup": API, "kind": "ClusterRole", "name": to}
    return thing(kind, f"{API}/v1", metadata={"name": "x", **metadata}, roleRef=reference, subjects=list(subjects))


def account(name: str, namespace: str | None = None, **more: Any) -> dict[str, Any]:
    """A service account as the subject of a binding."""
    place = {} if namespace is None else {"namespace": namespace}
    return {"kind": "ServiceAccount", "name": name, **place, **more}


ODD: list[Any] = [None, [], {}, "text", 7, True, [None, 7, "text", []], [{}], {"a": None}]


@pytest.mark.parametrize("odd", ODD)
def test_data_of_a_wrong_shape_crashes_no_policy(runner: Runner, odd: Any) -> None:
    """Neither where a whole list is something else, nor where its members are."""
    subjects = []
    for kind in ("Role", "ClusterRole"):
        for rules in (odd, [odd], [{"apiGroups": odd, "resources": odd, "verbs": odd, "resourceNames": odd}]):
            one = thing(kind, f"{API}/v1", metadata={"name": odd, "labels": odd}, rules=rules)
            subjects.append(Subject(None, manifest(one), added=True))
        mixed = role(rule(odd, ["pods/exec", odd], ["create", odd]), kind=kind)
        subjects.append(Subject(None, manifest(mixed), added=True))
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        for subject in (odd, {"kind": odd, "name": odd, "namespace": odd}, account("ci", apiGroup=odd)):
            one = thing(kind, f"{API}/v1", roleRef=odd, subjects=[subject])
            subjects.append(Subject(None, manifest(one), added=True))
        subjects.append(Subject(None, manifest(thing(kind, f"{API}/v1", roleRef={"kind": "Role"}, subjects=odd))))
    subjects.append(Subject(None, manifest(thing("Secret", type=odd)), added=True))

    assert runner.run(PolicySet(runner.policies(), LEVELS), subjects).crashes == ()


@pytest.mark.parametrize(
    ("given", "kind", "is_flagged"),
    [
        (rule("*", "*", "*"), "ClusterRole", True),
        (rule("*", "*", "get list watch create update patch delete"), "ClusterRole", True),
        (rule("*", "*", "get list watch create update patch"), "ClusterRole", False),
        (rule("", "*", "*"), "ClusterRole", False),
        (rule("*", "pods", "*"), "ClusterRole", False),
        (rule("*", "*", "*"), "Role", False),
    ],
)
def test_rbac_full_access(judge: Judge, given: Any, kind: str, *, is_flagged: bool) -> None:
    """Only a rule that is everything to everything, however it is spelled, and only cluster-wide."""
    message = "ClusterRole x may do everything to every object of the cluster"

    assert judge("rbac-full-access", role(given, kind=kind)) == (
        [("rules[0].resources[0]", message)] if is_flagged else []
    )


def test_rbac_wildcard(judge: Judge) -> None:
    """Each list with a wildcard is a finding of its own."""
    given = role(
        rule("apps *", "pods *", "get *"), {"nonResourceURLs": ["/healthz", "*"], "verbs": ["get"]}, kind="Role"
    )

    assert judge("rbac-wildcard", given) == [
        ("rules[0].apiGroups[1]", "a rule of Role x allows every API group"),
        ("rules[0].resources[1]", "a rule of Role x allows every resource"),
        ("rules[0].verbs[1]", "a rule of Role x allows every verb"),
        ("rules[1].nonResourceURLs[1]", "a rule of Role x allows every URL"),
    ]


GRANTS = [
    ("secrets-access", rule("", "secrets", "get list"), "ClusterRole x may get and list secrets"),
    ("secrets-access", rule("", "secrets", "*"), "ClusterRole x may get, list and watch secrets"),
    ("secrets-access", rule("*", "*", "watch"), "ClusterRole x may watch secrets"),
    ("secrets-access", rule("", "secrets", "get", "web-tls"), None),
    ("secrets-access", rule("", "secrets", "create delete"), None),
    ("secrets-access", rule("apps", "secrets", "get"), None),
    ("secrets-access", rule("", "configmaps", "get"), None),
    (
        "rbac-escalation",
        rule(API, "roles", "bind"),
        "ClusterRole x may bind roles, which is a way to more rights",
    ),
    (
        "rbac-escalation",
        rule(API, "clusterroles", "*"),
        "ClusterRole x may bind and escalate clusterroles, which is a way to more rights",
    ),
    (
        "rbac-escalation",
        rule("", "groups", "impersonate"),
        "ClusterRole x may impersonate groups, which is a way to more rights",
    ),
    ("rbac-escalation", rule(API, "roles", "get create"), None),
    ("rbac-escalation", rule(API, "clusterroles", "bind", "reader"), None),
    ("rbac-escalation", rule("", "roles", "bind"), None),
    ("exec-access", rule("", "pods/exec", "create"), "ClusterRole x may create pods/exec"),
    ("exec-access", rule("", "pods/attach", "get"), "ClusterRole x may get pods/attach"),
    ("exec-access", rule("", "*/portforward", "*"), "ClusterRole x may create and get pods/portforward"),
    ("exec-access", rule("", "pods/ephemeralcontainers", "patch"), "ClusterRole x may patch pods/ephemeralcontainers"),
    ("exec-access", rule("", "*", "patch"), "ClusterRole x may patch pods/ephemeralcontainers"),
    ("exec-access", rule("", "pods/*", "create"), None),
    ("exec-access", rule("", "pods/exec", "list"), None),
    ("exec-access", rule("", "pods pods/log", "get create"), None),
    (
        "nodes-proxy",
        rule("", "nodes/proxy", "get"),
        "ClusterRole x may use nodes/proxy, which runs commands in every pod of a node",
    ),
    ("nodes-proxy", rule("", "nodes nodes/metrics nodes/stats", "get"), None),
    (
        "token-creation",
        rule("", "serviceaccounts/token", "create"),
        "ClusterRole x may make tokens of every service account that it reaches",
    ),
    ("token-creation", rule("", "serviceaccounts/token", "create", "deployer"), None),
    ("token-creation", rule("", "serviceaccounts", "create"), None),
    ("pod-creation", rule("", "pods", "create"), "ClusterRole x may create pods, and use what is in their namespace"),
    (
        "pod-creation",
        rule("batch", "*", "patch"),
        "ClusterRole x may patch jobs and cronjobs, and use what is in their namespace",
    ),
    ("pod-creation", rule("", "pods", "delete patch"), None),
    (
        "persistent-volume-creation",
        rule("", "persistentvolumes", "create"),
        "ClusterRole x may create PersistentVolumes, on any folder of a node too",
    ),
    ("persistent-volume-creation", rule("", "persistentvolumeclaims", "create"), None),
    (
        "certificate-approval",
        rule("certificates.k8s.io", "certificatesigningrequests/approval", "update"),
        "ClusterRole x may approve certificates, and so identities",
    ),
    ("certificate-approval", rule("certificates.k8s.io", "certificatesigningrequests", "create"), None),
    (
        "webhook-write",
        rule("admissionregistration.k8s.io", "validatingwebhookconfigurations", "update"),
        "ClusterRole x may put admission webhooks or policies in place",
    ),
    ("webhook-write", rule("admissionregistration.k8s.io", "validatingwebhookconfigurations", "update", "mine"), None),
    ("webhook-write", rule("admissionregistration.k8s.io", "validatingwebhookconfigurations", "get"), None),
    ("rbac-write", rule(API, "rolebindings", "create"), "ClusterRole x may create rolebindings"),
    ("rbac-write", rule(API, "rolebindings", "get list delete"), None),
    (
        "rbac-unnamed-verb",
        rule("", "configmaps", "create", "web"),
        "ClusterRole x limits create by resourceNames, which allows nothing",
    ),
    ("rbac-unnamed-verb", rule("", "serviceaccounts/token", "create", "web"), None),
    ("rbac-unnamed-verb", rule("", "configmaps", "get update delete", "web"), None),
    (
        "rbac-subresource-wildcard",
        rule("", "pods/*", "get"),
        "the resource pods/* in a rule of ClusterRole x stands for nothing",
    ),
    (
        "rbac-subresource-wildcard",
        rule("apps", "deploy*", "get"),
        "the resource deploy* in a rule of ClusterRole x stands for nothing",
    ),
    ("rbac-subresource-wildcard", rule("apps", "* */scale", "get"), None),
]


@pytest.mark.parametrize(("policy", "given", "message"), GRANTS)
def test_what_a_rule_allows(judge: Judge, policy: str, given: Any, message: str | None) -> None:
    """Wildcards count as they do to the API server; another group, verb or name does not."""
    found = [said for _, said in judge(policy, role(given))]

    assert found == ([message] if message else [])


def test_a_grant_stands_on_the_resource_that_makes_it(judge: Judge) -> None:
    """Each entry of a rule that allows something is a finding; beside a wildcard the others say nothing more."""
    given = role(
        rule("", "configmaps secrets", "get"), rule("", "secrets * configmaps", "list"), rule("", "pods", "get")
    )

    assert judge("secrets-access", given) == [
        ("rules[0].resources[1]", "ClusterRole x may get secrets"),
        ("rules[1].resources[1]", "ClusterRole x may list secrets"),
    ]


def test_secrets_of_one_namespace_may_be_let_through(judge: Judge) -> None:
    """The parameter leaves Roles alone, and ClusterRoles not."""
    given = rule("", "secrets", "get")

    assert judge("secrets-access", role(given, kind="Role"), only_cluster_roles=True) == []
    assert len(judge("secrets-access", role(given, kind="Role"))) == 1
    assert len(judge("secrets-access", role(given), only_cluster_roles=True)) == 1


def test_creating_without_a_name_elsewhere_makes_the_slip_harmless(judge: Judge) -> None:
    """Another rule of the role allows it on the same resources."""
    named, unnamed = rule("", "leases", "get create", "web"), rule("", "leases", "create")

    assert judge("rbac-unnamed-verb", role(named, unnamed)) == []
    assert [field for field, _ in judge("rbac-unnamed-verb", role(named, rule("", "pods", "create")))] == [
        "rules[0].verbs[1]"
    ]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (rule("", "pods", "get list watch"), None),
        (rule("", "pods", "get delete patch"), "rules[0].verbs[1]"),
        (rule("", "pods", "*"), "rules[0].verbs[0]"),
        (rule("", "secrets", "get"), "rules[0].resources[0]"),
    ],
)
def test_aggregated_view_writes(judge: Judge, given: Any, field: str | None) -> None:
    """Only with the label, and only with the value that makes it count."""
    key = f"{API}/aggregate-to-view"
    found = judge("aggregated-view-writes", role(given, labels={key: "true"}))

    assert [where for where, _ in found] == ([field] if field else [])
    assert judge("aggregated-view-writes", role(given, labels={key: "false"})) == []
    assert judge("aggregated-view-writes", role(given, labels={f"{API}/aggregate-to-edit": "true"})) == []


@pytest.mark.parametrize(
    ("kind", "name", "labels", "is_flagged"),
    [
        ("ClusterRole", "view", {}, True),
        ("ClusterRole", "system:node", {}, True),
        ("Role", "system:controller:x", {}, True),
        ("ClusterRole", "system:node", {"kubernetes.io/bootstrapping": "rbac-defaults"}, False),
        ("Role", "view", {}, False),
        ("ClusterRole", "viewer", {}, False),
    ],
)
def test_built_in_role_override(judge: Judge, kind: str, name: str, labels: Any, *, is_flagged: bool) -> None:
    """Names of built-in roles are taken; an export of the cluster's own is not judged."""
    found = judge("built-in-role-override", role(kind=kind, name=name, labels=labels))

    assert found == (
        [("metadata.name", f"{kind} {name} takes the place of a role that Kubernetes brings")] if is_flagged else []
    )


def user(name: str, kind: str = "Group") -> dict[str, Any]:
    """A group or user as the subject of a binding."""
    return {"apiGroup": API, "kind": kind, "name": name}


@pytest.mark.parametrize(
    ("policy", "subject", "message"),
    [
        (
            "anonymous-binding",
            user("system:unauthenticated"),
            "ClusterRoleBinding x gives the role edit to everyone, without a login",
        ),
        (
            "anonymous-binding",
            user("system:anonymous", "User"),
            "ClusterRoleBinding x gives the role edit to everyone, without a login",
        ),
        ("anonymous-binding", user("system:anonymous"), None),
        ("anonymous-binding", user("system:authenticated"), None),
        (
            "masters-binding",
            user("system:masters"),
            "ClusterRoleBinding x binds system:masters, which no rule can limit",
        ),
        ("masters-binding", user("system:masters", "User"), None),
        (
            "broad-group-binding",
            user("system:authenticated"),
            "ClusterRoleBinding x gives the role edit to every user and service account",
        ),
        (
            "broad-group-binding",
            user("system:serviceaccounts"),
            "ClusterRoleBinding x gives the role edit to every service account of the cluster",
        ),
        ("broad-group-binding", user("system:serviceaccounts:shop"), None),
        (
            "default-service-account-binding",
            account("default", "shop"),
            "ClusterRoleBinding x gives the role edit to the service account default",
        ),
        ("default-service-account-binding", user("default", "User"), None),
        ("default-service-account-binding", account("ci", "shop"), None),
        (
            "binding-subject-namespace",
            account("ci"),
            "ClusterRoleBinding x does not say in which namespace ServiceAccount ci is",
        ),
        ("binding-subject-namespace", user("ops"), None),
    ],
)
def test_to_whom_a_binding_gives(judge: Judge, policy: str, subject: Any, message: str | None) -> None:
    """The finding stands on the subject, whichever it is."""
    found = judge(policy, binding(user("ops"), subject))

    assert found == ([("subjects[1].name", message)] if message else [])


@pytest.mark.parametrize(
    ("policy", "given"),
    [
        ("anonymous-binding", binding(user("system:unauthenticated"), to="system:public-info-viewer")),
        ("masters-binding", binding(user("system:masters"), to="cluster-admin", name="cluster-admin")),
        ("broad-group-binding", binding(user("system:authenticated"), to="system:discovery")),
        ("broad-group-binding", binding(user("system:serviceaccounts"), to="system:service-account-issuer-discovery")),
    ],
)
def test_what_kubernetes_itself_binds_passes(judge: Judge, policy: str, given: Any) -> None:
    """An export of the cluster's own bindings is no mistake."""
    assert judge(policy, given) == []


def test_a_service_account_has_no_api_group(judge: Judge) -> None:
    """The API server refuses it."""
    assert judge("binding-subject-namespace", binding(account("ci", "shop", apiGroup=API))) == [
        ("subjects[0].apiGroup", "ClusterRoleBinding x names an API group for a ServiceAccount, which has none")
    ]
    assert judge("binding-subject-namespace", binding(account("ci", "shop", apiGroup=""))) == []


@pytest.mark.parametrize(
    ("namespace", "other", "is_flagged"),
    [
        ("shop", "tools", True),
        ("shop", "shop", False),
        ("shop", None, False),
        (None, "tools", False),
        ("${NS}", "tools", False),
        ("shop", "${NS}", False),
    ],
)
def test_cross_namespace_subject(judge: Judge, namespace: str | None, other: str | None, *, is_flagged: bool) -> None:
    """Only where both namespaces are known."""
    found = judge("cross-namespace-subject", binding(account("ci", other), kind="RoleBinding", namespace=namespace))

    message = "RoleBinding x gives rights in namespace shop to ServiceAccount ci of namespace tools"
    assert found == ([("subjects[0].namespace", message)] if is_flagged else [])


def test_dangling_role_ref(judge: Judge) -> None:
    """A Role counts in its own namespace alone; where a namespace is set elsewhere, it may be the same."""

    def found(name: str, namespace: str | None) -> list[tuple[str, str]]:
        bound = binding(account("ci"), kind="RoleBinding", namespace="shop")
        bound["roleRef"] = {"kind": "Role", "name": "reader"}
        return judge("dangling-role-ref", bound, inventory=[role(kind="Role", name=name, namespace=namespace)])

    assert found("reader", "shop") == found("reader", None) == []
    message = "RoleBinding x refers to Role reader of namespace shop, which is not there"
    assert found("reader", "tools") == found("writer", "shop") == [("roleRef.name", message)]


def test_dangling_binding_subject(judge: Judge) -> None:
    """Of namespaces whose service accounts the repository does not hold, nothing is known."""

    def found(subject: Any, *accounts: tuple[str, str]) -> list[str]:
        inventory = [thing("ServiceAccount", metadata={"name": n, "namespace": ns}) for n, ns in accounts]
        return [said for _, said in judge("dangling-binding-subject", binding(subject), inventory=inventory)]

    message = "ClusterRoleBinding x binds ServiceAccount ci of namespace shop, which is not there"
    assert found(account("ci", "shop"), ("web", "shop")) == [message]
    assert found(account("ci", "shop"), ("ci", "shop")) == []
    assert found(account("ci", "shop"), ("ci", "tools")) == []
    assert found(account("default", "shop"), ("web", "shop")) == []
    assert found(account("${NAME}", "shop"), ("web", "shop")) == []


def test_long_lived_token(judge: Judge) -> None:
    """It is the Secret's type that makes the cluster fill it."""
    assert judge("long-lived-token", thing("Secret", type="kubernetes.io/service-account-token")) == [
        ("type", "Secret x is filled with a token that never ends")
    ]
    assert judge("long-lived-token", thing("Secret", type="Opaque")) == []
