"""Built-in policy: invalid-pod-setting."""

from __future__ import annotations

from gategit.checks.policy.api import LONG_RUNNING, WORKLOADS, Container, Field, Violation, Violations, Workload, policy

_NOT_NEGATIVE = ("runAsUser", "runAsGroup", "fsGroup")


@policy(level="error", kinds=WORKLOADS)
def invalid_pod_setting(workload: Workload) -> Violations:
    """The settings of a pod that belong together are there together.

    What it asks:
        A pod with `dnsPolicy: None` names a nameserver in `dnsConfig`. A seccomp or AppArmor profile of the type
        `Localhost` names its `localhostProfile`, and others do not. Users and groups are not negative. The pods of a
        Deployment and its like have no `activeDeadlineSeconds`. A `preStop` hook sleeps no longer than the pod has time
        to end, which is 30 seconds unless it says otherwise.

    Why:
        The API server refuses the object, and what is applied together with it waits.

    How to fix:
        Add the setting that is missing, or remove the one that it belongs to.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              dnsPolicy: None  # <-
              activeDeadlineSeconds: 600  # <-
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                  securityContext:
                    seccompProfile:  # <-
                      type: Localhost
                  lifecycle:
                    preStop:
                      sleep:
                        seconds: 60  # <-

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              dnsPolicy: None
              dnsConfig:
                nameservers: [192.0.2.53]
              terminationGracePeriodSeconds: 90
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                  securityContext:
                    seccompProfile: {type: Localhost, localhostProfile: profiles/web.json}
                  lifecycle:
                    preStop:
                      sleep: {seconds: 60}

    References:
        https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
    """
    pod = workload.pod
    if pod.get("dnsPolicy") == "None" and not pod.get("dnsConfig", "nameservers"):
        yield Violation(pod.field("dnsPolicy"), f"the pods of {workload} have no DNS policy and no nameserver")
    if pod.has("activeDeadlineSeconds") and workload.group_kind in LONG_RUNNING:
        where = pod.field("activeDeadlineSeconds")
        yield Violation(where, f"the pods of {workload} have a deadline, and they are to run until they are replaced")
    if pod.has("securityContext"):
        yield from _context(pod.field("securityContext"), "the pod")
    for container in workload.containers:
        if container.has("securityContext"):
            yield from _context(container.field("securityContext"), str(container))
        if container.has("lifecycle", "preStop", "sleep"):
            yield from _sleep(container, pod)


def _context(context: Field, who: str) -> Violations:
    for name in ("seccompProfile", "appArmorProfile"):
        profile = context.field(name)
        is_local, is_named = profile.get("type") == "Localhost", bool(profile.get("localhostProfile"))
        if profile.has("type") and is_local != is_named:
            problem = "does not say which file" if is_local else "names a file, and is not of the type Localhost"
            yield Violation(profile.field("localhostProfile"), f"the {name} of {who} {problem}")
    for name in _NOT_NEGATIVE:
        number = context.integer(name)
        if number is not None and number < 0:
            yield Violation(context.field(name), f"the {name} of {who} is negative")


def _sleep(container: Container, pod: Field) -> Violations:
    seconds = container.integer("lifecycle", "preStop", "sleep", "seconds")
    period = pod.integer("terminationGracePeriodSeconds")
    period = 30 if period is None else period
    if seconds is not None and not 0 <= seconds <= period:
        where = container.field("lifecycle", "preStop", "sleep", "seconds")
        yield Violation(where, f"the preStop of {container} sleeps for {seconds} of the {period} seconds to end")
