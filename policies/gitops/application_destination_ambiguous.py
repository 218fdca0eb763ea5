"""Built-in policy: application-destination-ambiguous."""

from __future__ import annotations

from gategit.checks.policy.api import APPLICATIONS, Manifest, Violation, Violations, application_spec, policy


@policy(level="error", kinds=APPLICATIONS)
def application_destination_ambiguous(manifest: Manifest) -> Violations:
    """An Argo CD Application names its cluster by name or by server, not by both.

    What it asks:
        `spec.destination` does not hold a `name` and a `server` at once. An empty text counts as absent.

    Why:
        Argo CD refuses an Application with both: it stays in an error and deploys nothing any more. That is
        seen only after the merge.

    How to fix:
        Keep the one that you use elsewhere, and delete the other. `name: in-cluster` and
        `server: https://kubernetes.default.svc` are the same cluster.

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          destination:
            name: in-cluster  # <-
            server: https://kubernetes.default.svc
            namespace: shop

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          destination:
            server: https://kubernetes.default.svc
            namespace: shop

    References:
        https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#applications
    """
    destination = application_spec(manifest).field("destination")
    if destination.text("name") and destination.text("server"):
        yield Violation(
            destination.field("name"), f"{manifest} names its cluster by name and by server, which Argo CD refuses"
        )
