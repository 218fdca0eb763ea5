"""What the built-in policies say of changes: of one object before and after, and of a pull request as a whole."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import pytest

from gategit.checks.policy.load import PolicySet, Reach
from gategit.checks.policy.run import Runner
from gategit.checks.policy.subjects import RequestFacts, Scene, Subject
from gategit.model import Level, format_path
from tests.policies.conftest import POD_PLACES, Judge, manifest, thing, workload

RBAC = "rbac.authorization.k8s.io/v1"
NETWORK = "networking.k8s.io/v1"
CRD = "apiextensions.k8s.io/v1"
STORAGE = "storage.k8s.io/v1"
FLUX = "kustomize.toolkit.fluxcd.io/v1"
HELM = "helm.toolkit.fluxcd.io/v2"
ARGO = "argoproj.io/v1alpha1"
ADMISSION = "admissionregistration.k8s.io/v1"

Pair = tuple[dict[str, Any] | None, dict[str, Any] | None]


def named(kind: str, api_version: str = "v1", namespace: str = "", **fields: Any) -> dict[str, Any]:
    """An object named x in a namespace."""
    metadata = {"name": "x", "namespace": namespace} if namespace else {"name": "x"}
    return {**thing(kind, api_version, **fields), "metadata": metadata}


def pod(container: dict[str, Any], kind: str = "Deployment", **fields: Any) -> dict[str, Any]:
    """A workload with one container named a."""
    return workload({"containers": [{"name": "a", **container}], **fields}, kind)


def together(
    runner: Runner,
    policy: str,
    pairs: Sequence[Pair],
    *,
    request: RequestFacts | None = None,
    targets: Sequence[tuple[str, ...]] = (),
    **parameters: Any,
) -> list[tuple[int, str, str]]:
    """What a policy on a whole change says: which object, which field, and the message; -1 for a refused parameter."""
    sides = [
        tuple(None if side is None else manifest(side, f"{n}.yaml") for side in pair) for n, pair in enumerate(pairs)
    ]
    subjects = [
        Subject(old, new, targets[n] if targets else (), added=old is None) for n, (old, new) in enumerate(sides)
    ]
    given = {policy: parameters} if parameters else {}
    scene = Scene(request=request or RequestFacts())
    outcome = runner.run(PolicySet(runner.policies(), {policy: Level.ERROR}, given), subjects, scene)
    assert outcome.crashes == ()
    return [
        *((-1, one.name, one.problem) for one in outcome.refusals),
        *((hit.subject, format_path(hit.path), hit.message) for hit in outcome.hits),
    ]


REMOVED = {
    "namespace-removed": (thing("Namespace"), "the change removes Namespace x, and with it everything in it"),
    "crd-removed": (
        thing("CustomResourceDefinition", CRD, spec={"names": {"kind": "Database"}}),
        "the change removes CustomResourceDefinition x, and with it every Database in the cluster",
    ),
    "network-policy-removed": (
        thing("NetworkPolicy", NETWORK),
        "the change removes NetworkPolicy x, and what it forbids is allowed then",
    ),
    "workload-removed": (thing("Deployment", "apps/v1"), "the change removes Deployment x"),
    "quota-relaxed": (thing("LimitRange"), "the change removes LimitRange x, and what it limits is free then"),
    "application-removed": (
        thing("HelmRelease", HELM),
        "the change removes HelmRelease x, and with it everything that is deployed from it",
    ),
    "admission-weakened": (
        thing("ValidatingAdmissionPolicy", ADMISSION),
        "the change removes ValidatingAdmissionPolicy x, by which the cluster admits objects",
    ),
}


@pytest.mark.parametrize("policy", REMOVED)
def test_a_removal_is_seen(judge: Judge, policy: str) -> None:
    """It stands on the old object; what stays, comes, or is kept by the agent is no removal."""
    old, message = REMOVED[policy]
    kept = {**old, "metadata": {"name": "x", "annotations": {"helm.sh/resource-policy": "keep"}}}

    assert judge(policy, None, old) == [("", message)]
    assert judge(policy, old, old) == []
    assert judge(policy, old) == []
    assert judge(policy, None, kept) == []


@pytest.mark.parametrize(
    ("api_version", "kind", "field", "before", "after"),
    [
        ("apps/v1", "Deployment", "spec.selector", {"matchLabels": {"a": "b"}}, {"matchLabels": {"a": "c"}}),
        ("apps/v1", "DaemonSet", "spec.selector", {"matchLabels": {"a": "b"}}, {"matchLabels": {}}),
        ("apps/v1", "StatefulSet", "spec.serviceName", "a", "b"),
        ("apps/v1", "StatefulSet", "spec.serviceName", "a", None),
        ("apps/v1", "StatefulSet", "spec.podManagementPolicy", None, "Parallel"),
        ("apps/v1", "StatefulSet", "spec.volumeClaimTemplates", [{"metadata": {"name": "a"}}], []),
        ("batch/v1", "Job", "spec.template", {"spec": {"a": 0}}, {"spec": {"a": 1}}),
        ("batch/v1", "Job", "spec.completionMode", None, "Indexed"),
        ("v1", "PersistentVolumeClaim", "spec.storageClassName", "fast", "slow"),
        ("v1", "PersistentVolumeClaim", "spec.accessModes", ["ReadWriteOnce"], ["ReadWriteMany"]),
        ("v1", "PersistentVolumeClaim", "spec.storageClassName", "fast", None),
        ("v1", "PersistentVolumeClaim", "spec.volumeName", "volume", None),
        ("v1", "PersistentVolumeClaim", "spec.volumeMode", None, "Block"),
        ("v1", "PersistentVolumeClaim", "spec.dataSource", {"name": "a"}, {"name": "b"}),
        ("v1", "PersistentVolume", "spec.nodeAffinity", {"required": {"a": 1}}, {"required": {"a": 2}}),
        ("batch/v1", "Job", "spec.completions", 2, 3),
        (STORAGE, "CSIDriver", "spec.volumeLifecycleModes", None, ["Ephemeral"]),
        (STORAGE, "VolumeAttributesClass", "parameters", {"iops": "1"}, {"iops": "2"}),
        ("v1", "PersistentVolume", "spec.nfs", {"server": "a"}, {"server": "b"}),
        (RBAC, "RoleBinding", "roleRef.name", "view", "edit"),
        (RBAC, "ClusterRoleBinding", "roleRef.kind", "Role", "ClusterRole"),
        ("v1", "Secret", "type", None, "kubernetes.io/tls"),
        (STORAGE, "StorageClass", "parameters", {"type": "ssd"}, {"type": "hdd"}),
        (STORAGE, "StorageClass", "reclaimPolicy", "Retain", None),
        (NETWORK, "IngressClass", "spec.controller", "a", "b"),
        ("scheduling.k8s.io/v1", "PriorityClass", "value", 1000, 0),
        (CRD, "CustomResourceDefinition", "spec.scope", "Cluster", "Namespaced"),
        ("v1", "Service", "spec.clusterIP", "10.0.0.1", "10.0.0.2"),
        ("v1", "Service", "spec.clusterIP", None, "None"),
        ("gateway.networking.k8s.io/v1", "GatewayClass", "spec.controllerName", "a", "b"),
    ],
)
def test_a_field_that_cannot_be_changed(  # noqa: PLR0917  one parameter per column of the table
    judge: Judge, api_version: str, kind: str, field: str, before: Any, after: Any
) -> None:
    """The API server refuses each of these updates; to leave the field alone is fine."""
    old, new = set_field(kind, api_version, field, before), set_field(kind, api_version, field, after)

    assert judge("immutable-field-changed", new, old) == [(field, f"{field} of {kind} x cannot be changed")]
    assert judge("immutable-field-changed", old, old) == []


def set_field(kind: str, api_version: str, field: str, value: Any) -> dict[str, Any]:
    """An object with a value at a path; without the field for None."""
    first, *rest = field.split(".")
    if value is None:
        return thing(kind, api_version)
    data = value
    for key in reversed(rest):
        data = {key: data}
    return thing(kind, api_version, **{first: data})


@pytest.mark.parametrize(
    ("api_version", "kind", "field", "before", "after"),
    [
        ("apps/v1", "Deployment", "spec.replicas", 1, 2),
        ("apps/v1", "Deployment", "spec.selector", {"matchLabels": {"a": "$A"}}, {"matchLabels": {"a": "b"}}),
        ("apps/v1", "Deployment", "spec.selector", {"matchLabels": {"a": "b"}, "matchExpressions": []}, None),
        ("apps/v1", "StatefulSet", "spec.podManagementPolicy", "OrderedReady", None),
        (
            "apps/v1",
            "StatefulSet",
            "spec.volumeClaimTemplates",
            [{"metadata": {"name": "a"}, "spec": {"a": 1}}],
            [
                {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "metadata": {"name": "a", "labels": {}},
                    "spec": {"volumeMode": "Filesystem", "a": 1},
                    "status": {},
                }
            ],
        ),
        ("v1", "PersistentVolumeClaim", "spec.storageClassName", None, "fast"),
        ("v1", "PersistentVolumeClaim", "spec.volumeName", None, "volume"),
        ("v1", "PersistentVolume", "spec.nodeAffinity", None, {"required": {"a": 1}}),
        (
            "v1",
            "PersistentVolume",
            "spec.nodeAffinity",
            {"required": {"key": "beta.kubernetes.io/os"}},
            {"required": {"key": "kubernetes.io/os"}},
        ),
        ("batch/v1", "Job", "spec.completions", None, 3),
        ("v1", "PersistentVolumeClaim", "spec.resources", {"requests": {"storage": "1Gi"}}, None),
        ("v1", "PersistentVolume", "spec.nfs", {"server": "a"}, {"server": "a", "readOnly": False}),
        ("v1", "Secret", "type", None, "Opaque"),
        ("v1", "Secret", "stringData", {"a": "b"}, {"a": "c"}),
        (STORAGE, "StorageClass", "volumeBindingMode", None, "Immediate"),
        (STORAGE, "StorageClass", "allowVolumeExpansion", None, True),
        ("v1", "Service", "spec.clusterIP", None, "10.0.0.1"),
        ("v1", "Service", "spec.clusterIP", "10.0.0.1", None),
        ("v1", "ConfigMap", "data", {"a": "b"}, {"a": "c"}),
        (RBAC, "RoleBinding", "subjects", None, [{"name": "ann"}]),
    ],
)
def test_a_field_that_can_be_changed(  # noqa: PLR0917  one parameter per column of the table
    judge: Judge, api_version: str, kind: str, field: str, before: Any, after: Any
) -> None:
    """What the cluster takes, fills in by itself, or chooses; and what is not known yet."""
    old, new = set_field(kind, api_version, field, before), set_field(kind, api_version, field, after)

    assert judge("immutable-field-changed", new, old) == []


def test_a_job_template_with_variables_of_a_shell_is_compared(judge: Judge) -> None:
    """A variable elsewhere says nothing of a field that differs."""
    old = pod({"image": "a:1", "args": ["$HOME"]}, "Job")

    assert judge("immutable-field-changed", pod({"image": "a:2", "args": ["$HOME"]}, "Job"), old) != []
    assert judge("immutable-field-changed", pod({"image": "$IMAGE", "args": ["$HOME"]}, "Job"), old) == []


@pytest.mark.parametrize(
    ("container", "fields", "is_flagged"),
    [
        ({"resources": {"limits": {"cpu": 1, "memory": "1Gi"}}}, {}, False),
        ({"resources": {"limits": {"cpu": "2000m", "memory": "1Gi"}}}, {}, True),
        ({"resources": {"limits": {"cpu": "1000m"}}}, {}, True),
        ({"terminationMessagePath": "/dev/termination-log", "imagePullPolicy": "IfNotPresent"}, {}, False),
        ({"ports": [{"containerPort": 80, "protocol": "TCP"}]}, {}, False),
        ({"ports": [{"containerPort": 80, "protocol": "UDP"}]}, {}, True),
        ({"stdin": False, "env": []}, {"dnsPolicy": "ClusterFirst", "securityContext": {}}, False),
        ({}, {"dnsPolicy": "None"}, True),
        ({}, {"securityContext": {"runAsUser": 0}}, True),
    ],
)
def test_a_default_that_is_written_out_is_no_change(
    judge: Judge, container: dict[str, Any], fields: dict[str, Any], *, is_flagged: bool
) -> None:
    """Nor is another way to write an amount."""
    before = {"resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}}, "ports": [{"containerPort": 80}]}
    old, new = pod(before, "Job"), pod(before | container, "Job", **fields)

    assert bool(judge("immutable-field-changed", new, old)) is is_flagged


@pytest.mark.parametrize(
    ("metadata", "spec"),
    [
        ({"annotations": {"kustomize.toolkit.fluxcd.io/force": "Enabled"}}, {}),
        ({"annotations": {"argocd.argoproj.io/sync-options": "Force=true,Replace=true"}}, {}),
        ({"annotations": {"argocd.argoproj.io/hook": "PreSync"}}, {}),
        ({}, {"ttlSecondsAfterFinished": 60}),
        ({}, {"suspend": True}),
    ],
)
def test_a_job_that_is_made_anew(judge: Judge, metadata: dict[str, Any], spec: dict[str, Any]) -> None:
    """By the agent, as a hook, or because the cluster has cleaned it up; and one that has not started yet."""
    old, new = (pod({"image": image}, "Job") for image in ("a:1", "a:2"))
    for one in (old, new):
        one["metadata"] = {"name": "x", **metadata}
        one["spec"] |= spec

    assert judge("immutable-field-changed", new, old) == []


def test_only_replace_does_not_make_an_object_anew(judge: Judge) -> None:
    """Argo CD deletes the object where it is told to replace it by force."""
    old, new = (pod({"image": image}, "Job") for image in ("a:1", "a:2"))
    new["metadata"]["annotations"] = {"argocd.argoproj.io/sync-options": "Replace=true"}

    assert len(judge("immutable-field-changed", new, old)) == 1


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_an_object_that_was_made_immutable(judge: Judge, kind: str) -> None:
    """Neither its data nor the mark can be changed; the finding shows no data."""
    frozen = thing(kind, immutable=True, data={"a": "YQ=="})

    assert judge("immutable-field-changed", {**frozen, "data": {"a": "Yg=="}}, frozen) == [
        ("immutable", f"the data of {kind} x cannot be changed: it is immutable")
    ]
    assert judge("immutable-field-changed", {**frozen, "immutable": False}, frozen) == [
        ("immutable", f"{kind} x was made immutable, and stays so until it is deleted")
    ]
    assert judge("immutable-field-changed", frozen, {**frozen, "immutable": False, "data": {}}) == []


def test_an_immutable_secret_may_be_written_otherwise(judge: Judge) -> None:
    """In plain text or base64 it is the same; what SOPS encrypts differs each time and says nothing."""
    encoded = base64.b64encode(b"value").decode()
    old = thing("Secret", immutable=True, data={"a": encoded})

    assert judge("immutable-field-changed", thing("Secret", immutable=True, stringData={"a": "value"}), old) == []
    assert judge("immutable-field-changed", {**old, "data": {"a": "ENC[x]"}, "sops": {"mac": "x"}}, old) == []


def test_what_of_a_service_can_be_changed_with_its_type(judge: Judge) -> None:
    """An address is given up for an ExternalName; a load balancer's class is fixed while it is one."""
    old = thing("Service", spec={"clusterIP": "10.0.0.1", "type": "LoadBalancer", "loadBalancerClass": "a"})
    name = thing("Service", spec={"clusterIP": "10.0.0.2", "type": "ExternalName"})
    other = thing("Service", spec={"clusterIP": "10.0.0.1", "type": "LoadBalancer", "loadBalancerClass": "b"})

    assert judge("immutable-field-changed", name, old) == []
    assert judge("immutable-field-changed", other, old) == [
        ("spec.loadBalancerClass", "spec.loadBalancerClass of Service x cannot be changed")
    ]


def test_a_source_of_a_claim_may_be_written_in_either_field(judge: Judge) -> None:
    """The cluster fills in the other one."""
    source = {"kind": "VolumeSnapshot", "apiGroup": "snapshot.storage.k8s.io", "name": "a"}
    old, new = (
        set_field("PersistentVolumeClaim", "v1", f"spec.{name}", source) for name in ("dataSource", "dataSourceRef")
    )

    assert judge("immutable-field-changed", new, old) == []
    assert len(judge("immutable-field-changed", thing("PersistentVolumeClaim", spec={}), old)) == 1


def test_what_of_a_bare_pod_can_be_changed(judge: Judge) -> None:
    """Its images and tolerations, and nothing else."""
    old = pod({"image": "a:1"}, "Pod")

    assert judge("immutable-field-changed", pod({"image": "a:2"}, "Pod", tolerations=[{}]), old) == []
    assert judge("immutable-field-changed", pod({"image": "a:1", "args": ["x"]}, "Pod"), old) == [
        ("spec", "the specification of Pod x cannot be changed: only its images and tolerations can")
    ]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("10Gi", "5Gi", "PersistentVolumeClaim x shrinks from 10Gi to 5Gi"),
        ("1Gi", "1G", "PersistentVolumeClaim x shrinks from 1Gi to 1G"),
        ("1Gi", "1024Mi", None),
        ("5Gi", "10Gi", None),
        ("5Gi", "${SIZE}", None),
        ("5Gi", None, None),
        (None, "5Gi", None),
        ([], {}, None),
    ],
)
def test_storage_shrink(judge: Judge, before: Any, after: Any, message: str | None) -> None:
    """Amounts are compared, not texts."""
    old, new = (
        thing("PersistentVolumeClaim", spec={"resources": {"requests": {"storage": size}}}) for size in (before, after)
    )

    found = judge("storage-shrink", new, old)

    assert found == ([("spec.resources.requests.storage", message)] if message else [])


def test_storage_of_a_database_shrinks(judge: Judge) -> None:
    """CloudNativePG refuses it as well."""
    old, new = (
        thing("Cluster", "postgresql.cnpg.io/v1", spec={"storage": {"size": size}, "walStorage": {"size": "1Gi"}})
        for size in ("2Gi", "1Gi")
    )

    assert judge("storage-shrink", new, old) == [
        ("spec.storage.size", "the storage of the database shrinks from 2Gi to 1Gi")
    ]


@pytest.mark.parametrize("kind", POD_PLACES)
def test_containers_of_every_workload_are_compared(judge: Judge, kind: str) -> None:
    """Each at its own path."""
    place = POD_PLACES[kind][1]

    found = judge("image-downgrade", pod({"image": "a:1.9"}, kind), pod({"image": "a:1.10"}, kind))

    assert found == [(f"{place}.containers[0].image", "the image of container a goes back from 1.10 to 1.9")]


@pytest.mark.parametrize(
    ("before", "after", "policies"),
    [
        ("a:1.2", "a:1.1", {"image-downgrade"}),
        ("r.example.com/a:1.2", "mirror.example.com/a:1.1", {"image-downgrade"}),
        ("a:1.2", "a:2.0", {"image-major-upgrade"}),
        ("a:1.2@sha256:00", "a:1.3", {"image-unpinned"}),
        ("a:1.2@sha256:00", "a:1.1", {"image-unpinned", "image-downgrade"}),
        ("a:1.2@sha256:00", "a:1.3@sha256:11", set()),
        ("a:1.2", "b:1.1", set()),
        ("a:1.2", "a:latest", set()),
        ("a:1.2", "a:$TAG", set()),
        ("a:1.2@sha256:00", "$IMAGE", set()),
        ("a", "a:1.1", set()),
        (None, "a:1.1", set()),
        ("a:1.1", None, set()),
        (7, [], set()),
    ],
)
def test_images_are_compared(judge: Judge, before: Any, after: Any, policies: set[str]) -> None:
    """Each rule says its own thing."""
    old, new = pod({"image": before}), pod({"image": after})

    found = {
        policy for policy in ("image-downgrade", "image-major-upgrade", "image-unpinned") if judge(policy, new, old)
    }

    assert found == policies


@pytest.mark.parametrize(
    ("before", "after", "policies"),
    [
        ("1.2.3", "1.2.2", {"chart-downgrade"}),
        ("1.2.3", "2.0.0", {"chart-major-upgrade"}),
        ("1.2.3", "1.3.0", set()),
        ("1.x", "2.x", set()),
        (">=1.2.3", "1.0.0", set()),
        (None, "1.0.0", set()),
        (1.2, 1.1, set()),
    ],
)
def test_chart_versions_are_compared(judge: Judge, before: Any, after: Any, policies: set[str]) -> None:
    """Exact ones only, of the same chart."""

    def release(version: Any, chart: str = "a") -> dict[str, Any]:
        return thing("HelmRelease", HELM, spec={"chart": {"spec": {"chart": chart, "version": version}}})

    rules = ("chart-downgrade", "chart-major-upgrade")

    assert {rule for rule in rules if judge(rule, release(after), release(before))} == policies
    assert [judge(rule, release(after, "b"), release(before)) for rule in rules] == [[], []]


@pytest.mark.parametrize(
    ("before", "after", "place", "message"),
    [
        ([(["a"], ["get"])], [(["a"], ["get"])], None, None),
        ([(["a"], ["get"])], [(["a"], ["get", "list"])], "rules[0].verbs[1]", "Role x now allows to list a"),
        ([(["a"], ["get"])], [(["a", "b"], ["get"])], "rules[0].resources[1]", "Role x now allows to get b"),
        ([(["*"], ["*"])], [(["a", "b"], ["get"]), (["c"], ["list"])], None, None),
        ([(["a", "b"], ["get"])], [(["a"], ["get"]), (["b"], ["get"])], None, None),
        ([(["a"], ["get"])], [(["*"], ["get"])], "rules[0].verbs[0]", "Role x now allows to get everything (*)"),
        ([(["*/status"], ["get"])], [(["a/status"], ["get"])], None, None),
        ([], [(["a"], ["get"])], "rules[0].verbs[0]", "Role x now allows to get a"),
        ([(["a"], ["get"])], [], None, None),
        (
            [(["a"], ["get"])],
            [(["b", "c"], ["get", "list", "watch", "create", "update"])],
            "rules[0]",
            "Role x now allows to create, get, list, update and 1 more b, c",
        ),
    ],
)
def test_role_widened(
    judge: Judge, before: list[Any], after: list[Any], place: str | None, message: str | None
) -> None:
    """What the rules allow together is compared, not how they are written."""
    old, new = (
        thing("Role", RBAC, rules=[{"apiGroups": [""], "resources": what, "verbs": verbs} for what, verbs in rules])
        for rules in (before, after)
    )

    assert judge("role-widened", new, old) == ([(place, message)] if place else [])


def test_role_widened_beside_odd_data(judge: Judge) -> None:
    """What is no string stands for no resource, and hides none."""
    old, new = (
        thing("Role", RBAC, rules=[{"apiGroups": [""], "resources": resources, "verbs": ["get"]}])
        for resources in (["a"], [["x"], {"y": 1}, "a", "b"])
    )

    assert judge("role-widened", new, old) == [("rules[0].resources[3]", "Role x now allows to get b")]


def test_role_widened_ends(judge: Judge) -> None:
    """A role that is another one altogether floods no report."""
    rules = [{"apiGroups": [""], "resources": [f"a{number}"], "verbs": ["get"]} for number in range(300)]

    assert len(judge("role-widened", thing("Role", RBAC, rules=rules), thing("Role", RBAC, rules=[]))) == 50


def test_role_widened_by_url(judge: Judge) -> None:
    """A URL below one that ends with a star is no news."""

    def role(*urls: str) -> dict[str, Any]:
        return thing("ClusterRole", RBAC, rules=[{"nonResourceURLs": list(urls), "verbs": ["get"]}])

    assert judge("role-widened", role("/logs/a"), role("/logs/*")) == []
    assert judge("role-widened", role("/logs", "/debug"), role("/logs")) == [
        ("rules[0].nonResourceURLs", "ClusterRole x now allows requests to /debug")
    ]


def test_binding_widened(judge: Judge) -> None:
    """A subject that was there, in whatever place, is no news."""
    ann, web = {"kind": "User", "name": "ann"}, {"kind": "ServiceAccount", "name": "web", "namespace": "shop"}

    def binding(*subjects: Any) -> dict[str, Any]:
        return thing("RoleBinding", RBAC, roleRef={"name": "edit"}, subjects=list(subjects))

    assert judge("binding-widened", binding(web, ann), binding(ann)) == [
        ("subjects[0]", "ServiceAccount web is newly bound to the role edit")
    ]
    assert judge("binding-widened", binding(web, ann), binding(ann, web)) == []
    assert judge("binding-widened", binding({**web, "namespace": "other"}), binding(web)) != []
    assert judge("binding-widened", binding(None, {}, 7), binding(ann)) == []


WEB = {"podSelector": {"matchLabels": {"app": "web"}}}
API = {"podSelector": {"matchLabels": {"app": "api"}}}


@pytest.mark.parametrize(
    ("before", "after", "messages"),
    [
        ([{"from": [WEB]}], [{"from": [WEB, API]}], ["this rule allows ingress that NetworkPolicy x did not allow"]),
        ([{"from": [WEB, API]}], [{"from": [WEB]}], []),
        ([{"from": [WEB, API]}], [{"from": [API]}, {"from": [WEB]}], []),
        ([{"from": [WEB]}], [{}], ["this rule allows ingress that NetworkPolicy x did not allow"]),
        ([{}], [{"from": [WEB], "ports": [{"port": 80}]}], []),
        ([{"from": [WEB]}], [{"from": [WEB], "ports": [{"port": 80}]}], []),
        ([{"from": [WEB], "ports": [{"port": 80}]}], [{"from": [WEB], "ports": [{"port": 80, "protocol": "TCP"}]}], []),
        (
            [{"from": [WEB], "ports": [{"port": 80}]}],
            [{"from": [WEB], "ports": [{"port": 81}]}],
            ["this rule allows ingress that NetworkPolicy x did not allow"],
        ),
        ([], [], []),
        ([], [{"from": []}], ["this rule allows ingress that NetworkPolicy x did not allow"]),
    ],
)
def test_network_policy_widened(judge: Judge, before: list[Any], after: list[Any], messages: list[str]) -> None:
    """Peers and ports are compared in pairs."""
    old, new = (
        thing("NetworkPolicy", NETWORK, spec={"podSelector": {}, "ingress": rules}) for rules in (before, after)
    )

    assert [message for _, message in judge("network-policy-widened", new, old)] == messages


def test_network_policy_that_protects_less(judge: Judge) -> None:
    """Fewer directions, fewer pods; and a direction that was open anyway."""

    def policy(**spec: Any) -> dict[str, Any]:
        return thing("NetworkPolicy", NETWORK, spec={"podSelector": {}, **spec})

    both = policy(policyTypes=["Ingress", "Egress"])
    assert judge("network-policy-widened", policy(), both) == [
        ("spec.policyTypes", "NetworkPolicy x no longer isolates pods for egress")
    ]
    assert judge("network-policy-widened", policy(podSelector={"matchLabels": {"app": "db"}}), policy()) == [
        ("spec.podSelector", "NetworkPolicy x now chooses only pods with the label app=db")
    ]
    assert judge("network-policy-widened", policy(egress=[{"to": [WEB]}]), policy()) == []


@pytest.mark.parametrize(
    ("before", "after", "path", "message"),
    [
        ({}, {"privileged": True}, "privileged", "container a becomes privileged"),
        (
            {"readOnlyRootFilesystem": True},
            {},
            "readOnlyRootFilesystem",
            "container a loses readOnlyRootFilesystem: true",
        ),
        (
            {"allowPrivilegeEscalation": False},
            {"allowPrivilegeEscalation": True},
            "allowPrivilegeEscalation",
            "container a loses allowPrivilegeEscalation: false",
        ),
        ({"runAsNonRoot": True}, {}, "runAsNonRoot", "container a loses runAsNonRoot: true"),
        ({"runAsUser": 1000}, {"runAsUser": 0}, "runAsUser", "container a newly runs as root"),
        (
            {"seccompProfile": {"type": "RuntimeDefault"}},
            {"seccompProfile": {"type": "Unconfined"}},
            "seccompProfile.type",
            "container a loses its seccomp profile",
        ),
        ({}, {"capabilities": {"add": ["NET_RAW"]}}, "capabilities.add[0]", "container a gets the capability NET_RAW"),
        (
            {"capabilities": {"drop": ["ALL"]}},
            {"capabilities": {"drop": ["KILL"]}},
            "capabilities.drop",
            "container a no longer drops all capabilities",
        ),
    ],
)
def test_security_context_weakened(
    judge: Judge, before: dict[str, Any], after: dict[str, Any], path: str, message: str
) -> None:
    """Each safeguard by itself; the other way round it is none that goes."""
    old, new = pod({"securityContext": before}), pod({"securityContext": after})
    place = f"spec.template.spec.containers[0].securityContext.{path}"

    assert judge("security-context-weakened", new, old) == [(place, message)]
    assert judge("security-context-weakened", old, new) == []


def test_a_safeguard_that_moves_to_the_pod_is_kept(judge: Judge) -> None:
    """And one that the pod had is lost with it."""
    own = pod({"securityContext": {"runAsNonRoot": True, "runAsUser": 5}})
    inherited = pod({}, securityContext={"runAsNonRoot": True, "runAsUser": 5})

    assert judge("security-context-weakened", inherited, own) == []
    assert judge("security-context-weakened", own, inherited) == []
    assert [message for _, message in judge("security-context-weakened", pod({}), inherited)] == [
        "container a loses runAsNonRoot: true"
    ]


def test_a_pod_that_shares_more_of_its_node(judge: Judge) -> None:
    """Namespaces and files; those that it had are no news."""
    socket = {"name": "a", "hostPath": {"path": "/run/docker.sock"}}
    old, new = pod({}, hostPID=True), pod({}, hostPID=True, hostNetwork=True, volumes=[socket])

    assert judge("security-context-weakened", new, old) == [
        ("spec.template.spec.hostNetwork", "the pods of Deployment x newly have hostNetwork"),
        (
            "spec.template.spec.volumes[0].hostPath.path",
            "the pods of Deployment x newly get /run/docker.sock of their node",
        ),
    ]


@pytest.mark.parametrize(
    ("before", "after", "is_flagged"),
    [
        ("restricted", "baseline", True),
        ("baseline", None, True),
        ("baseline", "privileged", True),
        ("privileged", None, False),
        (None, "baseline", False),
        ("baseline", "restricted", False),
        ("restricted", "$LEVEL", False),
        ("restricted", 7, False),
    ],
)
def test_pod_security_lowered(judge: Judge, before: Any, after: Any, *, is_flagged: bool) -> None:
    """No label is the lowest level; what is not known is not judged."""
    old, new = (
        {**thing("Namespace"), "metadata": {"name": "x", "labels": {"pod-security.kubernetes.io/enforce": level}}}
        for level in (before, after)
    )

    assert bool(judge("pod-security-lowered", new, old)) is is_flagged


def crd(schema: dict[str, Any], **version: Any) -> dict[str, Any]:
    """A definition with one version, and this schema for the field spec.size."""
    properties = {"spec": {"type": "object", "properties": {"size": schema}}, "status": {"type": "object"}}
    root = {"type": "object", "properties": properties}
    one = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": root}, **version}
    return thing("CustomResourceDefinition", CRD, spec={"versions": [one]})


@pytest.mark.parametrize(
    ("before", "after", "messages"),
    [
        ({"type": "string"}, {"type": "integer"}, ["the type of size changes from string to integer"]),
        ({"type": "integer"}, {"type": "number"}, []),
        ({"type": "integer"}, {"x-kubernetes-int-or-string": True}, []),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, ["size can no longer be b"]),
        ({"enum": ["a"]}, {"enum": ["b", "a"]}, []),
        ({}, {"enum": ["a"]}, ["size can be nothing but the values of a new enumeration"]),
        ({"enum": ["a"]}, {}, []),
        ({"maxLength": 5}, {"maxLength": 4}, ["the maxLength of size becomes 4"]),
        ({"maxLength": 5}, {"maxLength": 6}, []),
        ({}, {"maximum": 4}, ["the maximum of size becomes 4"]),
        ({"minimum": 4}, {"minimum": 5}, ["the minimum of size becomes 5"]),
        ({}, {"minimum": 0}, ["the minimum of size becomes 0"]),
        ({}, {"minLength": 0}, []),
        ({}, {"pattern": "a"}, ["size must match a pattern, where any text was allowed"]),
        ({"nullable": True}, {}, ["size must no longer be null"]),
        (
            {"properties": {"a": {}}},
            {"properties": {}},
            ["the field a of size is gone, and what stands there is dropped"],
        ),
        ({"properties": {"a": {}}}, {"x-kubernetes-preserve-unknown-fields": True}, []),
        (
            {"properties": {"a": {}}},
            {"properties": {"a": {}}, "required": ["a"]},
            ["the field a of size becomes required"],
        ),
        ({}, {"properties": {"a": {"default": 1}}, "required": ["a"]}, []),
        (
            {"items": {"type": "string"}},
            {"items": {"type": "object"}},
            ["the type of size changes from string to object"],
        ),
        (
            {"properties": {key: {} for key in "abcdef"}},
            {"properties": {}},
            ["the fields a, b, c, d and 2 more of size are gone, and what stands there is dropped"],
        ),
    ],
)
def test_crd_narrowed(judge: Judge, before: dict[str, Any], after: dict[str, Any], messages: list[str]) -> None:
    """Only what was taken before and is not any more."""
    assert [message for _, message in judge("crd-narrowed", crd(after), crd(before))] == messages


def test_crd_narrowed_where_nobody_looks(judge: Judge) -> None:
    """A version that is not served, a new one, and the status are not judged."""
    old, new = crd({"type": "string"}), crd({"type": "integer"})
    quiet = crd({"type": "integer"}, served=False)
    status = crd({"type": "string"})
    root = status["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    root["properties"]["status"] = {"type": "object", "required": ["a"]}

    assert judge("crd-narrowed", quiet, old) == []
    assert judge("crd-narrowed", new, quiet) == []
    assert judge("crd-narrowed", status, old) == []


def test_crd_narrowed_ends(judge: Judge) -> None:
    """A definition that is another one altogether floods no report, and depth does not matter."""
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(45):
        deep = {"type": "object", "properties": {"a": deep}}
    many = {f"a{number}": {"type": "string"} for number in range(300)}
    other = {f"a{number}": {"type": "integer"} for number in range(300)}

    assert len(judge("crd-narrowed", crd({"properties": other}), crd({"properties": many}))) == 50
    assert judge("crd-narrowed", crd(deep), crd({**deep, "description": "x"})) == []


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (
            [],
            [
                ("spec.versions", "the version v1 of CustomResourceDefinition x is gone, and objects are stored in it"),
                ("spec.versions", "the version v1beta1 of CustomResourceDefinition x is gone"),
            ],
        ),
        (
            [{"name": "v1", "served": True}, {"name": "v1beta1", "served": False}],
            [("spec.versions[1].served", "the version v1beta1 of CustomResourceDefinition x is no longer served")],
        ),
        ([{"name": "v1", "served": True}, {"name": "v1beta1", "served": True}], []),
    ],
)
def test_crd_version_removed(judge: Judge, after: list[Any], found: list[tuple[str, str]]) -> None:
    """What was not served may go."""
    before = [
        {"name": "v1", "served": True, "storage": True},
        {"name": "v1beta1", "served": True},
        {"name": "v1alpha1", "served": False},
    ]
    old, new = (thing("CustomResourceDefinition", CRD, spec={"versions": one}) for one in (before, after))

    assert judge("crd-version-removed", new, old) == found


def ingress(namespace: str, *hosts: Any, tls: Sequence[str] = ()) -> dict[str, Any]:
    """An Ingress that serves hosts."""
    rules = [host if isinstance(host, dict) else {"host": host} for host in hosts]
    return named(
        "Ingress", NETWORK, namespace, spec={"rules": rules, **({"tls": [{"hosts": list(tls)}]} if tls else {})}
    )


ROUTE = named("HTTPRoute", "gateway.networking.k8s.io/v1", "blog", spec={"hostnames": ["a.example.com"]})


def test_ingress_host_taken(judge: Judge) -> None:
    """By another namespace's Ingress or route; not one's own, not what one had, not what is not known."""
    other = ingress("shop", "a.example.com")
    new = ingress("blog", "b.example.com", "a.example.com")

    assert judge("ingress-host-taken", new, inventory=[other]) == [
        ("spec.rules[1].host", "a.example.com/ is served by Ingress x of the namespace shop")
    ]
    assert len(judge("ingress-host-taken", ROUTE, inventory=[other])) == 1
    assert len(judge("ingress-host-taken", other, inventory=[ROUTE])) == 1
    assert judge("ingress-host-taken", new, new, inventory=[other]) == []
    assert judge("ingress-host-taken", ingress("shop", "a.example.com"), inventory=[other]) == []
    assert judge("ingress-host-taken", ingress("", "a.example.com"), inventory=[other]) == []
    assert judge("ingress-host-taken", ingress("blog", "${HOST}"), inventory=[ingress("shop", "${HOST}")]) == []
    assert judge("ingress-host-taken", ingress("blog", {}, {"host": 7}, None or {}), inventory=[other]) == []


def test_ingress_host_removed(judge: Judge) -> None:
    """Unless something else serves it."""
    old = ingress("shop", "a.example.com", "b.example.com")
    gone = [("spec.rules", "a.example.com is served by nothing in the repository any more")]

    assert judge("ingress-host-removed", ingress("shop", "b.example.com"), old) == gone
    assert judge("ingress-host-removed", ingress("shop", "b.example.com"), old, inventory=[ROUTE]) == []
    assert [path for path, _ in judge("ingress-host-removed", None, old)] == [
        "spec.rules[0].host",
        "spec.rules[1].host",
    ]
    assert judge("ingress-host-removed", old, old) == []


def test_ingress_tls_removed(judge: Judge) -> None:
    """As long as the host is served; an entry without hosts is for all of them."""
    old = ingress("shop", "a.example.com", tls=["a.example.com"])
    everything = {**old, "spec": {**old["spec"], "tls": [{"secretName": "a"}]}}

    assert judge("ingress-tls-removed", ingress("shop", "a.example.com"), old) == [
        ("spec.tls", "a.example.com has lost its TLS certificate")
    ]
    assert judge("ingress-tls-removed", ingress("shop", "b.example.com"), old) == []
    assert judge("ingress-tls-removed", everything, old) == []


def test_a_listener_loses_its_tls(judge: Judge) -> None:
    """By its name."""
    old = thing("Gateway", "gateway.networking.k8s.io/v1", spec={"listeners": [{"name": "web", "tls": {}}]})
    new = thing("Gateway", "gateway.networking.k8s.io/v1", spec={"listeners": [{"name": "web"}]})

    assert judge("ingress-tls-removed", new, old) == [
        ("spec.listeners[0].tls", "listener web of Gateway x has lost its tls")
    ]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (
            {},
            {"type": "NodePort"},
            [("spec.type", "Service x becomes a NodePort, reached from outside of the cluster")],
        ),
        ({"type": "NodePort"}, {"type": "LoadBalancer"}, []),
        ({"type": "LoadBalancer"}, {}, []),
        (
            {},
            {"externalIPs": ["1.2.3.4"]},
            [("spec.externalIPs[0]", "Service x takes the address 1.2.3.4 from outside of the cluster")],
        ),
        (
            {"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0/8"]},
            {"type": "LoadBalancer"},
            [("spec.loadBalancerSourceRanges", "Service x no longer limits who may reach its load balancer")],
        ),
        ({"type": "LoadBalancer"}, {"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0/8"]}, []),
    ],
)
def test_service_exposed(judge: Judge, before: Any, after: Any, found: list[tuple[str, str]]) -> None:
    """What opens it, and not what closes it."""
    assert judge("service-exposed", thing("Service", spec=after), thing("Service", spec=before)) == found


def test_a_load_balancer_that_was_internal(judge: Judge) -> None:
    """By an annotation of the cloud."""
    mark = "service.beta.kubernetes.io/aws-load-balancer-scheme"
    old, new = (
        {**thing("Service", spec={"type": "LoadBalancer"}), "metadata": {"name": "x", "annotations": {mark: scheme}}}
        for scheme in ("internal", "internet-facing")
    )

    assert judge("service-exposed", new, old) == [
        (f'metadata.annotations["{mark}"]', "the load balancer of Service x is no longer internal")
    ]
    assert judge("service-exposed", old, new) == []


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ([{"port": 80}, {"port": 81}], [{"port": 80}], [("spec.ports", "port 81 (TCP) of Service x is gone")]),
        ([{"port": 53, "protocol": "UDP"}], [{"port": 53}], [("spec.ports", "port 53 (UDP) of Service x is gone")]),
        (
            [{"port": 80, "name": "a"}],
            [{"port": 80, "name": "b"}],
            [("spec.ports[0].name", "port 80 of Service x is no longer called a")],
        ),
        ([{"port": 80}], [{"port": 80, "targetPort": 8080}, {"port": 81}], []),
        ([None, {"port": "80"}], None, []),
    ],
)
def test_service_port_removed(judge: Judge, before: Any, after: Any, found: list[tuple[str, str]]) -> None:
    """By number, protocol and name."""
    old, new = (thing("Service", spec={"ports": ports}) for ports in (before, after))

    assert judge("service-port-removed", new, old) == found


def test_probe_removed(judge: Judge) -> None:
    """Another kind of probe in its place is none of its own."""
    old = pod({"readinessProbe": {"exec": {}}, "livenessProbe": {"exec": {}}})
    new = pod({"livenessProbe": {"tcpSocket": {}}, "startupProbe": {"exec": {}}})

    assert judge("probe-removed", new, old) == [
        ("spec.template.spec.containers[0].readinessProbe", "container a loses its readinessProbe")
    ]


@pytest.mark.parametrize(
    ("before", "after", "messages"),
    [
        (
            {"limits": {"memory": "1Gi"}},
            {"limits": {"memory": "512Mi"}},
            ["the memory that container a may use falls from 1Gi to 512Mi"],
        ),
        (
            {"requests": {"cpu": 1}},
            {"requests": {"cpu": "100m"}},
            ["the cpu that container a requests falls from 1 to 100m"],
        ),
        ({"limits": {"memory": "1Gi"}}, {"limits": {"memory": "600Mi"}}, []),
        ({"limits": {"memory": "1Gi"}}, {}, []),
        ({"limits": {"memory": 0}}, {"limits": {"memory": 0}, "requests": {}}, []),
        ({"limits": {"memory": "x"}}, {"limits": {"memory": []}}, []),
    ],
)
def test_resources_lowered(judge: Judge, before: Any, after: Any, messages: list[str]) -> None:
    """By half or more; the parameter says how much."""
    old, new = pod({"resources": before}), pod({"resources": after})

    assert [message for _, message in judge("resources-lowered", new, old)] == messages


def test_how_far_resources_may_fall(judge: Judge) -> None:
    """The config may be stricter or laxer."""
    old, new = (pod({"resources": {"limits": {"memory": size}}}) for size in ("10Gi", "7Gi"))

    assert judge("resources-lowered", new, old, percent=70) != []
    assert judge("resources-lowered", new, old, percent=69) == []


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ({"maxReplicas": 10}, {"maxReplicas": 5}, "maxReplicas falls from 10 to 5"),
        ({"maxReplicas": 10}, {"maxReplicas": 6}, None),
        ({"minReplicas": 4}, {"minReplicas": 1}, "minReplicas falls from 4 to 1"),
        ({}, {"minReplicas": 0}, "minReplicas falls from 1 to 0"),
        ({"maxReplicas": 5}, {"maxReplicas": 10}, None),
        ({"maxReplicas": 5}, {}, None),
        ({"maxReplicas": "x"}, {"maxReplicas": 1}, None),
    ],
)
def test_autoscaler_lowered(judge: Judge, before: Any, after: Any, message: str | None) -> None:
    """A field that goes away is not judged."""
    old, new = (thing("HorizontalPodAutoscaler", "autoscaling/v2", spec=spec) for spec in (before, after))

    assert [found for _, found in judge("autoscaler-lowered", new, old)] == ([message] if message else [])


def test_an_autoscaler_of_keda_has_defaults(judge: Judge) -> None:
    """A hundred at most where nothing is said."""
    old, new = (thing("ScaledObject", "keda.sh/v1alpha1", spec=spec) for spec in ({}, {"maxReplicaCount": 10}))

    assert [message for _, message in judge("autoscaler-lowered", new, old)] == ["maxReplicaCount falls from 100 to 10"]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ({"pods": "5"}, {"pods": 6}, "ResourceQuota x raises pods from 5 to 6"),
        ({"pods": "5"}, {}, "ResourceQuota x no longer limits pods"),
        ({"pods": "5"}, {"pods": "4", "services": "1"}, None),
        ({"requests.cpu": "1"}, {"requests.cpu": "1000m"}, None),
        ({"pods": "5"}, {"pods": "${PODS}"}, None),
    ],
)
def test_quota_relaxed(judge: Judge, before: Any, after: Any, message: str | None) -> None:
    """Amounts are compared; what is limited anew is stricter."""
    old, new = (thing("ResourceQuota", spec={"hard": hard}) for hard in (before, after))

    assert [found for _, found in judge("quota-relaxed", new, old)] == ([message] if message else [])


def test_disruption_budget_removed(judge: Judge) -> None:
    """Only where its workload stays."""
    budget = named("PodDisruptionBudget", "policy/v1", "shop", spec={"selector": {"matchLabels": {"app": "web"}}})
    template = {"metadata": {"labels": {"app": "web"}}}
    web = named("Deployment", "apps/v1", "shop", spec={"template": template})

    assert judge("disruption-budget-removed", None, budget, inventory=[web]) == [
        ("", "the change removes PodDisruptionBudget x, and Deployment x is left without a budget")
    ]
    assert judge("disruption-budget-removed", None, budget) == []
    other = named("Deployment", "apps/v1", "blog", spec={"template": template})
    assert judge("disruption-budget-removed", None, budget, inventory=[other]) == []


@pytest.mark.parametrize(
    ("kind", "pod_spec"),
    [
        ("ConfigMap", {"containers": [{"envFrom": [{"configMapRef": {"name": "x"}}]}]}),
        ("ConfigMap", {"initContainers": [{"env": [{"valueFrom": {"configMapKeyRef": {"name": "x"}}}]}]}),
        ("ConfigMap", {"volumes": [{"configMap": {"name": "x"}}]}),
        ("Secret", {"volumes": [{"secret": {"secretName": "x"}}]}),
        ("Secret", {"volumes": [{"projected": {"sources": [{"secret": {"name": "x"}}]}}]}),
        ("Secret", {"containers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "x"}}}]}]}),
        ("ServiceAccount", {"serviceAccountName": "x"}),
    ],
)
def test_reference_removed(judge: Judge, kind: str, pod_spec: dict[str, Any]) -> None:
    """Whatever way the pod refers to it; not from another namespace, and not once it is gone."""
    old = named(kind, namespace="shop")
    user = named("Deployment", "apps/v1", "shop", spec={"template": {"spec": pod_spec}})
    stranger = {**user, "metadata": {"name": "x", "namespace": "blog"}}
    message = f"the change removes {kind} x, which Deployment x refers to"

    assert judge("reference-removed", None, old, inventory=[user]) == [("", message)]
    assert judge("reference-removed", None, old, inventory=[stranger]) == []
    assert judge("reference-removed", None, old, inventory=[user, old]) == []
    assert judge("reference-removed", old, old, inventory=[user]) == []
    assert judge("reference-removed", None, named(kind, namespace="shop")) == []


def test_a_reference_that_need_not_be_there(judge: Judge) -> None:
    """An optional one; and a Secret that something makes in the cluster."""
    spec = {"volumes": [{"secret": {"secretName": "x", "optional": True}}]}
    optional = named("Deployment", "apps/v1", "shop", spec={"template": {"spec": spec}})
    needed = named(
        "Deployment", "apps/v1", "shop", spec={"template": {"spec": {"volumes": [{"secret": {"secretName": "x"}}]}}}
    )
    old = named("Secret", namespace="shop")
    makers = [
        named("ExternalSecret", "external-secrets.io/v1", "shop"),
        named("SealedSecret", "bitnami.com/v1alpha1", "shop"),
        {**named("Certificate", "cert-manager.io/v1", "shop", spec={"secretName": "x"}), "metadata": {"name": "y"}},
    ]

    assert judge("reference-removed", None, old, inventory=[optional]) == []
    assert [judge("reference-removed", None, old, inventory=[needed, maker]) for maker in makers] == [[], [], []]


@pytest.mark.parametrize(
    ("old", "is_flagged"),
    [
        (thing("Kustomization", FLUX, spec={"prune": True}), True),
        (thing("Kustomization", FLUX, spec={"prune": False}), False),
        (thing("Kustomization", FLUX, spec={"prune": True, "suspend": True}), False),
        (thing("Kustomization", FLUX, spec={"prune": True, "deletionPolicy": "Orphan"}), False),
        (thing("Kustomization", FLUX, spec={"prune": False, "deletionPolicy": "Delete"}), True),
        (thing("HelmRelease", HELM, spec={"suspend": True}), False),
        (thing("Application", ARGO), False),
        (thing("ApplicationSet", ARGO), True),
        (thing("ApplicationSet", ARGO, spec={"syncPolicy": {"preserveResourcesOnDeletion": True}}), False),
        (
            {
                **thing("Application", ARGO),
                "metadata": {"finalizers": ["resources-finalizer.argocd.argoproj.io/background"]},
            },
            True,
        ),
    ],
)
def test_application_removed(judge: Judge, old: dict[str, Any], *, is_flagged: bool) -> None:
    """Only where what it deployed goes with it."""
    assert bool(judge("application-removed", None, old)) is is_flagged


@pytest.mark.parametrize(
    ("kind", "api_version", "before", "after", "messages"),
    [
        ("Kustomization", FLUX, {"prune": True, "path": "./a"}, {"prune": True, "path": "a/"}, []),
        (
            "Kustomization",
            FLUX,
            {"prune": True, "path": "./a"},
            {"prune": True, "path": "./b"},
            ["path of Kustomization x changes from a to b"],
        ),
        ("Kustomization", FLUX, {"prune": False, "path": "./a"}, {"prune": False, "path": "./b"}, []),
        ("Kustomization", FLUX, {"prune": True}, {"prune": True, "targetNamespace": "b"}, []),
        (
            "Kustomization",
            FLUX,
            {"prune": True, "targetNamespace": "b"},
            {"prune": True},
            ["targetNamespace of Kustomization x changes from b to nothing"],
        ),
        (
            "HelmRelease",
            HELM,
            {"releaseName": "a"},
            {"releaseName": "b"},
            ["releaseName of HelmRelease x changes from a to b"],
        ),
        (
            "Application",
            ARGO,
            {"source": {"targetRevision": "1", "path": "a"}},
            {"source": {"targetRevision": "2", "path": "a"}},
            [],
        ),
        ("Application", ARGO, {"destination": {"server": "a"}}, {"destination": {"server": "$B"}}, []),
    ],
)
def test_application_moved(  # noqa: PLR0917  one parameter per column of the table
    judge: Judge, kind: str, api_version: str, before: Any, after: Any, messages: list[str]
) -> None:
    """What was set, and is something else now."""
    old, new = (thing(kind, api_version, spec=spec) for spec in (before, after))

    assert [message for _, message in judge("application-moved", new, old)] == messages


@pytest.mark.parametrize(
    ("files", "is_flagged"),
    [
        (("apps/a/x.yaml", "apps/b/x.yaml"), False),
        (("apps/a/x.yaml", "apps/b/x.yaml", "apps/b/new.yaml"), False),
        (("apps/a/x.yaml", "apps/a/y.yaml", "apps/b/x.yaml"), True),
        (("apps/b/x.yaml",), True),
        (("apps/aa/x.yaml", "apps/b/x.yaml"), True),
        ((), True),
    ],
)
def test_a_path_that_moves_with_its_folder(judge: Judge, files: tuple[str, ...], *, is_flagged: bool) -> None:
    """Every file that the old folder loses is in the new one."""
    old, new = (thing("Kustomization", FLUX, spec={"prune": True, "path": f"./apps/{name}"}) for name in "ab")

    found = judge("application-moved", new, old, request=RequestFacts(changed_files=files))

    assert bool(found) is is_flagged


@pytest.mark.parametrize(
    ("kind", "api_version", "before", "after", "messages"),
    [
        (
            "Application",
            ARGO,
            {"syncPolicy": {"automated": {}}},
            {"syncPolicy": {}},
            ["Application x is no longer synced automatically"],
        ),
        (
            "Application",
            ARGO,
            {"syncPolicy": {"automated": {"prune": True}}},
            {"syncPolicy": {"automated": {"prune": True, "enabled": False}}},
            ["Application x is no longer synced automatically"],
        ),
        (
            "Application",
            ARGO,
            {"syncPolicy": {"automated": {"prune": True}}},
            {"syncPolicy": {"automated": {}}},
            ["Application x no longer deletes what is removed (prune)"],
        ),
        ("Application", ARGO, {}, {"syncPolicy": {"automated": {}}}, []),
        (
            "ApplicationSet",
            ARGO,
            {"template": {"spec": {"syncPolicy": {"automated": {"selfHeal": True}}}}},
            {"template": {"spec": {"syncPolicy": {"automated": {}}}}},
            ["ApplicationSet x no longer corrects what is changed by hand (selfHeal)"],
        ),
        (
            "HelmRelease",
            HELM,
            {"driftDetection": {"mode": "enabled"}},
            {"driftDetection": {"mode": "warn"}},
            ["HelmRelease x no longer corrects what is changed by hand (drift detection)"],
        ),
    ],
)
def test_sync_turned_off(  # noqa: PLR0917  one parameter per column of the table
    judge: Judge, kind: str, api_version: str, before: Any, after: Any, messages: list[str]
) -> None:
    """Of either agent, and of what an ApplicationSet makes."""
    old, new = (thing(kind, api_version, spec=spec) for spec in (before, after))

    assert [message for _, message in judge("sync-turned-off", new, old)] == messages


@pytest.mark.parametrize(
    ("before", "after", "is_flagged"),
    [
        ({}, {"automated": {"prune": True}}, True),
        ({"automated": {"prune": False}}, {"automated": {"prune": True}}, True),
        ({"automated": {"prune": True}}, {"automated": {"prune": True, "selfHeal": True}}, False),
        ({"automated": {}}, {"automated": {"prune": "true"}}, False),
    ],
)
def test_prune_turned_on(judge: Judge, before: Any, after: Any, *, is_flagged: bool) -> None:
    """What had it, or has it not, is no news."""
    old, new = (thing("Application", ARGO, spec={"syncPolicy": policy}) for policy in (before, after))
    message = "Application x will delete everything that has gone from the repository before"

    found = judge("prune-turned-on", new, old)

    assert found == ([("spec.syncPolicy.automated.prune", message)] if is_flagged else [])


@pytest.mark.parametrize(
    ("old", "new", "messages"),
    [
        (
            thing("MutatingWebhookConfiguration", ADMISSION, webhooks=[{"name": "a"}]),
            thing("MutatingWebhookConfiguration", ADMISSION, webhooks=[{"name": "a", "failurePolicy": "Ignore"}]),
            ["webhook a lets everything pass when it fails"],
        ),
        (
            thing("MutatingWebhookConfiguration", ADMISSION, webhooks=[{"name": "a"}]),
            thing("MutatingWebhookConfiguration", ADMISSION, webhooks=[]),
            ["webhook a of MutatingWebhookConfiguration x is gone"],
        ),
        (
            thing("ValidatingAdmissionPolicy", ADMISSION, spec={}),
            thing("ValidatingAdmissionPolicy", ADMISSION, spec={"failurePolicy": "Ignore"}),
            ["ValidatingAdmissionPolicy x lets everything pass when it fails"],
        ),
        (
            thing("ValidatingAdmissionPolicyBinding", ADMISSION, spec={"validationActions": ["Deny"]}),
            thing("ValidatingAdmissionPolicyBinding", ADMISSION, spec={"validationActions": ["Warn"]}),
            ["ValidatingAdmissionPolicyBinding x no longer denies anything"],
        ),
        (
            thing("ClusterPolicy", "kyverno.io/v1", spec={"validationFailureAction": "enforce"}),
            thing("ClusterPolicy", "kyverno.io/v1", spec={"validationFailureAction": "Audit"}),
            ["ClusterPolicy x no longer enforces anything"],
        ),
        (
            thing("ClusterPolicy", "kyverno.io/v1", spec={"validationFailureAction": "Enforce"}),
            thing("ClusterPolicy", "kyverno.io/v1", spec={"rules": [{"validate": {"failureAction": "Enforce"}}]}),
            [],
        ),
        (thing("ClusterPolicy", "kyverno.io/v1", spec={"rules": [{"mutate": {}}]}), None, []),
        (thing("ValidatingAdmissionPolicyBinding", ADMISSION, spec={"validationActions": ["Audit"]}), None, []),
    ],
)
def test_admission_weakened(judge: Judge, old: Any, new: Any, messages: list[str]) -> None:
    """What only writes down refuses nothing, and may go."""
    assert [message for _, message in judge("admission-weakened", new, old)] == messages


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"when": "Delete"}, {"when": "Delete"}, 0),
        (None, {"whenDeleted": "Delete", "whenScaled": "Delete"}, 2),
        ({"whenScaled": "Retain"}, {"whenScaled": "Delete"}, 1),
        ({"whenScaled": "Delete"}, {"whenScaled": "Retain"}, 0),
    ],
)
def test_volume_reclaim_delete(judge: Judge, before: Any, after: Any, found: int) -> None:
    """Retained where nothing is said."""
    key = "persistentVolumeClaimRetentionPolicy"
    old, new = (thing("StatefulSet", "apps/v1", spec={key: value}) for value in (before, after))

    assert len(judge("volume-reclaim-delete", new, old)) == found


BOT = RequestFacts(is_known=True, author="renovate[bot]")


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        ({"image": "a:1"}, {"image": "a:2"}, []),
        ({"image": "a:1"}, {"image": "b:2"}, ["spec.image"]),
        ({"image": "a@sha256:00"}, {"image": "a:2"}, ["spec.image"]),
        (
            {"values": {"image": {"repository": "a", "tag": "1"}}},
            {"values": {"image": {"repository": "a", "tag": 2.0}}},
            [],
        ),
        (
            {"values": {"image": {"repository": "a", "tag": "1"}}},
            {"values": {"image": {"repository": "b", "tag": "1"}}},
            ["spec.values.image.repository"],
        ),
        ({"version": "1"}, {"version": None}, ["spec.version"]),
        ({"version": "1"}, {"version": {"a": 1}}, ["spec.version"]),
        ({"a": [1]}, {"a": [1, 2]}, ["spec.a"]),
        ({"a": 1}, {"b": 1}, ["spec.b", "spec.a"]),
        ({"args": ["x"]}, {"args": ["y"]}, ["spec.args[0]"]),
    ],
)
def test_bot_change(judge: Judge, before: Any, after: Any, paths: list[str]) -> None:
    """Versions and images of the same repository, in any object; a person may change anything."""
    old, new = (thing("HelmRelease", HELM, spec=spec) for spec in (before, after))

    assert [path for path, _ in judge("bot-change", new, old, request=BOT)] == paths
    assert judge("bot-change", new, old, request=RequestFacts(is_known=True, author="ann")) == []
    assert judge("bot-change", new, old) == []


def test_which_accounts_are_bots_and_what_they_may_change(judge: Judge) -> None:
    """The config says so."""
    old, new = (thing("ConfigMap", data={"a": value}) for value in "bc")
    robot = RequestFacts(is_known=True, author="robot")

    assert judge("bot-change", new, old, request=robot) == []
    assert judge("bot-change", new, old, request=robot, bots=("rob*",)) == [
        ("data.a", "robot, a bot, changes more than versions")
    ]
    assert judge("bot-change", new, old, request=robot, bots=("rob*",), fields=("a",)) == []
    assert judge("bot-change", None, old, request=BOT) == [("", "renovate[bot], a bot, removes ConfigMap x")]


def test_no_value_of_a_secret_is_pointed_at(judge: Judge) -> None:
    """The finding stands on the name, whatever a bot changes in it."""
    old, new = (thing("Secret", data={"a": value, "b": value}) for value in ("YQ==", "Yg=="))

    assert judge("bot-change", new, old, request=BOT) == [("", "renovate[bot], a bot, changes more than versions")]


def test_environments_together(runner: Runner) -> None:
    """By the paths of files or the names of targets; silent while none is named."""
    pairs: list[Pair] = [(None, named("ConfigMap", namespace=str(number))) for number in range(3)]
    targets = [("prod-eu",), ("staging",), ("prod-us",)]
    policy = "environments-together"

    assert together(runner, policy, pairs, targets=targets) == []
    assert together(runner, policy, pairs, targets=targets, environments=("prod-*", "staging")) == [
        (0, "", "the pull request changes prod-* together with staging"),
        (1, "", "the pull request changes staging together with prod-*"),
    ]
    assert together(runner, policy, pairs[:1], targets=targets, environments=("prod-*", "staging")) == []
    assert together(runner, policy, pairs, environments=("./*", "no/*")) == []


WINDOW = "2026-12-20/2027-01-02"


@pytest.mark.parametrize(
    ("window", "now", "is_frozen"),
    [
        (WINDOW, "2026-12-19T23:59:59+00:00", False),
        (WINDOW, "2026-12-20T00:00:00+00:00", True),
        (WINDOW, "2027-01-02T23:59:59+00:00", True),
        (WINDOW, "2027-01-03T00:00:00+00:00", False),
        ("2026-12-24T12:00/2026-12-24T13:00", "2026-12-24T12:30:00+00:00", True),
        ("2026-12-24T12:00/2026-12-24T13:00", "2026-12-24T13:30:00+00:00", False),
        ("Fri 16:00/Mon 08:00", "2026-11-20T15:59:59+00:00", False),
        ("Fri 16:00/Mon 08:00", "2026-11-20T16:00:00+00:00", True),
        ("Fri 16:00/Mon 08:00", "2026-11-23T07:59:00+00:00", True),
        ("fri 16:00 / mon 08:00", "2026-11-23T08:00:00+00:00", False),
        ("Mon 08:00/Mon 09:00", "2026-11-23T08:30:00+00:00", True),
    ],
)
def test_freeze_window(runner: Runner, window: str, now: str, *, is_frozen: bool) -> None:
    """Days count to their end, and a week has no end."""
    pairs: list[Pair] = [(None, thing("ConfigMap")), (None, named("ConfigMap", namespace="shop"))]
    request = RequestFacts(is_known=True, now=now)

    found = together(runner, "freeze-window", pairs, request=request, windows=(window,))

    assert found == ([(0, "", f"changes are frozen: {window} (UTC)")] if is_frozen else [])


def test_freeze_window_in_a_time_zone(runner: Runner) -> None:
    """The windows are meant where the team is."""
    pairs: list[Pair] = [(None, thing("ConfigMap"))]
    request = RequestFacts(is_known=True, now="2026-12-19T23:30:00+00:00")

    found = together(runner, "freeze-window", pairs, request=request, windows=(WINDOW,), time_zone="Europe/Berlin")

    assert found == [(0, "", f"changes are frozen: {WINDOW} (Europe/Berlin)")]


@pytest.mark.parametrize(
    "window",
    [
        "",
        "x",
        "2026-12-20",
        "2026-12-20/x",
        "2027-01-02/2026-12-20",
        "Fri/Mon",
        "Fri 25:00/Mon 08:00",
        "Fri 1:70/Mon 8:00",
    ],
)
def test_a_freeze_window_that_cannot_be_read_is_refused(runner: Runner, window: str) -> None:
    """A slip in the config does not open the gate without a word."""
    pairs: list[Pair] = [(None, thing("ConfigMap"))]
    request = RequestFacts(is_known=True, now="2026-11-20T16:00:00+00:00")

    found = together(runner, "freeze-window", pairs, request=request, windows=(window,))

    shape = "must hold windows such as 2026-12-20/2027-01-02 or Fri 16:00/Mon 08:00"
    assert found == [(-1, "windows", f"{shape}, not {window!r}")]


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "", "../x"])
def test_a_time_zone_that_there_is_not_is_refused(runner: Runner, zone: str) -> None:
    """For the same reason."""
    request = RequestFacts(is_known=True, now="2026-11-20T16:00:00+00:00")

    found = together(
        runner, "freeze-window", [(None, thing("ConfigMap"))], request=request, windows=(WINDOW,), time_zone=zone
    )

    assert found == [(-1, "time_zone", f"must be a time zone such as Europe/Berlin, not {zone!r}")]


def test_freeze_window_lets_labels_and_developers_pass(runner: Runner) -> None:
    """What is urgent is labelled; a developer's machine merges nothing."""
    pairs: list[Pair] = [(None, thing("ConfigMap"))]
    labelled = RequestFacts(is_known=True, now="2026-12-24T12:00:00+00:00", labels=("freeze-override",))
    unknown = RequestFacts(now="2026-12-24T12:00:00+00:00")

    assert together(runner, "freeze-window", pairs, request=labelled, windows=(WINDOW,)) == []
    assert together(runner, "freeze-window", pairs, request=unknown, windows=(WINDOW,)) == []


def test_mass_deletion(runner: Runner) -> None:
    """What the agent keeps does not count."""
    gone: list[Pair] = [(named("ConfigMap", namespace=str(number)), None) for number in range(3)]
    kept = {**thing("Secret"), "metadata": {"name": "x", "annotations": {"helm.sh/resource-policy": "keep"}}}

    assert together(runner, "mass-deletion", gone) == []
    assert together(runner, "mass-deletion", [*gone, (kept, None)], most=3) == []
    assert together(runner, "mass-deletion", gone, most=2) == [
        (0, "", "the pull request removes 3 objects, more than 2")
    ]


def test_namespace_changed(runner: Runner) -> None:
    """One object, gone here and come there; not another kind, and not one that stays."""
    old, new = (named("Deployment", "apps/v1", space) for space in ("shop", "store"))
    policy = "namespace-changed"

    assert together(runner, policy, [(old, None), (None, new)]) == [
        (1, "metadata.namespace", "Deployment x moves from the namespace shop to store")
    ]
    assert together(runner, policy, [(None, new), (old, old)]) == []
    assert together(runner, policy, [(None, new), (named("Service", namespace="shop"), None)]) == []
    assert together(runner, policy, [(None, thing("Service")), (named("Service", namespace="shop"), None)]) == []


ODD: list[Any] = [None, 7, True, "text", [], {}, [None, 7, "x", {}, []], {"a": None, "name": 7}]
KEYS = (
    *("spec", "rules", "subjects", "webhooks", "data", "type", "roleRef", "parameters", "value", "immutable"),
    *("labels", "annotations", "finalizers", "namespace"),
)


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_data_of_a_wrong_shape_crashes_no_policy_that_compares(runner: Runner, odd: Any) -> None:
    """Not at the top, not inside, not against an object that is as it should be."""
    policies = [one for one in runner.policies() if one.reach in (Reach.CHANGE, Reach.CHANGES)]
    kinds = sorted({kind for one in policies for kind in one.kinds if kind != "*"})
    inner = dict.fromkeys(
        (
            *("versions", "ingress", "egress", "podSelector", "policyTypes", "tls", "rules", "listeners", "hostnames"),
            *("ports", "externalIPs", "hard", "template", "jobTemplate", "containers", "volumes", "selector", "chart"),
            *(
                "syncPolicy",
                "source",
                "sources",
                "destination",
                "volumeClaimTemplates",
                "resources",
                "validationActions",
            ),
        ),
        odd,
    )
    levels = {one.id: Level.ERROR for one in policies}
    request = RequestFacts(is_known=True, author="renovate[bot]", now="2026-12-24T12:00:00+00:00")
    subjects = []
    for kind in kinds:
        group, _, name = kind.rpartition("/")
        api_version = f"{group}/v1" if group else "v1"
        good = thing(name, api_version, spec={"template": {"spec": {"containers": [{"name": "a"}]}}}, rules=[])
        metadata = {"name": "x", **dict.fromkeys(KEYS, odd)}
        bad = [
            {**thing(name, api_version), **dict.fromkeys(KEYS, odd)},
            {**thing(name, api_version), "metadata": odd, "spec": inner},
            {**thing(name, api_version, spec={"template": {"spec": inner}}), "metadata": metadata},
        ]
        for one in bad:
            views = manifest(good), manifest({**one, "metadata": {**metadata, "namespace": None}}), manifest(good)
            subjects += [Subject(views[0], views[1]), Subject(views[1], views[2]), Subject(views[1], None)]
            subjects += [Subject(None, views[1], added=True), Subject(views[1], views[1])]

    scene = Scene("prod", "", request, tuple(one.new for one in subjects if one.new is not None))
    outcome = runner.run(PolicySet(runner.policies(), levels), subjects, scene)

    assert outcome.crashes == ()
