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
    context = workload.pod.get("securityContext")
    of_pod = context if isinstance(context, dict) else {}
    annotations: dict[str, str] | None = None
    for container in workload.containers:
        if _is_hardened(container, of_pod):
            continue
        if annotations is None:
            annotations = workload.pod_metadata.strings("annotations")
        if annotations.get(f"{_ANNOTATION}{container.name}", "unconfined") == "unconfined":
            what = "no seccomp, AppArmor or SELinux settings and drops no capability"
            yield Violation(container.field("securityContext"), f"{container} has {what}")


def _is_hardened(container: Container, of_pod: dict[str, object]) -> bool:
    own = container.get("securityContext")
    own = own if isinstance(own, dict) else {}
    for setting in ("seccompProfile", "appArmorProfile"):
        profile = own.get(setting) or of_pod.get(setting)
        if isinstance(profile, dict) and profile.get("type") in _PROFILES:
            return True
    options = own.get("seLinuxOptions") or of_pod.get("seLinuxOptions")
    if isinstance(options, dict) and any(options.values()):
        return True
    capabilities = own.get("capabilities")
    if not isinstance(capabilities, dict) or not capabilities.get("drop"):
        return False
    added = capabilities.get("add")
    return not isinstance(added, list) or all(str(one).upper() != "ALL" for one in added)
