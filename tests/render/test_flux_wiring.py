"""How Flux's objects are wired: what they wait for, where they come from, and whose health they ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from gategit.render.values import AgentObject, Rendered, RenderedObject
from tests.render.conftest import MakeTree
from tests.render.flux_world import SOURCE, Fleet, children, config_map, fleet, kustomization

MakeFleet = Callable[[Mapping[str, str]], Fleet]

DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: shops.example.com
spec:
  group: example.com
  names:
    kind: Shop
"""

SHOP = """\
apiVersion: example.com/v1
kind: Shop
metadata:
  name: first
  namespace: shop
"""


@pytest.fixture
def make(make_tree: MakeTree) -> MakeFleet:
    """Commit files beside Flux's own source and one folder, and read what they declare."""
    own = {"flux-system/source.yaml": SOURCE, "apps/settings.yaml": config_map("settings", {"a": "b"}, "shop")}
    return lambda files: fleet(make_tree, {**own, **files})


def waits(*names: str) -> str:
    """``spec.dependsOn``."""
    return "  dependsOn:\n" + "".join(f"    - name: {name}\n" for name in names)


def brought(found: Fleet) -> list[AgentObject]:
    """What the Kustomization ``cluster`` brings."""
    return children(found.render(found.unit("Flux Kustomization flux-system/cluster")))


def below(files: Mapping[str, str], namespace: str = "flux-system") -> dict[str, str]:
    """Files that a Kustomization ``cluster`` applies, all of them in one namespace."""
    names = "".join(f"  - {name}\n" for name in files)
    return {
        "flux-system/cluster.yaml": kustomization("cluster", "clusters/main"),
        "clusters/main/kustomization.yaml": f"namespace: {namespace}\nresources:\n{names}",
        **{f"clusters/main/{name}": text for name, text in files.items()},
    }


@pytest.mark.usefixtures("renderers")
def test_what_a_rendered_kustomization_waits_for_must_be_there(make: MakeFleet) -> None:
    """A name that nothing has is found on its line, with the one that was meant."""
    found = make(
        below(
            {
                "apps.yaml": kustomization("apps", "apps", waits("infra", "infrastucture"), ""),
                "infra.yaml": kustomization("infra", "apps", "", ""),
                "infrastructure.yaml": kustomization("infrastructure", "apps", "", ""),
            }
        )
    )
    assert found.problems(*brought(found)) == [
        (
            "clusters/main/apps.yaml:12:13 dangling-reference: Kustomization flux-system/apps: spec.dependsOn[1].name "
            "names the Kustomization infrastucture, which this repository does not declare; did you mean "
            "infrastructure?"
        )
    ]


@pytest.mark.usefixtures("renderers")
def test_a_namespace_that_a_build_sets_may_part_what_belongs_together(make: MakeFleet) -> None:
    """Without a namespace of its own an entry is looked for beside the one that waits, wherever that has come to be."""
    spec = "    namespace: flux-system\n"
    files = below({"apps.yaml": kustomization("apps", "apps", spec + waits("infra"), "")}, "tenant")
    files["clusters/infra.yaml"] = kustomization("infra", "apps")
    found = make(files)
    assert found.problems(*brought(found)) == [
        (
            "clusters/main/apps.yaml:12:13 dangling-reference: Kustomization tenant/apps: spec.dependsOn[0].name names "
            "the Kustomization infra, which is declared in the namespace flux-system and not in tenant"
        )
    ]
    named = kustomization("apps", "apps", spec + waits("infra") + "      namespace: flux-system\n", "")
    found = make({**files, "clusters/main/apps.yaml": named})
    assert found.problems(*brought(found)) == []


def test_what_files_say_as_it_is_applied_is_left_to_the_policies(make: MakeFleet) -> None:
    """``flux-unknown-dependency`` and ``flux-dependency-cycle`` say it of them."""
    found = make(
        {
            "clusters/apps.yaml": kustomization("apps", "apps", waits("gone")),
            "clusters/self.yaml": kustomization("self", "apps", waits("self")),
        }
    )
    assert found.problems() == []


def test_a_source_that_is_not_there_is_found(make: MakeFleet) -> None:
    """For a Kustomization and for the chart of a HelmRelease."""
    repository = (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\n"
        "metadata:\n  name: stable\n  namespace: flux-system\nspec:\n  url: https://charts.example.com\n"
    )
    release = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\n  namespace: shop\n"
        "spec:\n  chart:\n    spec:\n      chart: web\n      sourceRef:\n        kind: HelmRepository\n"
        "        name: stable\n"
    )
    other = SOURCE.replace("name: flux-system\n  namespace", "name: fleet\n  namespace")
    found = make(
        {
            "clusters/apps.yaml": kustomization("apps", "apps").replace("    name: flux-system", "    name: fleeet"),
            "clusters/fleet.yaml": other,
            "clusters/stable.yaml": repository,
            "apps/web.yaml": release,
        }
    )
    assert found.problems() == [
        (
            "apps/web.yaml:12:15 dangling-reference: HelmRelease shop/web: spec.chart.spec.sourceRef.name names the "
            "HelmRepository stable, which is declared in the namespace flux-system and not in shop"
        ),
        (
            "clusters/apps.yaml:10:11 dangling-reference: Kustomization flux-system/apps: spec.sourceRef.name names "
            "the GitRepository fleeet, which this repository does not declare; did you mean fleet?"
        ),
    ]


@pytest.mark.usefixtures("renderers")
def test_a_circle_is_found_once_with_all_that_wait_in_it(make: MakeFleet) -> None:
    """What only leads into a circle is not part of it."""
    found = make(
        below(
            {
                "a.yaml": kustomization("a", "apps", waits("b"), ""),
                "b.yaml": kustomization("b", "apps", waits("free", "c"), ""),
                "c.yaml": kustomization("c", "apps", waits("a"), ""),
                "d.yaml": kustomization("d", "apps", waits("a"), ""),
                "free.yaml": kustomization("free", "apps", "", ""),
                "self.yaml": kustomization("self", "apps", waits("self"), ""),
            }
        )
    )
    assert found.problems(*brought(found)) == [
        (
            "clusters/main/a.yaml:11:13 dependency-cycle: Kustomization flux-system/a waits for Kustomization "
            "flux-system/b, which waits for Kustomization flux-system/c, which waits for Kustomization flux-system/a: "
            "none of it is ever applied"
        ),
        (
            "clusters/main/self.yaml:11:13 dependency-cycle: Kustomization flux-system/self waits for itself: none of "
            "it is ever applied"
        ),
    ]


def test_a_circle_of_one_cluster_is_found_where_another_has_the_same_names(make: MakeFleet) -> None:
    """Each waits for what stands nearest; a long circle is not named in full."""
    names = [f"k{number:02}" for number in range(12)]
    files = {}
    for index, name in enumerate(names):
        following = names[(index + 1) % len(names)]
        files[f"clusters/main/{name}.yaml"] = kustomization(name, "apps", waits(following))
        files[f"clusters/nas/{name}.yaml"] = kustomization(name, "apps")
    way = ", which waits for ".join(
        [
            *(f"Kustomization flux-system/k{number:02}" for number in (1, 2, 3, 4)),
            "3 others",
            *(f"Kustomization flux-system/k{number:02}" for number in (8, 9, 10, 11, 0)),
        ]
    )
    assert make(files).problems() == [
        (
            f"clusters/main/k00.yaml:12:13 dependency-cycle: Kustomization flux-system/k00 waits for {way}: none of it "
            "is ever applied"
        )
    ]


def test_releases_wait_for_releases(make: MakeFleet) -> None:
    """A Kustomization of the same name is another thing."""
    text = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\n  namespace: flux-system\n"
        "spec:\n  dependsOn:\n    - name: web\n"
    )
    found = make({"main/apps/web.yaml": text, "main/web.yaml": kustomization("web", "apps"), "nas/web.yaml": text})
    assert found.problems() == [
        (f"{file}:8:13 dependency-cycle: HelmRelease flux-system/web waits for itself: none of it is ever applied")
        for file in ("main/apps/web.yaml", "nas/web.yaml")
    ]


CHECKS = """\
  healthChecks:
    - apiVersion: apps/v1
      kind: Deployment
      name: web
      namespace: shop
    - apiVersion: apps/v1
      kind: Deployment
      name: wbe
      namespace: shop
    - apiVersion: apps/v1
      kind: Deployment
      name: web
      namespace: store
"""

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
"""


@pytest.mark.usefixtures("renderers")
def test_health_is_asked_of_what_is_applied(make: MakeFleet) -> None:
    """An entry that names nothing of the Kustomization would be waited for until it is given up."""
    found = make({"clusters/apps.yaml": kustomization("apps", "apps", CHECKS), "apps/web.yaml": WEB})
    assert found.check(found.render(found.unit())) == [
        (
            "clusters/apps.yaml:18:13 dangling-reference: Kustomization flux-system/apps: the health of Deployment "
            "shop/wbe is asked, which this Kustomization does not apply"
        ),
        (
            "clusters/apps.yaml:22:13 dangling-reference: Kustomization flux-system/apps: the health of Deployment "
            "store/web is asked, which this Kustomization does not apply; it has one in the namespace shop"
        ),
    ]


@pytest.mark.usefixtures("renderers")
@pytest.mark.parametrize(
    ("spec", "more"),
    [
        ("  wait: true\n" + CHECKS, WEB),
        (
            CHECKS,
            (
                "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
                "metadata: {name: web, namespace: shop}\nspec: {}\n"
            ),
        ),
    ],
)
def test_nothing_is_said_of_health_that_is_not_asked_or_of_what_a_chart_makes(
    make: MakeFleet, spec: str, more: str
) -> None:
    """With ``wait`` Flux passes over the entries; what a release brings is not known here."""
    found = make({"clusters/apps.yaml": kustomization("apps", "apps", spec), "apps/web.yaml": more})
    assert found.check(found.render(found.unit("Flux Kustomization flux-system/apps"))) == []


@pytest.mark.usefixtures("renderers")
@pytest.mark.parametrize(
    ("spec", "problems"),
    [
        (
            "",
            [
                (
                    "clusters/apps.yaml:6:1 kind-not-awaited: Kustomization flux-system/apps: it holds the Shop "
                    "first, a kind that Kustomization flux-system/kinds brings, and does not wait for that"
                )
            ],
        ),
        (
            waits("middle"),
            [],
        ),
        (
            waits("other"),
            [
                (
                    "clusters/apps.yaml:11:3 kind-not-awaited: Kustomization flux-system/apps: it holds the Shop "
                    "first, a kind that Kustomization flux-system/kinds brings, and does not wait for that"
                )
            ],
        ),
    ],
)
def test_a_kind_that_another_kustomization_brings_is_waited_for(
    make: MakeFleet, spec: str, problems: list[str]
) -> None:
    """Directly or through others; within one Kustomization Flux applies definitions first."""
    found = make(
        {
            "clusters/apps.yaml": kustomization("apps", "apps", spec),
            "clusters/kinds.yaml": kustomization("kinds", "kinds"),
            "clusters/middle.yaml": kustomization("middle", "middle", waits("kinds")),
            "clusters/other.yaml": kustomization("other", "middle"),
            "apps/shop.yaml": SHOP,
            "kinds/shop.yaml": DEFINITION,
            "kinds/first.yaml": SHOP.replace("first", "own"),
            "middle/a.yaml": config_map("a", {"a": "b"}, "shop"),
        }
    )
    kinds = found.render(found.unit("Flux Kustomization flux-system/kinds"))
    apps = found.render(found.unit("Flux Kustomization flux-system/apps"))
    brought = children(kinds)
    assert found.check(apps, *brought) == problems
    assert found.check(kinds, *brought) == []


ENCRYPTED = """\
apiVersion: v1
kind: Secret
metadata:
  name: token
  namespace: shop
  annotations:
    a: b
stringData:
  token: ENC[AES256_GCM,data:x,type:str]
sops:
  mac: ENC[AES256_GCM,data:y,type:str]
"""


@pytest.mark.usefixtures("renderers")
def test_an_encrypted_secret_needs_a_key(make: MakeFleet) -> None:
    """It is applied as it is only where its annotation says so; otherwise Flux refuses the whole Kustomization."""
    files = {
        "clusters/apps.yaml": kustomization("apps", "prod"),
        "prod/kustomization.yaml": "resources: [../base]\n",
        "base/kustomization.yaml": "resources: [token.yaml]\n",
        "base/token.yaml": ENCRYPTED,
    }
    found = make(files)
    assert found.check(found.render(found.unit())) == [
        (
            "clusters/apps.yaml:6:1 decryption-missing: Kustomization flux-system/apps: its Secret token "
            "(base/token.yaml) is encrypted with SOPS and there is no spec.decryption, so that Flux applies nothing of "
            "it"
        )
    ]
    found = make({**files, "clusters/apps.yaml": kustomization("apps", "prod", "  decryption:\n    provider: sops\n")})
    result = found.render(found.unit())
    assert found.check(result) == []
    assert result.objects[-1].data["stringData"] == {"token": "ENC[AES256_GCM,data:x,type:str]"}
    kept = ENCRYPTED.replace("a: b", "kustomize.toolkit.fluxcd.io/decrypt: Disabled")
    found = make({**files, "base/token.yaml": kept})
    assert found.check(found.render(found.unit())) == []


@pytest.mark.usefixtures("renderers")
def test_an_encrypted_secret_below_the_path_is_left_to_the_policy(make: MakeFleet) -> None:
    """``flux-decryption`` says it, unless a Kustomization gives decryption to others by a patch."""
    files = {"clusters/apps.yaml": kustomization("apps", "apps"), "apps/token.yaml": ENCRYPTED}
    found = make(files)
    assert found.check(found.render(found.unit())) == []
    patch = "  patches:\n    - patch: '[{op: add, path: /spec/decryption, value: {}}]'\n"
    found = make({**files, "clusters/other.yaml": kustomization("other", "clusters", patch)})
    apps = found.render(found.unit("Flux Kustomization flux-system/apps"))
    assert [line.split(": ")[0] for line in found.check(apps)] == ["clusters/apps.yaml:6:1 decryption-missing"]


def test_only_kustomizations_are_checked_once_rendered(make: MakeFleet) -> None:
    """What belongs to nobody, or to a release, has no wiring of this sort."""
    text = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\n  namespace: shop\n"
        "spec:\n  chart:\n    spec:\n      chart: charts/web\n      sourceRef:\n        kind: GitRepository\n"
        "        name: flux-system\n        namespace: flux-system\n"
    )
    found = make({"apps/web.yaml": text, "charts/web/Chart.yaml": "name: web\n"})
    shop = RenderedObject({"apiVersion": "example.com/v1", "kind": "Shop", "metadata": {"name": "a"}})
    assert found.check(Rendered(found.unit(), (shop,))) == []
    assert found.check(Rendered(replace(found.unit(), owner=None), (shop,))) == []
