"""Which units a tree holds, which of them a change reaches, and what comes of those: real trees, real programs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gategit.cache import Cache
from gategit.config import Config, Target
from gategit.git_trees import CommitTree, Repository
from gategit.manifests.decode import Limits
from gategit.rendering import RenderedSide, Rendering, render_sides
from gategit.side import Side

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.conftest import RepositoryBuilder

pytestmark = pytest.mark.usefixtures("renderers")

URL = "https://git.example.com/acme/fleet.git"
SOURCE = f"""\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{name: fleet, namespace: flux-system}}
spec: {{url: "{URL}", interval: 1m, ref: {{branch: main}}}}
"""
APPS = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 5m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: fleet}
"""
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  interval: 5m
  chart:
    spec:
      chart: ./charts/web
      sourceRef: {kind: GitRepository, name: fleet, namespace: flux-system}
  values: {replicas: 2}
"""
CHART = {
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "charts/web/values.yaml": "replicas: 1\n",
    "charts/web/templates/map.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n"
        'data:\n  replicas: "{{ .Values.replicas }}"\n'
    ),
}
FLEET = {
    "clusters/source.yaml": SOURCE,
    "clusters/apps.yaml": APPS,
    "apps/web.yaml": RELEASE,
    "apps/kustomization.yaml": (
        "resources: [web.yaml]\n"
        "patches:\n"
        "  - target: {kind: HelmRelease}\n"
        "    patch: |-\n"
        "      - {op: replace, path: /spec/values/replicas, value: 3}\n"
    ),
    **CHART,
}
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\n"


class Rig:
    """Trees of one repository, rendered."""

    def __init__(self, builder: RepositoryBuilder) -> None:
        self.builder = builder
        self.repository: Repository | None = None

    def tree(self, files: Mapping[str, str]) -> CommitTree:
        """Commit these files and no others."""
        self.builder.git("rm", "-r", "--quiet", "--force", "--ignore-unmatch", ".")
        commit = self.builder.commit("change", dict(files))
        self.repository = self.repository or Repository(self.builder.folder)
        return CommitTree(self.repository, commit)

    def rendering(self, tree: CommitTree, config: Config) -> Rendering:
        """What renders a tree."""
        side = Side(tree, config.path_filter(), lambda _: True, Limits(), Cache(None), 1, parsed={})
        return Rendering(side, side.survey(), config, root=str(self.builder.folder), urls=(URL,), jobs=2)

    def run(
        self, head: Mapping[str, str], base: Mapping[str, str] | None = None, config: Config | None = None
    ) -> tuple[RenderedSide, RenderedSide | None]:
        """Render what is reached between two trees, or all of one."""
        config = config or Config()
        old = self.rendering(self.tree(base), config) if base is not None else None
        new = self.rendering(self.tree(head), config)
        touched = None
        if base is not None:
            touched = {path for path in {*head, *base} if head.get(path) != base.get(path)}
        return render_sides(new, old, touched, lambda _: None)


@pytest.fixture
def rig(git_repository: RepositoryBuilder) -> Iterator[Rig]:
    made = Rig(git_repository)
    yield made
    if made.repository is not None:
        made.repository.close()


def names(side: RenderedSide | None) -> list[str]:
    assert side is not None
    return sorted(one.unit.name for one in side.rendered)


def data_of(side: RenderedSide | None, unit: str) -> list[dict[str, object]]:
    assert side is not None
    [rendered] = [one for one in side.rendered if one.unit.name == unit]
    return [one.data for one in rendered.objects]


def test_what_an_overlay_patches_is_what_the_agent_is_told(rig: Rig) -> None:
    """A Kustomization brings a HelmRelease with patched values, and the chart is rendered with those."""
    side, _ = rig.run(FLEET)
    assert side.problems == ()
    assert names(side) == ["Flux HelmRelease shop/web", "Flux Kustomization flux-system/apps"]
    assert [one["data"] for one in data_of(side, "Flux HelmRelease shop/web")] == [{"replicas": "3"}]


def test_nothing_is_rendered_where_nothing_is_reached(rig: Rig) -> None:
    """Cost follows the change: a file that no unit is made of reaches none."""
    side, old = rig.run({**FLEET, "readme.yaml": "a: b\n"}, FLEET)
    assert (names(side), names(old)) == ([], [])
    assert len(side.units) == 2


def test_a_chart_reaches_its_releases_as_they_are_patched(rig: Rig) -> None:
    """The unit that brings the release is rendered on the way, but is itself not reached."""
    head = {**FLEET, "charts/web/values.yaml": "replicas: 1\nmore: 2\n"}
    side, old = rig.run(head, FLEET)
    assert names(side) == names(old) == ["Flux HelmRelease shop/web"]
    assert [one["data"] for one in data_of(side, "Flux HelmRelease shop/web")] == [{"replicas": "3"}]


def test_a_patch_reaches_what_it_changes_and_nothing_else(rig: Rig) -> None:
    """Of two releases that one overlay brings, the one whose values change is rendered again."""
    both = {
        **FLEET,
        "apps/api.yaml": RELEASE.replace("name: web,", "name: api,"),
        "apps/kustomization.yaml": (
            "resources: [web.yaml, api.yaml]\n"
            "patches:\n"
            "  - target: {kind: HelmRelease, name: web}\n"
            "    patch: |-\n"
            "      - {op: replace, path: /spec/values/replicas, value: 3}\n"
        ),
    }
    head = {**both, "apps/kustomization.yaml": both["apps/kustomization.yaml"].replace("value: 3", "value: 4")}
    side, old = rig.run(head, both)
    assert names(side) == ["Flux HelmRelease shop/web", "Flux Kustomization flux-system/apps"]
    assert [one["data"] for one in data_of(side, "Flux HelmRelease shop/web")] == [{"replicas": "4"}]
    assert [one["data"] for one in data_of(old, "Flux HelmRelease shop/web")] == [{"replicas": "3"}]


def test_a_line_above_an_object_reaches_nothing(rig: Rig) -> None:
    """Where it is asked for is no part of what is asked for."""
    head = {**FLEET, "clusters/apps.yaml": f"# everything that people use\n{APPS}"}
    assert names(rig.run(head, FLEET)[0]) == []


def test_units_that_one_side_alone_has_are_reached(rig: Rig) -> None:
    """A removed release is rendered on the old side, an added one on the new."""
    without = {path: text for path, text in FLEET.items() if path != "apps/web.yaml"}
    without["apps/kustomization.yaml"] = "resources: [map.yaml]\n"
    without["apps/map.yaml"] = MAP
    side, old = rig.run(without, FLEET)
    assert names(side) == ["Flux Kustomization flux-system/apps"]
    assert names(old) == ["Flux HelmRelease shop/web", "Flux Kustomization flux-system/apps"]


def test_kustomizations_without_an_agent_go_to_their_targets(rig: Rig) -> None:
    """The outermost ones are built, for each target whose paths hold them."""
    files = {
        "base/kustomization.yaml": "resources: [map.yaml]\n",
        "base/map.yaml": MAP,
        "clusters/prod/kustomization.yaml": "resources: [../../base]\nnamePrefix: prod-\n",
        "clusters/test/kustomization.yaml": "resources: [../../base]\nnamePrefix: test-\n",
    }
    targets = (Target("prod", ("clusters/prod/**",)), Target("all", ("clusters/**",)))
    side, _ = rig.run(files, config=replace(Config(), targets=targets))
    assert sorted((one.unit.name, one.unit.target or "") for one in side.rendered) == [
        ("kustomization clusters/prod", "all"),
        ("kustomization clusters/prod", "prod"),
        ("kustomization clusters/test", "all"),
    ]


def test_a_unit_that_brings_itself_is_rendered_once(rig: Rig) -> None:
    """As flux bootstrap makes it: the Kustomization applies the folder that declares it."""
    files = {
        "clusters/source.yaml": SOURCE,
        "clusters/self.yaml": APPS.replace("./apps", "./clusters").replace("name: apps", "name: self"),
        "clusters/map.yaml": MAP,
    }
    side, _ = rig.run(files)
    assert names(side) == ["Flux Kustomization flux-system/self"]
    assert len(data_of(side, "Flux Kustomization flux-system/self")) == 3


def test_one_failure_hides_nothing_else(rig: Rig) -> None:
    """A unit that cannot be built has a problem; the others are there."""
    files = {
        **FLEET,
        "bad/kustomization.yaml": "resources: [gone.yaml]\n",
        "good/kustomization.yaml": "resources: [map.yaml]\n",
        "good/map.yaml": MAP,
    }
    side, _ = rig.run(files)
    assert [one.unit.name for one in side.rendered if one.failed] == ["kustomization bad"]
    assert len([one for one in side.rendered if not one.failed]) == 3


def test_what_flux_builds_below_a_folder_is_not_built_once_more(rig: Rig) -> None:
    """Flux writes a kustomization of a folder that has none: those below are its bases, and nobody's own."""
    files = {
        "clusters/source.yaml": SOURCE,
        "clusters/apps.yaml": APPS,
        "apps/web/kustomization.yaml": "resources: [map.yaml]\n",
        "apps/web/map.yaml": MAP,
        "other/kustomization.yaml": "resources: [map.yaml]\n",
        "other/map.yaml": MAP,
    }
    found, _ = rig.run(files)
    assert sorted(one.unit.name for one in found.rendered) == [
        "Flux Kustomization flux-system/apps",
        "kustomization other",
    ]
