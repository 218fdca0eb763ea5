"""Kustomize's own files: their fields, as the real program reads them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategit.checks.schema.check import check_file, judged_by
from gategit.checks.schema.ecosystem import carried
from gategit.checks.schema.kustomization import check_kustomization
from gategit.checks.schema.spec import SchemaSet, SchemaSpec
from gategit.manifests.file import read_file
from gategit.manifests.manifest import Role
from gategit.model import Level
from tools.golang import PROGRAMS, built

if TYPE_CHECKING:
    from tests.checks.schema.conftest import Check, Judge

RESOURCES = "resources: [a.yaml]\n"
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
RELEASE = f"Kustomize {PROGRAMS['kustomize'].version}"
JUDGED = f" (judged by {RELEASE})"

BUILT = (
    RESOURCES,
    KUSTOMIZATION + RESOURCES,
    COMPONENT + RESOURCES,
    "kind: Component\n" + RESOURCES,
    "apiVersion: kustomize.config.k8s.io/v1beta1\n" + RESOURCES,
    "apiVersion: ''\nkind: ''\n" + RESOURCES,
    "apiVersion: ''\nkind: Kustomization\n" + RESOURCES,
    "apiVersion: null\nkind: null\n" + RESOURCES,
    "KIND: Component\n" + RESOURCES,
    "KIND: Kustomisation\nkind: Component\n" + RESOURCES,
    "Resources: [a.yaml]\n",
    "resource\u017f: [a.yaml]\n",
    "RESOURCES: []\nresources: [a.yaml]\n",
    RESOURCES + "namePrefix:\nimages:\nmetadata:\nlabels: [null]\ncommonAnnotations: {a: null}\n",
    RESOURCES + "metadata: {name: me, namespace: us, labels: {a: b}, annotations: {a: b}}\n",
    RESOURCES + "namePrefix: 2026-01-01\n",
    RESOURCES + "namePrefix: !!str 1\n",
    RESOURCES + "buildMetadata: [originAnnotations, managedByLabel, anything]\n",
    RESOURCES + "sortOptions: {order: legacy, legacySortOptions: {orderFirst: [Namespace], orderLast: [Secret]}}\n",
    RESOURCES
    + "labels: [{pairs: {a: b}, includeSelectors: true, includeTemplates: true, fields: [{path: x, create: true}]}]\n",
    RESOURCES + "labels: [{pairs: {a: b}, includeVolumeClaimTemplates: true}]\n",
    RESOURCES + "images: [{name: a, newName: b, newTag: '1', tagSuffix: -x, digest: 'sha256:0'}]\n",
    RESOURCES + "generatorOptions: {disableNameSuffixHash: true, immutable: true, labels: {a: b}}\n",
    RESOURCES + "configMapGenerator: [{name: g, behavior: anything, literals: [a=b], options: {immutable: true}}]\n",
    RESOURCES + "secretGenerator: [{name: g, type: Opaque, literals: [a=b]}]\n",
    RESOURCES + "patches: [{patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}', target: {name: a}}]\n",
    RESOURCES
    + "patches:\n- patch: '[]'\n  target: {name: a}\n  options: {allowNameChange: true, allowKindChange: true}\n",
    RESOURCES
    + "replacements:\n- source: {kind: ConfigMap, name: a, fieldPath: metadata.name, options: {delimiter: '-'}}\n"
    + "  targets: [{select: {kind: ConfigMap}, reject: [{name: b}], fieldPaths: [data.x], options: {index: 0}}]\n",
    RESOURCES
    + "transformers:\n- |-\n  {apiVersion: builtin, kind: PrefixTransformer, metadata: {name: p}, prefix: p-, "
    + "fieldSpecs: [{path: metadata/name}]}\n",
    "helmGlobals: {chartHome: charts}\n" + RESOURCES,
    "# a comment\n---\n" + RESOURCES + "---\nanything: else\n",
    RESOURCES + "metadata: {<<: {name: me}}\n",
    RESOURCES + "commonLabels: {a: b}\n",
    RESOURCES + "bases: []\nimageTags: []\npatchesStrategicMerge: []\npatchesJson6902: []\nvars: []\n",
)
"""What the real program builds from one ConfigMap in a.yaml."""

REFUSED = (
    "resource: [a.yaml]\n",
    RESOURCES + "1: a\n",
    RESOURCES + "'': a\n",
    RESOURCES + "spec: {}\n",
    RESOURCES + "typeMeta: {}\n",
    RESOURCES + "metadata: {creationTimestamp: null}\n",
    RESOURCES + "images: [{name: a, tag: b}]\n",
    RESOURCES + "patches: [{patch: '[]', target: {name: a}, options: {allowEverything: true}}]\n",
    RESOURCES + "replacements: [{source: {isClusterScoped: true}}]\n",
    RESOURCES + "configMapGenerator: [{name: g, type: Opaque}]\n",
    RESOURCES + "helmCharts: [{name: c, values: x.yaml}]\n",
    "resources: a.yaml\n",
    RESOURCES + "namePrefix: 1\n",
    RESOURCES + "namePrefix: yes\n",
    RESOURCES + "NamePrefix: [a]\n",
    RESOURCES + "commonAnnotations: {a: true}\n",
    RESOURCES + "commonLabels: []\n",
    RESOURCES + "replicas: [{name: a, count: '1'}]\n",
    RESOURCES + "replicas: [{name: a, count: 1.5}]\n",
    RESOURCES + "replicas: [{name: a, count: true}]\n",
    RESOURCES + "replicas: [{name: a, count: 9223372036854775808}]\n",
    RESOURCES + "patches: [a.yaml]\n",
    RESOURCES + "helmCharts: [{name: c, valuesInline: text}]\n",
    RESOURCES + "generatorOptions: {immutable: 'true'}\n",
    RESOURCES + "openapi: {version: 1}\n",
    RESOURCES + "kind: 1\n",
    RESOURCES + "kind: Kustomisation\n",
    RESOURCES + "apiVersion: v1beta1\n",
    RESOURCES + "apiVersion: kustomize.config.k8s.io/v1\nkind: Kustomization\n",
    RESOURCES + "apiVersion: kustomize.config.k8s.io/v1alpha1\n",
    RESOURCES + "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Component\n",
    RESOURCES + "apiversion: kustomize.config.k8s.io/v1alpha1\n",
    "[a.yaml]\n",
    "a.yaml\n",
)
"""What the real program does not read."""


@pytest.fixture(scope="session")
def kustomize() -> Path:
    """The real program."""
    return built("kustomize")


def _build(kustomize: Path, folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "kustomization.yaml").write_text(text, encoding="utf-8")
    (folder / "a.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: y}\n", encoding="utf-8"
    )
    return subprocess.run(
        [kustomize, "build", folder], capture_output=True, text=True, check=False, env={"HOME": str(folder)}, timeout=60
    )


def _errors(judge: Judge, text: str) -> list[str]:
    findings, unchecked = judge(text, path="kustomization.yaml", role=Role.KUSTOMIZATION)
    assert unchecked == []
    return [finding.message for finding in findings if finding.level is Level.ERROR]


@pytest.mark.parametrize("text", BUILT)
def test_what_the_real_program_builds_has_no_error(judge: Judge, kustomize: Path, tmp_path: Path, text: str) -> None:
    """Nothing is refused that Kustomize takes, and a note stands where Kustomize warns."""
    done = _build(kustomize, tmp_path, text)
    assert done.returncode == 0, done.stderr
    assert _errors(judge, text) == []
    notes = judge(text, path="kustomization.yaml", role=Role.KUSTOMIZATION)[0]
    assert [note.rule for note in notes] == ["deprecated-kustomize-field"] * done.stderr.count("# Warning")


@pytest.mark.parametrize("text", REFUSED)
def test_what_the_real_program_does_not_read_has_an_error(
    judge: Judge, kustomize: Path, tmp_path: Path, text: str
) -> None:
    """What Kustomize refuses is refused for the same field."""
    done = _build(kustomize, tmp_path, text)
    assert done.returncode == 1
    (message,) = _errors(judge, text)
    _, unknown, field = done.stderr.strip().rpartition('json: unknown field "')
    assert message.startswith(f"unknown field {field[:-1]} in ") == bool(unknown)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "resource: [a.yaml]\n",
            (1, 1, "unknown-field", "unknown field resource in the kustomization; did you mean resources?" + JUDGED),
        ),
        (
            "images:\n- name: a\n  newtagg: b\n",
            (3, 3, "unknown-field", "unknown field newtagg in images[0]; did you mean newTag?" + JUDGED),
        ),
        (
            "Images:\n- name: a\n  newtagg: b\n",
            (3, 3, "unknown-field", "unknown field newtagg in Images[0]; did you mean newTag?" + JUDGED),
        ),
        (
            "resources:\n  a.yaml\n",
            (2, 3, "wrong-type", "expected a list for resources, got a string" + JUDGED),
        ),
        (
            "commonAnnotations:\n  a: true\n",
            (2, 6, "wrong-type", "expected a string for commonAnnotations.a, got the boolean true" + JUDGED),
        ),
        (
            "replicas:\n- name: a\n  count: '3'\n",
            (3, 10, "wrong-type", "expected an integer for replicas[0].count, got a string" + JUDGED),
        ),
        (
            "replicas: [{count: 9223372036854775808}]\n",
            (1, 20, "invalid-value", "replicas[0].count must be an integer of 64 bits, not 9223372036854775808"),
        ),
        (
            "kind: Kustomisation\n",
            (1, 7, "invalid-value", "Kustomize does not know the kind Kustomisation; did you mean Kustomization?"),
        ),
        (
            "apiVersion: kustomize.config.k8s.io/v1\nkind: Kustomization\n",
            (
                1,
                13,
                "invalid-value",
                (
                    "the API version of a Kustomization must be kustomize.config.k8s.io/v1beta1, "
                    "not kustomize.config.k8s.io/v1"
                ),
            ),
        ),
        (
            "kind: Component\napiVersion: kustomize.config.k8s.io/v1beta1\n",
            (
                2,
                13,
                "invalid-value",
                (
                    "the API version of a Component must be kustomize.config.k8s.io/v1alpha1, "
                    "not kustomize.config.k8s.io/v1beta1"
                ),
            ),
        ),
        (
            "resources: []\nbases:\n- b\n",
            (2, 1, "deprecated-kustomize-field", "Kustomize warns that bases is deprecated; resources replaces it"),
        ),
        (
            "- a.yaml\n",
            (1, 1, "wrong-type", "a kustomization must be a mapping of fields, not a list"),
        ),
    ],
)
def test_a_finding_stands_on_the_field(check: Check, text: str, expected: tuple[int, int, str, str]) -> None:
    """Each is said once, on the key that is unknown or the value that is wrong."""
    assert check(text, path="web/kustomization.yaml", role=Role.KUSTOMIZATION) == [expected]


@pytest.mark.parametrize(
    ("text", "help_text"),
    [
        ("resources: a\n", "write resources as a list: each entry on a line of its own, after a dash"),
        ("namePrefix: 1\n", "put the value in quotes"),
        ("patches: [a.yaml]\n", "write the entry as `- path: file.yaml`"),
        ("kind: Kustomisation\n", "write kind: Kustomization or kind: Component"),
        ("apiVersion: v1beta1\n", "write apiVersion: kustomize.config.k8s.io/v1beta1"),
        ("vars: []\n", "use replacements; `kustomize edit fix` rewrites the file"),
    ],
)
def test_the_help_says_what_to_write(judge: Judge, text: str, help_text: str) -> None:
    """A finding says how to mend it."""
    findings, _ = judge(text, path="kustomization.yaml", role=Role.KUSTOMIZATION)
    assert [finding.help for finding in findings] == [help_text]


def test_everything_wrong_is_said_at_once(check: Check) -> None:
    """Kustomize stops at the first error; the gate does not."""
    text = "resource: []\nnamespace: 5\nimages: [{tag: x}]\n"
    assert [finding[:3] for finding in check(text, path="kustomization.yaml", role=Role.KUSTOMIZATION)] == [
        (1, 1, "unknown-field"),
        (2, 12, "wrong-type"),
        (3, 11, "unknown-field"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "secretGenerator: [{literals: password=hunter2}]\n",
        "secretGenerator: [{literals: [31337]}]\n",
        "helmCharts: [{valuesInline: hunter2}]\n",
        "patches: ['password: hunter2']\n",
    ],
)
def test_a_text_at_the_wrong_place_is_not_quoted(judge: Judge, text: str) -> None:
    """It may be a secret."""
    (message,) = _errors(judge, text)
    assert "hunter2" not in message
    assert "31337" not in message


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_each_name_of_the_file_is_looked_at(check: Check, name: str) -> None:
    """These are the names under which Kustomize looks for it, whatever role the caller sees in it."""
    assert [finding[2] for finding in check("resource: []\n", path=f"web/{name}", role=None)] == ["unknown-field"]


def test_objects_behind_a_kustomization_do_not_hide_it(check: Check) -> None:
    """Kustomize reads the first document; the file is checked as both that it is."""
    text = "resource: []\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndatas: {}\n"
    assert [finding[::2] for finding in check(text, path="kustomization.yaml", role=Role.KUSTOMIZATION)] == [
        (1, "unknown-field"),
        (6, "unknown-field"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "---\n---\nresource: []\n",
        "resource: [\n---\nresource: []\n",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a}\nspec: {}\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n",
    ],
)
def test_what_kustomize_does_not_read_is_for_other_checks(text: str) -> None:
    """An empty file, one that cannot be decoded and another tool's object are no kustomization with wrong fields."""
    assert check_kustomization(read_file("kustomization.yaml", text.encode(), Role.KUSTOMIZATION)) == []


def test_a_file_of_another_name_is_not_looked_at(judge: Judge) -> None:
    """Kustomize never reads it."""
    assert judge(KUSTOMIZATION + "resource: []\n", path="template.yaml", role=None) == ([], [])


def test_the_report_can_say_what_judged() -> None:
    """The schema is that of the release which the tests run."""
    file = read_file("kustomization.yaml", (COMPONENT + RESOURCES).encode(), Role.KUSTOMIZATION)
    assert list(judged_by(file, SchemaSet(SchemaSpec()))) == [
        ("kustomize.config.k8s.io/v1alpha1", "Component", RELEASE)
    ]


def test_a_kustomization_before_objects_judges_once() -> None:
    """What Kustomize reads is not counted again among the objects of its file."""
    text = KUSTOMIZATION + RESOURCES + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    file = read_file("kustomization.yaml", text.encode(), Role.KUSTOMIZATION)
    assert [kind for _, kind, _ in judged_by(file, SchemaSet(SchemaSpec()))] == ["Kustomization", "ConfigMap"]


def test_both_kinds_have_the_same_fields() -> None:
    """The check reads the schema of Kustomization for both."""
    found = [carried("kustomize.config.k8s.io", kind) for kind in ("Kustomization", "Component")]
    schemas = [kind.schema(kind.releases[0].versions[0]) for kind in found if kind is not None]
    assert len(schemas) == 2
    assert schemas[0] == schemas[1]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["resources", "images", "patches", "labels", "name", "Target", "fields", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(data=_JSON)
def test_no_value_makes_the_check_crash(data: object) -> None:
    """Whatever stands in the file, it is judged."""
    file = read_file("kustomization.yaml", json.dumps(data).encode(), Role.KUSTOMIZATION)
    for finding in check_file(file, SchemaSet(SchemaSpec()))[0]:
        assert finding.location.region is not None
