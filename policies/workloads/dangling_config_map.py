"""Built-in policy: dangling-config-map."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Inventory, Violation, Violations, Workload, needed_names, policy

_EVERYWHERE = ("kube-root-ca.crt", "openshift-service-ca.crt")


@policy(level="note", kinds=WORKLOADS, inventory=("ConfigMap",), within_namespace=True)
def dangling_config_map(
    workload: Workload, inventory: Inventory, *, elsewhere: tuple[str, ...] = _EVERYWHERE
) -> Violations:
    """Every ConfigMap that a pod needs is in the repository.

    What it asks:
        The tree has each ConfigMap that a container's `env`, `envFrom` or a volume names, in the namespace of the
        workload. References that are `optional` are not judged. It is advice, because a kustomization's generator,
        a chart or a controller in the cluster may make the ConfigMap, which is not seen here.

    Why:
        A pod whose ConfigMap is missing does not start: it waits, and the roll-out with it. Nothing refuses it before.

    How to fix:
        Add the ConfigMap, or correct the name. Mark the reference `optional: true` where the pod can do without it.
        Name those that something else makes in the parameter.

    Parameters:
        elsewhere: the names of ConfigMaps that are there without standing in the repository

    Fails:
        --- # inventory
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, namespace: other}
        --- # new
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
                  envFrom:
                    - configMapRef:
                        name: web  # <-
              volumes:
                - name: pages
                  configMap:
                    name: pages  # <-

    Passes:
        --- # inventory
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, namespace: shop}
        --- # new
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
                  envFrom:
                    - configMapRef: {name: web}
                    - configMapRef: {name: tuning, optional: true}

    References:
        https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/#optional-configmaps
    """
    for field in needed_names(workload, "ConfigMap"):
        name = field.text()
        if name not in elsewhere and inventory.get("ConfigMap", name, workload.namespace) is None:
            yield Violation(field, f"the tree has no ConfigMap {name[:80]}, which {workload} needs")
