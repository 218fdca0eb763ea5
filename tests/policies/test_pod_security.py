"""The Pod Security Standards: which settings each control lets through, in which version of Kubernetes."""

from __future__ import annotations

from typing import Any

import pytest

from gategit.checks.policy.builtin import BUILTIN
from gategit.checks.policy.load import PolicySet
from gategit.checks.policy.run import Runner
from gategit.checks.policy.subjects import Subject
from gategit.model import Level
from tests.policies.conftest import POD_PLACES, Judge, manifest, thing, workload

FAMILY = [entry.rpartition("/")[2].replace("_", "-") for entry in BUILTIN if entry.startswith("pod_security/")]
ROLES = ("initContainers", "containers", "ephemeralContainers")


def pod(*, of_container: Any = None, **fields: Any) -> dict[str, Any]:
    """A pod's specification with one container; keywords are fields of the pod."""
    container = {"name": "a"} if of_container is None else {"name": "a", "securityContext": of_container}
    return {"containers": [container], **fields}


CONTAINER_SETTINGS = [
    ("added-capabilities", {"capabilities": {"add": ["KILL", "SYS_ADMIN"]}}, "capabilities.add[1]"),
    ("allow-privilege-escalation", {"allowPrivilegeEscalation": True}, "allowPrivilegeEscalation"),
    ("apparmor-profile", {"appArmorProfile": {"type": "Unconfined"}}, "appArmorProfile.type"),
    ("drop-all-capabilities", {"capabilities": {"drop": ["NET_RAW"]}}, "capabilities.drop"),
    ("host-process", {"windowsOptions": {"hostProcess": True}}, "windowsOptions.hostProcess"),
    ("privileged-container", {"privileged": True}, "privileged"),
    ("proc-mount", {"procMount": "Unmasked"}, "procMount"),
    ("restricted-capabilities", {"capabilities": {"add": ["KILL", "SYS_ADMIN"]}}, "capabilities.add[0]"),
    ("run-as-non-root", {"runAsNonRoot": False}, "runAsNonRoot"),
    ("run-as-root-user", {"runAsUser": 0}, "runAsUser"),
    ("seccomp-profile", {}, "seccompProfile.type"),
    ("seccomp-unconfined", {"seccompProfile": {"type": "Unconfined"}}, "seccompProfile.type"),
    ("selinux-options", {"seLinuxOptions": {"role": "sysadm_r"}}, "seLinuxOptions.role"),
]


@pytest.mark.parametrize("kind", POD_PLACES)
@pytest.mark.parametrize(("rule", "context", "place"), CONTAINER_SETTINGS)
def test_a_setting_is_seen_in_every_container(
    judge: Judge, rule: str, context: dict[str, Any], place: str, kind: str
) -> None:
    """Of every role, in every kind of workload, on the field itself."""
    containers = {role: [{"name": role, "securityContext": context}] for role in ROLES}
    above = POD_PLACES[kind][1]

    found = judge(rule, workload(containers, kind))

    assert [path for path, _ in found] == [f"{above}.{role}[0].securityContext.{place}" for role in ROLES]


@pytest.mark.parametrize(
    ("rule", "context", "message"),
    [
        ("apparmor-profile", {"appArmorProfile": {"type": "Unconfined"}}, "has the AppArmor profile Unconfined"),
        (
            "host-process",
            {"windowsOptions": {"hostProcess": True}},
            "runs as a process of its node (hostProcess is true)",
        ),
        ("run-as-non-root", {"runAsNonRoot": False}, "may run as root (runAsNonRoot is false)"),
        ("run-as-root-user", {"runAsUser": 0}, "runs as root (runAsUser is 0)"),
        ("seccomp-unconfined", {"seccompProfile": {"type": "Unconfined"}}, "has the seccomp profile Unconfined"),
        ("selinux-options", {"seLinuxOptions": {"type": "spc_t"}}, "sets the SELinux type spc_t"),
    ],
)
def test_a_setting_of_the_pod_is_one_finding(judge: Judge, rule: str, context: Any, message: str) -> None:
    """It stands where the pod sets it, and is not said again of each container."""
    assert [said for _, said in judge(rule, workload(pod(securityContext=context)))] == [f"the pod {message}"]


@pytest.mark.parametrize(
    ("rule", "context"),
    [
        ("allow-privilege-escalation", {"allowPrivilegeEscalation": False}),
        ("drop-all-capabilities", {"capabilities": {"drop": ["NET_RAW", "ALL"]}}),
        ("run-as-non-root", {"runAsNonRoot": True}),
        ("run-as-root-user", {"runAsUser": 1}),
        ("run-as-root-user", {"runAsUser": False}),
        ("seccomp-profile", {"seccompProfile": {"type": "Localhost"}}),
        ("seccomp-unconfined", {"seccompProfile": {"type": "Localhost"}}),
        ("selinux-options", {"seLinuxOptions": {"level": "s0", "user": "", "role": "", "type": ""}}),
        ("proc-mount", {"procMount": "Default"}),
        ("added-capabilities", {"capabilities": {"add": ["NET_BIND_SERVICE", "KILL"]}}),
        ("restricted-capabilities", {"capabilities": {"add": ["NET_BIND_SERVICE", "SYS_ADMIN"]}}),
    ],
)
def test_a_setting_that_is_right_passes(judge: Judge, rule: str, context: dict[str, Any]) -> None:
    """What the standard allows, and what another rule judges."""
    assert judge(rule, workload(pod(of_container=context))) == []


WINDOWS = {"os": {"name": "windows"}}
OWN_USERS = {"hostUsers": False}
VERSIONS: list[tuple[str, dict[str, Any], str]] = [
    ("allow-privilege-escalation", pod(), "1.8"),
    ("drop-all-capabilities", pod(), "1.22"),
    ("host-probe", {"containers": [{"name": "a", "readinessProbe": {"tcpSocket": {"host": "b"}}}]}, "1.34"),
    ("proc-mount-in-user-namespace", pod(of_container={"procMount": "Unmasked"}, **OWN_USERS), "1.35"),
    ("restricted-capabilities", pod(of_container={"capabilities": {"add": ["KILL"]}}), "1.22"),
    ("run-as-root-user", pod(of_container={"runAsUser": 0}), "1.23"),
    ("seccomp-profile", pod(), "1.19"),
    ("seccomp-unconfined", pod(securityContext={"seccompProfile": {"type": "Unconfined"}}), "1.19"),
]


@pytest.mark.parametrize(("rule", "specification", "since"), VERSIONS)
def test_a_control_is_asked_since_a_version(judge: Judge, rule: str, specification: Any, since: str) -> None:
    """In that version and in all later ones; an unknown version is the newest."""
    before = f"1.{int(since[2:]) - 1}"

    found = {version: len(judge(rule, workload(specification), version=version)) for version in (before, since, "")}

    assert found == {before: 0, since: 1, "": 1}


RELAXED: list[tuple[str, dict[str, Any], str]] = [
    ("allow-privilege-escalation", pod(**WINDOWS), "1.25"),
    ("drop-all-capabilities", pod(**WINDOWS), "1.25"),
    ("restricted-capabilities", pod(of_container={"capabilities": {"add": ["KILL"]}}, **WINDOWS), "1.25"),
    ("seccomp-profile", pod(**WINDOWS), "1.25"),
    ("proc-mount", pod(of_container={"procMount": "Unmasked"}, **OWN_USERS), "1.35"),
    ("run-as-non-root", pod(**OWN_USERS), "1.35"),
    ("run-as-non-root", pod(of_container={"runAsNonRoot": False}, **OWN_USERS), "1.35"),
    ("run-as-root-user", pod(of_container={"runAsUser": 0}, **OWN_USERS), "1.35"),
    ("run-as-root-user", pod(securityContext={"runAsUser": 0}, **OWN_USERS), "1.35"),
    ("selinux-options", pod(securityContext={"seLinuxOptions": {"type": "container_engine_t"}}), "1.31"),
    ("restricted-volume-type", pod(volumes=[{"name": "v", "image": {"reference": "a"}}]), "1.33"),
]


@pytest.mark.parametrize(("rule", "specification", "since"), RELAXED)
def test_a_control_is_relaxed_since_a_version(judge: Judge, rule: str, specification: Any, since: str) -> None:
    """For Windows, for pods with their own users, and for what became harmless."""
    before = f"1.{int(since[2:]) - 1}"

    found = {version: len(judge(rule, workload(specification), version=version)) for version in (before, since, "")}

    assert found == {before: 1, since: 0, "": 0}


@pytest.mark.parametrize(
    ("name", "since"),
    [
        ("net.ipv4.tcp_syncookies", "1.0"),
        ("net.ipv4.ip_local_reserved_ports", "1.27"),
        ("net.ipv4.tcp_fin_timeout", "1.29"),
        ("net.ipv4.tcp_rmem", "1.32"),
        ("net.ipv4.tcp_notsent_lowat", "1.37"),
    ],
)
def test_the_list_of_safe_sysctls_grows(judge: Judge, name: str, since: str) -> None:
    """A message says from when on a sysctl is safe."""
    specification = pod(securityContext={"sysctls": [{"name": name, "value": "1"}]})

    assert judge("unsafe-sysctl", workload(specification), version=since) == []
    if since != "1.0":
        assert judge("unsafe-sysctl", workload(specification), version="1.26") == [
            (
                "spec.securityContext.sysctls[0].name",
                f"the pod sets the sysctl {name}, which is not safe before Kubernetes {since}",
            )
        ]


def test_annotations_belong_to_the_pod_not_to_its_maker(judge: Judge) -> None:
    """The metadata of the template counts, whatever the Deployment itself is annotated with."""
    annotations = {
        "container.apparmor.security.beta.kubernetes.io/a": "unconfined",
        "seccomp.security.alpha.kubernetes.io/pod": "unconfined",
        "container.seccomp.security.alpha.kubernetes.io/other": "unconfined",
    }
    one = workload(pod(), "Deployment")
    one["metadata"]["annotations"] = annotations
    assert judge("apparmor-profile", one) == judge("seccomp-unconfined", one, version="1.18") == []

    one["spec"]["template"]["metadata"] = {"annotations": annotations}
    above = "spec.template.metadata.annotations"
    assert judge("apparmor-profile", one) == [
        (
            f'{above}["container.apparmor.security.beta.kubernetes.io/a"]',
            "container a has the AppArmor profile unconfined",
        )
    ]
    assert judge("seccomp-unconfined", one, version="1.18") == [
        (f'{above}["seccomp.security.alpha.kubernetes.io/pod"]', "the pod has the seccomp profile unconfined")
    ]
    assert judge("seccomp-unconfined", one, version="1.19") == []


@pytest.mark.parametrize("profile", ["", "runtime/default", "localhost/shop"])
def test_apparmor_annotations_that_are_right_pass(judge: Judge, profile: str) -> None:
    """As the field's values do."""
    one = workload(pod())
    one["metadata"]["annotations"] = {"container.apparmor.security.beta.kubernetes.io/a": profile}

    assert judge("apparmor-profile", one) == []


@pytest.mark.parametrize(
    ("of_pod", "of_container", "messages"),
    [
        (None, None, ["container a may run as root (runAsNonRoot is not set)"]),
        (True, None, []),
        (True, False, ["container a may run as root (runAsNonRoot is false)"]),
        (False, True, ["the pod may run as root (runAsNonRoot is false)"]),
        (False, None, ["the pod may run as root (runAsNonRoot is false)"]),
        (None, True, []),
        ("${NON_ROOT}", None, []),
    ],
)
def test_run_as_non_root_of_pod_and_container(
    judge: Judge, of_pod: Any, of_container: Any, messages: list[str]
) -> None:
    """A container inherits true from its pod, and false nowhere is the rule."""
    specification = pod(
        of_container={"runAsNonRoot": of_container} if of_container is not None else None,
        securityContext={"runAsNonRoot": of_pod},
    )

    assert [message for _, message in judge("run-as-non-root", workload(specification))] == messages


@pytest.mark.parametrize(
    ("volume", "places"),
    [
        ({"name": "v"}, []),
        ({"name": "v", "nfs": None}, []),
        ({"name": "v", "emptyDir": {}}, []),
        ({"name": "v", "nfs": {}}, ["spec.volumes[0].nfs"]),
        ({"name": "v", "hostPath": {"path": "/"}}, []),
        ({"name": "v", "unknown": 1}, ["spec.volumes[0].unknown"]),
    ],
)
def test_restricted_volume_type(judge: Judge, volume: dict[str, Any], places: list[str]) -> None:
    """A volume without a source is an emptyDir; one on the node is another rule's finding."""
    found = judge("restricted-volume-type", workload(pod(volumes=[volume])))

    assert [path for path, _ in found] == places


def test_host_path_volume_names_the_path(judge: Judge) -> None:
    """So that a reader of the finding knows how bad it is."""
    volumes = [{"name": "root", "hostPath": {"path": "/"}}, {"name": "odd", "hostPath": {}}]

    assert judge("host-path-volume", workload(pod(volumes=volumes))) == [
        ("spec.volumes[0].hostPath", "volume root is / of the node"),
        ("spec.volumes[1].hostPath", "volume odd is a path of the node"),
    ]


@pytest.mark.parametrize(
    ("path", "is_found"),
    [("/data", False), ("/data/db", False), ("/data/../etc", True), ("/database", True), ("", True)],
)
def test_host_path_volume_with_allowed_paths(judge: Judge, path: str, *, is_found: bool) -> None:
    """A path is allowed as a whole, and no way leads up and out of it."""
    volumes = [{"name": "v", "hostPath": {"path": path}}]

    found = judge("host-path-volume", workload(pod(volumes=volumes)), allowed=("/data", "/data/*"))

    assert bool(found) is is_found


@pytest.mark.parametrize(
    ("port", "is_found"), [(0, False), (80, True), (9100, False), (30000, False), (30010, False), (30011, True)]
)
def test_host_port_with_allowed_ports(judge: Judge, port: int, *, is_found: bool) -> None:
    """Single ports and spans; what is no number allows nothing."""
    containers = [{"name": "a", "ports": [{"containerPort": 1, "hostPort": port}]}]

    found = judge("host-port", workload({"containers": containers}), allowed=("9100", "30000-30010", "http", "-"))

    assert found == (
        [("spec.containers[0].ports[0].hostPort", f"container a takes port {port} of its node")] if is_found else []
    )


def test_every_probe_and_hook_is_looked_at(judge: Judge) -> None:
    """Both ways to connect; an empty host is the pod itself."""
    hosts = {"httpGet": {"host": "b"}, "tcpSocket": {"host": "c"}}
    container = {
        "name": "a",
        **dict.fromkeys(("livenessProbe", "readinessProbe", "startupProbe"), hosts),
        "lifecycle": {"postStart": hosts, "preStop": {"httpGet": {"host": ""}}},
    }

    found = judge("host-probe", workload({"initContainers": [container]}))

    assert len(found) == 8
    assert found[-1] == (
        "spec.initContainers[0].lifecycle.postStart.tcpSocket.host",
        "the postStart of init container a connects to the host c",
    )


@pytest.mark.parametrize(
    ("name", "level", "least", "message"),
    [
        ("x", None, "baseline", "Namespace x enforces no Pod Security Standard"),
        ("x", "baseline", "baseline", None),
        ("x", "baseline", "restricted", "Namespace x enforces baseline, which is less than restricted"),
        ("x", "restricted", "restricted", None),
        ("x", "privileged", "restricted", None),
        ("x", "strict", "baseline", "Namespace x enforces strict, which is no Pod Security Standard"),
        ("x", "${LEVEL}", "baseline", None),
        ("kube-system", None, "baseline", None),
    ],
)
def test_namespace_pod_security(judge: Judge, name: str, level: str | None, least: str, message: str | None) -> None:
    """Kubernetes' own namespaces are left alone."""
    labels = {} if level is None else {"pod-security.kubernetes.io/enforce": level}
    one = thing("Namespace", metadata={"name": name, "labels": labels})

    found = judge("namespace-pod-security", one, least=least)

    assert found == ([('metadata.labels["pod-security.kubernetes.io/enforce"]', message)] if message else [])


@pytest.mark.parametrize(("name", "is_found"), [("x", True), ("kube-system", False)])
def test_namespace_privileged(judge: Judge, name: str, is_found: bool) -> None:  # noqa: FBT001  one column of the table
    """Kubernetes' own namespaces may be privileged, unless the parameter says otherwise."""
    one = thing("Namespace", metadata={"name": name, "labels": {"pod-security.kubernetes.io/enforce": "privileged"}})

    assert bool(judge("namespace-privileged", one)) is is_found
    assert len(judge("namespace-privileged", one, allowed=())) == 1


@pytest.mark.parametrize("odd", [None, [], "text", 7, True, {}, {"add": 1}, [None, 7, {}, "x"]])
def test_data_of_a_wrong_shape_crashes_no_control(runner: Runner, odd: Any) -> None:
    """Wherever it stands."""
    keys = ("capabilities", "seLinuxOptions", "seccompProfile", "appArmorProfile", "windowsOptions", "sysctls")
    contexts = [odd, dict.fromkeys((*keys, "procMount", "runAsNonRoot", "runAsUser"), odd)]
    containers = [
        {"name": odd, "securityContext": context, "ports": odd, "livenessProbe": odd, "lifecycle": odd}
        for context in contexts
    ]
    specifications = [
        odd,
        {"containers": odd, "volumes": odd, "securityContext": odd},
        *({"containers": containers, "volumes": [odd], "securityContext": context} for context in contexts),
    ]
    objects = [workload(one, "Deployment") for one in specifications]
    objects += [thing("Namespace", metadata=odd), thing("Namespace", metadata={"name": "x", "labels": odd})]
    subjects = [Subject(None, manifest(one)) for one in objects]

    outcome = runner.run(PolicySet(runner.policies(), dict.fromkeys(FAMILY, Level.ERROR)), subjects)

    assert outcome.crashes == ()
