"""Where a rendered object is declared, as far as that can be said without asking which line sets a field."""

from __future__ import annotations

from gategit.checks.references.paths import Place
from gategit.checks.references.sources import text_at
from gategit.manifests.decode import Limits
from gategit.manifests.file import read_file
from gategit.manifests.manifest import Manifest
from gategit.model import FieldPath, Location
from gategit.render.values import Owner, RenderedObject
from gategit.render.world import World, ref_of


def declared_at(item: RenderedObject, owner: Owner, world: World | None, path: FieldPath = ()) -> Location:
    """The place of an object's field in the file that declares it.

    The file alone where that is all that is known, as for a chart's template; the owner where not even that is.

    Args:
        item: the object.
        owner: who brings it.
        world: the tree; None where only the file is wanted.
        path: the field; its nearest ancestor that exists is named.
    """
    file = item.trace.file
    if not file:
        return owner.location
    found = None if world is None else world.graph.index.find(file)
    if world is None or found is None or found.place is not Place.FILE:
        return Location(file)
    if world.graph.index.entries[found.path].size > Limits().file_bytes:
        return Location(file)
    opened = read_file(file, world.tree.read(found.path), world.graph.roles.get(file))
    candidates = [one for one in opened.manifests if _is_it(one, item)]
    return opened.location(candidates[0].source, path) if len(candidates) == 1 else Location(file)


def _is_it(declared: Manifest, item: RenderedObject) -> bool:
    """Whether a declaration may be that of the object: names may have got something before or behind."""
    if declared.kind != text_at(item.data, "kind") or declared.name not in ref_of(item.data).name:
        return False
    return item.trace.document in (None, declared.source.document)
