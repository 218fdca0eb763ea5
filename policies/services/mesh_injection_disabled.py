"""Built-in policy: mesh-injection-disabled."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy

_KEY = "sidecar.istio.io/inject"


@policy(level="warning", kinds=WORKLOADS, security_severity=4.3)
def mesh_injection_disabled(workload: Workload) -> Violations:
    """No pod opts out of Istio's mesh.

    What it asks:
        Pods do not have `sidecar.istio.io/inject: "false"`, neither as a label nor as the older annotation.

    Why:
        Without the sidecar, what the mesh promises does not hold for the pod: its calls are not encrypted, nobody
        checks who calls it, and it is not seen in traces. In a namespace that belongs to the mesh nobody expects it.

    How to fix:
        Remove the label. A pod that cannot live with a sidecar, such as a network agent, belongs in a namespace of
        its own or deserves a waiver with an owner.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          namespace: shop
          labels:
            sidecar.istio.io/inject: "false"  # <-
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    Passes:
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          namespace: shop
          labels:
            sidecar.istio.io/inject: "true"
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    References:
        https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/
    """
    metadata = workload.pod_metadata
    for group in ("labels", "annotations"):
        if metadata.get(group, _KEY) == "false":
            yield Violation(
                metadata.field(group, _KEY), "the pod opts out of the mesh, so nothing that it promises holds"
            )
