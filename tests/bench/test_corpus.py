"""The documents of the benchmarks: half of them good, half with mistakes that are really there."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bench.corpus import MISTAKES, application, write_corpus, write_policy_corpus


def _documents(text: str) -> list[dict[str, Any]]:
    return list(YAML(typ="safe", pure=True).load_all(text))


def _container_count(number: int) -> int:
    deployment = _documents(application(number))[0]
    return len(deployment["spec"]["template"]["spec"]["containers"])


def test_a_corpus_holds_three_documents_for_each_file(tmp_path: Path) -> None:
    """A Deployment, a Service and a ConfigMap, a hundred files to a folder."""
    write_corpus(tmp_path, 101)
    assert len(list(tmp_path.glob("group-000/*.yaml"))) == 100
    [last] = tmp_path.glob("group-001/*.yaml")
    assert [document["kind"] for document in _documents(last.read_text())] == ["Deployment", "Service", "ConfigMap"]


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        (6, {"Deployment": 2, "Service": 2, "ConfigMap": 2}),
        (7, {"Deployment": 2, "Service": 2, "ConfigMap": 3}),
        (8, {"Deployment": 2, "Service": 2, "ConfigMap": 4}),
    ],
)
def test_a_policy_corpus_has_exactly_the_documents_asked_for(
    documents: int, expected: dict[str, int], tmp_path: Path
) -> None:
    """What three does not divide ends in lone ConfigMaps."""
    write_policy_corpus(tmp_path, documents)
    found = [document["kind"] for path in tmp_path.rglob("*.yaml") for document in _documents(path.read_text())]
    assert Counter(found) == expected


def test_every_object_has_a_name_of_its_own(tmp_path: Path) -> None:
    """No two documents are the same object, or the gate would say so instead of measuring."""
    write_policy_corpus(tmp_path, 700)
    found = [document for path in tmp_path.rglob("*.yaml") for document in _documents(path.read_text())]
    keys = {(one["kind"], one["metadata"]["namespace"], one["metadata"]["name"]) for one in found}
    assert len(keys) == len(found) == 700


@pytest.mark.parametrize("number", [0, 2], ids=["one container", "two containers"])
@pytest.mark.parametrize(("pattern", "replacement"), MISTAKES, ids=[pattern for pattern, _ in MISTAKES])
def test_every_mistake_fits(pattern: str, replacement: str, number: int) -> None:
    """A mistake changes a good application, and what comes out is still YAML."""
    # The patterns stand for the template; what it is filled with is put in here as well.
    filled = {"$name": f"app-{number}", "$digest": f"{number:064x}", "$number": str(number)}
    for key, value in filled.items():
        pattern = pattern.replace(re.escape(key), value)
        replacement = replacement.replace(key, value).replace(f"${{{key[1:]}}}", value)
    good = application(number)
    bad = re.sub(pattern, replacement, good, flags=re.MULTILINE)
    assert bad != good
    assert "$" not in bad
    assert [document["kind"] for document in _documents(bad)] == ["Deployment", "Service", "ConfigMap"]


def test_half_of_the_applications_have_mistakes() -> None:
    """Even numbers are good, and the same but for their names; odd ones differ from that in two or three ways."""
    blank = [
        application(number)
        .replace(f"{number:064x}", "0" * 64)
        .replace(f"app-{number}", "app")
        .replace(f'"batch": {number}', '"batch": 0')
        for number in range(80)
    ]
    good = {blank[number] for number in range(0, 80, 2)}
    bad = [blank[number] for number in range(1, 80, 2)]
    assert len(good) == 2
    assert all(text not in good for text in bad)
    # Two rounds through the mistakes pair each with others, so hardly any two are alike.
    assert len(set(bad)) > 30


def test_half_of_the_applications_have_two_containers() -> None:
    """One or two, among the good and among the bad."""
    assert [_container_count(number) for number in range(8)] == [1, 1, 2, 2, 1, 1, 2, 2]
