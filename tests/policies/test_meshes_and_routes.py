"""Verdicts on the objects of Istio, OpenShift, Velero and the Gateway API, and on where Flux takes things from."""

from __future__ import annotations

from typing import Any

import pytest

from tests.policies.conftest import Judge, thing, workload

RBAC = "rbac.authorization.k8s.io/v1"


@pytest.mark.parametrize(
    ("kind", "api_version", "spec", "places"),
    [
        ("PeerAuthentication", "security.istio.io/v1", {"mtls": {"mode": "STRICT"}}, []),
        ("PeerAuthentication", "security.istio.io/v1", {"mtls": {"mode": "UNSET"}}, []),
        ("PeerAuthentication", "security.istio.io/v1", {"mtls": {}}, []),
        ("PeerAuthentication", "security.istio.io/v1beta1", {"mtls": {"mode": "PERMISSIVE"}}, ["spec.mtls.mode"]),
        (
            "PeerAuthentication",
            "security.istio.io/v1",
            {"portLevelMtls": {"8080": {"mode": "DISABLE"}, "8081": {"mode": "STRICT"}, "8082": None}},
            ['spec.portLevelMtls["8080"].mode'],
        ),
        ("PeerAuthentication", "security.istio.io/v1", {"portLevelMtls": [1], "mtls": "DISABLE"}, []),
        ("DestinationRule", "networking.istio.io/v1", {"trafficPolicy": {"tls": {"mode": "SIMPLE"}}}, []),
        (
            "DestinationRule",
            "networking.istio.io/v1",
            {
                "trafficPolicy": {
                    "tls": {"mode": "DISABLE"},
                    "portLevelSettings": [{"tls": {"mode": "MUTUAL"}}, {"tls": {"mode": "DISABLE"}}],
                },
                "subsets": [{"name": "a"}, {"name": "b", "trafficPolicy": {"tls": {"mode": "DISABLE"}}}],
            },
            [
                "spec.trafficPolicy.tls.mode",
                "spec.subsets[1].trafficPolicy.tls.mode",
                "spec.trafficPolicy.portLevelSettings[1].tls.mode",
            ],
        ),
        ("DestinationRule", "networking.istio.io/v1", {"trafficPolicy": [], "subsets": {"a": 1}}, []),
    ],
)
def test_mesh_mutual_tls(judge: Judge, kind: str, api_version: str, spec: Any, places: list[str]) -> None:
    """For all ports, for one, and for subsets; what is left to the mesh passes."""
    assert [path for path, _ in judge("mesh-mutual-tls", thing(kind, api_version, spec=spec))] == places


@pytest.mark.parametrize("group", ["labels", "annotations"])
@pytest.mark.parametrize(("value", "is_found"), [("false", True), ("true", False), (False, False)])
def test_mesh_injection_disabled(judge: Judge, group: str, value: Any, *, is_found: bool) -> None:
    """The template's metadata counts, not the Deployment's."""
    one = workload({"containers": []}, "Deployment")
    one["metadata"][group] = {"sidecar.istio.io/inject": "false"}
    one["spec"]["template"]["metadata"] = {group: {"sidecar.istio.io/inject": value}}

    found = [path for path, _ in judge("mesh-injection-disabled", one)]

    assert found == ([f'spec.template.metadata.{group}["sidecar.istio.io/inject"]'] if is_found else [])


@pytest.mark.parametrize(
    ("kind", "api_version", "spec", "places"),
    [
        ("Ingress", "networking.k8s.io/v1", {"rules": [{"host": "*.a.com"}, {"host": "a.com"}]}, ["rules[0].host"]),
        ("Ingress", "networking.k8s.io/v1", {"rules": [{"host": "*"}, {}, None]}, []),
        ("VirtualService", "networking.istio.io/v1", {"hosts": ["a.com", "*"]}, ["hosts[1]"]),
        ("HTTPRoute", "gateway.networking.k8s.io/v1", {"hostnames": ["*.a.com", 7]}, ["hostnames[0]"]),
        ("HTTPRoute", "gateway.networking.k8s.io/v1", {"hostnames": "*"}, []),
    ],
)
def test_wildcard_host(judge: Judge, kind: str, api_version: str, spec: Any, places: list[str]) -> None:
    """An Ingress's rule for every host is another rule's finding; a VirtualService's is this one's."""
    found = judge("wildcard-host", thing(kind, api_version, spec=spec))

    assert [path for path, _ in found] == [f"spec.{place}" for place in places]


@pytest.mark.parametrize(("spec", "count"), [({}, 1), ({"tls": None}, 1), ({"tls": {"termination": "edge"}}, 0)])
def test_route_tls(judge: Judge, spec: Any, count: int) -> None:
    """Any way to end TLS will do."""
    assert len(judge("route-tls", thing("Route", "route.openshift.io/v1", spec=spec))) == count


@pytest.mark.parametrize(
    ("rule", "messages"),
    [
        ({"resourceNames": ["anyuid"], "verbs": ["use"]}, ["Role x grants the use of the constraint anyuid"]),
        ({"resourceNames": ["privileged"], "verbs": ["*"]}, ["Role x grants the use of the constraint privileged"]),
        ({"verbs": ["use"]}, ["Role x grants the use of every security context constraint"]),
        ({"resourceNames": ["anyuid"], "verbs": ["get"]}, []),
        ({"resourceNames": ["restricted-v2", "own"], "verbs": ["use"]}, []),
        ({"resourceNames": ["anyuid"], "verbs": "use"}, []),
    ],
)
def test_roles_that_grant_a_constraint(judge: Judge, rule: dict[str, Any], messages: list[str]) -> None:
    """Only `use` lets a pod run under a constraint; no name is every name."""
    rule = {"apiGroups": ["security.openshift.io"], "resources": ["securitycontextconstraints"], **rule}

    found = judge("security-context-constraint", thing("Role", RBAC, rules=[rule, None, {"resources": 1}]))

    assert [message for _, message in found] == messages


@pytest.mark.parametrize(
    ("name", "is_found"),
    [
        ("system:openshift:scc:anyuid", True),
        ("system:openshift:scc:restricted-v2", False),
        ("anyuid", False),
    ],
)
def test_bindings_to_a_constraint(judge: Judge, name: str, *, is_found: bool) -> None:
    """OpenShift has a ClusterRole for each of its constraints."""
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        one = thing(kind, RBAC, roleRef={"kind": "ClusterRole", "name": name})
        found = judge("security-context-constraint", one)
        assert [path for path, _ in found] == (["roleRef.name"] if is_found else [])


@pytest.mark.parametrize(
    ("role", "subjects", "message"),
    [
        ({"kind": "ClusterRole", "name": "cluster-admin"}, [], None),
        ({"kind": "Role", "name": "cluster-admin"}, [{"kind": "User", "name": "a"}], None),
        ({"kind": "ClusterRole", "name": "admin"}, [{"kind": "User", "name": "a"}], None),
        (
            {"kind": "ClusterRole", "name": "cluster-admin"},
            [{"kind": "User", "name": "a"}, {"kind": "Group", "name": "b"}],
            "User a and 1 more may do everything in the namespace",
        ),
    ],
)
def test_cluster_admin_in_namespace(judge: Judge, role: Any, subjects: Any, message: str | None) -> None:
    """A Role that is only called so is a Role like any other; a binding without subjects gives nothing."""
    found = judge("cluster-admin-in-namespace", thing("RoleBinding", RBAC, roleRef=role, subjects=subjects))

    assert found == ([("roleRef.name", message)] if message else [])


@pytest.mark.parametrize(
    ("schedule", "is_found"),
    [
        ("0 3 * * *", False),
        ("CRON_TZ=Europe/Berlin 0 3 * * *", False),
        ("@every 6h", False),
        ("0 0 3 * * *", True),
        ("0 3 30 2 *", True),
        ("${SCHEDULE}", False),
    ],
)
def test_cron_never_of_velero(judge: Judge, schedule: str, *, is_found: bool) -> None:
    """Velero reads schedules as CronJobs do, and takes a time zone in front."""
    found = judge("cron-never", thing("Schedule", "velero.io/v1", spec={"schedule": schedule}))

    assert bool(found) is is_found


SOURCES = ("https://github.com/example/*", "oci://ghcr.io/example/*", "ghcr.io/example/*", "*.example.com")


@pytest.mark.parametrize(
    ("kind", "field", "address", "is_found"),
    [
        ("GitRepository", "url", "https://github.com/example/web", False),
        ("GitRepository", "url", "https://github.com/example.evil.org/web", True),
        ("GitRepository", "url", "https://${HOST}/web", False),
        ("GitRepository", "url", None, False),
        ("OCIRepository", "url", "oci://ghcr.io/other/web", True),
        ("HelmRepository", "url", "oci://ghcr.io/example/charts", False),
        ("Bucket", "endpoint", "minio.example.com", False),
        ("Bucket", "endpoint", "minio.example.com.evil.org", True),
    ],
)
def test_allowed_sources(judge: Judge, kind: str, field: str, address: Any, *, is_found: bool) -> None:
    """The whole address has to fit, and without patterns nothing is judged."""
    one = thing(kind, "source.toolkit.fluxcd.io/v1", spec={field: address})

    found = [path for path, _ in judge("allowed-sources", one, sources=SOURCES)]

    assert found == ([f"spec.{field}"] if is_found else [])
    assert judge("allowed-sources", one) == []


def test_allowed_sources_of_images(judge: Judge) -> None:
    """What Flux scans for new tags ends up in the cluster too."""
    one = thing("ImageRepository", "image.toolkit.fluxcd.io/v1", spec={"image": "docker.io/other/web"})

    assert judge("allowed-sources", one, sources=SOURCES) == [
        ("spec.image", "ImageRepository x takes what is at docker.io/other/web, which is no known place")
    ]


@pytest.mark.parametrize(
    ("least", "most", "is_found"), [(3, 3, True), (None, 1, True), (3, 4, False), (4, 3, False), (3, None, False)]
)
def test_autoscaler_fixed(judge: Judge, least: Any, most: Any, *, is_found: bool) -> None:
    """An absent least number is 1."""
    spec = {"minReplicas": least, "maxReplicas": most}

    found = judge("autoscaler-fixed", thing("HorizontalPodAutoscaler", "autoscaling/v2", spec=spec))

    assert found == (
        [("spec.maxReplicas", f"HorizontalPodAutoscaler x never scales: it keeps {most} replicas")] if is_found else []
    )


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ({"chart": "web", "path": "charts/web"}, True),
        ({"chart": "web"}, False),
        ({"path": "charts/web"}, False),
        ({"chart": "web", "path": "."}, False),
        ({"chart": "", "path": "web"}, False),
    ],
)
def test_application_source_with_a_chart_and_a_path(judge: Judge, source: Any, *, is_found: bool) -> None:
    """Argo CD takes the chart."""
    one = thing("Application", "argoproj.io/v1alpha1", spec={"source": source})

    found = [path for path, _ in judge("application-source-ignored", one)]

    assert found == (["spec.source.path"] if is_found else [])


@pytest.mark.parametrize(("number", "count"), [(-1, 1), (0, 0), ("-1", 0), ("50%", 0)])
def test_disruption_budget_with_a_negative_number(judge: Judge, number: Any, count: int) -> None:
    """The API server refuses it; zero is another rule's finding."""
    one = thing("PodDisruptionBudget", "policy/v1", spec={"maxUnavailable": number})

    assert len(judge("disruption-budget-bounds", one)) == count
