"""Which fields of a live object are otherwise than its manifest declares them.

A manifest declares a part of an object; the rest is defaults and the work of controllers, which are no drift. So the
declared fields are looked for in the live object, one by one. Of the others those count which were put there by who
applies the manifest, and are no longer declared, and those which a person wrote with kubectl.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gategit.change import ABSENT, MERGE_KEYS, same
from gategit.checks.drift.values import FieldChange, FieldFound
from gategit.checks.dry_run.differences import (
    LAST_APPLIED,
    SCHEMA,
    SERVER_METADATA,
    is_controllers_note,
    is_custom,
    same_value,
    says_nothing,
)
from gategit.checks.dry_run.managers import Way, owner
from gategit.checks.dry_run.marks import MARK_LABELS, MARK_PREFIXES
from gategit.checks.dry_run.owned import (
    APPLY,
    Entry,
    Fields,
    combined,
    entries,
    find,
    has_key,
    item_key,
    list_keys,
    lost,
)
from gategit.manifests.secrecy import holds_secrets
from gategit.model import FieldPath, format_path

# kubectl's notes are no more than an agent's.
_MARKS: Final = (*MARK_PREFIXES, "kubectl.kubernetes.io/")

# People write through these. What kubectl rollout leaves is an order to restart, not a setting.
_HANDS: Final = re.compile(r"kubectl-(?!client-side-apply\Z|create\Z|rollout\Z|last-applied\Z)[a-z-]+\Z|k9s\Z")

# Go leaves a field with the value zero out of what it writes. Of these, zero and nothing are two things, and the server
# sets no default.
_ZERO_IS_SAID: Final = frozenset(
    {
        *("allowPrivilegeEscalation", "automountServiceAccountToken", "fsGroup", "hostUsers", "maxItems", "maxLength"),
        *("maxProperties", "maxSurge", "maxUnavailable", "maximum", "minAvailable", "minItems", "minLength"),
        *("minProperties", "minimum", "runAsGroup", "runAsNonRoot", "runAsUser", "served", "storage"),
        *("storageClassName", "tolerationSeconds", "ttlSecondsAfterFinished"),
    }
)
_MAPS: Final = frozenset(
    {
        *("annotations", "binaryData", "data", "labels", "limits", "matchLabels", "nodeSelector", "parameters"),
        *("requests", "selector", "stringData"),
    }
)

# What selects is a whole: one label more selects other objects.
_SELECTOR: Final = re.compile(r"([sS]elector|matchLabels)\Z")

# Flux puts values in the place of these after the build; which ones, only the cluster knows.
_VARIABLE: Final = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*(?::[-=][^{}]*)?\}")


def drifted_fields(
    declared: Mapping[str, Any],
    live: Mapping[str, Any],
    manager: str | None,
    *,
    ignored: frozenset[FieldPath] = frozenset(),
) -> list[FieldFound]:
    """The fields that differ between a manifest and the live object, in the manifest's order.

    Args:
        declared: the manifest.
        live: the object, with its managedFields.
        manager: the name under which the manifest is applied; None: what the live object says.
        ignored: fields that something else is in charge of, such as the replicas that an autoscaler sets.
    """
    return _Comparison(declared, live, manager, ignored).fields()


class _Comparison:
    """One manifest beside one live object."""

    def __init__(
        self, declared: Mapping[str, Any], live: Mapping[str, Any], manager: str | None, ignored: frozenset[FieldPath]
    ) -> None:
        self._kind = str(declared.get("kind") or "")
        self._custom = is_custom(declared)
        self._declared = _as_stored(declared) if holds_secrets(self._kind) else declared
        self._texts = _mapping(declared, "stringData") if holds_secrets(self._kind) else {}
        self._live = live
        self._entries = [entry for entry in entries(live) if entry.subresource != "status"]
        self._shape = combined(entry.fields for entry in self._entries)
        self._owner = owner(live, manager)
        self._ignored = ignored
        self._found: list[FieldFound] = []

    def fields(self) -> list[FieldFound]:
        """Everything that differs."""
        for key, value in self._declared.items():
            if key not in {"apiVersion", "kind", "metadata", "status"}:
                self._field((key,), (key,), value, self._live, self._shape)
        wanted, has = _mapping(self._declared, "metadata"), _mapping(self._live, "metadata")
        shape = _below(self._shape, "f:metadata")
        for key, value in wanted.items():
            self._field(("metadata", key), ("metadata", key), value, has, shape)
        seen = {found.path for found in self._found}
        # The server sorts its entries by when they were written.
        for path, managers in sorted(self._undeclared(), key=lambda pair: (format_path(pair[0]), pair[1])):
            if path not in seen and not (_is_left_out(path) or _is_mark(path) or path in self._ignored):
                seen.add(path)
                value = _at(self._live, path)
                self._found.append(
                    FieldFound(FieldChange.UNDECLARED, path, self._nearest(path), ABSENT, value, managers)
                )
        return self._found

    def _field(
        self, path: FieldPath, live_path: FieldPath, value: Any, around: Mapping[str, Any], shape: Fields
    ) -> None:
        """Compare one declared field with the mapping that should hold it."""
        name = str(path[-1])
        literal = self._custom or SCHEMA in path
        if says_nothing(name, value, custom=literal) or _is_left_out(path) or path in self._ignored:
            return
        if around.get(name) is None:
            if not self._goes_without_saying(path, value):
                self._add(FieldChange.LACKING, path, live_path, value, ABSENT)
            return
        self._value(path, live_path, value, around[name], _below(shape, f"f:{name}"))

    def _value(self, path: FieldPath, live_path: FieldPath, value: Any, has: Any, shape: Fields) -> None:
        if isinstance(value, dict) and isinstance(has, dict):
            for key, part in value.items():
                self._field((*path, key), (*live_path, key), part, has, shape)
            if not self._custom and path and _SELECTOR.search(str(path[-1])):
                for key in sorted(has.keys() - value.keys()):
                    self._add(FieldChange.UNDECLARED, path, (*live_path, key), ABSENT, has[key])
        elif isinstance(value, list) and isinstance(has, list):
            self._list(path, live_path, value, has, shape)
        elif not self._is_same(path, value, has):
            self._add(FieldChange.CHANGED, path, live_path, value, has)

    def _list(self, path: FieldPath, live_path: FieldPath, value: list[Any], has: list[Any], shape: Fields) -> None:
        if self._kind == "Pod" and path == ("spec", "tolerations"):
            has = has[: len(value)]  # the server appends those that every Pod has
        names = list_keys(shape) or self._guessed_keys(path, value, has, shape)
        if names:
            for index, item in enumerate(value):
                place = _place_of(item, has, names)
                if place is None:
                    self._add(FieldChange.LACKING, (*path, index), (*path, index), item, ABSENT)
                else:
                    below: Fields = next((shape[key] for key in shape if _is_step_to(key, has[place])), {})
                    self._value((*path, index), (*live_path, place), item, has[place], below)
        elif any(step.startswith("v:") for step in shape) or path == ("metadata", "finalizers"):
            for index, item in enumerate(value):
                if not any(same(item, other) for other in has):
                    self._add(FieldChange.LACKING, (*path, index), (*path, index), item, ABSENT)
        elif len(value) == len(has):
            for index, (item, other) in enumerate(zip(value, has, strict=True)):
                self._value((*path, index), (*live_path, index), item, other, {})
        else:
            self._add(FieldChange.CHANGED, path, live_path, value, has)

    def _guessed_keys(self, path: FieldPath, value: list[Any], has: list[Any], shape: Fields) -> tuple[str, ...]:
        """The keys of a built-in kind's list that nobody is said to own a part of."""
        if self._custom or shape or str(path[-1]) not in _KEYED or not value:
            return ()
        items = [*value, *has]
        if not all(isinstance(item, dict) for item in items):
            return ()
        return next((names for names in MERGE_KEYS if all(names[0] in item for item in items)), ())

    def _is_same(self, path: FieldPath, value: Any, has: Any) -> bool:
        if same(value, has) or same_value(self._kind, path, value, has, custom=self._custom):
            return True
        if isinstance(value, int | float) and isinstance(has, int | float) and not isinstance(value, bool):
            return not isinstance(has, bool) and value == has
        return isinstance(value, str) and isinstance(has, str) and _fits(value, has)

    def _goes_without_saying(self, path: FieldPath, value: Any) -> bool:
        """Whether the server does not keep such a value of a built-in kind, because nothing means the same."""
        if self._custom:
            return False
        if isinstance(value, dict):
            return bool(value) and all(
                says_nothing(str(key), part, custom=False) or self._goes_without_saying((*path, key), part)
                for key, part in value.items()
            )
        zero = value is False or value == [] or (value in ("", 0) and not isinstance(value, bool))
        parent = path[-2] if len(path) > 1 else ""
        return zero and path[-1] not in _ZERO_IS_SAID and parent not in _MAPS

    def _add(self, change: FieldChange, path: FieldPath, live_path: FieldPath, value: Any, has: Any) -> None:
        managers = self._writers(live_path) if has is not ABSENT else ()
        shown = live_path if has is not ABSENT else path
        self._found.append(FieldFound(change, shown, self._as_written(path), value, has, managers))

    def _writers(self, path: FieldPath) -> tuple[str, ...]:
        """Who wrote a live field; who applies the manifest is named only where it is nobody else."""
        names = {entry.manager for entry in self._entries if _owns(entry.fields, self._live, path)}
        return tuple(sorted(names - {self._owner.name} or names))

    def _undeclared(self) -> Iterator[tuple[FieldPath, tuple[str, ...]]]:
        """Live fields that who applies the manifest, or a person, wrote, and that it does not declare."""
        for entry in self._entries:
            applied = self._owner.way is Way.APPLY and entry.manager == self._owner.name and entry.operation == APPLY
            by_hand = entry.manager != self._owner.name and entry.operation != APPLY and _HANDS.match(entry.manager)
            if applied or by_hand:
                yield from ((path, (entry.manager,)) for path in self._not_declared(entry))
        if self._owner.way is Way.THREE_WAY and self._owner.before is not None:
            before = _as_stored(self._owner.before) if holds_secrets(self._kind) else self._owner.before
            for path in _dropped(before, self._declared, self._live, ()):
                yield path, (self._owner.name,)

    def _not_declared(self, entry: Entry) -> Iterator[FieldPath]:
        """The outermost places of an entry's fields that the live object has and the manifest has not."""
        for steps in lost(entry.fields, {}):
            if find(self._live, steps) is None:
                continue
            for length in range(1, len(steps) + 1):
                path = find(self._live, steps[:length])
                if path is not None and not _is_shared(path) and find(self._declared, steps[:length]) is None:
                    yield path
                    break

    def _nearest(self, path: FieldPath) -> FieldPath:
        """The path of the manifest that stands for a live one, without its last step: its indices may be others."""
        found: list[str | int] = []
        content: Any = self._declared
        live: Any = self._live
        for step in path[:-1]:
            if isinstance(step, str) and isinstance(content, dict) and step in content:
                content, live = content[step], live[step]
                found.append(step)
            elif isinstance(step, int) and isinstance(content, list):
                item = live[step]
                index = _twin(item, content)
                if index is None:
                    break
                content, live = content[index], item
                found.append(index)
            else:
                break
        return self._as_written(tuple(found))

    def _as_written(self, path: FieldPath) -> FieldPath:
        """The same path in the manifest's own words: a Secret's text stands below ``stringData``."""
        if len(path) > 1 and path[0] == "data" and path[1] in self._texts:
            return ("stringData", *path[1:])
        return path


_KEYED: Final = frozenset(
    {
        *("containers", "env", "ephemeralContainers", "hostAliases", "imagePullSecrets", "initContainers", "ports"),
        *("secrets", "volumeDevices", "volumeMounts", "volumes", "webhooks"),
    }
)


# What an object is called is no setting of it; kubectl notes it as if it were one.
_NOT_SET: Final = SERVER_METADATA | {"name", "namespace", "generateName"}


def _as_stored(declared: Mapping[str, Any]) -> dict[str, Any]:
    """A Secret as the server keeps it: texts become a part of the data."""
    texts = _mapping(declared, "stringData")
    if not texts:
        return dict(declared)
    encoded = {
        key: b64encode(value.encode(errors="surrogatepass")).decode()
        for key, value in texts.items()
        if isinstance(value, str)
    }
    rest = {key: value for key, value in declared.items() if key != "stringData"}
    return {**rest, "data": {**_mapping(declared, "data"), **encoded}}


def _mapping(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = content.get(key)
    return value if isinstance(value, dict) else {}


def _below(shape: Fields, key: str) -> Fields:
    found = shape.get(key)
    return found if isinstance(found, dict) else {}


def _at(content: Any, path: FieldPath) -> Any:
    for step in path:
        content = content[step]
    return content


def _is_left_out(path: FieldPath) -> bool:
    """Whether a field is the server's, a controller's or an agent's own."""
    if path[:1] == ("status",) or (path[:1] == ("metadata",) and len(path) > 1 and path[1] in _NOT_SET):
        return True
    if len(path) != 3 or path[0] != "metadata" or path[1] not in {"labels", "annotations"}:
        return False
    name = str(path[2])
    return name == LAST_APPLIED or is_controllers_note(name)


def _is_mark(path: FieldPath) -> bool:
    """Whether a label or annotation is one by which an agent finds its objects again."""
    if len(path) != 3 or path[0] != "metadata" or path[1] not in {"labels", "annotations"}:
        return False
    name = str(path[2])
    return name.startswith(_MARKS) or name in MARK_LABELS


def _place_of(item: Any, items: list[Any], names: tuple[str, ...]) -> int | None:
    """Where a list has the item with the same keys. A key that the manifest leaves out has its default in the list."""
    if not isinstance(item, dict):
        return None
    key = {name: item[name] for name in names if name in item}
    places = [index for index, other in enumerate(items) if has_key(other, key)]
    missing = [name for name in names if name not in item]
    # The only key of Kubernetes' lists that has a default.
    default = [index for index in places if all(items[index].get(name) in (None, "TCP") for name in missing)]
    return next(iter(default or places), None)


def _twin(item: Any, items: list[Any]) -> int | None:
    """Where a list has the item that stands for this one: the same key, else the same value."""
    if not isinstance(item, dict):
        return next((index for index, other in enumerate(items) if same(item, other)), None)
    for names in MERGE_KEYS:
        if names[0] in item:
            key = {name: item[name] for name in names if name in item}
            places = [index for index, other in enumerate(items) if has_key(other, key)]
            exact = [index for index in places if all(name in items[index] for name in key)]
            if places:
                return (exact or places)[0]
    return None


def _is_step_to(step: str, item: Any) -> bool:
    return step.startswith("k:") and has_key(item, item_key(step))


def _owns(fields: Fields, content: Any, path: FieldPath) -> bool:
    """Whether a tree of owned fields has a path of the object, or something that it is a part of."""
    if not path or not fields:
        return True
    step, rest = path[0], path[1:]
    if isinstance(step, str):
        below = fields.get(f"f:{step}")
        return isinstance(below, dict) and isinstance(content, dict) and _owns(below, content.get(step), rest)
    if not isinstance(content, list) or step >= len(content):
        return False
    return any(
        _owns(below, content[step], rest)
        for key, below in fields.items()
        if isinstance(below, dict) and _is_step_to(key, content[step])
    )


def _dropped(before: Any, declared: Any, live: Any, path: FieldPath) -> Iterator[FieldPath]:
    """What was applied, is no longer declared, and is still there."""
    if isinstance(before, dict) and isinstance(live, dict):
        wanted = declared if isinstance(declared, dict) else {}
        for key, value in before.items():
            if live.get(key) is None or value in (None, {}, []):
                continue
            here = (*path, key)
            if key not in wanted and not _is_shared(here):
                yield here
            else:
                yield from _dropped(value, wanted.get(key), live[key], here)
    elif isinstance(before, list) and isinstance(declared, list) and isinstance(live, list):
        for item in before:
            place = _twin(item, live) if isinstance(item, dict) else None
            if place is None:
                continue
            twin = _twin(item, declared)
            if twin is None:
                yield (*path, place)
            else:
                yield from _dropped(item, declared[twin], live[place], (*path, place))


def _is_shared(path: FieldPath) -> bool:
    """Whether a field has parts of many: one of them may be undeclared without the others."""
    return path in {("metadata",), ("metadata", "labels"), ("metadata", "annotations")}


def _fits(text: str, has: str) -> bool:
    """Whether a text is another one with values in the place of its variables."""
    parts = _VARIABLE.split(text)
    if len(parts) == 1 or not has.startswith(parts[0]) or not has.endswith(parts[-1]):
        return False
    end = len(has) - len(parts[-1])
    position = len(parts[0])
    for part in parts[1:-1]:
        position = has.find(part, position, end)
        if position < 0:
            return False
        position += len(part)
    return position <= end
