"""The helpers that make the common things of policies short."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategit.checks.policy import api


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("90s", 90.0), ("1h30m", 5400.0), ("500ms", 0.5), ("1.5h", 5400.0), ("-2m", -120.0), ("0", 0.0)),
        *(("1m30s", 90.0), ("+1s", 1.0), ("10us", 1e-5), ("", None), ("-", None), ("1", None), ("1d", None)),
        *(("s", None), ("1h30", None), (5, None), (None, None), ("1.2.3s", None), ("1 h", None)),
    ],
)
def test_a_duration_is_a_number_of_seconds(text: object, seconds: float | None) -> None:
    """As Go reads it; days and bare numbers are none."""
    assert api.duration(text) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    "schedule",
    ["*/5 * * * *", "0 6 * * 1-5", "0 0 1 jan *", "30 2 ? * SUN", "@daily", "0 0 29 2 *", "0 0 31 2 1", "5/10 * * * *"],
)
def test_a_schedule_that_comes(schedule: str) -> None:
    """Also 29 February, and a day that never comes beside a weekday that does."""
    cron = api.parse_cron(schedule)

    assert cron is not None
    assert cron.ever_comes


@pytest.mark.parametrize("schedule", ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 feb ?"])
def test_a_schedule_that_never_comes(schedule: str) -> None:
    """Every field is right, and there is no such day."""
    cron = api.parse_cron(schedule)

    assert cron is not None
    assert not cron.ever_comes


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        ("* * * *", "a schedule has five fields; this one has 4"),
        ("60 * * * *", "the minute must be from 0 to 59, not 60"),
        ("0 0 * * 7", "the day of week must be from 0 to 6, not 7"),
        ("0 9-5 * * *", "the hour 9-5 ends before it starts"),
        ("*/0 * * * *", "the minute */0 has no usable step"),
        ("x * * * *", "the minute x is no number"),
        ("@dayly", "there is no @dayly"),
        ("TZ=UTC 0 0 * * *", "a time zone belongs in spec.timeZone"),
    ],
)
def test_a_schedule_that_cannot_be_read(schedule: str, problem: str) -> None:
    """The error says what is wrong."""
    with pytest.raises(api.CronError) as caught:
        api.parse_cron(schedule)
    assert str(caught.value).startswith(problem)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789*/,-?@ JANSUNx", max_size=30))
def test_no_schedule_breaks_the_reader(schedule: str) -> None:
    """It is read or refused."""
    try:
        cron = api.parse_cron(schedule)
    except api.CronError:
        return
    assert cron is None or cron.minutes <= set(range(60))


LABELS = {"app": "web", "tier": "front"}


@pytest.mark.parametrize(
    ("selector", "chosen"),
    [
        ({"app": "web"}, True),
        ({"app": "api"}, False),
        ({}, True),
        (None, False),
        ([], False),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "web", "x": "y"}}, False),
        ({"matchLabels": None, "matchExpressions": None}, True),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["api", "web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "none", "operator": "NotIn", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "Near"}]}, False),
        ({"matchExpressions": [None]}, False),
        ({"matchLabels": [], "matchExpressions": [1]}, False),
    ],
)
def test_a_selector_chooses(selector: Any, chosen: bool) -> None:  # noqa: FBT001  the table's answer
    """As the API server matches labels."""
    assert api.selects(selector, LABELS) is chosen


def deployment(name: str, namespace: str = "", **labels: str) -> api.Workload:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    spec = {"template": {"metadata": {"labels": labels}}}
    return api.Workload(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}, "inventory"
    )


def service(name: str, selector: Any, namespace: str = "") -> api.Manifest:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return api.Manifest({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"selector": selector}})


def test_the_inventory_finds_by_name_and_by_selector() -> None:
    """In the namespace that is asked for, and where a manifest names none."""
    shop, bare, other = (
        deployment("web", "shop", app="web"),
        deployment("web", app="web"),
        deployment("b", "b", app="b"),
    )
    services = [service("one", {"app": "web"}, "shop"), service("all", {}, "shop"), service("no", {"app": "x"})]
    inventory = api.Inventory([shop, bare, other, *services])

    assert inventory.of_kind("apps/Deployment", "shop") == [shop, bare]
    assert inventory.get("apps/Deployment", "b", "shop") is None
    assert inventory.get("apps/Deployment", "b", "b") is other
    assert inventory.workloads({"app": "web"}, "shop") == [shop, bare]
    assert inventory.workloads({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, "b") == [bare, other]
    assert inventory.workloads(None) == []
    assert inventory.selecting("Service", {"app": "web"}, "shop") == [services[1], services[0]]
    assert inventory.selecting("Service", {}, "b") == []


def placed(manifest: api.Manifest, file: str) -> api.Manifest:
    return type(manifest)(manifest.value, manifest.side, manifest.target, file)


def test_the_inventory_knows_what_stands_beside_an_object() -> None:
    """That is what is in the same folder: in the root too, and never in a folder below."""
    web, deep = placed(deployment("web"), "apps/web/a.yaml"), placed(deployment("deep"), "apps/web/b/c.yaml")
    root = placed(deployment("root"), "root.yaml")
    inventory = api.Inventory([web, deep, root])

    assert inventory.beside(placed(service("s", {}), "apps/web/service.yaml")) == [web]
    assert inventory.beside(placed(service("s", {}), "service.yaml")) == [root]
    assert inventory.beside(placed(service("s", {}), "other/service.yaml")) == []


@pytest.mark.parametrize(
    ("selector", "folder", "dangles"),
    [
        ({"app": "web"}, "apps", False),
        ({"app": "wbe"}, "apps", True),
        ({"ap": "web"}, "apps", True),
        ({"app": "wbe"}, "elsewhere", False),
        ({"example.com/app": "wbe"}, "apps", True),
        ({"cnpg.io/cluster": "db"}, "apps", False),
        ({"app": "${APP}"}, "apps", False),
        ({"app": "{{ app }}"}, "apps", False),
        ({"app": 7}, "apps", False),
        ({}, "apps", False),
        (None, "apps", False),
        ("web", "apps", False),
        ({"matchLabels": {"app": "wbe"}}, "apps", True),
        ({"matchLabels": 3}, "apps", False),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, "apps", True),
        ({"matchExpressions": 3}, "apps", False),
    ],
)
def test_a_selector_that_chooses_nothing(selector: Any, folder: str, dangles: bool) -> None:  # noqa: FBT001  the table's answer
    """Only where the folder holds workloads, and of the labels that somebody writes."""
    labels = {"app": "web", "example.com/app": "web"}
    inventory = api.Inventory([placed(deployment("web", **labels), "apps/web.yaml")])
    one = placed(service("s", selector), f"{folder}/service.yaml")

    assert inventory.chooses_nothing(one, "spec", "selector") is dangles


def test_the_inventory_knows_what_scales_a_workload() -> None:
    """A HorizontalPodAutoscaler, or KEDA's ScaledObject, for which a Deployment is the usual target."""

    def scaler(api_version: str, scaler_kind: str, **target: Any) -> api.Manifest:
        spec = {"scaleTargetRef": target}
        return api.Manifest({"apiVersion": api_version, "kind": scaler_kind, "metadata": {"name": "x"}, "spec": spec})

    pods = scaler("autoscaling/v2", "HorizontalPodAutoscaler", kind="Deployment", name="web")
    queue = scaler("keda.sh/v1alpha1", "ScaledObject", name="web")
    other = scaler("autoscaling/v2", "HorizontalPodAutoscaler", kind="StatefulSet", name="web")
    odd = scaler("autoscaling/v2", "HorizontalPodAutoscaler", kind=3, name=[])
    inventory = api.Inventory([pods, queue, other, odd])

    assert inventory.autoscalers(deployment("web", "shop")) == [pods, queue]
    assert inventory.autoscalers(deployment("db")) == []
    assert inventory.named("keda.sh/ScaledObject", "x", "shop") == [queue]
    assert inventory.named("autoscaling/HorizontalPodAutoscaler", "x") == [pods, other, odd]


def test_a_container_has_what_its_pod_has() -> None:
    """A security setting is the container's own, else the pod's where pods pass it on."""
    pod = {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}, "privileged": True},
        "containers": [{"name": "a"}, {"name": "b", "securityContext": {"runAsNonRoot": False}}],
    }
    one, other = api.Workload({"apiVersion": "v1", "kind": "Pod", "spec": pod}).containers

    assert one.security("runAsNonRoot").path == ("spec", "securityContext", "runAsNonRoot")
    assert other.security("runAsNonRoot").value is False
    assert one.security("seccompProfile", "type").value == "RuntimeDefault"
    assert not one.security("privileged")
    assert one.security("runAsUser").path == ("spec", "containers", 0, "securityContext", "runAsUser")


def test_what_a_policy_makes_of_the_inventory_is_made_once() -> None:
    """Each function has a result of its own, also one that is nothing; the next inventory knows nothing of it."""
    calls: list[str] = []

    def names(inventory: api.Inventory) -> list[str]:
        calls.append("names")
        return [one.name for one in inventory.of_kind("Service")]

    def nothing(inventory: api.Inventory) -> None:
        calls.append(f"nothing in {len(inventory.of_kind('Service'))}")

    inventory = api.Inventory([api.Manifest({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}})])

    assert inventory.once(names) == ["web"]
    assert inventory.once(names) is inventory.once(names)
    inventory.once(nothing)
    inventory.once(nothing)
    assert api.Inventory().once(names) == []
    assert calls == ["names", "nothing in 1", "names"]
