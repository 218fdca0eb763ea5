"""How Flux's objects depend on each other: what they wait for, and what they ask the health of.

Of objects as files declare them the built-in policies say the same (``flux-unknown-dependency``,
``flux-dependency-cycle``, ``flux-decryption``). It is said here where a policy cannot know: of objects that came out
of a build otherwise than they are declared, and of several clusters whose objects have the same names.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gategit.checks.references.kustomize import LinkState
from gategit.checks.references.paths import Place, has_variable
from gategit.checks.references.rules import DANGLING_REFERENCE
from gategit.checks.references.shapes import Use
from gategit.checks.references.sources import dig, root_path, text_at
from gategit.model import FieldPath, Level, ObjectRef, RelatedLocation
from gategit.render.flux_rules import DECRYPTION_MISSING, DEPENDENCY_CYCLE, KIND_NOT_AWAITED
from gategit.render.flux_sources import HELM, KUSTOMIZE, SOURCE, missing
from gategit.render.kustomize_plan import is_sealed
from gategit.render.values import AgentObject, KustomizeBuild, Owner, Rendered, RenderProblem, Unit
from gategit.render.world import World, ref_of

_KINDS = ((KUSTOMIZE, "Kustomization"), (HELM, "HelmRelease"))

_DECRYPT: Final = ("metadata", "annotations", "kustomize.toolkit.fluxcd.io/decrypt")

_FLUX: Final = ".toolkit.fluxcd.io"

_MOST_LOOKS: Final = 100
"""From how many objects circles are looked for: a repository with more of them has been told enough."""

_MOST_NAMES: Final = 8
"""How many objects of a circle are named besides the first."""

Node = tuple[str, str, str, str, str | None, str, int]
"""A Flux object: group, kind, namespace, name, target, file and document."""

Edges = Mapping[Node, Sequence[tuple[FieldPath, Node]]]
"""What each object waits for, each with the field that says so."""


def check_wiring(wanted: Sequence[AgentObject], world: World) -> list[RenderProblem]:
    """What objects wait for that is nowhere, and what waits for itself.

    Args:
        wanted: the Kustomizations and HelmReleases to judge.
        world: everything that they may refer to.
    """
    problems: list[RenderProblem] = []
    for one in wanted:
        group, kind = _kind(one)
        for path, namespace, name in _dependencies(one):
            # What files say as it stands a policy judges; that the change takes it away only shows beside the base.
            left = _as_declared(one, world) and world.past(group, kind, namespace, name, one) is None
            if not left and world.find(group, kind, namespace, name, one) is None:
                problem = missing(world, one, (group, kind, namespace, name), (*path, "name"))
                problems.extend([problem] if problem else [])
        problems.extend(_source_of_kustomization(one, world))
    problems.extend(_cycles(wanted, world))
    return problems


def _source_of_kustomization(one: AgentObject, world: World) -> Iterator[RenderProblem]:
    """A Kustomization's source that is nowhere; a HelmRelease's is looked up with its chart."""
    reference = dig(one.data, "spec", "sourceRef")
    kind, name = text_at(reference, "kind"), text_at(reference, "name")
    namespace = text_at(reference, "namespace") or one.namespace
    if kind and _kind(one) == _KINDS[0] and world.find(SOURCE, kind, namespace, name, one) is None:
        problem = missing(world, one, (SOURCE, kind, namespace, name), ("spec", "sourceRef", "name"))
        if problem is not None:
            yield problem


def check_rendered(unit: Unit, rendered: Rendered, world: World) -> list[RenderProblem]:
    """What only shows once a unit is rendered: health that nobody can ask, kinds that another unit brings, secrets.

    Args:
        unit: a unit of Flux.
        rendered: what came of it.
        world: with the objects of all units that are rendered.
    """
    if unit.owner is None or rendered.failed:
        return []
    owner = _object_of(unit.owner, world)
    if owner is None or _kind(owner) != _KINDS[0]:
        return []
    return [
        *_health_checks(owner, rendered, world),
        *_unawaited_kinds(owner, rendered, world),
        *_encrypted(owner, rendered, world),
    ]


def _object_of(owner: Owner, world: World) -> AgentObject | None:
    """The object that a unit belongs to; rendered if it is."""
    ref = owner.ref
    several = world.named(*_group_kind(ref), ref.namespace or "", ref.name)
    return next((one for one in several if world.place(one) == owner.location), None)


def _health_checks(owner: AgentObject, rendered: Rendered, world: World) -> Iterator[RenderProblem]:
    spec = owner.data.get("spec")
    checks = dig(spec, "healthChecks")
    if not isinstance(checks, list) or dig(spec, "wait") is True or rendered.unchecked:
        return
    ref = ref_of(owner.data, owner.namespace)
    known = {_identity(one.data, rendered.unit.namespace) for one in rendered.objects}
    makes_more = any(_kind_of(one.data) == _KINDS[1] for one in rendered.objects)
    for index, check in enumerate(checks):
        kind, name = text_at(check, "kind"), text_at(check, "name")
        namespace = text_at(check, "namespace") or owner.namespace
        group = text_at(check, "apiVersion").rpartition("/")[0]
        if not kind or not name or has_variable(name) or has_variable(namespace):
            continue
        if {(group, kind, namespace, name), (group, kind, "", name)} & known:
            continue
        # What a chart or an operator makes can be asked for, too; nobody knows here what that will be.
        if (makes_more and kind != "HelmRelease") or world.find(group, kind, namespace, name) is not None:
            continue
        path: FieldPath = ("spec", "healthChecks", index, "name")
        elsewhere = sorted(one[2] for one in known if (one[0], one[1], one[3]) == (group, kind, name))
        end = f"; it has one in the namespace {elsewhere[0]}" if elsewhere and elsewhere[0] else ""
        yield RenderProblem(
            DANGLING_REFERENCE.id,
            f"{ref}: the health of {kind} {namespace}/{name} is asked, which this Kustomization does not apply{end}",
            world.locate(owner, path),
            help="Correct the entry of healthChecks, or use spec.wait: true.",
            level=Level.WARNING,
            object=ref,
            path=path,
            fatal=False,
        )


def _encrypted(owner: AgentObject, rendered: Rendered, world: World) -> Iterator[RenderProblem]:
    """Encrypted Secrets of a Kustomization that does not say how they are decrypted."""
    if dig(owner.data, "spec", "decryption") or not isinstance(rendered.unit.build, KustomizeBuild):
        return
    ref, folder = ref_of(owner.data, owner.namespace), rendered.unit.build.folder
    is_patched = any(_patches_decryption(one) for one in world.of_kind(*_KINDS[0]))
    yield from _sealed_generators(owner, rendered, world)
    for one in rendered.objects:
        is_secret = (one.data.get("apiVersion"), one.data.get("kind")) == ("v1", "Secret")
        is_below = one.trace.file.startswith(f"{folder}/" if folder else "") and not is_patched
        if is_below or not is_secret or "sops" not in one.data:
            continue
        if text_at(one.data, *_DECRYPT).lower() != "disabled":
            name = text_at(one.data, "metadata", "name")
            where = f" ({one.trace.file})" if one.trace.file else ""
            yield RenderProblem(
                DECRYPTION_MISSING.id,
                f"{ref}: its Secret {name}{where} is encrypted with SOPS and there is no spec.decryption, so that Flux "
                "applies nothing of it",
                world.locate(owner, ("spec",), on="key"),
                help="Add spec.decryption, or leave the Secret out.",
                object=ref,
                path=("spec", "decryption"),
                fatal=False,
            )
            return


def _sealed_generators(owner: AgentObject, rendered: Rendered, world: World) -> Iterator[RenderProblem]:
    """Encrypted files of which a generator makes something: without a key the cluster gets them as they are."""
    ref = ref_of(owner.data, owner.namespace)
    generators = {one.trace.generated_by for one in rendered.objects if one.trace.generated_by}
    for one in world.graph.kustomizations.values():
        for link in one.linked(Use.KEY_VALUE_FILE, Use.DATA) if one.file in generators else ():
            if link.state is LinkState.FILE and is_sealed(world.content(link.path) or b""):
                yield RenderProblem(
                    DECRYPTION_MISSING.id,
                    f"{ref}: {link.path}, of which {one.file} generates an object, is encrypted with SOPS and there is "
                    "no spec.decryption, so that the cluster gets it as it is encrypted",
                    world.locate(owner, ("spec",), on="key"),
                    help="Add spec.decryption.",
                    object=ref,
                    path=("spec", "decryption"),
                    fatal=False,
                )
                return


def _patches_decryption(one: AgentObject) -> bool:
    patches = dig(one.data, "spec", "patches")
    return any("decryption" in text_at(patch, "patch") for patch in (patches if isinstance(patches, list) else ()))


def _unawaited_kinds(owner: AgentObject, rendered: Rendered, world: World) -> Iterator[RenderProblem]:
    """Objects of kinds that another Kustomization defines, for which this one does not wait."""
    defined = _defined_elsewhere(owner, rendered, world)
    if not defined:
        return
    awaited = _awaited(owner, world)
    ref = ref_of(owner.data, owner.namespace)
    for one in rendered.objects:
        bringers = defined.pop(_kind_of(one.data), None)
        if not bringers or any(_node(other) in awaited for other in bringers):
            continue
        bringer = ref_of(bringers[0].data, bringers[0].namespace)
        held = f"{one.data.get('kind')} {text_at(one.data, 'metadata', 'name')}"
        path: FieldPath = ("spec", "dependsOn")
        yield RenderProblem(
            KIND_NOT_AWAITED.id,
            f"{ref}: it holds the {held}, a kind that {bringer} brings, and does not wait for that",
            world.locate(owner, path, on="key"),
            help=f"Name {bringer.name} under spec.dependsOn.",
            object=ref,
            path=path,
            fatal=False,
        )


def _defined_elsewhere(
    owner: AgentObject, rendered: Rendered, world: World
) -> dict[tuple[str, str], list[AgentObject]]:
    """The kinds that other Kustomizations of the same cluster define, and this one does not, with who does."""
    own = {_defined(one.data) for one in rendered.objects}
    held = {_kind_of(one.data) for one in rendered.objects}
    found: dict[tuple[str, str], list[AgentObject]] = {}
    for one in world.of_kind("apiextensions.k8s.io", "CustomResourceDefinition"):
        kind = _defined(one.data)
        # Whoever applies Flux's objects has its definitions.
        if kind is None or kind in own or kind not in held or kind[0].endswith(_FLUX):
            continue
        found.setdefault(kind, []).extend(
            other for other in _bringers(one, owner, world) if not _builds(other, owner, world)
        )
    return {kind: bringers for kind, bringers in found.items() if bringers}


def _bringers(definition: AgentObject, owner: AgentObject, world: World) -> Iterator[AgentObject]:
    """The Kustomizations of an object's cluster that bring a definition: as rendered, or by the files they build."""
    if definition.parent is None:
        for other in world.of_kind(*_KINDS[0]):
            if other.target == owner.target and _node(other) != _node(owner) and _builds(other, definition, world):
                yield other
        return
    bringer = definition.parent.owner
    if bringer is not None and _group_kind(bringer.ref) == _KINDS[0]:
        one = world.find(*_KINDS[0], bringer.ref.namespace or "", bringer.ref.name, owner)
        if one is not None and world.place(one) == bringer.location and one.target == owner.target:
            yield one


def _builds(one: AgentObject, other: AgentObject, world: World) -> bool:
    """Whether a Kustomization builds the file of another object, and so has it applied after its own definitions."""
    folder = root_path(text_at(one.data, "spec", "path"))
    if folder is None or world.graph.index.find(folder).place is not Place.FOLDER:
        return False
    return other.file in world.built_of(folder)


def _defined(data: Mapping[str, object]) -> tuple[str, str] | None:
    """The kind that an object defines, None for one that defines none."""
    if data.get("kind") != "CustomResourceDefinition":
        return None
    return text_at(data, "spec", "group"), text_at(data, "spec", "names", "kind")


def _awaited(owner: AgentObject, world: World) -> set[Node]:
    """Everything that an object waits for, directly or not, and the object."""
    seen = {_node(owner)}
    waiting = [owner]
    while waiting:
        one = waiting.pop()
        for _, namespace, name in _dependencies(one):
            other = world.find(*_kind(one), namespace, name, one)
            if other is not None and _node(other) not in seen:
                seen.add(_node(other))
                waiting.append(other)
    return seen


def _cycles(wanted: Sequence[AgentObject], world: World) -> Iterator[RenderProblem]:
    """Each circle once, at the first of its objects."""
    objects = {_node(one): one for one in sorted(wanted, key=lambda one: (one.file, one.document))}
    edges = _in_circles({node: _edges(one, world) for node, one in objects.items()})
    told: set[Node] = set()
    looks = _MOST_LOOKS
    for node in edges:
        if node in told or not looks:
            continue
        looks -= 1
        circle = _circle(node, edges)
        if not circle:
            continue
        told.update(member for member, _ in circle)
        if all(_as_declared(objects[member], world) and _is_alone(objects[member], world) for member, _ in circle):
            continue
        circle = _new_first(circle, objects, world)
        one, path = objects[circle[0][0]], circle[0][1]
        names = [str(ref_of(objects[member].data, objects[member].namespace)) for member, _ in circle]
        last = "itself" if len(names) == 1 else names[0]
        yield RenderProblem(
            DEPENDENCY_CYCLE.id,
            f"{names[0]} waits for {', which waits for '.join([*_shortened(names[1:]), last])}: none of it is ever "
            "applied",
            world.locate(one, (*path, "name")),
            help="Remove one of these entries of spec.dependsOn.",
            object=ref_of(one.data, one.namespace),
            path=path,
            fatal=False,
            related=tuple(
                RelatedLocation(world.locate(objects[member], (*field, "name")), f"{name} waits here")
                for name, (member, field) in zip(names[1:], circle[1:], strict=True)
            ),
        )


def _new_first(
    circle: list[tuple[Node, FieldPath]], objects: Mapping[Node, AgentObject], world: World
) -> list[tuple[Node, FieldPath]]:
    """A circle from the entry on that the change adds: that one closes it."""
    for index, (member, path) in enumerate(circle):
        one = objects[member]
        before = world.past(*_kind(one), one.namespace, _name(one), one)
        named = {(namespace, name) for _, namespace, name in _dependencies(before)} if before is not None else ()
        entry = next((namespace, name) for field, namespace, name in _dependencies(one) if field == path)
        if world.before and entry not in named:
            return [*circle[index:], *circle[:index]]
    return circle


def _as_declared(one: AgentObject, world: World) -> bool:
    """Whether what an object waits for, and where it is, is what its file says."""
    return world.declares(one, ("spec", "dependsOn")) and world.declares(one, ("metadata", "namespace"))


def _is_alone(one: AgentObject, world: World) -> bool:
    """Whether there is no other object of this name, in another file or for another target."""
    return len({(other.file, other.target) for other in world.named(*_kind(one), one.namespace, _name(one))}) < 2


def _shortened(names: list[str]) -> list[str]:
    if len(names) <= _MOST_NAMES:
        return names
    half = _MOST_NAMES // 2
    return [*names[:half], f"{len(names) - 2 * half} others", *names[-half:]]


def _edges(one: AgentObject, world: World) -> list[tuple[FieldPath, Node]]:
    found = []
    for path, namespace, name in _dependencies(one):
        other = world.find(*_kind(one), namespace, name, one)
        if other is not None:
            found.append((path, _node(other)))
    return found


def _in_circles(edges: Edges) -> dict[Node, list[tuple[FieldPath, Node]]]:
    """The edges between objects that both wait for something and are waited for, as often as one looks."""
    left = {node: [edge for edge in own if edge[1] in edges] for node, own in edges.items()}
    ahead = {node: {other for _, other in own} for node, own in left.items()}
    behind: dict[Node, set[Node]] = {node: set() for node in left}
    for node, others in ahead.items():
        for other in others:
            behind[other].add(node)
    gone: set[Node] = set()
    for onward, back in ((ahead, behind), (behind, ahead)):
        ends = deque(node for node in left if node not in gone and not onward[node])
        while ends:
            node = ends.popleft()
            gone.add(node)
            for other in back[node]:
                onward[other].discard(node)
                if other not in gone and not onward[other]:
                    ends.append(other)
    return {node: [edge for edge in own if edge[1] not in gone] for node, own in left.items() if node not in gone}


def _circle(home: Node, edges: Edges) -> list[tuple[Node, FieldPath]]:
    """The shortest way from an object back to itself, each with the field that leads on; [] where there is none."""
    came: dict[Node, tuple[Node, FieldPath]] = {}
    waiting = deque([home])
    while waiting:
        node = waiting.popleft()
        for path, other in edges.get(node, ()):
            if other == home:
                way = [(node, path)]
                while way[-1][0] != home:
                    way.append(came[way[-1][0]])
                return way[::-1]
            if other not in came:
                came[other] = (node, path)
                waiting.append(other)
    return []


def _dependencies(one: AgentObject) -> Iterator[tuple[FieldPath, str, str]]:
    """The field, the namespace and the name of everything that an object waits for."""
    entries = dig(one.data, "spec", "dependsOn")
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        name = text_at(entry, "name")
        if name:
            yield ("spec", "dependsOn", index), text_at(entry, "namespace") or one.namespace, name


def _kind(one: AgentObject) -> tuple[str, str]:
    return _kind_of(one.data)


def _kind_of(data: Mapping[str, object]) -> tuple[str, str]:
    return text_at(data, "apiVersion").rpartition("/")[0], text_at(data, "kind")


def _group_kind(ref: ObjectRef) -> tuple[str, str]:
    return ref.api_version.rpartition("/")[0], ref.kind


def _identity(data: Mapping[str, object], namespace: str) -> tuple[str, str, str, str]:
    return (*_kind_of(data), text_at(data, "metadata", "namespace") or namespace, text_at(data, "metadata", "name"))


def _node(one: AgentObject) -> Node:
    return (*_kind(one), one.namespace, _name(one), one.target, one.file, one.document)


def _name(one: AgentObject) -> str:
    return text_at(one.data, "metadata", "name")
