"""What Helm has rendered: each object with the file that it is from, and what is no object."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gategit.checks.references.sources import text_at
from gategit.checks.syntax import DUPLICATE_KEY, YAML_LIMIT
from gategit.manifests.decode import Problem, decode
from gategit.manifests.expand import expand
from gategit.model import Level, Location
from gategit.render.helm_errors import Site
from gategit.render.helm_text import sentence
from gategit.render.rules import NOT_RENDERED, RENDER_FAILED
from gategit.render.values import RenderedObject, RenderProblem, Trace

_TESTS: Final = frozenset({"test", "test-success", "test-failure"})
_SOURCE: Final = re.compile(rb"^---\n# Source: ([^\n]*)\n", re.MULTILINE)


def sections(output: bytes) -> Iterator[tuple[str, bytes]]:
    """Helm's output cut at the lines that name templates: each name with what stands below it."""
    found = list(_SOURCE.finditer(output))
    ends = [*(one.start() for one in found[1:]), len(output)]
    for one, end in zip(found, ends, strict=False):
        yield one[1].decode("utf-8", "replace"), output[one.end() : end]


def section(output: bytes, template: str) -> str:
    """What a template has rendered to, "" where the output does not say."""
    return next((body.decode("utf-8", "replace") for name, body in sections(output) if name == template), "")


def objects_of(
    output: bytes, site: Site, *, skip_tests: bool = False
) -> tuple[tuple[RenderedObject, ...], tuple[RenderProblem, ...]]:
    """The objects in Helm's order, and what is wrong with the rest.

    Args:
        output: what Helm has written.
        site: what it is read against.
        skip_tests: whether hooks that are nothing but tests are left out. Helm's own ``--skip-tests`` leaves out those
            as well that are installed or upgraded besides.
    """
    objects: list[RenderedObject] = []
    problems: list[RenderProblem] = []
    for name, content in sections(output):
        part = _Section(name, content, site)
        found = list(part.objects())
        kept = [one for one in found if not (skip_tests and _is_test(one))]
        objects.extend(kept)
        if kept or not found:
            problems.extend(part.problems())
    return tuple(objects), tuple(dict.fromkeys(problems))


def _is_test(one: RenderedObject) -> bool:
    """Whether an object is a test of the release and nothing else."""
    events = {
        event.strip().lower() for event in text_at(one.data, "metadata", "annotations", "helm.sh/hook").split(",")
    }
    return events <= _TESTS


class _Section:
    """What one file of a chart has become."""

    def __init__(self, name: str, content: bytes, site: Site) -> None:
        self._content = content
        self._site = site
        self._file = site.source(name)
        self._is_definition = _is_definition(name)
        self._decoded = decode(content, "template.yaml")

    @property
    def _is_here(self) -> bool:
        """Whether the template is a file of the tree, and not one of an archive or of a chart from elsewhere."""
        return bool(self._file) and not self._file.endswith(".tgz")

    def objects(self) -> Iterator[RenderedObject]:
        for manifest in expand("", self._decoded):
            # Only files that are not templates have the same documents as the output.
            document = manifest.source.document if self._is_definition else None
            yield RenderedObject(manifest.data, Trace(self._file, document))

    def problems(self) -> Iterator[RenderProblem]:
        for problem in self._decoded.problems:
            yield self._unreadable(problem)
        for document in self._decoded.documents:
            data = document.data
            if not isinstance(data, dict) or not {"apiVersion", "kind"} <= data.keys():
                line = self._line(document.line)
                yield RenderProblem(
                    RENDER_FAILED.id,
                    f"the template renders to something that is no Kubernetes object: `{sentence(line)}`",
                    self._place(line),
                    "give it apiVersion and kind, or let it render to nothing",
                    fatal=False,
                )

    def _unreadable(self, problem: Problem) -> RenderProblem:
        is_double = problem.rule == DUPLICATE_KEY.id
        rule = problem.rule if is_double else NOT_RENDERED.id if problem.rule == YAML_LIMIT.id else RENDER_FAILED.id
        return RenderProblem(
            rule,
            f"in what the template renders to, {sentence(problem.message)}",
            self._place(self._line(problem.region.line)),
            problem.help,
            # Agents take the last of two equal keys; a chart from elsewhere is not mended here.
            level=Level.WARNING if is_double and not self._is_here else None,
            fatal=False,
        )

    def _line(self, number: int) -> str:
        lines = self._content.decode("utf-8", "replace").split("\n")
        return lines[number - 1].strip() if number <= len(lines) else ""

    def _place(self, line: str) -> Location:
        """Where a line of the output is from, as far as that can be known."""
        if not self._file:
            return self._site.fallback
        if self._is_definition or not self._is_here:
            return Location(self._file)
        return self._site.places.rendered(self._file, line)


def _is_definition(name: str) -> bool:
    """Whether Helm took a file as it is, from a chart's ``crds`` folder."""
    rest = name.partition("/")[2]
    while rest.startswith("charts/"):
        rest = rest.split("/", 2)[-1]
    return rest.startswith("crds/")
