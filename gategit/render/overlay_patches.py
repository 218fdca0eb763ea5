"""Patches in an agent's object whose target nothing is: Kustomize passes over them without a word."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gategit.checks.references.rules import KUSTOMIZATION_INVALID
from gategit.checks.references.sources import dig, text_at
from gategit.model import FieldPath, Level
from gategit.render.values import KustomizeBuild, Rendered, RenderedObject, RenderProblem

_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
"""What means itself in a selector, which is a regular expression."""

_SELECTORS: Final = frozenset({"group", "version", "kind", "namespace", "name"})


def check_targets(rendered: Rendered) -> Iterator[RenderProblem]:
    """Find patches of an Application or a Flux Kustomization that are for an object of which nothing is built.

    Args:
        rendered: what came of it.
    """
    unit = rendered.unit
    build, owner = unit.build, unit.owner
    if not isinstance(build, KustomizeBuild) or not build.overlay or owner is None:
        return
    if rendered.failed or rendered.unchecked or unit.uncertain:
        return  # what is not built may be what the patch is for
    patches = json.loads(build.overlay).get("patches")
    for index, patch in enumerate(patches if isinstance(patches, list) else ()):
        target = dig(patch, "target")
        if not isinstance(target, dict) or not _is_plain(target) or "$patch" in text_at(patch, "patch"):
            continue
        if not any(_may_be(one, target) for one in rendered.objects):
            path: FieldPath = ("patches", index, "target")
            shown = f"{target.get('kind') or 'what is called'} {target['name']}"
            yield RenderProblem(
                KUSTOMIZATION_INVALID.id,
                f"{owner.ref}: the target of patches[{index}] selects {shown}, and nothing that is built is that: the "
                "patch changes nothing",
                owner.where(path) if owner.where is not None else owner.location,
                "Correct the target, add the resource, or remove the patch.",
                level=Level.WARNING,
                object=owner.ref,
                fatal=False,
            )


def _is_plain(target: Mapping[Any, Any]) -> bool:
    """Whether a target names one object; one that selects by its kind alone may well be meant for later."""
    texts = all(isinstance(value, str) and _PLAIN.match(value) for value in target.values())
    return "name" in target and _SELECTORS.issuperset(target) and texts


def _may_be(one: RenderedObject, target: Mapping[str, str]) -> bool:
    """Whether an object may be what a target selects: on its way names may have got something before or behind."""
    api_version = text_at(one.data, "apiVersion")
    own = {"group": api_version.rpartition("/")[0], "kind": text_at(one.data, "kind")}
    if any(target.get(key, value) != value for key, value in own.items()):
        return False
    return target["name"] in text_at(one.data, "metadata", "name")
