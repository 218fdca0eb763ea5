"""Built-in policy: flux-retry-interval."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, ParameterError, Violation, Violations, duration, policy


@policy(level="note", kinds=("kustomize.toolkit.fluxcd.io/Kustomization",))
def flux_retry_interval(manifest: Manifest, *, longest: str = "30m") -> Violations:
    """A Flux Kustomization that failed is tried again soon.

    What it asks:
        `spec.retryInterval` is set where `spec.interval` is longer than `longest`.

    Why:
        A failed Kustomization is tried again after `interval`, unless `retryInterval` is set. With a long interval
        a short outage of a registry or a webhook costs hours, and what depends on it waits as long.

    How to fix:
        Set `retryInterval` to one or two minutes.

    Parameters:
        longest: the longest interval that needs no `retryInterval`

    Fails:
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: web, namespace: flux-system}
        spec:
          interval: 6h  # <-
          path: ./apps/web
          prune: true

    Passes:
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: web, namespace: flux-system}
        spec:
          interval: 6h
          retryInterval: 2m
          path: ./apps/web
          prune: true

    References:
        https://fluxcd.io/flux/components/kustomize/kustomizations/#retry-interval
    """
    limit = duration(longest)
    if limit is None:
        raise ParameterError("longest", f"must be a duration such as 30m, not {longest[:40]}")
    interval = manifest.field("spec", "interval")
    seconds = duration(interval.value)
    if seconds is not None and seconds > limit and not manifest.has("spec", "retryInterval"):
        yield Violation(interval, f"{manifest} is tried again only after {interval.text()} when it has failed")
