"""The rules of the check "schema"."""

from __future__ import annotations

from typing import Final

from gategit.checks.schema.facts import GUIDE
from gategit.model import Level, Rule, Stage

UNKNOWN_FIELD: Final = Rule(
    id="unknown-field",
    level=Level.ERROR,
    stage=Stage.SCHEMA,
    summary="Every field of a manifest must be one that its kind has.",
    rationale="A misspelt or misplaced field is refused by a strict API server, and silently dropped by a lenient one: "
    "the setting that a reader believes in is then not in force. A kustomization with one is not built at all.",
    help="Correct the name, or move the field to where it belongs.",
    example_fail="apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndatas:  # <-\n  a: b\n",
    example_pass="apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  a: b\n",  # noqa: S106  an example, not a password
)

MISSING_FIELD: Final = Rule(
    id="missing-field",
    level=Level.ERROR,
    stage=Stage.SCHEMA,
    summary="Every field that its kind requires must be there.",
    rationale="The API server refuses the object without it.",
    help="Add the field.",
    example_fail="apiVersion: v1\nkind: ConfigMap\nmetadata: {}  # <-\n",
    example_pass="apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n",  # noqa: S106  an example, not a password
)

WRONG_TYPE: Final = Rule(
    id="wrong-type",
    level=Level.ERROR,
    stage=Stage.SCHEMA,
    summary="Every field must hold a value of the type that its kind wants.",
    rationale="The API server refuses the object: it converts neither texts to numbers nor one value to a list.",
    help="Write the value in the wanted type: numbers without quotes, texts in quotes, lists with dashes.",
    example_fail='apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\nimmutable: "true"  # <-\n',
    example_pass="apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\nimmutable: true\n",  # noqa: S106  an example, not a password
)

INVALID_VALUE: Final = Rule(
    id="invalid-value",
    level=Level.ERROR,
    stage=Stage.SCHEMA,
    summary="Every value must be one that its field takes.",
    rationale="The API server refuses values out of range, outside of a list of choices, or of the wrong form.",
    help="Use one of the values that the message names.",
)

SURPRISING_SCALAR: Final = Rule(
    id="surprising-scalar",
    level=Level.ERROR,
    stage=Stage.SCHEMA,
    summary="A value must mean to the cluster what it means to a reader.",
    rationale="Kubernetes reads YAML 1.1: `NO`, `on` and `yes` are booleans, `1.10` is the number 1.1, `0644` is 420. "
    "Where the field wants a text, the API server refuses such a value. In a file that a kustomization names, a word "
    "like `yes` and any annotation are a warning only: Kustomize reads YAML 1.2 and puts them in quotes, so the object "
    "is right for as long as nobody applies the file itself.",
    help="Put the value in quotes where a text is meant; write numbers without quotes where a number is meant.",
    example_fail="apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  country: NO  # <-\n",
    example_pass='apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  country: "NO"\n',  # noqa: S106  an example, not a password
)

REMOVED_API: Final = Rule(
    id="removed-api",
    level=Level.ERROR,
    stage=Stage.SCHEMA,
    summary="Every API version must be one that the wanted Kubernetes version still serves.",
    rationale="An object of a removed API version cannot be applied at all.",
    help="Write the API version that replaces it; some fields may have other names there.",
    references=(GUIDE,),
)

DEPRECATED_API: Final = Rule(
    id="deprecated-api",
    level=Level.WARNING,
    stage=Stage.SCHEMA,
    summary="API versions that a coming Kubernetes version removes should be replaced.",
    rationale="After the upgrade that removes it, the object cannot be applied any more.",
    help="Write the API version that replaces it; some fields may have other names there.",
    references=(GUIDE,),
)

VERSION_NOT_SERVED: Final = Rule(
    id="version-not-served",
    level=Level.ERROR,
    stage=Stage.SCHEMA,
    summary="Every API version must be one that the cluster serves.",
    rationale="The kind is known, but not in this version: the API server answers 404.",
    help="Use one of the versions that the message names.",
)

UNKNOWN_KIND: Final = Rule(
    id="unknown-kind",
    level=Level.ERROR,
    stage=Stage.SCHEMA,
    summary="A kind of one of Kubernetes' own API groups must exist.",
    rationale="Nothing can add a kind to these groups, so the API server answers 404. Mostly it is a typing error or "
    "the wrong group.",
    help="Correct kind or apiVersion.",
    example_fail="apiVersion: v1\nkind: Configmap  # <-\nmetadata:\n  name: settings\n",
    example_pass="apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n",  # noqa: S106  an example, not a password
)

SCHEMA_MISSING: Final = Rule(
    id="schema-missing",
    level=Level.WARNING,
    stage=Stage.SCHEMA,
    summary="There should be a schema for every kind that the repository uses.",
    rationale="Without a schema nothing but the metadata of such objects is checked, and most defects in custom "
    "resources are plain typing errors.",
    help="Add the CustomResourceDefinition with `gategit schema add FILE`.",
)

SCHEMA_UNUSABLE: Final = Rule(
    id="schema-unusable",
    level=Level.ERROR,
    stage=Stage.SCHEMA,
    summary="A schema that is there must be one that can be used.",
    rationale="Objects of this kind cannot be validated although the repository has a schema for them. A gate that "
    "could not look does not open.",
    help="Mend or replace the CustomResourceDefinition or the schema file.",
    undecided=True,
)

CRD_INVALID: Final = Rule(
    id="crd-invalid",
    level=Level.ERROR,
    stage=Stage.SCHEMA,
    summary="A CustomResourceDefinition must follow the rules of structural schemas.",
    rationale="The API server refuses a definition that breaks them, and every object of the kind with it.",
    help="Correct the field that the message names; generated definitions are best mended in their source.",
    references=(
        (
            "https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/"
            "#specifying-a-structural-schema"
        ),
    ),
)

SCOPE_MISMATCH: Final = Rule(
    id="scope-mismatch",
    level=Level.NOTE,
    stage=Stage.SCHEMA,
    summary="An object of a cluster-wide kind names no namespace.",
    rationale="The API server ignores the namespace, so a reader is misled about where the object is in force.",
    help="Remove metadata.namespace.",
)

DEPRECATED_KUSTOMIZE_FIELD: Final = Rule(
    id="deprecated-kustomize-field",
    level=Level.NOTE,
    stage=Stage.SCHEMA,
    summary="A kustomization should not use fields that Kustomize warns of.",
    rationale="`kustomize build` still takes the field and prints a warning; a coming version of Kustomize may refuse "
    "it, and nothing of the folder is built then.",
    help="Use the field that replaces it; `kustomize edit fix` rewrites the file.",
    references=("https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/",),
)

DEFINITION_CHANGED: Final = Rule(
    id="definition-changed",
    level=Level.NOTE,
    stage=Stage.SCHEMA,
    summary="A definition that judges other objects from now on deserves a reviewer's eye.",
    rationale="A CustomResourceDefinition of the tree judges the objects of its kind, before the schema that gategit "
    "carries, and at once: also those of the same change. That is right where the cluster gets the definition with the "
    "change. It is also how a change could have its own mistakes passed over, by a definition that takes any field; "
    "that is a warning.",
    help="Nothing needs mending where the definition is the one that the cluster has, or gets.",
)

RULES: Final = (
    UNKNOWN_FIELD,
    MISSING_FIELD,
    WRONG_TYPE,
    INVALID_VALUE,
    SURPRISING_SCALAR,
    REMOVED_API,
    DEPRECATED_API,
    VERSION_NOT_SERVED,
    UNKNOWN_KIND,
    SCHEMA_MISSING,
    SCHEMA_UNUSABLE,
    CRD_INVALID,
    DEFINITION_CHANGED,
    SCOPE_MISMATCH,
    DEPRECATED_KUSTOMIZE_FIELD,
)
"""Every rule of the check."""
