"""Built-in policy: host-path-volume."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, matches, policy


@policy(level="error", kinds=WORKLOADS, security_severity=7.5)
def host_path_volume(workload: Workload, *, allowed: tuple[str, ...] = ()) -> Violations:
    """No pod mounts a folder or file of its node.

    What it asks:
        No volume of a pod is a `hostPath`, whether or not it is mounted read-only, unless the parameter allows its
        path. A path with `..` in it is never allowed.

    Why:
        The node's files are the node: its container socket, its kubelet's credentials, the secrets of other pods. And
        data in a hostPath stays behind when the pod moves to another node.

    How to fix:
        Use a PersistentVolumeClaim for data, an `emptyDir` for scratch space, a ConfigMap or Secret for
        configuration. Node agents that cannot work otherwise deserve a waiver with an owner and a date.

    Parameters:
        allowed: patterns for whole paths that may be mounted; a star stands for any characters (/data/*).

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
          volumes:
            - name: logs
              hostPath:  # <-
                path: /var/log

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
          volumes:
            - name: logs
              emptyDir: {}
            - name: data
              persistentVolumeClaim: {claimName: web}

    Passes (an allowed path):
        --- # parameters
        allowed: [/data, /data/*]
        --- # new
        apiVersion: v1
        kind: Pod
        metadata: {name: db, namespace: shop}
        spec:
          containers:
            - name: db
              image: registry.example.com/db:1.4.2
          volumes:
            - name: data
              hostPath:
                path: /data/db

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
        https://kubernetes.io/docs/concepts/storage/volumes/#hostpath
    """
    if not workload.pod.get("volumes"):
        return
    for volume in workload.pod.items("volumes"):
        if not volume.has("hostPath"):
            continue
        path = volume.text("hostPath", "path")
        if not (allowed and ".." not in path and matches(path, allowed)):
            what = path or "a path"
            yield Violation(volume.field("hostPath"), f"volume {volume.text('name')} is {what} of the node")
