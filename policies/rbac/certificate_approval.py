"""Built-in policy: certificate-approval."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, grants, policy


@policy(level="warning", kinds=("rbac.authorization.k8s.io/ClusterRole",), security_severity=7.5)
def certificate_approval(manifest: Manifest) -> Violations:
    """No role lets its subjects approve certificate signing requests.

    What it asks:
        No ClusterRole allows `update` or `patch` on `certificatesigningrequests/approval` of `certificates.k8s.io`.
        Wildcards count.

    Why:
        A client certificate signed by the cluster is an identity, and its name is what the request says: who approves
        requests can be any user and any node, until the certificate ends. It cannot be revoked.

    How to fix:
        Leave the approval to the cluster's own controllers, or to one controller that checks each request, with a
        waiver that names its owner. `resourceNames` on `signers` limits for which signers it counts.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: approver
        rules:
          - apiGroups:
              - certificates.k8s.io
            resources:
              - certificatesigningrequests/approval  # <-
            verbs:
              - update

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: requester
        rules:
          - apiGroups:
              - certificates.k8s.io
            resources:
              - certificatesigningrequests
            verbs:
              - create
              - get

    References:
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
        https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
    """
    requests = ("certificatesigningrequests/approval",)
    for grant in grants(manifest, ("update", "patch"), requests, "certificates.k8s.io"):
        yield Violation(grant.field, f"{manifest} may approve certificates, and so identities")
