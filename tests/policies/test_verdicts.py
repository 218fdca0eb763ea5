"""What the built-in policies say of manifests, word for word and field by field."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gategit.checks.policy.load import PolicySet
from gategit.checks.policy.run import Runner
from gategit.checks.policy.subjects import Subject
from gategit.manifests.manifest import Manifest, Source
from gategit.model import Level
from tests.policies.conftest import POD_PLACES, Judge, thing, workload


@pytest.mark.parametrize("kind", POD_PLACES)
def test_every_container_of_every_workload_is_seen(judge: Judge, kind: str) -> None:
    """Init and ephemeral containers too, each at its own path."""
    privileged = {"securityContext": {"privileged": True}}
    pod = {
        "containers": [{"name": "a"}, {"name": "b", **privileged}],
        "initContainers": [{"name": "c", **privileged}],
        "ephemeralContainers": [{**privileged}],
    }
    place = POD_PLACES[kind][1]

    assert judge("privileged-container", workload(pod, kind)) == [
        (f"{place}.initContainers[0].securityContext.privileged", "init container c runs privileged"),
        (f"{place}.containers[1].securityContext.privileged", "container b runs privileged"),
        (f"{place}.ephemeralContainers[0].securityContext.privileged", "ephemeral container number 1 runs privileged"),
    ]


@pytest.mark.parametrize(
    "policy",
    [
        "privileged-container",
        "host-namespaces",
        "image-digest",
        "image-latest-tag",
        "resource-limits",
        "plaintext-secret",
    ],
)
@pytest.mark.parametrize(
    "pod",
    [
        None,
        [],
        "text",
        7,
        {},
        {"containers": None},
        {"containers": {"name": "a"}},
        {"containers": [None, 7, [], "text"]},
        {"initContainers": [{"image": 7, "securityContext": [], "resources": "x", "env": {"a": 1}}], "containers": 1},
        {"initContainers": [{"env": [None, {"name": 1, "value": 2}, {"value": {}}], "resources": {"limits": 3}}]},
    ],
)
def test_data_of_a_wrong_shape_crashes_no_policy(judge: Judge, policy: str, pod: Any) -> None:
    """What the schema check says of it is enough."""
    found = judge(policy, workload(pod, "Deployment"))

    assert policy == "resource-limits" or found == []


@pytest.mark.parametrize("metadata", [None, [], "x", {"name": 7, "annotations": [], "namespace": {}}])
def test_metadata_of_a_wrong_shape_crashes_no_policy(runner: Runner, metadata: Any) -> None:
    """Not even where objects are compared."""
    levels = dict.fromkeys((policy.id for policy in runner.policies()), Level.ERROR)
    subjects = []
    for kind, api_version in (
        ("Secret", "v1"),
        ("PersistentVolumeClaim", "v1"),
        ("StatefulSet", "apps/v1"),
        ("ClusterRoleBinding", "rbac.authorization.k8s.io/v1"),
    ):
        data = {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": 1, "data": [], "roleRef": 2}
        one = Manifest(api_version, kind, None, "", data, Source("a.yaml", 0))
        subjects += [Subject(one, None), Subject(one, one), Subject(None, one, added=True)]

    assert runner.run(PolicySet(runner.policies(), levels), subjects).crashes == ()


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("nginx", "the image of container a names no tag, so it is latest"),
        ("registry:5000/nginx", "the image of container a names no tag, so it is latest"),
        ("nginx:latest", "the image of container a has the tag latest"),
        ("nginx:1.27", None),
        ("nginx:latest@sha256:" + "0" * 64, None),
        ("nginx@sha256:" + "0" * 64, None),
        ("${IMAGE}", None),
        ("{{ .Values.image }}", None),
    ],
)
def test_image_latest_tag(judge: Judge, image: str, message: str | None) -> None:
    """A registry's port is no tag; a digest decides; what is filled in later is not judged."""
    found = judge("image-latest-tag", workload({"containers": [{"name": "a", "image": image}]}))

    assert found == ([("spec.containers[0].image", message)] if message else [])


def test_image_digest(judge: Judge) -> None:
    """Every container counts, and a tag is no digest."""
    images = ["nginx:1.27", "nginx:1.27@sha256:" + "0" * 64, "$IMAGE"]
    pod = {"containers": [{"name": str(number), "image": image} for number, image in enumerate(images)]}

    assert judge("image-digest", workload(pod)) == [
        ("spec.containers[0].image", "the image of container 0 is not pinned by a digest")
    ]


@pytest.mark.parametrize("field", ["hostNetwork", "hostPID", "hostIPC"])
def test_host_namespaces(judge: Judge, field: str) -> None:
    """Each field that is true is a finding of its own; false and absent are the same."""
    problems = {
        "hostNetwork": "the pod shares its node's network (hostNetwork is true)",
        "hostPID": "the pod shares its node's process ids (hostPID is true)",
        "hostIPC": "the pod shares its node's inter-process communication (hostIPC is true)",
    }

    assert judge("host-namespaces", workload({field: True})) == [(f"spec.{field}", problems[field])]
    assert judge("host-namespaces", workload({field: False})) == []
    assert judge("host-namespaces", workload({field: "true"})) == []


@pytest.mark.parametrize(
    ("resources", "messages"),
    [
        (None, ["container a has no memory limit", "container a requests no cpu and no memory"]),
        ({"limits": {"memory": "1Gi"}}, ["container a requests no cpu"]),
        ({"limits": {"memory": "1Gi", "cpu": 1}}, []),
        ({"requests": {"memory": "1Gi", "cpu": 1}}, ["container a has no memory limit"]),
        ({"limits": {"memory": "1Gi"}, "requests": {"cpu": "10m"}}, []),
    ],
)
def test_resource_limits(judge: Judge, resources: Any, messages: list[str]) -> None:
    """A limit counts as a request; a limit for cpu is not asked for."""
    found = judge("resource-limits", workload({"containers": [{"name": "a", "resources": resources}]}))

    assert [message for _, message in found] == messages


def test_resource_limits_of_the_whole_pod_count(judge: Judge) -> None:
    """Resources at pod level are shared by its containers; ephemeral containers can have none."""
    pod = {
        "resources": {"limits": {"memory": "1Gi", "cpu": 1}},
        "containers": [{"name": "a"}],
        "ephemeralContainers": [{"name": "b"}],
    }

    assert judge("resource-limits", workload(pod)) == []


@pytest.mark.parametrize(
    ("kind", "api_version", "is_flagged"),
    [
        ("ConfigMap", "v1", True),
        ("Deployment", "apps/v1", True),
        ("Ingress", "networking.k8s.io/v1", True),
        ("Namespace", "v1", False),
        ("ClusterRole", "rbac.authorization.k8s.io/v1", False),
        ("StorageClass", "storage.k8s.io/v1", False),
        ("ClusterIssuer", "cert-manager.io/v1", False),
        ("Certificate", "cert-manager.io/v1", False),
    ],
)
def test_namespace_required(judge: Judge, kind: str, api_version: str, *, is_flagged: bool) -> None:
    """Built-in kinds that live in a namespace are asked for it; of custom ones it is not known whether they do."""
    found = judge("namespace-required", thing(kind, api_version))

    assert found == ([("", f"{kind} x names no namespace")] if is_flagged else [])
    named = thing(kind, api_version, metadata={"name": "x", "namespace": "y"})
    assert judge("namespace-required", named) == []


@pytest.mark.parametrize(
    ("role", "subjects", "message"),
    [
        ("cluster-admin", [{"kind": "User", "name": "ann"}], "User ann may do everything in the cluster"),
        (
            "cluster-admin",
            [{"kind": "User", "name": "ann"}, {"kind": "Group", "name": "ops"}],
            "User ann and 1 more may do everything in the cluster",
        ),
        ("cluster-admin", [], None),
        ("cluster-admin", None, None),
        ("admin", [{"kind": "User", "name": "ann"}], None),
    ],
)
def test_cluster_admin_binding(judge: Judge, role: str, subjects: Any, message: str | None) -> None:
    """A binding without subjects binds nobody."""
    binding = thing("ClusterRoleBinding", "rbac.authorization.k8s.io/v1", roleRef={"name": role}, subjects=subjects)

    assert judge("cluster-admin-binding", binding) == ([("roleRef.name", message)] if message else [])


@pytest.mark.parametrize(
    ("old", "message"),
    [
        (
            thing("PersistentVolumeClaim"),
            "the change removes PersistentVolumeClaim x, and the data in it may go with it",
        ),
        (thing("PersistentVolume"), "the change removes PersistentVolume x, and the data in it may go with it"),
        (
            thing("StatefulSet", "apps/v1", spec={"volumeClaimTemplates": [{}]}),
            "the change removes StatefulSet x, which holds data in volumes",
        ),
        (thing("StatefulSet", "apps/v1", spec={}), None),
        (thing("ConfigMap"), None),
    ],
)
def test_volume_claim_removed(judge: Judge, old: dict[str, Any], message: str | None) -> None:
    """It sees the deletion, and nothing but the deletion."""
    assert judge("volume-claim-removed", None, old) == ([("", message)] if message else [])
    assert judge("volume-claim-removed", old, old) == []
    assert judge("volume-claim-removed", old) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("argocd.argoproj.io/sync-options", "Delete=false, Prune=false"),
        ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
        ("helm.sh/resource-policy", "keep"),
    ],
)
def test_an_object_that_the_agent_keeps_may_go(judge: Judge, key: str, value: str) -> None:
    """The agent does not delete it, so no data is lost."""
    old = thing("PersistentVolumeClaim", metadata={"name": "x", "annotations": {key: value}})

    assert judge("volume-claim-removed", None, old) == []


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (10, 5, "replicas fall from 10 to 5, half of it or less"),
        (10, 6, None),
        (2, 1, "replicas fall from 2 to 1, half of it or less"),
        (3, 0, "replicas fall from 3 to zero"),
        (None, 0, "replicas fall from 1 to zero"),
        (0, 0, None),
        (0, 3, None),
        (5, 10, None),
        (10, None, None),
        ("10", 1, None),
    ],
)
def test_replicas_drop(judge: Judge, before: Any, after: Any, message: str | None) -> None:
    """Half or less is a drop; a field that goes away is left to an autoscaler."""
    found = judge(
        "replicas-drop",
        thing("Deployment", "apps/v1", spec={"replicas": after}),
        thing("Deployment", "apps/v1", spec={"replicas": before}),
    )

    assert found == ([("spec.replicas", message)] if message else [])


PRIVATE_KEY = (
    "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIB\n"
)  # in two pieces, so that no scanner takes it for a real one
SHAPES = {
    PRIVATE_KEY: "a private key",
    "AKIA" + "Q" * 16: "an AWS access key",
    "ghp_" + "a1" * 18: "a GitHub token",
    "github_pat_" + "a1" * 20: "a GitHub token",
    "glpat-" + "a1" * 10: "a GitLab token",
    "xoxb-" + "12" * 10: "a Slack token",
    "AIza" + "b" * 35: "a Google API key",
    "sk_live_" + "c3" * 10: "a Stripe key",
    "npm_" + "d" * 36: "an npm token",
    "hvs." + "e" * 24: "a Vault token",
    "AGE-SECRET-KEY-1" + "Q" * 58: "an age key",
    "eyJ" + "h" * 20 + ".eyJ" + "p" * 20 + "." + "s" * 20: "a JSON web token",
    "postgres://shop:correct-horse@db/shop": "a URL with a password",
}


@pytest.mark.parametrize("value", SHAPES)
def test_a_known_credential_is_seen_under_any_name(judge: Judge, value: str) -> None:
    """In an environment variable, in stringData, and behind base64; the message never shows it."""
    encoded = base64.b64encode(value.encode()).decode()
    what = SHAPES[value]

    assert judge("plaintext-secret", thing("Secret", stringData={"config": value})) == [
        ("stringData.config", f"key config of Secret x holds {what} in plain text")
    ]
    assert judge("plaintext-secret", thing("Secret", data={"config": encoded})) == [
        ("data.config", f"key config of Secret x holds {what} in plain text")
    ]
    pod = {"containers": [{"name": "a", "env": [{"name": "CONFIG", "value": value}]}]}
    assert judge("plaintext-secret", workload(pod)) == [
        ("spec.containers[0].env[0].value", f"environment variable CONFIG of container a holds {what} in plain text")
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("password", "DB_PASSWORD", "PGPASSWORD", "adminPassword", "db.password", "mysql-root-password", "password2"),
        *("token", "API_TOKEN", "authToken", "api-key", "apiKey", "API_KEY", "APIKEY", "AWS_SECRET_ACCESS_KEY"),
        *("client-secret", "clientSecret", "JWT_SECRET", "SECRET_KEY", "private_key", "credentials", "MYSQL_PWD"),
    ],
)
def test_a_name_that_says_credential(judge: Judge, name: str) -> None:
    """However it is spelled."""
    value = "correct-horse-battery"

    assert len(judge("plaintext-secret", thing("Secret", stringData={name: value}))) == 1
    pod = {"containers": [{"name": "a", "env": [{"name": name, "value": value}]}]}
    assert len(judge("plaintext-secret", workload(pod))) == 1


@pytest.mark.parametrize(
    "name",
    [
        *("username", "PASSWORD_FILE", "TOKEN_URL", "SECRET_NAME", "PASSWORD_MIN_LENGTH", "TOKENIZER", "BYPASS"),
        *("KEY", "PUBLIC_KEY", "MAX_TOKENS", "TLS_SECRET", "existingSecret", "AWS_ACCESS_KEY_ID", "COMPASS"),
    ],
)
def test_a_name_that_says_something_else(judge: Judge, name: str) -> None:
    """Names about credentials are not credentials."""
    pod = {"containers": [{"name": "a", "env": [{"name": name, "value": "correct-horse-battery"}]}]}

    assert judge("plaintext-secret", workload(pod)) == []


@pytest.mark.parametrize(
    "value",
    [
        *("", "${DB_PASSWORD}", "$(DB_PASSWORD)", "$DB_PASSWORD", "{{ .Values.password }}", "<password>", "<path:a#b>"),
        *(
            "changeme",
            "CHANGE_ME",
            "change-me-please",
            "REPLACE_ME",
            "your-password-here",
            "todo",
            "REDACTED",
            "xxxxxx",
        ),
        *("true", "vault:secret/data/db#password", "ref+vault://a#b", "op://vault/item/field", "/run/secrets/password"),
        *(
            "arn:aws:secretsmanager:eu-west-1:1:secret:a",
            "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
        ),
        *("ENC[AES256_GCM,data:p673w==,iv:YY=,aad:UQ=,tag:A=,type:str]", "AKIAIOSFODNN7" + "EXAMPLE"),
    ],
)
def test_what_is_no_credential_passes(judge: Judge, value: str) -> None:
    """Placeholders, references, hashes and encrypted values, also under a name that says credential."""
    assert judge("plaintext-secret", thing("Secret", stringData={"password": value})) == []
    pod = {"containers": [{"name": "a", "env": [{"name": "DB_PASSWORD", "value": value}]}]}
    assert judge("plaintext-secret", workload(pod)) == []


def test_secrets_that_others_decrypt_pass(judge: Judge) -> None:
    """A SealedSecret and an ExternalSecret are other kinds; data that is no base64 is the schema's business."""
    assert judge("plaintext-secret", thing("SealedSecret", "bitnami.com/v1alpha1", spec={"password": "AgBy" * 9})) == []
    assert judge("plaintext-secret", thing("ExternalSecret", "external-secrets.io/v1", spec={"password": "x"})) == []
    assert judge("plaintext-secret", thing("Secret", data={"password": "not base64 !"})) == []
    assert judge("plaintext-secret", thing("Secret", data={"password": None}, stringData=[])) == []


def test_a_registry_password_is_seen(judge: Judge) -> None:
    """An image pull secret is a credential; an empty one is not."""
    config = base64.b64encode(b'{"auths": {"r.example.com": {"auth": "eDp5"}}}').decode()

    assert judge("plaintext-secret", thing("Secret", data={".dockerconfigjson": config})) == [
        ('data[".dockerconfigjson"]', "key .dockerconfigjson of Secret x holds a registry password in plain text")
    ]
    assert judge("plaintext-secret", thing("Secret", data={".dockerconfigjson": "e30="})) == []


def test_a_random_value_makes_a_secret_of_a_name_that_may_say_so(judge: Judge) -> None:
    """OAUTH_SECRET may be a credential or another Secret's name: the value tells."""
    pod = {"containers": [{"name": "a", "env": [{"name": "OAUTH_SECRET", "value": "x7Kp2QvL9wRt4ZbN8cYd"}]}]}

    assert len(judge("plaintext-secret", workload(pod))) == 1
