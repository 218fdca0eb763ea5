"""Findings in kustomization files: what they name and is not there, what they name twice, what cannot be built."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise

from gategit.checks.references.kustomize import FILE_NAMES, Flaw, Kustomization, Link, LinkState
from gategit.checks.references.rules import (
    DANGLING_REFERENCE,
    KUSTOMIZATION_DUPLICATE_ENTRY,
    KUSTOMIZATION_INVALID,
)
from gategit.checks.references.shapes import Use
from gategit.checks.references.view import View
from gategit.manifests.manifest import Role, Source
from gategit.model import FieldPath, Finding, Level, Location, RelatedLocation, Stage, Unchecked, format_path

_FOLDER_USES = (Use.RESOURCE, Use.COMPONENT, Use.PLUGIN)

NOT_LOOKED_AT = {
    LinkState.REMOTE: "it is remote; remote resources are not fetched",
    LinkState.VARIABLE: "its path is filled in later",
    LinkState.SUBMODULE: "it is in a submodule, which is another repository",
    LinkState.LINKED_OUT: "it is a symbolic link that leads out of the repository",
}
"""Why what an entry names is not looked at, as the count of it says."""


def check_kustomizations(view: View) -> tuple[list[Finding], list[Unchecked]]:
    """Judge every kustomization of the tree."""
    findings: list[Finding] = []
    unchecked = [Unchecked(path, reason) for path, reason in view.graph.unread]
    for one in view.graph.kustomizations.values():
        findings.extend(_of_one(view, one))
        unchecked.extend(
            Unchecked(f"{one.file}: {link.reference.text}", NOT_LOOKED_AT[link.state])
            for link in one.links
            if link.state in NOT_LOOKED_AT
        )
    findings.extend(_cycles(view))
    return findings, unchecked


def _of_one(view: View, one: Kustomization) -> Iterator[Finding]:
    for flaw in one.parsed.flaws:
        yield _flaw(view, one, flaw)
    for other in one.others:
        yield Finding(
            KUSTOMIZATION_INVALID.id,
            Stage.REFERENCES,
            Level.ERROR,
            f"The folder {one.folder or '.'} has two kustomization files, {_name(one.file)} and {_name(other)}; "
            "Kustomize takes neither",
            Location(other),
            help="Keep one of the two.",
            subject="two kustomization files",
            related=(RelatedLocation(Location(one.file), "the other kustomization file of this folder"),),
        )
    for link in one.links:
        yield from _of_link(view, one, link)
    yield from _named_twice(view, one)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _flaw(view: View, one: Kustomization, flaw: Flaw) -> Finding:
    source = Source(one.file, one.parsed.document)
    return Finding(
        flaw.rule,
        Stage.REFERENCES,
        Level.ERROR,
        f"The kustomization {flaw.message}",
        view.locate(source, flaw.path, on="key" if flaw.on == "key" else "value"),
        help=flaw.help,
        path=flaw.path,
        subject=flaw.subject,
    )


def _finding(  # noqa: PLR0913, PLR0917  the parts in which the findings below differ
    view: View,
    one: Kustomization,
    rule: str,
    path: FieldPath,
    message: str,
    help_text: str,
    subject: str,
    related: tuple[RelatedLocation, ...] = (),
    level: Level = Level.ERROR,
) -> Finding:
    return Finding(
        rule,
        Stage.REFERENCES,
        level,
        message,
        view.locate(Source(one.file, one.parsed.document), path),
        help=help_text,
        path=path,
        subject=subject,
        related=related,
    )


def _of_link(view: View, one: Kustomization, link: Link) -> Iterator[Finding]:
    use, text, path = link.reference.use, link.reference.text, link.reference.path
    where = format_path(path)
    if link.state is LinkState.MISSING:
        yield _missing(view, one, link)
    elif link.state in (LinkState.ABSOLUTE, LinkState.OUTSIDE):
        reason = "an absolute path" if link.state is LinkState.ABSOLUTE else "a path outside of the repository"
        yield _finding(
            view,
            one,
            DANGLING_REFERENCE.id,
            path,
            f'{where} names "{text}", {reason}',
            "Name a file of this repository by a path relative to the kustomization's folder.",
            text,
        )
    elif link.state is LinkState.FOLDER and use in _FOLDER_USES:
        yield from _folder(view, one, link)
    elif link.state is LinkState.FOLDER and use is not Use.CHART_HOME:
        yield _finding(
            view,
            one,
            KUSTOMIZATION_INVALID.id,
            path,
            f'{where} names "{text}", which is a folder; only a file can stand here',
            "Name a file of the folder.",
            text,
        )
    elif link.state is LinkState.FILE and use is Use.COMPONENT:
        yield _finding(
            view,
            one,
            KUSTOMIZATION_INVALID.id,
            path,
            f'{where} names "{text}", which is a file; a component is a folder with a kustomization of kind Component',
            "Name the component's folder, or move the entry to `resources` or `patches`.",
            text,
        )
    elif link.state is LinkState.FILE and use is Use.RESOURCE:
        yield from _resource_file(view, one, link)


def _missing(view: View, one: Kustomization, link: Link) -> Finding:
    use, text, path = link.reference.use, link.reference.text, link.reference.path
    what = "no such file or folder" if use in (Use.RESOURCE, Use.PLUGIN) else "no such file"
    if use in (Use.COMPONENT, Use.CHART_HOME):
        what = "no such folder"
    fate, related = view.fate(link.path)
    folder_only = use in (Use.COMPONENT, Use.CHART_HOME)
    end = fate or view.suggestion(link.path, one.folder, want_folder=folder_only)
    if use is Use.CHART_HOME:
        help_text = "Give the chart a `repo` from which it is pulled, or put it into the folder of charts."
    else:
        help_text = (
            "Correct the path, restore the file, or remove the entry. Paths are relative to the folder of the "
            "kustomization."
        )
    return _finding(
        view,
        one,
        DANGLING_REFERENCE.id,
        path,
        f'{format_path(path)} names "{text}", but there is {what}: {link.path}{end}',
        help_text,
        text,
        related,
    )


def _folder(view: View, one: Kustomization, link: Link) -> Iterator[Finding]:
    use, text, path = link.reference.use, link.reference.text, link.reference.path
    where, graph = format_path(path), view.graph
    target = graph.kustomizations.get(link.path)
    if target is None:
        foreign = graph.foreign.get(link.path)
        if foreign is not None:
            yield _finding(
                view,
                one,
                KUSTOMIZATION_INVALID.id,
                path,
                f'{where} names the folder "{text}", whose {_name(foreign)} is not a kustomization of Kustomize but '
                "another kind of object",
                f"Name the file itself, {text.rstrip('/')}/{_name(foreign)}, or rename it and add a kustomization.",
                text,
                (RelatedLocation(Location(foreign), "the file that Kustomize would read"),),
            )
            return
        if any(file.rpartition("/")[0] == link.path for file, _ in graph.unread):
            return
        fate, related = _kustomization_fate(view, link.path)
        yield _finding(
            view,
            one,
            DANGLING_REFERENCE.id,
            path,
            f'{where} names the folder "{text}", but there is no kustomization.yaml in {link.path or "the root"}{fate}',
            "Add a kustomization.yaml to the folder, or name the folder's files one by one.",
            text,
            related,
        )
    elif link.path == one.folder or f"{one.folder}/".startswith(f"{link.path}/" if link.path else ""):
        what = "itself" if link.path == one.folder else "a folder above it"
        yield _finding(
            view,
            one,
            KUSTOMIZATION_INVALID.id,
            path,
            f'{where} names "{text}": a kustomization cannot build on {what}',
            "Remove the entry, or move what is shared into a folder of its own.",
            text,
        )
    elif use is Use.COMPONENT and target.parsed.kind != "Component" and target.parsed.readable:
        yield _finding(
            view,
            one,
            KUSTOMIZATION_INVALID.id,
            path,
            f'{where} names "{text}", which is not a component: its kind is {target.parsed.kind}',
            f"Move the entry to `resources`, or give {target.file} the kind Component.",
            text,
            (RelatedLocation(Location(target.file), "the kustomization that is named"),),
        )
    elif use is Use.RESOURCE and target.parsed.kind == "Component":
        yield _finding(
            view,
            one,
            KUSTOMIZATION_INVALID.id,
            path,
            f'{where} names "{text}", which is a component and cannot be a resource',
            "Move the entry to `components`.",
            text,
            (RelatedLocation(Location(target.file), "the component that is named"),),
        )


def _kustomization_fate(view: View, folder: str) -> tuple[str, tuple[RelatedLocation, ...]]:
    for name in FILE_NAMES:
        path = f"{folder}/{name}" if folder else name
        if path in view.gone:
            return view.fate(path)
    return "", ()


def _resource_file(view: View, one: Kustomization, link: Link) -> Iterator[Finding]:
    text, path = link.reference.text, link.reference.path
    where = format_path(path)
    if view.graph.roles.get(link.path) is Role.KUSTOMIZATION:
        folder = text.rpartition("/")[0] or "."
        own = link.path == one.file
        yield _finding(
            view,
            one,
            KUSTOMIZATION_INVALID.id,
            path,
            f'{where} names "{text}", which is {"this" if own else "a"} kustomization itself, not a resource',
            "Remove the entry." if own else f'Name its folder, "{folder}".',
            text,
        )
        return
    facts = view.facts_of.get(link.path, ())
    problem = _nameless(facts) if facts else _no_object(view, link.path)
    if problem:
        yield _finding(
            view,
            one,
            KUSTOMIZATION_INVALID.id,
            path,
            f'{where} names "{text}", {problem}',
            "A resource file holds Kubernetes objects, each with kind and metadata.name. Mend the file or remove the "
            "entry.",
            text,
            (RelatedLocation(Location(link.path), "the file that is named"),),
        )


def _nameless(facts: object) -> str:
    """Kustomize needs a name for each object; the schema does not ask for one."""
    for fact in facts if isinstance(facts, list) else ():
        if not fact.key.name:
            return f"in which a {fact.key.kind} has no metadata.name"
        if fact.key.name.endswith("*"):
            return f"in which a {fact.key.kind} has metadata.generateName, which Kustomize does not take for a name"
    return ""


def _no_object(view: View, path: str) -> str:
    """What is wrong with a resource file that declares nothing; "" where another check says it or it is empty."""
    file = view.file(path)
    if file is None or file.decoded.problems or file.manifests:
        return ""
    for document in file.decoded.documents:
        data = document.data
        if data is None:
            continue
        if not isinstance(data, dict) or not data.get("kind"):
            return "which holds no Kubernetes object"
    return ""


def _named_twice(view: View, one: Kustomization) -> Iterator[Finding]:
    seen: dict[tuple[str, str, str], Link] = {}
    for link in one.links:
        use = link.reference.use
        if link.state not in (LinkState.FILE, LinkState.FOLDER, LinkState.REMOTE):
            continue
        if use is Use.KEY_VALUE_FILE:
            key: tuple[str, str, str] = (use, link.reference.scope, "")
        elif use in (Use.DATA, Use.CHART_HOME):
            continue
        else:
            key = (use, link.path, link.reference.scope)
        first = seen.setdefault(key, link)
        if first is not link:
            yield _twice(view, one, first, link)


def _twice(view: View, one: Kustomization, first: Link, second: Link) -> Finding:
    use, text = second.reference.use, second.reference.text
    where, before = format_path(second.reference.path), format_path(first.reference.path)
    builds = use not in (Use.RESOURCE, Use.KEY_VALUE_FILE)
    if use is Use.KEY_VALUE_FILE:
        message = f'{where} names "{text}" for a key that {before} has already filled'
    else:
        message = f'{where} names "{text}" again; {before} names it already'
    return _finding(
        view,
        one,
        KUSTOMIZATION_DUPLICATE_ENTRY.id,
        second.reference.path,
        message,
        "Remove one of the two entries.",
        text,
        (
            RelatedLocation(
                view.locate(Source(one.file, one.parsed.document), first.reference.path), "named here first"
            ),
        ),
        # Kustomize applies a patch or component twice without complaint.
        Level.WARNING if builds else Level.ERROR,
    )


def _cycles(view: View) -> Iterator[Finding]:
    """Bases that lead back to themselves, each cycle at the entry that closes it. A loop, not a recursion."""
    graph = view.graph.kustomizations
    done: set[str] = set()
    uses: Counter[str] = Counter()
    for start in graph:
        if start in done:
            continue
        chain: list[str] = [start]
        on_chain = {start}
        waiting = [_bases(graph[start])]
        while waiting:
            link = next(waiting[-1], None)
            if link is None:
                waiting.pop()
                left = chain.pop()
                on_chain.discard(left)
                done.add(left)
                continue
            one = graph[chain[-1]]
            # A folder above itself is a finding of its own.
            if link.path in on_chain and not f"{one.folder}/".startswith(f"{link.path}/" if link.path else ""):
                uses = uses or Counter(each.path for other in graph.values() for each in _bases(other))
                yield _cycle(view, chain[chain.index(link.path) :], uses)
            elif link.path in graph and link.path not in done and link.path not in on_chain:
                chain.append(link.path)
                on_chain.add(link.path)
                waiting.append(_bases(graph[link.path]))


def _cycle(view: View, folders: list[str], uses: Mapping[str, int]) -> Finding:
    """A circle of bases, at the entry that leads back to what the fewest build on: to an overlay, not to a base."""
    graph = view.graph.kustomizations
    first = min(range(len(folders)), key=lambda index: (uses[folders[index]], index))
    way = [*folders[first:], *folders[:first], folders[first]]
    steps = [
        (graph[here], next(link for link in _bases(graph[here]) if link.path == there)) for here, there in pairwise(way)
    ]
    *before, (one, closing) = steps
    path, text = closing.reference.path, closing.reference.text
    return _finding(
        view,
        one,
        KUSTOMIZATION_INVALID.id,
        path,
        f'{format_path(path)} names "{text}", which leads back here: {" → ".join(folder or "." for folder in way)}',
        "Break the circle: move what is shared into a folder that names none of these.",
        text,
        tuple(
            RelatedLocation(view.locate(Source(each.file, each.parsed.document), link.reference.path), "the way back")
            for each, link in before
        ),
    )


def _bases(one: Kustomization) -> Iterator[Link]:
    return (link for link in one.linked(*_FOLDER_USES) if link.state is LinkState.FOLDER)
