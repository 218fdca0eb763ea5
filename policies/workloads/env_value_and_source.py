"""Built-in policy: env-value-and-source."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="error", kinds=WORKLOADS)
def env_value_and_source(workload: Workload) -> Violations:
    """An environment variable has one value, from one place.

    What it asks:
        An entry of a container's `env` does not set both `value` and `valueFrom`, and `valueFrom` names exactly one
        source. A `value` that is empty beside `valueFrom` passes, as it does in the cluster. An entry of `envFrom`
        names one source too.

    Why:
        The API server refuses the object. Both fields are what Kustomize makes of a base with `value` and a patch with
        `valueFrom`.

    How to fix:
        Remove one of the two; in a Kustomize patch, set the other to null (`value: null`).

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
                  env:
                    - name: MODE
                      value: fast
                      valueFrom:  # <-
                        configMapKeyRef: {name: web, key: mode}
                    - name: HOST
                      valueFrom: {}  # <-

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
                  env:
                    - name: MODE
                      value: fast
                    - name: HOST
                      valueFrom:
                        fieldRef: {fieldPath: spec.nodeName}

    References:
        https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables
    """
    for container in workload.containers:
        variables = container.get("env")
        for index, variable in enumerate(variables if isinstance(variables, list) else ()):
            source = variable.get("valueFrom") if isinstance(variable, dict) else None
            if not isinstance(source, dict):
                continue
            where = container.field("env", index, "valueFrom")
            what = f"environment variable {str(variable.get('name'))[:80]} of {container}"
            names = [name for name, one in source.items() if one is not None]
            if variable.get("value"):
                yield Violation(where, f"{what} has both a value and a source for it")
            elif len(names) != 1:
                yield Violation(where, f"{what} has {len(names) or 'no'} sources in valueFrom; it needs one")
        sources = container.get("envFrom")
        for index, source in enumerate(sources if isinstance(sources, list) else ()):
            if isinstance(source, dict) and (source.get("configMapRef") is None) == (source.get("secretRef") is None):
                found = "both a ConfigMap and a Secret" if source.get("secretRef") is not None else "no source"
                yield Violation(container.field("envFrom", index), f"an entry of envFrom of {container} has {found}")
