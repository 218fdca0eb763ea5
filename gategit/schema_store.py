"""The schema folder of a repository: checking schemas from wherever they are, and adding them to it."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from gategit.checks.schema.crd import TooLargeError, crd_problems, is_crd, read_crd
from gategit.checks.schema.kind_names import KindName, alike, matches, plural_of
from gategit.checks.schema.openapi import UnknownComponentError
from gategit.checks.schema.spec import SchemaSet, SchemaSpec, Unusable
from gategit.cluster.openapi import without_prose
from gategit.cluster.snapshot import MOST_BYTES, load_snapshot
from gategit.config import CONFIG_FILE, Config, load_config
from gategit.disk import show_path
from gategit.errors import UsageError
from gategit.known_schemas import repository_root
from gategit.manifests.decode import decode
from gategit.model import format_path
from gategit.report.escaping import visible

DEFAULT_FOLDER: Final = "gate/crds"
_SUFFIXES: Final = (".yaml", ".yml", ".json")
_LARGEST: Final = 20 * 2**20
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?\Z")
_LAYOUT: Final = re.compile(r"([^/_]+)_(v[0-9][a-z0-9]*)\.json\Z")
_CRD_MARK: Final = b"CustomResourceDefinition"
_SNAPSHOT_MARK: Final = b'"gategit snapshot"'
_GZIP: Final = b"\x1f\x8b"
_KEPT_METADATA: Final = ("name", "labels", "annotations")
_SHOWN: Final = 10
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where schemas are kept: the repository's root (or the current folder), and its config."""

    root: Path
    config: Config


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which kinds are added: all where neither is given, else those that a word of each tuple means."""

    kinds: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def takes(self, name: KindName) -> bool:
        """Whether a kind is wanted."""
        in_group = not self.groups or any(fnmatchcase(name.group, group.lower()) for group in self.groups)
        return in_group and (not self.kinds or any(matches(name, kind) for kind in self.kinds))


@dataclass(frozen=True, slots=True)
class Added:
    """One schema file: what was done with it, and what is in it.

    Attributes:
        word: ``added``, ``replaced`` or ``unchanged``.
        file: where it is.
        group: the kind's group.
        kind: its name; one that only a schema file has is in lower case.
        versions: the API versions that it describes.
    """

    word: str
    file: Path
    group: str
    kind: str
    versions: tuple[str, ...]

    @property
    def kinds(self) -> str:
        """In words: ``example.com/v1 Widget``, once for each version."""
        return ", ".join(f"{self.group}/{version} {self.kind}" for version in self.versions)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One schema that a source holds: a CustomResourceDefinition, or the schema of one version."""

    file: Path
    name: KindName
    versions: tuple[str, ...]
    data: Any
    is_definition: bool

    @property
    def path(self) -> str:
        """Where it goes in the folder."""
        group, kind = self.name.group, self.name.kind.lower()
        return f"{kind}.{group}.json" if self.is_definition else f"{group}/{kind}_{self.versions[0]}.json"


@dataclass(frozen=True, slots=True)
class _Addition:
    """One file to write, and what is in it."""

    path: str
    content: bytes
    name: KindName
    versions: tuple[str, ...]


def load_settings(start: Path) -> StoreSettings:
    """Find the repository's config.

    Raises:
        ConfigError: it cannot be used.
    """
    root = repository_root(start) or start
    file = root / CONFIG_FILE
    return StoreSettings(root, load_config(file.read_bytes(), CONFIG_FILE) if file.is_file() else Config())


def target_folder(settings: StoreSettings, folder: Path | None) -> Path:
    """Where schemas are added: the folder that was asked for, else the config's first, else the usual one."""
    configured = settings.config.schemas.folders
    return folder if folder is not None else settings.root / (configured[0] if configured else DEFAULT_FOLDER)


def add(sources: Sequence[Path], target: Path, wanted: Wanted, *, replace: bool) -> Iterator[Added]:
    """Check every source, then write what is new; nothing is written where one source is wrong.

    Args:
        sources: files and folders.
        target: the schema folder.
        wanted: which kinds.
        replace: whether to overwrite a file that is there and differs.

    Raises:
        UsageError: a source is not there or holds no schema, a schema is wrong, or a file is there and differs.
        ConfigError: a snapshot cannot be read.
    """
    additions: dict[str, _Addition] = {}
    for source in sources:
        for addition in _read_source(source, wanted):
            known = additions.setdefault(addition.path, addition)
            if known.content != addition.content:
                raise UsageError(f"{addition.path} is given twice with different content", "give one of them")
    in_the_way = [path for path, one in additions.items() if not replace and _differs(target / path, one.content)]
    if in_the_way:
        raise UsageError(
            f"{target / in_the_way[0]} is there and differs"
            + (f", and {len(in_the_way) - 1} more" if len(in_the_way) > 1 else ""),
            "look at the difference, then run again with --replace",
        )
    for path, one in sorted(additions.items()):
        file = target / path
        word = "added"
        if file.exists():
            word = "replaced" if _differs(file, one.content) else "unchanged"
        if word != "unchanged":
            _write(file, one.content)
        yield Added(word, file, one.name.group, one.name.kind, one.versions)


def _differs(file: Path, content: bytes) -> bool:
    """Whether a file is there and says something else than the content; its prose does not count."""
    if not file.exists():
        return False
    there = file.read_bytes()
    if there == content:
        return False
    try:
        return bool(_without_prose(json.loads(there)) != json.loads(content))
    except (ValueError, RecursionError):
        return True


def _write(file: Path, content: bytes) -> None:
    """Write beside and rename, so that a full disk leaves no half schema."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=file.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(beside).chmod(0o644)
        Path(beside).replace(file)
    except OSError:
        Path(beside).unlink(missing_ok=True)
        raise


def _read_source(source: Path, wanted: Wanted) -> Iterator[_Addition]:
    if source.is_dir():
        files = [file for file in sorted(source.rglob("*")) if file.suffix in _SUFFIXES and file.is_file()]
        found = [one for file in files for one in _read_file(file, alone=False)]
    elif source.is_file():
        found = list(_read_file(source, alone=True))
    else:
        raise UsageError(f"{show_path(str(source))} is not there", "name a file or a folder")
    if not found:
        raise UsageError(
            f"{show_path(str(source))} holds no schema",
            "name a file or folder with CustomResourceDefinitions, a folder with {group}/{kind}_{version}.json, or a "
            "snapshot that gategit cluster snapshot wrote",
        )
    chosen = [one for one in found if wanted.takes(one.name)]
    if not chosen:
        raise _none_wanted(source, [one.name for one in found], wanted)
    yield from map(_checked, chosen)


def _none_wanted(source: Path, names: Sequence[KindName], wanted: Wanted) -> UsageError:
    words = ", ".join((*wanted.kinds, *wanted.groups))
    near = [full for word in wanted.kinds for full in alike(word, names)]
    held = near or sorted({name.full for name in names})
    more = " and more" if len(held) > _SHOWN else ""
    return UsageError(
        f"{show_path(str(source))} holds no schema for {visible(words)}",
        f"it holds {visible(', '.join(held[:_SHOWN]))}{more}",
    )


def _read_file(file: Path, *, alone: bool) -> Iterator[_Candidate]:
    """The schemas in one file. In a folder, files that hold none are passed over, whatever they are."""
    layout = _LAYOUT.match(file.name)
    group = file.resolve().parent.name
    if layout is not None and not _NAME.match(group):
        layout = None
    if file.stat().st_size > MOST_BYTES:
        raise UsageError(f"{show_path(str(file))} is larger than {MOST_BYTES // 2**20} MiB", "split it")
    content = file.read_bytes()
    if alone and (content.startswith(_GZIP) or _SNAPSHOT_MARK in content[:10_000_000]):
        yield from _of_snapshot(file, content)
        return
    if not alone and layout is None and _CRD_MARK not in content:
        return
    if len(content) > _LARGEST:
        raise UsageError(f"{show_path(str(file))} is larger than {_LARGEST // 2**20} MiB", "split it")
    if layout is not None:
        yield _schema_file(file, content, group, layout)
        return
    decoded = decode(content, file.name)
    if decoded.problems:
        problem = decoded.problems[0]
        raise UsageError(f"{show_path(str(file))}, line {problem.region.line}: {problem.message}", problem.help)
    for document in _documents(decoded.documents):
        yield _definition(file, document)


def _documents(documents: Iterable[Any]) -> Iterator[Any]:
    for document in documents:
        data = document.data
        if isinstance(data, dict) and data.get("kind") == "List" and isinstance(data.get("items"), list):
            yield from (item for item in data["items"] if is_crd(item))
        elif is_crd(data):
            yield data


def _of_snapshot(file: Path, content: bytes) -> Iterator[_Candidate]:
    """The definitions in an export of a cluster, and of other kinds what its server publishes.

    Raises:
        ConfigError: it cannot be read.
        UsageError: a schema in it is too large, or incomplete.
    """
    from gategit.checks.schema.published import definitions, published_kinds, schema_file  # noqa: PLC0415  few sources

    snapshot = load_snapshot(content, str(file))
    for document in definitions(snapshot):
        yield _definition(file, document)
    for one in published_kinds(snapshot):
        resource = one.resource
        try:
            data = schema_file(snapshot, one)
        except (TooLargeError, UnknownComponentError) as error:
            why = "is too large" if isinstance(error, TooLargeError) else f"needs {error}, which the snapshot lacks"
            what = f"{resource.api_version} {resource.kind}"
            raise UsageError(f"{show_path(str(file))}: the schema of {visible(what)} {visible(why)}") from None
        name = KindName(resource.group, resource.kind, resource.plural)
        yield _Candidate(file, name, (resource.version,), data, is_definition=False)


def _definition(file: Path, data: dict[str, Any]) -> _Candidate:
    crd = read_crd(data)
    if crd is None or not _NAME.match(crd.group) or not _NAME.match(crd.kind):
        raise UsageError(
            f"{show_path(str(file))}: a CustomResourceDefinition names no group and kind",
            "give spec.group and spec.names.kind",
        )
    name = KindName(crd.group, crd.kind, crd.plural or plural_of(crd.kind), crd.others)
    return _Candidate(file, name, tuple(one.name for one in crd.versions), data, is_definition=True)


def _schema_file(file: Path, content: bytes, group: str, layout: re.Match[str]) -> _Candidate:
    kind, version = layout[1], layout[2]
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        what = f"{group}/{version} {kind}"
        raise UsageError(f"{show_path(str(file))}: {what}: its schema file is not JSON", "correct it first")
    return _Candidate(file, KindName(group, kind, plural_of(kind)), (version,), data, is_definition=False)


def _checked(one: _Candidate) -> _Addition:
    """What is written of a candidate, which can be used to validate with.

    Raises:
        UsageError: it cannot.
    """
    if one.is_definition:
        problems = crd_problems(one.data)
        if problems:
            raise UsageError(
                f"{show_path(str(one.file))}: the CustomResourceDefinition of {one.name.kind} is wrong: "
                f"{problems[0].message} (at {format_path(problems[0].path)})",
                "correct it first",
            )
    data = _without_prose(one.data)
    # JSON is YAML, and writing it needs no YAML writer.
    content = (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")
    spec = SchemaSpec(crds=(data,)) if one.is_definition else SchemaSpec(folder_schemas=((one.path, content),))
    schemas = SchemaSet(spec)
    for version in one.versions:
        api_version, kind = f"{one.name.group}/{version}", one.name.kind
        schemas.validator(api_version, kind, part=False)
        found = schemas.find(api_version, kind)  # a version that is not served needs no schema
        if isinstance(found, Unusable):
            raise UsageError(f"{show_path(str(one.file))}: {api_version} {kind}: {found.reason}", "correct it first")
    return _Addition(one.path, content, one.name, one.versions)


def _without_prose(data: Any) -> Any:
    """A definition or a schema without what is there for people, which is most of it and judges nothing.

    Of a definition that was read from a cluster, what the cluster wrote goes as well.
    """
    if not is_crd(data):
        return without_prose(data)
    found = {key: value for key, value in data.items() if key != "status"}
    if isinstance(data.get("metadata"), dict):
        found["metadata"] = _metadata(data["metadata"])
    if isinstance(data.get("spec"), dict):
        spec = dict(data["spec"])
        if isinstance(spec.get("versions"), list):
            spec["versions"] = [_schema_without_prose(one, "schema") for one in spec["versions"]]
        found["spec"] = _schema_without_prose(spec, "validation")
    return found


def _metadata(data: dict[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in data.items() if key in _KEPT_METADATA}
    if isinstance(found.get("annotations"), dict):
        found["annotations"] = {key: value for key, value in found["annotations"].items() if key != _LAST_APPLIED}
        if not found["annotations"]:
            del found["annotations"]
    return found


def _schema_without_prose(data: Any, key: str) -> Any:
    holder = data.get(key) if isinstance(data, dict) else None
    if not isinstance(holder, dict) or "openAPIV3Schema" not in holder:
        return data
    return {**data, key: {**holder, "openAPIV3Schema": without_prose(holder["openAPIV3Schema"])}}
