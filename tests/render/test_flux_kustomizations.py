"""Flux Kustomizations: what is built of them, with what the controller adds, and with which variables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from gategit.model import Location, Region
from gategit.render.values import KustomizeBuild
from tests.render.conftest import MakeTree
from tests.render.flux_world import SOURCE, Fleet, children, config_map, fleet, kustomization

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1
"""

MakeFleet = Callable[[Mapping[str, str]], Fleet]


@pytest.fixture
def make(make_tree: MakeTree) -> MakeFleet:
    """Commit files beside Flux's own source, and read what they declare."""
    return lambda files: fleet(make_tree, {"flux-system/source.yaml": SOURCE, **files})


def overlay(found: Fleet) -> dict[str, Any]:
    """What the controller adds to the kustomization of the only unit."""
    build = found.unit().build
    assert isinstance(build, KustomizeBuild)
    result: dict[str, Any] = json.loads(build.overlay or "{}")
    return result


def rendered(found: Fleet, name: str = "") -> list[dict[str, Any]]:
    """The objects of a unit as Flux applies them."""
    result = found.render(found.unit(name))
    assert not result.problems, result.problems
    return [one.data for one in result.objects]


@pytest.mark.parametrize("version", ["v1", "v1beta2", "v1beta1"])
def test_a_kustomization_of_any_served_version_is_a_unit(make: MakeFleet, version: str) -> None:
    """Its folder is built as Flux builds it: also without a kustomization.yaml, and free within the repository."""
    text = kustomization("apps", "./apps", "  suspend: true\n").replace("/v1\n", f"/{version}\n", 1)
    found = make({"clusters/apps.yaml": text, "apps/web.yaml": DEPLOYMENT})
    unit = found.unit()
    assert unit.name == "Flux Kustomization flux-system/apps"
    assert unit.build == KustomizeBuild("apps", generate=True, free=True)
    assert unit.owner is not None
    assert (unit.owner.location.file, unit.suspended, unit.substitute) == ("clusters/apps.yaml", True, None)


@pytest.mark.usefixtures("renderers")
def test_of_several_in_one_file_each_stands_in_its_own_document(make: MakeFleet) -> None:
    """Also once they are rendered, when only the file is said."""
    two = kustomization("one", "apps") + "---\n" + kustomization("two", "apps")
    found = make(
        {"flux-system/cluster.yaml": kustomization("cluster", "all"), "all/two.yaml": two, "apps/a.yaml": DEPLOYMENT}
    )
    brought = children(found.render(found.unit("Flux Kustomization flux-system/cluster")))
    places = {unit.name: unit.owner.location for unit in found.discover(*brought).units if unit.owner}
    assert places["Flux Kustomization flux-system/one"] == Location("all/two.yaml", Region(2, 7, 2, 20))
    assert places["Flux Kustomization flux-system/two"] == Location("all/two.yaml", Region(13, 7, 13, 20))


def test_what_the_controller_adds_is_laid_over_the_folder(make: MakeFleet) -> None:
    """Namespace, names, patches, components, images and metadata reach the kustomization as they do in Flux."""
    spec = """\
  targetNamespace: shop
  namePrefix: a-
  nameSuffix: -z
  patches:
    - patch: '{}'
      target:
        kind: Deployment
        stranger: x
  images:
    - name: web
      newTag: "2"
  components:
    - ../components/tls
    - ../components/gone
  ignoreMissingComponents: true
  buildMetadata: [originAnnotations]
"""
    found = make(
        {
            "clusters/apps.yaml": kustomization("apps", "apps", spec),
            "apps/web.yaml": DEPLOYMENT,
            "components/tls/kustomization.yaml": "kind: Component\nnamePrefix: x-\n",
        }
    )
    assert overlay(found) == {
        "namespace": "shop",
        "namePrefix": "a-",
        "nameSuffix": "-z",
        "patches": [{"patch": "{}", "target": {"kind": "Deployment"}}],
        "components": ["../components/tls"],
        "images": [{"name": "web", "newTag": "2"}],
        "buildMetadata": ["originAnnotations"],
    }
    assert (found.unit().namespace, found.unit().force_namespace) == ("shop", "shop")


def test_older_patches_are_written_as_texts(make: MakeFleet) -> None:
    """Patches that older versions hold as data are texts in a kustomization, where a text alone could name a file."""
    spec = """\
  patchesStrategicMerge:
    - apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
    - not-a-file.yaml
  patchesJson6902:
    - target: {kind: Deployment, name: web}
      patch: [{op: remove, path: /spec}]
"""
    found = make({"clusters/apps.yaml": kustomization("apps", "apps", spec), "apps/web.yaml": DEPLOYMENT})
    assert overlay(found) == {
        "patchesStrategicMerge": ['{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}'],
        "patchesJson6902": [
            {"patch": '[{"op": "remove", "path": "/spec"}]', "target": {"kind": "Deployment", "name": "web"}}
        ],
    }


def test_the_name_of_a_unit_can_be_printed(make: MakeFleet) -> None:
    """Whatever an object is called: names are printed in comments of what is rendered."""
    text = kustomization('"a\\nkind: Secret"', "apps")
    assert make({"clusters/apps.yaml": text, "apps/web.yaml": DEPLOYMENT}).unit().name == (
        "Flux Kustomization flux-system/a\\x0akind: Secret"
    )


def test_labels_say_whose_an_object_is_and_common_ones_win(make: MakeFleet) -> None:
    """The controller's own labels and the common metadata are put on every object in the end, over what is there."""
    spec = """\
  commonMetadata:
    labels: {team: shop, kustomize.toolkit.fluxcd.io/name: other}
    annotations: {seen: "yes"}
"""
    unit = make({"clusters/apps.yaml": kustomization("apps", "apps", spec), "apps/web.yaml": DEPLOYMENT}).unit()
    assert dict(unit.labels) == {
        "team": "shop",
        "kustomize.toolkit.fluxcd.io/name": "other",
        "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
    }
    assert dict(unit.annotations) == {"seen": "yes"}


def test_another_cluster_is_no_target_of_this_repository(make: MakeFleet) -> None:
    """What goes to another cluster is named after the kubeconfig that leads there."""
    spec = "  kubeConfig:\n    secretRef:\n      name: edge\n"
    unit = make({"clusters/apps.yaml": kustomization("apps", "apps", spec), "apps/web.yaml": DEPLOYMENT}).unit()
    assert (unit.cluster, unit.target) == ("edge", None)


@pytest.mark.usefixtures("renderers")
def test_variables_are_those_of_named_objects_and_then_its_own(make: MakeFleet) -> None:
    """Later ones win, line ends are left out, and what comes of it may be of another type."""
    spec = """\
  postBuild:
    substituteFrom:
      - kind: ConfigMap
        name: settings
      - kind: Secret
        name: more
    substitute:
      domain: example.com
"""
    held = (
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: more\n  namespace: flux-system\n"
        "data:\n  replicas: Mw==\nstringData:\n  colour: |\n    blue\n"
    )
    found = make(
        {
            "clusters/apps.yaml": kustomization("apps", "apps", spec),
            "clusters/settings.yaml": config_map(
                "settings", {"domain": "wrong.example", "replicas": '"1"'}, "flux-system"
            ),
            "clusters/secret.yaml": held,
            "apps/web.yaml": DEPLOYMENT + "  replicas: ${replicas}\n",
            "apps/host.yaml": config_map(
                "host", {"host": "shop.${domain}", "price": "$$5", "colour": "${colour}", "port": '"${port:=80}"'}
            ),
        }
    )
    assert found.unit().substitute == (("colour", "blue"), ("domain", "example.com"), ("replicas", "3"))
    host, web = rendered(found)
    assert host["data"] == {"host": "shop.example.com", "price": "$5", "colour": "blue", "port": 80}
    assert web["spec"]["replicas"] == 3


@pytest.mark.usefixtures("renderers")
def test_values_that_nobody_can_know_leave_their_expressions(make: MakeFleet) -> None:
    """An encrypted Secret says which names it sets; an object that is not here could set any."""
    spec = "  postBuild:\n    substituteFrom:\n      - kind: Secret\n        name: more\n"
    held = (
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: more\n  namespace: flux-system\n"
        "stringData:\n  token: ENC[AES256_GCM,data:x,type:str]\nsops:\n  mac: ENC[AES256_GCM,data:y,type:str]\n"
    )
    files = {
        "clusters/apps.yaml": kustomization("apps", "apps", spec),
        "apps/host.yaml": config_map("host", {"a": "${token}", "b": "${other}"}),
    }
    found = make({**files, "clusters/secret.yaml": held})
    result = found.render(found.unit())
    assert result.objects[0].data["data"] == {"a": "${token}", "b": None}
    assert [problem.rule for problem in result.problems] == ["variable-unset"]
    assert result.unchecked == (
        (
            "Flux Kustomization flux-system/apps",
            "variables that are set outside of what can be read here are left as is",
        ),
    )
    found = make(files)
    assert found.discover().unchecked == (
        ("Kustomization flux-system/apps: variables of the Secret more", "it is not declared in this repository"),
    )
    result = found.render(found.unit())
    assert result.objects[0].data["data"] == {"a": "${token}", "b": "${other}"}
    assert not result.problems


def test_a_configmap_of_variables_that_nothing_brings_is_found(make: MakeFleet) -> None:
    """Flux waits for it for ever; what a generator makes, and what somebody else keeps secret, may well be there."""
    spec = (
        "  postBuild:\n    substituteFrom:\n"
        "      - {kind: ConfigMap, name: setings}\n"
        "      - {kind: ConfigMap, name: made}\n"
        "      - {kind: ConfigMap, name: settings}\n"
        "      - {kind: ConfigMap, name: later, optional: true}\n"
        "      - {kind: Secret, name: hidden}\n"
    )
    found = make(
        {
            "clusters/apps.yaml": SOURCE + "---\n" + kustomization("apps", "./apps", spec),
            "clusters/settings.yaml": config_map("settings", {"a": "b"}, "flux-system"),
            "apps/kustomization.yaml": "configMapGenerator: [{name: made, literals: [a=b]}]\n",
        }
    )
    [line] = found.problems()
    assert line == (
        "clusters/apps.yaml:23:33 dangling-reference: Kustomization flux-system/apps: "
        "spec.postBuild.substituteFrom[0].name names the ConfigMap setings, which nothing in this repository brings; "
        "did you mean settings?"
    )


def test_a_name_that_no_variable_may_have_is_found_where_it_stands(make: MakeFleet) -> None:
    """Flux fills in nothing at all then."""
    spec = "  postBuild:\n    substituteFrom:\n      - kind: ConfigMap\n        name: settings\n"
    found = make(
        {
            "clusters/apps.yaml": kustomization("apps", "apps", spec),
            "clusters/settings.yaml": config_map("settings", {"good": "a", "my-domain": "b"}, "flux-system"),
            "apps/web.yaml": DEPLOYMENT,
        }
    )
    assert found.problems() == [
        (
            'clusters/settings.yaml:8:3 substitution-failed: ConfigMap flux-system/settings: "my-domain" is no name '
            "that a variable may have, so that Flux fills in none at all and applies nothing of the Kustomization"
        )
    ]


@pytest.mark.usefixtures("renderers")
def test_what_a_kustomization_renders_is_taken_instead_of_what_is_declared(make: MakeFleet) -> None:
    """A child that its parent patches is the patched one; a path that only shows then is found, too."""
    parent = kustomization(
        "cluster",
        "clusters/main",
        "  postBuild:\n    substitute:\n      stage: prod\n"
        "  patches:\n"
        "    - target: {kind: Kustomization}\n"
        "      patch: |\n"
        "        - {op: add, path: /spec/targetNamespace, value: shop}\n",
    )
    files = {
        "flux-system/cluster.yaml": parent,
        "clusters/main/apps.yaml": kustomization("apps", "./apps/${stage}"),
        "apps/prod/web.yaml": DEPLOYMENT,
    }
    found = make(files)
    first = found.discover()
    assert [unit.name for unit in first.units] == ["Flux Kustomization flux-system/cluster"]
    assert first.unchecked == (
        ("clusters/main/apps.yaml: Kustomization apps: path ./apps/${stage}", "it is filled in later"),
    )
    brought = children(found.render(first.units[0]))
    second = found.discover(*brought)
    assert {unit.name: unit.build for unit in second.units}["Flux Kustomization flux-system/apps"] == KustomizeBuild(
        "apps/prod", '{"namespace": "shop"}', generate=True, free=True
    )
    assert not second.unchecked
    found = make({**files, "apps/prod/web.yaml": "a: b\n", "flux-system/cluster.yaml": parent.replace("prod", "dev")})
    brought = children(found.render(found.unit("Flux Kustomization flux-system/cluster")))
    assert found.problems(*brought) == [
        (
            "clusters/main/apps.yaml dangling-reference: Kustomization flux-system/apps: once it is rendered, "
            'spec.path is "./apps/dev", which is no folder of this repository'
        )
    ]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("    tag: v1\n", "its source, the GitRepository flux-system, is pinned to another version"),
        ("    semver: '>=1'\n", "its source, the GitRepository flux-system, is pinned to another version"),
    ],
)
def test_another_version_of_this_repository_is_not_looked_at(make: MakeFleet, source: str, reason: str) -> None:
    """A source that is pinned is not the tree that is judged."""
    found = make(
        {
            "flux-system/source.yaml": SOURCE.replace("    branch: main\n", source),
            "clusters/apps.yaml": kustomization("apps", "apps"),
            "apps/web.yaml": DEPLOYMENT,
        }
    )
    discovery = found.discover()
    assert (discovery.units, discovery.unchecked) == (
        (),
        (("clusters/apps.yaml: Kustomization apps: path apps", reason),),
    )


def test_another_branch_than_flux_itself_is_not_looked_at(make: MakeFleet) -> None:
    """A second source of this repository may be at another branch than the one that Flux is applied from."""
    other = SOURCE.replace("name: flux-system\n  namespace", "name: staging\n  namespace").replace("main", "staging")
    found = make(
        {
            "flux-system/staging.yaml": other,
            "clusters/apps.yaml": kustomization("apps", "apps").replace(
                "    name: flux-system\n", "    name: staging\n"
            ),
            "apps/web.yaml": DEPLOYMENT,
        }
    )
    assert found.discover().unchecked == (
        (
            "clusters/apps.yaml: Kustomization apps: path apps",
            "its source, the GitRepository staging, is at the branch staging",
        ),
    )


def test_two_clusters_may_hold_kustomizations_and_settings_of_the_same_name(make: MakeFleet) -> None:
    """Each takes what stands nearest to it, and the units are told apart by their files."""
    spec = "  postBuild:\n    substituteFrom:\n      - kind: ConfigMap\n        name: settings\n"
    files = {"apps/web.yaml": DEPLOYMENT}
    for cluster in ("main", "nas"):
        files[f"clusters/{cluster}/apps.yaml"] = kustomization("apps", "apps", spec)
        files[f"clusters/{cluster}/settings.yaml"] = config_map("settings", {"cluster": cluster}, "flux-system")
    units = make(files).discover().units
    assert [(unit.name, unit.substitute) for unit in units] == [
        ("Flux Kustomization flux-system/apps in clusters/main/apps.yaml", (("cluster", "main"),)),
        ("Flux Kustomization flux-system/apps in clusters/nas/apps.yaml", (("cluster", "nas"),)),
    ]


@pytest.mark.parametrize("path", ["../outside", "./gone", "/apps/web.yaml"])
def test_a_path_that_is_no_folder_is_said_where_it_is_declared(make: MakeFleet, path: str) -> None:
    """The check of references says it; it is not said twice."""
    found = make({"clusters/apps.yaml": kustomization("apps", path), "apps/web.yaml": DEPLOYMENT})
    discovery = found.discover()
    assert (discovery.units, discovery.problems, discovery.unchecked) == ((), (), ())
