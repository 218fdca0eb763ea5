"""Built-in policy: application-ignores-differences."""

from __future__ import annotations

from gategit.checks.policy.api import APPLICATIONS, Field, Manifest, Violation, Violations, application_spec, policy

_WHOLE_POINTERS = (
    "",
    "/",
    "/spec",
    "/data",
    "/stringData",
    "/rules",
    "/metadata",
    "/spec/template",
    "/spec/template/spec",
)
_WHOLE_EXPRESSIONS = (".", ".spec", ".data", ".stringData", ".rules", ".metadata", ".spec.template", ".[]", ".spec[]")


@policy(level="warning", kinds=APPLICATIONS)
def application_ignores_differences(manifest: Manifest) -> Violations:
    """An Argo CD Application ignores single fields, not whole objects.

    What it asks:
        No entry of `spec.ignoreDifferences` covers a whole object or its whole `spec`, `data`, `rules` or pod
        template, whether by `jsonPointers` or by `jqPathExpressions`, and none ignores every manager (`*`).

    Why:
        What is ignored is never out of sync: Argo CD shows the Application green whatever is in the cluster, and
        self-healing leaves it. With `RespectIgnoreDifferences=true` even a merged change is not applied.

    How to fix:
        Name the very field that another controller sets, such as `/spec/replicas`, or the manager that sets it.

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          ignoreDifferences:
            - group: apps
              kind: Deployment
              jsonPointers:
                - /spec/replicas
                - /spec  # <-
            - kind: ConfigMap
              jqPathExpressions:
                - .data  # <-

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          ignoreDifferences:
            - group: apps
              kind: Deployment
              jsonPointers:
                - /spec/replicas

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/diffing/#application-level-configuration
    """
    for entry in application_spec(manifest).items("ignoreDifferences"):
        kind = entry.text("kind") or "any kind"
        for place in _whole(entry):
            yield Violation(place, f"all of {place.text() or '/'} in {kind} is ignored, so it may be anything")
        for manager in entry.items("managedFieldsManagers"):
            if manager.value == "*":
                yield Violation(manager, f"every field of {kind} that any manager sets is ignored")


def _whole(entry: Field) -> list[Field]:
    pointers = [one for one in entry.items("jsonPointers") if one.value in _WHOLE_POINTERS]
    return pointers + [one for one in entry.items("jqPathExpressions") if one.value in _WHOLE_EXPRESSIONS]
