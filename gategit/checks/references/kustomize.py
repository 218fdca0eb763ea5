"""Every kustomization of a tree and what it names, without a renderer and before any other file is read.

What a kustomization names is read by the shape of ``shapes.KUSTOMIZATION`` and looked up in the tree's list of
paths. Nothing outside of the tree is ever opened, so no reference can lead anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gategit.checks.references.paths import Found, PathIndex, Place, has_variable, is_remote, join
from gategit.checks.references.rules import KUSTOMIZATION_INVALID
from gategit.checks.references.shapes import KUSTOMIZATION, Named, Use, walk
from gategit.manifests.classify import is_for_kustomize
from gategit.manifests.decode import Limits, decode
from gategit.manifests.manifest import Role
from gategit.model import FieldPath, format_path
from gategit.tree import Tree

FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The names under which Kustomize looks for its file."""

_HEADER = ("apiVersion", "kind")
_MOVED = ("bases", "imageTags", "helmChartInflationGenerator")

_UNSURE_FIELDS = ("generators", "transformers", "validators", "configurations", "replacements", "vars", "openapi")
"""Fields with which names may come out otherwise than they went in."""

_CHART_FIELDS = ("helmCharts", "helmChartInflationGenerator")


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a kustomization as such. ``message`` goes on where the file's name stands before it."""

    rule: str
    message: str
    help: str
    path: FieldPath
    on: str
    subject: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A file or folder that a kustomization names: for what, the path as written, and the field that names it.

    ``scope`` tells lists apart in which the same name may stand again: the key of a generator's file, a patch's
    target.
    """

    use: Use
    text: str
    path: FieldPath
    scope: str = ""


@dataclass(frozen=True, slots=True)
class PatchEntry:
    """One entry of ``patches``, ``patchesJson6902`` or ``patchesStrategicMerge``."""

    path: FieldPath
    file: str
    inline: str
    targeted: bool
    renames: bool
    target: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Parsed:
    """A kustomization file by itself, wherever it stands: equal content gives an equal value.

    Attributes:
        kind: ``Kustomization`` or ``Component``; "" where the file holds another kind of object under this name.
        document: the document of the file that Kustomize reads.
        readable: False where nothing of the file could be decoded.
        template: it cannot be decoded because something has yet to fill it in.
        references: what it names.
        flaws: what is wrong with it.
        patches: its patches.
        namespace: what it sets as namespace, or "".
        prefix: what it puts before names, or "".
        suffix: what it puts after names, or "".
        generated: the kinds and names that its generators make.
        charts: whether it renders Helm charts.
        unsure: whether it uses fields that may change names in ways that only a build can tell.
    """

    kind: str
    document: int = 0
    readable: bool = True
    template: bool = False
    references: tuple[Reference, ...] = ()
    flaws: tuple[Flaw, ...] = ()
    patches: tuple[PatchEntry, ...] = ()
    namespace: str = ""
    prefix: str = ""
    suffix: str = ""
    generated: tuple[tuple[str, str], ...] = ()
    charts: bool = False
    unsure: bool = False


class LinkState(StrEnum):
    """What a reference turned out to be."""

    FILE = "file"
    FOLDER = "folder"
    MISSING = "missing"
    ABSOLUTE = "absolute"
    OUTSIDE = "outside"
    REMOTE = "remote"
    VARIABLE = "variable"
    SUBMODULE = "submodule"
    LINKED_OUT = "linked out"
    INLINE = "inline"


@dataclass(frozen=True, slots=True)
class Link:
    """A reference and where it leads. ``path`` is a path of the tree, for a file or folder the one it is read by."""

    reference: Reference
    state: LinkState
    path: str


@dataclass(frozen=True, slots=True)
class Kustomization:
    """A kustomization in its place. ``others`` are further kustomization files of the same folder."""

    file: str
    folder: str
    parsed: Parsed
    links: tuple[Link, ...]
    others: tuple[str, ...] = ()

    def linked(self, *uses: Use) -> Iterator[Link]:
        """The links of some uses, in order."""
        return (link for link in self.links if link.reference.use in uses)


@dataclass(frozen=True, slots=True)
class KustomizeGraph:
    """Every kustomization of a tree.

    Attributes:
        index: the tree's files and folders.
        kustomizations: by folder.
        foreign: folders whose kustomization file holds another kind of object, with the file.
        roles: what the files are that kustomizations name, and the kustomizations themselves.
        unread: kustomization files that were not looked into, with the reason.
    """

    index: PathIndex
    kustomizations: Mapping[str, Kustomization]
    foreign: Mapping[str, str]
    roles: Mapping[str, Role]
    unread: tuple[tuple[str, str], ...]


def read_graph(tree: Tree, parsed: dict[str, Parsed] | None = None) -> KustomizeGraph:
    """Read every kustomization of a tree.

    Args:
        tree: the tree; only its list of paths and its kustomization files are read.
        parsed: what is known by blob id from another tree, an earlier run; what is read is added.
    """
    known = {} if parsed is None else parsed
    index = PathIndex(tree)
    kustomizations: dict[str, Kustomization] = {}
    foreign: dict[str, str] = {}
    unread: list[tuple[str, str]] = []
    for folder, files in _kustomization_files(index).items():
        found: list[tuple[str, Parsed]] = []
        for file in files:
            one = _read(tree, index, file, known)
            if isinstance(one, str):
                unread.append((file, one))
            elif one.kind:
                found.append((file, one))
            else:
                foreign[folder] = file
        if found:
            file, first = found[0]
            links = links_of(index, folder, first)
            kustomizations[folder] = Kustomization(file, folder, first, links, tuple(path for path, _ in found[1:]))
            if first.template:
                unread.append((file, "it is a template that something has yet to fill in"))
    roles = _roles(kustomizations)
    for file in foreign.values():
        roles.setdefault(file, Role.MANIFEST)
    return KustomizeGraph(index, kustomizations, foreign, roles, tuple(unread))


def _kustomization_files(index: PathIndex) -> dict[str, list[str]]:
    """The kustomization files of each folder, in the order in which Kustomize looks for them."""
    files: dict[str, list[str]] = {}
    for path in index.entries:
        if path.endswith(FILE_NAMES):
            folder, _, name = path.rpartition("/")
            if name in FILE_NAMES:
                files.setdefault(folder, []).append(path)
    for several in files.values():
        several.sort(key=lambda path: FILE_NAMES.index(path.rpartition("/")[2]))
    return files


def _read(tree: Tree, index: PathIndex, path: str, known: dict[str, Parsed]) -> Parsed | str:
    """A kustomization file's content, or why it cannot be had."""
    found = index.find(path)
    if found.place is not Place.FILE:
        return "it is a symbolic link that leads to no file of the repository"
    entry = index.entries[found.path]
    if entry.size > Limits().file_bytes:
        return f"it is larger than {Limits().file_bytes} bytes"
    parsed = known.get(entry.blob_id) if entry.blob_id else None
    if parsed is None:
        try:
            content = tree.read(found.path)
        except KeyError:
            return "it cannot be read"
        parsed = parse(content)
        if entry.blob_id:
            known[entry.blob_id] = parsed
    return parsed


def parse(content: bytes) -> Parsed:
    """Read one kustomization file; never raises, whatever the bytes."""
    decoded = decode(content, FILE_NAMES[0])
    if not decoded.documents:
        if decoded.problems:
            return Parsed("Kustomization", readable=False, template=b"{{" in content)
        return Parsed("Kustomization", flaws=(_EMPTY,))
    document = decoded.documents[0]
    data = document.data
    if data is None and not decoded.problems:
        return Parsed("Kustomization", document.index, flaws=(_EMPTY,))
    if not isinstance(data, dict):
        return Parsed("Kustomization", document.index, readable=False)
    if not is_for_kustomize(data):
        return Parsed("", document.index)
    found = list(_look(data))
    flaws = [one for one in found if isinstance(one, Flaw)]
    references = [one for one in found if isinstance(one, Reference)]
    references.extend(_chart_folders(data))
    flaws.extend(_patch_flaws(data))
    if document.index and not decoded.problems:
        flaws.append(_SECOND)
    return Parsed(
        kind="Component" if data.get("kind") == "Component" else "Kustomization",
        document=document.index,
        references=tuple(references),
        flaws=tuple(flaws),
        patches=tuple(_patches(data)),
        namespace=_text(data, "namespace"),
        prefix=_text(data, "namePrefix"),
        suffix=_text(data, "nameSuffix"),
        generated=tuple(_generated(data)),
        charts=any(data.get(name) for name in _CHART_FIELDS),
        unsure=any(data.get(name) for name in _UNSURE_FIELDS),
    )


_EMPTY = Flaw(
    KUSTOMIZATION_INVALID.id,
    "is empty",
    "Name something in it, for example under `resources`, or remove the file. `resources: []` is an empty "
    "kustomization that builds.",
    (),
    "value",
    "empty",
)


_SECOND = Flaw(
    KUSTOMIZATION_INVALID.id,
    "stands behind an empty document, and Kustomize reads the first one only",
    "Remove the `---` of the empty document.",
    (),
    "value",
    "empty document",
)


def _look(data: dict[Any, Any]) -> Iterator[Flaw | Reference]:
    if not any(_is_something(key, value) for key, value in data.items() if key not in _HEADER):
        yield _EMPTY
    for named in walk(data, KUSTOMIZATION):
        yield from _reference(named, data)


def _is_something(key: str, value: Any) -> bool:
    """Whether a field keeps a kustomization from being empty: as in Go an empty list does, and an empty text does not.

    Kustomize adds the entries of some old fields to other fields before it looks.
    """
    return bool(value) or (isinstance(value, list | dict) and key not in _MOVED)


def _is_inline(use: Use, text: str) -> bool:
    if use not in (Use.PATCH_OR_INLINE, Use.PLUGIN):
        return False
    return "\n" in text or ": " in text or text.lstrip().startswith("{")


def _reference(named: Named, data: dict[Any, Any]) -> Iterator[Flaw | Reference]:
    use, text, path = named.use, named.text, named.path
    if use is Use.KEY_VALUE_FILE:
        yield from _key_value_file(named)
    elif not text:
        if use in (Use.RESOURCE, Use.COMPONENT):
            yield _empty_entry(path)
    elif _is_no_file(path, text, data):
        return
    elif use is Use.PATCH:
        yield Reference(use, text, path, _patch_scope(data, path))
    else:
        yield Reference(use, text, path)


def _is_no_file(path: FieldPath, text: str, data: dict[Any, Any]) -> bool:
    """Whether a text names no file of the tree: the version of ``openapi``, or values in a chart that is pulled."""
    if path[0] == "openapi":
        return path[-1] != "path"
    if path[0] != "helmCharts":
        return False
    chart = data["helmCharts"][path[1]]
    return bool(chart.get("repo")) and text.removeprefix("./").startswith(f"{_chart_home(data)}/")


def _chart_home(data: dict[Any, Any]) -> str:
    settings = data.get("helmGlobals")
    home = _text(settings, "chartHome") if isinstance(settings, dict) else ""
    return home.removeprefix("./").rstrip("/") or "charts"


def _empty_entry(path: FieldPath) -> Flaw:
    return Flaw(
        KUSTOMIZATION_INVALID.id,
        f"has an empty entry, {format_path(path)}",
        "Name a file or folder, or remove the entry.",
        path,
        "value",
        f"empty entry of {path[0]}",
    )


def _patch_scope(data: dict[Any, Any], path: FieldPath) -> str:
    """What the same patch file may be named again for: another target, or with other options."""
    entry = data[path[0]][path[1]]
    return repr(sorted((str(key), repr(value)) for key, value in entry.items() if key != path[-1]))


def _key_value_file(named: Named) -> Iterator[Flaw | Reference]:
    """``[key=]file``, as Kustomize's ``ParseFileSource`` splits it."""
    key, equals, file = named.text.partition("=")
    if not equals:
        key, file = named.text.rpartition("/")[2], named.text
    if not key or not file or "=" in file:
        yield Flaw(
            KUSTOMIZATION_INVALID.id,
            f'has "{named.text}" in {format_path(named.path)}, which is neither a file nor key=file',
            "Write `file` or `key=file`; neither may hold another `=`.",
            named.path,
            "value",
            named.text,
        )
        return
    yield Reference(named.use, file, named.path, f"{format_path(named.path[:-1])} {key}")


def _text(data: dict[Any, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _entries(data: dict[Any, Any], name: str) -> Iterator[tuple[int, dict[Any, Any]]]:
    """The mappings of a list, each with its index."""
    value = data.get(name)
    for index, entry in enumerate(value if isinstance(value, list) else ()):
        if isinstance(entry, dict):
            yield index, entry


def _chart_folders(data: dict[Any, Any]) -> Iterator[Reference]:
    """The folders of charts that are not pulled from anywhere: ``chartHome/name``, by default ``charts/name``."""
    home = _chart_home(data)
    for index, chart in _entries(data, "helmCharts"):
        name = _text(chart, "name")
        if name and not chart.get("repo"):
            yield Reference(Use.CHART_HOME, f"{home}/{name}", ("helmCharts", index, "name"))


def _patch_flaws(data: dict[Any, Any]) -> Iterator[Flaw]:
    """Entries of ``patches`` and ``patchesJson6902`` need a file or a text, and not both."""
    for field in ("patches", "patchesJson6902"):
        for index, entry in _entries(data, field):
            where = format_path((field, index))
            if entry.get("path") and entry.get("patch"):
                message, subject = f"has both path and patch in {where}", "both"
            elif not entry.get("path") and not entry.get("patch"):
                message, subject = f"has neither path nor patch in {where}", "neither"
            else:
                continue
            yield Flaw(
                KUSTOMIZATION_INVALID.id,
                message,
                "Give each patch either `path`, a file, or `patch`, the patch itself.",
                (field, index),
                "value",
                f"{subject} {entry.get('path') or ''}",
            )


def _patches(data: dict[Any, Any]) -> Iterator[PatchEntry]:
    for field in ("patches", "patchesJson6902"):
        for index, entry in _entries(data, field):
            target, options = entry.get("target"), entry.get("options")
            renames = isinstance(options, dict) and any(options.values())
            selector = target.items() if isinstance(target, dict) else ()
            yield PatchEntry(
                (field, index),
                _text(entry, "path"),
                _text(entry, "patch"),
                bool(target),
                renames,
                tuple(sorted((str(key), str(value)) for key, value in selector if value not in ("", None))),
            )
    value = data.get("patchesStrategicMerge")
    for index, text in enumerate(value if isinstance(value, list) else ()):
        if isinstance(text, str) and text:
            inline = _is_inline(Use.PATCH_OR_INLINE, text)
            path = ("patchesStrategicMerge", index)
            yield PatchEntry(path, "" if inline else text, text if inline else "", targeted=False, renames=False)


def _generated(data: dict[Any, Any]) -> Iterator[tuple[str, str]]:
    for field, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
        for _, entry in _entries(data, field):
            yield kind, _text(entry, "name")


_STATES = {
    Place.FILE: LinkState.FILE,
    Place.FOLDER: LinkState.FOLDER,
    Place.MISSING: LinkState.MISSING,
    Place.SUBMODULE: LinkState.SUBMODULE,
    Place.OUTSIDE: LinkState.LINKED_OUT,
}


def links_of(index: PathIndex, folder: str, parsed: Parsed) -> tuple[Link, ...]:
    """What a kustomization names, looked up as if it stood in a folder."""
    return tuple(_link(index, folder, reference) for reference in parsed.references)


def _link(index: PathIndex, folder: str, reference: Reference) -> Link:
    text = reference.text
    if _is_inline(reference.use, text):
        return Link(reference, LinkState.INLINE, "")
    path = join(folder, text)
    found = Found(Place.MISSING, "") if path is None else index.find(path)
    if found.place is Place.MISSING:
        # What exists is taken first, as Kustomize does: a folder may be called github.com.
        if is_remote(text):
            return Link(reference, LinkState.REMOTE, text)
        if has_variable(text):
            return Link(reference, LinkState.VARIABLE, text)
        if path is None:
            return Link(reference, LinkState.ABSOLUTE if text.startswith("/") else LinkState.OUTSIDE, text)
        return Link(reference, LinkState.MISSING, path)
    return Link(reference, _STATES[found.place], found.path)


_ROLE_OF_USE = {
    Use.RESOURCE: Role.MANIFEST,
    Use.PATCH: Role.PATCH,
    Use.PATCH_OR_INLINE: Role.PATCH,
    Use.DATA: Role.DATA,
    Use.KEY_VALUE_FILE: Role.DATA,
    Use.PLUGIN: Role.DATA,
}
_WEIGHT = {Role.DATA: 0, Role.PATCH: 1, Role.MANIFEST: 2, Role.KUSTOMIZATION: 3}


def _roles(kustomizations: Mapping[str, Kustomization]) -> dict[str, Role]:
    """What the named files are. A file that is named for several things is judged as the strictest of them."""
    roles: dict[str, Role] = {}
    plugins = _plugin_folders(kustomizations)
    for folder, kustomization in kustomizations.items():
        for link in kustomization.links:
            role = _ROLE_OF_USE.get(link.reference.use) if link.state is LinkState.FILE else None
            # If being named as data, or as what configures a plugin, were enough, a kustomization anywhere in the tree
            # could hide the objects of any other folder: the file's own content decides.
            if (role is Role.MANIFEST and folder in plugins) or (role is Role.DATA and _folder(link.path) != folder):
                role = None
            if role is not None and _WEIGHT[role] >= _WEIGHT[roles.get(link.path, Role.DATA)]:
                roles[link.path] = role
    for kustomization in kustomizations.values():
        for file in (kustomization.file, *kustomization.others):
            roles[file] = Role.KUSTOMIZATION
    return roles


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _plugin_folders(kustomizations: Mapping[str, Kustomization]) -> set[str]:
    """Folders whose objects only configure generators and transformers; they never reach a cluster."""
    configured = _reach(kustomizations, (Use.PLUGIN,), None)
    if not configured:
        return set()
    for folder in list(configured):
        configured |= _reach(kustomizations, (Use.RESOURCE, Use.COMPONENT), {folder})
    applied = {folder for folder in kustomizations if folder not in configured}
    return configured - _reach(kustomizations, (Use.RESOURCE, Use.COMPONENT), applied)


def _reach(kustomizations: Mapping[str, Kustomization], uses: tuple[Use, ...], start: set[str] | None) -> set[str]:
    """The folders to which links of some uses lead: from anywhere in one step, or from ``start`` in any number."""
    if start is None:
        return {
            link.path for one in kustomizations.values() for link in one.linked(*uses) if link.state is LinkState.FOLDER
        }
    seen: set[str] = set()
    waiting = list(start)
    while waiting:
        one = kustomizations.get(waiting.pop())
        for link in one.linked(*uses) if one else ():
            if link.state is LinkState.FOLDER and link.path not in seen:
                seen.add(link.path)
                waiting.append(link.path)
    return seen
