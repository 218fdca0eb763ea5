"""The waivers file's description: its keys, what each may hold and what it is for.

The reader, schemas/waivers.schema.json and docs/configuration.md all come from ``DESCRIPTION``.
"""

from __future__ import annotations

from datetime import date

from gategit.globs import name_pattern, path_matcher
from gategit.settings import Field, ListOf, Number, Record, Text


def _check_name_glob(text: str) -> None:
    name_pattern(text)


def _check_path_glob(text: str) -> None:
    path_matcher((text,))


def _check_date(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError("there is no such day") from None


_NAME_GLOB = "* and ? are allowed."

OBJECT = Record(
    {
        "apiVersion": Field(
            Text("an API version such as apps/v1", accepts=_check_name_glob), f"Its API version; {_NAME_GLOB}"
        ),
        "kind": Field(Text("a kind such as Deployment", accepts=_check_name_glob), f"Its kind; {_NAME_GLOB}"),
        "namespace": Field(
            Text("a namespace's name", accepts=_check_name_glob), f"Its namespace as its manifest has it; {_NAME_GLOB}"
        ),
        "name": Field(Text("an object's name", accepts=_check_name_glob), f"Its name; {_NAME_GLOB}"),
    },
    minimum=1,
)

WAIVER = Record(
    {
        "rule": Field(
            Text("a rule's id such as image-digest", pattern=r"[a-z0-9]+(-[a-z0-9]+)*"),
            "The rule that is excepted, by its id.",
            required=True,
            example="image-digest",
        ),
        "object": Field(
            OBJECT, "The objects that are excepted, by any part of what names them.", default="every object"
        ),
        "paths": Field(
            ListOf(Text("a path pattern such as apps/**", accepts=_check_path_glob), minimum=1),
            "The path patterns of the files that are excepted.",
            default="every file",
        ),
        "target": Field(
            Text("a target's name", accepts=_check_name_glob),
            f"The target that is excepted; {_NAME_GLOB}",
            default="every target",
        ),
        "owner": Field(
            Text("who answers for the exception"),
            "Who answers for the exception: a person or team.",
            required=True,
            example="team-shop",
        ),
        "reason": Field(
            Text("why the exception is needed"),
            "Why the exception is needed.",
            required=True,
            example="vendor publishes no digests before Q1",
        ),
        "expires": Field(
            Text("a date such as 2027-01-31", pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}", accepts=_check_date),
            "The last day on which the exception holds.",
            required=True,
            example="2027-01-31",
        ),
    }
)

DESCRIPTION = Record(
    {
        "version": Field(Number(1), "The version of this file's format.", required=True, example="1"),
        "waivers": Field(ListOf(WAIVER), "The exceptions.", default="[]"),
    }
)
