"""The same amount in two spellings, and only where an amount stands."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gategit.checks.dry_run.amounts import duration, quantity, same_amount

CPU = ("spec", "containers", 0, "resources", "limits", "cpu")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1000m", "1"),
        ("1Gi", "1024Mi"),
        ("0.5", "500m"),
        (".5", "500m"),
        ("1", 1),
        (1.0, 1),
        ("1k", "1e3"),
        ("1E3", 1000),
        ("1E", "1000P"),
        ("+1", "1"),
        ("0", "0Ki"),
        ("1u", "1000n"),
        ("9007199254740993", 9007199254740993),
    ],
)
def test_quantities_in_two_spellings(one: Any, other: Any) -> None:
    """What the server reads as the same number is the same."""
    assert same_amount("Pod", CPU, one, other, custom=False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1G", "1Gi"),
        ("1M", "1m"),
        ("1", "1000"),
        ("9007199254740993", "9007199254740992"),
        ("1 ", "1"),
        ("", "0"),
        ("1e", "1"),
        ("1kk", "1k"),
        (True, 1),
        ("1e999999999", "1"),
        (None, "0"),
        ("x", "x "),
    ],
)
def test_other_quantities_differ(one: Any, other: Any) -> None:
    """A number that differs in its last digit differs, and so does what is no number."""
    assert not same_amount("Pod", CPU, one, other, custom=False)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Pod", ("spec", "volumes", 0, "emptyDir", "sizeLimit")),
        ("ResourceQuota", ("spec", "hard", "requests.cpu")),
        ("PersistentVolume", ("spec", "capacity", "storage")),
        ("LimitRange", ("spec", "limits", 0, "max", "cpu")),
        ("LimitRange", ("spec", "limits", 0, "defaultRequest", "cpu")),
        ("HorizontalPodAutoscaler", ("spec", "metrics", 0, "resource", "target", "averageValue")),
        ("HorizontalPodAutoscaler", ("spec", "metrics", 0, "object", "target", "value")),
        ("RuntimeClass", ("overhead", "podFixed", "cpu")),
        ("Pod", ("spec", "containers", 0, "env", 0, "valueFrom", "resourceFieldRef", "divisor")),
    ],
)
def test_places_of_quantities(kind: str, path: tuple[str | int, ...]) -> None:
    """Every place where Kubernetes has a quantity."""
    assert same_amount(kind, path, "1", "1000m", custom=False)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("ConfigMap", ("data", "cpu")),
        ("Pod", ("spec", "containers", 0, "env", 0, "value")),
        ("Pod", ("metadata", "labels", "size")),
        ("Widget", ("spec", "max", "size")),
        ("Pod", ()),
    ],
)
def test_elsewhere_a_text_is_a_text(kind: str, path: tuple[str | int, ...]) -> None:
    """A program that reads the text from its environment sees the difference."""
    assert not same_amount(kind, path, "1", "1000m", custom=True)


@pytest.mark.parametrize(
    ("one", "other"), [("1h", "60m"), ("1h0m0s", "60m"), ("1.5h", "90m"), ("0", "0s"), ("1us", "1µs"), ("-1m", "-60s")]
)
def test_durations_in_two_spellings(one: str, other: str) -> None:
    """In custom resources alone, where the field's name says that it is one."""
    assert same_amount("Kustomization", ("spec", "retryInterval"), one, other, custom=True)
    assert same_amount("HTTPRoute", ("spec", "rules", 0, "timeout"), one, other, custom=True)
    assert not same_amount("Kustomization", ("spec", "interval"), one, other, custom=False)
    assert not same_amount("Kustomization", ("spec", "schedule"), one, other, custom=True)


@pytest.mark.parametrize(
    ("one", "other"), [("1h", "1m"), ("1d", "24h"), ("1", "1s"), ("", "0"), ("1h ", "1h"), (60, 60)]
)
def test_other_durations_differ(one: Any, other: Any) -> None:
    """Go knows neither days nor numbers without a unit."""
    assert not same_amount("Kustomization", ("spec", "interval"), one, other, custom=True)


@given(st.integers(min_value=0, max_value=10**15))
def test_spellings_of_any_number(number: int) -> None:
    """A number and its thousandths are the same, whichever comes first; its successor is not."""
    assert same_amount("Pod", CPU, number, f"{number}000m", custom=False)
    assert same_amount("Pod", CPU, f"{number}000m", number, custom=False)
    assert not same_amount("Pod", CPU, number + 1, f"{number}000m", custom=False)
    assert quantity(f"{number}Ki") == Fraction(number * 1024)
    assert duration(f"{number}ms") == Fraction(number * 10**6)


@given(st.text(max_size=80))
def test_no_text_is_too_odd(text: str) -> None:
    """Whatever a manifest holds is a quantity or none."""
    for read in (quantity, duration):
        found = read(text)
        assert found is None or isinstance(found, Fraction)
