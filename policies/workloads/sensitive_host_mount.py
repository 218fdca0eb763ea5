"""Built-in policy: sensitive-host-mount."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy

_DEFAULT = (
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/lib64",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var",
    "/var/lib",
    "/var/run",
    "/etc/kubernetes/**",
    "/var/lib/containerd/**",
    "/var/lib/docker/**",
    "/var/lib/etcd/**",
    "/var/lib/kubelet/**",
)


@policy(level="warning", kinds=WORKLOADS, security_severity=6.5)
def sensitive_host_mount(workload: Workload, *, paths: tuple[str, ...] = _DEFAULT) -> Violations:
    """No pod mounts a folder of its node that holds the node itself.

    What it asks:
        No `hostPath` volume is one of the node's own folders: `/`, `/etc`, `/proc`, `/sys`, `/dev`, `/usr`, `/var`
        and the like, or anything of the kubelet, etcd or the container runtime. What lies deeper in the others, such
        as `/var/log` or `/etc/ssl/certs`, passes.

    Why:
        These folders hold the node's credentials, the secrets of the other pods and the programs that the node runs.
        Who can read them can become the node; who can write there has.

    How to fix:
        Mount only the deepest folder that is needed, and read-only. Node agents that cannot work otherwise deserve a
        waiver with an owner and a date.

    Parameters:
        paths: the folders; one that ends with /** stands for everything below it as well

    Fails:
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
              volumes:
                - name: root
                  hostPath:
                    path: /  # <-
                - name: pods
                  hostPath:
                    path: /var/lib/kubelet/pods  # <-

    Fails (a folder of one's own):
        --- # parameters
        paths: [/srv/vault/**]
        --- # new
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
              volumes:
                - name: vault
                  hostPath: {path: /srv/vault/keys}  # <-

    Passes:
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
              volumes:
                - name: logs
                  hostPath: {path: /var/log/pods}
                - name: certificates
                  hostPath: {path: /etc/ssl/certs}

    References:
        https://kubernetes.io/docs/concepts/storage/volumes/#hostpath
    """
    volumes = workload.pod.get("volumes")
    if not isinstance(volumes, list):
        return
    for index, volume in enumerate(volumes):
        host = volume.get("hostPath") if isinstance(volume, dict) else None
        path = host.get("path") if isinstance(host, dict) else None
        if isinstance(path, str) and _is_among(path, paths):
            where = workload.pod.field("volumes", index, "hostPath", "path")
            yield Violation(where, f"volume {str(volume.get('name'))[:80]} is the node's own folder {path[:80]}")


def _is_among(path: str, paths: tuple[str, ...]) -> bool:
    steps = "/" + "/".join(step for step in path.split("/") if step not in ("", "."))
    for one in paths:
        folder = one.removesuffix("/**")
        if steps == folder or (folder != one and steps.startswith(f"{folder}/")):
            return True
    return False
