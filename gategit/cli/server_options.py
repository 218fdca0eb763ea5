"""Options of the commands that ask an API server, said once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from gategit.errors import UsageError

Kubeconfig = Annotated[
    str | None,
    typer.Option(
        "--kubeconfig",
        metavar="FILE",
        help="How to reach clusters. Default: KUBECONFIG, else ~/.kube/config, else the pod's own service account.",
    ),
]
Context = Annotated[
    str | None,
    typer.Option(
        "--context",
        metavar="NAME",
        help="The kubeconfig's context. Default: the target's, else the current one.",
    ),
]
Assets = Annotated[
    str | None,
    typer.Option(
        "--assets",
        metavar="DIR",
        help="The folder with the sandbox's kube-apiserver and etcd. Default: KUBEBUILDER_ASSETS, what setup-envtest "
        "keeps, PATH.",
    ),
]
KubernetesVersion = Annotated[
    str | None,
    typer.Option(
        "--kubernetes-version",
        metavar="VERSION",
        help="The sandbox's Kubernetes version, such as 1.34; the nearest one below it that is there is taken. "
        "Default: the target's or the config's, else the newest that is there.",
    ),
]
Snapshot = Annotated[
    str | None,
    typer.Option(
        "--snapshot",
        metavar="FILE",
        help="An export of the cluster, from `gategit cluster snapshot`. Default: the target's.",
    ),
]

Timeout = Annotated[
    str | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        help="How long asking one server may take in all; what is not answered by then is undecided. Default: 300.",
    ),
]


def seconds_of(option: str, text: str | None) -> float | None:
    """A number of seconds that an option names.

    Raises:
        UsageError: it is none.
    """
    if text is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text):
        raise UsageError(f"{option} cannot be {text}", "use a number of seconds from 1 to 99999")
    return float(text)


def folder_of(option: str, text: str | None) -> Path | None:
    """A folder that an option names.

    Raises:
        UsageError: there is none of that name.
    """
    if text is None:
        return None
    if not text or not Path(text).is_dir():
        raise UsageError(f"{option} {text}: there is no such folder")
    return Path(text)


def file_of(option: str, text: str | None) -> Path | None:
    """A file that an option names.

    Raises:
        UsageError: there is none of that name.
    """
    if text is None:
        return None
    if not text or not Path(text).is_file():
        raise UsageError(f"{option} {text}: there is no such file")
    return Path(text)
