"""What a reviewer is told of a change that brings a definition, which judges objects from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gategit import gate
from gategit.model import Level
from gategit.request import Mode, Request

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RepositoryBuilder

DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {plural}.{group}
spec:
  group: {group}
  scope: Namespaced
  names: {{kind: {kind}, plural: {plural}}}
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {schema}
"""
CLOSED = "{type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}"
WIDER = "{type: object, properties: {spec: {type: object, properties: {size: {type: integer}, old: {type: string}}}}}"
OPEN = "{type: object, x-kubernetes-preserve-unknown-fields: true}"
OPEN_SPEC = "{type: object, properties: {spec: {type: object, x-kubernetes-preserve-unknown-fields: true}}}"
WIDGET = "apiVersion: example.com/v1alpha1\nkind: Widget\nmetadata: {name: web, namespace: shop}\nspec: {size: 1}\n"


def widgets(schema: str) -> str:
    return DEFINITION.format(group="example.com", kind="Widget", plural="widgets", schema=schema)


def applications(schema: str) -> str:
    return DEFINITION.format(group="argoproj.io", kind="Application", plural="applications", schema=schema)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without anything worked out before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def said(repository: RepositoryBuilder, base: dict[str, str], head: dict[str, str]) -> list[tuple[str, Level, str]]:
    """File, level and message of what is said of definitions."""
    repository.commit("base", {"readme.md": "shop", **base})
    repository.branch("pr")
    repository.commit("change", head)
    report = gate.run(Request(directory=repository.folder, mode=Mode.CHANGE, base="main", head="HEAD"))
    return [
        (f"{one.location.file}:{one.location.region.line if one.location.region else 0}", one.level, one.message)
        for one in report.findings
        if one.rule == "definition-changed"
    ]


def test_a_definition_instead_of_a_carried_schema_is_a_note(git_repository: RepositoryBuilder) -> None:
    """The cluster may get it with the change; that the other schema is out must be known."""
    assert said(git_repository, {}, {"crd.yaml": applications(CLOSED)}) == [
        (
            "crd.yaml:5",
            Level.NOTE,
            "from this change on its definition judges every Application of argoproj.io, not the schema of Argo CD",
        )
    ]


@pytest.mark.parametrize("schema", [OPEN, OPEN_SPEC])
def test_a_definition_that_takes_any_field_is_a_warning(schema: str, git_repository: RepositoryBuilder) -> None:
    """No mistake in a field's name is found any more."""
    [(_, level, message)] = said(git_repository, {}, {"crd.yaml": applications(schema)})
    assert level is Level.WARNING
    assert message.endswith("; it keeps unknown fields of v1alpha1 now, so none is found any more")


def test_an_edited_definition_together_with_its_objects(git_repository: RepositoryBuilder) -> None:
    """The objects are judged by what the same change says of them."""
    assert said(git_repository, {"crd.yaml": widgets(CLOSED)}, {"crd.yaml": widgets(WIDER), "web.yaml": WIDGET}) == [
        (
            "crd.yaml:5",
            Level.NOTE,
            "this change edits the definition of Widget of example.com, and objects that are judged by it",
        )
    ]


def test_an_edited_definition_that_takes_any_field_from_now_on(git_repository: RepositoryBuilder) -> None:
    """Also where the change has no object of the kind: those of later changes are judged by it too."""
    [(_, level, message)] = said(git_repository, {"crd.yaml": widgets(CLOSED)}, {"crd.yaml": widgets(OPEN)})
    assert level is Level.WARNING
    assert message == (
        "this change edits the definition of Widget of example.com; it keeps unknown fields of v1alpha1 now, so none "
        "is found any more"
    )


@pytest.mark.parametrize(
    ("base", "head"),
    [
        ({}, {"crd.yaml": widgets(CLOSED), "web.yaml": WIDGET}),
        ({"crd.yaml": widgets(CLOSED)}, {"crd.yaml": widgets(WIDER)}),
        ({"crd.yaml": widgets(CLOSED)}, {"crd.yaml": f"# of 2026\n{widgets(CLOSED)}", "web.yaml": WIDGET}),
        ({"crd.yaml": widgets(OPEN)}, {"crd.yaml": widgets(OPEN_SPEC)}),
        ({"crd.yaml": applications(OPEN)}, {"readme.md": "more"}),
    ],
)
def test_what_takes_no_schemas_place_is_not_mentioned(
    base: dict[str, str], head: dict[str, str], git_repository: RepositoryBuilder
) -> None:
    """A kind that nothing judged before, an edit without objects, and one that says the same as before."""
    assert said(git_repository, base, head) == []
