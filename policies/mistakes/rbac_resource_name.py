"""Built-in policy: rbac-resource-name."""

from __future__ import annotations

from gategit.checks.policy.api import Field, Manifest, Violation, Violations, is_filled_in_later, policy

_GROUPS = {
    "": (
        "bindings componentstatuses configmaps endpoints events limitranges namespaces nodes persistentvolumeclaims "
        "persistentvolumes pods podtemplates replicationcontrollers resourcequotas secrets serviceaccounts services"
    ),
    "apps": "controllerrevisions daemonsets deployments replicasets statefulsets",
    "autoscaling": "horizontalpodautoscalers",
    "batch": "cronjobs jobs",
    "networking.k8s.io": "ingresses ingressclasses networkpolicies",
    "policy": "poddisruptionbudgets",
    "rbac.authorization.k8s.io": "clusterrolebindings clusterroles rolebindings roles",
    "storage.k8s.io": "csidrivers csinodes storageclasses volumeattachments",
    "apiextensions.k8s.io": "customresourcedefinitions",
    "apiregistration.k8s.io": "apiservices",
    "admissionregistration.k8s.io": "mutatingwebhookconfigurations validatingwebhookconfigurations",
    "coordination.k8s.io": "leases",
    "discovery.k8s.io": "endpointslices",
    "scheduling.k8s.io": "priorityclasses",
}
_GROUP_OF = {resource: group for group, resources in _GROUPS.items() for resource in resources.split()}
_ALSO_ELSEWHERE = ("events", "ingresses", "networkpolicies")
_OLD = "extensions"


def _plural(singular: str) -> str:
    if singular.endswith("ss"):
        return f"{singular}es"
    return f"{singular[:-1]}ies" if singular.endswith("y") else f"{singular}s"


@policy(level="warning", kinds=("rbac.authorization.k8s.io/Role", "rbac.authorization.k8s.io/ClusterRole"))
def rbac_resource_name(role: Manifest) -> Violations:
    """A role names resources as the API does, and by the groups that have them.

    What it asks:
        No entry of `resources` has capital letters, or is the singular of a built-in resource (`pod` for `pods`). A
        built-in resource stands with its own API group: `deployments` are in `apps`, not in the core group. Resources
        and groups that are not built in are not judged.

    Why:
        Nothing is refused, and the rule grants nothing: no request is ever for a resource of that name. The workload
        then fails at run time with a 403, though its role looks as if it allowed everything that it needs.

    How to fix:
        Write what `kubectl api-resources` shows: the name in the plural and in small letters, and its group.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: deployer, namespace: shop}
        rules:
          - apiGroups: [""]
            resources:
              - pod  # <-
              - configMaps  # <-
              - deployments  # <-
            verbs: [get]

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: deployer, namespace: shop}
        rules:
          - apiGroups: ["", apps]
            resources:
              - pods
              - pods/log
              - configmaps
              - deployments
            verbs: [get]

    References:
        https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
    """
    for rule in role.items("rules"):
        groups, resources = rule.get("apiGroups"), rule.get("resources")
        if not isinstance(groups, list) or not isinstance(resources, list):
            continue
        for index, resource in enumerate(resources):
            name = resource.partition("/")[0] if isinstance(resource, str) else "*"
            if "*" in name or is_filled_in_later(name) or _GROUP_OF.get(name) in groups:
                continue
            problem = _problem(name, groups)
            if problem:
                place: Field = rule.field("resources", index)
                yield Violation(place, f"{role} names the resource {name}, and {problem}: it grants nothing")


def _problem(name: str, groups: list[object]) -> str:
    """What is wrong with a resource's name, "" where nothing is."""
    lower = name.lower()
    if lower != name:
        known = next((one for one in (lower, _plural(lower)) if one in _GROUP_OF), "")
        return f"the API calls it {known}" if known else "the API's names are plural and in small letters"
    group = _GROUP_OF.get(name)
    built_in = [one for one in groups if isinstance(one, str) and one in _GROUPS]
    if group is None:
        plural = _plural(name)
        return f"the API calls it {plural}" if _GROUP_OF.get(plural, "-") in groups else ""
    if len(built_in) < len(groups) or name in _ALSO_ELSEWHERE or _OLD in groups:
        return ""  # another group may have one of that name
    return f"it is in the API group {group}" if group else 'it is in the core API group ""'
