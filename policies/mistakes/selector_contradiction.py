"""Built-in policy: selector-contradiction."""

from __future__ import annotations

from gategit.checks.policy.api import (
    POD_CONTROLLERS,
    Field,
    Manifest,
    Violation,
    Violations,
    is_filled_in_later,
    policy,
)

_PATHS: dict[str, tuple[str, ...]] = {"networking.k8s.io/NetworkPolicy": ("spec", "podSelector")}


@policy(
    level="error",
    kinds=(
        *POD_CONTROLLERS,
        "networking.k8s.io/NetworkPolicy",
        "policy/PodDisruptionBudget",
        "monitoring.coreos.com/ServiceMonitor",
        "monitoring.coreos.com/PodMonitor",
    ),
)
def selector_contradiction(manifest: Manifest) -> Violations:
    """A selector does not ask for what no object can have.

    What it asks:
        No entry of `matchExpressions` excludes what `matchLabels` asks for, no two entries exclude each other
        (`Exists` and `DoesNotExist`, or `In` lists without a common value), and no `In` or `NotIn` has no values.

    Why:
        All conditions of a selector must hold together. One that contradicts itself chooses nothing: a NetworkPolicy
        that protects no pod, a budget that keeps none.

    How to fix:
        Remove one of the two conditions; to choose either of two values write one `In` with both.

    Fails:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector:
            matchLabels: {app: web}
            matchExpressions:
              - key: app  # <-
                operator: NotIn
                values: [web, db]

    Passes:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: shop}
        spec:
          podSelector:
            matchLabels: {app: web}
            matchExpressions:
              - key: tier
                operator: NotIn
                values: [back]

    References:
        https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
    """
    selector = manifest.field(*_PATHS.get(manifest.group_kind, ("spec", "selector")))
    if not selector.get("matchExpressions"):
        return
    # For each label the values that it may still have, None where any will do; and those that must not be there.
    allowed: dict[str, set[str] | None] = {key: {value} for key, value in selector.strings("matchLabels").items()}
    absent: set[str] = set()
    excluded: dict[str, set[str]] = {}
    for expression in selector.items("matchExpressions"):
        key, operator = expression.text("key"), expression.text("operator")
        values = {value.text() for value in expression.items("values")}
        if any(is_filled_in_later(value) for value in values):
            return
        if operator in ("In", "NotIn") and not values:
            yield Violation(expression.field("values"), f"{manifest} has a selector with {operator} and no values")
            return
        if operator == "DoesNotExist":
            absent.add(key)
        elif operator == "NotIn":
            excluded.setdefault(key, set()).update(values)
        elif operator == "In":
            before = allowed.get(key)
            allowed[key] = values if before is None else values & before
        elif operator == "Exists":
            allowed.setdefault(key, None)
        if _is_impossible(key, allowed, absent, excluded):
            yield Violation(_named(expression), f"{manifest} has a selector that contradicts itself about {key}")
            return


def _named(expression: Field) -> Field:
    return expression.field("key")


def _is_impossible(
    key: str, allowed: dict[str, set[str] | None], absent: set[str], excluded: dict[str, set[str]]
) -> bool:
    if key not in allowed:
        return False
    values = allowed[key]
    return key in absent or (values is not None and values <= excluded.get(key, set()))
