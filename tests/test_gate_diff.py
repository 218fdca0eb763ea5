"""Showing an object-level change; a Secret's values stay secret."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from gategit import gate
from gategit.gate_diff import read_object_diff
from gategit.model import Location, Region
from gategit.report.object_diff import ObjectDiff, to_json, to_markdown, to_text
from gategit.request import Mode, Request

if TYPE_CHECKING:
    from tests.conftest import RepositoryBuilder

BASE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: shop
data:
  mode: fast
  text: |
    one
    two
    three
"""

SEALED = """\
apiVersion: v1
kind: Secret
metadata:
  name: key
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{"data":{"a":"HUNTER-0"}}'
data:
  a: HUNTER-1
  gone: HUNTER-2
stringData:
  b: HUNTER-3
dta:
  c: HUNTER-4
"""


def silent(_: str) -> None:
    """Hear nothing."""


def diff_of(repository: RepositoryBuilder, old: dict[str, str], new: dict[str, str]) -> ObjectDiff:
    """The change between two sets of files."""
    repository.commit("start", dict(old) or {"README": ""})
    for name in old:
        repository.remove(name)
    for name, content in new.items():
        repository.write(name, content)
    return read_object_diff(Request(repository.folder), silent)


def test_fields_with_lines(git_repository: RepositoryBuilder) -> None:
    """Old and new value of each field, at its line; a text of several lines as a small diff."""
    new = BASE.replace("fast", "slow").replace("two", "2") + "  more: x\n"
    diff = diff_of(git_repository, {"a.yaml": BASE}, {"a.yaml": new})
    assert to_text(diff) == (
        "files, namespace shop: 1 modified\n"
        "\n"
        "  modified ConfigMap shop/settings (v1)\n"
        "      a.yaml:1\n"
        '      7  data.mode: "fast" → "slow"\n'
        "      8  data.text:\n"
        "         @@ -1,3 +1,3 @@\n"
        "          one\n"
        "         -two\n"
        "         +2\n"
        "          three\n"
        '     12  data.more: added "x"\n'
        "\n"
        "objects: 0 added, 1 modified, 0 removed\n"
    )


def test_added_removed_moved(git_repository: RepositoryBuilder) -> None:
    """Whole objects have one line; a moved file has none."""
    diff = diff_of(
        git_repository,
        {"a.yaml": BASE, "b.yaml": BASE.replace("settings", "moved")},
        {"c.yaml": BASE.replace("settings", "new"), "d.yaml": BASE.replace("settings", "moved")},
    )
    assert to_text(diff) == (
        "files, namespace shop: 1 added, 1 removed\n"
        "\n"
        "  removed ConfigMap shop/settings (v1)\n"
        "      a.yaml:1, in the base\n"
        "    ! removal: it is applied no longer, and an agent that prunes deletes it\n"
        "    ! removal: what still uses it does not start any more\n"
        "\n"
        "  added ConfigMap shop/new (v1)\n"
        "      c.yaml:1\n"
        "\n"
        "objects: 1 added, 0 modified, 1 removed, 1 of them at risk\n"
    )


@pytest.mark.parametrize("kind", ["modified", "added", "removed"])
def test_secrets_are_never_shown(git_repository: RepositoryBuilder, kind: str) -> None:
    """No value of a Secret appears, in no format, wherever in it the value stands."""
    changed_secret = SEALED.replace("HUNTER", "DRAGON").replace("  gone: DRAGON-2\n", "").replace("stringData", "data2")
    old = {} if kind == "added" else {"s.yaml": SEALED}
    new = {} if kind == "removed" else {"s.yaml": changed_secret}
    diff = diff_of(git_repository, old, new)
    for text in (to_text(diff), to_json(diff), to_markdown(diff)):
        assert "HUNTER" not in text
        assert "DRAGON" not in text
        assert "Secret" in text
    if kind == "modified":
        assert "data.a: (secret value changed)" in to_text(diff)
        assert "data.gone: removed (secret, not shown)" in to_text(diff)


def test_control_characters_and_long_values(git_repository: RepositoryBuilder) -> None:
    """Nothing that a terminal obeys is printed, and no value fills the screen."""
    new = BASE.replace("fast", '"\\e[31m\\u202e"').replace(
        "name: settings", "name: settings\n  labels: {x: " + "y" * 500 + "}"
    )
    text = to_text(diff_of(git_repository, {"a.yaml": BASE}, {"a.yaml": new}))
    assert all(line.isprintable() for line in text.splitlines())
    assert max(map(len, text.splitlines())) < 200
    assert "characters)" in text


def test_json(git_repository: RepositoryBuilder) -> None:
    """The same for scripts."""
    diff = diff_of(git_repository, {"a.yaml": BASE}, {"a.yaml": BASE.replace("fast", "slow")})
    found: dict[str, Any] = json.loads(to_json(diff))
    assert found == {
        "version": 1,
        "base": git_repository.head(),
        "head": "worktree",
        "summary": {"added": 0, "modified": 1, "removed": 0},
        "objects": [
            {
                "change": "modified",
                "target": None,
                "unit": None,
                "object": {"apiVersion": "v1", "kind": "ConfigMap", "namespace": "shop", "name": "settings"},
                "old": {"file": "a.yaml", "line": 1},
                "new": {"file": "a.yaml", "line": 1},
                "risks": [],
                "fields": [
                    {
                        "path": "data.mode",
                        "change": "modified",
                        "old": {"value": "fast", "file": "a.yaml", "line": 7},
                        "new": {"value": "slow", "file": "a.yaml", "line": 7},
                    }
                ],
            }
        ],
        "unknown": [],
        "unchecked": [],
    }


def test_what_cannot_be_read_is_said(git_repository: RepositoryBuilder) -> None:
    """A file that is no YAML is named, the others are shown, and the diff is known to be incomplete."""
    diff = diff_of(git_repository, {}, {"a.yaml": BASE, "b.yaml": "a: [\n"})
    assert diff.incomplete
    assert [item.what for item in diff.unchecked] == ["b.yaml"]
    text = to_text(diff)
    assert "  added ConfigMap shop/settings (v1)\n      a.yaml:1\n" in text
    assert text.endswith("objects: 1 added, 0 modified, 0 removed; 1 not looked at\n")


OVERLAY = """\
namespace: shop-{target}
resources: [../../base]
images:
  - name: registry.example.com/web
    newTag: 1.4.1
"""
RENDERED = {
    ".gategit.yaml": (
        'version: 1\ntargets:\n  prod: {paths: ["overlays/prod/**"]}\n  staging: {paths: ["overlays/staging/**"]}\n'
    ),
    "base/kustomization.yaml": "resources: [web.yaml, settings.yaml]\n",
    "base/web.yaml": (
        "apiVersion: apps/v1\n"
        "kind: Deployment\n"
        "metadata:\n"
        "  name: web\n"
        "spec:\n"
        "  replicas: 3\n"
        "  selector: {matchLabels: {app: web}}\n"
        "  template:\n"
        "    metadata: {labels: {app: web}}\n"
        "    spec:\n"
        "      containers:\n"
        "        - name: web\n"
        "          image: registry.example.com/web\n"
    ),
    "base/settings.yaml": BASE.replace("  namespace: shop\n", ""),
    "overlays/prod/kustomization.yaml": OVERLAY.format(target="prod"),
    "overlays/staging/kustomization.yaml": OVERLAY.format(target="staging"),
    "apps/plain.yaml": BASE.replace("settings", "plain"),
}


def change_of(repository: RepositoryBuilder, files: dict[str, str | None], **options: Any) -> ObjectDiff:
    """What a change to the rendered repository does; None removes a file."""
    repository.commit("start", RENDERED)
    for name, content in files.items():
        if content is None:
            repository.remove(name)
        else:
            repository.write(name, content)
    return read_object_diff(Request(repository.folder, **options), silent)


class TestRendered:
    """Objects as agents apply them."""

    def test_a_base_of_two_targets(self, git_repository: RepositoryBuilder) -> None:
        """What both get alike is shown once; a field that an overlay sets stands on the overlay's line."""
        files: dict[str, str | None] = {
            "base/web.yaml": RENDERED["base/web.yaml"].replace("replicas: 3", "replicas: 4"),
            "base/kustomization.yaml": "resources: [web.yaml]\n",
            "base/settings.yaml": None,
            "overlays/prod/kustomization.yaml": OVERLAY.format(target="prod").replace("1.4.1", "1.4.2"),
            "apps/plain.yaml": RENDERED["apps/plain.yaml"].replace("fast", "slow"),
        }
        assert to_text(change_of(git_repository, files)) == (
            "prod and staging, namespaces shop-prod and shop-staging: 2 removed\n"
            "\n"
            "  removed ConfigMap settings (v1)  in 2 places\n"
            "      base/settings.yaml:1, in the base\n"
            "    ! removal: it is applied no longer, and an agent that prunes deletes it\n"
            "    ! removal: what still uses it does not start any more\n"
            "\n"
            "prod, namespace shop-prod: 1 modified\n"
            "\n"
            "  modified Deployment shop-prod/web (apps/v1)\n"
            "      base/web.yaml:1\n"
            "    ! image: container web gets another image\n"
            "      6  spec.replicas: 3 → 4\n"
            "         spec.template.spec.containers[0].image:\n"
            '         - "registry.example.com/web:1.4.1"\n'
            '         + "registry.example.com/web:1.4.2"\n'
            "           (overlays/prod/kustomization.yaml:5)\n"
            "\n"
            "staging, namespace shop-staging: 1 modified\n"
            "\n"
            "  modified Deployment shop-staging/web (apps/v1)\n"
            "      base/web.yaml:1\n"
            "      6  spec.replicas: 3 → 4\n"
            "\n"
            "files, namespace shop: 1 modified\n"
            "\n"
            "  modified ConfigMap shop/plain (v1)\n"
            "      apps/plain.yaml:1\n"
            '      7  data.mode: "fast" → "slow"\n'
            "\n"
            "objects: 0 added, 3 modified, 2 removed, 2 of them at risk\n"
        )

    def test_one_target(self, git_repository: RepositoryBuilder) -> None:
        """The others are left out, with what is shared and what goes to no target."""
        files: dict[str, str | None] = {
            "base/web.yaml": RENDERED["base/web.yaml"].replace("replicas: 3", "replicas: 4"),
            "apps/plain.yaml": RENDERED["apps/plain.yaml"].replace("fast", "slow"),
        }
        found = json.loads(to_json(change_of(git_repository, files, target="staging")))
        assert [(one["target"], one["unit"], one["object"]["namespace"]) for one in found["objects"]] == [
            ("staging", "kustomization overlays/staging", "shop-staging")
        ]
        assert found["summary"] == {"added": 0, "modified": 1, "removed": 0}

    def test_one_folder(self, git_repository: RepositoryBuilder) -> None:
        """What is reached from below the paths is shown, and nothing else."""
        files: dict[str, str | None] = {
            "overlays/prod/kustomization.yaml": OVERLAY.format(target="prod").replace("1.4.1", "1.4.2"),
            "apps/plain.yaml": RENDERED["apps/plain.yaml"].replace("fast", "slow"),
        }
        diff = change_of(git_repository, files, paths=("overlays",))
        assert [str(one.object) for one in diff.effect.objects] == ["Deployment shop-prod/web"]

    def test_what_cannot_be_rendered_is_not_known(self, git_repository: RepositoryBuilder) -> None:
        """The unit, the line and the reason are named, the other targets are shown, and the diff is incomplete."""
        broken = OVERLAY.format(target="prod") + "patches:\n  - path: none.yaml\n"
        files: dict[str, str | None] = {
            "base/web.yaml": RENDERED["base/web.yaml"].replace("replicas: 3", "replicas: 4"),
            "overlays/prod/kustomization.yaml": broken,
        }
        diff = change_of(git_repository, files)
        assert diff.incomplete
        assert [one.target for one in diff.effect.objects] == ["staging"]
        (unknown,) = diff.effect.unknown
        assert unknown.what == "kustomization overlays/prod for prod (overlays/prod/kustomization.yaml:7)"
        assert "none.yaml" in unknown.reason

    def test_without_rendering_files_are_shown_as_they_are(self, git_repository: RepositoryBuilder) -> None:
        """The config may switch it off: then a base is what its files declare."""
        off = RENDERED[".gategit.yaml"] + "render: {enabled: false}\n"
        git_repository.commit("off", {".gategit.yaml": off})
        git_repository.commit("start", {**RENDERED, ".gategit.yaml": off})
        git_repository.write("base/web.yaml", RENDERED["base/web.yaml"].replace("replicas: 3", "replicas: 4"))
        diff = read_object_diff(Request(git_repository.folder), silent)
        assert [(one.target, one.unit, str(one.object)) for one in diff.effect.objects] == [
            (None, None, "Deployment web")
        ]

    def test_a_check_reports_the_same(self, git_repository: RepositoryBuilder) -> None:
        """The report of a check holds it where a format asks for it, and is not kept waiting where none does."""
        files: dict[str, str | None] = {
            "base/web.yaml": RENDERED["base/web.yaml"].replace("replicas: 3", "replicas: 4"),
        }
        diff = change_of(git_repository, files)
        request = Request(git_repository.folder, use_cache=False)
        assert gate.run(request).effect is None
        assert gate.run(replace(request, effect=True)).effect == diff.effect
        assert gate.run(replace(request, effect=True, mode=Mode.ALL)).effect is None


def test_lines_are_looked_for_as_long_as_it_pays(git_repository: RepositoryBuilder) -> None:
    """A file with more fields than anybody reads keeps nobody waiting: the fields are shown, the last without lines."""
    fields = range(2000)
    old = BASE.partition("  mode:")[0] + "".join(f"  k{number}: a\n" for number in fields)
    diff = diff_of(git_repository, {"a.yaml": old}, {"a.yaml": old.replace(": a\n", ": b\n")})
    (found,) = diff.effect.objects
    assert len(found.fields) == len(fields)
    assert found.fields[0].new == Location("a.yaml", Region(7, 3, 7, 5))
    assert found.fields[-1].new is None
