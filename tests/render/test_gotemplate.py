"""Templates of Go, held to Go's own ``text/template`` with sprig: what is understood comes out as there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategit.render.gotemplate import NotUnderstoodError, TemplateError, numbers_as_go, render
from gategit.render.gotemplate_functions import FUNCTIONS, normalize, to_yaml
from tests.tools.go_argocd import GoArgocd, running

DATA: dict[str, Any] = {
    "path": {"path": "apps/web", "basename": "web", "segments": ["apps", "web"]},
    "name": "Prod-EU 1",
    "n": 1000000,
    "i": 3,
    "f": 1.5,
    "z": 0,
    "t": True,
    "no": False,
    "nil": None,
    "e": "",
    "el": [],
    "em": {},
    "l": ["b", "a", "b"],
    "m": {"x": "y", "a": 1, "d": {"k": "v"}},
    "u": "héllo",
    "num": "42",
    "mixed": [1, "a", True, None],
    "big": 123456789.125,
    "small": 0.00001234,
}

TEMPLATES = r"""
{{ .path.basename }}
{{ .zz }}
{{ .zz.yy }}
{{ .nil }}
{{ .n }} {{ .f }} {{ .i }} {{ .z }} {{ .big }} {{ .small }}
{{ .t }} {{ .l }} {{ .m }} {{ .mixed }} {{ .el }} {{ .em }}
{{ len . }} {{ len .l }} {{ len .u }} {{ len .m }}
{{ len .n }}
{{ index .l 0 }} {{ index .m "x" }} {{ index .m "d" "k" }}
{{ index .l 5 }}
{{ index .m "q" }}
{{ index .nil 1 }}
{{ if .e }}a{{ else }}b{{ end }}{{ if .z }}a{{ else if .t }}c{{ end }}{{ if not .el }}q{{ end }}
{{ if and .t (eq .i .i) }}a{{ end }}{{ if or .e .z .nil }}b{{ else }}c{{ end }}
{{ with .m.d }}{{ .k }}{{ else }}n{{ end }}{{ with .e }}x{{ else }}{{ .name }}{{ end }}
{{ with $x := .name }}{{ $x }}{{ end }}
{{ with .e }}a{{ else with .m }}{{ .x }}{{ end }}
{{ range .l }}{{ . }},{{ end }}{{ range $i, $v := .l }}{{ $i }}:{{ $v }};{{ end }}
{{ range $k, $v := .m }}{{ $k }}={{ $v }};{{ end }}{{ range $v := .l }}{{ $v }}{{ end }}
{{ range .el }}a{{ else }}none{{ end }}{{ range .em }}a{{ else }}none{{ end }}
{{ range .zz }}a{{ else }}none{{ end }}
{{ range .i }}x{{ end }}
{{ eq .name "Prod-EU 1" }} {{ eq .t true }} {{ ne .e "" }} {{ eq .path.basename "a" "web" }} {{ eq .nil nil }}
{{ eq .i 3 }}
{{ eq .zz nil }}
{{ eq .zz "a" }}
{{ eq .l .l }}
{{ lt 1 2 }} {{ gt .f 1.0 }} {{ le "a" "b" }} {{ ge 2 2 }}
{{ and .t .name }} {{ or .e .name }} {{ or .e .z }} {{ not .t }} {{ and .t .no | not }}
{{ and .e .zz }}
{{ printf "%s-%v" .name .i }} {{ printf "%d" 3 }} {{ printf "%q" .name }} {{ printf "%v" .nil }} {{ printf "100%%" }}
{{ printf "%v" .l }}
{{ printf "%d" .i }}
{{ printf "%5s" .name }}
{{ print .name 1 2 "a" }} {{ print 1 2 }} {{ println .name }}
{{ default "d" .e }} {{ default "d" .name }} {{ .z | default 5 }} {{ .el | default "x" }}
{{ default "d" .zz }}
{{ empty .e }} {{ coalesce .e .nil .name }} {{ ternary "y" "n" .t }} {{ .t | ternary "y" "n" }}
{{ lower .name }} {{ upper .u }} {{ trim "  a " }} {{ trimAll "$" "$5$" }}
{{ trimPrefix "Prod" .name }} {{ trimSuffix "1" .name }} {{ replace " " "_" .name }}
{{ trunc 3 .name }} {{ trunc -3 .name }} {{ trunc 0 .name }} {{ trunc 50 .name }} {{ trunc -50 .name }}
{{ contains "EU" .name }} {{ hasPrefix "Prod" .name }} {{ hasSuffix "1" .name }} {{ nospace .name }}
{{ repeat 3 "ab" }} {{ indent 2 "a\nb" }} {{ nindent 2 "a" }}
{{ quote .name }} {{ quote .i .nil }} {{ squote .name 1 }} {{ toString .i }} {{ toString .nil }}
{{ lower .i }}
{{ lower .zz }}
{{ (split "-" .name)._0 }} {{ (splitn "-" 1 .name)._0 }} {{ (splitn "-" 2 .name)._1 }}
{{ splitList "/" .path.path }} {{ splitList "/" .path.path | last }} {{ index (splitList "/" .path.path) 1 }}
{{ join "-" .l }} {{ join "-" .mixed }} {{ join "," .name }} {{ b64enc .name }}
{{ list 1 2 "a" }} {{ first .l }} {{ last .l }} {{ rest .l }} {{ initial .l }} {{ reverse .l }}
{{ append .l "q" }} {{ prepend .l "q" }} {{ concat .l .el }} {{ compact .mixed }}
{{ has "a" .l }} {{ has 3 .l }} {{ has 1.0 .mixed }} {{ until 3 }}
{{ first .el }} {{ last .el }} {{ rest .el }} {{ initial .el }}
{{ get .m "x" }} {{ get .m "q" }} {{ hasKey .m "x" }} {{ dict "a" 1 "b" }} {{ (dict "a" .name).a }}
{{ dig "m" "d" "k" "no" . }} {{ dig "m" "q" "k" "no" . }}
{{ dig "name" "k" "no" . }}
{{ int .i }} {{ int64 "42" }} {{ atoi .num }} {{ atoi "x" }} {{ int .f }} {{ int -1.5 }} {{ int .t }} {{ int .nil }}
{{ add 1 2 .i }} {{ add1 .i }} {{ sub 5 .i }} {{ mul 2 .i 2 }} {{ div 7 2 }} {{ div -7 2 }}
{{ toJson .m }} {{ toJson .l }} {{ toJson .mixed }} {{ toJson .name }}
{{ toJson .u }} {{ toJson .i }} {{ toJson "<&>" }}
{{- .name -}} x
a {{- " b" }}{{/* c */}}d{{- /* c */ -}} e
{{ "a}}b" }} {{ `raw "x"` }}
{{ $x := .name }}{{ $x | lower }}
{{ $x := 1 }}{{ if .t }}{{ $x = 2 }}{{ end }}{{ $x }}
{{ $x := 1 }}{{ range .l }}{{ $x = add $x 1 }}{{ end }}{{ $x }}
{{ $x := 1 }}{{ if .t }}{{ $x := 2 }}{{ end }}{{ $x }}
{{ $.name }}{{ range .l }}{{ $.i }}{{ end }}
{{ $y }}
{{ (.m).x }} {{ (index .l 0) | upper | quote }}
{{ .m.x.q }}
{{ .name.q }}
{{ .nil.q }}
{{ nope 1 }}
{{ .a }
{{ end }}
{{ if .t }}
{{ "a" "b" }}
{{ nil }}
{{ }}
{{ | }}
{{ .name | }}
{{ true }} {{ 3 }} {{ -4 }} {{ 1.50 }}
{{ fail "no" }}
{{ .name.}}
{{ ( .name }}
{{ .name ) }}
{{ define "x" }}{{ end }}
}} {{ .name }} { }
"""


@pytest.fixture(scope="module")
def go() -> Iterator[GoArgocd]:
    """Go itself."""
    with running() as program:
        yield program


def ours(template: str, *, strict: bool = False) -> str | type[NotUnderstoodError] | None:
    """What comes of a template; None where it is refused, the error's class where it is not understood."""
    try:
        return render(template, numbers_as_go(DATA), FUNCTIONS, strict=strict)
    except TemplateError:
        return None
    except NotUnderstoodError:
        return NotUnderstoodError


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("template", TEMPLATES.strip().split("\n"))
def test_what_is_understood_comes_out_as_in_go(go: GoArgocd, template: str, strict: bool) -> None:  # noqa: FBT001  pytest hands it in
    """The same text, or refused by both, or not understood; nothing is guessed."""
    found = ours(template, strict=strict)
    if found is not NotUnderstoodError:
        assert found == go.render(template, DATA, strict=strict)


@pytest.mark.parametrize(
    "template",
    [
        "{{ .path.basename }}-{{ .name | lower | replace ` ` `-` }}",
        "{{ index .path.segments 1 }}",
        '{{ dig "m" "q" "none" . }}',
        "{{ if hasPrefix `apps` .path.path }}{{ .path.basename }}{{ end }}",
        "{{ range $i, $one := .l }}{{ if $i }},{{ end }}{{ $one }}{{ end }}",
    ],
)
def test_what_people_write_is_understood(go: GoArgocd, template: str) -> None:
    """Refusing everything would be right, and of no use."""
    assert ours(template, strict=True) == go.render(template, DATA, strict=True)
    assert ours(template) is not NotUnderstoodError


PIECES = (
    *("{{", "}}", "{{-", "-}}", ".name", ".l", ".m.x", ".zz", "|", "lower", "quote", "if ", "else", "end", "range "),
    *("with ", "$x", ":=", "=", "(", ")", '"a"', "`b`", "1", "-2", "eq ", "index ", " ", " ", "text", ",", ".", "nil"),
)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_any_template_comes_out_as_in_go(go: GoArgocd, template: str) -> None:
    """Also of pieces in no sensible order."""
    found = ours(template)
    if found is not NotUnderstoodError:
        assert found == go.render(template, DATA)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES[4:]), min_size=1, max_size=8).map("".join))
def test_any_action_comes_out_as_in_go(go: GoArgocd, action: str) -> None:
    """Of pieces in no sensible order, within braces."""
    template = f"a {{{{ {action} }}}} b"
    found = ours(template)
    if found is not NotUnderstoodError:
        assert found == go.render(template, DATA)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_printed_as_go_prints_them(go: GoArgocd, number: float) -> None:
    """The shortest digits, with an exponent where Go writes one."""
    assert render("{{ .n }}", {"n": number}, {}) == go.render("{{ .n }}", {"n": number})


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ .nmae }}", 'it asks for "nmae", and there is no such parameter'),
        ("{{ .nil.x }}", 'it asks for "x" of a parameter that is null'),
        ("{{ .name.x }}", 'it asks for "x" of a parameter that is no map'),
        ("{{ .name", "a {{ in it has no }}"),
        ("{{ if .t }}a", "an if in it has no end"),
        ('{{ fail "no region" }}', "it fails with: no region"),
        ("{{ index .l 7 }}", "it asks for the item 7 of a list of 3"),
    ],
)
def test_what_go_refuses_is_said(template: str, message: str) -> None:
    """One sentence."""
    with pytest.raises(TemplateError) as caught:
        render(template, numbers_as_go(DATA), FUNCTIONS, strict=True)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "template",
    [
        "{{ repeat 100000000 .name }}",
        "{{ range $a := until 1000 }}{{ range $b := until 1000 }}x{{ end }}{{ end }}",
        "{{ repeat 1000 (repeat 1000 (repeat 1000 .name)) }}",
        "{{ " + "(" * 3000 + ".name" + ")" * 3000 + " }}",
        "{{ if .t }}" * 3000 + "{{ end }}" * 3000,
        "{{ $x := repeat 1000 `a` }}" + "{{ $x = replace `a` $x $x }}" * 20 + "{{ $x }}",
        "{{ $x := .l }}" + "{{ $x = concat $x $x }}" * 64 + "{{ len $x }}",
        "{{ $x := .l }}" + "{{ $x = list $x $x }}" * 64 + "{{ $x }}",
        "{{ $x := .m }}" + '{{ $x = dict "a" $x "b" $x }}' * 64 + "{{ toJson $x }}",
    ],
)
def test_a_hostile_template_is_not_followed(template: str) -> None:
    """Loops, growth and depth end soon, as what is not understood."""
    assert ours(template) is NotUnderstoodError


def test_names_are_made_plain() -> None:
    """Small letters, digits, dots and dashes, with neither of the last two at an end."""
    assert [normalize(one) for one in ("Prod EU_1", "-a.", "ä", "x" * 300)] == ["prod-eu-1", "a", "", "x" * 253]


def test_yaml_comes_out_as_data() -> None:
    """What ``toYaml`` writes is the data again."""
    data = {"a": [1, {"b": "x: y", "c": []}], "d": {"e": None, "f": True}, "g": 1.5}
    text = render("{{ toYaml .m }}", {"m": data}, FUNCTIONS)

    assert text == to_yaml(data)
    assert text == '"a":\n  - 1\n  - "b": "x: y"\n    "c": []\n"d":\n  "e": null\n  "f": true\n"g": 1.5'
    assert json.loads(render("{{ fromYaml (toYaml .m) | toJson }}", {"m": data}, FUNCTIONS)) == data
