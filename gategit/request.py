"""What a run is asked to do: one frozen value, made from options by the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from gategit.model import Level, Stage


class Mode(StrEnum):
    """What is compared with what."""

    CHANGE = "change"  # base (or the merge base with the default branch) against head (or the working tree)
    STAGED = "staged"  # HEAD against the index
    ALL = "all"  # every manifest below the paths; no change needed, git not needed
    STDIN = "stdin"  # standard input alone


class Trust(StrEnum):
    """Where config, policies and waivers are read from."""

    BASE = "base"
    HEAD = "head"


@dataclass(frozen=True, slots=True)
class Request:
    """One run of the gate.

    Attributes:
        directory: the folder that paths are relative to.
        mode: what is compared.
        paths: narrow the run to these files and folders; empty: everything.
        base: a revision, or None for the default (the CI event's, else the default branch).
        head: a revision, or None for the working tree (or the CI event's head).
        kubernetes_versions: validate for each of these; empty: the config's, else the newest.
        fail_on: the lowest level that blocks, or None for the config's, else error.
        fail_on_existing: findings that the base has too block as well.
        trust: where config, policies and waivers come from, or None for the default.
        stages: run only these, or None for all.
        dry_run: how the last stage asks, or None for the config's.
        kubeconfig: the file that says how to reach clusters, or None for KUBECONFIG, else the user's own.
        context: the kubeconfig's context, or None for the target's, else the current one.
        assets: the folder with the sandbox's programs, or None to look for them.
        snapshot: an export of the cluster on disk, or None for the target's.
        timeout: seconds that asking one server may take in all, or None for the client's own limit.
        use_waivers: False judges as if there were none.
        select: when not empty, report only these rules.
        ignore: do not report these rules.
        config: a config file instead of ``.gategit.yaml``, read from disk.
        target: judge only for this target.
        jobs: worker processes, or None for as many as there are processors.
        use_cache: False neither reads nor writes the cache.
        line_hashes: whether the report is to hold GitHub's hash of each line that a finding stands on.
        effect: whether the report is to hold what the change does to objects.
        stdin: the content, in mode STDIN.
        environment: the process's environment, for what a CI system says of itself.
    """

    directory: Path
    mode: Mode = Mode.CHANGE
    paths: tuple[str, ...] = ()
    base: str | None = None
    head: str | None = None
    kubernetes_versions: tuple[str, ...] = ()
    fail_on: Level | None = None
    fail_on_existing: bool = False
    trust: Trust | None = None
    stages: frozenset[Stage] | None = None
    dry_run: str | None = None
    kubeconfig: str | None = None
    context: str | None = None
    assets: Path | None = None
    snapshot: Path | None = None
    timeout: float | None = None
    use_waivers: bool = True
    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    config: Path | None = None
    target: str | None = None
    jobs: int | None = None
    use_cache: bool = True
    line_hashes: bool = False
    effect: bool = False
    stdin: bytes = b""
    environment: Mapping[str, str] = field(default_factory=dict)
