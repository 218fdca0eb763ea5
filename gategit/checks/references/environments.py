"""Folders of one environment that are built for another one: what is tried out there changes what runs here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from gategit.checks.references.kustomize import Kustomization, Link, LinkState
from gategit.checks.references.rules import OTHER_ENVIRONMENT
from gategit.checks.references.view import View
from gategit.manifests.manifest import Source
from gategit.model import FieldPath, Finding, Level, Stage, format_path

Targets = Mapping[str, Callable[[str], bool]]
"""Whether a path belongs to a target of the config, by the target's name."""

_PRODUCTION: Final = frozenset({"prod", "production", "prd", "live"})
_BEFORE: Final = frozenset({"staging", "stage", "stg", "dev", "development", "uat", "qa", "preprod"})
"""What folders of environments are called that production must not be tried out in."""


def check_environments(view: View, targets: Targets) -> list[Finding]:
    """Judge what the tree's kustomizations name of other environments."""
    return [
        finding
        for one in view.graph.kustomizations.values()
        for link in one.links
        if link.state in (LinkState.FILE, LinkState.FOLDER)
        for finding in _of_link(view, one, link, targets)
    ]


def _of_link(view: View, one: Kustomization, link: Link, targets: Targets) -> Iterator[Finding]:
    source, path, text = Source(one.file, one.parsed.document), link.reference.path, link.reference.text
    base = view.graph.kustomizations.get(link.path)
    there = base.file if base is not None and link.state is LinkState.FOLDER else link.path
    ours = {name for name, matches in targets.items() if matches(one.file)}
    theirs = {name for name, matches in targets.items() if matches(there)}
    if ours and theirs and not ours & theirs:
        what = f"which belongs to the target {' and '.join(sorted(theirs))} and not to {' or '.join(sorted(ours))}"
        yield _finding(view, source, path, text, what)
    else:
        found = crossed(view, source, path, text, link.path)
        if found is not None:
            yield found


def crossed(view: View, source: Source, path: FieldPath, text: str, named: str) -> Finding | None:
    """The finding for a file of an environment before production that names something of production's.

    Args:
        view: the tree.
        source: what names it.
        path: the field that does.
        text: what stands there.
        named: the path of the tree that it means.
    """
    if not is_crossed(source.file, named):
        return None
    environment = next(iter(_folders(source.file) & _BEFORE))
    return _finding(view, source, path, text, f"which is production's, and this file is that of {environment}")


def is_crossed(file: str, named: str) -> bool:
    """Whether a file of an environment before production names something of production's."""
    here, there = _folders(file), _folders(named)
    return bool(here & _BEFORE and there & _PRODUCTION) and not (here & _PRODUCTION or there & _BEFORE)


def _folders(path: str) -> frozenset[str]:
    return frozenset(name.lower() for name in path.split("/"))


def _finding(view: View, source: Source, path: FieldPath, text: str, what: str) -> Finding:
    return Finding(
        OTHER_ENVIRONMENT.id,
        Stage.REFERENCES,
        Level.WARNING,
        f'{format_path(path)} names "{text}", {what}',
        view.locate(source, path),
        help=OTHER_ENVIRONMENT.help,
        path=path,
        subject=text,
    )
