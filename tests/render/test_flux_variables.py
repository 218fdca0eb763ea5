"""What Flux does with objects once they are built, and what is found on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gategit.model import Location, ObjectRef
from gategit.render.flux_variables import Variables, finish, substitute, variables_of
from gategit.render.values import KustomizeBuild, Owner, Rendered, RenderedObject, RenderProblem, Trace, Unit
from tests.render.conftest import MakeTree
from tests.render.flux_world import SETTINGS, shown

OWNER = Owner(
    ObjectRef("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "flux-system", "apps"), Location("apps.yaml")
)


def config_map(data: Mapping[str, Any], **metadata: Any) -> dict[str, Any]:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", **metadata}, "data": dict(data)}


def unit(**more: Any) -> Unit:
    """A unit with a variable."""
    return Unit("apps", KustomizeBuild("apps"), OWNER, **{"substitute": (("name", "shop"),), **more})


@pytest.mark.parametrize(
    ("written", "value", "result"),
    [
        ("${v}", "true", True),
        ("${v}", "08080", 8080),
        ("${v}", "0755", 493),
        ("${v}", "1e3", 1000),
        ("${v}", "", None),
        ("${v}", "[a, b]", ["a", "b"]),
        ("${v} ", "true", "true "),
        ("a: ${v}", "1", "a: 1"),
        ("v${v}", "1", "v1"),
        ('${v:="5"}', "", "5"),
        ("one\ntwo ${v}\n", "x", "one\ntwo x\n"),
        ("${v}", "a # b", "a"),
    ],
)
def test_a_value_is_put_into_the_text_of_the_object(written: str, value: str, result: object) -> None:
    """There are no quotes but those that Go writes: what comes of it is what YAML makes of the text."""
    found = substitute(config_map({"key": written}), Variables({"v": value}))
    assert (found.data["data"]["key"], found.refused) == (result, "")


@pytest.mark.parametrize("where", ["labels", "annotations"])
def test_an_object_may_be_left_alone(where: str) -> None:
    """By a label or an annotation."""
    data = config_map({"key": "${name}"}, **{where: {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}})
    assert substitute(data, Variables({"name": "shop"})).data is data


def test_without_any_variable_nothing_is_filled_in() -> None:
    """``${name}`` and ``$$`` stay as they are, unless the Kustomization says that defaults are to be taken always."""
    assert variables_of(unit(substitute=None)) is None
    assert variables_of(unit(substitute=())) is None
    assert variables_of(unit(substitute=(), unknown=None)) is not None
    always = variables_of(unit(substitute=(), always=True))
    assert always is not None
    assert substitute(config_map({"key": "${name:=a}"}), always).data["data"] == {"key": "a"}


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            "echo ${name[0]}",
            "Flux cannot fill in ${name[0]}: missing closing brace; it then applies nothing of Kustomization apps",
        ),
        (
            "{${name}",
            (
                "Flux cannot fill in its variables: what comes of it is no YAML; it then applies nothing of "
                "Kustomization apps"
            ),
        ),
    ],
)
def test_what_flux_refuses_is_found_where_it_stands(make_tree: MakeTree, written: str, message: str) -> None:
    """With its place in the file that declares the object; the other objects are there all the same."""
    tree = make_tree({"apps/a.yaml": f"data:\n  key: |\n    {written}\n"})
    bad = RenderedObject(config_map({"key": written, "other": "'${quote}'"}), Trace("apps/a.yaml"))
    good = RenderedObject(config_map({"key": "${name}"}), Trace("apps/b.yaml"))
    result = finish(Rendered(unit(substitute=(("name", "shop"), ("quote", "'"))), (bad, good)), tree, SETTINGS)
    assert [one.data["data"]["key"] for one in result.objects] == [written, "shop"]
    assert result.failed
    places = {"echo ${name[0]}": "apps/a.yaml:3:10", "{${name}": "apps/a.yaml"}
    assert [shown(problem) for problem in result.problems] == [
        f"{places[written]} substitution-failed: ConfigMap a: {message}"
    ]


def test_a_variable_that_is_set_nowhere_is_found_where_it_stands(make_tree: MakeTree) -> None:
    """Once for each object; in the file that declares it, in that of its generator, or in a patch."""
    tree = make_tree(
        {
            "apps/a.yaml": "data:\n  one: ${domain_name} ${domain}\n  two: $${tag}\n",
            "apps/kustomization.yaml": "patches:\n  - patch: '{data: {tag: \"${tag}\"}}'\n",
        }
    )
    data = config_map({"one": "${domain_name} ${domain}", "two": "$${tag}", "tag": "${tag}"}, namespace="shop")
    one = RenderedObject(data, Trace("apps/a.yaml", changed_by=("apps/kustomization.yaml",)))
    result = finish(Rendered(unit(), (one,)), tree, SETTINGS)
    assert result.objects[0].data["data"] == {"one": None, "two": "${tag}", "tag": None}
    assert not result.failed
    ending = "is set nowhere and has no default: Flux puts nothing in its place"
    assert [shown(problem) for problem in result.problems] == [
        f"apps/a.yaml:2:8 variable-unset: ConfigMap shop/a: the variable domain_name {ending}",
        f"apps/a.yaml:2:23 variable-unset: ConfigMap shop/a: the variable domain {ending}",
        f"apps/kustomization.yaml:2:27 variable-unset: ConfigMap shop/a: the variable tag {ending}",
    ]


def test_an_object_whose_name_is_no_text_is_left_out(make_tree: MakeTree) -> None:
    """Flux passes over it without a word."""
    data = {**config_map({}), "metadata": {"name": "${number}"}}
    tree = make_tree({"apps/a.yaml": "metadata:\n  name: ${number}\n"})
    one = RenderedObject(data, Trace("apps/a.yaml"))
    result = finish(Rendered(unit(substitute=(("number", "8080"),)), (one,)), tree, SETTINGS)
    assert result.objects == ()
    assert [shown(problem) for problem in result.problems] == [
        (
            "apps/a.yaml:2:9 substitution-failed: ConfigMap ${number}: once its variables are filled in, metadata.name "
            "is no text, and Flux leaves the object out without a word"
        )
    ]


def test_labels_and_annotations_are_put_on_in_the_end(make_tree: MakeTree) -> None:
    """Over those of the object, which stays as it was for whoever holds it."""
    data = config_map({}, labels={"team": "web", "app": "shop"})
    one = RenderedObject(data)
    marked = unit(substitute=None, labels=(("team", "platform"),), annotations=(("seen", "yes"),))
    result = finish(Rendered(marked, (one,)), make_tree({"a": ""}), SETTINGS)
    assert result.objects[0].data["metadata"] == {
        "name": "a",
        "labels": {"team": "platform", "app": "shop"},
        "annotations": {"seen": "yes"},
    }
    assert data["metadata"] == {"name": "a", "labels": {"team": "web", "app": "shop"}}


def test_what_flux_does_nothing_with_is_returned_as_it_is(make_tree: MakeTree) -> None:
    """No copy is made of what nobody changes."""
    rendered = Rendered(unit(substitute=None), (RenderedObject(config_map({"key": "${name}"})),))
    assert finish(rendered, make_tree({"a": ""}), SETTINGS) is rendered


def test_a_failure_for_want_of_values_that_cannot_be_read_is_no_finding(make_tree: MakeTree) -> None:
    """It is counted as not looked at, with what was lacking; that no program is there is nobody's fault of a change."""
    lacking = "the values of the Secret hidden cannot be read here"
    problem = RenderProblem("render-failed", "the host must be set", Location("charts/web/templates/a.yaml"))
    result = finish(
        Rendered(unit(substitute=None, uncertain=(lacking,)), problems=(problem,)), make_tree({"a": ""}), SETTINGS
    )
    assert result.failed
    assert result.problems == ()
    assert result.unchecked == (("apps", f"{lacking}; without that it cannot be rendered"),)
    missing = RenderProblem("not-rendered", "helm is not installed", Location("apps.yaml"))
    blind = finish(
        Rendered(unit(substitute=None, uncertain=(lacking,)), problems=(missing,)), make_tree({"a": ""}), SETTINGS
    )
    assert (blind.failed, blind.problems, blind.unchecked) == (True, (missing,), (("apps", lacking),))


def test_all_objects_together_cannot_be_made_to_grow_without_end(make_tree: MakeTree) -> None:
    """What comes of all of them together may be no more than what a renderer may print."""
    one = RenderedObject(config_map({"key": "${name}"}))
    large = unit(substitute=(("name", "x" * 600),))
    result = finish(Rendered(large, (one, one)), make_tree({"a": ""}), replace(SETTINGS, output=1000))
    assert [len(found.data["data"]["key"]) for found in result.objects] == [600, 7]
    assert [problem.message.partition("; ")[0] for problem in result.problems] == [
        "ConfigMap a: Flux cannot fill in ${name}: more than 335 bytes come of it"
    ]
