"""Built-in policy: flux-interval."""

from __future__ import annotations

from functools import lru_cache

from gategit.checks.policy.api import (
    Manifest,
    ParameterError,
    Violation,
    Violations,
    duration,
    is_filled_in_later,
    policy,
)

_KINDS = (
    "helm.toolkit.fluxcd.io/HelmRelease",
    "image.toolkit.fluxcd.io/ImageRepository",
    "image.toolkit.fluxcd.io/ImageUpdateAutomation",
    "kustomize.toolkit.fluxcd.io/Kustomization",
    "source.toolkit.fluxcd.io/Bucket",
    "source.toolkit.fluxcd.io/GitRepository",
    "source.toolkit.fluxcd.io/HelmChart",
    "source.toolkit.fluxcd.io/HelmRepository",
    "source.toolkit.fluxcd.io/OCIRepository",
)
_TIMES = (("spec", "interval"), ("spec", "chart", "spec", "interval"))

_read = lru_cache(256)(duration)  # the same few intervals come all the time


@policy(level="warning", kinds=_KINDS)
def flux_interval(manifest: Manifest, *, shortest: str = "30s", longest: str = "24h") -> Violations:
    """Flux reconciles neither all the time nor once in a blue moon.

    What it asks:
        `spec.interval` (and `spec.chart.spec.interval` of a HelmRelease) is a duration that Flux reads, such as `10m`
        or `1h30m`, not shorter than `shortest` and not longer than `longest`.

    Why:
        A few seconds keep the controllers, the Git host and the registries busy until they limit the rate. With days
        in between, drift stays, and a source that has no webhook is not read. Flux knows no days: `1d` is refused.

    How to fix:
        Take minutes for sources, and ten minutes to an hour for Kustomizations and HelmReleases: a new revision is
        applied at once in any case.

    Parameters:
        shortest: the shortest interval that is let through, such as `1m`
        longest: the longest interval that is let through, such as `12h`

    Fails:
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata: {name: shop, namespace: flux-system}
        spec:
          url: https://git.example.com/shop.git
          interval: 5s  # <-

    Fails (days):
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: shop}
        spec:
          interval: 1d  # <-
          chart:
            spec:
              chart: web
              interval: 720h  # <-

    Passes:
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata: {name: shop, namespace: flux-system}
        spec:
          url: https://git.example.com/shop.git
          interval: 1m0s

    References:
        https://fluxcd.io/flux/components/kustomize/kustomizations/#interval
        https://fluxcd.io/flux/components/source/gitrepositories/#interval
    """
    low, high = _seconds("shortest", shortest), _seconds("longest", longest)
    for path in _TIMES:
        value = manifest.get(*path)
        if value is None or is_filled_in_later(value):
            continue
        seconds = _read(value) if isinstance(value, str) else None
        if seconds is None:
            yield Violation(manifest.field(*path), f"the interval {str(value)[:40]} is no duration; write 10m or 1h30m")
        elif seconds < low:
            yield Violation(
                manifest.field(*path), f"{manifest} is reconciled every {value}, more often than {shortest}"
            )
        elif seconds > high:
            yield Violation(manifest.field(*path), f"{manifest} is reconciled every {value}, less than every {longest}")


def _seconds(name: str, text: str) -> float:
    seconds = _read(text)
    if seconds is None:
        raise ParameterError(name, f"must be a duration such as 10m, not {text[:40]}")
    return seconds
