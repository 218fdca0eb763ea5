"""Built-in policy: paused-deployment."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="warning", kinds=("apps/Deployment",))
def paused_deployment(manifest: Manifest) -> Violations:
    """No Deployment is paused.

    What it asks:
        `spec.paused` of a Deployment is not true.

    Why:
        A paused Deployment takes every change and rolls out none: the agent reports success, and the old version goes
        on running. It is a switch for a person at work, and easily left on.

    How to fix:
        Remove `paused`. To stop a roll-out that is under way, revert the change.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          paused: true  # <-
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

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

    References:
        https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pausing-and-resuming-a-deployment
    """
    if manifest.is_true("spec", "paused"):
        yield Violation(manifest.field("spec", "paused"), f"{manifest} is paused: changes are not rolled out")
