"""Two declarations of one object where only one can hold, and patches that find no object to change.

Environments repeat objects on purpose: overlays, clusters and examples declare the same names. So two declarations
count only where they meet: in one file, in one build of a kustomization, in one folder that no kustomization
governs, or in one target of the config.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from gategit.checks.references.builds import Build, Builds, Collision, Member
from gategit.checks.references.kustomize import Kustomization, LinkState, PatchEntry
from gategit.checks.references.patches import check_patches
from gategit.checks.references.paths import has_variable
from gategit.checks.references.rules import DUPLICATE_OBJECT, KUSTOMIZATION_INVALID
from gategit.checks.references.shapes import Use
from gategit.checks.references.view import View
from gategit.manifests.decode import Document, decode
from gategit.manifests.inventory import ObjectFact
from gategit.manifests.manifest import ObjectKey, Role, Source
from gategit.model import Finding, Level, ObjectRef, RelatedLocation, Stage, Unchecked, format_path

_Pair = tuple[Source, Source]


def check_duplicates(view: View, targets: Mapping[str, Callable[[str], bool]]) -> tuple[list[Finding], list[Unchecked]]:
    """Judge the names of the tree's objects."""
    told: set[_Pair] = set()
    builds = Builds(view)
    findings = list(_in_files(view, told))
    findings.extend(_in_builds(view, builds, told))
    findings.extend(_in_targets(view, targets, told) if targets else _in_folders(view, told))
    findings.extend(_patches_without_object(view, builds))
    findings.extend(check_patches(view, builds))
    return findings, []


def _counts(view: View, fact: ObjectFact) -> bool:
    """Whether a declaration takes a name: not a patch, and with a name that is fixed and needs no filling in."""
    name = fact.key.name
    if has_variable(name) or has_variable(fact.key.namespace):
        return False
    return bool(name) and not name.endswith("*") and view.graph.roles.get(fact.source.file) in (None, Role.MANIFEST)


def _repeated(view: View, facts: Iterable[ObjectFact], told: set[_Pair]) -> Iterator[tuple[ObjectFact, ObjectFact]]:
    """The first declaration with each further one that has the same key."""
    seen: dict[ObjectKey, ObjectFact] = {}
    for fact in facts:
        # Nearly every name is taken once in the whole tree, which is the cheapest thing to know of it.
        if len(view.inventory.by_key(fact.key)) < 2 or not _counts(view, fact):
            continue
        first = seen.setdefault(fact.key, fact)
        pair = (first.source, fact.source)
        if first is not fact and pair not in told:
            told.add(pair)
            yield first, fact


def _ref(fact: ObjectFact) -> ObjectRef:
    return ObjectRef(fact.api_version, fact.key.kind, fact.key.namespace or None, fact.key.name)


def _named(fact: ObjectFact) -> str:
    namespace = f" in the namespace {fact.key.namespace}" if fact.key.namespace else ""
    return f"{fact.key.kind} {fact.key.name}{namespace}"


def _duplicate(view: View, first: ObjectFact, second: ObjectFact, where: str, target: str | None = None) -> Finding:
    return Finding(
        DUPLICATE_OBJECT.id,
        Stage.SYNTAX,
        Level.ERROR,
        f"{_named(second)} is declared twice {where}",
        view.locate(second.source, ("metadata", "name")),
        help="Remove one of the two declarations, or give it another name or namespace.",
        object=_ref(second),
        related=(
            RelatedLocation(view.locate(first.source, ("metadata", "name")), f"{_named(first)} is declared here first"),
        ),
        target=target,
    )


def _in_files(view: View, told: set[_Pair]) -> Iterator[Finding]:
    for facts in view.facts_of.values():
        if len(facts) > 1:
            for first, second in _repeated(view, facts, told):
                yield _duplicate(view, first, second, "in this file")


def _governed(view: View) -> set[str]:
    """The files that a kustomization names as resources."""
    return {
        link.path
        for one in view.graph.kustomizations.values()
        for link in one.linked(Use.RESOURCE)
        if link.state is LinkState.FILE
    }


def _in_folders(view: View, told: set[_Pair]) -> Iterator[Finding]:
    governed = _governed(view)
    folders: dict[str, list[ObjectFact]] = {}
    for path, facts in view.facts_of.items():
        folder = path.rpartition("/")[0]
        if path not in governed and folder not in view.graph.kustomizations:
            folders.setdefault(folder, []).extend(facts)
    for folder, facts in folders.items():
        for first, second in _repeated(view, facts, told):
            yield _duplicate(view, first, second, f"in the folder {folder or '.'}")


def _in_targets(view: View, targets: Mapping[str, Callable[[str], bool]], told: set[_Pair]) -> Iterator[Finding]:
    governed = _governed(view)
    for name, matches in targets.items():
        facts = [
            fact
            for path, declared in view.facts_of.items()
            if path not in governed and path.rpartition("/")[0] not in view.graph.kustomizations and matches(path)
            for fact in declared
        ]
        for first, second in _repeated(view, facts, told):
            yield _duplicate(view, first, second, f"for the target {name}", name)


def _in_builds(view: View, builds: Builds, told: set[_Pair]) -> Iterator[Finding]:
    for folder, one in view.graph.kustomizations.items():
        build = builds.build(folder)
        for collision in () if build.circular else build.collisions:  # what comes round again is no second declaration
            first, second = collision.first.fact, collision.second.fact
            pair = (first.source, second.source)
            if pair in told or not builds.certain(collision):
                continue
            told.add(pair)
            yield _collision(view, one, collision)


def _collision(view: View, one: Kustomization, collision: Collision) -> Finding:
    first, second, link = collision.first.fact, collision.second.fact, collision.link
    build = f"in the kustomization {one.folder or '.'}"
    if first.source != second.source:
        after = f", once its namespace {one.parsed.namespace} is set" if link is None else ""
        return _duplicate(view, first, second, build + after)
    # One file that comes in on two ways: the fault is the second way.
    path = link.reference.path if link else ("namespace",)
    text = link.reference.text if link else one.parsed.namespace
    return Finding(
        DUPLICATE_OBJECT.id,
        Stage.SYNTAX,
        Level.ERROR,
        f'{format_path(path)} brings {_named(second)} into this kustomization a second time, with "{text}"',
        view.locate(Source(one.file, one.parsed.document), path),
        help="Name what is shared once: remove the entry, or take the shared folder out of one of the two bases.",
        path=path,
        subject=f"{text} {_ref(second)}",
        related=(RelatedLocation(view.locate(second.source, ("metadata", "name")), "the object that comes twice"),),
    )


def _patches_without_object(view: View, builds: Builds) -> Iterator[Finding]:
    """Strategic-merge patches that name an object which the build does not hold: Kustomize stops there."""
    for one in view.graph.kustomizations.values():
        if one.parsed.kind == "Component" or not one.parsed.patches:
            continue
        for patch in one.parsed.patches:
            if not patch.targeted:
                yield from _patch(view, builds, one, patch)


def _patch(view: View, builds: Builds, one: Kustomization, patch: PatchEntry) -> Iterator[Finding]:
    documents, file = _patch_documents(view, one, patch)
    if documents is None:
        return
    where = format_path(patch.path)
    subject = patch.file or "inline"
    source = Source(one.file, one.parsed.document)
    bodies = [document.data for document in documents if document.data is not None]
    if not bodies or any(isinstance(body, list) for body in bodies):
        if patch.path[0] == "patchesStrategicMerge":
            return
        what = "a list of operations (a JSON patch)" if bodies else "empty"
        yield Finding(
            KUSTOMIZATION_INVALID.id,
            Stage.REFERENCES,
            Level.ERROR,
            f"{where} has no target, and the patch{f' {patch.file}' if patch.file else ''} is {what}: "
            "Kustomize cannot tell what to change",
            view.locate(source, patch.path),
            help="Add `target` with the kind and name of the object to change."
            if bodies
            else "Write the patch, or remove the entry.",
            path=patch.path,
            subject=subject,
            related=_the_patch(view, file),
        )
        return
    build = builds.build(one.folder)
    if not build.complete:
        return
    for document in documents:
        missing = _unmatched(build, document.data)
        if missing is not None and builds.keeps_names(one.folder):
            entry = view.locate(source, patch.path)
            named = view.locate(Source(file, document.index), ("metadata", "name")) if file else entry
            yield Finding(
                KUSTOMIZATION_INVALID.id,
                Stage.REFERENCES,
                Level.ERROR,
                f"{where} changes {missing}, but no resource of this kustomization is that object",
                named,
                help="Make apiVersion, kind, name and namespace those of the resource, add the resource, or remove the "
                "patch.",
                path=patch.path,
                subject=f"{subject} {missing}",
                related=(RelatedLocation(entry, "the entry that brings the patch"),) if file else (),
            )


def _the_patch(view: View, file: str) -> tuple[RelatedLocation, ...]:
    return (RelatedLocation(view.locate(Source(file, 0)), "the patch"),) if file else ()


def _patch_documents(view: View, one: Kustomization, patch: PatchEntry) -> tuple[tuple[Document, ...] | None, str]:
    """The documents of a patch, and its file; None where it cannot be read (another finding says so)."""
    if patch.inline:
        decoded = decode(patch.inline.encode("utf-8", "surrogatepass"), "patch.yaml")
        return (None if decoded.problems else decoded.documents), ""
    for link in one.linked(Use.PATCH, Use.PATCH_OR_INLINE):
        if link.reference.path[:2] == patch.path and link.state is LinkState.FILE:
            file = view.file(link.path)
            if file is None or file.decoded.problems:
                break
            return file.decoded.documents, link.path
    return None, ""


def _unmatched(build: Build, body: object) -> str | None:
    """What a strategic-merge patch wants to change, where the build holds no such object; None where it does."""
    if not isinstance(body, dict):
        return None
    api_version, kind, metadata = body.get("apiVersion"), body.get("kind"), body.get("metadata")
    if not (isinstance(api_version, str) and isinstance(kind, str) and isinstance(metadata, dict)):
        return None
    name, namespace = metadata.get("name"), metadata.get("namespace") or ""
    if not isinstance(name, str) or not isinstance(namespace, str):
        return None
    wanted = ("" if namespace == "default" else namespace, name)
    if any(kind == generated and name.endswith(end) for generated, end in build.generated):
        return None
    if any(_is_called(member, api_version, kind, wanted) for member in build.accumulated):
        return None
    shown = f" in the namespace {namespace}" if namespace else ""
    return f"{kind} {name}{shown} of {api_version}"


def _is_called(member: Member, api_version: str, kind: str, wanted: tuple[str, str]) -> bool:
    fact = member.fact
    return fact.api_version == api_version and fact.key.kind == kind and wanted in (member.name, *member.earlier)
