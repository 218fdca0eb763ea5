"""Asking an export: it says of a change what the real server says, as far as an export can know."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategit.checks.dry_run.offline import ask_snapshot
from gategit.checks.dry_run.values import DeclaredKind, Expected, Outcome
from gategit.cluster.client import Client
from gategit.cluster.export import export
from gategit.cluster.snapshot import Missing, Snapshot, load_snapshot
from gategit.model import DryRunResult
from tests.checks.dry_run.asked import Data, ask_one, change, changed, config_map, custom, deployment, said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gategit.change import ObjectChange
    from tests.api_server import ApiServer


def exported(server: ApiServer, *namespaces: str, live_objects: bool = False) -> Snapshot:
    """The export of a real server, of some namespaces."""

    async def run() -> bytes:
        async with Client(server.access) as client:
            return await export(client, namespaces=namespaces, live_objects=live_objects)

    return load_snapshot(asyncio.run(run()), "prod.json")


def offline(snapshot: Snapshot, old: Data | None, new: Data | None, expected: Expected | None = None) -> Outcome:
    """What an export says of one change."""
    [outcome] = ask_snapshot(snapshot, [change(old, new)], expected or Expected())
    return outcome


def a(api_version: str, kind: str, namespace: str | None, **fields: Any) -> Data:
    """An object called x, or after the test's namespace where its kind has none."""
    name = {"name": "x", "namespace": namespace} if namespace is not None else {"name": "NAME"}
    return {"apiVersion": api_version, "kind": kind, "metadata": name, **fields}


POD: Data = {"containers": [{"name": "c", "image": "nginx:1"}], "restartPolicy": "Never"}
LABELED: Data = {"metadata": {"labels": {"app": "x"}}, "spec": {**POD, "restartPolicy": "Always"}}
SET: Data = {"serviceName": "x", "selector": {"matchLabels": {"app": "x"}}, "template": LABELED}
CLAIM: Data = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}
CLAIMS: Data = {**SET, "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": CLAIM}]}
RULES: list[Data] = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
ROLE: Data = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "a"}
WEB_PORT: Data = {"ports": [{"port": 80}]}

CASES: dict[str, tuple[Data, str, Any]] = {
    # The object, the field that changes, and its new value (None: it is removed). "NS" stands for the namespace.
    "Deployment, replicas": (a("apps/v1", "Deployment", "NS", spec=SET | {"serviceName": None}), "spec/replicas", 3),
    "Deployment, selector": (
        a("apps/v1", "Deployment", "NS", spec=SET | {"serviceName": None}),
        "spec/selector",
        {"matchExpressions": [{"key": "app", "operator": "In", "values": ["x"]}]},
    ),
    "DaemonSet, selector gains a label": (
        a(
            "apps/v1",
            "DaemonSet",
            "NS",
            spec={
                "selector": {"matchLabels": {"app": "x"}},
                "template": {**LABELED, "metadata": {"labels": {"app": "x", "b": "c"}}},
            },
        ),
        "spec/selector/matchLabels/b",
        "c",
    ),
    "StatefulSet, image": (
        a("apps/v1", "StatefulSet", "NS", spec=CLAIMS),
        "spec/template/spec/containers/0/image",
        "nginx:2",
    ),
    "StatefulSet, claim grows": (
        a("apps/v1", "StatefulSet", "NS", spec=CLAIMS),
        "spec/volumeClaimTemplates/0/spec/resources/requests/storage",
        "3Gi",
    ),
    "StatefulSet, same claim in other words": (
        a("apps/v1", "StatefulSet", "NS", spec=CLAIMS),
        "spec/volumeClaimTemplates/0/spec/resources/requests/storage",
        "2048Mi",
    ),
    "StatefulSet, claim added": (
        a("apps/v1", "StatefulSet", "NS", spec=CLAIMS),
        "spec/volumeClaimTemplates",
        [*CLAIMS["volumeClaimTemplates"], {"metadata": {"name": "more"}, "spec": CLAIM}],
    ),
    "StatefulSet, the default said": (
        a("apps/v1", "StatefulSet", "NS", spec=SET),
        "spec/podManagementPolicy",
        "OrderedReady",
    ),
    "StatefulSet, service name": (a("apps/v1", "StatefulSet", "NS", spec=SET), "spec/serviceName", "y"),
    "Job, image": (
        a("batch/v1", "Job", "NS", spec={"template": {"spec": POD}}),
        "spec/template/spec/containers/0/image",
        "nginx:2",
    ),
    "Job, parallelism": (a("batch/v1", "Job", "NS", spec={"template": {"spec": POD}}), "spec/parallelism", 2),
    "Pod, image": (a("v1", "Pod", "NS", spec=POD), "spec/containers/0/image", "nginx:2"),
    "Pod, restart policy": (a("v1", "Pod", "NS", spec=POD), "spec/restartPolicy", "Always"),
    "Pod, a container's name": (a("v1", "Pod", "NS", spec=POD), "spec/containers/0/name", "d"),
    "Service, a port": (a("v1", "Service", "NS", spec=WEB_PORT), "spec/ports/0/port", 81),
    "Service, becomes headless": (a("v1", "Service", "NS", spec=WEB_PORT), "spec/clusterIP", "None"),
    "Service, is no longer headless": (
        a("v1", "Service", "NS", spec={**WEB_PORT, "clusterIP": "None"}),
        "spec/clusterIP",
        "10.0.0.77",
    ),
    "Service, stays headless": (
        a("v1", "Service", "NS", spec={**WEB_PORT, "clusterIP": "None"}),
        "spec/clusterIPs",
        ["None"],
    ),
    "ConfigMap, immutable": (a("v1", "ConfigMap", "NS", data={"a": "1"}, immutable=True), "data/a", "2"),
    "ConfigMap, immutable, a key added": (a("v1", "ConfigMap", "NS", data={"a": "1"}, immutable=True), "data/b", "2"),
    "ConfigMap, immutable, a label": (
        a("v1", "ConfigMap", "NS", data={"a": "1"}, immutable=True),
        "metadata/labels",
        {"a": "b"},
    ),
    "ConfigMap, no longer immutable": (a("v1", "ConfigMap", "NS", data={"a": "1"}, immutable=True), "immutable", False),
    "Secret, immutable": (a("v1", "Secret", "NS", data={"a": "YQ=="}, immutable=True), "data/a", "Yg=="),
    "Secret, type": (a("v1", "Secret", "NS", type="Opaque", data={"a": "YQ=="}), "type", "example.com/b"),
    "RoleBinding, role": (a("rbac.authorization.k8s.io/v1", "RoleBinding", "NS", roleRef=ROLE), "roleRef/name", "b"),
    "ClusterRoleBinding, role": (
        a(
            "rbac.authorization.k8s.io/v1",
            "ClusterRoleBinding",
            None,
            roleRef={**ROLE, "kind": "ClusterRole"},
        ),
        "roleRef/name",
        "b",
    ),
    "RoleBinding, subjects": (
        a("rbac.authorization.k8s.io/v1", "RoleBinding", "NS", roleRef=ROLE),
        "subjects",
        [{"kind": "User", "name": "u", "apiGroup": "rbac.authorization.k8s.io"}],
    ),
    "PersistentVolumeClaim, access": (
        a("v1", "PersistentVolumeClaim", "NS", spec=CLAIM),
        "spec/accessModes/0",
        "ReadOnlyMany",
    ),
    "StorageClass, parameters": (
        a("storage.k8s.io/v1", "StorageClass", None, provisioner="a.b/c", parameters={"type": "slow"}),
        "parameters/type",
        "fast",
    ),
    "StorageClass, expansion": (
        a("storage.k8s.io/v1", "StorageClass", None, provisioner="a.b/c"),
        "allowVolumeExpansion",
        True,
    ),
    "StorageClass, provisioner": (
        a("storage.k8s.io/v1", "StorageClass", None, provisioner="a.b/c"),
        "provisioner",
        "a.b/d",
    ),
    "PriorityClass, value": (a("scheduling.k8s.io/v1", "PriorityClass", None, value=10), "value", 20),
    "IngressClass, controller": (
        a("networking.k8s.io/v1", "IngressClass", None, spec={"controller": "a.b/c"}),
        "spec/controller",
        "a.b/d",
    ),
    "RuntimeClass, handler": (a("node.k8s.io/v1", "RuntimeClass", None, handler="a"), "handler", "b"),
    "ResourceQuota, scopes": (
        a("v1", "ResourceQuota", "NS", spec={"hard": {"pods": "1"}, "scopes": ["BestEffort"]}),
        "spec/scopes/0",
        "NotBestEffort",
    ),
    "PersistentVolume, its place": (
        a(
            "v1",
            "PersistentVolume",
            None,
            spec={
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteOnce"],
                "nfs": {"server": "s", "path": "/a"},
            },
        ),
        "spec/nfs/path",
        "/b",
    ),
}

NO_SUCH_SHAPE = "Deployment"


def _filled(data: Data, namespace: str) -> Data:
    """A case's object, in the test's namespace."""
    text = json.dumps(data).replace('"NS"', f'"{namespace}"').replace('"NAME"', f'"{namespace}"')
    filled: Data = json.loads(text)
    if data["kind"] == NO_SUCH_SHAPE:
        del filled["spec"]["serviceName"]
    return filled


@pytest.mark.parametrize("case", CASES)
def test_fields_that_cannot_change_are_those_of_the_server(api_server: ApiServer, namespace: str, case: str) -> None:
    """The real server has the object, and is asked about the same change: both accept it, or refuse the same field."""
    data, path, value = CASES[case]
    old = _filled(data, namespace)
    new = changed(old, path, value)
    api_server.kubectl("create", "-f", "-", stdin=json.dumps(old))
    try:
        online = ask_one(api_server.access, old, new)
        answer = offline(exported(api_server, namespace), old, new)
    finally:
        if "namespace" not in old["metadata"]:
            api_server.kubectl("delete", old["kind"], namespace, "--wait=false")
    assert (answer.result is DryRunResult.REJECTED) == (online.result is DryRunResult.REJECTED)
    assert {problem.rule for problem in answer.problems} == {problem.rule for problem in online.problems}
    for problem in answer.problems:
        shorter = [other.path for other in online.problems if problem.path[: len(other.path)] == other.path]
        longer = [other.path for other in online.problems if other.path[: len(problem.path)] == problem.path]
        assert shorter or longer, (problem.path, [other.path for other in online.problems])


def test_a_claim_does_not_shrink(api_server: ApiServer, namespace: str) -> None:
    """It may be refused for more than that, but for that in any case."""
    old = a("v1", "PersistentVolumeClaim", namespace, spec=CLAIM)
    outcome = offline(exported(api_server, namespace), old, changed(old, "spec/resources/requests/storage", "1Gi"))
    assert said(outcome) == [("dry-run-rejected", ("spec", "resources", "requests", "storage"))]
    grown = offline(exported(api_server, namespace), old, changed(old, "spec/resources/requests/storage", "3Gi"))
    assert grown.result is DryRunResult.CONFIGURED


def test_a_waiting_job_may_still_be_told_where_to_run(api_server: ApiServer, namespace: str) -> None:
    """A suspended Job's template is not judged: what of it may change is more than a comparison can say."""
    old = a("batch/v1", "Job", namespace, spec={"suspend": True, "template": {"spec": POD}})
    new = changed(old, "spec/template/spec/nodeSelector", {"disk": "ssd"})
    assert offline(exported(api_server, namespace), old, new).result is DryRunResult.CONFIGURED


def test_a_definition_that_keeps_a_field(api_server: ApiServer, namespace: str) -> None:
    """The rule self == oldSelf of a definition in the cluster holds offline too, in the definition's own words."""
    one = custom(api_server, namespace)
    rules = [{"rule": "self == oldSelf", "message": "the colour is immutable"}]
    spec = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/color"
    patch = json.dumps([{"op": "add", "path": f"{spec}/x-kubernetes-validations", "value": rules}])
    api_server.kubectl("patch", "crd", f"widgets.{namespace}.example.com", "--type=json", "-p", patch)
    snapshot = exported(api_server, namespace)
    outcome = offline(snapshot, one, changed(one, "spec/color", "blue"))
    assert [(p.rule, p.path, p.message) for p in outcome.problems] == [
        ("immutable-field", ("spec", "color"), "spec.color: the colour is immutable")
    ]
    assert offline(snapshot, one, changed(one, "spec/max", 3)).result is DryRunResult.CONFIGURED
    assert offline(snapshot, changed(one, "spec/color"), one).result is DryRunResult.CONFIGURED


# --- what there is in the cluster ------------------------------------------------------------------------------------


def test_what_comes_of_the_three_kinds_of_change(api_server: ApiServer, namespace: str) -> None:
    """Created, configured, unchanged, removed; the differences are those of the two trees."""
    snapshot = exported(api_server, namespace)
    one = config_map(namespace)
    created = offline(snapshot, None, one)
    assert (created.result, created.live, created.after, created.reason) == (DryRunResult.CREATED, None, one, "")
    new = changed(one, "data/a", "2")
    configured = offline(snapshot, one, new)
    assert (configured.result, configured.live, configured.after) == (DryRunResult.CONFIGURED, one, new)
    assert offline(snapshot, one, one).result is DryRunResult.UNCHANGED
    removed = offline(snapshot, one, None)
    assert (removed.result, removed.live, removed.after, removed.reason) == (DryRunResult.REMOVED, one, None, "")


def test_a_kind_that_is_not_served_is_refused_as_the_server_does(api_server: ApiServer, namespace: str) -> None:
    """Unknown kinds, versions and removed ones: the same words as those of a cluster that is asked."""
    snapshot = exported(api_server, namespace)
    for one in (
        a("example.com/v1", "Gear", namespace),
        a("apps/v1beta1", "Deployment", namespace),
        a("extensions/v1beta1", "Ingress", namespace),
    ):
        assert offline(snapshot, None, one) == ask_one(api_server.access, None, one)


def test_a_kind_that_the_repository_defines_is_deferred(api_server: ApiServer, namespace: str) -> None:
    """Its definition comes with the repository."""
    kind = DeclaredKind("example.com", "Gear", "gears", namespaced=True, versions=frozenset({"v1"}))
    expected = Expected(kinds={("example.com", "Gear"): kind})
    outcome = offline(exported(api_server, namespace), None, a("example.com/v1", "Gear", namespace), expected)
    assert outcome.result is DryRunResult.DEFERRED


def test_a_namespace_that_is_missing_is_refused_as_the_server_does(api_server: ApiServer) -> None:
    """The same problem on the same field, with the same help."""
    one = config_map("nowhere-at-all")
    online = ask_one(api_server.access, None, one)
    answer = offline(exported(api_server), None, one)
    assert (answer.result, answer.problems) == (online.result, online.problems)
    assert answer.result is DryRunResult.REJECTED


def test_a_namespace_that_the_repository_brings(api_server: ApiServer) -> None:
    """The object is judged as far as possible, and the reason says what is not there yet."""
    outcome = offline(exported(api_server), None, config_map("brought"), Expected(namespaces=frozenset({"brought"})))
    assert (outcome.result, outcome.reason) == (
        DryRunResult.CREATED,
        "the namespace brought comes with the repository, and is not there yet",
    )


def test_a_namespace_that_the_export_leaves_out_is_deferred(api_server: ApiServer, namespace: str) -> None:
    """Nothing is taken for accepted that the export knows nothing of; what cannot change is refused all the same."""
    snapshot = exported(api_server, namespace)
    outcome = offline(snapshot, None, config_map("default"))
    assert (outcome.result, outcome.reason) == (
        DryRunResult.DEFERRED,
        "the export holds nothing of the namespace default",
    )
    frozen = a("v1", "ConfigMap", "default", data={"a": "1"}, immutable=True)
    assert said(offline(snapshot, frozen, changed(frozen, "data/a", "2"))) == [("immutable-field", ("data", "a"))]


def test_a_partial_export_decides_nothing_of_what_it_lacks(api_server: ApiServer, namespace: str) -> None:
    """Without the list of namespaces, nobody knows whether one is there; the same for classes and accounts."""
    snapshot = _without(exported(api_server), "namespaces", "serviceaccounts", "storageclasses.storage.k8s.io")
    assert offline(snapshot, None, config_map(namespace)).result is DryRunResult.DEFERRED
    claim = a("v1", "PersistentVolumeClaim", namespace, spec={**CLAIM, "storageClassName": "nope"})
    assert offline(snapshot, None, claim).problems == ()
    pod = a("v1", "Pod", namespace, spec={**POD, "serviceAccountName": "nobody"})
    assert offline(snapshot, None, pod).problems == ()


def _without(snapshot: Snapshot, *what: str) -> Snapshot:
    """The same export by an account that may not read some kinds."""
    return replace(snapshot, objects=(), missing=tuple(Missing(one, "") for one in what))


def test_classes_that_nobody_has(api_server: ApiServer, namespace: str) -> None:
    """A Pod is refused, as the server refuses it; what names a class otherwise is a warning on the field."""
    snapshot = exported(api_server, namespace)
    pod = a("v1", "Pod", namespace, spec={**POD, "priorityClassName": "nope-at-all"})
    online = ask_one(api_server.access, None, pod)
    answer = offline(snapshot, None, pod)
    assert (answer.result, {p.rule for p in answer.problems}) == (online.result, {p.rule for p in online.problems})
    assert said(answer) == [("admission-denied", ("spec", "priorityClassName"))]
    assert answer.problems[0].message == (
        "the cluster has no PriorityClass nope-at-all: the API server takes none of its Pods"
    )
    warned: list[tuple[Data, tuple[str | int, ...]]] = [
        (
            changed(deployment(namespace), "spec/template/spec/runtimeClassName", "nope-at-all"),
            ("spec", "template", "spec", "runtimeClassName"),
        ),
        (
            a("v1", "PersistentVolumeClaim", namespace, spec={**CLAIM, "storageClassName": "nope-at-all"}),
            ("spec", "storageClassName"),
        ),
        (
            a("networking.k8s.io/v1", "Ingress", namespace, spec={"ingressClassName": "nope-at-all"}),
            ("spec", "ingressClassName"),
        ),
        (
            changed(
                a("apps/v1", "StatefulSet", namespace, spec=CLAIMS),
                "spec/volumeClaimTemplates/0/spec/storageClassName",
                "nope-at-all",
            ),
            ("spec", "volumeClaimTemplates", 0, "spec", "storageClassName"),
        ),
    ]
    for one, path in warned:
        outcome = offline(snapshot, None, one)
        assert (outcome.result, said(outcome)) == (DryRunResult.CREATED, [("api-warning", path)])


def test_classes_that_somebody_has(api_server: ApiServer, namespace: str) -> None:
    """One that the cluster has, one that the change adds, and one that the repository declares."""
    snapshot = exported(api_server, namespace)
    pod = a("v1", "Pod", namespace, spec={**POD, "priorityClassName": "system-node-critical"})
    assert offline(snapshot, None, pod).problems == ()
    other = changed(pod, "spec/priorityClassName", "mine")
    brought = change(None, {**a("scheduling.k8s.io/v1", "PriorityClass", None, value=1), "metadata": {"name": "mine"}})
    assert [one.result for one in ask_snapshot(snapshot, [brought, change(None, other)], Expected())] == [
        DryRunResult.CREATED,
        DryRunResult.CREATED,
    ]
    assert offline(snapshot, None, other, Expected(classes=frozenset({("PriorityClass", "mine")}))).problems == ()


def test_a_service_account_that_nobody_has(api_server: ApiServer, namespace: str) -> None:
    """The server takes no Pod without its account; a Deployment it takes."""
    snapshot = exported(api_server, namespace)
    pod = a("v1", "Pod", namespace, spec={**POD, "serviceAccountName": "nobody"})
    online, answer = ask_one(api_server.access, None, pod), offline(snapshot, None, pod)
    assert (answer.result, {p.rule for p in answer.problems}) == (online.result, {p.rule for p in online.problems})
    assert said(answer) == [("admission-denied", ("spec", "serviceAccountName"))]
    expected = Expected(service_accounts=frozenset({(namespace, "nobody")}))
    assert offline(snapshot, None, pod, expected).result is DryRunResult.CREATED
    work = changed(deployment(namespace), "spec/template/spec/serviceAccountName", "nobody")
    assert offline(snapshot, None, work).problems == ()


# --- quotas ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def limited(api_server: ApiServer, namespace: str) -> Snapshot:
    """A namespace that takes one more ConfigMap, one more Deployment, no load balancer, and two more node ports."""
    hard = {"configmaps": "4", "count/deployments.apps": "1", "services.loadbalancers": "0", "services.nodeports": "2"}
    quota = a("v1", "ResourceQuota", namespace, spec={"hard": hard})
    api_server.kubectl("create", "-f", "-", stdin=json.dumps(quota))
    unset = {**a("v1", "ResourceQuota", namespace, spec={"hard": {"secrets": "0"}})}
    unset["metadata"] = {"name": "not-filled-in", "namespace": namespace}
    api_server.kubectl("create", "-f", "-", stdin=json.dumps(unset))
    status = {"status": {"hard": hard, "used": {**dict.fromkeys(hard, "0"), "configmaps": "3"}}}
    api_server.kubectl(
        "patch", "quota", "x", "-n", namespace, "--subresource=status", "--type=merge", "-p", json.dumps(status)
    )
    return exported(api_server, namespace)


def asked(snapshot: Snapshot, changes: Sequence[ObjectChange]) -> list[tuple[DryRunResult, list[str]]]:
    """Results and messages of several changes."""
    outcomes = ask_snapshot(snapshot, changes, Expected())
    return [(one.result, [problem.message for problem in one.problems]) for one in outcomes]


def test_a_quota_counts_what_the_change_adds(limited: Snapshot, namespace: str) -> None:
    """The first new object fits, the second one does not; a server that is asked about it alone would take it."""
    changes = [change(None, config_map(namespace, name)) for name in ("one", "two")]
    used = "used: configmaps=3 and configmaps=1 by this change"
    assert asked(limited, changes) == [
        (DryRunResult.CREATED, []),
        (DryRunResult.REJECTED, [f"exceeded quota: x, requested: configmaps=1, {used}, limited: configmaps=4"]),
    ]


def test_a_quota_says_what_the_server_says(api_server: ApiServer, namespace: str, limited: Snapshot) -> None:
    """One object too many, alone: the same result and rule as the real server's."""
    one = a("v1", "Service", namespace, spec={"type": "LoadBalancer", **WEB_PORT})
    online, answer = ask_one(api_server.access, None, one), offline(limited, None, one)
    assert (answer.result, said(answer)) == (online.result, said(online))
    assert said(answer) == [("quota-exceeded", ())]


def test_what_is_there_already_and_what_no_quota_counts(limited: Snapshot, namespace: str) -> None:
    """Modified objects are counted already; a quota that nobody filled in is not in force; other names are free."""
    old = config_map(namespace)
    modified = [change(old, changed(old, "data/a", f"{number}x")) for number in range(5)]
    assert {result for result, _ in asked(limited, modified)} == {DryRunResult.CONFIGURED}
    secret = a("v1", "Secret", namespace)
    assert asked(limited, [change(None, secret)]) == [(DryRunResult.CREATED, [])]
    works = [change(None, deployment(namespace, name)) for name in ("a", "b")]
    assert [result for result, _ in asked(limited, works)] == [DryRunResult.CREATED, DryRunResult.REJECTED]
    ports = a("v1", "Service", namespace, spec={"type": "NodePort", "ports": [{"port": n} for n in (1, 2, 3)]})
    assert said(offline(limited, None, ports)) == [("quota-exceeded", ())]
    plain = a("v1", "Service", namespace, spec=WEB_PORT)
    assert offline(limited, None, plain).result is DryRunResult.CREATED


# --- live objects ----------------------------------------------------------------------------------------------------


def test_live_objects_tell_what_is_there(api_server: ApiServer, namespace: str) -> None:
    """An object that is new to the repository may be in the cluster; one that is removed may be gone from it."""
    live = deployment(namespace)
    api_server.kubectl("create", "-f", "-", stdin=json.dumps(live))
    snapshot = exported(api_server, namespace, live_objects=True)
    same = offline(snapshot, None, live)
    assert same.result is DryRunResult.UNCHANGED
    new = changed(live, "spec/template/spec/containers/0/image", "nginx:2")
    configured = offline(snapshot, None, new)
    assert configured.result is DryRunResult.CONFIGURED
    assert configured.after is not None
    assert configured.after["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    moved = changed(live, "spec/selector/matchLabels/app", "other")
    assert ("immutable-field", ("spec", "selector", "matchLabels", "app")) in said(offline(snapshot, None, moved))
    assert offline(snapshot, live, None).reason == ""
    assert offline(snapshot, config_map(namespace), None).reason == "it is not in the cluster already"
    assert offline(snapshot, a("v1", "Secret", namespace), None).reason == ""


def test_a_server_that_was_down_at_the_export_is_undecided(api_server: ApiServer, namespace: str) -> None:
    """Whether it serves the kind is not known, so the gate does not open."""
    snapshot = exported(api_server, namespace)
    down = replace(snapshot, discovery=replace(snapshot.discovery, stale=("example.com/v1",)))
    outcome = offline(down, None, a("example.com/v1", "Gear", namespace))
    assert (outcome.result, said(outcome)) == (DryRunResult.UNKNOWN, [("dry-run-unanswered", ("apiVersion",))])


# --- whatever a manifest holds ---------------------------------------------------------------------------------------


_WORDS = [
    "spec",
    "data",
    "name",
    "template",
    "containers",
    "ports",
    "port",
    "selector",
    "type",
    "None",
    "clusterIP",
    "volumeClaimTemplates",
    "storageClassName",
    "resources",
    "requests",
    "storage",
    "metadata",
    "1Gi",
]


def _anything() -> st.SearchStrategy[Any]:
    words = st.sampled_from(_WORDS)
    return st.recursive(
        st.none() | st.booleans() | st.integers(-1, 3) | words,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=4),
        max_leaves=10,
    )


@pytest.fixture(scope="module")
def served(api_server: ApiServer) -> Snapshot:
    """An export with live objects, and one that an object of the tests is already."""
    snapshot = exported(api_server, "default", live_objects=True)
    live = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x", "namespace": "default"}, "spec": {}}
    return replace(snapshot, objects=(*snapshot.objects, live))


@settings(max_examples=400, deadline=None)
@given(
    kind=st.sampled_from(sorted({(data["apiVersion"], data["kind"]) for data, *_ in CASES.values()})),
    old=st.none() | st.dictionaries(st.sampled_from(["spec", "data", "type", "roleRef", "immutable"]), _anything()),
    new=st.none() | st.dictionaries(st.sampled_from(["spec", "data", "type", "roleRef", "immutable"]), _anything()),
)
def test_no_manifest_makes_it_crash(
    served: Snapshot, kind: tuple[str, str], old: Data | None, new: Data | None
) -> None:
    """What the schemas refuse is asked all the same: it is judged, and nothing goes wrong."""
    named = {"apiVersion": kind[0], "kind": kind[1], "metadata": {"name": "x", "namespace": "default"}}
    before = {**old, **named} if old is not None else None
    outcome = offline(served, before, {**(new or {}), **named} if new is not None or before is None else None)
    assert outcome.result is not DryRunResult.UNKNOWN, outcome.reason


def test_a_crash_is_what_comes_of_one_object(api_server: ApiServer, namespace: str) -> None:
    """The others keep their results; the gate does not open."""
    snapshot = exported(api_server, namespace)
    endless: Data = {"a": 1}
    endless["self"] = endless
    bad = {**config_map(namespace, "bad"), "data": endless}
    outcomes = ask_snapshot(snapshot, [change(bad, bad), change(None, config_map(namespace))], Expected())
    assert [one.result for one in outcomes] == [DryRunResult.UNKNOWN, DryRunResult.CREATED]
    assert said(outcomes[0]) == [("dry-run-unanswered", ())]
