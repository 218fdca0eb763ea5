"""Runs the examples in policies' docstrings: what a policy claims of itself is what it must do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from gategit.checks.policy.check import anchor
from gategit.checks.policy.choose import PolicyChoice
from gategit.checks.policy.documentation import Example, Section, parse
from gategit.checks.policy.example_files import ExampleFileError, examples_file, parse_examples
from gategit.checks.policy.load import PolicyInfo, Reach
from gategit.checks.policy.run import Runner
from gategit.checks.policy.subjects import EPOCH, Hit, RequestFacts, Scene, Subject
from gategit.config import PolicySettings
from gategit.errors import ConfigError
from gategit.globs import path_matcher
from gategit.manifests.file import ManifestFile, read_file
from gategit.manifests.manifest import Manifest, Role
from gategit.nearest import did_you_mean


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """What became of one example.

    Attributes:
        policy: the policy's id.
        file: the file that the example stands in.
        title: names the example among those of its policy.
        line: the 1-based line of the file where the example starts, as near as it is known.
        problems: what is wrong, as lines to show; none where the policy does what it claims.
    """

    policy: str
    file: str
    title: str
    line: int
    problems: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether the policy did what the example says."""
        return not self.problems


class _ExampleError(Exception):
    """An example that cannot be run; the lines say why."""

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)
        self.lines = lines


def run_examples(runner: Runner, policies: Iterable[PolicyInfo]) -> tuple[ExampleResult, ...]:
    """Run every example of the policies, each by its own policy alone: those of docstrings and of test files.

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
        results += _run_policy(runner, known, policy)
    return tuple(results)


def _run_policy(runner: Runner, known: Sequence[PolicyInfo], policy: PolicyInfo) -> list[ExampleResult]:
    page = parse(policy.doc)
    first = _docstring_line(policy, page.summary)
    file = policy.source.path
    results: list[ExampleResult] = []
    for heading, examples in (("Fails", page.fails), ("Passes", page.passes)):
        written = [replace(one, line=first + one.line - 1) for one in examples if not one.is_empty]
        if not written:
            problem = f"there is no example below {heading}:"
            results.append(ExampleResult(policy.id, file, heading, first, (problem,)))
        results += [_result(runner, known, policy, file, example) for example in written]
    beside = examples_file(Path(file))
    if beside.is_file():
        try:
            examples = parse_examples(beside.read_bytes().decode("utf-8", "replace"))
        except ExampleFileError as error:
            results.append(ExampleResult(policy.id, str(beside), beside.name, error.line, (error.message,)))
        else:
            results += [_result(runner, known, policy, str(beside), example) for example in examples]
    return results


def _result(
    runner: Runner, known: Sequence[PolicyInfo], policy: PolicyInfo, file: str, example: Example
) -> ExampleResult:
    heading = "Passes" if example.passes else "Fails"
    title = f"{heading} ({example.title})" if example.title else heading
    problems = run_example(runner, known, policy, example)
    return ExampleResult(policy.id, file, title, example.line, problems)


def _docstring_line(policy: PolicyInfo, summary: str) -> int:
    """The line of the policy's file where its docstring starts; Python itself does not keep it."""
    content = policy.source.content
    if content is None:
        content = Path(policy.source.path).read_bytes()
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        if number > policy.line and summary in line:
            return number
    return policy.line


def run_example(runner: Runner, known: Sequence[PolicyInfo], policy: PolicyInfo, example: Example) -> tuple[str, ...]:
    """What is wrong with an example, or with the policy that does not do what it says; nothing where all is well.

    Args:
        runner: has the policy loaded.
        known: every policy that the runner has.
        policy: the one whose example it is.
        example: the example.

    Raises:
        ConfigError: a policy cannot be used.
        UndecidedError: the worker did not come up.
    """
    if example.passes and example.marks:
        return ("a line is marked # <-, but the example is one that passes",)
    if not example.passes and not example.marks:
        return ("no line is marked # <-; mark those that the policy flags",)
    if policy.reach in (Reach.CHANGE, Reach.CHANGES) and not example.is_change:
        return ("the policy compares old and new: write --- # old above the one and --- # new above the other",)
    try:
        found = _Staged(known, policy, example).run(runner)
    except _ExampleError as error:
        return error.lines
    return _difference(example, found)


class _Staged:
    """An example with its parts decoded, ready to run.

    Raises:
        _ExampleError: a part of it cannot be used.
    """

    def __init__(self, known: Sequence[PolicyInfo], policy: PolicyInfo, example: Example) -> None:
        self.policy = policy
        self.files: dict[tuple[str, str], tuple[int, ManifestFile]] = {}
        self.inventory: list[Manifest] = []
        self.targets: list[_ExampleTarget] = []
        self.request = RequestFacts()
        parameters: Mapping[str, Any] = {}
        for number, section in enumerate(example.sections):
            if section.kind in ("old", "new", "inventory"):
                self._add_objects(number, section)
            elif section.kind == "parameters":
                parameters = _mapping(section)
            elif section.kind == "pull request":
                self.request = _request(section)
            else:
                self.targets.append(_target(section))
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in parameters.items()}
        settings = PolicySettings(
            packs=(), levels={policy.id: policy.level}, parameters={policy.id: values} if values else {}
        )
        try:
            # Whatever else is loaded stays off: an example is about its own policy.
            general = PolicyChoice(known, settings).general
        except ConfigError as error:
            raise _ExampleError(error.message) from None
        self.policies = replace(general, levels={policy.id: policy.level})
        self.subjects = self._subjects(is_change=example.is_change)

    def _add_objects(self, number: int, section: Section) -> None:
        path = section.file or f"{section.kind}.yaml"
        file = read_file(path, section.text.encode(), Role.MANIFEST)
        if file.decoded.problems:
            raise _ExampleError(
                *(f"{path}, line {problem.region.line}: {problem.message}" for problem in file.decoded.problems)
            )
        if section.kind == "inventory":
            self.inventory += file.manifests
        elif (section.kind, path) in self.files:
            raise _ExampleError(f"two sections are called {section.kind} {path}; give each its own file name")
        else:
            self.files[section.kind, path] = (number, file)

    def _subjects(self, *, is_change: bool) -> list[Subject]:
        """The example's objects, paired as those of a change are."""
        new = [manifest for (side, _), (_, file) in self.files.items() if side == "new" for manifest in file.manifests]
        old = {m.key: m for (side, _), (_, file) in self.files.items() if side == "old" for m in file.manifests}
        subjects = [Subject(old.pop(one.key, None), one, self._targets(one), added=is_change) for one in new]
        subjects += [Subject(one, None, self._targets(one)) for one in old.values()]
        if not subjects:
            raise _ExampleError("the example holds no object: an object has apiVersion, kind and metadata.name")
        return subjects

    def _targets(self, manifest: Manifest) -> tuple[str, ...]:
        return tuple(target.name for target in self.targets if target.matches(manifest.source.file))

    def run(self, runner: Runner) -> dict[tuple[int, int], str]:
        """The lines that the policy flags: the section's number, and the line in it; with the messages."""
        if self.policy.reach is Reach.CHANGES or not self.targets:
            return self._flagged(runner, self.subjects, Scene(request=self.request, inventory=tuple(self.inventory)))
        found: dict[tuple[int, int], str] = {}
        for target in self.targets:
            subjects = [subject for subject in self.subjects if target.name in subject.targets]
            scene = Scene(target.name, target.kubernetes_version, self.request, tuple(self.inventory))
            found |= self._flagged(runner, subjects, scene)
        return found

    def _flagged(self, runner: Runner, subjects: Sequence[Subject], scene: Scene) -> dict[tuple[int, int], str]:
        outcome = runner.run(self.policies, subjects, scene)
        if outcome.crashes:
            raise _ExampleError(*(f"the policy crashed: {crash.message}" for crash in outcome.crashes))
        if outcome.refusals:
            raise _ExampleError(*(f"the parameter {one.name} {one.problem}" for one in outcome.refusals))
        found: dict[tuple[int, int], str] = {}
        for hit in outcome.hits:
            found.setdefault(self._place(hit, subjects[hit.subject]), hit.message)
        return found

    def _place(self, hit: Hit, subject: Subject) -> tuple[int, int]:
        """The section and line that a hit is about; line 0 where there is none."""
        manifest = subject.old if hit.side == "old" else subject.new
        if manifest is None:
            return 0, 0
        number, file = self.files[hit.side, manifest.source.file]
        place, on = anchor(manifest.data, hit.path)
        region = file.location(manifest.source, place, on=on).region
        return number, 0 if region is None else region.line


@dataclass(frozen=True, slots=True)
class _ExampleTarget:
    name: str
    kubernetes_version: str
    paths: tuple[str, ...]

    def matches(self, path: str) -> bool:
        return not self.paths or bool(path_matcher(self.paths)(path))


def _mapping(section: Section) -> dict[str, Any]:
    file = read_file(f"{section.kind}.yaml", section.text.encode(), Role.DATA)
    data = file.decoded.documents[0].data if file.decoded.documents else None
    if file.decoded.problems or not isinstance(data, dict):
        raise _ExampleError(f"the section {section.kind} must be a mapping")
    return data


def _request(section: Section) -> RequestFacts:
    """The pull request as an example tells of it: any of the names that ``RequestFacts`` has."""
    data = _mapping(section)
    known = {one.name: one.default for one in fields(RequestFacts)}
    for name, value in data.items():
        if name not in known:
            problem = f"a pull request has no {name}{did_you_mean(name, known)}; it has {', '.join(known)}"
            raise _ExampleError(problem)
        wanted = list if isinstance(known[name], tuple) else int if name == "number" else type(known[name])
        if not isinstance(value, wanted):
            raise _ExampleError(f"the pull request's {name} must be a {wanted.__name__}")
    return RequestFacts(
        is_known=data.get("is_known", True),
        number=data.get("number"),
        author=data.get("author", ""),
        labels=tuple(data.get("labels", ())),
        base_branch=data.get("base_branch", ""),
        is_fork=data.get("is_fork", False),
        changed_files=tuple(data.get("changed_files", ())),
        now=data.get("now", EPOCH),
    )


def _target(section: Section) -> _ExampleTarget:
    data = _mapping(section)
    name, version, paths = data.get("name", ""), data.get("kubernetes_version", ""), data.get("paths", [])
    if not isinstance(name, str) or not isinstance(version, str) or not isinstance(paths, list):
        raise _ExampleError('a target has a name, a kubernetes_version (such as "1.34") and a list of paths')
    return _ExampleTarget(name, version, tuple(paths))


def _difference(example: Example, found: Mapping[tuple[int, int], str]) -> tuple[str, ...]:
    """The example with what is missing (-) and what is too much (+), or nothing where all is as it should be."""
    if found.keys() == example.marks:
        return ()
    shown: list[str] = []
    for number, section in enumerate(example.sections):
        if len(example.sections) > 1:
            shown.append(f"  --- # {section.kind} {section.file}".rstrip())
        for line_number, line in enumerate(section.text.splitlines(), 1):
            wanted, got = line_number in section.marks, found.get((number, line_number))
            if wanted and got is None:
                shown.append(f"- {line}  # <- not flagged")
            elif got is not None and not wanted:
                shown.append(f"+ {line}  # <- {got}")
            else:
                shown.append(f"  {line}{'  # <-' if wanted else ''}")
    shown += [f"+ (no line of the example)  # <- {message}" for (_, line), message in found.items() if line == 0]
    return tuple(shown)


def failures(results: Sequence[ExampleResult]) -> tuple[ExampleResult, ...]:
    """The examples that did not do what they say."""
    return tuple(result for result in results if not result.is_good)
