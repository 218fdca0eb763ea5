"""Which policies there are: the built-in ones and those in the folders that the config names.

Nothing here imports or runs a policy. A repository's own policy is read as bytes from the trusted tree and handed to
the worker process as it is; what it declares comes back from there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from pathlib import Path

from gategit.bundled import policies_folder
from gategit.checks.policy import api
from gategit.checks.policy.builtin import BUILTIN, PACKS
from gategit.errors import ConfigError
from gategit.model import FieldPath, Level
from gategit.nearest import did_you_mean
from gategit.tree import EntryKind, Tree

MOST_BYTES = 256 * 1024
"""The largest policy file that is read; the largest of the built-in ones is a hundredth of it."""

_FILE_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")


@dataclass(frozen=True, slots=True)
class PolicySource:
    """A policy file that is not loaded yet.

    Attributes:
        id: the file's name with dashes.
        path: for a built-in policy the file on disk, otherwise the path in the trusted tree.
        content: the bytes; None for a built-in policy, which the worker reads itself.
    """

    id: str
    path: str
    content: bytes | None = None

    @property
    def is_builtin(self) -> bool:
        """Whether gategit ships it."""
        return self.content is None

    @property
    def stem(self) -> str:
        """The file's name without ``.py``."""
        return self.id.replace("-", "_")


@dataclass(frozen=True, slots=True)
class PolicyInfo:
    """What a loaded policy declares of itself.

    Attributes:
        source: its file.
        line: where in the file the policy starts.
        level: the level that it declares.
        kinds: what it looks at: ``group/Kind``, ``Kind`` for the core group, ``*`` for every kind.
        packs: the built-in packs that it belongs to.
        security_severity: 0.1 to 10.0, None where it is not about security.
        view: what its function takes: ``Manifest``, ``Workload`` or ``Change``.
        doc: its docstring.
        sensitive: the lines that it flags may hold secrets.
    """

    source: PolicySource
    line: int
    level: Level
    kinds: tuple[str, ...]
    packs: tuple[str, ...]
    security_severity: float | None
    view: str
    doc: str
    sensitive: bool = False

    @property
    def id(self) -> str:
        """The policy's id, which is the rule of its findings."""
        return self.source.id

    @property
    def needs_change(self) -> bool:
        """Whether it compares old and new, so that an object judged as it stands says nothing to it."""
        return self.view == "Change"

    @property
    def summary(self) -> str:
        """The docstring's first line."""
        return self.doc.strip().partition("\n")[0].strip()


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Every known policy, and the levels of those that the config switches on."""

    policies: tuple[PolicyInfo, ...]
    levels: Mapping[str, Level] = field(default_factory=dict)

    @property
    def enabled(self) -> tuple[PolicyInfo, ...]:
        """The policies that are run, in the order in which they are."""
        return tuple(policy for policy in self.policies if policy.id in self.levels)

    def get(self, policy_id: str) -> PolicyInfo | None:
        """A policy by its id, None where there is none."""
        return next((policy for policy in self.policies if policy.id == policy_id), None)


def builtin_sources() -> tuple[PolicySource, ...]:
    """The policies that gategit ships.

    Raises:
        UndecidedError: the installation is incomplete.
    """
    folder = policies_folder()
    return tuple(PolicySource(stem.replace("_", "-"), str(folder / f"{stem}.py")) for stem in BUILTIN)


def builtin_policies() -> tuple[PolicyInfo, ...]:
    """What the policies that gategit ships declare of themselves.

    They are gategit's own code, so no worker is needed to ask them.

    Raises:
        UndecidedError: the installation is incomplete.
    """
    found: list[PolicyInfo] = []
    for source in builtin_sources():
        api.collected.clear()
        code = SourceFileLoader(source.stem, source.path).get_code(source.stem)
        if code is not None:
            exec(code, {"__name__": f"policies.{source.stem}"})  # noqa: S102  our own file, named by our own index
        found += [
            PolicyInfo(
                source=source,
                line=policy.line,
                level=Level(policy.level),
                kinds=policy.kinds,
                packs=policy.packs,
                security_severity=policy.security_severity,
                view=policy.view,
                doc=policy.doc,
                sensitive=policy.sensitive,
            )
            for policy in api.collected
        ]
    api.collected.clear()
    return tuple(found)


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
        found.append(_checked_source(path, name.removesuffix(".py"), tree.read(path)))
    if not found:
        raise ConfigError(
            f"the policy folder {folder} holds no policy in {tree.name}",
            "put policy files (*.py) into it, or take it out of policies.folders",
        )
    return tuple(found)


def _checked_source(path: str, stem: str, content: bytes) -> PolicySource:
    if not _FILE_NAME.match(stem):
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
    tree: Tree, folders: Iterable[str], reserved: frozenset[str] = frozenset()
) -> tuple[PolicySource, ...]:
    """The built-in policies, then the repository's own.

    Args:
        tree: the trusted tree.
        folders: from the config.
        reserved: ids of the gate's other rules, which no policy may take.

    Raises:
        ConfigError: a folder or file cannot be used, or two policies have the same id.
    """
    sources = list(builtin_sources())
    by_id = {source.id: source for source in sources}
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


ConfigErrorAt = Callable[[FieldPath, str, str], ConfigError]
"""Makes the error for a key of the config file from the key's path, the message and the hint."""


def _error_without_place(_path: FieldPath, message: str, hint: str) -> ConfigError:
    return ConfigError(message, hint)


def choose(
    policies: Sequence[PolicyInfo],
    packs: Iterable[str],
    levels: Mapping[str, Level | None],
    error_at: ConfigErrorAt = _error_without_place,
) -> PolicySet:
    """Decide which policies run, and how much their violations weigh.

    A built-in policy runs where one of the packs holds it or ``levels`` gives it a level; a repository's own runs
    unless it is switched off.

    Args:
        policies: every loaded policy.
        packs: names of built-in packs.
        levels: the config's level for a policy, None for ``off``.
        error_at: makes the error for a key of the config (``Config.error``).

    Raises:
        ConfigError: a pack or policy that there is not.
    """
    wanted = tuple(packs)
    for index, pack in enumerate(wanted):
        if pack not in PACKS:
            message = f"there is no policy pack {pack}{did_you_mean(pack, PACKS)}"
            raise error_at(("policies", "packs", index), message, f"packs: {', '.join(PACKS)}")
    known = [policy.id for policy in policies]
    for policy_id in levels:
        if policy_id not in known:
            message = f"there is no policy {policy_id}{did_you_mean(policy_id, known)}"
            raise error_at(("policies", "levels", policy_id), message, "gategit policy list shows them all")
    chosen: dict[str, Level] = {}
    for policy in policies:
        level = levels.get(policy.id, policy.level)
        is_on = policy.id in levels or not policy.source.is_builtin or any(pack in policy.packs for pack in wanted)
        if is_on and level is not None:
            chosen[policy.id] = level
    return PolicySet(tuple(policies), chosen)
