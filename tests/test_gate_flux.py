"""What Flux's objects of several clusters need of each other, in whole changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gategit import gate
from gategit.request import Request

if TYPE_CHECKING:
    from pathlib import Path

    from gategit.model import Report
    from tests.conftest import RepositoryBuilder

pytestmark = pytest.mark.usefixtures("renderers")

CONFIG = (
    "version: 1\npolicies: {packs: []}\nrepositories: [https://git.example.com/shop/fleet.git]\n"
    "targets:\n  prod: {paths: [clusters/prod]}\n  staging: {paths: [clusters/staging]}\n"
)
SOURCE = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 1m
  url: https://git.example.com/shop/fleet.git
  ref: {branch: main}
"""
QUOTA = """\
apiVersion: v1
kind: ResourceQuota
metadata:
  name: all
  namespace: shop
spec:
  hard:
    limits.memory: ${memory}
"""


def kustomization(name: str, path: str, more: str = "") -> str:
    return f"""\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: {name}
  namespace: flux-system
spec:
  interval: 10m
  prune: true
  path: {path}
  sourceRef:
    kind: GitRepository
    name: flux-system
{more}"""


def variables(kind: str = "ConfigMap", more: str = "") -> str:
    return f"  postBuild:\n    substituteFrom:\n      - kind: {kind}\n        name: settings\n{more}"


def config_map(name: str, data: str, namespace: str = "flux-system") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {namespace}\ndata: {data}\n"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without anything worked out before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def check(repository: RepositoryBuilder, base: dict[str, str], head: dict[str, str | None]) -> Report:
    repository.commit("base", {".gategit.yaml": CONFIG, **base})
    repository.branch("pr")
    for path in (path for path, text in head.items() if text is None):
        repository.remove(path)
    repository.commit("change", {path: text for path, text in head.items() if text is not None})
    return gate.run(Request(directory=repository.folder, base="main", head="HEAD"))


def said(report: Report, *rules: str) -> list[str]:
    return [
        f"{one.level} {one.location.file}:{one.location.region.line if one.location.region else '-'} {one.message}"
        + "".join(f" (see {at.location.file}:{at.location.region and at.location.region.line})" for at in one.related)
        for one in report.findings
        if not rules or one.rule in rules
    ]


FLEET = {
    "clusters/prod/source.yaml": SOURCE,
    "clusters/prod/infra.yaml": kustomization("infra", "./infra", variables()),
    "clusters/prod/settings.yaml": config_map("settings", "{memory: 64Gi}"),
    "clusters/staging/source.yaml": SOURCE,
    "clusters/staging/infra.yaml": kustomization("infra", "./infra", variables()),
    "clusters/staging/settings.yaml": config_map("settings", "{memory: 8Gi}"),
    "infra/quota.yaml": QUOTA,
}


def test_variables_of_another_cluster_are_not_taken(git_repository: RepositoryBuilder) -> None:
    """A ConfigMap that a change takes from one cluster is missed there, with where it was; nothing else is said."""
    report = check(git_repository, FLEET, {"clusters/prod/settings.yaml": None})
    assert said(report) == [
        (
            "error clusters/prod/infra.yaml:16 Kustomization flux-system/infra: "
            "spec.postBuild.substituteFrom[0].name names the ConfigMap settings"
            ", which this change removes (see clusters/prod/settings.yaml:2)"
        )
    ]
    left = [one.reason for one in report.unchecked if one.what == "Flux Kustomization flux-system/infra of prod"]
    assert [reason.endswith("; nothing of it is applied") for reason in left] == [True]
    assert (report.change.modified, report.change.removed) == (0, 1)


def test_what_may_be_missing_is_not_missed(git_repository: RepositoryBuilder) -> None:
    """An optional ConfigMap goes without a word."""
    optional = kustomization("infra", "./infra", variables(more="        optional: true\n"))
    report = check(
        git_repository, {**FLEET, "clusters/prod/infra.yaml": optional}, {"clusters/prod/settings.yaml": None}
    )
    assert said(report, "dangling-reference") == []


def test_a_secret_that_the_change_removes_may_come_from_elsewhere_now(git_repository: RepositoryBuilder) -> None:
    """So that it is a warning, and what is known of the rest is judged."""
    secret = config_map("settings", "{memory: NjRHaQ==}").replace("ConfigMap", "Secret")
    asking = kustomization("infra", "./infra", variables("Secret"))
    base = {**FLEET, "clusters/prod/infra.yaml": asking, "clusters/prod/settings.yaml": secret}
    report = check(git_repository, base, {"clusters/prod/settings.yaml": None})
    assert said(report, "dangling-reference") == [
        (
            "warning clusters/prod/infra.yaml:16 Kustomization flux-system/infra: "
            "spec.postBuild.substituteFrom[0].name names the Secret settings"
            ", which this change removes (see clusters/prod/settings.yaml:2)"
        )
    ]


def test_a_name_that_only_another_cluster_has_is_said_to_be_there(git_repository: RepositoryBuilder) -> None:
    """It is in that one's files, and this one has never had it."""
    base = {path: text for path, text in FLEET.items() if not path.startswith("clusters/prod/")}
    added = {path: text for path, text in FLEET.items() if path.startswith("clusters/prod/")}
    del added["clusters/prod/settings.yaml"]
    assert said(check(git_repository, base, dict(added)), "dangling-reference") == [
        (
            "warning clusters/prod/infra.yaml:16 Kustomization flux-system/infra: "
            "spec.postBuild.substituteFrom[0].name names the ConfigMap settings"
            ", which this repository brings for staging and not for prod"
        )
    ]


def test_what_two_clusters_share_is_found_in_both(git_repository: RepositoryBuilder) -> None:
    """A file of one target's paths that the other's Kustomization builds comes to both."""
    base = {
        **{path: text for path, text in FLEET.items() if not path.endswith("settings.yaml")},
        "clusters/staging/shared/settings.yaml": config_map("settings", "{memory: 8Gi}"),
        "clusters/prod/shared.yaml": kustomization("shared", "./clusters/staging/shared"),
    }
    report = check(git_repository, base, {"infra/quota.yaml": QUOTA.replace("all", "every")})
    assert said(report, "dangling-reference", "variable-unset") == []


CHART = {
    "charts/queue/Chart.yaml": "apiVersion: v2\nname: queue\nversion: 1.0.0\n",
    "charts/queue/values.yaml": "storage: 1Gi\n",
    "charts/queue/templates/claim.yaml": (
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\nspec:\n"
        "  accessModes: [ReadWriteOnce]\n  resources:\n    requests:\n      storage: {{ .Values.storage }}\n"
    ),
}
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: queue
  namespace: flux-system
spec:
  interval: 10m
  chart:
    spec:
      chart: ./charts/queue
      sourceRef: {kind: GitRepository, name: flux-system}
  valuesFrom:
    - kind: ConfigMap
      name: queue-values
"""


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (
            {"clusters/prod/values.yaml": config_map("queue-values", "{value.yaml: 'storage: 20Gi'}")},
            (
                "error clusters/prod/queue.yaml:14 HelmRelease flux-system/queue: the ConfigMap queue-values has no "
                "key values.yaml, from which values are taken"
            ),
        ),
        (
            {"clusters/prod/values.yaml": None},
            (
                "error clusters/prod/queue.yaml:14 HelmRelease flux-system/queue: spec.valuesFrom[0].name names the "
                "ConfigMap queue-values"
                ", which this change removes (see clusters/prod/values.yaml:2)"
            ),
        ),
    ],
)
def test_a_release_without_its_values_changes_nothing(
    git_repository: RepositoryBuilder, head: dict[str, str | None], message: str
) -> None:
    """Flux applies nothing of it: its volume does not shrink to what the chart says by itself."""
    config = CONFIG.replace("packs: []", "packs: [recommended]")
    base = {
        **CHART,
        ".gategit.yaml": config,
        "clusters/prod/source.yaml": SOURCE,
        "clusters/prod/queue.yaml": RELEASE,
        "clusters/prod/values.yaml": config_map("queue-values", "{values.yaml: 'storage: 20Gi'}"),
    }
    report = check(git_repository, base, head)
    assert [one for one in said(report) if one.startswith("error")] == [message]
    assert any(one.what == "Flux HelmRelease flux-system/queue of prod" for one in report.unchecked)


def test_a_circle_is_said_where_the_change_closes_it(git_repository: RepositoryBuilder) -> None:
    """Once, with the other ends, whichever clusters it comes to."""
    folders = {f"{name}/map.yaml": config_map(name, "{a: b}", "shop") for name in ("one", "two", "three")}
    waiting = {
        "one": "  dependsOn: [{name: two}]\n",
        "two": "  dependsOn: [{name: three}]\n",
        "three": "",
    }
    units = {f"fleet/{name}.yaml": kustomization(name, f"./{name}", more) for name, more in waiting.items()}
    root = kustomization("fleet", "./fleet")
    base = {**folders, **units}
    for name in ("prod", "staging"):
        base |= {f"clusters/{name}/source.yaml": SOURCE, f"clusters/{name}/fleet.yaml": root}
    closing = kustomization("three", "./three", "  dependsOn: [{name: one}]\n")
    assert said(check(git_repository, base, {"fleet/three.yaml": closing}), "dependency-cycle") == [
        (
            "error fleet/three.yaml:13 Kustomization flux-system/three waits for Kustomization flux-system/one, which "
            "waits for Kustomization flux-system/two, which waits for Kustomization flux-system/three: none of it is "
            "ever applied (see fleet/one.yaml:13) (see fleet/two.yaml:13)"
        )
    ]


def test_a_value_that_a_variable_brings_names_the_variables_place(git_repository: RepositoryBuilder) -> None:
    """The line that takes it is right for the other clusters; of a Secret no line is shown."""
    head: dict[str, str | None] = {
        f"clusters/{name}/settings.yaml": config_map("settings", "\n  memory: 64GiB") for name in ("prod", "staging")
    }
    assert said(check(git_repository, FLEET, head), "invalid-value") == [
        (
            "error infra/quota.yaml:8 limits.memory in spec.hard must be a quantity such as 500m, 1.5 or 2Gi, not the "
            'string "64GiB" (in 2 builds: Flux Kustomization flux-system/infra of prod for prod, Flux Kustomization '
            "flux-system/infra of staging for staging) (see clusters/prod/settings.yaml:7) "
            "(see clusters/staging/settings.yaml:7)"
        )
    ]


def test_a_value_that_a_secrets_variable_brings_names_no_place(git_repository: RepositoryBuilder) -> None:
    """Reports show the lines that findings name."""
    asking = kustomization("infra", "./infra", variables("Secret"))
    secret = (
        config_map("settings", "{memory: 64GiB}").replace("ConfigMap", "Secret").replace("\ndata:", "\nstringData:")
    )
    base = {"clusters/prod/source.yaml": SOURCE, "infra/quota.yaml": QUOTA}
    report = check(git_repository, base, {"clusters/prod/infra.yaml": asking, "clusters/prod/settings.yaml": secret})
    assert said(report, "invalid-value") == [
        (
            "error infra/quota.yaml:8 limits.memory in spec.hard must be a quantity such as 500m, 1.5 or 2Gi, not the "
            'string "64GiB"'
        )
    ]


QUEUE = {
    **CHART,
    "clusters/prod/source.yaml": SOURCE,
    "clusters/prod/queue.yaml": kustomization("queue", "./queue"),
    "queue/kustomization.yaml": "resources: [release.yaml]\nconfigMapGenerator:\n  - name: made\n    literals: [a=b]\n",
    "queue/release.yaml": RELEASE.replace("  valuesFrom:\n    - kind: ConfigMap\n      name: queue-values\n", ""),
    ".gategit.yaml": CONFIG.replace("packs: []", "packs: [recommended]"),
}


def test_a_path_that_leads_nowhere_removes_nothing(git_repository: RepositoryBuilder) -> None:
    """Nor does what stands behind it: a release of the folder, whoever else may build that."""
    head: dict[str, str | None] = {"clusters/prod/queue.yaml": kustomization("queue", "./quee")}
    report = check(git_repository, QUEUE, head)
    assert [one for one in said(report) if one.startswith("error")] == [
        (
            'error clusters/prod/queue.yaml:9 Kustomization queue: spec.path is "./quee", but there is no such folder '
            "in this repository; did you mean ./queue?"
        )
    ]
    assert report.change.removed == 0


def test_a_kustomization_that_goes_takes_what_it_brings_along(git_repository: RepositoryBuilder) -> None:
    """The folder is still there, and nobody builds it any more."""
    report = check(git_repository, QUEUE, {"clusters/prod/queue.yaml": None})
    assert [one for one in said(report) if one.startswith("error")] == [
        (
            "error clusters/prod/queue.yaml:2 the change removes PersistentVolumeClaim data, and the data in it may go "
            "with it"
        )
    ]


def test_nothing_is_said_of_what_an_agent_that_applies_nothing_brings(git_repository: RepositoryBuilder) -> None:
    """Its objects are not what their files say: what it lays over them is missing, and they stay as they were."""
    patch = (
        "  patches:\n    - target: {kind: Kustomization}\n      patch: |\n        - op: add\n"
        "          path: /spec/decryption\n          value: {provider: sops}\n"
    )
    sealed = config_map("key", "{a: b}", "shop").replace("ConfigMap", "Secret")
    base = {
        "clusters/prod/source.yaml": SOURCE,
        "clusters/prod/settings.yaml": config_map("settings", "{memory: 64Gi}"),
        "clusters/prod/fleet.yaml": kustomization("fleet", "./fleet", f"{variables()}{patch}"),
        "fleet/shop.yaml": kustomization("shop", "./shop"),
        "shop/kustomization.yaml": "resources: [../secrets]\n",
        "secrets/kustomization.yaml": "resources: [key.yaml]\n",
        "secrets/key.yaml": f"{sealed}sops: {{mac: 'ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]'}}\n",
    }
    report = check(git_repository, base, {"clusters/prod/settings.yaml": None})
    assert [one for one in said(report) if not one.startswith("note")] == [
        (
            "error clusters/prod/fleet.yaml:16 Kustomization flux-system/fleet: spec.postBuild.substituteFrom[0].name "
            "names the ConfigMap settings, which this change removes (see clusters/prod/settings.yaml:2)"
        )
    ]
