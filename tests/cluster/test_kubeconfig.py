"""Kubeconfigs: kubectl is the measure. With the same files, both are the same person to the server, or both fail."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from gategit.cluster.access import Access
from gategit.cluster.client import Client
from gategit.cluster.credentials import ExecPluginError
from gategit.cluster.kubeconfig import read_access
from gategit.errors import GategitError, UsageError
from tests.cluster.servers import new_authority, serving
from tools.golang import built

if TYPE_CHECKING:
    from tests.api_server import ApiServer

Data = dict[str, Any]

PASSWORD = {"password": "s:ecret"}
WRONG = {"token": "wrong"}

NOBODY = ""
"""What a server is said to know of somebody who fails to reach it, or whom it refuses to say who they are."""


@dataclass(frozen=True, slots=True)
class World:
    """What the kubeconfigs of the tests are written from.

    Attributes:
        server: the API server's URL.
        authority: its certificate authority in PEM.
        token: of the account ``right``.
        other: of the account ``wrong``.
        right: the name that the server calls the first account by.
        folder: for the files.
    """

    server: str
    authority: bytes
    token: str
    other: str
    right: str
    folder: Path

    def cluster(self, **changes: Any) -> Data:
        """The server's entry; a change to None takes a field away."""
        data = {"server": self.server, "certificate-authority-data": base64.b64encode(self.authority).decode()}
        return {name: value for name, value in {**data, **changes}.items() if value is not None}

    def config(self, **changes: Any) -> Data:
        """A whole kubeconfig that reaches the server as the right account, with other parts where that is said."""
        data: Data = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "here", "cluster": self.cluster()}],
            "users": [{"name": "me", "user": {"token": self.token}}],
            "contexts": [{"name": "one", "context": {"cluster": "here", "user": "me"}}],
            "current-context": "one",
        }
        return {name: value for name, value in {**data, **changes}.items() if value is not None}

    def as_user(self, **user: Any) -> Data:
        """The same with another user."""
        return self.config(users=[{"name": "me", "user": user}])

    def on_cluster(self, **changes: Any) -> Data:
        """The same with another cluster."""
        return self.config(clusters=[{"name": "here", "cluster": self.cluster(**changes)}])

    def write(self, name: str, content: Data | str) -> Path:
        """Write a file, with the folders above it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    def plugin(self, name: str, token: str, check: str = "true", version: str = "v1") -> Path:
        """Write a program that gives a token where ``check``, a line of shell, succeeds."""
        said = {
            "apiVersion": f"client.authentication.k8s.io/{version}",
            "kind": "ExecCredential",
            "status": {"token": token},
        }
        path = self.write(
            name, f"#!/bin/sh\n{check} || {{ echo 'not logged in' >&2; exit 7; }}\necho '{json.dumps(said)}'\n"
        )
        path.chmod(0o755)
        return path

    def dead(self) -> str:
        """The URL of a port on this machine where nobody listens."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return f"https://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def world(api_server: ApiServer, namespace: str, tmp_path: Path) -> World:
    """A server with two accounts, and a folder."""
    tokens = [api_server.account(namespace, name).token for name in ("right", "wrong")]
    authority = api_server.access.authority
    assert authority
    assert tokens[0]
    assert tokens[1]
    right = f"system:serviceaccount:{namespace}:right"
    return World(api_server.access.server, authority, tokens[0], tokens[1], right, tmp_path)


def _exec(command: str, **changes: Any) -> Data:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": command, "interactiveMode": "IfAvailable"}
    return {name: value for name, value in {**plugin, **changes}.items() if value is not None}


def _kubectl_identity(arguments: list[str], environment: Mapping[str, str], folder: Path) -> str:
    done = subprocess.run(
        [str(built("kubectl")), *arguments, "auth", "whoami", "--output=json", "--request-timeout=10s"],
        env=dict(environment),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return _username(json.loads(done.stdout)) if done.returncode == 0 else NOBODY


def _username(review: Any) -> str:
    info = review["status"]["userInfo"]
    return " ".join([info["username"], *sorted(g for g in info.get("groups", []) if not g.startswith("system:"))])


def _our_identity(
    kubeconfig: str | None, context: str | None, environment: Mapping[str, str], repository: Path | None = None
) -> str:
    access = read_access(kubeconfig=kubeconfig, context=context, environment=environment, repository=repository)

    async def ask() -> str:
        async with Client(access) as client:
            review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
            path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
            answer = await client.send("POST", path, body=review)
            return _username(answer.data) if answer.ok else NOBODY

    return asyncio.run(ask())


def _no_user(w: World) -> Data:
    return w.config(contexts=[{"name": "one", "context": {"cluster": "here"}}])


def _refers(w: World, **context: str) -> Data:
    return w.config(contexts=[{"name": "one", "context": {"cluster": "here", "user": "me", **context}}])


def _token_file(w: World) -> Data:
    w.write("secret/token", f"{w.token}\n")
    return w.as_user(tokenFile="secret/token", token=w.other)


def _authority_file(w: World) -> Data:
    w.write("ca/ca.crt", w.authority.decode())
    return w.on_cluster(**{"certificate-authority": "ca/ca.crt", "certificate-authority-data": None})


def _commented_authority(w: World) -> Data:
    w.write("ca.crt", f"# Zertifikat für Köln\n{w.authority.decode()}\n")
    return w.on_cluster(**{"certificate-authority": "ca.crt", "certificate-authority-data": None})


def _two_authorities(w: World) -> Data:
    w.write("ca.crt", w.authority.decode())
    return w.on_cluster(**{"certificate-authority": "ca.crt"})


def _plugin(w: World, **changes: Any) -> Data:
    w.plugin("bin/login", w.token)
    return w.as_user(exec=_exec("bin/login", **changes))


def _checking_plugin(w: World, check: str, **changes: Any) -> Data:
    w.plugin("bin/login", w.token, check)
    return w.as_user(exec=_exec("bin/login", **changes))


def _old_plugin(w: World) -> Data:
    w.plugin("bin/login", w.token, version="v1beta1")
    return w.as_user(exec=_exec("bin/login", apiVersion="client.authentication.k8s.io/v1beta1", interactiveMode=None))


def _plugin_of_other_version(w: World) -> Data:
    w.plugin("bin/login", w.token, version="v1beta1")
    return w.as_user(exec=_exec("bin/login"))


def _plugin_that_prints(w: World, text: str) -> Data:
    w.write("bin/login", f"#!/bin/sh\necho '{text}'\n").chmod(0o755)
    return w.as_user(exec=_exec("bin/login"))


def _yaml(w: World) -> str:
    """As people write it: YAML 1.1's yes, a comment, a key that is there twice."""
    return (
        "apiVersion: v1\nkind: Config\nclusters:\n"
        f"- {{name: here, cluster: {{server: '{w.server}', insecure-skip-tls-verify: yes}}}}\n"
        f"users:\n- {{name: me, user: {{token: wrong, token: {w.token}}}}}  # mine\n"
        "contexts:\n- {name: one, context: {cluster: here, user: me}}\ncurrent-context: one\n"
    )


def _provider(w: World, name: str) -> Data:
    config = {"id-token": w.token, "client-id": "x", "idp-issuer-url": "https://127.0.0.1:1"}
    return w.as_user(**{"auth-provider": {"name": name, "config": config}})


CASES: Mapping[str, Callable[[World], Data | str]] = {
    "a token": lambda w: w.config(),
    "YAML": _yaml,
    "nothing": lambda _: "",
    "no YAML": lambda _: "clusters: [\nusers: }",
    "no mapping": lambda _: "[1, 2]",
    "another kind": lambda w: w.config(kind="Pod"),
    "no kind": lambda w: w.config(kind=None, apiVersion=None),
    "no current context": lambda w: w.config(**{"current-context": None}),
    "a current context that is not there": lambda w: w.config(**{"current-context": "two"}),
    "a context without a user": _no_user,
    "a user that is not there": lambda w: _refers(w, user="you"),
    "a cluster that is not there": lambda w: _refers(w, cluster="there"),
    "a name twice": lambda w: w.config(users=[{"name": "me", "user": {"token": t}} for t in (w.token, w.other)]),
    "an unknown field": lambda w: w.config(colour="red"),
    "null for a list": lambda w: {**_no_user(w), "users": None, "preferences": None},
    "a wrong token": lambda w: w.as_user(**WRONG),
    "a token and a password": lambda w: w.as_user(token=w.token, username="me", **PASSWORD),
    "a token of several lines": lambda w: w.as_user(token=f"{w.token}\nX-Other: header"),
    "a token that is a number": lambda w: w.as_user(token=12345),
    "a token file before a token": _token_file,
    "a token file that is not there": lambda w: w.as_user(tokenFile="absent", token=w.token),
    "no server": lambda w: w.on_cluster(server=None),
    "a server without a scheme": lambda w: w.on_cluster(server=w.server.removeprefix("https://")),
    "a server with another scheme": lambda w: w.on_cluster(server=w.server.replace("https", "ftp")),
    "a server with a slash": lambda w: w.on_cluster(server=f"{w.server}/"),
    "a server that nobody listens at": lambda w: w.on_cluster(server=w.dead()),
    "an authority in a file": _authority_file,
    "an authority with a comment": _commented_authority,
    "two authorities": _two_authorities,
    "no authority": lambda w: w.on_cluster(**{"certificate-authority-data": None}),
    "an authority that is no certificate": lambda w: w.on_cluster(**{"certificate-authority-data": "aGVsbG8="}),
    "an authority that is no base64": lambda w: w.on_cluster(**{"certificate-authority-data": "%%%"}),
    "an authority file that is not there": lambda w: w.on_cluster(
        **{"certificate-authority": "absent", "certificate-authority-data": None}
    ),
    "any certificate": lambda w: w.on_cluster(**{"certificate-authority-data": None, "insecure-skip-tls-verify": True}),
    "any certificate and an authority": lambda w: w.on_cluster(**{"insecure-skip-tls-verify": True}),
    "a flag that is text": lambda w: w.on_cluster(**{"insecure-skip-tls-verify": "true"}),
    "a name that the certificate holds": lambda w: w.on_cluster(**{"tls-server-name": "localhost"}),
    "a name that the certificate does not hold": lambda w: w.on_cluster(**{"tls-server-name": "elsewhere.example.com"}),
    "a proxy that nobody listens at": lambda w: w.on_cluster(**{"proxy-url": w.dead().replace("https", "http")}),
    "a proxy of an unknown kind": lambda w: w.on_cluster(**{"proxy-url": "gopher://127.0.0.1:1"}),
    "a certificate without a key": lambda w: w.as_user(**{"client-certificate-data": "aGVsbG8="}),
    "a certificate that is none": lambda w: w.as_user(
        **{"client-certificate-data": "aGVsbG8=", "client-key-data": "aGVsbG8="}
    ),
    "a plugin beside the file": _plugin,
    "a plugin and a token": lambda w: w.as_user(token=w.token, exec=_exec("absent")),
    "a plugin of the older version": _old_plugin,
    "a plugin that answers in another version": _plugin_of_other_version,
    "a plugin of an unknown version": lambda w: _plugin(w, apiVersion="client.authentication.k8s.io/v9"),
    "a plugin that does not say how it asks": lambda w: _plugin(w, interactiveMode=None),
    "a plugin that has to ask": lambda w: _plugin(w, interactiveMode="Always"),
    "a plugin that is not there": lambda w: w.as_user(exec=_exec("gategit-login-that-is-not-there")),
    "a plugin without a command": lambda w: w.as_user(exec=_exec("")),
    "a plugin that fails": lambda w: _checking_plugin(w, "false"),
    "a plugin that prints no JSON": lambda w: _plugin_that_prints(w, "hello"),
    "a plugin that prints another kind": lambda w: _plugin_that_prints(w, '{"kind": "Pod", "apiVersion": "v1"}'),
    "a plugin with arguments": lambda w: _checking_plugin(w, '[ "$1 $2" = "get token" ]', args=["get", "token"]),
    "a plugin with variables": lambda w: _checking_plugin(
        w, '[ "$REGION" = north ]', env=[{"name": "REGION", "value": "north"}]
    ),
    "a plugin that has the environment": lambda w: _checking_plugin(w, '[ "$SESSION" = open ]'),
    "a plugin that is told the cluster": lambda w: _checking_plugin(
        w, f'echo "$KUBERNETES_EXEC_INFO" | grep -q "{w.server}"', provideClusterInfo=True
    ),
    "a plugin that is not told the cluster": lambda w: _checking_plugin(
        w, f'! echo "$KUBERNETES_EXEC_INFO" | grep -q "{w.server}"'
    ),
    "a plugin and a provider": lambda w: w.as_user(
        exec=_exec("absent"), **{"auth-provider": {"name": "oidc", "config": {"id-token": w.token}}}
    ),
    "an OpenID token": lambda w: _provider(w, "oidc"),
    "a provider that is no more": lambda w: _provider(w, "gcp"),
    "a group without a user": lambda w: w.as_user(token=w.token, **{"as-groups": ["ops"]}),
    "somebody else without the right to be": lambda w: w.as_user(token=w.token, **{"as": "ann"}),
}


@pytest.mark.parametrize("case", CASES)
def test_the_same_as_kubectl(world: World, case: str) -> None:
    """For the server both are the same person to the server, or neither gets through; ours then says why."""
    file = world.write("kubeconfig", CASES[case](world))
    environment = {"HOME": str(world.folder), "PATH": os.environ["PATH"], "SESSION": "open", "KUBECONFIG": str(file)}
    theirs = _kubectl_identity([], environment, world.folder)
    try:
        ours = _our_identity(None, None, environment)
    except GategitError:
        ours = NOBODY
    assert ours == theirs


@dataclass(frozen=True, slots=True)
class Asked:
    """How a program is started: its options, and its variables on top of HOME and PATH."""

    kubeconfig: str | None = None
    context: str | None = None
    environment: Mapping[str, str] | None = None


def _listed(*paths: Path | str) -> Asked:
    return Asked(environment={"KUBECONFIG": ":".join(map(str, paths))})


def _parts(w: World) -> Asked:
    """Context, user and cluster in a file each."""
    whole = w.config()
    files = []
    for name in ("contexts", "users", "clusters"):
        kept = {"apiVersion": "v1", "kind": "Config", name: whole[name]}
        files.append(w.write(f"{name}/config", {**kept, "current-context": "one"} if name == "contexts" else kept))
    return _listed(*files)


def _first_context(w: World) -> Asked:
    other = w.config(
        users=[{"name": "you", "user": {"token": w.other}}],
        contexts=[{"name": "two", "context": {"cluster": "here", "user": "you"}}],
        **{"current-context": "two"},
    )
    return _listed(w.write("first", w.config()), w.write("second", other))


def _first_entry(w: World) -> Asked:
    """The same names in both files, of which the second one's are wrong."""
    wrong = w.config(
        clusters=[{"name": "here", "cluster": w.cluster(server=w.dead())}],
        users=[{"name": "me", "user": {"token": w.other}}],
    )
    return _listed(w.write("first", w.config()), w.write("second", wrong))


def _paths_of_each_file(w: World) -> Asked:
    """A user's token file lies beside the user's file, not beside the cluster's."""
    w.write("users/token", w.token)
    w.write("token", w.other)
    user = {"users": [{"name": "me", "user": {"tokenFile": "token"}}]}
    return _listed(w.write("config", w.config(users=[])), w.write("users/config", user))


def _at_home(w: World) -> Asked:
    w.write(".kube/config", w.config())
    return Asked()


def _option_before_variable(w: World) -> Asked:
    wrong = w.write("wrong", w.as_user(token=w.other))
    return Asked(str(w.write("right", w.config())), None, {"KUBECONFIG": str(wrong)})


def _other_context(w: World, name: str) -> Asked:
    contexts = [
        {"name": "one", "context": {"cluster": "here", "user": "nobody"}},
        {"name": "two", "context": {"cluster": "here", "user": "me"}},
    ]
    return Asked(str(w.write("config", w.config(contexts=contexts))), name)


def _unreadable(w: World) -> Asked:
    (w.folder / "folder").mkdir()
    return _listed(w.folder / "folder", w.write("config", w.config()))


def _proxied(w: World, **variables: str) -> Asked:
    return Asked(str(w.write("config", w.config())), None, variables)


WAYS: Mapping[str, Callable[[World], Asked]] = {
    "in parts": _parts,
    "the first current context": _first_context,
    "the first of one name": _first_entry,
    "paths from the folder of each file": _paths_of_each_file,
    "at home": _at_home,
    "nowhere": lambda _: Asked(),
    "the option before the variable": _option_before_variable,
    "an option that names no file": lambda w: Asked(str(w.folder / "absent")),
    "a missing element": lambda w: _listed(w.folder / "absent", w.write("config", w.config())),
    "empty elements and one twice": lambda w: _listed("", w.write("config", w.config()), "", w.folder / "config"),
    "nothing but missing elements": lambda w: _listed(w.folder / "absent"),
    "an element that cannot be read": _unreadable,
    "a malformed element": lambda w: _listed(w.write("config", w.config()), w.write("bad", "users: [")),
    "another context": lambda w: _other_context(w, "two"),
    "a context that is not there": lambda w: _other_context(w, "three"),
    "a relative path": lambda w: Asked(os.path.relpath(w.write("config", w.config()))),
    "the environment's proxy, which this machine itself needs not": lambda w: _proxied(w, HTTPS_PROXY=w.dead()),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_same_files_as_kubectl(world: World, way: str) -> None:
    """Which files are read, and what counts where they differ, is as kubectl has it."""
    asked = WAYS[way](world)
    environment = {"HOME": str(world.folder), "PATH": os.environ["PATH"], **(asked.environment or {})}
    options = [f"--kubeconfig={asked.kubeconfig}"] if asked.kubeconfig is not None else []
    options += [f"--context={asked.context}"] if asked.context is not None else []
    theirs = _kubectl_identity(options, environment, Path.cwd())
    try:
        ours = _our_identity(asked.kubeconfig, asked.context, environment)
    except GategitError:
        ours = NOBODY
    assert ours == theirs


def test_somebody_else(world: World, api_server: ApiServer, namespace: str) -> None:
    """With the right to impersonate, the server sees the other user, groups and all, as with kubectl."""
    role = {"apiGroups": [""], "resources": ["users", "groups"], "verbs": ["impersonate"]}
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    api_server.send("POST", f"{rbac}/clusterroles", {"metadata": {"name": namespace}, "rules": [role]})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": namespace}
    subjects = [{"kind": "ServiceAccount", "name": "right", "namespace": namespace}]
    binding = {"metadata": {"name": namespace}, "roleRef": reference, "subjects": subjects}
    api_server.send("POST", f"{rbac}/clusterrolebindings", binding)
    config = world.as_user(token=world.token, **{"as": "ann", "as-groups": ["ops", "dev", "system:authenticated"]})
    environment = {"HOME": str(world.folder), "KUBECONFIG": str(world.write("config", config))}
    assert _our_identity(None, None, environment) == "ann dev ops"
    assert _kubectl_identity([], environment, world.folder) == "ann dev ops"


def test_what_is_read_is_all_that_is_needed(world: World) -> None:
    """The value holds contents, not paths: the files may be gone when the server is asked."""
    ca = world.write("ca.crt", world.authority.decode())
    token = world.write("token", f" {world.token}\n")
    cluster = {"server": f"{world.server}/", "certificate-authority": "ca.crt", "tls-server-name": "localhost"}
    config = world.config(
        clusters=[{"name": "here", "cluster": {**cluster, "proxy-url": "http://me:secret@proxy.example.com:3128"}}],
        users=[{"name": "me", "user": {"tokenFile": "token", "as": "ann", "as-user-extra": {"Team/A": ["x", "y"]}}}],
        contexts=[{"name": "one", "context": {"cluster": "here", "user": "me", "namespace": "shop"}}],
    )
    file = world.write("config", config)
    access = read_access(kubeconfig=str(file), context=None, environment={}, repository=None)
    ca.unlink()
    token.unlink()
    assert access == Access(
        world.server,
        "the cluster of the context one",
        authority=world.authority,
        server_name="localhost",
        token=world.token,
        proxy="http://me:secret@proxy.example.com:3128",
        namespace="shop",
        impersonate=(
            ("Impersonate-User", "ann"),
            ("Impersonate-Extra-team%2Fa", "x"),
            ("Impersonate-Extra-team%2Fa", "y"),
        ),
    )
    assert world.token not in repr(access)
    assert "secret" not in repr(access)


def test_a_password(world: World) -> None:
    """A user name and a password are kept as they are; a plugin is not asked then."""
    config = world.as_user(username="me", exec=_exec("absent"), **PASSWORD)
    access = read_access(kubeconfig=str(world.write("c", config)), context=None, environment={}, repository=None)
    assert (access.username, access.password, access.token) == ("me", "s:ecret", None)
    assert "ecret" not in repr(access)


@pytest.fixture
def pod(world: World) -> Path:
    """The folder in which a Pod finds its service account."""
    world.write("serviceaccount/token", f"{world.token}\n")
    world.write("serviceaccount/ca.crt", world.authority.decode())
    world.write("serviceaccount/namespace", "shop")
    return world.folder / "serviceaccount"


def test_a_pod_asks_its_own_cluster(world: World, pod: Path) -> None:
    """Without any kubeconfig, a Pod's service account is who asks, and it reaches the server."""
    host, _, port = world.server.removeprefix("https://").partition(":")
    environment = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port, "HOME": str(world.folder)}
    access = read_access(kubeconfig=None, context=None, environment=environment, repository=None, service_account=pod)
    assert (access.name, access.namespace) == ("the cluster that this runs in", "shop")

    async def ask() -> int:
        async with Client(access) as client:
            return (await client.send("GET", "/apis")).status

    assert asyncio.run(ask()) == 200


@pytest.mark.parametrize("how", ["option", "variable", "home"])
def test_a_kubeconfig_counts_before_the_pod(world: World, pod: Path, how: str) -> None:
    """A Pod that was given a kubeconfig means the cluster of that one."""
    file = world.write(".kube/config" if how == "home" else "config", world.config())
    environment = {"KUBERNETES_SERVICE_HOST": "203.0.113.1", "HOME": str(world.folder)}
    if how == "variable":
        environment["KUBECONFIG"] = str(file)
    option = str(file) if how == "option" else None
    access = read_access(kubeconfig=option, context=None, environment=environment, repository=None, service_account=pod)
    assert access.name == "the cluster of the context one"


def _failure(
    kubeconfig: Path | None,
    context: str | None = None,
    environment: Mapping[str, str] | None = None,
    repository: Path | None = None,
) -> tuple[str, str]:
    with pytest.raises(UsageError) as caught:
        read_access(
            kubeconfig=str(kubeconfig) if kubeconfig else None,
            context=context,
            environment=environment or {},
            repository=repository,
        )
    return caught.value.message, caught.value.hint


def test_an_unknown_context_names_the_known_ones(world: World) -> None:
    """A typing error gets the nearest name, and the list."""
    context = {"cluster": "here", "user": "me"}
    config = world.config(contexts=[{"name": name, "context": context} for name in ("prod", "staging")])
    file = world.write("config", config)
    assert _failure(file, "prd") == (
        f"there is no context prd in {file}; did you mean prod?",
        "known contexts: prod, staging",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "clusters:\n- name: a\n  cluster: [\n",
            "{file}:4: the kubeconfig is no YAML: did not find expected node content",
        ),
        ("a: \x01", "{file}: the kubeconfig is no YAML: "),
        ("kind: Pod", "{file} is no kubeconfig"),
        ("users: 3", "{file}: users is no list of named entries"),
        ("users: [{name: 3}]", "{file}: users holds an entry that is no name with a user"),
        ("users: [{name: a}, {name: a}]", "{file}: users holds a twice"),
        ("current-context: [a]", "{file}: current-context is no text"),
        ("contexts: [{name: a, context: {cluster: b}}]", "{file} names no current context"),
        ("current-context: a\ncontexts: [{name: a}]", "{file}: the context a: it names no cluster"),
    ],
)
def test_a_malformed_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    """The message says which file, and which line where the YAML says so."""
    file = tmp_path / "config"
    file.write_text(content)
    assert _failure(file)[0].startswith(message.format(file=file))


def test_no_kubeconfig_at_all(tmp_path: Path) -> None:
    """Where nothing says which cluster, the message says what could."""
    assert _failure(None, environment={"HOME": str(tmp_path)}) == (
        "there is no kubeconfig",
        "say --kubeconfig FILE, or set KUBECONFIG; without a cluster, use --dry-run sandbox",
    )


def test_deep_nesting_is_no_crash(tmp_path: Path) -> None:
    """A file that is made to exhaust its reader is refused as any other malformed one."""
    file = tmp_path / "config"
    for content in ("[" * 1_000_000, "- " * 1_000_000, "{a: " * 1_000_000, "&a [" * 1000 + "]" * 1000):
        file.write_text(content)
        assert _failure(file)[0] == f"{file}: the kubeconfig is nested too deeply"


def test_no_program_of_the_repository_runs(world: World) -> None:
    """A kubeconfig in the tree under judgement names no program; the user's own may, wherever the tree is."""
    ran = world.folder / "ran"
    world.plugin("repository/login", world.token, f"touch {ran}")
    config = world.as_user(exec=_exec("./login"))
    inside = world.write("repository/config", config)
    repository = world.folder / "repository"
    message = f"{inside}: the user me: a kubeconfig of the repository names a program (exec), which is not run"
    assert _failure(inside, repository=repository) == (message, "move the kubeconfig out of the repository")
    # A link that leads into the tree from outside, and one that leads out of it, are both of the tree.
    (world.folder / "link").symlink_to(inside)
    assert "which is not run" in _failure(world.folder / "link", repository=repository)[0]
    world.plugin("login", world.token, f"touch {ran}")
    outside = world.write("config", config)
    (repository / "link").symlink_to(outside)
    assert "which is not run" in _failure(repository / "link", repository=repository)[0]
    assert not ran.exists()
    read_access(kubeconfig=str(outside), context=None, environment=os.environ, repository=repository)
    assert ran.exists()


@pytest.mark.parametrize("command", ["repository/login", "login"])
def test_no_program_that_lies_in_the_repository_runs(world: World, command: str) -> None:
    """The user's own kubeconfig may name a program by a path or a search path that leads into the tree."""
    ran = world.folder / "ran"
    world.plugin("repository/login", world.token, f"touch {ran}")
    file = world.write("config", world.as_user(exec=_exec(command)))
    repository = world.folder / "repository"
    message, _ = _failure(file, environment={"PATH": str(repository)}, repository=repository)
    assert (
        message == f"{file}: the user me: the exec plugin {repository / 'login'} lies in the repository, and is not run"
    )
    assert not ran.exists()


def test_credentials_do_not_go_where_the_repository_says(world: World) -> None:
    """A cluster or a context of the tree, first in KUBECONFIG, must not get the token of the user's own file."""
    repository = world.folder / "repository"
    own = world.write("config", world.config())
    bait = {"clusters": [{"name": "here", "cluster": {"server": "https://evil.example.com"}}]}
    inside = world.write("repository/config", bait)
    listed = {"KUBECONFIG": f"{inside}:{own}"}
    assert _failure(None, environment=listed, repository=repository) == (
        f"{inside}: the cluster here: it would send the credentials of {own} where a file of the repository says",
        "let cluster, context and user stand in files outside of the repository",
    )
    world.write("repository/config", {"contexts": world.config()["contexts"]})
    assert _failure(None, environment=listed, repository=repository)[0].startswith(f"{inside}: the context one: ")


def test_no_token_from_elsewhere_goes_where_the_repository_says(world: World) -> None:
    """A kubeconfig of the tree may use a token of the tree, and no other file on this machine."""
    repository = world.folder / "repository"
    world.write("token", world.token)
    for named in ("../token", str(world.folder / "token")):
        inside = world.write("repository/config", world.as_user(tokenFile=named))
        assert "names a tokenFile elsewhere" in _failure(inside, repository=repository)[0]
    world.write("repository/token", world.token)
    inside = world.write("repository/config", world.as_user(tokenFile="token"))
    access = read_access(kubeconfig=str(inside), context=None, environment={}, repository=repository)
    assert access.token == world.token


@pytest.mark.parametrize("set_up", ["absent", "fails", "prints"])
def test_a_plugin_without_credentials_is_undecided(world: World, set_up: str) -> None:
    """The gate could not look: exit code 3, with the plugin's own last words, and never with what it printed."""
    message = {
        "absent": "the exec plugin bin/absent of the user me is not installed",
        "fails": "the exec plugin bin/login of the user me ended with 7: not logged in",
        "prints": "the exec plugin bin/printer of the user me printed something that is no JSON",
    }
    configs = {
        "absent": world.as_user(exec=_exec("bin/absent")),
        "fails": _checking_plugin(world, "false"),
        "prints": world.as_user(exec=_exec("bin/printer")),
    }
    world.write("bin/printer", "#!/bin/sh\necho half a token\n").chmod(0o755)
    file = world.write("config", configs[set_up])
    with pytest.raises(ExecPluginError) as caught:
        read_access(kubeconfig=str(file), context=None, environment=os.environ, repository=None)
    assert (caught.value.message, caught.value.exit_code) == (message[set_up], 3)


def test_an_expired_id_token_is_left_to_kubectl(world: World) -> None:
    """Renewing writes the kubeconfig again: kubectl does that, gategit says so."""
    payload = base64.urlsafe_b64encode(b'{"exp": 1700000000}').decode().rstrip("=")
    provider = {"name": "oidc", "config": {"id-token": f"e30.{payload}.x"}}
    file = world.write("config", world.as_user(**{"auth-provider": provider}))
    assert _failure(file) == (
        f"{file}: the user me: the id-token expired at 2023-11-14 22:13:20 UTC",
        "kubectl get ns renews it",
    )


def test_json_is_yaml_too(world: World) -> None:
    """The files of these tests are JSON; the same as YAML reads the same."""
    plain = world.write("json", world.config())
    with (world.folder / "yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(world.config(), file)
    read = [
        read_access(kubeconfig=str(path), context=None, environment={}, repository=None)
        for path in (plain, world.folder / "yaml")
    ]
    assert read[0] == read[1]


KEYS = [
    *("name", "cluster", "user", "context", "server", "namespace", "token", "tokenFile", "username", "password"),
    *(
        "certificate-authority",
        "certificate-authority-data",
        "client-certificate-data",
        "client-key-data",
        "client-key",
    ),
    *("insecure-skip-tls-verify", "tls-server-name", "proxy-url", "as", "as-uid", "as-groups", "as-user-extra"),
    *(
        "exec",
        "apiVersion",
        "command",
        "args",
        "env",
        "interactiveMode",
        "provideClusterInfo",
        "auth-provider",
        "config",
    ),
    *("id-token", "extensions", "extension", "value", "installHint"),
]
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["a", "oidc", "https://a:1"])
PLAIN = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
)
FIELDS = st.dictionaries(st.sampled_from(KEYS), PLAIN, max_size=5)


def _lists(cluster: Data, user: Data, context: Data) -> Data:
    return {
        "clusters": [{"name": "a", "cluster": {"server": "https://a.example.com", **cluster}}],
        "users": [{"name": "a", "user": user}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a", **context}}],
        "current-context": "a",
    }


@pytest.mark.parametrize("way", ["files", "data", "plugin"])
def test_a_client_certificate_is_shown_as_kubectl_shows_it(tmp_path: Path, way: str) -> None:
    """A server that lets in none without a certificate sees the same name from both."""
    authority = new_authority(tmp_path / "authority")
    shown, own = authority.sign("server"), authority.sign("ann")
    said = {"clientCertificateData": own.pem.decode(), "clientKeyData": own.key.decode()}
    version = "client.authentication.k8s.io/v1"
    credential = {"apiVersion": version, "kind": "ExecCredential", "status": said}
    (tmp_path / "said").write_text(json.dumps(credential))
    users: Mapping[str, Data] = {
        "files": {"client-certificate": "authority/ann.crt", "client-key": "authority/ann.key"},
        "data": {
            "client-certificate-data": base64.b64encode(own.pem).decode(),
            "client-key-data": base64.b64encode(own.key).decode(),
        },
        "plugin": {"exec": _exec("cat", args=[str(tmp_path / "said")])},
    }

    async def handle(request: web.BaseRequest) -> web.Response:
        assert request.transport
        return web.Response(text=request.transport.get_extra_info("peercert")["subject"][0][0][1])

    async def main() -> tuple[str, str]:
        async with serving(handle, shown.server(authority.certificate)) as url:
            config = _lists({"server": url, "certificate-authority": "authority/ca.crt"}, users[way], {})
            file = tmp_path / "config"
            file.write_text(json.dumps(config))
            access = read_access(kubeconfig=str(file), context=None, environment=os.environ, repository=None)
            async with Client(access) as client:
                ours = (await client.send("GET", "/whoami")).body.decode()
            command = [str(built("kubectl")), f"--kubeconfig={file}", "get", "--raw=/whoami"]
            kubectl = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
            return ours, (await kubectl.communicate())[0].decode()

    assert asyncio.run(main()) == ("ann", "ann")


@given(
    st.binary(max_size=200)
    | PLAIN.map(lambda data: json.dumps(data).encode())
    | st.builds(_lists, FIELDS, FIELDS, FIELDS).map(lambda data: json.dumps(data).encode())
)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_file(content: bytes) -> None:
    """Whatever a kubeconfig holds, it says how to reach a server or what is wrong with it."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "config")
        file.write_bytes(content)
        with suppress(GategitError):
            access = read_access(kubeconfig=str(file), context=None, environment={"PATH": ""}, repository=None)
            assert isinstance(access, Access)
            assert access.server.startswith(("http://", "https://"))


@given(
    st.binary(max_size=100) | PLAIN.map(lambda data: json.dumps({"kind": "ExecCredential", "status": data}).encode())
)
@settings(deadline=None, max_examples=30)
def test_any_answer_of_a_plugin(output: bytes) -> None:
    """Whatever a plugin prints, it is a token or an error that does not repeat it."""
    with TemporaryDirectory() as folder:
        Path(folder, "said").write_bytes(output)
        program = Path(folder, "login")
        program.write_text('#!/bin/sh\nwhile IFS= read -r line; do printf "%s\\n" "$line"; done < "${0%/*}/said"\n')
        program.chmod(0o755)
        file = Path(folder, "config")
        file.write_text(json.dumps(_lists({}, {"exec": _exec("./login")}, {})))
        with pytest.raises(ExecPluginError) as caught:
            read_access(kubeconfig=str(file), context=None, environment=os.environ, repository=None)
        assert caught.value.message.startswith("the exec plugin ./login of the user a ")
