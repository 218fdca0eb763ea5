"""What Kustomize says when it fails, as one sentence on the line that has to be mended.

Kustomize wraps an error once for each folder that it comes through, and ends with the one thing that is wrong. Both
are read here: the folders say which kustomization the entry stands in, the end says which entry.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from gategit.checks.references.kustomize import Kustomization, Link, LinkState
from gategit.checks.references.paths import join
from gategit.manifests.decode import decode
from gategit.manifests.manifest import Source
from gategit.model import FieldPath, Location, RelatedLocation, format_path
from gategit.process import Result
from gategit.render.kustomize_places import Places
from gategit.render.kustomize_plan import Plan
from gategit.render.rules import NOT_RENDERED, RENDER_FAILED
from gategit.render.values import RenderProblem

_LONGEST: Final = 300
_CHAIN: Final = 100

_ACCUMULATING = re.compile(r"accumulating (?:resources|components): ")
_TRIED_AS_FILE = re.compile(
    r"accumulation err='(?:accumulating|merging) resources from '(?P<path>.*?)': (?P<inner>.*?)': "
    r"(?P<rest>(?:recursed |couldn't make target|cycle detected|expected kind|must build at directory|new root |"
    r"unable to|.*?: file is not directory|hit timeout|git |URL is|failed to run|no 'git').*)",
    re.DOTALL,
)
_IS_FOLDER: Final = ("must resolve to a file", "is a directory")
"""What Kustomize says of a folder that it tried as a file: the second where files may lie anywhere, as in Flux."""

_FROM_FILE = re.compile(r"(?:accumulating|merging) resources from '(?P<path>.*?)': (?P<rest>.*)", re.DOTALL)
_FOLDER = re.compile(
    r"(?:recursed accumulation of|couldn't make target for) path '(?P<path>.*?)': (?P<rest>.*)", re.DOTALL
)
_MERGING = re.compile(r"recursed merging from path '(?P<path>.*?)': (?P<rest>.*)", re.DOTALL)
_QUOTED = re.compile(r"(?:accumulateDirectory|loader\.New): (?P<text>\".*\")", re.DOTALL)
_POINTER = r"\"?(?P<pointer>/[^\"\n]*?)\"?"
_ID = (
    r"(?P<kind>[^\s./\"]+)\.(?P<version>[^\s./\"]+)\.(?P<group>[^\s/\"]+)/(?P<name>[^\s\"]+?)\.(?P<namespace>[^\s.\"]+)"
)


@dataclass(frozen=True, slots=True)
class _Chain:
    """An error taken apart: the kustomization that it comes from, the entry that it came by, and what is wrong."""

    folder: str
    entry: str
    leaf: str


@dataclass(frozen=True, slots=True)
class _Context:
    """What a sentence is made with."""

    one: Kustomization
    entry: Link | None
    made: Plan
    places: Places

    def problem(  # noqa: PLR0913  the parts in which the problems differ
        self,
        message: str,
        location: Location | None = None,
        *,
        path: FieldPath = (),
        on: Literal["key", "value"] = "value",
        help_text: str = "",
        rule: str = RENDER_FAILED.id,
    ) -> RenderProblem:
        """A problem, by default on a field of the kustomization."""
        entry = format_path(path[:2])
        if path and message.startswith(entry):
            message = f"{self.places.called(self.one, path[:2])}{message.removeprefix(entry)}"
        return RenderProblem(
            rule,
            message,
            location or (self.places.field(self.one, path, on) if path else self._file()),
            help_text,
            path=path,
        )

    def _file(self) -> Location:
        return self.places.top() if self.one.file == self.made.file else Location(self.one.file)

    @property
    def data(self) -> dict[str, Any]:
        """What the kustomization says."""
        return self.places.data(self.one)

    def entries(self, field: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """The mappings in a list of the kustomization."""
        value = self.data.get(field)
        for index, entry in enumerate(value if isinstance(value, list) else ()):
            if isinstance(entry, dict):
                yield index, entry


def explain(answer: Result, made: Plan, places: Places) -> Iterator[RenderProblem]:
    """Why a build failed."""
    chain = _take_apart(_error(answer.error_text), made.folder)
    one = next(
        (one for one in made.kustomizations.values() if one.folder == chain.folder),
        made.kustomizations[made.file],
    )
    entry = next((link for link in one.links if link.reference.text == chain.entry), None) if chain.entry else None
    context = _Context(one, entry, made, places)
    found = _explained(context, chain.leaf)
    if found is not None:
        yield found
        return
    missing = list(nowhere(made, places))
    yield from missing
    if not missing:
        yield context.problem(
            f"{one.file} cannot be built: {_short(chain.leaf)}",
            places.field(one, entry.reference.path) if entry else None,
            help_text="`kustomize build` of the folder shows the same error.",
        )


def nowhere(made: Plan, places: Places) -> Iterator[RenderProblem]:
    """A problem for each entry that leads to nothing."""
    for step in made.nowhere:
        path = step.link.reference.path
        yield RenderProblem(
            RENDER_FAILED.id,
            f'{places.called(step.one, path)} names "{step.link.reference.text}", {step.reason}: nothing that builds '
            "on it is rendered",
            places.field(step.one, path),
            step.help,
            path=path,
            related=() if step.because is None else (RelatedLocation(step.because, "leaves it out"),),
        )


def _error(text: str) -> str:
    """The error itself, without warnings before it and Go's calls after it."""
    for mark in ("Error: ", "panic: "):
        found = re.search(rf"^{mark}", text, re.MULTILINE)
        if found:
            return text[found.end() :].partition("\n\ngoroutine ")[0].strip()
    return text.strip()


def _take_apart(text: str, folder: str) -> _Chain:
    entry = ""
    for _ in range(_CHAIN):
        if found := _ACCUMULATING.match(text):
            text = text[found.end() :]
        elif found := _TRIED_AS_FILE.match(text):
            entry = found["path"]
            text = found["rest"] if found["inner"].endswith(_IS_FOLDER) else found["inner"]
        elif found := _FOLDER.match(text):
            folder, entry, text = _tree_path(found["path"]), "", found["rest"]
        elif found := _QUOTED.match(text):
            text = _unquoted(found["text"])
        elif found := _MERGING.match(text):
            text = found["rest"]
        elif found := _FROM_FILE.match(text):
            entry, text = found["path"], found["rest"]
        else:
            break
    return _Chain(folder, entry, text)


def _tree_path(text: str) -> str:
    return "" if text == "." else text


def _unquoted(text: str) -> str:
    """A text as Go's %q writes it."""
    try:
        return str(json.loads(text))
    except ValueError:
        return text.strip('"').replace('\\"', '"')


def _short(text: str) -> str:
    text = re.sub(r"^Failed to read kustomization file under .*?:\n", "", text)
    # Where a build stood is gone, and has another name in the next run.
    text = re.sub(r"/\S*gategit-[a-z]+-\w+(?:/\S*)?", "…", text)
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _explained(context: _Context, leaf: str) -> RenderProblem | None:
    for pattern, answer in _ANSWERS:
        found = pattern.search(leaf)
        if found:
            problem = answer(context, found)
            if problem is not None:
                return problem
    return None


def _named(found: re.Match[str]) -> str:
    """An object as people call it, from Kustomize's id of it."""
    namespace = found["namespace"]
    where = "" if namespace == "[noNs]" else f"{namespace}/"
    return f"{found['kind']} {where}{found['name']}"


def _fits(data: Any, found: re.Match[str], *, moved: bool = False) -> bool:
    """Whether an object or a patch is the one of an id; ``moved``: whether its namespace may have been changed."""
    metadata = data.get("metadata") if isinstance(data, dict) else None
    if not isinstance(metadata, dict) or data.get("kind") != found["kind"] or metadata.get("name") != found["name"]:
        return False
    return moved or (metadata.get("namespace") or "[noNs]") == found["namespace"]


# Resources ----------------------------------------------------------------------------------------------------------


def _duplicate(context: _Context, found: re.Match[str]) -> RenderProblem:
    """Two resources of one name. The second is the one that the entry brings."""
    what, entry = _named(found), context.entry
    again = [link for link in context.one.links if entry is not None and link.path == entry.path]
    if len(again) > 1:
        last = again[-1].reference
        return context.problem(f'{format_path(last.path)} names "{last.text}" a second time', path=last.path)
    help_text = "Remove one of the two, or give one another name or namespace."
    if entry is None:
        message = f"{context.one.file} puts two objects {what} into one build; Kustomize takes one"
        return context.problem(message, help_text=help_text)
    where = format_path(entry.reference.path)
    message = f"{where} brings {what}, which this kustomization holds already; Kustomize takes it once"
    location = None
    if entry.state is LinkState.FILE:
        for manifest in context.places.manifests(entry.path):
            if _fits(manifest.data, found, moved=True):
                location = context.places.at(entry.path, manifest.source, ("metadata", "name"))
    return context.problem(message, location, path=entry.reference.path, help_text=help_text)


def _not_an_object(context: _Context, found: re.Match[str]) -> RenderProblem | None:
    """A resource without kind or name; the check of references says so of every kustomization that is in a file."""
    entry = context.entry
    if entry is None:
        return None
    what = "metadata.name" if "name" in found[0] else "apiVersion and kind"
    if context.one.file == context.made.file and not context.made.own:
        message = f"{entry.path} holds something without {what}, and Flux builds every YAML file of the folder"
        help_text = "Leave the file out with a .sourceignore, or add a kustomization.yaml that names what is applied."
        return context.problem(message, Location(entry.path), help_text=help_text)
    message = (
        f'{format_path(entry.reference.path)} names "{entry.reference.text}", which holds something without {what}'
    )
    return context.problem(message, path=entry.reference.path)


def _malformed(context: _Context, found: re.Match[str]) -> RenderProblem:
    """YAML that cannot be read; the check of syntax says where."""
    entry = context.entry
    if entry is None:
        return context.problem(f"{context.one.file} cannot be read as YAML: {_short(found['why'])}")
    message = f"{entry.path} cannot be read as YAML: nothing that builds on it is rendered"
    return context.problem(message, Location(entry.path))


def _restricted(context: _Context, found: re.Match[str]) -> RenderProblem | None:
    link = next((link for link in context.one.links if link.path == _tree_path(found["path"])), None)
    if link is None:
        return None
    where = format_path(link.reference.path)
    return context.problem(
        f'{where} names "{link.reference.text}", a file outside of the folder of the kustomization; Kustomize loads '
        "only folders from there",
        path=link.reference.path,
        help_text="Move the file below the kustomization, or give it a kustomization of its own and name its folder.",
    )


def _cycle(context: _Context, _found: re.Match[str]) -> RenderProblem | None:
    """A circle, a component in the wrong list: the check of references says so."""
    entry = context.entry
    path: FieldPath = entry.reference.path if entry else ()
    return context.problem(
        f"{context.one.file} cannot be built: {format_path(path) or 'an entry'} names what cannot stand there",
        path=path,
    )


def _invalid(context: _Context, found: re.Match[str]) -> RenderProblem:
    """A field that is not there, or of another type; the check of schemas says so."""
    key = found.groupdict().get("key")
    message = f"{context.one.file} cannot be built: {_short(found[0])}"
    path: FieldPath = (key,) if key in context.data else ()
    return context.problem(message, path=path, on="key" if "unknown field" in found[0] else "value")


def _several_files(context: _Context, _found: re.Match[str]) -> RenderProblem:
    """Two kustomizations in a folder; the check of references says so on the one that Kustomize would not look for."""
    others = context.one.others
    message = f"{context.one.folder or '.'} cannot be built: it has several kustomization files"
    return context.problem(message, Location(others[0]) if others else None)


def _repeated_field(context: _Context, found: re.Match[str]) -> RenderProblem | None:
    """A key that a mapping has twice, which the check of syntax says: Kustomize names the key and no file."""
    for one in context.made.kustomizations.values():
        for link in one.links:
            place = context.places.repeated(link.path, found["key"]) if link.state is LinkState.FILE else None
            if place is not None:
                message = f'{link.path} sets "{found["key"]}" twice: nothing that builds on it is rendered'
                return context.problem(message, place)
    return None


def _already_said(context: _Context, found: re.Match[str]) -> RenderProblem:
    return context.problem(f"{context.one.file} cannot be built: {_short(found[0])}")


# Generators ---------------------------------------------------------------------------------------------------------

_GENERATORS: Final = {"ConfigMap": "configMapGenerator", "Secret": "secretGenerator"}


def _generator_exists(context: _Context, found: re.Match[str]) -> RenderProblem | None:
    field = _GENERATORS.get(found["kind"])
    for index, entry in context.entries(field or ""):
        if field and entry.get("name") == found["name"]:
            path: FieldPath = (field, index, "name")
            return context.problem(
                f"{format_path(path[:2])} makes {found['kind']} {found['name']}, which the kustomization holds already",
                path=path,
                help_text="Give it another name, or say with `behavior: merge` or `behavior: replace` that it changes "
                "the one that is there.",
            )
    return None


def _generator_missing(context: _Context, found: re.Match[str]) -> RenderProblem | None:
    field = _GENERATORS.get(found["kind"])
    for index, entry in context.entries(field or ""):
        if field and entry.get("name") == found["name"]:
            behavior = entry.get("behavior")
            path: FieldPath = (field, index, "behavior")
            return context.problem(
                f"{format_path(path[:2])} is to {behavior or 'change'} {found['kind']} {found['name']}, which none of "
                "the resources brings",
                path=path,
                help_text="Correct the name or the namespace, or remove `behavior` to make it anew.",
            )
    return None


def _literal(context: _Context, found: re.Match[str]) -> RenderProblem | None:
    for field in _GENERATORS.values():
        for index, entry in context.entries(field):
            literals = entry.get("literals")
            for place, text in enumerate(literals if isinstance(literals, list) else ()):
                if text == found["text"]:
                    path: FieldPath = (field, index, "literals", place)
                    return context.problem(f"{format_path(path)} is not of the form key=value", path=path)
    return None


def _repeated_key(context: _Context, found: re.Match[str]) -> RenderProblem | None:
    field = "configMapGenerator" if found["kind"].lower() == "configmap" else "secretGenerator"
    for index, entry in context.entries(field):
        if entry.get("name") == found["name"]:
            path: FieldPath = (field, index)
            return context.problem(
                f"{format_path(path)} sets the key {found['key']} twice",
                path=path,
                help_text="Name each key once among literals, files and envs.",
            )
    return None


def _nameless(context: _Context, found: re.Match[str]) -> RenderProblem | None:
    field = "configMapGenerator" if "configmap" in found[0].lower() else "secretGenerator"
    for index, entry in context.entries(field):
        if not entry.get("name"):
            return context.problem(f"{format_path((field, index))} has no name", path=(field, index))
    return None


# Patches ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Patch:
    """A patch: the entry that brings it, the file that it stands in or "", and its documents."""

    path: FieldPath
    file: str
    documents: tuple[tuple[int, Any], ...]

    def location(self, context: _Context, document: int, field: FieldPath) -> Location:
        """Where a field of the patch stands."""
        if self.file:
            return context.places.at(self.file, Source(self.file, document), field)
        return context.places.inside(context.one, self.path, document, field)


def _patches(context: _Context) -> Iterator[_Patch]:
    """Every patch of a kustomization."""
    for field in ("patches", "patchesJson6902"):
        for index, entry in context.entries(field):
            text = entry.get("patch")
            if isinstance(text, str) and text:
                yield _Patch((field, index, "patch"), "", _documents(text))
            else:
                path: FieldPath = (field, index, "path")
                file = context.places.linked_file(context.one, path)
                yield _Patch(path, file, tuple(context.places.documents(file)) if file else ())
    merges = context.data.get("patchesStrategicMerge")
    for index, text in enumerate(merges if isinstance(merges, list) else ()):
        path = ("patchesStrategicMerge", index)
        file = context.places.linked_file(context.one, path)
        if file:
            yield _Patch(path, file, tuple(context.places.documents(file)))
        elif isinstance(text, str):
            yield _Patch(path, "", _documents(text))


def _documents(text: str) -> tuple[tuple[int, Any], ...]:
    decoded = decode(text.encode("utf-8", "surrogateescape"), "patch.yaml")
    return tuple((document.index, document.data) for document in decoded.documents)


def _no_match(context: _Context, found: re.Match[str]) -> RenderProblem | None:
    what = _named(found)
    for patch in _patches(context):
        for document, data in patch.documents:
            if _fits(data, found):
                location = patch.location(context, document, ("metadata", "name"))
                return context.problem(
                    f"{format_path(patch.path[:2])} changes {what}, which none of the resources brings",
                    location,
                    path=patch.path,
                    help_text="Correct the kind, name or namespace in the patch, or remove it. They must be those that "
                    "the object has before this kustomization changes them.",
                )
    return None


_DOES: Final = {
    "add": "adds to",
    "remove": "removes",
    "replace": "replaces",
    "move": "moves",
    "copy": "copies",
    "test": "tests",
}


def _json_patch(context: _Context, found: re.Match[str]) -> RenderProblem | None:
    """An operation on a field that is not there. Where several say the same, nobody knows which it was."""
    operation, pointer = found["operation"], found["pointer"]
    hits: list[tuple[_Patch, int, int]] = []
    for patch in _patches(context):
        for document, data in patch.documents:
            for index, entry in enumerate(data if isinstance(data, list) else ()):
                if isinstance(entry, dict) and entry.get("op") == operation and entry.get("path") == pointer:
                    hits.append((patch, document, index))
    help_text = (
        "Correct the path, or add the field that it goes through before; an object that lacks it makes the whole build "
        "fail."
    )
    if not hits:
        return None
    patch, document, index = hits[0]
    where = format_path(patch.path[:2])
    message = f"{where} {_DOES.get(operation, operation)} {pointer}, which the object that it changes does not have"
    if operation == "test":
        message = f"{where} tests {pointer}, which has another value in the object that it changes"
    if len(hits) > 1:
        return context.problem(message, path=patch.path[:1], help_text=help_text)
    return context.problem(
        message, patch.location(context, document, (index, "path")), path=patch.path, help_text=help_text
    )


def _operation(context: _Context, found: re.Match[str]) -> RenderProblem | None:
    """An operation that JSON patches do not know."""
    for patch in _patches(context):
        for document, data in patch.documents:
            for index, entry in enumerate(data if isinstance(data, list) else ()):
                if isinstance(entry, dict) and entry.get("op") == found["operation"]:
                    return context.problem(
                        f"{format_path(patch.path[:2])} has the operation {found['operation']}, which JSON patches do "
                        "not know",
                        patch.location(context, document, (index, "op")),
                        path=patch.path,
                        help_text="The operations are add, remove, replace, move, copy and test.",
                    )
    return None


def _wrong_type(context: _Context, found: re.Match[str]) -> RenderProblem | None:
    """A patch with a value of another type than the field has. Kustomize says the value; one patch must have it."""
    content = found["content"].strip()
    hits = [
        (patch, document, path)
        for patch in _patches(context)
        for document, data in patch.documents
        for path in _places_of(data, content)
    ]
    if len(hits) != 1:
        return None
    patch, document, path = hits[0]
    wanted = {"SequenceNode": "a list", "MappingNode": "a mapping", "ScalarNode": "a single value"}
    return context.problem(
        f"{format_path(patch.path[:2])} sets {format_path(path)}, where the object has "
        f"{wanted.get(found['wanted'], 'something else')}",
        patch.location(context, document, path),
        path=patch.path,
    )


def _places_of(data: Any, content: str, path: FieldPath = ()) -> Iterator[FieldPath]:
    """Where a value stands, as Kustomize writes it."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _places_of(value, content, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _places_of(value, content, (*path, index))
    elif str(data) == content:
        yield path


def _unreadable_patch(context: _Context, found: re.Match[str]) -> RenderProblem | None:
    source = found["source"]
    for patch in _patches(context):
        if patch.file and source.startswith("[path: ") and patch.file == join(context.one.folder, _in(source)):
            if not context.places.is_readable(patch.file):
                message = f"{patch.file} cannot be read as YAML: nothing that it patches is rendered"
                return context.problem(message, Location(patch.file))
            return context.problem(
                f"{format_path(patch.path[:2])} names {patch.file}, which is neither a patch of an object nor a list "
                "of JSON patch operations",
                path=patch.path,
            )
        if not patch.file and source == f"[patch: {json.dumps(_text_of(context, patch.path), ensure_ascii=False)}]":
            return context.problem(
                f"{format_path(patch.path)} is neither a patch of an object nor a list of JSON patch operations",
                path=patch.path,
                help_text="A patch of an object needs apiVersion, kind and metadata.name; a JSON patch is a list.",
            )
    return None


def _in(source: str) -> str:
    return _unquoted(source.removeprefix("[path: ").removesuffix("]"))


def _text_of(context: _Context, path: FieldPath) -> str:
    value: Any = context.data
    for step in path:
        value = value[step]
    return value if isinstance(value, str) else ""


def _needs_target(context: _Context, found: re.Match[str]) -> RenderProblem | None:
    problem = _unreadable_patch(context, found)
    if problem is None:
        return None
    return replace(
        problem,
        message=f"{format_path(problem.path[:2])} is a JSON patch without a target",
        help="Say with `target` which objects it changes.",
    )


# Everything else ----------------------------------------------------------------------------------------------------


def _namespace(context: _Context, found: re.Match[str]) -> RenderProblem:
    names: list[str] = []
    for text in re.findall(r"\{\"apiVersion\".*?(?=\} \{\"apiVersion\"|\Z)", found["objects"], re.DOTALL):
        kind = re.search(r'"kind":"([^"]+)"', text)
        was = re.search(r'"internal\.config\.kubernetes\.io/previousNamespaces":"([^"]*)"', text)
        name = re.search(r'"internal\.config\.kubernetes\.io/previousNames":"([^"]*)"', text)
        if kind and was and name:
            names.append(f"{kind[1]} {was[1].split(',')[0]}/{name[1].split(',')[0]}")
    both = f": {' and '.join(dict.fromkeys(names))}" if names else ""
    return context.problem(
        f"namespace makes one object of several{both}",
        path=("namespace",),
        help_text="Give one of them another name, or build them in folders of their own.",
    )


def _replicas(context: _Context, found: re.Match[str]) -> RenderProblem | None:
    for index, entry in context.entries("replicas"):
        if entry.get("name") == found["name"]:
            return context.problem(
                f"replicas[{index}] is for {found['name']}, which no Deployment, StatefulSet, ReplicaSet or "
                "ReplicationController is called",
                path=("replicas", index, "name"),
                help_text="Correct the name, or remove the entry. It is the name before a prefix or suffix of this "
                "kustomization.",
            )
    return None


def _replacement(what: Callable[[re.Match[str]], str]) -> Callable[[_Context, re.Match[str]], RenderProblem | None]:
    """A replacement whose source or target is not as it says; several may name the same field."""

    def answer(context: _Context, found: re.Match[str]) -> RenderProblem | None:
        field = found["field"]
        hits: list[tuple[FieldPath, Location | None]] = []
        for index, entry in context.entries("replacements"):
            hits += [(path, None) for path in _fields(entry, ("replacements", index), field)]
            file = context.places.linked_file(context.one, ("replacements", index, "path"))
            for document, data in context.places.documents(file) if file else ():
                for path in _fields(data, (), field):
                    place = context.places.at(file, Source(file, document), path)
                    hits.append((("replacements", index, "path"), place))
        if not hits:
            return None
        path, location = hits[0]
        where = format_path(path[:2])
        if len(hits) > 1:
            return context.problem(f"{where} {what(found)}", path=path[:1])
        return context.problem(f"{where} {what(found)}", location, path=path)

    return answer


def _unfit(context: _Context, found: re.Match[str]) -> RenderProblem | None:
    """A replacement of another type than the field that it fills; Kustomize names neither of the two."""
    value, wanted = found["value"], _TYPES.get(found["wanted"], "something else")
    hits: list[tuple[FieldPath, Location | None]] = []
    for index, entry in context.entries("replacements"):
        hits += [(path, None) for path in _filled(entry, ("replacements", index))]
        file = context.places.linked_file(context.one, ("replacements", index, "path"))
        for document, data in context.places.documents(file) if file else ():
            for path in _filled(data, ()):
                place = context.places.at(file, Source(file, document), path)
                hits.append((("replacements", index, "path"), place))
    if not hits:
        return None
    path, location = hits[0]
    if len(hits) > 1:
        same = len({one[:2] for one, _ in hits}) == 1
        path, location = path[: 2 if same else 1], None
    return context.problem(
        f'{format_path(path[:2])} puts "{_short(value)}" where {wanted} stands',
        location,
        path=path,
        help_text="Take the value from a field of the same type, or fill in another field.",
    )


_TYPES: Final = {"int": "a whole number", "float": "a number", "bool": "true or false", "null": "nothing"}


def _filled(data: Any, path: FieldPath) -> Iterator[FieldPath]:
    """Where a replacement names the fields that it fills."""
    targets = data.get("targets") if isinstance(data, dict) else None
    for index, target in enumerate(targets if isinstance(targets, list) else ()):
        fields = target.get("fieldPaths") if isinstance(target, dict) else None
        for number in range(len(fields) if isinstance(fields, list) else 0):
            yield (*path, "targets", index, "fieldPaths", number)


def _fields(data: Any, path: FieldPath, text: str) -> Iterator[FieldPath]:
    """Where a field path of a replacement is written."""
    if data == text and path and ("fieldPath" in path or "fieldPaths" in path):
        yield path
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _fields(value, (*path, key), text)
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _fields(value, (*path, index), text)


def _plugin(context: _Context, found: re.Match[str]) -> RenderProblem:
    """A generator or transformer that is a program. Which entry brings it is known where there is one alone."""
    entries = [
        (field, index)
        for field in ("generators", "transformers", "validators")
        for index in range(len(context.data.get(field) or ()))
    ]
    return context.problem(
        f"{context.one.file} needs the plugin {found['name']}, a program that gategit does not run on a change: "
        "nothing that builds on it is rendered",
        path=entries[0] if len(entries) == 1 else entries[0][:1] if entries else (),
        rule=NOT_RENDERED.id,
    )


def _helm_off(context: _Context, _found: re.Match[str]) -> RenderProblem:
    return context.problem(
        "helmCharts needs a Kustomize that may run Helm, and Flux's may not",
        path=("helmCharts",),
        help_text="Deploy the chart with a HelmRelease, or commit what it renders to.",
    )


def _helm(context: _Context, found: re.Match[str]) -> RenderProblem:
    charts = [index for index, _ in context.entries("helmCharts")]
    return context.problem(
        f"{context.one.file} cannot be built: Helm says: {_short(found['why'])}",
        path=("helmCharts", charts[0]) if len(charts) == 1 else ("helmCharts",),
    )


def _sort_order(context: _Context, found: re.Match[str]) -> RenderProblem:
    return context.problem(f"sortOptions.order must be one of {found['known']}", path=("sortOptions", "order"))


def _variable(context: _Context, found: re.Match[str]) -> RenderProblem | None:
    for index, entry in context.entries("vars"):
        if entry.get("name") == found["name"]:
            return context.problem(
                f"vars[{index}] takes {found['name']} from an object that none of the resources brings",
                path=("vars", index, "objref"),
            )
    return None


_Answer = Callable[[_Context, "re.Match[str]"], RenderProblem | None]

_ANSWERS: Final[tuple[tuple[re.Pattern[str], _Answer], ...]] = tuple(
    (re.compile(pattern, re.DOTALL), answer)
    for pattern, answer in (
        (rf"already registered id: {_ID}\Z", _duplicate),
        (
            r"Kind:\"(?P<kind>[^\"]*)\".*Name:\"(?P<name>[^\"]*)\".* exists; can not use behavior",
            _generator_exists,
        ),
        (r"Kind:\"(?P<kind>[^\"]*)\".*Name:\"(?P<name>[^\"]*)\".* does not exist; cannot merge", _generator_missing),
        (r"namespace transformation produces ID conflict: (?P<objects>.*)", _namespace),
        (rf"no matches for Id {_ID};", _no_match),
        (
            rf"(?P<operation>add|remove|replace|move|copy|test) operation does not apply: .*?: {_POINTER}:",
            _json_patch,
        ),
        (r"error in (?P<operation>\w+) for path: '(?P<pointer>/[^'\n]*)'", _json_patch),
        (r"(?P<operation>test)ing value (?P<pointer>/\S*) failed", _json_patch),
        (r"unable to parse SM or JSON patch from (?P<source>\[.*\])", _unreadable_patch),
        (r"must specify a target for JSON patch (?P<source>\[.*\])", _needs_target),
        (r"security; file '(?P<path>.*?)' is not in or below", _restricted),
        (r"missing Resource metadata|missing metadata\.name", _not_an_object),
        (r"MalformedYAMLError: (?P<why>.*?) in File", _malformed),
        (r"invalid Kustomization: yaml: (?P<why>.*)", _malformed),
        (r"json: unknown field \"(?P<key>[^\"]*)\"", _invalid),
        (r"json: cannot unmarshal .* into Go struct field \w+\.(?P<key>\w+)\S* .*", _invalid),
        (r"cycle detected|\bexpected kind [!']", _cycle),
        (r"Unexpected kind: (?P<operation>\S+)", _operation),
        (r"wrong node kind: expected (?P<wanted>\w+) but got \w+: node contents:\n(?P<content>.*)", _wrong_type),
        (r"the field 'sortOptions\.order' must be one of (?P<known>\[.*?\])", _sort_order),
        (r"Found multiple kustomization files", _several_files),
        (r"mapping key \"(?P<key>.*?)\" already defined", _repeated_field),
        (r"kustomization.yaml is empty|mapping key .* already defined", _already_said),
        (r"invalid literal source (?P<text>.*), expected key=value", _literal),
        (r"(?P<kind>configmap|secret) (?P<name>\S+) illegally repeats the key `(?P<key>.*?)`", _repeated_key),
        (r"a (?:configmap|secret) must have a name", _nameless),
        (
            r"nothing selected by .*:(?P<field>[^:]+)\Z",
            _replacement(lambda found: f"takes {found['field']} from an object that none of the resources brings"),
        ),
        (
            r"fieldPath `(?P<field>.*?)` is missing for replacement source",
            _replacement(lambda found: f"takes {found['field']}, which the object that it names does not have"),
        ),
        (
            r"multiple matches for selector .*:(?P<field>[^:]+)\Z",
            _replacement(lambda found: f"takes {found['field']} from one object, and several fit"),
        ),
        (
            r"unable to find field \"(?P<field>.*?)\" in replacement target",
            _replacement(lambda found: f"fills {found['field']}, which the object that it changes does not have"),
        ),
        (r"cannot decode !!\w+ `(?P<value>.*?)` as a !!(?P<wanted>\w+)", _unfit),
        (r"resource with name (?P<name>\S+) does not match a config with the following GVK", _replicas),
        (r"unable to load external plugin '(?P<name>[^']*)'", _plugin),
        (r"must specify --enable-helm", _helm_off),
        (r"unable to run: '.*helm.*?Error: (?P<why>.*)", _helm),
        (r"Error: (?P<why>.*?)\s*: unable to run: '[^'\n]*helm ", _helm),
        (r"var '\{(?P<name>\S+) .*' cannot be mapped", _variable),
    )
)
