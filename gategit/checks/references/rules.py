"""The rules of this check: each with what it asks, why, how to mend it, and an example of both."""

from __future__ import annotations

# ruff: noqa: S106  an example that passes is not a password
from gategit.model import Level, Rule, Stage

_KUSTOMIZATION_REFERENCE = "https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/"

DANGLING_REFERENCE = Rule(
    id="dangling-reference",
    level=Level.ERROR,
    stage=Stage.REFERENCES,
    summary="Every file and folder that a manifest names must exist in the repository.",
    rationale=(
        "A kustomization that names a missing file cannot be built, and a Flux Kustomization or an Argo CD "
        "Application whose path is missing cannot be applied: from then on the agent applies *nothing* of it, "
        "so every later change to the same application is silently held up too. It is the most frequent defect "
        "that reaches the main branch of GitOps repositories, mostly through a file that was deleted, renamed or "
        "moved while another file still names it."
    ),
    help=(
        "Correct the path, restore the file, or remove the entry that names it. Paths in a kustomization are "
        "relative to its own folder; `spec.path` of a Flux Kustomization and `path` of an Argo CD source are "
        "relative to the root of the repository. A folder that is named in `resources` must hold a "
        "`kustomization.yaml`."
    ),
    example_fail=(
        "# apps/web/kustomization.yaml; the folder holds deployment.yaml and service.yaml\n"
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "resources:\n"
        "  - deployment.yaml\n"
        "  - ingress.yaml\n"
    ),
    example_pass=(
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "resources:\n"
        "  - deployment.yaml\n"
        "  - service.yaml\n"
    ),
    references=(
        _KUSTOMIZATION_REFERENCE + "resource/",
        "https://fluxcd.io/flux/components/kustomize/kustomizations/#path",
        "https://argo-cd.readthedocs.io/en/stable/user-guide/application-specification/",
    ),
)

KUSTOMIZATION_DUPLICATE_ENTRY = Rule(
    id="kustomization-duplicate-entry",
    level=Level.ERROR,
    stage=Stage.REFERENCES,
    summary="A kustomization must name each file once.",
    rationale=(
        'Kustomize adds a file as often as it is named. The second time it stops with "may not add resource with an '
        'already registered id", and nothing of the kustomization is built. It mostly comes from two branches '
        "that each added the same line."
    ),
    help="Remove one of the two entries. `./web.yaml` and `web.yaml` are the same file.",
    example_fail=(
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "resources:\n"
        "  - deployment.yaml\n"
        "  - ./deployment.yaml\n"
    ),
    example_pass=(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - deployment.yaml\n"
    ),
    references=(_KUSTOMIZATION_REFERENCE + "resource/",),
)

KUSTOMIZATION_INVALID = Rule(
    id="kustomization-invalid",
    level=Level.ERROR,
    stage=Stage.REFERENCES,
    summary="A kustomization must be one that Kustomize can build.",
    rationale=(
        "An empty file, two kustomization files in one folder, bases that lead back to themselves, a resource file "
        "without a Kubernetes object, or a patch that matches nothing: with each of them `kustomize build` fails, and "
        "the agent applies nothing of the folder and of every overlay that uses it. What a field may be called and "
        "hold is for `unknown-field`, `wrong-type` and `invalid-value` to say."
    ),
    help="Mend what the message names; `kustomize build` of the folder shows the same error.",
    example_fail=(
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "resources:\n"
        "  - deployment.yaml\n"
        "patches:\n"
        "  - target:\n"
        "      kind: Deployment\n"
    ),
    example_pass=(
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "resources:\n"
        "  - deployment.yaml\n"
        "patches:\n"
        "  - target:\n"
        "      kind: Deployment\n"
        "    patch: |-\n"
        "      - op: add\n"
        "        path: /metadata/labels\n"
        "        value:\n"
        "          team: shop\n"
    ),
    references=(_KUSTOMIZATION_REFERENCE,),
)

DUPLICATE_OBJECT = Rule(
    id="duplicate-object",
    level=Level.ERROR,
    stage=Stage.SYNTAX,
    summary="No two manifests of one target may declare the same object.",
    rationale=(
        "The cluster holds one object for each group, kind, namespace and name. Of two declarations the agent applies "
        "both, and the later one wins: which one that is depends on the order of files. Within one kustomization the "
        "build fails. Either way what was reviewed is not what runs."
    ),
    help=(
        "Remove one of the two declarations, or give it another name or namespace. Where the files are for different "
        "clusters, say so with `targets` in `.gategit.yaml`."
    ),
    example_fail=(
        "apiVersion: v1\n"
        "kind: ConfigMap\n"
        "metadata:\n"
        "  name: settings\n"
        "  namespace: web\n"
        "---\n"
        "apiVersion: v1\n"
        "kind: ConfigMap\n"
        "metadata:\n"
        "  name: settings\n"
        "  namespace: web\n"
    ),
    example_pass=(
        "apiVersion: v1\n"
        "kind: ConfigMap\n"
        "metadata:\n"
        "  name: settings\n"
        "  namespace: web\n"
        "---\n"
        "apiVersion: v1\n"
        "kind: ConfigMap\n"
        "metadata:\n"
        "  name: more-settings\n"
        "  namespace: web\n"
    ),
    references=("https://kubernetes.io/docs/concepts/overview/working-with-objects/names/",),
)

OTHER_ENVIRONMENT = Rule(
    id="other-environment",
    level=Level.WARNING,
    stage=Stage.REFERENCES,
    summary="What is deployed to one environment should not be built from the folder of another.",
    rationale=(
        "An overlay is mostly copied from the one beside it, and a path that still leads to the old folder builds "
        "without a word. Then staging gets what is meant for production, its hosts, its credentials and its size, and "
        "a change of production's folder changes both at once. Judged are folders with names such as `staging` and "
        "`prod`, and paths of different `targets` of the config."
    ),
    help="Name the folder of the same environment, or move what both share into a base.",
    example_fail=(
        "# overlays/staging/kustomization.yaml\n"
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "resources:\n"
        "  - ../prod\n"
    ),
    example_pass=(
        "# overlays/staging/kustomization.yaml\n"
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "resources:\n"
        "  - ../../base\n"
    ),
    references=(_KUSTOMIZATION_REFERENCE + "resource/",),
)

RULES: tuple[Rule, ...] = (
    DANGLING_REFERENCE,
    KUSTOMIZATION_DUPLICATE_ENTRY,
    KUSTOMIZATION_INVALID,
    DUPLICATE_OBJECT,
    OTHER_ENVIRONMENT,
)
