"""The text of a new policy: one that works, so that its writer changes one thing at a time."""

from __future__ import annotations

import re

from gategit.checks.policy.load import is_file_stem
from gategit.errors import UsageError

_STATE = '''\
from __future__ import annotations

from gategit.checks.policy.api import {imports}


@policy(level="warning", kinds={kinds})
def {stem}(manifest: Manifest) -> Violations:
    """Every {thing} says which team it belongs to.

    What it asks:
        The label `team` is set. Say here exactly what is judged, and what is let through.

    Why:
        Say here what goes wrong otherwise.

    How to fix:
        Set `metadata.labels.team`. This paragraph is shown below each finding.

    Fails:
        apiVersion: {api_version}
        kind: {kind}
        metadata:
          name: web
          labels:  # <-
            app: web

    Passes:
        apiVersion: {api_version}
        kind: {kind}
        metadata:
          name: web
          labels:
            team: shop

    References:
        https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
    """
    if not manifest.labels.get("team"):
        yield Violation(manifest.field("metadata", "labels", "team"), f"{{manifest}} has no label team")
'''

_CHANGE = '''\
from __future__ import annotations

from gategit.checks.policy.api import {imports}


@policy(level="error", kinds={kinds})
def {stem}(change: Change) -> Violations:
    """A change removes no {thing}.

    What it asks:
        What is there before the change is there after it. Say here exactly what is judged, and what is let through.

    Why:
        Say here what goes wrong otherwise.

    How to fix:
        Keep the object, or agree with its owner and write a waiver. This paragraph is shown below each finding.

    Fails:
        --- # old
        apiVersion: {api_version}
        kind: {kind}
        metadata:
          name: web  # <-
        --- # new

    Passes:
        --- # old
        apiVersion: {api_version}
        kind: {kind}
        metadata:
          name: web
        --- # new
        apiVersion: {api_version}
        kind: {kind}
        metadata:
          name: web

    References:
        https://kubernetes.io/docs/concepts/overview/working-with-objects/
    """
    if change.old is not None and change.new is None:
        yield Violation(change.old, f"the change removes {{change.old}}")
'''

_KIND = re.compile(r"(?:[a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Z][A-Za-z0-9]*\Z")


def stem_of(name: str) -> str:
    """The file name, without ``.py``, of a policy that is to be called so.

    Raises:
        UsageError: no policy can be called so.
    """
    stem = name.removesuffix(".py").replace("-", "_")
    if not is_file_stem(stem):
        raise UsageError(
            f"no policy can be called {name!r:.80}", "write small letters and digits with dashes, such as team-label"
        )
    return stem


def policy_text(stem: str, kinds: tuple[str, ...], *, change: bool) -> str:
    """The text of a policy file whose examples pass.

    Args:
        stem: its name.
        kinds: what it looks at, ``group/Kind`` or ``Kind``; () for every workload.
        change: whether it compares old and new.

    Raises:
        UsageError: a kind that cannot be one.
    """
    for kind in kinds:
        if not _KIND.match(kind):
            raise UsageError(f"--kind {kind!r:.80} is no kind", "write group/Kind, as in apps/Deployment, or Kind")
    names = ["Change" if change else "Manifest", "Violation", "Violations", "policy"]
    group, _, kind = (kinds[0] if kinds else "apps/Deployment").rpartition("/")
    return (_CHANGE if change else _STATE).format(
        stem=stem,
        imports=", ".join(names if kinds else ["WORKLOADS", *names]),
        kinds=repr(kinds).replace("'", '"') if kinds else "WORKLOADS",
        thing=kind if kinds else "workload",
        kind=kind,
        api_version=f"{group}/v1" if group else "v1",
    )
