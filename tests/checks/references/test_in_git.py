"""The check on both sides of a change in a real repository."""

# ruff: noqa: E501  messages under test stand on one line
from __future__ import annotations

from dataclasses import replace
from typing import Any

from gategit.checks.references.check import ReferenceSettings
from gategit.git_trees import CommitTree, Repository
from gategit.repository import changed
from tests.checks.references.conftest import judge_tree

HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


def cm(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n"


def test_a_deleted_file_breaks_those_who_name_it(git_repository: Any) -> None:
    """The change touches one file; the findings stand in two files that it does not touch."""
    base = git_repository.commit(
        files={
            "base/a b.yaml": cm("a"),
            "base/ü.yaml": cm("u"),
            "one/kustomization.yaml": HEAD + "resources:\n- ../base/a b.yaml\n- ../base/ü.yaml\n",
            "two/kustomization.yaml": HEAD + "resources:\n- ../base/a b.yaml\n- old.yaml\n",
        }
    )
    git_repository.remove("base/a b.yaml")
    head = git_repository.commit()
    repository = Repository(git_repository.folder)
    try:
        before, after = CommitTree(repository, base), CommitTree(repository, head)
        diff = changed(before, after)
        gone = {path: diff.renames.get(path) for path in diff.removed}
        old = judge_tree(before, ReferenceSettings())
        new = judge_tree(after, ReferenceSettings(gone=gone))
    finally:
        repository.close()
    message = 'names "../base/a b.yaml", but there is no such file or folder: base/a b.yaml; this change deletes it'
    assert new.lines == [
        f"one/kustomization.yaml:4:3-19 dangling-reference: resources[0] {message}",
        f"two/kustomization.yaml:4:3-19 dangling-reference: resources[0] {message}",
        (
            'two/kustomization.yaml:5:3-11 dangling-reference: resources[1] names "old.yaml", but there is no such file or '
            "folder: two/old.yaml"
        ),
    ]
    # What the base has too is the same finding in all that a fingerprint is made of.
    assert old.findings == [replace(new.findings[2], message=old.only().message)]
