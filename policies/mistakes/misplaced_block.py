"""Built-in policy: misplaced-block."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Path = tuple[str | int, ...]

_OF_A_CONTAINER = (
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "volumeMounts",
    "volumeDevices",
    "imagePullPolicy",
    "env",
    "envFrom",
    "command",
    "args",
    "ports",
    "lifecycle",
    "image",
)
_OF_A_POD = (
    "containers",
    "initContainers",
    "volumes",
    "nodeSelector",
    "affinity",
    "tolerations",
    "topologySpreadConstraints",
    "serviceAccountName",
    "imagePullSecrets",
    "terminationGracePeriodSeconds",
    "hostNetwork",
    "priorityClassName",
)
_OF_RESOURCES = ("limits", "requests")
_AMOUNTS = ("cpu", "memory", "ephemeral-storage")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_DEEPEST = 12
_IN_NO_CONTAINER: tuple[tuple[tuple[str, ...], str], ...] = (
    *(((key,), "belongs to the pod, and stands in {who}") for key in _OF_A_POD),
    *(((key,), "stands in {who}, not in its resources") for key in _OF_RESOURCES),
    *((("resources", key), "stands in resources of {who}, not in its requests or limits") for key in _AMOUNTS),
    *(((outer, inner), "of {who} stands in its {outer}") for outer in _PROBES for inner in (*_PROBES, "resources")),
)


@policy(level="error", kinds=("*",))
def misplaced_block(manifest: Manifest) -> Violations:
    """In the pod templates of custom resources, each block stands at its own depth.

    What it asks:
        In a custom resource, what holds a list `containers` below `template.spec` (or `podTemplate.spec`) is a pod's
        specification. It holds no field of a container (`readinessProbe`, `env`, `volumeMounts`), its containers hold
        none of a pod (`volumes`, `tolerations`), amounts stand below `requests` or `limits`, and probes not in each
        other. Built-in kinds are not judged: their schema knows each field.

    Why:
        Many custom resources accept anything in their pod template. A probe with two blanks too few is then ignored
        without a word, and the pod runs without it.

    How to fix:
        Indent the block so that it stands where it belongs: `readinessProbe` below the container, `volumes` below the
        pod's `spec`, `cpu` below `requests`.

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: Rollout
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                  resources:
                    memory: 256Mi  # <-
                  tolerations: []  # <-
              readinessProbe:  # <-
                httpGet: {path: /ready, port: 8080}

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: Rollout
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              tolerations: []
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                  resources:
                    limits: {memory: 256Mi}
                  readinessProbe:
                    httpGet: {path: /ready, port: 8080}

    References:
        https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
    """
    if "." not in manifest.group or manifest.group.endswith(".k8s.io") or manifest.kind == "HelmRelease":
        return
    spec = manifest.get("spec")
    if isinstance(spec, dict):
        for path in _pod_specs(spec, ("spec",), 0):
            yield from _judge(manifest, path)


def _pod_specs(value: Any, path: Path, depth: int) -> list[Path]:
    """The paths of what looks like a pod's specification in a template."""
    found: list[Path] = []
    if depth > _DEEPEST:
        return found
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for key, member in members:
        if not isinstance(member, dict | list):
            continue
        own = (*path, key)
        if isinstance(member, dict) and isinstance(key, str) and (key == "template" or key.endswith("odTemplate")):
            inner = member.get("spec")
            if isinstance(inner, dict) and isinstance(inner.get("containers"), list):
                found.append((*own, "spec"))
                continue
        found += _pod_specs(member, own, depth + 1)
    return found


def _judge(manifest: Manifest, path: Path) -> Violations:
    pod, template = manifest.field(*path), manifest.field(*path[:-1])
    for key in _OF_A_CONTAINER:
        if pod.has(key):
            yield Violation(pod.field(key), f"{key} of {manifest} belongs to a container, and stands in the pod")
    for key in (*_OF_A_CONTAINER, *_OF_A_POD):
        if template.has(key):
            yield Violation(template.field(key), f"{key} of {manifest} stands beside the pod's spec, not in it")
    for container in (*pod.items("initContainers"), *pod.items("containers")):
        who = f"container {container.text('name')} of {manifest}"
        for place, problem in _IN_NO_CONTAINER:
            if container.has(*place):
                yield Violation(container.field(*place), f"{place[-1]} {problem.format(who=who, outer=place[0])}")
