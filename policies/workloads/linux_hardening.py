"""Built-in policy: linux-hardening."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Container, Violation, Violations, Workload, policy

_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
_PROFILES = ("RuntimeDefault", "Localhost")


@policy(level="warning", kinds=WORKLOADS, security_severity=4.3)
def linux_hardening(workload: Workload) -> Violations:
    """Every container uses at least one of the kernel's means of defence.

    What it asks:
        Each container has a seccomp profile (`RuntimeDefault` or `Localhost`), an AppArmor profile, SELinux options,
        or drops capabilities without adding all of them again; in its own security context or, where that is allowed,
        in its pod's. Pods for Windows are not judged. The pack `security-restricted` asks for more.

    Why:
        Without any of them a container may make every system call that its user may, and holds capabilities that
        hardly any program needs. A flaw in the kernel is then a way to the node.

    How to fix:
        Set `securityContext.seccompProfile.type: RuntimeDefault` in the pod. It fits nearly everything.

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
                - name: web  # <-
                  image: registry.example.com/web:1.4.2
                - name: proxy
                  image: registry.example.com/proxy:1.4.2
                  securityContext:  # <-
                    seccompProfile: {type: Unconfined}

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              securityContext:
                seccompProfile: {type: RuntimeDefault}
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Passes (capabilities):
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
                    capabilities:
                      drop: [ALL]
                      add: [NET_BIND_SERVICE]

    References:
        https://kubernetes.io/docs/concepts/security/linux-kernel-security-constraints/
    """
    if workload.is_windows:
        return
    annotations: dict[str, str] | None = None
    for container in workload.containers:
        if _is_hardened(container):
            continue
        if annotations is None:
            annotations = workload.pod_metadata.strings("annotations")
        if annotations.get(f"{_ANNOTATION}{container.name}", "unconfined") == "unconfined":
            what = "no seccomp, AppArmor or SELinux settings and drops no capability"
            yield Violation(container.field("securityContext"), f"{container} has {what}")


def _is_hardened(container: Container) -> bool:
    for setting in ("seccompProfile", "appArmorProfile"):
        if container.security(setting, "type").value in _PROFILES:
            return True
    options = container.security("seLinuxOptions").value
    if isinstance(options, dict) and any(options.values()):
        return True
    dropped = container.get("securityContext", "capabilities", "drop")
    added = container.get("securityContext", "capabilities", "add")
    adds_all = isinstance(added, list) and any(str(one).upper() == "ALL" for one in added)
    return bool(dropped) and not adds_all
