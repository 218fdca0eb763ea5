"""``gategit policy``: what policies there are, what each asks, and whether each does what its examples say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gategit.cli.output import write_stdout
from gategit.config import CONFIG_FILE, Config, load_config
from gategit.errors import ConfigError, UsageError
from gategit.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gategit.checks.policy.examples import ExampleResult
    from gategit.checks.policy.load import PolicyInfo, PolicySource

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="List and explain the policies, and run the examples in them.",
)

_MOST_KINDS = 4  # that the list shows by name

_ConfigOption = Annotated[
    str | None,
    typer.Option("--config", metavar="FILE", help=f"The config file; default: {CONFIG_FILE} in this folder."),
]


def _config(given: str | None) -> Config:
    """The config that the working folder has: these commands look at what is being written, not at a change."""
    path = Path(given or CONFIG_FILE)
    try:
        return load_config(path.read_bytes(), str(path))
    except FileNotFoundError:
        if given is None:
            return Config()
        raise UsageError(f"--config {given}: there is no such file") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None


def _sources(config: Config) -> tuple[PolicySource, ...]:
    from gategit.checks.policy.load import load_sources  # noqa: PLC0415  only once the arguments are right
    from gategit.disk import FolderTree  # noqa: PLC0415  the same

    return load_sources(FolderTree(Path(), config.policies.folders or (CONFIG_FILE,)), config.policies.folders)


def _loaded(sources: Sequence[PolicySource]) -> tuple[PolicyInfo, ...]:
    """What the policies declare; the worker is asked only where some are not gategit's own."""
    from gategit.checks.policy.load import builtin_policies  # noqa: PLC0415  only once the arguments are right

    if all(source.is_builtin for source in sources):
        return builtin_policies()
    from gategit.checks.policy.run import start  # noqa: PLC0415  the same

    with start(sources) as runner:
        return runner.policies()


@app.command("list", epilog="Example: gategit policy list --on")
def list_policies(
    config: _ConfigOption = None,
    *,
    on: Annotated[bool, typer.Option("--on", help="Only those that the config switches on.")] = False,
    pack: Annotated[str | None, typer.Option(metavar="NAME", help="Only those of this built-in pack.")] = None,
) -> None:
    """List every policy: its level here (off where the config does not switch it on), packs, kinds and what it asks."""
    from gategit.checks.policy.builtin import PACKS  # noqa: PLC0415  only once the arguments are right
    from gategit.checks.policy.choose import PolicyChoice  # noqa: PLC0415  only once the arguments are right
    from gategit.rules import check_rules  # noqa: PLC0415  the same

    if pack is not None and pack not in PACKS:
        raise UsageError(f"there is no pack {pack}{did_you_mean(pack, PACKS)}", f"packs: {', '.join(PACKS)}")
    settings = _config(config)
    policies = _loaded(_sources(settings))
    chosen = PolicyChoice(policies, settings.policies, settings.error, frozenset(check_rules())).general
    rows = [("ID", "LEVEL", "PACKS", "KINDS", "ASKS")]
    rows += [
        (
            policy.id,
            str(chosen.levels.get(policy.id, "off")),
            ", ".join(policy.packs) or ("own" if not policy.source.is_builtin else "-"),
            _kinds(policy.kinds),
            policy.summary,
        )
        for policy in sorted(policies, key=lambda policy: policy.id)
        if (not on or policy.id in chosen.levels) and (pack is None or pack in policy.packs)
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]) for row in rows
    ]
    write_stdout("\n".join(lines) + "\n")


def _kinds(kinds: tuple[str, ...]) -> str:
    """Kinds in a few words: the whole list is on the policy's page."""
    from gategit.checks.policy.api import SCALABLE, WORKLOADS  # noqa: PLC0415  only once the arguments are right

    names = {WORKLOADS: "workloads", SCALABLE: "scalable workloads", ("*",): "every kind"}
    rest = tuple(kind for kind in kinds if kind not in WORKLOADS)
    if kinds not in names and len(kinds) == len(rest) + len(WORKLOADS):
        return ", ".join([*(kind.rpartition("/")[2] for kind in rest), "workloads"])
    if kinds in names:
        return names[kinds]
    short = [kind.rpartition("/")[2] for kind in kinds]
    if len(short) > _MOST_KINDS:
        short[_MOST_KINDS - 1 :] = [f"{len(short) - _MOST_KINDS + 1} more"]
    return ", ".join(short)


@app.command("explain", epilog="Example: gategit policy explain privileged-container")
def explain_policy(
    policy_id: Annotated[str, typer.Argument(metavar="ID", help="The policy's id, as gategit policy list shows it.")],
    config: _ConfigOption = None,
) -> None:
    """Show a policy's page: what it asks, why, how to fix what breaks it, and every example."""
    policies = _loaded(_sources(_config(config)))
    for policy in policies:
        if policy.id == policy_id:
            write_stdout(_page(policy))
            return
    ids = [policy.id for policy in policies]
    raise UsageError(
        f"there is no policy {policy_id}{did_you_mean(policy_id, ids)}", "gategit policy list shows them all"
    )


def _page(policy: PolicyInfo) -> str:
    """A policy's page in plain Markdown."""
    from gategit.checks.policy.documentation import parse  # noqa: PLC0415  only this command shows pages
    from gategit.checks.policy.rules import parameter_list  # noqa: PLC0415  the same

    page = parse(policy.doc)
    facts = [f"level {policy.level}"]
    if policy.packs:
        facts.append(f"packs {', '.join(policy.packs)}")
    facts.append(f"kinds {', '.join(policy.kinds)}")
    if policy.security_severity is not None:
        facts.append(f"security severity {policy.security_severity:g} of 10")
    if policy.view in ("Change", "Changes"):
        facts.append("compares old and new")
    if policy.inventory:
        facts.append(f"looks among {', '.join(policy.inventory)}")
    if policy.needs_request:
        facts.append("looks at the pull request")
    parts = [f"# {policy.id}", page.summary, "; ".join(facts)]
    for title, text in (("What it asks", page.asks), ("Why", page.why), ("How to fix", page.fix)):
        parts += [f"## {title}", text]
    if policy.parameters:
        parts += ["## Parameters", parameter_list(policy, page.parameters)]
    for example in page.examples:
        heading = "Passes" if example.passes else "Fails"
        parts += [
            f"## {heading}{f' ({example.title})' if example.title else ''}",
            f"```yaml\n{example.text}```",
        ]
    if page.references:
        parts += ["## References", "\n".join(f"- {url}" for url in page.references)]
    return "\n\n".join(part for part in parts if part) + "\n"


@app.command("new", epilog="Example: gategit policy new team-label --kind apps/Deployment")
def new_policy(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new policy's id, such as team-label.")],
    kinds: Annotated[
        list[str] | None,
        typer.Option("--kind", metavar="KIND", help="What it looks at, as group/Kind or Kind; default: all workloads."),
    ] = None,
    folder: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Where to put it; default: the config's first policy folder."),
    ] = None,
    *,
    change: Annotated[bool, typer.Option("--change", help="Compare old and new.")] = False,
    config: _ConfigOption = None,
) -> None:
    """Write a new policy that works, with examples that run: rename, rewrite, and test as you go."""
    from gategit.checks.policy.scaffold import policy_text, stem_of  # noqa: PLC0415  only this command writes policies

    settings = _config(config).policies
    stem = stem_of(name)
    known = [source.id for source in _sources(_config(config))]
    if stem.replace("_", "-") in known:
        raise UsageError(f"there is a policy {stem.replace('_', '-')} already", "choose another name")
    place = Path(folder or next(iter(settings.folders), "gate/policies"))
    path = place / f"{stem}.py"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(policy_text(stem, tuple(kinds or ()), change=change))
    except FileExistsError:
        raise UsageError(f"{path} is there already", "choose another name or --folder") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None
    lines = [f"Wrote {path}."]
    if not any(place == Path(known_folder) or Path(known_folder) in place.parents for known_folder in settings.folders):
        lines += [f"Name its folder in {CONFIG_FILE}, so that the gate runs it:", "", "policies:"]
        lines += [f"  folders: [{', '.join([*settings.folders, place.as_posix()])}]", ""]
    lines.append(f"Next: edit it, then run gategit policy test {path}")
    write_stdout("\n".join(lines) + "\n")


@app.command("test", epilog="Example: gategit policy test gate/policies/team_label.py")
def run_policy_examples(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILES]...", help="Policy files, or folders of them; default: every policy there is."),
    ] = None,
    config: _ConfigOption = None,
) -> None:
    """Run policies' examples, and show where a policy does not do what they say.

    The examples stand in the docstring and, where there are many, in test_NAME.md beside NAME.py.
    """
    sources = _named_sources(files) if files else _sources(_config(config))
    good = failed = 0
    lines: list[str] = []
    for source_id, results, problem in _run(sources):
        bad = [result for result in results if not result.is_good]
        good += len(results) - len(bad)
        failed += len(bad) + bool(problem)
        if problem:
            lines.append(f"FAILED  {source_id}: {problem}")
        for result in bad:
            lines.append(f"FAILED  {source_id}: {result.title} ({result.file}:{result.line})")
            lines += [f"    {line}" for line in result.problems]
        if not bad and not problem:
            lines.append(f"ok      {source_id}: {len(results)} examples")
    lines.append(
        f"{len(sources)} {'policy' if len(sources) == 1 else 'policies'}: {good} examples good, {failed} failed"
    )
    write_stdout("\n".join(lines) + "\n")
    if failed:
        raise typer.Exit(1)


def _named_sources(files: Sequence[str]) -> tuple[PolicySource, ...]:
    from gategit.checks.policy.load import source_from_file  # noqa: PLC0415  only once the arguments are right

    paths: list[Path] = []
    for name in files:
        path = Path(name)
        if path.is_dir():
            found = sorted(each for each in path.rglob("*.py") if not each.name.startswith("test_"))
            if not found:
                raise UsageError(f"the folder {name} holds no policy file (*.py)")
            paths += found
        elif path.is_file():
            paths.append(path)
        else:
            raise UsageError(f"there is no file {name}", "name policy files, or folders that hold some")
    return tuple(source_from_file(path) for path in dict.fromkeys(paths))


def _run(sources: Sequence[PolicySource]) -> list[tuple[str, tuple[ExampleResult, ...], str]]:
    """Run each policy's examples; one that cannot even be loaded keeps nothing from the others."""
    from gategit.checks.policy.examples import run_examples  # noqa: PLC0415  only once the arguments are right
    from gategit.checks.policy.run import start  # noqa: PLC0415  the same

    found: list[tuple[str, tuple[ExampleResult, ...], str]] = []
    builtin = [source for source in sources if source.is_builtin]
    for group in [builtin] * bool(builtin) + [[source] for source in sources if not source.is_builtin]:
        with start(group) as runner:
            try:
                results = run_examples(runner, runner.policies())
            except ConfigError as error:
                found.append((group[0].id, (), str(error)))
                continue
        found += [
            (source.id, tuple(result for result in results if result.policy == source.id), "") for source in group
        ]
    return found
