"""Built-in policy: container-socket-mount."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy

_SOCKETS = (
    "/docker.sock",
    "/containerd.sock",
    "/crio.sock",
    "/cri-dockerd.sock",
    "/dockershim.sock",
    "/podman.sock",
    "/buildkitd.sock",
)
_FOLDERS = ("/run/containerd", "/var/run/containerd", "/run/crio", "/var/run/crio", "/run/podman", "/var/run/podman")


@policy(level="error", kinds=WORKLOADS, security_severity=8.8)
def container_socket_mount(workload: Workload) -> Violations:
    """No pod has the socket of its node's container runtime.

    What it asks:
        No `hostPath` volume is the socket of Docker, containerd, CRI-O or Podman (`/var/run/docker.sock` and the
        like), or the folder that holds only that.

    Why:
        Whoever can write to the socket can start a privileged container with the node's file system in it. So the
        pod has the node, and with it the secrets of every pod that runs there. Mounting it read-only does not help:
        that keeps the file, not the requests sent through it.

    How to fix:
        Build images with a builder that needs no socket, and read container metadata from the Kubernetes API or the
        kubelet. Node agents that cannot work otherwise deserve a waiver with an owner and a date.

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
                  volumeMounts:
                    - {name: docker, mountPath: /var/run/docker.sock}
              volumes:
                - name: docker
                  hostPath:
                    path: /var/run/docker.sock  # <-

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
                  volumeMounts:
                    - {name: logs, mountPath: /logs, readOnly: true}
              volumes:
                - name: logs
                  hostPath:
                    path: /var/log/pods

    References:
        https://kubernetes.io/docs/concepts/storage/volumes/#hostpath
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
    """
    volumes = workload.pod.get("volumes")
    if not isinstance(volumes, list):
        return
    for index, volume in enumerate(volumes):
        host = volume.get("hostPath") if isinstance(volume, dict) else None
        path = host.get("path") if isinstance(host, dict) else None
        if isinstance(path, str) and (path.endswith(_SOCKETS) or path.rstrip("/") in _FOLDERS):
            where = workload.pod.field("volumes", index, "hostPath", "path")
            yield Violation(
                where, f"volume {str(volume.get('name'))[:80]} is the container runtime's socket, {path[:80]}"
            )
