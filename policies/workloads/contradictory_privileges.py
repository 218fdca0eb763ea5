"""Built-in policy: contradictory-privileges."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="error", kinds=WORKLOADS)
def contradictory_privileges(workload: Workload) -> Violations:
    """No container forbids the escalation of privileges and has them all.

    What it asks:
        A container with `allowPrivilegeEscalation: false` is not `privileged`, and does not add the capability
        `CAP_SYS_ADMIN` by this name. (The name `SYS_ADMIN`, which stands for the same, is accepted.)

    Why:
        The API server refuses the object, because such a container needs no escalation any more.

    How to fix:
        Remove `privileged` and the capability. Where the container needs them, remove `allowPrivilegeEscalation`.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                  securityContext:
                    allowPrivilegeEscalation: false  # <-
                    privileged: true

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                  securityContext:
                    allowPrivilegeEscalation: false
                    capabilities: {add: [NET_BIND_SERVICE]}

    References:
        https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    """
    for container in workload.containers:
        context = container.get("securityContext")
        if not isinstance(context, dict) or context.get("allowPrivilegeEscalation") is not False:
            continue
        where = container.field("securityContext", "allowPrivilegeEscalation")
        added = container.get("securityContext", "capabilities", "add")
        if context.get("privileged") is True:
            yield Violation(where, f"{container} forbids the escalation of privileges, and is privileged")
        elif isinstance(added, list) and "CAP_SYS_ADMIN" in added:
            yield Violation(where, f"{container} forbids the escalation of privileges, and adds CAP_SYS_ADMIN")
