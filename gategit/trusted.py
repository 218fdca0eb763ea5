"""What steers the gate, read from the tree that is trusted: config, waivers, policies, schema folders.

With ``--trust base`` that is the merge base's git objects: nothing that the pull request brings decides how it is
judged. What the pull request changes of it is reported as `gate-changed`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gategit.config import CONFIG_FILE, Config, load_config
from gategit.disk import show_path
from gategit.errors import ConfigError, UsageError
from gategit.gate_changes import beneath, is_config_name, not_a_file
from gategit.nearest import did_you_mean
from gategit.request import Trust
from gategit.tree import EntryKind
from gategit.waivers import Waiver, load_waivers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gategit.checks.policy.load import PolicySource
    from gategit.config import Target
    from gategit.model import FieldPath
    from gategit.repository import Trees
    from gategit.request import Request
    from gategit.tree import Tree


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

    def policy_sources(
        self, reserved: frozenset[str], selected: frozenset[str] = frozenset()
    ) -> tuple[PolicySource, ...]:
        """The built-in policies that the config may switch on, and those of its folders.

        Raises:
            ConfigError: a folder or file cannot be used.
        """
        from gategit.checks.policy.choose import is_wanted  # noqa: PLC0415  not needed where no policy runs
        from gategit.checks.policy.load import load_sources  # noqa: PLC0415  the same

        settings = self.config.policies
        return load_sources(self.tree, settings.folders, reserved, lambda source: is_wanted(source, settings, selected))

    def snapshot(self, target: Target) -> bytes | None:
        """The export of a target's cluster, or None where the config names none.

        Raises:
            ConfigError: it is not there, or no file.
        """
        path = target.snapshot
        if path is None:
            return None
        if path not in self.tree.entries():
            raise self.config.error(
                ("targets", target.name, "snapshot"),
                f"the snapshot {show_path(path)} of the target {target.name} is not there",
                f"gategit cluster snapshot --output {show_path(path)} exports one",
            )
        return _read_own(self.tree, path)

    def folder_schemas(self) -> tuple[tuple[str, bytes], ...]:
        """Every file of the config's schema folders, by path."""
        return tuple(
            (path, self.tree.read(path))
            for path, entry in self.tree.entries().items()
            if entry.kind is EntryKind.FILE
            and path.endswith((".yaml", ".yml", ".json"))
            and any(beneath(path, folder) for folder in self.config.schemas.folders)
        )


def load_trusted(request: Request, trees: Trees) -> Trusted:
    """Read what steers the run.

    Raises:
        ConfigError: a file cannot be used.
        UsageError: ``--config`` names no readable file.
    """
    tree: Tree = trees.head
    if trees.trust is Trust.BASE and trees.trusted is not None:
        tree = trees.trusted
    return load_from(request, tree, trees.trust)


def load_from(request: Request, tree: Tree, trust: Trust) -> Trusted:
    """Read what steers a run, or would steer it, from a tree.

    Raises:
        ConfigError: a file cannot be used.
        UsageError: ``--config`` names no readable file.
    """
    config = _load_config(request, tree)
    for index, folder in enumerate(config.schemas.folders):
        if not any(beneath(path, folder) for path in tree.entries()):
            raise config.error(
                ("schemas", "folders", index),
                f"the schema folder {folder} is not there",
                "gategit schema add FILE makes it, or take it out of schemas.folders",
            )
    _check_releases(config)
    waivers: tuple[Waiver, ...] = ()
    if config.waivers is not None and request.use_waivers:
        if config.waivers not in tree.entries():
            raise config.error(
                ("waivers",),
                f"the waivers file {config.waivers} is not there",
                "write it, or take the key waivers out of the config",
            )
        waivers = load_waivers(_read_own(tree, config.waivers), config.waivers)
    return Trusted(config, waivers, config.waivers, tree, trust)


def _check_releases(config: Config) -> None:
    """Every release that the config names is one that is carried.

    Raises:
        ConfigError: the project or the release is not.
    """
    places: list[tuple[FieldPath, Mapping[str, str]]] = [(("schemas", "releases"), config.schemas.releases)]
    places += [(("targets", target.name, "releases"), target.releases) for target in config.targets]
    if not any(releases for _, releases in places):
        return
    from gategit.checks.schema.ecosystem import index  # noqa: PLC0415  few configs name releases

    sources = index().sources
    for path, releases in places:
        for name, release in releases.items():
            source = sources.get(name)
            if source is None:
                message = f"gategit carries no schemas of a project {name}{did_you_mean(name, sources)}"
                raise config.error((*path, name), message, "gategit schema list names the projects")
            if source.release(release) is None:
                known = ", ".join(one.name for one in source.releases)
                raise config.error(
                    (*path, name),
                    f"gategit carries no schemas of {source.title} {release}; it carries {known}",
                    "name one of these, or take the key out and add the release's own CustomResourceDefinitions: "
                    "gategit schema add FILE",
                )


def _load_config(request: Request, tree: Tree) -> Config:
    if request.config is not None:
        return load_config(_read_disk(request.config), str(request.config))
    if CONFIG_FILE in tree.entries():
        return load_config(_read_own(tree, CONFIG_FILE), CONFIG_FILE)
    misnamed = next((path for path in tree.entries() if is_config_name(path)), None)
    if misnamed is not None:
        # Going on without it would judge by rules that nobody chose.
        wrong = "a file, not a folder" if misnamed.startswith(f"{CONFIG_FILE}/") else f"named {CONFIG_FILE}"
        raise ConfigError(f"the config must be {wrong}", f"rename {show_path(misnamed)}", file=misnamed)
    return Config()


def _read_own(tree: Tree, path: str) -> bytes:
    """One of the gate's own files; a link leads nowhere here, and a submodule is no file."""
    kind = tree.entries()[path].kind
    if kind is not EntryKind.FILE:
        raise not_a_file(path, kind)
    return tree.read(path)


def _read_disk(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"--config {path} cannot be read: {error.strerror or error}") from None
