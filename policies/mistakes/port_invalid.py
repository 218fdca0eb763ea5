"""Built-in policy: port-invalid."""

from __future__ import annotations

import re

from gategit.checks.policy.api import (
    WORKLOADS,
    Manifest,
    Violation,
    Violations,
    is_filled_in_later,
    policy,
)

_NAME = re.compile(r"(?=.*[a-z])(?!.*--)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_LONGEST = 15
_PLACES = (
    ("livenessProbe", "httpGet", "port"),
    ("livenessProbe", "tcpSocket", "port"),
    ("readinessProbe", "httpGet", "port"),
    ("readinessProbe", "tcpSocket", "port"),
    ("startupProbe", "httpGet", "port"),
    ("startupProbe", "tcpSocket", "port"),
    ("lifecycle", "preStop", "httpGet", "port"),
    ("lifecycle", "postStart", "httpGet", "port"),
)


@policy(level="error", kinds=("Service", *WORKLOADS))
def port_invalid(manifest: Manifest) -> Violations:
    """The ports that probes and Services ask for are numbers from 1 to 65535, or names that a port can have.

    What it asks:
        A port's name, where a probe, a hook or a Service's `targetPort` refers to it, has at most 15 characters: small
        letters, digits and single dashes, and at least one letter. A number is from 1 to 65535, and has no quotes.

    Why:
        The API server refuses such an object. `targetPort: "8080"` is a name, not a number, and no name has only
        digits. The schema lets it pass, so nothing says it before the agent's sync stops there.

    How to fix:
        Write numbers without quotes, and shorten names: `http`, `metrics`, `grpc-web`.

    Fails:
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          ports:
            - port: 80
              targetPort: "8080"  # <-

    Fails (a probe):
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: web
                  livenessProbe:
                    httpGet:
                      path: /
                      port: 80800  # <-
                  readinessProbe:
                    httpGet:
                      path: /
                      port: web_ui  # <-

    Passes:
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          ports:
            - name: http
              port: 80
              targetPort: 8080
            - name: prometheus-metrics
              port: 9090
              targetPort: metrics

    References:
        https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports
    """
    if manifest.group_kind == "Service":
        ports = manifest.get("spec", "ports")
        for index, port in enumerate(ports if isinstance(ports, list) else ()):
            target = port.get("targetPort") if isinstance(port, dict) else None
            # Without one, or with zero, the cluster takes the Service's own port.
            problem = _problem(target) if target else ""
            if problem:
                place = manifest.field("spec", "ports", index, "targetPort")
                yield Violation(place, f"a targetPort of {manifest} {problem}")
        return
    workload = manifest.workload
    for container in workload.containers if workload is not None else ():
        value = container.value
        for part, *steps in _PLACES:
            if part in value:
                problem = _problem(container.get(part, *steps))
                if problem:
                    what = steps[0] if part == "lifecycle" else part
                    place = container.field(part, *steps)
                    yield Violation(place, f"the port of the {what} of {container} {problem}")


def _problem(port: object) -> str:
    """What is wrong with a port, "" where nothing is."""
    if isinstance(port, str):
        if port.isdecimal():
            return f"is the text {port[:40]}; a number has no quotes"
        if is_filled_in_later(port):
            return ""
        if len(port) > _LONGEST:
            return f"has the name {port[:40]}, which is longer than {_LONGEST} characters"
        return (
            "" if _NAME.fullmatch(port) else f"has the name {port}; a name has small letters, digits and single dashes"
        )
    if isinstance(port, int) and not isinstance(port, bool) and not 0 < port < 65536:
        return f"is {port}; ports are from 1 to 65535"
    return ""
