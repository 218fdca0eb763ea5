"""Which kinds live in namespaces, as far as that can be known without asking a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from gategit.checks.policy.api.kinds import CLUSTER_SCOPED_KINDS
from gategit.checks.references.sources import text_at
from gategit.checks.schema.ecosystem import carried
from gategit.checks.schema.facts import own_group
from gategit.manifests.manifest import group_kind
from gategit.render.values import Rendered

IsNamespaced = Callable[[str, str], bool | None]
"""Whether the objects of an API version and kind live in namespaces; None where nobody knows."""


def scopes_of(rendered: Iterable[Rendered]) -> IsNamespaced:
    """The scopes of kinds: what rendered definitions say, Kubernetes' own, and those that gategit carries.

    Args:
        rendered: what came of the units of a tree.
    """
    defined = {
        (text_at(one.data, "spec", "group"), text_at(one.data, "spec", "names", "kind")): (
            text_at(one.data, "spec", "scope") == "Namespaced"
        )
        for several in rendered
        for one in several.objects
        if text_at(one.data, "kind") == "CustomResourceDefinition"
    }

    def is_namespaced(api_version: str, kind: str) -> bool | None:
        group = api_version.rpartition("/")[0]
        found = defined.get((group, kind))
        return _known(group, kind) if found is None else found

    return is_namespaced


@cache
def _known(group: str, kind: str) -> bool | None:
    if own_group(group):
        return group_kind(f"{group}/v1" if group else "v1", kind) not in CLUSTER_SCOPED_KINDS
    found = carried(group, kind)
    return None if found is None else found.namespaced
