"""Verdicts on where pods run and what they bring along: nodes, storage, registries, terminals, packets."""

from __future__ import annotations

from typing import Any

import pytest

from gategit.checks.policy.load import PolicySet
from gategit.checks.policy.run import Runner
from gategit.checks.policy.subjects import Subject
from gategit.model import Level
from tests.policies.conftest import POD_PLACES, Judge, manifest, thing, workload

RULES = (
    "control-plane-toleration",
    "frozen-registry",
    "interactive-container",
    "mesh-injection-disabled",
    "net-raw-capability",
    "storage-class",
    "sysctl-injection",
)


@pytest.mark.parametrize(
    ("value", "is_found"),
    [
        ("1+kernel.core_pattern=x", True),
        ("1 kernel.core_pattern=x", True),
        ("1024 65535", False),
        ("4096 87380 6291456", False),
        (1, False),
    ],
)
def test_sysctl_injection(judge: Judge, value: Any, *, is_found: bool) -> None:
    """Numbers and lists of numbers are what a sysctl holds."""
    pod = {"securityContext": {"sysctls": [{"name": "kernel.shm_rmid_forced", "value": value}]}}
    message = "the value of the sysctl kernel.shm_rmid_forced sets another one too"

    found = judge("sysctl-injection", workload(pod))

    assert found == ([("spec.securityContext.sysctls[0].value", message)] if is_found else [])


@pytest.mark.parametrize(
    ("dropped", "is_found"),
    [
        (["ALL"], False),
        (["NET_RAW"], False),
        (["cap_net_raw"], False),
        (["SETUID", "all"], False),
        (["SETUID"], True),
        ([], True),
        (None, True),
        ("ALL", True),
        ([7], True),
    ],
)
def test_net_raw_capability(judge: Judge, dropped: Any, *, is_found: bool) -> None:
    """Runtimes read the names in either case, with and without their prefix."""
    container = {"name": "a", "securityContext": {"capabilities": {"drop": dropped}}}

    found = judge("net-raw-capability", workload({"containers": [container]}))

    assert found == (
        [("spec.containers[0].securityContext.capabilities.drop", "container a keeps the capability NET_RAW")]
        if is_found
        else []
    )
    assert judge("net-raw-capability", workload({"containers": [container], "os": {"name": "windows"}})) == []


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("k8s.gcr.io/pause:3.5", "k8s.gcr.io"),
        ("gcr.io/google_containers/pause:3.5", "gcr.io/google_containers"),
        ("gcr.io/google-containers/pause@sha256:" + "0" * 64, "gcr.io/google-containers"),
        ("registry.k8s.io/pause:3.10", None),
        ("gcr.io/distroless/static:nonroot", None),
        ("mirror.example.com/k8s.gcr.io/pause:3.5", None),
        ("k8s.gcr.io", None),
    ],
)
def test_frozen_registry(judge: Judge, image: str, registry: str | None) -> None:
    """A mirror of the old registry is the mirror's business."""
    found = judge("frozen-registry", workload({"initContainers": [{"name": "a", "image": image}]}))

    message = f"the image of init container a comes from {registry}, which is now registry.k8s.io"
    assert found == ([("spec.initContainers[0].image", message)] if registry else [])


@pytest.mark.parametrize(
    ("kind", "key", "is_found"),
    [
        ("Deployment", "node-role.kubernetes.io/control-plane", True),
        ("CronJob", "node-role.kubernetes.io/master", True),
        ("DaemonSet", "node-role.kubernetes.io/control-plane", False),
        ("Deployment", "example.com/batch", False),
        ("Deployment", None, False),
    ],
)
def test_control_plane_toleration(judge: Judge, kind: str, key: Any, *, is_found: bool) -> None:
    """A DaemonSet is meant for every node."""
    found = judge("control-plane-toleration", workload({"tolerations": [{"key": key, "operator": "Exists"}]}, kind))

    assert bool(found) is is_found


def test_interactive_container(judge: Judge) -> None:
    """A container for looking around may be typed in."""
    container = {"name": "a", "stdin": True, "tty": True}

    found = judge("interactive-container", workload({"containers": [container], "ephemeralContainers": [container]}))

    assert found == [
        ("spec.containers[0].stdin", "container a waits for somebody to type (stdin is true)"),
        ("spec.containers[0].tty", "container a waits for somebody to type (tty is true)"),
    ]


@pytest.mark.parametrize(
    ("spec", "is_found"),
    [
        ({}, True),
        ({"storageClassName": None}, True),
        ({"storageClassName": ""}, False),
        ({"storageClassName": "fast"}, False),
        ({"volumeName": "data"}, False),
    ],
)
def test_storage_class(judge: Judge, spec: Any, *, is_found: bool) -> None:
    """No class at all (an empty name) is an answer; a claim for one volume needs none."""
    claim = thing("PersistentVolumeClaim", spec=spec)
    templates = [{"metadata": {"name": "data"}, "spec": spec}, None]
    stateful = thing("StatefulSet", "apps/v1", spec={"volumeClaimTemplates": templates[:1]})

    assert judge("storage-class", claim) == (
        [("spec.storageClassName", "PersistentVolumeClaim x names no storage class")] if is_found else []
    )
    assert judge("storage-class", stateful) == (
        [("spec.volumeClaimTemplates[0].spec.storageClassName", "the claim template data names no storage class")]
        if is_found
        else []
    )


@pytest.mark.parametrize("plural", ["labels", "annotations"])
@pytest.mark.parametrize("kind", ["Pod", "Deployment", "CronJob"])
def test_what_is_required_of_pods(judge: Judge, plural: str, kind: str) -> None:
    """What the workload itself is marked with does not count then."""
    one = workload({}, kind)
    if kind != "Pod":
        one["metadata"][plural] = {"team": "shop"}
    parameters = {plural: ("team",), "of_pods": True}
    above = POD_PLACES[kind][1].removesuffix("spec") + "metadata"

    assert [path for path, _ in judge(f"required-{plural}", one, **parameters)] == [f"{above}.{plural}.team"]

    template = one
    for key in above.split(".")[:-1]:
        template = template[key]
    template["metadata"] = {"name": "x", plural: {"team": "shop"}}
    assert judge(f"required-{plural}", one, **parameters) == []


@pytest.mark.parametrize("odd", [None, [], "text", 7, True, {}, [None, 7, {}, "x"]])
def test_data_of_a_wrong_shape_crashes_nothing(runner: Runner, odd: Any) -> None:
    """Wherever it stands."""
    container = {"name": odd, "image": odd, "stdin": odd, "securityContext": {"capabilities": odd}}
    pods = [odd, {"containers": [container], "tolerations": odd, "securityContext": {"sysctls": odd}}]
    objects = [workload(pod, "StatefulSet") for pod in pods]
    objects += [thing("PersistentVolumeClaim", spec=odd), thing("PersistentVolumeClaim", metadata=odd)]
    objects += [thing("StatefulSet", "apps/v1", spec={"volumeClaimTemplates": odd})]

    outcome = runner.run(
        PolicySet(runner.policies(), dict.fromkeys(RULES, Level.ERROR)),
        [Subject(None, manifest(one)) for one in objects],
    )

    assert outcome.crashes == ()
