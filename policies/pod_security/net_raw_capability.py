"""Built-in policy: net-raw-capability."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy

_ENOUGH = frozenset(("ALL", "NET_RAW", "CAP_ALL", "CAP_NET_RAW"))
_DROP = ("securityContext", "capabilities", "drop")


@policy(level="warning", kinds=WORKLOADS, security_severity=4.3)
def net_raw_capability(workload: Workload) -> Violations:
    """Every container gives up the right to write raw network packets.

    What it asks:
        `securityContext.capabilities.drop` of every container names `NET_RAW` or `ALL`. Pods that say that they run
        on Windows (`spec.os.name`) are not asked. It is the least of what `drop-all-capabilities` asks.

    Why:
        Containers get `NET_RAW` by default. With it, one that is taken over can pretend to be its neighbours or their
        gateway, and read or change what they send.

    How to fix:
        Set `drop: [ALL]` in the capabilities of each container, or at least `drop: [NET_RAW]`. Only `ping` and
        network tools miss it.

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
                  drop: [SETUID]  # <-
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
                  drop: [NET_RAW]

    References:
        https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#set-capabilities-for-a-container
        https://man7.org/linux/man-pages/man7/capabilities.7.html
    """
    for container in workload.containers:
        dropped = container.get(*_DROP)
        if isinstance(dropped, list) and ("ALL" in dropped or _is_enough(dropped)):
            continue
        if workload.is_windows:
            return
        yield Violation(container.field(*_DROP), f"{container} keeps the capability NET_RAW")


def _is_enough(dropped: list[object]) -> bool:
    return any(isinstance(name, str) and name.upper() in _ENOUGH for name in dropped)
