"""``gategit render``: what an agent would apply."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gategit.cli.change_options import TargetName, one_of
from gategit.cli.errors import say
from gategit.cli.lazy import StringCommand
from gategit.cli.output import write_stdout
from gategit.cli.progress import Progress
from gategit.model import Verdict
from gategit.report.escaping import visible
from gategit.request import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gategit.gate_render import RenderView
    from gategit.render.values import Rendered, RenderedObject

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)

_FORMATS = ("yaml", "json")

_EPILOG = """\b
Examples:
  gategit render                        everything that Argo CD, Flux and people apply of this repository
  gategit render --target prod          what one cluster of the config gets
  gategit render apps/web --sources     all that files below apps/web are part of, and where each object comes from

\b
Exit codes: 0 rendered in full, 1 something cannot be built, 2 wrong usage, 3 something could not be looked at.
"""


def _complete_format(incomplete: str) -> list[str]:
    return [name for name in _FORMATS if name.startswith(incomplete)]


@app.command(cls=StringCommand, epilog=_EPILOG)
def render(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATHS]...",
            help="Files and folders: what they are part of is rendered. Default: everything.",
            show_default=False,
        ),
    ] = None,
    *,
    target: TargetName = None,
    sources: Annotated[
        bool, typer.Option("--sources", help="Say before each object which files it comes from and which change it.")
    ] = False,
    format_: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", help="How to print it: yaml or json.", autocompletion=_complete_format
        ),
    ] = "yaml",
) -> None:
    """Print what agents would apply.

    Kustomizations and charts are rendered as Argo CD and Flux render them, by the programs kustomize and helm. What is
    printed is what is applied, the values of Secrets too.
    """
    one_of("--format", format_, _FORMATS)
    request = Request(directory=Path.cwd(), paths=tuple(paths or ()), target=target, environment=dict(os.environ))
    from gategit.gate_render import read_rendered  # noqa: PLC0415  after the options are known to be right
    from gategit.render.rules import NOT_RENDERED  # noqa: PLC0415  the same

    with Progress(enabled=True) as progress:
        found = read_rendered(request, progress)
    write_stdout(_json(found) if format_ == "json" else "".join(_yaml(found, sources=sources)))
    failed = False
    problems = [*found.side.problems, *(one for unit in found.side.rendered for one in unit.problems)]
    causes = Counter(problem.subject for problem in problems if problem.rule == NOT_RENDERED.id)
    for problem in problems:
        failed = failed or problem.fatal
        shared = problem.subject if problem.rule == NOT_RENDERED.id else ""
        if shared and not causes[shared]:
            continue
        more = causes.pop(shared, 1) - 1 if shared else 0
        note = f" (and {more} more for the same reason)" if more else ""
        place = problem.location
        line = f":{place.region.line}" if place.region is not None else ""
        say(f"{visible(place.file)}{line}: {visible(problem.message)}{note}")
    left = dict.fromkeys([*(f"{one.what}: {one.reason}" for one in found.unchecked), *_left(found)])
    for item in left:
        say(f"not followed: {visible(item)}")
    if failed:
        raise typer.Exit(Verdict.BLOCKED.exit_code)
    if left:
        raise typer.Exit(Verdict.UNDECIDED.exit_code)


def _left(found: RenderView) -> Iterator[str]:
    for rendered in found.side.rendered:
        for what, reason in rendered.unchecked:
            yield f"{what}: {reason}"


def _yaml(found: RenderView, *, sources: bool) -> Iterator[str]:
    from gategit.render.flux_yaml import write_yaml  # noqa: PLC0415  JSON needs it not

    for rendered in found.side.rendered:
        yield f"# {_title(rendered)}\n"
        for one in rendered.objects:
            yield "---\n"
            if sources:
                yield "".join(f"# {line}\n" for line in _sources(one))
            yield write_yaml(one.data)


def _title(rendered: Rendered) -> str:
    unit = rendered.unit
    where = f" for {unit.target}" if unit.target else ""
    count = len(rendered.objects)
    what = "cannot be built" if rendered.failed else f"{count} object{'' if count == 1 else 's'}"
    return f"{visible(unit.name)}{visible(where)}: {what}"


def _sources(one: RenderedObject) -> Iterator[str]:
    trace = one.trace
    if trace.file:
        document = f", document {trace.document + 1}" if trace.document else ""
        yield f"Source: {visible(trace.file)}{document}"
    if trace.generated_by:
        yield f"Generated by: {visible(trace.generated_by)}"
    for path in dict.fromkeys(trace.changed_by):
        yield f"Changed by: {visible(path)}"


def _json(found: RenderView) -> str:
    from gategit.report.json_report import dump  # noqa: PLC0415  YAML needs it not

    return dump(
        [
            {
                "unit": rendered.unit.name,
                "target": rendered.unit.target,
                "rendered": not rendered.failed,
                "objects": [
                    {
                        "object": one.data,
                        "file": one.trace.file or None,
                        "generated_by": one.trace.generated_by or None,
                        "changed_by": list(dict.fromkeys(one.trace.changed_by)),
                    }
                    for one in rendered.objects
                ],
            }
            for rendered in found.side.rendered
        ]
    )
