"""Charts from elsewhere: what may be fetched, what is, and what is kept of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gategit.render.helm import build_helm
from gategit.render.helm_remote import is_allowed, is_exact, refusal
from gategit.render.values import Chart, Remote, Rendered, RenderSettings, ValuesLayer
from tests.render.charts import CONFIG, archive, chart_of, names, said, unit_of
from tests.render.conftest import MakeTree

ALLOWED = (
    ("https://charts.example.com/stable", Remote("charts.example.com")),
    ("https://charts.example.com:443/stable", Remote("charts.example.com")),
    ("oci://ghcr.io/team/charts", Remote("ghcr.io", "team")),
    ("oci://ghcr.io/team", Remote("ghcr.io", "/team/")),
    ("https://a.b.example.com/x", Remote("*.example.com")),
    ("https://CHARTS.example.com/x", Remote("Charts.Example.com")),
    ("http://localhost:8080/x", Remote("localhost:8080")),
)

REFUSED = (
    ("https://charts.example.com/stable", Remote("example.com")),
    ("https://charts.example.com.evil.org/", Remote("charts.example.com")),
    ("https://evilexample.com/", Remote("*.example.com")),
    ("https://example.com/", Remote("*.example.com")),
    ("https://charts.example.com:8443/x", Remote("charts.example.com")),
    ("https://charts.example.com@evil.org/x", Remote("charts.example.com")),
    ("https://user:password@charts.example.com/x", Remote("charts.example.com")),
    ("oci://ghcr.io/teamster/charts", Remote("ghcr.io", "team")),
    ("oci://ghcr.io/team/../other", Remote("ghcr.io", "team")),
    ("https://ghcr.io/team/%2e%2e/other", Remote("ghcr.io", "team")),
    ("https://charts.example.com\\@evil.org/", Remote("charts.example.com")),
    ("https://charts.example.com/x?to=https://evil.org", Remote("charts.example.com")),
    ("https://charts.example.com/x\nhttps://evil.org", Remote("charts.example.com")),
    ("https://charts.example.com:port/x", Remote("charts.example.com")),
    ("file:///charts", Remote("")),
    ("ssh://git@charts.example.com/x", Remote("charts.example.com")),
    ("charts.example.com/x", Remote("charts.example.com")),
    ("", Remote("")),
)


@pytest.mark.parametrize(("url", "remote"), ALLOWED)
def test_allowed_places(url: str, remote: Remote) -> None:
    """A host, with its port where it is not the scheme's own, and the beginning of a path."""
    assert is_allowed(url, (Remote("other.example.org"), remote))


@pytest.mark.parametrize(("url", "remote"), REFUSED)
def test_refused_places(url: str, remote: Remote) -> None:
    """What leads elsewhere, or does not say plainly where it leads."""
    assert not is_allowed(url, (remote,))


@pytest.mark.parametrize("version", ["1.2.3", "v1.2.3", "1.2.3-rc.1+build.5", "sha256:" + "0" * 64])
def test_exact_versions(version: str) -> None:
    """One version and no other."""
    assert is_exact(version)


@pytest.mark.parametrize(
    "version", ["", "1", "1.2", "1.x", "*", "^1.2.3", "~1.2.3", ">=1.2.3", "1.2.3 - 2.0.0", "1.2.3\n"]
)
def test_ranges(version: str) -> None:
    """Whatever may become another version tomorrow."""
    assert not is_exact(version)


@pytest.mark.parametrize(
    ("repository", "name", "version", "reason"),
    [
        ("file:///srv/charts", "web", "1.0.0", '"file:///srv/charts" is no address that a chart is fetched from'),
        ("@stable", "web", "1.0.0", '"@stable" is no address that a chart is fetched from'),
        ("https://other.org", "web", "1.0.0", "the config does not allow fetching from https://other.org"),
        ("https://charts.example.com", "--help", "1.0.0", '"--help" is no chart\'s name'),
        ("https://charts.example.com", "../web", "1.0.0", '"../web" is no chart\'s name'),
        (
            "https://charts.example.com",
            "web",
            "1.x",
            "the version 1.x is a range, so that nobody knows what will be applied",
        ),
        (
            "https://charts.example.com",
            "web",
            "sha256:" + "0" * 64,
            f"the version sha256:{'0' * 64} is a range, so that nobody knows what will be applied",
        ),
        ("https://charts.example.com", "web", "", "no version is named, so that nobody knows what will be applied"),
    ],
)
def test_refusals(repository: str, name: str, version: str, reason: str) -> None:
    """Each with its reason, and something to do about it."""
    refused = refusal(repository, name, version, RenderSettings(remotes=(Remote("charts.example.com"),)))
    assert refused is not None
    assert refused[0] == reason
    assert refused[1]


@dataclass
class Shop:
    """A repository of charts on this machine.

    Attributes:
        url: where it is.
        host: its name and port.
        asked: the paths that were asked for, in order.
    """

    url: str
    host: str
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A repository with two charts, ``db`` 1.2.0 and ``strict`` 1.0.0."""
    packed = archive(chart_of(name="db", folder="db", db=CONFIG.replace("-config", "-db")))
    schema = '{"properties": {"size": {"type": "string"}}}'
    strict = archive(
        chart_of(name="strict", folder="strict")
        | chart_of(name="cache", folder="strict/charts/cache")
        | {"strict/values.schema.json": schema, "strict/charts/cache/values.schema.json": schema}
    )
    index = (
        b"apiVersion: v1\nentries:\n  db:\n  - {apiVersion: v2, name: db, version: 1.2.0, urls: [db-1.2.0.tgz]}\n"
        b"  strict:\n  - {apiVersion: v2, name: strict, version: 1.0.0, urls: [strict-1.0.0.tgz]}\n"
    )
    shelf = {"/charts/index.yaml": index, "/charts/db-1.2.0.tgz": packed, "/charts/strict-1.0.0.tgz": strict}
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            content = shelf.get(self.path)
            self.send_response(200 if content is not None else 404)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    host = f"127.0.0.1:{server.server_port}"
    yield Shop(f"http://{host}/charts", host, asked)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that holds nothing yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "gategit" / "charts"


@pytest.mark.usefixtures("renderers")
class TestFetching:
    def _build(self, make_tree: MakeTree, shop: Shop, version: str = "1.2.0", **more: str) -> Rendered:
        settings = RenderSettings(remotes=(Remote(shop.host, more.get("path", "charts")),))
        unit = unit_of(chart=Chart(None, shop.url, more.get("name", "db"), version))
        return build_helm(unit, make_tree({"readme": "x\n"}), settings)

    def test_a_chart_of_an_allowed_place(self, make_tree: MakeTree, shop: Shop) -> None:
        """It is fetched once; the second time it comes from the cache."""
        assert names(self._build(make_tree, shop)) == ["ConfigMap rel-db < "]
        assert shop.asked == ["/charts/index.yaml", "/charts/db-1.2.0.tgz"]
        assert names(self._build(make_tree, shop)) == ["ConfigMap rel-db < "]
        assert len(shop.asked) == 2

    def test_nothing_is_fetched_that_is_not_allowed(self, make_tree: MakeTree, shop: Shop) -> None:
        """Not even where it is in the cache."""
        self._build(make_tree, shop)
        shop.asked.clear()
        rendered = self._build(make_tree, shop, path="other")
        assert [one.rule for one in rendered.problems] == ["not-followed"]
        assert "the config does not allow fetching from" in rendered.problems[0].message
        assert len(rendered.unchecked) == 1
        assert shop.asked == []

    def test_a_cache_that_was_changed_is_not_believed(self, make_tree: MakeTree, shop: Shop, own_cache: Path) -> None:
        """An archive is what its name says, or it is fetched again."""
        self._build(make_tree, shop)
        (packed,) = own_cache.glob("*.tgz")
        packed.write_bytes(archive(chart_of(name="evil", folder="evil")))
        assert names(self._build(make_tree, shop)) == ["ConfigMap rel-db < "]
        assert len(shop.asked) == 4

    def test_a_chart_that_is_not_there(self, make_tree: MakeTree, shop: Shop) -> None:
        """What the repository says is the reason."""
        rendered = self._build(make_tree, shop, "9.9.9")
        assert len(rendered.problems) == 1
        assert said(rendered.problems[0]).startswith(
            f"Chart.yaml not-rendered: the chart db is not rendered: the chart db 9.9.9 of {shop.url} cannot be "
            f"fetched: "
        )

    def test_values_of_a_fetched_chart(self, make_tree: MakeTree, shop: Shop) -> None:
        """What its schema, and those of the charts in it, say of values stands where they are set."""
        settings = RenderSettings(remotes=(Remote(shop.host),))
        text = "size: 1\ncache:\n  size: 2\n"
        unit = unit_of(chart=Chart(None, shop.url, "strict", "1.0.0"), values=(ValuesLayer(text, "v.yaml"),))
        rendered = build_helm(unit, make_tree({"v.yaml": text}), settings)
        end = "does not fit the chart's schema: got number, want string"
        assert [said(one) for one in rendered.problems] == [
            f"v.yaml:1:7-8 values-invalid: the value size {end}",
            f"v.yaml:3:9-10 values-invalid: the value cache.size {end}",
        ]

    def test_a_dependency_is_fetched_in_the_version_that_is_locked(self, make_tree: MakeTree, shop: Shop) -> None:
        """Chart.lock settles a range."""
        files = chart_of(more=f"dependencies:\n- {{name: db, version: 1.x, repository: '{shop.url}'}}\n")
        settings = RenderSettings(remotes=(Remote(shop.host),))
        rendered = build_helm(unit_of(), make_tree(files), settings)
        assert [said(one).partition(", so")[0] for one in rendered.problems] == [
            (
                f"web/Chart.yaml:5:40-{42 + len(shop.url)} not-followed: the chart is not rendered: its dependency db "
                "is not in charts/, and the version 1.x is a range"
            )
        ]
        files["web/Chart.lock"] = f"dependencies:\n- {{name: db, version: 1.2.0, repository: '{shop.url}'}}\n"
        rendered = build_helm(unit_of(), make_tree(files), settings)
        assert names(rendered) == ["ConfigMap rel-db < ", "ConfigMap rel-config < web/templates/config.yaml"]
