"""What Flux does with objects once they are built: variables filled in, labels and annotations put on.

Variables are filled in as the kustomize-controller does it (``kustomize.SubstituteVariables`` of Flux's packages): in
the YAML text of each object, so that a value can change what a field is, and where no variable is set at all, nothing
happens. A variable that is set nowhere becomes nothing, which is a finding; one that may be set outside of the
repository is left as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from gategit.manifests.decode import decode
from gategit.manifests.text import Lines, NotText, decode_text
from gategit.model import Level, Location, ObjectRef, RelatedLocation
from gategit.render.flux_envsubst import Absent, EnvsubstError, Expanded, expand
from gategit.render.flux_rules import SUBSTITUTION_FAILED, VARIABLE_UNSET
from gategit.render.flux_yaml import write_yaml
from gategit.render.rules import NOT_RENDERED
from gategit.render.values import Rendered, RenderedObject, RenderProblem, RenderSettings, Unit
from gategit.tree import EntryKind, Tree

_SWITCH: Final = "kustomize.toolkit.fluxcd.io/substitute"
_OFF: Final = "disabled"
_LARGEST: Final = 16 * 2**20
_EXPRESSION: Final = re.compile(r"\$\{[^{}\n]{0,80}\}?")
_NAMED: Final = re.compile(r"(?<!\$)\$\{#?([_A-Za-z][_A-Za-z0-9]*)")


@dataclass(frozen=True, slots=True)
class Variables:
    """What is known of the variables.

    Attributes:
        values: by name.
        unknown: names whose values nobody here can know; None where any other name may be set elsewhere.
        always: whether expressions are looked at even where nothing is set.
    """

    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    unknown: frozenset[str] | None = frozenset()
    always: bool = False

    @property
    def active(self) -> bool:
        """Whether expressions are looked at at all."""
        return bool(self.values) or self.unknown is None or bool(self.unknown) or self.always

    def look_up(self, name: str) -> str | Absent:
        """The value of a name."""
        value = self.values.get(name)
        if value is not None and (self.unknown is None or name not in self.unknown):
            return value
        return Absent.UNKNOWN if self.unknown is None or name in self.unknown else Absent.UNSET


@dataclass(frozen=True, slots=True)
class Substituted:
    """What came of an object.

    Attributes:
        data: the object; as it was where it could not be filled in.
        unset: names without a value and without a default.
        refused: why Flux does not take it, or "".
        expression: how the expression starts that it does not take, or "".
        left: whether an expression was left as it stands.
        size: how many bytes came of it, 0 where nothing was done.
    """

    data: dict[str, Any]
    unset: tuple[str, ...] = ()
    refused: str = ""
    expression: str = ""
    left: bool = False
    size: int = 0


def variables_of(unit: Unit) -> Variables | None:
    """A unit's variables, None where Flux fills in nothing."""
    if unit.substitute is None:
        return None
    unknown = None if unit.unknown is None else frozenset(unit.unknown)
    found = Variables(dict(unit.substitute), unknown, unit.always)
    return found if found.active else None


def substitute(data: dict[str, Any], variables: Variables, limit: int = _LARGEST) -> Substituted:
    """Fill in the variables of one object.

    Args:
        data: the object.
        variables: what is known of them.
        limit: how many bytes may come of it.
    """
    if _is_off(data) or not _has_dollar(data):
        return Substituted(data)
    text = write_yaml(data)
    try:
        expanded = expand(text, variables.look_up, limit=limit)
    except EnvsubstError as error:
        found = _EXPRESSION.match(text, error.offset)
        return Substituted(data, refused=str(error), expression=found[0] if found else "")
    return _read(data, expanded)


def _read(data: dict[str, Any], expanded: Expanded) -> Substituted:
    decoded = decode(expanded.content, "object.yaml")
    unset = tuple(name for name, _ in expanded.unset)
    result = decoded.documents[0].data if decoded.documents else None
    # What is wrong with it is not told: it may hold what a Secret says.
    if any(one.rule != "duplicate-key" for one in decoded.problems):
        return Substituted(data, unset, "what comes of it is no YAML")
    if not isinstance(result, dict):
        return Substituted(data, unset, "what comes of it is no object")
    return Substituted(result, unset, left=expanded.left, size=len(expanded.content))


def _is_off(data: Mapping[str, Any]) -> bool:
    metadata = data.get("metadata")
    both = (metadata.get("labels"), metadata.get("annotations")) if isinstance(metadata, dict) else ()
    return any(isinstance(one, dict) and one.get(_SWITCH) == _OFF for one in both)


def _has_dollar(data: Any) -> bool:
    """Whether an object says ``${`` or ``$$`` anywhere: without them its text stays as it is."""
    waiting = [data]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if "${" in one or "$$" in one:
                return True
        elif isinstance(one, dict):
            waiting.extend(one)
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return False


def set_elsewhere(line: str, unit: Unit) -> tuple[RelatedLocation, ...]:
    """Where the variables are set that a line of a unit's file takes its text from.

    Args:
        line: the text of the line, or of a part of it.
        unit: the unit.
    """
    places = dict(unit.set_at)
    names = dict.fromkeys(found[1] for found in _NAMED.finditer(line) if found[1] in places)
    return tuple(RelatedLocation(places[name], f"the variable {name} is set here") for name in names)


def finish(rendered: Rendered, tree: Tree, settings: RenderSettings) -> Rendered:
    """What Flux applies of what was built: post-renderers run, variables filled in, labels and annotations put on.

    Whatever is refused is a finding, and nothing of the unit is applied then; its other objects are there all the same.

    Args:
        rendered: a unit's objects as Kustomize or Helm built them.
        tree: where they come from; files are read for the places of findings alone.
        settings: for post-renderers.
    """
    unit = rendered.unit
    if unit.post:
        from gategit.render.flux_post import lay_over  # noqa: PLC0415  few releases have post-renderers

        rendered = lay_over(rendered, tree, settings)
    if unit.uncertain:
        rendered = _doubted(rendered)
    variables = variables_of(unit)
    if variables is None and not unit.labels and not unit.annotations:
        return rendered
    objects: list[RenderedObject] = []
    problems: list[RenderProblem] = []
    left = False
    budget = settings.output
    for one in rendered.objects:
        data = one.data
        if variables is not None:
            done = substitute(data, variables, min(budget, _LARGEST))
            left, budget = left or done.left, budget - done.size
            data = done.data
            problems.extend(_problems(unit, one, done, tree))
            field = "" if data is one.data else _no_text(data)
            if field:
                problems.append(_left_out(unit, one, field, tree))
                continue
        objects.append(one if data is one.data else replace(one, data=data))
    objects = [_marked(one, unit) for one in objects]
    unchecked = rendered.unchecked
    if left:
        unchecked = (*unchecked, (unit.name, "variables that are set outside of what can be read here are left as is"))
    return replace(rendered, objects=tuple(objects), problems=(*rendered.problems, *problems), unchecked=unchecked)


def _doubted(rendered: Rendered) -> Rendered:
    """A unit that was rendered without some of its inputs: it may fail for that alone, which is nobody's mistake.

    That a renderer could not be run at all is no such failure: it leaves the verdict open as ever.
    """
    lacking = "; ".join(dict.fromkeys(rendered.unit.uncertain))
    failures = [one for one in rendered.problems if one.fatal and one.rule != NOT_RENDERED.id]
    reason = f"{lacking}; without that it cannot be rendered" if failures else lacking
    return replace(
        rendered,
        problems=tuple(one for one in rendered.problems if one not in failures),
        unchecked=(*rendered.unchecked, (rendered.unit.name, reason)),
        lasting=rendered.lasting and not failures,
        given_up=bool(failures),
    )


def _marked(one: RenderedObject, unit: Unit) -> RenderedObject:
    """An object with the unit's labels and annotations over its own."""
    metadata = one.data.get("metadata")
    if not isinstance(metadata, dict):
        return one
    changed = dict(metadata)
    for name, added in (("labels", unit.labels), ("annotations", unit.annotations)):
        if added:
            own = metadata.get(name)
            changed[name] = {**(own if isinstance(own, dict) else {}), **dict(added)}
    return replace(one, data={**one.data, "metadata": changed})


def _problems(unit: Unit, one: RenderedObject, done: Substituted, tree: Tree) -> Iterator[RenderProblem]:
    ref = _ref(unit, one.data)
    owner = f"{unit.owner.ref.kind} {unit.owner.ref.name}" if unit.owner else unit.name
    if done.refused:
        yield RenderProblem(
            SUBSTITUTION_FAILED.id,
            f"{ref}: Flux cannot fill in {done.expression or 'its variables'}: {done.refused}; it then applies nothing "
            f"of {owner}",
            _place(one, done.expression or (f"${{{done.unset[0]}" if done.unset else ""), tree, unit),
            help="Mend the expression, or write $${...} where it is not meant for Flux.",
            object=ref,
        )
    for name in done.unset:
        yield RenderProblem(
            VARIABLE_UNSET.id,
            f"{ref}: the variable {name} is set nowhere and has no default: Flux puts nothing in its place",
            _place(one, f"${{{name}", tree, unit),
            help=f"Set {name} under spec.postBuild of {owner}, give it a default (${{{name}:=...}}), or write "
            f"$${{{name}}} where it is not meant for Flux.",
            level=Level.WARNING,
            object=ref,
            fatal=False,
        )


def _no_text(data: Mapping[str, Any]) -> str:
    """The field without which Flux takes something for no object, where it is no text; "" where all are."""
    metadata = data.get("metadata")
    named = {"apiVersion": data.get("apiVersion"), "kind": data.get("kind")}
    named["metadata.name"] = metadata.get("name") if isinstance(metadata, dict) else None
    return next((field for field, value in named.items() if not isinstance(value, str) or not value), "")


def _left_out(unit: Unit, one: RenderedObject, field: str, tree: Tree) -> RenderProblem:
    ref = _ref(unit, one.data)
    return RenderProblem(
        SUBSTITUTION_FAILED.id,
        f"{ref}: once its variables are filled in, {field} is no text, and Flux leaves the object out without a word",
        _place(one, ref.name if "${" in ref.name else "", tree, unit),
        help="Give the variable a value that YAML takes for a text, or put more text around it.",
        object=ref,
        fatal=False,
    )


def _ref(unit: Unit, data: Mapping[str, Any]) -> ObjectRef:
    metadata = data.get("metadata")
    where = metadata if isinstance(metadata, dict) else {}
    namespace = where.get("namespace") or unit.namespace
    return ObjectRef(
        str(data.get("apiVersion", "")), str(data.get("kind", "")), namespace or None, str(where.get("name", ""))
    )


def _place(one: RenderedObject, needle: str, tree: Tree, unit: Unit) -> Location:
    """Where an expression stands: in the files that the object comes from, the nearest first."""
    trace = one.trace
    files = [path for path in (trace.file, trace.generated_by, *reversed(trace.changed_by)) if path]
    for path in files if needle else ():
        found = _find(path, needle, tree)
        if found is not None:
            return found
    if files:
        return Location(files[0])
    return unit.owner.location if unit.owner else Location("")


def _find(path: str, needle: str, tree: Tree) -> Location | None:
    entry = tree.entries().get(path)
    if entry is None or entry.kind is not EntryKind.FILE:
        return None
    text = decode_text(tree.read(path))
    if isinstance(text, NotText):
        return None
    # "${a" is no place of "${ab".
    ending = r"(?![\w])" if needle[-1:].isalnum() or needle[-1:] == "_" else ""
    found = re.search(f"(?<!\\$){re.escape(needle)}{ending}", text)
    if found is None:
        return None
    closing = text.find("}", found.end() - 1)
    end = closing + 1 if 0 <= closing < found.end() + 80 and "\n" not in text[found.start() : closing] else found.end()
    return Location(path, Lines(text).region(found.start(), end))
