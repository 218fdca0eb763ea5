"""Built-in policy: disruption-budget-bounds."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="error", kinds=("policy/PodDisruptionBudget",))
def disruption_budget_bounds(budget: Manifest) -> Violations:
    """A PodDisruptionBudget sets minAvailable or maxUnavailable, not both, and no negative number.

    What it asks:
        One of the two fields is set. Which one does not matter. A number in it is not negative.

    Why:
        The API server refuses a budget with both or with a negative number, and the agent's sync stops there. A
        budget with neither is taken, though it does not say what it keeps.

    How to fix:
        Keep `maxUnavailable`: it goes on doing what was meant when the number of replicas changes.

    Fails:
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web, namespace: shop}
        spec:
          minAvailable: 1
          maxUnavailable: 1  # <-
          selector: {matchLabels: {app: web}}

    Fails (neither):
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web, namespace: shop}
        spec:  # <-
          selector: {matchLabels: {app: web}}

    Fails (a negative number):
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web, namespace: shop}
        spec:
          maxUnavailable: -1  # <-
          selector: {matchLabels: {app: web}}

    Passes:
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web, namespace: shop}
        spec:
          maxUnavailable: 1
          selector: {matchLabels: {app: web}}

    References:
        https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/pod-disruption-budget-v1/
    """
    least, most = budget.has("spec", "minAvailable"), budget.has("spec", "maxUnavailable")
    if least and most:
        place = budget.field("spec", "maxUnavailable")
        yield Violation(place, f"{budget} sets both minAvailable and maxUnavailable, which the API server refuses")
    elif not least and not most and isinstance(budget.get("spec"), dict):
        yield Violation(
            budget.field("spec", "maxUnavailable"), f"{budget} sets neither minAvailable nor maxUnavailable"
        )
    for name in ("minAvailable", "maxUnavailable"):
        number = budget.integer("spec", name)
        if number is not None and number < 0:
            yield Violation(budget.field("spec", name), f"{name} of {budget} is {number}, which the API server refuses")
