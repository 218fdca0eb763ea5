"""The helpers for Argo CD's objects: what an Application deploys, from where, and what an ApplicationSet reads."""

from __future__ import annotations

from typing import Any

import pytest

from gategit.checks.policy.api import (
    Field,
    Manifest,
    application_sources,
    application_spec,
    generators,
    sync_option_problem,
)


def test_an_application_set_is_judged_by_its_template() -> None:
    """The paths lead to where the specification really stands."""
    spec = {"project": "shop"}

    own = application_spec(Manifest({"kind": "Application", "spec": spec}))
    made = application_spec(Manifest({"kind": "ApplicationSet", "spec": {"template": {"spec": spec}}}))

    assert (own.path, own.value) == (("spec",), spec)
    assert (made.path, made.value) == (("spec", "template", "spec"), spec)


@pytest.mark.parametrize(
    ("spec", "paths"),
    [
        ({}, []),
        ({"source": {"path": "a"}}, [("source",)]),
        ({"sources": [{"path": "a"}, {"path": "b"}]}, [("sources", 0), ("sources", 1)]),
        ({"source": {"path": "a"}, "sources": [{"path": "b"}]}, [("sources", 0)]),
        ({"source": {"path": "a"}, "sources": []}, [("source",)]),
        ({"source": None, "sources": "x"}, []),
    ],
)
def test_the_list_of_sources_outweighs_the_single_one(spec: Any, paths: list[tuple[str | int, ...]]) -> None:
    """As it does to Argo CD; an empty list does not."""
    assert [source.path for source in application_sources(Field(spec))] == paths


def test_generators_inside_of_others_are_found() -> None:
    """Each after the one that it stands in."""
    spec = {
        "generators": [
            {"matrix": {"generators": [{"git": {}}, {"merge": {"generators": [{"list": {}}]}}]}},
            {"clusters": {}},
        ]
    }

    found = [next(iter(generator.value)) for generator in generators(Field(spec))]

    assert found == ["matrix", "git", "merge", "list", "clusters"]


def test_generators_are_not_followed_without_end() -> None:
    """A list that holds itself over and over, as aliases of YAML can make it, ends."""
    generator: dict[str, Any] = {"list": {}}
    for _ in range(40):
        generator = {"matrix": {"generators": [generator, generator]}}

    assert len(generators(Field({"generators": [generator]}))) == 1 + 2 + 4 + 8
    assert generators(Field({"generators": [None, 7, "x", {"matrix": 7, "merge": {"generators": 7}}]}))[0].value is None


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ("Replace=true", ""),
        ("Prune=confirm", ""),
        ("SyncTwice=often", ""),
        ("Replace=confirm", "the sync option Replace must have one of the values true, false, not confirm"),
        ("replace=true", "Argo CD ignores the sync option replace; it is written Replace"),
        ("Other=true", "Argo CD knows no sync option Other"),
        ("", "a sync option must be a text such as CreateNamespace=true"),
    ],
)
def test_sync_options_are_compared_letter_by_letter(option: str, problem: str) -> None:
    """Options that are newer than the table can be named."""
    assert sync_option_problem(option, ("SyncTwice",)) == problem
