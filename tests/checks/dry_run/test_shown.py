"""What of a difference is shown."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gategit.change import ABSENT, FieldDifference
from gategit.checks.dry_run.differences import differences
from gategit.checks.dry_run.shown import Masker, shown
from gategit.model import DryRunDifference

MASKER = Masker(b"key")


def secret(**parts: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **parts}


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def test_plain_values_are_shown() -> None:
    """Each kind of difference with its path as people write it."""
    found = shown(
        "Deployment",
        [
            FieldDifference(("spec", "replicas"), 2, 3),
            FieldDifference(("metadata", "labels", "a/b"), ABSENT, "x"),
            FieldDifference(("spec", "minReadySeconds"), 5, ABSENT),
            FieldDifference(
                ("spec", "initContainers"),
                [{"name": "a"}, {"name": "b"}],
                [{"name": "b"}, {"name": "a"}],
                reordered=True,
            ),
        ],
        MASKER,
    )
    assert found == (
        DryRunDifference("spec.replicas", "modified", 2, 3),
        DryRunDifference('metadata.labels["a/b"]', "added", None, "x"),
        DryRunDifference("spec.minReadySeconds", "removed", 5, None),
        DryRunDifference("spec.initContainers", "reordered", ["a", "b"], ["b", "a"]),
    )


def test_a_changed_secret_shows_that_it_changed() -> None:
    """Two hashes that differ; the same value has the same one wherever it stands."""
    old = secret(data={"a": encoded("HUNTER-1"), "b": encoded("HUNTER-2")}, type="Opaque")
    new = secret(data={"a": encoded("HUNTER-2"), "b": encoded("HUNTER-2")}, type="Opaque")
    (found,) = shown("Secret", differences(old, new), MASKER)
    assert found.path == "data.a"
    assert found.old != found.new
    assert found.new == MASKER.hide(("data", "b"), encoded("HUNTER-2"))
    assert found.new == MASKER.hide(("stringData", "b"), "HUNTER-2")


def test_hashes_of_two_runs_differ() -> None:
    """So nobody can compare one report's hashes with another's, or with those of guessed values."""
    assert Masker(b"1").hide(("data", "a"), "eA==") != Masker(b"2").hide(("data", "a"), "eA==")


@pytest.mark.parametrize(
    "old",
    [
        secret(data={"a": "HUNTER"}),
        secret(stringData={"a": "HUNTER"}),
        secret(dta={"a": ["HUNTER", {"b": "HUNTER"}]}),
        secret(data="HUNTER"),
        secret(metadata={"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "HUNTER"}}),
        secret(metadata={"annotations": {"kapp.k14s.io/original": "HUNTER"}}),
        secret(metadata={"annotations": {"objectset.rio.cattle.io/applied": "HUNTER"}}),
    ],
)
def test_no_value_of_a_secret_is_shown(old: dict[str, Any]) -> None:
    """Wherever in the Secret it stands, new, gone or changed; its keys are."""
    changed = json.loads(json.dumps(old).replace("HUNTER", "DRAGON"))
    for one, other in ((old, changed), (secret(), old), (old, secret()), (None, old)):
        text = repr(shown("Secret", differences(one, other), MASKER))
        assert "HUNTER" not in text
        assert "DRAGON" not in text


SECRETS = st.text(alphabet="abcdef", min_size=1, max_size=6).map(lambda text: f"HUNTER{text}")
VALUES = st.recursive(
    SECRETS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=8,
)
PARTS = st.dictionaries(st.sampled_from(["data", "stringData", "dta", "Data"]), VALUES, max_size=4)


@given(PARTS, PARTS)
def test_no_secret_leaves_in_any_shape(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Whatever is below the fields that hold values."""
    assert "HUNTER" not in repr(shown("Secret", differences(secret(**old), secret(**new)), MASKER))


TOKEN = "gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
WORDS = "correct-horse-battery"


def configmap(key: str = "a", value: str = "") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {key: value}}


def with_env(*items: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "c", "env": list(items)}]}}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (configmap("DB_PASSWORD", "changeme"), configmap("DB_PASSWORD", WORDS)),
        (configmap("DB_PASSWORD", WORDS), configmap()),
        (configmap("anything", TOKEN), configmap("anything", "x")),
        (configmap("ini", "a = b\nc = d\n"), configmap("ini", f"a = b\npassword = {WORDS}\n")),
        (
            with_env({"name": "API_PASSWORD", "value": WORDS}),
            with_env({"name": "API_PASSWORD", "value": "other-words-here"}),
        ),
        (with_env(), with_env({"name": "API_PASSWORD", "value": WORDS})),
        (with_env({"name": "A"}, {"name": "API_PASSWORD", "value": WORDS}), with_env({"name": "A"})),
        (None, with_env({"name": "API_PASSWORD", "value": WORDS})),
        (None, configmap("DB_PASSWORD", WORDS)),
    ],
)
def test_credentials_outside_of_secrets_are_not_shown(old: dict[str, Any] | None, new: dict[str, Any]) -> None:
    """By their shape, by the key or variable that they stand under, or by a name in a config file; old or new."""
    found = shown(str(new["kind"]), differences(old, new), MASKER, old=old, new=new)
    assert found
    assert WORDS not in repr(found)
    assert TOKEN not in repr(found)
    assert "(secret, " in repr(found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (configmap("PASSWORD_FILE", "/run/a"), configmap("PASSWORD_FILE", "/run/b")),
        (configmap("mode", "fast"), configmap("mode", "slow")),
        (configmap("ini", "tokens = 1\n"), configmap("ini", "tokens = 2\n")),
        (with_env({"name": "MODE", "value": "a"}), with_env({"name": "MODE", "value": "b"})),
        (with_env({"name": "PASSWORD", "value": "$(OTHER)"}), with_env({"name": "PASSWORD", "value": "${THIRD}"})),
    ],
)
def test_what_only_sounds_like_a_credential_is_shown(old: dict[str, Any], new: dict[str, Any]) -> None:
    """A reviewer needs to see it."""
    assert "(secret, " not in repr(shown(str(new["kind"]), differences(old, new), MASKER, old=old, new=new))


def test_long_texts_keep_the_lines_that_differ() -> None:
    """What both texts begin and end with is counted."""
    lines = [f"line {number} {'x' * 40}" for number in range(1000)]
    other = [*lines[:500], "new", *lines[501:]]
    (found,) = shown("ConfigMap", [FieldDifference(("data", "a"), "\n".join(lines), "\n".join(other))], MASKER)
    assert isinstance(found.old, str)
    assert isinstance(found.new, str)
    assert found.old.split("\n") == ["… 497 lines that are the same", *lines[497:504], "… 496 lines that are the same"]
    assert found.new.split("\n")[4] == "new"


def test_values_are_bounded() -> None:
    """How much is left out is said."""
    (text,) = shown("ConfigMap", [FieldDifference(("data", "a"), ABSENT, "x" * 100_000)], MASKER)
    assert text.new == "x" * 20_000 + "… (100,000 characters)"
    (items,) = shown("ConfigMap", [FieldDifference(("data",), ABSENT, {f"k{n}": n for n in range(5000)})], MASKER)
    assert isinstance(items.new, dict)
    assert len(items.new) == 2000
    assert items.new["…"] == "3,001 more"
    (many,) = shown("Widget", [FieldDifference(("spec",), ABSENT, [[n] for n in range(5000)])], MASKER)
    assert isinstance(many.new, list)
    assert many.new[-1] == "… 4,000 more"


def test_what_json_does_not_know_becomes_text() -> None:
    """A report must stay readable by every parser."""
    (found,) = shown("Widget", [FieldDifference(("spec",), float("inf"), 1.5)], MASKER)
    assert (found.old, found.new) == ("inf", 1.5)
