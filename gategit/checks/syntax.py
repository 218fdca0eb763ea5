"""The first check: is each file readable, and is what it holds an object at all."""

from __future__ import annotations

# ruff: noqa: S106  an example that passes is not a password
from collections.abc import Iterator
from typing import Any, Final

from gategit.manifests.classify import is_never_applied, looks_like_manifest
from gategit.manifests.decode import Problem
from gategit.manifests.file import ManifestFile
from gategit.manifests.manifest import Role, Source
from gategit.model import FieldPath, Finding, Level, Location, RelatedLocation, Rule, Stage, Unchecked

YAML_SYNTAX: Final = Rule(
    id="yaml-syntax",
    level=Level.ERROR,
    stage=Stage.SYNTAX,
    summary="Every YAML and JSON file can be read.",
    rationale=(
        "A file that does not parse stops the agent that applies it: the whole folder stays at its last good state, "
        "and nothing merged afterwards reaches the cluster until somebody notices. The text is read as kubectl reads "
        "it, so what other readers take but the cluster refuses (an unquoted `{{ }}`, a null key, `.nan`) is an "
        "error too. Other documents of the same file are still read and judged."
    ),
    help=(
        "Go to the line and column of the finding; the message names the usual cause. Text that holds `: `, ` #`, or "
        "begins with one of `` & * ! | > % @ ` { [ `` needs quotes. Indent with spaces, never with tabs. "
        "If the file is a template that another tool fills in, keep it out of the folders that are applied, or list it "
        "under `exclude` in `.gategit.yaml`."
    ),
    waivable=False,
    example_fail="""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  url: host: example.com  # <-
""",
    example_pass="""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  url: "host: example.com"
""",
    references=("https://yaml.org/spec/1.1/",),
)

DUPLICATE_KEY: Final = Rule(
    id="duplicate-key",
    level=Level.ERROR,
    stage=Stage.SYNTAX,
    summary="No mapping sets the same key twice.",
    rationale=(
        "Only one of the two values counts, and which one depends on the reader: kubectl refuses the file, Kustomize "
        "refuses it or drops the first, other tools keep the last without a word. So what a reviewer sees is not what "
        "the cluster gets. Keys are compared as the cluster gets them: `yes` and `true` are the same key."
    ),
    help=(
        "Remove one of the two. Where both hold something that is wanted, put everything below one key. "
        "This often comes from a merge that kept both sides, or from a block pasted twice."
    ),
    example_fail="""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
  labels: {app: web}
  labels: {team: shop}  # <-
""",
    example_pass="""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
  labels: {app: web, team: shop}
""",
    references=("https://yaml.org/spec/1.2.2/#3213-node-comparison",),
)

MERGE_CONFLICT_MARKER: Final = Rule(
    id="merge-conflict-marker",
    level=Level.ERROR,
    stage=Stage.SYNTAX,
    summary="No file holds the markers of an unresolved merge.",
    rationale=(
        "Git writes both sides of a conflict into the file, between lines of `<`, `=` and `>`. Committed like that, "
        "the file is no YAML any more, and nobody has decided which side is meant."
    ),
    help=(
        "Decide what the lines between the markers should say, and remove the three marker lines. "
        "`git log --merge -p` shows where both sides come from."
    ),
    waivable=False,
    example_fail="""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
<<<<<<< HEAD  # <-
  color: blue
=======
  color: green
>>>>>>> feature
""",
    example_pass="""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  color: green
""",
    references=("https://git-scm.com/docs/git-merge#_how_conflicts_are_presented",),
)

YAML_LIMIT: Final = Rule(
    id="yaml-limit",
    level=Level.ERROR,
    stage=Stage.SYNTAX,
    summary="No file asks its readers for unreasonable time or memory.",
    rationale=(
        "A few lines of YAML can ask for gigabytes: aliases of aliases, brackets nested a million deep, one endless "
        "value. Such a file stops whatever reads it, the gate and the cluster's agents alike. gategit stops "
        "before that and says so, since what was not read was not checked."
    ),
    help=(
        "Split large files, write repeated parts out instead of aliasing aliases, and keep bulk data out of "
        "manifests: the API server stores at most about 1.5 MiB for each object. The size of a file is the one limit "
        "that `.gategit.yaml` can raise (`limits.file_size`)."
    ),
    waivable=False,
    references=("https://kubernetes.io/docs/concepts/configuration/configmap/",),
)

NOT_TEXT: Final = Rule(
    id="not-text",
    level=Level.ERROR,
    stage=Stage.SYNTAX,
    summary="A file named like a manifest holds text in UTF-8 or UTF-16.",
    rationale=(
        "A .yaml, .yml or .json file that is not text cannot be applied, and cannot be reviewed either: the pull "
        "request shows it as a binary file. It is usually an archive or an encrypted file under the wrong name, or "
        "text in an old encoding such as Windows-1252."
    ),
    help=(
        "Save the file as UTF-8. If it is not meant to be YAML or JSON, give it another extension, or list it under "
        "`exclude` in `.gategit.yaml`."
    ),
    waivable=False,
    references=("https://yaml.org/spec/1.1/#id868742",),
)

MISSING_API_VERSION: Final = Rule(
    id="missing-api-version",
    level=Level.ERROR,
    stage=Stage.SYNTAX,
    summary="Every object names its apiVersion and its kind.",
    rationale=(
        "Without both, no reader knows what the object is: kubectl and the GitOps agents refuse it, and with it the "
        "whole folder. Files that are plainly something else (values files, workflows, Chart.yaml) are not meant: the "
        "rule looks at files where another document is an object, and at documents with `metadata.name`."
    ),
    help=(
        "Add the missing field; `kubectl api-resources` lists what goes together. A line `---` too many also "
        "cuts an object in two."
    ),
    example_fail="""\
kind: ConfigMap  # <-
metadata:
  name: web
data:
  color: green
""",
    example_pass="""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  color: green
""",
    references=("https://kubernetes.io/docs/concepts/overview/working-with-objects/#required-fields",),
)

NOT_AN_OBJECT: Final = Rule(
    id="not-an-object",
    level=Level.ERROR,
    stage=Stage.SYNTAX,
    summary="Every document of a manifest file is an object, not a list or a lone value.",
    rationale=(
        "kubectl and the GitOps agents take a stream of objects. A document that is a list or a piece of text stops "
        "them; most often its `- ` or a line `---` was left over, or a template's output was pasted without its head."
    ),
    help=(
        "Separate objects by lines `---` instead of putting them in a list, or wrap the list in "
        "`apiVersion: v1`, `kind: List`, `items:`."
    ),
    example_fail="""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
---
- apiVersion: v1  # <-
  kind: ConfigMap
  metadata:
    name: shop
""",
    example_pass="""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: shop
""",
    references=("https://kubernetes.io/docs/concepts/overview/working-with-objects/",),
)

LFS_POINTER: Final = Rule(
    id="lfs-pointer",
    level=Level.ERROR,
    stage=Stage.SYNTAX,
    summary="A manifest must be in git itself, not in Git LFS.",
    rationale=(
        "With Git LFS the repository holds a pointer of three lines, and an agent that knows LFS, as Argo CD can, "
        "applies the file that it points to. That file is on a server, so the gate cannot say what is in it."
    ),
    help=(
        "Take the file out of Git LFS: `git lfs untrack` its pattern and commit the file itself. Where it is never "
        "applied, leave it out with `exclude` in `.gategit.yaml`, which is counted."
    ),
    waivable=False,
    undecided=True,
    references=("https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md",),
)
_LFS_MARK: Final = b"version https://git-lfs.github.com/spec/"

RULES: tuple[Rule, ...] = (
    YAML_SYNTAX,
    DUPLICATE_KEY,
    MERGE_CONFLICT_MARKER,
    YAML_LIMIT,
    NOT_TEXT,
    MISSING_API_VERSION,
    NOT_AN_OBJECT,
    LFS_POINTER,
)

_BY_ID: Final = {rule.id: rule for rule in RULES}
_LIST_DEPTH: Final = 8


def check_file(file: ManifestFile) -> tuple[list[Finding], list[Unchecked]]:
    """Say what could not be read of a file, and which of its documents are no objects."""
    if file.content.startswith(_LFS_MARK):
        return [_lfs_finding(file)], []
    if file.role is Role.TEMPLATE:
        return [], [Unchecked(file.path, "a template: it becomes YAML only when a tool fills it in")]
    if _is_foreign_json(file):
        return [], []
    findings = [_finding(file, problem) for problem in file.decoded.problems]
    if file.role in (Role.MANIFEST, Role.DATA):
        findings.extend(_headless(file))
    if b"ConfigMap" in file.content:
        from gategit.checks.embedded import check_embedded  # noqa: PLC0415  few files have one

        findings.extend(check_embedded(file))
    return findings, []


def _lfs_finding(file: ManifestFile) -> Finding:
    rule = LFS_POINTER
    message = "this file is a pointer into Git LFS: what it stands for is not in the repository"
    return Finding(rule.id, rule.stage, rule.level, message, Location(file.path), rule.help, subject="pointer")


def _is_foreign_json(file: ManifestFile) -> bool:
    """JSON that is none of the gate's business: JavaScript tools allow comments and more in their configuration."""
    return file.role is Role.DATA and file.path.endswith(".json") and not looks_like_manifest(file.content)


def _finding(file: ManifestFile, problem: Problem) -> Finding:
    rule = _BY_ID[problem.rule]
    # Of a file that is no text, or was not read at all, there is no line to show.
    whole = problem.rule == NOT_TEXT.id or problem.subject == "file-bytes"
    return Finding(
        rule=rule.id,
        stage=rule.stage,
        level=rule.level,
        message=problem.message,
        help=problem.help,
        location=Location(file.path, None if whole else problem.region),
        subject=problem.subject,
        related=tuple(RelatedLocation(Location(file.path, region), what) for region, what in problem.related),
    )


def _headless(file: ManifestFile) -> Iterator[Finding]:
    """Documents of a manifest file that are no objects, and lone documents that look like half of one."""
    for document in file.decoded.documents:
        yield from _judge(file, document.data, Source(file.path, document.index), _LIST_DEPTH)


def _judge(file: ManifestFile, data: Any, source: Source, depth: int) -> Iterator[Finding]:
    listed = bool(source.pointer)
    if not isinstance(data, dict):
        if file.role is Role.MANIFEST:
            what = "a list" if isinstance(data, list) else "a lone value"
            message = f"this {'item' if listed else 'document'} is {what}, not an object with apiVersion and kind"
            yield _own(file, NOT_AN_OBJECT, message, source, (), str(source.pointer or source.document))
        return
    named = isinstance(data.get("metadata"), dict) and isinstance(data["metadata"].get("name"), str)
    missing = [field for field in ("apiVersion", "kind") if not _stated(data.get(field))]
    if missing:
        half = len(missing) == 1
        if file.role is Role.MANIFEST or (half and named and not is_never_applied(data)):
            yield from _missing(file, data, missing, source)
        return
    items = data.get("items")
    kind = data["kind"]
    if depth and kind.endswith("List") and isinstance(items, list):
        inherited = {} if kind == "List" else {"apiVersion": data["apiVersion"], "kind": kind.removesuffix("List")}
        for index, item in enumerate(items):
            whole = {**inherited, **item} if isinstance(item, dict) else item
            inner = Source(source.file, source.document, (*source.pointer, "items", index))
            yield from _judge(file, whole, inner, depth - 1)


def _stated(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _missing(file: ManifestFile, data: dict[str, Any], missing: list[str], source: Source) -> Iterator[Finding]:
    name = data["metadata"].get("name") if isinstance(data.get("metadata"), dict) else None
    kind = data.get("kind")
    what = str(kind) if _stated(kind) else "this item" if source.pointer else "this document"
    who = f"{what} {name}" if isinstance(name, str) and name else what
    present = [field for field in missing if field in data]
    if present:
        value = data[present[0]]
        said = "empty" if value is None or value == "" else f"{value!r}, not text"
        yield _own(file, MISSING_API_VERSION, f"the {present[0]} of {who} is {said}", source, (present[0],), who)
        return
    fields = " nor ".join(missing) if len(missing) == 2 else missing[0]
    message = f"{who} has {'neither ' if len(missing) == 2 else 'no '}{fields}"
    yield _own(file, MISSING_API_VERSION, message, source, (), who)


_HINTS: Final = {
    MISSING_API_VERSION.id: "add the missing field, for example apiVersion: apps/v1 and kind: Deployment",
    NOT_AN_OBJECT.id: "separate objects by lines ---, or wrap the list in apiVersion: v1, kind: List, items:",
}


def _own(  # noqa: PLR0913, PLR0917  a finding's parts, named once
    file: ManifestFile, rule: Rule, message: str, source: Source, path: FieldPath, subject: str
) -> Finding:
    return Finding(
        rule=rule.id,
        stage=rule.stage,
        level=rule.level,
        message=message,
        help=_HINTS[rule.id],
        location=file.location(source, path, on="key"),
        path=(*source.pointer, *path),
        subject=subject,
    )
