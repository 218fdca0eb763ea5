"""Built-in policy: well-known-name."""

from __future__ import annotations

from functools import lru_cache

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

_PSS = ("enforce", "enforce-version", "audit", "audit-version", "warn", "warn-version")
_KNOWN: dict[str, tuple[str, ...]] = {
    "pod-security.kubernetes.io": (*_PSS, "exempt"),
    "argocd.argoproj.io": (
        "application-set-refresh",
        "compare-options",
        "hook",
        "hook-delete-policy",
        "hook-finalizer",
        "hydrate",
        "ignore-healthcheck",
        "instance",
        "manifest-generate-paths",
        "refresh",
        "secret-type",
        "skip-reconcile",
        "sync-options",
        "sync-wave",
        "tracking-id",
    ),
    "kustomize.toolkit.fluxcd.io": (
        "checksum",
        "force",
        "name",
        "namespace",
        "prune",
        "reconcile",
        "ssa",
        "substitute",
        "substitute-from",
    ),
    "prometheus.io": (
        "interval",
        "path",
        "port",
        "probe",
        "scheme",
        "scrape",
        "scrape-slow",
        "scrape-timeout",
        "timeout",
    ),
    "helm.sh": ("chart", "hook", "hook-delete-policy", "hook-output-log-policy", "hook-weight", "resource-policy"),
    "sidecar.istio.io": ("inject",),
}
_PLACES = (("metadata",), ("spec", "template", "metadata"))


@policy(level="warning", kinds=("*",))
def well_known_name(manifest: Manifest) -> Violations:
    """A well-known label or annotation is spelled as its reader knows it.

    What it asks:
        A name below a prefix that Argo CD, Flux, Helm, Prometheus or the Pod Security admission reads
        (`argocd.argoproj.io/`, `kustomize.toolkit.fluxcd.io/`, `helm.sh/`, `prometheus.io/`,
        `pod-security.kubernetes.io/`, `sidecar.istio.io/inject`) is one that they know, or is not near one: only a name
        that differs by one letter, or by two that are swapped, is flagged.

    Why:
        Nobody complains about a label that nobody reads. A misspelled `enforce` protects no namespace, a misspelled
        `sync-wave` changes no order, a misspelled `scrape` measures nothing.

    How to fix:
        Write the name that the message shows, or take a prefix of your own for one of your own.

    Fails:
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop
          labels:
            pod-security.kubernetes.io/enforced: restricted  # <-
          annotations:
            argocd.argoproj.io/sync-waves: "1"  # <-

    Passes:
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop
          labels:
            pod-security.kubernetes.io/enforce: restricted
          annotations:
            argocd.argoproj.io/sync-wave: "1"

    References:
        https://kubernetes.io/docs/reference/labels-annotations-taints/
        https://argo-cd.readthedocs.io/en/stable/user-guide/annotations-and-labels/
    """
    for place in _PLACES if "spec" in manifest.value else _PLACES[:1]:
        metadata = manifest.get(*place)
        if not isinstance(metadata, dict):
            continue
        for what in ("labels", "annotations"):
            keys = metadata.get(what)
            for key in keys if isinstance(keys, dict) else ():
                meant = _meant(key) if isinstance(key, str) else ""
                if meant:
                    problem = f"{manifest} has {key[:80]} in its {what}, which nobody reads; there is {meant}"
                    yield Violation(manifest.field(*place, what, key), problem)


@lru_cache(4096)
def _meant(key: str) -> str:
    """The name that is known and one slip away, "" where there is none. The same few keys come all the time."""
    prefix, slash, name = key.partition("/")
    known = _KNOWN.get(prefix, ())
    if not slash or name in known:
        return ""
    near = next((one for one in known if _is_slip(name, one)), "")
    return f"{prefix}/{near}" if near else ""


def _is_slip(written: str, meant: str) -> bool:
    """Whether one letter is added, left out or wrong, or two neighbours are swapped."""
    start = 0
    while start < min(len(written), len(meant)) and written[start] == meant[start]:
        start += 1
    left, right = written[start:], meant[start:]
    return (
        left[1:] == right
        or left == right[1:]
        or left[1:] == right[1:]
        or (left[:2] == right[1::-1] and left[2:] == right[2:] and len(left) > 1)
    )
