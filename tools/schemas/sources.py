"""The sources that schemas are derived from, as ``sources.toml`` pins them.

Each table is a source: a project with its kinds. Its ``releases`` stand newest first; what is written beside them holds
for all of them, and a release may say otherwise. ``origin``, ``version`` and ``checksum`` name a publication that never
changes; ``licence`` is the SPDX id of the terms that it is published under. ``form`` says how it is read:
``form = "crds"`` is read by ``form_crds.py``. Where a release is made of several publications, ``packages`` lists them.
The keys that no form has in common are the form's own options.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tools.schemas.errors import SchemasError

FILE: Final = Path(__file__).resolve().parent / "sources.toml"

_FORM: Final = re.compile(r"[a-z][a-z0-9_]*\Z")
_RELEASE: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*(?:-[a-z]+)?\Z")
_PINNED: Final = ("origin", "version", "checksum")


@dataclass(frozen=True, slots=True)
class Package:
    """A publication: ``origin`` is a Go module or a package, ``version`` as its registry writes it."""

    origin: str
    version: str
    checksum: str

    def __str__(self) -> str:
        return f"{self.origin} {self.version}"


@dataclass(frozen=True, slots=True)
class Release:
    """One release of a project, and the publication that it is read from.

    Attributes:
        source: the project's short name, such as ``argo-cd``.
        name: the release's, such as ``3.6.1``.
        form: how the publication is read.
        origin: what is published: a Go module, a package.
        version: the publication's version, as its registry writes it.
        checksum: what the registry's client must say of it, or the publication's own hash, as the form has it; "" only
            where `packages` are what is read, and the publication that names them cannot be had.
        licence: an SPDX id.
        channel: "" for what the project calls stable, else such as ``experimental``.
        options: what the form alone knows, such as ``files``.
        packages: the publications that it is made of and that are read instead of it.
    """

    source: str
    name: str
    form: str
    origin: str
    version: str
    checksum: str
    licence: str
    channel: str
    options: Mapping[str, Any]
    packages: tuple[Package, ...] = ()

    def __str__(self) -> str:
        return f"{self.source} {self.name}"


@dataclass(frozen=True, slots=True)
class Source:
    """A project. ``releases`` stand newest first, side channels last."""

    name: str
    title: str
    releases: tuple[Release, ...]


def read_sources(file: Path = FILE) -> tuple[Source, ...]:
    """Read the pinned sources.

    Raises:
        SchemasError: the file does not say what it must.
    """
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SchemasError(f"{file.name} is not TOML: {error}") from None
    return tuple(_source(name, table) for name, table in sorted(data.items()))


def _source(name: str, table: Any) -> Source:
    if not isinstance(table, dict) or not isinstance(table.get("title"), str):
        raise SchemasError(f"the source {name} has no title")
    listed = table.get("releases")
    if not isinstance(listed, list) or not listed:
        raise SchemasError(f"the source {name} has no releases")
    common = {key: value for key, value in table.items() if key not in ("title", "releases")}
    releases = tuple(_release(name, {**common, **one}) for one in listed)
    names = [release.name for release in releases]
    for one in names:
        if names.count(one) > 1:
            raise SchemasError(f"the source {name} has the release {one} twice")
    order = sorted(releases, key=lambda release: (not release.channel, numbers(release.name)), reverse=True)
    if list(releases) != order:
        wanted = ", ".join(release.name for release in order)
        raise SchemasError(f"the releases of {name} must stand newest first, side channels last: {wanted}")
    return Source(name, table["title"], releases)


def numbers(release: str) -> tuple[int, ...]:
    """A release's numbers, by which releases are ordered."""
    return tuple(int(one) for one in release.partition("-")[0].split("."))


def _release(source: str, table: dict[str, Any]) -> Release:
    options = dict(table)
    packages = tuple(Package(*_texts(source, dict(one), _PINNED)) for one in options.pop("packages", ()))
    checksum = "" if packages and "checksum" not in options else _texts(source, options, ("checksum",))[0]
    origin, version, licence = _texts(source, options, ("origin", "version", "licence"))
    name = options.pop("release", version.removeprefix("v"))
    form, channel = options.pop("form", "crds"), options.pop("channel", "")
    if not isinstance(form, str) or _FORM.match(form) is None:
        raise SchemasError(f"the source {source} has the form {form!r}, which cannot be the name of a module")
    if not isinstance(name, str) or _RELEASE.match(name) is None:
        raise SchemasError(f"the source {source} has the release {name!r}; a release is numbers, such as 1.2.3")
    if name.partition("-")[2] != channel:
        raise SchemasError(f"the release {name} of {source} and its channel {channel!r} do not say the same")
    return Release(source, name, form, origin, version, checksum, licence, channel, options, packages)


def _texts(source: str, table: dict[str, Any], keys: Sequence[str]) -> list[str]:
    """The values of keys that must be there, taken out of a table."""
    for key in keys:
        if not isinstance(table.get(key), str) or not table[key]:
            raise SchemasError(f"a release of the source {source} has no {key}")
    return [table.pop(key) for key in keys]
