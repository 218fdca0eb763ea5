"""No built-in policy crashes on objects that are almost what it looks at."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from gategit.checks.policy.documentation import parse
from gategit.checks.policy.load import PolicyInfo, PolicySet, builtin_policies
from gategit.checks.policy.run import Runner
from gategit.checks.policy.subjects import RequestFacts, Scene, Subject
from gategit.manifests.file import read_file
from gategit.manifests.manifest import Manifest, Role
from gategit.model import Level
from tests.policies.conftest import manifest

ODD: list[Any] = [
    *(None, [], {}, "", "x", 0, -1, 1.5, True, False, 10**30, float("inf"), float("nan")),
    *([None], [{}], ["x"], [[1]], {"a": None}, {"name": 1}, [{"name": None}], {"a": [["b"]]}),
    *("a" * 300, "${X}", "{{ x }}", "\u0661", "9" * 5000, "*", "-", ":", "@", "/", "%", "1Gi", "0 0 * * *", "\n\t"),
]
PARAMETERS: dict[str, Any] = {"tuple[str, ...]": ("*", "a", "x=[a-z]+", "80-90", ""), "bool": True}


def examples() -> list[dict[str, Any]]:
    """Every object in an example of a policy: together they are of every kind that some policy looks at."""
    found: list[dict[str, Any]] = []
    for policy in builtin_policies():
        page = parse(policy.doc)
        for example in (*page.fails, *page.passes):
            for section in example.sections:
                if section.kind in ("old", "new", "inventory"):
                    file = read_file("a.yaml", section.text.encode(), Role.MANIFEST)
                    found += [one.data for one in file.manifests]
    return found


def spoilt(data: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The object with something odd in up to four places."""
    data = copy.deepcopy(data)
    for _ in range(chance.randint(1, 4)):
        holder: Any = None
        key: Any = None
        value: Any = {name: part for name, part in data.items() if name not in ("apiVersion", "kind")}
        top = True
        while isinstance(value, dict | list) and value and (top or chance.random() < 0.8):
            holder = data if top else value
            key = chance.choice(list(value)) if isinstance(value, dict) else chance.randrange(len(value))
            value, top = value[key], False
        if holder is not None:
            holder[key] = copy.deepcopy(chance.choice(ODD))
    return data


def read(data: dict[str, Any]) -> Manifest:
    """The object as the gate sees it: with a name that is text."""
    metadata = data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
    one = manifest({**data, "metadata": {}})
    return Manifest(
        one.api_version,
        one.kind,
        namespace if isinstance(namespace, str) else None,
        name if isinstance(name, str) else "",
        data,
        one.source,
    )


def given(policy: PolicyInfo) -> dict[str, Any]:
    """A value for each parameter of a policy."""
    return {one.name: PARAMETERS.get(one.type, one.default) for one in policy.parameters}


@pytest.mark.parametrize("seed", range(6))
def test_no_policy_crashes_on_spoilt_objects(runner: Runner, seed: int) -> None:
    """Added, changed and removed, with parameters and without, beside an inventory that is no better."""
    chance = random.Random(seed)  # noqa: S311  it has to be the same each time
    objects = examples()
    subjects = []
    for one in objects:
        old, new = read(spoilt(one, chance) if chance.random() < 0.5 else one), read(spoilt(one, chance))
        pairs = [Subject(old, new, ("prod",)), Subject(old, None, ("prod",)), Subject(None, new, ("prod",), added=True)]
        subjects.append(chance.choices(pairs, (8, 1, 1))[0])
    policies = runner.policies()
    parameters = {policy.id: given(policy) for policy in policies if policy.parameters} if seed % 2 else {}
    request = RequestFacts(is_known=True, author="renovate[bot]", labels=("x",), now="2026-12-24T12:00:00Z")
    scene = Scene("prod", ("", "1.25", "1.34")[seed % 3], request, tuple(read(spoilt(one, chance)) for one in objects))

    outcome = runner.run(
        PolicySet(policies, {policy.id: Level.ERROR for policy in policies}, parameters), subjects, scene
    )

    assert [(crash.policy, crash.message, crash.traceback) for crash in outcome.crashes] == []
    assert outcome.hits
