"""Paths in Flux's objects: ``spec.path`` of Kustomizations, charts and values files of HelmReleases.

Only paths that are asked of this repository can be looked up. A GitRepository is taken for this repository

- where one of its declarations has the URL of this repository;
- where it has another URL, only if the last part of it is this repository's name (a fork, a mirror) and the tree
  bears it out (``sources.Witness``);
- where it is not declared in the tree or this repository's URL is not known, if the tree bears it out; or if it is
  called ``flux-system``, as ``flux bootstrap`` calls it, and the tree does not speak against it.

Everything else is counted as not looked at: other repositories, buckets, OCI artifacts, sources that are pinned to a
tag or commit or that include others, and paths that Flux's substitution has yet to fill in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gategit.checks.references.paths import has_variable
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
    declared: dict[str, list[Manifest]] = {}
    for manifest in manifests_of(view, _SOURCE, "GitRepository"):
        declared.setdefault(manifest.name, []).append(manifest)
    ours = {url for url in map(normal_url, repository_urls) if url}
    witness = Witness(view)
    by_source: dict[str, list[_Wanted]] = {}
    for one in wanted:
        if one.kind == "GitRepository":
            by_source.setdefault(one.name, []).append(one)
    reasons: dict[tuple[str, str], str] = {}
    findings: list[Finding] = []
    unchecked: list[Unchecked] = []
    for one in wanted:
        if one.kind != "GitRepository":
            reason = f"its source is the {one.kind or 'unnamed'} {one.name}"
        else:
            key = (one.name, one.namespace)
            if key not in reasons:
                asks = [ask for other in by_source[one.name] for ask in other.asks]
                reasons[key] = _why_not(one, declared.get(one.name, []), ours, witness.bears_out(asks))
            reason = reasons[key]
        for ask in one.asks:
            if not reason and has_variable(ask.text):
                unchecked.append(_left(ask, "it is filled in later"))
            elif reason:
                unchecked.append(_left(ask, reason))
            else:
                finding = check_ask(view, ask)
                findings.extend([finding] if finding else [])
    return findings, unchecked


def _left(ask: Ask, reason: str) -> Unchecked:
    manifest = ask.manifest
    return Unchecked(f"{manifest.source.file}: {manifest.kind} {manifest.name}: path {ask.text}", reason)


def _why_not(one: _Wanted, declared: Sequence[Manifest], ours: set[str], borne_out: bool | None) -> str:  # noqa: FBT001  the witness's answer
    """Why a source is not this repository as it is here; "" where it is."""
    same = [manifest for manifest in declared if not one.namespace or manifest.namespace in (None, one.namespace)]
    for manifest in same or declared:
        spec = manifest.data.get("spec")
        if dig(spec, "include"):
            return f"its source, the GitRepository {one.name}, includes other repositories"
        if any(text_at(spec, "ref", pin) for pin in ("tag", "semver", "commit", "name")):
            return f"its source, the GitRepository {one.name}, is pinned to another version"
    urls = {normal_url(text_at(manifest.data, "spec", "url")) for manifest in same or declared} - {None}
    if urls & ours:
        return ""
    elsewhere = f"its source, the GitRepository {one.name}, is not known to be this repository"
    if urls and ours:
        names = {url.rpartition("/")[2] for url in ours}
        alike = any(url.rpartition("/")[2] in names for url in urls if url)
        return "" if alike and borne_out else elsewhere
    if borne_out or (one.name == _BOOTSTRAP and borne_out is None):
        return ""
    return elsewhere


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
