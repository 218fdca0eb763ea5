"""Which policies run on which files, how much their violations weigh, and with what parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gategit.checks.policy.api.declare import is_of_type
from gategit.checks.policy.builtin import PACKS
from gategit.checks.policy.load import BUILTIN_IDS, PolicyInfo, PolicyParameter, PolicySet, PolicySource
from gategit.checks.policy.subjects import Refusal
from gategit.config import Levels, Parameters, ParameterValue, PolicyOverride, PolicySettings
from gategit.errors import ConfigError
from gategit.model import FieldPath, Level
from gategit.nearest import did_you_mean

ConfigErrorAt = Callable[[FieldPath, str, str], ConfigError]
"""Makes the error for a key of the config file from the key's path, the message and the hint (``Config.error``)."""


def _error_without_place(_path: FieldPath, message: str, hint: str) -> ConfigError:
    return ConfigError(message, hint)


def is_wanted(source: PolicySource, settings: PolicySettings, selected: frozenset[str] = frozenset()) -> bool:
    """Whether a built-in policy may have to run, so that it is worth loading.

    Args:
        source: the policy.
        settings: what the config says.
        selected: policies that are asked for by name.
    """
    if source.id in selected or not set(settings.packs).isdisjoint(source.packs) or source.id in settings.parameters:
        return True
    each: tuple[PolicySettings | PolicyOverride, ...] = (settings, *settings.overrides)
    return any(one.levels.get(source.id) is not None or source.id in one.parameters for one in each)


class PolicyChoice:
    """The policies that the config switches on, for each file.

    A built-in policy runs where one of the packs holds it or a level is given for it; a repository's own runs unless
    it is switched off.

    Args:
        policies: every loaded policy.
        settings: what the config says of them.
        error_at: makes the error for a key of the config.
        other_rules: rules that are no policies, whose levels the settings may hold as well.
        selected: built-in policies that are asked for by name: they run unless the settings switch them off.

    Raises:
        ConfigError: a pack, policy or parameter that there is not, or a value of the wrong type.
    """

    def __init__(
        self,
        policies: Sequence[PolicyInfo],
        settings: PolicySettings,
        error_at: ConfigErrorAt = _error_without_place,
        other_rules: frozenset[str] = frozenset(),
        selected: frozenset[str] = frozenset(),
    ) -> None:
        self._policies = tuple(policies)
        self._settings = settings
        self._error_at = error_at
        self._selected = selected
        self._by_id = {policy.id: policy for policy in policies}
        self._known = frozenset(self._by_id) | BUILTIN_IDS
        self._sets: dict[tuple[int, ...], PolicySet] = {}
        self._check_packs()
        self._check(("policies",), settings.levels, settings.parameters, other_rules)
        for index, override in enumerate(settings.overrides):
            self._check(("policies", "overrides", index), override.levels, override.parameters, other_rules)
        self.general = self._sets[()] = self._set(())

    @property
    def fingerprint(self) -> tuple[str, ...]:
        """What names this choice, as far as it decides what is said of objects: part of the keys of what is kept."""
        return (
            _named(self.general.levels, self.general.parameters),
            *(
                f"{one.targets!r} {one.paths!r} {_named(one.levels, one.parameters)}"
                for one in self._settings.overrides
            ),
        )

    @property
    def somewhere(self) -> PolicySet:
        """Every policy that runs on some file, with the level that it has in general or there."""
        levels = dict(self.general.levels)
        for override in self._settings.overrides:
            for policy, level in override.levels.items():
                if level is not None and policy in self._by_id:
                    levels.setdefault(policy, level)
        return PolicySet(self._policies, levels, self.general.parameters)

    def of(self, path: str, target: str | None) -> PolicySet:
        """The policies for a file that is judged for a target. Files with the same policies get the same set."""
        overrides = self._settings.overrides
        key = tuple(index for index, one in enumerate(overrides) if one.matches(path, target))
        found = self._sets.get(key)
        if found is None:
            found = self._sets[key] = self._set(tuple(overrides[index] for index in key))
        return found

    def refused(self, refusal: Refusal) -> ConfigError:
        """The error for a parameter that a policy cannot use, at its place in the config."""
        place: FieldPath = ("policies", "parameters", refusal.policy, refusal.name)
        if refusal.name not in self._settings.parameters.get(refusal.policy, {}):
            for index, override in enumerate(self._settings.overrides):
                if refusal.name in override.parameters.get(refusal.policy, {}):
                    place = ("policies", "overrides", index, "parameters", refusal.policy, refusal.name)
        message = f"the parameter {refusal.name} of {refusal.policy} {refusal.problem}"
        return self._error_at(place, message, f"gategit policy explain {refusal.policy} says what it takes")

    def _set(self, overrides: tuple[PolicyOverride, ...]) -> PolicySet:
        given: dict[str, Level | None] = dict(self._settings.levels)
        parameters = {policy: dict(values) for policy, values in self._settings.parameters.items()}
        for override in overrides:
            given.update(override.levels)
            for policy, values in override.parameters.items():
                parameters.setdefault(policy, {}).update(values)
        levels: dict[str, Level] = {}
        for info in self._policies:
            level = given.get(info.id, info.level)
            if level is not None and (info.id in given or self._is_on_by_itself(info)):
                levels[info.id] = level
        return PolicySet(self._policies, levels, parameters)

    def _is_on_by_itself(self, policy: PolicyInfo) -> bool:
        if not policy.source.is_builtin or policy.id in self._selected:
            return True
        return not set(self._settings.packs).isdisjoint(policy.packs)

    def _check_packs(self) -> None:
        for index, pack in enumerate(self._settings.packs):
            if pack not in PACKS:
                message = f"there is no policy pack {pack}{did_you_mean(pack, PACKS)}"
                raise self._error_at(("policies", "packs", index), message, f"packs: {', '.join(PACKS)}")

    def _check(self, place: FieldPath, levels: Levels, parameters: Parameters, other_rules: frozenset[str]) -> None:
        for policy in levels:
            if policy not in self._known and policy not in other_rules:
                raise self._unknown((*place, "levels", policy), policy)
        for policy, values in parameters.items():
            info = self._by_id.get(policy)
            if info is None:
                raise self._unknown((*place, "parameters", policy), policy)
            self._check_values((*place, "parameters", policy), info, values)

    def _unknown(self, place: FieldPath, policy: str) -> ConfigError:
        message = f"there is no policy {policy}{did_you_mean(policy, sorted(self._known))}"
        return self._error_at(place, message, "gategit policy list shows them all")

    def _check_values(self, place: FieldPath, policy: PolicyInfo, values: Mapping[str, ParameterValue]) -> None:
        known = {parameter.name: parameter for parameter in policy.parameters}
        for name, value in values.items():
            parameter = known.get(name)
            if parameter is None:
                message = f"the policy {policy.id} has no parameter {name}{did_you_mean(name, known)}"
                hint = f"its parameters: {', '.join(known)}" if known else "it has none"
                raise self._error_at((*place, name), message, hint)
            if not is_of_type(value, parameter.type):
                raise self._error_at((*place, name), _wrong_type(policy, parameter, value), "")


def _named(levels: Levels, parameters: Parameters) -> str:
    """Levels and parameters as text that is the same whenever they are."""
    return repr((sorted(levels.items()), sorted((policy, sorted(own.items())) for policy, own in parameters.items())))


def _wrong_type(policy: PolicyInfo, parameter: PolicyParameter, value: ParameterValue) -> str:
    wanted = {
        "bool": "true or false",
        "int": "a whole number",
        "float": "a number",
        "str": "a text",
        "tuple[str, ...]": "a list of texts",
    }[parameter.type]
    shown = list(value) if isinstance(value, tuple) else value
    return f"the parameter {parameter.name} of {policy.id} must be {wanted}, not {shown!r:.80}"
