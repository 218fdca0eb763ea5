"""Built-in policy: sysctl-injection."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="error", kinds=WORKLOADS, security_severity=8.8)
def sysctl_injection(workload: Workload) -> Violations:
    """No kernel parameter carries a second one in its value.

    What it asks:
        No value of the pod's `securityContext.sysctls` holds a `+` or a `=`.

    Why:
        CRI-O joined parameters with these characters before it was mended (CVE-2022-0811), so a value such as
        `1+kernel.core_pattern=|/bin/sh` sets a parameter of the whole node that nobody allowed, and with it runs a
        program as root there. No safe parameter has a value with one of them.

    How to fix:
        Write the value alone. If it came from somebody else, find out why it was written like this.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          securityContext:
            sysctls:
              - name: kernel.shm_rmid_forced
                value: "1+kernel.core_pattern=|/var/tmp/run #"  # <-
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          securityContext:
            sysctls:
              - name: net.ipv4.ip_local_port_range
                value: "1024 65535"
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    References:
        https://nvd.nist.gov/vuln/detail/CVE-2022-0811
        https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/
    """
    if not workload.pod.get("securityContext", "sysctls"):
        return
    for sysctl in workload.pod.items("securityContext", "sysctls"):
        value = sysctl.text("value")
        if "+" in value or "=" in value:
            yield Violation(
                sysctl.field("value"), f"the value of the sysctl {sysctl.text('name')} sets another one too"
            )
