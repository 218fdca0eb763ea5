"""Built-in policy: container-name."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, is_filled_in_later, policy

_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_LONGEST = 63


@policy(level="error", kinds=WORKLOADS)
def container_name(workload: Workload) -> Violations:
    """Containers have names that the cluster accepts, and no two of a pod the same.

    What it asks:
        A container's name holds lower-case letters, digits and dashes, at most 63 of them, and neither starts nor
        ends with a dash. Init containers, containers and ephemeral containers of a pod share their names: none is
        used twice. (A name that comes twice in one of the lists is found by the schema check.)

    Why:
        The API server refuses the object, and what is applied together with it waits.

    How to fix:
        Rename the container. Look for patches that name it: Kustomize adds a container where it finds none of the
        name.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              initContainers:
                - name: web  # <-
                  image: registry.example.com/migrate:1.4.2
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                - name: Log_Shipper  # <-
                  image: registry.example.com/shipper:1.4.2

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              initContainers:
                - name: migrate
                  image: registry.example.com/migrate:1.4.2
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                - name: log-shipper
                  image: registry.example.com/shipper:1.4.2

    References:
        https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
        https://kubernetes.io/docs/concepts/workloads/pods/init-containers/
    """
    containers = workload.containers
    ordinary: set[str] | None = None
    for container in containers:
        name = container.name
        if not name or is_filled_in_later(name):
            continue
        if not _CHARACTERS.issuperset(name) or len(name) > _LONGEST or name[0] == "-" or name[-1] == "-":
            yield Violation(container.field("name"), f"{name[:80]} is no name that a container can have")
        if container.role != "container":
            if ordinary is None:
                ordinary = {one.name for one in containers if one.role == "container"}
            if name in ordinary:
                yield Violation(container.field("name"), f"{container} has the name of another container of the pod")
