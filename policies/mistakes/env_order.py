"""Built-in policy: env-order."""

from __future__ import annotations

import re

from gategit.checks.policy.api import WORKLOADS, Container, Violation, Violations, Workload, policy

_REFERENCE = re.compile(r"(\$+)\(([A-Za-z_.-][A-Za-z0-9_.-]*)\)")


@policy(level="warning", kinds=WORKLOADS)
def env_order(workload: Workload) -> Violations:
    """An environment variable refers to variables that stand before it.

    What it asks:
        Where the `value` of a variable holds `$(NAME)`, and the container sets `NAME`, it does so further up in the
        list. Names that the list does not set at all, and `$$(NAME)`, are not judged.

    Why:
        Kubernetes fills in the variables from top to bottom. What comes later is not known yet: the text `$(NAME)`
        stays as it is, and the program gets a URL or a path with brackets in it.

    How to fix:
        Move the variable that is referred to above the one that uses it.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              env:
                - name: DATABASE_URL
                  value: postgres://$(DB_HOST)/shop  # <-
                - name: DB_HOST
                  value: db.shop.svc

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              env:
                - name: DB_HOST
                  value: db.shop.svc
                - name: DATABASE_URL
                  value: postgres://$(DB_HOST)/shop

    References:
        https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
    """
    for container in workload.containers:
        env = container.get("env")
        for variable in env if isinstance(env, list) else ():
            value = variable.get("value") if isinstance(variable, dict) else None
            if isinstance(value, str) and "$(" in value:
                yield from _late(container)
                break


def _late(container: Container) -> Violations:
    variables = container.env
    names = [variable.text("name") for variable in variables]
    has_more = bool(container.get("envFrom"))
    for index, variable in enumerate(variables):
        before, after = names[:index], names[index + 1 :]
        for dollars, name in _REFERENCE.findall(variable.text("value")):
            if len(dollars) % 2 and name in after and name not in before and not has_more:
                problem = f"environment variable {names[index]} of {container} refers to {name}, which is set after it"
                yield Violation(variable.field("value"), problem)
                break
