"""Built-in policy: pod-creation."""

from __future__ import annotations

from gategit.checks.policy.api import ROLES, Manifest, Violation, Violations, grants, policy

_WRITE = ("create", "update", "patch")
_MAKERS = (
    ("", ("pods",), ("create",)),
    ("", ("replicationcontrollers",), _WRITE),
    ("apps", ("deployments", "statefulsets", "daemonsets", "replicasets"), _WRITE),
    ("batch", ("jobs", "cronjobs"), _WRITE),
)


@policy(level="note", kinds=ROLES, security_severity=5.0)
def pod_creation(manifest: Manifest) -> Violations:
    """A role that may create pods is known to be able to use all that is in their namespace.

    What it asks:
        No Role or ClusterRole allows `create` on `pods`, or `create`, `update` or `patch` on the kinds that make pods
        (Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob). Wildcards count.

    Why:
        Whoever makes a pod can mount every Secret and ConfigMap of the namespace into it, and run it as every service
        account there: creating pods is reading Secrets. Without a Pod Security Standard it is the node, too.

    How to fix:
        Let the GitOps agent alone create workloads, and people change them by pull request. Where a controller needs
        the right, give it in one namespace with a Role, and enforce a Pod Security Standard there.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: runner
          namespace: shop
        rules:
          - apiGroups:
              - ""
            resources:
              - pods  # <-
            verbs:
              - create
              - delete
          - apiGroups:
              - batch
            resources:
              - jobs  # <-
            verbs:
              - create

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: viewer
          namespace: shop
        rules:
          - apiGroups:
              - ""
            resources:
              - pods
            verbs:
              - get
              - list

    References:
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    reported = set()
    for group, resources, verbs in _MAKERS:
        for grant in grants(manifest, verbs, resources, group):
            if grant.field.path not in reported:
                reported.add(grant.field.path)
                yield Violation(grant.field, f"{manifest} may {grant}, and use what is in their namespace")
