"""What a chart's templates ask of the cluster, which nobody knows who renders them elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gategit.render.helm_charts import ChartFolder
from gategit.render.helm_text import sentence
from gategit.render.values import HelmBuild

_ACTION: Final = re.compile(rb"\{\{(.*?)\}\}", re.DOTALL)
_COMMENT: Final = re.compile(rb"\A-?\s*/\*.*\*/\s*-?\Z", re.DOTALL)
_STRING: Final = re.compile(rb'"(?:\\.|[^"\\\n])*"|`[^`]*`')
_MOST_FILES: Final = 3

_ALWAYS: Final = {
    "lookup": re.compile(rb"(?<![\w.$])lookup\b"),
    ".Release.IsUpgrade and .Release.IsInstall": re.compile(rb"\.Release\.(?:IsUpgrade|IsInstall|Revision)\b"),
    "the time": re.compile(rb"(?<![\w.$])(?:now|ago)\b"),
    "other hosts": re.compile(rb"(?<![\w.$])getHostByName\b"),
    # A text that is put together and rendered then may ask for anything.
    "a template that it makes itself": re.compile(
        rb"(?<![\w.$])tpl\s*\(\s*(?!\.|\$|(?:toYaml|toJson|default|index|get|dig|include|tpl|coalesce|ternary)\b)"
    ),
}
_BY_NAME: Final = re.compile(rb"[\"`](?:Capabilities|APIVersions|KubeVersion)[\"`]")
_VERSIONS: Final = {".Capabilities.KubeVersion": re.compile(rb"\.Capabilities\.KubeVersion\b")}
_KINDS: Final = {".Capabilities.APIVersions": re.compile(rb"\.Capabilities\.APIVersions\b")}
_UNSEEN: Final = re.compile(rb"\.Capabilities\b(?!\.(?:KubeVersion|APIVersions|HelmVersion)\b)")


def asks_of_cluster(chart: ChartFolder, build: HelmBuild, *, version: str, kinds: bool) -> Iterator[tuple[str, str]]:
    """What a chart may render to otherwise in its cluster: which templates ask for what, to be counted.

    Helm answers ``lookup`` with nothing where it talks to no cluster, says that the release is new, and takes the
    versions that it was built with for the cluster's. Packed charts are not looked into.

    Args:
        chart: a chart of the tree.
        build: how it is rendered.
        version: the Kubernetes version that it is told, "" for none.
        kinds: whether it is told which API versions there are.
    """
    wanted = dict(_ALWAYS)
    if not (version or build.kubernetes_version):
        wanted |= _VERSIONS
    if not (kinds or build.api_versions):
        wanted |= _KINDS | {".Capabilities": _UNSEEN}
    found: dict[str, list[str]] = {}
    for path in sorted(path for path in chart.files if "/templates/" in f"/{path}"):
        content = chart.places.content(path) or b""
        actions = _actions(content)
        names = [name for name, pattern in wanted.items() if pattern.search(actions)]
        if ".Capabilities" in wanted and ".Capabilities" not in names and _BY_NAME.search(content):
            names.append(".Capabilities")
        for name in names:
            found.setdefault(name, []).append(path)
    for name, paths in found.items():
        few = ", ".join(sentence(path) for path in paths[:_MOST_FILES])
        more = f" and {len(paths) - _MOST_FILES} more" if len(paths) > _MOST_FILES else ""
        yield (
            f"{few}{more}",
            f"asks for {name}, which only the cluster knows: what is rendered there may be something else",
        )


def _actions(content: bytes) -> bytes:
    """The actions of a template without comments and strings."""
    found = (action[1] for action in _ACTION.finditer(content) if not _COMMENT.match(action[1]))
    return b"\n".join(_STRING.sub(b'""', action) for action in found)
