"""Built-in policy: host-probe."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Container, Violation, Violations, Workload, is_filled_in_later, policy

_HANDLERS = (
    ("livenessProbe",),
    ("readinessProbe",),
    ("startupProbe",),
    ("lifecycle", "postStart"),
    ("lifecycle", "preStop"),
)
_HOLDERS = frozenset(handler[0] for handler in _HANDLERS)
_ACTIONS = ("httpGet", "tcpSocket")
_SINCE = "1.34"


@policy(level="error", kinds=WORKLOADS, security_severity=5.3)
def host_probe(workload: Workload) -> Violations:
    """No probe or lifecycle hook names a host to connect to.

    What it asks:
        `host` is absent or empty in `httpGet` and `tcpSocket` of the liveness, readiness and startup probes and of the
        `postStart` and `preStop` hooks. It is asked for clusters of Kubernetes 1.34 or newer, as the Pod Security
        Standards do.

    Why:
        The kubelet makes the connection from the node's own network, so whoever writes the pod makes the node call
        what only the node can reach: a cloud's metadata service, the node's loopback, an internal address.

    How to fix:
        Remove `host`: the pod's own address is what is wanted nearly always. To send another name to the server, set
        a `Host` header in `httpHeaders`.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
              livenessProbe:
                httpGet:
                  host: 169.254.169.254  # <-
                  path: /
                  port: 80
              lifecycle:
                preStop:
                  httpGet:
                    host: localhost  # <-
                    port: 9000

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
              livenessProbe:
                httpGet:
                  path: /healthz
                  port: 8080
                  httpHeaders:
                    - name: Host
                      value: shop.example.com

    Passes (an older cluster):
        --- # target
        name: old
        kubernetes_version: "1.33"
        --- # new
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
              livenessProbe:
                tcpSocket: {host: localhost, port: 8080}

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
        https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
    """
    if not workload.target.at_least(_SINCE):
        return
    for container in workload.containers:
        if _HOLDERS.isdisjoint(container.value):
            continue
        for handler in _HANDLERS:
            if handler[0] in container.value:
                yield from _hosts(container, handler)


def _hosts(container: Container, handler: tuple[str, ...]) -> Violations:
    for action in _ACTIONS:
        host = container.text(*handler, action, "host")
        if host and not is_filled_in_later(host):
            where = container.field(*handler, action, "host")
            yield Violation(where, f"the {handler[-1]} of {container} connects to the host {host}")
