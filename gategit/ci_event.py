"""What a CI system says of the change: the GitHub Actions event.

Facts: https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows and
https://docs.github.com/webhooks/webhook-events-and-payloads. The event is data about a pull request that anybody may
have opened: every value is checked before it is used, and none of them is a place to read from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from gategit.disk import show_path
from gategit.errors import UndecidedError

_EVENT_LIMIT = 32 * 2**20
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


class EventKind(StrEnum):
    """The events that carry a change."""

    PULL_REQUEST = "pull_request"
    PULL_REQUEST_TARGET = "pull_request_target"
    MERGE_GROUP = "merge_group"
    PUSH = "push"


@dataclass(frozen=True, slots=True)
class Event:
    """A change as the CI system names it.

    Attributes:
        kind: which event.
        base_sha: the commit that the change starts from; None where a push made a new branch.
        head_sha: the commit that the change ends with.
        base_ref: the branch that the change goes to, without ``refs/heads/``.
        number: the pull request's number, or None.
        author: the account that opened the pull request, or "".
        labels: the pull request's labels when the event was sent.
        is_fork: whether the head is in another repository than the base.
        tested_sha: the commit that CI was started for: for ``pull_request`` the merge of head into base.
        default_branch: the repository's default branch, or "".
    """

    kind: EventKind
    base_sha: str | None
    head_sha: str
    base_ref: str
    number: int | None = None
    author: str = ""
    labels: tuple[str, ...] = ()
    is_fork: bool = False
    tested_sha: str | None = None
    default_branch: str = ""

    @property
    def guards_merge(self) -> bool:
        """Whether the event asks if something may be merged, so that the head is not to be trusted."""
        return self.kind is not EventKind.PUSH


def read_event(environment: Mapping[str, str]) -> Event | None:
    """The change that GitHub Actions runs for, or None outside of it and for events that carry no change.

    Raises:
        UndecidedError: the event's file is missing, is not JSON, or lacks what its kind must have.
    """
    name = environment.get("GITHUB_EVENT_NAME", "")
    if name not in set(EventKind):
        return None
    kind = EventKind(name)
    payload = _Payload(kind, _load(kind, environment.get("GITHUB_EVENT_PATH", "")))
    tested = environment.get("GITHUB_SHA", "")
    default_branch = payload.text("repository", "default_branch", default="")
    if kind is EventKind.PUSH:
        before = payload.commit("before")
        return Event(
            kind,
            None if _is_zero(before) else before,
            payload.commit("after"),
            payload.text("ref").removeprefix("refs/heads/"),
            default_branch=default_branch,
        )
    if kind is EventKind.MERGE_GROUP:
        return Event(
            kind,
            payload.commit("merge_group", "base_sha"),
            payload.commit("merge_group", "head_sha"),
            payload.text("merge_group", "base_ref").removeprefix("refs/heads/"),
            default_branch=default_branch,
        )
    base_repository = payload.text("pull_request", "base", "repo", "full_name", default="")
    head_repository = payload.text("pull_request", "head", "repo", "full_name", default="")
    return Event(
        kind,
        payload.commit("pull_request", "base", "sha"),
        payload.commit("pull_request", "head", "sha"),
        payload.text("pull_request", "base", "ref"),
        payload.number("pull_request", "number"),
        payload.text("pull_request", "user", "login", default=""),
        payload.labels(),
        # The head's repository is null when the fork was deleted.
        is_fork=not head_repository or head_repository != base_repository,
        tested_sha=tested if kind is EventKind.PULL_REQUEST and _COMMIT.match(tested) else None,
        default_branch=default_branch,
    )


def is_deletion(event: Event) -> bool:
    """Whether a push deleted its branch, so that there is nothing to check."""
    return _is_zero(event.head_sha)


def _is_zero(commit: str) -> bool:
    return not commit.strip("0")


def _load(kind: EventKind, path: str) -> Any:
    if not path:
        raise UndecidedError(
            f"GITHUB_EVENT_NAME is {kind} but GITHUB_EVENT_PATH is not set",
            "run gategit in a step of the job itself, or pass --base and --head with GITHUB_EVENT_NAME unset",
        )
    try:
        with Path(path).open("rb") as file:
            content = file.read(_EVENT_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise UndecidedError(f"the event file {show_path(path)} (GITHUB_EVENT_PATH) cannot be read: {reason}") from None
    if len(content) > _EVENT_LIMIT:
        raise UndecidedError(
            f"the event file {show_path(path)} (GITHUB_EVENT_PATH) has more than {_EVENT_LIMIT:,} bytes"
        )
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise UndecidedError(f"the event file {show_path(path)} (GITHUB_EVENT_PATH) is not JSON") from None


class _Payload:
    """Looks fields up in an event and says which one is missing or of the wrong type."""

    def __init__(self, kind: EventKind, data: Any) -> None:
        self._kind = kind
        self._data = data

    def _find(self, path: tuple[str, ...]) -> Any:
        found = self._data
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def _wrong(self, path: tuple[str, ...], expected: str) -> UndecidedError:
        return UndecidedError(
            f"the {self._kind} event (GITHUB_EVENT_PATH) has no usable {'.'.join(path)}: expected {expected}",
            "pass --base and --head with GITHUB_EVENT_NAME unset, or run on the event as GitHub sends it",
        )

    def text(self, *path: str, default: str | None = None) -> str:
        found = self._find(path)
        if isinstance(found, str) and found:
            return found
        if default is None:
            raise self._wrong(path, "text")
        return default

    def commit(self, *path: str) -> str:
        found = self._find(path)
        if isinstance(found, str) and _COMMIT.match(found):
            return found
        raise self._wrong(path, "a commit id of 40 or 64 hexadecimal digits")

    def number(self, *path: str) -> int:
        found = self._find(path)
        if isinstance(found, int) and not isinstance(found, bool) and found > 0:
            return found
        raise self._wrong(path, "a positive number")

    def labels(self) -> tuple[str, ...]:
        found = self._find(("pull_request", "labels"))
        if not isinstance(found, list):
            return ()
        names = (label.get("name") for label in found if isinstance(label, dict))
        return tuple(name for name in names if isinstance(name, str))
