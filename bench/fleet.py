"""A generated repository of overlays and charts as agents deploy them: the same in every run."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Final

URL: Final = "https://git.example.com/bench/fleet.git"
"""Where its agents fetch it from."""

_CONFIG: Final = f"version: 1\nrepositories: ['{URL}']\npolicies: {{packs: []}}\n"

_SOURCE: Final = f"""\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{name: fleet, namespace: flux-system}}
spec: {{url: "{URL}", interval: 1m, ref: {{branch: main}}}}
"""

_WORKLOAD: Final = Template("""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: $name
  labels: {app: $name}
spec:
  replicas: 2
  selector:
    matchLabels: {app: $name}
  template:
    metadata:
      labels: {app: $name}
    spec:
      serviceAccountName: $name
      securityContext:
        runAsNonRoot: true
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: main
          image: registry.example.com/$name:1.0.0
          ports:
            - name: http
              containerPort: 8080
          env:
            - name: LOG_LEVEL
              value: info
            - name: GREETING
              valueFrom:
                configMapKeyRef: {name: settings, key: greeting}
          readinessProbe:
            httpGet: {path: /ready, port: http}
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits: {cpu: 500m, memory: 256Mi}
---
apiVersion: v1
kind: Service
metadata:
  name: $name
spec:
  selector: {app: $name}
  ports:
    - name: http
      port: 80
      targetPort: http
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: $name
automountServiceAccountToken: false
""")

_BASE: Final = Template("""\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [workload.yaml, rules.yaml]
configMapGenerator:
  - name: settings
    literals: [greeting=hello from $name]
    files: [rules.conf]
""")

_RULES: Final = Template("""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: $name
spec:
  podSelector:
    matchLabels: {app: $name}
  policyTypes: [Ingress]
  ingress:
    - ports:
        - port: 8080
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: $name
spec:
  minAvailable: 1
  selector:
    matchLabels: {app: $name}
""")

_COMPONENT: Final = """\
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
  - target: {kind: Deployment}
    patch: |-
      - op: add
        path: /spec/template/metadata/annotations
        value: {prometheus.io/scrape: "true"}
"""

_OVERLAY: Final = Template("""\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: team-$number
resources: [../../bases/$base]
components: [../../components/metrics]
images:
  - name: registry.example.com/$base
    newTag: 1.$number.0
labels:
  - pairs: {team: team-$number}
configMapGenerator:
  - name: settings
    behavior: merge
    literals: [level=debug]
patches:
  - path: patch.yaml
""")

_PATCH: Final = Template("""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: $base
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: main
          env:
            - name: TEAM
              value: team-$number
""")

_FLUX: Final = Template("""\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: team-$number, namespace: flux-system}
spec:
  interval: 5m
  path: ./overlays/team-$number
  prune: true
  sourceRef: {kind: GitRepository, name: fleet}
""")

_ARGO: Final = Template(f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: $name, namespace: argocd}}
spec:
  project: default
  destination: {{namespace: $namespace, server: "https://kubernetes.default.svc"}}
  source:
    repoURL: {URL}
    path: $path
    targetRevision: main
$more""")

_RELEASE: Final = Template("""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: release-$number, namespace: shop-$number}
spec:
  interval: 5m
  chart:
    spec:
      chart: ./charts/$chart
      sourceRef: {kind: GitRepository, name: fleet, namespace: flux-system}
  values:
    replicas: 3
    image: {tag: 2.$number.0}
    ingress: {host: shop-$number.example.com}
""")

_CHART: Final = {
    "Chart.yaml": "apiVersion: v2\nname: $name\nversion: 1.0.0\nappVersion: 2.0.0\n",
    "values.yaml": (
        "replicas: 1\nimage:\n  repository: registry.example.com/$name\n  tag: latest\n"
        "ingress:\n  enabled: true\n  host: $name.example.com\nsettings:\n  level: info\n  size: '10'\n"
    ),
    "values-prod.yaml": "replicas: 4\nimage:\n  tag: 2.1.0\nsettings:\n  level: warning\n",
    "templates/_helpers.tpl": (
        '{{- define "labels" -}}\napp.kubernetes.io/name: {{ .Chart.Name }}\n'
        "app.kubernetes.io/instance: {{ .Release.Name }}\n{{- end }}\n"
    ),
    "templates/deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels:
      {{- include "labels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "labels" . | nindent 8 }}
      annotations:
        checksum/config: {{ include (print $.Template.BasePath "/settings.yaml") . | sha256sum }}
    spec:
      containers:
        - name: {{ .Chart.Name }}
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          envFrom:
            - configMapRef:
                name: {{ .Release.Name }}
""",
    "templates/settings.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
data:
  {{- range $key, $value := .Values.settings }}
  {{ $key }}: {{ $value | quote }}
  {{- end }}
""",
    "templates/service.yaml": """\
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
spec:
  selector:
    {{- include "labels" . | nindent 4 }}
  ports:
    - name: http
      port: 80
""",
    "templates/ingress.yaml": """\
{{- if .Values.ingress.enabled }}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
spec:
  rules:
    - host: {{ .Values.ingress.host }}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {{ .Release.Name }}
                port:
                  name: http
{{- end }}
""",
}

_BASES: Final = 6
_CHARTS: Final = 5


def write_fleet(folder: Path, overlays: int, releases: int) -> Path:
    """Write a repository's files.

    Every third overlay is built by Flux, every third by Argo CD, every third by people; every other release is Flux's
    with values in it, every other Argo CD's with a file of values.

    Args:
        folder: where; made.
        overlays: how many overlays it has.
        releases: how many releases of its charts.
    """
    files = {
        ".gategit.yaml": _CONFIG,
        "clusters/source.yaml": _SOURCE,
        "components/metrics/kustomization.yaml": _COMPONENT,
    }
    for number in range(min(_BASES, overlays)):
        name = f"app-{number}"
        files[f"bases/{name}/kustomization.yaml"] = _BASE.substitute(name=name)
        files[f"bases/{name}/workload.yaml"] = _WORKLOAD.substitute(name=name)
        files[f"bases/{name}/rules.yaml"] = _RULES.substitute(name=name)
        files[f"bases/{name}/rules.conf"] = "".join(f"allow /{name}/{line}\n" for line in range(40))
    for number in range(overlays):
        files |= _overlay(number)
    for number in range(min(_CHARTS, releases)):
        name = f"chart-{number}"
        files |= {f"charts/{name}/{path}": text.replace("$name", name) for path, text in _CHART.items()}
    for number in range(releases):
        files |= _release(number)
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return folder


def _overlay(number: int) -> dict[str, str]:
    base, folder = f"app-{number % _BASES}", f"overlays/team-{number}"
    files = {
        f"{folder}/kustomization.yaml": _OVERLAY.substitute(number=number, base=base),
        f"{folder}/patch.yaml": _PATCH.substitute(number=number, base=base),
    }
    if number % 3 == 1:
        files[f"clusters/flux-{number}.yaml"] = _FLUX.substitute(number=number)
    elif number % 3 == 2:
        names = {"name": f"team-{number}", "namespace": f"team-{number}", "path": folder, "more": ""}
        files[f"clusters/argo-{number}.yaml"] = _ARGO.substitute(names)
    return files


def _release(number: int) -> dict[str, str]:
    chart = f"chart-{number % _CHARTS}"
    if number % 2:
        return {f"clusters/release-{number}.yaml": _RELEASE.substitute(number=number, chart=chart)}
    more = f"    helm: {{releaseName: release-{number}, valueFiles: [values-prod.yaml]}}\n"
    names = {"name": f"release-{number}", "namespace": f"shop-{number}", "path": f"charts/{chart}", "more": more}
    return {f"clusters/release-{number}.yaml": _ARGO.substitute(names)}
