"""Built-in policy: port-invalid."""

from __future__ import annotations

import re

from gategit.checks.policy.api import (
    WORKLOADS,
    Field,
    Manifest,
    Violation,
    Violations,
    Workload,
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
        for port in manifest.items("spec", "ports"):
            yield from _judge(port.field("targetPort"), f"a targetPort of {manifest}", may_be_absent=True)
        return
    workload = manifest.workload
    if workload is not None:
        yield from _containers(workload)


def _containers(workload: Workload) -> Violations:
    for container in workload.containers:
        for place in _PLACES:
            if container.get(place[0]) and container.get(*place) is not None:
                yield from _judge(container.field(*place), f"the port of the {place[-3]} of {container}")


def _judge(field: Field, what: str, *, may_be_absent: bool = False) -> Violations:
    value = field.value
    if may_be_absent and value in ("", 0):
        return  # the cluster takes the Service's own port
    if isinstance(value, str):
        if value.isdecimal():
            yield Violation(field, f"{what} is the text {value[:40]}; a number has no quotes")
        elif not is_filled_in_later(value) and len(value) > _LONGEST:
            yield Violation(field, f"{what} has the name {value[:40]}, which is longer than {_LONGEST} characters")
        elif not is_filled_in_later(value) and not _NAME.fullmatch(value):
            yield Violation(field, f"{what} has the name {value}; a name has small letters, digits and single dashes")
    elif isinstance(value, int) and not isinstance(value, bool) and not 0 < value < 65536:
        yield Violation(field, f"{what} is {value}; ports are from 1 to 65535")
