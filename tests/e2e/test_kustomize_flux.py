"""Traps that a clean ``kustomize build`` does not show, and bad input: pull requests, judged by the real program.

Each is one change to a repository that is sound, with what the program says of it: one finding on the line that has to
be mended, and nothing else but what is named.
"""

# ruff: noqa: E501  messages under test stand on one line
from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import GIT_ENVIRONMENT, RepositoryBuilder

PROGRAM = (sys.executable, "-I", "-c", "from gategit.cli.main import run; run()")
CONFIG = "version: 1\nrender: {enabled: true}\npolicies: {packs: []}\n"

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: registry.example.com/web
"""
PATCH = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 3\n"
OVERLAY = "resources: [../../base]\npatches:\n  - path: patch.yaml\n"
KUSTOMIZE = {
    "base/kustomization.yaml": "resources:\n  - web.yaml\n",
    "base/web.yaml": WEB,
    "overlays/prod/kustomization.yaml": OVERLAY,
    "overlays/prod/patch.yaml": PATCH,
    "overlays/staging/kustomization.yaml": OVERLAY,
    "overlays/staging/patch.yaml": PATCH,
}
PROD = "overlays/prod/kustomization.yaml"
STAGING = "overlays/staging/kustomization.yaml"

SOURCE = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 1m
  url: https://git.example.com/acme/fleet
  ref: {branch: main}
"""


def flux(name: str, path: str, spec: str = "", source: str = "flux-system") -> str:
    return (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\n"
        "kind: Kustomization\n"
        "metadata:\n"
        f"  name: {name}\n"
        "  namespace: flux-system\n"
        "spec:\n"
        "  interval: 10m\n"
        "  prune: true\n"
        f"  path: {path}\n"
        "  sourceRef:\n"
        "    kind: GitRepository\n"
        f"    name: {source}\n"
        f"{spec}"
    )


FLEET = {
    "clusters/prod/flux-system/gotk-sync.yaml": f"{SOURCE}---\n{flux('flux-system', './clusters/prod')}",
    "clusters/prod/flux-system/kustomization.yaml": "resources: [gotk-sync.yaml]\n",
    "clusters/prod/apps.yaml": flux("apps", "./apps/prod"),
    "clusters/prod/crds.yaml": flux("crds", "./crds"),
    "apps/base/kustomization.yaml": "resources: [web.yaml]\n",
    "apps/base/web.yaml": WEB,
    "apps/prod/kustomization.yaml": "namespace: web\nresources:\n  - ../base\n",
    "crds/widget.yaml": (
        "apiVersion: apiextensions.k8s.io/v1\n"
        "kind: CustomResourceDefinition\n"
        "metadata: {name: widgets.acme.example.com}\n"
        "spec:\n"
        "  group: acme.example.com\n"
        "  scope: Namespaced\n"
        "  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}\n"
        "  versions:\n"
        "    - name: v1\n"
        "      served: true\n"
        "      storage: true\n"
        "      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}\n"
    ),
}
WIDGET = "apiVersion: acme.example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 1}\n"
APPS = "clusters/prod/apps.yaml"
ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: reader\nrules: []\n"
SEALED = "A=ENC[AES256_GCM,data:aa,iv:bb,tag:cc,type:str]\nsops_version=3.9.0\n"


def judge(
    repository: RepositoryBuilder,
    base: Mapping[str, str],
    head: Mapping[str, str],
    tmp_path: Path,
    config: str = CONFIG,
) -> dict[str, Any]:
    """What the program says of a pull request."""
    repository.git("remote", "add", "origin", "https://git.example.com/acme/fleet.git")
    repository.commit("base", {".gategit.yaml": config, **base})
    repository.branch("pr")
    repository.commit("change", head)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_", "CI"))}
    done = subprocess.run(
        [*PROGRAM, "check", "--base", "main", "--head", "HEAD", "--format", "json"],
        cwd=repository.folder,
        env={**environment, **GIT_ENVIRONMENT, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        check=False,
    )
    assert done.stdout, done.stderr.decode()
    report = json.loads(done.stdout)
    assert isinstance(report, dict)
    return report


def lines(report: Mapping[str, Any]) -> list[str]:
    """The findings that the change brings, but for notes."""
    return [
        f"{one['level']} {one['file']}:{one['line']} {one['rule']}: {one['message']}"
        for one in report["findings"]
        if one["state"] == "new" and one["level"] != "note"
    ]


def patched(text: str, more: str = "") -> dict[str, str]:
    """An overlay that keeps its patch and has some more."""
    return {PROD: OVERLAY + text, **({"overlays/prod/more.yaml": more} if more else {})}


JSON_PATCH = "  - target: {kind: Deployment, name: web}\n    patch: |-\n"

CASES: dict[str, tuple[Mapping[str, str], Mapping[str, str], list[str]]] = {
    "a list that a second key drops": (
        KUSTOMIZE,
        {PROD: "resources: [../../base]\npatches:\n  - path: patch.yaml\npatches:\n  - path: patch.yaml\n"},
        [
            f'error {PROD}:4 duplicate-key: the key "patches" is already set in line 2, column 1; only one of the two counts'
        ],
    ),
    "a list that a second key drops in a patch's file": (
        KUSTOMIZE,
        {
            "overlays/prod/patch.yaml": PATCH
            + "  template:\n    spec:\n      containers:\n        - name: web\n          args: [a]\n          args: [b]\n"
        },
        [
            'error overlays/prod/patch.yaml:12 duplicate-key: the key "args" is already set in line 11, column 11; only one of the two counts'
        ],
    ),
    "a list that a second key drops in a patch in the kustomization": (
        KUSTOMIZE,
        patched(
            "  - patch: |\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata: {name: web}\n      spec:\n        paused: true\n        paused: false\n"
        ),
        [f'error {PROD}:10 duplicate-key: patches[1].patch sets the key "paused" twice; only one of the two counts'],
    ),
    "an entry that two patches add": (
        KUSTOMIZE,
        patched(
            JSON_PATCH
            + "      - {op: add, path: /spec/template/spec/containers/0/env, value: [{name: A, value: a}]}\n"
            + "  - target: {kind: Deployment, name: web}\n    path: more.yaml\n",
            "- op: add\n  path: /spec/template/spec/containers/0/env/-\n  value: {name: A, value: b}\n",
        ),
        [
            "warning overlays/prod/more.yaml:3 invalid-value: spec.template.spec.containers[0].env has two entries with name A"
        ],
    ),
    "an entry that two patches add to what Flux applies": (
        FLEET,
        {
            "apps/prod/kustomization.yaml": "namespace: web\nresources:\n  - ../base\npatches:\n"
            + JSON_PATCH
            + "      - {op: add, path: /spec/template/spec/volumes, value: [{name: tmp, emptyDir: {}}]}\n"
            + "  - target: {kind: Deployment, name: web}\n    path: more.yaml\n",
            "apps/prod/more.yaml": "- op: add\n  path: /spec/template/spec/volumes/-\n  value: {name: tmp, emptyDir: {}}\n",
        },
        ["error apps/prod/more.yaml:3 invalid-value: spec.template.spec.volumes has two entries with name tmp"],
    ),
    "staging that is built of production's folder": (
        KUSTOMIZE,
        {STAGING: "resources: [../prod]\npatches:\n  - path: patch.yaml\n"},
        [
            f'warning {STAGING}:1 other-environment: resources[0] names "../prod", which is production\'s, and this file is that of staging'
        ],
    ),
    "a required field that a JSON patch removes": (
        KUSTOMIZE,
        patched(JSON_PATCH + "      - op: remove\n        path: /spec/selector\n"),
        [f"error {PROD}:6 missing-field: missing field selector in spec"],
    ),
    "a required field that a JSON patch in a file removes": (
        KUSTOMIZE,
        patched(
            "  - target: {kind: Deployment, name: web}\n    path: more.yaml\n",
            "- op: add\n  path: /metadata/labels\n  value: {a: b}\n- op: remove\n  path: /spec/selector\n",
        ),
        ["error overlays/prod/more.yaml:4 missing-field: missing field selector in spec"],
    ),
    "an object of a kind that the same Kustomization defines": (
        FLEET,
        {"apps/prod/kustomization.yaml": "resources: [w.yaml, ../../crds/widget.yaml]\n", "apps/prod/w.yaml": WIDGET},
        [
            "warning crds/widget.yaml:3 duplicate-owner: CustomResourceDefinition widgets.acme.example.com is brought by Flux Kustomization flux-system/apps and by Flux Kustomization flux-system/crds"
        ],
    ),
    "an object of a kind that another Kustomization defines": (
        FLEET,
        {"apps/prod/kustomization.yaml": "namespace: web\nresources: [w.yaml]\n", "apps/prod/w.yaml": WIDGET},
        [
            f"warning {APPS}:6 kind-not-awaited: Kustomization flux-system/apps: it holds the Widget w, a kind that Kustomization flux-system/crds brings, and does not wait for that"
        ],
    ),
    "one that waits for it": (
        FLEET,
        {
            APPS: flux("apps", "./apps/prod", "  dependsOn: [{name: crds}]\n"),
            "apps/prod/kustomization.yaml": "namespace: web\nresources: [w.yaml]\n",
            "apps/prod/w.yaml": WIDGET,
        },
        [],
    ),
    "a remote base that nobody allows to fetch": (
        KUSTOMIZE,
        {PROD: OVERLAY.replace("[../../base]", "[../../base, 'https://github.com/acme/x//config?ref=v1.0.0']")},
        [
            f'warning {PROD}:1 not-followed: resources[1] names "https://github.com/acme/x//config?ref=v1.0.0", which is remote and not fetched: it is left out'
        ],
    ),
    "a base that names a file that is not there": (
        KUSTOMIZE,
        {"base/kustomization.yaml": "resources:\n  - web.yaml\n  - gone.yaml\n"},
        [
            'error base/kustomization.yaml:3 dangling-reference: resources[1] names "gone.yaml", but there is no such file or folder: base/gone.yaml'
        ],
    ),
    "a base that names a file twice": (
        KUSTOMIZE,
        {"base/kustomization.yaml": "resources:\n  - web.yaml\n  - web.yaml\n"},
        [
            'error base/kustomization.yaml:3 kustomization-duplicate-entry: resources[1] names "web.yaml" again; resources[0] names it already'
        ],
    ),
    "a base with one object twice": (
        KUSTOMIZE,
        {"base/kustomization.yaml": "resources:\n  - web.yaml\n  - more.yaml\n", "base/more.yaml": WEB},
        ["error base/more.yaml:4 duplicate-object: Deployment web is declared twice in the kustomization base"],
    ),
    "a file that is no YAML, below what Flux builds": (
        FLEET,
        {"apps/base/web.yaml": WEB + "  bad: [\n"},
        ["error apps/base/web.yaml:16 yaml-syntax: the document ends where a value is expected"],
    ),
    "a patch for an object that is not there": (
        KUSTOMIZE,
        {"overlays/prod/patch.yaml": PATCH.replace("name: web", "name: wbe")},
        [
            "error overlays/prod/patch.yaml:4 kustomization-invalid: patches[0] changes Deployment wbe of apps/v1, but no resource of this kustomization is that object"
        ],
    ),
    "a patch in the kustomization for an object that is not there": (
        KUSTOMIZE,
        patched(
            "  - patch: |\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata:\n        name: wbe\n      spec: {paused: true}\n"
        ),
        [
            f"error {PROD}:4 kustomization-invalid: patches[1] changes Deployment wbe of apps/v1, but no resource of this kustomization is that object"
        ],
    ),
    "a target that selects nothing": (
        KUSTOMIZE,
        {PROD: OVERLAY + "    target: {kind: Deployment, name: wbe}\n"},
        [
            f"warning {PROD}:4 kustomization-invalid: patches[0].target selects Deployment wbe, and no resource of this kustomization is that: the patch changes nothing"
        ],
    ),
    "a JSON patch of a field that is not there": (
        KUSTOMIZE,
        patched(JSON_PATCH + "      - op: replace\n        path: /spec/nope/x\n        value: 1\n"),
        [
            f"error {PROD}:7 render-failed: patches[1] replaces /spec/nope/x, which the object that it changes does not have"
        ],
    ),
    "a kustomization with an unknown field": (
        KUSTOMIZE,
        {PROD: OVERLAY + "namespaec: web\n"},
        [
            f"error {PROD}:4 unknown-field: unknown field namespaec in the kustomization; did you mean namespace? (judged by Kustomize 5.8.2)"
        ],
    ),
    "bases in a circle": (
        KUSTOMIZE,
        {"base/kustomization.yaml": "resources:\n  - web.yaml\n  - ../overlays/prod\n"},
        [
            'error base/kustomization.yaml:3 kustomization-invalid: resources[1] names "../overlays/prod", which leads back here: overlays/prod → base → overlays/prod'
        ],
    ),
    "variables of a ConfigMap that nothing brings": (
        FLEET,
        {
            APPS: flux(
                "apps",
                "./apps/prod",
                "  postBuild:\n    substituteFrom:\n      - kind: ConfigMap\n        name: nope\n",
            )
        },
        [
            f"warning {APPS}:16 dangling-reference: Kustomization flux-system/apps: spec.postBuild.substituteFrom[0].name names the ConfigMap nope, which nothing in this repository brings"
        ],
    ),
    "variables of a ConfigMap that may be missing": (
        FLEET,
        {
            APPS: flux(
                "apps",
                "./apps/prod",
                "  postBuild:\n    substituteFrom:\n      - {kind: ConfigMap, name: nope, optional: true}\n",
            )
        },
        [],
    ),
    "health of what is not applied": (
        FLEET,
        {
            APPS: flux(
                "apps",
                "./apps/prod",
                "  healthChecks:\n    - apiVersion: apps/v1\n      kind: Deployment\n      name: wbe\n      namespace: web\n",
            )
        },
        [
            f"warning {APPS}:16 dangling-reference: Kustomization flux-system/apps: the health of Deployment web/wbe is asked, which this Kustomization does not apply"
        ],
    ),
    "a patch of Flux's for an object that is not there": (
        FLEET,
        {
            APPS: flux(
                "apps",
                "./apps/prod",
                "  patches:\n    - patch: |\n        apiVersion: apps/v1\n        kind: Deployment\n        metadata:\n          name: wbe\n        spec: {paused: true}\n",
            )
        },
        [f"error {APPS}:18 render-failed: spec.patches[0] changes Deployment wbe, which none of the resources brings"],
    ),
    "a component of Flux's that is not there": (
        FLEET,
        {APPS: flux("apps", "./apps/prod", "  components:\n    - ../gone\n")},
        [
            f'error {APPS}:14 render-failed: spec.components[0] names "../gone", which is not there: nothing that builds on it is rendered'
        ],
    ),
    "a path that is not there": (
        FLEET,
        {APPS: flux("apps", "./apps/prd")},
        [
            f'error {APPS}:9 dangling-reference: Kustomization apps: spec.path is "./apps/prd", but there is no such folder in this repository; did you mean ./apps/prod?'
        ],
    ),
    "a source that is not there": (
        FLEET,
        {APPS: flux("apps", "./apps/prod", source="fleet")},
        [
            f"warning {APPS}:12 dangling-reference: Kustomization flux-system/apps: spec.sourceRef.name names the GitRepository fleet, which this repository does not declare"
        ],
    ),
    "an encrypted file of a generator without a key": (
        FLEET,
        {
            "apps/prod/kustomization.yaml": "namespace: web\nresources: [../base]\nsecretGenerator: [{name: s, envs: [s.env]}]\n",
            "apps/prod/s.env": SEALED,
        },
        [
            f"error {APPS}:6 decryption-missing: Kustomization flux-system/apps: apps/prod/s.env, of which apps/prod/kustomization.yaml generates an object, is encrypted with SOPS and there is no spec.decryption, so that the cluster gets it as it is encrypted"
        ],
    ),
    "two Kustomizations with one ClusterRole": (
        {**FLEET, "crds/role.yaml": ROLE},
        {
            "apps/prod/kustomization.yaml": "namespace: web\nresources: [../base, role.yaml]\n",
            "apps/prod/role.yaml": ROLE,
        },
        [
            "warning apps/prod/role.yaml:4 duplicate-owner: ClusterRole reader is brought by Flux Kustomization flux-system/apps and by Flux Kustomization flux-system/crds"
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_pull_request_is_told_what_to_mend(git_repository: RepositoryBuilder, tmp_path: Path, name: str) -> None:
    """One finding on the line that has to be mended, and the rest is judged all the same."""
    base, head, expected = CASES[name]
    assert lines(judge(git_repository, base, head, tmp_path)) == expected


def test_a_file_that_its_kustomization_does_not_list(git_repository: RepositoryBuilder, tmp_path: Path) -> None:
    """It is merged and never arrives, whatever its kind is."""
    network = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: network}\n"
    report = judge(git_repository, FLEET, {"apps/prod/network.yaml": network}, tmp_path)
    assert [(one["level"], one["rule"], one["file"]) for one in report["findings"] if one["state"] == "new"] == [
        ("note", "orphan-file", "apps/prod/network.yaml")
    ]


@pytest.mark.parametrize(
    ("remotes", "rule", "verdict"),
    [
        ("[{host: other.example.com}]", "not-followed", "pass"),
        ("[{host: bases.invalid}]", "not-rendered", "undecided"),
    ],
)
def test_what_may_not_be_fetched_and_what_could_not_be(
    git_repository: RepositoryBuilder, tmp_path: Path, remotes: str, rule: str, verdict: str
) -> None:
    """What the config does not allow is not followed; what it allows, and nobody answers, leaves the verdict open."""
    base = "https://bases.invalid/acme/x.git//config?ref=v1.0.0"
    config = CONFIG.replace("enabled: true", f"enabled: true, remotes: {remotes}")
    head = {PROD: OVERLAY.replace("[../../base]", f"[../../base, '{base}']")}
    report = judge(git_repository, KUSTOMIZE, head, tmp_path, config)
    [finding] = report["findings"]
    assert (finding["rule"], finding["file"], finding["line"], report["verdict"]) == (rule, PROD, 1, verdict)
    assert report["summary"]["unchecked"] == 1


def test_a_waived_cause_does_not_hide_that_the_build_fails(git_repository: RepositoryBuilder, tmp_path: Path) -> None:
    """Somebody said that the entry is known to be wrong, not that the agent may apply nothing."""
    waivers = "version: 1\nwaivers:\n  - {rule: dangling-reference, owner: team, reason: known, expires: 2099-01-01}\n"
    head = {"base/kustomization.yaml": "resources:\n  - web.yaml\n  - gone.yaml\n"}
    base = {**KUSTOMIZE, "gate/waivers.yaml": waivers}
    report = judge(git_repository, base, head, tmp_path, CONFIG + "waivers: gate/waivers.yaml\n")
    assert sorted((one["rule"], one["state"], one["line"]) for one in report["findings"]) == [
        ("dangling-reference", "waived", 3),
        ("render-failed", "new", 3),
    ]
