"""How to reach a cluster, read from kubeconfigs as kubectl reads them.

kubectl is the measure: the tests let both read the same files. All of it is our own code, for the loader of
kubernetes_asyncio reads several of those files otherwise: the last file's current-context wins instead of the first's,
an exec plugin wins over a token, a token over a tokenFile, a user's files are looked for beside the cluster's file, a
context without a user cannot be used; impersonation and what a plugin may know of the cluster are left out, and keys
lie on disk until the process ends.

What comes from the working tree under judgement is not the user's own: a kubeconfig in there runs no program, names no
token outside of the tree, and does not decide where the credentials of another file are sent.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from gategit.cluster.access import Access
from gategit.cluster.proxies import proxy_of_environment
from gategit.errors import UsageError
from gategit.nearest import did_you_mean

SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a Pod finds its own credentials."""

_LARGEST = 16 << 20
_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One named cluster, user or context, and the file that it stands in.

    Attributes:
        kind: ``cluster``, ``user`` or ``context``.
        name: as contexts refer to it.
        data: what stands below its name.
        file: an absolute path; paths in ``data`` are relative to its folder.
        foreign: whether the file belongs to the tree under judgement, not to the user.
    """

    kind: str
    name: str
    data: Mapping[str, Any]
    file: Path
    foreign: bool = False

    def text(self, key: str) -> str:
        """A field that holds text, "" where it is not set.

        Raises:
            UsageError: it holds something else.
        """
        value = self.data.get(key)
        if value is not None and not isinstance(value, str):
            raise self.error(f"{key} is no text")
        return value or ""

    def flag(self, key: str) -> bool:
        """A field that holds true or false.

        Raises:
            UsageError: it holds something else.
        """
        value = self.data.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.error(f"{key} is neither true nor false")
        return bool(value)

    def content(self, key: str) -> bytes | None:
        """What a file holds that ``key`` names, or what ``key-data`` holds itself.

        Raises:
            UsageError: both are set, the file cannot be read, or the data are no base64.
        """
        path, data = self.text(key), self.text(f"{key}-data")
        if path and data:
            raise self.error(f"{key} and {key}-data are both set", "keep one of them")
        if not data:
            return self.read(path) if path else None
        try:
            return base64.b64decode(re.sub(r"[\r\n]", "", data), validate=True)
        except (binascii.Error, ValueError):
            raise self.error(f"{key}-data is no base64") from None

    def path(self, name: str) -> Path:
        """A path as it stands in the entry, from the folder of its file."""
        return self.file.parent / name

    def read(self, name: str) -> bytes:
        """What a file holds that the entry names.

        Raises:
            UsageError: it cannot be read.
        """
        path = self.path(name)
        try:
            with path.open("rb") as file:
                return file.read(_LARGEST)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no path"
            raise self.error(f"{path} cannot be read: {why}") from None

    def error(self, what: str, hint: str = "") -> UsageError:
        """The error that something is wrong with this entry."""
        return UsageError(f"{self.file}: the {self.kind} {self.name}: {what}", hint)


@dataclass(frozen=True, slots=True)
class _Merged:
    """All files together."""

    current: str
    clusters: Mapping[str, Entry]
    users: Mapping[str, Entry]
    contexts: Mapping[str, Entry]
    files: tuple[Path, ...]


def read_access(
    *,
    kubeconfig: str | None,
    context: str | None,
    environment: Mapping[str, str],
    repository: Path | None,
    service_account: Path = SERVICE_ACCOUNT,
) -> Access:
    """How to reach the cluster that kubectl would talk to with the same options and environment.

    The files are ``kubeconfig`` alone, else those of ``KUBECONFIG``, else ``~/.kube/config``; where there is none, the
    service account of the Pod that this runs in. Exec plugins run here, once; nothing is read later.

    Args:
        kubeconfig: the option's file.
        context: the option's context; None: the files' current one.
        environment: of the process. Exec plugins get all of it.
        repository: the folder of the tree under judgement, which is not trusted.
        service_account: the folder of the Pod's own credentials.

    Raises:
        UsageError: a file or an option cannot be used.
        ClusterError: an exec plugin gave no credentials.
    """
    merged = _merge(_files(kubeconfig, environment), repository)
    if not (merged.current or merged.contexts or merged.clusters or context):
        host = environment.get("KUBERNETES_SERVICE_HOST")
        if host and kubeconfig is None and (service_account / "token").is_file():
            return _in_cluster(host, environment.get("KUBERNETES_SERVICE_PORT", "443"), service_account)
        raise UsageError(
            f"{merged.files[0]} names no cluster" if merged.files else "there is no kubeconfig",
            "say --kubeconfig FILE, or set KUBECONFIG; without a cluster, use --dry-run sandbox",
        )
    chosen = _context(merged, context)
    cluster = _referred(chosen, "cluster", merged.clusters)
    # Anybody may be asked without saying who asks; what the server then allows is its own matter.
    user = _referred(chosen, "user", merged.users) if chosen.text("user") else None
    if user is not None and not user.foreign and (cluster.foreign or chosen.foreign):
        culprit = cluster if cluster.foreign else chosen
        raise culprit.error(
            f"it would send the credentials of {user.file} where a file of the repository says",
            "let cluster, context and user stand in files outside of the repository",
        )
    return _access(chosen, cluster, user, environment, repository)


def _files(option: str | None, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """The files to read, which exist; a missing one is an error only where the option names it."""
    if option is not None:
        if not Path(option).is_file() and not Path(option).exists():
            raise UsageError(f"the kubeconfig {option} does not exist")
        return (Path(option).absolute(),)
    named = environment.get("KUBECONFIG", "")
    if named:
        # Each once, in their order.
        paths = [Path(part).absolute() for part in dict.fromkeys(named.split(os.pathsep)) if part]
    else:
        paths = [Path(environment["HOME"], ".kube", "config").absolute()] if environment.get("HOME") else []
    return tuple(path for path in paths if path.exists())


def _merge(files: tuple[Path, ...], repository: Path | None) -> _Merged:
    """All files together: the first one that names something wins."""
    current = ""
    found: dict[str, dict[str, Entry]] = {"cluster": {}, "user": {}, "context": {}}
    for file in files:
        data = _load(file)
        foreign = repository is not None and _inside(file, repository)
        value = data.get("current-context")
        if value is not None and not isinstance(value, str):
            raise UsageError(f"{file}: current-context is no text")
        current = current or value or ""
        for kind, entries in found.items():
            for entry in _entries(file, data, kind, foreign=foreign):
                entries.setdefault(entry.name, entry)
    return _Merged(current, found["cluster"], found["user"], found["context"], files)


def _load(file: Path) -> Mapping[str, Any]:
    # Only who asks a cluster pays for the import.
    from ruamel.yaml import YAML  # noqa: PLC0415
    from ruamel.yaml.constructor import SafeConstructor  # noqa: PLC0415
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415

    class LastCounts(SafeConstructor):
        """As kubectl: of a key that stands there twice the last one counts."""

        def check_mapping_key(self, *_: object) -> bool:
            return True

    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST)
    except OSError as error:
        raise UsageError(f"the kubeconfig {file} cannot be read: {error.strerror or error}") from None
    yaml = YAML(typ="safe")
    yaml.Constructor = LastCounts
    # As kubectl too: true is also written yes.
    yaml.version = (1, 1)
    try:
        # The library composes recursively in C: depth that exhausts the stack ends the process.
        if _depth(yaml.parse(content)) > _DEEPEST:
            raise UsageError(f"{file}: the kubeconfig is nested too deeply")
        data = yaml.load(content)
    except MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark is not None else ""
        raise UsageError(f"{file}{line}: the kubeconfig is no YAML: {error.problem or 'it ends too early'}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"{file}: the kubeconfig is no YAML: {str(error).splitlines()[0]}") from None
    if data is None:
        return {}
    if not isinstance(data, dict) or data.get("kind", "Config") != "Config" or data.get("apiVersion", "v1") != "v1":
        raise UsageError(f"{file} is no kubeconfig", "it needs apiVersion: v1 and kind: Config")
    return data


def _depth(events: Iterable[object]) -> int:
    """The nesting of a document; counting stops where it is too deep."""
    depth = deepest = 0
    for event in events:
        name = type(event).__name__
        depth += name in {"MappingStartEvent", "SequenceStartEvent"}
        depth -= name in {"MappingEndEvent", "SequenceEndEvent"}
        deepest = max(deepest, depth)
        if deepest > _DEEPEST:
            break
    return deepest


def _entries(file: Path, data: Mapping[str, Any], kind: str, *, foreign: bool) -> list[Entry]:
    listed = data.get(f"{kind}s") or []
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise UsageError(f"{file}: {kind}s is no list of named entries")
    entries: list[Entry] = []
    for item in listed:
        name, inner = item.get("name", ""), item.get(kind) or {}
        if not isinstance(name, str) or not isinstance(inner, dict):
            raise UsageError(f"{file}: {kind}s holds an entry that is no name with a {kind}")
        if any(entry.name == name for entry in entries):
            raise UsageError(f"{file}: {kind}s holds {name} twice", "keep one of them")
        entries.append(Entry(kind, name, inner, file, foreign))
    return entries


def _context(merged: _Merged, option: str | None) -> Entry:
    name = merged.current if option is None else option
    where = " or ".join(map(str, merged.files)) or "any kubeconfig, for there is none"
    known = f"known contexts: {', '.join(sorted(merged.contexts)) or 'none'}"
    if not name:
        raise UsageError(f"{where} names no current context", f"say --context NAME; {known}")
    if name not in merged.contexts:
        raise UsageError(f"there is no context {name} in {where}{did_you_mean(name, merged.contexts)}", known)
    return merged.contexts[name]


def _referred(context: Entry, kind: str, entries: Mapping[str, Entry]) -> Entry:
    name = context.text(kind)
    if not name:
        raise context.error(f"it names no {kind}")
    if name not in entries:
        raise context.error(f"there is no {kind} {name}{did_you_mean(name, entries)}")
    return entries[name]


def _access(
    context: Entry, cluster: Entry, user: Entry | None, environment: Mapping[str, str], repository: Path | None
) -> Access:
    from gategit.cluster.credentials import Credentials, read_credentials  # noqa: PLC0415  it needs what stands here

    authority = cluster.content("certificate-authority")
    verify = not cluster.flag("insecure-skip-tls-verify")
    if authority is not None and not verify:
        raise cluster.error(
            "insecure-skip-tls-verify and a certificate authority are both set", "remove insecure-skip-tls-verify"
        )
    server = _server(cluster)
    who = read_credentials(user, cluster, server, environment, repository) if user is not None else Credentials()
    return Access(
        server,
        f"the cluster of the context {context.name}",
        authority=authority,
        verify=verify,
        server_name=cluster.text("tls-server-name") or None,
        token=who.token,
        certificate=who.certificate,
        key=who.key,
        username=who.username,
        password=who.password,
        proxy=_proxy(cluster, server, environment),
        namespace=context.text("namespace") or None,
        impersonate=_impersonation(user) if user is not None else (),
    )


def _server(cluster: Entry) -> str:
    server = cluster.text("server").strip()
    if not server:
        raise cluster.error("it has no server")
    if "://" not in server:
        # kubectl would speak plain HTTP here, and show everybody the token.
        raise cluster.error(f"its server {server} does not say how to speak to it", f"write https://{server}")
    try:
        parts = urlsplit(server)
        usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or True)
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or not server.isprintable() or " " in server:
        raise cluster.error("its server is no http or https address")
    if parts.username is not None:
        raise cluster.error("its server holds a user", "put username and password into the user's entry")
    return server.rstrip("/")


def _proxy(cluster: Entry, server: str, environment: Mapping[str, str]) -> str | None:
    proxy = cluster.text("proxy-url") or proxy_of_environment(server, environment)
    if not proxy:
        return None
    try:
        parts = urlsplit(proxy)
        usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or True)
    except ValueError:
        usable = False
    if not usable:
        raise cluster.error(
            "the proxy on the way to it is no http or https address",
            "look at proxy-url, and at HTTPS_PROXY; SOCKS is not spoken here",
        )
    return proxy


def _impersonation(user: Entry) -> tuple[tuple[str, str], ...]:
    """The headers that make the server answer as for somebody else."""
    name, uid = user.text("as"), user.text("as-uid")
    groups, extra = user.data.get("as-groups") or [], user.data.get("as-user-extra") or {}
    headers = [("Impersonate-User", name)] if name else []
    headers += [("Impersonate-Uid", uid)] if uid else []
    if not isinstance(groups, list) or not isinstance(extra, dict):
        raise user.error("as-groups is no list, or as-user-extra no mapping of lists")
    headers += [("Impersonate-Group", group) for group in groups]
    for key, values in extra.items():
        if not isinstance(key, str) or not isinstance(values, list):
            raise user.error("as-user-extra is no mapping of lists")
        headers += [(f"Impersonate-Extra-{quote(key.lower(), safe='')}", value) for value in values]
    if not all(isinstance(value, str) and value.isprintable() for _, value in headers):
        raise user.error("as, as-groups and as-user-extra hold something that no header can")
    if headers and not name:
        raise user.error("it impersonates a group without a user", "add as: NAME")
    return tuple(headers)


def _in_cluster(host: str, port: str, folder: Path) -> Access:
    """The server of the cluster that this runs in, as the Pod's own service account."""

    def read(name: str) -> bytes | None:
        try:
            return (folder / name).read_bytes()
        except OSError:
            return None

    token = (read("token") or b"").decode("utf-8", "replace").strip()
    if not token.isprintable() or not token:
        raise UsageError(f"the token in {folder} cannot be used")
    return Access(
        f"https://{f'[{host}]' if ':' in host else host}:{port}",
        "the cluster that this runs in",
        authority=read("ca.crt"),
        token=token,
        namespace=(read("namespace") or b"").decode("utf-8", "replace").strip() or None,
    )


def _inside(path: Path, folder: Path) -> bool:
    """Whether a path lies in a folder, as it is written or as the disk resolves it."""
    return path.is_relative_to(folder.absolute()) or path.resolve().is_relative_to(folder.resolve())
