"""Built-in policy: appproject-cluster-resources."""

from __future__ import annotations

from fnmatch import fnmatchcase

from gategit.checks.policy.api import Manifest, Violation, Violations, matches, policy

_BINDING = ("rbac.authorization.k8s.io", "ClusterRoleBinding")


@policy(level="warning", kinds=("argoproj.io/AppProject",), security_severity=7.5)
def appproject_cluster_resources(manifest: Manifest, *, trusted: tuple[str, ...] = ()) -> Violations:
    """An Argo CD AppProject does not create ClusterRoleBindings, nor cluster-wide objects of every kind.

    What it asks:
        No entry of `spec.clusterResourceWhitelist` covers ClusterRoleBindings, whether by `*` or by name, unless
        `spec.clusterResourceBlacklist` takes them out again.

    Why:
        Whoever may create a ClusterRoleBinding may give everything to anybody. The project's other limits, its
        namespaces and its repositories, mean nothing then.

    How to fix:
        List the cluster-wide kinds that the team needs, such as Namespace. Install what needs more, such as
        operators, from a project of the platform, and name that in the parameter `trusted`.

    Parameters:
        trusted: names of projects that may create anything; a `*` stands for any text

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata: {name: shop, namespace: argocd}
        spec:
          clusterResourceWhitelist:
            - group: "*"
              kind: "*"  # <-

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata: {name: shop, namespace: argocd}
        spec:
          clusterResourceWhitelist:
            - group: ""
              kind: Namespace

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/projects/
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks
    """
    if matches(manifest.name, trusted):
        return
    if any(_covers(entry.value) for entry in manifest.items("spec", "clusterResourceBlacklist")):
        return
    for entry in manifest.items("spec", "clusterResourceWhitelist"):
        if _covers(entry.value):
            what = "cluster-wide objects of every kind" if entry.get("kind") == "*" else "ClusterRoleBindings"
            yield Violation(entry.field("kind"), f"{manifest} may create {what}")


def _covers(entry: object) -> bool:
    """Whether an entry is about every ClusterRoleBinding; one for objects of certain names is not."""
    if not isinstance(entry, dict):
        return False
    group, kind, name = entry.get("group"), entry.get("kind"), entry.get("name")
    if not isinstance(group, str) or not isinstance(kind, str) or name not in (None, "", "*"):
        return False
    return fnmatchcase(_BINDING[0], group) and fnmatchcase(_BINDING[1], kind)
