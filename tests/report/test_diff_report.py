"""What a change does to objects, in every format that shows it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema.validators import Draft202012Validator

from gategit.model import (
    DryRunDifference,
    Effect,
    EffectField,
    EffectObject,
    Finding,
    Json,
    Level,
    Location,
    ObjectRef,
    Region,
    Report,
    Risk,
    RiskKind,
    Rule,
    Stage,
    Unchecked,
)
from gategit.report import render
from gategit.report.effect_markdown import EffectSection
from gategit.report.effect_view import HIDDEN, sections, shared_changes
from gategit.report.escaping import is_unseen
from gategit.report.html_report import MAX_CHANGES
from gategit.report.markdown_parts import COMMENT_LIMIT
from gategit.report.markdown_report import SUMMARY_LIMIT, render_within
from gategit.report.object_diff import ObjectDiff, to_json, to_markdown, to_text
from tests.report.test_html_report import EVERY_TAG, Page

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "schemas" / "diff.schema.json").read_text(encoding="utf-8")
)
HOSTILE = "::error::x </code></details><script>alert(1)</script> @team #12 https://x.test ``` \x1b[31m \u202eevil"


def at(file: str, line: int = 1) -> Location:
    return Location(file, Region(line, 1, line, 2))


def modified(path: str, old: Json, new: Json, place: Location | None = None) -> EffectField:
    where = place or at("base/web.yaml", 9)
    return EffectField(DryRunDifference(path, "modified", old, new), where, where)


def removed(name: str, target: str, namespace: str, *risks: Risk) -> EffectObject:
    content: Json = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}}
    return EffectObject(
        ObjectRef("v1", "PersistentVolumeClaim", namespace, name),
        "removed",
        at("base/data.yaml"),
        None,
        target,
        "kustomization overlays/" + target,
        (EffectField(DryRunDifference("", "removed", content), at("base/data.yaml")),),
        risks,
        f"removed {name}",
    )


def changed(name: str, *fields: EffectField, **more: Any) -> EffectObject:
    place = at("base/web.yaml", 2)
    values: dict[str, Any] = {"old": place, "new": place, "target": "prod", "same": f"changed {name}", **more}
    return EffectObject(ObjectRef("apps/v1", "Deployment", "shop", name), "modified", fields=fields, **values)


DATA_LOSS = Risk(RiskKind.DATA_LOSS, "the data in it may go with it")


@pytest.fixture
def effect() -> Effect:
    """A change to two targets of one base, to one of them alone, to a unit and to files; and one that nobody knows."""
    web = (
        modified("spec.replicas", 3, 1, at("overlays/prod/kustomization.yaml", 7)),
        modified("spec.template.spec.containers[0].env[0].value", HIDDEN, HIDDEN),
        EffectField(DryRunDifference("spec.paused", "removed", "yes"), at("base/web.yaml", 5), None),
        EffectField(DryRunDifference("metadata.labels", "added", None, {"a": "b"}), None, Location("base/web.yaml")),
    )
    text = modified("data.text", "one\ntwo\nthree\n", "one\n2\nthree\n", at("apps/c.yaml", 4))
    new: Json = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new"}, "data": {"a": "x\ny"}}
    return Effect(
        (
            changed("plain", modified("data.mode", "fast", "slow"), target=None, same=""),
            EffectObject(
                ObjectRef("v1", "ConfigMap", None, "new"),
                "added",
                None,
                at("apps/new.yaml"),
                None,
                "Flux Kustomization flux-system/apps",
                (EffectField(DryRunDifference("", "added", None, new), None, at("apps/new.yaml")),),
            ),
            changed("web", *web, risks=(Risk(RiskKind.CAPACITY, "replicas fall from 3 to 1"),)),
            changed("text", text, target=None, new=at("apps/c.yaml"), old=at("apps/b.yaml")),
            removed("data", "prod", "shop-prod", DATA_LOSS),
            removed("data", "staging", "shop-staging", DATA_LOSS),
        ),
        (Unchecked("kustomization clusters/dev for dev (clusters/dev/kustomization.yaml:3)", "it names no file"),),
    )


@pytest.fixture
def report(clean_report: Report, effect: Effect) -> Report:
    """A report of that change with nothing else to say."""
    return replace(clean_report, effect=effect)


@pytest.mark.parametrize("format_", ["markdown", "html", "diff"])
def test_effect_is_written_exactly_as_in_its_snapshot(
    format_: str, report: Report, assert_snapshot: Callable[[str, str], None]
) -> None:
    """Any change of what a reader sees shows in the review of the snapshot."""
    suffix = {"markdown": "md", "html": "html", "diff": "diff"}[format_]
    assert_snapshot(f"effect.{suffix}", render(report, format_))


@pytest.mark.parametrize("format_", ["text", "json", "sarif", "github", "junit"])
def test_other_formats_do_not_show_it(format_: str, report: Report) -> None:
    """What they are read by knows findings, nothing else."""
    assert render(report, format_) == render(replace(report, effect=None), format_)


def test_the_riskiest_comes_first_and_what_many_share_is_shown_once(effect: Effect) -> None:
    """Two targets that lose the same claim are one entry of two places, before whatever is less grave."""
    shared = shared_changes(effect)
    assert [one.name for one in shared] == [
        "PersistentVolumeClaim data",
        "Deployment shop/web",
        "ConfigMap new",
        "Deployment shop/plain",
        "Deployment shop/text",
    ]
    assert shared[0].destinations == ("prod", "staging")
    assert shared[0].namespaces == ("shop-prod", "shop-staging")
    assert [(one.title, one.namespace, dict(one.counts())) for one in sections(shared)] == [
        ("prod and staging", "namespaces shop-prod and shop-staging", {"removed": 2}),
        ("prod", "namespace shop", {"modified": 1}),
        ("Flux Kustomization flux-system/apps", "no namespace", {"added": 1}),
        ("files", "namespace shop", {"modified": 2}),
    ]


def test_text_for_a_terminal(effect: Effect) -> None:
    """Each object with its place and its risks, each field with the line that sets it; lines fit a terminal."""
    text = to_text(ObjectDiff("1" * 40, "worktree", effect))
    assert text == (
        "prod and staging, namespaces shop-prod and shop-staging: 2 removed\n"
        "\n"
        "  removed PersistentVolumeClaim data (v1)  in 2 places\n"
        "      base/data.yaml:1, in the base\n"
        "    ! data-loss: the data in it may go with it\n"
        "\n"
        "prod, namespace shop: 1 modified\n"
        "\n"
        "  modified Deployment shop/web (apps/v1)\n"
        "      base/web.yaml:2\n"
        "    ! capacity: replicas fall from 3 to 1\n"
        "         spec.replicas: 3 → 1\n"
        "           (overlays/prod/kustomization.yaml:7)\n"
        "      9  spec.template.spec.containers[0].env[0].value: (secret value changed)\n"
        '      5  spec.paused: removed "yes" (line in the base)\n'
        '         metadata.labels: added {"a": "b"}\n'
        "\n"
        "Flux Kustomization flux-system/apps, no namespace: 1 added\n"
        "\n"
        "  added ConfigMap new (v1)\n"
        "      apps/new.yaml:1\n"
        "\n"
        "files, namespace shop: 2 modified\n"
        "\n"
        "  modified Deployment shop/plain (apps/v1)\n"
        "      base/web.yaml:2\n"
        '      9  data.mode: "fast" → "slow"\n'
        "\n"
        "  modified Deployment shop/text (apps/v1)\n"
        "      apps/c.yaml:1 from apps/b.yaml:1\n"
        "      4  data.text:\n"
        "         @@ -1,3 +1,3 @@\n"
        "          one\n"
        "         -two\n"
        "         +2\n"
        "          three\n"
        "\n"
        "not known: kustomization clusters/dev for dev (clusters/dev/kustomization.yaml:3): it names no file\n"
        "\n"
        "objects: 1 added, 3 modified, 2 removed, 3 of them at risk; 1 not known\n"
    )


def test_json_has_each_object_in_each_place(effect: Effect) -> None:
    """Scripts get what is shared once for each target; no value of a secret, and no more than the schema says."""
    found = json.loads(to_json(ObjectDiff("1" * 40, "worktree", effect, (Unchecked("a.yaml", "too large"),))))
    Draft202012Validator(SCHEMA).validate(found)
    assert found["summary"] == {"added": 1, "modified": 3, "removed": 2}
    assert [(one["target"], one["unit"]) for one in found["objects"][:2]] == [
        ("prod", "kustomization overlays/prod"),
        ("staging", "kustomization overlays/staging"),
    ]
    assert found["objects"][0]["risks"] == [
        {"kind": "data-loss", "reason": "the data in it may go with it", "path": ""}
    ]
    assert found["objects"][0]["fields"] == []
    assert found["objects"][2]["fields"][1]["new"] == {
        "value": None,
        "file": "base/web.yaml",
        "line": 9,
        "hidden": True,
    }
    assert found["unknown"][0]["reason"] == "it names no file"
    assert found["unchecked"] == [{"what": "a.yaml", "reason": "too large"}]


def many(report: Report, number: int, size: int = 200) -> Report:
    objects = tuple(
        EffectObject(
            ObjectRef("v1", "ConfigMap", f"ns-{index % 7}", f"c-{index:05}"),
            "modified",
            at(f"{index}.yaml"),
            at(f"{index}.yaml"),
            f"target-{index % 11}",
            None,
            (modified("data.a", "x" * size, "y" * size),),
            (DATA_LOSS,) if index == number - 1 else (),
        )
        for index in range(number)
    )
    return replace(report, effect=Effect(objects))


def test_namespaces_that_are_not_shown_are_counted_where_they_are() -> None:
    """What goes to three targets, into another namespace in each, is in three namespaces, not in nine."""
    objects = tuple(
        EffectObject(
            ObjectRef("v1", "ConfigMap", f"ns-{index}", "settings"),
            "modified",
            at("base.yaml"),
            at("base.yaml"),
            f"target-{index}",
            None,
            (modified("data.a", "x" * 4000, "y" * 4000),),
            same="base.yaml",
        )
        for index in range(3)
    )
    text = EffectSection(Effect(objects), 8192).within(1500)
    assert "<p>3 objects more in 3 namespaces not shown for lack of room: 3 modified." in text


@pytest.mark.parametrize("limit", [8192, COMMENT_LIMIT, SUMMARY_LIMIT])
def test_what_does_not_fit_is_counted(limit: int, clean_report: Report) -> None:
    """The riskiest object is kept; what is shown and what is not are all there are; the whole is in the diff report."""
    report = many(clean_report, 5000)
    text = render_within(report, limit)
    assert len(text.encode()) <= limit
    assert text.index("c-04999") < text.index("c-00000")
    match = re.search(
        r"<p>([\d,]+) objects more in \d+ namespaces? not shown for lack of room: ([\d,]+) modified", text
    )
    assert match is not None
    assert match[1] == match[2]
    assert int(match[1].replace(",", "")) + text.count("<summary>") == 5000
    assert render(report, "diff").count("data.a:") == 5000


def test_findings_come_first(clean_report: Report) -> None:
    """However much the change does, findings are shown as long as they leave it a third of the room."""
    findings = tuple(
        Finding("r", Stage.SCHEMA, Level.ERROR, f"wrong {number}", Location(f"{number}.yaml")) for number in range(100)
    )
    text = render(replace(many(clean_report, 5000), findings=findings), "markdown")
    assert text.count("<td>wrong ") == 100
    assert text.index("wrong 99") < text.index("What this change does")
    assert len(text.encode()) > COMMENT_LIMIT - 4096


def test_one_object_never_fills_the_section(clean_report: Report) -> None:
    """Lines of one object and values are cut; the other objects have their place."""
    long = tuple(modified(f"data.k{number}", "x" * 1000, "y" * 1000) for number in range(5000))
    report = replace(clean_report, effect=Effect((changed("big", *long), changed("small", modified("a", 1, 2)))))
    text = render_within(report, SUMMARY_LIMIT)
    assert "… 9,801 more lines" in text
    assert "<code>Deployment shop/small</code>" in text


def test_even_the_least_room_says_what_there_is(clean_report: Report) -> None:
    """Where not even the names of what is not known fit, one sentence counts it all."""
    unknown = tuple(Unchecked(f"unit {number} {'n' * 90}", f"reason {number} {'r' * 290}") for number in range(50))
    effect = replace(many(clean_report, 50).effect or Effect(), unknown=unknown)
    assert EffectSection(effect, 8192).within(2000) == (
        "<p>What this change does is not shown for lack of room: "
        "0 added, 50 modified, 0 removed, 1 of them at risk; 50 not known.</p>\n\n"
    )


def test_page_is_well_formed(clean_report: Report) -> None:
    """No name of the change becomes an element or an attribute of the page."""
    page = Page(render(replace(clean_report, effect=hostile(HOSTILE)), "html"))
    assert page.open == []
    assert page.tags <= EVERY_TAG | {"details", "summary"}
    assert "open" in page.attributes
    assert not any(name.startswith("on") or name in {"src", "href"} for name in page.attributes)


def test_long_texts_are_compared_by_nobody(clean_report: Report) -> None:
    """To compare them takes long; where all is shown, they stand there one after the other."""
    old, new = "a\n" * 600, "b\n" * 600
    effect = Effect((changed("web", modified("data.text", old, new)),))
    assert "(a text of 601 lines became one of 601 lines)" in to_text(ObjectDiff(None, "worktree", effect))
    whole = render(replace(clean_report, effect=effect), "diff")
    assert (whole.count("         -a\n"), whole.count("         +b\n")) == (600, 600)


def test_page_counts_what_it_leaves_out(clean_report: Report) -> None:
    """A browser is not asked to draw more than it can."""
    text = render(many(clean_report, MAX_CHANGES + 7), "html")
    assert text.count("<details") == MAX_CHANGES
    assert "More not shown, the least risky ones: 7 modified." in text


def test_nothing_to_show_is_said(clean_report: Report) -> None:
    """A change that does nothing to any object is another thing than a run without a change."""
    nothing = replace(clean_report, effect=Effect())
    assert "<p>0 added, 0 modified, 0 removed</p>" in render(nothing, "markdown")
    assert "What this change does" not in render(clean_report, "markdown")
    assert "there is nothing to compare with" in render(clean_report, "diff")


def test_what_a_finding_calls_a_secret_is_not_shown(clean_report: Report) -> None:
    """A rule may know better than the names of fields: the value and the whole object around it are hidden."""
    rule = Rule("secret", Level.ERROR, Stage.POLICY, "s", "r", "h", sensitive=True)
    ref = ObjectRef("apps/v1", "Deployment", "shop", "web")
    finding = Finding("secret", Stage.POLICY, Level.ERROR, "m", at("patch.yaml"), object=ref, path=("spec", "word"))
    new: Json = {"spec": {"word": "HUNTER"}}
    whole = replace(changed("web", EffectField(DryRunDifference("", "added", None, new))), change="added")
    one = changed("web", modified("spec.word", "HUNTER", "DRAGON"), modified("spec.other", 1, 2))
    for effect in (Effect((one,)), Effect((whole,))):
        report = replace(clean_report, findings=(finding,), rules={"secret": rule}, effect=effect)
        for format_ in ("markdown", "html", "diff"):
            text = render(report, format_)
            assert "HUNTER" not in text
            assert "DRAGON" not in text


def hostile(text: str) -> Effect:
    one = EffectObject(
        ObjectRef(text, text, text, text),
        "modified",
        at(text or "f"),
        at(f"{text}2"),
        text,
        text,
        (modified(text or "x", text, {text: [text, {text: text}]}, at(text or "f")), modified("b", "a\n" + text, text)),
        (Risk(RiskKind.ACCESS, text, text),),
    )
    whole: Json = {text: text, "list": [text, [text]]}
    new = EffectField(DryRunDifference("", "added", None, whole))
    return Effect((one, replace(one, change="added", old=None, fields=(new,))), (Unchecked(text, text),))


def test_hostile_names_are_live_nowhere(clean_report: Report) -> None:
    """No mention, link, element or workflow command of the pull request is live; fences end where they should."""
    effect = hostile(HOSTILE)
    markdown = to_markdown(ObjectDiff(None, "worktree", effect))
    fences = re.compile(r"^(`{3,})diff\n.*?^\1$", re.MULTILINE | re.DOTALL)
    live = re.sub(r"<code>[^<]*</code>", "", fences.sub("", markdown))
    for trace in ("@team", "https:", "#12", "<script"):
        assert trace not in live
    tags = set(re.findall(r"</?([a-z0-9]+)", live))
    assert tags <= {*("p", "ul", "li", "b", "h3", "table", "tr", "th", "td"), *("details", "summary")}
    assert live.count("<details") == live.count("</details>")
    page = render(replace(clean_report, effect=effect), "html")
    assert "<script>alert" not in page


@example(":")
@given(st.text(st.characters(), max_size=40) | st.sampled_from([HOSTILE, "\n::error::x", "`" * 9, "\ud800", "</pre>"]))
def test_no_text_escapes_its_place(text: str) -> None:
    """Whatever names and values are: every line is printable and begins no command, JSON is JSON."""
    diff = ObjectDiff(None, "worktree", hostile(text), (Unchecked(text, text),))
    written = to_text(diff)
    assert written.encode()
    for line in written.splitlines():
        assert not any(is_unseen(character) for character in line)
        assert not line.lstrip().startswith("::")
    Draft202012Validator(SCHEMA).validate(json.loads(to_json(diff)))
    assert to_markdown(diff).encode()
