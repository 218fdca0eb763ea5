"""Built-in policy: appproject-wildcard-destination."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, matches, policy


@policy(level="warning", kinds=("argoproj.io/AppProject",), security_severity=6.5)
def appproject_wildcard_destination(manifest: Manifest, *, trusted: tuple[str, ...] = ()) -> Violations:
    """An Argo CD AppProject names the clusters and namespaces that it deploys to.

    What it asks:
        No entry of `spec.destinations` has the namespace `*`, or the cluster `*` as `server` or `name`. A pattern
        such as `shop-*` is let through. An entry that denies (`!kube-system`) does not make `*` any narrower here.

    Why:
        Whoever can write to one of the project's repositories can deploy to every namespace that it covers:
        to `kube-system`, to Argo CD's own, to those of the other teams.

    How to fix:
        List the namespaces, or give a prefix that is the team's own. Name projects that install the platform itself
        in the parameter `trusted`.

    Parameters:
        trusted: names of projects that may deploy anywhere; a `*` stands for any text

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata: {name: shop, namespace: argocd}
        spec:
          destinations:
            - server: https://kubernetes.default.svc
              namespace: "*"  # <-
            - server: "*"  # <-
              namespace: shop
            - name: "*"
              namespace: "*"  # <-

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata: {name: shop, namespace: argocd}
        spec:
          destinations:
            - server: https://kubernetes.default.svc
              namespace: shop-*

    Passes (a project of the platform):
        --- # new
        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata: {name: platform-core, namespace: argocd}
        spec:
          destinations:
            - server: https://kubernetes.default.svc
              namespace: "*"
        --- # parameters
        trusted: [platform-*]

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/projects/
    """
    if matches(manifest.name, trusted):
        return
    for entry in manifest.items("spec", "destinations"):
        cluster = next((key for key in ("server", "name") if entry.get(key) == "*"), "")
        if entry.get("namespace") == "*":
            where = "every namespace of every cluster" if cluster else "every namespace of a cluster"
            yield Violation(entry.field("namespace"), f"{manifest} may deploy to {where}")
        elif cluster:
            yield Violation(entry.field(cluster), f"{manifest} may deploy to every cluster")
