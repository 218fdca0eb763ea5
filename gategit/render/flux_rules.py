"""The rules about what Flux does: variables that it fills in, and the order in which it applies."""

from __future__ import annotations

# ruff: noqa: S106  an example that passes is not a password
from gategit.model import Level, Rule, Stage

_KUSTOMIZATIONS = "https://fluxcd.io/flux/components/kustomize/kustomizations/"

SUBSTITUTION_FAILED = Rule(
    id="substitution-failed",
    level=Level.ERROR,
    stage=Stage.REFERENCES,
    summary="Flux must be able to fill in the variables of what a Kustomization applies.",
    rationale=(
        "With `spec.postBuild` Flux reads every object of a Kustomization for expressions such as `${name}`, also "
        "scripts and dashboards that mean something else by them. One that it does not understand, or one whose value "
        "breaks the YAML around it, and *nothing* of the Kustomization is applied."
    ),
    help=(
        "Mend the expression. Where it is not meant for Flux, write `$${name}`, or put the label or annotation "
        "`kustomize.toolkit.fluxcd.io/substitute: disabled` on the object."
    ),
    example_fail=(
        "# of a Kustomization with spec.postBuild.substitute\n"
        "apiVersion: v1\n"
        "kind: ConfigMap\n"
        "metadata:\n"
        "  name: scripts\n"
        "data:\n"
        '  run.sh: echo "${name-nobody}"\n'
    ),
    example_pass=(
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: scripts\ndata:\n  run.sh: echo "$${name-nobody}"\n'
    ),
    references=(_KUSTOMIZATIONS + "#post-build-variable-substitution",),
)

VARIABLE_UNSET = Rule(
    id="variable-unset",
    level=Level.WARNING,
    stage=Stage.REFERENCES,
    summary="Every variable that Flux fills in must be set somewhere or have a default.",
    rationale=(
        "Flux puts nothing in the place of a variable that is not set, and says nothing of it: a host name without "
        "its domain, an image without its tag, a script without what was meant for the shell."
    ),
    help=(
        "Set it under `spec.postBuild` of the Kustomization, give it a default (`${name:=default}`), or write "
        "`$${name}` where it is not meant for Flux."
    ),
    example_fail=(
        "# of a Kustomization whose spec.postBuild.substitute sets cluster alone\n"
        "apiVersion: v1\n"
        "kind: ConfigMap\n"
        "metadata:\n"
        "  name: settings\n"
        "data:\n"
        "  host: ${cluster}.${domain}\n"
    ),
    example_pass=(
        "apiVersion: v1\n"
        "kind: ConfigMap\n"
        "metadata:\n"
        "  name: settings\n"
        "data:\n"
        "  host: ${cluster}.${domain:=example.com}\n"
    ),
    references=(_KUSTOMIZATIONS + "#post-build-variable-substitution",),
)

DEPENDENCY_CYCLE = Rule(
    id="dependency-cycle",
    level=Level.ERROR,
    stage=Stage.REFERENCES,
    summary="What Flux applies must not wait for itself.",
    rationale=(
        "`spec.dependsOn` has a Kustomization or a HelmRelease wait until others are ready. Where they wait for each "
        "other in a circle, none of them is ever applied, and neither is what waits for them."
    ),
    help="Remove one of the entries that the message names.",
    example_fail=(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\n"
        "kind: Kustomization\n"
        "metadata:\n"
        "  name: apps\n"
        "  namespace: flux-system\n"
        "spec:\n"
        "  dependsOn:\n"
        "    - name: apps\n"
    ),
    example_pass=(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\n"
        "kind: Kustomization\n"
        "metadata:\n"
        "  name: apps\n"
        "  namespace: flux-system\n"
        "spec:\n"
        "  dependsOn:\n"
        "    - name: infrastructure\n"
    ),
    references=(_KUSTOMIZATIONS + "#dependencies",),
)

KIND_NOT_AWAITED = Rule(
    id="kind-not-awaited",
    level=Level.WARNING,
    stage=Stage.REFERENCES,
    summary="A Kustomization must wait for the one that brings the kinds of its objects.",
    rationale=(
        "Flux applies Kustomizations side by side. One whose objects are of a kind that another one defines fails as "
        "a whole until that one is through: on a new cluster it depends on chance whether, and when, it arrives."
    ),
    help="Name the Kustomization that brings the CustomResourceDefinition under `spec.dependsOn`.",
    example_fail=(
        "# apps holds a Certificate; cert-manager brings its definition\n"
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\n"
        "kind: Kustomization\n"
        "metadata:\n"
        "  name: apps\n"
        "  namespace: flux-system\n"
        "spec:\n"
        "  path: ./apps\n"
    ),
    example_pass=(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\n"
        "kind: Kustomization\n"
        "metadata:\n"
        "  name: apps\n"
        "  namespace: flux-system\n"
        "spec:\n"
        "  path: ./apps\n"
        "  dependsOn:\n"
        "    - name: cert-manager\n"
    ),
    references=(_KUSTOMIZATIONS + "#dependencies",),
)

DECRYPTION_MISSING = Rule(
    id="decryption-missing",
    level=Level.ERROR,
    stage=Stage.REFERENCES,
    summary="A Kustomization that applies an encrypted Secret must say how it is decrypted.",
    rationale=(
        "Flux refuses a Kustomization as a whole where one of its Secrets is encrypted with SOPS and nothing says how "
        "to decrypt it: *nothing* of it is applied. It shows only in the cluster, since the build itself succeeds."
    ),
    help="Add `spec.decryption` to the Kustomization, with the Secret that holds the key.",
    example_fail=(
        "# apps holds a Secret that is encrypted with SOPS\n"
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\n"
        "kind: Kustomization\n"
        "metadata:\n"
        "  name: apps\n"
        "  namespace: flux-system\n"
        "spec:\n"
        "  path: ./apps\n"
    ),
    example_pass=(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\n"
        "kind: Kustomization\n"
        "metadata:\n"
        "  name: apps\n"
        "  namespace: flux-system\n"
        "spec:\n"
        "  path: ./apps\n"
        "  decryption:\n"
        "    provider: sops\n"
        "    secretRef:\n"
        "      name: sops-age\n"
    ),
    references=(_KUSTOMIZATIONS + "#decryption",),
)

RULES: tuple[Rule, ...] = (
    SUBSTITUTION_FAILED,
    VARIABLE_UNSET,
    DEPENDENCY_CYCLE,
    KIND_NOT_AWAITED,
    DECRYPTION_MISSING,
)
