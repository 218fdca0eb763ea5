"""What a policy file imports, and the only thing of gategit that it can: the decorator, the views, the helpers.

The module is loaded in the worker process on every run, so it imports next to nothing and does no work that no policy
has asked for. The views never raise on data of an unexpected shape (that is the schema check's business): a field that
is not there, or not of the wanted type, is absent.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take this name for true; the module typing costs more than the rest of this file
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, Literal, TypeVar

    Function = TypeVar("Function", bound=Callable[..., Iterable["Violation"]])
    Path = tuple[str | int, ...]

__all__ = [
    "CLUSTER_SCOPED_KINDS",
    "POD_CONTROLLERS",
    "SCALABLE",
    "WORKLOADS",
    "Change",
    "Container",
    "Field",
    "Image",
    "Manifest",
    "PolicyDefinitionError",
    "Violation",
    "Violations",
    "Workload",
    "parse_image",
    "policy",
    "quantity",
]

POD_CONTROLLERS = (
    "apps/Deployment",
    "apps/StatefulSet",
    "apps/DaemonSet",
    "apps/ReplicaSet",
    "ReplicationController",
    "batch/Job",
    "batch/CronJob",
)
"""Every built-in kind that makes pods."""

WORKLOADS = ("Pod", *POD_CONTROLLERS)
"""Every built-in kind that holds a pod's specification."""

SCALABLE = ("apps/Deployment", "apps/StatefulSet", "apps/ReplicaSet", "ReplicationController")
"""Every built-in kind with ``spec.replicas``."""

CLUSTER_SCOPED_KINDS = frozenset(
    {
        "Namespace",
        "Node",
        "PersistentVolume",
        "ComponentStatus",
        "admissionregistration.k8s.io/MutatingAdmissionPolicy",
        "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding",
        "admissionregistration.k8s.io/MutatingWebhookConfiguration",
        "admissionregistration.k8s.io/ValidatingAdmissionPolicy",
        "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding",
        "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
        "apiextensions.k8s.io/CustomResourceDefinition",
        "apiregistration.k8s.io/APIService",
        "authentication.k8s.io/SelfSubjectReview",
        "authentication.k8s.io/TokenReview",
        "authorization.k8s.io/SelfSubjectAccessReview",
        "authorization.k8s.io/SelfSubjectRulesReview",
        "authorization.k8s.io/SubjectAccessReview",
        "certificates.k8s.io/CertificateSigningRequest",
        "certificates.k8s.io/ClusterTrustBundle",
        "flowcontrol.apiserver.k8s.io/FlowSchema",
        "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration",
        "internal.apiserver.k8s.io/StorageVersion",
        "networking.k8s.io/IPAddress",
        "networking.k8s.io/IngressClass",
        "networking.k8s.io/ServiceCIDR",
        "node.k8s.io/RuntimeClass",
        "rbac.authorization.k8s.io/ClusterRole",
        "rbac.authorization.k8s.io/ClusterRoleBinding",
        "resource.k8s.io/DeviceClass",
        "resource.k8s.io/DeviceTaintRule",
        "resource.k8s.io/ResourceSlice",
        "scheduling.k8s.io/PriorityClass",
        "storage.k8s.io/CSIDriver",
        "storage.k8s.io/CSINode",
        "storage.k8s.io/StorageClass",
        "storage.k8s.io/VolumeAttachment",
        "storage.k8s.io/VolumeAttributesClass",
        "storagemigration.k8s.io/StorageVersionMigration",
    }
)
"""The built-in kinds that stand in no namespace, written as ``group/Kind``, or ``Kind`` for the core group."""

HEADINGS = ("What it asks", "Why", "How to fix", "Fails", "Passes", "References")
"""What every policy's docstring holds, besides its first line."""

_POD_SPEC_PATHS: dict[str, Path] = {
    "Pod": ("spec",),
    "batch/CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_TEMPLATE_SPEC: Path = ("spec", "template", "spec")
_CONTAINER_LISTS = (
    ("initContainers", "init container"),
    ("containers", "container"),
    ("ephemeralContainers", "ephemeral container"),
)


class PolicyDefinitionError(Exception):
    """A policy file that does not say what a policy must say; ``line`` is where in the file, 1-based."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


def _walk(value: Any, steps: tuple[str | int, ...]) -> Any:
    """The value under the steps, None where there is none."""
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            value = value[step]
        else:
            return None
    return value


class Field:
    """A value in an object, with the path that leads to it.

    Attributes:
        value: the plain data, None where the field is absent or null (to the cluster that is the same).
        path: keys and list indices from the object's root.
        side: ``new`` for the object as the change leaves it, ``old`` for the one that it replaces.
    """

    __slots__ = ("path", "side", "value")

    def __init__(self, value: Any, path: Path = (), side: str = "new") -> None:
        self.value = value
        self.path = path
        self.side = side

    def __bool__(self) -> bool:
        """Whether the field is there; one that is there and empty, zero or false is."""
        return self.value is not None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    def field(self, *steps: str | int) -> Field:
        """The field below this one; it may be absent, and knows its path even then."""
        return Field(_walk(self.value, steps), self.path + steps, self.side)

    def get(self, *steps: str | int) -> Any:
        """The plain value below this field, None where it is absent: the cheapest way to look."""
        return _walk(self.value, steps)

    def has(self, *steps: str | int) -> bool:
        """Whether the field below is there and not null."""
        return _walk(self.value, steps) is not None

    def text(self, *steps: str | int) -> str:
        """The string below this field, "" where there is none or it is no string."""
        value = _walk(self.value, steps)
        return value if isinstance(value, str) else ""

    def integer(self, *steps: str | int) -> int | None:
        """The whole number below this field, None where there is none or it is no whole number."""
        value = _walk(self.value, steps)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def is_true(self, *steps: str | int) -> bool:
        """Whether the value below this field is the boolean true."""
        return _walk(self.value, steps) is True

    def is_false(self, *steps: str | int) -> bool:
        """Whether the value below this field is the boolean false."""
        return _walk(self.value, steps) is False

    def items(self, *steps: str | int) -> list[Field]:
        """The members of the list below this field; none where it is no list."""
        value = _walk(self.value, steps)
        if not isinstance(value, list):
            return []
        path = self.path + steps
        return [Field(member, (*path, index), self.side) for index, member in enumerate(value)]

    def entries(self, *steps: str | int) -> list[tuple[str, Field]]:
        """The keys and values of the mapping below this field; none where it is no mapping."""
        value = _walk(self.value, steps)
        if not isinstance(value, dict):
            return []
        path = self.path + steps
        return [(key, Field(member, (*path, key), self.side)) for key, member in value.items() if isinstance(key, str)]

    def strings(self, *steps: str | int) -> dict[str, str]:
        """The mapping below this field reduced to its strings: labels, annotations, selectors."""
        value = _walk(self.value, steps)
        if not isinstance(value, dict):
            return {}
        return {key: text for key, text in value.items() if isinstance(key, str) and isinstance(text, str)}


class Image:
    """A container image's reference, taken apart.

    Attributes:
        reference: as written.
        registry: the host; ``docker.io`` where none is written.
        repository: the path in the registry, ``library/`` added for Docker Hub's own images.
        tag: "" where none is written.
        digest: such as ``sha256:…``, "" where none is written.
    """

    __slots__ = ("digest", "reference", "registry", "repository", "tag")

    def __init__(self, reference: str, registry: str, repository: str, tag: str, digest: str) -> None:
        self.reference = reference
        self.registry = registry
        self.repository = repository
        self.tag = tag
        self.digest = digest

    def __repr__(self) -> str:
        return f"Image({self.reference!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Image):
            return NotImplemented
        return (self.registry, self.repository, self.tag, self.digest) == (
            other.registry,
            other.repository,
            other.tag,
            other.digest,
        )

    def __hash__(self) -> int:
        return hash((self.registry, self.repository, self.tag, self.digest))


def parse_image(reference: str) -> Image:
    """Take an image reference apart, as container runtimes do (the grammar of distribution/reference)."""
    name, _, digest = reference.strip().partition("@")
    head, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    name = head + slash + last
    registry, slash, repository = name.partition("/")
    if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
        registry, repository = "docker.io", name
    if registry == "docker.io" and repository and "/" not in repository:
        repository = f"library/{repository}"
    return Image(reference, registry, repository, tag, digest)


_SUFFIXES: dict[str, float] = {
    "n": 1e9,
    "u": 1e6,
    "m": 1e3,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "P": 10**15,
    "E": 10**18,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
    "Pi": 2**50,
    "Ei": 2**60,
}


def quantity(value: object) -> float | None:
    """A resource quantity (``500m``, ``1.5Gi``, ``2``, ``1e3``) as a number of its unit; None where it is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    text = value.strip() if isinstance(value, str) else ""
    digits = text.rstrip("numkMGTPEi")
    suffix = text[len(digits) :]
    if not digits or not all(character in "0123456789.+-eE" for character in digits):
        return None
    try:
        number = float(digits)
        scale = _SUFFIXES[suffix] if suffix else 1
    except (ValueError, KeyError):
        return None
    return number / scale if suffix in ("n", "u", "m") else number * scale


class Container(Field):
    """A container of a pod; ``str(container)`` names it as messages do.

    Attributes:
        role: ``container``, ``init container`` or ``ephemeral container``.
    """

    __slots__ = ("_image", "role")

    def __init__(self, value: Any, path: Path, side: str, role: str) -> None:
        super().__init__(value, path, side)
        self.role = role
        self._image: Image | None = None

    def __str__(self) -> str:
        name = self.name
        return f"{self.role} {name}" if name else f"{self.role} number {int(self.path[-1]) + 1}"

    @property
    def name(self) -> str:
        """The container's name, "" where it has none."""
        return self.text("name")

    @property
    def image(self) -> Image | None:
        """The image, taken apart; None where none is named."""
        if self._image is None:
            reference = self.text("image")
            if not reference:
                return None
            self._image = parse_image(reference)
        return self._image

    @property
    def env(self) -> list[Field]:
        """The environment variables, each with ``name`` and ``value`` or ``valueFrom``."""
        return self.items("env")


class Manifest(Field):
    """One Kubernetes object: a field with no path, and the things that every object has."""

    __slots__ = ("_api_version", "_kind", "target")

    def __init__(self, value: Any, side: str = "new", target: str | None = None) -> None:
        super().__init__(value, (), side)
        self.target = target
        self._api_version = self.text("apiVersion")
        self._kind = self.text("kind")

    def __str__(self) -> str:
        return f"{self._kind} {self.name}"

    @property
    def api_version(self) -> str:
        """Group and version, such as ``apps/v1``."""
        return self._api_version

    @property
    def group(self) -> str:
        """The API group, "" for the core group."""
        return self._api_version.rpartition("/")[0]

    @property
    def kind(self) -> str:
        """The kind, such as ``Deployment``."""
        return self._kind

    @property
    def group_kind(self) -> str:
        """``group/Kind``, or ``Kind`` for the core group: what a policy's ``kinds`` are written in."""
        group = self.group
        return f"{group}/{self._kind}" if group else self._kind

    @property
    def name(self) -> str:
        """``metadata.name``, "" where there is none."""
        return self.text("metadata", "name")

    @property
    def namespace(self) -> str:
        """``metadata.namespace``, "" where there is none."""
        return self.text("metadata", "namespace")

    @property
    def labels(self) -> dict[str, str]:
        """``metadata.labels``."""
        return self.strings("metadata", "labels")

    @property
    def annotations(self) -> dict[str, str]:
        """``metadata.annotations``."""
        return self.strings("metadata", "annotations")

    @property
    def workload(self) -> Workload | None:
        """The object as a workload, None where its kind holds no pod specification."""
        if self.group_kind not in WORKLOADS:
            return None
        return Workload(self.value, self.side, self.target)


class Workload(Manifest):
    """An object that holds a pod's specification: a Pod, or anything that makes pods."""

    __slots__ = ("_containers", "_pod")

    def __init__(self, value: Any, side: str = "new", target: str | None = None) -> None:
        super().__init__(value, side, target)
        self._pod: Field | None = None
        self._containers: tuple[Container, ...] | None = None

    @property
    def workload(self) -> Workload:
        """The object itself."""
        return self

    @property
    def pod(self) -> Field:
        """The pod's specification."""
        if self._pod is None:
            self._pod = self.field(*_POD_SPEC_PATHS.get(self.group_kind, _TEMPLATE_SPEC))
        return self._pod

    @property
    def containers(self) -> tuple[Container, ...]:
        """Every container: init containers, then containers, then ephemeral ones."""
        if self._containers is None:
            pod = self.pod
            found: list[Container] = []
            for key, role in _CONTAINER_LISTS:
                members = pod.get(key)
                if isinstance(members, list):
                    path = (*pod.path, key)
                    found.extend(
                        Container(member, (*path, index), self.side, role)
                        for index, member in enumerate(members)
                        if isinstance(member, dict)
                    )
            self._containers = tuple(found)
        return self._containers


class Change:
    """The same object on both sides of the change. At least one of them is there.

    Attributes:
        old: the object before the change, None where the change adds it.
        new: the object after the change, None where the change removes it.
    """

    __slots__ = ("new", "old")

    def __init__(self, old: Manifest | None, new: Manifest | None) -> None:
        self.old = old
        self.new = new

    @property
    def kind(self) -> Literal["added", "modified", "removed"]:
        """What the change does to the object."""
        if self.old is None:
            return "added"
        return "removed" if self.new is None else "modified"


class Violation:
    """A policy broken at a field.

    Args:
        where: the field that is wrong, or the one that is missing: the finding then stands on the nearest field above
            it that is there.
        message: one sentence that names the thing and what is wrong with it. Never put a secret's value in it.
    """

    __slots__ = ("message", "path", "side")

    def __init__(self, where: Field, message: str) -> None:
        self.path = where.path
        self.side = where.side
        self.message = message


if TYPE_CHECKING:
    Violations = Iterator[Violation]
else:
    Violations = object  # what a policy returns; only type checkers look at it

LEVELS = ("error", "warning", "note")
_VIEWS = ("Manifest", "Workload", "Change")


class Definition:
    """What the decorator knows of a policy: its function, what it is called with, and its place in the packs."""

    __slots__ = ("doc", "function", "kinds", "level", "line", "name", "packs", "security_severity", "sensitive", "view")

    def __init__(  # noqa: PLR0913  one parameter per thing that a policy declares
        self,
        function: Callable[..., Iterable[Violation]],
        *,
        level: str,
        kinds: tuple[str, ...],
        packs: tuple[str, ...],
        security_severity: float | None,
        sensitive: bool,
        view: str,
    ) -> None:
        self.function = function
        self.level = level
        self.kinds = kinds
        self.packs = packs
        self.security_severity = security_severity
        self.sensitive = sensitive
        self.view = view
        self.name: str = function.__name__
        self.doc: str = function.__doc__ or ""
        self.line: int = function.__code__.co_firstlineno


collected: list[Definition] = []
"""The policies that the file which is being loaded has declared; the loader empties it before each file."""


def policy(
    *,
    level: Literal["error", "warning", "note"],
    kinds: Sequence[str],
    packs: Sequence[str] = (),
    security_severity: float | None = None,
    sensitive: bool = False,
) -> Callable[[Function], Function]:
    """Make a function a policy.

    The annotation of the function's parameter says what the policy looks at: ``Manifest`` for any object,
    ``Workload`` for one with a pod specification, ``Change`` for an object before and after the change.

    Args:
        level: how much a violation weighs, unless the config says otherwise.
        kinds: what it looks at, as ``group/Kind``, or ``Kind`` for the core group; ``*`` is every kind.
        packs: the built-in packs that it belongs to; a repository's own policies need none.
        security_severity: 0.1 to 10.0 for a policy about security, as in CVSS.
        sensitive: True where the flagged line itself may hold a secret: no report shows it then.

    Returns:
        The decorator; it returns the function unchanged.

    Raises:
        PolicyDefinitionError: when applied to a function that lacks something that every policy must say.
    """

    def declare(function: Function) -> Function:
        looks_at = _names("kinds", kinds, function)
        collected.append(
            Definition(
                function,
                level=_checked_level(level, function),
                kinds=looks_at,
                packs=_names("packs", packs, function, may_be_empty=True),
                security_severity=_checked_severity(security_severity, function),
                sensitive=bool(sensitive),
                view=_checked_view(function, looks_at),
            )
        )
        _check_docstring(function)
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
        raise _refuse(function, f'names no {what}; write for example kinds=("apps/Deployment",) or kinds=WORKLOADS')
    return tuple(names)


def _checked_severity(severity: object, function: Callable[..., object]) -> float | None:
    if severity is None:
        return None
    if isinstance(severity, bool) or not isinstance(severity, int | float) or not 0.1 <= severity <= 10.0:
        raise _refuse(function, f"has the security_severity {severity!r}; it must be a number from 0.1 to 10.0")
    return float(severity)


def _checked_view(function: Callable[..., object], kinds: tuple[str, ...]) -> str:
    code = function.__code__
    if code.co_argcount != 1:
        raise _refuse(
            function, f"takes {code.co_argcount} parameters; it must take one: a Manifest, Workload or Change"
        )
    annotation = function.__annotations__.get(code.co_varnames[0], "")
    name = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    name = name.rpartition(".")[2]
    if name not in _VIEWS:
        raise _refuse(
            function, f"must say what {code.co_varnames[0]} is: annotate it with one of Manifest, Workload, Change"
        )
    other = next((kind for kind in kinds if kind not in WORKLOADS), None) if name == "Workload" else None
    if other is not None:
        raise _refuse(function, f"looks at workloads, but {other} holds no pod specification; take a Manifest instead")
    return name


def _check_docstring(function: Callable[..., object]) -> None:
    """Refuse a docstring that lacks a heading. The words under them are read only where someone wants to see them."""
    doc = function.__doc__
    if not doc or not doc.strip():
        raise _refuse(function, "has no docstring")
    if not doc.lstrip().partition("\n")[0].strip():
        raise _refuse(function, "has a docstring with no first line")
    lines = {line.strip() for line in doc.splitlines()}
    missing = [
        f'"{heading}:"'
        for heading in HEADINGS
        if f"{heading}:" not in lines and not any(line.startswith(f"{heading} (") for line in lines)
    ]
    if missing:
        raise _refuse(function, f"lacks in its docstring: {', '.join(missing)}")
