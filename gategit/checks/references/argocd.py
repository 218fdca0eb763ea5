"""Paths in Argo CD's objects: the sources of Applications and ApplicationSets, their value files, git generators.

A source is taken for this repository where its ``repoURL`` is one of this repository's URLs; where it has the same
last part (a fork, a mirror) or this repository's URL is not known, if the tree bears it out (``sources.Witness``).
Everything else is counted as not looked at: other repositories, revisions other than the default branch, charts of
Helm repositories, and whatever a template has yet to fill in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gategit.checks.references.paths import LATER, REMOTE_FILE, SOURCE_LATER, Place, has_variable, is_remote, join
from gategit.checks.references.rules import DANGLING_REFERENCE
from gategit.checks.references.sources import (
    Ask,
    Witness,
    check_ask,
    dig,
    manifests_of,
    normal_url,
    root_path,
    text_at,
)
from gategit.checks.references.view import View
from gategit.globs import GlobError, path_matcher
from gategit.manifests.manifest import Manifest
from gategit.model import FieldPath, Finding, Level, Stage, Unchecked, format_path

_GROUP = "argoproj.io"
_DEFAULT_REVISIONS = ("", "HEAD", "main", "master", "refs/heads/main", "refs/heads/master")
_GLOB = frozenset("*?[")
_MAX_GENERATOR_DEPTH = 5


@dataclass(frozen=True, slots=True)
class _Source:
    """A source of an object, with what it asks."""

    manifest: Manifest
    url: str
    revision: str
    asks: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class _Generator:
    """A git generator of an ApplicationSet, and where it stands."""

    manifest: Manifest
    field: FieldPath
    url: str
    revision: str
    data: dict[Any, Any]


def check_argocd(view: View, repository_urls: Sequence[str]) -> tuple[list[Finding], list[Unchecked]]:
    """Judge the paths of the tree's Argo CD objects."""
    sources: list[_Source] = []
    generators: list[_Generator] = []
    for manifest in manifests_of(view, _GROUP, "Application"):
        sources.extend(_sources(manifest, ("spec",)))
    for manifest in manifests_of(view, _GROUP, "ApplicationSet"):
        sources.extend(_sources(manifest, ("spec", "template", "spec")))
        generators.extend(_generators(manifest, ("spec", "generators"), 0))
    if not sources and not generators:
        return [], []
    known = _known_urls(view, sources, repository_urls)
    findings: list[Finding] = []
    unchecked: list[Unchecked] = []
    for source in sources:
        found, left = _of_asks(view, source, _why_not(source.url, source.revision, known))
        findings.extend(found)
        unchecked.extend(left)
    for generator in generators:
        reason = _why_not(generator.url, generator.revision, known)
        if reason:
            unchecked.append(_left(generator.manifest, format_path(generator.field), reason))
        else:
            found, left = _of_generator(view, generator)
            findings.extend(found)
            unchecked.extend(left)
    return findings, unchecked


def _of_asks(view: View, source: _Source, elsewhere: str) -> tuple[list[Finding], list[Unchecked]]:
    """Judge what a source asks; ``elsewhere`` says why that is not in this tree, "" where it is."""
    if elsewhere:
        # What is read in a folder lies where that is.
        return [], [_left(source.manifest, ask.text, elsewhere) for ask in source.asks[:1]]
    findings: list[Finding] = []
    unchecked: list[Unchecked] = []
    lacks_folder = False
    for ask in source.asks:
        if lacks_folder and not ask.text.startswith("/"):
            continue  # one mistake: what is read in the folder cannot be there either
        why = _open(ask)
        if why:
            unchecked.append(_left(source.manifest, ask.text, why))
            continue
        finding = check_ask(view, ask, relative_to=None if ask.field[-1] == "path" else "")
        findings.extend([finding] if finding else [])
        lacks_folder = lacks_folder or (finding is not None and not ask.file)
    return findings, unchecked


def _left(manifest: Manifest, text: str, reason: str) -> Unchecked:
    where = f"{manifest.namespace}/" if manifest.namespace else ""
    return Unchecked(f"{manifest.source.file}: {manifest.kind} {where}{manifest.name}: {text}", reason)


def _open(ask: Ask) -> str:
    """Why a path cannot be looked up as it is written; "" where it can."""
    if has_variable(ask.text):
        return LATER
    if ask.file and is_remote(ask.text):
        return REMOTE_FILE
    return "it is a pattern" if ask.file and _GLOB & set(ask.text) else ""


def _known_urls(view: View, sources: Sequence[_Source], repository_urls: Sequence[str]) -> set[str]:
    """The URLs, in normal form, that are this repository."""
    ours = {url for url in map(normal_url, repository_urls) if url}
    names = {url.rpartition("/")[2] for url in ours}
    witness = Witness(view.index, view.gone)
    asked: dict[str, list[Ask]] = {}
    for source in sources:
        url = normal_url(source.url)
        if url and not has_variable(source.url):
            asked.setdefault(url, []).extend(ask for ask in source.asks if not ask.file and not has_variable(ask.text))
    for url, asks in asked.items():
        alike = not names or url.rpartition("/")[2] in names
        if url not in ours and alike and witness.bears_out(ask.path for ask in asks):
            ours.add(url)
    return ours


def _why_not(url: str, revision: str, known: set[str]) -> str:
    if has_variable(url) or has_variable(revision):
        return SOURCE_LATER
    if normal_url(url) not in known:
        return f"its source {url} is not known to be this repository"
    if revision not in _DEFAULT_REVISIONS:
        return f"its source is pinned to the revision {revision}"
    return ""


def _sources(manifest: Manifest, where: FieldPath) -> Iterator[_Source]:
    spec = dig(manifest.data, *where)
    found: list[tuple[FieldPath, dict[Any, Any]]] = []
    single, several = dig(spec, "source"), dig(spec, "sources")
    if isinstance(several, list) and several:
        found = [((*where, "sources", index), one) for index, one in enumerate(several) if isinstance(one, dict)]
    elif isinstance(single, dict):
        found = [((*where, "source"), single)]
    named = {text_at(one, "ref"): one for _, one in found if text_at(one, "ref")}
    for field, one in found:
        yield from _of_source(manifest, field, one, named)


def _of_source(
    manifest: Manifest, field: FieldPath, one: dict[Any, Any], named: dict[str, dict[Any, Any]]
) -> Iterator[_Source]:
    url, revision, text = text_at(one, "repoURL"), text_at(one, "targetRevision"), text_at(one, "path")
    is_chart = bool(text_at(one, "chart"))
    asks: list[Ask] = []
    if text and not is_chart:
        is_helm = bool(one.get("helm")) and not any(one.get(tool) for tool in ("kustomize", "directory", "plugin"))
        inside = "Chart.yaml" if is_helm else ""
        asks.append(Ask(manifest, (*field, "path"), text, root_path(text), inside=inside))
    files = dig(one, "helm", "valueFiles")
    if isinstance(files, list) and not dig(one, "helm", "ignoreMissingValueFiles"):
        for index, file in enumerate(files):
            if not isinstance(file, str) or not file:
                continue
            place = (*field, "helm", "valueFiles", index)
            if file.startswith("$"):
                name, _, rest = file[1:].partition("/")
                other = named.get(name)
                if other is not None:
                    ask = Ask(manifest, place, file, root_path(rest), file=True)
                    yield _Source(manifest, text_at(other, "repoURL"), text_at(other, "targetRevision"), (ask,))
            elif not is_chart and not has_variable(text):
                path = root_path(file) if file.startswith("/") else join(root_path(text) or "", file)
                asks.append(Ask(manifest, place, file, path, file=True))
    if asks:
        yield _Source(manifest, url, revision, tuple(asks))


def _generators(manifest: Manifest, where: FieldPath, depth: int) -> Iterator[_Generator]:
    """Git generators, those inside of ``matrix`` and ``merge`` too."""
    generators = dig(manifest.data, *where)
    if depth > _MAX_GENERATOR_DEPTH or not isinstance(generators, list):
        return
    for index, generator in enumerate(generators):
        git = dig(generator, "git")
        if isinstance(git, dict):
            field = (*where, index, "git")
            yield _Generator(manifest, field, text_at(git, "repoURL"), text_at(git, "revision"), git)
        for name in ("matrix", "merge"):
            yield from _generators(manifest, (*where, index, name, "generators"), depth + 1)


def _of_generator(view: View, generator: _Generator) -> tuple[list[Finding], list[Unchecked]]:
    findings: list[Finding] = []
    unchecked: list[Unchecked] = []
    for field, candidates in (("directories", view.index.folders), ("files", view.index.entries)):
        entries = generator.data.get(field)
        patterns = [
            (index, text_at(entry, "path"), bool(dig(entry, "exclude")))
            for index, entry in enumerate(entries if isinstance(entries, list) else ())
        ]
        excluded = [text for _, text, exclude in patterns if exclude and text and not has_variable(text)]
        for index, text, exclude in patterns:
            if exclude or not text:
                continue
            try:
                matches, left_out = _matcher([text]), _matcher(excluded)
            except GlobError:
                unchecked.append(_left(generator.manifest, text, "its pattern is not one that is understood"))
                continue
            if has_variable(text):
                unchecked.append(_left(generator.manifest, text, LATER))
            elif not any(path and matches(path) and not left_out(path) for path in candidates):
                place = (*generator.field, field, index, "path")
                findings.append(_empty_generator(view, generator.manifest, place, text, field))
    return findings, unchecked


def _matcher(patterns: Sequence[str]) -> Any:
    """A test for Argo CD's patterns, which are relative to the root; trailing slashes mean nothing."""
    return path_matcher(tuple(f"/{pattern.removeprefix('./').strip('/')}" for pattern in patterns))


def _empty_generator(view: View, manifest: Manifest, place: FieldPath, text: str, field: str) -> Finding:
    what = "folder" if field == "directories" else "file"
    end = ""
    if not _GLOB & set(text):
        path = root_path(text)
        if path is not None and view.index.find(path).place is Place.MISSING:
            end = view.fate(path)[0] or view.suggestion(path, "", want_folder=field == "directories")
    return Finding(
        DANGLING_REFERENCE.id,
        Stage.REFERENCES,
        Level.ERROR,
        f'{manifest.kind} {manifest.name}: {format_path(place)} is "{text}", which matches no {what} of this '
        f"repository{end}",
        view.locate(manifest.source, place),
        help="Correct the pattern, or remove it. A generator that matches nothing makes no Applications, and those it "
        "made before are removed.",
        object=manifest.ref,
        path=place,
        subject=text,
    )
