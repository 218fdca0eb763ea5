"""What the helpers for policies take for a credential. The tables of shapes are in tests/policies/test_secrets.py."""

from __future__ import annotations

from typing import Any

import pytest

from gategit.checks.policy import api
from gategit.checks.policy.api import (
    Field,
    credential_in_text,
    is_placeholder,
    long_strings,
    named_credential,
    strings_below,
    token_in,
)
from gategit.checks.policy.api.credentials import LONGEST, looks_random

RANDOM = "x7Kp2QvL9wRt4ZbN8cYd"


def test_the_table_is_imported_when_it_is_asked_for() -> None:
    """A name that there is not is an error like in any other module."""
    assert api.token_in is token_in
    with pytest.raises(AttributeError, match="has no attribute token_on"):
        getattr(api, "token_on")  # noqa: B009  mypy knows that it is not there


@pytest.mark.parametrize(
    ("value", "is_random"),
    [
        (RANDOM, True),
        ("0d1e2f3a" * 4, True),
        ("0D1E2F3A" * 4, True),
        ("aB3/+xY7_-zQ9=w2", True),
        ("0" * 40, False),
        ("0d1e2f3a" * 2, False),
        ("correct-horse-battery-7", False),
        ("k10.kasten.io/appNamespace2", False),
        ("b3f7c1d2-9a4e-4c1b-8f6d-2e5a7c9b0d13", False),
        ("Two Words And 22", False),
        ("short7K", False),
        ("aaaaaaaaaaaaaaA7", False),
    ],
)
def test_looks_random(value: str, *, is_random: bool) -> None:
    """Long, mixed and without a break; names, words and UUIDs are not."""
    assert looks_random(value) is is_random


@pytest.mark.parametrize(
    ("name", "value", "certain", "setting"),
    [
        # name, value; whether it counts where a name is certain to mean it, and where it is a chart's setting
        ("dbPassword", "hunter2-7", True, True),
        ("DB_PASSWORD_2", "hunter2-7", True, True),
        ("secret", "web-oauth", True, False),
        ("secret", RANDOM, True, True),
        ("secretKey", "web-oauth", True, False),
        ("clientSecret", "web-oauth", True, False),
        ("clientSecret", RANDOM, True, True),
        ("key", "web-oauth", False, False),
        ("key", RANDOM, True, True),
        ("publicKey", RANDOM, False, False),
        ("salt", RANDOM, True, True),
        ("username", RANDOM, False, False),
        ("keyboard", RANDOM, False, False),
        ("password", "changeme", False, False),
        ("", RANDOM, False, False),
    ],
)
def test_named_credential(name: str, value: str, *, certain: bool, setting: bool) -> None:
    """What a name says depends on where it stands."""
    assert named_credential(name, value, certain=True) is certain
    assert named_credential(name, value, is_setting=True) is setting


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            "no",
            "true",
            "${X}",
            "$(X)",
            "{{ x }}",
            "$X",
            "<x>",
            "[x]",
            "%X%",
            "changeme",
            "CHANGE_ME",
            "your-token",
        ),
        *(
            "todo",
            "xxxx",
            "...",
            "vault:a#b",
            "ref+awssecrets://a",
            "arn:aws:x",
            "/run/x",
            "./x",
            "PASSWORD",
            "DB_TOKEN",
        ),
        *(
            "$2b$12$abc",
            "$argon2id$v=19",
            "{SSHA}abc",
            "md5" + "0d" * 16,
            "ENC[AES256_GCM,data:x]",
            "$ANSIBLE_VAULT;1.1",
        ),
    ],
)
def test_is_placeholder(value: str) -> None:
    """Variables, references, words to be replaced, hashes, encrypted values."""
    assert is_placeholder(value)
    assert not is_placeholder("correct-horse-7")


def test_only_the_beginning_of_a_text_is_looked_at() -> None:
    """A text can be as long as a file may be."""
    token = "ghp_" + "a1" * 18
    assert token_in("x " * (LONGEST // 2 - 30) + token) == "a GitHub token"
    assert token_in("x " * LONGEST + token) == ""
    assert credential_in_text("x\n" * LONGEST + "password = correct-horse-7\n") == ""
    assert credential_in_text("x\n" * 9 + "password = correct-horse-7\n") == "password"


DATA: Any = {
    "a": "one",
    "env": [{"name": "TOKEN", "value": "two"}, {"name": 7, "value": "three"}],
    "list": ["four", ["five", 6, None]],
    "map": {"key": "SIX", "value": "six"},
}


def test_strings_below() -> None:
    """Each with its path, and with the name that it stands under."""
    found = [(name, field.path, field.value) for name, field in strings_below(Field(DATA))]

    assert found == [
        ("a", ("a",), "one"),
        ("name", ("env", 0, "name"), "TOKEN"),
        ("TOKEN", ("env", 0, "value"), "two"),
        ("value", ("env", 1, "value"), "three"),
        ("list", ("list", 0), "four"),
        ("list", ("list", 1, 0), "five"),
        ("key", ("map", "key"), "SIX"),
        ("SIX", ("map", "value"), "six"),
    ]


def test_long_strings() -> None:
    """All of them, whatever they stand in; keys are none."""
    assert sorted(long_strings(DATA, 4)) == ["TOKEN", "five", "four", "three"]
    assert long_strings("a string", 4) == ["a string"]
    assert long_strings("a string", 40) == long_strings(7, 1) == long_strings(None, 1) == []
