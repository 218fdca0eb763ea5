"""Built-in policy: seccomp-unconfined."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Container, Violation, Violations, Workload, is_filled_in_later, policy

_SETTING = ("securityContext", "seccompProfile", "type")
_ALLOWED = ("RuntimeDefault", "Localhost")
_FIELD_SINCE = "1.19"
_OF_POD = "seccomp.security.alpha.kubernetes.io/pod"
_OF_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"


@policy(level="error", kinds=WORKLOADS, security_severity=5.9)
def seccomp_unconfined(workload: Workload) -> Violations:
    """No pod switches off the filter of its system calls.

    What it asks:
        `securityContext.seccompProfile.type` is absent, `RuntimeDefault` or `Localhost`, for the pod and for each
        container. For clusters older than Kubernetes 1.19 it is the annotations that came before the field:
        `runtime/default`, `docker/default` or `localhost/…`.

    Why:
        Seccomp keeps a container away from the system calls that programs hardly ever need and attackers of the
        kernel do. Unconfined, all of the kernel is there to be tried.

    How to fix:
        Set `type: RuntimeDefault`. Where a program needs a call that it refuses, allow that one call in a profile of
        your own and name it with `Localhost`.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          securityContext:
            seccompProfile:
              type: Unconfined  # <-
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    Fails (the annotations of old clusters):
        --- # target
        name: old
        kubernetes_version: "1.18"
        --- # new
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          namespace: shop
          annotations:
            seccomp.security.alpha.kubernetes.io/pod: unconfined  # <-
            container.seccomp.security.alpha.kubernetes.io/web: unconfined  # <-
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          securityContext:
            seccompProfile: {type: RuntimeDefault}
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
              securityContext:
                seccompProfile: {type: Localhost, localhostProfile: profiles/web.json}

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
        https://kubernetes.io/docs/tutorials/security/seccomp/
    """
    if not workload.target.at_least(_FIELD_SINCE):
        yield from _annotations(workload)
        return
    for holder in (workload.pod, *workload.containers):
        kind = holder.get(*_SETTING)
        if kind is not None and kind not in _ALLOWED and not is_filled_in_later(kind):
            name = holder if isinstance(holder, Container) else "the pod"
            yield Violation(holder.field(*_SETTING), f"{name} has the seccomp profile {kind}")


def _annotations(workload: Workload) -> Violations:
    judged = {_OF_POD, *(_OF_CONTAINER + container.name for container in workload.containers)}
    for key, value in workload.pod_metadata.entries("annotations"):
        profile = value.text()
        if key in judged and profile not in ("runtime/default", "docker/default"):
            if profile.startswith("localhost/") or is_filled_in_later(profile):
                continue
            who = "the pod" if key == _OF_POD else f"container {key[len(_OF_CONTAINER) :]}"
            yield Violation(value, f"{who} has the seccomp profile {profile}")
