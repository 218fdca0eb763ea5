"""How a renderer is run: what reaches it, what it may do, and where it is stopped."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from gategit.errors import UndecidedError
from gategit.process import Result
from gategit.render import running
from gategit.render.programs import Program, find_program
from gategit.render.running import RenderLimitError, missing_walls, run_renderer
from gategit.render.values import RenderSettings

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other kernels cannot do this")

PYTHON = Program(str(Path(sys.executable).resolve()), "3", "python")
OWN_FILES = (Program(sys.base_prefix, ""),)  # where Python reads what it is made of


def run(
    script: str,
    cwd: Path,
    settings: RenderSettings | None = None,
    stdin: bytes = b"",
    arguments: Sequence[str] = (),
    *,
    network: bool = False,
) -> Result:
    """Run a Python script as a renderer is run."""
    return run_renderer(
        PYTHON,
        ["-I", "-S", "-c", script, *arguments],
        cwd=cwd,
        settings=settings or RenderSettings(),
        stdin=stdin,
        network=network,
        others=OWN_FILES,
    )


def limit(script: str, cwd: Path, settings: RenderSettings) -> RenderLimitError:
    """The limit that a script runs into."""
    with pytest.raises(RenderLimitError) as caught:
        run(script, cwd, settings)
    return caught.value


ECHO = "import shutil, sys; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)"
FOR_EVER = "while True: print('xxxxxxxxxxxxxxxx')"
SLEEP = "import time; time.sleep(60)"


def test_what_a_program_says_comes_back(tmp_path: Path) -> None:
    """Its output, its error output, its exit code; its arguments reach no shell of ours."""
    script = "import sys; print(sys.stdin.read(), 'out'); print('err', file=sys.stderr); sys.exit(3)"
    assert run(script, tmp_path, stdin=b"in") == Result(3, b"in out\n", b"err\n")
    odd = ["a b", "$(id)", "--", "-x", "\u00e9\n", "'\""]
    result = run("import sys; print(sys.argv[1:])", tmp_path, arguments=odd)
    assert result.stdout.decode() == f"{odd}\n"


def test_much_goes_in_and_comes_out(tmp_path: Path) -> None:
    """More than a pipe holds, in both directions at once, and on the error output, too."""
    content = b"x" * 5_000_000
    assert run(ECHO, tmp_path, stdin=content).stdout == content
    assert run("import os; os.close(0); print('done')", tmp_path, stdin=content).stdout == b"done\n"
    result = run("import sys; sys.stderr.write('x' * 5_000_000); print('done')", tmp_path)
    assert (result.stdout, len(result.stderr)) == (b"done\n", 1 << 20)


def test_nothing_of_the_caller_reaches_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable, no home, no kubeconfig, no plugin, no program in PATH."""
    for name in ("GITHUB_TOKEN", "HELM_PLUGINS", "KUBECONFIG", "HTTPS_PROXY", "LD_PRELOAD"):
        monkeypatch.setenv(name, "mine")
    script = "import json, os; print(json.dumps(dict(os.environ))); print(os.listdir(os.environ['HOME']))"
    variables, holds = run(script, tmp_path).stdout.decode().splitlines()
    environment: dict[str, str] = json.loads(variables)
    assert holds == "[]"
    home = environment["HOME"]
    assert not Path(home).exists()
    assert {name: value for name, value in environment.items() if home not in value} == {
        "GOGC": "400",
        "GOMEMLIMIT": str((2 << 30) * 3 // 4),
        "LC_ALL": "C",
        "TZ": "UTC",
        **{name: value for name, value in environment.items() if name == "LC_CTYPE"},
    }
    assert environment["PATH"] == environment["KUBECONFIG"] == environment["HELM_PLUGINS"] == f"{home}/none"
    assert {environment[name] for name in ("TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HELM_DATA_HOME")} == {home}


def test_its_home_is_gone_afterwards(tmp_path: Path) -> None:
    """Whatever it has written there."""
    script = "import os; h = os.environ['HOME']; os.mkdir(h + '/a'); open(h + '/a/b', 'w').write('x'); print(h)"
    home = run(script, tmp_path).stdout.decode().strip()
    assert home
    assert not Path(home).exists()


@LINUX
def test_it_reads_its_own_folder_and_no_other(tmp_path: Path) -> None:
    """The kernel refuses what lies elsewhere, by whatever path or link."""
    assert missing_walls() == ()
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "file").write_text("content")
    (inside / "link").symlink_to(outside / "file")
    read = "import sys; print(open(sys.argv[1]).read())"
    assert run(read, inside, arguments=["file"]).stdout == b"content\n"
    for path in ("../outside/file", "link", "/etc/passwd", "/proc/self/environ", str(outside / "file")):
        result = run(read, inside, arguments=[path])
        assert (result.stdout, "PermissionError" in result.error_text) == (b"", True), path
    assert "PermissionError" in run("import os; print(os.listdir('..'))", inside).error_text
    assert "PermissionError" in run("open('../outside/new', 'w')", inside).error_text
    assert "PermissionError" in run("import os; os.execv('/bin/sh', ['sh'])", inside).error_text


def test_its_folder_may_lie_above_the_working_folder(tmp_path: Path) -> None:
    """A build of one folder reads others that lie beside it."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "b" / "file").write_text("content")
    result = run_renderer(
        PYTHON,
        ["-I", "-S", "-c", "print(open('../b/file').read())"],
        cwd=tmp_path / "a",
        folder=tmp_path,
        settings=RenderSettings(),
        others=OWN_FILES,
    )
    assert result.stdout == b"content\n"


@pytest.fixture
def server() -> Iterator[int]:
    """A port on the loopback that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@LINUX
def test_there_is_no_network(tmp_path: Path, server: int) -> None:
    """Not even a port of this machine can be reached, unless the network is allowed."""
    connect = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5)"
    refused, allowed = (run(connect, tmp_path, arguments=[str(server)], network=network) for network in (False, True))
    assert (refused.code, allowed.code) == (1, 0)
    assert "Network is unreachable" in refused.error_text


def test_too_much_time(tmp_path: Path) -> None:
    """A program that does not end is ended, with all that it has started."""
    marker = tmp_path / "marker"
    script = f"import os, time\nos.fork()\nwhile True:\n  open({str(marker)!r}, 'w')\n  time.sleep(0.01)"
    error = limit(script, tmp_path, RenderSettings(timeout=2.5))
    assert (error.limit, error.message) == ("time", "python did not end within 2.5 seconds")
    assert error.hint == "see what it waits for or repeats, or raise render.timeout in the config"
    marker.unlink()
    run("import time; time.sleep(0.2)", tmp_path)
    assert not marker.exists()


def test_too_much_output(tmp_path: Path) -> None:
    """A program that writes without end is ended when it has written enough."""
    error = limit(FOR_EVER, tmp_path, RenderSettings(output=100_000))
    assert (error.limit, error.message) == (
        "output",
        "python wrote more than the 100,000 bytes that a build may write",
    )
    assert error.hint == "build less at once, or raise render.output in the config"


@LINUX
def test_too_large_a_file(tmp_path: Path) -> None:
    """Nor may it fill the disk."""
    result = run("open('file', 'w').write('x' * 200_000)", tmp_path, RenderSettings(output=100_000))
    assert "File too large" in result.error_text
    assert (tmp_path / "file").stat().st_size == 100_000


@LINUX
@pytest.mark.usefixtures("renderers")
def test_too_much_memory(tmp_path: Path) -> None:
    """A program that needs more memory than it may have says so, and nobody else suffers."""
    (tmp_path / "kustomization.yaml").write_text("resources: [a.yaml]\n")
    text = "".join(
        f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a{index}}}\ndata: {{text: {'x' * 200_000}}}\n"
        for index in range(100)
    )
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(RenderLimitError) as caught:
        run_renderer(
            find_program("kustomize", RenderSettings()),
            ["build", "."],
            cwd=tmp_path,
            settings=RenderSettings(memory=100_000_000),
        )
    assert caught.value.limit == "memory"
    assert caught.value.message == "kustomize needs more than the 100,000,000 bytes of memory that a build may use"


def test_a_program_that_is_killed_is_no_answer(tmp_path: Path) -> None:
    """What it has said so far is not taken for all that it had to say."""
    with pytest.raises(UndecidedError, match=r"^python was ended by signal 9 before it was done$"):
        run("import os; print('part', flush=True); os.kill(os.getpid(), 9)", tmp_path)


@pytest.mark.parametrize(
    ("path", "why"), [("/no/such/program", "No such file or directory"), ("/etc/passwd", "Permission denied")]
)
def test_a_program_that_cannot_be_started(tmp_path: Path, path: str, why: str) -> None:
    """The sentence says why."""
    with pytest.raises(UndecidedError) as caught:
        run_renderer(Program(path, "1", "odd"), [], cwd=tmp_path, settings=RenderSettings())
    assert caught.value.message == f"odd cannot be started: {why}"


def test_a_nul_in_an_argument_starts_nothing(tmp_path: Path) -> None:
    """It could not be handed over; the next program is not hurt by it."""
    with pytest.raises(UndecidedError, match="cannot be started"):
        run("print('a')", tmp_path, arguments=["a\0b"])
    assert run("print('fine')", tmp_path).stdout == b"fine\n"


def test_many_run_side_by_side(tmp_path: Path) -> None:
    """Each hears its own answer, and one that is stopped takes none of the others with it."""
    script = "import sys; print(sys.argv[1], sys.stdin.read()); sys.exit(int(sys.argv[1]) % 7)"

    def one(number: int) -> Result | str:
        if number % 10 == 9:
            return limit(SLEEP, tmp_path, RenderSettings(timeout=0.2)).limit
        return run(script, tmp_path, stdin=b"in", arguments=[str(number)])

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(one, range(40)))
    assert found == [
        "time" if number % 10 == 9 else Result(number % 7, f"{number} in\n".encode(), b"") for number in range(40)
    ]


@LINUX
def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    """Whether a program works, fails or is stopped."""

    def descriptors() -> list[str]:
        return sorted(path.name for path in Path("/proc/self/fd").iterdir())

    run("", tmp_path)
    before = descriptors()
    run(ECHO, tmp_path, stdin=b"x")
    limit(SLEEP, tmp_path, RenderSettings(timeout=0.1))
    limit(FOR_EVER, tmp_path, RenderSettings(output=10))
    with pytest.raises(UndecidedError):
        run_renderer(Program("/no", "1", "odd"), [], cwd=tmp_path, settings=RenderSettings())
    assert descriptors() == before
    said = run("import os; print(sorted(os.listdir('/proc/self/fd')))", Path("/proc"))
    assert said.stdout == b"['0', '1', '2', '3']\n"


def test_a_forked_worker_has_a_host_of_its_own(tmp_path: Path) -> None:
    """Two processes that shared the socket would hear each other's answers."""
    run("", tmp_path)
    with ProcessPoolExecutor(2, get_context("fork")) as pool:
        found = list(pool.map(_said_by_worker, [tmp_path] * 4))
    assert found == [b"fine\n"] * 4
    assert run("print('fine')", tmp_path).stdout == b"fine\n"


def _said_by_worker(cwd: Path) -> bytes:
    return run("print('fine')", cwd).stdout


@LINUX
def test_nothing_outlives_a_gategit_that_is_killed(tmp_path: Path) -> None:
    """Neither the program nor the process that started it."""
    marker = tmp_path / "marker"
    program = f"import os, time\nopen({str(marker)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    ours = f"""
import sys
from pathlib import Path
from gategit.render.programs import Program
from gategit.render.running import run_renderer
from gategit.render.values import RenderSettings
run_renderer(Program({PYTHON.path!r}, "3"), ["-I", "-S", "-c", {program!r}], cwd=Path({str(tmp_path)!r}),
             settings=RenderSettings(), others=(Program({sys.base_prefix!r}, ""),))
"""
    with subprocess.Popen([sys.executable, "-c", ours]) as process:
        _wait(lambda: marker.is_file() and marker.read_text() != "")
        process.kill()
    pid = int(marker.read_text())
    _wait(lambda: not Path(f"/proc/{pid}").exists())


def _wait(until: Callable[[], bool]) -> None:
    for _ in range(3000):
        if until():
            return
        time.sleep(0.01)
    pytest.fail("it did not come to pass")


def test_a_host_that_has_ended_is_started_again(tmp_path: Path) -> None:
    """What it was doing is undecided, and the next program is none the worse for it."""
    marker = tmp_path / "marker"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(run, f"open({str(marker)!r}, 'w'); {SLEEP}", tmp_path)
        _wait(marker.is_file)
        running._hosts.of(network=False)._process.kill()  # noqa: SLF001  nobody else knows which process it is
        error = waiting.exception()
    assert isinstance(error, UndecidedError)
    assert error.message == "python did not come to its end: the process that starts renderers has ended"
    assert run("print('fine')", tmp_path).stdout == b"fine\n"


@LINUX
def test_it_cannot_end_what_started_it(tmp_path: Path) -> None:
    """Nor any other process: a signal reaches nobody, or the whole run is undecided."""
    script = "import os; os.kill(os.getppid(), 9); print('killed')"
    try:
        result = run(script, tmp_path)
    except UndecidedError:
        return
    assert (result.stdout, "PermissionError" in result.error_text) == (b"", True)
