"""Built-in policy: apparmor-profile."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Container, Violation, Violations, Workload, is_filled_in_later, policy

_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
_SETTING = ("securityContext", "appArmorProfile", "type")
_ALLOWED = ("RuntimeDefault", "Localhost")


@policy(level="error", kinds=WORKLOADS, security_severity=5.9)
def apparmor_profile(workload: Workload) -> Violations:
    """No pod switches AppArmor off.

    What it asks:
        `securityContext.appArmorProfile.type` is absent, `RuntimeDefault` or `Localhost`, for the pod and for each
        container. The same holds for the annotations that came before the field,
        `container.apparmor.security.beta.kubernetes.io/<container>`: `runtime/default` or `localhost/…`.

    Why:
        AppArmor keeps a process inside of its container away from the files and mounts of the kernel that a container
        has no business with. Unconfined, one bug more is open to whoever takes the container over.

    How to fix:
        Remove the field or the annotation, or name a profile of your own with `Localhost`.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          securityContext:
            appArmorProfile:
              type: Unconfined  # <-
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    Fails (the older annotation):
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          namespace: shop
          annotations:
            container.apparmor.security.beta.kubernetes.io/web: unconfined  # <-
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
            appArmorProfile: {type: RuntimeDefault}
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
              securityContext:
                appArmorProfile: {type: Localhost, localhostProfile: shop-web}

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
        https://kubernetes.io/docs/tutorials/security/apparmor/
    """
    for holder in (workload.pod, *workload.containers):
        kind = holder.get(*_SETTING)
        if kind is not None and kind not in _ALLOWED and not is_filled_in_later(kind):
            name = holder if isinstance(holder, Container) else "the pod"
            yield Violation(holder.field(*_SETTING), f"{name} has the AppArmor profile {kind}")
    for key, value in workload.pod_metadata.entries("annotations"):
        if key.startswith(_ANNOTATION) and not _is_allowed(value.text()):
            yield Violation(value, f"container {key[len(_ANNOTATION) :]} has the AppArmor profile {value.text()}")


def _is_allowed(profile: str) -> bool:
    return profile in ("", "runtime/default") or profile.startswith("localhost/") or is_filled_in_later(profile)
