"""Patterns of definitions against a real API server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gategit.checks.schema.crd import crd_problems

if TYPE_CHECKING:
    from tests.api_server import ApiServer

_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def _definition(code: dict[str, Any]) -> dict[str, Any]:
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"code": {"type": "string", **code}}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "patterns.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"kind": "Pattern", "plural": "patterns", "singular": "pattern", "listKind": "PatternList"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


@pytest.mark.parametrize(
    ("code", "accepted"),
    [
        ({"pattern": "^(?i)(a|b)$"}, True),
        ({"pattern": r"^[a-z\d-_]+$"}, True),
        ({"pattern": "(?<n>a)"}, True),
        ({"pattern": "a(?=b)"}, False),
        ({"pattern": "a{1001}"}, False),
        ({"pattern": r"(a)\1"}, False),
        ({"pattern": "[[:letter:]]"}, False),
        ({"anyOf": [{"pattern": "a"}, {"pattern": "(?!b)"}]}, False),
        ({"allOf": [{"pattern": "a**"}]}, False),
        ({"not": {"pattern": "(a"}}, False),
    ],
)
def test_the_server_refuses_what_is_said_to_be_refused(
    api_server: ApiServer, code: dict[str, Any], *, accepted: bool
) -> None:
    """A definition has a problem exactly where the server says so."""
    definition = _definition(code)
    assert [problem.path[-1] for problem in crd_problems(definition)] == ([] if accepted else ["pattern"])
    if accepted:
        api_server.send("POST", f"{_DEFINITIONS}?dryRun=All", definition)
    else:
        with pytest.raises(AssertionError, match="must be a valid regular expression"):
            api_server.send("POST", f"{_DEFINITIONS}?dryRun=All", definition)
