"""What objects are validated with: Kubernetes' own schemas, CRDs and schema files, by exact version and kind.

Everything is worked out when the first object of a kind asks for it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from gategit.bundled import ecosystem_index
from gategit.checks.schema import facts, kubernetes, versions
from gategit.checks.schema.crd import GROUP, KIND, Crd, CrdVersion, TooLargeError, is_crd, read_crd, structural
from gategit.checks.schema.keyed import Keyed, keyed_lists
from gategit.checks.schema.node import partial_root
from gategit.checks.schema.patterns import compile_schema
from gategit.errors import UndecidedError
from gategit.model import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import jsonschema_rs

    from gategit.checks.schema.ecosystem import Choice
    from gategit.cluster.snapshot import Snapshot

Schema = dict[str, Any]

_FORM: Final = "12"
"""Part of every digest: raise it when the same schemas begin to give other verdicts."""

_LAYOUT: Final = re.compile(r"(?:.*/)?([^/]+)/([^/_]+)_(v[0-9][a-z0-9]*)\.json\Z")


@dataclass(frozen=True, slots=True)
class SchemaSpec:
    """What objects are validated with, as plain values.

    Attributes:
        kubernetes_version: such as ``1.34``; None is the newest.
        crds: CustomResourceDefinitions, the most binding first (head tree, base, config folders).
        crd_files: the file of each of them, where that is known.
        folder_schemas: path and content of the files of the config's schema folders: CRDs, or schemas in the layout
            ``{group}/{kind}_{version}.json``.
        missing_level: the level of a kind without schema; None: such objects are counted only.
        snapshot: an export of the cluster: what it serves is what there is. Where it is of another version than
            ``kubernetes_version``, only its definitions of custom kinds count.
        releases: the releases that the cluster runs, by the project's short name, such as ``("argo-cd", "3.5")``; of
            a project that is not named, the newest that is carried judges.
        digest: names all of the above and the installed schemas; equal digests mean equal verdicts.
    """

    kubernetes_version: str | None = None
    crds: tuple[Schema, ...] = ()
    crd_files: tuple[str, ...] = ()
    folder_schemas: tuple[tuple[str, bytes], ...] = ()
    missing_level: Level | None = Level.WARNING
    snapshot: Snapshot | None = None
    releases: tuple[tuple[str, str], ...] = ()
    digest: str = field(init=False, default="")

    @property
    def served(self) -> Snapshot | None:
        """The export that says what the cluster serves; None where there is none of this version."""
        if self.snapshot is None or self.kubernetes_version not in (None, versions.of(self.snapshot.version)):
            return None
        return self.snapshot

    @property
    def version(self) -> str:
        """The Kubernetes version whose own schemas and facts hold: of a cluster, the nearest one that is known."""
        return (
            versions.resolve(self.kubernetes_version) if self.served is None else versions.nearest(self.served.version)
        )

    def __post_init__(self) -> None:
        """Work out the digest once: it is asked for with every file."""
        version = self.version
        state = versions.definitions_file(version).stat()
        hashed = blake2b(digest_size=16)
        hashed.update(f"{_FORM} {version} {state.st_size} {state.st_mtime_ns} {self.missing_level}".encode())
        carried = ecosystem_index().stat()
        hashed.update(f"{carried.st_size} {carried.st_mtime_ns} {self.releases!r} {self.crd_files!r}".encode())
        for crd in self.crds:
            # Dates and other values that JSON lacks do not occur: manifests are plain data.
            hashed.update(json.dumps(crd, sort_keys=True, default=str).encode("utf-8", "surrogatepass"))
        for path, content in self.folder_schemas:
            hashed.update(f"\0{path}\0{len(content)}\0".encode("utf-8", "surrogatepass"))
            hashed.update(content)
        if self.snapshot is not None:
            hashed.update(f"\0{self.kubernetes_version}\0{self.snapshot.digest}\0".encode())
        object.__setattr__(self, "digest", hashed.hexdigest())


@dataclass(frozen=True, slots=True)
class KindSchema:
    """How objects of one API version and kind are validated.

    Attributes:
        schema: in the common form.
        skipped: what of the schema cannot be used, in words.
        rules: how many CEL rules the schema holds, which are not evaluated.
        custom: whether it comes from a CRD or a schema file.
        namespaced: whether its objects live in a namespace; None where that is not known.
        deprecated: the CRD's words on a deprecated version; None where it is not deprecated.
        origin: where the schema comes from, in words, such as ``Argo CD 3.6.1``.
        choice: which release of a project judges, where the schema is one that gategit carries.
    """

    schema: Schema
    skipped: tuple[str, ...] = ()
    rules: int = 0
    custom: bool = False
    namespaced: bool | None = None
    deprecated: str | None = None
    origin: str = ""
    choice: Choice | None = None


@dataclass(frozen=True, slots=True)
class NotServed:
    """A kind is known, but not in this version.

    Attributes:
        defined: whether the version is defined, but not served.
        served: the versions that are served.
        origin: what says so, in words.
        sure: whether that is what the cluster has; a project's release that nobody named may be another one.
        channel: what the config would have to say where the cluster runs a side channel that serves it.
    """

    defined: bool
    served: tuple[str, ...]
    origin: str = "the CustomResourceDefinition"
    sure: bool = True
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Unusable:
    """There is a schema for the kind, but it cannot be used; ``reason`` says why."""

    reason: str


def layout_place(path: str) -> tuple[str, str, str] | None:
    """Group, kind in lower case and version of a schema file by its path; None for a file of another layout."""
    found = _LAYOUT.match(path)
    # The layout has kinds in lower case; some tools keep the capitals.
    return None if found is None else (found[1], found[2].lower(), found[3])


def folder_objects(path: str, content: bytes) -> Iterator[Any]:
    """The objects in a file of a schema folder, those of a List one by one."""
    from gategit.manifests.decode import decode  # noqa: PLC0415  only folders of CRDs need it

    for document in decode(content, path).documents:
        data = document.data
        if isinstance(data, dict) and data.get("kind") == "List":
            listed = data.get("items")
            yield from listed if isinstance(listed, list) else ()
        else:
            yield data


class SchemaSet:
    """The schemas of a spec, compiled when they are asked for.

    Args:
        spec: what to validate with.
    """

    def __init__(self, spec: SchemaSpec) -> None:
        self.spec = spec
        self.version = spec.version
        self.served = spec.served
        self.missing_level = spec.missing_level
        self._found: dict[tuple[str, str], KindSchema | NotServed | Unusable | None] = {}
        self._compiled: dict[tuple[str, str, bool], jsonschema_rs.Draft202012Validator | None] = {}
        self._partial: dict[tuple[str, str], Schema] = {}
        self._keyed: dict[tuple[str, str], Keyed | None] = {}
        self._meta: jsonschema_rs.Draft202012Validator | None = None
        self._crds: dict[tuple[str, str], Crd] = {}
        self._crd_origins: dict[tuple[str, str], str] = {}
        self._files: dict[tuple[str, str, str], tuple[str, bytes]] = {}
        self._releases = dict(spec.releases)
        for document, file in zip_longest(spec.crds, spec.crd_files, fillvalue=""):
            self._add_crd(
                document, f"the CustomResourceDefinition in {file}" if file else "its CustomResourceDefinition"
            )
        if spec.snapshot is not None:
            for document in spec.snapshot.of(GROUP, KIND):
                self._add_crd(document, f"the snapshot {spec.snapshot.name}")
        # What the cluster publishes comes after these, and before what the config's folders hold.
        self._first = frozenset(self._crds)
        for path, content in spec.folder_schemas:
            self._add_file(path, content)

    def _add_crd(self, document: Any, origin: str) -> None:
        found = read_crd(document) if is_crd(document) else None
        if found is not None and (found.group, found.kind) not in self._crds:
            self._crds[found.group, found.kind] = found
            self._crd_origins[found.group, found.kind] = origin

    def _add_file(self, path: str, content: bytes) -> None:
        place = layout_place(path)
        if place is not None:
            self._files.setdefault(place, (path, content))
            return
        for document in folder_objects(path, content):
            self._add_crd(document, path)

    @property
    def custom_kinds(self) -> Mapping[tuple[str, str], Crd]:
        """The CRDs by group and kind."""
        return self._crds

    @property
    def crd_origins(self) -> Mapping[tuple[str, str], str]:
        """Where each of `custom_kinds` comes from, in words."""
        return self._crd_origins

    @property
    def binding_kinds(self) -> frozenset[tuple[str, str]]:
        """Those of `custom_kinds` that come before what the cluster publishes: the repository's, and the export's."""
        return self._first

    @property
    def schema_files(self) -> Mapping[tuple[str, str, str], tuple[str, bytes]]:
        """Path and content of every schema file, by group, kind in lower case, and version."""
        return self._files

    def find(self, api_version: str, kind: str) -> KindSchema | NotServed | Unusable | None:
        """What there is for an API version and kind; None where there is nothing."""
        key = (api_version, kind)
        if key not in self._found:
            self._found[key] = self._find(api_version, kind)
        return self._found[key]

    def validator(self, api_version: str, kind: str, *, part: bool) -> jsonschema_rs.Draft202012Validator | None:
        """The compiled schema of a kind, or of a part of such an object; None where there is none to use."""
        key = (api_version, kind, part)
        if key not in self._compiled:
            self._compiled[key] = self._compile(api_version, kind, part=part)
        return self._compiled[key]

    def schema(self, api_version: str, kind: str, *, part: bool) -> Schema:
        """The schema that `validator` was compiled from.

        Raises:
            KeyError: there is none.
        """
        found = self.find(api_version, kind)
        if not isinstance(found, KindSchema):
            raise KeyError((api_version, kind))
        if not part:
            return found.schema
        key = (api_version, kind)
        if key not in self._partial:
            self._partial[key] = partial_root(found.schema)
        return self._partial[key]

    def keyed(self, api_version: str, kind: str) -> Keyed | None:
        """The lists of a kind whose entries are told apart by keys; None where there is none."""
        key = (api_version, kind)
        if key not in self._keyed:
            found = self.find(api_version, kind)
            self._keyed[key] = keyed_lists(found.schema) if isinstance(found, KindSchema) else None
        return self._keyed[key]

    @property
    def meta_schema(self) -> Schema:
        """The schema of an object of which only the metadata is known."""
        meta = kubernetes.object_meta(self.version)
        return {"properties": {"metadata": {"$ref": meta["$ref"]}}, "$defs": meta["$defs"]}

    def meta_validator(self) -> jsonschema_rs.Draft202012Validator:
        """The compiled `meta_schema`."""
        if self._meta is None:
            self._meta = compile_schema(self.meta_schema)
        return self._meta

    def _compile(self, api_version: str, kind: str, *, part: bool) -> jsonschema_rs.Draft202012Validator | None:
        found = self.find(api_version, kind)
        if not isinstance(found, KindSchema):
            return None
        try:
            return compile_schema(self.schema(api_version, kind, part=part))
        except Exception as error:  # noqa: BLE001  a schema from a repository may be wrong in ways that only show here
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            self._found[api_version, kind] = Unusable(f"its schema cannot be compiled: {reason}")
            return None

    def _find(self, api_version: str, kind: str) -> KindSchema | NotServed | Unusable | None:
        group, _, version = api_version.rpartition("/")
        definition = self._crds.get((group, kind))
        if (group, kind) not in self._first and self.served is not None:
            published = self._published(self.served, api_version, kind)
            if published is not None:
                return published
        if definition is not None:
            return self._from_crd(definition, version)
        file = self._files.get((group, kind.lower(), version))
        if file is not None:
            return self._from_file(*file)
        if not facts.own_group(group):
            carried = self._carried(group, version, kind)
            if carried is not None:
                return carried
        if self.served is not None and self.served.discovery.find(api_version, kind) is None:
            return None
        own = kubernetes.kind_schema(self.version, api_version, kind)
        return KindSchema(own, origin=f"Kubernetes {self.version}") if own is not None else None

    def _carried(self, group: str, version: str, kind: str) -> KindSchema | NotServed | Unusable | None:
        from gategit.checks.schema import ecosystem  # noqa: PLC0415  where all kinds are Kubernetes' own it costs 5 ms

        try:
            carried = ecosystem.carried(group, kind)
        except UndecidedError as error:
            return Unusable(error.message)
        if carried is None:
            return None
        choice = ecosystem.choose(carried, version, self._releases.get(carried.source))
        if isinstance(choice, ecosystem.NoChoice):
            return NotServed(choice.defined, choice.served, choice.origin, choice.sure, choice.channel)
        return self.read_release(choice)

    def read_release(self, choice: Choice) -> KindSchema | Unusable:
        """The schema of a kind as a release of its project has it."""
        carried, version = choice.kind, choice.version
        try:
            form = structural(carried.schema(version), kubernetes.object_meta(self.version), preserve=version.preserve)
        except TooLargeError:
            return Unusable(f"the schema of {choice.origin} is too deep or too large")
        except UndecidedError as error:
            return Unusable(error.message)
        return KindSchema(
            form.schema,
            form.skipped,
            form.rules,
            custom=True,
            namespaced=carried.namespaced,
            deprecated=version.deprecated,
            origin=choice.origin,
            choice=choice,
        )

    def _published(self, snapshot: Snapshot, api_version: str, kind: str) -> KindSchema | Unusable | None:
        """The schema that the cluster itself publishes; None where it publishes none."""
        name = snapshot.component(api_version, kind)
        if name is None:
            return None
        from gategit.checks.schema import openapi  # noqa: PLC0415  only a run with a snapshot needs it

        origin = f"the snapshot {snapshot.name}"
        components = snapshot.components(api_version)
        resource = snapshot.discovery.find(api_version, kind)
        namespaced = None if resource is None else resource.namespaced
        own = facts.own_group(api_version.rpartition("/")[0])
        try:
            component = openapi.without_metadata(components[name])
            if own or openapi.refers_to_others(component):
                schema = kubernetes.schema_of(openapi.Definitions(components), name)
                return KindSchema(schema, custom=not own, namespaced=namespaced, origin=origin)
            form = structural(component, kubernetes.object_meta(self.version))
        except TooLargeError:
            return Unusable("the schema that its cluster publishes is too deep or too large")
        except openapi.UnknownComponentError as error:
            return Unusable(f"the schema that its cluster publishes refers to {error}, which the snapshot lacks")
        return KindSchema(form.schema, form.skipped, form.rules, custom=True, namespaced=namespaced, origin=origin)

    def _from_crd(self, crd: Crd, version: str) -> KindSchema | NotServed | Unusable:
        named: CrdVersion | None = next((one for one in crd.versions if one.name == version), None)
        if named is None or not named.served:
            return NotServed(named is not None, tuple(one.name for one in crd.versions if one.served))
        if named.schema is None:
            return Unusable("its CustomResourceDefinition has no schema for this version")
        try:
            form = structural(named.schema, kubernetes.object_meta(self.version), preserve=crd.preserve)
        except TooLargeError:
            return Unusable("the schema in its CustomResourceDefinition is too deep or too large")
        return KindSchema(
            form.schema,
            form.skipped,
            form.rules,
            custom=True,
            namespaced=crd.namespaced,
            deprecated=named.deprecated,
            origin=self._crd_origins[crd.group, crd.kind],
        )

    def _from_file(self, path: str, content: bytes) -> KindSchema | Unusable:
        try:
            raw = json.loads(content)
        except (ValueError, RecursionError):
            return Unusable("its schema file is not JSON")
        if not isinstance(raw, dict):
            return Unusable("its schema file holds no schema")
        try:
            form = structural(raw, kubernetes.object_meta(self.version), strict=False)
        except TooLargeError:
            return Unusable("its schema file is too deep or too large")
        return KindSchema(form.schema, form.skipped, form.rules, custom=True, origin=path)
