"""Reading answers that no real server gives on demand, and answers that mean harm."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategit.checks.dry_run.answers import MOST, Reading, ReadingKind, read_answer
from gategit.checks.dry_run.messages import LONGEST
from gategit.cluster.answer import Answer, Cause
from gategit.model import format_path

Object = dict[str, Any]

DEPLOYMENT: Object = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "labels": {"app.example.com/part": "x"}},
    "spec": {
        "replicas": 1,
        "template": {"spec": {"containers": [{"name": "c", "image": "nginx", "env": [{"name": "A", "value": "1"}]}]}},
    },
}
SECRET: Object = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "s"},
    "stringData": {"password": "correct-horse", "pin": 4711, "quoted": 'say "hello" twice', "short": "ab"},
    "data": {"token": "YmF0dGVyeS1zdGFwbGU="},
}


def status(code: int, message: str, reason: str = "", causes: Any = None, warnings: tuple[str, ...] = ()) -> Answer:
    """An answer with a Status object."""
    body: Object = {"kind": "Status", "apiVersion": "v1", "message": message, "reason": reason, "code": code}
    if causes is not None:
        body["details"] = {"causes": causes}
    return Answer(code, json.dumps(body).encode(), warnings)


def invalid(field: str, message: str, reason: str = "FieldValueInvalid") -> Answer:
    """An Invalid answer with one cause."""
    return status(422, "it is invalid", "Invalid", [{"reason": reason, "message": message, "field": field}])


def lines(reading: Reading) -> list[str]:
    """The problems: rule, path and message."""
    return [f"{one.rule} {format_path(one.path) or '-'} {one.message}" for one in reading.problems]


# --- whose fault it is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (500, 'Internal error occurred: failed calling webhook "x": failed to call webhook: EOF'),
        (500, "Internal error occurred: etcdserver: request timed out"),
        (500, "etcdserver: no leader"),
        (500, "failed to create typed live object (a/b; v1, Kind=C): .spec: field not declared in schema"),
        (500, "conversion webhook for example.com/v1, Kind=Widget failed: dial tcp: connection refused"),
        (400, 'admission webhook "x.example.com" does not support dry run'),
        (403, 'pods "p" is forbidden: not yet ready to handle request'),
        (403, 'pods "p" is forbidden: status unknown for quota: rq, resources: pods'),
        (405, "the server does not allow this method on the requested resource"),
        (406, "only the following media types are accepted: application/json"),
        (409, "something else is in the way"),
        (415, "415: Unsupported Media Type"),
        (422, 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value'),
        (429, "storage is (re)initializing"),
        (502, "bad gateway"),
        (503, "the server is currently unable to handle the request"),
        (504, "Timeout: request did not complete within the allotted timeout"),
        (302, "look elsewhere"),
        (418, "I'm a teapot"),
    ],
)
def test_no_judgement(code: int, message: str) -> None:
    """The server could not judge the object: nothing is held against it, and nothing is taken for consent."""
    reading = read_answer(status(code, message), DEPLOYMENT)
    assert reading == Reading(ReadingKind.UNANSWERED, message=message)


@pytest.mark.parametrize(
    "message",
    [
        "unable to convert unstructured object to apps/v1, Kind=Deployment: something new",
        "failed to create typed patch object (a/b; apps/v1, Kind=Deployment): something new",
        "failed to convert new object (a/b; apps/v1, Kind=Deployment) to proper version: something new",
    ],
)
def test_a_500_of_server_side_apply_in_words_of_a_later_server(message: str) -> None:
    """Rejected, with the server's words, and to be asked again another way."""
    reading = read_answer(status(500, message), DEPLOYMENT)
    assert (reading.kind, reading.partial) == (ReadingKind.REJECTED, True)
    assert lines(reading)[0].endswith("something new")


def test_an_account_that_is_not_known() -> None:
    """401."""
    reading = read_answer(status(401, "Unauthorized", "Unauthorized"), DEPLOYMENT)
    assert reading == Reading(ReadingKind.NOT_ALLOWED, message="Unauthorized")


def test_a_403_that_is_no_status_is_not_the_object_s_fault() -> None:
    """A proxy in front of the server may refuse whom it likes."""
    reading = read_answer(Answer(403, b"<html>go away</html>"), DEPLOYMENT)
    assert reading == Reading(ReadingKind.NOT_ALLOWED, message="<html>go away</html>")


def test_a_role_that_a_binding_names_and_that_is_missing() -> None:
    """A 404 about another object than the one that was sent."""
    binding = {"kind": "RoleBinding", "metadata": {"name": "b"}, "roleRef": {"kind": "Role", "name": "viewer"}}
    message = 'roles.rbac.authorization.k8s.io "viewer" not found'
    reading = read_answer(status(404, message, "NotFound"), binding)
    assert lines(reading) == [f"dry-run-rejected roleRef.name roleRef.name: {message}"]
    assert [tuple(one) for one in reading.missing] == [("Role", "viewer")]
    itself = {"kind": "Role", "metadata": {"name": "viewer"}}
    assert read_answer(status(404, message, "NotFound"), itself).kind is ReadingKind.NO_OBJECT


def test_only_a_2xx_is_consent() -> None:
    """Whatever a body says of itself."""
    for code in (100, 199, 300, 404, 500, 599):
        assert read_answer(status(code, "", "Success"), DEPLOYMENT).kind is not ReadingKind.ACCEPTED
    assert read_answer(Answer(204, b""), DEPLOYMENT) == Reading(ReadingKind.ACCEPTED)


def test_no_rejection_is_without_a_problem() -> None:
    """Nor without words."""
    for code, message in ((422, ""), (400, ""), (500, "failed to create typed patch object (a/b; v1, Kind=C): ")):
        reading = read_answer(status(code, message), DEPLOYMENT)
        assert reading.kind is ReadingKind.REJECTED
        assert [one.rule for one in reading.problems] == ["dry-run-rejected"]
        assert reading.problems[0].message
        assert reading.message


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (
            status(500, "failed to create typed patch object: .spec.replicass: field not declared in schema"),
            "dry-run-rejected spec.replicass unknown field spec.replicass",
        ),
        (
            invalid(
                "spec.selector",
                'Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"app":"web2"}, '
                "MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable",
            ),
            "immutable-field spec.selector spec.selector: field is immutable",
        ),
        (
            invalid("spec.replicas", 'Invalid value: "integer": spec.replicas in body should be less than 5'),
            (
                "dry-run-rejected spec.replicas "
                'spec.replicas: Invalid value: "integer": spec.replicas in body should be less than 5'
            ),
        ),
    ],
    ids=["apply", "Go", "type"],
)
def test_words_of_older_servers(answer: Answer, line: str) -> None:
    """They write values as Go source, or the type where the value is wrong."""
    assert lines(read_answer(answer, DEPLOYMENT)) == [line]


# --- paths ------------------------------------------------------------------------------------------------------------

CUSTOM: Object = {
    "kind": "Widget",
    "metadata": {"name": "w", "annotations": {"a/b": "1", "a.b.c": "2"}},
    "spec": {
        "tags": ["x", "y"],
        "groups": [{"items": [{"n": 1}, {"n": "2"}]}, {"items": [{"n": 3}]}],
        "f": 1.5,
        "single": [{}],
    },
}


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("spec.tags[1]", "spec.tags[1]"),
        ('spec.tags[="y"]', "spec.tags[1]"),
        ("metadata.annotations[a/b]", 'metadata.annotations["a/b"]'),
        ("metadata.annotations.a.b.c", 'metadata.annotations["a.b.c"]'),
        ("spec.groups[0].items[1].n", "spec.groups[0].items[1].n"),
        ("spec.new.field[3].deep", "spec.new.field"),
        ("spec.new.field", "spec.new.field"),
        ("<nil>", "-"),
        ("[]", "-"),
        ("", "-"),
        ("spec[", "spec"),
        ("spec.groups[name=", "spec.groups"),
        ("spec..tags", "spec"),
        ("spec.groups.items", "spec.groups"),
        ("spec.single.name", "spec.single[0].name"),
    ],
)
def test_paths_of_causes(field: str, path: str) -> None:
    """A path leads as far as it can be followed."""
    [line] = lines(read_answer(invalid(field, "Forbidden: no"), CUSTOM))
    assert line.split(" ")[1] == path


def test_two_causes_at_the_same_field_stay_two() -> None:
    """And the same cause twice is one."""
    causes = [{"reason": "X", "message": words, "field": "spec.f"} for words in ("is odd", "is small", "is odd")]
    reading = read_answer(status(422, "", "Invalid", causes), CUSTOM)
    assert lines(reading) == [
        "dry-run-rejected spec.f spec.f: is odd",
        "dry-run-rejected spec.f spec.f: is small",
    ]


def test_that_rules_were_not_checked_is_no_problem() -> None:
    """As long as there is another one."""
    remark = {
        "reason": "FieldValueInvalid",
        "message": "Invalid value: null: some validation rules were not checked because the object was invalid; "
        "correct the existing errors to complete validation",
        "field": "<nil>",
    }
    real = {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.size"}
    assert lines(read_answer(status(422, "", "Invalid", [real, remark]), CUSTOM)) == [
        "dry-run-rejected spec.size spec.size: Required value"
    ]
    assert len(lines(read_answer(status(422, "all of it", "Invalid", [remark]), CUSTOM))) == 1


def test_the_reason_after_a_long_dump_is_read() -> None:
    """The server quotes the whole template of a Job before it says why."""
    dump = json.dumps({"Containers": [{"Name": "c", "Env": "x" * 200_000}]})
    answer = invalid("spec.template", f"Invalid value: {dump}: field is immutable")
    assert lines(read_answer(answer, DEPLOYMENT)) == ["immutable-field spec.template spec.template: field is immutable"]


def test_fields_of_go_structs() -> None:
    """Decoding names a path without indices: the first value of that type is the one that the server met."""
    message = (
        'Widget in version "v1" cannot be handled as a Widget: json: cannot unmarshal string into Go struct field '
        "Item.spec.groups.items.n of type int32"
    )
    assert lines(read_answer(status(400, message, "BadRequest"), CUSTOM)) == [
        'dry-run-rejected spec.groups[0].items[1].n spec.groups[0].items[1].n: expected an integer, got the string "2"'
    ]


def test_a_number_that_is_no_integer() -> None:
    """The message names no field; there is one such number."""
    message = (
        "failed to convert new object (a/w; v1, Kind=Widget) to proper version: unable to convert unstructured object "
        "to v1, Kind=Widget: cannot convert float64 to int32"
    )
    assert lines(read_answer(status(500, message), CUSTOM)) == [
        "dry-run-rejected spec.f spec.f: the number 1.5 is no integer"
    ]


# --- warnings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "spec.template.spec.containers[0].env[0]: is hidden",
            "spec.template.spec.containers[0].env[0] spec.template.spec.containers[0].env[0]: is hidden",
        ),
        ('duplicate field "spec.replicas"', "spec.replicas duplicate field spec.replicas"),
        ("unknown field without quotes", "- unknown field without quotes"),
        ("apps/v1beta1 Deployment is deprecated in v1.9+", "apiVersion apps/v1beta1 Deployment is deprecated in v1.9+"),
        ("nowhere: to be found", "- nowhere: to be found"),
        (
            "metadata.finalizers: prefer a name with a domain",
            "metadata.finalizers metadata.finalizers: prefer a name with a domain",
        ),
    ],
)
def test_warnings(text: str, line: str) -> None:
    """Every warning becomes a problem, at the field that it names; an accepted object stays accepted."""
    reading = read_answer(Answer(200, b"{}", (text,)), DEPLOYMENT)
    assert reading.kind is ReadingKind.ACCEPTED
    assert lines(reading) == [f"api-warning {line}"]
    assert reading.warnings == reading.problems


def test_warnings_come_after_what_is_wrong() -> None:
    """A rejected object may have both."""
    answer = status(422, "", "Invalid", [{"field": "spec.replicas", "message": "is odd"}], ("look out",))
    assert lines(read_answer(answer, DEPLOYMENT)) == [
        "dry-run-rejected spec.replicas spec.replicas: is odd",
        "api-warning - look out",
    ]


# --- admission --------------------------------------------------------------------------------------------------------


def test_a_policy_that_denies_for_several_reasons() -> None:
    """Each is a problem."""
    said = [f"ValidatingAdmissionPolicy 'p{n}' with binding 'b' denied request: no {n}" for n in (1, 2)]
    message = f'deployments.apps "web" is forbidden: {said[0]}'
    answer = status(422, message, "Invalid", [{"message": words} for words in said])
    assert lines(read_answer(answer, DEPLOYMENT)) == [
        "admission-denied - the ValidatingAdmissionPolicy p1 (binding b) denies it: no 1",
        "admission-denied - the ValidatingAdmissionPolicy p2 (binding b) denies it: no 2",
    ]


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ("rule check failed at path /spec/template/spec/containers/0/image/", "spec.template.spec.containers[0].image"),
        ("spec.template.spec.containers[0].image must not be :latest.", "spec.template.spec.containers[0].image"),
        ("it has no limits in namespace a/b, see https://example.com/spec/replicas", "-"),
        ("ask team-a/web", "-"),
        (
            (
                "blocked due to the following policies require-labels: autogen-check: 'validation error: a label is "
                "required. rule autogen-check failed at path /metadata/labels/app.example.com/part/'"
            ),
            'metadata.labels["app.example.com/part"]',
        ),
        ("rule check failed at path /metadata/labels/owner/", "metadata.labels.owner"),
        ("rule check failed at path /spec/template/spec/volumes/0/name/", "spec.template.spec.volumes"),
        ("[limits] container <c> has no resource limits", "spec.template.spec.containers[0]"),
        ("[limits] container <d> has no resource limits", "-"),
    ],
)
def test_fields_that_a_webhook_names(words: str, path: str) -> None:
    """The first field of the object; nothing where it names none."""
    message = f'admission webhook "w.example.com" denied the request: {words}'
    [line] = lines(read_answer(status(403, message), DEPLOYMENT))
    assert line.split(" ")[:2] == ["admission-denied", path]


def test_a_webhook_without_an_explanation() -> None:
    """It denies all the same."""
    message = 'admission webhook "w.example.com" denied the request without explanation'
    assert lines(read_answer(status(400, message), DEPLOYMENT)) == [
        'admission-denied - the admission webhook "w.example.com" denies it: no reason is given'
    ]


@pytest.mark.parametrize("start", ['pods "p" is ', "pods is ", ""])
def test_the_name_of_what_is_forbidden_may_be_missing(start: str) -> None:
    """The server leaves out what it does not know yet."""
    reading = read_answer(status(403, f"{start}forbidden: exceeded quota: rq, requested: pods=1", "Forbidden"), {})
    assert lines(reading) == ["quota-exceeded - exceeded quota: rq, requested: pods=1"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            "minimum storage usage per PersistentVolumeClaim is 2Gi, but request is 1Gi",
            "admission-denied spec.resources.requests.storage",
        ),
        ("maximum cpu usage per Pod is 1, but limit is 2", "admission-denied spec.resources.requests.cpu"),
        ("cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000", "admission-denied -"),
        (
            "exceeded quota: q, requested: requests.storage=1Gi, used: requests.storage=0, limited: requests.storage=0",
            "quota-exceeded spec.resources.requests.storage",
        ),
        ("insufficient quota to match these scopes: [{PriorityClass In [high]}]", "quota-exceeded -"),
        ("failed quota: rq: must specify requests.storage", "quota-exceeded -"),
        ("something of a later server", "admission-denied -"),
    ],
)
def test_limits_and_quotas_of_a_claim(words: str, line: str) -> None:
    """At the request that they are about."""
    claim = {"kind": "PersistentVolumeClaim", "spec": {"resources": {"requests": {"storage": "1Gi"}}}}
    message = f'persistentvolumeclaims "d" is forbidden: {words}'
    assert lines(read_answer(status(403, message, "Forbidden"), claim)) == [f"{line} {words}"]


# --- secrets ----------------------------------------------------------------------------------------------------------

SECRET_PARTS = ("correct-horse", "4711", "hello", "battery", "YmF0dGVyeS", "Y29ycmVjdC1ob3JzZQ")
TELLTALES = [
    status(403, 'admission webhook "w" denied the request: the password correct-horse is weak, 4711 too'),
    status(403, 'admission webhook "w" denied the request: data.token: battery-staple or YmF0dGVyeS1zdGFwbGU='),
    status(403, 'admission webhook "w" denied the request: Y29ycmVjdC1ob3JzZQ=='),
    status(
        500,
        "failed to create typed patch object (a/s; /v1, Kind=Secret): .stringData.pin: expected string, "
        "got &value.valueUnstructured{Value:4711}",
    ),
    status(500, "failed calling webhook: correct-horse"),
    status(
        400,
        'Secret in version "v1" cannot be handled as a Secret: json: cannot unmarshal number 4711 into Go '
        "struct field Secret.stringData of type string",
    ),
    invalid("data[password]", 'Invalid value: "correct-horse": is weak'),
    invalid("data[quoted]", 'Invalid value: "say \\"hello\\" twice": is loud'),
    invalid("metadata.name", 'Invalid value: "correct-horse": is a strange name'),
    invalid("data", 'Invalid value: {"password":"correct-horse","token":"YmF0dGVyeS1zdGFwbGU="}: field is immutable'),
    Answer(200, b"{}", ("stringData.password: correct-horse is weak", 'say \\"hello\\" twice')),
    Answer(500, b"correct-horse"),
]


@pytest.mark.parametrize("answer", TELLTALES, ids=range(len(TELLTALES)))
def test_no_value_of_a_secret_is_repeated(answer: Answer) -> None:
    """Not in a problem, not in a warning, not in the message."""
    reading = read_answer(answer, SECRET)
    text = repr(reading)
    assert [part for part in SECRET_PARTS if part in text] == []
    assert reading.problems or reading.message


def test_values_of_other_kinds_are_repeated() -> None:
    """They say what is wrong."""
    config = {**SECRET, "kind": "ConfigMap"}
    [line] = lines(read_answer(invalid("data[password]", 'Invalid value: "correct-horse": is weak'), config))
    assert "correct-horse" in line


# --- harm -------------------------------------------------------------------------------------------------------------


def test_long_answers_are_bounded() -> None:
    """Many causes, many warnings, long words."""
    causes = [{"reason": "X", "message": f"{n} " + "x" * 9000, "field": "spec." + "y" * 5000} for n in range(5000)]
    answer = status(422, "z" * 100_000, "Invalid", causes, tuple(f"{n}" for n in range(5000)))
    reading = read_answer(answer, DEPLOYMENT)
    assert len(reading.problems) == 2 * MOST
    assert len(reading.warnings) == MOST
    assert max(len(one.message) for one in reading.problems) <= 2 * LONGEST
    assert len(reading.message) <= LONGEST
    assert reading.problems[MOST - 1].message == "401 more problems of this object are not listed"


HOSTILE = [
    'x "' + "\\a" * 50_000 + '" is forbidden: ' + "a" * 50_000,
    "failed to create typed patch object (" + "(" * 50_000,
    "failed to create typed patch object (x): " + ".a[" * 30_000,
    "failed to create typed patch object (x): ." + 'a["\\"' * 20_000,
    "failed to convert new object (" + ") to proper version" * 5_000,
    'a in version "v1" cannot be handled as a B: strict decoding error: ' + 'unknown field "' * 10_000,
    'a in version "v1" cannot be handled as a B: json: cannot unmarshal string ' + "into Go " * 10_000,
    'x "y" is forbidden: violates PodSecurity "r": ' + '(container "' * 10_000,
    'x "y" is forbidden: violates PodSecurity "r": ' + 'containers "a", ' * 10_000,
    'x "y" is forbidden: [' + "maximum cpu usage per Container is 1, " * 5_000,
    'x "y" is forbidden: failed quota: q: must specify ' + "a,b for: c,d;" * 10_000,
    'x "y" is forbidden: exceeded quota: ' + ", requested: a" * 10_000,
    'x "y" is forbidden: ' + "spec.a.b[0]/c" * 10_000,
    'x "y" is forbidden: User "' + "a" * 60_000,
    "namespaces " + '"' * 60_000,
    'x "y" is forbidden: ' + 'User "' * 10_000,
    "Invalid value: 1: " + " (e.g. " * 10_000,
    "Invalid value: 1: \n@@ -" + "1" * 60_000,
    "Invalid value: " + "[" * 60_000,
    "updates to " * 10_000,
    "updates to a is for" * 10_000,
]


@pytest.mark.parametrize("message", HOSTILE, ids=range(len(HOSTILE)))
def test_no_words_keep_the_reader_busy(message: str) -> None:
    """It ends: no pattern takes time that grows with the square of the text."""
    for code in (400, 403, 404, 409, 422, 500):
        causes = [{"reason": "FieldManagerConflict", "message": message, "field": message}]
        read_answer(status(code, message, "", causes, (message,)), DEPLOYMENT)


WORDS = st.sampled_from(
    [
        *(message[:60] for message in HOSTILE),
        *('"', "'", "[", "]", "(", ")", ":", ": ", ".", "\\", "\n", "{", "}", "=", ",", " ", "/", "@@ -1 +1 @@", "\n+"),
        *("spec", ".spec.replicas", "containers[0]", '[name="c"]', "metadata.labels[app.example.com/part]", "A"),
        *(
            "Invalid value: ",
            "Duplicate value: ",
            "Required value",
            "field is immutable",
            "field not declared in schema",
        ),
        *("expected string, got ", "&value.valueUnstructured{Value:1}", "duplicate entries for key ", "element 1: "),
        *("quantities must match", "illegal base64 data", 'parsing time "', "cannot convert float64 to int32"),
        *("denied request: ", "conflict with ", " using v1", "unknown field ", "\ud800", "\x1b[2J", "\u202e", "9" * 50),
    ]
)
TEXT = st.lists(st.one_of(WORDS, st.text(max_size=8)), max_size=14).map("".join)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=4)),
    max_leaves=12,
)
KEYS = st.sampled_from(
    ["spec", "metadata", "data", "stringData", "kind", "roleRef", "status", "template", "containers"]
)
MANIFESTS = st.one_of(
    st.sampled_from([DEPLOYMENT, SECRET, CUSTOM, {}]),
    st.dictionaries(KEYS, st.one_of(VALUES, st.dictionaries(KEYS, VALUES)), max_size=5),
)


@settings(max_examples=200, deadline=None)
@given(
    code=st.sampled_from([200, 201, 400, 401, 403, 404, 409, 413, 422, 500, 503]),
    message=TEXT,
    causes=st.one_of(
        VALUES,
        st.lists(st.fixed_dictionaries({"reason": TEXT, "message": TEXT, "field": TEXT}), max_size=4),
    ),
    warnings=st.lists(TEXT, max_size=3),
    manifest=MANIFESTS,
)
def test_no_answer_makes_the_reader_fail(
    code: int, message: str, causes: Any, warnings: list[str], manifest: Object
) -> None:
    """Whatever it holds; and what is said is bounded, one line each, and of a path that format_path can write."""
    reading = read_answer(status(code, message, "", causes, tuple(warnings)), manifest)
    assert (reading.kind is ReadingKind.ACCEPTED) == (code < 300)
    assert (reading.kind is ReadingKind.REJECTED) <= bool(reading.problems)
    for problem in reading.problems:
        assert problem.message
        assert "\n" not in problem.message
        assert len(problem.message) <= 2 * LONGEST
        format_path(problem.path)


@settings(max_examples=100, deadline=None)
@given(code=st.integers(100, 599), body=st.binary(max_size=200), manifest=MANIFESTS)
def test_no_bytes_make_the_reader_fail(code: int, body: bytes, manifest: Object) -> None:
    """A body need not be a Status, nor JSON, nor text."""
    assert (read_answer(Answer(code, body), manifest).kind is ReadingKind.ACCEPTED) == (200 <= code < 300)


def test_causes_are_the_client_s() -> None:
    """The reading stands on what the client makes of the body."""
    assert invalid("spec", "no").causes == (Cause("FieldValueInvalid", "no", "spec"),)
