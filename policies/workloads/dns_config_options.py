"""Built-in policy: dns-config-options."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy, unmet


@policy(level="note", kinds=WORKLOADS)
def dns_config_options(workload: Workload, *, options: tuple[str, ...] = ()) -> Violations:
    """Pods resolve names the way that this repository asks for.

    What it asks:
        Each pod sets the options of the parameter in `dnsConfig.options`, and where a pattern stands behind one, with
        a value that the pattern matches as a whole. While no options are given, nothing is judged.

    Why:
        By default every name with fewer than five dots is first looked up in each of the cluster's domains. For a pod
        that mostly calls hosts outside, that is many questions for each answer, and the cluster's DNS feels it.

    How to fix:
        Set the option in the pod's `dnsConfig`, for example `ndots` with the value `"2"`.

    Parameters:
        options: the options, each as a name, or as name=pattern with a regular expression for the value

    Fails:
        --- # parameters
        options: ["ndots=[12]"]
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:  # <-
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Passes:
        --- # parameters
        options: ["ndots=[12]"]
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              dnsConfig:
                options:
                  - {name: ndots, value: "2"}
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-dns-config
    """
    if not options:
        return
    found = {one.text("name"): one.text("value") for one in workload.pod.items("dnsConfig", "options")}
    for name, problem in unmet(options, found):
        where = workload.pod.field("dnsConfig", "options")
        yield Violation(where, f"the DNS option {name} of {workload} {problem}")
