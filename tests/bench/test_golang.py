"""Programs in Go: each is pinned, built once for each user, and built by the line of Go that they need."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.golang import LINE, PROGRAMS, FetchError, GoProgram, bring, built

MAIN = 'package main\n\nvar word = "unset"\n\nfunc main() { println(word) }\n'


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's cache that is empty; returns where built programs are kept in it."""
    # The compiler's own cache stays the user's: it is what makes these tests quick.
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    monkeypatch.setenv("GOCACHE", os.environ.get("GOCACHE") or f"{caches}/go-build")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "gategit" / "tools"


@pytest.fixture
def hello(tmp_path: Path) -> GoProgram:
    """A program of a few lines with a module of its own."""
    module = tmp_path / "module"
    module.mkdir()
    (module / "go.mod").write_text(f"module hello.example\n\ngo {LINE}.0\n")
    (module / "go.sum").write_text("")
    (module / "main.go").write_text(MAIN)
    return GoProgram("hello", ".", module, "1.2.3", ("main.word=v{version}-{major}-{minor}",))


def _says(program: Path) -> str:
    return subprocess.run([str(program)], capture_output=True, text=True, check=True).stderr


def _building(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("Building")]


@pytest.mark.parametrize("program", [one for one in PROGRAMS.values() if one.module], ids=lambda one: one.name)
def test_a_module_names_all_that_it_is_built_from(program: GoProgram) -> None:
    """Its go.mod has the pinned line of Go and one version of the program, and its go.sum a hash for that version."""
    assert program.module is not None
    module = (program.module / "go.mod").read_text(encoding="utf-8")
    sums = (program.module / "go.sum").read_text(encoding="utf-8")
    assert re.findall(r"^(?:go|toolchain) (.*)$", module, re.MULTILINE) == [f"{LINE}.0"]
    assert re.search(rf"^\S+ v{re.escape(program.version)} h1:\S+=$", sums, re.MULTILINE)
    assert re.search(rf"^(?:tool |\t){re.escape(program.package)}$", module, re.MULTILINE)


def test_a_program_is_built_once_for_each_user(
    cache: Path, hello: GoProgram, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A second checkout finds what the first one built; what is being built is said on standard error."""
    first = bring(hello, tmp_path / "one" / "bin")
    assert _says(first) == "v1.2.3-1-2\n"
    assert capfd.readouterr() == ("", "Building hello 1.2.3; the first time it takes up to some minutes\n")
    second = bring(hello, tmp_path / "other" / "bin")
    assert first.resolve() == second.resolve() == cache / f"hello-{hello.digest}" / "hello"
    assert capfd.readouterr() == ("", "")


def test_the_cache_of_another_process_is_as_good(
    cache: Path, hello: GoProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What a checkout points to already is not built again because XDG_CACHE_HOME is another one now."""
    first = bring(hello, tmp_path / "bin")
    capfd.readouterr()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert bring(hello, tmp_path / "bin").resolve() == first.resolve()
    assert first.resolve().is_relative_to(cache)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("file", ["go.mod", "go.sum"])
@pytest.mark.usefixtures("cache")
def test_another_module_is_another_build(hello: GoProgram, tmp_path: Path, file: str) -> None:
    """A changed go.mod or go.sum is built anew, and the link points to the new one."""
    before = bring(hello, tmp_path / "bin").resolve()
    assert hello.module
    with (hello.module / file).open("a") as module:
        module.write("// changed\n" if file == "go.mod" else "\n")
    (hello.module / "main.go").write_text(MAIN.replace("println(word)", 'println("new")'))
    link = bring(hello, tmp_path / "bin")
    assert link.resolve() != before
    assert _says(link) == "new\n"
    assert _says(before) == "v1.2.3-1-2\n"


@pytest.mark.usefixtures("cache")
def test_what_the_cache_lost_is_built_again(hello: GoProgram, tmp_path: Path) -> None:
    """A link that points to nothing is not taken for a program."""
    link = bring(hello, tmp_path / "bin")
    shutil.rmtree(link.resolve().parent)
    assert _says(bring(hello, tmp_path / "bin")) == "v1.2.3-1-2\n"


def test_two_at_once_build_once(cache: Path, hello: GoProgram, tmp_path: Path) -> None:
    """The second one waits for the first, and takes what it made."""
    imports = "import sys; from pathlib import Path, PosixPath; from tools.golang import GoProgram, bring"
    code = f"{imports}; bring({hello!r}, Path(sys.argv[1]))"
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / name)], stderr=subprocess.PIPE, text=True)
        for name in ("one", "other")
    ]
    said = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert len(_building("".join(said))) == 1
    assert [path.name for path in cache.iterdir() if path.is_dir()] == [f"hello-{hello.digest}"]


def test_what_does_not_build_leaves_nothing(cache: Path, hello: GoProgram, tmp_path: Path) -> None:
    """The compiler's words are the message, and no half of a program is kept."""
    assert hello.module
    (hello.module / "main.go").write_text("package main\n\nfunc main() { nonsense() }\n")
    with pytest.raises(FetchError) as caught:
        bring(hello, tmp_path / "bin")
    assert str(caught.value) == ("hello could not be built:\n# hello.example\n./main.go:3:15: undefined: nonsense")
    assert [path for path in cache.iterdir() if path.is_dir()] == []
    assert not (tmp_path / "bin").exists()


def _fake_go(folder: Path, version: str) -> Path:
    """A program that says it is a Go compiler, and makes what it is asked to make."""
    folder.mkdir()
    go = folder / "go"
    go.write_text(
        f"#!/bin/sh\nif [ $1 = env ]; then echo {version}; exit; fi\n"
        'while [ "$1" != -o ]; do shift; done\n'
        f'printf "#!/bin/sh\\necho by {version} $GOTOOLCHAIN >&2\\n" > "$2"; chmod +x "$2"\n'
    )
    go.chmod(0o755)
    return go


@pytest.mark.parametrize("line", ["go1.27.0", "go1.25.9", "devel"])
@pytest.mark.usefixtures("cache")
def test_a_go_of_another_line_does_not_build(
    hello: GoProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """A newer or older Go in PATH is passed over for the one in the virtual environment; no toolchain is fetched."""
    monkeypatch.setenv("PATH", f"{_fake_go(tmp_path / 'path', line).parent}:{os.environ['PATH']}")
    beside = _fake_go(tmp_path / "environment", f"go{LINE}.6")
    monkeypatch.setattr(sys, "executable", str(beside.parent / "python"))
    assert _says(bring(hello, tmp_path / "bin")) == f"by go{LINE}.6 local\n"


def test_the_assets_of_envtest_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KUBEBUILDER_ASSETS is taken as it is: nothing is built, and what it lacks is an error, not another program."""
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    for name in ("kube-apiserver", "etcd"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert [built("kube-apiserver"), built("etcd")] == [tmp_path / "kube-apiserver", tmp_path / "etcd"]
    with pytest.raises(FetchError) as caught:
        built("kubectl")
    assert str(caught.value) == f"KUBEBUILDER_ASSETS names {tmp_path}, where there is no program kubectl"


@pytest.mark.parametrize(
    ("name", "command", "expected"),
    [
        ("kube-apiserver", ("--version",), "Kubernetes v1.36.3"),
        ("kubectl", ("version", "--client"), "Client Version: v1.36.3"),
        ("etcd", ("--version",), "etcd Version: 3.6.15"),
        ("helm", ("version", "--template", "{{.Version}}"), "v3.22.0"),
        ("kustomize", ("version",), "v5.8.2"),
    ],
)
def test_a_program_says_the_version_that_is_pinned(name: str, command: tuple[str, ...], expected: str) -> None:
    """What was built is what go.mod names."""
    said = subprocess.run([str(built(name)), *command], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[0] == expected
    assert PROGRAMS[name].version in expected
