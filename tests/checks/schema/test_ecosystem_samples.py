"""What users write of the kinds that gategit carries is taken, and one mistake in it is found where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gategit.checks.schema.check import check_file, judged_by
from gategit.checks.schema.ecosystem import index
from gategit.checks.schema.kustomization import check_kustomization, judged_kustomization
from gategit.checks.schema.spec import SchemaSet, SchemaSpec
from gategit.manifests.file import ManifestFile, read_file
from gategit.manifests.manifest import Role
from gategit.model import Finding, Level, format_path
from tests.checks.schema.ecosystem_samples import KUSTOMIZE, judge, misspell, mistype, name, newest, read, samples

if TYPE_CHECKING:
    from tests.checks.schema.conftest import Check

OF_CLUSTERS = [one for one in samples() if one.parent.name != KUSTOMIZE]
OF_KUSTOMIZE = [one for one in samples() if one.parent.name == KUSTOMIZE]


@dataclass(frozen=True, slots=True)
class Sample:
    """A file of samples, and what it is validated with where the cluster runs the newest release with its kinds."""

    path: Path
    file: ManifestFile
    schemas: SchemaSet

    def found(self, text: bytes | None = None) -> list[Finding]:
        """What is said of the sample, or of another text in its place."""
        return check_file(self.file if text is None else read(self.path, text), self.schemas)[0]


@pytest.fixture(scope="module", params=OF_CLUSTERS, ids=name)
def sample(request: pytest.FixtureRequest) -> Sample:
    """Each sample in turn: the tests of one stand together, since its schemas take time to compile."""
    file = read(request.param)
    releases = {(request.param.parent.name, judge(one).release.name) for one in file.manifests}
    assert len(releases) == 1, f"{file.path}: what different releases have stands in different files"
    return Sample(request.param, file, SchemaSet(SchemaSpec(releases=tuple(releases))))


def said(findings: list[Finding], rule: str) -> list[tuple[int, int, Level]]:
    """Where the findings of a rule stand, and how much they weigh."""
    places = [(one.location.region, one.level) for one in findings if one.rule == rule]
    return sorted((region.line, region.column, level) for region, level in places if region is not None)


def test_every_project_has_samples() -> None:
    """No project is carried whose schemas nobody has tried on what its users write."""
    assert {one.parent.name for one in samples()} == set(index().sources)


@pytest.mark.parametrize("path", OF_KUSTOMIZE, ids=name)
def test_a_kustomization_is_taken(path: Path) -> None:
    """It is judged by the release of Kustomize that is carried, which says nothing against it."""
    file = read(path)
    assert check_kustomization(file) == []
    assert [origin for _, _, origin in judged_kustomization(file)] == [f"Kustomize {newest(KUSTOMIZE)}"]


def test_a_sample_is_taken(sample: Sample) -> None:
    """The newest release with its kinds says nothing against it, but that an API version is deprecated."""
    assert [(one.rule, one.message) for one in sample.found() if one.rule != "deprecated-api"] == []


def test_a_sample_is_judged_by_its_project(sample: Sample) -> None:
    """By the release that serves its API version, where nobody says which one the cluster runs.

    All that is added then is a warning on what older releases lack, and on kinds that newer ones dropped.
    """
    schemas = SchemaSet(SchemaSpec())
    choices = [judge(one) for one in sample.file.manifests]
    assert {one.kind.source for one in choices} == {sample.path.parent.name}
    assert [origin for _, _, origin in judged_by(sample.file, schemas)] == [one.origin for one in choices]
    warnings = {(one.rule, one.level) for one in check_file(sample.file, schemas)[0]}
    assert warnings <= {(rule, Level.WARNING) for rule in ("deprecated-api", "unknown-field", "version-not-served")}


def test_a_misspelt_field_is_found(sample: Sample) -> None:
    """One in each object, anywhere: it is named, on its line and column."""
    text, mistakes = misspell(sample.path)
    findings = sample.found(text)
    assert said(findings, "unknown-field") == [(*one.place, Level.ERROR) for one in mistakes]
    named = [one.message.split(" in ")[0] for one in findings if one.rule == "unknown-field"]
    assert sorted(named) == sorted(f"unknown field {one.key}" for one in mistakes)


def test_a_wrong_type_is_found(sample: Sample) -> None:
    """One in each object, anywhere: it is named, on its line and column."""
    text, mistakes = mistype(sample.path)
    findings = sample.found(text)
    assert said(findings, "wrong-type") == [(*one.place, Level.ERROR) for one in mistakes]
    named = [format_path(one.path) for one in findings if one.rule == "wrong-type"]
    assert sorted(named) == sorted(format_path(one.path) for one in mistakes)


WRONG_APPLICATION = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop}
spec:
  project: default
  source:
    repoURL: https://git.example.com/shop.git
    targetrevision: main
    path: deploy
    helm:
      values: {replicas: 2}
  destination: {namespace: shop}
  syncPolicy:
    automated: true
"""
SAID_OF_APPLICATION = """\
8:5 unknown-field: unknown field targetrevision in spec.source; did you mean targetRevision?
11:15 wrong-type: expected a string for values in spec.source.helm, got a mapping
14:16 wrong-type: expected a mapping for automated in spec.syncPolicy, got the boolean true
"""
WRONG_HELM_RELEASE = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: shop}
spec:
  interval: 10 minutes
  chart:
    spec:
      chart: shop
      sourceref: {kind: HelmRepository, name: shop}
  install:
    crds: Replace
"""
SAID_OF_HELM_RELEASE = """\
5:13 invalid-value: interval in spec must match the pattern ^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$, got the string "10 \
minutes"
7:5 missing-field: missing field sourceRef in spec.chart.spec
9:7 unknown-field: unknown field sourceref in spec.chart.spec; did you mean sourceRef?
11:11 invalid-value: crds in spec.install must be one of Skip, Create, CreateReplace, not the string "Replace"
"""
WRONG_CERTIFICATE = """apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop}
spec:
  secretName: shop-tls
  dnsNames: shop.example.com
  privateKey: {algorithm: rsa}
"""
SAID_OF_CERTIFICATE = """\
4:1 missing-field: missing field issuerRef in spec
6:13 wrong-type: expected a list for dnsNames in spec, got the string "shop.example.com"
7:27 invalid-value: algorithm in spec.privateKey must be one of RSA, ECDSA, Ed25519, not the string "rsa"
"""
WRONG_HTTP_ROUTE = """apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  hostnames: [https://shop.example.com]
  rules:
    - matches: [{path: {type: Prefix, value: /}}]
      backendRefs: [{name: shop, port: http}]
"""
SAID_OF_HTTP_ROUTE = """\
5:15 invalid-value: hostnames[0] in spec must match the pattern \
^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$, got the string "https://shop.example.com"
7:31 invalid-value: type in spec.rules[0].matches[0].path must be one of Exact, PathPrefix, RegularExpression, not \
the string "Prefix"
8:40 wrong-type: expected an integer for port in backend ref shop, got the string "http"
"""
WRONG_SERVICE_MONITOR = """apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: shop}
spec:
  selector: {app: shop}
  endpoints:
    - port: 8080
      interval: 30 s
"""
SAID_OF_SERVICE_MONITOR = """\
5:14 unknown-field: unknown field app in spec.selector
7:13 surprising-scalar: spec.endpoints[0].port is written 8080 without quotes, which the cluster reads as the number \
8080; a string is wanted here
8:17 invalid-value: interval in spec.endpoints[0] must match the pattern \
^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$, got the string "30 s"
"""
WRONG_KUSTOMIZATION = """apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps}
spec:
  interval: 10m
  path: ./apps
  sourceRef: {kind: HelmRepository, name: apps}
  postBuild:
    substitute: {replicas: 3}
"""
SAID_OF_KUSTOMIZATION = """\
4:1 missing-field: missing field prune in spec
7:21 invalid-value: kind in spec.sourceRef must be one of OCIRepository, GitRepository, Bucket, ExternalArtifact, \
not the string "HelmRepository"
9:28 surprising-scalar: spec.postBuild.substitute.replicas is written 3 without quotes, which the cluster reads as \
the number 3; a string is wanted here
"""
WRONG_EXTERNAL = """apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: shop}
spec:
  secretStoreRef: {name: vault, kind: clusterSecretStore}
  data:
    - secretkey: password
      remoteRef: {property: password}
"""
SAID_OF_EXTERNAL = """\
5:39 invalid-value: kind in spec.secretStoreRef must be one of SecretStore, ClusterSecretStore, not the string \
"clusterSecretStore"
7:7 missing-field: missing field secretKey in spec.data[0]
7:7 unknown-field: unknown field secretkey in spec.data[0]; did you mean secretKey?
8:7 missing-field: missing field key in spec.data[0].remoteRef
"""
WRONG_VIRTUAL_SERVICE = """apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [shop]
  http:
    - match: [{uri: {prefix: /a, exact: /b}}]
      route: [{destination: {host: shop, port: 80}, weight: "10"}]
"""
SAID_OF_VIRTUAL_SERVICE = """\
7:21 invalid-value: only one of the fields exact, prefix may be set in spec.http[0].match[0].uri
8:48 wrong-type: expected a mapping for port in spec.http[0].route[0].destination, got the number 80
8:61 wrong-type: expected an integer for weight in spec.http[0].route[0], got the string "10"
"""
WRONG_SCALED_OBJECT = """apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: shop}
spec:
  scaleTargetRef: {name: shop}
  minReplicas: 1
  triggers:
    - type: cpu
      metadata: {value: 60}
"""
SAID_OF_SCALED_OBJECT = """\
6:3 unknown-field: unknown field minReplicas in spec; did you mean minReplicaCount?
9:25 surprising-scalar: spec.triggers[0].metadata.value is written 60 without quotes, which the cluster reads as the \
number 60; a string is wanted here
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (WRONG_APPLICATION, SAID_OF_APPLICATION),
        (WRONG_HELM_RELEASE, SAID_OF_HELM_RELEASE),
        (WRONG_CERTIFICATE, SAID_OF_CERTIFICATE),
        (WRONG_HTTP_ROUTE, SAID_OF_HTTP_ROUTE),
        (WRONG_SERVICE_MONITOR, SAID_OF_SERVICE_MONITOR),
        (WRONG_KUSTOMIZATION, SAID_OF_KUSTOMIZATION),
        (WRONG_EXTERNAL, SAID_OF_EXTERNAL),
        (WRONG_VIRTUAL_SERVICE, SAID_OF_VIRTUAL_SERVICE),
        (WRONG_SCALED_OBJECT, SAID_OF_SCALED_OBJECT),
    ],
)
def test_what_is_often_written_wrong_is_said(check: Check, text: str, expected: str) -> None:
    """Each mistake on its line, in words that name it, and with the release that says so."""
    (manifest,) = read_file("shop.yaml", text.encode(), Role.MANIFEST).manifests
    by = f" (judged by {judge(manifest).origin})"
    found = check(text)
    lines = [f"{line}:{column} {rule}: {message.removesuffix(by)}\n" for line, column, rule, message in found]
    assert "".join(lines) == expected
    assert all(message.endswith(by) for *_, rule, message in found if rule != "surprising-scalar")
