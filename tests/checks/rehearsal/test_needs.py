"""What objects need of others by name, and what they bring."""

from __future__ import annotations

import pytest

from gategit.checks.rehearsal.needs import brings, needs
from gategit.manifests.decode import decode
from gategit.model import format_path


def _needs(text: str) -> list[tuple[str, str, str]]:
    (document,) = decode(text.encode(), "a.yaml").documents
    return [(need.kind[1], need.name, format_path(need.path)) for need in needs(document.data)]


def _brings(text: str) -> set[tuple[str, str, str]]:
    (document,) = decode(text.encode(), "a.yaml").documents
    return {(one.kind[1], one.namespace, one.name) for one in brings(document.data, "shop") if one.name}


def test_what_a_pod_cannot_start_without() -> None:
    """Account, classes, and each ConfigMap, Secret and claim that is not optional, with the field that names it."""
    assert _needs(
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      serviceAccountName: runner
      priorityClassName: high
      runtimeClassName: gvisor
      containers:
        - name: c
          envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: maybe, optional: true}}]
          env: [{name: A, valueFrom: {secretKeyRef: {name: password, key: a}}}]
      volumes:
        - {name: data, persistentVolumeClaim: {claimName: web-data}}
        - {name: scratch, ephemeral: {volumeClaimTemplate: {spec: {storageClassName: fast}}}}
        - {name: pages, configMap: {name: pages}}
        - {name: later, secret: {secretName: "${FILLED_IN}"}}
"""
    ) == [
        ("ServiceAccount", "runner", "spec.template.spec.serviceAccountName"),
        ("PriorityClass", "high", "spec.template.spec.priorityClassName"),
        ("RuntimeClass", "gvisor", "spec.template.spec.runtimeClassName"),
        ("ConfigMap", "settings", "spec.template.spec.containers[0].envFrom[0].configMapRef.name"),
        ("ConfigMap", "pages", "spec.template.spec.volumes[2].configMap.name"),
        ("Secret", "password", "spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.name"),
        ("PersistentVolumeClaim", "web-data", "spec.template.spec.volumes[0].persistentVolumeClaim.claimName"),
        ("StorageClass", "fast", "spec.template.spec.volumes[1].ephemeral.volumeClaimTemplate.spec.storageClassName"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "apiVersion: v1\nkind: PersistentVolumeClaim\nspec: {storageClassName: fast}",
            [("StorageClass", "fast", "spec.storageClassName")],
        ),
        ('apiVersion: v1\nkind: PersistentVolumeClaim\nspec: {storageClassName: ""}', []),
        (
            (
                "apiVersion: apps/v1\nkind: StatefulSet\nspec: {volumeClaimTemplates: [{spec: {storageClassName: fast, "
                "volumeAttributesClassName: gold}}]}"
            ),
            [
                ("StorageClass", "fast", "spec.volumeClaimTemplates[0].spec.storageClassName"),
                ("VolumeAttributesClass", "gold", "spec.volumeClaimTemplates[0].spec.volumeAttributesClassName"),
            ],
        ),
        (
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nspec: {ingressClassName: nginx}",
            [("IngressClass", "nginx", "spec.ingressClassName")],
        ),
        (
            (
                "apiVersion: batch/v1\nkind: CronJob\n"
                "spec: {jobTemplate: {spec: {template: {spec: {priorityClassName: low}}}}}"
            ),
            [("PriorityClass", "low", "spec.jobTemplate.spec.template.spec.priorityClassName")],
        ),
        (
            "apiVersion: v1\nkind: Pod\nspec: {serviceAccount: old, containers: []}",
            [("ServiceAccount", "old", "spec.serviceAccount")],
        ),
        ("apiVersion: v1\nkind: Pod\nspec: {serviceAccountName: default}", []),
        ("apiVersion: v1\nkind: Pod\nspec: {volumes: [{name: a, configMap: {name: kube-root-ca.crt}}]}", []),
        ("apiVersion: example.com/v1\nkind: Deployment\nspec: {template: {spec: {priorityClassName: low}}}", []),
        ("apiVersion: v1\nkind: Pod\nspec: {volumes: [1, {persistentVolumeClaim: 3}], priorityClassName: []}", []),
        ("apiVersion: v1\nkind: Pod\nspec: none", []),
    ],
)
def test_needs(text: str, expected: list[tuple[str, str, str]]) -> None:
    """Each kind names what it needs in its own place; what is optional, always there or odd is no need."""
    assert _needs(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("apiVersion: v1\nkind: Secret\nmetadata: {name: a}", {("Secret", "shop", "a")}),
        (
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: a}",
            {("SealedSecret", "shop", "a"), ("Secret", "shop", "a")},
        ),
        (
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: a}\nspec: {target: {name: b}}",
            {("ExternalSecret", "shop", "a"), ("Secret", "shop", "b")},
        ),
        (
            "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: a}\nspec: {secretName: b}",
            {("Certificate", "shop", "a"), ("Secret", "shop", "b")},
        ),
        (
            (
                "apiVersion: networking.k8s.io/v1\nkind: Ingress\n"
                "metadata: {name: a, annotations: {cert-manager.io/issuer: x}}\nspec: {tls: [{secretName: b}]}"
            ),
            {("Ingress", "shop", "a"), ("Secret", "shop", "b")},
        ),
        (
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nspec: {tls: [{secretName: b}]}",
            {("Ingress", "shop", "a")},
        ),
        (
            (
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\n"
                "spec: {replicas: 2, volumeClaimTemplates: [{metadata: {name: data}}]}"
            ),
            {
                ("StatefulSet", "shop", "db"),
                ("PersistentVolumeClaim", "shop", "data-db-0"),
                ("PersistentVolumeClaim", "shop", "data-db-1"),
            },
        ),
        (
            "apiVersion: trust.cert-manager.io/v1alpha1\nkind: Bundle\nmetadata: {name: a}",
            {("Bundle", "shop", "a"), ("ConfigMap", "*", "a"), ("Secret", "*", "a")},
        ),
        (
            "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec: {storageClassName: manual}",
            {("PersistentVolume", "shop", "a"), ("StorageClass", "", "manual")},
        ),
        (
            (
                "apiVersion: database.example.org/v1\nkind: Instance\nmetadata: {name: a}\n"
                "spec: {writeConnectionSecretToRef: {namespace: other, name: b}}"
            ),
            {("Instance", "shop", "a"), ("Secret", "other", "b")},
        ),
        ("apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: 3\nspec: []", set()),
    ],
)
def test_brings(text: str, expected: set[tuple[str, str, str]]) -> None:
    """An object brings itself, and what the well-known controllers make of it."""
    assert _brings(text) == expected
