"""Built-in kinds: what is refused, where, and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gategit.checks.schema.check import check_file
from gategit.checks.schema.rules import RULES
from gategit.checks.schema.spec import SchemaSet, SchemaSpec
from gategit.manifests.file import read_file
from gategit.manifests.manifest import Role
from gategit.model import Level

if TYPE_CHECKING:
    from tests.checks.schema.conftest import Check, Judge

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: example.com/web:1
"""


def config_map(field: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n{field}\n"


def test_a_valid_object_has_no_finding(check: Check) -> None:
    """The good case is silent."""
    assert check(DEPLOYMENT) == []


def test_nulls_and_an_empty_status_as_generators_write_them_are_accepted(check: Check) -> None:
    """The API server takes null for a field left out, and ignores a status."""
    text = DEPLOYMENT.replace("  name: web\nspec", "  name: web\n  creationTimestamp: null\nspec")
    text = text.replace("replicas: 2", "replicas: null").replace(
        "          image: example.com/web:1",
        "          image: example.com/web:1\n          env: null\n          resources: {}",
    )
    assert check(text + "status: {}\n") == []
    assert (
        check(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nstatus: {}\n"
            "spec: {serviceName: a, selector: {}, template: {}}\n"
        )
        == []
    )


def test_an_unknown_field_names_its_container_and_the_right_word(check: Check) -> None:
    """The finding stands on the field's name and suggests the nearest one."""
    assert check(DEPLOYMENT + "          imagePullPolicyy: Always\n") == [
        (16, 11, "unknown-field", "unknown field imagePullPolicyy in container web; did you mean imagePullPolicy?"),
    ]


def test_a_misplaced_field_is_told_where_it_belongs(check: Check) -> None:
    """The right name at the wrong depth is no typing error."""
    text = DEPLOYMENT.replace("  replicas: 2\n", "  resources: {}\n").replace(
        "  template:\n", "  template:\n    replicas: 3\n"
    )
    assert check(text) == [
        (6, 3, "unknown-field", "unknown field resources in spec; it belongs under spec.template.spec.containers[]"),
        (10, 5, "unknown-field", "unknown field replicas in spec.template; it belongs under spec"),
    ]


def test_all_problems_of_a_document_are_named_each_once(check: Check) -> None:
    """One run shows everything there is to mend."""
    text = DEPLOYMENT.replace("replicas: 2", 'replicas: "3"').replace(
        "          image: example.com/web:1\n",
        (
            "          imagePullPolicy: Sometimes\n          ports: [{containerPort: 99999}]\n"
            "          resources: {limits: {cpu: 5xx}}\n          volumeMounts:\n            - name: data\n"
        ),
    )
    assert check(text) == [
        (6, 13, "wrong-type", 'expected an integer for replicas in spec, got the string "3"'),
        (14, 11, "missing-field", "missing field image in container web"),
        (
            15,
            28,
            "invalid-value",
            'imagePullPolicy in container web must be one of Always, IfNotPresent, Never, not the string "Sometimes"',
        ),
        (
            16,
            35,
            "invalid-value",
            "containerPort in ports[0] of container web must be between 1 and 65535, not 99999",
        ),
        (
            17,
            37,
            "invalid-value",
            (
                "cpu in resources.limits of container web must be a quantity such as 500m, 1.5 or 2Gi, "
                'not the string "5xx"'
            ),
        ),
        (19, 15, "missing-field", "missing field mountPath in volume mount data"),
    ]


def test_a_missing_field_stands_on_its_parents_name(check: Check) -> None:
    """There is no line of its own."""
    assert check(DEPLOYMENT.replace("  selector:\n    matchLabels: {app: web}\n", "")) == [
        (5, 1, "missing-field", "missing field selector in spec"),
    ]


@pytest.mark.parametrize(
    ("value", "reads"),
    [
        ("NO", "the boolean false"),
        ("on", "the boolean true"),
        ("1.10", "the number 1.1"),
        ("0644", "the number 420"),
        ("true", "the boolean true"),
    ],
)
def test_an_unquoted_scalar_where_a_text_is_wanted_is_surprising(check: Check, value: str, reads: str) -> None:
    """The message says what was written and what the cluster reads."""
    message = f"data.a is written {value} without quotes, which the cluster reads as {reads}; a string is wanted here"
    assert check(config_map(f"data:\n  a: {value}")) == [(6, 6, "surprising-scalar", message)]
    assert check(config_map(f'data:\n  a: "{value}"')) == []


def test_a_quoted_octal_number_where_an_integer_is_wanted_is_surprising(judge: Judge) -> None:
    """The help says how to write it."""
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: a, image: b}]\n"
        '  volumes:\n    - name: c\n      configMap: {name: d, defaultMode: "0644"}\n'
    )
    findings, _ = judge(text)
    assert [(one.rule, one.message, one.help) for one in findings] == [
        (
            "surprising-scalar",
            (
                'spec.volumes[0].configMap.defaultMode is written "0644" in quotes, so the cluster reads a text; '
                "an integer is wanted here"
            ),
            "write 0644 without quotes; YAML reads that as the octal number 420",
        )
    ]


def test_metadata_is_checked_for_kinds_without_schema(check: Check) -> None:
    """Labels are texts, whatever the kind."""
    text = "apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: a\n  labels: {version: 1.10}\n"
    assert check(text) == [
        (2, 7, "schema-missing", "there is no schema for example.com/v1 Widget"),
        (
            5,
            21,
            "surprising-scalar",
            (
                "metadata.labels.version is written 1.10 without quotes, which the cluster reads as the number 1.1; "
                "a string is wanted here"
            ),
        ),
    ]


def test_a_missing_schema_is_counted_and_its_level_is_the_configs(judge: Judge) -> None:
    """Even where it is no finding, the object counts as not looked at."""
    text = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\n"
    findings, unchecked = judge(text, missing_level=Level.ERROR)
    assert [(one.rule, one.level, one.subject) for one in findings] == [
        ("schema-missing", Level.ERROR, "example.com/v1/Widget")
    ]
    assert len(unchecked) == 1
    findings, unchecked = judge(text, missing_level=None)
    assert findings == []
    assert [(one.what, one.reason) for one in unchecked] == [
        ("web.yaml: example.com/v1 Widget a", "no schema for this kind: only its metadata was looked at")
    ]


def test_a_name_is_needed_and_must_be_one(check: Check) -> None:
    """GenerateName will do; a name that the server refuses does not."""
    assert check("apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n") == [
        (3, 1, "missing-field", "this ConfigMap has no name")
    ]
    assert check("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n") == []
    assert check("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Bad_Name}\n") == [
        (
            3,
            18,
            "invalid-value",
            (
                "the name Bad_Name of a ConfigMap may hold only lower-case letters, digits, - and ., and must begin "
                "and end with a letter or digit"
            ),
        )
    ]
    assert check("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: 'system:a'}\n") == []


def test_secret_values_are_never_shown(judge: Judge) -> None:
    """Neither a wrong base64 text nor a wrong type quotes the value."""
    text = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: '%hunter2'}\nstringData: {b: 4711, c: [9876]}\n"
    )
    findings, _ = judge(text)
    assert sorted(one.rule for one in findings) == ["invalid-value", "surprising-scalar", "wrong-type"]
    for one in findings:
        assert not any(word in one.message + one.help for word in ("hunter2", "4711", "9876"))


def test_what_is_filled_in_later_is_counted_and_no_alarm(judge: Judge) -> None:
    """Flux replaces variables, and decrypts SOPS files, before the cluster sees them."""
    findings, unchecked = judge(DEPLOYMENT.replace("replicas: 2", "replicas: ${REPLICAS}"))
    assert findings == []
    assert len(unchecked) == 1
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: 'ENC[AES256_GCM,data:x]'}\nsops: {mac: b}\n"
    assert judge(text)[0] == []


def test_a_patch_is_a_part_of_an_object(check: Check) -> None:
    """Nothing is missed, directives are allowed, but wrong fields and types are still found."""
    patch = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n"
        "      $setElementOrder/containers: [{name: web}]\n      containers:\n        - name: web\n"
        "          $patch: merge\n          imagee: x\n          stdin: 3\n"
    )
    assert check(patch, role=Role.PATCH) == [
        (11, 11, "unknown-field", "unknown field imagee in container web; did you mean image?"),
        (12, 18, "wrong-type", "expected true or false for stdin in container web, got the number 3"),
    ]


def test_removed_and_deprecated_apis(check: Check) -> None:
    """Since when, and what replaces it."""
    ingress = "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: a}\n"
    assert check(ingress, kubernetes_version="1.34") == [
        (
            1,
            13,
            "removed-api",
            (
                "extensions/v1beta1 Ingress was removed in Kubernetes 1.22, so 1.34 does not serve it; "
                "networking.k8s.io/v1 replaces it"
            ),
        )
    ]
    endpoints = "apiVersion: v1\nkind: Endpoints\nmetadata: {name: a}\n"
    assert check(endpoints, kubernetes_version="1.32") == []
    assert check(endpoints, kubernetes_version="1.33") == [
        (
            1,
            13,
            "deprecated-api",
            "v1 Endpoints is deprecated since Kubernetes 1.33; use EndpointSlice of discovery.k8s.io/v1",
        )
    ]
    assert check("apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: a}\n")[0][2] == "removed-api"


def test_a_kind_that_is_not_there_yet(check: Check) -> None:
    """The finding says from which version on."""
    text = "apiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {name: a}\nspec: {cidrs: [10.0.0.0/24]}\n"
    assert check(text, kubernetes_version="1.33") == []
    assert check(text, kubernetes_version="1.30") == [
        (
            1,
            13,
            "version-not-served",
            "networking.k8s.io/v1 ServiceCIDR is served from Kubernetes 1.33 on, not by 1.30",
        )
    ]


def test_a_kind_that_never_was(check: Check) -> None:
    """Kubernetes' own groups hold no kinds that we do not know."""
    assert check("apiVersion: v1\nkind: Configmap\nmetadata: {name: a}\n", kubernetes_version="1.34") == [
        (2, 7, "unknown-kind", "Kubernetes 1.34 has no kind Configmap in v1; did you mean ConfigMap?")
    ]
    assert check("apiVersion: v1\nkind: Deployment\nmetadata: {name: a}\n", kubernetes_version="1.34") == [
        (1, 13, "unknown-kind", "Kubernetes 1.34 has no kind Deployment in v1; it is in apps/v1")
    ]


def test_a_kind_of_another_group_is_not_taken_for_the_built_in_one(check: Check) -> None:
    """Group, version and kind are matched exactly."""
    assert [one[2] for one in check("apiVersion: apps.example.com/v1\nkind: Deployment\nmetadata: {name: a}\n")] == [
        "schema-missing"
    ]


def test_items_of_a_list_are_found_at_their_own_lines(check: Check) -> None:
    """A List is opened."""
    text = (
        "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: a}\n"
        "    dataa: {}\n"
    )
    assert check(text) == [(7, 5, "unknown-field", "unknown field dataa in ConfigMap a; did you mean data?")]


def test_with_a_wanted_version_an_unknown_field_names_it(judge: Judge) -> None:
    """Several versions may be checked in one run."""
    findings, _ = judge(config_map("datas: {}"), kubernetes_version="1.30")
    assert [one.help for one in findings] == ["Kubernetes 1.30 has no such field there"]


def test_a_json_patch_is_left_alone(check: Check) -> None:
    """A list of operations is no part of an object."""
    assert check("- {op: remove, path: /spec/replicas}\n", role=Role.PATCH) == []


@pytest.mark.parametrize(
    ("field", "advice"), [('replicas: "3"', "write 3 without quotes"), ('paused: "true"', "write true without quotes")]
)
def test_quotes_around_a_number_or_boolean_are_said(judge: Judge, field: str, advice: str) -> None:
    """The help is the mended value."""
    findings, _ = judge(DEPLOYMENT.replace("replicas: 2", field))
    assert [(one.rule, one.help) for one in findings] == [("wrong-type", advice)]


def test_two_entries_with_the_same_keys_are_a_warning(judge: Judge) -> None:
    """Server-side apply refuses them; others silently use one. TCP is a port's default protocol."""
    ports = (
        "          ports: [{containerPort: 80}, {containerPort: 80, protocol: UDP}, "
        "{containerPort: 80, protocol: TCP}]\n"
    )
    findings, _ = judge(DEPLOYMENT + ports)
    assert [(one.rule, one.level, one.message) for one in findings] == [
        (
            "invalid-value",
            Level.WARNING,
            "spec.template.spec.containers[0].ports has two entries with containerPort 80, protocol TCP",
        )
    ]


def test_an_object_that_is_deleted_by_a_patch_directive_misses_nothing(check: Check) -> None:
    """``$patch: delete`` at the top makes a patch, whatever the file is called."""
    assert check("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n$patch: delete\n") == []


def test_rules_are_complete(judge: Judge) -> None:
    """Each rule says what, why and how, and its examples do what they claim."""
    for rule in RULES:
        assert len(rule.summary) <= 120
        assert rule.rationale
        assert rule.help
        if rule.example_fail:
            findings, _ = judge(rule.example_fail)
            assert [one.rule for one in findings] == [rule.id]
            lines = rule.example_fail.splitlines()
            marked = [number for number, line in enumerate(lines, 1) if line.endswith("# <-")]
            assert [one.location.region.line for one in findings if one.location.region] == marked
            assert judge(rule.example_pass) == ([], [])


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["spec", "containers", "metadata", "name", "labels", "$patch", "x"]), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_JSON, _JSON)
def test_no_object_makes_the_check_crash(spec: object, metadata: object) -> None:
    """Whatever stands in the fields."""
    import json  # noqa: PLC0415  only here

    data = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    file = read_file("a.json", json.dumps(data).encode(), Role.MANIFEST)
    check_file(file, SchemaSet(SchemaSpec()))


def test_object_whose_kind_is_encrypted_too_is_counted(judge: Judge) -> None:
    """SOPS can encrypt a whole file: nobody can say what it is, so nobody says that its schema is missing."""
    text = 'apiVersion: "ENC[AES256_GCM,data:a]"\nkind: "ENC[AES256_GCM,data:b]"\nmetadata: {name: a}\nsops: {mac: b}\n'
    findings, unchecked = judge(text)
    assert findings == []
    assert [one.reason for one in unchecked] == ["encrypted with SOPS, its kind as well"]
