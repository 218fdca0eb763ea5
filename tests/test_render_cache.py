"""What units render to is kept by content: what is taken from the cache, and what is rendered anew."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import zlib
from base64 import b64encode
from dataclasses import fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from gategit.cache import Cache
from gategit.config import Config, Renderer, RenderOptions
from gategit.git_trees import CommitTree, Repository
from gategit.manifests.decode import Limits
from gategit.model import Level, Location, ObjectRef, Region
from gategit.process import Result
from gategit.render.programs import Program, find_program
from gategit.render.running import run_renderer
from gategit.render.values import (
    KustomizeBuild,
    Owner,
    Rendered,
    RenderedObject,
    RenderProblem,
    RenderSettings,
    Trace,
    Unit,
)
from gategit.render_cache import Keys, RenderCache, Wanted
from gategit.rendering import Rendering, render_sides
from gategit.side import Side
from gategit.tree import TreeEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from gategit.rendering import RenderedSide
    from tests.conftest import RepositoryBuilder

FILES = {
    "apps/kustomization.yaml": "resources: [web.yaml]\nconfigMapGenerator: [{name: settings, literals: [a=b]}]\n",
    "apps/web.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {ö: \"1.0\", n: 'yes'}\n",
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "charts/web/values.yaml": "replicas: 1\n",
    "charts/web/templates/map.yaml": (
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {replicas: "{{ .Values.replicas }}"}\n'
    ),
    "clusters/web.yaml": (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: argocd}\n"
        "spec:\n  project: default\n  destination: {namespace: web, server: 'https://kubernetes.default.svc'}\n"
        "  source: {repoURL: 'https://git.example.com/acme/fleet.git', path: charts/web}\n"
    ),
}
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}}}\n"
URL = "https://git.example.com/acme/fleet.git"


class Rig:
    """One repository, rendered again and again with one cache."""

    def __init__(self, builder: RepositoryBuilder, folder: Path) -> None:
        self.builder = builder
        self.file = folder / "cache.sqlite3"
        self.repository: Repository | None = None

    def run(
        self,
        files: Mapping[str, str],
        config: Config | None = None,
        *,
        keep: bool = True,
        links: Mapping[str, str] = MappingProxyType({}),
    ) -> RenderedSide:
        """Commit these files, and render all of them."""
        self.builder.git("rm", "-r", "--quiet", "--force", "--ignore-unmatch", ".")
        for path, target in links.items():
            self.builder.symlink(path, target)
        commit = self.builder.commit("change", dict(files))
        self.repository = self.repository or Repository(self.builder.folder)
        cache = Cache(self.file if keep else None)
        tree = CommitTree(self.repository, commit)
        used = config or Config()
        side = Side(tree, used.path_filter(), lambda _: True, Limits(), cache, 1, parsed={})
        rendering = Rendering(side, side.survey(), used, root=str(self.builder.folder), urls=(URL,), jobs=2)
        found, _ = render_sides(rendering, None, None, lambda _: None)
        cache.close()
        return found

    def kept(self) -> dict[str, str]:
        """The entries that are kept of what was rendered."""
        with sqlite3.connect(self.file) as connection:
            rows = connection.execute("SELECT key, value FROM entry WHERE key LIKE 'rendered:%'").fetchall()
        return dict(rows)


@pytest.fixture
def rig(git_repository: RepositoryBuilder, tmp_path: Path) -> Iterator[Rig]:
    made = Rig(git_repository, tmp_path)
    yield made
    if made.repository is not None:
        made.repository.close()


@pytest.fixture
def without_programs(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let every later start of a renderer fail, while their files stay what they are."""

    def forbid(*_: object, **__: object) -> None:
        raise AssertionError("a renderer was started")

    def apply() -> None:
        monkeypatch.setattr("gategit.render.kustomize.run_renderer", forbid)
        monkeypatch.setattr("gategit.render.helm.run_renderer", forbid)

    return apply


@pytest.mark.usefixtures("renderers")
class TestRuns:
    """Whole runs, one after the other."""

    def test_the_same_files_are_not_rendered_again(self, rig: Rig, without_programs: Callable[[], None]) -> None:
        """Objects, traces and all else come back as they were, and no program runs."""
        first = rig.run(FILES)
        assert sorted(one.unit.name for one in first.rendered if not one.failed) == [
            "Argo CD Application argocd/web",
            "kustomization apps",
        ]
        without_programs()
        assert rig.run(FILES) == first

    @pytest.mark.parametrize(
        ("path", "more", "unit"),
        [
            ("apps/web.yaml", "immutable: true\n", "kustomization apps"),
            ("apps/kustomization.yaml", "namePrefix: my-\n", "kustomization apps"),
            ("charts/web/values.yaml", "more: 1\n", "Argo CD Application argocd/web"),
            ("charts/web/templates/map.yaml", "immutable: true\n", "Argo CD Application argocd/web"),
            ("charts/web/Chart.yaml", "appVersion: '2'\n", "Argo CD Application argocd/web"),
        ],
    )
    def test_a_changed_input_is_rendered_again(self, rig: Rig, path: str, more: str, unit: str) -> None:
        """What is made of it is new; the other unit's entry is the one that was there."""
        rig.run(FILES)
        before = rig.kept()
        changed = {**FILES, path: FILES[path] + more}
        assert rig.run(changed) == rig.run(changed, keep=False)
        after = rig.kept()
        assert before.items() <= after.items()
        assert len(after) == len(before) + 1, unit

    def test_a_file_that_comes_into_a_chart_is_an_input(self, rig: Rig) -> None:
        """The chart's files are all that lie in its folder."""
        rig.run(FILES)
        more = {**FILES, "charts/web/templates/b.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: b}\n"}
        assert rig.run(more) == rig.run(more, keep=False)

    def test_a_link_and_what_it_leads_to_are_inputs(self, rig: Rig) -> None:
        """A file behind a link changes, and then the link comes to lead to another one."""
        files = {"apps/kustomization.yaml": "resources: [link.yaml]\n", "apps/two.yaml": CONFIG_MAP.format("two")}
        found = []
        for name, target in (
            ("one", "one.yaml"),
            ("changed", "one.yaml"),
            ("changed", "two.yaml"),
            ("one", "one.yaml"),
        ):
            side = rig.run({**files, "apps/one.yaml": CONFIG_MAP.format(name)}, links={"apps/link.yaml": target})
            found += [one.data["metadata"]["name"] for unit in side.rendered for one in unit.objects]
        assert found == ["one", "changed", "two", "one"]
        assert len(rig.kept()) == 3

    def test_other_options_are_another_entry(self, rig: Rig) -> None:
        """The Kubernetes version and the limits are part of the key."""
        rig.run(FILES)
        before = rig.kept()
        rig.run(FILES, Config(kubernetes_version="1.30"))
        between = rig.kept()
        rig.run(FILES, Config(render=RenderOptions(timeout=59)))
        assert [len(before), len(between), len(rig.kept())] == [2, 4, 6]

    def test_another_program_is_another_entry(self, rig: Rig, tmp_path: Path) -> None:
        """A copy of the program may be anything; and the copy may be replaced by another one at the same path."""
        copy = tmp_path / "kustomize"
        shutil.copy2(find_program("kustomize", RenderSettings()).path, copy)
        config = Config(render=RenderOptions(kustomize=Renderer(str(copy))))
        rig.run(FILES)
        rig.run(FILES, config)
        assert len(rig.kept()) == 4
        times = copy.stat()
        copy.rename(tmp_path / "old")
        shutil.copy2(tmp_path / "old", copy)
        os.utime(copy, ns=(times.st_atime_ns, times.st_mtime_ns))
        rig.run(FILES, config)
        assert len(rig.kept()) == 6

    def test_what_fails_by_itself_is_kept_with_its_reason(self, rig: Rig, without_programs: Callable[[], None]) -> None:
        """A patch that matches nothing fails tomorrow as it does today, on the same line."""
        files = {**FILES, "apps/kustomization.yaml": "resources: [web.yaml]\npatches: [{path: patch.yaml}]\n"}
        files["apps/patch.yaml"] = CONFIG_MAP.format("other")
        first = rig.run(files)
        assert [problem.location.file for one in first.rendered for problem in one.problems] == ["apps/patch.yaml"]
        without_programs()
        assert rig.run(files) == first

    def test_what_fails_for_a_reason_of_the_moment_is_not_kept(self, rig: Rig, tmp_path: Path) -> None:
        """A missing program, and a limit of output that was reached; both are tried again."""
        missing = Config(render=RenderOptions(kustomize=Renderer(str(tmp_path / "none")), output=10))
        side = rig.run(FILES, missing)
        assert [one.failed for one in side.rendered] == [True, True]
        assert rig.kept() == {}

    @pytest.mark.parametrize(
        "poison", ["", "garbage", "{}", "[]", '"AAAA"', "7", "null", "[[", "x" * 9, '"eJwDAAAAAAE="']
    )
    def test_a_damaged_entry_is_as_if_there_were_none(self, rig: Rig, poison: str) -> None:
        """Whatever stands in the file, the units are rendered, and the entries mended."""
        first = rig.run(FILES)
        whole = rig.kept()
        with sqlite3.connect(rig.file) as connection:
            connection.execute("UPDATE entry SET value = ? WHERE key LIKE 'rendered:%'", (poison,))
        assert rig.run(FILES) == first
        assert rig.kept() == whole

    def test_an_entry_that_would_fill_the_memory_is_not_unpacked(self, rig: Rig) -> None:
        """A gigabyte of blanks in a megabyte."""
        first = rig.run(FILES)
        packer = zlib.compressobj(9)
        bomb = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(300)) + packer.flush()
        with sqlite3.connect(rig.file) as connection:
            connection.execute(
                "UPDATE entry SET value = ? WHERE key LIKE 'rendered:%'", (json.dumps(b64encode(bomb).decode()),)
            )
        assert rig.run(FILES) == first

    def test_without_a_cache_everything_is_rendered(self, rig: Rig) -> None:
        """Nothing is read and nothing is written."""
        first = rig.run(FILES)
        with sqlite3.connect(rig.file) as connection:
            connection.execute("DELETE FROM entry")
        assert rig.run(FILES, keep=False) == first
        assert rig.kept() == {}

    def test_both_sides_of_a_change_share_what_is_the_same(
        self, git_repository: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without a cache on disk, too: what brings a changed unit is rendered once."""
        runs: list[str] = []
        monkeypatch.setattr("gategit.render.kustomize.run_renderer", counting(runs))
        monkeypatch.setattr("gategit.render.helm.run_renderer", counting(runs))
        old = git_repository.commit("base", {**FILES, "clusters/kustomization.yaml": "resources: [web.yaml]\n"})
        new = git_repository.commit("change", {"charts/web/values.yaml": "replicas: 2\n"})
        repository = Repository(git_repository.folder)
        sides = [
            Side(CommitTree(repository, commit), lambda _: True, lambda _: True, Limits(), Cache(None), 1, parsed={})
            for commit in (new, old)
        ]
        head, base = (
            Rendering(side, side.survey(), Config(), root=str(git_repository.folder), urls=(URL,)) for side in sides
        )
        after, before = render_sides(head, base, {"charts/web/values.yaml"}, lambda _: None)
        repository.close()
        assert before is not None
        assert [one.objects[0].data["data"] for one in (*after.rendered, *before.rendered)] == [
            {"replicas": "2"},
            {"replicas": "1"},
        ]
        assert runs == ["kustomize", "helm", "helm"]


def counting(runs: list[str]) -> Callable[..., Result]:
    """A door to the renderers that notes which of them are run."""
    run: Callable[..., Result] = run_renderer

    def noted(program: Program, *arguments: object, **options: object) -> Result:
        runs.append(program.name)
        return run(program, *arguments, **options)

    return noted


class Contents:
    """A tree of which git knows nothing."""

    name = "folder"

    def __init__(self, files: Mapping[str, bytes], *, size: int = -1) -> None:
        self.files = files
        self.size = size

    def entries(self) -> Mapping[str, TreeEntry]:
        """The files."""
        return {path: TreeEntry(path, "", size=self.size) for path in self.files}

    def read(self, path: str) -> bytes:
        """The content of a file."""
        return self.files[path]


UNIT = Unit("kustomization apps", KustomizeBuild("apps"))


class TestKeys:
    """What a key names."""

    @staticmethod
    def key(files: Mapping[str, bytes], unit: Unit = UNIT, *, size: int = -1) -> str | None:
        """The key of a unit that is made of one file that is there and one that is not."""
        keys = Keys(Contents(files, size=size), lambda _: RenderSettings())
        return keys.of(Wanted(unit, frozenset(["apps/a.yaml", "apps/gone.yaml"])))

    def test_content_without_a_name_is_hashed(self) -> None:
        """As in a folder that is no repository."""
        one, same, other = (self.key({"apps/a.yaml": content}) for content in (b"a", b"a", b"b"))
        assert one is not None
        assert one == same != other

    def test_a_huge_file_without_a_name_is_not_read_for_it(self) -> None:
        """Its units are rendered each time."""
        assert self.key({"apps/a.yaml": b"a"}, size=1 << 30) is None

    def test_a_file_that_is_not_there_is_part_of_it(self) -> None:
        """It may be there tomorrow."""
        assert self.key({"apps/a.yaml": b"a"}) != self.key({"apps/a.yaml": b"a", "apps/gone.yaml": b""})

    @pytest.mark.parametrize(
        "other",
        [
            replace(UNIT, name="kustomization other"),
            replace(UNIT, target="prod"),
            replace(UNIT, substitute=(("a", "b"),)),
            replace(UNIT, build=KustomizeBuild("apps", free=True)),
            replace(UNIT, owner=Owner(ObjectRef("v1", "Kustomization", None, "a"), Location("a.yaml"))),
        ],
    )
    def test_every_part_of_a_unit_counts(self, other: Unit) -> None:
        """Messages name units, and builds come out otherwise."""
        assert self.key({"apps/a.yaml": b"a"}) != self.key({"apps/a.yaml": b"a"}, other)

    def test_a_line_above_the_owner_does_not(self) -> None:
        """Where it stands is told anew each time."""
        ref = ObjectRef("v1", "Kustomization", None, "a")
        one, other = (replace(UNIT, owner=Owner(ref, Location("a.yaml", Region(line, 1, line, 2)))) for line in (1, 2))
        assert self.key({"apps/a.yaml": b"a"}, one) == self.key({"apps/a.yaml": b"a"}, other)


class TestEntries:
    """What comes back of what was kept."""

    WHERE = Location("apps/a.yaml", Region(3, 5, 3, 9))
    WHOLE = Rendered(
        UNIT,
        (RenderedObject({"a": [1, 1.5, None, True, "ö\udcff", {}]}, Trace("apps/a.yaml", 1, ("b", "c"), "d")),),
        (
            RenderProblem(
                "render-failed", "m", WHERE, "h", Level.NOTE, ObjectRef("v1", "A", None, "n"), ("a", 0), fatal=False
            ),
        ),
        frozenset(["apps/a.yaml"]),
        (("what", "why"),),
        ("note",),
        given_up=True,
    )

    @staticmethod
    def again(rendered: Rendered, folder: Path) -> dict[str, Rendered]:
        """Keep something, and look for it in another run."""
        wanted = {"rendered:a": Wanted(rendered.unit, frozenset(["apps/a.yaml"]))}
        for _ in range(2):
            cache = Cache(folder / "cache.sqlite3")
            results = RenderCache(cache)
            found = results.find(wanted)
            results.keep(wanted, {"rendered:a": rendered})
            cache.close()
        return found

    def test_every_attribute_comes_back(self, tmp_path: Path) -> None:
        """An attribute that is added has to be kept, too: this counts them."""
        assert self.again(self.WHOLE, tmp_path) == {"rendered:a": self.WHOLE}
        assert [len(fields(one)) for one in (Rendered, RenderedObject, Trace)] == [8, 2, 4]

    @pytest.mark.parametrize(
        "other",
        [
            replace(WHOLE, lasting=False),
            replace(WHOLE, inputs=frozenset(["apps/b.yaml"])),
            replace(WHOLE, problems=(RenderProblem("a", "b", Location("other.yaml", Region(1, 1, 1, 2))),)),
            replace(WHOLE, objects=(RenderedObject({"a": {1, 2}}),)),
        ],
    )
    def test_what_depends_on_more_than_the_key_is_not_kept(self, other: Rendered, tmp_path: Path) -> None:
        """A reason of the moment, other inputs, a line of a file that is no input, and what is no plain data."""
        assert self.again(other, tmp_path) == {}

    def test_where_a_unit_is_asked_for_may_move(self, tmp_path: Path) -> None:
        """What is said of its owner is said where that stands now: from the disk, and within a run."""
        ref = ObjectRef("v1", "Kustomization", None, "a")
        before, after = (Location("clusters/a.yaml", Region(line, 1, line, 2)) for line in (4, 9))
        old = replace(UNIT, owner=Owner(ref, before))
        new = replace(UNIT, owner=Owner(ref, after))
        rendered = replace(self.WHOLE, unit=old, problems=(RenderProblem("render-failed", "m", before),))
        moved = replace(self.WHOLE, unit=new, problems=(RenderProblem("render-failed", "m", after),))
        inputs = frozenset(["apps/a.yaml"])
        self.again(rendered, tmp_path)
        cache = Cache(tmp_path / "cache.sqlite3")
        results = RenderCache(cache)
        for _ in range(2):
            assert results.find({"rendered:a": Wanted(new, inputs)}) == {"rendered:a": moved}
            assert results.find({"rendered:a": Wanted(old, inputs)}) == {"rendered:a": rendered}
        cache.close()
