"""Flux Kustomizations: what the kustomize-controller builds of them, and the variables that it fills in."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gategit.checks.references.paths import Place, has_variable, is_remote, join
from gategit.checks.references.rules import DANGLING_REFERENCE
from gategit.checks.references.sources import dig, root_path, text_at
from gategit.model import FieldPath, Level, Location, ObjectRef
from gategit.render.flux_rules import SUBSTITUTION_FAILED
from gategit.render.flux_sources import Sources, missing_map
from gategit.render.values import AgentObject, KustomizeBuild, Owner, RenderProblem, Unit
from gategit.render.world import World, ref_of

GROUP: Final = "kustomize.toolkit.fluxcd.io"
_VARIABLE: Final = re.compile(r"[_A-Za-z][_A-Za-z0-9]*\Z")
_TEXTS: Final = (("targetNamespace", "namespace"), ("namePrefix", "namePrefix"), ("nameSuffix", "nameSuffix"))
_SELECTOR: Final = ("group", "version", "kind", "namespace", "name", "labelSelector", "annotationSelector")
_IMAGE: Final = ("name", "newName", "newTag", "digest")
_WIRING: Final = ("dependsOn", "healthChecks", "wait", "decryption", "sourceRef")
"""What a Kustomization says besides what is built, and what is judged against that."""

_NOT_HERE: Final = "it is not declared in this repository"


@dataclass(slots=True)
class Findings:
    """What is found on the way.

    Attributes:
        problems: what is wrong.
        unchecked: what could not be followed.
        uncertain: which inputs are not known.
        refused: why the agent applies nothing at all, or "".
    """

    problems: list[RenderProblem] = field(default_factory=list)
    unchecked: list[tuple[str, str]] = field(default_factory=list)
    uncertain: list[str] = field(default_factory=list)
    refused: str = ""

    def lacks(self, problem: RenderProblem | None) -> None:
        """Note that something is not there without which nothing is applied; for sure where that is an error."""
        if problem is not None:
            self.problems.append(problem)
            if problem.level is Level.ERROR and not self.refused:
                self.refused = problem.message


class _Variables:
    """The variables of a Kustomization, in the order in which the controller gathers them."""

    def __init__(self, one: AgentObject, world: World, found: Findings) -> None:
        self._one = one
        self._world = world
        self._found = found
        self.values: dict[str, str] = {}
        self.unknown: set[str] = set()
        self.anything = False
        self.places: dict[str, Location] = {}

    def gather(self, post: Mapping[str, Any]) -> None:
        """Read ``spec.postBuild``."""
        ref = ref_of(self._one.data, self._one.namespace)
        for index, reference in enumerate(_list(post.get("substituteFrom"))):
            path: FieldPath = ("spec", "postBuild", "substituteFrom", index, "name")
            self._from_object(reference, path)
        own = post.get("substitute")
        for name, value in own.items() if isinstance(own, dict) else ():
            place = self._world.locate(self._one, ("spec", "postBuild", "substitute", name), on="key")
            self._put(name, scalar_text(value), ref, place)

    def _from_object(self, reference: Any, path: FieldPath) -> None:
        kind, name = text_at(reference, "kind"), text_at(reference, "name")
        if kind not in {"ConfigMap", "Secret"} or not name:
            return
        one, world = self._one, self._world
        source = world.find("", kind, one.namespace, name, one)
        if source is None or has_variable(name):
            self.anything = True
            asked = f"{ref_of(one.data, one.namespace)}: variables of the {kind} {name}"
            self._found.unchecked.append((asked, _NOT_HERE))
            if dig(reference, "optional") is not True:
                self._found.lacks(missing_map(world, one, (kind, name), path))
            return
        ref = ref_of(source.data, source.namespace)
        for where, key, value in entries(source):
            self._put(key, value, ref, world.locate(source, (where, key), on="key"))

    def _put(self, name: str, value: str | None, ref: ObjectRef, place: Location) -> None:
        """Set a variable, over what was there; None is a value that cannot be known."""
        if not _VARIABLE.match(name):
            self._found.problems.append(_no_name(name, ref, place))
            return
        self.places.pop(name, None)
        if ref.kind != "Secret":
            self.places[name] = place
        if value is None:
            self.values.pop(name, None)
            self.unknown.add(name)
        else:
            self.unknown.discard(name)
            self.values[name] = value.replace("\n", "")


def _no_name(name: str, ref: ObjectRef, place: Location) -> RenderProblem:
    return RenderProblem(
        SUBSTITUTION_FAILED.id,
        f'{ref}: "{name[:80]}" is no name that a variable may have, so that Flux fills in none at all and applies '
        "nothing of the Kustomization",
        place,
        help="Use letters, digits and underscores, and no digit at the start.",
        object=ref,
        fatal=False,
    )


def kustomization_unit(one: AgentObject, name: str, world: World, sources: Sources) -> tuple[Unit | None, Findings]:
    """What a Kustomization has built, None where that is nothing that can be looked at here.

    Args:
        one: the Kustomization.
        name: the unit's name.
        world: what it is read against.
        sources: the world's sources.
    """
    found = Findings()
    spec = one.data.get("spec")
    folder = _folder(one, name, world, sources, found)
    if folder is None or not isinstance(spec, dict):
        return None, found
    ref = ref_of(one.data, one.namespace)
    post = spec.get("postBuild")
    variables = _Variables(one, world, found)
    if isinstance(post, dict):
        variables.gather(post)
    source = sources.declared(spec.get("sourceRef"), one)
    ignore = "" if source is None else text_at(source.data, "spec", "ignore")
    away = destination(spec)
    namespace = text_at(spec, "targetNamespace")
    unit = Unit(
        name=name,
        build=KustomizeBuild(folder, _overlay(spec, folder, world), generate=True, free=True, ignore=ignore),
        owner=Owner(ref, world.place(one), one.brought_by, lambda path: world.locate(one, _in_spec(path))),
        target=None if away else one.target,
        namespace=namespace,
        force_namespace=namespace,
        cluster=away,
        labels=labels(spec, GROUP, ref),
        annotations=pairs(dig(spec, "commonMetadata", "annotations")),
        uncertain=tuple(found.uncertain),
        suspended=spec.get("suspend") is True,
        wiring=json.dumps([spec.get(name) for name in _WIRING], default=str),
        refused=found.refused,
    )
    if not isinstance(post, dict):
        return unit, found
    return replace(
        unit,
        substitute=tuple(sorted(variables.values.items())),
        unknown=None if variables.anything else tuple(sorted(variables.unknown)),
        always=text_at(spec, "postBuild", "substituteStrategy") == "Always",
        set_at=tuple(variables.places.items()),
    ), found


def _in_spec(path: FieldPath) -> FieldPath:
    """Where a Kustomization says a field of what it lays over the folder's."""
    renamed = {theirs: ours for ours, theirs in _TEXTS}
    return ("spec", renamed.get(str(path[0]), path[0]), *path[1:]) if path else ("spec",)


def _folder(one: AgentObject, name: str, world: World, sources: Sources, found: Findings) -> str | None:
    """The folder of the tree that is built, None where there is none."""
    text = text_at(one.data, "spec", "path")
    reason = sources.why_elsewhere(dig(one.data, "spec", "sourceRef"), one)
    if not reason and has_variable(text):
        reason = "it is filled in later"
    if reason:
        found.unchecked.append((asked_of(one, text, world) or name, reason))
        return None
    folder = root_path(text)
    place = Place.MISSING if folder is None else world.graph.index.find(folder).place
    if folder is not None and place is Place.FOLDER:
        return folder
    if place in (Place.SUBMODULE, Place.OUTSIDE):
        found.unchecked.append((name, "its path leads out of this repository"))
    elif one.parent is not None:
        problem = _no_such_path(one, text, place, world)
        found.problems.extend([problem] if problem else [])
    return None


def asked_of(one: AgentObject, path: str, world: World) -> str:
    """A path that an object asks of a source, as the check of references calls it: what both leave is counted once.

    "" where that check does not look at it: of what a build changes, and of the root of a source.
    """
    what = f"{text_at(one.data, 'kind')} {text_at(one.data, 'metadata', 'name')}"
    return f"{one.file}: {what}: path {path}" if path and (one.parent is None or world.declares(one, ("spec",))) else ""


def _no_such_path(one: AgentObject, text: str, place: Place, world: World) -> RenderProblem | None:
    """The finding for a path that only the rendered Kustomization has; what is declared is judged where it stands."""
    path: FieldPath = ("spec", "path")
    if world.declares(one, path):
        return None
    ref = ref_of(one.data, one.namespace)
    what = "is a file; a folder is wanted" if place is Place.FILE else "is no folder of this repository"
    return RenderProblem(
        DANGLING_REFERENCE.id,
        f'{ref}: once it is rendered, spec.path is "{text}", which {what}',
        world.locate(one, path),
        help="Correct the path, or what it is put together of.",
        level=Level.ERROR,
        object=ref,
        path=path,
    )


def _overlay(spec: Mapping[str, Any], folder: str, world: World) -> str:
    """What the kustomize-controller adds to the folder's kustomization, as JSON (``Generator.GenerateManifest``)."""
    overlay: dict[str, Any] = {theirs: spec[ours] for ours, theirs in _TEXTS if isinstance(spec.get(ours), str)}
    lists = {
        "patches": list(patch_entries(spec.get("patches"))),
        "components": list(_components(spec, folder, world)),
        "patchesStrategicMerge": [
            json.dumps(one) for one in _list(spec.get("patchesStrategicMerge")) if isinstance(one, dict)
        ],
        "patchesJson6902": [
            {"patch": json.dumps(one["patch"]), **_target(one.get("target"))}
            for one in _list(spec.get("patchesJson6902"))
            if isinstance(one, dict) and isinstance(one.get("patch"), list)
        ],
        "images": list(image_entries(spec.get("images"))),
        "buildMetadata": [one for one in _list(spec.get("buildMetadata")) if isinstance(one, str)],
    }
    overlay.update({name: value for name, value in lists.items() if value})
    return json.dumps(overlay) if overlay else ""


def patch_entries(patches: Any) -> Iterator[dict[str, Any]]:
    """``patches`` as a kustomization has them."""
    for one in _list(patches):
        if isinstance(one, dict) and isinstance(one.get("patch"), str):
            yield {"patch": one["patch"], **_target(one.get("target"))}


def image_entries(images: Any) -> Iterator[dict[str, Any]]:
    """``images`` as a kustomization has them."""
    for one in _list(images):
        if isinstance(one, dict) and text_at(one, "name"):
            yield {name: one[name] for name in _IMAGE if isinstance(one.get(name), str)}


def _target(target: Any) -> dict[str, Any]:
    if not isinstance(target, dict):
        return {}
    return {"target": {name: target[name] for name in _SELECTOR if isinstance(target.get(name), str)}}


def _components(spec: Mapping[str, Any], folder: str, world: World) -> Iterator[str]:
    for one in _list(spec.get("components")):
        if not isinstance(one, str):
            continue
        path = None if is_remote(one) else join(folder, one)
        gone = path is None or world.graph.index.find(path).place is Place.MISSING
        if not (gone and spec.get("ignoreMissingComponents") is True):
            yield one


def destination(spec: Mapping[str, Any]) -> str:
    """The other cluster that something is applied to, as Flux names it; "" for the one that Flux runs in."""
    config = spec.get("kubeConfig")
    if not config:
        return ""
    return text_at(config, "secretRef", "name") or text_at(config, "configMapRef", "name") or "another cluster"


def labels(spec: Mapping[str, Any], group: str, ref: ObjectRef) -> tuple[tuple[str, str], ...]:
    """The labels that a controller puts on everything that it applies: whose it is, and the common ones."""
    own = {f"{group}/name": ref.name}
    if ref.namespace:
        own[f"{group}/namespace"] = ref.namespace
    return tuple(sorted({**own, **dict(pairs(dig(spec, "commonMetadata", "labels")))}.items()))


def pairs(value: Any) -> tuple[tuple[str, str], ...]:
    """A mapping from texts to texts, in order."""
    found = value if isinstance(value, dict) else {}
    return tuple(sorted((key, text) for key, text in found.items() if isinstance(key, str) and isinstance(text, str)))


def entries(source: AgentObject) -> Iterator[tuple[str, str, str | None]]:
    """The entries of a ConfigMap or Secret: its field, the key and the value, None where that cannot be known.

    It cannot where it is encrypted, where it is filled in later, and where it is no text.
    """
    is_secret = source.data.get("kind") == "Secret"
    encrypted = "sops" in source.data
    for where in ("data", "stringData") if is_secret else ("data",):
        held = source.data.get(where)
        for key, value in held.items() if isinstance(held, dict) else ():
            text = scalar_text(value)
            if text is not None and is_secret and where == "data":
                text = _decoded(text)
            if encrypted or (text is not None and _is_open(text, source)):
                text = None
            yield where, str(key), text


def _is_open(text: str, source: AgentObject) -> bool:
    return text.startswith("ENC[") or (source.parent is None and has_variable(text))


def _decoded(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None


def scalar_text(value: Any) -> str | None:
    """A scalar as the text that it is in a field of texts, None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, int | float) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
