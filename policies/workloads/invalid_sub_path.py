"""Built-in policy: invalid-sub-path."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Container, Violation, Violations, Workload, policy


@policy(level="error", kinds=WORKLOADS)
def invalid_sub_path(workload: Workload) -> Violations:
    """A mount of part of a volume names that part inside of the volume.

    What it asks:
        The `subPath` and `subPathExpr` of a container's mounts are relative, hold no `..`, and are not both set.

    Why:
        The API server refuses the object: with such a path the container could leave the volume.

    How to fix:
        Remove the slash in front. The path is that in the volume; where it is in the container is `mountPath`.

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
                  volumeMounts:
                    - name: config
                      mountPath: /etc/web/web.conf
                      subPath: /web.conf  # <-
              volumes:
                - name: config
                  configMap: {name: web}

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
                  volumeMounts:
                    - name: config
                      mountPath: /etc/web/web.conf
                      subPath: web.conf
              volumes:
                - name: config
                  configMap: {name: web}

    References:
        https://kubernetes.io/docs/concepts/storage/volumes/#using-subpath
    """
    for container in workload.containers:
        mounts = container.get("volumeMounts")
        for index, mount in enumerate(mounts if isinstance(mounts, list) else ()):
            if isinstance(mount, dict) and ("subPath" in mount or "subPathExpr" in mount):
                yield from _problems(container, index, mount)


def _problems(container: Container, index: int, mount: dict[str, object]) -> Violations:
    what = f"mount {str(mount.get('name'))[:80]} of {container}"
    if mount.get("subPath") and mount.get("subPathExpr"):
        yield Violation(container.field("volumeMounts", index, "subPathExpr"), f"{what} has subPath and subPathExpr")
    for key in ("subPath", "subPathExpr"):
        path = mount.get(key)
        if isinstance(path, str) and (path.startswith("/") or ".." in path.split("/")):
            where = container.field("volumeMounts", index, key)
            yield Violation(where, f"{what} has the {key} {path[:80]}, which leads out of the volume")
