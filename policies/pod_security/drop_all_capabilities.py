"""Built-in policy: drop-all-capabilities."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy

_SETTING = ("securityContext", "capabilities", "drop")
_SINCE = "1.22"
_WINDOWS_EXEMPT_SINCE = "1.25"


@policy(level="error", kinds=WORKLOADS, security_severity=4.3)
def drop_all_capabilities(workload: Workload) -> Violations:
    """Every container gives up the Linux capabilities that it gets by default.

    What it asks:
        `securityContext.capabilities.drop` of every container names `ALL`. It is asked for clusters of Kubernetes
        1.22 or newer; from 1.25 on, not of pods that say that they run on Windows (`spec.os.name`).

    Why:
        By default a container gets powers of root that few programs use, such as changing the owner of any file and
        making raw network packets. What is not there cannot be abused.

    How to fix:
        Set `drop: [ALL]` in the capabilities of each container, and add back `NET_BIND_SERVICE` where the program
        listens on a port below 1024.

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
                  drop: [NET_RAW]  # <-
            - name: proxy  # <-
              image: registry.example.com/proxy:1.4.2

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
        dropped = container.get(*_SETTING)
        if (isinstance(dropped, list) and "ALL" in dropped) or not workload.target.at_least(_SINCE):
            continue
        if workload.is_windows and workload.target.at_least(_WINDOWS_EXEMPT_SINCE):
            return
        yield Violation(container.field(*_SETTING), f"{container} does not drop all capabilities")
