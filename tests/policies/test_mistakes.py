"""Silent mistakes: what is valid and does not do what it says, field by field, and what only looks like one."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.policies.conftest import Judge, thing, workload

NETWORKING = "networking.k8s.io/v1"


def network_policy(*rules: Any, **spec: Any) -> dict[str, Any]:
    """A NetworkPolicy for what comes in."""
    return thing("NetworkPolicy", NETWORKING, spec={"podSelector": {}, "ingress": list(rules), **spec})


def peers(*given: Any) -> dict[str, Any]:
    """A NetworkPolicy with one rule."""
    return network_policy({"from": list(given)})


def role(**rule: Any) -> dict[str, Any]:
    """A Role with one rule."""
    return thing("Role", "rbac.authorization.k8s.io/v1", rules=[rule])


def cron_job(schedule: Any) -> dict[str, Any]:
    return thing("CronJob", "batch/v1", spec={"schedule": schedule})


def container(**fields: Any) -> dict[str, Any]:
    """A Pod with one container named a."""
    return workload({"containers": [{"name": "a", **fields}]})


SPACE = {"namespaceSelector": {"matchLabels": {"team": "a"}}}
PODS = {"podSelector": {"matchLabels": {"app": "web"}}}


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ([SPACE, PODS], ["spec.ingress[0].from[1].podSelector"]),
        ([{"namespaceSelector": {}}, PODS], ["spec.ingress[0].from[1].podSelector"]),
        ([PODS, SPACE], []),
        ([{**SPACE, **PODS}], []),
        ([SPACE, {"podSelector": {}}], []),
        ([SPACE, {"ipBlock": {"cidr": "10.0.0.0/8"}}, PODS], []),
        ([SPACE, {**SPACE, **PODS}], []),
        ([PODS, SPACE, PODS], ["spec.ingress[0].from[2].podSelector"]),
        ([None, PODS], []),
    ],
)
def test_network_policy_peer_or(judge: Judge, given: list[Any], fields: list[str]) -> None:
    """A namespace, and behind it a pod with a dash of its own; the other order is no slip."""
    assert [field for field, _ in judge("network-policy-peer-or", peers(*given))] == fields


@pytest.mark.parametrize(
    ("one", "fields"),
    [
        (network_policy({}), []),
        (network_policy({}, {"from": [PODS]}), ["spec.ingress[0]"]),
        (network_policy({"from": []}), ["spec.ingress[0].from"]),
        (network_policy({"from": [], "ports": [{"port": 80}]}), []),
        (network_policy({"ports": [{"port": 80}]}, {"from": [PODS]}), []),
        (network_policy({"from": [PODS]}), []),
        (network_policy(egress=[{}, {"to": [PODS]}]), ["spec.egress[0]"]),
        (network_policy(egress=[{"to": []}]), ["spec.egress[0].to"]),
        (network_policy(), []),
    ],
)
def test_network_policy_allows_all(judge: Judge, one: dict[str, Any], fields: list[str]) -> None:
    """A lone empty rule is meant; beside others, or spelled as an empty list, it is not."""
    assert [field for field, _ in judge("network-policy-allows-all", one)] == fields


@pytest.mark.parametrize(
    ("peer", "message"),
    [
        ({"ipBlock": {"cidr": "10.0.0.0/8"}}, None),
        ({"ipBlock": {"cidr": "2001:db8::/32"}}, None),
        ({"ipBlock": {"cidr": "::/0"}}, None),
        ({"ipBlock": {"cidr": "${NETWORK}"}}, None),
        (
            {"ipBlock": {"cidr": "10.0.0.1"}},
            "NetworkPolicy x has the network 10.0.0.1, which has no valid prefix length",
        ),
        (
            {"ipBlock": {"cidr": "10.0.0.0/33"}},
            "NetworkPolicy x has the network 10.0.0.0/33, which has no valid prefix length",
        ),
        (
            {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0"]}},
            "NetworkPolicy x has the network 10.1.0.0, which has no valid prefix length",
        ),
        ({"ipBlock": {"cidr": "::/0"}, **PODS}, "NetworkPolicy x has a peer with both an ipBlock and a selector"),
        ({}, "NetworkPolicy x has a peer that names nothing"),
        ({"podSelector": None}, "NetworkPolicy x has a peer that names nothing"),
        (PODS, None),
    ],
)
def test_network_policy_ip_block(judge: Judge, peer: dict[str, Any], message: str | None) -> None:
    """As the API server judges peers."""
    assert [text for _, text in judge("network-policy-ip-block", peers(peer))] == ([message] if message else [])


@pytest.mark.parametrize(
    ("port", "is_flagged"),
    [
        ({"port": 80, "endPort": 90}, False),
        ({"port": 80, "endPort": 80}, False),
        ({"port": 80, "endPort": 70}, True),
        ({"port": "http", "endPort": 90}, True),
        ({"endPort": 90}, True),
        ({"port": "http"}, False),
    ],
)
def test_a_range_of_ports_goes_upwards(judge: Judge, port: dict[str, Any], *, is_flagged: bool) -> None:
    """A name is no start of a range."""
    assert bool(judge("network-policy-ip-block", network_policy({"ports": [port]}))) is is_flagged


@pytest.mark.parametrize(
    ("group", "message"),
    [
        ("", None),
        ("apps", None),
        ("*", None),
        ("example.com", None),
        ("$GROUP", None),
        ("apps/v1", 'Role x names the API group apps/v1, which there is not; it grants nothing ("apps" is one)'),
        ("v1", 'Role x names the API group v1, which there is not; it grants nothing ("" is one)'),
        ("v1beta1", 'Role x names the API group v1beta1, which there is not; it grants nothing ("" is one)'),
        ("core", 'Role x names the API group core, which there is not; it grants nothing ("" is one)'),
        (7, None),
    ],
)
def test_rbac_api_group_version(judge: Judge, group: Any, message: str | None) -> None:
    """A version in the group makes it another group, which nobody has."""
    found = judge("rbac-api-group-version", role(apiGroups=["batch", group], resources=["a"], verbs=["get"]))

    assert found == ([("rules[0].apiGroups[1]", message)] if message else [])


@pytest.mark.parametrize(
    ("groups", "resource", "problem"),
    [
        ([""], "pods", None),
        ([""], "pods/log", None),
        ([""], "*", None),
        ([""], "*/scale", None),
        ([""], "pod", "pod, and the API calls it pods"),
        ([""], "Pod", "Pod, and the API calls it pods"),
        ([""], "configMaps", "configMaps, and the API calls it configmaps"),
        ([""], "deployments", "deployments, and it is in the API group apps"),
        (["apps"], "pods", 'pods, and it is in the core API group ""'),
        (["", "apps"], "deployments", None),
        (["apps"], "deployment", "deployment, and the API calls it deployments"),
        ([NETWORKING[:-3]], "ingress", "ingress, and the API calls it ingresses"),
        ([NETWORKING[:-3]], "networkpolicy", "networkpolicy, and the API calls it networkpolicies"),
        (["serving.knative.dev"], "services", None),
        (["serving.knative.dev"], "service", None),
        (["extensions"], "deployments", None),
        (["", "extensions"], "ingresses", None),
        (["*"], "deployments", None),
        (["metrics.k8s.io"], "pods", None),
        (["example.com"], "widget", None),
        (["example.com"], "Widget", "Widget, and the API's names are plural and in small letters"),
        (["$GROUP"], "deployments", None),
        ([None], "deployments", None),
    ],
)
def test_rbac_resource_name(judge: Judge, groups: list[Any], resource: str, problem: str | None) -> None:
    """Built-in resources by their names and groups; others only by their capital letters."""
    found = judge("rbac-resource-name", role(apiGroups=groups, resources=[resource], verbs=["get"]))
    message = f"Role x names the resource {problem}: it grants nothing"

    assert found == ([("rules[0].resources[0]", message)] if problem else [])


@pytest.mark.parametrize(
    ("verb", "is_flagged"),
    [
        *((verb, False) for verb in ("get", "deletecollection", "*", "use", "bind", "approve", "$VERB", "own-verb", 7)),
        *((verb, True) for verb in ("GET", "read", "write", "all", "Watch", "edit")),
    ],
)
def test_rbac_verb_unknown(judge: Judge, verb: Any, *, is_flagged: bool) -> None:
    """Verbs of extensions pass; so do those for URLs, which are the methods of HTTP."""
    one = judge("rbac-verb-unknown", role(apiGroups=[""], resources=["pods"], verbs=[verb]))

    assert [field for field, _ in one] == (["rules[0].verbs[0]"] if is_flagged else [])
    assert judge("rbac-verb-unknown", role(nonResourceURLs=["/metrics"], verbs=[verb])) == []


@pytest.mark.parametrize(
    ("schedule", "never", "each_minute", "either_day"),
    [
        ("0 3 * * *", False, False, False),
        ("@daily", False, False, False),
        ("@every 1h", False, False, False),
        ("0 3 30 2 *", True, False, False),
        ("0 3 29 2 *", False, False, False),
        ("0 3 * * 7", True, False, False),
        ("0 3 * *", True, False, False),
        ("60 3 * * *", True, False, False),
        ("* 3 * * *", False, True, False),
        ("*/1 3 * * *", False, True, False),
        ("* * * * *", False, False, False),
        ("* * * * 1", False, True, False),
        ("*/5 3 * * *", False, False, False),
        ("0 3 1-7 * 1", False, False, True),
        ("0 3 * * MON", False, False, False),
        ("${SCHEDULE}", False, False, False),
        ("", False, False, False),
        (7, False, False, False),
    ],
)
def test_schedules(judge: Judge, schedule: Any, never: bool, each_minute: bool, either_day: bool) -> None:  # noqa: FBT001  the table's answers
    """Each mistake has a rule of its own."""
    one = cron_job(schedule)
    policies = ("cron-never", "cron-every-minute", "cron-day-or-weekday")
    found = [judge(policy, one) for policy in policies]

    assert [bool(hits) for hits in found] == [never, each_minute, either_day]
    assert {field for hits in found for field, _ in hits} <= {"spec.schedule"}


def test_what_a_schedule_does_is_said_in_words(judge: Judge) -> None:
    """The field that cannot be read, and how often it runs."""
    assert judge("cron-never", cron_job("0 25 * * *")) == [
        ("spec.schedule", "the schedule of CronJob x cannot be read: the hour must be from 0 to 23, not 25")
    ]
    assert judge("cron-never", cron_job("0 3 31 2,4 *")) == [
        ("spec.schedule", "the schedule of CronJob x never comes: no such day")
    ]
    assert judge("cron-every-minute", cron_job("* 3,4 * * *")) == [
        ("spec.schedule", "the schedule of CronJob x runs 120 times on each of its days")
    ]


@pytest.mark.parametrize(
    ("name", "amount", "reason"),
    [
        ("memory", "512Mi", None),
        ("memory", "1G", None),
        ("memory", "2000000k", None),
        ("memory", 536870912, None),
        ("memory", "512m", "m is thousandths of a byte, Mi is mebibytes"),
        ("memory", "512", "that is less than one mebibyte; the unit is missing"),
        ("memory", 512, "that is less than one mebibyte; the unit is missing"),
        ("memory", "500k", "that is less than one mebibyte"),
        ("memory", 0, None),
        ("memory", "${MEMORY}", None),
        ("memory", "lots", None),
        ("ephemeral-storage", "10m", "m is thousandths of a byte, Mi is mebibytes"),
        ("cpu", "500m", None),
        ("cpu", 2, None),
        ("cpu", "1.5", None),
        ("cpu", 500, "that is a number of processors; m makes it thousandths"),
        ("cpu", "500Mi", "that is a unit of bytes; processor time has m, thousandths of a processor"),
        ("cpu", "1G", "that is a unit of bytes; processor time has m, thousandths of a processor"),
        ("cpu", None, None),
        ("example.com/gpu", "1m", None),
    ],
)
def test_quantity_unit(judge: Judge, name: str, amount: Any, reason: str | None) -> None:
    """Thousandths of a byte, and processors by the hundred."""
    found = judge("quantity-unit", container(resources={"limits": {name: amount}}))
    key = name if name.isalpha() else f'["{name}"]'
    place = f"spec.containers[0].resources.limits{'.' if name.isalpha() else ''}{key}"
    message = f"container a has limits of {name} {amount}: {reason}"

    assert [text for _, text in found] == ([message] if reason else [])
    if name.isalpha():
        assert [field for field, _ in found] == ([place] if reason else [])


def test_amounts_of_claims_and_whole_pods_count(judge: Judge) -> None:
    """A parameter raises the number of processors."""
    small = {"requests": {"storage": "10m"}}
    claim = {"metadata": {"name": "data"}, "spec": {"resources": small}}

    assert judge("quantity-unit", thing("PersistentVolumeClaim", spec={"resources": small})) == [
        (
            "spec.resources.requests.storage",
            "PersistentVolumeClaim x has requests of storage 10m: m is thousandths of a byte, Mi is mebibytes",
        )
    ]
    stateful = thing("StatefulSet", "apps/v1", spec={"volumeClaimTemplates": [claim]})
    assert [field for field, _ in judge("quantity-unit", stateful)] == [
        "spec.volumeClaimTemplates[0].spec.resources.requests.storage"
    ]
    assert len(judge("quantity-unit", workload({"resources": {"limits": {"memory": "1m"}}}))) == 1
    assert judge("quantity-unit", container(resources={"limits": {"cpu": 500}}), most_cpu=500) == []


@pytest.mark.parametrize(
    ("probe", "fields"),
    [
        ({"timeoutSeconds": 5}, []),
        ({"timeoutSeconds": 10}, []),
        ({"timeoutSeconds": 11}, ["timeoutSeconds"]),
        ({"timeoutSeconds": 30, "periodSeconds": 60}, []),
        ({"timeoutSeconds": 5, "periodSeconds": 3}, ["timeoutSeconds"]),
        ({"failureThreshold": 0}, ["failureThreshold"]),
        ({"periodSeconds": 0, "timeoutSeconds": 1}, ["periodSeconds"]),
        ({"initialDelaySeconds": 0}, []),
        ({"failureThreshold": False}, []),
        ({"timeoutSeconds": "30"}, []),
    ],
)
def test_probe_timing(judge: Judge, probe: dict[str, Any], fields: list[str]) -> None:
    """Ten seconds is the period that holds where none is written."""
    found = judge("probe-timing", container(livenessProbe=probe))

    assert [field for field, _ in found] == [f"spec.containers[0].livenessProbe.{name}" for name in fields]


@pytest.mark.parametrize(
    ("port", "message"),
    [
        (8080, None),
        ("http", None),
        ("$PORT", None),
        ("8080", "is the text 8080; a number has no quotes"),
        (0, "is 0; ports are from 1 to 65535"),
        (65536, "is 65536; ports are from 1 to 65535"),
        (
            "prometheus-metrics",
            "has the name prometheus-metrics, which is longer than 15 characters",
        ),
        (
            "Web_UI",
            "has the name Web_UI; a name has small letters, digits and single dashes",
        ),
        (True, None),
        ({}, None),
    ],
)
def test_port_invalid(judge: Judge, port: Any, message: str | None) -> None:
    """A name is a name, a number a number."""
    found = judge("port-invalid", container(readinessProbe={"httpGet": {"port": port}}))

    place, what = "spec.containers[0].readinessProbe.httpGet.port", "the port of the readinessProbe of container a"

    assert found == ([(place, f"{what} {message}")] if message else [])


@pytest.mark.parametrize(("target", "is_flagged"), [(80, False), ("web", False), ("80", True), (0, False), ("", False)])
def test_a_target_port_may_be_left_to_the_cluster(judge: Judge, target: Any, *, is_flagged: bool) -> None:
    """Zero and nothing stand for the Service's own port."""
    one = thing("Service", spec={"ports": [{"port": 80, "targetPort": target}]})

    assert bool(judge("port-invalid", one)) is is_flagged


@pytest.mark.parametrize(
    ("command", "is_flagged"),
    [
        (["sleep", "10"], False),
        (["sleep 10"], True),
        (["/bin/sh -c", "sleep 10"], True),
        (["sh", "-c", "sleep 10"], False),
        (["C:\\Program Files\\a.exe"], False),
        (["$(PROGRAM) -a b"], False),
        ([" sleep"], False),
        ([7], False),
        ("sleep 10", False),
    ],
)
def test_command_string(judge: Judge, command: Any, *, is_flagged: bool) -> None:
    """In a container, and in what a probe runs."""
    message = "the command of container a begins with one text of several words, which is no program"

    assert judge("command-string", container(command=command)) == (
        [("spec.containers[0].command[0]", message)] if is_flagged else []
    )
    probe = container(livenessProbe={"exec": {"command": command}})
    assert bool(judge("command-string", probe)) is is_flagged


@pytest.mark.parametrize(
    ("command", "args", "fields"),
    [
        (["sh", "-c", "rm", "-rf", "/cache"], [], ["command[2]"]),
        (["/bin/bash", "-ec", "sleep", "10"], [], ["command[2]"]),
        (["sh", "-c"], ["sleep", "10"], ["args[0]"]),
        (["sh"], ["-c", "sleep", "10"], ["args[1]"]),
        (["sh", "-c", "sleep 10"], [], []),
        (["sh", "-c", "sleep 10", "sh"], ["a"], []),
        (["sh", "-c", "/entrypoint.sh", "a"], [], []),
        (["sh", "-c", "ls"], [], []),
        (["python", "-c", "sleep", "10"], [], []),
        (["sh"], "x", []),
        ([], ["sleep", "10"], []),
    ],
)
def test_shell_command_split(judge: Judge, command: Any, args: Any, fields: list[str]) -> None:
    """The script is one entry; what follows is no part of it."""
    found = judge("shell-command-split", container(command=command, args=args))

    assert [field for field, _ in found] == [f"spec.containers[0].{field}" for field in fields]


@pytest.mark.parametrize(
    ("values", "is_flagged"),
    [
        (["$(B)", "b"], True),
        (["b", "$(A)"], False),
        (["$(C)", "b"], False),
        (["$$(B)", "b"], False),
        (["$$$(B)", "b"], True),
        (["a$(A)", "b"], False),
        (["$B", "b"], False),
    ],
)
def test_env_order(judge: Judge, values: list[str], *, is_flagged: bool) -> None:
    """A, and below it B: only what stands above is known."""
    env = [{"name": name, "value": value} for name, value in zip("AB", values, strict=True)]
    message = "environment variable A of container a refers to B, which is set after it"

    assert judge("env-order", container(env=env)) == (
        [("spec.containers[0].env[0].value", message)] if is_flagged else []
    )
    assert judge("env-order", container(env=env, envFrom=[{"configMapRef": {"name": "b"}}])) == []


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": operator, "values": list(values)}


@pytest.mark.parametrize(
    ("expressions", "is_flagged"),
    [
        ([expression("app", "In", "web", "db")], False),
        ([expression("app", "In", "db")], True),
        ([expression("app", "NotIn", "web")], True),
        ([expression("app", "NotIn", "db")], False),
        ([expression("app", "DoesNotExist")], True),
        ([expression("app", "Exists")], False),
        ([expression("tier", "Exists"), expression("tier", "DoesNotExist")], True),
        ([expression("tier", "In", "a"), expression("tier", "In", "b")], True),
        ([expression("tier", "In", "a", "b"), expression("tier", "NotIn", "a")], False),
        ([expression("tier", "In", "a", "b"), expression("tier", "NotIn", "a", "b")], True),
        ([expression("tier", "In")], True),
        ([expression("tier", "In", "${TIER}"), expression("tier", "In", "b")], False),
        ([], False),
    ],
)
def test_selector_contradiction(judge: Judge, expressions: list[Any], *, is_flagged: bool) -> None:
    """Beside the label app: web."""
    selector = {"matchLabels": {"app": "web"}, "matchExpressions": expressions}

    assert bool(judge("selector-contradiction", network_policy(podSelector=selector))) is is_flagged
    deployment = thing("Deployment", "apps/v1", spec={"selector": selector})
    assert bool(judge("selector-contradiction", deployment)) is is_flagged


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"data": {"a.b-c_D": "x"}}, []),
        ({"data": {"a/b": "x"}}, ['data["a/b"]']),
        ({"data": {"a b": "x"}}, ['data["a b"]']),
        ({"data": {"..": "x"}}, ['data[".."]']),
        ({"data": {"${KEY}": "x"}}, []),
        ({"data": {"a": "x"}, "binaryData": {"a": "eA=="}}, ["binaryData.a"]),
        ({"data": {"a": "x"}, "binaryData": {"b": "eA=="}}, []),
        ({"data": None}, []),
    ],
)
def test_data_key_invalid(judge: Judge, data: dict[str, Any], fields: list[str]) -> None:
    """A key is the name of a file."""
    assert [field for field, _ in judge("data-key-invalid", thing("ConfigMap", **data))] == fields


@pytest.mark.parametrize(
    ("kind", "keys", "message"),
    [
        ("kubernetes.io/tls", ["tls.crt", "tls.key"], None),
        ("kubernetes.io/tls", ["tls.crt"], "Secret x of type kubernetes.io/tls has no key tls.key"),
        ("kubernetes.io/tls", [], "Secret x of type kubernetes.io/tls has no key tls.crt and no tls.key"),
        ("kubernetes.io/basic-auth", ["password"], None),
        ("kubernetes.io/basic-auth", ["user"], "Secret x of type kubernetes.io/basic-auth has no key username"),
        ("kubernetes.io/dockerconfigjson", [".dockerconfigjson"], None),
        ("Opaque", [], None),
        ("example.com/own", [], None),
        (None, [], None),
    ],
)
def test_secret_type_keys(judge: Judge, kind: Any, keys: list[str], message: str | None) -> None:
    """In data or in stringData."""
    for part in ("data", "stringData"):
        one = {**thing("Secret", type=kind), part: dict.fromkeys(keys, "ENC[x]")}
        assert judge("secret-type-keys", one) == ([("type", message)] if message else [])


def test_a_token_names_its_account(judge: Judge) -> None:
    """The API server fills the token in for the account that the annotation names."""
    one = thing("Secret", type="kubernetes.io/service-account-token")
    named = {**one, "metadata": {"name": "x", "annotations": {"kubernetes.io/service-account.name": "a"}}}

    assert len(judge("secret-type-keys", one)) == 1
    assert judge("secret-type-keys", named) == []


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


@pytest.mark.parametrize(
    ("value", "is_flagged"),
    [
        (encoded(encoded(b"correct horse").encode()), True),
        (encoded(b"correct horse"), False),
        (encoded(encoded(bytes(range(128, 160))).encode()), False),
        (encoded(b"deadbeefdeadbeef"), False),
        (encoded(b"word"), False),
        ("no base64", False),
    ],
)
def test_secret_encoded_twice(judge: Judge, value: str, *, is_flagged: bool) -> None:
    """A key in base64 is no text when it is decoded, so it passes."""
    message = "the key a of Secret x is encoded in base64 twice"

    assert judge("secret-encoded-twice", thing("Secret", data={"a": value})) == (
        [("data.a", message)] if is_flagged else []
    )


@pytest.mark.parametrize(
    ("key", "text", "is_flagged"),
    [
        ("a", "correct horse\n", True),
        ("a", "correct horse", False),
        ("a.txt", "correct horse\n", False),
        ("a", "one\ntwo\n", False),
        ("a", "\n", False),
        ("a", "\x01\x02\n", False),
        ("a", "ab\n", True),
        ("a", "abc\n", True),
    ],
)
def test_secret_trailing_newline(judge: Judge, key: str, text: str, *, is_flagged: bool) -> None:
    """One line with a break behind it, however long it is."""
    for part, value in (("data", encoded(text.encode())), ("stringData", text)):
        found = judge("secret-trailing-newline", {**thing("Secret"), part: {key: value}})
        assert bool(found) is is_flagged


@pytest.mark.parametrize(
    ("key", "is_flagged"),
    [
        *((key, False) for key in ("app", "a.b/C_d.e", "x" * 63, "a/" + "x" * 63, "${KEY}")),
        *(
            (key, True)
            for key in ("my app", "-a", "a-", "a/b/c", "a/", "/a", "x" * 64, "UPPER.com/a", "a" * 254 + "/b")
        ),
    ],
)
def test_label_key_invalid(judge: Judge, key: str, *, is_flagged: bool) -> None:
    """Of the object and of its pods; annotations may have capital letters in the domain."""
    own = thing("ConfigMap", metadata={"name": "x", "labels": {key: "a"}})
    pods = thing("Deployment", "apps/v1", spec={"template": {"metadata": {"labels": {key: "a"}}}})
    note = thing("ConfigMap", metadata={"name": "x", "annotations": {key: "a"}})

    assert bool(judge("label-key-invalid", own)) is is_flagged
    assert bool(judge("label-key-invalid", pods)) is is_flagged
    assert bool(judge("label-key-invalid", note)) is (is_flagged and not key.startswith("UPPER"))


@pytest.mark.parametrize(
    ("kind", "version", "longest"),
    [("CronJob", "batch/v1", 52), ("StatefulSet", "apps/v1", 52), ("Service", "v1", 63), ("Namespace", "v1", 63)],
)
def test_name_too_long(judge: Judge, kind: str, version: str, longest: int) -> None:
    """One character decides."""
    good, bad = ({"name": "x" * length} for length in (longest, longest + 1))

    assert judge("name-too-long", thing(kind, version, metadata=good)) == []
    assert [field for field, _ in judge("name-too-long", thing(kind, version, metadata=bad))] == ["metadata.name"]


def test_object_too_large(judge: Judge) -> None:
    """Base64 counts as what it holds; annotations have a limit of their own."""
    limit = 2**20
    fits = {"a": "x" * (limit - 1)}
    message = "ConfigMap x holds 1,048,577 bytes; it may hold 1,048,576"

    assert judge("object-too-large", thing("ConfigMap", data=fits)) == []
    assert judge("object-too-large", thing("ConfigMap", data={"a": "x" * limit})) == [("", message)]
    assert judge("object-too-large", thing("ConfigMap", binaryData={"a": encoded(b"x" * (limit - 3))})) == []
    assert len(judge("object-too-large", thing("ConfigMap", data={"a": "é" * (limit // 2)}))) == 1
    noted = {"name": "x", "annotations": {"a": "x" * 2**18}}
    assert [field for field, _ in judge("object-too-large", thing("ConfigMap", metadata=noted))] == [
        "metadata.annotations"
    ]


@pytest.mark.parametrize(
    ("selector", "is_flagged"),
    [
        ({"matchLabels": {"app": "web"}}, False),
        ({"matchLabels": {"app": "db"}}, True),
        ({"matchLabels": {"app": "$APP"}}, False),
        ({}, False),
        (None, False),
    ],
)
def test_spread_selector_mismatch(judge: Judge, selector: Any, *, is_flagged: bool) -> None:
    """Where the pods have labels at all."""
    spec = {"topologySpreadConstraints": [{"labelSelector": selector}]}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": spec}
    found = judge("spread-selector-mismatch", thing("Deployment", "apps/v1", spec={"template": template}))
    place = "spec.template.spec.topologySpreadConstraints[0].labelSelector"

    assert [field for field, _ in found] == ([place] if is_flagged else [])
    bare = thing("Deployment", "apps/v1", spec={"template": {"spec": spec}})
    assert judge("spread-selector-mismatch", bare) == []


@pytest.mark.parametrize(
    ("reference", "is_flagged"),
    [
        ({"name": "x", "key": "a"}, False),
        ({"name": "x", "key": "b"}, False),
        ({"name": "x", "key": "c"}, True),
        ({"name": "x", "key": "c", "optional": True}, False),
        ({"name": "other", "key": "c"}, False),
        ({"name": "x", "key": "${KEY}"}, False),
        ({"name": "x"}, False),
    ],
)
def test_config_key_missing(judge: Judge, reference: dict[str, Any], *, is_flagged: bool) -> None:
    """One of the ConfigMaps of that name has it, in data or in binaryData."""
    both = [thing("ConfigMap", data={"a": "1"}), thing("ConfigMap", binaryData={"b": "eA=="})]
    env = container(env=[{"name": "A", "valueFrom": {"configMapKeyRef": reference}}])
    source = {
        "name": reference["name"],
        "items": [{"key": reference.get("key"), "path": "a"}],
        "optional": reference.get("optional"),
    }
    volume = workload({"volumes": [{"name": "v", "configMap": source}]})

    assert [field for field, _ in judge("config-key-missing", env, inventory=both)] == (
        ["spec.containers[0].env[0].valueFrom.configMapKeyRef.key"] if is_flagged else []
    )
    assert [field for field, _ in judge("config-key-missing", volume, inventory=both)] == (
        ["spec.volumes[0].configMap.items[0].key"] if is_flagged else []
    )


@pytest.mark.parametrize(
    "config_map",
    [
        thing("ConfigMap"),
        thing("ConfigMap", data={}),
        thing(
            "ConfigMap",
            metadata={"name": "x", "labels": {"config.openshift.io/inject-trusted-cabundle": "true"}},
            data={"a": ""},
        ),
    ],
)
def test_a_config_map_that_the_cluster_fills_has_any_key(judge: Judge, config_map: dict[str, Any]) -> None:
    """It is empty in the repository, or asks for a bundle of certificates."""
    reference = {"name": "x", "key": "ca-bundle.crt"}
    one = container(env=[{"name": "A", "valueFrom": {"configMapKeyRef": reference}}])

    assert judge("config-key-missing", one, inventory=[config_map]) == []


def rollout(**template: Any) -> dict[str, Any]:
    return thing("Rollout", "argoproj.io/v1alpha1", spec={"template": template})


@pytest.mark.parametrize(
    ("one", "fields"),
    [
        (rollout(spec={"containers": [{"name": "a", "livenessProbe": {}, "resources": {"limits": {"cpu": 1}}}]}), []),
        (rollout(spec={"containers": [{"name": "a"}], "livenessProbe": {}}), ["spec.template.spec.livenessProbe"]),
        (rollout(spec={"containers": [{"name": "a"}], "resources": {"limits": {"cpu": 1}}}), []),
        (rollout(spec={"containers": [{"name": "a"}]}, volumes=[]), ["spec.template.volumes"]),
        (
            rollout(spec={"containers": [{"name": "a", "resources": {"cpu": 1}}]}),
            ["spec.template.spec.containers[0].resources.cpu"],
        ),
        (rollout(spec={"containers": [{"name": "a", "limits": {}}]}), ["spec.template.spec.containers[0].limits"]),
        (
            rollout(spec={"containers": [{"name": "a", "livenessProbe": {"readinessProbe": {}}}]}),
            ["spec.template.spec.containers[0].livenessProbe.readinessProbe"],
        ),
        (
            rollout(spec={"containers": [], "initContainers": [{"name": "a", "volumes": []}]}),
            ["spec.template.spec.initContainers[0].volumes"],
        ),
        (
            thing("Job", "example.com/v1", spec={"a": {"podTemplate": {"spec": {"containers": [], "env": []}}}}),
            ["spec.a.podTemplate.spec.env"],
        ),
        (
            thing(
                "RayCluster",
                "ray.io/v1",
                spec={"workers": [{}, {"template": {"spec": {"containers": [], "env": []}}}]},
            ),
            ["spec.workers[1].template.spec.env"],
        ),
        (thing("Prometheus", "monitoring.coreos.com/v1", spec={"containers": [], "volumeMounts": []}), []),
        (thing("HelmRelease", "helm.toolkit.fluxcd.io/v2", spec=rollout(spec={"containers": [], "env": []})), []),
        (thing("Deployment", "apps/v1", spec={"template": {"spec": {"containers": [], "env": []}}}), []),
        (thing("ConfigMap", spec={"template": {"spec": {"containers": [], "env": []}}}), []),
    ],
)
def test_misplaced_block(judge: Judge, one: dict[str, Any], fields: list[str]) -> None:
    """Pod templates of custom resources alone: the schema knows the fields of all others."""
    assert [field for field, _ in judge("misplaced-block", one)] == fields


@pytest.mark.parametrize(
    ("types", "fields"),
    [
        (["Ingress"], ["spec.egress"]),
        (["Egress"], ["spec.ingress"]),
        (["Ingress", "Egress"], []),
        (None, []),
        ([], []),
        ("Ingress", []),
    ],
)
def test_network_policy_types(judge: Judge, types: Any, fields: list[str]) -> None:
    """Without types the rules themselves decide."""
    one = network_policy({"from": [PODS]}, egress=[{"to": [PODS]}], policyTypes=types)

    assert [field for field, _ in judge("network-policy-types", one)] == fields
    assert judge("network-policy-types", network_policy(policyTypes=["Egress"])) == []


@pytest.mark.parametrize(
    ("rules", "is_flagged"),
    [
        ([{"ports": [{"port": 443}]}], True),
        ([{"ports": [{"port": 443}]}, {"ports": [{"port": 53, "protocol": "UDP"}]}], False),
        ([{"to": [PODS]}], False),
        ([{"ports": [{"port": 1, "endPort": 1024}]}], False),
        ([{"ports": [{"port": 80, "endPort": 1024}]}], True),
        ([{"ports": [{"port": "dns"}]}], False),
        ([{"ports": [{"protocol": "UDP"}]}], False),
        ([], False),
    ],
)
def test_network_policy_without_dns(judge: Judge, rules: list[Any], *, is_flagged: bool) -> None:
    """Policies of a namespace add up, so another one may open the way."""
    one = network_policy(egress=rules)
    names = network_policy(egress=[{"ports": [{"port": 53}]}])

    assert bool(judge("network-policy-without-dns", one)) is is_flagged
    assert judge("network-policy-without-dns", one, inventory=[names]) == []
    assert bool(judge("network-policy-without-dns", one, inventory=[network_policy()])) is is_flagged


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("pod-security.kubernetes.io/enforce", None),
        ("pod-security.kubernetes.io/enforced", "pod-security.kubernetes.io/enforce"),
        ("pod-security.kubernetes.io/enfroce", "pod-security.kubernetes.io/enforce"),
        ("pod-security.kubernetes.io/enforc", "pod-security.kubernetes.io/enforce"),
        ("argocd.argoproj.io/sync-option", "argocd.argoproj.io/sync-options"),
        ("argocd.argoproj.io/sync_wave", "argocd.argoproj.io/sync-wave"),
        ("argocd.argoproj.io/managed-by", None),
        ("prometheus.io/schema", "prometheus.io/scheme"),
        ("prometheus.io/own", None),
        ("helm.sh/hook-wieght", "helm.sh/hook-weight"),
        ("kustomize.toolkit.fluxcd.io/pruned", "kustomize.toolkit.fluxcd.io/prune"),
        ("sidecar.istio.io/injected", None),
        ("example.com/enforced", None),
        ("enforced", None),
    ],
)
def test_well_known_name(judge: Judge, key: str, meant: str | None) -> None:
    """One slip away from a name that is known, and no further."""
    message = f"ConfigMap x has {key} in its labels, which nobody reads; there is {meant}"
    found = judge("well-known-name", thing("ConfigMap", metadata={"name": "x", "labels": {key: "a"}}))

    assert found == ([(f'metadata.labels["{key}"]', message)] if meant else [])
    noted = thing("Deployment", "apps/v1", spec={"template": {"metadata": {"annotations": {key: "a"}}}})
    assert bool(judge("well-known-name", noted)) is bool(meant)
