"""Bases from elsewhere, where the config allows them: from a server on the loopback, by real git and HTTP."""

from __future__ import annotations

import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import pytest

from gategit.checks.references.kustomize import read_graph
from gategit.render.kustomize import build_kustomize
from gategit.render.kustomize_remote import Base, base_of, refusal
from gategit.render.values import KustomizeBuild, Remote, Rendered, RenderSettings, Trace, Unit
from tests.conftest import GIT_ENVIRONMENT, RepositoryBuilder
from tests.render.charts import archive, chart_of
from tests.render.conftest import MakeTree

HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


def cm(name: str) -> str:
    """A small object."""
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves files of a folder, and below /git the repositories in it, as a git server does."""

    folder: ClassVar[Path]
    asked: ClassVar[list[str]]

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer."""
        self._answer(b"")

    def do_POST(self) -> None:
        """Answer."""
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _answer(self, body: bytes) -> None:
        self.asked.append(self.path)
        path, _, query = self.path.partition("?")
        if path.startswith("/git/"):
            self._by_git(path.removeprefix("/git"), query, body)
        elif path.startswith("/to/"):
            self._send(302, b"", {"Location": f"http://localhost:1/{path}"})
        elif (self.folder / path.lstrip("/")).is_file():
            self._send(200, (self.folder / path.lstrip("/")).read_bytes(), {})
        else:
            self._send(404, b"none", {})

    def _send(self, code: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _by_git(self, path: str, query: str, body: bytes) -> None:
        environment = {
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type") or "",
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "",
        }
        done = subprocess.run(
            ["git", "http-backend"],  # noqa: S607  the git in PATH
            env={**os.environ, **GIT_ENVIRONMENT, **environment},
            input=body,
            capture_output=True,
            check=True,
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self._send(int(headers.pop("Status", "200").split()[0]), content, headers)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that runs as long as the test."""
    (tmp_path / "served").mkdir()

    class Own(Handler):
        folder = tmp_path / "served"
        asked: ClassVar[list[str]] = []

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Own) as serving:
        thread = threading.Thread(target=serving.serve_forever, daemon=True)
        thread.start()
        yield Server(f"127.0.0.1:{serving.server_port}", Own.folder, Own.asked)
        serving.shutdown()
        thread.join()


class Server:
    """Where it is reached, the folder that it serves, and what it was asked for."""

    def __init__(self, host: str, folder: Path, asked: list[str]) -> None:
        self.host = host
        self.folder = folder
        self.asked = asked
        self.settings = RenderSettings(remotes=(Remote(host),))

    def file(self, name: str, content: str) -> str:
        """Serve a file, and return its URL."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return f"http://{self.host}/{name}"

    def repository(self, files: dict[str, str]) -> tuple[str, str]:
        """Serve a repository with the tag v1.2.0, and return its URL and the tag's commit."""
        builder = RepositoryBuilder(self.folder / "bases.git")
        commit = builder.commit("bases", files)
        builder.git("tag", "v1.2.0")
        builder.git("config", "uploadpack.allowAnySHA1InWant", "true")
        return f"http://{self.host}/git/bases.git", commit


BASES = {
    "config/web/kustomization.yaml": HEAD + "namePrefix: remote-\nresources: [../common, b.yaml]\n",
    "config/web/b.yaml": cm("b"),
    "config/common/kustomization.yaml": HEAD + "resources: [a.yaml]\n",
    "config/common/a.yaml": cm("a"),
    "unused/c.yaml": cm("c"),
}


def build(make_tree: MakeTree, entries: list[str], settings: RenderSettings) -> Rendered:
    """Build a kustomization with an object of its own and these entries."""
    body = "".join(f"- {entry}\n" for entry in ("own.yaml", *entries))
    tree = make_tree({"web/kustomization.yaml": HEAD + f"resources:\n{body}", "web/own.yaml": cm("own")})
    return build_kustomize(Unit("kustomization web", KustomizeBuild("web")), tree, read_graph(tree), settings)


def names(rendered: Rendered) -> list[str]:
    """The names of the objects."""
    return [one.data["metadata"]["name"] for one in rendered.objects]


@pytest.mark.usefixtures("renderers")
def test_a_folder_of_a_repository_is_built_on(make_tree: MakeTree, server: Server) -> None:
    """By a tag or a commit; what comes from elsewhere comes from no file of the tree."""
    url, commit = server.repository(BASES)
    for ref in ("v1.2.0", commit):
        rendered = build(make_tree, [f"{url}/config/web?ref={ref}"], server.settings)
        assert rendered.problems == ()
        assert names(rendered) == ["own", "remote-a", "remote-b"]
        assert [one.trace for one in rendered.objects] == [Trace("web/own.yaml"), Trace(), Trace()]
        assert rendered.unchecked == ()
        assert rendered.inputs == {"web/kustomization.yaml", "web/own.yaml"}


@pytest.mark.usefixtures("renderers")
def test_a_file_is_built_on(make_tree: MakeTree, server: Server) -> None:
    """Its path says which version it is."""
    url = server.file("releases/download/v1.0.3/crds.yaml", cm("crd"))
    rendered = build(make_tree, [url], server.settings)
    assert rendered.problems == ()
    assert names(rendered) == ["crd", "own"]


DATA = (
    HEAD
    + """\
resources: [own.yaml]
configMapGenerator:
- name: data
  files:
  - key.json={url}
  - own.yaml
  - {url}
generatorOptions: {{disableNameSuffixHash: true}}
"""
)


@pytest.mark.usefixtures("renderers")
@pytest.mark.parametrize("free", [False, True])
def test_data_is_fetched_as_well(make_tree: MakeTree, server: Server, *, free: bool) -> None:
    """A ConfigMap that is made of a file from elsewhere: with it where that is allowed, else without it."""
    url = server.file("v1.0.8/dashboard.json", '{"a": 1}')
    files = {
        "web/kustomization.yaml": HEAD + "resources: [../base]\n",
        "base/kustomization.yaml": DATA.format(url=url),
        "base/own.yaml": cm("own"),
    }
    tree = make_tree(files)
    unit, graph = Unit("kustomization web", KustomizeBuild("web", free=free)), read_graph(tree)
    rendered = build_kustomize(unit, tree, graph, server.settings)
    assert rendered.problems == ()
    assert names(rendered) == ["data", "own"]
    made = rendered.objects[0]
    assert made.data["data"] == {"key.json": '{"a": 1}', "dashboard.json": '{"a": 1}', "own.yaml": cm("own")}
    assert made.trace.generated_by == "base/kustomization.yaml"
    rendered = build_kustomize(unit, tree, graph, RenderSettings())
    assert [problem.message for problem in rendered.problems] == [
        f'configMapGenerator[0].files[{index}] names "{url}", which is remote and not fetched: it is left out'
        for index in (0, 2)
    ]
    assert names(rendered) == ["data", "own"]
    assert rendered.objects[0].data["data"] == {"own.yaml": cm("own")}


@pytest.mark.usefixtures("renderers")
def test_what_was_fetched_is_not_fetched_again(make_tree: MakeTree, server: Server) -> None:
    """Not for the other side of the change, nor for another overlay."""
    url = server.file("v1.0.4/crds.yaml", cm("crd"))
    for _ in range(3):
        assert names(build(make_tree, [url], server.settings)) == ["crd", "own"]
    assert server.asked == ["/v1.0.4/crds.yaml"]


@pytest.mark.usefixtures("renderers")
def test_nothing_is_fetched_that_the_config_does_not_allow(make_tree: MakeTree, server: Server) -> None:
    """Another host, another path, a version that may change: none of them is asked."""
    url, _ = server.repository(BASES)
    file = server.file("v1.0.5/crds.yaml", cm("crd"))
    for entry, settings, why in (
        (file, RenderSettings(), "which is remote and not fetched"),
        (file, RenderSettings(remotes=(Remote("example.com"),)), "which is remote and not fetched"),
        (file, RenderSettings(remotes=(Remote(server.host, "v1.0"),)), "which is remote and not fetched"),
        (
            f"{url}/config/web?ref=main",
            server.settings,
            'which is remote and asks for "main", no version and no commit: it could change at any time',
        ),
        (
            f"{url}/config/web",
            server.settings,
            "which is remote and names no version: it could change at any time",
        ),
    ):
        rendered = build(make_tree, [entry], settings)
        assert [problem.message for problem in rendered.problems] == [
            f'resources[1] names "{entry}", {why}: it is left out'
        ]
        assert names(rendered) == ["own"]
    assert server.asked == []


@pytest.mark.usefixtures("renderers")
def test_what_cannot_be_fetched_is_left_out_and_said(make_tree: MakeTree, server: Server) -> None:
    """A file that is not there, a redirection to another host, a base that builds on something else again."""
    url, _ = server.repository(
        BASES | {"on/kustomization.yaml": HEAD + "resources:\n- github.com/org/repo?ref=v1.0.0\n"}
    )
    missing = f"http://{server.host}/v1.0.6/none.yaml"
    elsewhere = f"http://{server.host}/to/v1.0.6/x.yaml"
    deeper = f"{url}/on?ref=v1.2.0"
    unknown = f"{url}/config/web?ref=v9.9.9"
    nowhere = f"{url}/none?ref=v1.2.0"
    rendered = build(make_tree, [missing, elsewhere, deeper, unknown, nowhere], server.settings)
    assert names(rendered) == ["own"]
    why = [problem.message.partition('", ')[2] for problem in rendered.problems]
    assert why[0] == f"but {missing} cannot be fetched: HTTP Error 404: Not Found: it is left out"
    assert "from which the config does not allow to fetch" in why[1]
    assert (
        why[2] == f'but {url}, on builds on "github.com/org/repo?ref=v1.0.0", which is not part of it: it is left out'
    )
    assert why[3].startswith(f"but {url} cannot be fetched: ")
    assert why[4] == f"but {url}, none cannot be built: there is no such folder: it is left out"
    assert {problem.rule for problem in rendered.problems} == {"not-rendered"}


def charts(server: Server, name: str = "shop", **files: str) -> str:
    """Serve a repository of charts with one chart, and return its URL."""
    content = archive(chart_of(name=name, folder=name) | files)
    (server.folder / "charts").mkdir()
    (server.folder / "charts" / "shop-1.0.0.tgz").write_bytes(content)
    entry = (
        f"{{name: shop, version: 1.0.0, apiVersion: v2, urls: [shop-1.0.0.tgz], digest: {sha256(content).hexdigest()}}}"
    )
    server.file("charts/index.yaml", f"apiVersion: v1\nentries: {{shop: [{entry}]}}\n")
    return f"http://{server.host}/charts"


def with_chart(make_tree: MakeTree, url: str, version: str, settings: RenderSettings) -> Rendered:
    """Build a base with an object of its own and a chart."""
    chart = f"name: shop, repo: '{url}', version: '{version}', releaseName: r, valuesInline: {{size: large}}"
    files = {
        "web/kustomization.yaml": HEAD + "resources: [../base]\n",
        "base/kustomization.yaml": HEAD + f"resources: [own.yaml]\nhelmCharts:\n- {{{chart}}}\n",
        "base/own.yaml": cm("own"),
    }
    tree = make_tree(files)
    unit = Unit("kustomization web", KustomizeBuild("web"))
    return build_kustomize(unit, tree, read_graph(tree), settings)


@pytest.mark.usefixtures("renderers")
def test_a_chart_is_pulled_where_the_config_allows_it(
    make_tree: MakeTree, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fetched beforehand, so that the build itself needs no network."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rendered = with_chart(make_tree, charts(server), "1.0.0", server.settings)
    assert rendered.problems == ()
    assert names(rendered) == ["own", "r-config"]
    assert rendered.objects[1].data["data"] == {"size": "large"}
    assert rendered.unchecked == ()


@pytest.mark.usefixtures("renderers")
def test_a_chart_that_is_not_fetched_says_why(
    make_tree: MakeTree, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A range of versions, a version that there is not, a host that is not allowed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    url = charts(server)
    for version, settings, why in (
        ("^1.0.0", server.settings, "but the version ^1.0.0 is a range, so that nobody knows what will be applied: "),
        ("9.0.0", server.settings, "but the chart shop 9.0.0 of "),
        ("1.0.0", RenderSettings(remotes=(Remote("example.com"),)), "but the config does not allow fetching from "),
        ("1.0.0", RenderSettings(), "which is not fetched: "),
    ):
        (problem,) = with_chart(make_tree, url, version, settings).problems
        assert problem.message.startswith(f"helmCharts[0] pulls the chart shop from {url}, {why}")
        assert problem.message.endswith(": it is left out")
        assert (problem.rule, problem.fatal, problem.location.file) == (
            # What the config does not allow, or what could not be had although it does.
            "not-rendered" if version == "9.0.0" else "not-followed",
            False,
            "base/kustomization.yaml",
        )


@pytest.mark.usefixtures("renderers")
def test_a_chart_with_names_that_lead_elsewhere(
    make_tree: MakeTree, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an archive wants to put into other folders is not unpacked."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    url = charts(server, **{"../../../../escaped": "x", "/escaped": "x", "shop/templates/../../../x.yaml": "x"})
    rendered = with_chart(make_tree, url, "1.0.0", server.settings)
    assert not any(tmp_path.rglob("escaped"))
    # Helm itself may refuse such an archive already.
    assert names(rendered)[0] == "own"


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("https://github.com/org/repo/config/web?ref=v1", Base("https://github.com/org/repo", "config/web", "v1")),
        ("github.com/org/repo?ref=v1", Base("https://github.com/org/repo", "", "v1")),
        ("https://github.com/org/repo//web/?timeout=9&ref=v1", Base("https://github.com/org/repo", "web", "v1")),
        ("git::https://example.com/a/b.git/web?version=v1", Base("https://example.com/a/b.git", "web", "v1")),
        ("https://example.com/a/b.git", Base("https://example.com/a/b.git")),
        ("https://example.com/v1/a.yaml", Base("https://example.com/v1/a.yaml", is_file=True)),
        (
            "https://github.com/org/repo/releases/download/v1.0.0/a.yaml",
            Base("https://github.com/org/repo/releases/download/v1.0.0/a.yaml", is_file=True),
        ),
        ("https://example.com/v1/run.sh", Base("https://example.com/v1/run.sh", is_file=True)),
        ("https://example.com/a/", None),
        ("https://example.com/a.yaml?token=x", None),
        ("https://example.com/a.git/../../x?ref=v1", None),
        ("ssh://git@example.com/a.git", None),
        ("git@github.com:org/repo.git", None),
        ("file:///etc", None),
        ("https://[x/a.yaml", None),
        ("https://example.com/a\u202eb.yaml", None),
    ],
)
def test_how_an_entry_is_read(text: str, base: Base | None) -> None:
    """By Kustomize's forms; what is not plainly one of them is not fetched."""
    assert base_of(text) == base


@pytest.mark.parametrize("ref", ["v1.2.3", "1.2", "release-1.4", "a" * 40, "api/v0.21.1"])
def test_a_version_is_a_tag_with_numbers_or_a_commit(ref: str) -> None:
    """Whatever stands for one state of the repository."""
    settings = RenderSettings(remotes=(Remote("github.com"),))
    assert refusal(f"github.com/org/repo?ref={ref}", settings, as_file=False) is None


@pytest.mark.parametrize("ref", ["main", "HEAD", "v1", "abc1234", "latest", "--upload-pack=x"])
def test_a_branch_is_no_version(ref: str) -> None:
    """It could lead to something else tomorrow."""
    settings = RenderSettings(remotes=(Remote("github.com"),))
    assert refusal(f"github.com/org/repo?ref={ref}", settings, as_file=False) is not None
