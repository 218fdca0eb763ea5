"""Services, Ingresses, budgets and autoscalers: what is said of them beside the workloads that they are for."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from gategit.checks.policy.builtin import BUILTIN
from gategit.checks.policy.load import PolicySet
from gategit.checks.policy.run import Runner
from gategit.checks.policy.subjects import Scene, Subject
from gategit.model import Level
from tests.policies.conftest import Judge, manifest, thing

FAMILY = [
    entry.rpartition("/")[2].replace("_", "-") for entry in BUILTIN if entry.startswith(("services/", "mistakes/"))
]


def of_spec(kind: str, api_version: str = "v1", **spec: Any) -> dict[str, Any]:
    """An object with this specification."""
    return thing(kind, api_version, spec=spec)


def deployment(labels: Any, container: Any = None, **spec: Any) -> dict[str, Any]:
    """A Deployment named x whose pods have these labels."""
    containers = [{"name": "a", **(container or {})}]
    return of_spec(
        "Deployment", "apps/v1", template={"metadata": {"labels": labels}, "spec": {"containers": containers}}, **spec
    )


def service(*ports: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """A Service named x."""
    return of_spec("Service", ports=list(ports), **spec)


def autoscaler(**spec: Any) -> dict[str, Any]:
    """A HorizontalPodAutoscaler of the Deployment x."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}
    return of_spec("HorizontalPodAutoscaler", "autoscaling/v2", **{"scaleTargetRef": target, "maxReplicas": 9, **spec})


def budget(**spec: Any) -> dict[str, Any]:
    """A PodDisruptionBudget for the pods with the label app: web."""
    return of_spec("PodDisruptionBudget", "policy/v1", **{"selector": {"matchLabels": {"app": "web"}}, **spec})


def ingress(*paths: dict[str, Any], host: str = "a.example.com", name: str = "x", **spec: Any) -> dict[str, Any]:
    """An Ingress with one rule."""
    rules = [{"host": host, "http": {"paths": list(paths)}}]
    one = of_spec("Ingress", "networking.k8s.io/v1", **{"rules": rules, **spec})
    return {**one, "metadata": {"name": name}}


def path(service_name: str = "x", route: str = "/", **port: Any) -> dict[str, Any]:
    """One path of an Ingress."""
    backend = {"service": {"name": service_name, "port": port or {"number": 80}}}
    return {"path": route, "pathType": "Prefix", "backend": backend}


WEB = deployment({"app": "web"}, {"ports": [{"name": "http", "containerPort": 80}]}, replicas=2)


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ({"app": "web"}, None),
        ({"app": "wbe"}, "Service x selects app=wbe, and no workload's pods have that"),
        ({"app": "web", "tier": "a"}, "Service x selects app=web, tier=a, and no workload's pods have that"),
        ({"app": "$APP"}, None),
        ({"operator.example.com/cluster": "db"}, None),
        ({}, None),
        (None, None),
        ("web", None),
        ({"app": 7}, None),
    ],
)
def test_dangling_service_selector(judge: Judge, selector: Any, found: str | None) -> None:
    """Labels that pods could have and do not have; what an operator sets is not judged."""
    one = service(selector=selector)

    assert judge("dangling-service-selector", one, inventory=[WEB]) == ([("spec.selector", found)] if found else [])
    assert judge("dangling-service-selector", one) == []
    assert judge("dangling-service-selector", service(selector=selector, type="ExternalName"), inventory=[WEB]) == []


@pytest.mark.parametrize(
    ("policy", "one"),
    [
        (
            "dangling-network-policy",
            of_spec("NetworkPolicy", "networking.k8s.io/v1", podSelector={"matchLabels": {"app": "web"}}),
        ),
        ("dangling-pod-disruption-budget", budget()),
    ],
)
def test_what_selects_pods_selects_some(judge: Judge, policy: str, one: dict[str, Any]) -> None:
    """It is asked where workloads are beside it, and in the namespaces that may be its own."""
    elsewhere = {**WEB, "metadata": {"name": "x", "namespace": "other"}}
    here = {**one, "metadata": {"name": "x", "namespace": "shop"}}

    assert judge(policy, one, inventory=[WEB]) == []
    assert judge(policy, one, inventory=[elsewhere]) == []
    assert len(judge(policy, here, inventory=[elsewhere])) == 1
    assert len(judge(policy, one, inventory=[deployment({"app": "other"})])) == 1
    assert judge(policy, one) == []


@pytest.mark.parametrize(
    ("port", "found"),
    [
        ({"targetPort": "http"}, None),
        ({"targetPort": 9999}, None),
        ({"targetPort": "9999"}, None),
        ({}, None),
        ({"targetPort": "$PORT"}, None),
        ({"targetPort": "web"}, "no container of Deployment x declares a port web, to which Service x leads"),
        (
            {"targetPort": "http", "protocol": "UDP"},
            "no container of Deployment x declares a port http, to which Service x leads",
        ),
    ],
)
def test_service_target_port(judge: Judge, port: dict[str, Any], found: str | None) -> None:
    """A name is looked up in the pods, with its protocol."""
    one = service({"port": 80, **port}, selector={"app": "web"})
    wanted = [("spec.ports[0].targetPort", found)] if found else []

    assert judge("service-target-port", one, inventory=[WEB]) == wanted
    assert judge("service-target-port", one) == []


def test_a_sidecar_serves_and_an_init_container_does_not(judge: Judge) -> None:
    """Only what goes on running has ports; one workload with the port is enough."""
    one = service({"port": 80, "targetPort": "proxy"}, selector={"app": "web"})
    init: dict[str, Any] = {"name": "b", "ports": [{"name": "proxy", "containerPort": 1}]}
    ended, sidecar = copy.deepcopy(WEB), copy.deepcopy(WEB)
    ended["spec"]["template"]["spec"]["initContainers"] = [init]
    sidecar["spec"]["template"]["spec"]["initContainers"] = [{**init, "restartPolicy": "Always"}]
    message = "no container of Deployment x and 1 more declares a port proxy, to which Service x leads"

    assert judge("service-target-port", one, inventory=[ended, WEB]) == [("spec.ports[0].targetPort", message)]
    assert judge("service-target-port", one, inventory=[ended, sidecar]) == []


@pytest.mark.parametrize(
    ("port", "fields"),
    [
        ({"number": 80}, []),
        ({"name": "http"}, []),
        ({"number": 8080}, ["spec.rules[0].http.paths[0].backend.service.port.number"]),
        ({"name": "web"}, ["spec.rules[0].http.paths[0].backend.service.port.name"]),
        ({"name": "$PORT"}, []),
        ({"name": "use-annotation"}, []),
        ({"number": "80"}, ["spec.rules[0].http.paths[0].backend.service.port.number"]),
        ({"other": 1}, []),
    ],
)
def test_ingress_backend_port(judge: Judge, port: dict[str, Any], fields: list[str]) -> None:
    """The Service's own port or name, not the container's."""
    web = service({"name": "http", "port": 80, "targetPort": 8080})
    found = judge("ingress-backend-port", ingress(path(**port)), inventory=[web])

    assert [field for field, _ in found] == fields
    assert all(message.startswith("Service x has no port ") for _, message in found)
    assert judge("ingress-backend-port", ingress(path(**port))) == []
    assert judge("ingress-backend-port", ingress(path(**port)), inventory=[service(type="ExternalName")]) == []


def test_one_variant_of_a_service_with_the_port_is_enough(judge: Judge) -> None:
    """Overlays declare the same Service several times."""
    both = [service({"port": 1}), service({"port": 80})]

    assert judge("ingress-backend-port", ingress(path()), inventory=both) == []
    assert len(judge("ingress-backend-port", ingress(path()), inventory=both[:1])) == 1


def test_dangling_ingress_backend(judge: Judge) -> None:
    """The default backend too; nothing is known where the folder holds neither Services nor workloads."""
    one = ingress(
        path("a"),
        path("x"),
        path("$B"),
        path("redirect", name="use-annotation"),
        defaultBackend={"service": {"name": "c"}},
    )
    fields = ["spec.defaultBackend.service.name", "spec.rules[0].http.paths[0].backend.service.name"]

    assert [field for field, _ in judge("dangling-ingress-backend", one, inventory=[service()])] == fields
    assert judge("dangling-ingress-backend", one) == []


@pytest.mark.parametrize(
    ("target", "dangles", "wrong"),
    [
        ({"kind": "Deployment", "name": "x", "apiVersion": "apps/v1"}, False, False),
        ({"kind": "Deployment", "name": "y", "apiVersion": "apps/v1"}, True, False),
        ({"kind": "Deployment", "name": "$Y", "apiVersion": "apps/v1"}, False, False),
        ({"kind": "Deployment", "name": "x", "apiVersion": "v1"}, False, True),
        ({"kind": "StatefulSet", "name": "x", "apiVersion": "extensions/v1beta1"}, False, True),
        ({"kind": "Deployment", "name": "x"}, False, True),
        ({"kind": "Rollout", "name": "x", "apiVersion": "argoproj.io/v1alpha1"}, False, False),
        ({"kind": "ReplicationController", "name": "y", "apiVersion": "v1"}, True, False),
        ("x", False, False),
        (None, False, False),
    ],
)
def test_the_target_of_an_autoscaler(judge: Judge, target: Any, dangles: bool, wrong: bool) -> None:  # noqa: FBT001  the table's answers
    """It is there, and its group is the one that has its kind."""
    one = autoscaler(scaleTargetRef=target)

    assert bool(judge("dangling-autoscaler-target", one, inventory=[WEB])) is dangles
    assert bool(judge("autoscaler-target-version", one)) is wrong
    assert judge("dangling-autoscaler-target", one) == []


@pytest.mark.parametrize(
    ("replicas", "fields"), [(3, ["spec.replicas"]), (0, []), (None, []), ("${REPLICAS}", ["spec.replicas"])]
)
def test_autoscaler_sets_replicas(judge: Judge, replicas: Any, fields: list[str]) -> None:
    """Zero switches an autoscaler off; KEDA's counts as well."""
    one = of_spec("Deployment", "apps/v1", replicas=replicas)
    keda = of_spec("ScaledObject", "keda.sh/v1alpha1", scaleTargetRef={"name": "x"})

    for scaler in (autoscaler(), keda):
        assert [field for field, _ in judge("autoscaler-sets-replicas", one, inventory=[scaler])] == fields
    assert judge("autoscaler-sets-replicas", one) == []


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"minReplicas": 2}, None),
        ({"minReplicas": 9}, None),
        ({"minReplicas": 10}, "HorizontalPodAutoscaler x has minReplicas 10 above maxReplicas 9"),
        ({"maxReplicas": 0}, "HorizontalPodAutoscaler x has maxReplicas 0; it must be at least 1"),
        ({"maxReplicas": "9", "minReplicas": 10}, None),
    ],
)
def test_autoscaler_bounds(judge: Judge, spec: dict[str, Any], message: str | None) -> None:
    """Numbers only; the least one is absent where it is 1."""
    assert [text for _, text in judge("autoscaler-bounds", autoscaler(**spec))] == ([message] if message else [])


@pytest.mark.parametrize(
    ("metrics", "containers", "fields"),
    [
        ("cpu", [{"requests": {"cpu": "1"}}], []),
        ("cpu", [{"limits": {"cpu": "1"}}], []),
        ("cpu", [{"requests": {"memory": "1"}}], ["spec.metrics[0].resource.name"]),
        ("memory", [{"requests": {"memory": "1"}}], []),
        ("cpu", [{"requests": {"cpu": "1"}}, {}], ["spec.metrics[0].resource.name"]),
        ("requests_per_second", [{}], []),
    ],
)
def test_autoscaler_without_requests(
    judge: Judge, metrics: str, containers: list[dict[str, Any]], fields: list[str]
) -> None:
    """Each container of the target counts; a LimitRange may give them a default."""
    target = {"name": metrics, "target": {"type": "Utilization", "averageUtilization": 80}}
    one = autoscaler(metrics=[{"type": "Resource", "resource": target}])
    web = deployment({"app": "web"})
    web["spec"]["template"]["spec"]["containers"] = [{"name": "a", "resources": amounts} for amounts in containers]

    assert [field for field, _ in judge("autoscaler-without-requests", one, inventory=[web])] == fields
    assert judge("autoscaler-without-requests", one, inventory=[web, of_spec("LimitRange")]) == []
    assert judge("autoscaler-without-requests", one) == []


def test_an_absolute_amount_and_one_container_need_no_other_requests(judge: Judge) -> None:
    """Only a share of the request needs the request."""
    absolute = {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "1"}}
    share = {"name": "cpu", "target": {"averageUtilization": 80}}
    web = deployment({"app": "web"}, {"resources": {"requests": {"cpu": "1"}}})
    web["spec"]["template"]["spec"]["containers"].append({"name": "b"})

    def found(metric: dict[str, Any]) -> list[str]:
        return [
            field for field, _ in judge("autoscaler-without-requests", autoscaler(metrics=[metric]), inventory=[web])
        ]

    assert found({"type": "Resource", "resource": absolute}) == []
    assert found({"type": "ContainerResource", "containerResource": {**share, "container": "a"}}) == []
    assert found({"type": "ContainerResource", "containerResource": {**share, "container": "b"}}) == [
        "spec.metrics[0].containerResource.name"
    ]


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        ({"maxUnavailable": 0}, ["spec.maxUnavailable"]),
        ({"maxUnavailable": "0%"}, ["spec.maxUnavailable"]),
        ({"maxUnavailable": 1}, []),
        ({"maxUnavailable": "25%"}, []),
        ({"minAvailable": 1}, []),
        ({"minAvailable": 2}, ["spec.minAvailable"]),
        ({"minAvailable": 0}, []),
        ({"minAvailable": "100%"}, ["spec.minAvailable"]),
        ({"minAvailable": "150%"}, ["spec.minAvailable"]),
        ({"minAvailable": "99%"}, []),
        ({"minAvailable": "$LEAST"}, []),
        ({"minAvailable": 2, "selector": {}}, []),
        ({"minAvailable": 2, "selector": {"matchLabels": {"app": "other"}}}, []),
    ],
)
def test_disruption_budget_blocks(judge: Judge, spec: dict[str, Any], fields: list[str]) -> None:
    """The workload has two replicas."""
    assert [field for field, _ in judge("disruption-budget-blocks", budget(**spec), inventory=[WEB])] == fields


@pytest.mark.parametrize(("least", "is_flagged"), [(2, True), (3, False), (4, False), (None, False)])
def test_a_budget_below_the_autoscalers_least_passes(judge: Judge, least: int | None, *, is_flagged: bool) -> None:
    """The number in the manifest does not count then; at the minimum itself the autoscaler may go up again."""
    found = judge("disruption-budget-blocks", budget(minAvailable=3), inventory=[WEB, autoscaler(minReplicas=least)])

    assert bool(found) is is_flagged


@pytest.mark.parametrize(
    ("replicas", "is_flagged"), [(None, False), (1, False), (2, True), ("2", False), (True, False)]
)
def test_pod_disruption_budget(judge: Judge, replicas: Any, *, is_flagged: bool) -> None:
    """Two replicas or more are asked for one, of their own labels."""
    one = deployment({"app": "web"}, replicas=replicas)

    assert bool(judge("pod-disruption-budget", one)) is is_flagged
    assert judge("pod-disruption-budget", one, inventory=[budget()]) == []
    other = budget(selector={"matchLabels": {"app": "other"}})
    assert bool(judge("pod-disruption-budget", one, inventory=[other])) is is_flagged


def test_network_policy_missing(judge: Judge) -> None:
    """One that chooses every pod is enough; the node's network is out of reach."""
    every = of_spec("NetworkPolicy", "networking.k8s.io/v1", podSelector={})
    other = of_spec("NetworkPolicy", "networking.k8s.io/v1", podSelector={"matchLabels": {"app": "other"}})
    host = copy.deepcopy(WEB)
    host["spec"]["template"]["spec"]["hostNetwork"] = True
    message = "no NetworkPolicy for what comes in chooses the pods of Deployment x"

    assert judge("network-policy-missing", WEB) == [("", message)]
    assert judge("network-policy-missing", WEB, inventory=[other, every]) == []
    assert len(judge("network-policy-missing", WEB, inventory=[other])) == 1
    assert judge("network-policy-missing", host) == []


@pytest.mark.parametrize(
    ("tls", "host", "fields"),
    [
        (None, "a.example.com", ["spec.tls"]),
        ([], "a.example.com", ["spec.tls"]),
        ([{"hosts": ["a.example.com"]}], "a.example.com", []),
        ([{"hosts": ["*.example.com"]}], "a.example.com", []),
        ([{"hosts": ["*.example.com"]}], "a.b.example.com", ["spec.rules[0].host"]),
        ([{"hosts": ["b.example.com"]}], "a.example.com", ["spec.rules[0].host"]),
        ([{"secretName": "all"}], "a.example.com", []),
        ([{"hosts": ["b.example.com"]}], "${HOST}", []),
    ],
)
def test_ingress_tls(judge: Judge, tls: Any, host: str, fields: list[str]) -> None:
    """A wildcard covers one level."""
    assert [field for field, _ in judge("ingress-tls", ingress(host=host, tls=tls))] == fields


@pytest.mark.parametrize(
    ("other", "is_flagged"),
    [
        (ingress(path(), name="y"), True),
        (ingress(path(), name="x"), False),
        (ingress(path(route="/api"), name="y"), False),
        (ingress(path(), name="y", host="b.example.com"), False),
        (ingress(path(), name="y", ingressClassName="internal"), False),
        (
            {
                **ingress(path(), name="y"),
                "metadata": {"name": "y", "annotations": {"nginx.ingress.kubernetes.io/canary": "true"}},
            },
            False,
        ),
    ],
)
def test_ingress_host_conflict(judge: Judge, other: dict[str, Any], *, is_flagged: bool) -> None:
    """The same host, path and class under another name."""
    found = judge("ingress-host-conflict", ingress(path()), inventory=[other])
    message = "Ingress x and Ingress y both serve a.example.com/"

    assert found == ([("spec.rules[0].http.paths[0].path", message)] if is_flagged else [])


@pytest.mark.parametrize(
    ("annotation", "name", "is_flagged"),
    [("nginx", "nginx", False), ("nginx", "traefik", True), ("nginx", None, False), ("$CLASS", "nginx", False)],
)
def test_ingress_class_conflict(judge: Judge, annotation: str, name: str | None, *, is_flagged: bool) -> None:
    """Both may be there as long as they agree."""
    one = ingress(ingressClassName=name)
    one["metadata"]["annotations"] = {"kubernetes.io/ingress.class": annotation}

    assert bool(judge("ingress-class-conflict", one)) is is_flagged


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (path(), None),
        (path(route="/a/b"), None),
        (path(route="a"), "Ingress x has a path that does not begin with /: a"),
        (path(route="/a//b"), "Ingress x has a path that holds //: /a//b"),
        (path(route="/a/.."), "Ingress x has a path that holds /..: /a/.."),
        (path(route=""), "Ingress x has a path that is empty"),
        (path(route="${PATH}"), None),
        ({**path(route="/a//b"), "pathType": "ImplementationSpecific"}, None),
        (path(number=80, name="http"), "Ingress x names the port of Service x both by name and by number"),
        ({"path": "/", "pathType": "Exact", "backend": {"resource": {"kind": "Bucket"}}}, None),
        (
            {"path": "/", "pathType": "Exact", "backend": {"service": {"name": "x"}}},
            "Ingress x names the port of Service x neither by name nor by number",
        ),
    ],
)
def test_ingress_path(judge: Judge, one: dict[str, Any], message: str | None) -> None:
    """As the API server judges paths and ports."""
    assert [text for _, text in judge("ingress-path", ingress(one))] == ([message] if message else [])


@pytest.mark.parametrize(
    ("policy", "one", "fields"),
    [
        ("ingress-without-host", ingress(host=""), ["spec.rules[0].host"]),
        ("ingress-without-host", ingress(host="*"), ["spec.rules[0].host"]),
        ("ingress-without-host", ingress(host="*.example.com"), []),
        ("node-port-service", service(type="NodePort"), ["spec.type"]),
        ("node-port-service", service(type="LoadBalancer"), []),
        ("external-name", service(type="ExternalName"), ["spec.type"]),
        ("external-name", service(), []),
        ("external-ips", service(externalIPs=["192.0.2.1"]), ["spec.externalIPs"]),
        ("external-ips", service(externalIPs=[]), []),
        ("load-balancer-open", service(type="LoadBalancer"), ["spec.type"]),
        ("load-balancer-open", service(type="LoadBalancer", loadBalancerSourceRanges=["10.0.0.0/8"]), []),
        (
            "load-balancer-open",
            service(type="LoadBalancer", loadBalancerSourceRanges=["10.0.0.0/8", "::/0"]),
            ["spec.loadBalancerSourceRanges[1]"],
        ),
        ("load-balancer-open", service(), []),
        ("service-port-names", service({"port": 80}), []),
        ("service-port-names", service({"port": 80}, {"port": 81, "name": "b"}), ["spec.ports"]),
        (
            "service-port-names",
            service({"port": 80, "name": "b"}, {"port": 81, "name": "b"}),
            ["spec.ports[1].name"],
        ),
        ("service-type-conflict", service({"port": 80, "nodePort": 30080}), ["spec.ports[0].nodePort"]),
        ("service-type-conflict", service({"port": 80, "nodePort": 30080}, type="LoadBalancer"), []),
        ("service-type-conflict", service(clusterIP="None"), []),
        ("service-type-conflict", service(clusterIP="None", type="NodePort"), ["spec.clusterIP"]),
        ("service-type-conflict", service(externalTrafficPolicy="Local"), ["spec.externalTrafficPolicy"]),
        ("service-type-conflict", service(externalTrafficPolicy="Local", externalIPs=["192.0.2.1"]), []),
        ("service-type-conflict", service(loadBalancerSourceRanges=[]), []),
        ("service-type-conflict", service(type="NodePort", loadBalancerClass="a"), ["spec.loadBalancerClass"]),
        ("service-type-conflict", service(type="ExternalName"), ["spec.externalName"]),
        ("service-type-conflict", service(type="${TYPE}", clusterIP="None"), []),
    ],
)
def test_verdicts(judge: Judge, policy: str, one: dict[str, Any], fields: list[str]) -> None:
    """The fields that each policy flags."""
    assert [field for field, _ in judge(policy, one)] == fields


def test_service_monitor(judge: Judge) -> None:
    """The labels of the Service itself count, not those that it selects."""
    monitor = of_spec("ServiceMonitor", "monitoring.coreos.com/v1", selector={"matchLabels": {"app": "web"}})
    labelled = {**service(), "metadata": {"name": "x", "labels": {"app": "web"}}}
    message = "ServiceMonitor x chooses no Service, so nothing is measured"

    assert judge("dangling-service-monitor", monitor, inventory=[service(selector={"app": "web"})]) == [
        ("spec.selector", message)
    ]
    assert judge("dangling-service-monitor", monitor, inventory=[service(), labelled]) == []
    assert judge("dangling-service-monitor", monitor) == []


@pytest.mark.parametrize(
    ("port", "is_flagged"), [("http", False), ("80", True), ("web", True), ("$PORT", False), (None, False), (80, False)]
)
def test_service_monitor_port(judge: Judge, port: Any, *, is_flagged: bool) -> None:
    """By the names of the Service's ports alone; one Service with the name is enough."""
    selector = {"matchLabels": {"app": "web"}}
    monitor = of_spec("ServiceMonitor", "monitoring.coreos.com/v1", selector=selector, endpoints=[{"port": port}])
    labelled = {**service({"name": "http", "port": 80}), "metadata": {"name": "x", "labels": {"app": "web"}}}
    message = f"ServiceMonitor x measures the port {port}, and Service x has no port of that name"

    found = judge("service-monitor-port", monitor, inventory=[labelled])
    assert found == ([("spec.endpoints[0].port", message)] if is_flagged else [])
    assert judge("service-monitor-port", monitor, inventory=[service()]) == []


@pytest.mark.parametrize(
    ("other", "is_flagged"),
    [
        ({"selector": {"matchLabels": {"app": "web"}}}, True),
        ({"selector": {}}, True),
        ({"selector": {"matchLabels": {"app": "other"}}}, False),
        ({"selector": None}, False),
    ],
)
def test_disruption_budget_overlap(judge: Judge, other: dict[str, Any], *, is_flagged: bool) -> None:
    """Two of different names for the pods of one workload."""
    second = {**budget(**other), "metadata": {"name": "y"}}
    message = "PodDisruptionBudget x and PodDisruptionBudget y both choose the pods of Deployment x"
    found = judge("disruption-budget-overlap", budget(), inventory=[budget(), second, WEB])

    assert found == ([("spec.selector", f"{message}, which then cannot be evicted")] if is_flagged else [])
    assert judge("disruption-budget-overlap", budget(), inventory=[budget(), WEB]) == []
    assert judge("disruption-budget-overlap", budget(), inventory=[second]) == []


def test_autoscaler_conflict(judge: Judge) -> None:
    """The same kind under another name, or KEDA's beside the cluster's own."""
    second = {**autoscaler(), "metadata": {"name": "y"}}
    keda = of_spec("ScaledObject", "keda.sh/v1alpha1", scaleTargetRef={"name": "x"})
    elsewhere = {**second, "metadata": {"name": "y", "namespace": "other"}}
    other = autoscaler(scaleTargetRef={"kind": "StatefulSet", "name": "x"})
    message = "HorizontalPodAutoscaler x and HorizontalPodAutoscaler y both scale Deployment x"

    assert judge("autoscaler-conflict", autoscaler(), inventory=[autoscaler(), second]) == [
        ("spec.scaleTargetRef", message)
    ]
    assert len(judge("autoscaler-conflict", keda, inventory=[autoscaler(), keda])) == 1
    assert judge("autoscaler-conflict", autoscaler(), inventory=[autoscaler(), elsewhere, other]) == []


@pytest.mark.parametrize(
    ("backend", "wrong", "dangles"),
    [
        ({"name": "x", "port": 80}, None, False),
        ({"name": "x", "port": 8080}, ".port", False),
        ({"name": "x"}, "", False),
        ({"name": "y", "port": 80}, None, True),
        ({"name": "y", "namespace": "other", "port": 80}, None, False),
        ({"name": "$Y", "port": 80}, None, False),
        ({"name": "x", "kind": "Bucket", "group": "example.com"}, None, False),
        ({"name": "x", "port": "80"}, None, False),
    ],
)
def test_the_backends_of_a_route(judge: Judge, backend: dict[str, Any], wrong: str | None, *, dangles: bool) -> None:
    """Services only: their ports, and that they are there."""
    route = of_spec("HTTPRoute", "gateway.networking.k8s.io/v1", rules=[{"backendRefs": [backend]}])
    place = "spec.rules[0].backendRefs[0]"
    web = service({"port": 80})
    found = judge("route-backend-port", route, inventory=[web])

    assert [field for field, _ in found] == ([] if wrong is None else [place + wrong])
    assert bool(judge("dangling-route-backend", route, inventory=[web])) is dangles
    assert judge("dangling-route-backend", route) == []


@pytest.mark.parametrize(
    ("peer", "is_flagged"),
    [
        ({"podSelector": {"matchLabels": {"app": "web"}}}, False),
        ({"podSelector": {"matchLabels": {"app": "wbe"}}}, True),
        ({"podSelector": {"matchLabels": {"app": "wbe"}}, "namespaceSelector": {}}, False),
        ({"podSelector": {}}, False),
        ({"ipBlock": {"cidr": "10.0.0.0/8"}}, False),
    ],
)
def test_dangling_network_policy_peer(judge: Judge, peer: dict[str, Any], *, is_flagged: bool) -> None:
    """Pods of the own namespace, on their way in and out."""
    one = of_spec("NetworkPolicy", "networking.k8s.io/v1", ingress=[{"from": [peer]}], egress=[{"to": [peer]}])
    places = ["spec.ingress[0].from[0].podSelector", "spec.egress[0].to[0].podSelector"]
    found = judge("dangling-network-policy-peer", one, inventory=[WEB])

    assert [field for field, _ in found] == (places if is_flagged else [])
    assert judge("dangling-network-policy-peer", one) == []


def test_autoscaler_min_replicas_takes_a_parameter(judge: Judge) -> None:
    """Absent is one."""
    message = "HorizontalPodAutoscaler x may go down to 1 replica"

    assert judge("autoscaler-min-replicas", autoscaler()) == [("spec.minReplicas", message)]
    assert judge("autoscaler-min-replicas", autoscaler(minReplicas=2)) == []
    assert len(judge("autoscaler-min-replicas", autoscaler(minReplicas=2), least=3)) == 1
    assert judge("autoscaler-min-replicas", autoscaler(), least=1) == []


NETWORK_POLICY = of_spec(
    "NetworkPolicy",
    "networking.k8s.io/v1",
    podSelector={"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]},
    ingress=[
        {
            "from": [
                {"namespaceSelector": {}},
                {"podSelector": {"matchLabels": {"a": "b"}}},
                {"ipBlock": {"cidr": "::/0"}},
            ],
            "ports": [{"port": 80, "endPort": 90}],
        }
    ],
)
PROBE = {
    "httpGet": {"path": "/", "port": "http"},
    "periodSeconds": 5,
    "timeoutSeconds": 1,
    "exec": {"command": ["a b"]},
}
CONTAINER = {
    "name": "a",
    "command": ["sh", "-c", "cp", "a"],
    "args": ["x"],
    "env": [{"name": "A", "value": "$(B)"}, {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "x", "key": "k"}}}],
    "ports": [{"name": "http", "containerPort": 80}],
    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}},
    "livenessProbe": PROBE,
    "lifecycle": {"preStop": {"exec": {"command": ["a"]}}},
}
WORKLOAD = deployment({"app": "web"}, CONTAINER, replicas=2, selector={"matchLabels": {"app": "web"}})
WORKLOAD["spec"]["template"]["spec"] |= {
    "topologySpreadConstraints": [{"labelSelector": {"matchLabels": {"app": "web"}}}],
    "volumes": [{"name": "v", "configMap": {"name": "x", "items": [{"key": "k", "path": "p"}]}}],
}
WHOLE = [
    WORKLOAD,
    {**WORKLOAD, "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout"},
    service({"name": "http", "port": 80, "targetPort": "http", "nodePort": 1}, selector={"app": "web"}, externalIPs=[]),
    autoscaler(minReplicas=2, metrics=[{"resource": {"name": "cpu", "target": {"averageUtilization": 8}}}]),
    budget(minAvailable=1),
    ingress(path(), tls=[{"hosts": ["a"]}]),
    NETWORK_POLICY,
    of_spec(
        "ServiceMonitor",
        "monitoring.coreos.com/v1",
        selector={"matchLabels": {"app": "web"}},
        endpoints=[{"port": "http"}],
    ),
    of_spec("HTTPRoute", "gateway.networking.k8s.io/v1", rules=[{"backendRefs": [{"name": "x", "port": 80}]}]),
    of_spec("CronJob", "batch/v1", schedule="* 3 * * *"),
    of_spec("PersistentVolumeClaim", resources={"requests": {"storage": "1m"}}),
    thing("ConfigMap", data={"k": "v"}, binaryData={"b": "aGk="}),
    thing("Secret", data={"k": "aGVsbG8gd29ybGQK"}, stringData={"b": "v"}, type="kubernetes.io/tls"),
    thing(
        "Role", "rbac.authorization.k8s.io/v1", rules=[{"apiGroups": ["v1"], "resources": ["pod"], "verbs": ["GET"]}]
    ),
]
ODD: list[Any] = [None, [], {}, "", "text", 7, -1, True, [None, 7, "x", [], {}], {"a": None, "b": [7]}]


def _spoilt(value: Any) -> Iterator[Any]:
    """The value with each of its parts replaced by something odd, one after the other."""
    yield from ODD
    if isinstance(value, dict):
        for key, member in value.items():
            yield from ({**value, key: odd} for odd in _spoilt(member))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from ([*value[:index], odd, *value[index + 1 :]] for odd in _spoilt(member))


@pytest.mark.parametrize("whole", WHOLE, ids=lambda whole: str(whole["kind"]))
def test_no_policy_crashes_on_odd_data(runner: Runner, whole: dict[str, Any]) -> None:
    """Wherever in an object it stands, in the one that is judged and in the ones beside it."""
    spoilt = [
        manifest({**whole, key: odd})
        for key in whole
        if key not in {"apiVersion", "kind"}
        for odd in _spoilt(whole[key])
        if key != "metadata" or isinstance(odd, dict)
    ]
    policies = PolicySet(runner.policies(), dict.fromkeys(FAMILY, Level.ERROR))
    others = tuple(manifest(one) for one in WHOLE)
    alone = runner.run(policies, [Subject(None, one) for one in spoilt], Scene(inventory=others))
    beside = runner.run(policies, [Subject(None, one) for one in others], Scene(inventory=tuple(spoilt)))

    assert (alone.crashes, beside.crashes) == ((), ())
