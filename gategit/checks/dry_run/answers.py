"""One answer of an API server to a dry run, read: accepted, refused and why, or no judgement at all.

Half of it is telling by the words what the status code does not say: whose fault a 500 is, whether a 404 misses the
object, its namespace or its kind, whether a 403 speaks of our account or of the object. Whoever writes a webhook or a
name may choose some of these words. So nothing but a 2xx is ever taken for consent, and what is not understood is
`UNANSWERED`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from gategit.checks.dry_run.admission import (
    Missing,
    denied_by,
    find_missing,
    mentioned,
    read_denial,
    read_forbidden,
    read_standard,
)
from gategit.checks.dry_run.decoding import field_named_twice_or_unknown, read_apply_failure, read_decoding_failure
from gategit.checks.dry_run.paths import read_path
from gategit.checks.dry_run.rules import API_WARNING, DRY_RUN_REJECTED
from gategit.checks.dry_run.sent import Sent
from gategit.checks.dry_run.validation import read_causes
from gategit.checks.dry_run.values import Problem
from gategit.cluster.answer import Answer, Cause
from gategit.model import FieldPath

MOST: Final = 100
"""Problems, and warnings, that one answer gives; the rest is counted."""

_READ = 64_000
_CAUSES = 500
_MANAGER = re.compile(r'conflict with "((?:[^"\\]|\\.)*)"(?: with subresource "[^"]*")?( using \S+)?')
_NO_RIGHT = re.compile(r'User "(?:[^"\\]|\\.){0,300}" cannot [a-z]+ (?:resource|path)')
_ESCALATION = "is attempting to grant RBAC permissions not currently held"
_NO_NAMESPACE = re.compile(r'namespaces "([^"]*)" not found')
_OUR_OWN = re.compile(r"(?:Patch|Create|Update|Delete)Options\.meta\.k8s\.io ")
_MODIFIED = ("the object has been modified", "Precondition failed", "StorageError: invalid object")
_NOT_READY = ("not yet ready to handle request", "status unknown for quota", "timed out waiting for")
_NO_DRY_RUN = ("does not support dry run", "dryRun alpha feature is disabled")
_NAMED_FIELDS: Final[tuple[tuple[str, FieldPath], ...]] = (
    ("metadata.managedFields must be nil", ("metadata", "managedFields")),
    ("the name of the object (", ("metadata", "name")),
    ("the namespace of the provided object does not match", ("metadata", "namespace")),
    ("name or generateName is required", ("metadata", "name")),
    ("invalid object type: ", ("kind",)),
)
_LEADING_PATH = re.compile(r"([A-Za-z][^\s:\[\]]*(?:\[[^\]]{0,300}\][^\s:\[\]]*)*): (?=\S)")
_DEPRECATED = re.compile(r"(?:(\S+/)?v\d\S*) \S+ is deprecated\b")
_POLICY_WARNS = re.compile(
    r"Validation failed for ValidatingAdmissionPolicy '([^']{0,300})' with binding '[^']{0,300}': (.*)", re.DOTALL
)


class ReadingKind(StrEnum):
    """What an answer means.

    ``CONFLICT`` is one of field managers, ``STALE`` one of versions. ``NOT_ALLOWED``: our own account lacks a right.
    ``UNANSWERED``: the server could not judge the object.
    """

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NO_NAMESPACE = "no-namespace"
    NO_KIND = "no-kind"
    NO_OBJECT = "no-object"
    EXISTS = "exists"
    CONFLICT = "conflict"
    STALE = "stale"
    NOT_ALLOWED = "not-allowed"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class ManagerConflict:
    """A field that another manager owns.

    Attributes:
        manager: its name.
        operation: ``Apply`` or ``Update``.
        path: the field, with the manifest's own list indices.
    """

    manager: str
    operation: str
    path: FieldPath


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer, read.

    Attributes:
        kind: what it means.
        problems: what the server says against an object that it accepts or rejects; warnings come last.
        message: what the server says, one safe line; "" where it accepts.
        partial: whether there may be more problems than these: server-side apply stops at the first that it meets, and
            nobody looks at values while there are unknown fields.
        conflicts: with other field managers.
        warnings: the problems of the rule ``api-warning``, whatever the kind.
        missing: other objects that this one needs and that the server lacks.
    """

    kind: ReadingKind
    problems: tuple[Problem, ...] = ()
    message: str = ""
    partial: bool = False
    conflicts: tuple[ManagerConflict, ...] = ()
    warnings: tuple[Problem, ...] = ()
    missing: tuple[Missing, ...] = ()


_ACCEPTED: Final = Reading(ReadingKind.ACCEPTED)


def read_answer(answer: Answer, manifest: Mapping[str, Any]) -> Reading:
    """Read the answer to a dry run of one object. No answer, whatever it holds, makes this raise.

    Args:
        answer: what came back.
        manifest: the object as it was sent; for a removal, the object as it was declared.
    """
    if 200 <= answer.status < 300 and not answer.warnings:
        return _ACCEPTED  # nearly all answers: nothing is parsed for them
    return _Reader(answer, Sent(manifest)).read()


class _Reader:
    def __init__(self, answer: Answer, sent: Sent) -> None:
        self.answer = answer
        self.sent = sent
        self.status = answer.status
        self.text = answer.message[:_READ]
        self.message = sent.words(self.text) or f"the server answered with the status {answer.status} and no words"
        self.is_status = isinstance(answer.data, dict) and answer.data.get("kind") == "Status"

    def read(self) -> Reading:
        """Everything that the answer says."""
        if 200 <= self.status < 300:
            warnings = self._warnings()
            return Reading(ReadingKind.ACCEPTED, warnings, warnings=warnings)
        # A webhook or policy may deny with whatever code it likes.
        if self.is_status and denied_by(self.text):
            return self._rejected(read_denial(self.text, self.answer.causes, self.sent))
        by_status = {
            400: self._bad_request,
            401: lambda: self._plain(ReadingKind.NOT_ALLOWED),
            403: self._forbidden,
            404: self._not_found,
            409: self._conflict,
            413: lambda: self._rejected([self.sent.problem(DRY_RUN_REJECTED.id, self.text)]),
            422: self._invalid,
            500: self._failed,
        }
        return by_status.get(self.status, lambda: self._plain(ReadingKind.UNANSWERED))()

    def _plain(self, kind: ReadingKind) -> Reading:
        return Reading(kind, message=self.message, warnings=self._warnings())

    def _rejected(
        self, problems: Iterable[Problem], *, partial: bool = False, missing: tuple[Missing, ...] = ()
    ) -> Reading:
        found = _bounded(problems) or (self.sent.problem(DRY_RUN_REJECTED.id, self.text),)
        warnings = self._warnings()
        return Reading(
            ReadingKind.REJECTED,
            (*found, *warnings),
            self.message,
            partial=partial,
            warnings=warnings,
            missing=missing,
        )

    def _bad_request(self) -> Reading:
        if any(words in self.text for words in _NO_DRY_RUN):
            return self._plain(ReadingKind.UNANSWERED)
        problems = read_decoding_failure(self.text, self.sent)
        if problems is None:
            path = next((path for start, path in _NAMED_FIELDS if self.text.startswith(start)), ())
            problems = [self.sent.problem(DRY_RUN_REJECTED.id, self.text, path, named=False)]
        # Until every field is known, the server looks at no value.
        return self._rejected(problems, partial="strict decoding error" in self.text)

    def _forbidden(self) -> Reading:
        if not self.is_status or _NO_RIGHT.search(self.text) or _ESCALATION in self.text:
            return self._plain(ReadingKind.NOT_ALLOWED)
        if any(words in self.text for words in _NOT_READY):
            return self._plain(ReadingKind.UNANSWERED)
        found = read_forbidden(self.text, self.sent)
        if found is None:
            return self._plain(ReadingKind.NOT_ALLOWED)
        problems, missing = found
        return self._rejected(problems, missing=missing)

    def _not_found(self) -> Reading:
        if not self.is_status or "could not find the requested resource" in self.text:
            return self._plain(ReadingKind.NO_KIND)
        namespace = _NO_NAMESPACE.fullmatch(self.text)
        if namespace is not None and not (self.sent.kind == "Namespace" and self.sent.name == namespace[1]):
            return self._plain(ReadingKind.NO_NAMESPACE)
        missing = find_missing(self.text)
        if missing and missing[0] != (self.sent.kind, self.sent.name):
            path: FieldPath = ("roleRef", "name") if missing[0].kind in {"Role", "ClusterRole"} else ()
            return self._rejected([self.sent.problem(DRY_RUN_REJECTED.id, self.text, path)], missing=missing)
        return self._plain(ReadingKind.NO_OBJECT)

    def _conflict(self) -> Reading:
        if self.answer.reason == "AlreadyExists":
            return self._plain(ReadingKind.EXISTS)
        conflicts = tuple(
            self._manager(cause) for cause in self.answer.causes[:_CAUSES] if cause.reason == "FieldManagerConflict"
        )
        if conflicts:
            return Reading(ReadingKind.CONFLICT, message=self.message, conflicts=conflicts, warnings=self._warnings())
        stale = any(words in self.text for words in _MODIFIED)
        return self._plain(ReadingKind.STALE if stale else ReadingKind.UNANSWERED)

    def _manager(self, cause: Cause) -> ManagerConflict:
        match = _MANAGER.match(cause.message)
        # An entry of an Update is written with its version, and with its time where there is one; an Apply without.
        operation = "Update" if match and match[2] else "Apply"
        manager = self.sent.words(match[1] if match else cause.message, 200)
        return ManagerConflict(manager, operation, read_path(cause.field, self.sent.manifest))

    def _invalid(self) -> Reading:
        if _OUR_OWN.match(self.text):
            return self._plain(ReadingKind.UNANSWERED)
        problems = read_causes(self.answer.causes[:_CAUSES], self.sent)
        return self._rejected(problems or [self.sent.problem(DRY_RUN_REJECTED.id, self.text)])

    def _failed(self) -> Reading:
        problems = read_apply_failure(self.text, self.sent)
        if problems is None:
            return self._plain(ReadingKind.UNANSWERED)
        return self._rejected(problems, partial=True)

    def _warnings(self) -> tuple[Problem, ...]:
        found: list[Problem] = []
        for text in self.answer.warnings[:_CAUSES]:
            found += self._warning(text[:_READ])
        return _bounded(found)

    def _warning(self, text: str) -> list[Problem]:
        rule = API_WARNING.id
        split = read_standard(text, self.sent, rule)
        if split:
            return split
        if text.startswith(("unknown field ", "duplicate field ")):
            fields = field_named_twice_or_unknown(text, self.sent)
            return [replace(one, rule=rule) for one in fields] or [self.sent.problem(rule, text)]
        policy = _POLICY_WARNS.match(text)
        if policy is not None:
            words = f"the ValidatingAdmissionPolicy {policy[1]} warns: {policy[2]}"
            return [self.sent.problem(rule, words, mentioned(policy[2], self.sent), named=False)]
        if _DEPRECATED.match(text):
            return [self.sent.problem(rule, text, ("apiVersion",), named=False)]
        leading = _LEADING_PATH.match(text)
        if leading is not None:
            path = read_path(leading[1], self.sent.manifest)
            if path and path[0] in self.sent.manifest:
                return [self.sent.problem(rule, text[leading.end() :], path)]
        return [self.sent.problem(rule, text, mentioned(text, self.sent), named=False)]


def _bounded(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem once; of very many, the first ones and a word on the rest."""
    found = list(dict.fromkeys(problems))
    if len(found) <= MOST:
        return tuple(found)
    rest = Problem(found[MOST].rule, f"{len(found) - MOST + 1:,} more problems of this object are not listed")
    return (*found[: MOST - 1], rest)
