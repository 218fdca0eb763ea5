"""The schema folders of a repository: reading what is there, checking and adding what is new."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gategit.checks.schema import facts, versions
from gategit.checks.schema.crd import crd_problems, is_crd, read_crd
from gategit.checks.schema.spec import KindSchema, SchemaSet, SchemaSpec, Unusable
from gategit.config import CONFIG_FILE, Config, load_config
from gategit.errors import UsageError
from gategit.manifests.decode import decode
from gategit.model import format_path

DEFAULT_FOLDER: Final = "gate/crds"
_SUFFIXES: Final = (".yaml", ".yml", ".json")
_LARGEST: Final = 20 * 2**20
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?\Z")
_LAYOUT: Final = re.compile(r"([^/_]+)_(v[0-9][a-z0-9]*)\.json\Z")


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where schemas are kept: the repository's root (or the current folder), and its config."""

    root: Path
    config: Config


@dataclass(frozen=True, slots=True)
class _Addition:
    """One file to write, and what is in it."""

    path: str
    content: bytes
    kinds: tuple[str, ...]


def load_settings(start: Path) -> StoreSettings:
    """Find the config at or above a folder.

    Raises:
        ConfigError: the config cannot be used.
    """
    for folder in (start, *start.parents):
        file = folder / CONFIG_FILE
        if file.is_file():
            return StoreSettings(folder, load_config(file.read_bytes(), CONFIG_FILE))
        if (folder / ".git").exists():
            return StoreSettings(folder, Config())
    return StoreSettings(start, Config())


def known_schemas(settings: StoreSettings, version: str | None) -> Iterator[str]:
    """One line for each kind that has a schema.

    Raises:
        UsageError: there are no schemas for this Kubernetes version.
    """
    wanted = versions.resolve(version or settings.config.kubernetes_version)
    schemas = SchemaSet(SchemaSpec(kubernetes_version=wanted, folder_schemas=_folder_files(settings)))
    for (group, kind), crd in sorted(schemas.custom_kinds.items()):
        for one in crd.versions:
            note = "" if one.served else " (not served)"
            yield f"{group}/{one.name} {kind}  CustomResourceDefinition{note}"
    for group, kind, name in sorted(schemas.schema_files):
        yield f"{group}/{name} {kind}  schema file"
    for api_version, kind in facts.kinds(wanted):
        if not kind.endswith("List"):
            yield f"{api_version} {kind}  Kubernetes {wanted}"


def _folder_files(settings: StoreSettings) -> tuple[tuple[str, bytes], ...]:
    return tuple(
        (file.relative_to(settings.root).as_posix(), file.read_bytes())
        for folder in settings.config.schemas.folders
        for file in sorted((settings.root / folder).rglob("*"))
        if file.suffix in _SUFFIXES and file.is_file()
    )


def add(settings: StoreSettings, sources: Sequence[Path], folder: Path | None, *, replace: bool) -> Iterator[str]:
    """Check every source, then write what is new; nothing is written where one source is wrong.

    Args:
        settings: the repository.
        sources: files and folders.
        folder: where to; None: the config's first schema folder.
        replace: whether to overwrite a file that is there and differs.

    Yields:
        One line for each file, saying what was done.

    Raises:
        UsageError: a source is not there or holds no schema, a schema is wrong, or a file is there and differs.
    """
    configured = settings.config.schemas.folders
    target = folder if folder is not None else settings.root / (configured[0] if configured else DEFAULT_FOLDER)
    additions: dict[str, _Addition] = {}
    for source in sources:
        for addition in _read_source(source):
            known = additions.setdefault(addition.path, addition)
            if known.content != addition.content:
                raise UsageError(f"{addition.path} is given twice with different content", "give one of them")
    in_the_way = [
        path
        for path, one in additions.items()
        if not replace and (target / path).exists() and (target / path).read_bytes() != one.content
    ]
    if in_the_way:
        raise UsageError(
            f"{target / in_the_way[0]} is there and differs"
            + (f", and {len(in_the_way) - 1} more" if len(in_the_way) > 1 else ""),
            "look at the difference, then run again with --replace",
        )
    for path, one in sorted(additions.items()):
        file = target / path
        if file.exists() and file.read_bytes() == one.content:
            yield f"unchanged {file}: {', '.join(one.kinds)}"
            continue
        word = "replaced" if file.exists() else "added"
        _write(file, one.content)
        yield f"{word} {file}: {', '.join(one.kinds)}"
    if folder is None and not configured:
        yield f"now name the folder in {CONFIG_FILE}: schemas: {{folders: [{DEFAULT_FOLDER}]}}"


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


def _read_source(source: Path) -> Iterator[_Addition]:
    if source.is_dir():
        files = [file for file in sorted(source.rglob("*")) if file.suffix in _SUFFIXES and file.is_file()]
        found = [one for file in files for one in _read_file(file)]
    elif source.is_file():
        found = list(_read_file(source))
    else:
        raise UsageError(f"{source} is not there", "name a file or a folder")
    if not found:
        raise UsageError(
            f"{source} holds no schema",
            "name a file or folder with CustomResourceDefinitions, or a folder with {group}/{kind}_{version}.json",
        )
    yield from found


def _read_file(file: Path) -> Iterator[_Addition]:
    if file.stat().st_size > _LARGEST:
        raise UsageError(f"{file} is larger than {_LARGEST // 2**20} MiB", "split it")
    content = file.read_bytes()
    layout = _LAYOUT.match(file.name)
    group = file.resolve().parent.name
    if layout is not None and _NAME.match(group):
        yield _schema_file(file, content, group, layout[1], layout[2])
        return
    decoded = decode(content, file.name)
    if decoded.problems:
        problem = decoded.problems[0]
        raise UsageError(f"{file}, line {problem.region.line}: {problem.message}", problem.help)
    for document in _documents(decode(content, file.name).documents):
        yield _definition(file, document)


def _documents(documents: Iterable[Any]) -> Iterator[Any]:
    for document in documents:
        data = document.data
        if isinstance(data, dict) and data.get("kind") == "List" and isinstance(data.get("items"), list):
            yield from (item for item in data["items"] if is_crd(item))
        elif is_crd(data):
            yield data


def _definition(file: Path, data: dict[str, Any]) -> _Addition:
    crd = read_crd(data)
    if crd is None or not _NAME.match(crd.group) or not _NAME.match(crd.kind):
        raise UsageError(
            f"{file}: a CustomResourceDefinition names no group and kind", "give spec.group and spec.names.kind"
        )
    problems = crd_problems(data)
    if problems:
        raise UsageError(
            f"{file}: the CustomResourceDefinition of {crd.kind} is wrong: {problems[0].message} "
            f"(at {format_path(problems[0].path)})",
            "correct it first",
        )
    schemas = SchemaSet(SchemaSpec(crds=(data,)))
    for version in crd.versions:
        _usable(file, schemas, f"{crd.group}/{version.name}", crd.kind)
    kinds = tuple(f"{crd.group}/{version.name} {crd.kind}" for version in crd.versions)
    # JSON is YAML, and writing it needs no YAML writer.
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    return _Addition(f"{crd.kind.lower()}.{crd.group}.json", text.encode("utf-8", "surrogatepass"), kinds)


def _schema_file(file: Path, content: bytes, group: str, kind: str, version: str) -> _Addition:
    path = f"{group}/{kind.lower()}_{version}.json"
    schemas = SchemaSet(SchemaSpec(folder_schemas=((path, content),)))
    _usable(file, schemas, f"{group}/{version}", kind)
    return _Addition(path, content, (f"{group}/{version} {kind}",))


def _usable(file: Path, schemas: SchemaSet, api_version: str, kind: str) -> None:
    schemas.validator(api_version, kind, part=False)
    found = schemas.find(api_version, kind)
    if isinstance(found, Unusable):
        raise UsageError(f"{file}: {api_version} {kind}: {found.reason}", "correct it first")
    if found is not None and not isinstance(found, KindSchema):
        return  # a version that is not served needs no schema
