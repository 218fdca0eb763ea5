"""Built-in policy: admission-weakened."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Field, Manifest, Violation, Violations, policy

_GROUP = "admissionregistration.k8s.io"
_WEBHOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")


@policy(
    level="error",
    kinds=(
        *(f"{_GROUP}/{kind}" for kind in _WEBHOOKS),
        f"{_GROUP}/ValidatingAdmissionPolicy",
        f"{_GROUP}/ValidatingAdmissionPolicyBinding",
        "kyverno.io/ClusterPolicy",
        "kyverno.io/Policy",
        "templates.gatekeeper.sh/ConstraintTemplate",
    ),
    security_severity=7.2,
)
def admission_weakened(change: Change) -> Violations:
    """A change does not weaken what the cluster admits by.

    What it asks:
        No admission webhook, ValidatingAdmissionPolicy, binding of one that denies, Kyverno policy that enforces, or
        Gatekeeper template is removed. `failurePolicy` does not go from `Fail` to `Ignore`, `validationActions` keeps
        `Deny`, and Kyverno's `validationFailureAction` does not go from `Enforce` to `Audit`.

    Why:
        Admission is the wall behind this gate: it also holds what never was in a pull request. With `Ignore` it is open
        while its webhook does not answer, and an attacker can see to that.

    How to fix:
        Keep it as it is, and exempt by name what has to pass. Where a control is replaced by another, say in a
        waiver by which one.

    Fails:
        --- # old
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingWebhookConfiguration
        metadata: {name: guard}
        webhooks: [{name: guard.example.com, failurePolicy: Fail}]
        --- # new
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingWebhookConfiguration
        metadata: {name: guard}
        webhooks:
          - name: guard.example.com
            failurePolicy: Ignore  # <-

    Fails (removed):
        --- # old
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicyBinding
        metadata:
          name: guard  # <-
        spec: {policyName: guard, validationActions: [Deny]}
        --- # new

    Passes:
        --- # old
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicyBinding
        metadata: {name: guard}
        spec: {policyName: guard, validationActions: [Audit]}
        --- # new
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicyBinding
        metadata: {name: guard}
        spec: {policyName: guard, validationActions: [Deny, Audit]}

    References:
        https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#failure-policy
        https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
    """
    if change.deleted is not None and _refuses(change.deleted):
        yield Violation(change.deleted, f"the change removes {change.deleted}, by which the cluster admits objects")
    old, new = change.old, change.new
    if old is None or new is None:
        return
    if new.kind in _WEBHOOKS:
        yield from _webhooks(old, new)
    elif new.kind == "ValidatingAdmissionPolicyBinding":
        actions, before = new.field("spec", "validationActions"), old.get("spec", "validationActions")
        after = actions.value if isinstance(actions.value, list) else []
        if isinstance(before, list) and "Deny" in before and "Deny" not in after:
            yield Violation(actions, f"{new} no longer denies anything")
    elif new.group == _GROUP:
        yield from _failure(old.field("spec"), new.field("spec"), str(new))
    elif new.group == "kyverno.io" and _enforces(old) and not _enforces(new):
        yield Violation(new.field("spec", "validationFailureAction"), f"{new} no longer enforces anything")


def _refuses(manifest: Manifest) -> bool:
    """Whether an object has a say in what is admitted: one that only warns or writes down has none."""
    if manifest.kind == "ValidatingAdmissionPolicyBinding":
        actions = manifest.get("spec", "validationActions")
        return isinstance(actions, list) and "Deny" in actions
    return manifest.group != "kyverno.io" or _enforces(manifest)


def _enforces(manifest: Manifest) -> bool:
    """Whether a policy of Kyverno refuses objects, by all of its rules or by one."""
    rules = manifest.items("spec", "rules")
    actions = [rule.text("validate", "failureAction") for rule in rules]
    actions.append(manifest.text("spec", "validationFailureAction"))
    return "enforce" in [action.lower() for action in actions]


def _webhooks(old: Manifest, new: Manifest) -> Violations:
    after = {hook.text("name"): hook for hook in new.items("webhooks")}
    for hook in old.items("webhooks"):
        name = hook.text("name")
        if name in after:
            yield from _failure(hook, after[name], f"webhook {name}")
        elif name:
            yield Violation(new.field("webhooks"), f"webhook {name} of {new} is gone")


def _failure(old: Field, new: Field, what: str) -> Violations:
    """What is said of a failure policy; one that is absent is ``Fail``."""
    if new.get("failurePolicy") == "Ignore" and old.get("failurePolicy") in ("Fail", None):
        yield Violation(new.field("failurePolicy"), f"{what} lets everything pass when it fails")
