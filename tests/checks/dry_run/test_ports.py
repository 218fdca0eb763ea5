"""Lists of ports in which a number repeats, and whether the change touches them."""

from __future__ import annotations

from typing import Any

import pytest

from gategit.checks.dry_run.ports import mistaken_ports
from gategit.model import FieldPath
from tests.checks.dry_run.asked import Data

TCP, UDP = {"containerPort": 53}, {"containerPort": 53, "protocol": "UDP"}
PORTS = ("spec", "template", "spec", "containers", 1, "ports")


def _pods(*ports: Any) -> Data:
    containers = [{"name": "web"}, {"name": "dns", "ports": list(ports)}]
    return {"kind": "Deployment", "spec": {"template": {"spec": {"containers": containers}}}}


CASES: list[tuple[Data, Data, list[FieldPath]]] = [
    (_pods(TCP, UDP), _pods(TCP, UDP), []),
    (_pods(TCP, UDP), _pods(TCP), [PORTS]),
    (_pods(TCP), _pods(UDP, TCP), [PORTS]),
    (_pods(TCP), _pods(UDP), []),
    (_pods({"containerPort": 54}, TCP), _pods(TCP), []),
    (_pods(1, "x", None), _pods(TCP, UDP), [PORTS]),
    ({"kind": "Service", "spec": {"ports": "x"}}, {"kind": "Service", "spec": None}, []),
    (
        {"kind": "Service", "spec": {}},
        {"kind": "Service", "spec": {"ports": [{"port": 1}, {"port": 1}]}},
        [("spec", "ports")],
    ),
    ({"kind": "ConfigMap", "data": {}}, {"kind": "ConfigMap"}, []),
]


@pytest.mark.parametrize(("new", "before", "places"), CASES)
def test_where_a_client_side_apply_takes_ports_for_one(new: Data, before: Data, places: list[FieldPath]) -> None:
    """A warning stands at each list that the change touches, and at no other one."""
    assert [problem.path for problem in mistaken_ports(new, before)] == places
