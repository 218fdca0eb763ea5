"""Built-in policy: restricted-capabilities."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy

_SINCE = "1.22"
_WINDOWS_EXEMPT_SINCE = "1.25"
_DEFAULT = frozenset(
    (
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    )
)  # what container runtimes grant by themselves, but for NET_BIND_SERVICE


@policy(level="error", kinds=WORKLOADS, security_severity=4.3)
def restricted_capabilities(workload: Workload) -> Violations:
    """No container adds back a default capability other than NET_BIND_SERVICE.

    What it asks:
        `securityContext.capabilities.add` names none of `AUDIT_WRITE`, `CHOWN`, `DAC_OVERRIDE`, `FOWNER`, `FSETID`,
        `KILL`, `MKNOD`, `SETFCAP`, `SETGID`, `SETPCAP`, `SETUID` and `SYS_CHROOT`. (Those that no container gets by
        default are the business of `added-capabilities`.) It is asked for clusters of Kubernetes 1.22 or newer.

    Why:
        These are what containers get unless they drop them. Each is a power of root, and a program that needs one
        was written to run as root.

    How to fix:
        Prepare the image so that nothing has to be changed at run time: files with the right owner, a user that the
        program runs as from the start. Then remove the capability.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
              securityContext:
                capabilities:
                  drop: [ALL]
                  add:
                    - NET_BIND_SERVICE
                    - CHOWN  # <-

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
              securityContext:
                capabilities:
                  drop: [ALL]
                  add: [NET_BIND_SERVICE]

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
        https://man7.org/linux/man-pages/man7/capabilities.7.html
    """
    for container in workload.containers:
        if not container.get("securityContext", "capabilities", "add") or not workload.target.at_least(_SINCE):
            continue
        if workload.is_windows and workload.target.at_least(_WINDOWS_EXEMPT_SINCE):
            return
        for added in container.items("securityContext", "capabilities", "add"):
            if added.text() in _DEFAULT:
                yield Violation(added, f"{container} adds back the capability {added.text()}")
