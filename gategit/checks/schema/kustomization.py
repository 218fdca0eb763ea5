"""Kustomize's own files: their fields against those of Kustomize's own types, read as Kustomize reads them.

Kustomize decodes its file with Go's encoding/json and unknown fields refused. So field names are compared without
regard to case, null stands for an absent value anywhere, no value is converted to another type, and nothing is
required. An API server reads objects otherwise, which is why this check has its own walk through the schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from gategit.checks.schema import rules
from gategit.errors import UndecidedError
from gategit.manifests.classify import KUSTOMIZATION_NAMES, KUSTOMIZE_GROUP, KUSTOMIZE_VERSIONS, is_for_kustomize
from gategit.manifests.manifest import Source
from gategit.model import FieldPath, Finding, Rule, Stage, format_path
from gategit.nearest import did_you_mean

if TYPE_CHECKING:
    from gategit.checks.schema.ecosystem import Choice
    from gategit.manifests.decode import Document
    from gategit.manifests.file import ManifestFile

Schema = dict[str, Any]

_KIND: Final = "Kustomization"
_REPLACED_BY: Final = "x-kustomize-replaced-by"
_FREE_FORM: Final = "x-kubernetes-preserve-unknown-fields"
_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
}
_LARGEST: Final = 2**63 - 1
_SECRET: Final = "secretGenerator"  # noqa: S105  the name of a field


@dataclass(frozen=True, slots=True)
class _Flaw:
    """What is wrong with a field.

    ``key`` is True where the finding stands on the field's name, ``judged`` where another release of Kustomize may see
    it otherwise.
    """

    rule: Rule
    path: FieldPath
    message: str
    help: str = ""
    key: bool = False
    judged: bool = False


def check_kustomization(file: ManifestFile, target: str | None = None) -> list[Finding]:
    """Check the document of a kustomization file that Kustomize reads: the first one.

    Args:
        file: any file; one of which Kustomize would read nothing has no findings.
        target: the target's name for the findings, where the file is checked for one.

    Raises:
        UndecidedError: this installation has no schema for kustomizations.
    """
    document = _document(file)
    if document is None:
        return []
    choice = _choice()
    source = Source(file.path, document.index)
    return [
        Finding(
            rule=flaw.rule.id,
            stage=Stage.SCHEMA,
            level=flaw.rule.level,
            message=f"{flaw.message} (judged by {choice.origin})" if flaw.judged else flaw.message,
            location=file.location(source, flaw.path, on="key" if flaw.key else "value"),
            help=flaw.help,
            path=flaw.path,
            target=target,
        )
        for flaw in _flaws(document.data)
    ]


def judged_kustomization(file: ManifestFile) -> Iterator[tuple[str, str, str]]:
    """API version, kind and the origin of the schema of the kustomization in a file, where there is one."""
    document = _document(file)
    if document is not None and isinstance(document.data, dict):
        kind = _text_of(document.data, _schema(), "kind")[1] or _KIND
        if kind in KUSTOMIZE_VERSIONS:
            yield KUSTOMIZE_VERSIONS[kind], kind, _choice().origin


def _document(file: ManifestFile) -> Document | None:
    """The document that Kustomize reads of a file; None where it reads none, or an empty one.

    What an empty kustomization means is for the check of references to say, which knows what names it.
    """
    documents = file.decoded.documents
    if file.path.rpartition("/")[2] not in KUSTOMIZATION_NAMES or not documents:
        return None
    data = documents[0].data
    # The text before may be a document that cannot be read, or an empty one: Kustomize stops there.
    if documents[0].index or data is None or (isinstance(data, dict) and not is_for_kustomize(data)):
        return None
    return documents[0]


def _flaws(data: Any) -> Iterator[_Flaw]:
    if not isinstance(data, dict):
        from gategit.checks.schema.explain import show  # noqa: PLC0415  only failures pay

        yield _Flaw(rules.WRONG_TYPE, (), f"a kustomization must be a mapping of fields, not {show(data)}")
        return
    schema = _schema()
    yield from _header(data, schema)
    yield from _walk(schema, data, (), ())


@cache
def _choice() -> Choice:
    """The release of Kustomize that judges.

    Raises:
        UndecidedError: the installation is incomplete.
    """
    from gategit.checks.schema.ecosystem import Choice, carried, choose  # noqa: PLC0415  most files are no kustomization

    kind = carried(KUSTOMIZE_GROUP, _KIND)
    choice = None if kind is None else choose(kind, KUSTOMIZE_VERSIONS[_KIND].rpartition("/")[2], None)
    if kind is None or not isinstance(choice, Choice):
        raise UndecidedError("this installation of gategit has no schema for kustomizations", "install gategit again")
    return choice


@cache
def _schema() -> Schema:
    """The fields of a kustomization; a component has the same."""
    choice = _choice()
    return choice.kind.schema(choice.version)


# --- apiVersion and kind ---------------------------------------------------------------------------------------------


def _header(data: dict[str, Any], schema: Schema) -> Iterator[_Flaw]:
    kind_key, kind = _text_of(data, schema, "kind")
    version_key, version = _text_of(data, schema, "apiVersion")
    if kind and kind not in KUSTOMIZE_VERSIONS:
        yield _Flaw(
            rules.INVALID_VALUE,
            (kind_key,),
            f"Kustomize does not know the kind {kind[:80]}{did_you_mean(kind, KUSTOMIZE_VERSIONS)}",
            "write kind: Kustomization or kind: Component",
        )
        return
    wanted = KUSTOMIZE_VERSIONS[kind or _KIND]
    if version and version != wanted:
        yield _Flaw(
            rules.INVALID_VALUE,
            (version_key,),
            f"the API version of a {kind or _KIND} must be {wanted}, not {version[:80]}",
            f"write apiVersion: {wanted}",
        )


def _text_of(data: dict[str, Any], schema: Schema, name: str) -> tuple[str, str]:
    """A text at the top and the key that it stands under: of several spellings Go reads the last one, in byte order."""
    written = sorted(key for key, value in data.items() if _name(schema, key) == name and isinstance(value, str))
    return (written[-1], data[written[-1]]) if written else (name, "")


# --- fields ----------------------------------------------------------------------------------------------------------


def _fold(name: str) -> str:
    """A name without regard to case, as encoding/json compares: two letters outside of ASCII fold into it."""
    return name.replace("\u017f", "s").lower()


def _name(schema: Schema, key: str) -> str | None:
    """The field that a key means; None where the schema has none."""
    properties = schema["properties"]
    if key in properties:
        return key
    folded = _fold(key)
    return next((name for name in properties if name.lower() == folded), None)


def _walk(schema: Schema, value: Any, path: FieldPath, names: FieldPath) -> Iterator[_Flaw]:
    """What is wrong below a field. ``names`` is its path with the fields' own names, where ``path`` has those written.

    The schema is a few levels deep, and so is this, whatever the value: free-form values are not entered.
    """
    if value is None:
        return
    wanted = schema.get("type")
    if wanted is None:
        return
    if not _is(value, wanted):
        yield _wrong_type(schema, value, path, names)
    elif wanted == "integer" and not -_LARGEST - 1 <= value <= _LARGEST:
        yield _Flaw(rules.INVALID_VALUE, path, f"{format_path(path)} must be an integer of 64 bits, not {value}")
    elif wanted == "array":
        for index, item in enumerate(value):
            yield from _walk(schema["items"], item, (*path, index), (*names, index))
    elif "properties" in schema:
        yield from _walk_fields(schema, value, path, names)
    elif wanted == "object" and not schema.get(_FREE_FORM):
        for key, item in value.items():
            yield from _walk(schema["additionalProperties"], item, (*path, key), (*names, key))


def _walk_fields(schema: Schema, value: dict[str, Any], path: FieldPath, names: FieldPath) -> Iterator[_Flaw]:
    for key, item in value.items():
        name = _name(schema, key)
        if name is None:
            yield _unknown(key, path, names)
            continue
        child = schema["properties"][name]
        instead = child.get(_REPLACED_BY)
        if instead is not None and item is not None:
            yield _Flaw(
                rules.DEPRECATED_KUSTOMIZE_FIELD,
                (*path, key),
                f"Kustomize warns that {name} is deprecated; {instead} replaces it",
                f"use {instead}; `kustomize edit fix` rewrites the file",
                key=True,
            )
        yield from _walk(child, item, (*path, key), (*names, name))


def _is(value: Any, wanted: str) -> bool:
    # To Python true is a number.
    return isinstance(value, _TYPES[wanted]) and (wanted == "boolean" or not isinstance(value, bool))


def _unknown(key: str, path: FieldPath, names: FieldPath) -> _Flaw:
    from gategit.checks.schema.elsewhere import advice  # noqa: PLC0415  only an unknown field needs it

    where = format_path(path) or "the kustomization"
    return _Flaw(
        rules.UNKNOWN_FIELD,
        (*path, key),
        f"unknown field {key[:100]} in {where}{advice(_schema(), (*names, key))}",
        "correct the name or remove the field: Kustomize builds nothing while it is there",
        key=True,
        judged=True,
    )


def _wrong_type(schema: Schema, value: Any, path: FieldPath, names: FieldPath) -> _Flaw:
    from gategit.checks.schema.explain import show, wanted  # noqa: PLC0415  only failures pay

    expected = schema["type"]
    # A text may be a patch or a password that stands at the wrong place.
    shown = show(value, secret=isinstance(value, str) or names[0] == _SECRET)
    return _Flaw(
        rules.WRONG_TYPE,
        path,
        f"expected {wanted([expected])} for {format_path(path)}, got {shown}",
        _type_help(expected, value, names),
        judged=True,
    )


def _type_help(expected: str, value: Any, names: FieldPath) -> str:
    if expected == "array":
        return f"write {names[-1]} as a list: each entry on a line of its own, after a dash"
    if expected == "string" and not isinstance(value, dict | list):
        return "put the value in quotes"
    if isinstance(value, str) and len(names) == 2 and names[0] in ("patches", "patchesJson6902"):
        return "write the entry as `- path: file.yaml`"
    return ""
