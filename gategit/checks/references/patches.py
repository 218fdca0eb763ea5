"""Patches that do not do what their author thinks: keys that count once, targets that nothing is, entries added twice.

Kustomize says nothing of any of these. It takes one of two keys, passes over a patch whose target selects no object,
and appends to a list whatever it is told to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gategit.checks.references.builds import Build, Builds, Member
from gategit.checks.references.kustomize import Kustomization, LinkState, PatchEntry
from gategit.checks.references.rules import KUSTOMIZATION_DUPLICATE_ENTRY, KUSTOMIZATION_INVALID
from gategit.checks.references.shapes import Use
from gategit.checks.references.sources import dig, manifests_of, text_at
from gategit.checks.references.view import View
from gategit.manifests.decode import Problem, decode
from gategit.manifests.manifest import Source
from gategit.model import FieldPath, Finding, Level, Location, Region, RelatedLocation, Stage, format_path

_FLUX: Final = "kustomize.toolkit.fluxcd.io"
_JUDGED: Final = ("duplicate-key", "yaml-syntax")
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
"""What means itself in the selector of a patch, which is a regular expression."""

_SELECTORS: Final = frozenset({"group", "version", "kind", "namespace", "name"})
_GENERATED: Final = frozenset({"", "ConfigMap", "Secret"})


def check_patches(view: View, builds: Builds) -> list[Finding]:
    """Judge the patches of the tree's kustomizations, and those that stand in Flux's Kustomizations."""
    findings: list[Finding] = []
    for one in view.graph.kustomizations.values():
        if not one.parsed.patches:
            continue
        findings.extend(_unreadable(view, one))
        build = builds.build(one.folder)
        if build.complete:
            findings.extend(_without_target(view, builds, one, build))
        else:
            findings.extend(_added_twice(view, one))
    for manifest in manifests_of(view, _FLUX, "Kustomization"):
        patches = dig(manifest.data, "spec", "patches")
        for index, entry in enumerate(patches if isinstance(patches, list) else ()):
            path: FieldPath = ("spec", "patches", index, "patch")
            findings.extend(_of_text(view, manifest.source, path, text_at(entry, "patch")))
    return findings


# Keys ---------------------------------------------------------------------------------------------------------------


def _unreadable(view: View, one: Kustomization) -> Iterator[Finding]:
    """What is wrong with the YAML of patches that stand in the kustomization; of files the check of syntax says it."""
    for patch in one.parsed.patches:
        if patch.inline:
            inline = patch.path if patch.path[0] == "patchesStrategicMerge" else (*patch.path, "patch")
            yield from _of_text(view, Source(one.file, one.parsed.document), inline, patch.inline)


def _of_text(view: View, source: Source, path: FieldPath, text: str) -> Iterator[Finding]:
    if "\n" not in text:
        return
    for problem in decode(text.encode("utf-8", "surrogatepass"), "patch.yaml").problems:
        if problem.rule in _JUDGED:
            yield _problem(view, source, path, text, problem)


def _problem(view: View, source: Source, path: FieldPath, text: str, problem: Problem) -> Finding:
    where = format_path(path)
    message = f"{where} cannot be read as YAML: {problem.message}"
    if problem.rule == "duplicate-key":
        message = f'{where} sets the key "{problem.subject[:100]}" twice; only one of the two counts'
    outer = view.locate(source, path)
    return Finding(
        problem.rule,
        Stage.SYNTAX,
        Level.ERROR,
        message,
        _inner(view, outer, text, problem.region),
        help=problem.help,
        path=path,
        subject=f"{where} {problem.subject}",
        related=tuple(
            RelatedLocation(_inner(view, outer, text, region), what)
            for region, what in problem.related
            if problem.rule == "duplicate-key"
        ),
    )


def _inner(view: View, outer: Location, text: str, region: Region) -> Location:
    """A place in a text that stands as a block in a file; the whole text where it does not stand there line by line."""
    file, start = view.file(outer.file), outer.region
    lines = text.split("\n")
    if file is None or start is None or region.line > len(lines) or region.line != region.end_line:
        return outer
    wanted = lines[region.line - 1].rstrip()
    here = file.source_map.line_text(start.line + region.line).rstrip()
    shift = len(here) - len(wanted)
    if not wanted or shift < 0 or not here.endswith(wanted) or here[:shift].strip():
        return outer
    line = start.line + region.line
    return Location(outer.file, Region(line, region.column + shift, line, region.end_column + shift))


# Targets ------------------------------------------------------------------------------------------------------------


def _without_target(view: View, builds: Builds, one: Kustomization, build: Build) -> Iterator[Finding]:
    """Patches whose target no object of the build is. A component's may be meant for some of its users only."""
    if one.parsed.kind == "Component":
        return
    for patch in one.parsed.patches:
        target = dict(patch.target)
        if not _is_plain(target) or (build.generated and target.get("kind", "") in _GENERATED):
            continue
        if any(_is_meant(member, target) for member in build.accumulated) or not builds.keeps_names(one.folder):
            continue
        path = (*patch.path, "target")
        yield Finding(
            KUSTOMIZATION_INVALID.id,
            Stage.REFERENCES,
            Level.WARNING,
            f"{format_path(path)} selects {_shown(target)}, and no resource of this kustomization is that: the patch "
            "changes nothing",
            view.locate(Source(one.file, one.parsed.document), path),
            help="Correct the target, add the resource, or remove the patch.",
            path=path,
            subject=f"target {sorted(target.items())}",
        )


def _is_plain(target: Mapping[str, str]) -> bool:
    """Whether a target can be looked up by name; one that selects by its kind alone may well be meant for later."""
    return "name" in target and _SELECTORS.issuperset(target) and all(map(_PLAIN.match, target.values()))


def _is_meant(member: Member, target: Mapping[str, str]) -> bool:
    group, _, version = member.fact.api_version.rpartition("/")
    own = {"group": group, "version": version, "kind": member.fact.key.kind}
    if any(target.get(name, value) != value for name, value in own.items()):
        return False
    return any(
        target["name"] == name and (target.get("namespace") or namespace or "default") == (namespace or "default")
        for namespace, name in (member.name, *member.earlier)
    )


def _shown(target: Mapping[str, str]) -> str:
    namespace = f" in the namespace {target['namespace']}" if target.get("namespace") else ""
    return f"{target.get('kind') or 'what is called'} {target['name']}{namespace}"


# Entries ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Added:
    """An entry that a JSON patch appends to a list of the objects that it is for."""

    patch: PatchEntry
    pointer: str
    name: str
    location: Location


def _added_twice(view: View, one: Kustomization) -> Iterator[Finding]:
    """Entries of one name that two patches append to the same list; of what is rendered the outcome is judged."""
    seen: list[_Added] = []
    for added in _additions(view, one):
        first = next((each for each in seen if _is_same(each, added)), None)
        seen.append(added)
        if first is None or first.patch is added.patch:
            continue
        path = added.patch.path
        yield Finding(
            KUSTOMIZATION_DUPLICATE_ENTRY.id,
            Stage.REFERENCES,
            Level.WARNING,
            f"{format_path(path)} adds {added.name} to {added.pointer.removesuffix('/-')}, which "
            f"{format_path(first.patch.path)} has added already",
            added.location,
            help="Remove one of the two: of entries with one name the last one counts, or the object is refused.",
            path=path,
            subject=f"{added.pointer} {added.name}",
            related=(RelatedLocation(first.location, "added here first"),),
        )


def _additions(view: View, one: Kustomization) -> Iterator[_Added]:
    source = Source(one.file, one.parsed.document)
    for patch in one.parsed.patches:
        file = next(
            (
                link.path
                for link in one.linked(Use.PATCH, Use.PATCH_OR_INLINE)
                if link.reference.path[:2] == patch.path and link.state is LinkState.FILE
            ),
            "",
        )
        for document, index, operation in _operations(view, patch, file):
            pointer, name = text_at(operation, "path"), text_at(operation, "value", "name")
            if text_at(operation, "op") == "add" and pointer.endswith("/-") and name:
                place = (
                    view.locate(Source(file, document), (index, "path"))
                    if file
                    else view.locate(source, (*patch.path, "patch"))
                )
                yield _Added(patch, pointer, name, place)


def _operations(view: View, patch: PatchEntry, file: str) -> Iterator[tuple[int, int, Any]]:
    read = view.file(file) if file else None
    if patch.inline:
        decoded = decode(patch.inline.encode("utf-8", "surrogatepass"), "patch.yaml")
    elif read is not None:
        decoded = read.decoded
    else:
        return
    for document in decoded.documents:
        for index, operation in enumerate(document.data if isinstance(document.data, list) else ()):
            yield document.index, index, operation


def _is_same(first: _Added, second: _Added) -> bool:
    if (first.pointer, first.name) != (second.pointer, second.name):
        return False
    here, there = dict(first.patch.target), dict(second.patch.target)
    shared = here.keys() & there.keys()
    return "name" in shared and all(here[key] == there[key] for key in shared)
