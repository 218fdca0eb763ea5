"""The schemas that hold in a repository, for whoever asks about kinds and not about files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gategit.checks.schema.spec import SchemaSet, SchemaSpec
from gategit.config import CONFIG_FILE, Config
from gategit.judging import Judging
from gategit.model import Stage
from gategit.repository import open_trees
from gategit.request import Mode
from gategit.trusted import load_trusted

if TYPE_CHECKING:
    from gategit.config import Target
    from gategit.request import Request


@dataclass(frozen=True, slots=True)
class SchemasHere:
    """What the objects of a repository are validated with.

    Attributes:
        schemas: for the request's target, else for files that belong to no target.
        target: that target's name, or None.
        others: for each other target of the config.
        config: the repository's config.
    """

    schemas: SchemaSet
    target: str | None
    others: Mapping[str, SchemaSet]
    config: Config


def repository_root(start: Path) -> Path | None:
    """The repository that a folder is in, else the nearest folder at or above it with a config; None without either."""
    folders = (start, *start.parents)
    top = next((folder for folder in folders if (folder / ".git").exists()), None)
    return top or next((folder for folder in folders if (folder / CONFIG_FILE).is_file()), None)


def schemas_here(request: Request) -> SchemasHere:
    """Find what objects in the request's folder are validated with.

    Outside of a repository that is what gategit brings with it: no folder is searched that nobody named.

    Raises:
        ConfigError: the config cannot be used.
        UsageError: there is no such target, or no schemas for the Kubernetes version.
        UndecidedError: the repository cannot be read.
    """
    root = repository_root(request.directory)
    if root is None:
        version = next(iter(request.kubernetes_versions), None)
        return SchemasHere(SchemaSet(SchemaSpec(kubernetes_version=version)), None, {}, Config())
    request = replace(request, directory=root, mode=Mode.ALL, stages=frozenset({Stage.SCHEMA}))
    trees = open_trees(request)
    try:
        trusted = load_trusted(request, trees)
        config = trusted.config
        with Judging(request, trees, trusted) as judging:
            side = judging.side(trees.head)
            context = judging.context(side, judging.find_crds(side, None))
            target = config.target(request.target) if request.target is not None else None

            def schemas_for(*targets: Target) -> SchemaSet:
                return SchemaSet(context.schemas[judging.runs_for(targets)[0].schemas])

            return SchemasHere(
                schemas_for(*([target] if target is not None else [])),
                request.target,
                {one.name: schemas_for(one) for one in config.targets if one.name != request.target},
                config,
            )
    finally:
        trees.close()
