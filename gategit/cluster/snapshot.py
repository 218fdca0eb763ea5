"""The snapshot of a cluster: one file that says what the cluster serves, has and demands, to be asked without it.

The file is JSON, plain or compressed with gzip. Its form is described in docs/snapshot.md; gategit/cluster/export.py
makes it. The same state of a cluster gives the same bytes, so that the file can be committed and its changes reviewed.
What is read here may come from a repository: it is bounded in size and depth, and believed only in its form.
"""

from __future__ import annotations

import json
import re
import zlib
from array import array
from collections import ChainMap
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from gategit.cluster.discovery import Discovery, Resource
from gategit.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

Schema = dict[str, Any]

FORMAT: Final = "gategit snapshot"
"""What the file calls itself."""

VERSION: Final = 1
"""The version of the form; a reader refuses any other."""

MOST_BYTES: Final = 256 * 1024 * 1024
"""The largest snapshot, decompressed."""

DEEPEST: Final = 150
"""The deepest nesting of a snapshot: no real schema or object is half as deep."""

_ADMISSION: Final = "admissionregistration.k8s.io"
_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
_SHOWN: Final = 5

_GZIP: Final = b"\x1f\x8b"
_BLOCK: Final = 1024 * 1024
# A text that is never closed ends with the file: so no place is looked at twice, whatever the file holds.
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""One deeper for a bracket that opens, one back for one that closes."""
_VERSION: Final = re.compile(r"v1\.[0-9]{1,3}(?:\.[0-9]+)?(?:[-+.][0-9A-Za-z.+-]*)?\Z")
_MORE: Final = "export it again: gategit cluster snapshot"


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that the export could not read, and why."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an export of a cluster says.

    Attributes:
        name: the file's name, for messages.
        version: the Kubernetes version, such as ``v1.36.3``.
        discovery: what the cluster serves.
        objects: plain data, without what differs from one moment to the next: definitions, namespaces, quotas and
            limit ranges, classes, admission policies, webhook configurations (without where they are), the names of
            service accounts; where it was asked for, live objects too, but never a Secret.
        namespaces: the only namespaces that were exported, None where it was all of them.
        live_objects: whether live objects were exported.
        missing: what the export could not read.
        digest: names the content; equal digests mean equal snapshots.
    """

    name: str
    version: str
    discovery: Discovery
    objects: tuple[dict[str, Any], ...]
    namespaces: frozenset[str] | None = None
    live_objects: bool = False
    missing: tuple[Missing, ...] = ()
    digest: str = ""
    _kinds: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    _schemas: dict[str, Schema] = field(default_factory=dict, repr=False)
    _variants: dict[str, dict[str, Schema]] = field(default_factory=dict, repr=False)

    def component(self, api_version: str, kind: str) -> str | None:
        """The name of the OpenAPI component of a kind, None where the server publishes none."""
        return self._kinds.get((api_version, kind))

    def components(self, api_version: str) -> Mapping[str, Schema]:
        """The OpenAPI components that the kinds of a group and version are described with, by name."""
        own = self._variants.get(api_version)
        return self._schemas if own is None else ChainMap(own, self._schemas)

    def of(self, group: str, kind: str) -> Iterator[dict[str, Any]]:
        """The objects of a kind, of whatever version."""
        for one in self.objects:
            if one["kind"] == kind and str(one["apiVersion"]).rpartition("/")[0] == group:
                yield one

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know of answers that come from this snapshot; sentences without a full stop."""
        found = [f"the answers come from the export {self.name} of a cluster {self.version}, not from the cluster"]
        policies = [*self.of(_ADMISSION, "ValidatingAdmissionPolicy"), *self.of(_ADMISSION, "MutatingAdmissionPolicy")]
        if policies:
            found.append(f"admission policies are not evaluated offline: {_some(map(_name, policies))}")
        hooks = [
            str(hook.get("name", ""))
            for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
            for one in self.of(_ADMISSION, kind)
            for hook in _mappings(one.get("webhooks"))
        ]
        if hooks:
            found.append(f"admission webhooks are not asked offline: {_some(hooks)}")
        enforced = [one for one in self.of("", "Namespace") if _ENFORCE in _mapping(one["metadata"].get("labels"))]
        if enforced:
            found.append(f"PodSecurity is not judged offline, and is in force in {_some(map(_name, enforced))}")
        ranges = {str(one["metadata"].get("namespace", "")) for one in self.of("", "LimitRange")}
        if ranges:
            found.append(f"limit ranges are not judged offline, and are in force in {_some(ranges)}")
        if any(True for _ in self.of("", "ResourceQuota")):
            found.append("of quotas, offline only the counts of objects are judged, as they were at the export")
        found += [f"the export could not read {one.what}: {one.reason}" for one in self.missing]
        return tuple(found)


def _name(one: dict[str, Any]) -> str:
    return str(one["metadata"]["name"])


def _some(names: Iterable[str]) -> str:
    """The first names of many."""
    listed = sorted(set(names))
    shown = ", ".join(listed[:_SHOWN])
    return f"{shown} and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else shown


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def encode(data: Mapping[str, Any]) -> bytes:
    """Write a snapshot as JSON with one line for each schema, resource and object, so that diffs can be read."""
    lines = []
    for key in sorted(data):
        value = data[key]
        if isinstance(value, list) and value:
            items = ",\n".join(_line(item) for item in value)
            lines.append(f"{_line(key)}:[\n{items}\n]")
        elif isinstance(value, dict) and value:
            items = ",\n".join(f"{_line(name)}:{_line(value[name])}" for name in sorted(value))
            lines.append(f"{_line(key)}:{{\n{items}\n}}")
        else:
            lines.append(f"{_line(key)}:{_line(value)}")
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode("utf-8", "backslashreplace")


def _line(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def compress(content: bytes) -> bytes:
    """The same as gzip, with no date and no name in it: the same content gives the same bytes."""
    import io  # noqa: PLC0415  only the export writes
    from gzip import GzipFile  # noqa: PLC0415  the same

    stream = io.BytesIO()
    with GzipFile(filename="", mode="wb", compresslevel=9, fileobj=stream, mtime=0) as file:
        file.write(content)
    return stream.getvalue()


def snapshot_of_option(path: Path) -> Snapshot:
    """Read the snapshot that ``--snapshot`` names.

    Raises:
        UsageError: the file cannot be read.
        ConfigError: it is no snapshot.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"--snapshot {path} cannot be read: {error.strerror or error}") from None
    return load_snapshot(content, str(path))


@lru_cache(maxsize=8)
def load_snapshot(content: bytes, name: str) -> Snapshot:
    """Read a snapshot; what was read once in a run is not read again.

    Args:
        content: the file's bytes, JSON or the same compressed with gzip.
        name: the file's name, for messages.

    Raises:
        ConfigError: it is no snapshot, one of another version, damaged, too large or nested too deep.
    """
    text = _decompress(content, name) if content.startswith(_GZIP) else content
    if len(text) > MOST_BYTES:
        raise _too_large(name)
    if _deeper(text, DEEPEST):
        raise ConfigError(f"the snapshot is nested deeper than {DEEPEST} levels", _MORE, file=name)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigError("it is not a snapshot: it is not JSON", _MORE, file=name) from None
    return _Reader(name).read(data, blake2b(text, digest_size=16).hexdigest())


def _too_large(name: str) -> ConfigError:
    most = MOST_BYTES // (1024 * 1024)
    hint = "export it without --live-objects, or for some namespaces only with --namespace"
    return ConfigError(f"the snapshot is larger than {most} MiB", hint, file=name)


def _decompress(content: bytes, name: str) -> bytes:
    """The content of a gzip file, never more of it than is allowed."""
    machine = zlib.decompressobj(wbits=31)
    parts: list[bytes] = []
    size = 0
    rest = content
    try:
        while rest and not machine.eof:
            parts.append(machine.decompress(rest, _BLOCK))
            size += len(parts[-1])
            if size > MOST_BYTES:
                raise _too_large(name)
            rest = machine.unconsumed_tail
        parts.append(machine.flush())
    except zlib.error:
        raise ConfigError("the snapshot is damaged: gzip cannot read it", _MORE, file=name) from None
    if not machine.eof:
        raise ConfigError("the snapshot is damaged: its end is missing", _MORE, file=name)
    return b"".join(parts)


def _deeper(text: bytes, limit: int) -> bool:
    """Whether JSON is nested deeper than a limit, said before anything is built from it: one pass over its brackets."""
    steps = _STRING.sub(b"", text).translate(_STEPS, _NOT_BRACKETS)
    return max(accumulate(array("b", steps)), default=0) > limit


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns the file's JSON into a snapshot; what has not the right form is an error that names the place."""

    name: str

    def read(self, data: Any, digest: str) -> Snapshot:
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ConfigError(f'it is not a snapshot: it does not say "format": "{FORMAT}"', _MORE, file=self.name)
        if data.get("version") != VERSION or isinstance(data["version"], bool):
            hint = f"this gategit reads version {VERSION}: export it again with this gategit, or use a newer one"
            raise ConfigError(f"the snapshot's version is {str(data.get('version'))[:20]}", hint, file=self.name)
        version = self._text(data.get("kubernetes"), "kubernetes")
        if _VERSION.match(version) is None:
            raise self._wrong("kubernetes", "a version such as v1.36.3")
        schemas = self._schemas(data.get("schemas", {}), "schemas")
        variants = {
            api_version: self._schemas(one, f"variants[{api_version}]")
            for api_version, one in self._mapping(data.get("variants", {}), "variants").items()
        }
        kinds: dict[tuple[str, str], str] = {}
        for api_version, named in self._mapping(data.get("kinds", {}), "kinds").items():
            known = schemas.keys() | variants.get(api_version, {}).keys()
            for kind, component in self._mapping(named, f"kinds[{api_version}]").items():
                if not isinstance(component, str) or component not in known:
                    raise self._wrong(f"kinds[{api_version}].{kind}", "the name of one of its schemas")
                kinds[api_version, kind] = component
        namespaces = data.get("namespaces")
        live = data.get("live_objects", False)
        if not isinstance(live, bool):
            raise self._wrong("live_objects", "true or false")
        return Snapshot(
            name=self.name,
            version=version,
            discovery=Discovery(
                tuple(self._resources(data.get("resources"))),
                version,
                tuple(self._texts(data.get("stale", []), "stale")),
            ),
            objects=tuple(self._objects(data.get("objects"))),
            namespaces=None if namespaces is None else frozenset(self._texts(namespaces, "namespaces")),
            live_objects=live,
            missing=tuple(self._missing(data.get("missing", []))),
            digest=digest,
            _kinds=kinds,
            _schemas=schemas,
            _variants=variants,
        )

    def _resources(self, value: Any) -> Iterator[Resource]:
        for index, one in enumerate(self._list(value, "resources")):
            place = f"resources[{index}]"
            item = self._mapping(one, place)
            if not isinstance(item.get("namespaced"), bool):
                raise self._wrong(f"{place}.namespaced", "true or false")
            yield Resource(
                group=self._text(item.get("group"), f"{place}.group"),
                version=self._text(item.get("version"), f"{place}.version"),
                kind=self._text(item.get("kind"), f"{place}.kind"),
                plural=self._text(item.get("plural"), f"{place}.plural"),
                namespaced=item["namespaced"],
                verbs=frozenset(self._texts(item.get("verbs"), f"{place}.verbs")),
            )

    def _objects(self, value: Any) -> Iterator[dict[str, Any]]:
        for index, one in enumerate(self._list(value, "objects")):
            place = f"objects[{index}]"
            item = self._mapping(one, place)
            self._text(item.get("apiVersion"), f"{place}.apiVersion")
            self._text(item.get("kind"), f"{place}.kind")
            metadata = self._mapping(item.get("metadata"), f"{place}.metadata")
            self._text(metadata.get("name"), f"{place}.metadata.name")
            if "namespace" in metadata:
                self._text(metadata["namespace"], f"{place}.metadata.namespace")
            yield item

    def _schemas(self, value: Any, place: str) -> dict[str, dict[str, Any]]:
        return {name: self._mapping(one, f"{place}[{name}]") for name, one in self._mapping(value, place).items()}

    def _missing(self, value: Any) -> Iterator[Missing]:
        for index, one in enumerate(self._list(value, "missing")):
            item = self._mapping(one, f"missing[{index}]")
            yield Missing(
                self._text(item.get("what"), f"missing[{index}].what"),
                self._text(item.get("reason"), f"missing[{index}].reason"),
            )

    def _mapping(self, value: Any, place: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(place, "a mapping")
        return value

    def _list(self, value: Any, place: str) -> list[Any]:
        if not isinstance(value, list):
            raise self._wrong(place, "a list")
        return value

    def _text(self, value: Any, place: str) -> str:
        if not isinstance(value, str):
            raise self._wrong(place, "a text")
        return value

    def _texts(self, value: Any, place: str) -> Iterator[str]:
        return (self._text(one, f"{place}[{index}]") for index, one in enumerate(self._list(value, place)))

    def _wrong(self, place: str, wanted: str) -> ConfigError:
        return ConfigError(f"the snapshot is damaged: {place[:200]} must be {wanted}", _MORE, file=self.name)
