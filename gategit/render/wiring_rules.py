"""The rules of who deploys what: one owner for each object, a known destination, and no manifest that is forgotten."""

from __future__ import annotations

# ruff: noqa: S106  an example that passes is not a password
from gategit.model import Level, Rule, Stage

DUPLICATE_OWNER = Rule(
    id="duplicate-owner",
    level=Level.ERROR,
    stage=Stage.REFERENCES,
    summary="One object of a cluster must be brought by one Application, Kustomization or HelmRelease.",
    rationale=(
        "Two owners of one object take turns: each puts back what the other one changed, for ever, and whichever is "
        "removed first deletes the object from under the other. It happens easily with what has no namespace, such as "
        "a ClusterRole of the same name in two charts, and no single file shows it."
    ),
    help=(
        "Let one owner bring the object and the other one rely on it, or give the two different names, for example "
        "with another release name or a `namePrefix`."
    ),
    example_fail=(
        "# brought by the Applications blue and green, of one cluster\n"
        "apiVersion: rbac.authorization.k8s.io/v1\n"
        "kind: ClusterRole\n"
        "metadata:\n"
        "  name: reader # <-\n"
        "rules: []\n"
    ),
    example_pass=(
        "# brought by the Application blue; green brings green-reader\n"
        "apiVersion: rbac.authorization.k8s.io/v1\n"
        "kind: ClusterRole\n"
        "metadata:\n"
        "  name: blue-reader\n"
        "rules: []\n"
    ),
    references=(
        "https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#fail-the-sync-if-a-shared-resource-is-found",
    ),
)

DESTINATION_UNKNOWN = Rule(
    id="destination-unknown",
    level=Level.WARNING,
    stage=Stage.REFERENCES,
    summary="Where an Application deploys to should be a cluster that a target of the config describes.",
    rationale=(
        "gategit judges what is deployed by what it knows of the cluster: its Kubernetes version, its definitions, its "
        "policies. A destination that no target describes is either misspelt, and Argo CD refuses it, or a cluster "
        "that nobody has told the gate about, whose objects are judged by general rules only."
    ),
    help=(
        "Correct the destination's name or server, or describe the cluster under `targets` with its `cluster` and "
        "`server`."
    ),
    example_fail=(
        "# the config's targets are staging and prod\n"
        "apiVersion: argoproj.io/v1alpha1\n"
        "kind: Application\n"
        "metadata:\n"
        "  name: web\n"
        "  namespace: argocd\n"
        "spec:\n"
        "  project: default\n"
        "  source:\n"
        "    repoURL: https://git.example.com/shop/deploy.git\n"
        "    path: apps/web\n"
        "  destination:\n"
        "    name: prdo # <-\n"
        "    namespace: web\n"
    ),
    example_pass=(
        "# the config's targets are staging and prod\n"
        "apiVersion: argoproj.io/v1alpha1\n"
        "kind: Application\n"
        "metadata:\n"
        "  name: web\n"
        "  namespace: argocd\n"
        "spec:\n"
        "  project: default\n"
        "  source:\n"
        "    repoURL: https://git.example.com/shop/deploy.git\n"
        "    path: apps/web\n"
        "  destination:\n"
        "    name: prod\n"
        "    namespace: web\n"
    ),
    references=("https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#clusters",),
)

ORPHAN_FILE = Rule(
    id="orphan-file",
    level=Level.NOTE,
    stage=Stage.REFERENCES,
    summary="A manifest in a repository that agents deploy from should be deployed by one of them.",
    rationale=(
        "A manifest that no kustomization lists, and that lies in no folder that an Application or a Kustomization "
        "names, is deployed by nobody. Mostly somebody added a file and forgot the line that lists it, so that the "
        "change seems to be merged and never arrives."
    ),
    help=(
        "List the file in the kustomization of its folder, or let an Application or Kustomization name the folder. If "
        "nobody is to deploy it, move it to a folder such as `docs` or `examples`, or leave it out under `exclude`."
    ),
    example_fail=(
        "# apps/web/kustomization.yaml, beside deployment.yaml and network-policy.yaml\n"
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "resources:\n"
        "  - deployment.yaml\n"
    ),
    example_pass=(
        "# apps/web/kustomization.yaml, beside deployment.yaml and network-policy.yaml\n"
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "resources:\n"
        "  - deployment.yaml\n"
        "  - network-policy.yaml\n"
    ),
)

RULES: tuple[Rule, ...] = (
    DUPLICATE_OWNER,
    DESTINATION_UNKNOWN,
    ORPHAN_FILE,
)
