"""The schemas that gategit carries: the kinds that GitOps repositories use most, as their projects released them.

``schemas/ecosystem`` holds one small compressed file for each kind, which is read when the first object of the kind is
checked, and an index of all of them, which a check reads only to say what is near a kind that is not there. Both are
written by ``make schemas``.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from gategit.bundled import ecosystem_index
from gategit.errors import UndecidedError

Schema = dict[str, Any]

FieldName = tuple[str, ...]
"""A field in a schema: names of properties, ``[]`` for the items of a list, ``{}`` for the values of a map."""

_GROUP: Final = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*\Z")
_KIND: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*\Z")
_GZIP: Final = 31
"""What tells zlib that data is wrapped as gzip does."""
_PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"
_PROTECTED: Final = (".k8s.io", ".kubernetes.io")
"""The groups of Kubernetes itself end so."""
_DAMAGED: Final = (zlib.error, ValueError, KeyError, TypeError, AttributeError)
"""What reading a file raises that is not as ``make schemas`` wrote it."""


@dataclass(frozen=True, slots=True)
class CarriedVersion:
    """One API version in one release.

    Attributes:
        name: such as ``v1beta1``.
        served: whether the release serves it.
        storage: whether the release stores objects in it.
        deprecated: the project's words on a deprecated version; None where it is not deprecated.
        preserve: whether the definition keeps unknown fields.
        line: where its schema stands in the kind's file.
        subresources: as in the definition.
    """

    name: str
    served: bool
    storage: bool
    deprecated: str | None
    preserve: bool
    line: int
    subresources: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CarriedRelease:
    """One release of a project. ``channel`` is "" for what the project calls stable, else such as ``experimental``."""

    name: str
    channel: str
    versions: tuple[CarriedVersion, ...]

    def serves(self, version: str) -> CarriedVersion | None:
        """The API version of a name, where the release serves it."""
        return next((one for one in self.versions if one.name == version and one.served), None)

    @property
    def served(self) -> tuple[str, ...]:
        """The names of the API versions that it serves, the one that it stores last."""
        return tuple(one.name for one in sorted(self.versions, key=lambda one: one.storage) if one.served)

    @property
    def lasting(self) -> str | None:
        """The API version to write where another one is deprecated; None where all that it serves are."""
        deprecated = {one.name for one in self.versions if one.deprecated is not None}
        return next((name for name in reversed(self.served) if name not in deprecated), None)


@dataclass(frozen=True, slots=True)
class CarriedKind:
    """A kind that gategit carries.

    Attributes:
        group: such as ``argoproj.io``.
        kind: such as ``Application``.
        source: the project's short name, such as ``argo-cd``.
        title: the project's name, such as ``Argo CD``.
        namespaced: whether its objects live in a namespace; None where that is not known.
        names: plural, singular and short names, as in the definition.
        releases: the newest first, side channels last.
        since: for each API version, the fields that the newest release has and an older one has not, each with the
            release from which on it is there.
    """

    group: str
    kind: str
    source: str
    title: str
    namespaced: bool | None
    names: Mapping[str, Any]
    releases: tuple[CarriedRelease, ...]
    since: Mapping[str, tuple[tuple[FieldName, str], ...]]
    _lines: tuple[bytes, ...] = field(repr=False)

    def schema(self, version: CarriedVersion) -> Schema:
        """The openAPIV3Schema of an API version.

        Raises:
            UndecidedError: the kind's file is damaged.
        """
        try:
            found: Schema = json.loads(self._lines[version.line])
        except (ValueError, IndexError) as error:
            raise _damaged(f"{self.group}/{self.kind.lower()}.jsonl.gz", error) from None
        return found

    def of(self, release: CarriedRelease) -> str:
        """A release in words, such as ``Argo CD 3.6.1``."""
        return f"{self.title} {release.name}"

    def definition(self, release: CarriedRelease, only: Collection[str] | None = None) -> Schema:
        """The CustomResourceDefinition of a release, with which an API server serves the kind.

        Args:
            release: one of `releases`.
            only: the names of the API versions that are wanted, of which the release has one at least. They are served
                also where the release has them for objects of old alone. None: all that it has, as it serves them.
        """
        kept = [one for one in release.versions if only is None or one.name in only]
        stored = next((one for one in kept if one.storage), kept[0])
        versions = []
        for one in kept:
            version: Schema = {"name": one.name, "served": one.served or only is not None, "storage": one is stored}
            if one.deprecated is not None:
                version["deprecated"] = True
                if one.deprecated:
                    version["deprecationWarning"] = one.deprecated
            if one.subresources:
                version["subresources"] = dict(one.subresources)
            schema = self.schema(one)
            if one.preserve:
                # A definition says so for all of its versions in a field that only its old form has.
                schema = {**schema, _PRESERVE: True}
            versions.append({**version, "schema": {"openAPIV3Schema": schema}})
        metadata: Schema = {"name": f"{self.names['plural']}.{self.group}"}
        if self.group.endswith(_PROTECTED):
            # Without a word on its approval, an API server takes no definition for these groups.
            metadata["annotations"] = {"api-approved.kubernetes.io": "unapproved, as gategit carries it"}
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": metadata,
            "spec": {
                "group": self.group,
                "names": dict(self.names),
                "scope": "Cluster" if self.namespaced is False else "Namespaced",
                "versions": versions,
            },
        }


@dataclass(frozen=True, slots=True)
class Choice:
    """Which release judges an API version of a kind.

    Attributes:
        kind: the kind.
        release: the release.
        version: the API version in it.
        pinned: whether the config says that the cluster runs this release.
    """

    kind: CarriedKind
    release: CarriedRelease
    version: CarriedVersion
    pinned: bool = False

    @property
    def origin(self) -> str:
        """The release in words, such as ``Argo CD 3.6.1``."""
        return self.kind.of(self.release)

    @property
    def dropped_by(self) -> CarriedRelease | None:
        """The newest release, where that does not serve the version any more, and nobody named another."""
        newest = self.kind.releases[0]
        return newest if not self.pinned and newest.serves(self.version.name) is None else None

    def others(self) -> Iterator[Choice]:
        """The releases that the cluster may run as well, the newest first: none, where the config says which it is."""
        if self.pinned:
            return
        seen = {self.version.line}
        for release in self.kind.releases:
            version = release.serves(self.version.name)
            if version is not None and version.line not in seen:
                seen.add(version.line)
                yield Choice(self.kind, release, version)


@dataclass(frozen=True, slots=True)
class NoChoice:
    """No release has an API version of a kind, or the one that the config names does not serve it.

    Attributes:
        origin: the release that would judge, in words.
        defined: whether it defines the version without serving it.
        served: the versions that it serves.
        sure: whether the config names the release.
        channel: what the config would have to say where the cluster runs a side channel of the release that it names,
            and that serves the version, such as ``gateway-api: "1.5-experimental"``.
    """

    origin: str
    defined: bool
    served: tuple[str, ...]
    sure: bool
    channel: str = ""


def choose(kind: CarriedKind, version: str, pin: str | None) -> Choice | NoChoice:
    """Choose the release that judges an API version: the one that the config names, else the newest that serves it.

    Where none serves it, but one still has its schema for objects of old, that judges: an older release serves it.

    Args:
        kind: the kind.
        version: the API version's name, such as ``v1beta1``.
        pin: what the config says of the project; a release's name or its leading numbers.
    """
    if pin is not None:
        meant = next((one for one in kind.releases if is_meant(pin, one.name)), None)
        if meant is None:
            # The release is carried, or the config would have been refused: it only lacks this kind.
            return NoChoice(
                f"{kind.title} {pin}", defined=False, served=(), sure=True, channel=_channel(kind, version, pin)
            )
        found = meant.serves(version)
        if found is not None:
            return Choice(kind, meant, found, pinned=True)
        defined = any(one.name == version for one in meant.versions)
        return NoChoice(kind.of(meant), defined, meant.served, sure=True, channel=_channel(kind, version, pin))
    for release in kind.releases:
        found = release.serves(version)
        if found is not None:
            return Choice(kind, release, found)
    newest = kind.releases[0]
    for release in kind.releases:
        found = next((one for one in release.versions if one.name == version), None)
        if found is not None:
            return Choice(kind, release, found)
    return NoChoice(kind.of(newest), defined=False, served=newest.served, sure=False)


def _channel(kind: CarriedKind, version: str, pin: str) -> str:
    """What names the side channel of a release that serves a version which the release itself does not; or nothing."""
    for release in kind.releases:
        whole = f"{pin}-{release.channel}"
        if release.channel and release.serves(version) is not None and is_meant(whole, release.name):
            return f'{kind.source}: "{whole}"'
    return ""


@dataclass(frozen=True, slots=True)
class SourceRelease:
    """Where a release was read: ``origin`` is a module or package, ``version`` its version, ``licence`` an SPDX id."""

    name: str
    origin: str
    version: str
    licence: str
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A project whose kinds are carried: short name, title, and its releases, the newest first, side channels last."""

    name: str
    title: str
    releases: tuple[SourceRelease, ...]

    def release(self, pin: str) -> str | None:
        """The newest carried release that a pin means (``3.5`` is the newest 3.5.x); None where there is none."""
        return next((one.name for one in self.releases if is_meant(pin, one.name)), None)


@dataclass(frozen=True, slots=True)
class IndexedKind:
    """A kind in the index. ``versions`` are its API versions, each with the releases that serve it, newest first."""

    group: str
    kind: str
    plural: str
    scope: str | None
    source: str
    versions: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Index:
    """All that is carried."""

    sources: Mapping[str, Source]
    kinds: tuple[IndexedKind, ...]

    def of_group(self, group: str) -> Iterator[IndexedKind]:
        """The kinds of a group."""
        return (one for one in self.kinds if one.group == group)


def is_meant(pin: str, release: str) -> bool:
    """Whether a pin means a release: its name, or its leading numbers (``3.5`` or ``v3.5`` of 3.5.7).

    What follows a dash names a side channel, and is written in full: ``1.5-experimental``.
    """
    wanted, _, wanted_channel = pin.removeprefix("v").partition("-")
    numbers, _, channel = release.partition("-")
    return channel == wanted_channel and f"{numbers}.".startswith(f"{wanted}.")


@cache
def index() -> Index:
    """What is carried.

    Raises:
        UndecidedError: the installation is incomplete.
    """
    try:
        return _index(json.loads(ecosystem_index().read_bytes()))
    except (OSError, *_DAMAGED) as error:
        raise _damaged("index.json", error) from None


def _index(data: Any) -> Index:
    sources = {
        name: Source(
            name,
            one["title"],
            tuple(
                SourceRelease(
                    release["release"],
                    release["origin"],
                    release["version"],
                    release["licence"],
                    release.get("channel", ""),
                )
                for release in one["releases"]
            ),
        )
        for name, one in data["sources"].items()
    }
    kinds = tuple(
        IndexedKind(
            one["group"],
            one["kind"],
            one["plural"],
            one["scope"],
            one["source"],
            {name: tuple(releases) for name, releases in one["versions"].items()},
        )
        for one in data["kinds"]
    )
    return Index(sources, kinds)


@cache
def carried(group: str, kind: str) -> CarriedKind | None:
    """What is carried of a kind; None where it is not.

    Args:
        group: an API group, from whatever manifest.
        kind: a kind, the same.

    Raises:
        UndecidedError: its file cannot be read, or is damaged.
    """
    # Both come from manifests: nothing else than a name may become part of a path.
    if _GROUP.match(group) is None or _KIND.match(kind) is None:
        return None
    file = ecosystem_index().parent / group / f"{kind.lower()}.jsonl.gz"
    try:
        found = _read(zlib.decompress(file.read_bytes(), _GZIP).split(b"\n"))
    except FileNotFoundError:
        return None
    except OSError as error:
        if len(group) + len(kind) > 200:  # longer than a file's name can be
            return None
        raise _damaged(f"{group}/{file.name}", error) from None
    except _DAMAGED as error:
        raise _damaged(f"{group}/{file.name}", error) from None
    return found if found.kind == kind else None


def _damaged(name: str, error: Exception) -> UndecidedError:
    why = error.strerror if isinstance(error, OSError) else "it is damaged"
    return UndecidedError(f"the carried schema {name} cannot be read: {why}", "install gategit again")


def _read(lines: list[bytes]) -> CarriedKind:
    head = json.loads(lines[0])
    scope = head["scope"]
    return CarriedKind(
        head["group"],
        head["kind"],
        head["source"],
        head["title"],
        None if scope is None else scope == "Namespaced",
        head["names"],
        tuple(
            CarriedRelease(
                release["release"],
                release.get("channel", ""),
                tuple(
                    CarriedVersion(
                        one["name"],
                        one["served"],
                        one.get("storage", False),
                        one.get("deprecated"),
                        one.get("preserve", False),
                        one["schema"],
                        one.get("subresources", {}),
                    )
                    for one in release["versions"]
                ),
            )
            for release in head["releases"]
        ),
        {
            version: tuple((tuple(path), release) for path, release in fields)
            for version, fields in head.get("since", {}).items()
        },
        tuple(lines),
    )
