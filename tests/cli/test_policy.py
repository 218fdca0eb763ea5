"""``gategit policy``: the list, the page, and the run of the examples."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gategit.checks.policy.builtin import BUILTIN
from gategit.cli.policy import app
from gategit.errors import ConfigError, UsageError

POLICY = '''from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="note", kinds=("ConfigMap",))
def no_foo(manifest: Manifest) -> Violations:
    """Nothing is called foo.

    What it asks:
        No ConfigMap is called foo.

    Why:
        Nobody knows what it means.

    How to fix:
        Find a better name.

    Fails:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: foo  # <-

    Passes:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: bar}

    References:
        https://example.com/
    """
    if manifest.name == "foo":
        yield Violation(manifest.field("metadata", "name"), "it is called foo")
'''


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a policy of its own, and a config that names it."""
    (tmp_path / "gate").mkdir()
    (tmp_path / "gate" / "no_foo.py").write_text(POLICY)
    (tmp_path / ".gategit.yaml").write_text(
        "version: 1\npolicies:\n  folders: [gate]\n  levels: {image-digest: note, replicas-drop: 'off'}\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def output(*arguments: str, code: int = 0) -> str:
    """What the command prints; an unexpected error is raised again."""
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code
    return result.stdout


def test_the_list_shows_levels_as_the_config_sets_them(repository: Path) -> None:
    """Every policy has a line, the repository's own too; what is off says so."""
    del repository
    rows = {line.split()[0]: line.split() for line in output("list").splitlines()}

    assert rows.pop("ID") == ["ID", "LEVEL", "PACKS", "KINDS", "ASKS"]
    assert len(rows) == len(BUILTIN) + 1
    assert rows["image-digest"][1] == "note"
    assert rows["replicas-drop"][1] == "off"
    assert rows["namespace-required"][1] == "off"
    assert rows["no-foo"] == ["no-foo", "note", "own", "ConfigMap", "Nothing", "is", "called", "foo."]
    assert rows["plaintext-secret"][:6] == [
        "plaintext-secret",
        "error",
        "recommended,",
        "strict",
        "Secret,",
        "workloads",
    ]


def test_the_list_needs_no_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it shows what holds without one."""
    monkeypatch.chdir(tmp_path)

    row = next(line.split() for line in output("list").splitlines() if line.startswith("privileged-container "))
    assert row[:3] == ["privileged-container", "error", "recommended,"]


def test_a_page_shows_everything_that_the_docstring_says(repository: Path) -> None:
    """In plain Markdown, with the marks in the examples."""
    del repository

    assert output("explain", "no-foo") == (
        "# no-foo\n\nNothing is called foo.\n\nlevel note; kinds ConfigMap\n\n"
        "## What it asks\n\nNo ConfigMap is called foo.\n\n"
        "## Why\n\nNobody knows what it means.\n\n"
        "## How to fix\n\nFind a better name.\n\n"
        "## Fails\n\n```yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: foo  # <-\n```\n\n"
        "## Passes\n\n```yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: bar}\n```\n\n"
        "## References\n\n- https://example.com/\n"
    )
    assert "packs recommended, change-safety, strict; kinds apps/Deployment" in output("explain", "replicas-drop")
    assert "; compares old and new\n" in output("explain", "replicas-drop")


def test_a_wrong_id_is_answered_with_the_nearest(repository: Path) -> None:
    """Wrong usage: exit code 2."""
    del repository
    with pytest.raises(UsageError) as caught:
        output("explain", "no-fo")

    assert str(caught.value) == "there is no policy no-fo; did you mean no-foo?"


def test_all_examples_run(repository: Path) -> None:
    """Those of the built-in policies and the repository's own."""
    del repository
    lines = output("test").splitlines()

    assert "ok      no-foo: 2 examples" in lines
    assert "ok      privileged-container: 2 examples" in lines
    assert lines[-1].startswith(f"{len(BUILTIN) + 1} policies: ")
    assert lines[-1].endswith(" examples good, 0 failed")


def test_a_failing_example_is_shown_and_ends_with_1(repository: Path) -> None:
    """On the line that the policy does not flag, and the line of the policy's file where the example stands."""
    path = repository / "gate" / "no_foo.py"
    path.write_text(POLICY.replace('== "foo"', '== "fooo"'))

    assert output("test", "gate/no_foo.py", code=1) == (
        "FAILED  no-foo: Fails (gate/no_foo.py:18)\n"
        "      apiVersion: v1\n"
        "      kind: ConfigMap\n"
        "      metadata:\n"
        "    -   name: foo  # <- not flagged\n"
        "1 policy: 1 examples good, 1 failed\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("    Fails:\n", "    Fail:\n", 'gate/no_foo.py:4: policy no_foo lacks in its docstring: "Fails:"'),
        ("def no_foo(", "def no_foo(:", "gate/no_foo.py:5: is not valid Python: invalid syntax"),
    ],
)
def test_a_policy_without_examples_fails_and_the_others_run(repository: Path, old: str, new: str, problem: str) -> None:
    """A policy that cannot be loaded is a failure like any other here, and hides nobody."""
    (repository / "gate" / "no_foo.py").write_text(POLICY.replace(old, new))
    (repository / "gate" / "no_bar.py").write_text(POLICY.replace("foo", "bar").replace("{name: bar}", "{name: x}"))

    assert output("test", "gate", code=1) == (
        f"ok      no-bar: 2 examples\nFAILED  no-foo: {problem}\n2 policies: 2 examples good, 1 failed\n"
    )


def test_what_is_not_there_is_wrong_usage(repository: Path) -> None:
    """A file, a folder without policies, a config."""
    (repository / "empty").mkdir()
    for arguments, problem in (
        (["test", "none.py"], "there is no file none.py"),
        (["test", "empty"], "the folder empty holds no policy file (*.py)"),
        (["list", "--config", "none.yaml"], "--config none.yaml: there is no such file"),
    ):
        with pytest.raises(UsageError) as caught:
            output(*arguments)
        assert str(caught.value) == problem


def test_a_config_that_names_what_there_is_not_is_an_error(repository: Path) -> None:
    """With the line in the config."""
    (repository / ".gategit.yaml").write_text("version: 1\npolicies:\n  levels:\n    image-digst: error\n")

    with pytest.raises(ConfigError) as caught:
        output("list")

    assert str(caught.value) == (".gategit.yaml:4:5: there is no policy image-digst; did you mean image-digest?")


def test_the_guide_to_writing_policies_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first policy passes its examples with the output that the guide shows, and so does its broken twin."""
    guide = (Path(__file__).parents[2] / "docs" / "writing-policies.md").read_text(encoding="utf-8")
    text = guide.split("```python\n# gate/policies/team_label.py\n")[1].split("```")[0]
    good, bad = (block.split("```")[0].partition("\n")[2] for block in guide.split("```console\n")[1:3])
    path = tmp_path / "gate" / "policies" / "team_label.py"
    path.parent.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)

    path.write_text(f"# gate/policies/team_label.py\n{text}")
    assert output("test", "gate/policies/team_label.py") == good
    path.write_text(path.read_text().replace('if not manifest.labels.get("team")', "if not manifest.labels"))
    assert output("test", "gate/policies/team_label.py", code=1) == bad


TESTS = """# no-foo

## Fails (in a list)

```yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: foo  # <-
```

## Passes: another name

````yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: bar}
````
"""


def test_examples_in_a_file_of_their_own_run_too(repository: Path) -> None:
    """They stand beside the policy, in Markdown."""
    (repository / "gate" / "test_no_foo.md").write_text(TESTS)

    assert output("test", "gate") == "ok      no-foo: 4 examples\n1 policy: 4 examples good, 0 failed\n"

    (repository / "gate" / "test_no_foo.md").write_text(TESTS.replace("{name: bar}", "{name: foo}"))
    assert "FAILED  no-foo: Passes (another name) (gate/test_no_foo.md:15)\n" in output("test", "gate", code=1)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("## Fails\n\n## Passes\n", "1): below this heading stands no block of YAML"),
        ("```yaml\na: 1\n```\n", "1): this block stands below no heading Fails or Passes"),
        ("## Fails\n```yaml\na: 1\n", "2): the block that starts here does not end"),
        ("# Nothing\n", "1): this file holds no example"),
    ],
)
def test_a_broken_file_of_examples_is_said(repository: Path, text: str, place: str) -> None:
    """With its line: an example that does not run must not look like one that passes."""
    (repository / "gate" / "test_no_foo.md").write_text(text)
    number, _, problem = place.partition("): ")

    lines = output("test", "gate", code=1).splitlines()
    assert lines[0] == f"FAILED  no-foo: test_no_foo.md (gate/test_no_foo.md:{number})"
    assert lines[1].strip().startswith(problem)


@pytest.mark.parametrize(
    "arguments", [["team-label"], ["kept", "--kind", "ConfigMap", "--change"], ["x", "--kind", "apps/Deployment"]]
)
def test_a_new_policy_works_as_it_is(repository: Path, arguments: list[str]) -> None:
    """Its examples pass, and it stands where the config looks for policies."""
    stem = arguments[0].replace("-", "_")

    assert output("new", *arguments) == (
        f"Wrote gate/{stem}.py.\nNext: edit it, then run gategit policy test gate/{stem}.py\n"
    )
    assert output("test", f"gate/{stem}.py").endswith("1 policy: 2 examples good, 0 failed\n")
    assert arguments[0] in output("list")
    assert (repository / "gate" / f"{stem}.py").is_file()


def test_a_new_policy_in_a_folder_of_its_own_needs_a_line_in_the_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command says which."""
    monkeypatch.chdir(tmp_path)

    assert "policies:\n  folders: [gate/policies]\n" in output("new", "team-label")


def test_a_new_policy_takes_no_name_that_is_taken(repository: Path) -> None:
    """By another policy, by a file, or that can be none."""
    del repository
    for arguments, problem in (
        (["new", "no-foo"], "there is a policy no-foo already"),
        (["new", "image-digest"], "there is a policy image-digest already"),
        (["new", "../x"], "no policy can be called '../x'"),
        (["new", "x", "--kind", "deployments"], "--kind 'deployments' is no kind"),
    ):
        with pytest.raises(UsageError) as caught:
            output(*arguments)
        assert str(caught.value) == problem


def test_the_list_can_be_narrowed(repository: Path) -> None:
    """To what the config switches on, and to one pack."""
    del repository
    on = {line.split()[0]: line.split()[1] for line in output("list", "--on").splitlines()[1:]}
    packed = [line.split()[0] for line in output("list", "--pack", "change-safety").splitlines()[1:]]

    assert on["image-digest"] == "note"
    assert "off" not in on.values()
    assert "replicas-drop" in packed
    assert "image-digest" not in packed
    with pytest.raises(UsageError) as caught:
        output("list", "--pack", "recomended")
    assert str(caught.value) == "there is no pack recomended; did you mean recommended?"
