"""Small charts for tests, and what Helm makes of them as lines that can be compared."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping

from gategit.render.values import Chart, HelmBuild, Parameter, Rendered, RenderProblem, Unit, ValuesLayer

CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-config
data:
  size: {{ .Values.size | quote }}
"""


def chart_of(*, name: str = "web", more: str = "", folder: str = "web", **templates: str) -> dict[str, str]:
    """The files of a chart. Templates are named by keywords: ``config=...`` is templates/config.yaml."""
    files = {
        f"{folder}/Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n{more}",
        f"{folder}/values.yaml": "size: small\n",
    }
    return files | {f"{folder}/templates/{key}.yaml": text for key, text in (templates or {"config": CONFIG}).items()}


def unit_of(
    folder: str | None = "web",
    *,
    values: tuple[ValuesLayer, ...] = (),
    parameters: tuple[Parameter, ...] = (),
    chart: Chart | None = None,
    release: str = "rel",
    namespace: str = "shop",
) -> Unit:
    """A release of a chart."""
    build = HelmBuild(chart or Chart(folder), release, namespace, values, parameters)
    return Unit(f"release {release}", build)


def archive(files: Mapping[str, str]) -> bytes:
    """A chart's archive."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


def names(rendered: Rendered) -> list[str]:
    """Each object, with the file that it is from."""
    assert rendered.problems == ()
    return [f"{one.data['kind']} {one.data['metadata']['name']} < {one.trace.file}" for one in rendered.objects]


def said(problem: RenderProblem) -> str:
    """A problem with its place, as a line."""
    region = problem.location.region
    where = f":{region.line}:{region.column}-{region.end_column}" if region else ""
    return f"{problem.location.file}{where} {problem.rule}: {problem.message}"
