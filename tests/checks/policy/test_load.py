"""Which policies there are, and which of them run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from gategit.checks.policy.choose import PolicyChoice
from gategit.checks.policy.load import (
    MOST_BYTES,
    MOST_FILES,
    PolicyInfo,
    PolicySet,
    PolicySource,
    builtin_policies,
    builtin_sources,
    load_folder,
    load_sources,
    source_from_file,
    sources_digest,
)
from gategit.checks.policy.rules import POLICY_CRASHED, RULES, built_in_rules, policy_rules
from gategit.checks.policy.run import start
from gategit.config import Levels, PolicySettings
from gategit.disk import FolderTree
from gategit.errors import ConfigError
from gategit.model import Level

MakePolicy = Callable[..., PolicySource]


@pytest.fixture
def tree(tmp_path: Path) -> FolderTree:
    """A folder with two policies, one of them deeper, and what is beside them."""
    for name in ("gate/team_label.py", "gate/deep/no_foo.py", "gate/test_team_label.py", "gate/README.md", "x.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("import nothing_of_this_is_run")
    return FolderTree(tmp_path)


@pytest.mark.parametrize("folder", ["gate", "gate/", "./gate", "/gate"])
def test_a_folder_holds_policies_and_their_ids_are_their_names(tree: FolderTree, folder: str) -> None:
    """Folders in it too; files of tests are left out; nothing is imported."""
    content = b"import nothing_of_this_is_run"

    assert load_folder(tree, folder) == (
        PolicySource("no-foo", "gate/deep/no_foo.py", content),
        PolicySource("team-label", "gate/team_label.py", content),
    )


def test_a_folder_without_policies_is_an_error(tree: FolderTree) -> None:
    """A spelling mistake must not switch policies off."""
    with pytest.raises(ConfigError) as caught:
        load_folder(tree, "gates")

    assert str(caught.value) == "the policy folder gates holds no policy in folder"
    assert caught.value.hint == "put policy files (*.py) into it, or take it out of policies.folders"


def test_a_folder_of_too_many_policies_is_an_error(tmp_path: Path) -> None:
    """Each is read and loaded in every run, so their number has a limit."""
    (tmp_path / "gate").mkdir()
    for number in range(MOST_FILES + 1):
        (tmp_path / "gate" / f"p{number}.py").write_text("")

    with pytest.raises(ConfigError) as caught:
        load_folder(FolderTree(tmp_path), "gate")

    assert str(caught.value) == "the policy folder gate holds more than 500 policies"


@pytest.mark.parametrize("name", ["Team.py", "team-label.py", "team__label.py", "_team.py", "1st.py", "tëam.py"])
def test_a_file_name_that_makes_no_id_is_an_error(tmp_path: Path, name: str) -> None:
    """The name is what people write in configs and waivers."""
    (tmp_path / name).write_text("")

    with pytest.raises(ConfigError) as caught:
        load_folder(FolderTree(tmp_path), "")

    assert str(caught.value) == (
        f"{name}: a policy's file name must be small letters, digits and single underscores, such as team_label.py"
    )


def test_a_link_is_no_policy(tmp_path: Path) -> None:
    """It could lead out of the trusted tree."""
    (tmp_path / "team.py").symlink_to("/etc/passwd")

    with pytest.raises(ConfigError) as caught:
        load_folder(FolderTree(tmp_path), "")

    assert str(caught.value) == "team.py: a policy must be a regular file, not a symlink"


def test_a_huge_file_is_no_policy(tmp_path: Path) -> None:
    """Whoever needs so much has put data into it."""
    (tmp_path / "team.py").write_bytes(b"#" * (MOST_BYTES + 1))

    with pytest.raises(ConfigError) as caught:
        load_folder(FolderTree(tmp_path), "")

    assert str(caught.value) == "team.py: a policy file may have 262144 bytes at most; this one has 262145"


def test_an_id_is_taken_once(tmp_path: Path) -> None:
    """Neither a built-in policy, nor another of the gate's rules, nor another file may have the same."""
    for name in ("a/image_digest.py", "b/unknown_field.py", "c/team.py", "d/team.py"):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text("")
    tree = FolderTree(tmp_path)

    for folders, problem in (
        (["a"], "a/image_digest.py: the policy id image-digest is taken by a built-in rule"),
        (["b"], "b/unknown_field.py: the policy id unknown-field is taken by a built-in rule"),
        (["c", "d"], "d/team.py: the policy id team is taken by c/team.py"),
    ):
        with pytest.raises(ConfigError) as caught:
            load_sources(tree, folders, frozenset({"unknown-field"}))
        assert str(caught.value) == problem


def test_a_folder_may_be_named_twice(tree: FolderTree) -> None:
    """A folder and one inside it: the same file is the same policy."""
    sources = load_sources(tree, ["gate", "gate/deep"])

    assert [source.id for source in sources] == [*(s.id for s in builtin_sources()), "no-foo", "team-label"]


def test_a_file_on_disk_can_be_tried(tmp_path: Path) -> None:
    """A built-in policy's own file is that policy, not one that takes its id."""
    (tmp_path / "team.py").write_bytes(b"x")

    assert source_from_file(tmp_path / "team.py") == PolicySource("team", str(tmp_path / "team.py"), b"x")
    assert source_from_file(Path(builtin_sources()[0].path)) == builtin_sources()[0]
    with pytest.raises(ConfigError, match=r"nothing\.py: cannot be read: No such file or directory"):
        source_from_file(tmp_path / "nothing.py")


def test_a_digest_names_the_policies_content() -> None:
    """What is kept of their results is good for exactly these policies."""
    one, other = PolicySource("a", "a.py", b"1"), PolicySource("a", "b.py", b"1")

    assert sources_digest([one]) == sources_digest([other])
    assert len({sources_digest(each) for each in ([one], [one, one], [PolicySource("a", "a.py", b"2")], [])}) == 4
    assert sources_digest(builtin_sources()) == sources_digest(builtin_sources())


def general(policies: Sequence[PolicyInfo], packs: tuple[str, ...], levels: Levels | None = None) -> PolicySet:
    """What is chosen where no override holds."""
    return PolicyChoice(policies, PolicySettings(packs=packs, levels=levels or {})).general


def test_packs_and_levels_decide_what_runs(make_policy: MakePolicy) -> None:
    """A pack switches on, a level does too and weighs, off switches off; a repository's own runs unless it is off."""
    sources = [*builtin_sources(), make_policy("own", "yield"), make_policy("other", "yield")]
    with start(sources) as runner:
        policies = runner.policies()

    assert general(policies, ()).levels == {"own": Level.ERROR, "other": Level.ERROR}
    levels = {"image-digest": Level.NOTE, "replicas-drop": None, "own": Level.WARNING, "other": None}
    chosen = general(policies, ("recommended",), levels)
    in_pack = {policy.id: policy.level for policy in policies if "recommended" in policy.packs}
    in_pack.pop("replicas-drop")
    assert chosen.levels == in_pack | {"image-digest": Level.NOTE, "own": Level.WARNING}
    assert [policy.id for policy in chosen.enabled] == [p.id for p in policies if p.id in chosen.levels]
    assert general(policies, ("strict",)).levels.keys() == {policy.id for policy in policies}
    assert chosen.get("own") is policies[-2]
    assert chosen.get("none") is None


def test_a_pack_or_policy_that_there_is_not_is_an_error() -> None:
    """The nearest right name is given, and the place in the config is the caller's to say."""
    policies = builtin_policies()

    with pytest.raises(ConfigError) as caught:
        general(policies, ("recomended",))
    assert str(caught.value) == "there is no policy pack recomended; did you mean recommended?"
    with pytest.raises(ConfigError) as caught:
        general(policies, (), {"image-digests": Level.ERROR})
    assert str(caught.value) == "there is no policy image-digests; did you mean image-digest?"
    with pytest.raises(ConfigError) as caught:
        PolicyChoice(
            policies,
            PolicySettings(levels={"x": None}),
            lambda path, message, _: ConfigError(f"{path} {message}"),
        )
    assert str(caught.value) == "('policies', 'levels', 'x') there is no policy x"


def test_a_rule_is_made_from_each_policy() -> None:
    """The docstring's words are the rule's words; a crash is a rule that no waiver hides."""
    assert policy_rules(builtin_policies()) == built_in_rules()
    rules = {rule.id: rule for rule in built_in_rules()}
    assert rules["plaintext-secret"].sensitive
    assert rules["plaintext-secret"].security_severity == 9.1
    assert rules["image-latest-tag"].rationale.startswith("The image of each container has a tag")
    assert rules["volume-claim-removed"].example_pass.startswith("--- # old\napiVersion: v1\n")
    assert RULES == (POLICY_CRASHED,)
    assert (POLICY_CRASHED.waivable, POLICY_CRASHED.undecided, POLICY_CRASHED.level) == (False, True, Level.ERROR)
