"""Kinds are found by what people call them."""

from __future__ import annotations

import pytest

from gategit.checks.schema import facts
from gategit.checks.schema.kind_names import KindName, alike, matches, own_name, plural_of

CLUSTER = KindName("postgresql.cnpg.io", "Cluster", "clusters", ("cluster",))


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        *(("Pod", "pods"), ("Ingress", "ingresses"), ("NetworkPolicy", "networkpolicies"), ("Endpoints", "endpoints")),
        *(("Gateway", "gateways"), ("StorageClass", "storageclasses"), ("EndpointSlice", "endpointslices")),
    ],
)
def test_plurals(kind: str, plural: str) -> None:
    """As Kubernetes forms them."""
    assert plural_of(kind) == plural


@pytest.mark.parametrize(
    "word",
    [
        *("Cluster", "CLUSTERS", "clust*", "*", "cluster.postgresql.cnpg.io", "clusters.v1.postgresql.cnpg.io"),
        *("Cluster.postgresql.*", "clusters.*.io", "Cluster.POSTGRESQL.cnpg.io"),
    ],
)
def test_words_that_mean_a_kind(word: str) -> None:
    """Any name in any case; a group or a version and a group may follow."""
    assert matches(CLUSTER, word)


@pytest.mark.parametrize(
    "word", ["", "clus", "cluster.", "cluster.x-k8s.io", "cluster.v1", ".postgresql.cnpg.io", "cluster.v1.x-k8s.io"]
)
def test_words_that_do_not(word: str) -> None:
    """A part of a name is no name, and another group is another kind."""
    assert not matches(CLUSTER, word)


def test_the_core_group_has_no_name() -> None:
    """A version may still be said."""
    pod = own_name("", "Pod")
    assert pod.full == "Pod"
    assert matches(pod, "po")
    assert matches(pod, "pods.v1")
    assert not matches(pod, "pods.apps")


def test_every_short_name_is_of_a_kind_that_there_is() -> None:
    """The table names nothing else, and no short name twice."""
    kinds = {(api_version.rpartition("/")[0], kind) for api_version, kind in facts.kinds("1.34")}
    named = {name: own_name(*name).others for name in kinds if own_name(*name).others}
    short = [word for words in named.values() for word in words]
    assert len(short) == len(set(short)) == 28


def test_names_that_are_alike() -> None:
    """The nearest first, each in full, no more than a few."""
    names = [CLUSTER, own_name("", "Pod"), own_name("rbac.authorization.k8s.io", "ClusterRole")]
    assert alike("clustr", names) == ("Cluster.postgresql.cnpg.io", "ClusterRole.rbac.authorization.k8s.io")
    assert alike("xyz", names) == ()
    assert alike("pood", [KindName(f"g{number}.io", "Pod", "pods") for number in range(9)], most=2) == (
        *("Pod.g0.io", "Pod.g1.io"),
    )
