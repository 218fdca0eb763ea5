"""What a policy file can say, and what the decorator refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategit.checks.policy import api
from gategit.checks.policy.api import declare
from gategit.checks.policy.load import PolicySource
from gategit.checks.policy.run import start
from gategit.errors import ConfigError

MakePolicy = Callable[..., PolicySource]
DECORATOR = '@policy(level="error", kinds=("*",))'


def refusal(source: PolicySource) -> str:
    """What is said of a policy that cannot be used, with its place."""
    with pytest.raises(ConfigError) as caught, start([source]) as runner:
        runner.policies()
    return str(caught.value)


@pytest.mark.parametrize(
    ("decorator", "problem"),
    [
        ('@policy(level="fatal", kinds=("*",))', "has the level 'fatal'; it must be one of error, warning, note"),
        (
            '@policy(level="error", kinds=())',
            'names no kinds; write for example kinds=("apps/Deployment",) or kinds=WORKLOADS',
        ),
        ('@policy(level="error", kinds="Pod")', "must name its kinds as a tuple of strings"),
        ('@policy(level="error", kinds=("*",), inventory="x")', "must name its inventory as a tuple of strings"),
        (
            '@policy(level="error", kinds=("*",), inventory=("Service",))',
            "asks for inventory kinds but takes no Inventory",
        ),
        (
            '@policy(level="error", kinds=("*",), security_severity=11)',
            "has the security_severity 11; it must be a number from 0.1 to 10.0",
        ),
    ],
)
def test_a_wrong_declaration_is_refused(make_policy: MakePolicy, decorator: str, problem: str) -> None:
    """The error names the file, the line, the policy, and what it should say instead."""
    assert refusal(make_policy("bad", "yield", decorator=decorator)) == f"gate/bad.py:4: policy bad {problem}"


@pytest.mark.parametrize("heading", declare.HEADINGS)
def test_a_docstring_without_a_heading_is_refused(make_policy: MakePolicy, heading: str) -> None:
    """Each of the headings has to be there."""
    source = make_policy("bad", "yield")
    content = (source.content or b"").replace(f"    {heading}:\n".encode(), b"    Something else:\n")

    assert refusal(PolicySource("bad", "gate/bad.py", content)) == (
        f'gate/bad.py:4: policy bad lacks in its docstring: "{heading}:"'
    )


def test_a_policy_without_a_docstring_is_refused() -> None:
    """It has nothing to show to those whom it stops."""
    text = f"from gategit.checks.policy.api import *\n{DECORATOR}\ndef bad(thing: Manifest):\n    yield\n"

    assert refusal(PolicySource("bad", "gate/bad.py", text.encode())) == "gate/bad.py:2: policy bad has no docstring"


def test_a_parameter_without_a_view_is_refused(make_policy: MakePolicy) -> None:
    """The annotation says what the policy looks at, so it must be there and be one of four."""
    views = "Manifest, Workload, Change, Changes"
    problem = f"gate/bad.py:4: policy bad must say what thing is: annotate it with one of {views}"

    assert refusal(make_policy("bad", "yield", view="dict")) == problem


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        (
            "Manifest, other: Manifest",
            (
                "must say what other is: annotate it with Inventory or PullRequest; parameters of the policy's own "
                "come after a * and have a default"
            ),
        ),
        ("Manifest, others: Inventory", 'takes an Inventory; name the kinds in it, as in inventory=("Service",)'),
        ("Manifest, *, most: int", "must give the parameter most a default"),
        ("Manifest, *, most: int = '3'", "gives the parameter most a default that is no int"),
        ("Manifest, *, most: int = True", "gives the parameter most a default that is no int"),
        (
            "Manifest, *, most: dict = {}",
            "must say what type most has: annotate it with one of bool; int; float; str; tuple[str, ...]",
        ),
        ("Manifest, *, most: int = 3", 'lacks in its docstring: "Parameters:"'),
    ],
)
def test_what_else_a_policy_takes_is_checked(make_policy: MakePolicy, parameters: str, problem: str) -> None:
    """The inventory, the pull request, and parameters of its own with a type and a default."""
    assert refusal(make_policy("bad", "yield", view=parameters)) == f"gate/bad.py:4: policy bad {problem}"


def test_each_parameter_is_described(make_policy: MakePolicy) -> None:
    """A reader of the page must learn what to set."""
    source = make_policy("bad", "yield", view="Manifest, *, most: int = 3, least: int = 1")
    content = (source.content or b"").replace(
        b"    References:\n", b"    Parameters:\n        most: how many at most.\n\n    References:\n"
    )

    assert refusal(PolicySource("bad", "gate/bad.py", content)) == (
        'gate/bad.py:4: policy bad does not say below "Parameters:" what least is for'
    )


def test_workloads_are_kinds_that_hold_pods(make_policy: MakePolicy) -> None:
    """A policy that wants workloads of a kind that has none would never run."""
    source = make_policy("bad", "yield", view="Workload", decorator='@policy(level="note", kinds=("Service",))')

    assert refusal(source) == (
        "gate/bad.py:4: policy bad looks at workloads, but Service holds no pod specification; take a Manifest instead"
    )


def test_a_file_without_a_policy_is_refused() -> None:
    """A file that does nothing would be trusted to do something."""
    assert refusal(PolicySource("bad", "gate/bad.py", b"x = 1\n")) == (
        "gate/bad.py: declares no policy; put @policy(...) over the function that is one"
    )


def test_a_file_with_two_policies_is_refused(make_policy: MakePolicy) -> None:
    """One file is one policy: the file's name is the id."""
    one, other = (make_policy(name, "yield").content or b"" for name in ("bad", "second"))

    assert refusal(PolicySource("bad", "gate/bad.py", one + other.split(b"\n", 1)[1])).endswith(
        "declares a second policy, second; one file is one policy"
    )


def test_a_function_has_the_name_of_its_file(make_policy: MakePolicy) -> None:
    """Otherwise a finding's rule would not lead to the function."""
    source = PolicySource("other", "gate/other.py", make_policy("bad", "yield").content)

    assert refusal(source) == ("gate/other.py:4: policy bad must have the name of its file: call the function other")


@pytest.mark.parametrize(
    ("reference", "registry", "repository", "tag", "digest"),
    [
        ("nginx", "docker.io", "library/nginx", "", ""),
        ("nginx:1.27", "docker.io", "library/nginx", "1.27", ""),
        ("bitnami/redis:7", "docker.io", "bitnami/redis", "7", ""),
        ("ghcr.io/org/app:v1@sha256:ab", "ghcr.io", "org/app", "v1", "sha256:ab"),
        ("localhost/app", "localhost", "app", "", ""),
        ("registry:5000/app", "registry:5000", "app", "", ""),
        ("registry:5000/app:2", "registry:5000", "app", "2", ""),
        ("docker.io/nginx@sha256:cd", "docker.io", "library/nginx", "", "sha256:cd"),
    ],
)
def test_an_image_is_taken_apart(reference: str, registry: str, repository: str, tag: str, digest: str) -> None:
    """A port is no tag, a digest is no tag, and Docker Hub's own images have their full names."""
    image = api.parse_image(reference)

    assert (image.registry, image.repository, image.tag, image.digest) == (registry, repository, tag, digest)
    assert image == api.parse_image(f"{reference} ")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        *(("500m", 0.5), ("2", 2.0), (2, 2.0), (0.5, 0.5), ("1Gi", 2.0**30), ("1.5Gi", 1.5 * 2**30), ("1G", 1e9)),
        *(("1e3", 1000.0), ("100n", 1e-7), ("1E", 1e18), ("-1k", -1000.0), (".5", 0.5), ("1024Mi", 2.0**30)),
        *(("", None), ("Gi", None), ("1gi", None), ("1 Gi", None), (True, None), (None, None), ("1_0", None)),
        *(([], None), ("nan", None), ("inf", None), ("0x10", None)),
    ],
)
def test_a_quantity_is_a_number(value: object, number: float | None) -> None:
    """As the cluster reads it; what it would refuse is no quantity."""
    assert api.quantity(value) == number


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(value=_values, steps=st.lists(st.text(max_size=3) | st.integers(-2, 3), max_size=3))
def test_a_view_never_raises(value: Any, steps: list[str | int]) -> None:
    """Whatever the data is and whatever is asked of it; the path is the one that was asked for."""
    field = api.Field(value).field(*steps)

    assert field.path == tuple(steps)
    assert isinstance(field.text(), str)
    assert field.has() is bool(field)
    for member in (*field.items(), *(entry for _, entry in field.entries())):
        assert member.path[:-1] == field.path
        assert field.get(member.path[-1]) == member.value
    field.strings(), field.integer(), field.is_true(), field.is_false()
    for view in (api.Workload(value), api.Manifest(value)):
        assert isinstance(str(view), str)
        assert isinstance(view.labels | view.annotations, dict)
    assert all(isinstance(str(container), str) for container in api.Workload({"spec": value, "kind": "Pod"}).containers)


def test_a_field_that_is_there_and_false_is_there() -> None:
    """Absent and null are the same to the cluster; false, zero and empty are values."""
    field = api.Field({"no": False, "zero": 0, "empty": "", "null": None})

    assert [bool(field.field(name)) for name in ("no", "zero", "empty", "null", "absent")] == [True] * 3 + [False] * 2
    assert (field.is_false("no"), field.integer("zero"), field.integer("no")) == (True, 0, None)


@pytest.mark.parametrize(
    ("value", "is_later"),
    [("$TAG", True), ("web:${TAG}", True), ("{{ .Values.tag }}", True), ("web", False), ("", False), (None, False)],
)
def test_a_variable_is_filled_in_later(value: Any, is_later: bool) -> None:  # noqa: FBT001  one column of the table
    """A policy does not judge what is not known yet."""
    assert api.is_filled_in_later(value) is is_later


def test_a_container_has_the_probes_that_are_mappings() -> None:
    """Each knows its name by its path."""
    data: dict[str, Any] = {"readinessProbe": {"exec": {}}, "livenessProbe": None, "startupProbe": {}}
    container = api.Container(data, ("spec", "containers", 0), "container", api.Field({}))

    assert [(probe.path[-1], probe.value) for probe in container.probes] == [
        ("startupProbe", {}),
        ("readinessProbe", {"exec": {}}),
    ]


@pytest.mark.parametrize(
    ("annotations", "is_hook"),
    [
        ({"helm.sh/hook": "test"}, True),
        ({"argocd.argoproj.io/hook": "PreSync"}, True),
        ({"helm.sh/hook-weight": "1"}, False),
        (None, False),
        (["helm.sh/hook"], False),
    ],
)
def test_a_hook_says_so_in_its_annotations(annotations: Any, is_hook: bool) -> None:  # noqa: FBT001  one column
    """Helm's and Argo CD's both count."""
    assert api.Manifest({"metadata": {"annotations": annotations}}).is_hook is is_hook


@pytest.mark.parametrize(
    ("wanted", "labels", "problems"),
    [
        ((), {}, []),
        (("team",), {"team": ""}, []),
        (("team",), {"Team": "shop"}, [("team", "is missing")]),
        (("stage=test|prod",), {"stage": "prod"}, []),
        (("stage=test|prod",), {"stage": "prod2"}, [("stage", "is prod2, which does not match test|prod")]),
        (("stage=test|prod",), {"stage": "${STAGE}"}, []),
        (("a=", "b"), {"a": "x"}, [("a", "is x, which does not match "), ("b", "is missing")]),
    ],
)
def test_labels_that_are_wanted_are_looked_for(
    wanted: tuple[str, ...], labels: dict[str, str], problems: list[tuple[str, str]]
) -> None:
    """By key, and where there is a pattern, by the whole value."""
    assert api.unmet(wanted, labels) == problems


def test_what_a_pod_needs_is_found_wherever_it_is_named() -> None:
    """In the environment and in volumes; neither what is optional, nor what a variable names."""
    pod = {
        "initContainers": [{"env": [{"valueFrom": {"configMapKeyRef": {"name": "a"}}}, {"value": "x"}, None, 7]}],
        "containers": [
            {
                "env": [{"valueFrom": {"secretKeyRef": {"name": "b"}}}],
                "envFrom": [
                    {"configMapRef": {"name": "c"}},
                    {"secretRef": {"name": "d", "optional": True}},
                    {"secretRef": {"name": "${NAME}"}},
                ],
            },
            {"env": {"a": 1}, "envFrom": "x"},
        ],
        "volumes": [
            {"configMap": {"name": "e"}},
            {"secret": {"secretName": "f"}},
            {"projected": {"sources": [{"configMap": {"name": "g"}}, {"secret": {"name": "h"}}, None]}},
            {"configMap": None},
            "x",
        ],
    }
    workload = api.Workload({"apiVersion": "v1", "kind": "Pod", "spec": pod})

    def found(kind: Literal["ConfigMap", "Secret"]) -> list[tuple[object, str]]:
        return [(field.value, ".".join(map(str, field.path[1:]))) for field in api.needed_names(workload, kind)]

    assert found("ConfigMap") == [
        ("a", "initContainers.0.env.0.valueFrom.configMapKeyRef.name"),
        ("c", "containers.0.envFrom.0.configMapRef.name"),
        ("e", "volumes.0.configMap.name"),
        ("g", "volumes.2.projected.sources.0.configMap.name"),
    ]
    assert found("Secret") == [
        ("b", "containers.0.env.0.valueFrom.secretKeyRef.name"),
        ("f", "volumes.1.secret.secretName"),
        ("h", "volumes.2.projected.sources.1.secret.name"),
    ]


def test_a_change_says_what_it_is() -> None:
    """Added, modified or removed."""
    one = api.Manifest({"kind": "Pod"})

    assert [api.Change(None, one).kind, api.Change(one, one).kind, api.Change(one, None).kind] == [
        "added",
        "modified",
        "removed",
    ]


def test_the_decorator_leaves_the_function_as_it_is() -> None:
    """A policy can be called in a test of its own like any function."""

    def own(manifest: api.Manifest) -> Iterator[api.Violation]:
        yield api.Violation(manifest, "x")

    own.__doc__ = "Asks.\n\n" + "\n\n".join(f"{heading}:\n    x" for heading in declare.HEADINGS)
    decorated = api.policy(level="note", kinds=("*",))(own)
    declare.collected.clear()

    assert decorated is own
    assert [violation.message for violation in decorated(api.Manifest({}))] == ["x"]
