"""The config file's description: its keys, what each may hold and what it is for.

The reader, schemas/config.schema.json and docs/configuration.md all come from ``DESCRIPTION``.
"""

from __future__ import annotations

import re

from gategit.config import DRY_RUN_MODES, KUBERNETES_VERSION
from gategit.globs import name_pattern, path_matcher
from gategit.settings import Choice, Field, Flag, ListOf, MapOf, Number, Plain, Record, Text, Whole

MAX_FILE_SIZE = 100 * 1024 * 1024
"""The largest value of limits.file_size: git hosts refuse larger files, so none can need it."""

_RULE_ID = r"[a-z0-9]+(-[a-z0-9]+)*"
_UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SIZE = r"[1-9][0-9]{0,8}(B|KiB|MiB)"


def _check_glob(text: str) -> None:
    path_matcher((text,))


def _check_name_glob(text: str) -> None:
    name_pattern(text)


def check_tree_path(text: str) -> None:
    """Refuse a path that leaves the repository.

    Raises:
        ValueError: it is absolute, has a drive or a backslash, or climbs with ``..``.
    """
    if text.startswith("/") or "\\" in text or re.match(r"[A-Za-z]:", text):
        raise ValueError("paths are relative to the repository's root, with / between names")
    if ".." in text.split("/"):
        raise ValueError("paths must not leave the repository")


def _check_size(text: str) -> None:
    if file_size(text) > MAX_FILE_SIZE:
        raise ValueError("the limit cannot be more than 100MiB")


def file_size(text: str) -> int:
    """The bytes that ``5MiB``, ``512KiB`` or ``100B`` stand for."""
    number = text.rstrip("BKMGi")
    return int(number) * _UNITS[text[len(number) :]]


_GLOB = Text("a path pattern such as apps/**", accepts=_check_glob)
_GLOBS = ListOf(_GLOB)
_FOLDER = Text("a folder's path from the repository's root", accepts=check_tree_path)
_VERSION = Text('a Kubernetes version such as "1.34"', pattern=KUBERNETES_VERSION)
_LEVELS = ("error", "warning", "note")
_RELEASES = MapOf(
    Text('a release such as "3.5" or "3.5.7"', pattern=r"v?[0-9]+(\.[0-9]+)*(-[a-z]+)?"),
    Text("a project's short name such as argo-cd", pattern=r"[a-z0-9]+(-[a-z0-9]+)*"),
)

_RULE = Text("a rule's id such as image-digest", pattern=_RULE_ID)
_RULE_LEVELS = MapOf(Choice((*_LEVELS, "off")), _RULE)
_POLICY_PARAMETERS = MapOf(
    MapOf(Plain(), Text("a parameter's name", pattern=r"[a-z][a-z0-9_]*")), Text("a policy's id", pattern=_RULE_ID)
)

_PROGRAM = Record(
    {
        "program": Field(
            Text("an absolute path", pattern=r"[/~][^\x00-\x1f\x7f]*"),
            "The program's path, outside of the repository.",
            default="the one in PATH",
        ),
        "version": Field(
            Text('a version such as "5.8" or "5.8.1"', pattern=r"v?[0-9]+(\.[0-9]+){0,2}"),
            "The version that it must be, or its leading numbers: that of the agent in the cluster.",
            default="any",
        ),
    },
    minimum=1,
)

RENDER = Record(
    {
        "enabled": Field(
            Flag(),
            "Whether kustomizations and charts are rendered. Where not, files are judged as they stand, and what is "
            "not rendered is counted.",
            default="true",
        ),
        "kustomize": Field(_PROGRAM, "The kustomize that builds kustomizations."),
        "helm": Field(_PROGRAM, "The helm that renders charts."),
        "remotes": Field(
            ListOf(
                Record(
                    {
                        "host": Field(
                            Text(
                                "a host such as charts.example.com, or *.example.com",
                                pattern=r"(\*\.)?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
                                r"(:[1-9][0-9]{0,4})?",
                            ),
                            "The host.",
                            required=True,
                            example="charts.example.com",
                        ),
                        "path": Field(
                            Text("a path such as /stable", pattern=r"/[^\x00-\x20\x7f]*"),
                            "What paths on that host must begin with.",
                            default="any path",
                        ),
                    }
                )
            ),
            "Where charts and bases may be fetched from, in the exact version that is asked for. From nowhere else "
            "anything is fetched.",
            default="[]",
        ),
        "timeout": Field(Whole(1, 3600), "The seconds that one build may take.", default="60"),
        "memory": Field(
            Text("a size such as 2GiB (MiB or GiB)", pattern=r"[1-9][0-9]{0,5}(MiB|GiB)"),
            "The memory that one build may use.",
            default="2GiB",
        ),
        "output": Field(
            Text("a size such as 64MiB (KiB or MiB)", pattern=r"[1-9][0-9]{0,5}(KiB|MiB)"),
            "How much one build may write.",
            default="64MiB",
        ),
        "files": Field(Whole(1, 1_000_000), "How many files of the repository one build may read.", default="20000"),
    }
)

OVERRIDE = Record(
    {
        "targets": Field(
            ListOf(Text("a target's name", accepts=_check_name_glob), minimum=1),
            "The targets for which it holds; * and ? are allowed.",
            default="every target, and files of none",
        ),
        "paths": Field(
            ListOf(_GLOB, minimum=1), "The path patterns of the files for which it holds.", default="every file"
        ),
        "levels": Field(_RULE_LEVELS, "The level of single rules there, or off.", default="as elsewhere"),
        "parameters": Field(_POLICY_PARAMETERS, "The parameters of policies there.", default="as elsewhere"),
    },
    minimum=2,
)

TARGET = Record(
    {
        "paths": Field(
            ListOf(_GLOB, minimum=1),
            "The path patterns of the files that this cluster gets.",
            required=True,
            example='["clusters/prod/**"]',
        ),
        "kubernetes_version": Field(
            _VERSION, "The Kubernetes version that this cluster runs.", default="the file's kubernetes_version"
        ),
        "upgrade_to": Field(
            _VERSION,
            "The version that this cluster will run next: manifests are validated for it too.",
            default="none",
        ),
        "dry_run": Field(
            Choice(DRY_RUN_MODES), "How the dry run asks this cluster's API server (or a stand-in).", default="off"
        ),
        "context": Field(
            Text("a context's name", pattern=r"[^\x00-\x1f\x7f]{1,253}"),
            "The kubeconfig's context that reaches this cluster, for dry_run: cluster.",
            default="the kubeconfig's current context",
        ),
        "namespace": Field(
            Text("a namespace's name", pattern=r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"),
            "The namespace of objects that name none.",
            default="the context's, else default",
        ),
        "snapshot": Field(
            Text("a file's path from the repository's root", accepts=check_tree_path),
            "An export of this cluster (`gategit cluster snapshot`): manifests are validated by its schemas, a sandbox "
            "is filled from it, and dry_run: snapshot asks it.",
            default="none",
        ),
        "field_manager": Field(
            Text("a field manager's name", pattern=r"[^\x00-\x1f\x7f]{1,128}"),
            "The field manager that the dry run applies as: the name under which the agent applies.",
            default="the live object's owner, else gategit",
        ),
        "server": Field(
            Text("a URL such as https://10.0.0.1:6443", pattern=r"https?://[^\x00-\x20\x7f]+"),
            "The API server's URL as Argo CD's Applications name it in destination.server.",
            default="none",
        ),
        "cluster": Field(
            Text("a cluster's name", pattern=r"[^\x00-\x1f\x7f]{1,253}"),
            "The cluster's name as Argo CD's Applications name it in destination.name.",
            default="the target's name",
        ),
        "labels": Field(
            MapOf(
                Text("a label's value", pattern=r"[A-Za-z0-9._-]{0,63}"),
                Text("a label's name", pattern=r"[A-Za-z0-9./_-]{1,317}"),
            ),
            "The labels that the cluster has in Argo CD, for cluster generators of ApplicationSets.",
            default="{}",
        ),
        "releases": Field(
            _RELEASES,
            "The releases of Argo CD, Flux and other projects that this cluster runs, by project; those of "
            "schemas.releases hold for the others.",
            default="{}",
        ),
    }
)

DESCRIPTION = Record(
    {
        "version": Field(Number(1), "The version of this file's format.", required=True, example="1"),
        "kubernetes_version": Field(
            _VERSION,
            "The Kubernetes version that manifests are validated for, in quotes. A target can set its own.",
            default="the newest that gategit knows",
            example='"1.34"',
        ),
        "include": Field(_GLOBS, "The path patterns of what is looked at.", default='["**"]'),
        "exclude": Field(
            _GLOBS, "The path patterns of what is left out. Each report counts what was left out.", default="[]"
        ),
        "policies": Field(
            Record(
                {
                    "packs": Field(
                        ListOf(Text("a pack's name such as recommended", pattern=_RULE_ID)),
                        "The built-in policy packs that apply; [] for none.",
                        default="[recommended]",
                    ),
                    "folders": Field(ListOf(_FOLDER), "Folders of the repository's own policies.", default="[]"),
                    "levels": Field(
                        _RULE_LEVELS, "The level of single rules, or off, by rule id.", default="each rule's own"
                    ),
                    "parameters": Field(
                        _POLICY_PARAMETERS,
                        "The values of policies' parameters, by policy; `gategit policy explain` shows what there is.",
                        default="each policy's own",
                    ),
                    "overrides": Field(
                        ListOf(OVERRIDE),
                        "Levels and parameters for some targets or paths; the last one that says something wins.",
                        default="[]",
                    ),
                    "not_waivable": Field(
                        ListOf(_RULE), "Rules that no waiver excepts, besides those that never can be.", default="[]"
                    ),
                }
            ),
            "Which policies judge the manifests, and how hard.",
        ),
        "schemas": Field(
            Record(
                {
                    "folders": Field(
                        ListOf(_FOLDER),
                        "Folders with CustomResourceDefinitions, or with schemas as {group}/{kind}_{version}.json.",
                        default="[]",
                    ),
                    "missing": Field(
                        Choice((*_LEVELS, "off")),
                        "The level of a kind that has no schema. Even when off, such objects count as unchecked.",
                        default="warning",
                    ),
                    "releases": Field(
                        _RELEASES,
                        "The releases of Argo CD, Flux and other projects that the clusters run, by project, so that "
                        "the schemas of these releases judge; `gategit schema list` names projects and releases.",
                        default="the newest that gategit carries",
                        example='{argo-cd: "3.5", flux: "2.7"}',
                    ),
                }
            ),
            "Where the schemas of custom resources come from.",
        ),
        "targets": Field(
            MapOf(
                TARGET, Text("a name of letters, digits, dots and dashes", pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
            ),
            "The clusters that parts of the repository deploy to, by name.",
            default="{}",
        ),
        "repositories": Field(
            ListOf(Text("a URL or path of a git repository")),
            "Further URLs that mean this repository where Flux and Argo CD objects name a source.",
            default="the URLs of git's remotes",
        ),
        "waivers": Field(
            Text("a file's path from the repository's root", accepts=check_tree_path),
            "The file with the waivers.",
            default="none",
        ),
        "render": Field(RENDER, "How kustomizations and charts are rendered, and what they may cost."),
        "limits": Field(
            Record(
                {
                    "file_size": Field(
                        Text("a size such as 5MiB (B, KiB or MiB)", pattern=_SIZE, accepts=_check_size),
                        "The largest file that is decoded; a larger one is a finding. At most 100MiB.",
                        default="5MiB",
                    )
                }
            ),
            "Limits on what is read.",
        ),
        "fail_on": Field(Choice(_LEVELS), "The lowest level of a finding that blocks.", default="error"),
        "fail_on_existing": Field(Flag(), "Whether findings that the base has too block as well.", default="false"),
    }
)
