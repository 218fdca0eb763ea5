"""The config says which policies run where, how much they weigh, and with what parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from gategit.checks.policy.choose import PolicyChoice, is_wanted
from gategit.checks.policy.load import PolicyInfo, PolicySource, builtin_sources
from gategit.checks.policy.run import start
from gategit.config import PolicyOverride, PolicySettings, load_config
from gategit.errors import ConfigError
from gategit.model import Level

MakePolicy = Callable[..., PolicySource]

PARAMETERS = (
    "Manifest, *, most: int = 3, share: float = 0.5, deep: bool = False, name: str = '', hosts: tuple[str, ...] = ()"
)
DESCRIBED = (
    b"    Parameters:\n        most: a.\n        share: b.\n        deep: c.\n        name: d.\n        hosts: e.\n\n"
)


@pytest.fixture
def policies(make_policy: MakePolicy) -> Sequence[PolicyInfo]:
    """One policy with a parameter of each type, and one without any."""
    source = make_policy("tuned", "yield", view=PARAMETERS)
    content = (source.content or b"").replace(b"    References:\n", DESCRIBED + b"    References:\n")
    with start([PolicySource("tuned", "gate/tuned.py", content), make_policy("plain", "yield")]) as runner:
        return runner.policies()


def override(
    *, targets: tuple[str, ...] = (), paths: tuple[str, ...] = (), levels: Any = None, parameters: Any = None
) -> PolicyOverride:
    return PolicyOverride(targets, paths, levels or {}, parameters or {})


def test_an_override_holds_for_its_targets_and_paths(policies: Sequence[PolicyInfo]) -> None:
    """The last one that says something wins; where none matches, the general settings hold."""
    settings = PolicySettings(
        levels={"plain": Level.NOTE},
        parameters={"tuned": {"most": 1}},
        overrides=(
            override(targets=("prod*",), levels={"plain": Level.ERROR}, parameters={"tuned": {"most": 2}}),
            override(paths=("legacy/**",), levels={"plain": None}, parameters={"tuned": {"deep": True}}),
        ),
    )
    choice = PolicyChoice(policies, settings)

    assert choice.of("apps/a.yaml", None) is choice.general
    assert choice.general.levels == {"tuned": Level.ERROR, "plain": Level.NOTE}
    prod = choice.of("apps/a.yaml", "prod-eu")
    assert (prod.levels["plain"], prod.parameters) == (Level.ERROR, {"tuned": {"most": 2}})
    legacy = choice.of("legacy/a.yaml", "prod-eu")
    assert (legacy.levels, legacy.parameters) == ({"tuned": Level.ERROR}, {"tuned": {"most": 2, "deep": True}})
    assert choice.of("legacy/b.yaml", "prod-us") is legacy


def test_a_policy_that_is_on_somewhere_is_loaded_and_known(policies: Sequence[PolicyInfo]) -> None:
    """Off in general and on for one target is on."""
    settings = PolicySettings(
        packs=(), levels={"plain": None}, overrides=(override(targets=("a",), levels={"plain": Level.NOTE}),)
    )

    assert "plain" not in PolicyChoice(policies, settings).general.levels
    assert PolicyChoice(policies, settings).somewhere.levels["plain"] is Level.NOTE


def test_only_what_may_run_is_loaded() -> None:
    """By pack, by level, by an override; a policy that is off costs nothing."""
    by_id = {source.id: source for source in builtin_sources()}
    settings = PolicySettings(
        packs=(),
        levels={"image-digest": Level.NOTE, "replicas-drop": None},
        overrides=(override(paths=("a/**",), levels={"resource-limits": Level.NOTE}),),
    )

    wanted = {name for name, source in by_id.items() if is_wanted(source, settings)}

    assert wanted == {"image-digest", "resource-limits"}
    assert all(is_wanted(source, PolicySettings(packs=("strict",))) for source in by_id.values())


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"tuned": {"mos": 1}}, "the policy tuned has no parameter mos; did you mean most?"),
        ({"plain": {"most": 1}}, "the policy plain has no parameter most"),
        ({"tunde": {"most": 1}}, "there is no policy tunde; did you mean tuned?"),
        ({"tuned": {"most": "1"}}, "the parameter most of tuned must be a whole number, not '1'"),
        ({"tuned": {"most": True}}, "the parameter most of tuned must be a whole number, not True"),
        ({"tuned": {"share": "x"}}, "the parameter share of tuned must be a number, not 'x'"),
        ({"tuned": {"deep": 1}}, "the parameter deep of tuned must be true or false, not 1"),
        ({"tuned": {"name": 1}}, "the parameter name of tuned must be a text, not 1"),
        ({"tuned": {"hosts": "a"}}, "the parameter hosts of tuned must be a list of texts, not 'a'"),
    ],
)
def test_a_wrong_parameter_is_a_config_error(
    policies: Sequence[PolicyInfo], parameters: dict[str, Any], problem: str
) -> None:
    """In the general settings and in an override alike, with the place in the config."""
    for settings, place in (
        (PolicySettings(parameters=parameters), "('policies', 'parameters'"),
        (PolicySettings(overrides=(override(targets=("a",), parameters=parameters),)), "('policies', 'overrides', 0"),
    ):
        with pytest.raises(ConfigError) as caught:
            PolicyChoice(policies, settings, lambda path, message, _: ConfigError(f"{path} {message}"))
        assert str(caught.value).startswith(place)
        assert str(caught.value).endswith(problem)


def test_right_parameters_are_taken(policies: Sequence[PolicyInfo]) -> None:
    """A whole number is a number too."""
    values: Any = {"most": 1, "share": 1, "deep": True, "name": "x", "hosts": ("a", "b")}

    assert PolicyChoice(policies, PolicySettings(parameters={"tuned": values})).general.parameters == {"tuned": values}


CONFIG = b"""\
version: 1
policies:
  parameters:
    allowed-registries: {registries: [ghcr.io/acme]}
  not_waivable: [plaintext-secret]
  overrides:
    - targets: ["prod*"]
      paths: [apps/**]
      levels: {image-digest: error, replicas-drop: off}
"""


def test_the_config_file_says_it() -> None:
    """As the settings hold it."""
    policies = load_config(CONFIG, ".gategit.yaml").policies

    assert policies.parameters == {"allowed-registries": {"registries": ("ghcr.io/acme",)}}
    assert policies.not_waivable == {"plaintext-secret"}
    (found,) = policies.overrides
    assert (found.targets, found.paths) == (("prod*",), ("apps/**",))
    assert found.levels == {"image-digest": Level.ERROR, "replicas-drop": None}
    assert policies.level_of("image-digest", Level.WARNING, "apps/a.yaml", "prod-1") is Level.ERROR
    assert policies.level_of("image-digest", Level.WARNING, "apps/a.yaml", None) is Level.WARNING
    assert policies.level_of("replicas-drop", Level.WARNING, "apps/a.yaml", "prod-1") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("overrides: [{targets: [a]}]", "must have at least 2 of the keys targets, paths, levels, parameters"),
        ("parameters: {x: {y: {z: 1}}}", "must be true or false, a number, a text or a list of texts, not a mapping"),
        ("parameters: {x: {y: [1]}}", "must be true or false, a number, a text or a list of texts, not a list"),
    ],
)
def test_a_wrong_shape_is_refused(text: str, problem: str) -> None:
    """With the place and what was expected."""
    with pytest.raises(ConfigError) as caught:
        load_config(f"version: 1\npolicies:\n  {text}\n".encode(), ".gategit.yaml")
    assert problem in str(caught.value)
    assert caught.value.line == 3
