"""Built-in policy: resources-lowered."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Change, Violation, Violations, policy, quantity


@policy(level="warning", kinds=WORKLOADS)
def resources_lowered(change: Change, *, percent: int = 50) -> Violations:
    """A change does not halve what a container may use or is given.

    What it asks:
        The requests and limits of a container for memory and processor time do not fall to half of what they were or
        less. Those that are taken away are not judged here: the rule resource-limits asks for them.

    Why:
        A container that reaches its memory limit is killed, and one that reaches its limit for processor time is slowed
        down, under load and not at the start. Often it is one wrong letter: `512M` for `5Gi`, `100m` for `1`.

    How to fix:
        Look at what the container has used in the last weeks, at its busiest, and go down in smaller steps.

    Fails:
        --- # old
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {template: {spec: {containers: [{name: web, resources: {limits: {memory: 2Gi}}}]}}}
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: web
                  resources:
                    limits:
                      memory: 200Mi  # <-

    Passes:
        --- # old
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {template: {spec: {containers: [{name: web, resources: {limits: {memory: 2Gi}}}]}}}
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {template: {spec: {containers: [{name: web, resources: {limits: {memory: 1536Mi}}}]}}}

    Parameters:
        percent: a change that leaves this share of the amount, or less, is judged.

    References:
        https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#how-pods-with-resource-limits-are-run
    """
    for old, new in change.containers:
        if old.get("resources") == new.get("resources"):
            continue
        for group in ("limits", "requests"):
            for name in ("memory", "cpu"):
                before, after = old.get("resources", group, name), new.get("resources", group, name)
                was, becomes = quantity(before), quantity(after)
                if was and becomes is not None and becomes < was and becomes * 100 <= was * percent:
                    what = f"the {name} that {new} {'may use' if group == 'limits' else 'requests'}"
                    yield Violation(new.field("resources", group, name), f"{what} falls from {before} to {after}")
