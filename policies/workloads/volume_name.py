"""Built-in policy: volume-name."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, is_filled_in_later, policy

_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_LONGEST = 63


@policy(level="error", kinds=WORKLOADS)
def volume_name(workload: Workload) -> Violations:
    """Volumes have names that the cluster accepts.

    What it asks:
        The name of each of a pod's volumes holds lower-case letters, digits and dashes, at most 63 of them, and
        neither starts nor ends with a dash. The names of ConfigMaps and Secrets may hold dots; those of volumes not.

    Why:
        The API server refuses the object, and what is applied together with it waits.

    How to fix:
        Rename the volume, and the mounts that use it.

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
                  volumeMounts:
                    - {name: web.conf, mountPath: /etc/web}
              volumes:
                - name: web.conf  # <-
                  configMap: {name: web.conf}

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
                  volumeMounts:
                    - {name: web-conf, mountPath: /etc/web}
              volumes:
                - name: web-conf
                  configMap: {name: web.conf}

    References:
        https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
    """
    volumes = workload.pod.get("volumes")
    for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
        name = volume.get("name") if isinstance(volume, dict) else None
        if not isinstance(name, str) or not name:
            continue
        is_good = _CHARACTERS.issuperset(name) and len(name) <= _LONGEST and name[0] != "-" and name[-1] != "-"
        if not is_good and not is_filled_in_later(name):
            where = workload.pod.field("volumes", index, "name")
            yield Violation(where, f"{name[:80]} is no name that a volume can have")
