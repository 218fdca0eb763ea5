"""What a kubeconfig's user shows a server: a token, a certificate, a password, or what a program gets for it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gategit.cluster.failures import ClusterError, token_expiry
from gategit.cluster.kubeconfig import Entry
from gategit.errors import UndecidedError, UsageError

_PLUGIN_SECONDS = 60.0
_PLUGIN_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_REMOVED_PROVIDERS = {"gcp": "gke-gcloud-auth-plugin", "azure": "kubelogin"}


class ExecPluginError(ClusterError):
    """The program that should get the credentials did not."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What says who asks. A server is shown all of it that is set."""

    token: str | None = field(default=None, repr=False)
    certificate: bytes | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def read_credentials(
    user: Entry, cluster: Entry, server: str, environment: Mapping[str, str], repository: Path | None
) -> Credentials:
    """The credentials of a user: a token file before a token, a token before a program that would get one.

    Args:
        user: the entry.
        cluster: that they are for; an exec plugin may want to know.
        server: its URL.
        environment: that an exec plugin runs in.
        repository: the folder of the tree under judgement, whose programs are not run.

    Raises:
        UsageError: the entry cannot be used.
        ClusterError: an exec plugin gave no credentials.
    """
    token = _token(user)
    certificate, key = user.content("client-certificate"), user.content("client-key")
    if (certificate is None) != (key is None):
        raise user.error("client-certificate and client-key need each other")
    username, password = user.text("username"), user.text("password")
    if token and (username or password):
        raise user.error("a token and a password are both set", "keep one of them")
    plugin, provider = user.data.get("exec"), user.data.get("auth-provider")
    if plugin is not None and provider is not None:
        raise user.error("exec and auth-provider are both set", "keep one of them")
    if not token and not username:
        if provider is not None:
            token = _provided(user, provider)
        elif plugin is not None:
            own = Entry("user", user.name, plugin if isinstance(plugin, dict) else {}, user.file, user.foreign)
            told = {"cluster": _cluster_info(cluster, server)} if own.flag("provideClusterInfo") else {}
            shown = _ask_plugin(own, told, environment, repository)
            token, certificate, key = shown.token or "", shown.certificate or certificate, shown.key or key
    if not token.isprintable() or not token.isascii() or " " in token:
        raise user.error("the token holds something that no header can")
    return Credentials(token or None, certificate, key, username or None, password or None)


def _token(user: Entry) -> str:
    named, token = user.text("tokenFile"), user.text("token")
    if not named:
        return token
    if user.foreign and not user.path(named).resolve().is_relative_to(user.file.parent.resolve()):
        raise user.error(
            "a kubeconfig of the repository names a tokenFile elsewhere, and would send it where it says",
            "move the kubeconfig out of the repository",
        )
    try:
        read = user.read(named).decode("utf-8", "replace").strip()
    except UsageError:
        # As kubectl: where both are set, the token is what remains of a file that is gone.
        if not token:
            raise
        return token
    if not read and not token:
        raise user.error(f"the tokenFile {user.path(named)} is empty")
    return read or token


def _provided(user: Entry, provider: Any) -> str:
    """The token that an OpenID Connect provider gave; renewing it is left to kubectl, which writes the file again."""
    if user.foreign:
        raise user.error("an auth-provider of the repository is not used", "move the kubeconfig out of the repository")
    name = provider.get("name") if isinstance(provider, dict) else None
    if isinstance(name, str) and name in _REMOVED_PROVIDERS:
        raise user.error(
            f"the auth-provider {name} is no more, not in kubectl either",
            f"use the exec plugin {_REMOVED_PROVIDERS[name]}",
        )
    config = provider.get("config") if isinstance(provider, dict) else None
    token = config.get("id-token") if isinstance(config, dict) else None
    if name != "oidc" or not isinstance(token, str):
        raise user.error("its auth-provider is not oidc, or has no id-token", "log in again")
    expiry = token_expiry(token)
    if expiry is not None and expiry <= datetime.now(UTC):
        raise user.error(f"the id-token expired at {expiry:%Y-%m-%d %H:%M:%S} UTC", "kubectl get ns renews it")
    return token


def _ask_plugin(
    own: Entry, told: Mapping[str, Any], environment: Mapping[str, str], repository: Path | None
) -> Credentials:
    """Run an exec plugin. It is never asked to talk with a person: a login belongs before the run."""
    from gategit.process import run  # noqa: PLC0415  few users have a plugin

    if own.foreign:
        raise own.error(
            "a kubeconfig of the repository names a program (exec), which is not run",
            "move the kubeconfig out of the repository",
        )
    version, command = own.text("apiVersion"), own.text("command")
    if version not in _PLUGIN_VERSIONS:
        raise own.error(f"exec has the apiVersion {version or '(none)'}", f"known are {' and '.join(_PLUGIN_VERSIONS)}")
    mode = own.text("interactiveMode") or ("" if version.endswith("/v1") else "IfAvailable")
    if mode not in {"Never", "IfAvailable"}:
        raise own.error(
            "exec wants to ask at the terminal" if mode == "Always" else "exec does not say its interactiveMode",
            "set interactiveMode: IfAvailable, and log in before the run",
        )
    program = _program(own, command, environment, repository)
    info = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False, **told}}
    try:
        done = run(
            [program, *_arguments(own)],
            environment={**environment, **_variables(own), "KUBERNETES_EXEC_INFO": json.dumps(info)},
            timeout=_PLUGIN_SECONDS,
        )
    except UndecidedError as error:
        raise ExecPluginError(f"the exec plugin of the user {own.name}: {error.message}", error.hint) from None
    if done.code:
        last = done.error_text.splitlines()[-1:] or ["it said nothing"]
        raise ExecPluginError(
            f"the exec plugin {command} of the user {own.name} ended with {done.code}: {last[0][:500]}",
            "run kubectl get ns to log in, then run again",
        )
    return _shown_credentials(own.name, command, version, done.stdout)


def _program(own: Entry, command: str, environment: Mapping[str, str], repository: Path | None) -> str:
    """The program that a plugin's command means: as a path from the kubeconfig's folder, as a name from PATH."""
    if not command:
        raise own.error("exec has no command")
    hint = own.text("installHint").strip() or "install it, or look at command below exec"
    found = str(own.path(command)) if os.sep in command else shutil.which(command, path=environment.get("PATH", ""))
    if found is None or not os.access(found, os.X_OK):
        raise ExecPluginError(f"the exec plugin {command} of the user {own.name} is not installed", hint)
    path = Path(found)
    if repository is not None and path.resolve().is_relative_to(repository.resolve()):
        raise own.error(f"the exec plugin {path} lies in the repository, and is not run")
    if not path.is_absolute():
        raise own.error(f"the exec plugin {command} is found in the current folder only, and is not run")
    return found


def _arguments(own: Entry) -> list[str]:
    arguments = own.data.get("args") or []
    if not isinstance(arguments, list) or not all(isinstance(argument, str) for argument in arguments):
        raise own.error("args of exec is no list of texts")
    return arguments


def _variables(own: Entry) -> dict[str, str]:
    listed = own.data.get("env") or []
    variables: dict[str, str] = {}
    for item in listed if isinstance(listed, list) else [None]:
        name, value = (item.get("name"), item.get("value", "")) if isinstance(item, dict) else ("", "")
        if not isinstance(name, str) or not isinstance(value, str) or not name:
            raise own.error("env of exec is no list of names with values")
        variables[name] = value
    return variables


def _cluster_info(cluster: Entry, server: str) -> dict[str, Any]:
    """What a plugin is told of the cluster, where it wants to know."""
    import base64  # noqa: PLC0415  few plugins want to know

    info: dict[str, Any] = {"server": server}
    if name := cluster.text("tls-server-name"):
        info["tls-server-name"] = name
    if cluster.flag("insecure-skip-tls-verify"):
        info["insecure-skip-tls-verify"] = True
    if authority := cluster.content("certificate-authority"):
        info["certificate-authority-data"] = base64.b64encode(authority).decode()
    if proxy := cluster.text("proxy-url"):
        info["proxy-url"] = proxy
    for extension in cluster.data.get("extensions") or []:
        if isinstance(extension, dict) and extension.get("name") == "client.authentication.k8s.io/exec":
            info["config"] = extension.get("extension")
    return info


def _shown_credentials(user: str, command: str, version: str, output: bytes) -> Credentials:
    def wrong(what: str) -> ExecPluginError:
        # The output itself is never shown: it may hold half of a credential.
        return ExecPluginError(f"the exec plugin {command} of the user {user} {what}", "compare with: kubectl get ns")

    try:
        data = json.loads(output)
    except (ValueError, RecursionError):
        raise wrong("printed something that is no JSON") from None
    if not isinstance(data, dict) or data.get("kind") != "ExecCredential" or not isinstance(data.get("status"), dict):
        raise wrong("printed something that is no ExecCredential with a status")
    if data.get("apiVersion") != version:
        raise wrong(f"answered in another apiVersion than {version}")
    status = data["status"]
    values = [status.get(key) or "" for key in ("token", "clientCertificateData", "clientKeyData")]
    if not all(isinstance(value, str) for value in values):
        raise wrong("printed credentials that are no texts")
    token, certificate, key = values
    if bool(certificate) != bool(key) or not (token or certificate):
        raise wrong("printed neither a token nor a certificate with its key")
    return Credentials(token or None, certificate.encode() or None, key.encode() or None)
