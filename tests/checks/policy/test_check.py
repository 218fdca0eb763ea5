"""What the policies say becomes findings on exact lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import dedent
from typing import Any, Literal

import pytest

from gategit.checks.policy.check import anchor, check, first_sentences
from gategit.checks.policy.choose import PolicyChoice
from gategit.checks.policy.load import PolicySource, builtin_sources
from gategit.checks.policy.run import Runner, start
from gategit.checks.policy.subjects import Subject
from gategit.checks.policy.worker_process import Limits
from gategit.config import PolicySettings
from gategit.manifests.file import ManifestFile, read_file
from gategit.manifests.manifest import Manifest
from gategit.model import (
    FieldPath,
    Finding,
    Level,
    Location,
    ObjectRef,
    Region,
    RelatedLocation,
    Stage,
)

MakePolicy = Callable[..., PolicySource]

DEPLOYMENT = dedent("""\
    # a comment
    apiVersion: v1
    kind: List
    items:
      - apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
          namespace: shop
        spec:
          template:
            spec:
              containers:
                - image: nginx:latest
                  name: main
                  securityContext: {privileged: true}
                - name: side
                  image: nginx:1.27
                  resources:
                    requests:
                      cpu: 1
                      memory: 1Gi
    """)


def shown(region: Region | None) -> tuple[int, str]:
    """The line of a region, and the text that it covers."""
    assert region is not None
    assert region.line == region.end_line
    return region.line, DEPLOYMENT.splitlines()[region.line - 1][region.column - 1 : region.end_column - 1]


def judge(files: Sequence[ManifestFile], *sources: PolicySource, wanted: Sequence[str] = ()) -> list[Finding]:
    """Every object of the files, as it stands."""
    by_path = {file.path: file for file in files}

    def locate(manifest: Manifest, path: FieldPath, on: Literal["key", "value"]) -> Location:
        return by_path[manifest.source.file].location(manifest.source, path, on=on)

    def run(runner: Runner) -> list[Finding]:
        loaded = runner.policies()
        levels = {policy.id: policy.level for policy in loaded if policy.id in wanted}
        policies = PolicyChoice(loaded, PolicySettings(packs=(), levels=levels)).general
        return check(runner, policies, [Subject(None, m, ("prod",)) for file in files for m in file.manifests], locate)

    with start([*builtin_sources(), *sources], limits=Limits(seconds=2)) as runner:
        return run(runner)


def test_findings_stand_on_the_field_also_in_a_list() -> None:
    """A scalar is shown itself; what a container lacks is shown at its name, or at the block that is nearest."""
    wanted = ("privileged-container", "image-latest-tag", "resource-limits")
    findings = judge([read_file("apps/web.yaml", DEPLOYMENT.encode())], wanted=wanted)

    assert [(f.rule, f.level, *shown(f.location.region), f.message) for f in findings] == [
        ("privileged-container", Level.ERROR, 16, "true", "container main runs privileged"),
        ("image-latest-tag", Level.WARNING, 14, "nginx:latest", "the image of container main has the tag latest"),
        ("resource-limits", Level.WARNING, 15, "main", "container main has no memory limit"),
        ("resource-limits", Level.WARNING, 15, "main", "container main requests no cpu and no memory"),
        ("resource-limits", Level.WARNING, 19, "resources", "container side has no memory limit"),
    ]


def test_a_finding_says_everything_a_report_needs() -> None:
    """Stage, object, path, target and how to mend it, which is the first paragraph of the policy's own words."""
    (finding,) = [
        f
        for f in judge([read_file("apps/web.yaml", DEPLOYMENT.encode())], wanted=["privileged-container"])
        if f.rule == "privileged-container"
    ]

    assert finding == Finding(
        rule="privileged-container",
        stage=Stage.POLICY,
        level=Level.ERROR,
        message="container main runs privileged",
        help="Remove `privileged`, or set it to false, and grant what the container needs by name: a capability in "
        "`securityContext.capabilities.add`, a device through a device plugin. Drivers and node agents that cannot "
        "work otherwise deserve a waiver with an owner and a date.",
        location=Location("apps/web.yaml", Region(16, 45, 16, 49)),
        object=ObjectRef("apps/v1", "Deployment", "shop", "web"),
        path=("spec", "template", "spec", "containers", 0, "securityContext", "privileged"),
        target="prod",
    )


def test_a_crash_is_a_finding_at_the_object_that_was_not_judged(make_policy: MakePolicy) -> None:
    """It names the policy, the object and the reason; the policy's own file is the related place."""
    files = [read_file("apps/web.yaml", DEPLOYMENT.encode())]
    source = make_policy("bad", "raise ValueError('no')")

    assert judge(files, source) == [
        Finding(
            rule="policy-crashed",
            stage=Stage.POLICY,
            level=Level.ERROR,
            message="policy bad has not judged Deployment shop/web: ValueError: no",
            help="mend the policy, and add this object to its examples. Last calls: gate/bad.py:31 in bad.",
            location=Location("apps/web.yaml", Region(8, 13, 8, 16)),
            object=ObjectRef("apps/v1", "Deployment", "shop", "web"),
            subject="bad",
            related=(RelatedLocation(Location("gate/bad.py"), "the policy"),),
            target="prod",
        )
    ]


def test_a_crash_on_several_objects_counts_them(make_policy: MakePolicy) -> None:
    """One finding, not a hundred."""
    text = "---\n".join(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{n}}}\n" for n in range(3))

    (finding,) = judge([read_file("a.yaml", text.encode())], make_policy("bad", "raise ValueError('no')"))

    assert finding.message == "policy bad has not judged ConfigMap c0 and 2 more: ValueError: no"


def test_a_removed_object_is_found_in_the_old_file() -> None:
    """There is no new line to show."""
    text = b"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\n"
    old = read_file("old.yaml", text)
    with start(builtin_sources()) as runner:
        (finding,) = check(
            runner,
            PolicyChoice(runner.policies(), PolicySettings()).general,
            [Subject(old.manifests[0], None)],
            lambda manifest, path, on: old.location(manifest.source, path, on=on),
        )

    assert (finding.rule, finding.location) == ("volume-claim-removed", Location("old.yaml", Region(4, 9, 4, 13)))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("metadata", "name"), (("metadata", "name"), "value")),
        (("metadata",), (("metadata",), "key")),
        ((), (("metadata", "name"), "value")),
        (("spec", "a", "b"), (("spec",), "key")),
        (("spec", "list", 0, "x"), (("spec", "list", 0, "name"), "value")),
        (("spec", "list", 1, "x"), (("spec", "list", 1), "value")),
        (("spec", "list", 2), (("spec", "list", 2), "value")),
        (("spec", "list", 9), (("spec", "list"), "key")),
        (("spec", "list", "x"), (("spec", "list"), "key")),
        (("spec", "scalar", "x"), (("spec", "scalar"), "value")),
        (("nothing",), (("metadata", "name"), "value")),
    ],
)
def test_the_place_that_shows_a_field_best(path: FieldPath, place: tuple[FieldPath, str]) -> None:
    """A scalar, a block's key, a list item's name, and for the object itself its name."""
    data: dict[str, Any] = {
        "kind": "X",
        "metadata": {"name": "x"},
        "spec": {"list": [{"name": "a"}, {"b": 1}, "text"], "scalar": 1},
    }

    assert anchor(data, path) == place
    assert anchor({"kind": "X", "metadata": {}}, ()) == (("kind",), "value")


def test_help_is_one_paragraph_on_one_line() -> None:
    """What follows is on the rule's page."""
    assert first_sentences("Do this,\nthen that.\n\nOr leave it.") == "Do this, then that."
