"""Built-in policy: unsafe-sysctl."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, is_filled_in_later, policy

_SAFE_SINCE = {
    "kernel.shm_rmid_forced": "1.0",
    "net.ipv4.ip_local_port_range": "1.0",
    "net.ipv4.ip_local_reserved_ports": "1.27",
    "net.ipv4.ip_unprivileged_port_start": "1.0",
    "net.ipv4.ping_group_range": "1.0",
    "net.ipv4.tcp_fin_timeout": "1.29",
    "net.ipv4.tcp_keepalive_intvl": "1.29",
    "net.ipv4.tcp_keepalive_probes": "1.29",
    "net.ipv4.tcp_keepalive_time": "1.29",
    "net.ipv4.tcp_notsent_lowat": "1.37",
    "net.ipv4.tcp_rmem": "1.32",
    "net.ipv4.tcp_slow_start_after_idle": "1.37",
    "net.ipv4.tcp_syncookies": "1.0",
    "net.ipv4.tcp_wmem": "1.32",
}


@policy(level="error", kinds=WORKLOADS, security_severity=6.5)
def unsafe_sysctl(workload: Workload) -> Violations:
    """No pod sets a kernel parameter that is not safe to share.

    What it asks:
        `securityContext.sysctls` of the pod names only parameters that belong to the pod alone. These are
        `kernel.shm_rmid_forced` and, below `net.ipv4.`, `ip_local_port_range`, `ip_unprivileged_port_start`,
        `ping_group_range` and `tcp_syncookies`; since Kubernetes 1.27 also `ip_local_reserved_ports`, since 1.29
        `tcp_fin_timeout` and `tcp_keepalive_*`, since 1.32 `tcp_rmem` and `tcp_wmem`, since 1.37
        `tcp_notsent_lowat` and `tcp_slow_start_after_idle`.

    Why:
        Other parameters weaken the isolation between pods or take memory that the kubelet does not count. And a node
        refuses a pod with a parameter that its administrator has not allowed: the pod never starts.

    How to fix:
        Remove the parameter, or set it for the whole node, where its administrator decides. What a pod cannot do
        without deserves a waiver with an owner and a date.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          securityContext:
            sysctls:
              - name: net.core.somaxconn  # <-
                value: "1024"
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    Fails (not yet safe in this version):
        --- # target
        name: old
        kubernetes_version: "1.28"
        --- # new
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          securityContext:
            sysctls:
              - name: net.ipv4.tcp_keepalive_time  # <-
                value: "600"
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
              - name: net.ipv4.ip_unprivileged_port_start
                value: "80"
              - name: net.ipv4.tcp_keepalive_time
                value: "600"
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
        https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/#safe-and-unsafe-sysctls
    """
    if not workload.pod.get("securityContext", "sysctls"):
        return
    for sysctl in workload.pod.items("securityContext", "sysctls"):
        name = sysctl.text("name")
        since = _SAFE_SINCE.get(name)
        if not name or is_filled_in_later(name) or (since is not None and workload.target.at_least(since)):
            continue
        later = f" before Kubernetes {since}" if since else ""
        yield Violation(sysctl.field("name"), f"the pod sets the sysctl {name}, which is not safe{later}")
