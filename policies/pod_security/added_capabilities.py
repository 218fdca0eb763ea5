"""Built-in policy: added-capabilities."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, is_filled_in_later, policy

_DEFAULT = frozenset(
    (
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    )
)  # what container runtimes grant by themselves


@policy(level="error", kinds=WORKLOADS, security_severity=7.5)
def added_capabilities(workload: Workload) -> Violations:
    """No container adds Linux capabilities beyond those that it gets by default.

    What it asks:
        `securityContext.capabilities.add` names nothing but what container runtimes grant anyway: `AUDIT_WRITE`,
        `CHOWN`, `DAC_OVERRIDE`, `FOWNER`, `FSETID`, `KILL`, `MKNOD`, `NET_BIND_SERVICE`, `SETFCAP`, `SETGID`,
        `SETPCAP`, `SETUID` and `SYS_CHROOT`. A value that a variable fills in is not judged.

    Why:
        Capabilities are root's powers in pieces. Some pieces are as good as the whole: with `SYS_ADMIN`, `SYS_PTRACE`
        or `SYS_MODULE` a process gets out of its container, and with `NET_RAW` or `NET_ADMIN` it listens to others.

    How to fix:
        Remove what the program does not need. Often the need can be met otherwise: a port above 1024, a sysctl of the
        pod, a file's owner. What remains deserves a waiver with an owner and a date.

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
                  add:
                    - NET_BIND_SERVICE
                    - SYS_ADMIN  # <-

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
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
        https://man7.org/linux/man-pages/man7/capabilities.7.html
    """
    for container in workload.containers:
        if not container.get("securityContext", "capabilities", "add"):
            continue
        for added in container.items("securityContext", "capabilities", "add"):
            name = added.text()
            if name and name not in _DEFAULT and not is_filled_in_later(name):
                yield Violation(added, f"{container} adds the capability {name}")
