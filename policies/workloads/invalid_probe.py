"""Built-in policy: invalid-probe."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Container, Field, Violation, Violations, Workload, policy

_HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")
_HOOKS = ("exec", "httpGet", "sleep", "tcpSocket")
_NUMBERS = ("initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold")
_UNUSUAL = frozenset(("exec", "successThreshold", "terminationGracePeriodSeconds"))


@policy(level="error", kinds=WORKLOADS)
def invalid_probe(workload: Workload) -> Violations:
    """Every probe says in one way how it looks, and stands where a probe may.

    What it asks:
        A probe has exactly one of `exec`, `grpc`, `httpGet` and `tcpSocket`. An init container has no probes and no
        `lifecycle`, unless it is a sidecar (`restartPolicy: Always`). A liveness or startup probe has no
        `successThreshold` above 1, and a readiness probe no `terminationGracePeriodSeconds`. An `exec` has a command,
        no number is negative, and a lifecycle hook has one thing to do as well.

    Why:
        The API server refuses the object. Two handlers in one probe are what Kustomize makes of a base with
        `tcpSocket` and a patch with `httpGet`; none is what is left when a patch takes the handler away.

    How to fix:
        Leave one handler in the probe; in a Kustomize patch, set the other to null (`tcpSocket: null`). Let an init
        container that has to be probed be a sidecar.

    Fails (two handlers):
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                  readinessProbe:  # <-
                    tcpSocket: {port: 8080}
                    httpGet: {path: /ready, port: 8080}

    Fails (no handler, and a probe of an init container):
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              initContainers:
                - name: prepare
                  image: registry.example.com/prepare:1.4.2
                  livenessProbe:  # <-
                    httpGet: {path: /live, port: 8080}
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                  livenessProbe:  # <-
                    periodSeconds: 20

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              initContainers:
                - name: proxy
                  image: registry.example.com/proxy:1.4.2
                  restartPolicy: Always
                  startupProbe:
                    exec: {command: [test, -e, /ready]}
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                  readinessProbe:
                    httpGet: {path: /ready, port: 8080}
                    periodSeconds: 5

    References:
        https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
        https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#differences-from-regular-containers
    """
    for container in workload.containers:
        probes = container.probes
        if container.is_init:
            for field in (*probes, container.field("lifecycle")):
                if field:
                    what = field.path[-1]
                    yield Violation(field, f"{container} has a {what}, which only a container that keeps running can")
            continue
        if container.has("lifecycle"):
            yield from _hooks(container)
        for probe in probes:
            if not _is_good(probe.value):
                yield from _problems(probe, str(container))


def _hooks(container: Container) -> Violations:
    for hook in ("postStart", "preStop"):
        field = container.field("lifecycle", hook)
        if isinstance(field.value, dict):
            handlers = [name for name in _HOOKS if field.has(name)]
            if len(handlers) != 1:
                found = " and ".join(handlers) or "nothing to do"
                yield Violation(field, f"the {hook} of {container} has {found}; it needs one thing to do")


def _is_good(probe: dict[str, object]) -> bool:
    """Whether there is surely nothing to say of a probe: what nearly every one passes."""
    if probe.keys() & _UNUSUAL or len([name for name in _HANDLERS if probe.get(name) is not None]) != 1:
        return False
    return not any(isinstance(value, int) and value < 0 for value in probe.values())


def _problems(probe: Field, who: str) -> Violations:
    what = probe.path[-1]
    handlers = [name for name in _HANDLERS if probe.has(name)]
    if not handlers:
        names = f"{', '.join(_HANDLERS[:-1])} or {_HANDLERS[-1]}"
        yield Violation(probe, f"the {what} of {who} has no {names}: it cannot look")
    elif len(handlers) > 1:
        yield Violation(probe, f"the {what} of {who} has {' and '.join(handlers)}; it may have one of them")
    if probe.has("exec") and not probe.get("exec", "command"):
        yield Violation(probe.field("exec", "command"), f"the {what} of {who} has no command to run")
    for name in _NUMBERS:
        number = probe.integer(name)
        if number is not None and number < 0:
            yield Violation(probe.field(name), f"the {name} of the {what} of {who} is negative")
    if what == "readinessProbe":
        if probe.has("terminationGracePeriodSeconds"):
            where = probe.field("terminationGracePeriodSeconds")
            yield Violation(where, f"the readinessProbe of {who} sets a grace period, but it never ends the container")
    elif (probe.integer("successThreshold") or 1) != 1:
        yield Violation(probe.field("successThreshold"), f"the successThreshold of the {what} of {who} must be 1")
