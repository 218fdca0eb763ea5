"""How Flux's objects are wired: what they wait for, where they come from, and whose health they ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from gategit.render.values import Rendered, RenderedObject
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


def test_what_a_kustomization_waits_for_must_be_there(make: MakeFleet) -> None:
    """A name that nothing has is found on its line, with the one that was meant."""
    found = make(
        {
            "clusters/apps.yaml": kustomization("apps", "apps", waits("infra", "infrastucture")),
            "clusters/infra.yaml": kustomization("infra", "apps"),
            "clusters/infrastructure.yaml": kustomization("infrastructure", "apps"),
        }
    )
    assert found.problems() == [
        (
            "clusters/apps.yaml:13:13 dangling-reference: Kustomization flux-system/apps: spec.dependsOn[1].name names "
            "the Kustomization infrastucture, which this repository does not declare; did you mean infrastructure?"
        )
    ]


def test_what_it_waits_for_may_be_in_another_namespace_if_it_says_so(make: MakeFleet) -> None:
    """Without the namespace it is looked for beside the one that waits."""
    other = kustomization("infra", "apps", "    namespace: flux-system\n", namespace="platform")
    files = {"clusters/infra.yaml": other, "clusters/apps.yaml": kustomization("apps", "apps", waits("infra"))}
    assert make(files).problems() == [
        (
            "clusters/apps.yaml:12:13 dangling-reference: Kustomization flux-system/apps: spec.dependsOn[0].name names "
            "the Kustomization infra, which is declared in the namespace platform and not in flux-system"
        )
    ]
    named = waits("infra") + "      namespace: platform\n"
    assert make({**files, "clusters/apps.yaml": kustomization("apps", "apps", named)}).problems() == []


def test_nothing_is_said_where_the_repository_declares_nothing_of_the_kind(make: MakeFleet) -> None:
    """Sources and dependencies of a tenant's repository are often declared by somebody else."""
    text = kustomization("apps", "apps", waits("platform")).replace(
        "name: flux-system\n  depends", "name: tenant\n  depends"
    )
    assert make({"flux-system/source.yaml": "a: b\n", "clusters/apps.yaml": text}).problems() == []


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


def test_a_circle_is_found_once_with_all_that_wait_in_it(make: MakeFleet) -> None:
    """What only leads into a circle is not part of it."""
    found = make(
        {
            "clusters/a.yaml": kustomization("a", "apps", waits("b")),
            "clusters/b.yaml": kustomization("b", "apps", waits("free", "c")),
            "clusters/c.yaml": kustomization("c", "apps", waits("a")),
            "clusters/d.yaml": kustomization("d", "apps", waits("a")),
            "clusters/free.yaml": kustomization("free", "apps"),
            "clusters/self.yaml": kustomization("self", "apps", waits("self")),
        }
    )
    assert found.problems() == [
        (
            "clusters/a.yaml:12:7 dependency-cycle: Kustomization flux-system/a waits for Kustomization flux-system/b, "
            "which waits for Kustomization flux-system/c, which waits for Kustomization flux-system/a: none of it is "
            "ever applied"
        ),
        (
            "clusters/self.yaml:12:7 dependency-cycle: Kustomization flux-system/self waits for itself: none of it is "
            "ever applied"
        ),
    ]


def test_releases_wait_for_releases(make: MakeFleet) -> None:
    """A Kustomization of the same name is another thing."""
    text = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\n  namespace: flux-system\n"
        "spec:\n  dependsOn:\n    - name: web\n"
    )
    found = make({"clusters/web.yaml": kustomization("web", "apps"), "apps/web.yaml": text})
    assert found.problems() == [
        ("apps/web.yaml:8:7 dependency-cycle: HelmRelease flux-system/web waits for itself: none of it is ever applied")
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
    files = {"clusters/apps.yaml": kustomization("apps", "apps"), "apps/token.yaml": ENCRYPTED}
    found = make(files)
    assert found.check(found.render(found.unit())) == [
        (
            "clusters/apps.yaml:6:1 decryption-missing: Kustomization flux-system/apps: its Secret token "
            "(apps/token.yaml) is encrypted with SOPS and there is no spec.decryption, so that Flux applies nothing of "
            "it"
        )
    ]
    found = make({**files, "clusters/apps.yaml": kustomization("apps", "apps", "  decryption:\n    provider: sops\n")})
    result = found.render(found.unit())
    assert found.check(result) == []
    assert result.objects[-1].data["stringData"] == {"token": "ENC[AES256_GCM,data:x,type:str]"}
    kept = ENCRYPTED.replace("a: b", "kustomize.toolkit.fluxcd.io/decrypt: Disabled")
    found = make({**files, "apps/token.yaml": kept})
    assert found.check(found.render(found.unit())) == []


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
