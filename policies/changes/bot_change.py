"""Built-in policy: bot-change."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Field, PullRequest, Violation, Violations, matches, parse_image, policy

_BOTS = ("*[bot]", "renovate*", "dependabot*", "argocd-image-updater*", "fluxcdbot", "*-bot")
_VERSIONS = (
    *("tag", "newTag", "version", "targetRevision", "digest", "semver", "appVersion"),
    *("app.kubernetes.io/version", "helm.sh/chart", "chart"),
)


@policy(level="error", kinds=("*",), security_severity=6.5)
def bot_change(
    change: Change, request: PullRequest, *, bots: tuple[str, ...] = _BOTS, fields: tuple[str, ...] = _VERSIONS
) -> Violations:
    """A pull request of a bot changes versions, and nothing else.

    What it asks:
        Where the author of the pull request is a bot, it adds and removes no object, and the only fields that it
        changes are images (the same repository with another tag or digest) and those that hold versions: `tag`,
        `version`, `targetRevision`, `digest`, the version labels. Where the author is not known, nothing is judged.

    Why:
        Pull requests of bots are many and alike, so they are merged at a glance or by another bot. That makes a bot's
        account, or its configuration, the easiest way to bring something else into the cluster.

    How to fix:
        Let a person open the pull request. If the bot has to change more than versions, name the fields in the
        parameter `fields`.

    Fails:
        --- # pull request
        author: renovate[bot]
        --- # old
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers: [{name: web, image: "registry.example.com/web:1.4.1"}]
        --- # new
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          hostNetwork: true  # <-
          containers:
            - name: web
              image: registry.example.org/web:1.4.2  # <-

    Fails (an object more):
        --- # pull request
        author: renovate[bot]
        --- # old
        --- # new
        apiVersion: v1
        kind: ServiceAccount
        metadata:
          name: helper  # <-
          namespace: shop

    Passes:
        --- # pull request
        author: renovate[bot]
        --- # old
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop, labels: {app.kubernetes.io/version: 1.4.1}}
        spec:
          containers: [{name: web, image: "registry.example.com/web:1.4.1@sha256:4a1c7e"}]
        --- # new
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop, labels: {app.kubernetes.io/version: 1.4.2}}
        spec:
          containers: [{name: web, image: "registry.example.com/web:1.4.2@sha256:90b2d4"}]

    Passes (a person):
        --- # pull request
        author: ann
        --- # old
        --- # new
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: helper, namespace: shop}

    Parameters:
        bots: the accounts that are bots; a star stands for any characters.
        fields: the names of the fields that a bot may change besides images.

    References:
        https://docs.renovatebot.com/key-concepts/automerge/
        https://docs.github.com/en/code-security/dependabot
    """
    if not request.author or not matches(request.author, bots):
        return
    if change.old is None or change.new is None:
        what = "adds" if change.old is None else "removes"
        yield Violation(change.manifest, f"{request.author}, a bot, {what} {change.manifest}")
        return
    found = _others(change.old, change.new, frozenset(fields))
    if change.new.kind == "Secret":
        found = [change.new] if found else []  # the line of a field would show what it holds
    for field in found[:20]:
        yield Violation(field, f"{request.author}, a bot, changes more than versions")


def _others(old: Field, new: Field, fields: frozenset[str]) -> list[Field]:
    """The fields that differ and hold no version, in the new object."""
    before, after = old.value, new.value
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [*after, *(key for key in before if key not in after)]
        return [one for key in keys if isinstance(key, str) for one in _others(old.field(key), new.field(key), fields)]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [one for index in range(len(after)) for one in _others(old.field(index), new.field(index), fields)]
    name = new.path[-1] if new.path else ""
    is_version = name in fields and not isinstance(before, dict | list) and not isinstance(after, dict | list)
    return [] if (is_version and before and after) or _is_same_image(name, before, after) else [new]


def _is_same_image(name: str | int, before: object, after: object) -> bool:
    """Whether a field holds an image on both sides, from the same repository."""
    if not isinstance(name, str) or not name.lower().endswith("image"):
        return False
    if not isinstance(before, str) or not isinstance(after, str):
        return False
    was, becomes = parse_image(before), parse_image(after)
    return (was.registry, was.repository) == (becomes.registry, becomes.repository) and bool(
        becomes.digest or (becomes.tag and not was.digest)
    )
