"""Built-in policy: allow-privilege-escalation."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, is_filled_in_later, policy

_SINCE = "1.8"
_WINDOWS_EXEMPT_SINCE = "1.25"
_SETTING = ("securityContext", "allowPrivilegeEscalation")


@policy(level="error", kinds=WORKLOADS, security_severity=5.9)
def allow_privilege_escalation(workload: Workload) -> Violations:
    """No process in a container can gain more rights than the one that started it.

    What it asks:
        Every container sets `securityContext.allowPrivilegeEscalation` to false. Pods that say that they run on
        Windows (`spec.os.name`) are not asked, where the cluster is of Kubernetes 1.25 or newer.

    Why:
        Without it, a program with the setuid bit, `sudo` or `su`, makes root of an ordinary user inside of the
        container, and what else was done to run as that user was in vain. The default is to allow it.

    How to fix:
        Set `allowPrivilegeEscalation: false` in the security context of each container; it cannot be set for the
        whole pod. Programs that do not use `sudo` do not notice.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          initContainers:
            - name: prepare  # <-
              image: registry.example.com/web:1.4.2
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
              securityContext:
                allowPrivilegeEscalation: true  # <-
            - name: proxy
              image: registry.example.com/proxy:1.4.2
              securityContext:  # <-
                runAsNonRoot: true

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
              securityContext:
                allowPrivilegeEscalation: false

    Passes (Windows):
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          os: {name: windows}
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
        https://www.kernel.org/doc/html/latest/userspace-api/no_new_privs.html
    """
    for container in workload.containers:
        allows = container.get(*_SETTING)
        if allows is False or is_filled_in_later(allows) or not workload.target.at_least(_SINCE):
            continue
        if workload.is_windows and workload.target.at_least(_WINDOWS_EXEMPT_SINCE):
            return
        yield Violation(container.field(*_SETTING), f"{container} does not set allowPrivilegeEscalation to false")
