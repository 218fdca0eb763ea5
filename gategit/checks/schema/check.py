"""The check "schema": every object of a file against the schema of its kind.

Valid objects cost one look-up and one call into Rust; what that refuses is read again slowly, to say what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from gategit.checks.schema import facts, rules
from gategit.checks.schema.crd import crd_problems, is_crd
from gategit.checks.schema.keyed import Keyed, repeated
from gategit.checks.schema.node import MEANS, WRITTEN
from gategit.checks.schema.patterns import compile_pattern
from gategit.checks.schema.releases import OtherReleases, how_to_pin, newer_fields, with_judge
from gategit.checks.schema.spec import KindSchema, NotServed, SchemaSet, Unusable
from gategit.manifests.classify import KUSTOMIZATION_NAMES, NEVER_APPLIED
from gategit.manifests.manifest import Manifest, Role
from gategit.manifests.secrecy import SEALED, is_encrypted
from gategit.model import FieldPath, Finding, Level, Rule, Stage, Unchecked, format_path
from gategit.nearest import nearest

if TYPE_CHECKING:
    from gategit.checks.schema.ecosystem import Choice
    from gategit.checks.schema.explain import Trouble
    from gategit.cluster.snapshot import Snapshot
    from gategit.manifests.file import ManifestFile

FOR_THE_SERVER = "only the API server evaluates them"
"""Ends the reason of what a dry run makes up for."""

_RULES: Final = {rule.id: rule for rule in rules.RULES}
_FILLED_IN: Final = ("${", "ENC[", "<path:", "<secret:")
_FIRST_NUMBER: Final = re.compile(r"0[0-7]+\Z")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\Z")
_LONGEST_NAME: Final = 253
_FREE_NAMES: Final = ("rbac.authorization.k8s.io", "authorization.openshift.io", "user.openshift.io")
_NAMELESS: Final = re.compile(r"(?:Review|Binding|Scale|Eviction|Status|Options|List|Request)\Z")
_SEALED: Final = "encrypted with SOPS: encrypted values were not looked at"


def check_file(
    file: ManifestFile, schemas: SchemaSet, target: str | None = None
) -> tuple[list[Finding], list[Unchecked]]:
    """Validate every object of a manifest or patch file, and Kustomize's own file.

    Args:
        file: any file; one of another role has nothing to validate.
        schemas: what to validate with.
        target: the target's name for the findings, where the file is checked for one.

    Returns:
        The findings, and what could not be looked at.
    """
    findings: list[Finding] = []
    unchecked: dict[Unchecked, None] = {}
    if file.path.rpartition("/")[2] in KUSTOMIZATION_NAMES:
        from gategit.checks.schema.kustomization import check_kustomization  # noqa: PLC0415  most files are none

        findings += check_kustomization(file, target)
    if file.role not in (Role.MANIFEST, Role.PATCH):
        return findings, []
    for manifest in _objects(file):
        _Check(file, manifest, schemas, target, findings, unchecked).run()
    return findings, list(unchecked)


def judged_by(file: ManifestFile, schemas: SchemaSet) -> Iterator[tuple[str, str, str]]:
    """API version, kind and the origin of the schema of everything that was validated with one."""
    if file.path.rpartition("/")[2] in KUSTOMIZATION_NAMES:
        from gategit.checks.schema.kustomization import judged_kustomization  # noqa: PLC0415  most files are none

        yield from judged_kustomization(file)
    if file.role not in (Role.MANIFEST, Role.PATCH):
        return
    for manifest in _objects(file):
        found = schemas.find(manifest.api_version, manifest.kind)
        if isinstance(found, KindSchema):
            yield manifest.api_version, manifest.kind, found.origin


def _objects(file: ManifestFile) -> Iterator[Manifest]:
    """What of a file an API server would be asked to take; ``builtin`` are Kustomize's own generators."""
    return (one for one in file.manifests if one.group not in NEVER_APPLIED and one.api_version != "builtin")


@dataclass(slots=True)
class _Check:
    """One object being validated; what is found is added to the lists."""

    file: ManifestFile
    manifest: Manifest
    schemas: SchemaSet
    target: str | None
    findings: list[Finding]
    unchecked: dict[Unchecked, None]

    def run(self) -> None:
        manifest, schemas = self.manifest, self.schemas
        part = self.file.role is Role.PATCH or "$patch" in manifest.data
        found = schemas.find(manifest.api_version, manifest.kind)
        validator = schemas.validator(manifest.api_version, manifest.kind, part=part)
        if isinstance(found, KindSchema) and validator is not None:
            if not validator.is_valid(manifest.data):
                schema = schemas.schema(manifest.api_version, manifest.kind, part=part)
                self._explain(schema, manifest.data, found, part=part)
            self._notes(found)
            if found.choice is not None:
                self._release(found.choice)
            keyed = schemas.keyed(manifest.api_version, manifest.kind)
            if keyed is not None and not part:
                self._repeated(keyed, custom=found.custom)
        else:
            self._without_schema(schemas.find(manifest.api_version, manifest.kind), part=part)
        self._api()
        if not part:
            self._name()
            if manifest.kind == "CustomResourceDefinition" and is_crd(manifest.data):
                self._definition()

    # --- one kind of statement each ----------------------------------------------------------------------------------

    def _without_schema(self, found: object, *, part: bool) -> None:
        manifest = self.manifest
        if is_encrypted(manifest.data) and manifest.kind.startswith(SEALED):
            self._miss("encrypted with SOPS, its kind as well")
            return
        # Of what nothing is known, both may be of any length.
        what = f"{manifest.api_version[:200]} {manifest.kind[:100]}"
        if not part and not self.schemas.meta_validator().is_valid(manifest.data):
            self._explain(self.schemas.meta_schema, manifest.data, None, part=part)
        if part and not isinstance(found, Unusable):
            self._miss("a patch of a kind without schema: only its syntax was looked at")
        elif isinstance(found, NotServed):
            served = " and ".join(f"{manifest.group}/{version}" for version in found.served) or "none"
            why = "does not serve it" if found.defined else "does not have it"
            ways = [f"write apiVersion: {manifest.group}/{found.served[-1]}"] if found.served else []
            if found.channel:
                ways.append(
                    f"say in .gategit.yaml that the cluster has the channel: schemas: {{releases: {{{found.channel}}}}}"
                )
            self._find(
                rules.VERSION_NOT_SERVED,
                f"{what}: {found.origin} {why}; it serves {served}",
                ("apiVersion",),
                help=", or ".join(ways),
                level=None if found.sure else Level.WARNING,
                subject="" if found.sure else what,
            )
            self._miss("its version is not served" if found.sure else "none of the carried releases serves its version")
        elif isinstance(found, Unusable):
            self._find(rules.SCHEMA_UNUSABLE, f"{what} cannot be validated: {found.reason}", ("kind",), subject=what)
            self._miss(found.reason)
        else:
            self._unknown_kind(what)

    def _unknown_kind(self, what: str) -> None:
        manifest, version = self.manifest, self.schemas.version
        if self._not_in_cluster(what):
            return
        if facts.retirement(manifest.api_version, manifest.kind) is not None:
            first = facts.first_served(manifest.api_version, manifest.kind)
            if first is None or _later(version, first):
                self._miss(f"Kubernetes {version} does not serve it")
                return  # said by removed-api
        first = facts.first_served(manifest.api_version, manifest.kind)
        served = facts.served_versions(version, manifest.group, manifest.kind)
        if first is not None:
            self._find(
                rules.VERSION_NOT_SERVED,
                f"{what} is served from Kubernetes {first} on, not by {version}",
                ("apiVersion",),
                help=f"write apiVersion: {served[0]}" if served else "",
            )
            self._miss(f"Kubernetes {version} does not serve it")
            return
        if served:
            self._find(
                rules.VERSION_NOT_SERVED,
                f"Kubernetes {version} has no {what}; it serves {' and '.join(served)}",
                ("apiVersion",),
                help=f"write apiVersion: {served[0]}",
            )
            self._miss(f"Kubernetes {version} does not serve it")
            return
        if facts.own_group(manifest.group):
            here = [kind for api_version, kind in facts.kinds(version) if api_version == manifest.api_version]
            places = [api_version for api_version, kind in facts.kinds(version) if kind == manifest.kind]
            wrong = f"Kubernetes {version} has no kind {manifest.kind} in {manifest.api_version}"
            if places:
                message, advice = f"{wrong}; it is in {' and '.join(places)}", f"write apiVersion: {places[0]}"
            else:
                message, advice = f"{wrong}{_did_you_mean(manifest.kind, here)}", ""
            self._find(rules.UNKNOWN_KIND, message, ("apiVersion",) if places else ("kind",), help=advice)
            self._miss("there is no such kind")
            return
        self._miss("no schema for this kind: only its metadata was looked at")
        if self.schemas.missing_level is not None:
            cluster = self.schemas.served
            lacks = cluster is not None and _lacks(cluster, manifest)
            kind, place = ("", "") if lacks else self._alike()
            group = place.partition("/")[0]
            like = f"; did you mean {kind}?" if kind else f"; did you mean the group {group}?" if group else ""
            mend = f"write kind: {kind}, or " if kind else f"write apiVersion: {place}, or " if group else ""
            self._find(
                rules.SCHEMA_MISSING,
                f"there is no schema for {what}{', and its cluster does not serve it' if lacks else like}",
                ("kind",),
                help=f"{mend}add its CustomResourceDefinition: gategit schema add FILE "
                f"(FILE defines {manifest.kind[:100]} of {manifest.group[:200] or 'the core group'})",
                place=("apiVersion",) if group else None,
                level=self.schemas.missing_level,
                subject=f"{manifest.group}/{manifest.version}/{manifest.kind}",
            )

    def _alike(self) -> tuple[str, str]:
        """What a kind that nothing has was meant to be: another kind of its group, or its kind in an API version."""
        from gategit.checks.schema import ecosystem  # noqa: PLC0415  only a kind that is not there needs the index
        from gategit.checks.schema.known import stability  # noqa: PLC0415  the same

        manifest = self.manifest
        carried = ecosystem.index()
        group = [one.kind for one in carried.of_group(manifest.group)]
        group += [kind for where, kind in self.schemas.custom_kinds if where == manifest.group]
        if group:
            return _like(manifest.kind, group), ""
        places = {one.group: one.versions for one in carried.kinds if one.kind == manifest.kind}
        place = nearest(manifest.group, sorted(places))
        if place is None:
            return "", ""
        served = places[place]
        return "", f"{place}/{manifest.version if manifest.version in served else min(served, key=stability)}"

    def _release(self, choice: Choice) -> None:
        """Say what depends on which release of a project the cluster runs, where nobody said which one that is."""
        manifest = self.manifest
        what = f"{manifest.api_version} {manifest.kind}"
        cluster = self.schemas.served
        if cluster is not None and _lacks(cluster, manifest) and not self._not_in_cluster(what):
            self._find(
                rules.VERSION_NOT_SERVED,
                f"the cluster of the snapshot {cluster.name} has no {what}; {choice.origin} has it",
                ("apiVersion",),
                help="install its CustomResourceDefinition first, or export the cluster again",
                level=Level.WARNING,
                subject=what,
            )
        newer = choice.dropped_by
        if newer is not None:
            served = " and ".join(f"{manifest.group}/{version}" for version in newer.served) or "none"
            last = f", as {choice.release.name} does" if choice.version.served else ""
            still = "" if choice.release.channel else " any more"
            self._find(
                rules.VERSION_NOT_SERVED,
                f"{what}: {choice.kind.of(newer)} does not serve it{still}{last}; it serves {served}",
                ("apiVersion",),
                help=f"write apiVersion: {manifest.group}/{newer.served[-1]}, or {how_to_pin(choice)}"
                if newer.served
                else how_to_pin(choice),
                level=Level.WARNING,
                subject=what,
            )
        for path, release in newer_fields(choice, manifest.data):
            self._find(
                rules.UNKNOWN_FIELD,
                f"{format_path(path)} is a field from {choice.kind.title} {release} on",
                path,
                help=how_to_pin(choice),
                key=True,
                level=Level.WARNING,
            )

    def _not_in_cluster(self, what: str) -> bool:
        """Say that the cluster, by its snapshot, does not serve the API version; False where that is not the matter."""
        manifest, cluster = self.manifest, self.schemas.served
        if cluster is None or not _lacks(cluster, manifest):
            return False
        status = api_status(self.schemas.version, manifest.api_version, manifest.kind)
        prefix = f"{manifest.group}/" if manifest.group else ""
        served = [f"{prefix}{version}" for version in cluster.discovery.versions(manifest.group, manifest.kind)]
        if status is None or status.rule is not rules.REMOVED_API:  # that is said by _api
            name = f"the cluster of the snapshot {cluster.name} ({cluster.version})"
            if served:
                message = f"{name} has no {what}; it serves {' and '.join(served)}"
            elif facts.serves(self.schemas.version, manifest.api_version, manifest.kind):
                message = f"{name} does not serve {what}, though Kubernetes {self.schemas.version} has it"
            else:
                return False
            advice = f"write apiVersion: {served[0]}" if served else "switch the API on, or export the cluster again"
            self._find(rules.VERSION_NOT_SERVED, message, ("apiVersion",), help=advice)
        self._miss("its cluster does not serve it")
        return True

    def _api(self) -> None:
        """Say that the API version is removed or deprecated."""
        manifest, version = self.manifest, self.schemas.version
        found = self.schemas.find(manifest.api_version, manifest.kind)
        if isinstance(found, KindSchema) and found.custom:
            dropped = found.choice is not None and found.choice.dropped_by is not None  # said by _release
            if found.deprecated is not None and not dropped:
                words = f": {found.deprecated}" if found.deprecated else ""
                by = "its CustomResourceDefinition" if found.choice is None else found.origin
                better = found.choice.release.lasting if found.choice is not None else None
                self._find(
                    rules.DEPRECATED_API,
                    f"{manifest.api_version} {manifest.kind} is deprecated by {by}{words}",
                    ("apiVersion",),
                    help=f"write apiVersion: {manifest.group}/{better}" if better else "",
                )
            return
        if found is not None and not isinstance(found, KindSchema):
            return
        status = api_status(version, manifest.api_version, manifest.kind)
        if status is not None:
            self._find(status.rule, status.message, ("apiVersion",), help=status.help)

    def _notes(self, found: KindSchema) -> None:
        manifest = self.manifest
        what = f"{manifest.api_version} {manifest.kind}"
        if found.rules:
            count = "1 CEL rule" if found.rules == 1 else f"{found.rules} CEL rules"
            self.unchecked.setdefault(Unchecked(what, f"{count} of its schema: {FOR_THE_SERVER}"))
        for part in found.skipped:
            self.unchecked.setdefault(Unchecked(what, f"{part} of its schema, which is not supported here"))
        if found.namespaced is False and manifest.namespace is not None:
            self._find(
                rules.SCOPE_MISMATCH,
                f"{manifest.kind} is a cluster-wide kind, so the namespace {manifest.namespace} is ignored",
                ("metadata", "namespace"),
                help="remove metadata.namespace",
            )

    def _repeated(self, keyed: Keyed, *, custom: bool) -> None:
        for path, words in repeated(keyed, self.manifest.data):
            self._find(
                rules.INVALID_VALUE,
                f"{format_path(path[:-1])} has two entries with {words}",
                path,
                help="remove one of them",
                # Of a built-in kind only server-side apply refuses it; other clients lose one of the two.
                level=None if custom or self.file.applied_server_side else Level.WARNING,
            )

    def _name(self) -> None:
        data, kind = self.manifest.data, self.manifest.kind
        if _NAMELESS.search(kind) and kind not in ("RoleBinding", "ClusterRoleBinding"):
            return
        metadata = data.get("metadata")
        if metadata is not None and not isinstance(metadata, dict):
            return  # said as a wrong type
        if not (metadata or {}).get("name") and not (metadata or {}).get("generateName"):
            place: FieldPath = ("metadata",) if metadata is not None else ("kind",)
            self._find(
                rules.MISSING_FIELD,
                f"this {kind} has no name",
                ("metadata", "name"),
                help="add metadata.name",
                place=place,
                key=True,
            )
            return
        name = (metadata or {}).get("name")
        known = self.schemas.find(self.manifest.api_version, kind)
        if isinstance(name, str) and name and not _filled_in(name) and isinstance(known, KindSchema):
            self._name_form(name)

    def _name_form(self, name: str) -> None:
        """Names are part of URLs, and for nearly all kinds domain names."""
        if self.manifest.group in _FREE_NAMES:
            wrong = "/" in name or "%" in name or name in (".", "..")
            wanted = "must not hold / or %"
        else:
            wrong = _SUBDOMAIN.match(name) is None
            wanted = "may hold only lower-case letters, digits, - and ., and must begin and end with a letter or digit"
        if not wrong and len(name) > _LONGEST_NAME:
            wrong, wanted = True, f"may have at most {_LONGEST_NAME} characters, not {len(name)}"
        if wrong:
            self._find(
                rules.INVALID_VALUE, f"the name {name[:80]} of a {self.manifest.kind} {wanted}", ("metadata", "name")
            )

    def _definition(self) -> None:
        for problem in crd_problems(self.manifest.data):
            self._find(
                rules.CRD_INVALID,
                f"{problem.message} (at {format_path(problem.path)})",
                problem.path,
                key=problem.key,
            )

    # --- what the schema refuses -------------------------------------------------------------------------------------

    def _explain(self, schema: dict[str, Any], data: dict[str, Any], judge: KindSchema | None, *, part: bool) -> None:
        from gategit.checks.schema.explain import explain  # noqa: PLC0415  imports jsonschema: only failures pay

        manifest = self.manifest
        secret = manifest.kind == "Secret"
        title = f"{manifest.kind} {manifest.name}".strip()
        try:
            troubles = explain(schema, data, title, secret=secret)
        except RecursionError:
            self._find(
                rules.INVALID_VALUE,
                f"{title} does not fit its schema, and is nested too deep to say where",
                (),
            )
            return
        choice = judge.choice if judge is not None else None
        others = (
            OtherReleases(self.schemas, choice, data, part=part, secret=secret)
            if choice is not None and troubles
            else None
        )
        if choice is None or others is None:
            for trouble in troubles:
                self._report(trouble, secret=secret)
            return
        for trouble, taking in zip(troubles, others.taking(troubles), strict=True):
            by = with_judge("", choice, taking)
            if taking is None:
                self._report(trouble, secret=secret, by=by)
            else:
                self._report(
                    replace(trouble, help=how_to_pin(choice, taking)), secret=secret, level=Level.WARNING, by=by
                )

    def _report(self, trouble: Trouble, *, secret: bool, level: Level | None = None, by: str = "") -> None:
        path = trouble.path
        if path == ("sops",) and isinstance(self.manifest.data.get("sops"), dict):
            self._miss(_SEALED)
            return
        if path and path[:1] == ("metadata",) and path[1:] == ("name",) and trouble.rule == "missing-field":
            return  # said by _name
        value = _value_at(self.manifest.data, path)
        if trouble.rule in ("wrong-type", "invalid-value") and _filled_in(value):
            sealed = isinstance(value, str) and value.startswith("ENC[")
            self._miss(_SEALED if sealed else "a value is filled in later (such as ${VARIABLE}): it was not looked at")
            return
        if trouble.rule == "wrong-type":
            surprise = self._surprise(trouble, secret=secret)
            if surprise is not None:
                self._find(rules.SURPRISING_SCALAR, surprise[0] + by, path, help=surprise[1], level=level)
                return
        advice = trouble.help
        if trouble.rule == "unknown-field" and self.schemas.spec.kubernetes_version is not None:
            found = self.schemas.find(self.manifest.api_version, self.manifest.kind)
            if isinstance(found, KindSchema) and not found.custom:
                # Where several versions are checked, a reader must see which one it is.
                advice = f"Kubernetes {self.schemas.version} has no such field there"
        rule = _RULES[trouble.rule]
        self._find(rule, trouble.message + by, path, help=advice, place=trouble.place, key=trouble.key, level=level)

    def _surprise(self, trouble: Trouble, *, secret: bool) -> tuple[str, str] | None:  # noqa: PLR0911  one answer for each case
        """Message and help, where the value is not what a reader sees; None where it is just of the wrong type."""
        value, path = trouble.value, trouble.path
        name = format_path(path)
        if isinstance(value, dict | list):
            return None
        if isinstance(value, str):
            if "integer" in trouble.expected and "string" not in trouble.expected and _FIRST_NUMBER.match(value):
                return (
                    f'{name} is written "{value}" in quotes, so the cluster reads a text; an integer is wanted here',
                    f"write {value} without quotes; YAML reads that as the octal number {int(value, 8)}",
                )
            return None
        if trouble.expected != ("string",):
            return None
        source = self.manifest.source
        raw = self.file.source_map.scalar(source.document, (*source.pointer, *path))
        if raw is None or (self.file.path.endswith(".json")):
            return None
        if secret:
            read = "null" if value is None else "a boolean" if isinstance(value, bool) else "a number"
            return (
                f"the value of {name} has no quotes, so the cluster reads it as {read}; a string is wanted here",
                "put the value in quotes",
            )
        if not raw:
            return (f"{name} has no value, which the cluster reads as null; a string is wanted here", 'write ""')
        read = _read_as(value)
        message = (
            f"{name} is written {raw[:80]} without quotes, which the cluster reads as {read}; a string is wanted here"
        )
        return message, self._other_form(raw, path) or f'write "{raw[:80]}" in quotes'

    def _other_form(self, text: str, path: FieldPath) -> str:
        """How to mend a value that quotes alone do not mend, such as a duration without a unit; "" where they do."""
        from gategit.checks.schema.elsewhere import schema_at  # noqa: PLC0415  only failures pay

        found = self.schemas.find(self.manifest.api_version, self.manifest.kind)
        node = schema_at(found.schema, path) if isinstance(found, KindSchema) else None
        pattern = (node or {}).get("pattern")
        compiled = compile_pattern(pattern) if isinstance(pattern, str) else None
        if node is None or compiled is None or compiled.is_valid(text):
            return ""
        return f"write {node[MEANS]}" if MEANS in node else f"write a text that matches {node.get(WRITTEN, pattern)}"

    # --- the lists ---------------------------------------------------------------------------------------------------

    def _miss(self, reason: str) -> None:
        ref = self.manifest.ref
        self.unchecked.setdefault(Unchecked(f"{self.file.path}: {ref.api_version} {ref}".strip(), reason))

    def _find(  # noqa: PLR0913  a finding has many sides; all but three are named by the caller
        self,
        rule: Rule,
        message: str,
        path: FieldPath,
        *,
        help: str = "",  # noqa: A002  the field's name in Finding
        place: FieldPath | None = None,
        key: bool = False,
        level: Level | None = None,
        subject: str = "",
    ) -> None:
        # A missing field is asked for itself: something may have removed it, and stands elsewhere.
        at = path if place is None or place == path[:-1] else place
        self.findings.append(
            Finding(
                rule=rule.id,
                stage=Stage.SCHEMA,
                level=level or rule.level,
                message=message,
                location=self.file.location(self.manifest.source, at, on="key" if key else "value"),
                help=help,
                object=self.manifest.ref,
                path=path,
                subject=subject,
                target=self.target,
            )
        )


@dataclass(frozen=True, slots=True)
class ApiStatus:
    """That an API version is removed or deprecated, in words."""

    rule: Rule
    message: str
    help: str


@lru_cache(maxsize=4096)
def api_status(version: str, api_version: str, kind: str) -> ApiStatus | None:
    """What a Kubernetes version thinks of a kind's API version; None where there is nothing to say.

    Args:
        version: such as ``1.34``; it need not be one with schemas.
        api_version: such as ``policy/v1beta1``.
        kind: such as ``PodDisruptionBudget``.
    """
    what = f"{api_version} {kind}"
    known = facts.retirement(api_version, kind)
    if known is None or (known.deprecated is None and not _gone(version, known)):
        better = facts.successor(version, api_version, kind)
        if better is None:
            return None
        return ApiStatus(
            rules.DEPRECATED_API,
            f"{what} is not stable, and Kubernetes {version} serves {better}, which replaces it",
            f"write apiVersion: {better}",
        )
    instead = _instead(version, api_version, kind, known)
    advice = f"write apiVersion: {instead}" if instead else f"use {known.instead}" if known.instead else ""
    if _gone(version, known):
        end = f"; {instead} replaces it" if instead else f"; use {known.instead}" if known.instead else ""
        since = f"removed in Kubernetes {known.removed}"
        return ApiStatus(rules.REMOVED_API, f"{what} was {since}, so {version} does not serve it{end}", advice)
    if known.deprecated is not None and _later(version, known.deprecated):
        end = f" and removed in {known.removed}" if known.removed else ""
        then = f"; {instead} replaces it" if instead else f"; use {known.instead}" if known.instead else ""
        return ApiStatus(
            rules.DEPRECATED_API, f"{what} is deprecated since Kubernetes {known.deprecated}{end}{then}", advice
        )
    return None


def _instead(version: str, api_version: str, kind: str, known: facts.Retirement) -> str:
    group = facts.group_of(api_version)
    served = [one for one in facts.served_versions(version, group, kind) if one != api_version]
    if known.replacement and (not served or facts.serves(version, known.replacement, kind)):
        return known.replacement
    return served[0] if served else known.replacement


def _gone(version: str, known: facts.Retirement) -> bool:
    return known.removed is not None and _later(version, known.removed)


def _later(version: str, than: str) -> bool:
    return int(version.partition(".")[2]) >= int(than.partition(".")[2])


def _lacks(cluster: Snapshot, manifest: Manifest) -> bool:
    """Whether a cluster does not serve a manifest's kind; of a server behind it that was down, nobody knows."""
    served = cluster.discovery.find(manifest.api_version, manifest.kind) is not None
    return not served and manifest.api_version not in cluster.discovery.stale


def _did_you_mean(kind: str, known: list[str]) -> str:
    found = _like(kind, known)
    return f"; did you mean {found}?" if found else ""


def _like(kind: str, known: list[str]) -> str:
    folded = {one.casefold(): one for one in known}
    found = nearest(kind, folded)
    return folded[found] if found else ""


def _value_at(data: Any, path: Iterable[str | int]) -> Any:
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _filled_in(value: Any) -> bool:
    """Whether something replaces a text before the cluster sees it: Flux's variables, SOPS, Argo CD's vault plugin."""
    return isinstance(value, str) and any(mark in value for mark in _FILLED_IN)


def _read_as(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"the boolean {'true' if value else 'false'}"
    return f"the number {value}"
