"""What a real API server answers to a dry run, row by row, and how each answer is read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gategit.checks.dry_run.admission import Missing
from gategit.checks.dry_run.answers import ManagerConflict, Reading, ReadingKind, read_answer
from gategit.checks.dry_run.rules import RULES
from gategit.cluster.access import Access
from gategit.cluster.answer import Answer
from gategit.cluster.client import Client
from gategit.manifests.decode import Limits
from gategit.manifests.file import read_file
from gategit.model import Rule, format_path
from tests.api_server import ApiServer
from tests.checks.dry_run.webhooks import configuration, webhook

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
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
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


def settled(ask: Callable[[], Reading], expected: Callable[[Reading], bool]) -> Reading:
    """Ask until what was made has come into force; the last answer, whatever it is."""
    ends = time.monotonic() + 60
    reading = ask()
    while not expected(reading) and time.monotonic() < ends:
        time.sleep(0.05)
        reading = ask()
    return reading


def is_rejected(reading: Reading) -> bool:
    """Whether a policy or a webhook is in force."""
    return reading.kind is ReadingKind.REJECTED


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


ACCEPTED = {
    "null for a list and a number": deployment(spec={"replicas": None}, env=None, ports=None),
    "a Secret with stringData": an("Secret", "s", stringData={"a": "1"}),
    "a namespace in a cluster-wide object": an("ClusterRole", "rows", metadata={"name": "rows", "namespace": "x"}),
    "an annotation of a thousand lines": an(
        "ConfigMap", "c", metadata={"name": "c", "annotations": {"a": "b\n" * 1000}}
    ),
}


@pytest.mark.parametrize("one", ACCEPTED.values(), ids=list(ACCEPTED))
def test_what_looks_odd_and_is_accepted(server: Server, one: Object) -> None:
    """Nothing is said of it."""
    assert server.apply(one) == Reading(ReadingKind.ACCEPTED)


def test_a_dry_run_leaves_nothing_behind(server: Server) -> None:
    """The namespace that was accepted is missing for what needs it, and so is the kind."""
    name = f"{server.namespace}-new"
    assert server.apply(an("Namespace", name)).kind is ReadingKind.ACCEPTED
    inside = an("ConfigMap", "c", metadata={"name": "c", "namespace": name})
    assert server.apply(inside).kind is ReadingKind.NO_NAMESPACE
    group = f"{name}.example.com"
    assert server.apply(definition(group)).kind is ReadingKind.ACCEPTED
    assert widget(server, group, {"size": 1}).kind is ReadingKind.NO_KIND


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
    assert rejected(created) == expected
    # Until every field is known, the server looks at no value.
    assert created.partial == expected[0][2].startswith("unknown field")


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


def binding(role: str, name: str = "b") -> Object:
    """A RoleBinding without subjects."""
    return an("RoleBinding", name, roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role})


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


# --- missing namespace, kind, object ----------------------------------------------------------------------------------


def test_a_namespace_that_is_missing(server: Server) -> None:
    """404, for an apply as for a create."""
    one = an("ConfigMap", "c", metadata={"name": "c", "namespace": "nowhere"})
    readings = [server.apply(one), server.create(one)]
    said = [(reading.kind, reading.message) for reading in readings]
    assert said == [(ReadingKind.NO_NAMESPACE, 'namespaces "nowhere" not found')] * 2


def test_an_object_that_is_missing(server: Server) -> None:
    """404 of a delete."""
    reading = server.delete(deployment("absent"))
    assert (reading.kind, reading.message) == (ReadingKind.NO_OBJECT, 'deployments.apps "absent" not found')


def test_a_namespace_that_is_itself_the_missing_object(server: Server) -> None:
    """The same words as for an object whose namespace is missing."""
    assert server.delete(an("Namespace", "nowhere")).kind is ReadingKind.NO_OBJECT


PLAIN = "404 page not found"
UNKNOWN = "the server could not find the requested resource"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/apis/nothere.example.com/v1/namespaces/default/gadgets/g", PLAIN),
        ("/apis/extensions/v1beta1/namespaces/default/ingresses/g", PLAIN),
        ("/apis/apps/v1/namespaces/default/gadgets/g", UNKNOWN),
        ("/apis/apps/v9/namespaces/default/deployments/g", UNKNOWN),
    ],
    ids=["group", "removed group", "resource", "version"],
)
def test_a_kind_that_is_missing(server: Server, path: str, words: str) -> None:
    """404 in plain text, or in words that name nothing."""
    one = an("ConfigMap", "g")
    answer = server.send("PATCH", path, query={**DRY, "force": "true"}, body=one, content_type=APPLY)
    reading = read_answer(answer, one)
    assert (reading.kind, reading.message) == (ReadingKind.NO_KIND, words)


def test_a_namespace_that_is_terminating(server: Server) -> None:
    """403, which is about the namespace."""
    name = f"{server.namespace}-dying"
    server.make(an("Namespace", name, metadata={"name": name, "finalizers": ["rows.example.com/never"]}))
    assert server.send("DELETE", f"/api/v1/namespaces/{name}").ok
    one = an("ConfigMap", "c", metadata={"name": "c", "namespace": name})
    reading = settled(lambda: server.apply(one), is_rejected)
    words = f"unable to create new content in namespace {name} because it is being terminated"
    assert rejected(reading) == [("dry-run-rejected", "metadata.namespace", words)]


def test_a_namespace_that_may_not_be_deleted(server: Server) -> None:
    """403 by a plugin of admission."""
    assert rejected(server.delete(an("Namespace", "default"))) == [
        ("admission-denied", "", "this namespace may not be deleted")
    ]


def test_a_deprecated_api(server: Server) -> None:
    """Accepted, with a warning at the version."""
    reading = server.apply(an("Endpoints", "e"))
    words = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
    assert (reading.kind, shown(reading)) == (ReadingKind.ACCEPTED, [("api-warning", "apiVersion", words)])


# --- custom resources -------------------------------------------------------------------------------------------------

SCHEMA: Object = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["size"],
            "x-kubernetes-validations": [
                {"rule": "!has(self.min) || self.min <= self.size", "message": "min must not exceed size"},
                {"rule": "!has(oldSelf.min) || self.min == oldSelf.min", "message": "min is immutable"},
            ],
            "properties": {
                "size": {"type": "integer", "maximum": 10},
                "min": {"type": "integer"},
                "color": {"type": "string", "enum": ["red", "green"]},
                "parts": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"weight": {"type": "number", "minimum": 1}}},
                },
            },
        }
    },
}


def definition(group: str) -> Object:
    """The definition of the kind Widget in a group."""
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": SCHEMA}}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    return an("CustomResourceDefinition", f"widgets.{group}", spec=spec)


@pytest.fixture(scope="module")
def widgets(api_server: ApiServer) -> str:
    """The group of a definition of the kind Widget, which is served."""
    server = Server(api_server, api_server.new_namespace())
    group = f"{server.namespace}.example.com"
    server.make(definition(group))
    settled(lambda: widget(server, group, {"size": 1}), lambda reading: reading.kind is ReadingKind.ACCEPTED)
    return group


def widget(server: Server, group: str, spec: Any, way: str = "apply", **query: str) -> Reading:
    """The reading for a widget."""
    one = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}
    path = f"/apis/{group}/v1/namespaces/{server.namespace}/widgets"
    if way == "create":
        return read_answer(server.send("POST", path, query=DRY, body=one), one)
    wanted = {**DRY, "force": "true", **query}
    return read_answer(server.send("PATCH", f"{path}/w", query=wanted, body=one, content_type=APPLY), one)


WIDGETS: dict[str, tuple[Object, Shown]] = {
    "values": (
        {"size": 99, "color": "blue", "parts": [{"weight": 2}, {"weight": 0}]},
        [
            ("dry-run-rejected", "spec.color", 'Unsupported value: "blue": supported values: "red", "green"'),
            (
                "dry-run-rejected",
                "spec.parts[1].weight",
                "Invalid value: 0: spec.parts[1].weight in body should be greater than or equal to 1",
            ),
            (
                "dry-run-rejected",
                "spec.size",
                "Invalid value: 99: spec.size in body should be less than or equal to 10",
            ),
        ],
    ),
    "required": ({"color": "red"}, [("dry-run-rejected", "spec.size", "Required value")]),
    "rule": ({"size": 1, "min": 2}, [("dry-run-rejected", "spec", "Invalid value: min must not exceed size")]),
}


@pytest.mark.parametrize(("spec", "expected"), WIDGETS.values(), ids=list(WIDGETS))
def test_custom_resources(server: Server, widgets: str, spec: Object, expected: Shown) -> None:
    """Each cause by itself; that some rules were not checked is no problem of the object."""
    assert sorted(rejected(widget(server, widgets, spec))) == expected
    assert sorted(rejected(widget(server, widgets, spec, "create"))) == expected


def test_custom_resources_that_cannot_be_decoded(server: Server, widgets: str) -> None:
    """The wrong type is a 500 of an apply and a 422 of a create; the unknown field a 500 and a 400."""
    wrong = {"size": "one"}
    assert rejected(widget(server, widgets, wrong)) == [
        ("dry-run-rejected", "spec.size", 'expected a number, got the string "one"')
    ]
    assert [(rule, path) for rule, path, _ in rejected(widget(server, widgets, wrong, "create"))] == [
        ("dry-run-rejected", "spec.size")
    ]
    unknown = [("dry-run-rejected", "spec.colour", "unknown field spec.colour")]
    assert rejected(widget(server, widgets, {"size": 1, "colour": "red"})) == unknown
    assert rejected(widget(server, widgets, {"size": 1, "colour": "red"}, "create")) == unknown


def test_a_rule_that_says_immutable(server: Server, widgets: str) -> None:
    """A transition rule of a definition is known by its words alone."""
    path = f"/apis/{widgets}/v1/namespaces/{server.namespace}/widgets"
    live = {"apiVersion": f"{widgets}/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 5, "min": 1}}
    assert server.send("POST", path, body=live).ok
    assert rejected(widget(server, widgets, {"size": 5, "min": 2})) == [
        ("immutable-field", "spec", "Invalid value: min is immutable")
    ]


def test_a_definition_without_a_type(server: Server) -> None:
    """The server names a place that only its own form of the object has."""
    group = f"{server.namespace}.example.com"
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"minimum": 1}}}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "gizmos", "singular": "gizmo", "kind": "Gizmo"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    found = rejected(server.apply(an("CustomResourceDefinition", f"gizmos.{group}", spec=spec)))
    place = "spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.size.type"
    assert ("dry-run-rejected", place, "Required value: must not be empty for specified object fields") in found


# --- admission --------------------------------------------------------------------------------------------------------


def policy(server: Server, name: str, validation: Object, actions: list[str]) -> None:
    """Make a ValidatingAdmissionPolicy for the test's namespace, with its binding."""
    rule = {"apiGroups": ["", "apps"], "apiVersions": ["v1"], "resources": ["*"], "operations": ["CREATE", "UPDATE"]}
    selector = {"matchLabels": {"kubernetes.io/metadata.name": server.namespace}}
    match = {"resourceRules": [rule], "namespaceSelector": selector}
    server.make(
        an("ValidatingAdmissionPolicy", name, spec={"matchConstraints": match, "validations": [validation]}),
        an("ValidatingAdmissionPolicyBinding", name, spec={"policyName": name, "validationActions": actions}),
    )


@pytest.mark.parametrize(
    ("validation", "path", "words"),
    [
        (
            {
                "expression": "object.spec.replicas <= 5",
                "messageExpression": "'at most 5, got ' + string(object.spec.replicas)",
            },
            "",
            "at most 5, got 9",
        ),
        ({"expression": "object.spec.replicas <= 5"}, "spec.replicas", "failed expression: object.spec.replicas <= 5"),
        (
            {"expression": "object.spec.replicas <= 5", "message": "set spec.template.metadata.labels.owner"},
            "spec.template.metadata.labels.owner",
            "set spec.template.metadata.labels.owner",
        ),
        (
            {"expression": "object.spec.replicas <= 5", "message": "you are not welcome", "reason": "Forbidden"},
            "",
            "you are not welcome",
        ),
        (
            {"expression": "object.spec.replicas <= 5", "message": "say less", "reason": "RequestEntityTooLarge"},
            "",
            "say less",
        ),
    ],
    ids=["words", "expression", "field", "403", "413"],
)
def test_a_policy_that_denies(server: Server, validation: Object, path: str, words: str) -> None:
    """422, or another code by its reason; at the field that its words name."""
    name = f"{server.namespace}-rows"
    policy(server, name, validation, ["Deny"])
    reading = settled(lambda: server.apply(deployment(spec={"replicas": 9})), is_rejected)
    assert rejected(reading) == [("admission-denied", path, f"the ValidatingAdmissionPolicy {name} denies it: {words}")]


def test_a_policy_that_warns(server: Server) -> None:
    """Accepted, with a warning."""
    name = f"{server.namespace}-rows"
    policy(server, name, {"expression": "false", "message": "images must not be :latest"}, ["Warn"])
    reading = settled(lambda: server.apply(deployment()), lambda reading: bool(reading.warnings))
    words = f"the ValidatingAdmissionPolicy {name} warns: images must not be :latest"
    assert (reading.kind, shown(reading)) == (ReadingKind.ACCEPTED, [("api-warning", "", words)])


STANDARD = [
    (
        "containers[1].securityContext.allowPrivilegeEscalation",
        (
            'allowPrivilegeEscalation != false (containers "side", "c" must set '
            "securityContext.allowPrivilegeEscalation=false)"
        ),
    ),
    (
        "containers[1].securityContext.capabilities.drop",
        'unrestricted capabilities (containers "side", "c" must set securityContext.capabilities.drop=["ALL"])',
    ),
    (
        "containers[1].securityContext.runAsNonRoot",
        'runAsNonRoot != true (pod or containers "side", "c" must set securityContext.runAsNonRoot=true)',
    ),
    (
        "containers[1].securityContext.seccompProfile.type",
        (
            'seccompProfile (pod or containers "side", "c" must set securityContext.seccompProfile.type to '
            '"RuntimeDefault" or "Localhost")'
        ),
    ),
]


def test_the_pod_security_standards(api_server: ApiServer) -> None:
    """403 for a Pod, each complaint at each of its containers."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    server = Server(api_server, api_server.new_namespace(labels=labels))
    spec = {"automountServiceAccountToken": False, **pod_spec(), "hostNetwork": True}
    spec["volumes"] = [{"name": "a", "emptyDir": {}}, {"name": "b", "hostPath": {"path": "/"}}]
    found = rejected(server.apply(an("Pod", "p", spec=spec)))
    start = 'violates PodSecurity "restricted:latest": '
    assert {(rule, words.startswith(start)) for rule, _, words in found} == {("admission-denied", True)}
    places = [(path, words.removeprefix(start)) for _, path, words in found]
    assert ("spec.hostNetwork", "host namespaces (hostNetwork=true)") in places
    assert [path for path, _ in places if path.startswith("spec.volumes")] == ["spec.volumes[1]"]
    assert [place for place in places if place[0].startswith("spec.containers[1]")] == [
        (f"spec.{path}", words) for path, words in STANDARD
    ]
    assert len([path for path, _ in places if path.startswith("spec.containers[0]")]) == 4


def test_the_pod_security_standards_as_a_warning(api_server: ApiServer) -> None:
    """A Deployment is accepted, and its Pods will not be."""
    server = Server(api_server, api_server.new_namespace(labels={"pod-security.kubernetes.io/warn": "restricted"}))
    reading = server.apply(deployment())
    assert reading.kind is ReadingKind.ACCEPTED
    start = 'would violate PodSecurity "restricted:latest": '
    assert [one for one in shown(reading) if one[1].startswith(CONTAINER)] == [
        ("api-warning", f"spec.template.spec.{path}", f"{start}{words}") for path, words in STANDARD
    ]


def test_limit_ranges(server: Server) -> None:
    """Every limit that is broken, at its container."""
    limits = [{"type": "Container", "max": {"cpu": "1"}, "min": {"cpu": "100m"}}]
    server.make(an("LimitRange", "l", spec={"limits": limits}))
    one = pod(resources={"limits": {"cpu": "2"}})
    one["spec"]["containers"].append({"name": "d", "image": "x:1", "resources": {"requests": {"cpu": "10m"}}})
    reading = settled(lambda: server.apply(one), is_rejected)
    assert rejected(reading) == [
        (
            "admission-denied",
            "spec.containers[0].resources.limits.cpu",
            "maximum cpu usage per Container is 1, but limit is 2",
        ),
        (
            "admission-denied",
            "spec.containers[1].resources.requests.cpu",
            "minimum cpu usage per Container is 100m, but request is 10m",
        ),
    ]


MISSING = {
    "service account": (
        pod(spec={"automountServiceAccountToken": True, "serviceAccountName": "nobody"}),
        "spec.serviceAccountName",
        Missing("ServiceAccount", "nobody"),
    ),
    "priority class": (
        pod(spec={"priorityClassName": "nope"}),
        "spec.priorityClassName",
        Missing("PriorityClass", "nope"),
    ),
    "runtime class": (
        pod(spec={"runtimeClassName": "nope"}),
        "spec.runtimeClassName",
        Missing("RuntimeClass", "nope"),
    ),
}


@pytest.mark.parametrize(("one", "path", "missing"), MISSING.values(), ids=list(MISSING))
def test_a_pod_that_needs_what_is_not_there(server: Server, one: Object, path: str, missing: Missing) -> None:
    """403, and the reading says what is missing."""
    reading = server.apply(one)
    assert [(rule, place) for rule, place, _ in rejected(reading)] == [("admission-denied", path)]
    assert reading.missing == (missing,)


def test_a_name_that_is_to_be_generated(server: Server) -> None:
    """The answer may not know it yet."""
    one = pod(spec={"priorityClassName": "nope"})
    one["metadata"] = {"generateName": "p-"}
    reading = server.create(one)
    assert [(rule, place) for rule, place, _ in rejected(reading)] == [("admission-denied", "spec.priorityClassName")]


# --- webhooks ---------------------------------------------------------------------------------------------------------


def judge(request: Object) -> Object:
    """What the test's webhook says of a ConfigMap."""
    data = (request.get("object") or {}).get("data", {})
    status = {"code": int(data.get("code", "403")), "message": data.get("deny", "")}
    if "field" in data:
        status["details"] = {"causes": [{"reason": "FieldValueInvalid", "message": "no good", "field": data["field"]}]}
    return {
        "allowed": "deny" not in data,
        "warnings": [data["warn"]] if "warn" in data else [],
        **({"status": status} if "deny" in data else {}),
    }


@pytest.fixture
def hooked(server: Server, tmp_path: Path) -> Iterator[Server]:
    """The server with a webhook for the ConfigMaps of the test's namespace, in force."""
    name = f"{server.namespace}.example.com"
    with webhook(tmp_path / "webhook", judge) as client:
        server.make(configuration(name, server.namespace, client))
        try:
            probe = an("ConfigMap", "probe", data={"deny": "in force"})
            settled(lambda: server.apply(probe), is_rejected)
            yield server
        finally:
            server.send("DELETE", f"{PLURALS['ValidatingWebhookConfiguration']}/{name}")


@pytest.mark.parametrize("code", ["400", "401", "403", "404", "409", "422", "500"])
def test_a_webhook_that_denies(hooked: Server, code: str) -> None:
    """Whatever code it chooses; at the field that its words name."""
    words = "metadata.labels.owner is missing\n- ask \u202ethe owner"
    reading = hooked.apply(
        an("ConfigMap", "c", data={"deny": words, "code": code}, metadata={"name": "c", "labels": {}})
    )
    name = f"{hooked.namespace}.example.com"
    said = f'the admission webhook "{name}" denies it: metadata.labels.owner is missing - ask \u202ethe owner'
    assert rejected(reading) == [("admission-denied", "metadata.labels.owner", said)]


def test_a_webhook_that_names_fields(hooked: Server) -> None:
    """Its causes are at their fields."""
    reading = hooked.apply(an("ConfigMap", "c", data={"deny": "invalid", "code": "422", "field": "data.field"}))
    said = f'no good (says the admission webhook "{hooked.namespace}.example.com")'
    assert rejected(reading) == [("admission-denied", "data.field", said)]


def test_a_webhook_that_warns(hooked: Server) -> None:
    """Accepted, with its words."""
    reading = hooked.apply(an("ConfigMap", "c", data={"warn": "prefer a newer base image"}))
    assert (reading.kind, shown(reading)) == (
        ReadingKind.ACCEPTED,
        [("api-warning", "", "prefer a newer base image")],
    )


def unanswered(server: Server, hook: Object) -> Reading:
    """What is said of a ConfigMap while a webhook cannot answer."""
    name = hook["metadata"]["name"]
    server.make(hook)
    try:
        return settled(
            lambda: server.apply(an("ConfigMap", "c")), lambda reading: reading.kind is ReadingKind.UNANSWERED
        )
    finally:
        server.send("DELETE", f"{PLURALS['ValidatingWebhookConfiguration']}/{name}")


def test_a_webhook_that_is_gone(server: Server) -> None:
    """500, which is no fault of the object."""
    name = f"{server.namespace}.example.com"
    reading = unanswered(server, configuration(name, server.namespace, {"url": "https://127.0.0.1:1/"}))
    assert (reading.kind, reading.problems) == (ReadingKind.UNANSWERED, ())
    assert reading.message.startswith(f'Internal error occurred: failed calling webhook "{name}": failed to call')


def test_a_webhook_that_is_too_slow(server: Server, tmp_path: Path) -> None:
    """The same."""

    def sleep(_: Object) -> Object:
        time.sleep(3)
        return {}

    name = f"{server.namespace}.example.com"
    with webhook(tmp_path / "webhook", sleep) as client:
        reading = unanswered(server, configuration(name, server.namespace, client, timeoutSeconds=1))
    assert (reading.kind, reading.problems) == (ReadingKind.UNANSWERED, ())
    assert "context deadline exceeded" in reading.message


def test_a_webhook_that_spares_dry_runs_its_side_effects(server: Server, tmp_path: Path) -> None:
    """The server asks it in a dry run too, and says that it is one."""

    def deny(request: Object) -> Object:
        return {"allowed": False, "status": {"message": f"dryRun is {request['dryRun']}"}}

    name = f"{server.namespace}.example.com"
    with webhook(tmp_path / "webhook", deny) as client:
        server.make(configuration(name, server.namespace, client, sideEffects="NoneOnDryRun"))
        try:
            reading = settled(lambda: server.apply(an("ConfigMap", "c")), is_rejected)
        finally:
            server.send("DELETE", f"{PLURALS['ValidatingWebhookConfiguration']}/{name}")
    assert rejected(reading) == [("admission-denied", "", f'the admission webhook "{name}" denies it: dryRun is True')]


# --- quotas -----------------------------------------------------------------------------------------------------------


def quota(server: Server, hard: Mapping[str, str], used: Mapping[str, str]) -> None:
    """Make a quota with the status that a controller would fill in."""
    one = an("ResourceQuota", "rq", spec={"hard": dict(hard)})
    server.make(one)
    path = f"{path_of(one, server.namespace)}/rq/status"
    body = {"status": {"hard": dict(hard), "used": dict(used)}}
    assert server.send("PATCH", path, body=body, content_type="application/merge-patch+json").ok


def test_a_quota_of_objects(server: Server) -> None:
    """403 about the whole object."""
    quota(server, {"configmaps": "1"}, {"configmaps": "1"})
    reading = settled(lambda: server.apply(an("ConfigMap", "c2")), is_rejected)
    words = "exceeded quota: rq, requested: configmaps=1, used: configmaps=1, limited: configmaps=1"
    assert rejected(reading) == [("quota-exceeded", "", words)]


def test_a_quota_that_no_controller_has_counted_yet(server: Server) -> None:
    """It refuses nothing."""
    server.make(an("ResourceQuota", "rq", spec={"hard": {"configmaps": "0"}}))
    assert server.create(an("ConfigMap", "c")).kind is ReadingKind.ACCEPTED


def test_a_quota_of_processors(server: Server) -> None:
    """A Pod must say what it needs, and may not need more than there is; a Deployment is not counted."""
    quota(server, {"requests.cpu": "500m"}, {"requests.cpu": "0"})
    reading = settled(lambda: server.apply(pod()), is_rejected)
    assert rejected(reading) == [
        (
            "quota-exceeded",
            "spec.containers[0].resources.requests.cpu",
            "failed quota: rq: must specify requests.cpu for container c",
        )
    ]
    words = "exceeded quota: rq, requested: requests.cpu=900m, used: requests.cpu=0, limited: requests.cpu=500m"
    assert rejected(server.apply(pod(resources={"requests": {"cpu": "900m"}}))) == [
        ("quota-exceeded", "spec.containers[0].resources.requests.cpu", words)
    ]
    assert server.apply(deployment(resources={"requests": {"cpu": "900m"}})).kind is ReadingKind.ACCEPTED


# --- server-side apply's own rules ------------------------------------------------------------------------------------


def test_conflicts_with_other_managers(server: Server) -> None:
    """409, with each manager, how it wrote the field, and the field; with force it is accepted."""
    server.make(an("ConfigMap", "c", data={"app.conf": "1"}), manager="other-tool")
    edit = {"data": {"b": "1"}}
    path = f"{path_of(an('ConfigMap', 'c'), server.namespace)}/c"
    query = {"fieldManager": "editor"}
    assert server.send("PATCH", path, query=query, body=edit, content_type="application/merge-patch+json").ok
    one = an("ConfigMap", "c", data={"app.conf": "2", "b": "2"})
    url = f"{path_of(one, server.namespace)}/c"
    silent = read_answer(server.send("PATCH", url, query=DRY, body=one, content_type=APPLY), one)
    for reading in (server.apply(one, force="false"), silent):
        assert (reading.kind, reading.problems) == (ReadingKind.CONFLICT, ())
        assert set(reading.conflicts) == {
            ManagerConflict("other-tool", "Apply", ("data", "app.conf")),
            ManagerConflict("editor", "Update", ("data", "b")),
        }
    assert server.apply(one).kind is ReadingKind.ACCEPTED


def test_a_conflict_in_a_list(server: Server) -> None:
    """The item is named by its key; the path has the manifest's index."""
    server.make(deployment(env=[{"name": "A", "value": "1"}]), manager="other-tool")
    one = deployment(env=[{"name": "Z", "value": "0"}, {"name": "A", "value": "2"}])
    reading = server.apply(one, force="false")
    path = ("spec", "template", "spec", "containers", 1, "env", 1, "value")
    assert reading.conflicts == (ManagerConflict("other-tool", "Apply", path),)


def test_a_stale_version(server: Server) -> None:
    """409 of another kind."""
    server.make(an("ConfigMap", "c"))
    assert server.apply(an("ConfigMap", "c", metadata={"name": "c", "resourceVersion": "1"})).kind is ReadingKind.STALE


BODIES: dict[str, tuple[Object, str, str]] = {
    "managed fields": (
        an("ConfigMap", "c", metadata={"name": "c", "managedFields": [{"manager": "x"}]}),
        "metadata.managedFields",
        "metadata.managedFields must be nil",
    ),
    "name": (
        an("ConfigMap", "else"),
        "metadata.name",
        "the name of the object (else) does not match the name on the URL (c)",
    ),
    "namespace": (
        an("ConfigMap", "c", metadata={"name": "c", "namespace": "default"}),
        "metadata.namespace",
        "the namespace of the provided object does not match the namespace sent on the request",
    ),
    "kind": ({**an("ConfigMap", "c"), "kind": "Secret"}, "kind", "invalid object type: /v1, Kind=Secret"),
    "version": ({"kind": "ConfigMap", "metadata": {"name": "c"}}, "kind", "invalid object type: /, Kind=ConfigMap"),
}


@pytest.mark.parametrize(("one", "path", "words"), BODIES.values(), ids=list(BODIES))
def test_bodies_that_are_not_what_the_url_says(server: Server, one: Object, path: str, words: str) -> None:
    """400, at the field that differs."""
    url = f"{path_of(an('ConfigMap', 'c'), server.namespace)}/c"
    answer = server.send("PATCH", url, query={**DRY, "force": "true"}, body=one, content_type=APPLY)
    assert rejected(read_answer(answer, one)) == [("dry-run-rejected", path, words)]


def test_what_is_no_yaml(server: Server) -> None:
    """400, about the whole."""
    url = f"{path_of(an('ConfigMap', 'c'), server.namespace)}/c"
    for body, words in ((b"a: [", "error decoding YAML: "), (b"", "invalid object type: /, Kind=")):
        answer = server.send("PATCH", url, query={**DRY, "force": "true"}, body=body, content_type=APPLY)
        [(rule, _, said)] = rejected(read_answer(answer, an("ConfigMap", "c")))
        assert (rule, said.startswith(words)) == ("dry-run-rejected", True)


def test_a_list_where_one_object_belongs(server: Server) -> None:
    """400, in words about types of Go."""
    one = {"apiVersion": "v1", "kind": "List", "items": [an("ConfigMap", "c")]}
    answer = server.send("POST", path_of(an("ConfigMap", ""), server.namespace), query=DRY, body=one)
    assert rejected(read_answer(answer, one)) == [
        ("dry-run-rejected", "", "converting (v1.List) to (core.ConfigMap): unknown conversion")
    ]


@pytest.mark.parametrize("query", [{"dryRun": "bogus"}, {"fieldValidation": "bogus"}, {"fieldManager": ""}])
def test_parameters_of_our_own_that_are_wrong(server: Server, query: dict[str, str]) -> None:
    """422, which says nothing of the object."""
    reading = server.apply(an("ConfigMap", "c"), None, **query)
    assert (reading.kind, reading.problems) == (ReadingKind.UNANSWERED, ())


def test_a_content_type_that_the_server_does_not_know(server: Server) -> None:
    """415, which says nothing of the object."""
    url = f"{path_of(an('ConfigMap', 'c'), server.namespace)}/c"
    answer = server.send("PATCH", url, query=DRY, body=an("ConfigMap", "c"), content_type="text/csv")
    assert read_answer(answer, an("ConfigMap", "c")).kind is ReadingKind.UNANSWERED


# --- who asks ---------------------------------------------------------------------------------------------------------


def test_an_account_without_rights(server: Server) -> None:
    """403 about us, also for a kind that the server does not have."""
    nobody = server.api.account(server.namespace, "nobody")
    reading = server.apply(an("ConfigMap", "c"), nobody)
    user = f"system:serviceaccount:{server.namespace}:nobody"
    assert (reading.kind, reading.problems, reading.message) == (
        ReadingKind.NOT_ALLOWED,
        (),
        (
            f'configmaps "c" is forbidden: User "{user}" cannot patch resource "configmaps" in API group "" '
            f'in the namespace "{server.namespace}"'
        ),
    )
    url = f"/apis/nothere.example.com/v1/namespaces/{server.namespace}/gadgets/g"
    answer = server.send("PATCH", url, nobody, query=DRY, body=an("ConfigMap", "g"), content_type=APPLY)
    assert read_answer(answer, an("ConfigMap", "g")).kind is ReadingKind.NOT_ALLOWED


def granted(server: Server, rules: list[Object]) -> Access:
    """An account that has these rights in the test's namespace, in force."""
    account = server.api.account(server.namespace, "dryrunner")
    subject = {"kind": "ServiceAccount", "name": "dryrunner", "namespace": server.namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "dryrunner"}
    server.make(an("Role", "dryrunner", rules=rules), an("RoleBinding", "dryrunner", roleRef=role, subjects=[subject]))
    url = path_of(an("ConfigMap", ""), server.namespace)
    ends = time.monotonic() + 60
    while not server.send("GET", url, account).ok and time.monotonic() < ends:
        time.sleep(0.05)
    return account


def test_an_account_that_may_not_create(server: Server) -> None:
    """An object that is there may be tried with get and patch; a new one needs create."""
    account = granted(server, [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "patch"]}])
    server.make(an("ConfigMap", "there"))
    assert server.apply(an("ConfigMap", "there"), account).kind is ReadingKind.ACCEPTED
    reading = server.apply(an("ConfigMap", "absent"), account)
    assert reading.kind is ReadingKind.NOT_ALLOWED
    assert "cannot create resource" in reading.message


def test_an_account_that_grants_more_than_it_has(server: Server) -> None:
    """What the agent may do is another question."""
    rbac = {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"], "verbs": ["create", "patch"]}
    reads = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}
    account = granted(server, [rbac, reads])
    everything = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    reading = server.apply(an("Role", "more", rules=[everything]), account)
    assert reading.kind is ReadingKind.NOT_ALLOWED
    assert "is attempting to grant RBAC permissions not currently held" in reading.message


# --- the rules' own examples ------------------------------------------------------------------------------------------


def example(text: str, server: Server) -> Object:
    """An example's object, in the test's namespace."""
    file = read_file("x.yaml", text.encode(), None, Limits(), chart_folders=frozenset())
    data = dict(file.manifests[0].data)
    return {**data, "metadata": {**data["metadata"], "namespace": server.namespace}}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.example_pass], ids=lambda rule: str(rule.id))
def test_each_mended_example_is_accepted(server: Server, rule: Rule) -> None:
    """Without a warning."""
    assert server.apply(example(rule.example_pass, server)) == Reading(ReadingKind.ACCEPTED)


def test_each_example_breaks_its_rule(api_server: ApiServer) -> None:
    """In a namespace that is as the example says."""
    labels = {"pod-security.kubernetes.io/enforce": "baseline"}
    server = Server(api_server, api_server.new_namespace(labels=labels))
    failing = {rule.id: example(rule.example_fail, server) for rule in RULES if rule.example_fail}
    taken = an("Service", "first", spec={"type": "NodePort", "ports": [{"port": 80}]})
    server.make(taken, binding("viewer", "deployer"))
    ports = server.api.send("GET", f"{path_of(taken, server.namespace)}/first")["spec"]["ports"]
    failing["dry-run-rejected"]["spec"]["ports"][0]["nodePort"] = ports[0]["nodePort"]
    said = {rule: [one[0] for one in shown(server.apply(one))] for rule, one in failing.items()}
    quota(server, {"requests.cpu": "1"}, {"requests.cpu": "0"})
    reading = settled(lambda: server.apply(failing["quota-exceeded"]), is_rejected)
    said["quota-exceeded"] = [one[0] for one in shown(reading)]
    contested = failing["field-conflict"]
    server.make(contested, manager="autoscaler")
    contested["spec"]["replicas"] += 1
    assert [one.path for one in server.apply(contested, force="false").conflicts] == [("spec", "replicas")]
    del said["field-conflict"]
    assert said == {rule: [rule] for rule in said}
