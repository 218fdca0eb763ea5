"""What a policy sees besides the object: the inventory, the target, the pull request, the whole change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from gategit.checks.policy.choose import PolicyChoice
from gategit.checks.policy.load import PolicySource
from gategit.checks.policy.run import start
from gategit.checks.policy.subjects import Outcome, RequestFacts, Scene, Subject
from gategit.config import Parameters, PolicySettings
from gategit.manifests.manifest import Manifest, Source

MakePolicy = Callable[..., PolicySource]
MakeManifest = Callable[..., Manifest]

NAME = 'thing.field("metadata", "name")'


def outcome_of(
    source: PolicySource, subjects: Sequence[Subject], scene: Scene | None = None, parameters: Parameters | None = None
) -> Outcome:
    settings = PolicySettings(packs=(), parameters=parameters or {})
    with start([source]) as runner:
        return runner.run(PolicyChoice(runner.policies(), settings).general, subjects, scene)


def messages(outcome: Outcome) -> list[str]:
    assert outcome.crashes == ()
    return [hit.message for hit in outcome.hits]


def test_a_policy_sees_the_other_objects_that_it_asks_for(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """Of the kinds that its decorator names, and of no others."""
    source = make_policy(
        "around",
        f'names = [one.name for kind in ("Service", "Secret") for one in others.of_kind(kind)]\n'
        f"yield Violation({NAME}, str(names))",
        view="Manifest, others: Inventory",
        decorator='@policy(level="error", kinds=("ConfigMap",), inventory=("Service",))',
    )
    others = (make_manifest("web", "Service"), make_manifest("key", "Secret"))

    assert messages(outcome_of(source, [Subject(None, make_manifest())], Scene(inventory=others))) == ["['web']"]


def test_a_violation_of_another_object_is_a_crash(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """Its place would be looked for in the wrong file."""
    source = make_policy(
        "around",
        'yield Violation(others.of_kind("Service")[0], "no")',
        view="Manifest, others: Inventory",
        decorator='@policy(level="error", kinds=("ConfigMap",), inventory=("Service",))',
    )
    scene = Scene(inventory=(make_manifest("web", "Service"),))

    (crash,) = outcome_of(source, [Subject(None, make_manifest())], scene).crashes
    assert crash.message == "it reported a violation of an object of the inventory, not of the one that it judges"


def test_a_policy_sees_its_target(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """The name, and whether its Kubernetes is new enough; without a version it is the newest."""
    source = make_policy(
        "aimed", f"yield Violation({NAME}, f\"{{thing.target.name}} {{thing.target.at_least('1.30')}}\")"
    )

    for scene, expected in (
        (Scene("prod", "1.29"), "prod False"),
        (Scene("prod", "1.30"), "prod True"),
        (Scene("prod", "1.31"), "prod True"),
        (Scene(), " True"),
    ):
        assert messages(outcome_of(source, [Subject(None, make_manifest())], scene)) == [expected.strip()]


def test_a_policy_sees_the_pull_request(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """As far as it is known, and the time of the run."""
    source = make_policy(
        "asked",
        "seen = (pull.is_known, pull.author, pull.is_by_bot, pull.labels, pull.base_branch, pull.changed_files)\n"
        f'yield Violation({NAME}, f"{{seen}} {{pull.now:%Y-%m-%d %Z}}")',
        view="Manifest, pull: PullRequest",
    )
    request = RequestFacts(
        is_known=True,
        author="renovate[bot]",
        labels=("deps",),
        base_branch="main",
        changed_files=("a.yaml",),
        now="2026-12-24T10:00:00+00:00",
    )

    assert messages(outcome_of(source, [Subject(None, make_manifest())], Scene(request=request))) == [
        "(True, 'renovate[bot]', True, ('deps',), 'main', ('a.yaml',)) 2026-12-24 UTC"
    ]


def test_parameters_are_passed(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """What the config sets, and the default of the others."""
    made = make_policy(
        "tuned",
        f'yield Violation({NAME}, f"{{hosts}} {{most}}")',
        view="Manifest, *, hosts: tuple[str, ...] = (), most: int = 3",
    )
    described = (made.content or b"").replace(
        b"    References:\n", b"    Parameters:\n        hosts: a.\n        most: b.\n\n    References:\n"
    )
    source = replace(made, content=described)
    subjects = [Subject(None, make_manifest())]

    assert messages(outcome_of(source, subjects)) == ["() 3"]
    assert messages(outcome_of(source, subjects, parameters={"tuned": {"hosts": ("a",)}})) == ["('a',) 3"]


def test_a_policy_of_the_whole_change_is_called_once(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """Also where there are more objects than one batch holds; it says which change each violation is of."""
    source = make_policy(
        "whole",
        "every = list(thing)\n"
        'yield Violation(every[-1].manifest, f"{len(thing)} {every[-1].kind} {every[0].targets}", of=every[-1])',
        view="Changes",
    )
    subjects = [Subject(None, make_manifest(f"c{number}"), ("prod", "test"), added=True) for number in range(600)]
    subjects.append(Subject(make_manifest("gone"), None))

    (hit,) = outcome_of(source, subjects).hits
    assert (hit.subject, hit.side, hit.path, hit.message) == (600, "old", (), "601 removed ('prod', 'test')")


def test_a_violation_of_no_single_change_is_a_crash(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """Nobody could tell where it stands."""
    source = make_policy("whole", 'yield Violation(next(iter(thing)).manifest, "no")', view="Changes")

    (crash,) = outcome_of(source, [Subject(None, make_manifest(), added=True)]).crashes
    assert crash.message == "it did not say which of all the changes a violation is of: Violation(…, of=change)"


def test_an_object_knows_its_file(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """On both sides of a change."""
    source = make_policy(
        "moved", 'yield Violation(thing.manifest, f"{thing.old.file} {thing.new.file}")', view="Change"
    )
    old, new = (replace(make_manifest(), source=Source(f"{side}.yaml", 0)) for side in ("old", "new"))

    assert messages(outcome_of(source, [Subject(old, new)])) == ["old.yaml new.yaml"]


EXAMPLES = """\
    Fails (in production, by a person, near a service):
        --- # target
        name: prod
        kubernetes_version: "1.30"
        paths: ["clusters/prod/**"]
        --- # target
        name: test
        paths: ["clusters/test/**"]
        --- # pull request
        author: ada
        --- # parameters
        port: 80
        --- # inventory
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        --- # new clusters/prod/a.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: a  # <-
        --- # new clusters/test/a.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: b

    Passes:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: c}

    Parameters:
        port: a number
            that goes on.
"""


@pytest.fixture
def staged(make_policy: MakePolicy) -> PolicySource:
    """A policy that speaks up only where all that it is told is right."""
    made = make_policy(
        "staged",
        "right = thing.target.name == 'prod' and pull.author == 'ada' and port == 80 and others.get('Service', 'web')\n"
        f"if right:\n    yield Violation({NAME}, 'yes')",
        view="Manifest, others: Inventory, pull: PullRequest, *, port: int = 1",
        decorator='@policy(level="error", kinds=("ConfigMap",), inventory=("Service",))',
    )
    before, after = (made.content or b"").decode().split("    Fails:\n")
    return replace(made, content=f"{before}{EXAMPLES}\n    References:{after.split('References:')[1]}".encode())


def test_an_example_can_set_the_scene(staged: PolicySource) -> None:
    """Targets with their files, the pull request, parameters and other objects."""
    from gategit.checks.policy.examples import run_examples  # noqa: PLC0415  only these tests run examples

    with start([staged]) as runner:
        assert [result.problems for result in run_examples(runner, runner.policies())] == [(), ()]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("author: ada", "autor: ada", "a pull request has no autor; did you mean author?"),
        ("author: ada", "author: 1", "the pull request's author must be a str"),
        ("port: 80", "prt: 80", "the policy staged has no parameter prt; did you mean port?"),
        ("port: 80", "[]", "the section parameters must be a mapping"),
        ("clusters/test/a.yaml", "clusters/prod/a.yaml", "two sections are called new clusters/prod/a.yaml"),
        ('"1.30"', "1.30", "a target has a name, a kubernetes_version"),
    ],
)
def test_a_wrong_scene_is_said(staged: PolicySource, old: str, new: str, problem: str) -> None:
    """With what is expected."""
    from gategit.checks.policy.examples import run_examples  # noqa: PLC0415  only these tests run examples

    source = replace(staged, content=(staged.content or b"").replace(old.encode(), new.encode()))
    with start([source]) as runner:
        (result, _) = run_examples(runner, runner.policies())
    assert result.problems[0].startswith(problem)
