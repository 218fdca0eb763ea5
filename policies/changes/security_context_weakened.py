"""Built-in policy: security-context-weakened."""

from __future__ import annotations

from gategit.checks.policy.api import (
    WORKLOADS,
    Change,
    Container,
    Field,
    Violation,
    Violations,
    Workload,
    is_filled_in_later,
    policy,
)

_HOST = ("hostNetwork", "hostPID", "hostIPC")
_CONFINED = ("RuntimeDefault", "Localhost")


@policy(level="error", kinds=WORKLOADS, security_severity=7.2)
def security_context_weakened(change: Change) -> Violations:
    """A change does not take away a safeguard that a workload's containers had.

    What it asks:
        A container that was not privileged does not become so. What was set stays set, by the container itself or by
        its pod: `runAsNonRoot: true`, `allowPrivilegeEscalation: false`, `readOnlyRootFilesystem: true`, a user other
        than 0, a seccomp profile. No capability is added, none that was dropped is kept. The pod does not newly share
        its node's network, processes or files (`hostNetwork`, `hostPID`, `hostIPC`, `hostPath`). Containers that the
        change adds are not compared with anything.

    Why:
        Whoever set the safeguard knew that the workload can live with it. Taking it away "to make it work" opens the
        way out of the container, stays in place when the reason is long gone, and looks small in a diff.

    How to fix:
        Put the safeguard back and give the container just what it lacks: a writable volume, a port above 1024, one
        capability. Where it has to go, say why in a waiver.

    Fails:
        --- # old
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          securityContext: {runAsNonRoot: true}
          containers:
            - {name: web, image: "registry.example.com/web:1.4.2", securityContext: {allowPrivilegeEscalation: false}}
        --- # new
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          securityContext: {runAsNonRoot: true}
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
              securityContext:
                allowPrivilegeEscalation: true  # <-
                runAsNonRoot: false  # <-
                capabilities:
                  add:
                    - NET_ADMIN  # <-

    Fails (the pod):
        --- # old
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers: [{name: web, image: "registry.example.com/web:1.4.2"}]
        --- # new
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          hostNetwork: true  # <-
          containers: [{name: web, image: "registry.example.com/web:1.4.2"}]

    Passes:
        --- # old
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - {name: web, image: "registry.example.com/web:1.4.2", securityContext: {runAsNonRoot: true}}
        --- # new
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          securityContext: {runAsNonRoot: true}
          containers:
            - {name: web, image: "registry.example.com/web:1.4.2"}

    References:
        https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    before = None if change.old is None else change.old.workload
    after = None if change.new is None else change.new.workload
    if before is None or after is None or before.pod.value == after.pod.value:
        return
    yield from _pod(before, after)
    for old, new in change.containers:
        yield from _container(old, new)


def _pod(old: Workload, new: Workload) -> Violations:
    for setting in _HOST:
        if new.pod.is_true(setting) and not old.pod.is_true(setting):
            yield Violation(new.pod.field(setting), f"the pods of {new} newly have {setting}")
    known = {volume.text("hostPath", "path") for volume in old.pod.items("volumes")}
    for volume in new.pod.items("volumes"):
        path = volume.text("hostPath", "path")
        if path and path not in known:
            yield Violation(volume.field("hostPath", "path"), f"the pods of {new} newly get {path} of their node")


def _container(old: Container, new: Container) -> Violations:
    if new.is_true("securityContext", "privileged") and not old.is_true("securityContext", "privileged"):
        yield Violation(new.field("securityContext", "privileged"), f"{new} becomes privileged")
    for setting, safe in (
        ("allowPrivilegeEscalation", False),
        ("readOnlyRootFilesystem", True),
        ("runAsNonRoot", True),
    ):
        field = new.security(setting)
        if old.security(setting).value is safe and field.value is not safe and not is_filled_in_later(field.value):
            yield Violation(field, f"{new} loses {setting}: {str(safe).lower()}")
    user = new.security("runAsUser")
    if user.value == 0 and old.security("runAsUser").value:
        yield Violation(user, f"{new} newly runs as root")
    seccomp = new.security("seccompProfile", "type")
    if old.security("seccompProfile", "type").value in _CONFINED and seccomp.value in (None, "Unconfined"):
        yield Violation(seccomp, f"{new} loses its seccomp profile")
    yield from _capabilities(old, new)


def _capabilities(old: Container, new: Container) -> Violations:
    known = _names(old, "add")
    for capability in new.items("securityContext", "capabilities", "add"):
        if capability.text() and capability.text().upper() not in known and "ALL" not in known:
            yield Violation(capability, f"{new} gets the capability {capability.text()}")
    dropped = _names(new, "drop")
    lost = sorted(_names(old, "drop") - dropped)
    if lost and "ALL" not in dropped:
        field: Field = new.field("securityContext", "capabilities", "drop")
        what = "all capabilities" if "ALL" in lost else f"the capability {lost[0]}"
        yield Violation(field, f"{new} no longer drops {what}")


def _names(container: Container, action: str) -> set[str]:
    return {one.text().upper() for one in container.items("securityContext", "capabilities", action)}
