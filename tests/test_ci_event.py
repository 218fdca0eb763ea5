"""Reading the CI event: what GitHub sends, and what nobody should send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gategit.ci_event import Event, EventKind, is_deletion, read_event
from gategit.errors import UndecidedError

A, B, C = "a" * 40, "b" * 40, "c" * 40
HINT = "pass --base and --head with GITHUB_EVENT_NAME unset, or run on the event as GitHub sends it"


def pull_request(**more: Any) -> dict[str, Any]:
    """A pull_request payload, cut to what matters."""
    return {
        "action": "synchronize",
        "number": 42,
        "pull_request": {
            "number": 42,
            "user": {"login": "octocat"},
            "labels": [{"name": "gate/skip"}, {"name": "größe"}],
            "base": {"ref": "main", "sha": A, "repo": {"full_name": "org/repo"}},
            "head": {"ref": "topic", "sha": B, "repo": {"full_name": "fork/repo"}},
            **more,
        },
        "repository": {"default_branch": "main"},
    }


def environment(folder: Path, name: str, payload: Any, **more: str) -> dict[str, str]:
    """What GitHub Actions sets."""
    path = folder / "event.json"
    path.write_bytes(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    return {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path), **more}


def error_of(variables: dict[str, str]) -> tuple[str, str]:
    """The message and the hint of the error."""
    with pytest.raises(UndecidedError) as caught:
        read_event(variables)
    return caught.value.message, caught.value.hint


@pytest.mark.parametrize("name", ["", "schedule", "workflow_dispatch", "issue_comment", "PULL_REQUEST"])
def test_no_change(tmp_path: Path, name: str) -> None:
    """Outside of CI, and for events that carry no change, there is no event; the file is not even opened."""
    assert read_event({"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(tmp_path / "none")}) is None
    assert read_event({}) is None


def test_pull_request(tmp_path: Path) -> None:
    """Everything that the gate uses of a pull request."""
    event = read_event(environment(tmp_path, "pull_request", pull_request(), GITHUB_SHA=C))
    assert event == Event(
        EventKind.PULL_REQUEST,
        A,
        B,
        "main",
        42,
        "octocat",
        ("gate/skip", "größe"),
        is_fork=True,
        tested_sha=C,
        default_branch="main",
    )
    assert event.guards_merge


def test_pull_request_target_has_no_test_merge(tmp_path: Path) -> None:
    """There, GITHUB_SHA is the tip of the base branch."""
    event = read_event(environment(tmp_path, "pull_request_target", pull_request(), GITHUB_SHA=C))
    assert event is not None
    assert (event.kind, event.tested_sha, event.guards_merge) == (EventKind.PULL_REQUEST_TARGET, None, True)


@pytest.mark.parametrize(
    ("head_repository", "is_fork"), [({"full_name": "org/repo"}, False), ({"full_name": "x/repo"}, True), (None, True)]
)
def test_forks(tmp_path: Path, head_repository: Any, is_fork: bool) -> None:  # noqa: FBT001  a parameter of the test
    """A head in another repository, or in one that was deleted, is a fork's."""
    payload = pull_request(head={"sha": B, "repo": head_repository})
    event = read_event(environment(tmp_path, "pull_request", payload))
    assert event is not None
    assert event.is_fork is is_fork


def test_merge_group(tmp_path: Path) -> None:
    """The queue's base and head."""
    payload = {"merge_group": {"base_sha": A, "head_sha": B, "base_ref": "refs/heads/main"}}
    assert read_event(environment(tmp_path, "merge_group", payload, GITHUB_SHA=C)) == Event(
        EventKind.MERGE_GROUP, A, B, "main"
    )


def test_push(tmp_path: Path) -> None:
    """From before to after."""
    payload = {"before": A, "after": B, "ref": "refs/heads/main", "repository": {"default_branch": "main"}}
    event = read_event(environment(tmp_path, "push", payload))
    assert event == Event(EventKind.PUSH, A, B, "main", default_branch="main")
    assert not event.guards_merge
    assert not is_deletion(event)


def test_push_of_a_new_and_of_a_deleted_branch(tmp_path: Path) -> None:
    """A side that is all zeros is no commit."""
    payload = {"before": "0" * 40, "after": B, "ref": "refs/heads/x"}
    event = read_event(environment(tmp_path, "push", payload))
    assert event is not None
    assert event.base_sha is None
    event = read_event(environment(tmp_path, "push", {"before": A, "after": "0" * 40, "ref": "refs/heads/x"}))
    assert event is not None
    assert is_deletion(event)


def test_sha256_commits(tmp_path: Path) -> None:
    """Ids of 64 digits are ids."""
    payload = {"before": "a" * 64, "after": "b" * 64, "ref": "refs/heads/x"}
    event = read_event(environment(tmp_path, "push", payload))
    assert event is not None
    assert event.base_sha == "a" * 64


def test_no_path() -> None:
    """The kind alone is not enough."""
    assert error_of({"GITHUB_EVENT_NAME": "push"}) == (
        "GITHUB_EVENT_NAME is push but GITHUB_EVENT_PATH is not set",
        "run gategit in a step of the job itself, or pass --base and --head with GITHUB_EVENT_NAME unset",
    )


def test_no_file(tmp_path: Path) -> None:
    """A missing file, a folder, and a path that is none."""
    for path, reason in (
        (f"{tmp_path}/none", "no such file or directory"),
        (str(tmp_path), "is a directory"),
        ("a\0b", "embedded null byte"),
    ):
        message, _ = error_of({"GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": path})
        shown = path.replace("\0", "\\x00")
        assert message == f"the event file {shown} (GITHUB_EVENT_PATH) cannot be read: {reason}"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000], ids=["empty", "cut", "bytes", "deep"])
def test_not_json(tmp_path: Path, content: bytes) -> None:
    """A file that is not JSON is said to be none, however it is broken."""
    variables = environment(tmp_path, "push", content)
    assert error_of(variables) == (f"the event file {tmp_path}/event.json (GITHUB_EVENT_PATH) is not JSON", "")


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than the limit is read."""
    monkeypatch.setattr("gategit.ci_event._EVENT_LIMIT", 1000)
    variables = environment(tmp_path, "push", b" " * 1001)
    assert error_of(variables)[0] == (
        f"the event file {tmp_path}/event.json (GITHUB_EVENT_PATH) has more than 1,000 bytes"
    )


@pytest.mark.parametrize(
    ("payload", "field", "expected"),
    [
        ([], "pull_request.base.sha", "a commit id of 40 or 64 hexadecimal digits"),
        ({"pull_request": None}, "pull_request.base.sha", "a commit id of 40 or 64 hexadecimal digits"),
        (pull_request(base={"sha": "--help"}), "pull_request.base.sha", "a commit id of 40 or 64 hexadecimal digits"),
        (pull_request(head={"sha": "A" * 40}), "pull_request.head.sha", "a commit id of 40 or 64 hexadecimal digits"),
        (pull_request(head={"sha": B + "\n"}), "pull_request.head.sha", "a commit id of 40 or 64 hexadecimal digits"),
        (pull_request(base={"sha": A, "ref": ""}), "pull_request.base.ref", "text"),
        (pull_request(number=True), "pull_request.number", "a positive number"),
        (pull_request(number=0), "pull_request.number", "a positive number"),
    ],
)
def test_unusable_fields(tmp_path: Path, payload: Any, field: str, expected: str) -> None:
    """A field that is missing or of the wrong kind is named."""
    variables = environment(tmp_path, "pull_request", payload)
    assert error_of(variables) == (
        f"the pull_request event (GITHUB_EVENT_PATH) has no usable {field}: expected {expected}",
        HINT,
    )


def test_odd_labels(tmp_path: Path) -> None:
    """Labels of the wrong form are no labels."""
    payload = pull_request(labels=[1, {"name": 2}, {"name": "ok"}, None])
    event = read_event(environment(tmp_path, "pull_request", payload))
    assert event is not None
    assert event.labels == ("ok",)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10) | st.just(A),
    lambda part: (
        st.lists(part, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["pull_request", "base", "head", "sha", "ref", "repo", "number", "before", "after", "labels"]
            ),
            part,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=JSON, kind=st.sampled_from([*EventKind, "other"]))
def test_any_json(tmp_path: Path, payload: Any, kind: str) -> None:
    """Whatever the payload: an event with commit ids, nothing, or one clear error."""
    variables = environment(tmp_path, str(kind), payload)
    try:
        event = read_event(variables)
    except UndecidedError as error:
        message: str | None = error.message
        event = None
    else:
        message = None
    if message is not None:
        assert "(GITHUB_EVENT_PATH) has no usable" in message
    elif event is None:
        assert kind == "other"
    else:
        assert len(event.head_sha) in (40, 64)
