"""What admission says against an object: policies, webhooks, Pod security, limit ranges, quotas.

The words are those of whoever wrote the policy. Where they name a field or a container, the problem stands there; else
it is about the whole object.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from gategit.checks.dry_run.paths import ABSENT, container, pod_spec, read_path, read_pointer, value_at
from gategit.checks.dry_run.rules import ADMISSION_DENIED, DRY_RUN_REJECTED, QUOTA_EXCEEDED
from gategit.checks.dry_run.sent import Sent
from gategit.checks.dry_run.validation import read_field
from gategit.checks.dry_run.values import Problem
from gategit.cluster.answer import Cause
from gategit.model import FieldPath

_DENIED: Final = ADMISSION_DENIED.id
_QUOTA: Final = QUOTA_EXCEEDED.id
_MOST = 100
_READ = 20_000

# The name is left out where it is still to be generated.
_FORBIDDEN = re.compile(r'(?:[^"\s]{1,300}(?: "(?:[^"\\]|\\.){0,300}")? is )?forbidden: (.*)', re.DOTALL)
_POLICY = re.compile(
    r"ValidatingAdmissionPolicy '([^']{0,300})' with binding '([^']{0,300})' denied request: (.*)", re.DOTALL
)
_WEBHOOK = re.compile(
    r'admission webhook "([^"]{1,300})" denied the request(?: without explanation)?(?:: (.*))?', re.DOTALL
)
_STANDARD = re.compile(r'(?:would violate|violates) PodSecurity "([^"]{1,100})": (.*)', re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.){1,300})"')
_CONTAINERS = re.compile(r'\bcontainers? ((?:"(?:[^"\\]|\\.){0,300}"(?:, | and )?)+)')
_VOLUMES = re.compile(r'\bvolumes? ((?:"(?:[^"\\]|\\.){0,300}"(?:, | and )?)+)')
_CONTEXT = re.compile(r"\b(securityContext(?:\.[A-Za-z]+)+)")
_HOST_FIELD = re.compile(r"\b(hostNetwork|hostPID|hostIPC)=true")
_RANGE = re.compile(
    r"\[?(?:(minimum|maximum) (\S{1,300}) usage per (\S{1,300}) is (\S{1,300}?)"
    r"(?:\.  No (request|limit) is specified|, but (request|limit) is (\S{1,300}))"
    r"|(\S{1,300}) max limit to request ratio per (\S{1,300}) is)"
)
_RANGE_SPLIT = re.compile(r", (?=(?:minimum|maximum) \S{1,300} usage per |\S{1,300} max limit to request ratio per )")
_MUST_SPECIFY = re.compile(r"failed quota: (.{1,300}?): must specify (.*)", re.DOTALL)
_EXCEEDED = re.compile(r"exceeded quota: .{1,300}?, requested: (.*?), used: ", re.DOTALL)
_MENTION = re.compile(r"(?:\bobject\.|\bpath:? /|(?<![\w/.-])[./]?)([a-z][A-Za-z]{0,100}[./\[][\w.\-/\[\]\"=@]*)")

_NAMED_CONTAINER = re.compile(r"\b[Cc]ontainer:? ?[<\"'`]([a-z0-9][a-z0-9-]{0,62})[>\"'`]")

_MISSING: Final = {
    "ServiceAccount": re.compile(
        r'error looking up service account [^:]{1,300}: serviceaccount "([^"]{1,300})" not found'
    ),
    "PriorityClass": re.compile(r"no PriorityClass with name (\S{1,300}) was found"),
    "RuntimeClass": re.compile(r'pod rejected: RuntimeClass "([^"]{1,300})" not found'),
    "ClusterRole": re.compile(r'\bclusterroles\.rbac\.authorization\.k8s\.io "([^"]{1,300})" not found'),
    "Role": re.compile(r'\broles\.rbac\.authorization\.k8s\.io "([^"]{1,300})" not found'),
}
_NAMING_FIELD: Final = {
    "ServiceAccount": "serviceAccountName",
    "PriorityClass": "priorityClassName",
    "RuntimeClass": "runtimeClassName",
}


class Missing(NamedTuple):
    """Another object that the one that was sent needs, and that the server does not have."""

    kind: str
    name: str


def denied_by(message: str) -> str:
    """Who denied a request, in a few words; "" where nobody of admission did."""
    webhook = _WEBHOOK.match(message)
    if webhook is not None:
        return f'the admission webhook "{webhook[1]}"'
    forbidden = _FORBIDDEN.match(message)
    policy = _POLICY.match(forbidden[1]) if forbidden else None
    return f"the ValidatingAdmissionPolicy {policy[1]}" if policy else ""


def read_denial(message: str, causes: Iterable[Cause], sent: Sent) -> list[Problem]:
    """What a policy or a webhook says; a problem for each cause that it gives."""
    given = list(causes)
    webhook = _WEBHOOK.match(message)
    if webhook is not None:
        by = f'the admission webhook "{webhook[1]}"'
        fields = [read_field(cause, sent) for cause in given[:_MOST] if cause.field]
        if fields:
            return [sent.problem(_DENIED, f"{words} (says {by})", path) for path, words in fields]
        return [_mentioning(f"{by} denies it: {webhook[2] or 'no reason is given'}", sent)]
    said = [cause.message for cause in given if _POLICY.match(cause.message)] or [_after_forbidden(message)]
    return [_policy(words, sent) for words in said[:_MOST]]


def read_forbidden(message: str, sent: Sent) -> tuple[list[Problem], tuple[Missing, ...]] | None:
    """What an admission plugin says by a 403; None where the message is no such one."""
    forbidden = _FORBIDDEN.match(message[:_READ])
    if forbidden is None:
        return None
    missing = find_missing(forbidden[1])
    if missing:
        return [_about_missing(forbidden[1], missing[0], sent)], missing
    return _plugin(forbidden[1], sent), ()


def _plugin(words: str, sent: Sent) -> list[Problem]:
    """The words of a plugin of the server itself."""
    if "because it is being terminated" in words:
        return [sent.problem(DRY_RUN_REJECTED.id, words, ("metadata", "namespace"), named=False)]
    if words.startswith(("exceeded quota: ", "insufficient quota to match these scopes: ")):
        return [_exceeded(words, sent)]
    if must := _MUST_SPECIFY.match(words):
        return list(_must_specify(must, sent))[:_MOST]
    if _STANDARD.match(words):
        return read_standard(words, sent, _DENIED)
    if _RANGE.match(words):
        inner = words[1:-1] if words.startswith("[") and words.endswith("]") else words
        return [_range(part, sent) for part in _RANGE_SPLIT.split(inner)[:_MOST]]
    return [_mentioning(words, sent)]


def find_missing(words: str) -> tuple[Missing, ...]:
    """The objects that a message says the server lacks."""
    for kind, pattern in _MISSING.items():
        match = pattern.search(words[:_READ])
        if match is not None:
            return (Missing(kind, match[1]),)
    return ()


def read_standard(words: str, sent: Sent, rule: str) -> list[Problem]:
    """A problem for each complaint of the Pod Security Standards, at its container; none where there are none."""
    match = _STANDARD.search(words[:_READ])
    if match is None:
        return []
    found: list[Problem] = []
    verb = "would violate" if match[0].startswith("would") else "violates"
    for complaint in _complaints(match[2]):
        said = f'{verb} PodSecurity "{match[1]}": {complaint}'
        found += [sent.problem(rule, said, path, named=False) for path in _places(complaint, sent)]
    return found[:_MOST]


def mentioned(words: str, sent: Sent) -> FieldPath:
    """The first field of the object that a free text names, else a container; () where it names none."""
    for match in _MENTION.finditer(words[:_READ]):
        text = match[1].rstrip(".,:;/")
        separator = next(character for character in text if not character.isalpha()) if not text.isalpha() else "."
        path = (read_pointer if separator == "/" else read_path)(text, sent.manifest)
        if len(path) > 1 and value_at(sent.manifest, path[:-1]) is not ABSENT:
            return path
    named = _NAMED_CONTAINER.search(words[:_READ])
    return (container(sent.manifest, named[1]) or ()) if named else ()


def _after_forbidden(message: str) -> str:
    match = _FORBIDDEN.match(message)
    return match[1] if match else message


def _policy(words: str, sent: Sent) -> Problem:
    match = _POLICY.match(words)
    if match is None:
        return _mentioning(words, sent)
    by = f"the ValidatingAdmissionPolicy {match[1]}" + (f" (binding {match[2]})" if match[2] != match[1] else "")
    return sent.problem(_DENIED, f"{by} denies it: {match[3]}", mentioned(match[3], sent), named=False)


def _mentioning(words: str, sent: Sent) -> Problem:
    return sent.problem(_DENIED, words, mentioned(words, sent), named=False)


def _about_missing(words: str, missing: Missing, sent: Sent) -> Problem:
    spec, name = pod_spec(sent.manifest), _NAMING_FIELD.get(missing.kind)
    path: FieldPath = (*spec, name) if spec is not None and name is not None else ()
    if missing.kind in {"Role", "ClusterRole"}:
        path = ("roleRef", "name")
    return sent.problem(
        _DENIED, words, path, advice=f"declare the {missing.kind} {sent.words(missing.name)}, or correct its name"
    )


def _complaints(text: str) -> list[str]:
    """Split at the commas that stand in no parentheses and no quotes."""
    found: list[str] = []
    depth, quoted, start = 0, False, 0
    for position, character in enumerate(text):
        if character == '"' and text[position - 1 : position] != "\\":
            quoted = not quoted
        elif not quoted and character in "()":
            depth += 1 if character == "(" else -1
        elif character == "," and not quoted and depth == 0:
            found.append(text[start:position].strip())
            start = position + 1
    found.append(text[start:].strip())
    return [one for one in found if one][:_MOST]


def _places(complaint: str, sent: Sent) -> list[FieldPath]:
    """Where a complaint of the Pod Security Standards is to be mended: once for each container or volume."""
    spec = pod_spec(sent.manifest)
    if spec is None:
        return [()]
    context = _CONTEXT.search(complaint)
    field = read_path(context[1], {}) if context else ()
    names = _CONTAINERS.search(complaint)
    if names is not None:
        found = [container(sent.manifest, name) for name in _QUOTED.findall(names[1])]
        places = [(*path, *field) for path in found if path is not None]
        if places:
            return places
    names = _VOLUMES.search(complaint)
    volumes = value_at(sent.manifest, (*spec, "volumes"))
    if names is not None and isinstance(volumes, list):
        wanted = set(_QUOTED.findall(names[1]))
        here = [
            (*spec, "volumes", index)
            for index, one in enumerate(volumes)
            if isinstance(one, dict) and isinstance(one.get("name"), str) and one["name"] in wanted
        ]
        if here:
            return list(here)
    host = _HOST_FIELD.search(complaint)
    if host is not None:
        return [(*spec, host[1])]
    return [(*spec, *field)]


def _range(words: str, sent: Sent) -> Problem:
    match = _RANGE.match(words)
    if match is None:
        return sent.problem(_DENIED, words)
    resource, of = match[2] or match[8], match[3] or match[9]
    if of != "Container":
        request: FieldPath = ("spec", "resources", "requests", resource)
        return sent.problem(_DENIED, words, pod_spec(sent.manifest) or request, named=False)
    side = "limits" if "limit" in (match[5], match[6]) else "requests"
    fitting = [path for path in _containers(sent) if _given(sent, path, side, resource) == match[7]]
    if side == "requests" and not fitting:  # a request that is not given is taken from the limit
        fitting = [path for path in _containers(sent) if _given(sent, path, "limits", resource) == match[7]]
        side = "limits" if fitting else side
    if len(fitting) == 1 or (fitting and match[7] is None):
        return sent.problem(_DENIED, words, (*fitting[0], "resources", side, resource), named=False)
    return sent.problem(_DENIED, words, pod_spec(sent.manifest) or (), named=False)


def _containers(sent: Sent) -> Iterator[FieldPath]:
    spec = pod_spec(sent.manifest)
    if spec is None:
        return
    for kind in ("containers", "initContainers"):
        items = value_at(sent.manifest, (*spec, kind))
        yield from ((*spec, kind, index) for index in range(len(items) if isinstance(items, list) else 0))


def _given(sent: Sent, path: FieldPath, side: str, resource: str) -> str | None:
    value = value_at(sent.manifest, (*path, "resources", side, resource))
    return str(value) if isinstance(value, str | int | float) else None


def _exceeded(words: str, sent: Sent) -> Problem:
    match = _EXCEEDED.match(words)
    for resource in (one.partition("=")[0] for one in match[1].split(",")) if match else ():
        side, _, name = resource.strip().partition(".")
        for owner in (("spec",), *_containers(sent)):
            path = (*owner, "resources", side, name)
            if name and value_at(sent.manifest, path) is not ABSENT:
                return sent.problem(_QUOTA, words, path, named=False)
    return sent.problem(_QUOTA, words)


def _must_specify(match: re.Match[str], sent: Sent) -> Iterator[Problem]:
    """A problem for each container and resource that a quota needs to know of."""
    for part in match[2].split(";"):
        resource, _, names = part.strip().partition(" for: ")
        said = f"failed quota: {match[1]}: must specify {resource}"
        for name in (one.strip() for one in names.split(",")) if names else ("",):
            path = container(sent.manifest, name)
            side, _, what = resource.partition(".")
            if path is None:
                whole = pod_spec(sent.manifest) or ()
                yield sent.problem(_QUOTA, f"{said} for {name}" if name else said, whole, named=False)
            else:
                full = (*path, "resources", side, what) if what else (*path, "resources", "limits", side)
                yield sent.problem(_QUOTA, f"{said} for container {name}", full, named=False)
