"""Built-in policy: image-update-to-checkout."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, PullRequest, Violation, Violations, is_filled_in_later, policy


@policy(level="warning", kinds=("image.toolkit.fluxcd.io/ImageUpdateAutomation",), security_severity=4.5)
def image_update_to_checkout(manifest: Manifest, request: PullRequest, *, allowed: tuple[str, ...] = ()) -> Violations:
    """Flux's image automation pushes to a branch of its own, not to the one that is deployed.

    What it asks:
        `spec.git.push.branch` of an ImageUpdateAutomation is set, and is neither the branch that is checked out nor
        the one that the pull request goes to.

    Why:
        Without it the controller pushes to the branch that it reads, past every review and past this gate. The
        branch cannot be protected either, for the controller has to write to it.

    How to fix:
        Set `push: {branch: flux-image-updates}` and let a workflow open a pull request for it.

    Parameters:
        allowed: names of automations that may push to the deployed branch, such as those of a test cluster

    Fails:
        apiVersion: image.toolkit.fluxcd.io/v1
        kind: ImageUpdateAutomation
        metadata: {name: images, namespace: flux-system}
        spec:
          interval: 30m
          sourceRef: {kind: GitRepository, name: flux-system}
          git:
            checkout: {ref: {branch: main}}
            push:
              branch: main  # <-

    Fails (no branch to push to):
        apiVersion: image.toolkit.fluxcd.io/v1
        kind: ImageUpdateAutomation
        metadata: {name: images, namespace: flux-system}
        spec:
          interval: 30m
          sourceRef: {kind: GitRepository, name: flux-system}
          git:  # <-
            commit: {author: {email: flux@example.com}}

    Fails (the branch of the pull request):
        --- # new
        apiVersion: image.toolkit.fluxcd.io/v1
        kind: ImageUpdateAutomation
        metadata: {name: images, namespace: flux-system}
        spec:
          interval: 30m
          sourceRef: {kind: GitRepository, name: flux-system}
          git:
            push:
              branch: release  # <-
        --- # pull request
        base_branch: release

    Passes:
        apiVersion: image.toolkit.fluxcd.io/v1
        kind: ImageUpdateAutomation
        metadata: {name: images, namespace: flux-system}
        spec:
          interval: 30m
          sourceRef: {kind: GitRepository, name: flux-system}
          git:
            checkout: {ref: {branch: main}}
            push:
              branch: flux-image-updates

    References:
        https://fluxcd.io/flux/components/image/imageupdateautomations/#push
    """
    if manifest.name in allowed or manifest.api_version.endswith("/v1alpha1"):
        return  # the first version had other fields
    push = manifest.field("spec", "git", "push")
    if push.has("refspec"):
        return  # where it leads is the Git host's to say, as with Gerrit's reviews
    branch = push.text("branch")
    if is_filled_in_later(branch):
        return
    if branch in ("", manifest.text("spec", "git", "checkout", "ref", "branch"), request.base_branch):
        where = f"the branch {branch[:100]}" if branch else "the branch that it reads"
        yield Violation(push.field("branch"), f"{manifest} pushes to {where}, without a review")
