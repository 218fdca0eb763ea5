"""What a real API server answers to a dry run, row by row, and how each answer is read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from gategit.checks.dry_run.answers import Reading, ReadingKind, read_answer
from gategit.cluster.access import Access
from gategit.cluster.answer import Answer
from gategit.cluster.client import Client
from gategit.model import format_path
from tests.api_server import ApiServer

Object = dict[str, Any]
Shown = list[tuple[str, str, str]]

APPLY = "application/apply-patch+yaml"
DRY = {"dryRun": "All", "fieldManager": "gategit", "fieldValidation": "Strict"}
PLURALS = {
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "CSIDriver": "/apis/storage.k8s.io/v1/csidrivers",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "Endpoints": "/api/v1/namespaces/{}/endpoints",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/{}/ingresses",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
    "LimitRange": "/api/v1/namespaces/{}/limitranges",
    "Namespace": "/api/v1/namespaces",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "PersistentVolume": "/api/v1/persistentvolumes",
    "PersistentVolumeClaim": "/api/v1/namespaces/{}/persistentvolumeclaims",
    "Pod": "/api/v1/namespaces/{}/pods",
    "PriorityClass": "/apis/scheduling.k8s.io/v1/priorityclasses",
    "ResourceQuota": "/api/v1/namespaces/{}/resourcequotas",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
    "Secret": "/api/v1/namespaces/{}/secrets",
    "Service": "/api/v1/namespaces/{}/services",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
    "StorageClass": "/apis/storage.k8s.io/v1/storageclasses",
    "ValidatingAdmissionPolicy": "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
    "ValidatingWebhookConfiguration": "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "Widget": "/apis/rows.example.com/v1/namespaces/{}/widgets",
}


def an(kind: str, name: str, **parts: Any) -> Object:
    """An object of a kind, without a namespace."""
    path = PLURALS[kind].removeprefix("/apis/").removeprefix("/api/")
    api_version = "/".join(path.split("/")[: 1 if PLURALS[kind].startswith("/api/") else 2])
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **parts}


def pod_spec(**container: Any) -> Object:
    """What a Pod with the containers ``side`` and ``c`` is like; the parts are the second one's."""
    return {"containers": [{"name": "side", "image": "side:1"}, {"name": "c", "image": "nginx:1.27", **container}]}


def deployment(name: str = "web", *, spec: Mapping[str, Any] = {}, labels: Any = None, **container: Any) -> Object:
    """A Deployment whose second container, ``c``, has some more parts."""
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod_spec(**container)}
    return an(
        "Deployment",
        name,
        spec={"replicas": 1, "selector": {"matchLabels": labels or {"app": "web"}}, "template": template, **spec},
    )


def pod(name: str = "p", *, spec: Mapping[str, Any] = {}, **container: Any) -> Object:
    """A Pod of one container, ``c``, that wants no token."""
    containers = [{"name": "c", "image": "nginx:1.27", **container}]
    return an("Pod", name, spec={"automountServiceAccountToken": False, "containers": containers, **spec})


def path_of(one: Object, namespace: str) -> str:
    """The collection of an object."""
    return PLURALS[one["kind"]].format(one["metadata"].get("namespace", namespace))


class Server:
    """The server, asked in one namespace.

    Attributes:
        api: as the administrator.
        namespace: the namespace.
    """

    def __init__(self, api: ApiServer, namespace: str) -> None:
        self.api = api
        self.namespace = namespace

    def send(self, method: str, path: str, access: Access | None = None, **parts: Any) -> Answer:
        """One request of the real client."""

        async def one() -> Answer:
            async with Client(access or self.api.access) as client:
                return await client.send(method, path, **parts)

        return asyncio.run(one())

    def make(self, *objects: Object, manager: str = "maker") -> None:
        """Apply objects for real."""
        for one in objects:
            path = f"{path_of(one, self.namespace)}/{one['metadata']['name']}"
            query = {"fieldManager": manager, "force": "true"}
            answer = self.send("PATCH", path, query=query, body=one, content_type=APPLY)
            assert answer.ok, answer.body

    def apply(self, one: Object, access: Access | None = None, **query: str) -> Reading:
        """The reading of a server-side apply as a dry run."""
        path = f"{path_of(one, self.namespace)}/{one['metadata']['name']}"
        wanted = {**DRY, "force": "true", **query}
        return read_answer(self.send("PATCH", path, access, query=wanted, body=one, content_type=APPLY), one)

    def create(self, one: Object, **query: str) -> Reading:
        """The reading of a create as a dry run."""
        return read_answer(self.send("POST", path_of(one, self.namespace), query={**DRY, **query}, body=one), one)

    def delete(self, one: Object) -> Reading:
        """The reading of a delete as a dry run."""
        path = f"{path_of(one, self.namespace)}/{one['metadata']['name']}"
        return read_answer(self.send("DELETE", path, query={"dryRun": "All"}), one)


@pytest.fixture
def server(api_server: ApiServer, namespace: str) -> Server:
    """The server with a namespace of the test's own."""
    return Server(api_server, namespace)


def shown(reading: Reading) -> Shown:
    """The problems of an answer: rule, path, and the words after it."""
    places = [(one, format_path(one.path)) for one in reading.problems]
    return [(one.rule, path, one.message.removeprefix(f"{path}: ")) for one, path in places]


def rejected(reading: Reading) -> Shown:
    """The problems of an answer that rejects."""
    assert reading.kind is ReadingKind.REJECTED, reading
    return shown(reading)


CONTAINER = "spec.template.spec.containers[1]"


# --- accepted ---------------------------------------------------------------------------------------------------------


def test_a_new_object_is_accepted(server: Server) -> None:
    """201: nothing is said."""
    assert server.apply(deployment()) == Reading(ReadingKind.ACCEPTED)
    assert server.create(deployment()) == Reading(ReadingKind.ACCEPTED)


def test_a_live_object_is_accepted_by_apply_and_exists_for_create(server: Server) -> None:
    """200 for the one, 409 for the other."""
    server.make(deployment())
    assert server.apply(deployment()).kind is ReadingKind.ACCEPTED
    reading = server.create(deployment())
    assert (reading.kind, reading.message) == (ReadingKind.EXISTS, 'deployments.apps "web" already exists')


def test_nulls_as_generators_write_them_are_accepted(server: Server) -> None:
    """`creationTimestamp: null`, `status: {}` and the like are no problem."""
    one = deployment(env=None, resources={})
    one["metadata"]["creationTimestamp"] = None
    one["status"] = {}
    assert server.apply(one).kind is ReadingKind.ACCEPTED


# --- what cannot be decoded: both ways of asking say the same ---------------------------------------------------------

MANGLED: dict[str, tuple[Object, Shown]] = {
    "unknown field": (
        deployment(spec={"replicass": 3}),
        [("dry-run-rejected", "spec.replicass", "unknown field spec.replicass")],
    ),
    "unknown nested field": (
        deployment(imagePullPolicyy="Always"),
        [
            (
                "dry-run-rejected",
                f"{CONTAINER}.imagePullPolicyy",
                f"unknown field {CONTAINER}.imagePullPolicyy",
            )
        ],
    ),
    "integer for a string": (
        deployment(env=[{"name": "A", "value": 1}]),
        [
            (
                "dry-run-rejected",
                f"{CONTAINER}.env[0].value",
                "expected a string, got the number 1",
            )
        ],
    ),
    "boolean in a ConfigMap": (
        an("ConfigMap", "b", data={"x": "1", "app.conf": True}),
        [
            (
                "dry-run-rejected",
                'data["app.conf"]',
                "expected a string, got the boolean true",
            )
        ],
    ),
    "mapping for a list": (
        deployment(ports={"containerPort": 80}),
        [("dry-run-rejected", f"{CONTAINER}.ports", "expected a list, got a mapping")],
    ),
    "string for an item": (
        deployment(ports=[{"containerPort": 80}, "81"]),
        [
            (
                "dry-run-rejected",
                f"{CONTAINER}.ports[1]",
                'expected a mapping, got the string "81"',
            )
        ],
    ),
    "bad quantity": (
        deployment(resources={"requests": {"cpu": "100m"}, "limits": {"cpu": "1x"}}),
        [
            (
                "dry-run-rejected",
                f"{CONTAINER}.resources.limits.cpu",
                'the string "1x" is no quantity such as 100m or 1.5Gi',
            )
        ],
    ),
    "bad time": (
        an("ConfigMap", "t", metadata={"name": "t", "creationTimestamp": "yesterday"}),
        [
            (
                "dry-run-rejected",
                "metadata.creationTimestamp",
                ('parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"'),
            )
        ],
    ),
    "bad base64": (
        an("Secret", "s", data={"good": "Z29vZA==", "password": "hunter2!"}),
        [("dry-run-rejected", "data.password", "a string is not base64")],
    ),
    "number in a Secret": (
        an("Secret", "s", stringData={"pin": 123456}),
        [("dry-run-rejected", "stringData.pin", "expected a string, got a number")],
    ),
}


@pytest.mark.parametrize(("one", "expected"), MANGLED.values(), ids=list(MANGLED))
def test_what_cannot_be_decoded_is_told_alike(server: Server, one: Object, expected: Shown) -> None:
    """A 500 of server-side apply, which may have left problems out, and the 400 of a create, which lists them."""
    applied, created = server.apply(one), server.create(one)
    assert (rejected(applied), applied.partial) == (expected, True)
    assert (rejected(created), created.partial) == (expected, False)


def test_a_wrong_number_is_told_by_each_in_its_words(server: Server) -> None:
    """The two know different types."""
    one = deployment(spec={"replicas": "three"})
    said = [("dry-run-rejected", "spec.replicas", 'expected a number, got the string "three"')]
    assert rejected(server.apply(one)) == said
    assert rejected(server.create(one)) == [(*said[0][:2], 'expected an integer, got the string "three"')]


def test_a_create_lists_every_unknown_field(server: Server) -> None:
    """Server-side apply stops at the first; the reading says that there may be more."""
    one = deployment(spec={"replicass": 3}, imagePullPolicyy="Always")
    assert server.apply(one).partial
    assert {path for _, path, _ in rejected(server.create(one))} == {"spec.replicass", f"{CONTAINER}.imagePullPolicyy"}


def test_an_update_says_what_a_create_says(server: Server) -> None:
    """400 as well."""
    server.make(an("ConfigMap", "c", data={"a": "1"}))
    one = an("ConfigMap", "c", data={"a": "1"}, dta={})
    path = f"{path_of(one, server.namespace)}/c"
    reading = read_answer(server.send("PUT", path, query=DRY, body=one), one)
    assert rejected(reading) == [("dry-run-rejected", "dta", "unknown field dta")]


@pytest.mark.parametrize("validation", ["Warn", "Ignore"])
def test_server_side_apply_refuses_unknown_fields_whatever_it_is_told(server: Server, validation: str) -> None:
    """The same 500 for every fieldValidation."""
    reading = server.apply(deployment(spec={"replicass": 3}), fieldValidation=validation)
    assert [path for _, path, _ in rejected(reading)] == ["spec.replicass"]


def test_an_unknown_field_that_is_only_warned_of(server: Server) -> None:
    """A create with fieldValidation=Warn is accepted, with a header."""
    reading = server.create(deployment(spec={"replicass": 3}), fieldValidation="Warn")
    assert (reading.kind, shown(reading)) == (
        ReadingKind.ACCEPTED,
        [("api-warning", "spec.replicass", "unknown field spec.replicass")],
    )


def test_a_key_that_is_set_twice_in_yaml(server: Server) -> None:
    """The body is sent as YAML, which our decoder would not let through."""
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a: '1'\n  a: '2'\n"
    path = f"{path_of(an('ConfigMap', 'c'), server.namespace)}/c"
    answer = server.send("PATCH", path, query={**DRY, "force": "true"}, body=body, content_type=APPLY)
    assert rejected(read_answer(answer, an("ConfigMap", "c"))) == [("dry-run-rejected", "", 'the key "a" is set twice')]


@pytest.mark.parametrize(
    ("part", "key", "index"),
    [
        ({"env": [{"name": "A", "value": "1"}, {"name": "B"}, {"name": "A", "value": "2"}]}, 'name="A"', 2),
        ({"ports": [{"containerPort": 80}, {"containerPort": 80}]}, 'containerPort=80,protocol="TCP"', 1),
    ],
    ids=["env", "ports"],
)
def test_a_list_entry_that_is_there_twice(server: Server, part: Object, key: str, index: int) -> None:
    """Server-side apply refuses it, at the second entry; a create warns of it at the same place."""
    (name,) = part
    one = deployment(**part)
    assert rejected(server.apply(one)) == [
        ("dry-run-rejected", f"{CONTAINER}.{name}[{index}]", f"{CONTAINER}.{name} has two entries with {key}")
    ]
    created = server.create(one)
    assert created.kind is ReadingKind.ACCEPTED
    assert [(rule, path) for rule, path, _ in shown(created)] == [("api-warning", f"{CONTAINER}.{name}[{index}]")]


# --- what is decoded and invalid --------------------------------------------------------------------------------------

INVALID: dict[str, tuple[Object, Shown]] = {
    "two values out of range": (
        deployment(spec={"replicas": -1}, ports=[{"containerPort": 80}, {"containerPort": 70000}]),
        [
            (
                "dry-run-rejected",
                "spec.replicas",
                "Invalid value: -1: must be greater than or equal to 0",
            ),
            (
                "dry-run-rejected",
                f"{CONTAINER}.ports[1].containerPort",
                "Invalid value: 70000: must be between 1 and 65535, inclusive",
            ),
        ],
    ),
    "unsupported value": (
        deployment(imagePullPolicy="Sometimes"),
        [
            (
                "dry-run-rejected",
                f"{CONTAINER}.imagePullPolicy",
                ('Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"'),
            )
        ],
    ),
    "selector and labels": (
        deployment(labels={"app": "else"}),
        [
            (
                "dry-run-rejected",
                "spec.template.metadata.labels",
                ('Invalid value: {"app":"web"}: `selector` does not match template `labels`'),
            )
        ],
    ),
    "bad name": (
        an("ConfigMap", "Bad_Name"),
        [
            (
                "dry-run-rejected",
                "metadata.name",
                (
                    'Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of lower case '
                    "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character "
                    "(pattern [a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)"
                ),
            )
        ],
    ),
    "bad label value": (
        an("ConfigMap", "l", metadata={"name": "l", "labels": {"good": "x", "app.example.com/part": "not ok!"}}),
        [
            (
                "dry-run-rejected",
                'metadata.labels["app.example.com/part"]',
                (
                    'Invalid value: "not ok!": a valid label must be an empty '
                    "string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
                    "alphanumeric character (pattern (([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?)"
                ),
            )
        ],
    ),
    "required field": (
        an("Pod", "p", spec={"automountServiceAccountToken": False}),
        [("dry-run-rejected", "spec.containers", "Required value")],
    ),
    "request over its limit": (
        deployment(resources={"limits": {"cpu": "1"}, "requests": {"cpu": "2", "memory": "1Gi"}}),
        [
            (
                "dry-run-rejected",
                f"{CONTAINER}.resources.requests.cpu",
                'Invalid value: "2": must be less than or equal to cpu limit of 1',
            )
        ],
    ),
    "key of a ConfigMap": (
        an("ConfigMap", "c", data={"a b": "1"}),
        [
            (
                "dry-run-rejected",
                'data["a b"]',
                (
                    'Invalid value: "a b": a valid config key must consist of alphanumeric characters, '
                    "'-', '_' or '.' (pattern [-._a-zA-Z0-9]+)"
                ),
            )
        ],
    ),
    "key of a Secret": (
        an("Secret", "s", stringData={"a b": "hunter2"}),
        [
            (
                "dry-run-rejected",
                'stringData["a b"]',
                (
                    "Invalid value: (secret value): a valid config key must consist of alphanumeric "
                    "characters, '-', '_' or '.' (pattern [-._a-zA-Z0-9]+)"
                ),
            )
        ],
    ),
    "missing key of a Secret": (
        an("Secret", "s", type="kubernetes.io/tls", stringData={"tls.crt": "hunter2"}),
        [("dry-run-rejected", 'stringData["tls.key"]', "Required value")],
    ),
    "content of a Secret": (
        an("Secret", "s", type="kubernetes.io/dockerconfigjson", stringData={".dockerconfigjson": "hunter2"}),
        [
            (
                "dry-run-rejected",
                'stringData[".dockerconfigjson"]',
                ("Invalid value: (secret value): invalid character looking for beginning of value"),
            )
        ],
    ),
    "rules": (
        an("ClusterRole", "rows", rules=[{"apiGroups": [""], "resources": ["pods"]}]),
        [
            (
                "dry-run-rejected",
                "rules[0].verbs",
                "Required value: verbs must contain at least one value",
            )
        ],
    ),
    "a ConfigMap over 1 MiB": (
        an("ConfigMap", "big", data={"a": "x" * 1_100_000}),
        [("dry-run-rejected", "", "Too long: may not be more than 1048576 bytes")],
    ),
}


@pytest.mark.parametrize(("one", "expected"), INVALID.values(), ids=list(INVALID))
def test_invalid_fields(server: Server, one: Object, expected: Shown) -> None:
    """422, with a cause for each field; a create says the same."""
    applied = server.apply(one)
    assert (rejected(applied), applied.partial) == (expected, False)
    assert rejected(server.create(one)) == expected


def test_a_list_index_of_the_merged_object_is_brought_back_to_the_manifest_s(server: Server) -> None:
    """Server-side apply counts the items of other managers too; the value tells which item is meant."""
    live = an("Service", "web", spec={"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]})
    server.make(live, manager="other")
    bad = an("Service", "web", spec={"ports": [{"name": "c", "port": 82, "nodePort": 1, "protocol": "TCP"}]})
    assert [path for _, path, _ in rejected(server.apply(bad))] == ["spec.ports[0].nodePort"]
    lacking = deployment("new", env=[{"value": "n"}])
    server.make(deployment("new", env=[{"name": "X", "value": "1"}]), manager="other")
    assert rejected(server.apply(lacking)) == [("dry-run-rejected", f"{CONTAINER}.env[0].name", "Required value")]


def test_a_node_port_that_is_taken(server: Server) -> None:
    """Only the real server knows."""
    free = an("Service", "web", spec={"type": "NodePort", "ports": [{"port": 80}]})
    server.make(free)
    taken = server.api.send("GET", f"{path_of(free, server.namespace)}/web")["spec"]["ports"][0]["nodePort"]
    other = an("Service", "other", spec={"type": "NodePort", "ports": [{"port": 80, "nodePort": taken}]})
    assert rejected(server.apply(other)) == [
        (
            "dry-run-rejected",
            "spec.ports[0].nodePort",
            f"Invalid value: {taken}: provided port is already allocated",
        )
    ]


def test_a_body_over_the_limit(server: Server) -> None:
    """413 is the object's fault."""
    reading = server.apply(an("ConfigMap", "big", data={"a": "x" * 3_200_000}))
    assert rejected(reading) == [("dry-run-rejected", "", "Request entity too large: limit is 3145728")]


# --- immutable fields -------------------------------------------------------------------------------------------------


def claim(size: str) -> Object:
    """A volume claim template."""
    resources = {"requests": {"storage": size}}
    return {"metadata": {"name": "d"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": resources}}


def stateful_set(size: str) -> Object:
    """A StatefulSet with one volume claim template."""
    template = {"metadata": {"labels": {"app": "db"}}, "spec": pod_spec()}
    selector = {"matchLabels": {"app": "db"}}
    parts = {"selector": selector, "serviceName": "db", "template": template, "volumeClaimTemplates": [claim(size)]}
    return an("StatefulSet", "db", spec=parts)


def job(image: str) -> Object:
    """A Job of one container."""
    return an(
        "Job",
        "j",
        spec={"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": image}]}}},
    )


def binding(role: str) -> Object:
    """A RoleBinding without subjects."""
    return an("RoleBinding", "b", roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role})


IMMUTABLE: dict[str, tuple[Object, Object, Shown]] = {
    "selector of a Deployment": (
        deployment(),
        deployment(
            spec={"template": {"metadata": {"labels": {"app": "web2"}}, "spec": pod_spec()}}, labels={"app": "web2"}
        ),
        [
            (
                "immutable-field",
                "spec.selector",
                'Invalid value: {"matchLabels":{"app":"web2"}}: field is immutable',
            )
        ],
    ),
    "address of a Service": (
        an("Service", "web", spec={"ports": [{"port": 80}]}),
        an("Service", "web", spec={"ports": [{"port": 80}], "clusterIP": "None"}),
        [
            (
                "immutable-field",
                "spec.clusterIP",
                'Invalid value: ["None"]: may not change once set',
            )
        ],
    ),
    "data of a ConfigMap": (
        an("ConfigMap", "frozen", data={"a": "1"}, immutable=True),
        an("ConfigMap", "frozen", data={"a": "2"}, immutable=True),
        [("immutable-field", "data", "Forbidden: field is immutable when `immutable` is set")],
    ),
    "data of a Secret": (
        an("Secret", "frozen", stringData={"a": "hunter2"}, immutable=True),
        an("Secret", "frozen", stringData={"a": "hunter3"}, immutable=True),
        [("immutable-field", "stringData", "Forbidden: field is immutable when `immutable` is set")],
    ),
    "type of a Secret": (
        an("Secret", "s", type="Opaque"),
        an("Secret", "s", type="example.com/other"),
        [("immutable-field", "type", 'Invalid value: "example.com/other": field is immutable')],
    ),
    "claims of a StatefulSet": (
        stateful_set("1Gi"),
        stateful_set("2Gi"),
        [
            (
                "immutable-field",
                "spec",
                (
                    "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
                    "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
                    "'minReadySeconds' are forbidden"
                ),
            )
        ],
    ),
    "template of a Job": (
        job("x:1"),
        job("x:2"),
        [("immutable-field", "spec.template", "field is immutable")],
    ),
    "role of a binding": (
        binding("viewer"),
        binding("editor"),
        [
            (
                "immutable-field",
                "roleRef",
                (
                    'Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"editor"}: '
                    "cannot change roleRef"
                ),
            )
        ],
    ),
    "size of a claim": (
        an("PersistentVolumeClaim", "d", spec=claim("1Gi")["spec"]),
        an("PersistentVolumeClaim", "d", spec=claim("2Gi")["spec"]),
        [
            (
                "immutable-field",
                "spec.resources.requests.storage",
                (
                    "Forbidden: spec is immutable after creation except "
                    "resources.requests and volumeAttributesClassName for bound claims"
                ),
            )
        ],
    ),
    "network of a Pod": (
        pod(),
        pod(spec={"hostNetwork": True}),
        [
            (
                "immutable-field",
                "spec.hostNetwork",
                (
                    "Forbidden: pod updates may not change fields other than "
                    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
                    "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
                    "(allow it to be set to 1 if it was previously negative)"
                ),
            )
        ],
    ),
    "uid": (
        an("ConfigMap", "c"),
        an("ConfigMap", "c", metadata={"name": "c", "uid": "11111111-2222-3333-4444-555555555555"}),
        [
            (
                "immutable-field",
                "metadata.uid",
                'Invalid value: "11111111-2222-3333-4444-555555555555": field is immutable',
            )
        ],
    ),
}


@pytest.mark.parametrize(("live", "one", "expected"), IMMUTABLE.values(), ids=list(IMMUTABLE))
def test_immutable_fields(server: Server, live: Object, one: Object, expected: Shown) -> None:
    """422, in many words, all meaning that the field cannot change; and there is advice for the kind."""
    server.make(live)
    reading = server.apply(one)
    assert rejected(reading) == expected
    assert all(problem.help for problem in reading.problems)
    assert rejected(server.apply(one, fieldManager="maker")) == expected


CLUSTER_WIDE: dict[str, tuple[Object, Object, Shown]] = {
    "parameters of a StorageClass": (
        an("StorageClass", "", provisioner="x.example.com", parameters={"a": "1"}),
        an("StorageClass", "", provisioner="x.example.com", parameters={"a": "2"}),
        [("immutable-field", "parameters", 'Invalid value: {"a":"2"}: field is immutable')],
    ),
    "value of a PriorityClass": (
        an("PriorityClass", "", value=10),
        an("PriorityClass", "", value=11),
        [("immutable-field", "value", "Forbidden: may not be changed in an update.")],
    ),
    "source of a volume": (
        an(
            "PersistentVolume",
            "",
            spec={"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}},
        ),
        an(
            "PersistentVolume",
            "",
            spec={"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/y"}},
        ),
        [
            (
                "immutable-field",
                "spec.hostPath.path",
                "Forbidden: spec.persistentvolumesource is immutable after creation",
            )
        ],
    ),
    "mode of a volume": (
        an(
            "PersistentVolume",
            "",
            spec={"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}},
        ),
        an(
            "PersistentVolume",
            "",
            spec={
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteOnce"],
                "hostPath": {"path": "/x"},
                "volumeMode": "Block",
            },
        ),
        [("immutable-field", "spec.volumeMode", 'Invalid value: "Block": field is immutable')],
    ),
    "driver": (
        an("CSIDriver", "", spec={"attachRequired": True}),
        an("CSIDriver", "", spec={"attachRequired": False}),
        [("immutable-field", "spec.attachRequired", "Invalid value: false: field is immutable")],
    ),
}


@pytest.mark.parametrize(("live", "one", "expected"), CLUSTER_WIDE.values(), ids=list(CLUSTER_WIDE))
def test_immutable_fields_of_cluster_wide_objects(server: Server, live: Object, one: Object, expected: Shown) -> None:
    """Some of them are reported under a name that no manifest has."""
    named = [{**each, "metadata": {"name": f"{server.namespace}-rows"}} for each in (live, one)]
    server.make(named[0])
    assert rejected(server.apply(named[1])) == expected
