"""Paths in Flux's objects: ``spec.path`` of Kustomizations, charts and values files of HelmReleases.

Only paths that are asked of this repository can be looked up. A GitRepository is taken for this repository

- where one of its declarations has the URL of this repository;
- where it is applied from itself: a folder that is asked of it holds its own declaration, as with ``flux bootstrap``,
  whatever its URL (repositories are renamed); or it is declared here and called ``flux-system``, as bootstrap calls it;
- where it is not declared here, or this repository's URL is not known, or the last part of both URLs is the same (a
  fork, a mirror), and the tree bears it out (``sources.Witness``); ``flux-system`` that is not declared here needs no
  more than a tree that does not speak against it.

Everything else is counted as not looked at: other repositories, buckets, OCI artifacts, sources that are pinned to a
tag or commit or that include others, and paths that Flux's substitution has yet to fill in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gategit.checks.references.paths import LATER, has_variable
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
from gategit.manifests.manifest import Manifest
from gategit.model import FieldPath, Finding, Unchecked

_KUSTOMIZE = "kustomize.toolkit.fluxcd.io"
_HELM = "helm.toolkit.fluxcd.io"
_SOURCE = "source.toolkit.fluxcd.io"
_BOOTSTRAP = "flux-system"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What one object asks of one source. ``namespace`` is "" where the file does not say it."""

    manifest: Manifest
    kind: str
    name: str
    namespace: str
    asks: tuple[Ask, ...]


def check_flux(view: View, repository_urls: Sequence[str]) -> tuple[list[Finding], list[Unchecked]]:
    """Judge the paths of the tree's Flux objects."""
    wanted = [*_kustomizations(view), *_helm_releases(view), *_helm_charts(view)]
    if not wanted:
        return [], []
    sources = _Sources(view, wanted, {url for url in map(normal_url, repository_urls) if url})
    findings: list[Finding] = []
    unchecked: list[Unchecked] = []
    for one in wanted:
        reason = sources.why_not(one)
        for ask in one.asks:
            if reason or has_variable(ask.text):
                unchecked.append(_left(ask, reason or LATER))
                continue
            finding = check_ask(view, ask)
            findings.extend([finding] if finding else [])
    return findings, unchecked


class _Sources:
    """Which sources are this repository, each worked out once."""

    def __init__(self, view: View, wanted: Sequence[_Wanted], ours: set[str]) -> None:
        self._ours = ours
        self._witness = Witness(view.index, view.gone)
        self._declared: dict[str, list[Manifest]] = {}
        for manifest in manifests_of(view, _SOURCE, "GitRepository"):
            self._declared.setdefault(manifest.name, []).append(manifest)
        self._asks: dict[str, list[Ask]] = {}
        for one in wanted:
            if one.kind == "GitRepository":
                self._asks.setdefault(one.name, []).extend(ask for ask in one.asks if not has_variable(ask.text))
        self._known: dict[tuple[str, str], str] = {}

    def why_not(self, one: _Wanted) -> str:
        """Why an object's source is not this repository as it is here; "" where it is."""
        if one.kind != "GitRepository":
            return f"its source is the {one.kind or 'unnamed source'} {one.name}".rstrip()
        key = (one.name, one.namespace)
        if key not in self._known:
            self._known[key] = self._work_out(one)
        return self._known[key]

    def _work_out(self, one: _Wanted) -> str:
        everywhere = self._declared.get(one.name, [])
        same = [manifest for manifest in everywhere if manifest.namespace in (None, one.namespace or None)]
        declared = same or everywhere
        for manifest in declared:
            pinned = _pinned(one.name, manifest.data.get("spec"))
            if pinned:
                return pinned
        asks = self._asks[one.name]
        urls = {url for manifest in declared if (url := normal_url(text_at(manifest.data, "spec", "url")))}
        if urls & self._ours or any(self._applies_itself(manifest, asks) for manifest in declared):
            return ""
        borne_out = self._witness.bears_out(ask.path for ask in asks)
        if urls and self._ours:
            names = {url.rpartition("/")[2] for url in self._ours}
            alike = any(url.rpartition("/")[2] in names for url in urls)
            return "" if alike and borne_out else _elsewhere(one.name)
        if borne_out or (one.name == _BOOTSTRAP and borne_out is None):
            return ""
        return _elsewhere(one.name)

    def _applies_itself(self, manifest: Manifest, asks: Sequence[Ask]) -> bool:
        if manifest.name == _BOOTSTRAP:
            return True
        file = manifest.source.file
        return any(ask.path and not ask.file and file.startswith(f"{ask.path}/") for ask in asks)


def _left(ask: Ask, reason: str) -> Unchecked:
    manifest = ask.manifest
    return Unchecked(f"{manifest.source.file}: {manifest.kind} {manifest.name}: path {ask.text}", reason)


def _elsewhere(name: str) -> str:
    return f"its source, the GitRepository {name}, is not known to be this repository"


def _pinned(name: str, spec: Any) -> str:
    """Why the paths of a source are not those of this tree, although it may be this repository."""
    if dig(spec, "include"):
        return f"its source, the GitRepository {name}, includes other repositories"
    if any(text_at(spec, "ref", pin) for pin in ("tag", "semver", "commit", "name")):
        return f"its source, the GitRepository {name}, is pinned to another version"
    return ""


def _wanted(manifest: Manifest, reference: Any, asks: tuple[Ask, ...]) -> _Wanted:
    return _Wanted(
        manifest,
        text_at(reference, "kind"),
        text_at(reference, "name"),
        text_at(reference, "namespace") or manifest.namespace or "",
        asks,
    )


def _kustomizations(view: View) -> Iterator[_Wanted]:
    for manifest in manifests_of(view, _KUSTOMIZE, "Kustomization"):
        text = text_at(manifest.data, "spec", "path")
        if text:
            ask = Ask(manifest, ("spec", "path"), text, root_path(text))
            yield _wanted(manifest, dig(manifest.data, "spec", "sourceRef"), (ask,))


def _helm_releases(view: View) -> Iterator[_Wanted]:
    for manifest in manifests_of(view, _HELM, "HelmRelease"):
        yield from _chart(manifest, ("spec", "chart", "spec"))


def _helm_charts(view: View) -> Iterator[_Wanted]:
    for manifest in manifests_of(view, _SOURCE, "HelmChart"):
        yield from _chart(manifest, ("spec",))


def _chart(manifest: Manifest, where: tuple[str, ...]) -> Iterator[_Wanted]:
    """A chart in a git repository; in any other source ``chart`` is a name, not a path."""
    spec = dig(manifest.data, *where)
    reference = dig(spec, "sourceRef")
    text = text_at(spec, "chart")
    if not text or text_at(reference, "kind") != "GitRepository":
        return
    asks = [Ask(manifest, (*where, "chart"), text, root_path(text), inside="Chart.yaml")]
    if not dig(spec, "ignoreMissingValuesFiles"):
        for field, file in _values_files(spec):
            asks.append(Ask(manifest, (*where, *field), file, root_path(file), file=True))
    yield _wanted(manifest, reference, tuple(asks))


def _values_files(spec: Any) -> Iterator[tuple[FieldPath, str]]:
    files = dig(spec, "valuesFiles")
    for index, file in enumerate(files if isinstance(files, list) else ()):
        if isinstance(file, str) and file:
            yield ("valuesFiles", index), file
    single = text_at(spec, "valuesFile")
    if single:
        yield ("valuesFile",), single
