"""Where an object change is sent, and what comes of those that cannot be sent."""

from __future__ import annotations

import pytest

from gategit.checks.dry_run.plan import Request, plan
from gategit.checks.dry_run.values import DeclaredKind, Expected, Outcome
from gategit.cluster.discovery import Discovery, Resource
from gategit.model import DryRunResult
from tests.checks.dry_run.asked import Data, change, config_map, widget

RESOURCES = (
    Resource("", "v1", "ConfigMap", "configmaps", namespaced=True),
    Resource("example.com", "v2", "Widget", "widgets", namespaced=True),
    Resource("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", namespaced=False),
)
DISCOVERY = Discovery(RESOURCES, "v1.36.3", stale=("metrics.example.com/v1",))


def _request(data: Data, *, removed: bool = False) -> Request:
    found = plan(3, change(data, None) if removed else change(None, data), DISCOVERY, Expected(namespace="shop"))
    assert isinstance(found, Request)
    return found


def _outcome(data: Data, expected: Expected | None = None, *, removed: bool = False) -> Outcome:
    found = plan(3, change(data, None) if removed else change(None, data), DISCOVERY, expected or Expected())
    assert isinstance(found, Outcome)
    return found


def test_an_object_is_sent_to_its_own_path() -> None:
    """Of a cluster-wide kind there is no namespace in it, whatever the manifest says."""
    role: Data = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "system:web", "namespace": "shop"},
    }
    assert _request(config_map("web")).path == "/api/v1/namespaces/web/configmaps/settings"
    assert _request(role).path == "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Aweb"
    assert _request(role).namespace is None


def test_an_object_without_a_namespace_lives_where_the_target_says() -> None:
    """An empty one is none."""
    data = config_map("")
    assert _request(data).path == "/api/v1/namespaces/shop/configmaps/settings"
    del data["metadata"]["namespace"]
    assert _request(data).path == "/api/v1/namespaces/shop/configmaps/settings"


@pytest.mark.parametrize("name", ["", "..", ".", "a/b", "a b", "ä", "a" * 254, "a\n", "%2e%2e"])
def test_what_is_no_name_stands_in_no_path(name: str) -> None:
    """The server says in its own words what is wrong with it."""
    assert _request(config_map("web", name)).path == "/api/v1/namespaces/web/configmaps"


def test_a_server_behind_the_server_that_is_down() -> None:
    """Whether it knows the kind, nobody knows."""
    data = {**widget("metrics.example.com", "web"), "kind": "Gauge"}
    for removed in (False, True):
        outcome = _outcome(data, removed=removed)
        assert (outcome.result, [problem.rule for problem in outcome.problems]) == (
            DryRunResult.UNKNOWN,
            ["dry-run-unanswered"],
        )
        assert outcome.reason == "the server behind metrics.example.com/v1 does not answer at the moment"


def test_a_version_that_the_repository_is_about_to_bring() -> None:
    """The definition of the head serves it; one that it does not serve either is rejected."""
    kind = DeclaredKind("example.com", "Widget", "widgets", namespaced=True, versions=frozenset({"v1", "v2"}))
    expected = Expected(kinds={("example.com", "Widget"): kind})
    assert _outcome(widget("example.com", "web"), expected).result is DryRunResult.DEFERRED
    third = {**widget("example.com", "web"), "apiVersion": "example.com/v3"}
    outcome = _outcome(third, expected)
    assert (outcome.result, outcome.problems[0].message) == (
        DryRunResult.REJECTED,
        "the server serves Widget in example.com/v2, example.com/v1, not in example.com/v3",
    )


def test_a_removed_object_is_looked_for_in_a_version_that_is_served() -> None:
    """Objects are the same in all versions of their kind."""
    found = _request(widget("example.com", "web"), removed=True)
    assert found.path == "/apis/example.com/v2/namespaces/web/widgets/one"
