"""Runs the examples in policies' docstrings: what a policy claims of itself is what it must do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gategit.checks.policy.check import anchor
from gategit.checks.policy.documentation import Example, parse
from gategit.checks.policy.load import PolicyInfo, PolicySet
from gategit.checks.policy.run import Hit, Runner, Subject
from gategit.manifests.file import ManifestFile, read_file
from gategit.manifests.manifest import Manifest, ObjectKey, Role


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """What became of one example.

    Attributes:
        policy: the policy's id.
        title: names the example among those of its policy.
        line: the 1-based line of the policy's file where the example starts, as near as it is known.
        problems: what is wrong, as lines to show; none where the policy does what it claims.
    """

    policy: str
    title: str
    line: int
    problems: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether the policy did what the example says."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class _Sides:
    old: ManifestFile | None
    new: ManifestFile


def run_examples(runner: Runner, policies: Iterable[PolicyInfo]) -> tuple[ExampleResult, ...]:
    """Run every example of the policies, each by its own policy alone.

    Args:
        runner: has these policies loaded.
        policies: whose examples are run.

    Raises:
        ConfigError: a policy cannot be used.
        UndecidedError: the worker did not come up.
    """
    known = runner.policies()
    results: list[ExampleResult] = []
    for policy in policies:
        results += _run_policy(runner, PolicySet(known, {policy.id: policy.level}), policy)
    return tuple(results)


def _run_policy(runner: Runner, alone: PolicySet, policy: PolicyInfo) -> list[ExampleResult]:
    page = parse(policy.doc)
    first = _docstring_line(policy, page.summary)
    results: list[ExampleResult] = []
    for heading, examples in (("Fails", page.fails), ("Passes", page.passes)):
        written = [example for example in examples if example.new.strip() or (example.old or "").strip()]
        if not written:
            results.append(ExampleResult(policy.id, heading, first, (f"there is no example below {heading}:",)))
        for example in written:
            title = f"{heading} ({example.title})" if example.title else heading
            problems = _problems(runner, alone, policy, example)
            results.append(ExampleResult(policy.id, title, first + example.line - 1, tuple(problems)))
    return results


def _docstring_line(policy: PolicyInfo, summary: str) -> int:
    """The line of the policy's file where its docstring starts; Python itself does not keep it."""
    content = policy.source.content
    if content is None:
        content = Path(policy.source.path).read_bytes()
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        if number > policy.line and summary in line:
            return number
    return policy.line


def _problems(runner: Runner, alone: PolicySet, policy: PolicyInfo, example: Example) -> list[str]:
    """What is wrong with an example, or with the policy that does not do what it says."""
    if example.passes and example.marks:
        return ["a line is marked # <-, but the example is one that passes"]
    if not example.passes and not example.marks:
        return ["no line is marked # <-; mark those that the policy flags"]
    if policy.needs_change and example.old is None:
        return ["the policy compares old and new: write --- # old above the one and --- # new above the other"]
    sides = _Sides(
        None if example.old is None else read_file("old.yaml", example.old.encode(), Role.MANIFEST),
        read_file("new.yaml", example.new.encode(), Role.MANIFEST),
    )
    broken = [
        f"{side}, line {problem.region.line}: {problem.message}"
        for side, file in (("old", sides.old), ("new", sides.new))
        if file is not None
        for problem in file.decoded.problems
    ]
    subjects = _subjects(sides)
    if broken or not subjects:
        return broken or ["the example holds no object: an object has apiVersion, kind and metadata.name"]
    outcome = runner.run(alone, subjects)
    crashes = [f"the policy crashed: {crash.message}" for crash in outcome.crashes]
    if crashes:
        return crashes
    found: dict[tuple[str, int], str] = {}
    for hit in outcome.hits:
        found.setdefault((hit.side, _line(hit, subjects[hit.subject], sides)), hit.message)
    return _difference(example, found)


def _subjects(sides: _Sides) -> list[Subject]:
    """The example's objects, paired as those of a change are."""
    if sides.old is None:
        return [Subject(None, manifest) for manifest in sides.new.manifests]
    old: dict[ObjectKey, Manifest] = {manifest.key: manifest for manifest in sides.old.manifests}
    subjects = [Subject(old.pop(manifest.key, None), manifest, added=True) for manifest in sides.new.manifests]
    return subjects + [Subject(manifest, None) for manifest in old.values()]


def _line(hit: Hit, subject: Subject, sides: _Sides) -> int:
    manifest = subject.old if hit.side == "old" else subject.new
    file = sides.old if hit.side == "old" else sides.new
    if manifest is None or file is None:
        return 0
    place, on = anchor(manifest.data, hit.path)
    region = file.location(manifest.source, place, on=on).region
    return 0 if region is None else region.line


def _difference(example: Example, found: dict[tuple[str, int], str]) -> list[str]:
    """The example with what is missing (-) and what is too much (+), or nothing where all is as it should be."""
    if found.keys() == example.marks:
        return []
    shown: list[str] = []
    for side, text in (("old", example.old), ("new", example.new)):
        if text is None:
            continue
        if example.old is not None:
            shown.append(f"  --- # {side}")
        for number, line in enumerate(text.splitlines(), 1):
            wanted, got = (side, number) in example.marks, found.get((side, number))
            if wanted and got is None:
                shown.append(f"- {line}  # <- not flagged")
            elif got is not None and not wanted:
                shown.append(f"+ {line}  # <- {got}")
            else:
                shown.append(f"  {line}{'  # <-' if wanted else ''}")
    shown += [f"+ (no line of the example)  # <- {message}" for (_, line), message in found.items() if line == 0]
    return shown


def failures(results: Sequence[ExampleResult]) -> tuple[ExampleResult, ...]:
    """The examples that did not do what they say."""
    return tuple(result for result in results if not result.is_good)
