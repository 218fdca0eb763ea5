"""Exporting a real API server: what is in the file, what is not, and that the same state gives the same bytes."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from gategit.cluster.client import Client
from gategit.cluster.export import export
from gategit.cluster.rbac import Account, least_rights
from gategit.cluster.snapshot import Missing, Snapshot, compress, load_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gategit.cluster.access import Access
    from tests.api_server import ApiServer

APPLIED = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: gears.{group}
  annotations: {{note: "not for the file"}}
spec:
  group: {group}
  scope: Namespaced
  names: {{kind: Gear, plural: gears}}
  conversion:
    strategy: Webhook
    webhook:
      conversionReviewVersions: [v1]
      clientConfig:
        service: {{name: converter, namespace: {namespace}}}
        caBundle: {authority}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          description: prose
          properties:
            spec:
              type: object
              required: [size]
              properties:
                size: {{type: integer, maximum: 10, description: more prose}}
                description: {{type: string, default: ""}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {{name: "{namespace}"}}
webhooks:
  - name: check.example.com
    admissionReviewVersions: [v1]
    sideEffects: None
    failurePolicy: Ignore
    clientConfig: {{url: "https://127.0.0.1:1/token-abc"}}
    namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: none-of-them}}}}
    rules: [{{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: "{namespace}"}}
spec:
  matchConstraints:
    namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: none-of-them}}}}
    resourceRules: [{{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}}]
  validations: [{{expression: "true"}}]
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: "{namespace}"
  annotations: {{storageclass.kubernetes.io/is-default-class: "false", other: "not for the file"}}
provisioner: csi.example.com
parameters: {{type: fast, csi.storage.k8s.io/provisioner-secret-name: the-keys}}
---
apiVersion: v1
kind: ResourceQuota
metadata: {{name: small, namespace: "{namespace}"}}
spec: {{hard: {{configmaps: "3"}}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: robot, namespace: "{namespace}", labels: {{a: b}}}}
imagePullSecrets: [{{name: the-registry}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, namespace: "{namespace}", annotations: {{kept: "yes"}}}}
data: {{a: b}}
---
apiVersion: v1
kind: Secret
metadata: {{name: the-secret, namespace: "{namespace}"}}
stringData: {{password: hunter2}}
"""


@pytest.fixture
def filled(api_server: ApiServer, namespace: str) -> Iterator[str]:
    """A namespace with one object of many kinds, and cluster-wide ones named after it."""
    authority = b64encode(api_server.access.authority or b"").decode()
    text = APPLIED.format(namespace=namespace, group=f"{namespace}.example.com", authority=authority)
    api_server.kubectl("apply", "-f", "-", stdin=text)
    status = json.dumps({"status": {"hard": {"configmaps": "3"}, "used": {"configmaps": "2"}}})
    api_server.kubectl(
        "patch", "resourcequota", "small", "-n", namespace, "--subresource=status", "--type=merge", "-p", status
    )
    crd = f"crd/gears.{namespace}.example.com"
    api_server.kubectl("wait", "--for=condition=Established", "--timeout=20s", crd)
    yield namespace
    api_server.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", stdin=text)


def exported(access: Access, *, live_objects: bool = False, namespaces: Sequence[str] = ()) -> bytes:
    """The bytes of an export."""

    async def run() -> bytes:
        async with Client(access) as client:
            return await export(client, live_objects=live_objects, namespaces=namespaces)

    return asyncio.run(run())


def one(snapshot: Snapshot, kind: str, name: str) -> dict[str, Any]:
    """The object of a kind and name; there must be exactly one."""
    (found,) = (each for each in snapshot.objects if (each["kind"], each["metadata"]["name"]) == (kind, name))
    return found


def test_the_same_state_gives_the_same_bytes(api_server: ApiServer, filled: str) -> None:
    """Two exports of one state are one file, live objects included; so it can be committed."""
    for live_objects in (False, True):
        # Other tests may share the server, and change what is cluster-wide between two exports: then it is tried again.
        pairs = (
            (
                exported(api_server.access, live_objects=live_objects, namespaces=[filled]),
                exported(api_server.access, live_objects=live_objects, namespaces=[filled, filled]),
            )
            for _ in range(10)
        )
        assert any(one_export == other for one_export, other in pairs)


def test_it_says_what_the_server_serves(api_server: ApiServer, filled: str) -> None:
    """The version, every kind with its verbs, and a schema for each kind that no definition explains."""
    snapshot = load_snapshot(exported(api_server.access), "x")
    assert snapshot.version == json.loads(api_server.kubectl("get", "--raw", "/version"))["gitVersion"]
    deployment = snapshot.discovery.find("apps/v1", "Deployment")
    assert deployment is not None
    assert (deployment.plural, deployment.namespaced, "patch" in deployment.verbs) == ("deployments", True, True)
    assert snapshot.discovery.find("extensions/v1beta1", "Ingress") is None
    group = f"{filled}.example.com"
    assert snapshot.discovery.versions(group, "Gear") == ("v1",)
    assert snapshot.component("apps/v1", "Deployment") == "io.k8s.api.apps.v1.Deployment"
    assert snapshot.component(f"{group}/v1", "Gear") is None
    components = snapshot.components("apps/v1")
    assert components["io.k8s.api.apps.v1.DeploymentSpec"]["required"] == ["selector", "template"]
    assert snapshot.missing == ()


def test_plain_kubernetes_needs_little_room(api_server: ApiServer) -> None:
    """A snapshot is small enough to be committed."""
    assert len(compress(exported(api_server.access))) < 100 * 1024


def test_it_holds_what_judges_objects_and_nothing_that_only_people_read(api_server: ApiServer, filled: str) -> None:
    """Definitions, classes, policies, webhooks, quotas and accounts, each without what an offline run does not need."""
    content = exported(api_server.access)
    snapshot = load_snapshot(content, "x")
    assert b"prose" not in content
    assert b"not for the file" not in content
    definition = one(snapshot, "CustomResourceDefinition", f"gears.{filled}.example.com")
    assert definition["metadata"] == {"name": f"gears.{filled}.example.com"}
    assert "status" not in definition
    assert definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"] == {
        "type": "object",
        "required": ["size"],
        "properties": {"size": {"type": "integer", "maximum": 10}, "description": {"type": "string", "default": ""}},
    }
    assert "caBundle" not in definition["spec"]["conversion"]["webhook"]["clientConfig"]
    (hook,) = one(snapshot, "ValidatingWebhookConfiguration", filled)["webhooks"]
    assert (hook["name"], hook["failurePolicy"], "clientConfig" in hook) == ("check.example.com", "Ignore", False)
    assert hook["rules"][0]["resources"] == ["configmaps"]
    policy = one(snapshot, "ValidatingAdmissionPolicy", filled)
    assert (policy["spec"]["validations"], "status" in policy) == ([{"expression": "true"}], False)
    storage = one(snapshot, "StorageClass", filled)
    assert storage["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "false"}
    assert storage["parameters"] == {"type": "fast"}
    quota = next(each for each in snapshot.of("", "ResourceQuota") if each["metadata"]["namespace"] == filled)
    assert quota["status"] == {"hard": {"configmaps": "3"}, "used": {"configmaps": "2"}}
    assert one(snapshot, "Namespace", filled) == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": filled, "labels": {"kubernetes.io/metadata.name": filled}},
    }
    accounts = [each for each in snapshot.of("", "ServiceAccount") if each["metadata"]["namespace"] == filled]
    assert {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "robot", "namespace": filled},
    } in accounts
    assert not any(True for _ in snapshot.of("", "ConfigMap"))


def test_live_objects_are_exported_only_where_they_are_asked_for(api_server: ApiServer, filled: str) -> None:
    """They come as they are, without the server's bookkeeping and without the copy that kubectl keeps of a manifest."""
    content = exported(api_server.access, live_objects=True, namespaces=[filled])
    snapshot = load_snapshot(content, "x")
    assert snapshot.live_objects
    assert one(snapshot, "ConfigMap", "settings") == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": filled, "annotations": {"kept": "yes"}},
        "data": {"a": "b"},
    }
    for never in (b"last-applied", b"managedFields", b"resourceVersion", b"creationTimestamp", b'"uid"'):
        assert never not in content.partition(b'"objects"')[2].partition(b'"resources"')[0]
    assert [each["metadata"]["name"] for each in snapshot.of("", "ConfigMap")] == ["settings"]


MADE_UP = """\
apiVersion: v1
kind: Service
metadata: {name: plain}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: headless}
spec: {clusterIP: None, ports: [{port: 80}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once, labels: {team: a}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "a:1"}]}}}
"""


def test_what_a_server_makes_up_is_left_out_of_live_objects(api_server: ApiServer, namespace: str) -> None:
    """Addresses and a Job's labels mean nothing to another server; with them it would refuse the objects."""
    api_server.kubectl("create", "-n", namespace, "-f", "-", stdin=MADE_UP)
    snapshot = load_snapshot(exported(api_server.access, live_objects=True, namespaces=[namespace]), "x")
    plain, headless = one(snapshot, "Service", "plain")["spec"], one(snapshot, "Service", "headless")["spec"]
    assert ("clusterIP" in plain, "clusterIPs" in plain) == (False, False)
    assert (headless["clusterIP"], headless["clusterIPs"]) == ("None", ["None"])
    job = one(snapshot, "Job", "once")
    assert (job["metadata"]["labels"], "selector" in job["spec"]) == ({"team": "a"}, False)
    assert "labels" not in job["spec"]["template"].get("metadata", {})


def test_a_namespace_that_ends_takes_its_objects_along(api_server: ApiServer) -> None:
    """It counts as gone, with all that is still in it."""
    ending = api_server.new_namespace()
    api_server.kubectl("create", "configmap", "settings", "-n", ending)
    api_server.kubectl("delete", "namespace", ending, "--wait=false")
    snapshot = load_snapshot(exported(api_server.access, live_objects=True, namespaces=[ending]), "x")
    assert [one for one in snapshot.objects if one["metadata"].get("namespace")] == []
    assert list(snapshot.of("", "Namespace")) == []


@pytest.mark.parametrize("live_objects", [False, True])
def test_no_secret_is_ever_in_the_file(api_server: ApiServer, filled: str, *, live_objects: bool) -> None:
    """Neither its value nor its name, not by another object's annotation, nor by an account that names it."""
    content = exported(api_server.access, live_objects=live_objects)
    for never in (b"the-secret", b"hunter2", b"aHVudGVyMg", b"the-registry", b"the-keys", b"token-abc"):
        assert never not in content
    assert not any(True for _ in load_snapshot(content, filled).of("", "Secret"))


def test_what_is_being_deleted_is_left_out(api_server: ApiServer, filled: str) -> None:
    """A namespace that ends takes nothing new in, so it counts as gone."""
    api_server.kubectl("patch", "configmap", "settings", "-n", filled, "-p", '{"metadata":{"finalizers":["a.b/c"]}}')
    api_server.kubectl("delete", "configmap", "settings", "-n", filled, "--wait=false")
    snapshot = load_snapshot(exported(api_server.access, live_objects=True, namespaces=[filled]), "x")
    api_server.kubectl("patch", "configmap", "settings", "-n", filled, "-p", '{"metadata":{"finalizers":null}}')
    assert list(snapshot.of("", "ConfigMap")) == []


def test_only_the_namespaces_that_are_asked_for(api_server: ApiServer, filled: str) -> None:
    """The file says which they are; one that is not there is not in it."""
    snapshot = load_snapshot(exported(api_server.access, namespaces=[filled, "nowhere"]), "x")
    assert snapshot.namespaces == frozenset({filled, "nowhere"})
    assert [each["metadata"]["name"] for each in snapshot.of("", "Namespace")] == [filled]
    assert {each["metadata"]["namespace"] for each in snapshot.of("", "ServiceAccount")} == {filled}


def test_what_the_account_may_not_read_is_named(api_server: ApiServer, namespace: str) -> None:
    """A snapshot of an account without rights says what it lacks, and never who asked."""
    nobody = (("Impersonate-User", "snapshot-nobody"), ("Impersonate-Group", "system:authenticated"))
    access = replace(api_server.access, impersonate=nobody)
    content = exported(access)
    snapshot = load_snapshot(content, "x")
    assert Missing("namespaces", "this account may not read them") in snapshot.missing
    assert Missing("storageclasses.storage.k8s.io", "this account may not read them") in snapshot.missing
    assert snapshot.component("apps/v1", "Deployment") is not None
    assert snapshot.objects == ()
    assert b"snapshot-nobody" not in content
    narrow = load_snapshot(exported(access, namespaces=[namespace]), "x")
    assert Missing(f"the namespace {namespace}", "this account may not read them") in narrow.missing
    assert Missing(f"resourcequotas of the namespace {namespace}", "this account may not read them") in narrow.missing


def test_the_account_with_the_least_rights_may_read_it_all(api_server: ApiServer, namespace: str) -> None:
    """Who may dry-run and nothing else may export too, with --no-secrets as well."""
    # The policy that denies the account everything but dry runs is another test's matter.
    roles = ("ClusterRole", "ClusterRoleBinding")
    objects = least_rights(Account(namespace, "gate"), {}, secrets=False)
    items = [one for one in objects if one["kind"] in roles]
    wanted = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    api_server.kubectl("apply", "-f", "-", stdin=wanted)
    try:
        snapshot = load_snapshot(exported(api_server.account(namespace, "gate")), "x")
    finally:
        api_server.kubectl("delete", "--wait=false", "-f", "-", stdin=wanted)
    assert snapshot.missing == ()


def test_a_kind_whose_definition_cannot_be_read_is_described_by_what_is_published(
    api_server: ApiServer, filled: str
) -> None:
    """The schemas of custom kinds come from the definitions, and from OpenAPI where those are not to be had."""
    place = f"apis/{filled}.example.com/v1"
    for _ in range(300):  # a server publishes a new kind some moments after it serves it
        if place in json.loads(api_server.kubectl("get", "--raw", "/openapi/v3"))["paths"]:
            break
        time.sleep(0.1)
    nobody = (("Impersonate-User", "snapshot-nobody"), ("Impersonate-Group", "system:authenticated"))
    snapshot = load_snapshot(exported(replace(api_server.access, impersonate=nobody)), "x")
    name = snapshot.component(f"{filled}.example.com/v1", "Gear")
    assert name is not None
    spec = snapshot.components(f"{filled}.example.com/v1")[name]["properties"]["spec"]
    assert spec["properties"]["size"] == {"type": "integer", "maximum": 10}
