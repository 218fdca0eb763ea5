"""What a change does to the gate itself: said, key by key, and in force only after the merge.

Both sides are compared as a whole: what steers the gate now, and what would steer it after the merge. So a waivers
file that is there already and that only a new line of the config brings into force is seen as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gategit.checks.policy.load import PolicyInfo
from gategit.code_owners import PLACES, CodeOwners, place_of, read_code_owners
from gategit.config import CONFIG_FILE, Config, load_config
from gategit.config_changes import Effect, OwnLevel, config_differences, shown
from gategit.disk import show_path
from gategit.errors import ConfigError, UndecidedError
from gategit.model import FieldPath, Finding, Level, Location, Region, Rule, Stage
from gategit.tree import EntryKind, Tree
from gategit.waivers import Waiver, load_waivers

GATE_CHANGED = Rule(
    id="gate-changed",
    level=Level.WARNING,
    stage=Stage.POLICY,
    summary="A change to the gate's own config, policies, waivers or schemas deserves a reviewer's eye.",
    rationale="The gate judges a pull request by the rules of the branch it goes to. A change to those rules is "
    "therefore not in force yet, and after the merge it is in force for everybody: it is the one change that the gate "
    "cannot judge by itself. Each finding says what would change, and whether it loosens or tightens the gate. "
    "Workflows and hooks that run the gate, and the code owners of all these files, are shown too. Mind that GitHub "
    "takes the workflow of an event `pull_request` from the pull request itself: a change to it is in force at once.",
    help="Let an owner of the gate read this change. Nothing needs mending where it is meant. Protect these files with "
    "CODEOWNERS.",
    waivable=False,
)

GATE_PREVIEW = Rule(
    id="gate-preview",
    level=Level.NOTE,
    stage=Stage.POLICY,
    summary="A change to the gate should be merged in the knowledge of what it will say.",
    rationale="A new policy, a raised level or a waiver that goes is not in force in the pull request that brings it. "
    "The preview judges the objects of the change by the config and policies as they would be after the merge, and "
    "says what they would report besides what the gate reports today. It is for the reader: it never blocks.",
    help="Nothing needs mending for this merge. After it, the finding counts wherever it is new.",
    waivable=False,
)

RULES = (GATE_CHANGED, GATE_PREVIEW)

MOST_FINDINGS = 100
"""Changes to the gate that are listed one by one; what loosens it comes first, the rest is counted."""

_LARGEST_FILE = 2**20
_MARK = b"gategit"
_WORKFLOWS = (".github/workflows/", ".github/actions/")
_HOOKS = ".pre-commit-config.yaml"
_EFFECTS = (Effect.LOOSENS, Effect.ALTERS, Effect.TIGHTENS)


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """What a policy declares, as far as a reviewer of a change to it wants to know."""

    level: str
    kinds: tuple[str, ...]
    view: str


def policy_facts(policy: PolicyInfo | None) -> PolicyFacts | None:
    """What a loaded policy declares; None where there is none."""
    return None if policy is None else PolicyFacts(policy.level.value, policy.kinds, policy.view)


@dataclass(frozen=True, slots=True)
class Steering:
    """What steers the gate now, and how to tell what would after the merge.

    Attributes:
        tree: the trusted tree.
        config: the config in force.
        fixed: whether the config comes from elsewhere (``--config``) and so stays what it is.
        own_level: the level of a rule that the config does not mention.
        load: reads from a tree what would steer the gate, for the error that this may be.
        facts: what a policy file declares, by its path, on either side; None where nobody knows.
    """

    tree: Tree
    config: Config
    fixed: bool
    own_level: OwnLevel
    load: Callable[[Tree], object]
    facts: Callable[[str], tuple[PolicyFacts | None, PolicyFacts | None]] = field(default=lambda _: (None, None))


def judge_gate_changes(steering: Steering, head: Tree, touched: Collection[str]) -> list[Finding]:
    """Say what a change does to the gate; what could not be used after the merge is an error.

    Args:
        steering: what steers the gate now.
        head: the tree after the change.
        touched: the paths that the change adds, modifies or removes.
    """
    return _Comparison(steering, head, touched).findings()


def may_steer(path: str, config: Config) -> bool:
    """Whether a change to a path may change the gate."""
    return (
        is_config_name(path)
        or path == config.waivers
        or path in PLACES
        or path == _HOOKS
        or path.startswith(_WORKFLOWS)
        or path in config.snapshots
        or any(beneath(path, folder) for folder in (*config.policies.folders, *config.schemas.folders))
    )


def is_config_name(path: str) -> bool:
    """Whether a path is the config's, or one that a person or a file system may take for it."""
    top = path.partition("/")[0].lower()
    return top in {CONFIG_FILE, CONFIG_FILE.replace(".yaml", ".yml")}


def beneath(path: str, folder: str) -> bool:
    """Whether a path lies in a folder; "" is the root."""
    return not folder or path.startswith(f"{folder}/")


@dataclass(frozen=True, slots=True)
class _Said:
    """A finding in the making."""

    effect: Effect
    file: str
    region: Region | None
    text: str
    subject: str
    when: str = " after the merge"


class _Comparison:
    """What steers the gate on both sides."""

    def __init__(self, steering: Steering, head: Tree, touched: Collection[str]) -> None:
        self._steering = steering
        self._old = steering.tree
        self._new = head
        self._touched = touched

    def findings(self) -> list[Finding]:
        """Everything, what loosens the gate first."""
        errors = list(self._errors())
        said = [*self._configs(), *self._names(), *self._waivers(), *self._policies(), *self._schemas()]
        said += [*self._snapshots(), *self._callers(), *self._owners()]
        said.sort(key=lambda one: _EFFECTS.index(one.effect))
        found = [_finding(one) for one in said[:MOST_FINDINGS]]
        left = len(said) - len(found)
        if left:
            rest = "1 more change" if left == 1 else f"{left:,} more changes"
            text = f"this change makes {rest} to the gate, not listed here"
            found.append(_finding(_Said(Effect.ALTERS, said[MOST_FINDINGS].file, None, text, "more"), whole=True))
        return [*errors, *found]

    @cached_property
    def _config(self) -> Config:
        """The config after the merge; the one in force where that cannot be used."""
        if self._steering.fixed or CONFIG_FILE not in self._touched:
            return self._steering.config
        try:
            content = _content(self._new, CONFIG_FILE)
            return Config() if content is None else load_config(content, CONFIG_FILE)
        except ConfigError:
            return self._steering.config

    def _errors(self) -> Iterator[Finding]:
        """What would stop every run after the merge."""
        try:
            self._steering.load(self._new)
        except ConfigError as error:
            end = (error.column or 1) + 1
            region = Region(error.line, error.column or 1, error.line, end) if error.line else None
            location = Location(error.file or CONFIG_FILE, region)
            problem = error.message
            hint = error.hint
        except UndecidedError as error:
            location, problem, hint = Location(CONFIG_FILE), error.message, error.hint
        else:
            return
        message = f"after the merge the gate would stop every run: {problem}"
        yield Finding(
            rule=GATE_CHANGED.id,
            stage=GATE_CHANGED.stage,
            level=Level.ERROR,
            message=message,
            help=hint or GATE_CHANGED.help,
            location=location,
            subject=message,
        )

    def _configs(self) -> Iterator[_Said]:
        if CONFIG_FILE not in self._touched:
            return
        old, _ = _settings(self._old)
        new, region = _settings(self._new)
        if new is None and CONFIG_FILE in self._new.entries():
            text = "edits the gate's config, which cannot be read then"
            yield _Said(Effect.ALTERS, CONFIG_FILE, None, text, "unusable")
            return
        count = 0
        for difference in config_differences(old or {}, new or {}, self._steering.own_level):
            count += 1
            place = region(difference.place) if difference.place else None
            yield _Said(difference.effect, CONFIG_FILE, place, difference.text, difference.text)
        if new is None:
            yield _Said(Effect.LOOSENS, CONFIG_FILE, None, "the config is removed, so the defaults hold", "removed")
        elif not count:
            yield _Said(Effect.ALTERS, CONFIG_FILE, None, "the config is edited and says the same as before", "same")

    def _names(self) -> Iterator[_Said]:
        """Files that are named almost as the config is: nobody reads them, and somebody may think so."""
        entries = self._new.entries()
        for path in self._touched:
            if path != CONFIG_FILE and is_config_name(path) and path in entries:
                text = f"{show_path(path)} is not read; the config is {CONFIG_FILE}"
                yield _Said(Effect.ALTERS, path, None, text, path)

    def _waivers(self) -> Iterator[_Said]:
        old_file, new_file = self._steering.config.waivers, self._config.waivers
        if old_file == new_file and new_file not in self._touched:
            return
        before, after = _load_waivers(self._old, old_file), _load_waivers(self._new, new_file)
        file = new_file or old_file or CONFIG_FILE
        left: dict[tuple[object, ...], list[Waiver]] = {}
        for waiver in before:
            left.setdefault(_scope(waiver), []).append(waiver)
        for waiver in after:
            others = left.get(_scope(waiver))
            what = _describe(waiver)
            if not others:
                text = f"adds a waiver for {what}, by {shown(waiver.owner)} until {waiver.expires}"
                yield _Said(Effect.LOOSENS, waiver.location.file, waiver.location.region, text, text)
                continue
            other = next((one for one in others if _promise(one) == _promise(waiver)), others[0])
            others.remove(other)
            texts = [
                f"{name}: {shown(was)} -> {shown(now)}"
                for name, was, now in zip(
                    ("owner", "reason", "expires"), _promise(other), _promise(waiver), strict=True
                )
                if was != now
            ]
            if texts:
                text = f"edits the waiver for {what}: {', '.join(texts)}"
                effect = Effect.ALTERS
                if waiver.expires != other.expires:
                    effect = Effect.LOOSENS if waiver.expires > other.expires else Effect.TIGHTENS
                yield _Said(effect, waiver.location.file, waiver.location.region, text, text)
        for waiver in (waiver for others in left.values() for waiver in others):
            text = f"removes the waiver for {_describe(waiver)}, by {shown(waiver.owner)} until {waiver.expires}"
            yield _Said(Effect.TIGHTENS, file, None, text, text)

    def _policies(self) -> Iterator[_Said]:
        folders = self._config.policies.folders
        before = _files(self._old, self._steering.config.policies.folders, _is_policy)
        after = _files(self._new, folders, _is_policy)
        if before == after:
            return
        was = {_policy_id(path): (path, content) for path, content in before.items()}
        now = {_policy_id(path): (path, content) for path, content in after.items()}
        for policy, (path, content) in now.items():
            if policy not in was:
                text = f"adds the policy {show_path(policy)}{self._declared(path)}"
                yield _Said(Effect.TIGHTENS, path, _FIRST_LINE, text, f"added {policy}")
            elif was[policy][1] != content:
                effect, details = self._edited(path)
                yield _Said(
                    effect, path, _FIRST_LINE, f"edits the policy {show_path(policy)}{details}", f"edited {policy}"
                )
        for policy, (path, _) in was.items():
            if policy not in now:
                yield _Said(Effect.LOOSENS, path, None, f"removes the policy {show_path(policy)}", f"removed {policy}")

    def _declared(self, path: str) -> str:
        _, facts = self._steering.facts(path)
        return "" if facts is None else f" (level {facts.level}, kinds {shown(', '.join(facts.kinds))})"

    def _edited(self, path: str) -> tuple[Effect, str]:
        """What an edit changes of what the policy declares, and what that does to the gate."""
        before, after = self._steering.facts(path)
        if before is None or after is None or before == after:
            return Effect.ALTERS, ""
        parts: list[str] = []
        effect = Effect.ALTERS
        if before.level != after.level:
            looser = Level(after.level).rank < Level(before.level).rank
            effect = Effect.LOOSENS if looser else Effect.TIGHTENS
            parts.append(f"level: {before.level} -> {after.level}")
        if before.kinds != after.kinds:
            lost = [kind for kind in before.kinds if kind not in after.kinds]
            effect = Effect.LOOSENS if lost else effect
            parts.append(f"kinds: {shown(', '.join(before.kinds))} -> {shown(', '.join(after.kinds))}")
        if before.view != after.view:
            parts.append(f"looks at: {before.view} -> {after.view}")
        return effect, f": {', '.join(parts)}"

    def _schemas(self) -> Iterator[_Said]:
        before = _files(self._old, self._steering.config.schemas.folders, _is_schema)
        after = _files(self._new, self._config.schemas.folders, _is_schema)
        for path, content in after.items():
            if before.get(path) != content:
                verb = "edits" if path in before else "adds"
                yield _Said(Effect.ALTERS, path, _FIRST_LINE, f"{verb} the schema {show_path(path)}", verb)
        for path in before:
            if path not in after:
                yield _Said(Effect.LOOSENS, path, None, f"removes the schema {show_path(path)}", "removed")

    def _snapshots(self) -> Iterator[_Said]:
        """Exports of clusters, which say what a cluster serves and holds."""
        entries = self._new.entries()
        for path in self._config.snapshots:
            if path not in self._touched:
                continue
            if path in entries:
                verb = "edits" if path in self._old.entries() else "adds"
                yield _Said(Effect.ALTERS, path, None, f"{verb} the snapshot {show_path(path)}", verb)
            else:
                yield _Said(Effect.LOOSENS, path, None, f"removes the snapshot {show_path(path)}", "removed")

    def _callers(self) -> Iterator[_Said]:
        """Workflows, actions and hooks that run the gate."""
        for path in self._touched:
            if path != _HOOKS and not path.startswith(_WORKFLOWS):
                continue
            before, after = (_MARK in (_bytes(tree, path) or b"").lower() for tree in (self._old, self._new))
            if not (before or after):
                continue
            # GitHub reads the workflow of a pull_request from the pull request: what it does there is done already.
            when = " after the merge" if path == _HOOKS else ""
            verb = "edits" if before else "adds"
            if after:
                text = f"{verb} {show_path(path)}, which runs it"
                yield _Said(Effect.ALTERS, path, _FIRST_LINE, text, "caller", when)
            else:
                text = f"takes it out of {show_path(path)}"
                yield _Said(Effect.LOOSENS, path, None, text, "caller", when)

    def _owners(self) -> Iterator[_Said]:
        """Who must approve changes to the gate."""
        if not any(path in PLACES for path in self._touched):
            return
        before, after = _read_owners(self._old), _read_owners(self._new)
        file = place_of(self._new.entries()) or place_of(self._old.entries()) or PLACES[0]
        for name, path in self._gate_paths():
            was, now = before.of(path), after.of(path)
            if was == now:
                continue
            # One owner's approval is enough, so another owner is another way through.
            effect = Effect.ALTERS if set(was) == set(now) else Effect.LOOSENS if was else Effect.TIGHTENS
            one, two = (shown(" ".join(owners) or "nobody") for owners in (was, now))
            yield _Said(effect, file, _FIRST_LINE, f"the code owners of {show_path(name)}: {one} -> {two}", path)

    def _gate_paths(self) -> Iterator[tuple[str, str]]:
        """The files that steer the gate, for whom somebody should answer; for a folder, a name in it."""
        config = self._steering.config
        for path in (CONFIG_FILE, config.waivers, *config.snapshots):
            if path:
                yield path, path
        for folder in (*config.policies.folders, *config.schemas.folders, ".github/workflows"):
            if folder:
                yield f"{folder}/", f"{folder}/x"


_FIRST_LINE = Region(1, 1, 1, 2)


def _finding(said: _Said, *, whole: bool = False) -> Finding:
    text = said.text if whole else f"this change {said.effect} the gate{said.when}: {said.text}"
    return Finding(
        rule=GATE_CHANGED.id,
        stage=GATE_CHANGED.stage,
        level=GATE_CHANGED.level,
        message=text,
        help=GATE_CHANGED.help,
        location=Location(said.file, said.region),
        subject=said.subject,
    )


def _content(tree: Tree, path: str) -> bytes | None:
    """A file's bytes; None where it is not there.

    Raises:
        ConfigError: it is a link or a submodule, or cannot be read.
    """
    entry = tree.entries().get(path)
    if entry is None:
        return None
    if entry.kind is not EntryKind.FILE:
        raise not_a_file(path, entry.kind)
    try:
        return tree.read(path)
    except UndecidedError as error:
        raise ConfigError(error.message, error.hint, file=path) from None


def not_a_file(path: str, kind: EntryKind) -> ConfigError:
    """The error for a file of the gate's own that is a link or a submodule."""
    message = f"{show_path(path)} must be a regular file, not a {kind.value}"
    return ConfigError(message, "put the file itself there", file=path)


def _bytes(tree: Tree, path: str) -> bytes | None:
    """The same where nobody needs to hear why there is none; very large files are not looked into."""
    entry = tree.entries().get(path)
    if entry is None or entry.size > _LARGEST_FILE:
        return None
    try:
        return _content(tree, path)
    except ConfigError:
        return None


def _settings(tree: Tree) -> tuple[Mapping[str, Any] | None, Callable[[FieldPath], Region]]:
    """The data of a tree's config and where its keys stand; None where there is none that can be read."""
    from gategit.config_format import DESCRIPTION  # noqa: PLC0415  most changes leave the config alone
    from gategit.settings import Settings, read_settings  # noqa: PLC0415  the same

    try:
        content = _content(tree, CONFIG_FILE)
        if content is not None:
            settings = read_settings(content, CONFIG_FILE, DESCRIPTION)
            return settings.data, settings.region
    except ConfigError:
        pass
    return None, Settings(b"", CONFIG_FILE, {}).region


def _load_waivers(tree: Tree, file: str | None) -> tuple[Waiver, ...]:
    """The waivers of a tree; none where there are none that can be read, which is said elsewhere."""
    try:
        content = None if file is None else _content(tree, file)
        return () if file is None or content is None else load_waivers(content, file)
    except ConfigError:
        return ()


def _scope(waiver: Waiver) -> tuple[object, ...]:
    """What a waiver excepts: two with the same are one that was edited."""
    return waiver.rule, waiver.object, waiver.paths, waiver.target


def _promise(waiver: Waiver) -> tuple[str, str, str]:
    return waiver.owner, waiver.reason, waiver.expires.isoformat()


def _describe(waiver: Waiver) -> str:
    """Which rule a waiver is for, and where."""
    names = (waiver.object.api_version, waiver.object.kind, waiver.object.namespace, waiver.object.name)
    parts = [
        f"{key} {shown(value)}"
        for key, value in zip(("apiVersion", "kind", "namespace", "name"), names, strict=True)
        if value
    ]
    parts += [f"paths {shown(list(waiver.paths))}"] if waiver.paths else []
    parts += [f"target {shown(waiver.target)}"] if waiver.target else []
    return f"{waiver.rule} ({', '.join(parts)})" if parts else f"{waiver.rule} everywhere"


def _files(tree: Tree, folders: Iterable[str], wanted: Callable[[str], bool]) -> dict[str, object]:
    """The files of some folders with what tells their contents apart."""
    chosen = tuple(folders)
    if not chosen:
        return {}
    return {
        # Nothing has hashed what has no id: it counts as another content than anything.
        path: (entry.kind, entry.blob_id) if entry.blob_id else object()
        for path, entry in tree.entries().items()
        if wanted(path) and any(beneath(path, folder) for folder in chosen)
    }


def _is_policy(path: str) -> bool:
    return path.endswith(".py") and not path.rpartition("/")[2].startswith("test_")


def _policy_id(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".py").replace("_", "-")


def _is_schema(path: str) -> bool:
    return path.endswith((".yaml", ".yml", ".json"))


def _read_owners(tree: Tree) -> CodeOwners:
    place = place_of(tree.entries())
    content = None if place is None else _bytes(tree, place)
    return read_code_owners((content or b"").decode("utf-8", "replace"))
