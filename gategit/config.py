"""The repository's config, ``.gategit.yaml``: what is looked at, for which clusters, by which policies.

This module holds the values; gategit/config_format.py describes the file, and is imported when there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gategit.globs import name_pattern, path_matcher
from gategit.model import FieldPath, Level

if TYPE_CHECKING:
    from gategit.errors import ConfigError
    from gategit.manifests.manifest import Source
    from gategit.settings import Settings

CONFIG_FILE = ".gategit.yaml"
"""The config's name, at the root of the repository."""

KUBERNETES_VERSION = r"1\.[1-9][0-9]{0,2}"
"""A Kubernetes version as options and config write it: major and minor, such as 1.34."""

DRY_RUN_MODES = ("off", "cluster", "sandbox", "snapshot")
"""How the dry run may ask."""

DEFAULT_FILE_SIZE = 5 * 1024 * 1024
"""The largest file that is decoded, in bytes, where the config does not say."""


_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Target:
    """A cluster that part of the repository deploys to.

    Attributes:
        name: as the config calls it.
        paths: path patterns of its files.
        kubernetes_version: the version it runs, or None for the config's.
        upgrade_to: the version it will run next, or None.
        dry_run: how the dry run asks, or None where the config does not say.
        context: of the kubeconfig that reaches its API server, or None for the current one.
        namespace: of objects that name none, or None for the context's, else ``default``.
        snapshot: the path of its export in the repository, or None.
        field_manager: under whose name the dry run applies, or None for the live object's owner.
        releases: the releases of other projects that it runs, by their short names, where they are not the config's.
        server: the URL by which Argo CD names it, or "".
        cluster: the name by which Argo CD names it, "" for the target's.
        labels: that it has in Argo CD.
    """

    name: str
    paths: tuple[str, ...]
    kubernetes_version: str | None = None
    upgrade_to: str | None = None
    dry_run: str | None = None
    context: str | None = None
    namespace: str | None = None
    snapshot: str | None = None
    field_manager: str | None = None
    releases: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    server: str = ""
    cluster: str = ""
    labels: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    def matches(self, path: str) -> bool:
        """Whether a file belongs to this target."""
        return bool(path_matcher(self.paths)(path))


ParameterValue = bool | int | float | str | tuple[str, ...]
"""What a policy's parameter may be set to."""

Parameters = Mapping[str, Mapping[str, ParameterValue]]
"""The values of policies' parameters, by policy and name."""

Levels = Mapping[str, Level | None]
"""The levels of rules, by rule; None is off."""


@dataclass(frozen=True, slots=True)
class PolicyOverride:
    """Levels and parameters that hold for some targets or files only.

    Attributes:
        targets: globs on names of targets; () is every target, and files of none.
        paths: path patterns; () is every file.
        levels: as in the settings.
        parameters: the same.
    """

    targets: tuple[str, ...]
    paths: tuple[str, ...]
    levels: Levels
    parameters: Parameters

    def matches(self, path: str, target: str | None) -> bool:
        """Whether it holds for a file that is judged for a target."""
        if self.paths and not path_matcher(self.paths)(path):
            return False
        if not self.targets:
            return True
        return target is not None and any(name_pattern(glob).match(target) for glob in self.targets)


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """Which policies judge, and how.

    Attributes:
        packs: the built-in packs that apply.
        folders: the repository's own policies.
        levels: of any rules; None is off.
        parameters: of policies.
        overrides: what is otherwise for some targets or files; the last one that says something wins.
        not_waivable: rules that no waiver excepts, besides those that are so by nature.
    """

    packs: tuple[str, ...] = ("recommended",)
    folders: tuple[str, ...] = ()
    levels: Levels = field(default_factory=lambda: _NOTHING)
    parameters: Parameters = field(default_factory=lambda: _NOTHING)
    overrides: tuple[PolicyOverride, ...] = ()
    not_waivable: frozenset[str] = frozenset()

    def level_of(self, rule: str, default: Level, path: str, target: str | None) -> Level | None:
        """The level of a rule's finding in a file; None where the rule is off there."""
        level = self.levels.get(rule, default)
        for override in self.overrides:
            if rule in override.levels and override.matches(path, target):
                level = override.levels[rule]
        return level


@dataclass(frozen=True, slots=True)
class SchemaSettings:
    """Where schemas come from.

    Attributes:
        folders: of the repository.
        missing: the level of a kind without schema; None means off: such objects are counted only.
        releases: the releases of other projects that the clusters run, by their short names.
    """

    folders: tuple[str, ...] = ()
    missing: Level | None = Level.WARNING
    releases: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True)
class Renderer:
    """A program that renders: its path, None for the one in PATH, and the version that it must be, "" for any."""

    program: str | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """How kustomizations and charts are rendered.

    Attributes:
        enabled: whether they are.
        kustomize: the program that builds kustomizations.
        helm: the program that renders charts.
        remotes: host and beginning of the path of what may be fetched.
        timeout: seconds for one build.
        memory: bytes for one build.
        output: bytes that one build may write.
        files: files that one build may read.
    """

    enabled: bool = True
    kustomize: Renderer = Renderer()
    helm: Renderer = Renderer()
    remotes: tuple[tuple[str, str], ...] = ()
    timeout: int = 60
    memory: int = 2 << 30
    output: int = 64 << 20
    files: int = 20_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on what is read; sizes in bytes."""

    file_size: int = DEFAULT_FILE_SIZE


@dataclass(frozen=True, slots=True)
class Config:
    """What ``.gategit.yaml`` says; ``Config()`` is what holds without one.

    Attributes:
        version: of the file's format.
        kubernetes_version: what manifests are validated for; None: the newest.
        include: path patterns of what is looked at.
        exclude: path patterns of what is left out.
        policies: which policies judge.
        schemas: where schemas come from.
        targets: the clusters, in the file's order.
        repositories: URLs that mean this repository, besides those of git's remotes.
        waivers: the waivers file's path, or None.
        render: how kustomizations and charts are rendered.
        limits: limits on what is read.
        fail_on: the lowest level that blocks.
        fail_on_existing: whether findings that the base has too block.
        file: the config file's path, "" where there is none.
        text: the config file's bytes, for the places of errors found later.
    """

    version: int = 1
    kubernetes_version: str | None = None
    include: tuple[str, ...] = ("**",)
    exclude: tuple[str, ...] = ()
    policies: PolicySettings = field(default_factory=PolicySettings)
    schemas: SchemaSettings = field(default_factory=SchemaSettings)
    targets: tuple[Target, ...] = ()
    repositories: tuple[str, ...] = ()
    waivers: str | None = None
    render: RenderOptions = field(default_factory=RenderOptions)
    limits: Limits = field(default_factory=Limits)
    fail_on: Level = Level.ERROR
    fail_on_existing: bool = False
    file: str = ""
    text: bytes = field(default=b"", repr=False)

    def path_filter(self) -> Callable[[str], bool]:
        """A test of whether a path is looked at: included and not excluded. Made once, called for every path."""
        excluded = path_matcher(self.exclude)
        if self.include == ("**",):
            return lambda path: not excluded(path)
        included = path_matcher(self.include)
        return lambda path: bool(included(path)) and not excluded(path)

    def target(self, name: str) -> Target | None:
        """The target of a name, or None."""
        return next((target for target in self.targets if target.name == name), None)

    def targets_of(self, path: str) -> tuple[Target, ...]:
        """The targets that a file belongs to."""
        return tuple(target for target in self.targets if target.matches(path))

    def targets_at(self, source: Source) -> tuple[Target, ...]:
        """The targets that an object goes to: that of the unit that renders it, else those of its file."""
        if source.unit is None:
            return self.targets_of(source.file)
        target = None if source.unit.target is None else self.target(source.unit.target)
        return () if target is None else (target,)

    def releases_of(self, target: Target | None) -> tuple[tuple[str, str], ...]:
        """The releases that a target's cluster runs, by the projects' short names, sorted."""
        own = target.releases if target is not None else _NOTHING
        return tuple(sorted({**self.schemas.releases, **own}.items()))

    @property
    def snapshots(self) -> tuple[str, ...]:
        """The paths of the targets' exports, each once."""
        return tuple(dict.fromkeys(target.snapshot for target in self.targets if target.snapshot is not None))

    def error(self, path: FieldPath, message: str, hint: str = "") -> ConfigError:
        """An error at a key of the config file, for what only later steps can judge (a policy that is not there)."""
        from gategit.settings import Settings  # noqa: PLC0415  only an error needs it

        return Settings(self.text, self.file, {}).error(path, message, hint, on_key=bool(path))


def _level(word: str) -> Level | None:
    return None if word == "off" else Level(word)


def _policies(data: Mapping[str, Any]) -> PolicySettings:
    default = PolicySettings()
    return PolicySettings(
        packs=tuple(data.get("packs", default.packs)),
        folders=_folders(data),
        levels=_levels(data),
        parameters=_parameters(data),
        overrides=tuple(
            PolicyOverride(
                tuple(override.get("targets", ())),
                tuple(override.get("paths", ())),
                _levels(override),
                _parameters(override),
            )
            for override in data.get("overrides", ())
        ),
        not_waivable=frozenset(data.get("not_waivable", ())),
    )


def _levels(data: Mapping[str, Any]) -> Levels:
    return MappingProxyType({rule: _level(word) for rule, word in data.get("levels", {}).items()})


def _parameters(data: Mapping[str, Any]) -> Parameters:
    return MappingProxyType(
        {
            policy: MappingProxyType(
                {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
            )
            for policy, values in data.get("parameters", {}).items()
        }
    )


def _folders(data: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(clean_path(folder) for folder in data.get("folders", ()))


def clean_path(path: str) -> str:
    """A path of the tree as trees name it: no ``.`` and no empty names; "" is the root."""
    return "/".join(name for name in path.split("/") if name not in ("", "."))


def _target(name: str, data: Mapping[str, Any]) -> Target:
    return Target(
        name=name,
        paths=tuple(data["paths"]),
        kubernetes_version=data.get("kubernetes_version"),
        upgrade_to=data.get("upgrade_to"),
        dry_run=data.get("dry_run"),
        context=data.get("context"),
        namespace=data.get("namespace"),
        snapshot=clean_path(data["snapshot"]) if "snapshot" in data else None,
        field_manager=data.get("field_manager"),
        releases=MappingProxyType(data.get("releases", {})),
        server=data.get("server", ""),
        cluster=data.get("cluster", ""),
        labels=MappingProxyType(data.get("labels", {})),
    )


def _render(data: Mapping[str, Any], size: Callable[[str], int]) -> RenderOptions:
    default = RenderOptions()
    return RenderOptions(
        data.get("enabled", default.enabled),
        _renderer(data.get("kustomize", {})),
        _renderer(data.get("helm", {})),
        tuple((one["host"], one.get("path", "")) for one in data.get("remotes", ())),
        data.get("timeout", default.timeout),
        size(data["memory"]) if "memory" in data else default.memory,
        size(data["output"]) if "output" in data else default.output,
        data.get("files", default.files),
    )


def _renderer(data: Mapping[str, Any]) -> Renderer:
    return Renderer(data.get("program"), data.get("version", "").removeprefix("v"))


def load_config(text: bytes, file: str) -> Config:
    """Read a config file.

    Args:
        text: its bytes; they may come from an untrusted tree.
        file: its path, for messages.

    Raises:
        ConfigError: the file does not decode or does not fit; names the file, the line, the key and the nearest
            right key.
    """
    from gategit.config_format import DESCRIPTION, file_size  # noqa: PLC0415  costs a run without config 10 ms
    from gategit.settings import read_settings  # noqa: PLC0415  the same

    settings = read_settings(text, file, DESCRIPTION)
    data = settings.data
    schemas = data.get("schemas", {})
    limits = data.get("limits", {})
    waivers = data.get("waivers")
    config = Config(
        version=data["version"],
        kubernetes_version=data.get("kubernetes_version"),
        include=tuple(data.get("include", ("**",))),
        exclude=tuple(data.get("exclude", ())),
        policies=_policies(data.get("policies", {})),
        schemas=SchemaSettings(
            _folders(schemas),
            _level(schemas.get("missing", "warning")),
            MappingProxyType(schemas.get("releases", {})),
        ),
        targets=tuple(_target(name, target) for name, target in data.get("targets", {}).items()),
        repositories=tuple(data.get("repositories", ())),
        waivers=None if waivers is None else clean_path(waivers),
        render=_render(data.get("render", {}), file_size),
        limits=Limits(file_size(limits.get("file_size", "5MiB"))),
        fail_on=Level(data.get("fail_on", "error")),
        fail_on_existing=data.get("fail_on_existing", False),
        file=file,
        text=text,
    )
    _check_upgrades(config, settings)
    _check_snapshots(config, settings)
    return config


def _check_snapshots(config: Config, settings: Settings) -> None:
    """Who asks a snapshot has one."""
    for target in config.targets:
        if target.dry_run == "snapshot" and target.snapshot is None:
            message = f"targets.{target.name}.dry_run is snapshot, but the target has no snapshot"
            hint = f"gategit cluster snapshot --output {target.name}.json.gz exports one; name it: snapshot: PATH"
            raise settings.error(("targets", target.name, "dry_run"), message, hint)


def _check_upgrades(config: Config, settings: Settings) -> None:
    """An upgrade leads to a newer version: the other way round is a slip of the pen."""
    for target in config.targets:
        current = target.kubernetes_version or config.kubernetes_version
        if target.upgrade_to and current and _minor(target.upgrade_to) <= _minor(current):
            message = f"targets.{target.name}.upgrade_to is {target.upgrade_to}, which is not newer than {current}"
            raise settings.error(("targets", target.name, "upgrade_to"), message)


def _minor(version: str) -> int:
    return int(version.partition(".")[2])
