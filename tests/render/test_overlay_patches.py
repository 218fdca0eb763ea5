"""Patches in an Application or a Flux Kustomization whose target nothing is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gategit.model import Location, ObjectRef, Region
from gategit.render.overlay_patches import check_targets
from gategit.render.values import KustomizeBuild, Owner, Rendered, RenderedObject, RenderProblem, Unit

FIELD = Location("apps.yaml", Region(9, 5, 9, 10))


def rendered(target: dict[str, Any], patch: str = "- {op: remove, path: /spec}", **more: Any) -> Rendered:
    """What came of an Application with one patch, and a Deployment whose name has got something before it."""
    overlay = json.dumps({"patches": [{"target": target, "patch": patch}]})
    ref = ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", "web")
    owner = Owner(
        ref,
        Location("apps.yaml"),
        where=lambda path: FIELD if path == ("patches", 0, "target") else Location("apps.yaml"),
    )
    data = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "prod-web"}}
    unit = Unit("web", KustomizeBuild("apps", overlay), owner, uncertain=more.pop("uncertain", ()))
    return Rendered(unit, (RenderedObject(data),), **more)


@pytest.mark.parametrize(
    "target",
    [
        {"kind": "Deployment", "name": "web"},
        {"group": "apps", "version": "v1", "name": "web"},
        {"kind": "StatefulSet"},
        {"kind": "StatefulSet", "name": "web.*"},
        {"kind": "StatefulSet", "name": "web", "labelSelector": "app=web"},
    ],
)
def test_a_target_that_something_is_or_may_be(target: dict[str, Any]) -> None:
    """Names may be changed on the way, and what selects by kind or by a pattern may be meant for later."""
    assert list(check_targets(rendered(target))) == []


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ({"kind": "StatefulSet", "name": "web"}, "StatefulSet web"),
        ({"group": "batch", "kind": "Deployment", "name": "web"}, "Deployment web"),
        ({"name": "wbe"}, "what is called wbe"),
    ],
)
def test_a_target_that_nothing_is(target: dict[str, Any], shown: str) -> None:
    """It is said where the object has the target, and nothing fails for it."""
    found: list[RenderProblem] = list(check_targets(rendered(target)))
    assert [(one.rule, one.location, one.fatal, one.message) for one in found] == [
        (
            "kustomization-invalid",
            FIELD,
            False,
            (
                f"Application argocd/web: the target of patches[0] selects {shown}, and nothing that is built is that: "
                "the patch changes nothing"
            ),
        )
    ]


def test_what_cannot_be_known_is_not_said() -> None:
    """What is left out, or taken away by the patch itself, may be what it is for."""
    target = {"kind": "StatefulSet", "name": "web"}
    assert list(check_targets(rendered(target, "$patch: delete\n"))) == []
    assert list(check_targets(rendered(target, unchecked=(("a", "it is remote"),)))) == []
    assert list(check_targets(rendered(target, uncertain=("a file is not here",)))) == []
