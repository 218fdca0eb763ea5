"""What a tree's files name and what its objects are called: is it there, and is it there once?

One tree is judged by itself. The gate judges both sides of a change and takes what the base has too for existing, so
a finding's message may change with the change (a file that is *now* gone) while its rule, field and subject do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from gategit.checks.references.argocd import check_argocd
from gategit.checks.references.duplicates import check_duplicates
from gategit.checks.references.environments import check_environments
from gategit.checks.references.flux import check_flux
from gategit.checks.references.kustomizations import check_kustomizations
from gategit.checks.references.kustomize import KustomizeGraph
from gategit.checks.references.paths import LATER, REMOTE_FILE, SOURCE_LATER
from gategit.checks.references.view import View
from gategit.manifests.inventory import Inventory
from gategit.model import Finding, Unchecked

_KNOWN_WHERE_RENDERED: Final = frozenset({LATER, SOURCE_LATER, REMOTE_FILE})
"""What is filled in, or said of each build, where what agents build is rendered."""


@dataclass(frozen=True, slots=True)
class ReferenceSettings:
    """What is known of the repository besides its files.

    Attributes:
        repository_urls: the URLs under which agents fetch this repository, in any form that git takes.
        targets: whether a path belongs to a target, by the target's name.
        gone: the files that the change removes, with the new path where it renames them.
        rendered: whether what agents build is rendered, so that what is filled in later is known elsewhere.
    """

    repository_urls: tuple[str, ...] = ()
    targets: Mapping[str, Callable[[str], bool]] = field(default_factory=lambda: MappingProxyType({}))
    gone: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))
    rendered: bool = False


def check(
    inventory: Inventory, graph: KustomizeGraph, settings: ReferenceSettings
) -> tuple[list[Finding], list[Unchecked]]:
    """Judge one tree.

    Args:
        inventory: what the tree declares.
        graph: what its kustomizations name.
        settings: what is known besides.

    Returns:
        The findings, and what was not looked at with the reason: remote references, files of other repositories.
    """
    view = View(inventory, graph, settings.gone)
    findings: list[Finding] = []
    unchecked: list[Unchecked] = []
    for found, left in (
        check_kustomizations(view),
        check_duplicates(view, settings.targets),
        (check_environments(view, settings.targets), []),
        check_flux(view, settings.repository_urls),
        check_argocd(view, settings.repository_urls),
    ):
        findings.extend(found)
        unchecked.extend(one for one in left if not (settings.rendered and one.reason in _KNOWN_WHERE_RENDERED))
    return findings, unchecked
