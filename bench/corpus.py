"""The documents that are measured: generated, the same in every run, a hundred applications to a folder."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

_SMALL = Template("""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: $name
  namespace: $group
  labels: {app.kubernetes.io/name: $name}
spec:
  replicas: 2
  selector:
    matchLabels:
      app.kubernetes.io/name: $name
  template:
    metadata:
      labels:
        app.kubernetes.io/name: $name
    spec:
      containers:
        - name: main
          image: registry.example.com/$name@sha256:$digest
          ports:
            - {name: http, containerPort: 8080}
          env:
            - {name: LOG_LEVEL, value: info}
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits: {cpu: 500m, memory: 256Mi}
---
apiVersion: v1
kind: Service
metadata:
  name: $name
  namespace: $group
spec:
  selector:
    app.kubernetes.io/name: $name
  ports:
    - {name: http, port: 80, targetPort: http}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: $name
  namespace: $group
data:
  number: "$number"
  greeting: hello from $name
""")

_GOOD = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: $name
  namespace: $namespace
  labels:
    app.kubernetes.io/name: $name
    app.kubernetes.io/part-of: $namespace
spec:
  replicas: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: $name
  template:
    metadata:
      labels:
        app.kubernetes.io/name: $name
        app.kubernetes.io/part-of: $namespace
    spec:
      serviceAccountName: $name
      automountServiceAccountToken: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 12000
        runAsGroup: 12000
        seccompProfile:
          type: RuntimeDefault
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                labelSelector:
                  matchLabels:
                    app.kubernetes.io/name: $name
      containers:
        - name: main
          image: registry.example.com/$namespace/$name@sha256:$digest
          imagePullPolicy: Always
          ports:
            - name: http
              containerPort: 8080
          env:
            - name: LOG_LEVEL
              value: info
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
            - name: DATABASE_PASSWORD
              valueFrom:
                secretKeyRef:
                  name: $name
                  key: password
          envFrom:
            - configMapRef:
                name: $name
          readinessProbe:
            httpGet:
              path: /ready
              port: http
          livenessProbe:
            httpGet:
              path: /alive
              port: http
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
              ephemeral-storage: 64Mi
            limits:
              cpu: 500m
              memory: 128Mi
              ephemeral-storage: 64Mi
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
          volumeMounts:
            - name: scratch
              mountPath: /var/scratch
      volumes:
        - name: scratch
          emptyDir:
            sizeLimit: 64Mi
---
apiVersion: v1
kind: Service
metadata:
  name: $name
  namespace: $namespace
  labels:
    app.kubernetes.io/name: $name
spec:
  type: ClusterIP
  selector:
    app.kubernetes.io/name: $name
  ports:
    - name: http
      port: 80
      targetPort: http
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: $name
  namespace: $namespace
data:
  LISTEN: "0.0.0.0:8080"
  features.json: |
    {"checkout": true, "batch": $number}
"""

_VOLUMES = "      volumes:\n"

_SIDECAR = """\
        - name: proxy
          image: registry.example.com/platform/proxy@sha256:$digest
          imagePullPolicy: Always
          ports:
            - name: metrics
              containerPort: 9090
          readinessProbe:
            tcpSocket:
              port: metrics
          resources:
            requests:
              cpu: 50m
              memory: 64Mi
              ephemeral-storage: 16Mi
            limits:
              cpu: 100m
              memory: 64Mi
              ephemeral-storage: 16Mi
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
"""

MISTAKES: tuple[tuple[str, str], ...] = (
    (r"/\$name@sha256:\$digest", "/$name:latest"),
    (r"^            limits:\n(              .*\n)+", ""),
    (r"^          resources:\n(            .*\n)+", ""),
    (r"^          (readiness|liveness)Probe:\n(            .*\n)+", ""),
    (r"^      securityContext:\n(        .*\n)+", ""),
    (r"^          securityContext:\n(            .*\n)+", ""),
    (r"runAsNonRoot: true\n        runAsUser: 12000", "runAsUser: 0"),
    (r"allowPrivilegeEscalation: false", "privileged: true"),
    (r"readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"),
    (r"drop: \[ALL\]", "add: [NET_ADMIN]"),
    (r"^          emptyDir:\n            sizeLimit: 64Mi", "          hostPath:\n            path: /var/run"),
    (r"value: info\n", "value: info\n            - name: LOG_LEVEL\n              value: debug\n"),
    (r"valueFrom:\n                secretKeyRef:\n(                  .*\n)+", "value: hunter2-$name\n"),
    (r"replicas: 3", "replicas: 1"),
    (r"^      affinity:\n(        .*\n)+", ""),
    (r"^      automountServiceAccountToken: false", "      hostNetwork: true"),
    (r"type: ClusterIP\n  selector:\n    (\S+): \$name", r"type: ClusterIP\n  selector:\n    \1: ${name}-web"),
    (r"type: ClusterIP", "type: NodePort"),
    (r'"batch": \$number', '"batch": $number,'),
)
"""Typical mistakes: what of a good application becomes what. Each fits both with and without a second container."""


def write_corpus(folder: Path, files: int, *, together: int = 100) -> Path:
    """Write ``files`` files of a Deployment, a Service and a ConfigMap each; a hundred share a folder and namespace.

    Args:
        folder: where.
        files: how many.
        together: how many share a folder and namespace, where it is not a hundred.
    """
    for number in range(files):
        name, group = f"app-{number}", f"group-{number // together:03}"
        text = _SMALL.substitute(name=name, group=group, number=number, digest=f"{number:064x}")
        _write(folder / group / f"{name}.yaml", text)
    return folder


def write_policy_corpus(folder: Path, documents: int) -> Path:
    """Write documents that policies find something in: Deployments, Services and ConfigMaps in equal numbers.

    Every hundred applications have a namespace of their own. Every second one is good; the others have two or three
    mistakes each. Half of either kind have a second container. What three does not divide ends in lone ConfigMaps.
    """
    files, rest = divmod(documents, 3)
    for number in range(files):
        _write(folder / f"team-{number // 100:02}" / f"app-{number}.yaml", application(number))
    for number in range(files, files + rest):
        lone = application(number).rpartition("---\n")[2]
        _write(folder / f"team-{number // 100:02}" / f"app-{number}.yaml", lone)
    return folder


def application(number: int) -> str:
    """The manifests of an application: good for even numbers, with two or three mistakes for odd ones."""
    text = _GOOD.replace(_VOLUMES, _SIDECAR + _VOLUMES) if number // 2 % 2 else _GOOD
    if number % 2:
        # In each round through the mistakes, a mistake meets other ones than in the round before.
        turn, mistake = divmod(number // 2, len(MISTAKES))
        others = len(MISTAKES) - 1
        further = (mistake + 1 + turn % others, mistake + 1 + (turn + 5) % others)
        for place in (mistake, *further[: 1 + number % 3 % 2]):
            pattern, replacement = MISTAKES[place % len(MISTAKES)]
            text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    return Template(text).substitute(
        name=f"app-{number}", namespace=f"team-{number // 100:02}", number=number, digest=f"{number:064x}"
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
