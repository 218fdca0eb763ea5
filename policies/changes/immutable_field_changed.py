"""Built-in policy: immutable-field-changed."""

from __future__ import annotations

import binascii

from gategit.checks.policy.api import (
    Change,
    Field,
    Manifest,
    Violation,
    Violations,
    is_filled_in_later,
    policy,
    quantity,
)

_RBAC = "rbac.authorization.k8s.io"

# Stand for the default of a field whose value the cluster chooses where it is absent.
_UNSET = object()  # nothing is known of it then, on either side
_ONCE = object()  # nothing is known of it before; to take it away afterwards is to change it

# For each kind the fields that the API server refuses to change, each with what it counts as where it is absent.
# Source: the functions Validate…Update of pkg/apis/*/validation, and the rules in the schemas of the Gateway API.
_FIXED: dict[str, tuple[tuple[tuple[str, ...], object], ...]] = {
    "apps/Deployment": ((("spec", "selector"), _UNSET),),
    "apps/ReplicaSet": ((("spec", "selector"), _UNSET),),
    "apps/DaemonSet": ((("spec", "selector"), _UNSET),),
    "apps/StatefulSet": (
        (("spec", "selector"), _UNSET),
        (("spec", "serviceName"), ""),
        (("spec", "podManagementPolicy"), "OrderedReady"),
    ),
    "batch/Job": (
        (("spec", "selector"), _UNSET),
        (("spec", "completionMode"), "NonIndexed"),
        (("spec", "podFailurePolicy"), None),
        (("spec", "successPolicy"), None),
        (("spec", "backoffLimitPerIndex"), None),
        (("spec", "managedBy"), None),
    ),
    "PersistentVolumeClaim": (
        (("spec", "accessModes"), None),
        (("spec", "storageClassName"), _ONCE),
        (("spec", "volumeMode"), "Filesystem"),
        (("spec", "volumeName"), _ONCE),
        (("spec", "selector"), None),
    ),
    "PersistentVolume": ((("spec", "volumeMode"), "Filesystem"), (("spec", "nodeAffinity"), _ONCE)),
    f"{_RBAC}/RoleBinding": ((("roleRef", "kind"), None), (("roleRef", "name"), None)),
    f"{_RBAC}/ClusterRoleBinding": ((("roleRef", "kind"), None), (("roleRef", "name"), None)),
    "Secret": ((("type",), "Opaque"),),
    "storage.k8s.io/StorageClass": (
        (("provisioner",), None),
        (("parameters",), None),
        (("reclaimPolicy",), "Delete"),
        (("volumeBindingMode",), "Immediate"),
    ),
    "storage.k8s.io/CSIDriver": (
        (("spec", "attachRequired"), True),
        (("spec", "volumeLifecycleModes"), ["Persistent"]),
    ),
    "storage.k8s.io/VolumeAttributesClass": ((("driverName",), None), (("parameters",), None)),
    "resource.k8s.io/ResourceClaim": ((("spec",), None),),
    "resource.k8s.io/ResourceClaimTemplate": ((("spec",), None),),
    "networking.k8s.io/IngressClass": ((("spec", "controller"), None),),
    "gateway.networking.k8s.io/GatewayClass": ((("spec", "controllerName"), None),),
    "scheduling.k8s.io/PriorityClass": ((("value",), 0), (("preemptionPolicy",), "PreemptLowerPriority")),
    "node.k8s.io/RuntimeClass": ((("handler",), None),),
    "discovery.k8s.io/EndpointSlice": ((("addressType",), None),),
    "ResourceQuota": ((("spec", "scopes"), None),),
    "apiextensions.k8s.io/CustomResourceDefinition": (
        (("spec", "group"), None),
        (("spec", "scope"), None),
        (("spec", "names", "plural"), None),
        (("spec", "names", "kind"), None),
    ),
    "ConfigMap": (),
    "Pod": (),
    "Service": (),
}

_VOLUME_SOURCES = (
    *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker"),
    *("gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk", "portworxVolume"),
    *("quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume"),
)
_DEFAULTS = {
    "dnsPolicy": "ClusterFirst",
    "enableServiceLinks": True,
    "protocol": "TCP",
    "schedulerName": "default-scheduler",
    "terminationGracePeriodSeconds": 30,
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "volumeMode": "Filesystem",
}  # what fields inside of a fixed one count as where they are absent
_CHOSEN = ("imagePullPolicy", "controllerExpandSecretRef", "defaultMode")  # may be set later, or be as they were
_POD_MUTABLE = {"activeDeadlineSeconds", "tolerations", "schedulingGates", "ephemeralContainers"}


@policy(level="error", kinds=tuple(_FIXED))
def immutable_field_changed(change: Change) -> Violations:
    """A change does not touch a field that the cluster refuses to change.

    What it asks:
        Fields that are fixed when an object is made stay as they are: the selector of a Deployment and its like, a
        StatefulSet's `serviceName` and `volumeClaimTemplates`, a Job's template, a claim's storage class and access
        modes, `clusterIP` of a Service, `roleRef` of a binding, the type of a Secret, the data of a ConfigMap or
        Secret with `immutable: true`, the parameters of a StorageClass, the scope and names of a
        CustomResourceDefinition, and others of the kind. Objects that the agent is told to recreate pass
        (`kustomize.toolkit.fluxcd.io/force: enabled`, Argo CD's sync option `Replace=true` with `Force=true`), hooks,
        and Jobs that the cluster cleans up by `ttlSecondsAfterFinished`.

    Why:
        The API server answers such an update with an error. The object stays as it was, and the agent's whole sync
        fails, today and at every later change, until somebody deletes the object by hand.

    How to fix:
        Give the object another name, so that a new one is made beside the old one, and remove the old one when nothing
        uses it; or plan its deletion, and say so in a waiver.

    Fails:
        --- # old
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector:
            matchLabels: {app: web}
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector:  # <-
            matchLabels: {app: web, tier: front}

    Fails (a Job's template):
        --- # old
        apiVersion: batch/v1
        kind: Job
        metadata: {name: migrate, namespace: shop}
        spec:
          template:
            spec: {restartPolicy: Never, containers: [{name: migrate, image: "registry.example.com/web:1.4.1"}]}
        --- # new
        apiVersion: batch/v1
        kind: Job
        metadata: {name: migrate, namespace: shop}
        spec:
          template:  # <-
            spec: {restartPolicy: Never, containers: [{name: migrate, image: "registry.example.com/web:1.4.2"}]}

    Fails (a frozen ConfigMap):
        --- # old
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings, namespace: shop}
        immutable: true
        data: {colour: red}
        --- # new
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings, namespace: shop}
        immutable: true  # <-
        data: {colour: green}

    Passes:
        --- # old
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: shop}
        spec:
          serviceName: db
          replicas: 2
          selector: {matchLabels: {app: db}}
        --- # new
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: shop}
        spec:
          serviceName: db
          podManagementPolicy: OrderedReady
          replicas: 3
          selector: {matchLabels: {app: db}}

    Passes (Flux deletes the object and makes it anew):
        --- # old
        apiVersion: batch/v1
        kind: Job
        metadata: {name: migrate, namespace: shop, annotations: {kustomize.toolkit.fluxcd.io/force: enabled}}
        spec:
          template: {spec: {containers: [{name: migrate, image: "registry.example.com/web:1.4.1"}]}}
        --- # new
        apiVersion: batch/v1
        kind: Job
        metadata: {name: migrate, namespace: shop, annotations: {kustomize.toolkit.fluxcd.io/force: enabled}}
        spec:
          template: {spec: {containers: [{name: migrate, image: "registry.example.com/web:1.4.2"}]}}

    References:
        https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#label-selector-updates
        https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#limitations
        https://kubernetes.io/docs/concepts/configuration/configmap/#configmap-immutable
        https://kubernetes.io/docs/reference/access-authn-authz/rbac/#clusterrolebinding-example
    """
    old, new = change.old, change.new
    if old is None or new is None or new.is_hook or _is_recreated(new):
        return
    kind = new.group_kind
    if kind == "batch/Job" and old.has("spec", "ttlSecondsAfterFinished"):
        return
    for path, default in _FIXED[kind]:
        before, after = old.get(*path), new.get(*path)
        if before != after and _differ(before, after, default) and not _was_beta(path, before):
            yield Violation(new.field(*path), f"{'.'.join(path)} of {new} cannot be changed")
    special = _SPECIAL.get(kind)
    if special is not None:
        yield from special(old, new)


def _differ(before: object, after: object, default: object) -> bool:
    """Whether a field has another value afterwards, as far as both are known."""
    if default is _UNSET or default is _ONCE:
        if before is None or after is None:
            return before is not None and default is _ONCE
        return _is_changed(_plain(before), _plain(after))
    return _is_changed(_plain(default if before is None else before), _plain(default if after is None else after))


def _was_beta(path: tuple[str, ...], before: object) -> bool:
    """Whether a volume chose its nodes by labels that have other names by now, to which they may be changed."""
    return path[-1] == "nodeAffinity" and "beta.kubernetes.io/" in repr(before)


def _is_changed(before: object, after: object) -> bool:
    """Whether two values differ somewhere where neither is a variable that something fills in later."""
    if before == after:
        return False
    if isinstance(before, dict) and isinstance(after, dict):
        return any(_is_key_changed(key, before.get(key), after.get(key)) for key in before.keys() | after.keys())
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return any(map(_is_changed, before, after))
    return not is_filled_in_later(f"{before}{after}")


def _is_key_changed(key: object, before: object, after: object) -> bool:
    """Whether the values under a key of a mapping differ to the cluster."""
    if before is None or after is None:
        if key in _CHOSEN:
            return False
        default = _DEFAULTS.get(key) if isinstance(key, str) else None
        before, after = default if before is None else before, default if after is None else after
    if key in ("limits", "requests") and isinstance(before, dict) and isinstance(after, dict):
        return before.keys() != after.keys() or any(
            quantity(amount) != quantity(after[name]) and _is_changed(amount, after[name])
            for name, amount in before.items()
        )
    return _is_changed(before, after)


def _plain(value: object) -> object:
    """A value without what says nothing: null, "", false, and empty lists and mappings."""
    if isinstance(value, dict):
        found = {key: _plain(member) for key, member in value.items()}
        return {
            key: member for key, member in found.items() if member not in (None, "", [], {}) and member is not False
        }
    return [_plain(member) for member in value] if isinstance(value, list) else value


def _is_recreated(manifest: Manifest) -> bool:
    """Whether the agent is told to delete the object and to make it anew."""
    annotations = manifest.annotations
    options = [option.strip() for option in annotations.get("argocd.argoproj.io/sync-options", "").split(",")]
    return {"Replace=true", "Force=true"} <= set(options) or (
        annotations.get("kustomize.toolkit.fluxcd.io/force", "").lower() == "enabled"
    )


def _stateful_set(old: Manifest, new: Manifest) -> Violations:
    before, after = (
        [_claim(template) for template in manifest.items("spec", "volumeClaimTemplates")] for manifest in (old, new)
    )
    if _is_changed(before, after):
        yield Violation(
            new.field("spec", "volumeClaimTemplates"), f"spec.volumeClaimTemplates of {new} cannot be changed"
        )


def _claim(template: Field) -> object:
    """What counts of a claim template; the cluster fills in the rest."""
    value = template.value
    if not isinstance(value, dict):
        return value
    return _plain({"metadata": value.get("metadata"), "spec": value.get("spec")})


def _job(old: Manifest, new: Manifest) -> Violations:
    before, after = old.get("spec", "completions"), new.get("spec", "completions")
    if new.get("spec", "completionMode") != "Indexed" and _differ(before, after, _UNSET):
        yield Violation(new.field("spec", "completions"), f"spec.completions of {new} cannot be changed")
    before, after = old.get("spec", "template"), new.get("spec", "template")
    if before == after or old.is_true("spec", "suspend"):
        return  # a suspended Job's scheduling may be changed until it starts
    if _differ(before, after, None):
        yield Violation(new.field("spec", "template"), f"spec.template of {new} cannot be changed")


def _claim_source(old: Manifest, new: Manifest) -> Violations:
    """What a claim is filled from: the cluster sets the one field from the other."""
    before, after = (one.get("spec", "dataSource") or one.get("spec", "dataSourceRef") for one in (old, new))
    if before != after and _differ(before, after, None):
        name = "dataSourceRef" if new.has("spec", "dataSourceRef") else "dataSource"
        yield Violation(new.field("spec", name), f"spec.{name} of {new} cannot be changed")


def _volume(old: Manifest, new: Manifest) -> Violations:
    for source in _VOLUME_SOURCES:
        before, after = old.get("spec", source), new.get("spec", source)
        if before != after and _differ(before, after, None):
            place = new.field("spec", source) if after is not None else new.field("spec")
            yield Violation(place, f"spec.{source} of {new} cannot be changed")


def _frozen(old: Manifest, new: Manifest) -> Violations:
    """A ConfigMap or Secret with ``immutable: true``; one that SOPS encrypts looks different each time."""
    if not old.is_true("immutable") or new.has("sops"):
        return
    field = new.field("immutable")
    if not new.is_true("immutable"):
        yield Violation(field, f"{new} was made immutable, and stays so until it is deleted")
    elif _contents(old) != _contents(new):
        yield Violation(field, f"the data of {new} cannot be changed: it is immutable")


def _contents(manifest: Manifest) -> list[object]:
    """The data as the cluster keeps it: a Secret's ``stringData`` goes over ``data``, in base64."""
    texts = {
        key: binascii.b2a_base64(value.encode(errors="replace"), newline=False).decode()
        for key, value in manifest.strings("stringData").items()
    }
    return [manifest.strings("data") | texts, manifest.strings("binaryData")]


def _service(old: Manifest, new: Manifest) -> Violations:
    kinds = {old.text("spec", "type"), new.text("spec", "type")}
    if "ExternalName" in kinds:
        return
    before, after = old.get("spec", "clusterIP"), new.get("spec", "clusterIP")
    # An address that is named for the first time may be the one that the cluster had chosen; None never is.
    if after and (before or after == "None") and _is_changed(before, after):
        yield Violation(new.field("spec", "clusterIP"), f"spec.clusterIP of {new} cannot be changed")
    before, after = old.get("spec", "loadBalancerClass"), new.get("spec", "loadBalancerClass")
    if kinds == {"LoadBalancer"} and before != after and _differ(before, after, _ONCE):
        yield Violation(new.field("spec", "loadBalancerClass"), f"spec.loadBalancerClass of {new} cannot be changed")


def _pod(old: Manifest, new: Manifest) -> Violations:
    if old.items("spec", "schedulingGates"):
        return  # it waits to be scheduled, and some of its fields may be set until then
    before, after = (_fixed_part(manifest.get("spec")) for manifest in (old, new))
    if before != after and _differ(before, after, None):
        yield Violation(
            new.field("spec"), f"the specification of {new} cannot be changed: only its images and tolerations can"
        )


def _fixed_part(spec: object) -> object:
    """A pod's specification without what may be changed while it runs."""
    if not isinstance(spec, dict):
        return spec
    found = {key: value for key, value in spec.items() if key not in _POD_MUTABLE}
    for key in ("containers", "initContainers"):
        if isinstance(found.get(key), list):
            found[key] = [
                {name: value for name, value in one.items() if name != "image"} if isinstance(one, dict) else one
                for one in found[key]
            ]
    return found


_SPECIAL = {
    "apps/StatefulSet": _stateful_set,
    "batch/Job": _job,
    "PersistentVolume": _volume,
    "PersistentVolumeClaim": _claim_source,
    "Secret": _frozen,
    "ConfigMap": _frozen,
    "Service": _service,
    "Pod": _pod,
}
