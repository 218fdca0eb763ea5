"""The folder of carried schemas: one compressed file for each kind, and an index of all.

What stands in them is written down in ``gategit/checks/schema/ecosystem.py``, which reads them. Two runs on the same
publications write the same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tools.schemas.errors import SchemasError
from tools.schemas.prune import pruned
from tools.schemas.since import fields_since
from tools.schemas.sources import Release, Source

FOLDER: Final = Path(__file__).resolve().parents[2] / "schemas" / "ecosystem"
FORMAT: Final = 1

_ENDING: Final = ".jsonl.gz"

Definition = dict[str, Any]
Header = dict[str, Any]


def kind_files(source: Source, found: Iterable[tuple[Release, list[Definition]]]) -> dict[str, bytes]:
    """What a source's kinds are written as: contents, not yet compressed, by their path in the folder.

    Args:
        source: the source.
        found: the definitions of each of its releases, in the order of the releases.

    Raises:
        SchemasError: a release defines a kind twice, or a definition lacks what every one has.
    """
    kinds: dict[tuple[str, str], list[tuple[Release, Definition]]] = {}
    for release, definitions in found:
        for definition in definitions:
            spec = definition["spec"]
            kind = kinds.setdefault((spec["group"], spec["names"]["kind"]), [])
            if kind and kind[-1][0] is release:
                raise SchemasError(f"{release} defines {spec['names']['kind']} of {spec['group']} twice")
            kind.append((release, definition))
    return {_path(*kind): _kind_content(source, kinds[kind]) for kind in sorted(kinds)}


def _path(group: str, kind: str) -> str:
    return f"{group}/{kind.lower()}{_ENDING}"


def _kind_content(source: Source, definitions: list[tuple[Release, Definition]]) -> bytes:
    newest = definitions[0][1]["spec"]
    # Identical schemas stand once, whatever the releases and API versions that have them.
    lines: dict[str, int] = {}
    releases = [_release(release, definition["spec"], lines) for release, definition in definitions]
    header: Header = {
        "group": newest["group"],
        "kind": newest["names"]["kind"],
        "source": source.name,
        "title": source.title,
        "scope": newest.get("scope"),
        "names": newest["names"],
        "releases": releases,
        "since": _since(releases, list(lines)),
    }
    return "".join(f"{line}\n" for line in (_compact(header), *lines)).encode()


def _release(release: Release, spec: Mapping[str, Any], lines: dict[str, int]) -> dict[str, Any]:
    said: dict[str, Any] = {"release": release.name}
    if release.channel:
        said["channel"] = release.channel
    said["versions"] = [
        _version(release, version, lines, preserve=spec.get("preserveUnknownFields") is True)
        for version in spec["versions"]
    ]
    return said


def _version(release: Release, version: Mapping[str, Any], lines: dict[str, int], *, preserve: bool) -> dict[str, Any]:
    schema = version.get("schema", {}).get("openAPIV3Schema")
    if not isinstance(schema, dict):
        raise SchemasError(f"{release} defines a version {version['name']} without a schema")
    line = lines.setdefault(_compact(pruned(schema)), len(lines) + 1)
    said: dict[str, Any] = {
        "name": version["name"],
        "served": version.get("served", True),
        "storage": version.get("storage", False),
        "schema": line,
    }
    if version.get("subresources"):
        said["subresources"] = version["subresources"]
    if version.get("deprecated") is True:
        said["deprecated"] = version.get("deprecationWarning", "")
    if preserve:
        said["preserve"] = True
    return said


def _since(releases: list[dict[str, Any]], lines: list[str]) -> dict[str, Any]:
    serving: dict[str, list[tuple[str, Any]]] = {}
    for release in releases:
        if "channel" not in release:
            for version in release["versions"]:
                if version["served"]:
                    serving.setdefault(version["name"], []).append(
                        (release["release"], json.loads(lines[version["schema"] - 1]))
                    )
    return {name: fields for name, schemas in sorted(serving.items()) if (fields := fields_since(schemas))}


def _compact(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def write_kinds(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write kinds' files; those that say already what they should are not touched."""
    for path, content in contents.items():
        file = folder / path
        if file.exists() and gzip.decompress(file.read_bytes()) == content:
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        # No time and no name in it: what is written depends on the content alone.
        file.write_bytes(gzip.compress(content, 9, mtime=0))


def remove_kinds(folder: Path, paths: Iterable[str]) -> None:
    """Remove kinds' files, and the folders that are empty then."""
    for path in paths:
        (folder / path).unlink()
        if not any((folder / path).parent.iterdir()):
            (folder / path).parent.rmdir()


def headers(folder: Path) -> Iterator[tuple[str, Header, bytes]]:
    """The kinds in a folder in the order of their paths: each file's path, header and content."""
    for file in sorted(folder.glob(f"*/*{_ENDING}")):
        content = gzip.decompress(file.read_bytes())
        yield file.relative_to(folder).as_posix(), json.loads(content.partition(b"\n")[0]), content


def write_index(folder: Path, sources: Iterable[Source]) -> None:
    """Write the index of what stands in a folder: one line for each release and each kind, for differences to be read.

    Raises:
        SchemasError: a kind's file is of no source.
    """
    known = {source.name: source for source in sources}
    digest = hashlib.sha256()
    used: dict[str, set[str]] = {}
    kinds = []
    for path, header, content in headers(folder):
        if header["source"] not in known:
            raise SchemasError(f"{path} is of the source {header['source']}, which is not in sources.toml")
        digest.update(b"%s\0%d\0%s" % (path.encode(), len(content), content))
        used.setdefault(header["source"], set()).update(release["release"] for release in header["releases"])
        kinds.append(_compact(_indexed(header)))
    listed = [
        f"{_compact(name)}:{{{_compact('title')}:{_compact(known[name].title)},{_compact('releases')}:[\n"
        + ",\n".join(_compact(_origin(release)) for release in known[name].releases if release.name in used[name])
        + "\n]}"
        for name in sorted(used)
    ]
    text = (
        f'{{"format":{FORMAT},"digest":"{digest.hexdigest()}",\n"sources":{{\n'
        + ",\n".join(listed)
        + '\n},\n"kinds":[\n'
        + ",\n".join(kinds)
        + "\n]}\n"
    )
    (folder / "index.json").write_text(text, encoding="utf-8")


def _origin(release: Release) -> dict[str, Any]:
    said: dict[str, Any] = {
        "release": release.name,
        "origin": release.origin,
        "version": release.version,
        "licence": release.licence,
    }
    if release.channel:
        said["channel"] = release.channel
    if release.packages:
        said["packages"] = [{"origin": one.origin, "version": one.version} for one in release.packages]
    return said


def _indexed(header: Header) -> dict[str, Any]:
    versions: dict[str, list[str]] = {}
    for release in header["releases"]:
        for version in release["versions"]:
            if version["served"]:
                versions.setdefault(version["name"], []).append(release["release"])
    return {
        "group": header["group"],
        "kind": header["kind"],
        "plural": header["names"].get("plural"),
        "scope": header["scope"],
        "source": header["source"],
        "versions": versions,
    }
