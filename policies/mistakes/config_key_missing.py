"""Built-in policy: config-key-missing."""

from __future__ import annotations

from gategit.checks.policy.api import (
    WORKLOADS,
    Field,
    Inventory,
    Manifest,
    Violation,
    Violations,
    Workload,
    is_filled_in_later,
    policy,
)


@policy(level="error", kinds=WORKLOADS, inventory=("ConfigMap",), within_namespace=True)
def config_key_missing(workload: Workload, inventory: Inventory) -> Violations:
    """The keys that a workload takes from a ConfigMap are there.

    What it asks:
        Where a ConfigMap of the repository is named by `configMapKeyRef` or by a volume with `items`, it holds the
        key. What is `optional` passes, and so does a ConfigMap that is not in the repository, or is empty there, since
        something in the cluster fills it. Where several have the name, one with the key is enough.

    Why:
        A pod that asks for a missing key never starts (`CreateContainerConfigError`), and a rollout waits for it. It
        comes from a key that was renamed in one of the two places.

    How to fix:
        Write a key that the ConfigMap has, or add the key to it.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: web
                  env:
                    - name: LOG_LEVEL
                      valueFrom:
                        configMapKeyRef:
                          name: web
                          key: loglevel  # <-
              volumes:
                - name: config
                  configMap:
                    name: web
                    items:
                      - key: web.conf  # <-
                        path: web.conf
        --- # inventory
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, namespace: shop}
        data:
          log-level: info

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: web
                  env:
                    - name: LOG_LEVEL
                      valueFrom:
                        configMapKeyRef:
                          name: web
                          key: log-level
        --- # inventory
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, namespace: shop}
        data:
          log-level: info

    References:
        https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/
    """
    for container in workload.containers:
        env = container.get("env")
        for index, variable in enumerate(env if isinstance(env, list) else ()):
            if isinstance(variable, dict) and "valueFrom" in variable:
                reference = container.field("env", index, "valueFrom", "configMapKeyRef")
                if not reference.is_true("optional"):
                    yield from _judge(workload, inventory, reference.text("name"), reference.field("key"))
    for volume in workload.pod.items("volumes"):
        source = volume.get("configMap")
        if isinstance(source, dict) and "items" in source and source.get("optional") is not True:
            for item in volume.items("configMap", "items"):
                yield from _judge(workload, inventory, volume.text("configMap", "name"), item.field("key"))


def _is_filled(config_map: Manifest) -> bool:
    """Whether something in the cluster fills the ConfigMap: it is empty, or asks for a bundle of certificates."""
    if not config_map.get("data") and not config_map.get("binaryData"):
        return True
    return any("inject" in key for key in (*config_map.labels, *config_map.annotations))


def _judge(workload: Workload, inventory: Inventory, name: str, key: Field) -> Violations:
    wanted = key.text()
    found = inventory.named("ConfigMap", name, workload.namespace) if name else []
    if not found or not wanted or is_filled_in_later(wanted) or any(map(_is_filled, found)):
        return
    if not any(one.has("data", wanted) or one.has("binaryData", wanted) for one in found):
        yield Violation(key, f"{workload} takes the key {wanted} from ConfigMap {name}, which has none of that name")
