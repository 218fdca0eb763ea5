"""Built-in policy: flux-receiver-unsigned."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="note", kinds=("notification.toolkit.fluxcd.io/Receiver",), security_severity=3.5)
def flux_receiver_unsigned(manifest: Manifest) -> Violations:
    """A Flux Receiver checks who calls it.

    What it asks:
        `spec.type` of a Receiver is not `generic`, the type that checks nothing of the request.

    Why:
        Whoever has seen the address, in a log or in a proxy, can call it as often as they like, and each call makes
        Flux fetch and build.

    How to fix:
        Take the type of your Git host or registry, such as `github`, or `generic-hmac`, which checks a signature made
        with the token.

    Fails:
        apiVersion: notification.toolkit.fluxcd.io/v1
        kind: Receiver
        metadata: {name: builds, namespace: flux-system}
        spec:
          type: generic  # <-
          secretRef: {name: receiver-token}

    Passes:
        apiVersion: notification.toolkit.fluxcd.io/v1
        kind: Receiver
        metadata: {name: builds, namespace: flux-system}
        spec:
          type: generic-hmac
          secretRef: {name: receiver-token}

    References:
        https://fluxcd.io/flux/components/notification/receivers/#type
    """
    if manifest.get("spec", "type") == "generic":
        yield Violation(manifest.field("spec", "type"), f"{manifest} does not check who calls it")
