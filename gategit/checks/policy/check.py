"""The policy stage: what the policies say, as findings on exact lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from gategit.checks.policy.documentation import parse
from gategit.checks.policy.load import PolicyInfo, PolicySet
from gategit.checks.policy.rules import POLICY_CRASHED
from gategit.checks.policy.run import Runner
from gategit.checks.policy.subjects import Crash, Hit, Refusal, Scene, Subject
from gategit.errors import ConfigError
from gategit.manifests.manifest import Manifest
from gategit.model import FieldPath, Finding, Location, RelatedLocation, Stage

Locate = Callable[[Manifest, FieldPath, Literal["key", "value"]], Location]
"""Where a field of a manifest stands: the key, or the value."""


def _without_place(refusal: Refusal) -> ConfigError:
    return ConfigError(f"the parameter {refusal.name} of {refusal.policy} {refusal.problem}")


def check(  # noqa: PLR0913, PLR0917  what judges what, and how its answers become findings
    runner: Runner,
    policies: PolicySet,
    subjects: Sequence[Subject],
    locate: Locate,
    scene: Scene | None = None,
    refused: Callable[[Refusal], ConfigError] = _without_place,
) -> list[Finding]:
    """Judge objects by every enabled policy.

    An object as it stands is ``Subject(None, manifest)``: policies that compare old and new do not run on it. A
    change is ``Subject(old, new)``, ``Subject(old, None)`` or ``Subject(None, new, added=True)``.

    Args:
        runner: the policies' worker.
        policies: which of them run, their levels and parameters (``choose.PolicyChoice``).
        subjects: the objects.
        locate: tells where a field stands; it is asked for what is found only.
        scene: the target, the pull request, and the other objects of the tree.
        refused: makes the error for a parameter that a policy cannot use (``PolicyChoice.refused``).

    Returns:
        The findings, in the order of the subjects. A violation that a policy reports of the old object stands in the
        base's file; that is so for objects which the change removes.

    Raises:
        ConfigError: one of the repository's own policies cannot be used, or a parameter of any.
        UndecidedError: the worker did not come up.
    """
    outcome = runner.run(policies, subjects, scene)
    if outcome.refusals:
        raise refused(outcome.refusals[0])
    helps: dict[str, str] = {}
    findings = [_finding(hit, subjects[hit.subject], policies, helps, locate) for hit in outcome.hits]
    findings += [_crash_finding(crash, policies, subjects, locate) for crash in outcome.crashes]
    return findings


def _finding(hit: Hit, subject: Subject, policies: PolicySet, helps: dict[str, str], locate: Locate) -> Finding:
    manifest = (subject.old if hit.side == "old" else subject.new) or subject.manifest
    if hit.policy not in helps:
        policy = policies.get(hit.policy)
        helps[hit.policy] = "" if policy is None else first_sentences(parse(policy.doc).fix)
    return Finding(
        rule=hit.policy,
        stage=Stage.POLICY,
        level=policies.levels[hit.policy],
        message=hit.message,
        help=helps[hit.policy],
        location=_location(manifest, hit.path, locate),
        object=manifest.ref,
        path=hit.path,
        target=subject.targets[0] if subject.targets else None,
        units=manifest.source.units,
    )


def _location(manifest: Manifest, path: FieldPath, locate: Locate) -> Location:
    """The place that shows a field; for one that a build takes away, what takes it."""
    place, on = anchor(manifest.data, path)
    location = locate(manifest, place, on)
    if manifest.source.unit is not None and place != path:
        removed = locate(manifest, path, on)
        # Where nothing took it away, both are in the file of what is around it.
        if removed.region is not None and removed.file != location.file:
            return removed
    return location


def anchor(data: Any, path: FieldPath) -> tuple[FieldPath, Literal["key", "value"]]:
    """The place that shows a field best: a scalar itself, a block's key, a list item's name.

    For a field that is not there, it is the nearest one above it that is. The whole object stands for itself by its
    name, because a finding that underlines forty lines points at nothing.
    """
    value = data
    depth = 0
    for step in path:
        if isinstance(value, dict):
            if step not in value:
                break
            value = value[step]
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            value = value[step]
        else:
            break
        depth += 1
    found = path[:depth]
    if not isinstance(value, dict | list):
        return found, "value"
    if found and isinstance(found[-1], str):
        return found, "key"
    if isinstance(value, dict):
        if not found:
            metadata = value.get("metadata")
            named = isinstance(metadata, dict) and isinstance(metadata.get("name"), str)
            return (("metadata", "name") if named else ("kind",)), "value"
        if isinstance(value.get("name"), str):
            return (*found, "name"), "value"
    return found, "value"


def first_sentences(text: str) -> str:
    """A text's first paragraph on one line: what fits under a finding."""
    return " ".join(text.strip().partition("\n\n")[0].split())


def _crash_finding(crash: Crash, policies: PolicySet, subjects: Sequence[Subject], locate: Locate) -> Finding:
    subject = subjects[crash.subject or 0]
    manifest = subject.manifest
    policy = policies.get(crash.policy)
    others = f" and {crash.count - 1} more" if crash.count > 1 else ""
    where = f"{manifest.ref}{others}"
    who = "no policy has" if policy is None else f"policy {crash.policy} has not"
    message = f"{who} judged {where}: {crash.message}"
    calls = f" Last calls: {'; '.join(crash.traceback.splitlines())}." if crash.traceback else ""
    return Finding(
        rule=POLICY_CRASHED.id,
        stage=Stage.POLICY,
        level=POLICY_CRASHED.level,
        message=message,
        help=f"mend the policy, and add this object to its examples.{calls}",
        location=locate(manifest, *anchor(manifest.data, ())),
        object=manifest.ref,
        subject=crash.policy,
        related=_policy_place(policy),
        target=subject.targets[0] if subject.targets else None,
        units=manifest.source.units,
    )


def _policy_place(policy: PolicyInfo | None) -> tuple[RelatedLocation, ...]:
    """Where a repository's own policy is; a built-in one is in no file of the repository."""
    if policy is None or policy.source.is_builtin:
        return ()
    return (RelatedLocation(Location(policy.source.path), "the policy"),)
