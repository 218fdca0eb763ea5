"""Built-in policy: volume-file-mode."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Field, Violation, Violations, Workload, policy

_SOURCES = ("configMap", "secret", "projected", "downwardAPI")
_MOST = 0o777


@policy(level="error", kinds=WORKLOADS)
def volume_file_mode(workload: Workload) -> Violations:
    """The files of a volume have a mode that files can have.

    What it asks:
        `defaultMode` of a volume from a ConfigMap, a Secret, the downward API or several of them, and the `mode` of
        each of its items, is at most 0777, which is 511.

    Why:
        The API server refuses the object. A mode is usually written in octal digits; without the 0 in front, YAML
        takes them for a decimal number, and 755 is then 01363.

    How to fix:
        Put a 0 in front, such as `defaultMode: 0755`, or write the decimal number, 493.

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
              volumes:
                - name: scripts
                  configMap:
                    name: scripts
                    defaultMode: 755  # <-
                - name: key
                  secret:
                    secretName: key
                    items:
                      - {key: id, path: id, mode: 600}  # <-

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
              volumes:
                - name: scripts
                  configMap: {name: scripts, defaultMode: 0755}
                - name: key
                  secret: {secretName: key, defaultMode: 256}

    References:
        https://kubernetes.io/docs/concepts/configuration/secret/#secret-files-permissions
    """
    volumes = workload.pod.get("volumes")
    for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
        for name in _SOURCES:
            source = volume.get(name) if isinstance(volume, dict) else None
            if isinstance(source, dict) and not source.keys().isdisjoint(("defaultMode", "items", "sources")):
                yield from _modes(workload.pod.field("volumes", index, name))


def _modes(source: Field) -> Violations:
    places = [source.field("defaultMode"), *(item.field("mode") for item in source.items("items"))]
    for part in source.items("sources"):
        for name in _SOURCES:
            places += [item.field("mode") for item in part.items(name, "items")]
    for place in places:
        mode = place.integer()
        if mode is not None and not 0 <= mode <= _MOST:
            yield Violation(
                place,
                f"a file cannot have the mode {mode}, which is 0{mode:o}"
                if mode > 0
                else f"a file cannot have the mode {mode}",
            )
