"""The account of least rights, on a real server: it may dry-run and nothing else."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from gategit.cluster.access import Access
from gategit.cluster.client import Answer, Client
from gategit.cluster.discovery import Resource, discover
from gategit.cluster.rbac import ASKED, LEFT_OUT, READ, Account, checked_group, is_plural, least_rights
from gategit.errors import UsageError
from tests.api_server import write_kubeconfig
from tests.cluster.waiting import until

if TYPE_CHECKING:
    from tests.api_server import ApiServer

Data = dict[str, Any]

POLICY = "this account may dry-run and nothing else"
WHOLE = "this account may dry-run whole objects alone, no subresources"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
RBAC = "rbac.authorization.k8s.io"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.GROUP}
spec:
  group: GROUP
  scope: Namespaced
  names: {kind: Gadget, plural: gadgets, singular: gadget}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}, subresources: {status: {}}}
"""


def _rbac(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gategit", "cluster", "rbac", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@dataclass(frozen=True, slots=True)
class Guarded:
    """The account in force, and what there is for it to ask about.

    Attributes:
        access: the account's, with a token of kubectl.
        administrator: the server's administrator.
        namespace: of the account; it holds a ConfigMap, a Secret, a Deployment, a Pod, a Gadget, each ``live``.
        group: of a custom resource that the manifests define.
    """

    access: Access
    administrator: Access
    namespace: str
    group: str

    def send(self, method: str, path: str, *, access: Access | None = None, **request: Any) -> Answer:
        """Ask as the account; NS and GROUP in the path and in the body are replaced."""
        path = path.replace("NS", self.namespace).replace("GROUP", self.group)
        if "body" in request:
            request["body"] = json.loads(json.dumps(request["body"]).replace("GROUP", self.group))

        async def main() -> Answer:
            async with Client(access or self.access) as client:
                return await client.send(method, path, **request)

        return asyncio.run(main())


def _object(api_version: str, kind: str, name: str = "live", **data: Any) -> Data:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **data}


def _deployment(name: str, replicas: int) -> Data:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    return _object("apps/v1", "Deployment", name, spec=spec)


def _settle(guarded: Guarded) -> None:
    """Wait until the server has taken notice of the policy and the roles, in whatever order it did."""

    def in_force() -> bool:
        answer = guarded.send("POST", MAPS, body=_object("v1", "ConfigMap", "probe"))
        if answer.ok:
            guarded.send("DELETE", f"{MAPS}/probe", access=guarded.administrator)
        return POLICY in answer.message

    until(in_force)


@pytest.fixture(scope="module")
def guarded(api_server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """The account as the documentation says to make it, and a few live objects."""
    namespace = api_server.new_namespace()
    group = f"{namespace}.example.com"
    definition = DEFINITION.replace("GROUP", group)
    folder = tmp_path_factory.mktemp("tree")
    (folder / "crd.yaml").write_text(definition)
    printed = _rbac(folder, "--namespace", namespace, "--name", "gate")
    assert (printed.returncode, printed.stderr) == (0, "")
    api_server.kubectl("apply", "--filename=-", stdin=definition)
    api_server.kubectl("wait", "--for=condition=Established", f"crd/gadgets.{group}", "--timeout=60s")
    api_server.kubectl("apply", "--server-side", "--filename=-", stdin=printed.stdout)
    token = api_server.kubectl("create", "token", "gate", "--namespace", namespace, "--duration=1h").strip()
    guarded = Guarded(replace(api_server.access, token=token), api_server.access, namespace, group)
    pod = _object("v1", "Pod", spec={"containers": [{"name": "c", "image": "nginx"}]})
    live = [
        _object("v1", "ConfigMap", data={"a": "1"}),
        _object("v1", "Secret", stringData={"a": "hidden"}),
        _deployment("live", 1),
        pod,
        _object(f"{group}/v1", "Gadget"),
    ]
    items = {"apiVersion": "v1", "kind": "List", "items": live}
    api_server.kubectl("create", "--namespace", namespace, "--filename=-", stdin=json.dumps(items))
    _settle(guarded)
    yield guarded
    api_server.kubectl("delete", "--filename=-", "--wait=false", "--ignore-not-found", stdin=printed.stdout)
    api_server.kubectl("delete", "crd", f"gadgets.{group}", "--wait=false")


MAPS = "/api/v1/namespaces/NS/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/NS/deployments"
ROLES = f"/apis/{RBAC}/v1"
MANAGED = {"fieldManager": "gategit", "force": "true"}

WRITES: Mapping[str, tuple[str, str, Data]] = {
    "create": ("POST", MAPS, {"body": _object("v1", "ConfigMap", "new")}),
    "create by server-side apply": (
        "PATCH",
        f"{MAPS}/new",
        {"body": _object("v1", "ConfigMap", "new"), "content_type": APPLY, "query": MANAGED},
    ),
    "server-side apply": (
        "PATCH",
        f"{DEPLOYMENTS}/live",
        {"body": _deployment("live", 3), "content_type": APPLY, "query": MANAGED},
    ),
    "update": ("PUT", f"{MAPS}/live", {"body": _object("v1", "ConfigMap", data={"a": "2"})}),
    "patch": ("PATCH", f"{MAPS}/live", {"body": {"data": {"a": "2"}}, "content_type": MERGE}),
    "delete": ("DELETE", f"{DEPLOYMENTS}/live", {}),
    "a Secret": ("PUT", "/api/v1/namespaces/NS/secrets/live", {"body": _object("v1", "Secret", stringData={"b": "2"})}),
    "a custom resource": (
        "POST",
        "/apis/GROUP/v1/namespaces/NS/gadgets",
        {"body": _object("GROUP/v1", "Gadget", "new")},
    ),
    "a Namespace": ("POST", "/api/v1/namespaces", {"body": _object("v1", "Namespace", "gategit-test-new")}),
    "a role with more rights than its own": (
        "POST",
        f"{ROLES}/clusterroles",
        {
            "body": _object(
                f"{RBAC}/v1",
                "ClusterRole",
                "gategit-test-all",
                rules=[{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
            )
        },
    ),
    "a binding to more rights than its own": (
        "POST",
        f"{ROLES}/namespaces/NS/rolebindings",
        {
            "body": _object(
                f"{RBAC}/v1",
                "RoleBinding",
                "all",
                roleRef={"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
                subjects=[{"kind": "Group", "apiGroup": RBAC, "name": "everybody"}],
            )
        },
    ),
    "a CustomResourceDefinition": (
        "PATCH",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gadgets.GROUP",
        {"body": {"metadata": {"labels": {"a": "b"}}}, "content_type": MERGE},
    ),
}
"""One write of each kind, and of each kind of object that has rules of its own."""


def _query(request: Data, **more: str) -> Data:
    return {**request, "query": {**request.get("query", {}), **more}}


@pytest.mark.parametrize("write", WRITES)
def test_a_dry_run_is_allowed(guarded: Guarded, write: str) -> None:
    """What the gate asks is answered as for an administrator."""
    method, path, request = WRITES[write]
    answer = guarded.send(method, path, **_query(request, dryRun="All", fieldValidation="Strict"))
    assert answer.ok, answer.message


@pytest.mark.parametrize("write", WRITES)
def test_the_real_write_is_denied(guarded: Guarded, write: str) -> None:
    """The same without dryRun is forbidden by the policy, for the role alone would allow it."""
    method, path, request = WRITES[write]
    answer = guarded.send(method, path, **request)
    assert (answer.status, answer.reason) == (403, "Forbidden")
    assert answer.message.endswith(f"denied request: {POLICY}")


def test_nothing_was_written(guarded: Guarded) -> None:
    """After all of that the live objects are as they were."""
    for path, key in ((f"{MAPS}/live", "data"), (f"{DEPLOYMENTS}/live", "spec")):
        data = guarded.send("GET", path).data[key]
        assert data.get("replicas", data.get("a")) in {1, "1"}
    assert guarded.send("GET", f"{MAPS}/new").status == 404


REVIEW = _object("authentication.k8s.io/v1", "TokenReview", spec={"token": "x"})
REQUESTS: Mapping[str, tuple[str, str, Data]] = {
    "all objects deleted at once": ("DELETE", MAPS, {}),
    "a command in a Pod": ("POST", "/api/v1/namespaces/NS/pods/live/exec", {"query": {"command": "sh"}}),
    "the same by GET": ("GET", "/api/v1/namespaces/NS/pods/live/exec", {"query": {"command": "sh"}}),
    "a Pod's port": ("GET", "/api/v1/namespaces/NS/pods/live/portforward", {}),
    "a Pod's own pages": ("GET", "/api/v1/namespaces/NS/pods/live/proxy/", {}),
    "a Pod's log": ("GET", "/api/v1/namespaces/NS/pods/live/log", {}),
    "a node's own pages": ("GET", "/api/v1/nodes/any/proxy/", {}),
    "a debugging container": (
        "PATCH",
        "/api/v1/namespaces/NS/pods/live/ephemeralcontainers",
        {"body": {}, "content_type": MERGE},
    ),
    "an eviction": (
        "POST",
        "/api/v1/namespaces/NS/pods/live/eviction",
        {"body": _object("policy/v1", "Eviction")},
    ),
    "another scale": ("PATCH", f"{DEPLOYMENTS}/live/scale", {"body": {"spec": {"replicas": 0}}, "content_type": MERGE}),
    "a status": ("PATCH", f"{DEPLOYMENTS}/live/status", {"body": {}, "content_type": MERGE}),
    "a Namespace's end": ("PUT", "/api/v1/namespaces/NS/finalize", {"body": _object("v1", "Namespace")}),
    "a token": (
        "POST",
        "/api/v1/namespaces/NS/serviceaccounts/gate/token",
        {"body": {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}},
    ),
    "a question about another's token": ("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"body": REVIEW}),
    "a signature": ("POST", "/apis/certificates.k8s.io/v1/certificatesigningrequests", {"body": {}}),
    "a policy": ("POST", f"{ADMISSION}/validatingadmissionpolicies", {"body": {}}),
    "its own policy, changed": (
        "PATCH",
        f"{ADMISSION}/validatingadmissionpolicies/NS-gate-dry-run-only",
        {"body": {"spec": {"failurePolicy": "Ignore"}}, "content_type": MERGE},
    ),
    "its own policy, removed": ("DELETE", f"{ADMISSION}/validatingadmissionpolicies/NS-gate-dry-run-only", {}),
    "its binding, removed": ("DELETE", f"{ADMISSION}/validatingadmissionpolicybindings/NS-gate-dry-run-only", {}),
    "a webhook": ("POST", f"{ADMISSION}/mutatingwebhookconfigurations", {"body": {}}),
    "a watch": ("GET", MAPS, {"query": {"watch": "true"}}),
}
"""What the roles do not give, dry run or not."""


@pytest.mark.parametrize("dry", [False, True], ids=["real", "dry run"])
@pytest.mark.parametrize("request_", REQUESTS)
def test_what_the_roles_do_not_give(guarded: Guarded, request_: str, dry: bool) -> None:  # noqa: FBT001  a parameter
    """What a policy could not guard, or what needs no write to do harm, is forbidden before any policy is asked."""
    method, path, request = REQUESTS[request_]
    answer = guarded.send(method, path, **(_query(request, dryRun="All") if dry else request))
    assert (answer.status, answer.reason) == (403, "Forbidden")
    assert f'User "system:serviceaccount:{guarded.namespace}:gate" cannot ' in answer.message


def test_nobody_else_s_name(guarded: Guarded) -> None:
    """The account may not put on another user's name, which the policy would not know."""
    access = replace(guarded.access, impersonate=(("Impersonate-User", "ann"),))
    answer = guarded.send("GET", MAPS, access=access)
    assert answer.status == 403
    assert f'User "system:serviceaccount:{guarded.namespace}:gate" cannot impersonate' in answer.message


@pytest.mark.parametrize(
    "path",
    [
        f"{MAPS}/live",
        MAPS,
        "/api/v1/namespaces/NS/secrets/live",
        "/apis/GROUP/v1/namespaces/NS/gadgets",
        f"{ADMISSION}/validatingadmissionpolicies",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        "/openapi/v3",
    ],
)
def test_reading_is_allowed(guarded: Guarded, path: str) -> None:
    """The gate compares with what is live."""
    assert guarded.send("GET", path).ok


BEYOND: Mapping[str, tuple[str, str, Data]] = {
    **{name: WRITES[name] for name in ("create", "delete", "a custom resource")},
    **{
        name: REQUESTS[name]
        for name in ("all objects deleted at once", "a command in a Pod", "an eviction", "another scale", "a token")
    },
}


@pytest.mark.parametrize("dry", [False, True], ids=["real", "dry run"])
@pytest.mark.parametrize("request_", BEYOND)
def test_the_policy_holds_where_roles_give_everything(
    guarded: Guarded,
    api_server: ApiServer,
    request_: str,
    dry: bool,  # noqa: FBT001  a parameter
) -> None:
    """Whoever binds the account to more rights by mistake still has one that cannot write, nor ask for a token.

    A dry run of a subresource is no harmless question: the server answers one for a token with a token.
    """
    name = f"{guarded.namespace}-gate-beyond"
    binding = _object(
        f"{RBAC}/v1",
        "ClusterRoleBinding",
        name,
        roleRef={"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
        subjects=[{"kind": "ServiceAccount", "name": "gate", "namespace": guarded.namespace}],
    )
    api_server.send("POST", f"{ROLES}/clusterrolebindings", binding)
    try:
        until(lambda: guarded.send("GET", "/api/v1/nodes").ok)
        method, path, request = BEYOND[request_]
        answer = guarded.send(method, path, **(_query(request, dryRun="All") if dry else request))
        if dry and request_ in {*WRITES, "all objects deleted at once"}:
            assert answer.ok
        else:
            # The server itself refuses to try a command.
            refusals = (WHOLE, "dryRun is not supported") if dry else (POLICY,)
            assert answer.message.endswith(refusals)
    finally:
        api_server.send("DELETE", f"{ROLES}/clusterrolebindings/{name}")
        until(lambda: not guarded.send("GET", "/api/v1/nodes").ok)


def test_nobody_else_is_denied(api_server: ApiServer, guarded: Guarded) -> None:
    """The policy is about one account: another one of the same namespace writes as its rights say."""
    other = api_server.account(guarded.namespace, "other")
    inside = f"--namespace={guarded.namespace}"
    api_server.kubectl("create", "role", "other", "--verb=create", "--resource=configmaps", inside)
    subject = f"--serviceaccount={guarded.namespace}:other"
    api_server.kubectl("create", "rolebinding", "other", "--role=other", subject, inside)
    body = _object("v1", "ConfigMap", "others")
    until(lambda: guarded.send("POST", MAPS, access=other, body=body).status == 201)


def test_every_resource_of_the_server_was_thought_of(api_server: ApiServer) -> None:
    """A newer Kubernetes with a resource that no table names makes this test say so."""

    async def served() -> tuple[Resource, ...]:
        async with Client(api_server.access) as client:
            return (await discover(client)).resources

    tables = (ASKED, READ, LEFT_OUT)
    known = {(group, plural) for table in tables for group, plurals in table.items() for plural in plurals}
    own = {(one.group, one.plural) for one in asyncio.run(served()) if not one.group.endswith("example.com")}
    assert own - known == set()
    assert len(known) == sum(len(plurals) for table in tables for plurals in table.values())


def _objects(done: subprocess.CompletedProcess[str]) -> list[Data]:
    assert done.returncode == 0, done.stderr
    return list(YAML(typ="safe").load_all(done.stdout))


def _rules(objects: list[Data], group: str) -> list[tuple[list[str], list[str]]]:
    return [
        (rule["resources"], rule["verbs"])
        for one in objects
        for rule in one.get("rules", [])
        if rule["apiGroups"] == [group]
    ]


def test_what_is_printed(tmp_path: Path) -> None:
    """The policy comes before the roles; names are those of the options; nothing is a wildcard."""
    objects = _objects(_rbac(tmp_path, "--namespace", "ci", "--name", "gate"))
    assert objects == least_rights(Account("ci", "gate"), {})
    assert [(one["kind"], one["metadata"]["name"]) for one in objects] == [
        ("Namespace", "ci"),
        ("ServiceAccount", "gate"),
        ("ValidatingAdmissionPolicy", "ci-gate-dry-run-only"),
        ("ValidatingAdmissionPolicyBinding", "ci-gate-dry-run-only"),
        ("ClusterRole", "ci-gate-read"),
        ("ClusterRoleBinding", "ci-gate-read"),
        ("ClusterRole", "ci-gate-dry-run"),
        ("ClusterRoleBinding", "ci-gate-dry-run"),
    ]
    named = [word for one in objects for rule in one.get("rules", []) for word in (*rule["resources"], *rule["verbs"])]
    assert not any("*" in word or "/" in word for word in named)


def test_no_secrets(tmp_path: Path) -> None:
    """Without Secrets there is no right on them at all: the answer to a dry run of a patch holds what is live."""
    objects = _objects(_rbac(tmp_path, "--no-secrets"))
    assert all("secrets" not in resources for resources, _ in _rules(objects, ""))
    assert "secrets" in _rules(_objects(_rbac(tmp_path)), "")[0][0]


def test_custom_resources(tmp_path: Path) -> None:
    """Those that manifests define are named, those that they only declare come as a group, as those of the option."""
    (tmp_path / "crd.yaml").write_text(DEFINITION.replace("GROUP", "own.example.com"))
    (tmp_path / "objects.yaml").write_text(
        "apiVersion: own.example.com/v1\nkind: Gadget\nmetadata: {name: a}\n---\n"
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: a}\n---\n"
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"
    )
    (tmp_path / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [objects.yaml]\n"
    )
    objects = _objects(_rbac(tmp_path, "--group", "other.example.com"))
    read, write = ["get", "list"], ["create", "delete", "patch", "update"]
    assert _rules(objects, "own.example.com") == [(["gadgets"], read), (["gadgets"], write)]
    assert _rules(objects, "cert-manager.io") == [(["*"], read), (["*"], write)]
    assert _rules(objects, "other.example.com") == [(["*"], read), (["*"], write)]
    assert _rules(objects, "kustomize.config.k8s.io") == []
    assert len(_rules(objects, "apps")) == 2


def test_custom_resources_of_charts(tmp_path: Path) -> None:
    """What a chart renders is asked for as well; of one that cannot be rendered nobody knows, and that is said."""
    for name, template in (
        ("good", "apiVersion: cert-manager.io/v1\nkind: {{ .Values.kind }}\nmetadata: {name: a}\n"),
        ("bad", 'apiVersion: {{ required "a version is needed" .Values.version }}\nkind: Gadget\n'),
    ):
        (tmp_path / name / "templates").mkdir(parents=True)
        (tmp_path / name / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n")
        (tmp_path / name / "values.yaml").write_text("kind: Certificate\n")
        (tmp_path / name / "templates" / "a.yaml").write_text(template)
    done = _rbac(tmp_path)
    assert _rules(_objects(done), "cert-manager.io")[0] == (["*"], ["get", "list"])
    assert done.stderr.splitlines() == ["gategit: chart bad: it asks for more than its own values: a version is needed"]


def test_manifests_cannot_ask_for_more(tmp_path: Path) -> None:
    """A definition that claims a group of Kubernetes, a wildcard or a subresource gets no rights, and is said."""
    definitions = [
        DEFINITION.replace("GROUP", "admissionregistration.k8s.io"),
        DEFINITION.replace("GROUP", "a.example.com").replace("plural: gadgets", "plural: '*'"),
        DEFINITION.replace("GROUP", "b.example.com").replace("plural: gadgets", "plural: gadgets/proxy"),
        "apiVersion: '*.example.com/v1'\nkind: Gadget\nmetadata: {name: a}\n",
    ]
    (tmp_path / "all.yaml").write_text("\n---\n".join(definitions))
    done = _rbac(tmp_path)
    assert _objects(done) == least_rights(Account("gategit", "gategit"), {})
    no_name = "gategit: all.yaml: a CustomResourceDefinition says no group and plural name that it could define"
    own = "admissionregistration.k8s.io is Kubernetes' own, and never given as a whole"
    assert done.stderr.splitlines() == [
        f"gategit: all.yaml: a CustomResourceDefinition is left out: {own}",
        no_name,
        no_name,
        "gategit: the API group of a manifest is left out: '*.example.com' is no API group of custom resources",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--group", "apps"], "apps is Kubernetes' own, and never given as a whole"),
        (["--group", "certificates.k8s.io"], "certificates.k8s.io is Kubernetes' own, and never given as a whole"),
        (["--group", ""], "the core group is Kubernetes' own, and never given as a whole"),
        (["--group", "*"], "'*' is no API group of custom resources"),
        (["--group", "example"], "'example' is no API group of custom resources"),
        (["--name", "a' || true || '"], "the name \"a' || true || '\" cannot be one"),
        (["--namespace", "A"], "the namespace 'A' cannot be one"),
        (["--namespace", ""], "the namespace '' cannot be one"),
    ],
)
def test_wrong_options(tmp_path: Path, options: list[str], message: str) -> None:
    """Nothing is printed, since somebody may pipe it into kubectl; the exit code is 2."""
    done = _rbac(tmp_path, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[0] == f"gategit: {message}"


@pytest.mark.parametrize("group", ["cert-manager.io", "x-y.z9.example.com", "gateway.networking.k8s.io"])
def test_groups_of_custom_resources(group: str) -> None:
    """Also those of Kubernetes' projects that are no part of the API server."""
    assert checked_group(group) == group


@pytest.mark.parametrize(("name", "fits"), [("widgets", True), ("*", False), ("pods/exec", False), (3, False)])
def test_plural(name: object, fits: bool) -> None:  # noqa: FBT001  a table's column
    """A plural name is one word."""
    assert is_plural(name) == fits


def test_a_group_of_kubernetes_is_never_custom() -> None:
    """The door is shut in the function as well, not in the command alone."""
    with pytest.raises(UsageError, match="Kubernetes' own"):
        least_rights(Account("a", "a"), {"authentication.k8s.io": ["tokenreviews"]})


def test_the_documented_role_gives_tokens_of_the_account_alone(guarded: Guarded, api_server: ApiServer) -> None:
    """The objects of the documentation, as they stand there: a workflow's identity gets this token and no other."""
    page = (Path(__file__).parents[2] / "docs" / "least-rights.md").read_text(encoding="utf-8")
    text = page.partition("```yaml\n")[2].partition("```")[0]
    for old, new in (("namespace: gategit", f"namespace: {guarded.namespace}"), ("[gategit]", "[gate]")):
        assert old in text
        text = text.replace(old, new)
    api_server.kubectl("apply", "--filename=-", stdin=text)
    user = YAML(typ="safe").load(text.split("---")[1])["subjects"][0]["name"]
    workflow = replace(guarded.administrator, impersonate=(("Impersonate-User", user),))
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    accounts = "/api/v1/namespaces/NS/serviceaccounts"

    def given() -> str:
        answer = guarded.send("POST", f"{accounts}/gate/token", access=workflow, body=body)
        return answer.data["status"]["token"] if answer.ok else ""

    until(lambda: given() != "")
    access = replace(guarded.access, token=given())
    assert guarded.send("GET", MAPS, access=access).ok
    assert guarded.send("POST", f"{accounts}/default/token", access=workflow, body=body).status == 403
    assert guarded.send("GET", MAPS, access=workflow).status == 403


def test_the_gate_works_with_the_account(guarded: Guarded, tmp_path: Path) -> None:
    """The whole program asks as this account: what is right passes, what is wrong is found, nothing is written."""
    kubeconfig = write_kubeconfig(replace(guarded.access, namespace=guarded.namespace), tmp_path / "kubeconfig")
    folder = tmp_path / "tree"
    folder.mkdir()

    def check(replicas: int) -> subprocess.CompletedProcess[str]:
        objects = [
            _deployment("live", replicas),
            _deployment("new", 1),
            _object(f"{guarded.group}/v1", "Gadget", "new"),
        ]
        for one in objects:
            one["metadata"]["namespace"] = guarded.namespace
        text = "\n---\n".join(json.dumps(one) for one in objects)
        (folder / "all.yaml").write_text(text)
        options = ["--all", "--stages=dry-run", "--dry-run=cluster", f"--kubeconfig={kubeconfig}"]
        command = [sys.executable, "-m", "gategit", "check", *options]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    passed = check(2)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    blocked = check(-1)
    assert blocked.returncode == 1, blocked.stdout + blocked.stderr
    assert "must be greater than or equal to 0" in blocked.stdout
    assert guarded.send("GET", f"{DEPLOYMENTS}/live").data["spec"]["replicas"] == 1
    assert guarded.send("GET", f"{DEPLOYMENTS}/new").status == 404
