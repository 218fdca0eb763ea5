"""What steers the gate, read from the tree that is trusted: config, waivers, policies, schema folders.

With ``--trust base`` that is the merge base's git objects: nothing that the pull request brings decides how it is
judged. What the pull request changes of it is reported as `gate-changed`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from gategit.config import CONFIG_FILE, Config, load_config
from gategit.errors import ConfigError, UsageError
from gategit.gate_changes import GateFile
from gategit.request import Trust
from gategit.tree import EntryKind
from gategit.waivers import Waiver, load_waivers

if TYPE_CHECKING:
    from pathlib import Path

    from gategit.checks.policy.load import PolicySource
    from gategit.repository import Trees
    from gategit.request import Request
    from gategit.tree import Tree

_MISNAMED = ".gategit.yml"


@dataclass(frozen=True, slots=True)
class Trusted:
    """What steers a run.

    Attributes:
        config: the config, or the default where there is none.
        waivers: the exceptions, or () with ``--no-waivers``.
        waivers_file: their file's path, or None.
        tree: the tree they come from.
        trust: which side that is.
    """

    config: Config
    waivers: tuple[Waiver, ...]
    waivers_file: str | None
    tree: Tree
    trust: Trust

    def policy_sources(self, reserved: frozenset[str]) -> tuple[PolicySource, ...]:
        """The built-in policies and those of the config's folders.

        Raises:
            ConfigError: a folder or file cannot be used.
        """
        from gategit.checks.policy.load import load_sources  # noqa: PLC0415  not needed where no policy runs

        return load_sources(self.tree, self.config.policies.folders, reserved)

    def folder_schemas(self) -> tuple[tuple[str, bytes], ...]:
        """Every file of the config's schema folders, by path."""
        return tuple(
            (path, self.tree.read(path))
            for path, entry in self.tree.entries().items()
            if entry.kind is EntryKind.FILE
            and path.endswith((".yaml", ".yml", ".json"))
            and any(_beneath(path, folder) for folder in self.config.schemas.folders)
        )

    def gate_file(self, path: str) -> GateFile | None:
        """What a path is to the gate; None for a file that does not steer it."""
        if path == CONFIG_FILE:
            return GateFile("the gate's config", partial(load_config, file=path))
        if path == self.waivers_file:
            return GateFile("the gate's waivers", partial(load_waivers, file=path))
        if any(_beneath(path, folder) for folder in self.config.policies.folders):
            return GateFile("a policy of the gate")
        if any(_beneath(path, folder) for folder in self.config.schemas.folders):
            return GateFile("a schema of the gate")
        return None


def _beneath(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")


def load_trusted(request: Request, trees: Trees) -> Trusted:
    """Read what steers the run.

    Raises:
        ConfigError: a file cannot be used.
        UsageError: ``--config`` names no readable file.
    """
    tree: Tree = trees.head
    if trees.trust is Trust.BASE and trees.trusted is not None:
        tree = trees.trusted
    if request.config is not None:
        config = load_config(_read_disk(request.config), str(request.config))
    elif CONFIG_FILE in tree.entries():
        config = load_config(tree.read(CONFIG_FILE), CONFIG_FILE)
    elif _MISNAMED in tree.entries():
        # Going on without it would judge by rules that nobody chose.
        raise ConfigError(f"the config must be named {CONFIG_FILE}", f"rename {_MISNAMED}", file=_MISNAMED)
    else:
        config = Config()
    for index, folder in enumerate(config.schemas.folders):
        if not any(_beneath(path, folder) for path in tree.entries()):
            raise config.error(
                ("schemas", "folders", index),
                f"the schema folder {folder} is not there",
                "gategit schema add FILE makes it, or take it out of schemas.folders",
            )
    waivers: tuple[Waiver, ...] = ()
    if config.waivers is not None and request.use_waivers:
        if config.waivers not in tree.entries():
            raise config.error(
                ("waivers",),
                f"the waivers file {config.waivers} is not there",
                "write it, or take the key waivers out of the config",
            )
        waivers = load_waivers(tree.read(config.waivers), config.waivers)
    return Trusted(config, waivers, config.waivers, tree, trees.trust)


def _read_disk(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"--config {path} cannot be read: {error.strerror or error}") from None
