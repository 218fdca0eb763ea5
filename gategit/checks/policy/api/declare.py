"""How a policy says what it is: the decorator, and what it refuses."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, Literal, TypeVar

    from gategit.checks.policy.api.changes import Change
    from gategit.checks.policy.api.fields import Field

    Function = TypeVar("Function", bound=Callable[..., Iterable["Violation"]])

HEADINGS = ("What it asks", "Why", "How to fix", "Fails", "Passes", "References")
"""What every policy's docstring holds, besides its first line."""

PARAMETERS = "Parameters"
"""The heading below which a policy with parameters describes each of them, as ``name: what it is for``."""

LEVELS = ("error", "warning", "note")
VIEWS = ("Manifest", "Workload", "Change", "Changes")
"""What a policy may look at, by the annotation of its first parameter."""

PARAMETER_TYPES = ("bool", "int", "float", "str", "tuple[str, ...]")
"""The types that a policy's own parameters may have."""

_KINDS = 'write for example kinds=("apps/Deployment",) or kinds=WORKLOADS'


class PolicyDefinitionError(Exception):
    """A policy file that does not say what a policy must say; ``line`` is where in the file, 1-based."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class ParameterError(Exception):
    """A parameter of the policy's own has a value that it cannot use: raise it, and the run ends as a config error.

    Args:
        name: the parameter.
        problem: what it must be, as the end of a sentence: ``must be a duration such as 10m``.
    """

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"the parameter {name} {problem}")
        self.name = name
        self.problem = problem


class Violation:
    """A policy broken at a field.

    Args:
        where: the field that is wrong, or the one that is missing: the finding then stands on the nearest field above
            it that is there.
        message: one sentence that names the thing and what is wrong with it. Never put a secret's value in it.
        of: for a policy that looks at all ``Changes``, the one that ``where`` is part of.
    """

    __slots__ = ("message", "of", "path", "side")

    def __init__(self, where: Field, message: str, *, of: Change | None = None) -> None:
        self.path = where.path
        self.side = where.side
        self.message = message
        self.of = of


if TYPE_CHECKING:
    Violations = Iterator[Violation]
else:
    Violations = object  # what a policy returns; only type checkers look at it


class Parameter:
    """A policy's parameter: its name, its type as one of ``PARAMETER_TYPES``, and its default."""

    __slots__ = ("default", "name", "type")

    def __init__(self, name: str, type_name: str, default: object) -> None:
        self.name = name
        self.type = type_name
        self.default = default


class Definition:
    """What the decorator knows of a policy.

    Attributes:
        function: what is called for each object.
        level: how much a violation weighs.
        kinds: what it looks at.
        inventory: the kinds of the inventory that it wants.
        within_namespace: whether it compares an object with those of the same namespace alone.
        security_severity: 0.1 to 10.0, or None.
        sensitive: whether the lines that it flags may hold secrets.
        view: one of ``VIEWS``.
        extras: what else it takes, in order: ``Inventory``, ``PullRequest``.
        parameters: what the config can set.
        name: the function's name.
        doc: the docstring.
        line: where in the file it starts.
    """

    __slots__ = (
        "doc",
        "extras",
        "function",
        "inventory",
        "kinds",
        "level",
        "line",
        "name",
        "parameters",
        "security_severity",
        "sensitive",
        "view",
        "within_namespace",
    )

    def __init__(  # noqa: PLR0913  one parameter per thing that a policy declares
        self,
        function: Callable[..., Iterable[Violation]],
        *,
        level: str,
        kinds: tuple[str, ...],
        inventory: tuple[str, ...],
        security_severity: float | None,
        sensitive: bool,
        within_namespace: bool,
    ) -> None:
        self.within_namespace = within_namespace
        self.function = function
        self.level = level
        self.kinds = kinds
        self.inventory = inventory
        self.security_severity = security_severity
        self.sensitive = sensitive
        self.view, self.extras = _takes(function)
        self.parameters = _parameters(function)
        self.name: str = function.__name__
        self.doc: str = function.__doc__ or ""
        self.line: int = function.__code__.co_firstlineno
        if ("Inventory" in self.extras) is not bool(inventory):
            problem = (
                "asks for inventory kinds but takes no Inventory"
                if inventory
                else 'takes an Inventory; name the kinds in it, as in inventory=("Service",)'
            )
            raise _refuse(function, problem)


class Loading:
    """How files are being loaded: docstrings of gategit's own policies are held to their headings by its tests."""

    checks_docstrings = True


loading = Loading()

collected: list[Definition] = []
"""The policies that the file which is being loaded has declared; the loader empties it before each file."""


def policy(  # noqa: PLR0913  one parameter per thing that a policy declares
    *,
    level: Literal["error", "warning", "note"],
    kinds: Sequence[str],
    inventory: Sequence[str] = (),
    security_severity: float | None = None,
    sensitive: bool = False,
    within_namespace: bool = False,
) -> Callable[[Function], Function]:
    """Make a function a policy.

    The annotation of the function's first parameter says what the policy looks at: ``Manifest`` for any object,
    ``Workload`` for one with a pod specification, ``Change`` for an object before and after the change, ``Changes``
    for the whole change at once. Further parameters annotated ``Inventory`` and ``PullRequest`` give it the other
    objects of the tree and what is known of the pull request. Keyword-only parameters with a type and a default are
    the policy's own: the config can set them.

    Args:
        level: how much a violation weighs, unless the config says otherwise.
        kinds: what it looks at, as ``group/Kind``, or ``Kind`` for the core group; ``*`` is every kind.
        inventory: the kinds that its ``Inventory`` holds, written like ``kinds``.
        security_severity: 0.1 to 10.0 for a policy about security, as in CVSS.
        sensitive: True where the flagged line itself may hold a secret: no report shows it then.
        within_namespace: True where it compares an object with those of its own namespace alone. Then it is not run
            again on the objects of all other namespaces when one of them changes.

    Returns:
        The decorator; it returns the function unchanged.

    Raises:
        PolicyDefinitionError: when applied to a function that lacks something that every policy must say.
    """

    def declare(function: Function) -> Function:
        definition = Definition(
            function,
            level=_checked_level(level, function),
            kinds=_names("kinds", kinds, function),
            inventory=_names("inventory", inventory, function, may_be_empty=True),
            security_severity=_checked_severity(security_severity, function),
            sensitive=bool(sensitive),
            within_namespace=bool(within_namespace),
        )
        _check_workloads(definition)
        if loading.checks_docstrings:
            _check_docstring(definition)
        collected.append(definition)
        return function

    return declare


def _refuse(function: Callable[..., object], problem: str) -> PolicyDefinitionError:
    return PolicyDefinitionError(f"policy {function.__name__} {problem}", function.__code__.co_firstlineno)


def _checked_level(level: object, function: Callable[..., object]) -> str:
    if not isinstance(level, str) or level not in LEVELS:
        raise _refuse(function, f"has the level {level!r}; it must be one of {', '.join(LEVELS)}")
    return level


def _names(what: str, names: object, function: Callable[..., object], *, may_be_empty: bool = False) -> tuple[str, ...]:
    if not isinstance(names, tuple | list) or not all(isinstance(name, str) and name for name in names):
        raise _refuse(function, f"must name its {what} as a tuple of strings")
    if not names and not may_be_empty:
        raise _refuse(function, f"names no {what}; {_KINDS}")
    return tuple(names)


def _checked_severity(severity: object, function: Callable[..., object]) -> float | None:
    if severity is None:
        return None
    if isinstance(severity, bool) or not isinstance(severity, int | float) or not 0.1 <= severity <= 10.0:
        raise _refuse(function, f"has the security_severity {severity!r}; it must be a number from 0.1 to 10.0")
    return float(severity)


def _annotation(function: Callable[..., object], name: str) -> str:
    """A parameter's annotation as text, without the modules that it may come from."""
    found: Any = function.__annotations__.get(name, "")
    text = found if isinstance(found, str) else found.__name__ if isinstance(found, type) else str(found)
    text = "tuple[str, ...]" if text == "tuple" else text
    return text if "[" in text else text.rpartition(".")[2]


def _takes(function: Callable[..., object]) -> tuple[str, tuple[str, ...]]:
    """What a function looks at, and what else it is given: the annotations of its positional parameters."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    views = ", ".join(VIEWS)
    if not names:
        raise _refuse(function, f"takes nothing; its first parameter must be one of {views}")
    view, *extras = (_annotation(function, name) for name in names)
    if view not in VIEWS:
        raise _refuse(function, f"must say what {names[0]} is: annotate it with one of {views}")
    for name, extra in zip(names[1:], extras, strict=True):
        if extra not in ("Inventory", "PullRequest"):
            message = (
                f"must say what {name} is: annotate it with Inventory or PullRequest; "
                "parameters of the policy's own come after a * and have a default"
            )
            raise _refuse(function, message)
    return view, tuple(extras)


def _parameters(function: Callable[..., object]) -> tuple[Parameter, ...]:
    """The keyword-only parameters, which the config can set."""
    code = function.__code__
    names = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    defaults: dict[str, Any] = getattr(function, "__kwdefaults__", None) or {}
    found: list[Parameter] = []
    for name in names:
        type_name = _annotation(function, name)
        if type_name not in PARAMETER_TYPES:
            message = f"must say what type {name} has: annotate it with one of {'; '.join(PARAMETER_TYPES)}"
            raise _refuse(function, message)
        if name not in defaults:
            raise _refuse(function, f"must give the parameter {name} a default")
        if not is_of_type(defaults[name], type_name):
            raise _refuse(function, f"gives the parameter {name} a default that is no {type_name}")
        found.append(Parameter(name, type_name, defaults[name]))
    return tuple(found)


def is_of_type(value: object, type_name: str) -> bool:
    """Whether a value is what a parameter of a type (one of ``PARAMETER_TYPES``) may be."""
    if type_name == "bool":
        return isinstance(value, bool)
    if type_name == "str":
        return isinstance(value, str)
    if type_name == "tuple[str, ...]":
        return isinstance(value, tuple) and all(isinstance(member, str) for member in value)
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (type_name == "float" and isinstance(value, float))


def _check_workloads(definition: Definition) -> None:
    """Refuse a policy on workloads that names a kind which is none."""
    from gategit.checks.policy.api.kinds import WORKLOADS  # noqa: PLC0415  it is loaded by now, or not needed

    other = next((kind for kind in definition.kinds if kind not in WORKLOADS), None)
    if definition.view == "Workload" and other is not None:
        problem = f"looks at workloads, but {other} holds no pod specification; take a Manifest instead"
        raise _refuse(definition.function, problem)


def _check_docstring(definition: Definition) -> None:
    """Refuse a docstring that lacks a heading. The words under them are read only where someone wants to see them."""
    doc = definition.doc
    if not doc.strip():
        raise _refuse(definition.function, "has no docstring")
    lines = {line.strip() for line in doc.splitlines()}
    headings = (*HEADINGS, PARAMETERS) if definition.parameters else HEADINGS
    missing = [
        f'"{heading}:"'
        for heading in headings
        if f"{heading}:" not in lines and not any(line.startswith(f"{heading} (") for line in lines)
    ]
    if missing:
        raise _refuse(definition.function, f"lacks in its docstring: {', '.join(missing)}")
    for parameter in definition.parameters:
        if not any(line.startswith(f"{parameter.name}: ") for line in lines):
            problem = f'does not say below "{PARAMETERS}:" what {parameter.name} is for'
            raise _refuse(definition.function, problem)
