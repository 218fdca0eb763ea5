"""What a change does to rendered objects: policies that compare, look around, are waived, and what is counted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from gategit import gate
from gategit.cli.main import app
from gategit.model import Report, Stage, State, Verdict
from gategit.request import Mode, Request, Trust

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RepositoryBuilder

pytestmark = pytest.mark.usefixtures("renderers")

CONFIG = """\
version: 1
policies:
  packs: []
  levels: {volume-claim-removed: error, immutable-field-changed: error, replicas-drop: error, workload-removed: error}
"""
TARGETS = """\
targets:
  dev: {paths: ["overlays/dev/**"]}
  prod: {paths: ["overlays/prod/**"]}
"""
WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 4
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1
"""
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports: [{port: 80}]
"""
OVERLAY = "namespace: shop\nresources:\n  - ../../base\n"
FILES = {
    ".gategit.yaml": CONFIG + TARGETS,
    "base/kustomization.yaml": "resources: [web.yaml, service.yaml]\n",
    "base/web.yaml": WEB,
    "base/service.yaml": SERVICE,
    "overlays/dev/kustomization.yaml": OVERLAY,
    "overlays/prod/kustomization.yaml": OVERLAY + "  - claim.yaml\n",
    "overlays/prod/claim.yaml": CLAIM,
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without anything worked out before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@dataclass
class World:
    """A repository with overlays, and a branch that changes them."""

    repository: RepositoryBuilder
    files: dict[str, str] = field(default_factory=lambda: dict(FILES))

    def change(self, files: dict[str, str | None], **options: Any) -> Report:
        """Commit what there is on main and the change on a branch, and judge it; None removes a file."""
        self.repository.commit("base", self.files)
        self.repository.branch("pr")
        self.edit(files)
        self.repository.commit("change")
        return self.check(**options)

    def edit(self, files: dict[str, str | None]) -> None:
        """Write files, or remove them."""
        for path, text in files.items():
            if text is None:
                self.repository.remove(path)
            else:
                self.repository.write(path, text)

    def check(self, **options: Any) -> Report:
        """Judge the branch."""
        return gate.run(replace(Request(directory=self.repository.folder, base="main", head="HEAD"), **options))


@pytest.fixture
def world(git_repository: RepositoryBuilder) -> World:
    return World(git_repository)


def places(report: Report) -> list[tuple[str, str, int, State]]:
    return [
        (f.rule, f.location.file, f.location.region.line if f.location.region else 0, f.state) for f in report.findings
    ]


def counted(report: Report) -> tuple[int, int, int]:
    return (report.change.added, report.change.modified, report.change.removed)


def soon() -> str:
    return (date.today() + timedelta(days=30)).isoformat()  # noqa: DTZ011  waivers know no time zones


# --- old and new ------------------------------------------------------------------------------------------------------


def test_what_an_overlay_no_longer_lists_is_removed(world: World) -> None:
    """The file may stay: the claim leaves the cluster all the same, and the overlay's kustomization says so."""
    report = world.change({"overlays/prod/kustomization.yaml": OVERLAY})
    assert [(f.rule, f.location.file, f.target) for f in report.findings] == [
        ("volume-claim-removed", "overlays/prod/kustomization.yaml", "prod")
    ]
    assert counted(report) == (0, 0, 1)
    assert report.verdict is Verdict.BLOCKED


def test_a_selector_that_a_patch_changes_is_found_on_the_patch(world: World) -> None:
    """Nothing of the base's file changes, and the Deployment cannot be applied any more."""
    patch = "- op: replace\n  path: /spec/selector/matchLabels/app\n  value: other\n"
    labels = "- op: replace\n  path: /spec/template/metadata/labels/app\n  value: other\n"
    report = world.change(
        {
            "overlays/prod/kustomization.yaml": OVERLAY
            + "  - claim.yaml\npatches: [{path: patch.yaml, target: {kind: Deployment}}]\n",
            "overlays/prod/patch.yaml": patch + labels,
        }
    )
    assert places(report) == [("immutable-field-changed", "overlays/prod/patch.yaml", 3, State.NEW)]
    assert report.findings[0].target == "prod"
    assert counted(report) == (0, 1, 0)


def test_replicas_that_a_replacement_lowers_are_found(world: World) -> None:
    """In the kustomization that says so; on which line the value stands is not certain."""
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: size}\ndata:\n  web: '%s'\n"
    take = (
        "replacements:\n"
        "  - source: {kind: ConfigMap, name: size, fieldPath: data.web}\n"
        "    targets:\n"
        "      - {select: {kind: Deployment}, fieldPaths: [spec.replicas]}\n"
    )
    world.files |= {
        "overlays/dev/kustomization.yaml": OVERLAY + "  - size.yaml\n" + take,
        "overlays/dev/size.yaml": settings % 4,
    }
    report = world.change({"overlays/dev/size.yaml": settings % 1})
    assert places(report) == [("replicas-drop", "overlays/dev/kustomization.yaml", 0, State.NEW)]
    assert counted(report) == (0, 2, 0)


def test_an_object_of_a_base_is_compared_for_each_cluster(world: World) -> None:
    """One line, one finding; each cluster's object is counted."""
    report = world.change({"base/web.yaml": WEB.replace("replicas: 4", "replicas: 1")})
    assert places(report) == [("replicas-drop", "base/web.yaml", 6, State.NEW)]
    assert counted(report) == (0, 2, 0)


def test_overlays_of_several_clusters_are_not_compared_with_each_other(world: World) -> None:
    """Without targets nobody says which cluster is which: an overlay that goes is not another one that comes."""
    world.files[".gategit.yaml"] = CONFIG
    small = "replicas: [{name: web, count: 1}]\n"
    report = world.change({"overlays/stage/kustomization.yaml": OVERLAY + small})
    assert places(report) == []
    assert counted(report) == (2, 0, 0)


# --- moving -----------------------------------------------------------------------------------------------------------


FLUX = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: {name}, namespace: flux-system}}
spec:
  interval: 10m
  path: {path}
  prune: true
  sourceRef: {{kind: GitRepository, name: flux-system}}
"""


def flux(name: str, path: str) -> str:
    return FLUX.format(name=name, path=path)


FLUX_FILES = {
    ".gategit.yaml": CONFIG + 'targets:\n  dev: {paths: ["clusters/dev/**"]}\n  prod: {paths: ["clusters/prod/**"]}\n',
    "clusters/prod/one.yaml": flux("one", "./one"),
    "clusters/prod/two.yaml": flux("two", "./two"),
    "clusters/dev/three.yaml": flux("three", "./three"),
    "one/claim.yaml": CLAIM.replace("name: data", "name: data\n  namespace: shop"),
    "one/web.yaml": WEB.replace("name: web\nspec", "name: web\n  namespace: shop\nspec"),
    "two/service.yaml": SERVICE.replace("name: web", "name: web\n  namespace: shop"),
    "three/service.yaml": SERVICE.replace("name: web", "name: web\n  namespace: shop"),
}


def test_what_moves_to_another_kustomization_of_the_cluster_is_not_removed(world: World) -> None:
    """It is there before and after; only Flux's own label says who has it applied."""
    world.files = dict(FLUX_FILES)
    report = world.change({"one/claim.yaml": None, "two/claim.yaml": FLUX_FILES["one/claim.yaml"]})
    assert [f for f in report.findings if f.rule == "volume-claim-removed"] == []
    assert counted(report) == (0, 1, 0)


def test_what_moves_to_another_cluster_is_removed_from_the_first(world: World) -> None:
    """The claim of this cluster goes, with its data."""
    world.files = dict(FLUX_FILES)
    report = world.change({"one/claim.yaml": None, "three/claim.yaml": FLUX_FILES["one/claim.yaml"]})
    assert [(f.rule, f.location.file, f.target) for f in report.findings] == [
        ("volume-claim-removed", "one/claim.yaml", "prod")
    ]
    assert counted(report) == (1, 0, 1)


def test_a_file_that_a_kustomization_takes_up_is_not_removed(world: World) -> None:
    """It was applied by itself, and now through the overlay."""
    claim = CLAIM.replace("name: data", "name: data\n  namespace: shop")
    world.files |= {
        "overlays/prod/kustomization.yaml": OVERLAY,
        "overlays/prod/claim.yaml": claim,
    }
    report = world.change({"overlays/prod/kustomization.yaml": OVERLAY + "  - claim.yaml\n"})
    assert places(report) == []
    assert counted(report)[2] == 0


def test_a_unit_that_cannot_be_built_changes_nothing_but_its_finding(world: World) -> None:
    """Nobody knows what comes of it: nothing of it is said to be removed."""
    report = world.change({"overlays/prod/kustomization.yaml": OVERLAY + "  - claim.yaml\n  - nowhere.yaml\n"})
    assert {(f.location.file, f.location.region and f.location.region.line) for f in report.findings} == {
        ("overlays/prod/kustomization.yaml", 5)
    }
    assert counted(report) == (0, 0, 0)
    assert report.verdict is Verdict.BLOCKED


# --- neighbours -------------------------------------------------------------------------------------------------------


NEIGHBOURS = "version: 1\npolicies: {packs: [], levels: {dangling-service-selector: error}}\n" + TARGETS
RELABELLED = """\
patches:
  - target: {kind: Deployment}
    patch: |
      - {op: replace, path: /spec/template/metadata/labels/app, value: shop}
      - {op: replace, path: /spec/selector/matchLabels/app, value: shop}
"""
SELECTED = "  - target: {kind: Service}\n    patch: |\n      - {op: replace, path: /spec/selector/app, value: shop}\n"


def test_neighbours_are_those_of_the_same_build(world: World) -> None:
    """Service and Deployment are both patched: neither base nor overlay alone fit together, and the build does."""
    world.files[".gategit.yaml"] = NEIGHBOURS
    report = world.change({"overlays/dev/kustomization.yaml": OVERLAY + RELABELLED + SELECTED})
    assert places(report) == []


def test_a_neighbour_that_a_patch_leaves_behind_is_found(world: World) -> None:
    """The Service of the base selects nothing in this cluster any more."""
    world.files[".gategit.yaml"] = NEIGHBOURS
    report = world.change({"overlays/dev/kustomization.yaml": OVERLAY + RELABELLED})
    assert places(report) == [("dangling-service-selector", "base/service.yaml", 6, State.NEW)]
    assert report.findings[0].target == "dev"


# --- targets and states -----------------------------------------------------------------------------------------------


SCHEMAS = "version: 1\npolicies: {packs: []}\n" + TARGETS


def test_an_old_defect_of_one_cluster_is_new_in_another(world: World) -> None:
    """That prod gets now what dev has had for long is news, and blocks."""
    world.files |= {
        ".gategit.yaml": SCHEMAS,
        "overlays/dev/kustomization.yaml": OVERLAY + "components: [../../shared]\n",
        "shared/kustomization.yaml": (
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: wrong.yaml}]\n"
        ),
        "shared/wrong.yaml": WEB.partition("  selector")[0].replace("4", "four"),
    }
    report = world.change(
        {"overlays/prod/kustomization.yaml": OVERLAY + "  - claim.yaml\ncomponents: [../../shared]\n"}
    )
    assert ("wrong-type", "shared/wrong.yaml", 6, State.NEW) in places(report)
    assert report.verdict is Verdict.BLOCKED


def test_only_the_named_target_is_judged(world: World) -> None:
    """What the other one gets is neither said nor counted."""
    world.files[".gategit.yaml"] = SCHEMAS
    patch = "- {op: replace, path: /spec/replicas, value: four}"
    wrong = f"patches:\n  - target: {{kind: Deployment}}\n    patch: |\n      {patch}\n"
    report = world.change(
        {"overlays/dev/kustomization.yaml": OVERLAY + wrong, "base/web.yaml": WEB.replace("web:1", "web:2")},
        target="prod",
    )
    assert places(report) == []
    assert counted(report) == (0, 1, 0)
    report = world.check(target="dev")
    assert [(f.rule, f.location.file, f.target) for f in report.findings] == [
        ("wrong-type", "overlays/dev/kustomization.yaml", "dev")
    ]


def test_levels_by_target_hold_for_what_is_rendered_for_it(world: World) -> None:
    """The same line of the base: off in dev, an error in prod."""
    world.files[".gategit.yaml"] = (
        "version: 1\npolicies:\n  packs: []\n  levels: {replicas-drop: warning}\n"
        "  overrides:\n    - {targets: [dev], levels: {replicas-drop: 'off'}}\n"
        "    - {targets: [prod], levels: {replicas-drop: error}}\n" + TARGETS
    )
    report = world.change({"base/web.yaml": WEB.replace("replicas: 4", "replicas: 1")})
    assert [(f.rule, f.level.value, f.target) for f in report.findings] == [("replicas-drop", "error", "prod")]


def test_levels_by_path_hold_for_the_line_that_is_to_be_mended(world: World) -> None:
    """The file of the finding is what a path means."""
    world.files[".gategit.yaml"] = (
        "version: 1\npolicies:\n  packs: []\n  levels: {replicas-drop: error}\n"
        "  overrides:\n    - {paths: ['base/**'], levels: {replicas-drop: note}}\n" + TARGETS
    )
    report = world.change({"base/web.yaml": WEB.replace("replicas: 4", "replicas: 1")})
    assert [(f.rule, f.level.value) for f in report.findings] == [("replicas-drop", "note")]
    assert report.verdict is Verdict.PASS


def test_stages_that_are_not_asked_for_say_nothing_of_rendered_objects(world: World) -> None:
    """Without the policy stage a removal is no finding, without the schema stage neither is a wrong type."""
    wrong = WEB.replace("replicas: 4", "replicas: four")
    report = world.change(
        {"overlays/prod/kustomization.yaml": OVERLAY, "base/web.yaml": wrong}, stages=frozenset({Stage.SCHEMA})
    )
    assert {f.rule for f in report.findings} == {"wrong-type"}
    report = world.check(stages=frozenset({Stage.POLICY}))
    assert "wrong-type" not in {f.rule for f in report.findings}
    assert "volume-claim-removed" in {f.rule for f in report.findings}


def test_existing_findings_of_rendered_objects_can_block(world: World) -> None:
    """With --fail-on-existing everything is judged, whatever the change touches."""
    world.files |= {".gategit.yaml": SCHEMAS, "base/web.yaml": WEB.replace("replicas: 4", "replicas: four")}
    report = world.change({"readme.md": "x"}, fail_on_existing=True)
    assert places(report) == [("wrong-type", "base/web.yaml", 6, State.EXISTING)]
    assert report.verdict is Verdict.BLOCKED
    assert places(world.check()) == []


@pytest.mark.parametrize("mode", [Mode.STAGED, Mode.CHANGE])
def test_what_is_not_committed_yet_is_rendered_too(world: World, mode: Mode) -> None:
    """The index or the working tree, against the last commit."""
    world.repository.commit("base", world.files)
    world.edit({"overlays/prod/kustomization.yaml": OVERLAY})
    if mode is Mode.STAGED:
        world.repository.stage()
    report = gate.run(Request(directory=world.repository.folder, mode=mode))
    assert [(f.rule, f.location.file) for f in report.findings] == [
        ("volume-claim-removed", "overlays/prod/kustomization.yaml")
    ]


# --- waivers ----------------------------------------------------------------------------------------------------------


def waivers(*entries: str) -> str:
    return "version: 1\nwaivers:\n" + "".join(
        f"  - {{rule: replicas-drop, {entry}, owner: team-shop, reason: quiet season, expires: {soon()}}}\n"
        for entry in entries
    )


@pytest.mark.parametrize(
    ("entry", "waived"),
    [
        ("object: {kind: Deployment, namespace: shop, name: web}", True),
        ("object: {name: 'w*'}", True),
        ("object: {namespace: other}", False),
        ("paths: ['base/**']", True),
        ("paths: ['overlays/**']", False),
    ],
)
def test_the_waivers_file_holds_for_objects_as_they_are_rendered(world: World, entry: str, waived: bool) -> None:  # noqa: FBT001  a parameter of the test
    """With the namespace that the overlay sets; paths are those of the line that is to be mended."""
    world.files |= {".gategit.yaml": CONFIG + TARGETS + "waivers: waivers.yaml\n", "waivers.yaml": waivers(entry)}
    report = world.change({"base/web.yaml": WEB.replace("replicas: 4", "replicas: 1")})
    found = [f.state for f in report.findings if f.rule == "replicas-drop"]
    assert found == [State.WAIVED if waived else State.NEW]


def test_a_waiver_for_one_target_leaves_the_other_one(world: World) -> None:
    """The finding of prod still blocks."""
    world.files |= {
        ".gategit.yaml": CONFIG + TARGETS + "waivers: waivers.yaml\n",
        "waivers.yaml": waivers("object: {kind: Deployment}, target: dev"),
    }
    report = world.change({"base/web.yaml": WEB.replace("replicas: 4", "replicas: 1")})
    found = {f.target: f.state for f in report.findings if f.rule == "replicas-drop"}
    assert found == {"dev": State.WAIVED, "prod": State.NEW}
    assert report.verdict is Verdict.BLOCKED


@pytest.mark.parametrize("overlay", [OVERLAY, OVERLAY + "namePrefix: eu-\n"])
def test_a_comment_in_the_base_s_file_holds_for_what_overlays_make_of_it(world: World, overlay: str) -> None:
    """Whatever name and namespace the object has in the end."""
    comment = f"  # gategit: waive replicas-drop by team-shop until {soon()} -- quiet season\n  replicas: 4\n"
    world.files |= {
        "base/web.yaml": WEB.replace("  replicas: 4\n", comment),
        "overlays/dev/kustomization.yaml": overlay,
        "overlays/prod/kustomization.yaml": overlay,
    }
    report = world.change({"base/web.yaml": world.files["base/web.yaml"].replace("replicas: 4", "replicas: 1")})
    assert places(report) == [("replicas-drop", "base/web.yaml", 7, State.WAIVED)]
    assert report.verdict is Verdict.PASS


@pytest.mark.parametrize(("before", "state"), [(True, State.WAIVED), (False, State.NEW)])
def test_a_pull_request_cannot_bring_its_own_comment(world: World, before: bool, state: State) -> None:  # noqa: FBT001  a parameter of the test
    """Where the base is trusted, the comment counts that the base has, of what overlays render too."""
    comment = f"  # gategit: waive replicas-drop by team-shop until {soon()} -- quiet season\n  replicas: 4\n"
    commented = WEB.replace("  replicas: 4\n", comment)
    world.files["base/web.yaml"] = commented if before else WEB
    report = world.change({"base/web.yaml": commented.replace("replicas: 4", "replicas: 1")}, trust=Trust.BASE)
    assert [(f.rule, f.state) for f in report.findings if f.rule == "replicas-drop"] == [("replicas-drop", state)]


def test_a_comment_goes_with_the_object_that_is_removed(world: World) -> None:
    """It stood in the base's file, and holds for the removal of what the overlay made of it."""
    comment = f"# gategit: waive volume-claim-removed by team-shop until {soon()} -- it is empty\n"
    world.files["overlays/prod/claim.yaml"] = comment + CLAIM
    report = world.change({"overlays/prod/kustomization.yaml": OVERLAY, "overlays/prod/claim.yaml": None})
    assert [(f.rule, f.state) for f in report.findings] == [("volume-claim-removed", State.WAIVED)]


@pytest.mark.parametrize("how", [[], ["--inline"]])
def test_what_gategit_waive_writes_for_a_shared_finding_excepts_all_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch, how: list[str]
) -> None:
    """One line of the base, two clusters with names and namespaces of their own: one waiver."""
    world.files |= {
        "overlays/dev/kustomization.yaml": OVERLAY + "namePrefix: dev-\n",
        "overlays/prod/kustomization.yaml": OVERLAY.replace("shop", "store"),
    }
    report = world.change({"base/web.yaml": WEB.replace("replicas: 4", "replicas: 1")})
    [finding] = report.findings
    assert len(finding.units) == 2
    monkeypatch.chdir(world.repository.folder)
    wanted = [finding.fingerprint[:12], *how, "--base=main", "--reason=quiet season", "--owner=team-shop"]
    result = CliRunner().invoke(app, ["waive", *wanted, f"--until={soon()}"])
    assert result.exit_code == 0, result.output
    report = world.check(head=None)
    assert [(f.rule, f.state) for f in report.findings] == [("replicas-drop", State.WAIVED)]
    assert report.verdict is Verdict.PASS


def test_what_gategit_waive_writes_for_one_cluster_excepts_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entry names the rendered object and its target."""
    small = OVERLAY + "replicas: [{name: web, count: 1}]\n"
    report = world.change({"overlays/dev/kustomization.yaml": small})
    [finding] = report.findings
    monkeypatch.chdir(world.repository.folder)
    wanted = [finding.fingerprint, "--base=main", "--reason=quiet season", "--owner=team-shop", f"--until={soon()}"]
    assert CliRunner().invoke(app, ["waive", *wanted]).exit_code == 0
    text = (world.repository.folder / "gate/waivers.yaml").read_text()
    assert "object: {kind: Deployment, namespace: shop, name: web}" in text
    assert "target: dev" in text
    world.edit({"overlays/prod/kustomization.yaml": small})
    found = {f.target: f.state for f in world.check(head=None).findings}
    assert found == {"dev": State.WAIVED, "prod": State.NEW}


def test_what_an_overlay_no_longer_lists_is_waived_in_the_waivers_file(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no line left that a comment could stand on."""
    report = world.change({"overlays/prod/kustomization.yaml": OVERLAY})
    [finding] = report.findings
    monkeypatch.chdir(world.repository.folder)
    wanted = [finding.fingerprint, "--base=main", "--reason=it is empty", "--owner=team-shop", f"--until={soon()}"]
    result = CliRunner().invoke(app, ["waive", *wanted, "--inline"])
    assert result.exit_code != 0
    assert CliRunner().invoke(app, ["waive", *wanted]).exit_code == 0
    assert [(f.rule, f.state) for f in world.check(head=None).findings] == [("volume-claim-removed", State.WAIVED)]


# --- what is counted --------------------------------------------------------------------------------------------------


def test_objects_are_counted_as_they_are_applied(world: World) -> None:
    """The base's objects once for each cluster, and not for the base's files again."""
    world.repository.commit("base", world.files)
    report = gate.run(Request(directory=world.repository.folder, mode=Mode.ALL))
    assert report.stats.objects == 5
    report = gate.run(Request(directory=world.repository.folder, mode=Mode.ALL, target="dev"))
    assert report.stats.objects == 2
    report = gate.run(Request(directory=world.repository.folder, mode=Mode.ALL, paths=("overlays/prod/claim.yaml",)))
    assert report.stats.objects == 1


def test_paths_narrow_a_change_to_the_objects_that_are_made_of_them(world: World) -> None:
    """Whatever else the change does is neither judged nor counted."""
    files = {"overlays/prod/kustomization.yaml": OVERLAY, "base/web.yaml": WEB.replace("replicas: 4", "replicas: 1")}
    report = world.change(dict(files), paths=("overlays/prod",))
    assert [(f.rule, f.location.file) for f in report.findings] == [
        ("volume-claim-removed", "overlays/prod/kustomization.yaml")
    ]
    report = world.check(paths=("overlays/dev",))
    assert places(report) == []
