"""Built-in policy: dangling-config-map."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Field, Inventory, Violation, Violations, Workload, policy

_EVERYWHERE = ("kube-root-ca.crt", "openshift-service-ca.crt")


@policy(level="note", kinds=WORKLOADS, inventory=("ConfigMap",))
def dangling_config_map(workload: Workload, inventory: Inventory) -> Violations:
    """The ConfigMaps that a workload needs are in the repository.

    What it asks:
        Each ConfigMap that is named by an environment variable, by `envFrom` or by a volume stands in the repository.
        What is `optional` passes, and so do those that each namespace has (`kube-root-ca.crt`). It fits repositories
        that declare all of their ConfigMaps: Kustomize's generators and operators make some that are not to be seen.

    Why:
        A pod that asks for a missing ConfigMap never starts: it waits in `ContainerCreating` or ends in
        `CreateContainerConfigError`, and a rollout waits for it.

    How to fix:
        Add the ConfigMap, or write the name of the one that is meant.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: web
                  envFrom:
                    - configMapRef:
                        name: wbe  # <-
        --- # inventory
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, namespace: shop}

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: web
                  envFrom:
                    - configMapRef:
                        name: web
              volumes:
                - name: theme
                  configMap: {name: theme, optional: true}
        --- # inventory
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, namespace: shop}

    References:
        https://kubernetes.io/docs/concepts/configuration/configmap/
    """
    seen: set[str] = set()
    for reference in _references(workload):
        name = reference.text("name")
        if not name or name in seen or reference.is_true("optional") or name in _EVERYWHERE:
            continue
        if "$" not in name and "{{" not in name and not inventory.get("ConfigMap", name, workload.namespace):
            seen.add(name)
            yield Violation(
                reference.field("name"), f"{workload} needs ConfigMap {name}, which is not in the repository"
            )


def _references(workload: Workload) -> list[Field]:
    found: list[Field] = []
    for container in workload.containers:
        if container.get("env"):
            found += [one.field("valueFrom", "configMapKeyRef") for one in container.env]
        if container.get("envFrom"):
            found += [one.field("configMapRef") for one in container.items("envFrom")]
    for volume in workload.pod.items("volumes") if workload.pod.get("volumes") else ():
        found.append(volume.field("configMap"))
        found += [one.field("configMap") for one in volume.items("projected", "sources")]
    return [one for one in found if one]
