"""Which policies there are: the built-in ones and those in the folders that the config names.

Nothing here imports or runs a policy. A repository's own policy is read as bytes from the trusted tree and handed to
the worker process as it is; what it declares comes back from there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import cast

from gategit.bundled import policies_folder
from gategit.checks.policy.api import declare
from gategit.checks.policy.builtin import BUILTIN, packs_of
from gategit.config import ParameterValue
from gategit.errors import ConfigError
from gategit.model import Level
from gategit.tree import EntryKind, Tree

MOST_BYTES = 256 * 1024
"""The largest policy file that is read; the largest of the built-in ones is a hundredth of it."""


class Reach(StrEnum):
    """How far a policy looks: what its verdict on an object depends on."""

    OBJECT = "object"  # the object alone, so that the verdict can be kept
    SURROUNDINGS = "surroundings"  # the tree's other objects, or the pull request
    CHANGE = "change"  # the object before and after
    CHANGES = "changes"  # everything that the change does


MOST_FILES = 500
"""The policies that one folder may hold: each is read and loaded in every run."""

_FILE_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")


@dataclass(frozen=True, slots=True)
class PolicySource:
    """A policy file that is not loaded yet.

    Attributes:
        id: the file's name with dashes.
        path: for a built-in policy the file on disk, otherwise the path in the trusted tree.
        content: the bytes; None for a built-in policy, which the worker reads itself.
        packs: the built-in packs that hold it.
        family: for a built-in policy, the folder below policies/ that it stands in.
    """

    id: str
    path: str
    content: bytes | None = None
    packs: tuple[str, ...] = ()
    family: str = ""

    @property
    def is_builtin(self) -> bool:
        """Whether gategit ships it."""
        return self.content is None

    @property
    def stem(self) -> str:
        """The file's name without ``.py``."""
        return self.id.replace("-", "_")


@dataclass(frozen=True, slots=True)
class PolicyParameter:
    """What the config can set of a policy: a name, a type as the policy writes it, and the default."""

    name: str
    type: str
    default: ParameterValue


@dataclass(frozen=True, slots=True)
class PolicyInfo:
    """What a loaded policy declares of itself.

    Attributes:
        source: its file.
        line: where in the file the policy starts.
        level: the level that it declares.
        kinds: what it looks at: ``group/Kind``, ``Kind`` for the core group, ``*`` for every kind.
        security_severity: 0.1 to 10.0, None where it is not about security.
        view: what its function takes: ``Manifest``, ``Workload``, ``Change`` or ``Changes``.
        doc: its docstring.
        sensitive: the lines that it flags may hold secrets.
        inventory: the kinds of other objects that it compares with; () where it takes no inventory.
        needs_request: whether it takes what is known of the pull request.
        parameters: what the config can set.
        within_namespace: whether it compares an object with those of the same namespace alone.
    """

    source: PolicySource
    line: int
    level: Level
    kinds: tuple[str, ...]
    security_severity: float | None
    view: str
    doc: str
    sensitive: bool = False
    inventory: tuple[str, ...] = ()
    needs_request: bool = False
    parameters: tuple[PolicyParameter, ...] = ()
    within_namespace: bool = False

    @property
    def id(self) -> str:
        """The policy's id, which is the rule of its findings."""
        return self.source.id

    @property
    def packs(self) -> tuple[str, ...]:
        """The built-in packs that hold it."""
        return self.source.packs

    @property
    def reach(self) -> Reach:
        """How far it looks beyond one object."""
        if self.view == "Changes":
            return Reach.CHANGES
        if self.view == "Change":
            return Reach.CHANGE
        return Reach.SURROUNDINGS if self.inventory or self.needs_request else Reach.OBJECT

    @property
    def summary(self) -> str:
        """The docstring's first line."""
        return self.doc.strip().partition("\n")[0].strip()


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Every loaded policy, and those that the config switches on.

    Attributes:
        policies: all of them, in the order in which they run.
        levels: the level of each that is switched on.
        parameters: what the config sets of their parameters, by policy.
    """

    policies: tuple[PolicyInfo, ...]
    levels: Mapping[str, Level] = field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, ParameterValue]] = field(default_factory=dict)

    @property
    def enabled(self) -> tuple[PolicyInfo, ...]:
        """The policies that are run, in the order in which they are."""
        return tuple(policy for policy in self.policies if policy.id in self.levels)

    def get(self, policy_id: str) -> PolicyInfo | None:
        """A policy by its id, None where there is none."""
        return next((policy for policy in self.policies if policy.id == policy_id), None)

    def reaching(self, *reaches: Reach) -> PolicySet:
        """The same policies, with only those switched on that look this far."""
        levels = {policy.id: self.levels[policy.id] for policy in self.enabled if policy.reach in reaches}
        return replace(self, levels=levels)


def builtin_sources() -> tuple[PolicySource, ...]:
    """The policies that gategit ships.

    Raises:
        UndecidedError: the installation is incomplete.
    """
    folder = policies_folder()
    return tuple(_builtin_source(folder, entry) for entry in BUILTIN)


def _builtin_source(folder: Path, entry: str) -> PolicySource:
    family, _, stem = entry.partition("/")
    return PolicySource(
        stem.replace("_", "-"), f"{folder}/{entry}.py", packs=packs_of(entry), family=family.replace("_", "-")
    )


BUILTIN_IDS = frozenset(entry.rpartition("/")[2].replace("_", "-") for entry in BUILTIN)
"""The ids of the policies that gategit ships."""


def builtin_policies() -> tuple[PolicyInfo, ...]:
    """What the policies that gategit ships declare of themselves.

    They are gategit's own code, so no worker is needed to ask them.

    Raises:
        UndecidedError: the installation is incomplete.
    """
    found: list[PolicyInfo] = []
    for source in builtin_sources():
        declare.collected.clear()
        code = SourceFileLoader(source.stem, source.path).get_code(source.stem)
        if code is not None:
            exec(code, {"__name__": f"policies.{source.stem}"})  # noqa: S102  our own file, named by our own index
        found += [_info(source, definition) for definition in declare.collected]
    declare.collected.clear()
    return tuple(found)


def _info(source: PolicySource, definition: declare.Definition) -> PolicyInfo:
    return PolicyInfo(
        source=source,
        line=definition.line,
        level=Level(definition.level),
        kinds=definition.kinds,
        security_severity=definition.security_severity,
        view=definition.view,
        doc=definition.doc,
        sensitive=definition.sensitive,
        inventory=definition.inventory,
        needs_request="PullRequest" in definition.extras,
        parameters=tuple(
            PolicyParameter(one.name, one.type, cast("ParameterValue", one.default)) for one in definition.parameters
        ),
        within_namespace=definition.within_namespace,
    )


def load_folder(tree: Tree, folder: str) -> tuple[PolicySource, ...]:
    """Read the policies below a folder of the trusted tree. Files called ``test_*.py`` are not policies.

    Raises:
        ConfigError: there is no such folder, or a file in it cannot be a policy.
    """
    prefix = folder.strip("/").removeprefix("./")
    prefix = "" if prefix in ("", ".") else f"{prefix}/"
    found: list[PolicySource] = []
    for path, entry in tree.entries().items():
        name = path.rpartition("/")[2]
        if not path.startswith(prefix) or not name.endswith(".py") or name.startswith("test_"):
            continue
        if entry.kind is not EntryKind.FILE:
            raise ConfigError(
                f"a policy must be a regular file, not a {entry.kind.value}", "put the file itself there", file=path
            )
        if len(found) == MOST_FILES:
            raise ConfigError(
                f"the policy folder {folder} holds more than {MOST_FILES} policies",
                "put what belongs together into one policy, or name a folder inside of it",
            )
        found.append(_checked_source(path, name.removesuffix(".py"), tree.read(path)))
    if not found:
        raise ConfigError(
            f"the policy folder {folder} holds no policy in {tree.name}",
            "put policy files (*.py) into it, or take it out of policies.folders",
        )
    return tuple(found)


def is_file_stem(stem: str) -> bool:
    """Whether a policy's file can be called so, ``.py`` aside."""
    return _FILE_NAME.match(stem) is not None


def _checked_source(path: str, stem: str, content: bytes) -> PolicySource:
    if not is_file_stem(stem):
        raise ConfigError(
            "a policy's file name must be small letters, digits and single underscores, such as team_label.py",
            "rename the file; its name, with dashes, is the policy's id",
            file=path,
        )
    if len(content) > MOST_BYTES:
        raise ConfigError(
            f"a policy file may have {MOST_BYTES} bytes at most; this one has {len(content)}",
            "move data out of the policy, or split it in two",
            file=path,
        )
    return PolicySource(stem.replace("_", "-"), path, content)


def source_from_file(path: Path) -> PolicySource:
    """One policy file on disk, for trying it out; a built-in policy's own file is that policy.

    Raises:
        ConfigError: it cannot be a policy.
    """
    for source in builtin_sources():
        if path.name == f"{source.stem}.py" and path.resolve() == Path(source.path):
            return source
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror or error}", file=str(path)) from None
    return _checked_source(str(path), path.name.removesuffix(".py"), content)


def load_sources(
    tree: Tree,
    folders: Iterable[str],
    reserved: frozenset[str] = frozenset(),
    wanted: Callable[[PolicySource], bool] = lambda _: True,
) -> tuple[PolicySource, ...]:
    """The built-in policies, then the repository's own.

    Args:
        tree: the trusted tree.
        folders: from the config.
        reserved: ids of the gate's other rules, which no policy may take.
        wanted: which of the built-in policies are needed: loading costs, and most runs need few of them.

    Raises:
        ConfigError: a folder or file cannot be used, or two policies have the same id.
    """
    builtin = builtin_sources()
    by_id = {source.id: source for source in builtin}
    sources = [source for source in builtin if wanted(source)]
    for folder in folders:
        for source in load_folder(tree, folder):
            other = by_id.get(source.id)
            if other is not None and other.path == source.path:
                continue  # the config names a folder and one inside it
            if other is not None or source.id in reserved:
                whose = "a built-in rule" if other is None or other.is_builtin else other.path
                raise ConfigError(
                    f"the policy id {source.id} is taken by {whose}",
                    "rename the file; its name, with dashes, is the policy's id",
                    file=source.path,
                )
            by_id[source.id] = source
            sources.append(source)
    return tuple(sources)


def sources_digest(sources: Iterable[PolicySource]) -> str:
    """A name for exactly these policies, for what is kept of their results: hex SHA-256 over ids and bytes."""
    digest = hashlib.sha256()
    for source in sources:
        content = Path(source.path).read_bytes() if source.content is None else source.content
        digest.update(f"{source.id}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
