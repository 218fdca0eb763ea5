"""Built-in policy: invalid-scheduling-constraint."""

from __future__ import annotations

from gategit.checks.policy.api import (
    LONG_RUNNING,
    WORKLOADS,
    Field,
    Violation,
    Violations,
    Workload,
    is_filled_in_later,
    policy,
)

_DEPTH = 12


@policy(level="error", kinds=WORKLOADS)
def invalid_scheduling_constraint(workload: Workload) -> Violations:
    """Affinities, spreading and selectors say what they choose in a way that the cluster accepts.

    What it asks:
        In each expression of the pod's `affinity` and `topologySpreadConstraints` and of the workload's selector, `In`
        and `NotIn` have values, `Exists` and `DoesNotExist` have none, and `Gt` and `Lt` have one. A `weight` is from
        1 to 100, and `maxSkew` is at least 1.

    Why:
        The API server refuses the object, and what is applied together with it waits.

    How to fix:
        Give the expression the values that its operator needs, or take the operator that fits.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              affinity:
                nodeAffinity:
                  preferredDuringSchedulingIgnoredDuringExecution:
                    - weight: 0  # <-
                      preference:
                        matchExpressions:
                          - key: pool
                            operator: Exists  # <-
                            values: [web]
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
              affinity:
                nodeAffinity:
                  preferredDuringSchedulingIgnoredDuringExecution:
                    - weight: 100
                      preference:
                        matchExpressions:
                          - key: pool
                            operator: In
                            values: [web]
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
        https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
    """
    pod = workload.pod
    for key in ("affinity", "topologySpreadConstraints"):
        if pod.get(key):
            yield from _problems(pod.field(key))
    if workload.group_kind in LONG_RUNNING and workload.has("spec", "selector", "matchExpressions"):
        yield from _problems(workload.field("spec", "selector"))


def _problems(top: Field) -> Violations:
    waiting = [(top, 0)]
    while waiting:
        field, depth = waiting.pop()
        if isinstance(field.value, dict):
            for name, bounds in (("weight", (1, 100)), ("maxSkew", (1, 2**31))):
                number = field.integer(name)
                if number is not None and not bounds[0] <= number <= bounds[1]:
                    most = f" to {bounds[1]}" if name == "weight" else ""
                    yield Violation(field.field(name), f"a {name} of {number} is not from {bounds[0]}{most or ' on'}")
            for key in ("matchExpressions", "matchFields"):
                for expression in field.items(key):
                    problem = _problem(expression)
                    if problem:
                        yield Violation(expression.field("operator"), problem)
        below = field.items() if isinstance(field.value, list) else [one for _, one in field.entries()]
        if depth < _DEPTH:
            waiting.extend((one, depth + 1) for one in reversed(below) if isinstance(one.value, dict | list))


def _problem(expression: Field) -> str:
    operator, values = expression.text("operator"), expression.get("values") or []
    if not operator or not isinstance(values, list) or is_filled_in_later(operator):
        return ""
    what = f"the expression on {expression.text('key')[:80]}"
    if operator in ("In", "NotIn"):
        return "" if values else f"{what} has no values, which {operator} needs"
    if operator in ("Exists", "DoesNotExist"):
        return f"{what} has values, which {operator} does not look at" if values else ""
    if operator in ("Gt", "Lt"):
        return "" if len(values) == 1 else f"{what} has {len(values)} values, and {operator} needs one"
    return f"{what} has the operator {operator[:40]}, which there is not"
