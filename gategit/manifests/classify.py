"""What a file is to the gate: manifests, Kustomize's own file, a template, or other data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from gategit.manifests.decode import Decoded
from gategit.manifests.manifest import Role

KUSTOMIZATION_NAMES: Final = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
"""The names under which Kustomize looks for its file."""

KUSTOMIZE_GROUP: Final = "kustomize.config.k8s.io"
KUSTOMIZE_VERSIONS: Final = {"Kustomization": f"{KUSTOMIZE_GROUP}/v1beta1", "Component": f"{KUSTOMIZE_GROUP}/v1alpha1"}
"""The kinds of Kustomize's own file, each with the one API version that Kustomize takes for it."""

NEVER_APPLIED: Final = frozenset(
    {
        KUSTOMIZE_GROUP,  # Kustomize's own Kustomization and Component, under any file name
        "kind.x-k8s.io",  # kind: the local test cluster's own config
        "ctlptl.dev",  # ctlptl: local clusters
        "skaffold",  # Skaffold: apiVersion skaffold/v2beta29
        "backstage.io",  # Backstage catalogue entities
        "krew.googlecontainertools.github.com",  # kubectl plugin manifests
        "kubelet.config.k8s.io",  # files that the kubelet reads
        "kubeproxy.config.k8s.io",  # files that kube-proxy reads
        "kubescheduler.config.k8s.io",  # files that the scheduler reads
        "kubeadm.k8s.io",  # files that kubeadm reads
        "apiserver.config.k8s.io",  # files that the API server reads
        "audit.k8s.io",  # the API server's audit policy file
        "client.authentication.k8s.io",  # answers of credential plugins
        "config.kubernetes.io",  # kpt and Kustomize function config
        "viaduct.ai",  # ksops: what a Kustomize generator decrypts
        "chainsaw.kyverno.io",  # test suites
        "kuttl.dev",  # test suites
        "cli.kyverno.io",  # test suites
        "test.gatekeeper.sh",  # test suites
        "k3d.io",  # k3d: the local cluster's own config
        "eksctl.io",  # eksctl: what it creates clusters from
        "jsonnet.io",  # Tanka environments
        "tanka.dev",  # the same
        "dagger.io",  # build pipelines
        "okteto.com",  # development environments
    }
)
"""API groups of files that a tool reads and nobody applies to a cluster, although they have apiVersion and kind."""

_NEVER_APPLIED_KINDS: Final = frozenset(
    {
        ("v1", "Config"),  # kubeconfig
        ("v1alpha1", "Config"),  # Talos machine configuration
        ("v1alpha1", "HostnameConfig"),  # the same, in parts
    }
)

_API_VERSION = re.compile(r"(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?v[0-9][a-z0-9]*\Z")
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]*\Z")
_TEMPLATE_LINE = re.compile(r"[ \t]*(?:-[ \t]+)*(?:[^\s'\"#{][^'\"#{]*:[ \t]+)?(?:[^\s'\"#{][^'\"#]*)?\{[{%]")
_MANIFEST_LINE = re.compile(rb"""^[ \t{]*["']?apiVersion["']?[ \t]*:""", re.MULTILINE)
_BLOCK_SCALAR = re.compile(r"(?:^|[ \t])[|>][-+0-9]{0,2}[ \t]*(?:#.*)?\Z")


def classify(path: str, content: bytes, decoded: Decoded, chart_folders: frozenset[str] = frozenset()) -> Role:  # noqa: PLR0911  one return for each reason
    """Say what a file is by its place and content.

    Args:
        path: relative to the repository's root.
        content: its bytes.
        decoded: what they hold.
        chart_folders: folders that hold a Chart.yaml; files in their ``templates`` folders are Helm's.
    """
    folder, _, name = path.rpartition("/")
    if name in KUSTOMIZATION_NAMES:
        return Role.KUSTOMIZATION
    if _in_chart_templates(folder, chart_folders):
        return Role.TEMPLATE
    # Objects before a broken document are applied: kubectl reads one document after the other.
    if holds_objects(decoded):
        return Role.MANIFEST
    if is_template(content, decoded):
        return Role.TEMPLATE
    if any(_is_kustomization(document.data) for document in decoded.documents if isinstance(document.data, dict)):
        return Role.KUSTOMIZATION
    if decoded.problems and looks_like_manifest(content):
        return Role.MANIFEST  # what would say so could not be read
    return Role.DATA


def holds_objects(decoded: Decoded) -> bool:
    """Whether a file holds an object that could be applied, whatever else it holds."""
    return any(_is_manifest(document.data) for document in decoded.documents if isinstance(document.data, dict))


def is_template(content: bytes, decoded: Decoded) -> bool:
    """Whether a text does not parse because something has still to fill it in."""
    if b"{{" not in content and b"{%" not in content:
        return False
    if not any(problem.rule == "yaml-syntax" for problem in decoded.problems):
        return False
    return any(True for _ in _template_lines(content.decode("utf-8", "replace")))


def looks_like_manifest(content: bytes) -> bool:
    """Whether a text that could not be read names an API version at all."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = content.replace(b"\0", b"")
    return _MANIFEST_LINE.search(content) is not None


def _template_lines(text: str) -> Iterator[int]:
    """Lines on which {{ or {% stands outside quotes, comments and block scalars."""
    block_indent: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.lstrip(" ")
        indent = len(line) - len(stripped)
        if block_indent is not None:
            if not stripped or indent > block_indent:
                continue
            block_indent = None
        if stripped.startswith("#"):
            continue
        if _TEMPLATE_LINE.match(line):
            yield number
        elif _BLOCK_SCALAR.search(line):
            block_indent = indent


def _in_chart_templates(folder: str, chart_folders: frozenset[str]) -> bool:
    parts = folder.split("/")
    return any(name == "templates" and "/".join(parts[:depth]) in chart_folders for depth, name in enumerate(parts))


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def is_never_applied(data: dict[str, Any]) -> bool:
    """Whether an object is some tool's own file, never applied to a cluster."""
    api_version, kind = data.get("apiVersion"), data.get("kind")
    if not isinstance(api_version, str) or not isinstance(kind, str):
        return False
    # Kustomize's own generators and transformers have the version builtin.
    return (
        api_version == "builtin"
        or _group(api_version) in NEVER_APPLIED
        or ((api_version, kind) in _NEVER_APPLIED_KINDS and "metadata" not in data)
    )


def _is_manifest(data: dict[str, Any]) -> bool:
    api_version, kind = data.get("apiVersion"), data.get("kind")
    if not isinstance(api_version, str) or not isinstance(kind, str):
        return False
    if is_never_applied(data):
        return False
    # With metadata it is meant as an object, however wrong its version: that is for the schema check to say.
    return isinstance(data.get("metadata"), dict) or bool(_API_VERSION.match(api_version) and _KIND.match(kind))


def is_for_kustomize(data: dict[str, Any]) -> bool:
    """Whether a mapping in a file of Kustomize's name is meant for Kustomize.

    Kustomize takes apiVersion and kind as left out where they are; another tool's object under this name, such as a
    Kustomization of Flux, names both.
    """
    api_version, kind = data.get("apiVersion"), data.get("kind")
    if not isinstance(api_version, str) or not isinstance(kind, str) or not api_version or not kind:
        return True
    group = _group(api_version)
    return group == KUSTOMIZE_GROUP or (kind in KUSTOMIZE_VERSIONS and "." not in group)


def _is_kustomization(data: dict[str, Any]) -> bool:
    api_version = data.get("apiVersion")
    return isinstance(api_version, str) and _group(api_version) == KUSTOMIZE_GROUP
