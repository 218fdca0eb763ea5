"""What Helm says when it fails, as one sentence on the file and line that has to be mended."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gategit.manifests.decode import decode
from gategit.model import FieldPath, Level, Location, format_path
from gategit.render.helm_charts import ChartFolder, name_in
from gategit.render.helm_places import Places
from gategit.render.helm_rules import CHART_INVALID, VALUES_INVALID
from gategit.render.helm_schema import START as SCHEMA_START
from gategit.render.helm_schema import is_only_missing, schema_problems
from gategit.render.helm_text import sentence
from gategit.render.helm_values import Values
from gategit.render.rules import RENDER_FAILED
from gategit.render.values import Parameter, RenderProblem

_READ: Final = 32 * 1024
"""How much of an error is read, from its start and from its end; a recursion prints a line for each call."""

REFUSED: Final = "the chart refuses its values: "
"""How the message begins of a chart that stops by itself (``fail``, ``required``)."""

_ERROR: Final = re.compile(r"^Error: ", re.MULTILINE)
_DEBUG_HINT: Final = "\n\nUse --debug flag to render out invalid YAML"
_USER: Final = re.compile(
    r"execution error at \((?P<file>[^\n]{1,500}?):(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?\): (?P<said>.*)",
    re.DOTALL,
)
_PARSE: Final = re.compile(
    r"parse error (?:at|in) \((?P<file>[^\n]{1,500}?)(?::(?P<line>\d{1,9}))?(?::\d+)?\): (?P<said>.*)", re.DOTALL
)
# Helm 3 writes an error in one line, Helm 4 each frame on lines of its own.
_FRAME: Final = re.compile(
    r"(?:^|template: )(?P<file>[^\n]{1,500}?):(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?(?:: |\n +)"
    r'executing "[^"\n]{0,500}" at <(?P<expression>[^\n]{0,200}?)>:\s+',
    re.MULTILINE,
)
_BARE: Final = re.compile(
    r"template: (?P<file>[^\n:]{1,500}?):(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?: (?P<said>.*)", re.DOTALL
)
_BLOCK: Final = re.compile(r"\{\{-?\s*(if|with|range|define|block|end)\b")
_NIL: Final = re.compile(r"nil pointer evaluating [^\n]{1,200}?\.(\S+)\Z")
_NO_TEMPLATE: Final = re.compile(r'no template "([^"]*)" associated with template')
_NESTED: Final = re.compile(r"rendering template has a nested reference name: ([^:\n]*)")
_RENDERED: Final = re.compile(r"YAML parse error on (?P<file>[^\n]+?): (?P<said>.*)", re.DOTALL)
_KUBE_VERSION: Final = re.compile(r"chart requires kubeVersion: (.*?) which is incompatible with Kubernetes (\S+)")
_UNPACKING: Final = re.compile(r"error unpacking subchart (?:tar in )?(?P<name>\S+) in (?P<chart>\S+?): ")
_LOADING: Final = re.compile(r"cannot load (?P<file>[\w.]+): (?P<said>.*)", re.DOTALL)
_METADATA: Final = re.compile(r"validation: (?P<said>chart\.metadata(?P<path>[\w.]*)[^\n]*)")
_DEPENDENCY: Final = re.compile(
    r'validation: (?P<said>(?:more than one dependency|dependency) [^\n]*?"(?P<name>[^"]*)"[^\n]*)'
)
_LINK: Final = re.compile(r"error evaluating symlink (?P<file>[^\n:]+): ")
_LARGE: Final = re.compile(r'chart file "(?P<name>[^\n]+)" is larger than the maximum file size (?P<most>\d{1,18})')
_MISSING: Final = re.compile(r"found in Chart\.yaml, but missing in charts/ directory: ([^\n]*)")
_SECRET: Final = re.compile(r"^kind:[ \t]*[\"']?Secret\b", re.MULTILINE)
_SET: Final = re.compile(r"failed parsing --set(?P<text>-string)? data: (?P<said>.*)", re.DOTALL)
_WARNING: Final = re.compile(
    r"^(?:\S+\.go:\d+: |level=\w+ msg=\")?(?:WARNING|[Ww]arning): (?P<said>[^\n]+?)\"?$", re.MULTILINE
)
_VALUE_SHOWN: Final = re.compile(r" \(.*", re.DOTALL)
_MISMATCH: Final = re.compile(r"type mismatch on (?P<name>[^\s:]+): ")
_LINE_NUMBER: Final = re.compile(r"\byaml: line (\d{1,9})")


@dataclass(frozen=True, slots=True)
class Site:
    """What an error is read against.

    Attributes:
        chart: the chart that Helm was given; None for one from elsewhere.
        places: the tree's texts.
        values: everything that the release sets.
        parameters: the single values.
        folder: the path of the workspace, which no message may show.
        fallback: where to stand where nothing better is known.
        name: the name of a chart from elsewhere, or "".
    """

    chart: ChartFolder | None
    places: Places
    values: Values
    parameters: Sequence[Parameter]
    folder: str
    fallback: Location
    name: str = ""

    def plain(self, text: str) -> str:
        """A text without the workspace's paths, ready to be shown."""
        for start in (f"{self.folder}/", self.folder):
            text = text.replace(start, "")
        return sentence(text)

    def source(self, name: str) -> str:
        """The path of the tree that Helm means by a template's name; "" where there is none."""
        return self.chart.source(name) if self.chart is not None else ""


def error_of(stderr: str) -> str:
    """The error of a Helm that failed, without what it warned of before and what it advises after."""
    found = list(_ERROR.finditer(stderr))
    text = stderr[found[-1].end() :] if found else stderr
    return text.partition(_DEBUG_HINT)[0].strip("\n")


def warnings_of(stderr: str, site: Site) -> tuple[str, ...]:
    """What Helm warned of, each once; values are left out, since they may be secret."""
    said = (_VALUE_SHOWN.sub("", found["said"]) for found in _WARNING.finditer(stderr))
    return tuple(dict.fromkeys(site.plain(one) for one in said))


def rendered_template(error: str) -> str | None:
    """The template whose output Helm could not read as YAML; None where the error is another one."""
    found = _RENDERED.match(error)
    return found["file"] if found else None


def schema_is_unreadable(error: str) -> bool:
    """Whether Helm could not use a values.schema.json because that refers to something that is not here."""
    return error.startswith(SCHEMA_START) and ("http://" in error or "https://" in error) and "failing loading" in error


def asked_for(error: str, site: Site) -> RenderProblem | None:
    """What a chart wants to be given that its values leave out; None where the error is another one."""
    if error.startswith(SCHEMA_START):
        said = error.removeprefix(SCHEMA_START)
        missing = is_only_missing(said, site.chart or site.name)
        return schema_problems(said, site.values, site.chart or site.name, site.fallback)[0] if missing else None
    return next(_user(error, site), None)


def problems_of(error: str, site: Site) -> tuple[RenderProblem, ...]:
    """The problems that an error of Helm's tells of; at least one."""
    if len(error) > 2 * _READ:
        error = f"{error[:_READ]} {error[-_READ:]}"
    for read in (_values, _user, _parse, _execution, _chart, _parameter):
        found = tuple(read(error, site))
        if found:
            return found
    return (RenderProblem(RENDER_FAILED.id, f"Helm cannot render the chart: {site.plain(error)}", site.fallback),)


def _values(error: str, site: Site) -> Iterator[RenderProblem]:
    mismatch = _MISMATCH.match(error)
    if mismatch:
        known = site.chart.by_name(mismatch["name"]) if site.chart is not None else None
        path = known[1] if known else (mismatch["name"],)
        yield RenderProblem(
            VALUES_INVALID.id,
            f"{format_path(path)} holds the values of a chart, and is no mapping",
            site.values.locate(path) or site.fallback,
            "write names and values below it, or leave it out",
            path=path,
        )
    if error.startswith(SCHEMA_START):
        yield from schema_problems(
            error.removeprefix(SCHEMA_START), site.values, site.chart or site.name, site.fallback
        )


def _user(error: str, site: Site) -> Iterator[RenderProblem]:
    found = _USER.search(error)
    if found:
        place = _template(found["file"], int(found["line"]), _number(found["column"]), "", site)
        yield RenderProblem(
            RENDER_FAILED.id,
            f"{REFUSED}{site.plain(found['said'])}",
            place,
            "give the chart the values that it asks for",
        )


def _parse(error: str, site: Site) -> Iterator[RenderProblem]:
    found = _PARSE.search(error)
    if found:
        place = _template(found["file"], int(found["line"] or 0), None, "", site)
        unclosed = re.search(r"started at ([^\n]{1,500}?):(\d{1,9})", found["said"])
        if unclosed:
            place = _template(unclosed[1], int(unclosed[2]), None, "", site)
        if found["said"] == "unexpected EOF" and (begun := _unended(site, site.source(found["file"]))):
            yield RenderProblem(RENDER_FAILED.id, "the block that begins here has no end", begun, "write `{{- end }}`")
            return
        said = re.sub(r" started at [^\n]{1,500}?:\d+", "", found["said"])
        if said.startswith("U+"):  # Helm keeps only the end of "unrecognized character in action: U+201C"
            said = f"no action may hold the character {said}"
        yield RenderProblem(RENDER_FAILED.id, f"the template cannot be parsed: {site.plain(said)}", place)


def _unended(site: Site, file: str) -> Location | None:
    """Where the last block of a template begins that has no end."""
    begun: list[int] = []
    for number, line in enumerate(site.places.lines(file), 1):
        for word in _BLOCK.findall(line):
            if word != "end":
                begun.append(number)
            elif begun:
                begun.pop()
    return site.places.line(file, begun[-1]) if begun and not file.endswith(".tgz") else None


def _execution(error: str, site: Site) -> Iterator[RenderProblem]:
    frames = list(_FRAME.finditer(error))
    if not frames:
        bare = _BARE.match(error)
        if bare:
            place = _template(bare["file"], int(bare["line"]), _number(bare["column"]), "", site)
            yield RenderProblem(RENDER_FAILED.id, f"the template fails: {site.plain(bare['said'])}", place)
        return
    # The innermost frame that is a file of the tree; a text given to tpl has a frame, but no file.
    named = [frame for frame in frames if site.source(frame["file"])]
    frame = named[-1] if named else frames[0]
    nested = _NESTED.search(error)
    expression = _expression(frame["expression"])
    place = _template(frame["file"], int(frame["line"]), _number(frame["column"]), expression, site)
    said = error[frames[-1].end() :]
    yield RenderProblem(
        RENDER_FAILED.id,
        _why(_expression(frames[-1]["expression"]), said, nested[1] if nested else ""),
        place,
        _advice(said, nested=nested is not None),
    )


def _why(expression: str, said: str, nested: str) -> str:
    if nested:
        return f'the template "{sentence(nested)}" includes itself without end'
    said = re.sub(r"^(?:error calling \w+:\s+)+", "", said)
    missing = _NO_TEMPLATE.search(said)
    if missing:
        return f'the template "{sentence(missing[1])}" is included, and no file of the chart defines it'
    nil = _NIL.search(said)
    if nil and expression.startswith('"'):  # Go names the last argument of a call, not the call
        return f".{sentence(nil[1])} cannot be read: what stands before it is not set"
    if nil:
        return f"{sentence(expression)} cannot be read: what stands before .{sentence(nil[1])} is not set"
    return f"{sentence(expression)} fails: {sentence(said)}"


def _advice(said: str, *, nested: bool) -> str:
    if nested:
        return "end the recursion"
    if _NIL.search(said):
        return "set it in the values, or let the template do without it (`with`, `dig`, `default dict`)"
    return ""


def _expression(text: str) -> str:
    return text.removesuffix("...").strip()


def _number(text: str | None) -> int | None:
    return int(text) if text else None


def _template(name: str, line: int, offset: int | None, expression: str, site: Site) -> Location:
    file = site.source(name)
    if not file:
        return site.fallback
    if file.endswith(".tgz") or not line:
        return Location(file)
    return site.places.expression(file, line, offset, expression)


def _chart(error: str, site: Site) -> Iterator[RenderProblem]:
    chart = site.chart
    if chart is None:
        return
    version = _KUBE_VERSION.search(error)
    if version:
        yield RenderProblem(
            CHART_INVALID.id,
            f"the chart does not go with Kubernetes {version[2]}: its kubeVersion is {sentence(version[1])}",
            chart.locate(("kubeVersion",)),
            "take a version of the chart for this cluster, or correct kubernetes_version in the config",
        )
        return
    rest = error
    part: ChartFolder | str | None = chart
    while found := _UNPACKING.search(rest):
        part = _unpacked(part, found["name"])
        rest = rest[found.end() :]
    if isinstance(part, str):
        yield RenderProblem(
            CHART_INVALID.id, f"the archive is no chart that Helm loads: {site.plain(rest)}", Location(part)
        )
    elif part is not None:
        yield from _folder(rest, part, site)


def _unpacked(chart: ChartFolder | str | None, name: str) -> ChartFolder | str | None:
    """What Helm was loading from charts/ by the name of the file or folder."""
    if not isinstance(chart, ChartFolder):
        return chart
    for part in chart.vendored.values():
        path = part if isinstance(part, str) else part.folder
        if path.rpartition("/")[2] == name:
            return part
    return chart.part(name_in(name))


def _file(error: str, chart: ChartFolder, site: Site) -> Iterator[RenderProblem]:
    """A file of the chart that Helm does not take, whatever it holds."""
    link = _LINK.search(error)
    if link:
        path = link["file"].removeprefix(f"{site.folder}/").removeprefix("./")
        message = "the symbolic link leads to nothing, and Helm does not load the chart with it"
        yield RenderProblem(
            CHART_INVALID.id, message, Location(path), "let it lead to a file of the chart, or remove it"
        )
    large = _LARGE.search(error)
    if large:
        named = sorted(path for path in chart.files if path.rpartition("/")[2] == large["name"])
        largest = max(named, key=site.places.size, default=chart.file)
        message = f"the file is larger than the {int(large['most']):,} bytes that Helm takes"
        yield RenderProblem(
            CHART_INVALID.id, message, Location(largest), "keep it out of the chart, or name it in .helmignore"
        )


def _folder(error: str, chart: ChartFolder, site: Site) -> Iterator[RenderProblem]:
    refused = tuple(_file(error, chart, site))
    loading = None if refused else _LOADING.search(error)
    yield from refused
    if loading:
        file = f"{chart.folder}/{loading['file']}" if chart.folder else loading["file"]
        rule = VALUES_INVALID.id if loading["file"] == "values.yaml" else CHART_INVALID.id
        decoded = decode(site.places.content(file) or b"", file)
        if decoded.problems:
            first = decoded.problems[0]
            message = f"Helm cannot load {loading['file']}: {sentence(first.message)}"
            # The first check of the gate says it too: here it is a note, since it is no second mistake.
            yield RenderProblem(rule, message, Location(file, first.region), first.help, level=Level.NOTE)
            return
        said, place = site.plain(loading["said"]), Location(file)
        if decoded.documents and not isinstance(decoded.documents[0].data, dict):
            said, place = "it is not a mapping of names and values", site.places.line(file, decoded.documents[0].line)
        yield RenderProblem(rule, f"Helm cannot load {loading['file']}: {said}", place)
        return
    metadata = _METADATA.search(error)
    dependency = _DEPENDENCY.search(error)
    if metadata:
        path: FieldPath = tuple(step for step in metadata["path"].split(".") if step)
        said = sentence(metadata["said"].replace("chart.metadata.", ""))
        yield RenderProblem(CHART_INVALID.id, f"Chart.yaml: {said}", chart.locate(path), path=path)
    elif dependency:
        name = dependency["name"]
        several = [one for one in chart.dependencies if name in (one.name, one.alias)]
        place = chart.places.field(several[-1].file, several[-1].path) if several else chart.locate(("dependencies",))
        yield RenderProblem(CHART_INVALID.id, f"Chart.yaml: {sentence(dependency['said'])}", place)
    elif missing := _MISSING.search(error):
        names = missing[1].split(", ")
        asked = next((one for one in chart.dependencies if one.name in names), None)
        place = chart.places.field(asked.file, asked.path) if asked else chart.locate(("dependencies",))
        yield RenderProblem(CHART_INVALID.id, f"these dependencies are not in charts/: {sentence(missing[1])}", place)
    elif "validation: " in error:
        yield RenderProblem(CHART_INVALID.id, f"Chart.yaml: {site.plain(error)}", chart.locate(()))


def _parameter(error: str, site: Site) -> Iterator[RenderProblem]:
    found = _SET.search(error)
    if not found:
        return
    kind = [one for one in site.parameters if one.text == bool(found["text"])]
    words = re.findall(r'"([^"]+)"', found["said"])
    named = [one for one in kind if any(word in f"{one.name}={one.value}" for word in words)] or kind
    place = named[0].location if named else site.fallback
    yield RenderProblem(VALUES_INVALID.id, f"the parameter cannot be read: {site.plain(found['said'])}", place)


def problems_of_output(template: str, error: str, output: str, site: Site) -> tuple[RenderProblem, ...]:
    """Why a template's output is no YAML.

    Args:
        template: its name, as Helm has it.
        error: what Helm says.
        output: what the template rendered to, "" where that is not known.
        site: what the error is read against.
    """
    file = site.source(template)
    place = Location(file) if file else site.fallback
    said = _RENDERED.match(error)
    problems = decode(output.encode("utf-8", "replace"), "template.yaml").problems
    fault = next((one for one in problems if one.rule != "duplicate-key"), None)
    lines = output.split("\n")
    if fault is not None:
        number = fault.region.line
        why = fault.message
    else:
        line = _LINE_NUMBER.search(error)
        number = int(line[1]) if line else 0
        why = _head(said["said"] if said else error) or site.plain(said["said"] if said else error)
    shown = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    if shown and file and not file.endswith(".tgz"):
        place = site.places.rendered(file, shown)
    end = f"; line {number} of the output is `{sentence(shown)}`" if shown else ""
    if _SECRET.search(output):  # a report shows nothing of what a Secret holds
        why, end = f"line {number} of the output cannot be read", ""
    return (
        RenderProblem(
            RENDER_FAILED.id,
            f"the template does not render to YAML: {sentence(why)}{end}",
            place,
            "`helm template --debug` shows the whole output; mind the indentation (`nindent`) and quote texts",
        ),
    )


def _head(said: str) -> str:
    """What is wrong where the output is YAML, but no object."""
    kind = re.search(
        r"cannot unmarshal (\w+) into Go (?:value of type \S*SimpleHead|struct field SimpleHead\.(\S+))", said
    )
    if kind is None:
        return ""
    return f"{kind[2]} is a {kind[1]}" if kind[2] else f"it is a {kind[1]}, not a Kubernetes object"
