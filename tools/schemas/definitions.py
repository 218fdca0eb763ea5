"""CustomResourceDefinitions in a file, among whatever else it holds."""

from __future__ import annotations

from typing import Any, Final

from gategit.checks.schema.crd import is_crd
from gategit.manifests.decode import Limits, decode
from tools.schemas.errors import SchemasError

_LIMITS: Final = Limits(file_bytes=2**26, nodes=3_000_000, scalar_bytes=2**26)
_VERSION: Final = "apiextensions.k8s.io/v1"


def decoded(content: bytes, name: str) -> list[Any]:
    """The documents of a YAML or JSON file, decoded as the API server decodes them.

    Args:
        content: the file's bytes.
        name: what to call it; it ends as the file's name ends.

    Raises:
        SchemasError: it cannot be decoded.
    """
    found = decode(content, name, _LIMITS)
    if found.problems:
        problem = found.problems[0]
        raise SchemasError(f"{name} cannot be read: line {problem.region.line}: {problem.message}")
    return [document.data for document in found.documents]


def definitions_in(content: bytes, name: str) -> list[dict[str, Any]]:
    """The CustomResourceDefinitions of a YAML or JSON file.

    Args:
        content: the file's bytes.
        name: what to call it; it ends as the file's name ends.

    Raises:
        SchemasError: it cannot be decoded, or holds a definition in an old form.
    """
    found = [data for data in decoded(content, name) if is_crd(data)]
    for definition in found:
        if definition["apiVersion"] != _VERSION:
            raise SchemasError(f"{name} holds a CustomResourceDefinition of {definition['apiVersion']}, not {_VERSION}")
    return found
