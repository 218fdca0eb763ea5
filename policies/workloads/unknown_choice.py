"""Built-in policy: unknown-choice."""

from __future__ import annotations

from gategit.checks.policy.api import (
    WORKLOADS,
    Container,
    Field,
    Violation,
    Violations,
    Workload,
    is_filled_in_later,
    policy,
)

_HOST_PATHS = ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")
_SCHEMES = ("HTTP", "HTTPS")
_MESSAGES = ("File", "FallbackToLogsOnError")
_PREEMPTION = ("PreemptLowerPriority", "Never")
_PROC_MOUNTS = ("Default", "Unmasked")


@policy(level="error", kinds=WORKLOADS)
def unknown_choice(workload: Workload) -> Violations:
    """Where a pod's field takes one of a few words, it has one of them.

    What it asks:
        The `scheme` of a probe or hook is `HTTP` or `HTTPS`, in capitals; the `type` of a `hostPath`, the
        `terminationMessagePolicy`, the `preemptionPolicy` and the `procMount` are words that there are. The schemas
        that clusters publish take any text for these fields.

    Why:
        The API server refuses the object. Upper and lower case count: `https` and `directory` are refused.

    How to fix:
        Write one of the words that the message lists, with its capitals.

    Fails:
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
                  terminationMessagePolicy: Logs  # <-
                  livenessProbe:
                    httpGet:
                      path: /live
                      port: 8443
                      scheme: https  # <-
              volumes:
                - name: logs
                  hostPath:
                    path: /var/log
                    type: directory  # <-

    Passes:
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
                  terminationMessagePolicy: FallbackToLogsOnError
                  livenessProbe:
                    httpGet: {path: /live, port: 8443, scheme: HTTPS}
              volumes:
                - name: logs
                  hostPath: {path: /var/log, type: Directory}

    References:
        https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
    """
    pod = workload.pod
    if pod.has("preemptionPolicy"):
        yield from _choice(pod.field("preemptionPolicy"), _PREEMPTION)
    for container in workload.containers:
        yield from _of_container(container)
    volumes = pod.get("volumes")
    for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
        if isinstance(volume, dict) and "hostPath" in volume:
            yield from _choice(pod.field("volumes", index, "hostPath", "type"), _HOST_PATHS)


def _of_container(container: Container) -> Violations:
    if container.has("terminationMessagePolicy"):
        yield from _choice(container.field("terminationMessagePolicy"), _MESSAGES)
    if container.has("securityContext", "procMount"):
        yield from _choice(container.field("securityContext", "procMount"), _PROC_MOUNTS)
    for probe in container.probes:
        if probe.has("httpGet", "scheme"):
            yield from _choice(probe.field("httpGet", "scheme"), _SCHEMES)
    if container.has("lifecycle"):
        for hook in ("postStart", "preStop"):
            yield from _choice(container.field("lifecycle", hook, "httpGet", "scheme"), _SCHEMES)


def _choice(field: Field, words: tuple[str, ...]) -> Violations:
    value = field.value
    if isinstance(value, str) and value not in words and not is_filled_in_later(value):
        known = ", ".join(word for word in words if word)
        yield Violation(field, f"{value[:40]} is no {field.path[-1]}; there are {known}")
