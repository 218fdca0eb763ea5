"""Workload safety: what each policy says of a workload, at which field, and what it lets through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gategit.checks.policy.builtin import BUILTIN
from gategit.checks.policy.load import PolicySet
from gategit.checks.policy.run import Runner
from gategit.checks.policy.subjects import Subject
from gategit.model import Level
from tests.policies.conftest import POD_PLACES, Judge, manifest, thing, workload

FAMILY = [entry.rpartition("/")[2].replace("_", "-") for entry in BUILTIN if entry.startswith("workloads/")]
LEVELS = dict.fromkeys(FAMILY, Level.ERROR)

Verdicts = Callable[..., list[str]]


@pytest.fixture
def fields(judge: Judge) -> Verdicts:
    """Judge an object by one policy: only the fields that it flags."""

    def flagged(policy: str, new: dict[str, Any], **given: Any) -> list[str]:
        return [field for field, _ in judge(policy, new, **given)]

    return flagged


def pod(kind: str = "Pod", *, of_container: dict[str, Any] | None = None, **of_pod: Any) -> dict[str, Any]:
    """A workload with one container named a; keywords are fields of its pod."""
    return workload({"containers": [{"name": "a", **(of_container or {})}], **of_pod}, kind)


def of_spec(kind: str, api_version: str, **spec: Any) -> dict[str, Any]:
    """An object with this specification."""
    return thing(kind, api_version, spec=spec)


def labelled(selector: Any, labels: Any, kind: str = "Deployment") -> dict[str, Any]:
    """A workload with this selector, and these labels on its pods."""
    api_version = POD_PLACES[kind][0]
    return of_spec(kind, api_version, selector=selector, template={"metadata": {"labels": labels}})


@pytest.mark.parametrize("kind", POD_PLACES)
@pytest.mark.parametrize(
    "spec",
    [
        None,
        [],
        "text",
        7,
        {},
        {"containers": None, "volumes": None},
        {"containers": {"name": "a"}, "volumes": {"name": "a"}, "tolerations": {}, "restartPolicy": []},
        {"containers": [None, 7, [], "text"], "volumes": [None, 7, [], "text"], "tolerations": [None, 7]},
        {"containers": [{"resources": 1, "livenessProbe": 1, "ports": 1, "env": 1, "envFrom": 1, "volumeMounts": 1}]},
        {
            "containers": [
                {
                    "name": [],
                    "resources": {"requests": [], "limits": {"memory": {}}},
                    "livenessProbe": {"httpGet": [], "failureThreshold": "x", "successThreshold": {}},
                    "readinessProbe": {"httpGet": {"port": {}}, "exec": "x"},
                    "lifecycle": {"preStop": {"httpGet": {"port": []}}},
                    "ports": [None, {"name": 1, "containerPort": "x"}],
                    "env": [None, {"name": [], "valueFrom": "x"}, {"valueFrom": {"secretKeyRef": 1}}],
                    "envFrom": [None, 7, {"secretRef": "x"}],
                    "volumeMounts": [None, {"name": 1}, 7],
                    "volumeDevices": [[]],
                    "securityContext": {"capabilities": {"add": 1, "drop": 1}, "seLinuxOptions": []},
                }
            ],
            "volumes": [
                {"name": [], "hostPath": {"path": 1}},
                {"hostPath": "x", "emptyDir": []},
                {"persistentVolumeClaim": {"claimName": []}, "emptyDir": {"medium": []}},
                {"persistentVolumeClaim": [], "secret": {"secretName": {}}, "projected": {"sources": 7}},
            ],
            "tolerations": [{"operator": "Exists", "key": [], "effect": {}}],
            "serviceAccount": [],
            "serviceAccountName": {},
            "nodeName": [],
            "affinity": [],
            "securityContext": [],
        },
    ],
)
def test_odd_data_crashes_nothing(runner: Runner, kind: str, spec: Any) -> None:
    """What is of a wrong shape is the schema check's to say."""
    subject = Subject(None, manifest(workload(spec, kind)), added=True)

    assert runner.run(PolicySet(runner.policies(), LEVELS), [subject]).crashes == ()


@pytest.mark.parametrize("kind", POD_PLACES)
@pytest.mark.parametrize(
    "spec",
    [
        None,
        [],
        {"selector": [], "template": [], "replicas": "x", "strategy": [], "updateStrategy": 1, "jobTemplate": []},
        {"selector": {"matchLabels": []}, "template": {"metadata": []}, "strategy": {"rollingUpdate": []}},
        {"selector": {"matchExpressions": {}}, "template": {"metadata": {"labels": []}}, "replicas": True},
        {"strategy": {"rollingUpdate": {"maxSurge": [], "maxUnavailable": {}}}, "minReadySeconds": "x"},
        {"updateStrategy": {"rollingUpdate": {"maxSurge": [], "maxUnavailable": {}}}, "serviceName": []},
        {"volumeClaimTemplates": [None, {"metadata": []}], "revisionHistoryLimit": "x", "progressDeadlineSeconds": []},
        {"startingDeadlineSeconds": [], "ttlSecondsAfterFinished": "x", "concurrencyPolicy": []},
    ],
)
def test_an_odd_specification_crashes_nothing(runner: Runner, kind: str, spec: Any) -> None:
    """Not that of the workload itself either."""
    subject = Subject(None, manifest(thing(kind, POD_PLACES[kind][0], spec=spec)), added=True)

    assert runner.run(PolicySet(runner.policies(), LEVELS), [subject]).crashes == ()


@pytest.mark.parametrize(
    ("selector", "labels", "is_wrong"),
    [
        ({"matchLabels": {"app": "a"}}, {"app": "a", "tier": "b"}, False),
        ({"matchLabels": {"app": "a"}}, {"app": "b"}, True),
        ({"matchLabels": {"app": "a"}}, None, True),
        (
            {"matchLabels": {"app": "a"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]},
            {"app": "a"},
            True,
        ),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "b"]}]}, {"app": "b"}, False),
        ({"matchLabels": {"app": "${NAME}"}}, {"app": "a"}, False),
        ({"matchLabels": {"app": "a"}}, {"app": "{{ .Release.Name }}"}, False),
        ({"matchLabels": {"app": "a"}}, {"${KEY}": "a"}, False),
        ({}, {"app": "a"}, True),
        ({"matchLabels": {}}, {"app": "a"}, True),
        (None, {"app": "a"}, False),
    ],
)
def test_a_selector_matches_its_own_pods(fields: Verdicts, selector: Any, labels: Any, *, is_wrong: bool) -> None:
    """As the API server judges it; variables are not judged."""
    for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"):
        assert fields("selector-mismatch", labelled(selector, labels, kind)) == ["spec.selector"] * is_wrong


def test_a_replication_controller_selects_by_a_plain_mapping(judge: Judge) -> None:
    """Its selector may be left out: it is taken from the pods then."""
    assert judge("selector-mismatch", labelled({"app": "a"}, {"app": "b"}, "ReplicationController")) == [
        ("spec.selector", "the selector of ReplicationController x does not match the labels of its own pods")
    ]
    assert judge("selector-mismatch", labelled({"app": "a"}, {"app": "a"}, "ReplicationController")) == []
    assert judge("selector-mismatch", labelled({}, {"app": "a"}, "ReplicationController")) == []


@pytest.mark.parametrize(
    ("requests", "limits", "message"),
    [
        ({"cpu": "500m"}, {"cpu": 0.5}, None),
        ({"cpu": "500m"}, {"cpu": 1}, None),
        ({"cpu": 2}, {"cpu": "1500m"}, "container a requests 2 of cpu, more than its limit of 1500m"),
        ({"memory": "1Gi"}, {"memory": "1G"}, "container a requests 1Gi of memory, more than its limit of 1G"),
        ({"memory": "1Gi"}, {}, None),
        ({"memory": "1Gi"}, None, None),
        ({"memory": "1Gi"}, {"memory": "${LIMIT}"}, None),
        ({"memory": "lots"}, {"memory": "1Gi"}, None),
        (
            {"nvidia.com/gpu": 1},
            {"nvidia.com/gpu": "2"},
            "container a requests 1 of nvidia.com/gpu, and its limit is 2: for this resource the two must be equal",
        ),
        (
            {"hugepages-2Mi": "4Mi"},
            {},
            "container a requests 4Mi of hugepages-2Mi, and has no limit for it, which this resource needs",
        ),
        ({"nvidia.com/gpu": 1}, {"nvidia.com/gpu": "1"}, None),
    ],
)
def test_a_request_is_within_its_limit(judge: Judge, requests: Any, limits: Any, message: str | None) -> None:
    """Amounts are compared, not their text."""
    found = judge("request-above-limit", pod(of_container={"resources": {"requests": requests, "limits": limits}}))

    name = next(iter(requests))
    name = f'["{name}"]' if "/" in name else f".{name}"
    assert found == ([] if message is None else [(f"spec.containers[0].resources.requests{name}", message)])


def test_the_resources_of_a_whole_pod_are_judged_too(judge: Judge) -> None:
    """A pod that sets them for all of its containers."""
    resources = {"requests": {"cpu": 2}, "limits": {"cpu": 1}}

    assert judge("request-above-limit", pod("Deployment", resources=resources)) == [
        ("spec.template.spec.resources.requests.cpu", "the pod requests 2 of cpu, more than its limit of 1")
    ]


@pytest.mark.parametrize(
    ("kind", "policy", "is_wrong"),
    [
        ("Job", None, True),
        ("Job", "Always", True),
        ("Job", "Never", False),
        ("CronJob", "OnFailure", False),
        ("CronJob", None, True),
        ("Deployment", None, False),
        ("Deployment", "Always", False),
        ("Deployment", "Never", True),
        ("DaemonSet", "OnFailure", True),
        ("Job", "${RESTART}", False),
        ("Pod", "Never", False),
    ],
)
def test_a_restart_policy_fits_its_kind(fields: Verdicts, kind: str, policy: str | None, *, is_wrong: bool) -> None:
    """A Job that says nothing would be restarted for ever, so the API server refuses it."""
    given: dict[str, Any] = {} if policy is None else {"restartPolicy": policy}

    assert fields("restart-policy", pod(kind, **given)) == [f"{POD_PLACES[kind][1]}.restartPolicy"] * is_wrong


@pytest.mark.parametrize(
    ("kind", "strategy", "field"),
    [
        ("Deployment", {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}, "rollingUpdate.maxUnavailable"),
        ("Deployment", {"rollingUpdate": {"maxSurge": "0%", "maxUnavailable": "00%"}}, "rollingUpdate.maxUnavailable"),
        ("Deployment", {"rollingUpdate": {"maxSurge": "1"}}, "rollingUpdate.maxUnavailable"),
        ("Deployment", {"rollingUpdate": {"maxSurge": "${SURGE}"}}, None),
        ("Deployment", {"rollingUpdate": {"maxSurge": 0}}, None),
        ("Deployment", {"rollingUpdate": {"maxUnavailable": 0}}, None),
        ("Deployment", {"type": "Recreate"}, None),
        ("Deployment", {"type": "Recreate", "rollingUpdate": None}, None),
        ("Deployment", {"type": "Recreate", "rollingUpdate": {}}, "rollingUpdate"),
        ("DaemonSet", {"rollingUpdate": {"maxUnavailable": 0}}, "rollingUpdate.maxUnavailable"),
        ("DaemonSet", {"rollingUpdate": {"maxSurge": 1}}, "rollingUpdate.maxUnavailable"),
        ("DaemonSet", {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}, "rollingUpdate.maxUnavailable"),
        ("DaemonSet", {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}, None),
        ("DaemonSet", {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "10%"}}, None),
        ("DaemonSet", {"type": "OnDelete", "rollingUpdate": {"maxSurge": 1}}, None),
        ("StatefulSet", {"rollingUpdate": {"maxUnavailable": 0}}, "rollingUpdate.maxUnavailable"),
        ("StatefulSet", {"rollingUpdate": {"partition": 0}}, None),
        ("StatefulSet", {"type": "OnDelete", "rollingUpdate": {"partition": 0}}, "rollingUpdate"),
    ],
)
def test_an_update_strategy_can_be_followed(
    fields: Verdicts, kind: str, strategy: dict[str, Any], field: str | None
) -> None:
    """As the API server judges it, with the defaults of each kind."""
    key = "strategy" if kind == "Deployment" else "updateStrategy"
    found = fields("update-strategy", of_spec(kind, "apps/v1", **{key: strategy}))

    assert found == ([] if field is None else [f"spec.{key}.{field}"])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"minReadySeconds": 10, "progressDeadlineSeconds": 30}, None),
        (
            {"minReadySeconds": 30, "progressDeadlineSeconds": 30},
            "Deployment x gives up after 30 seconds, before a pod counts as ready after 30",
        ),
        (
            {"minReadySeconds": 900},
            "Deployment x gives up after 600 seconds, before a pod counts as ready after 900",
        ),
        ({"progressDeadlineSeconds": "${DEADLINE}"}, None),
    ],
)
def test_a_deployment_waits_longer_than_its_pods_need(judge: Judge, spec: dict[str, Any], message: str | None) -> None:
    """Both numbers have defaults."""
    found = judge("update-strategy", of_spec("Deployment", "apps/v1", **spec))

    assert found == ([] if message is None else [("spec.progressDeadlineSeconds", message)])


def test_a_mount_names_a_volume_of_its_pod(judge: Judge) -> None:
    """Of the pod, or of the claims that a StatefulSet makes; mounts of devices too."""
    container = {"volumeMounts": [{"name": "data"}, {"name": "no"}], "volumeDevices": [{"name": "disk"}]}
    one = pod("StatefulSet", of_container=container, volumes=[{"name": "data"}])

    assert judge("volume-mount-unknown", one) == [
        (
            "spec.template.spec.containers[0].volumeMounts[1].name",
            "container a mounts a volume no, which its pod does not have",
        ),
        (
            "spec.template.spec.containers[0].volumeDevices[0].name",
            "container a mounts a volume disk, which its pod does not have",
        ),
    ]
    one["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "no"}}, {"metadata": {"name": "disk"}}]
    assert judge("volume-mount-unknown", one) == []


@pytest.mark.parametrize(
    ("container", "problems"),
    [
        ({"livenessProbe": {"httpGet": {}, "periodSeconds": 3}}, []),
        (
            {"livenessProbe": {"periodSeconds": 3}},
            [
                (
                    "livenessProbe",
                    "the livenessProbe of container a has no exec, grpc, httpGet or tcpSocket: it cannot look",
                )
            ],
        ),
        (
            {"startupProbe": {"exec": {"command": ["x"]}, "tcpSocket": {"port": 1}}},
            [("startupProbe", "the startupProbe of container a has exec and tcpSocket; it may have one of them")],
        ),
        (
            {
                "livenessProbe": {"grpc": {}, "successThreshold": 2},
                "readinessProbe": {"grpc": {}, "successThreshold": 2},
            },
            [("livenessProbe.successThreshold", "the successThreshold of the livenessProbe of container a must be 1")],
        ),
        (
            {"readinessProbe": {"grpc": {}, "terminationGracePeriodSeconds": 5}},
            [
                (
                    "readinessProbe.terminationGracePeriodSeconds",
                    "the readinessProbe of container a sets a grace period, but it never ends the container",
                )
            ],
        ),
        ({"livenessProbe": {"exec": None, "tcpSocket": {"port": 1}}}, []),
    ],
)
def test_a_probe_looks_in_one_way(judge: Judge, container: dict[str, Any], problems: list[tuple[str, str]]) -> None:
    """As the API server judges it."""
    found = judge("invalid-probe", pod(of_container=container))

    assert found == [(f"spec.containers[0].{field}", message) for field, message in problems]


@pytest.mark.parametrize(("restart", "is_wrong"), [(None, True), ("Always", False)])
def test_only_sidecars_among_init_containers_are_probed(fields: Verdicts, restart: Any, *, is_wrong: bool) -> None:
    """What ends by itself cannot be asked whether it still runs."""
    init = {
        "name": "i",
        "restartPolicy": restart,
        "readinessProbe": {"grpc": {}},
        "lifecycle": {"preStop": {"sleep": {}}},
    }
    flagged = ["spec.initContainers[0].readinessProbe", "spec.initContainers[0].lifecycle"]

    assert fields("invalid-probe", pod(initContainers=[init])) == flagged * is_wrong


@pytest.mark.parametrize(
    ("port", "numbers", "is_wrong"),
    [
        ("http", False, False),
        ("metrics", False, True),
        ("${PORT}", False, False),
        (8081, False, False),
        (8081, True, True),
        (8080, True, False),
        ("8081", False, False),
    ],
)
def test_a_probe_asks_at_a_port_that_is_there(fields: Verdicts, port: Any, *, numbers: bool, is_wrong: bool) -> None:
    """By name always; by number only where that is asked for."""
    container = {"ports": [{"name": "http", "containerPort": 8080}], "livenessProbe": {"tcpSocket": {"port": port}}}
    found = fields("probe-port", pod(of_container=container), numbers=numbers)

    assert found == ["spec.containers[0].livenessProbe.tcpSocket.port"] * is_wrong


def test_a_hook_asks_at_a_port_that_is_there(judge: Judge) -> None:
    """A lifecycle hook finds a port's name as a probe does."""
    assert judge("probe-port", pod(of_container={"lifecycle": {"preStop": {"httpGet": {"port": "stop"}}}})) == [
        (
            "spec.containers[0].lifecycle.preStop.httpGet.port",
            "the preStop of container a asks at port stop, which the container does not declare",
        )
    ]


@pytest.mark.parametrize(
    ("name", "is_wrong"),
    [
        ("web-2", False),
        ("a" * 63, False),
        ("a" * 64, True),
        ("Web", True),
        ("web_2", True),
        ("web.2", True),
        ("-web", True),
        ("web-", True),
        ("${NAME}", False),
    ],
)
def test_a_container_has_a_name_that_it_can_have(fields: Verdicts, name: str, *, is_wrong: bool) -> None:
    """A DNS label."""
    assert fields("container-name", pod(of_container={"name": name})) == ["spec.containers[0].name"] * is_wrong


def test_containers_of_all_lists_share_their_names(judge: Judge) -> None:
    """An init container cannot have the name of a container, nor can an ephemeral one."""
    assert judge(
        "container-name", pod(initContainers=[{"name": "a"}, {"name": "b"}], ephemeralContainers=[{"name": "a"}])
    ) == [
        ("spec.initContainers[0].name", "init container a has the name of another container of the pod"),
        ("spec.ephemeralContainers[0].name", "ephemeral container a has the name of another container of the pod"),
    ]


@pytest.mark.parametrize(
    ("name", "is_wrong"),
    [
        ("http", False),
        ("a23456789012345", False),
        ("a234567890123456", True),
        ("8080", True),
        ("Http", True),
        ("http_2", True),
        ("http--2", True),
        ("-http", True),
        ("http-", True),
        ("${NAME}", False),
        ("http\n", True),
    ],
)
def test_a_port_has_a_name_that_it_can_have(fields: Verdicts, name: str, *, is_wrong: bool) -> None:
    """Shorter than a Service's port may have."""
    found = fields("container-port-name", pod(of_container={"ports": [{"name": name, "containerPort": 80}]}))

    assert found == ["spec.containers[0].ports[0].name"] * is_wrong


@pytest.mark.parametrize(
    ("policy", "path", "is_wrong"),
    [
        ("container-socket-mount", "/var/run/docker.sock", True),
        ("container-socket-mount", "/run/containerd/containerd.sock", True),
        ("container-socket-mount", "/run/k3s/containerd/containerd.sock", True),
        ("container-socket-mount", "/var/run/crio/", True),
        ("container-socket-mount", "/var/log", False),
        ("container-socket-mount", "/srv/mydocker.socket", False),
        ("container-socket-mount", None, False),
        ("sensitive-host-mount", "/", True),
        ("sensitive-host-mount", "//etc/.", True),
        ("sensitive-host-mount", "/proc", True),
        ("sensitive-host-mount", "/proc/net", False),
        ("sensitive-host-mount", "/var/lib/kubelet/pods", True),
        ("sensitive-host-mount", "/var/lib/kubelet2", False),
        ("sensitive-host-mount", "/var/log", False),
    ],
)
def test_a_folder_of_the_node_is_known_by_its_path(fields: Verdicts, policy: str, path: Any, *, is_wrong: bool) -> None:
    """However it is written."""
    one = pod("DaemonSet", volumes=[{"name": "v", "hostPath": {"path": path}}])

    assert fields(policy, one) == ["spec.template.spec.volumes[0].hostPath.path"] * is_wrong


@pytest.mark.parametrize(
    ("volume", "mount", "is_wrong"),
    [
        ({"hostPath": {"path": "/srv"}}, {}, True),
        ({"hostPath": {"path": "/srv"}}, {"readOnly": False}, True),
        ({"hostPath": {"path": "/srv"}}, {"readOnly": True}, False),
        ({"hostPath": {"path": "/dev/sda", "type": "BlockDevice"}}, {}, False),
        ({"hostPath": {"path": "/run/x.sock", "type": "Socket"}}, {}, False),
        ({"emptyDir": {}}, {}, False),
    ],
)
def test_what_is_mounted_from_the_node_is_read_only(
    fields: Verdicts, volume: dict[str, Any], mount: dict[str, Any], *, is_wrong: bool
) -> None:
    """Except for what cannot be written to as a file."""
    one = pod(of_container={"volumeMounts": [{"name": "v", **mount}]}, volumes=[{"name": "v", **volume}])

    assert fields("writable-host-mount", one) == ["spec.containers[0].volumeMounts[0].readOnly"] * is_wrong


def test_long_running_containers_are_probed(fields: Verdicts) -> None:
    """Neither Jobs nor init containers, sidecars and ephemeral containers."""
    others: dict[str, Any] = {"initContainers": [{"name": "i"}], "ephemeralContainers": [{"name": "e"}]}

    for policy, key in (("readiness-probe", "readinessProbe"), ("liveness-probe", "livenessProbe")):
        assert fields(policy, pod("StatefulSet", **others)) == [f"spec.template.spec.containers[0].{key}"]
        assert fields(policy, pod("Job", **others)) == []
        assert fields(policy, pod("Deployment", of_container={key: {"exec": {}}})) == []
    assert fields("liveness-probe", pod()) == ["spec.containers[0].livenessProbe"]
    assert fields("liveness-probe", pod(restartPolicy="Never")) == []


@pytest.mark.parametrize(
    ("live", "ready", "is_wrong"),
    [
        ({}, {}, True),
        ({"failureThreshold": 4}, {}, False),
        ({"periodSeconds": 20}, {}, False),
        ({"failureThreshold": 4}, {"periodSeconds": 20}, True),
        ({"httpGet": {"path": "/other"}}, {}, False),
        ({"initialDelaySeconds": 60}, {}, True),
    ],
)
def test_a_liveness_probe_is_more_patient(
    fields: Verdicts, live: dict[str, Any], ready: dict[str, Any], *, is_wrong: bool
) -> None:
    """Than a readiness probe that asks the same."""
    same = {"httpGet": {"path": "/health"}}
    found = fields("identical-probes", pod(of_container={"livenessProbe": same | live, "readinessProbe": same | ready}))

    assert found == ["spec.containers[0].livenessProbe"] * is_wrong


@pytest.mark.parametrize(
    ("replicas", "spec", "is_wrong"),
    [
        (None, {}, False),
        (1, {}, False),
        (2, {}, True),
        (2, {"topologySpreadConstraints": [{"maxSkew": 1}]}, False),
        (2, {"affinity": {"podAntiAffinity": {"x": []}}}, False),
        (2, {"affinity": {"nodeAffinity": {"x": []}}, "topologySpreadConstraints": []}, True),
        ("${REPLICAS}", {}, False),
    ],
)
def test_replicas_are_kept_apart(fields: Verdicts, replicas: Any, spec: dict[str, Any], *, is_wrong: bool) -> None:
    """By either of the two means."""
    one = of_spec("StatefulSet", "apps/v1", replicas=replicas, template={"spec": spec})

    assert fields("anti-affinity", one) == ["spec.replicas"] * is_wrong


@pytest.mark.parametrize(
    ("spec", "scaler", "message"),
    [
        ({}, None, "Deployment x has only 1 replica"),
        ({"replicas": None}, None, "Deployment x has only 1 replica"),
        ({"replicas": 2}, None, None),
        ({"replicas": 0}, None, None),
        ({"replicas": "${REPLICAS}"}, None, None),
        ({"strategy": {"type": "Recreate"}}, None, None),
        ({}, {"kind": "Deployment", "name": "x"}, None),
        ({}, {"kind": "StatefulSet", "name": "x"}, "Deployment x has only 1 replica"),
        ({}, {"kind": "Deployment", "name": "y"}, "Deployment x has only 1 replica"),
    ],
)
def test_a_deployment_has_more_than_one_replica(
    judge: Judge, spec: dict[str, Any], scaler: Any, message: str | None
) -> None:
    """Unless an autoscaler says how many, or it must not run twice."""
    inventory = [of_spec("HorizontalPodAutoscaler", "autoscaling/v2", scaleTargetRef=scaler)] if scaler else []
    found = judge("single-replica", of_spec("Deployment", "apps/v1", **spec), inventory=inventory)

    assert found == ([] if message is None else [("spec.replicas", message)])


def test_what_scales_by_events_is_an_autoscaler_too(judge: Judge) -> None:
    """Its target's kind is a Deployment unless it says otherwise."""
    scaler = of_spec("ScaledObject", "keda.sh/v1alpha1", scaleTargetRef={"name": "x"})

    assert judge("single-replica", of_spec("Deployment", "apps/v1"), inventory=[scaler]) == []


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"serviceAccountName": "a"}, None),
        ({"serviceAccountName": "a", "serviceAccount": "a"}, None),
        ({"serviceAccount": "a"}, "the pods of Pod x name their account in serviceAccount, which is deprecated"),
        ({"serviceAccountName": "b", "serviceAccount": "a"}, "the pods of Pod x name two service accounts; b counts"),
    ],
)
def test_a_pod_names_its_account_once(judge: Judge, spec: dict[str, Any], message: str | None) -> None:
    """The old field is what is flagged."""
    found = judge("deprecated-service-account", pod(**spec))

    assert found == ([] if message is None else [("spec.serviceAccount", message)])


def test_a_secret_in_the_environment_is_named_by_its_variable(judge: Judge) -> None:
    """Never by its value or key."""
    container = {
        "env": [{"name": "A", "value": "x"}, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        "envFrom": [{"configMapRef": {"name": "c"}}, {"secretRef": {"name": "s"}}],
    }

    assert judge("secret-in-env", pod(of_container=container)) == [
        (
            "spec.containers[0].env[1].valueFrom.secretKeyRef",
            "environment variable B of container a comes from a Secret",
        ),
        ("spec.containers[0].envFrom[1].secretRef", "container a takes a whole Secret into its environment"),
    ]


@pytest.mark.parametrize(
    ("kind", "name", "is_wrong"),
    [("Service", "x", True), ("Service", "kubernetes", False), ("ServiceAccount", "default", False)],
)
def test_the_namespace_default_is_for_nothing_else(fields: Verdicts, kind: str, name: str, *, is_wrong: bool) -> None:
    """Than what the cluster itself has there."""
    one = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "default"}}

    assert fields("default-namespace", one) == ["metadata.namespace"] * is_wrong


@pytest.mark.parametrize(
    ("resources", "factor", "message"),
    [
        ({"requests": {"memory": "1Gi"}, "limits": {"memory": "1024Mi"}}, 1.0, None),
        (
            {"requests": {"memory": "512Mi"}, "limits": {"memory": "1Gi"}},
            1.0,
            "container a requests 512Mi of memory, but may use 1Gi",
        ),
        ({"requests": {"memory": "512Mi"}, "limits": {"memory": "1Gi"}}, 2.0, None),
        ({"limits": {"memory": "1Gi"}}, 1.0, None),
        ({"requests": {"memory": "${A}"}, "limits": {"memory": "1Gi"}}, 1.0, None),
    ],
)
def test_memory_is_requested_as_it_is_limited(
    judge: Judge, resources: dict[str, Any], factor: float, message: str | None
) -> None:
    """Up to the factor that is allowed."""
    found = judge("memory-overcommit", pod(of_container={"resources": resources}), factor=factor)

    assert found == ([] if message is None else [("spec.containers[0].resources.limits.memory", message)])


def test_a_range_is_judged_where_one_is_given(judge: Judge) -> None:
    """Each bound alone, for requests and limits, in whatever unit."""
    one = pod(of_container={"resources": {"requests": {"cpu": 500}, "limits": {"cpu": "2k", "memory": "512m"}}})

    assert judge("resource-range", one) == []
    assert judge("resource-range", one, most_cpu="1k", least_memory="16Mi") == [
        ("spec.containers[0].resources.limits.cpu", "cpu of 2k in the limits of container a is more than 1k"),
        ("spec.containers[0].resources.limits.memory", "memory of 512m in the limits of container a is less than 16Mi"),
    ]


@pytest.mark.parametrize(
    ("metadata", "is_wrong"),
    [
        ({"name": "x"}, True),
        ({"name": "x", "annotations": {"argocd.argoproj.io/hook": "PostSync"}}, False),
        ({"name": "x", "annotations": {"helm.sh/hook": "test"}}, False),
        ({"name": "x-${NOW}"}, False),
        ({"generateName": "x-"}, False),
    ],
)
def test_a_job_that_is_applied_again_stays(fields: Verdicts, metadata: dict[str, Any], *, is_wrong: bool) -> None:
    """A hook, or one that is made each time anew, may go."""
    one = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"ttlSecondsAfterFinished": 0}}

    assert fields("job-ttl", one) == ["spec.ttlSecondsAfterFinished"] * is_wrong


@pytest.mark.parametrize(
    ("deadline", "message"),
    [
        (None, "CronJob x does not say how late a run may still start"),
        (9, "CronJob x lets a run start only 9 seconds late, less than 10"),
        (10, None),
        ("${DEADLINE}", None),
    ],
)
def test_a_cron_job_has_a_deadline(judge: Judge, deadline: Any, message: str | None) -> None:
    """And one that the controller can keep."""
    found = judge("cron-job-deadline", of_spec("CronJob", "batch/v1", startingDeadlineSeconds=deadline))

    assert found == ([] if message is None else [("spec.startingDeadlineSeconds", message)])


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        (None, None),
        (3, None),
        (10, None),
        (0, "Deployment x keeps no old revision to go back to"),
        (11, "Deployment x keeps 11 old revisions, more than 10"),
    ],
)
def test_some_old_revisions_are_kept(judge: Judge, limit: Any, message: str | None) -> None:
    """Neither none nor heaps."""
    found = judge("revision-history-limit", of_spec("Deployment", "apps/v1", revisionHistoryLimit=limit))

    assert found == ([] if message is None else [("spec.revisionHistoryLimit", message)])


@pytest.mark.parametrize(
    ("of_pod", "is_wrong"),
    [
        ({}, True),
        ({"volumes": [{"name": "v", "emptyDir": {}}]}, True),
        ({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "v"}}]}, False),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/srv"}}]}, False),
        ({"hostNetwork": True}, False),
        ({"of_container": {"ports": [{"containerPort": 80, "hostPort": 80}]}}, False),
    ],
)
def test_an_update_is_no_outage(fields: Verdicts, of_pod: dict[str, Any], *, is_wrong: bool) -> None:
    """Unless the pods need what only one of them can have."""
    one = pod("Deployment", **of_pod)
    one["spec"]["strategy"] = {"type": "Recreate"}

    assert fields("recreate-strategy", one) == ["spec.strategy.type"] * is_wrong


@pytest.mark.parametrize(
    ("of_pod", "is_wrong"),
    [
        ({}, True),
        ({"serviceAccountName": "default"}, True),
        ({"serviceAccountName": "own"}, False),
        ({"serviceAccount": "own"}, False),
        ({"automountServiceAccountToken": False}, False),
        ({"automountServiceAccountToken": True}, True),
    ],
)
def test_the_default_account_gives_no_token(fields: Verdicts, of_pod: dict[str, Any], *, is_wrong: bool) -> None:
    """Whether it is named or not."""
    assert fields("service-account-token", pod(**of_pod)) == ["spec.automountServiceAccountToken"] * is_wrong


def test_the_account_itself_can_refuse_its_token(judge: Judge) -> None:
    """What the pod says counts more."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    refusing = {**account, "automountServiceAccountToken": False}

    assert judge("service-account-token", pod(), inventory=[refusing]) == []
    assert len(judge("service-account-token", pod(), inventory=[account])) == 1
    assert len(judge("service-account-token", pod(automountServiceAccountToken=True), inventory=[refusing])) == 1


def test_labels_are_asked_for_by_kind(judge: Judge) -> None:
    """Nothing is asked for until the config says what."""
    one = thing("Service")

    assert judge("required-labels", one) == []
    assert judge("required-labels", one, labels=("team",)) == []
    assert judge("required-labels", one, labels=("team",), kinds=("Service",)) == [
        ("metadata.labels.team", "the label team of Service x is missing")
    ]
    assert judge("required-annotations", one, annotations=("example.com/a",), kinds=("*",)) == [
        ('metadata.annotations["example.com/a"]', "the annotation example.com/a of Service x is missing")
    ]


@pytest.mark.parametrize(
    ("name", "service", "message"),
    [
        ("db", {"clusterIP": "None"}, None),
        ("db", {}, "Service db, which StatefulSet x takes its pods' names from, is not headless"),
        ("data", {}, "the tree has no Service data, which StatefulSet x takes its pods' names from"),
        (None, {}, "StatefulSet x names no Service, so its pods have no names of their own in DNS"),
        ("${NAME}", {}, None),
    ],
)
def test_a_stateful_set_has_a_headless_service(judge: Judge, name: Any, service: Any, message: str | None) -> None:
    """In the tree, by its name."""
    inventory = [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db"}, "spec": service}]
    found = judge("stateful-set-service", of_spec("StatefulSet", "apps/v1", serviceName=name), inventory=inventory)

    assert found == ([] if message is None else [("spec.serviceName", message)])


@pytest.mark.parametrize(
    ("metadata", "is_wrong"),
    [
        ({"name": "x"}, True),
        ({"name": "x", "annotations": {"helm.sh/hook": "test"}}, False),
        ({"name": "x", "ownerReferences": [{"kind": "Job"}]}, False),
    ],
)
def test_a_pod_has_a_controller(fields: Verdicts, metadata: dict[str, Any], *, is_wrong: bool) -> None:
    """Or is a hook, which is not to be started again."""
    one = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}

    assert fields("bare-pod", one) == ["metadata.name"] * is_wrong


@pytest.mark.parametrize(
    ("spec", "modes", "is_wrong"),
    [
        ({}, ["ReadWriteOnce"], True),
        ({}, ["ReadWriteOncePod"], True),
        ({}, ["ReadWriteOnce", "ReadWriteMany"], False),
        ({}, None, False),
        ({"strategy": {"type": "Recreate"}}, ["ReadWriteOnce"], False),
        ({"strategy": {"type": "Recreate"}, "replicas": 2}, ["ReadWriteOnce"], True),
        ({"strategy": {"rollingUpdate": {"maxSurge": 0}}}, ["ReadWriteOnce"], False),
    ],
)
def test_a_volume_for_one_node_is_not_needed_on_two(
    fields: Verdicts, spec: dict[str, Any], modes: Any, *, is_wrong: bool
) -> None:
    """By replicas, or during an update."""
    one = pod("Deployment", volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "v"}}])
    one["spec"].update(spec)
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "v"},
        "spec": {"accessModes": modes},
    }
    found = fields("single-writer-volume", one, inventory=[claim])

    assert found == ["spec.template.spec.volumes[0].persistentVolumeClaim.claimName"] * is_wrong


@pytest.mark.parametrize(
    ("policy", "of_pod", "field"),
    [
        ("termination-grace-period", {"terminationGracePeriodSeconds": 0}, "terminationGracePeriodSeconds"),
        ("termination-grace-period", {"terminationGracePeriodSeconds": 1}, None),
        ("termination-grace-period", {}, None),
        ("node-name", {"nodeName": "n"}, "nodeName"),
        ("node-name", {"nodeName": ""}, None),
        ("shared-process-namespace", {"shareProcessNamespace": True}, "shareProcessNamespace"),
        ("shared-process-namespace", {"shareProcessNamespace": False}, None),
        ("priority-class", {}, "priorityClassName"),
        ("priority-class", {"priorityClassName": "a"}, None),
        ("toleration-of-everything", {"tolerations": [{"operator": "Exists"}]}, "tolerations[0].operator"),
        ("toleration-of-everything", {"tolerations": [{"operator": "Exists", "key": "a"}]}, None),
        ("memory-volume-size", {"volumes": [{"emptyDir": {"medium": "Memory"}}]}, "volumes[0].emptyDir.sizeLimit"),
        ("memory-volume-size", {"volumes": [{"emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}]}, None),
        ("memory-volume-size", {"volumes": [{"emptyDir": {}}]}, None),
        ("unused-volume", {"volumes": [{"name": "v"}]}, "volumes[0].name"),
        ("unused-volume", {"volumes": [{"name": "v"}], "of_container": {"volumeMounts": [{"name": "v"}]}}, None),
        ("unused-volume", {"volumes": [{"name": "v"}], "of_container": {"volumeDevices": [{"name": "v"}]}}, None),
        ("ssh-port", {"of_container": {"ports": [{"containerPort": 22}]}}, "containers[0].ports[0].containerPort"),
        ("ssh-port", {"of_container": {"ports": [{"containerPort": 22, "protocol": "UDP"}]}}, None),
        ("ssh-port", {"of_container": {"ports": [{"containerPort": 2222}]}}, None),
        ("read-only-root-filesystem", {}, "containers[0].securityContext.readOnlyRootFilesystem"),
        ("read-only-root-filesystem", {"os": {"name": "windows"}}, None),
        ("linux-hardening", {}, "containers[0].securityContext"),
        ("linux-hardening", {"os": {"name": "windows"}}, None),
        ("linux-hardening", {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}, None),
        ("linux-hardening", {"securityContext": {"appArmorProfile": {"type": "Localhost"}}}, None),
        ("linux-hardening", {"securityContext": {"seLinuxOptions": {"level": "s0"}}}, None),
        ("linux-hardening", {"securityContext": {"seLinuxOptions": {}}}, "containers[0].securityContext"),
        ("ephemeral-storage-limit", {}, "containers[0].resources.limits.ephemeral-storage"),
    ],
)
def test_a_setting_of_a_pod_is_judged(fields: Verdicts, policy: str, of_pod: dict[str, Any], field: str | None) -> None:
    """At its own field, also where that is missing."""
    found = fields(policy, pod("StatefulSet", **of_pod))

    assert [one.replace('["ephemeral-storage"]', ".ephemeral-storage") for one in found] == (
        [] if field is None else [f"spec.template.spec.{field}"]
    )


def test_a_daemon_may_run_everywhere(fields: Verdicts) -> None:
    """It is what some of them are for."""
    assert fields("toleration-of-everything", pod("DaemonSet", tolerations=[{"operator": "Exists"}])) == []


@pytest.mark.parametrize("value", ["runtime/default", "localhost/own", "unconfined"])
def test_an_old_annotation_hardens_its_container(fields: Verdicts, value: str) -> None:
    """As it did before AppArmor had a field."""
    one = pod()
    one["metadata"]["annotations"] = {"container.apparmor.security.beta.kubernetes.io/a": value}

    assert fields("linux-hardening", one) == ["spec.containers[0].securityContext"] * (value == "unconfined")


@pytest.mark.parametrize(
    ("policy", "of_pod", "found_as", "message"),
    [
        (
            "dangling-config-map",
            {"of_container": {"envFrom": [{"configMapRef": {"name": "n"}}]}},
            {"apiVersion": "v1", "kind": "ConfigMap"},
            "the tree has no ConfigMap n, which Pod x needs",
        ),
        (
            "dangling-secret",
            {"volumes": [{"name": "v", "secret": {"secretName": "n"}}]},
            {"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret"},
            "the tree has no Secret n, which Pod x needs, nor what makes it",
        ),
        (
            "dangling-service-account",
            {"serviceAccountName": "n"},
            {"apiVersion": "v1", "kind": "ServiceAccount"},
            "the tree has no service account n, which Pod x runs as",
        ),
        (
            "dangling-volume-claim",
            {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "n"}}]},
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim"},
            "the tree has no claim n, which Pod x mounts",
        ),
    ],
)
def test_what_a_pod_needs_is_in_the_tree(
    judge: Judge, policy: str, of_pod: dict[str, Any], found_as: dict[str, Any], message: str
) -> None:
    """By name, in the same namespace; or it is said to be elsewhere."""
    one = pod(**of_pod)
    one["metadata"]["namespace"] = "shop"
    there = {**found_as, "metadata": {"name": "n", "namespace": "shop"}}
    other = {**found_as, "metadata": {"name": "n", "namespace": "other"}}

    assert [text for _, text in judge(policy, one)] == [message]
    assert [text for _, text in judge(policy, one, inventory=[other])] == [message]
    assert judge(policy, one, inventory=[there]) == []
    assert judge(policy, one, elsewhere=("n",)) == []


def test_an_external_secret_makes_the_secret_that_it_names(judge: Judge) -> None:
    """Its target's name, where it says one."""
    one = pod(of_container={"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "db"}}}]})
    external = of_spec("ExternalSecret", "external-secrets.io/v1", target={"name": "db"})

    assert judge("dangling-secret", one, inventory=[external]) == []
    assert len(judge("dangling-secret", one, inventory=[of_spec("ExternalSecret", "external-secrets.io/v1")])) == 1


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ({"value": "x"}, None),
        ({"value": "", "valueFrom": {"fieldRef": {}}}, None),
        ({"value": None, "valueFrom": {"fieldRef": {}, "secretKeyRef": None}}, None),
        (
            {"value": "x", "valueFrom": {"fieldRef": {}}},
            "environment variable A of container a has both a value and a source for it",
        ),
        ({"valueFrom": {}}, "environment variable A of container a has no sources in valueFrom; it needs one"),
        (
            {"valueFrom": {"fieldRef": {}, "secretKeyRef": {}}},
            "environment variable A of container a has 2 sources in valueFrom; it needs one",
        ),
    ],
)
def test_a_variable_has_one_value(judge: Judge, variable: dict[str, Any], message: str | None) -> None:
    """As the API server judges it."""
    found = judge("env-value-and-source", pod(of_container={"env": [{"name": "A", **variable}]}))

    assert found == ([] if message is None else [("spec.containers[0].env[0].valueFrom", message)])


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({"name": "v"}, None),
        ({"name": "v", "emptyDir": {}}, None),
        ({"name": "v", "emptyDir": None, "configMap": {}}, None),
        ({"name": "v", "emptyDir": {}, "configMap": {}}, "volume v is emptyDir and configMap at once"),
    ],
)
def test_a_volume_is_of_one_kind(judge: Judge, volume: dict[str, Any], message: str | None) -> None:
    """What is null is not there."""
    found = judge("volume-sources", pod(volumes=[volume]))

    assert found == ([] if message is None else [("spec.volumes[0].name", message)])


@pytest.mark.parametrize(
    ("of_pod", "own", "field"),
    [
        ({"runAsNonRoot": True}, {"runAsUser": 0}, "containers[0].securityContext.runAsUser"),
        ({"runAsUser": 0}, {"runAsNonRoot": True}, "securityContext.runAsUser"),
        ({"runAsUser": 0, "runAsNonRoot": True}, {"runAsNonRoot": False}, None),
        ({"runAsUser": 0, "runAsNonRoot": True}, {"runAsUser": 1}, None),
        ({"runAsNonRoot": True}, {}, None),
        ({"runAsUser": 0}, {}, None),
    ],
)
def test_who_must_not_be_root_is_not(
    fields: Verdicts, of_pod: dict[str, Any], own: dict[str, Any], field: str | None
) -> None:
    """Each setting is the container's own, else its pod's."""
    found = fields("contradictory-user", pod(of_container={"securityContext": own}, securityContext=of_pod))

    assert found == ([] if field is None else [f"spec.{field}"])


@pytest.mark.parametrize(
    ("context", "is_wrong"),
    [
        ({"allowPrivilegeEscalation": False, "privileged": True}, True),
        ({"allowPrivilegeEscalation": False, "capabilities": {"add": ["SYS_ADMIN"]}}, False),
        ({"allowPrivilegeEscalation": False, "capabilities": {"add": ["CAP_SYS_ADMIN"]}}, True),
        ({"allowPrivilegeEscalation": False, "capabilities": {"add": ["NET_ADMIN"]}}, False),
        ({"allowPrivilegeEscalation": False}, False),
        ({"privileged": True}, False),
    ],
)
def test_privileges_are_forbidden_or_given(fields: Verdicts, context: dict[str, Any], *, is_wrong: bool) -> None:
    """Not both."""
    found = fields("contradictory-privileges", pod(of_container={"securityContext": context}))

    assert found == ["spec.containers[0].securityContext.allowPrivilegeEscalation"] * is_wrong


@pytest.mark.parametrize(
    ("toleration", "field"),
    [
        ({"key": "a", "value": "b"}, None),
        ({"operator": "Exists"}, None),
        ({"key": "a", "operator": "Exists", "value": ""}, None),
        ({"key": "a", "operator": "Exists", "value": "b"}, "value"),
        ({"value": "b"}, "key"),
        ({"operator": "Equal", "effect": "NoSchedule"}, "key"),
        ({"key": "a", "tolerationSeconds": 1, "effect": "NoExecute"}, None),
        ({"key": "a", "tolerationSeconds": 1}, "tolerationSeconds"),
        ({"key": "${KEY}", "operator": "${OPERATOR}", "value": "b"}, None),
        ({"key": "a", "operator": "Gt", "value": "3"}, None),
    ],
)
def test_a_toleration_can_be_read(fields: Verdicts, toleration: dict[str, Any], field: str | None) -> None:
    """As the API server reads it."""
    found = fields("invalid-toleration", pod(tolerations=[toleration]))

    assert found == ([] if field is None else [f"spec.tolerations[0].{field}"])


@pytest.mark.parametrize(
    ("of_pod", "own", "messages"),
    [
        ({"runAsUser": 20000, "runAsGroup": 20000}, {}, []),
        ({"runAsUser": 20000}, {"runAsGroup": 10000}, []),
        ({"runAsUser": 20000}, {"runAsGroup": 9999}, ["container a runs as group 9999, which is below 10000"]),
        (
            {},
            {"runAsUser": 0},
            [
                "container a runs as user 0, which is below 10000",
                "container a leaves it to its image which group it runs as",
            ],
        ),
    ],
)
def test_users_are_nobody_on_the_node(
    judge: Judge, of_pod: dict[str, Any], own: dict[str, Any], messages: list[str]
) -> None:
    """Nor are groups."""
    one = pod(of_container={"securityContext": own}, securityContext=of_pod)

    assert [message for _, message in judge("low-user-id", one)] == messages
    one["spec"]["hostUsers"] = False
    assert judge("low-user-id", one) == []


def test_a_low_port_may_need_privileges(judge: Judge) -> None:
    """Below 1024."""
    ports = [{"containerPort": number} for number in (1023, 1024, 0, "80")]

    assert judge("privileged-port", pod(of_container={"ports": ports})) == [
        ("spec.containers[0].ports[0].containerPort", "container a listens on port 1023, which may need privileges")
    ]


def test_dns_options_are_asked_for_by_name(judge: Judge) -> None:
    """Nothing is asked for until the config says what."""
    one = pod(dnsConfig={"options": [{"name": "ndots", "value": "5"}, {"name": "single-request-reopen"}, None]})

    assert judge("dns-config-options", one) == []
    assert judge("dns-config-options", one, options=("ndots", "single-request-reopen")) == []
    assert judge("dns-config-options", one, options=("ndots=[12]", "edns0")) == [
        ("spec.dnsConfig.options", "the DNS option ndots of Pod x is 5, which does not match [12]"),
        ("spec.dnsConfig.options", "the DNS option edns0 of Pod x is missing"),
    ]


@pytest.mark.parametrize(
    ("spec", "version", "is_wrong"),
    [
        ({}, "", True),
        ({}, "1.27", True),
        ({}, "1.26", False),
        ({"unhealthyPodEvictionPolicy": "IfHealthyBudget"}, "", True),
        ({"unhealthyPodEvictionPolicy": "AlwaysAllow"}, "", False),
    ],
)
def test_a_budget_lets_broken_pods_go(fields: Verdicts, spec: dict[str, Any], version: str, *, is_wrong: bool) -> None:
    """Where the cluster knows of it."""
    found = fields("disruption-budget-unhealthy", of_spec("PodDisruptionBudget", "policy/v1", **spec), version=version)

    assert found == ["spec.unhealthyPodEvictionPolicy"] * is_wrong


@pytest.mark.parametrize(
    ("container", "field", "message"),
    [
        (
            {"livenessProbe": {"exec": {"command": []}}},
            "livenessProbe.exec.command",
            "the livenessProbe of container a has no command to run",
        ),
        (
            {"startupProbe": {"grpc": {}, "periodSeconds": -1}},
            "startupProbe.periodSeconds",
            "the periodSeconds of the startupProbe of container a is negative",
        ),
        (
            {"lifecycle": {"preStop": {}}},
            "lifecycle.preStop",
            "the preStop of container a has nothing to do; it needs one thing to do",
        ),
        (
            {"lifecycle": {"postStart": {"exec": {}, "httpGet": {}}}},
            "lifecycle.postStart",
            "the postStart of container a has exec and httpGet; it needs one thing to do",
        ),
    ],
)
def test_a_probe_or_hook_has_something_to_do(judge: Judge, container: dict[str, Any], field: str, message: str) -> None:
    """As the API server judges it."""
    assert judge("invalid-probe", pod(of_container=container)) == [(f"spec.containers[0].{field}", message)]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"configMapRef": {"name": "c"}}, None),
        ({"prefix": "A_", "secretRef": {"name": "c"}}, None),
        ({"prefix": "A_"}, "an entry of envFrom of container a has no source"),
        ({"configMapRef": {}, "secretRef": {}}, "an entry of envFrom of container a has both a ConfigMap and a Secret"),
    ],
)
def test_variables_come_from_one_place(judge: Judge, source: dict[str, Any], message: str | None) -> None:
    """Those of a whole ConfigMap or Secret too."""
    found = judge("env-value-and-source", pod(of_container={"envFrom": [source]}))

    assert found == ([] if message is None else [("spec.containers[0].envFrom[0]", message)])


def test_a_part_of_a_projected_volume_is_of_one_kind(judge: Judge) -> None:
    """Of several parts, each has one."""
    sources: list[dict[str, Any]] = [{"secret": {}}, {"configMap": {}}, {"secret": {}, "configMap": {}}]

    assert judge("volume-sources", pod(volumes=[{"name": "v", "projected": {"sources": sources}}])) == [
        ("spec.volumes[0].projected.sources[2]", "an entry of the volume v is secret and configMap at once")
    ]


def test_a_rolling_update_can_miss_all_pods_and_no_more(judge: Judge) -> None:
    """A percentage above a hundred is refused; a surge may be as large as it likes."""
    rolling = {"maxSurge": "200%", "maxUnavailable": "101%"}

    assert judge("update-strategy", of_spec("Deployment", "apps/v1", strategy={"rollingUpdate": rolling})) == [
        (
            "spec.strategy.rollingUpdate.maxUnavailable",
            "Deployment x lets more than all of its pods be missing during an update",
        )
    ]
    rolling["maxUnavailable"] = "100%"
    assert judge("update-strategy", of_spec("Deployment", "apps/v1", strategy={"rollingUpdate": rolling})) == []


@pytest.mark.parametrize(
    ("volume", "field", "message"),
    [
        ({"configMap": {"defaultMode": 0o777}}, None, None),
        (
            {"configMap": {"defaultMode": 512}},
            "configMap.defaultMode",
            "a file cannot have the mode 512, which is 01000",
        ),
        ({"secret": {"defaultMode": -1}}, "secret.defaultMode", "a file cannot have the mode -1"),
        ({"secret": {"items": [{"mode": 0o400}]}}, None, None),
        (
            {"downwardAPI": {"items": [{"mode": 755}]}},
            "downwardAPI.items[0].mode",
            "a file cannot have the mode 755, which is 01363",
        ),
        (
            {"projected": {"sources": [{"secret": {"items": [{"mode": 644}]}}]}},
            "projected.sources[0].secret.items[0].mode",
            "a file cannot have the mode 644, which is 01204",
        ),
        ({"configMap": {"defaultMode": "0755"}}, None, None),
    ],
)
def test_a_mode_is_one_that_files_have(
    judge: Judge, volume: dict[str, Any], field: str | None, message: str | None
) -> None:
    """Octal digits without the 0 in front are a decimal number."""
    found = judge("volume-file-mode", pod(volumes=[{"name": "v", **volume}]))

    assert found == ([] if field is None else [(f"spec.volumes[0].{field}", message)])


@pytest.mark.parametrize(
    ("name", "amount", "message"),
    [
        ("cpu", "100m", None),
        ("memory", 1024, None),
        ("hugepages-1Gi", "1Gi", None),
        ("nvidia.com/gpu", "1", None),
        ("requests.nvidia.com/gpu", 1, None),
        ("${RESOURCE}", 1, None),
        ("mem", "1Gi", "the limits of container a name mem, which is no resource of a container"),
        ("CPU", 1, "the limits of container a name CPU, which is no resource of a container"),
        ("storage", "1Gi", "the limits of container a name storage, which is no resource of a container"),
        ("memory", "-1Gi", "the limits of container a hold a negative amount of memory"),
        ("cpu", -1, "the limits of container a hold a negative amount of cpu"),
        (
            "nvidia.com/gpu",
            0.5,
            "the limits of container a hold part of one nvidia.com/gpu, and these come whole",
        ),
    ],
)
def test_a_resource_is_one_that_there_is(judge: Judge, name: str, amount: Any, message: str | None) -> None:
    """In an amount that there is."""
    found = judge("invalid-resource", pod(of_container={"resources": {"limits": {name: amount}}}))

    assert [text for _, text in found] == ([] if message is None else [message])


@pytest.mark.parametrize(
    ("operator", "values", "message"),
    [
        ("In", ["a"], None),
        ("Exists", None, None),
        ("Exists", [], None),
        ("Gt", ["3"], None),
        ("${OPERATOR}", [], None),
        (None, [], None),
        ("NotIn", [], "the expression on k has no values, which NotIn needs"),
        ("DoesNotExist", ["a"], "the expression on k has values, which DoesNotExist does not look at"),
        ("Lt", ["1", "2"], "the expression on k has 2 values, and Lt needs one"),
        ("in", ["a"], "the expression on k has the operator in, which there is not"),
    ],
)
def test_an_expression_has_the_values_that_its_operator_needs(
    judge: Judge, operator: Any, values: Any, message: str | None
) -> None:
    """In affinities, spreading and selectors."""
    expression = {"key": "k", "operator": operator, "values": values}
    term = {"matchExpressions": [expression]}
    spread = [{"maxSkew": 1, "labelSelector": term}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    one = pod("Deployment", affinity={"nodeAffinity": required}, topologySpreadConstraints=spread)
    one["spec"]["selector"] = term
    place = "nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]"
    found = judge("invalid-scheduling-constraint", one)

    assert found == [
        (f"{where}.operator", message)
        for where in (
            f"spec.template.spec.affinity.{place}",
            "spec.template.spec.topologySpreadConstraints[0].labelSelector.matchExpressions[0]",
            "spec.selector.matchExpressions[0]",
        )
        if message is not None
    ]


def test_weights_and_skews_have_bounds(judge: Judge) -> None:
    """A weight from 1 to 100, a skew from 1 on."""
    terms: list[dict[str, Any]] = [
        {"weight": weight, "podAffinityTerm": {}} for weight in (0, 1, 100, 101, "${WEIGHT}")
    ]
    affinity = {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": terms}}
    place = "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution"

    assert judge(
        "invalid-scheduling-constraint", pod(affinity=affinity, topologySpreadConstraints=[{"maxSkew": 0}])
    ) == [
        (f"{place}[0].weight", "a weight of 0 is not from 1 to 100"),
        (f"{place}[3].weight", "a weight of 101 is not from 1 to 100"),
        ("spec.topologySpreadConstraints[0].maxSkew", "a maxSkew of 0 is not from 1 on"),
    ]


@pytest.mark.parametrize(
    ("of_pod", "field", "message"),
    [
        ({"of_container": {"livenessProbe": {"httpGet": {"scheme": "HTTPS"}}}}, None, None),
        ({"of_container": {"livenessProbe": {"httpGet": {"scheme": "${SCHEME}"}}}}, None, None),
        (
            {"of_container": {"livenessProbe": {"httpGet": {"scheme": "https"}}}},
            "containers[0].livenessProbe.httpGet.scheme",
            "https is no scheme; there are HTTP, HTTPS",
        ),
        (
            {"of_container": {"lifecycle": {"preStop": {"httpGet": {"scheme": "http"}}}}},
            "containers[0].lifecycle.preStop.httpGet.scheme",
            "http is no scheme; there are HTTP, HTTPS",
        ),
        (
            {"of_container": {"terminationMessagePolicy": "file"}},
            "containers[0].terminationMessagePolicy",
            "file is no terminationMessagePolicy; there are File, FallbackToLogsOnError",
        ),
        (
            {"of_container": {"securityContext": {"procMount": "unmasked"}}},
            "containers[0].securityContext.procMount",
            "unmasked is no procMount; there are Default, Unmasked",
        ),
        (
            {"preemptionPolicy": "never"},
            "preemptionPolicy",
            "never is no preemptionPolicy; there are PreemptLowerPriority, Never",
        ),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/a", "type": ""}}]}, None, None),
        (
            {"volumes": [{"name": "v", "hostPath": {"path": "/a", "type": "socket"}}]},
            "volumes[0].hostPath.type",
            (
                "socket is no type; there are BlockDevice, CharDevice, Directory, DirectoryOrCreate, File, "
                "FileOrCreate, Socket"
            ),
        ),
    ],
)
def test_a_choice_is_one_of_its_words(
    judge: Judge, of_pod: dict[str, Any], field: str | None, message: str | None
) -> None:
    """Upper and lower case count."""
    found = judge("unknown-choice", pod(**of_pod))

    assert found == ([] if field is None else [(f"spec.{field}", message)])


@pytest.mark.parametrize(
    ("mount", "fields_found"),
    [
        ({"subPath": "a/b"}, []),
        ({"subPath": "a/..b"}, []),
        ({"subPath": "/a"}, ["subPath"]),
        ({"subPath": "a/../b"}, ["subPath"]),
        ({"subPathExpr": "/$(NAME)"}, ["subPathExpr"]),
        ({"subPath": "a", "subPathExpr": "b"}, ["subPathExpr"]),
        ({"subPath": 7}, []),
    ],
)
def test_a_part_of_a_volume_is_inside_of_it(fields: Verdicts, mount: dict[str, Any], fields_found: list[str]) -> None:
    """Relative, without a way up."""
    found = fields("invalid-sub-path", pod(of_container={"volumeMounts": [{"name": "v", **mount}]}))

    assert found == [f"spec.containers[0].volumeMounts[0].{key}" for key in fields_found]


@pytest.mark.parametrize(
    ("name", "is_wrong"),
    [("web-1", False), ("a.b", True), ("A", True), ("-a", True), ("a" * 64, True), ("${A}", False)],
)
def test_a_volume_has_a_name_that_it_can_have(fields: Verdicts, name: str, *, is_wrong: bool) -> None:
    """A DNS label, so no dots."""
    assert fields("volume-name", pod(volumes=[{"name": name}])) == ["spec.volumes[0].name"] * is_wrong


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("A", None),
        ("a.b-c", None),
        ("1 b", None),
        ("${A}", None),
        ("", "an empty text is no name that an environment variable of container a can have"),
        ("A=1", "'A=1' is no name that an environment variable of container a can have"),
        ("\u00c4", r"'\xc4' is no name that an environment variable of container a can have"),
        ("A\n", r"'A\n' is no name that an environment variable of container a can have"),
    ],
)
def test_a_variable_has_a_name_that_it_can_have(judge: Judge, name: str, message: str | None) -> None:
    """Printable characters without an equals sign."""
    found = judge("invalid-env-name", pod(of_container={"env": [{"name": name}]}))

    assert found == ([] if message is None else [("spec.containers[0].env[0].name", message)])


@pytest.mark.parametrize(
    ("of_pod", "field", "message"),
    [
        ({"dnsPolicy": "None"}, "dnsPolicy", "the pods of Deployment x have no DNS policy and no nameserver"),
        ({"dnsPolicy": "None", "dnsConfig": {"nameservers": ["192.0.2.1"]}}, None, None),
        ({"dnsPolicy": "Default"}, None, None),
        (
            {"activeDeadlineSeconds": 9},
            "activeDeadlineSeconds",
            "the pods of Deployment x have a deadline, and they are to run until they are replaced",
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "Localhost"}}},
            "securityContext.seccompProfile.localhostProfile",
            "the seccompProfile of the pod does not say which file",
        ),
        (
            {
                "of_container": {
                    "securityContext": {"appArmorProfile": {"type": "RuntimeDefault", "localhostProfile": "a"}}
                }
            },
            "containers[0].securityContext.appArmorProfile.localhostProfile",
            "the appArmorProfile of container a names a file, and is not of the type Localhost",
        ),
        ({"securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": "a"}}}, None, None),
        ({"securityContext": {"fsGroup": -1}}, "securityContext.fsGroup", "the fsGroup of the pod is negative"),
        (
            {"of_container": {"securityContext": {"runAsUser": -1}}},
            "containers[0].securityContext.runAsUser",
            "the runAsUser of container a is negative",
        ),
        ({"of_container": {"lifecycle": {"preStop": {"sleep": {"seconds": 30}}}}}, None, None),
        (
            {"of_container": {"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}}},
            "containers[0].lifecycle.preStop.sleep.seconds",
            "the preStop of container a sleeps for 31 of the 30 seconds to end",
        ),
        (
            {
                "of_container": {"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}},
                "terminationGracePeriodSeconds": 31,
            },
            None,
            None,
        ),
    ],
)
def test_settings_that_belong_together_are_there_together(
    judge: Judge, of_pod: dict[str, Any], field: str | None, message: str | None
) -> None:
    """As the API server judges it."""
    found = judge("invalid-pod-setting", pod("Deployment", **of_pod))

    assert found == ([] if field is None else [(f"spec.template.spec.{field}", message)])


def test_a_job_may_have_a_deadline(judge: Judge) -> None:
    """Its pods are to end."""
    assert judge("invalid-pod-setting", pod("Job", activeDeadlineSeconds=9)) == []
