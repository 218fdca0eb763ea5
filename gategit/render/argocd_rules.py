"""The rules of Argo CD's objects: what an Application and its project must say for anything to be applied."""

from __future__ import annotations

# ruff: noqa: S106  an example that passes is not a password
from gategit.model import Level, Rule, Stage

_HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\n  namespace: argocd\nspec:\n"
_SET = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata:\n  name: apps\n  namespace: argocd\nspec:\n"

APPLICATION_INVALID = Rule(
    id="application-invalid",
    level=Level.ERROR,
    stage=Stage.REFERENCES,
    summary="An Argo CD Application must say what to build, and where to, in a way that Argo CD accepts.",
    rationale=(
        "An Application can fit its schema and still be refused: by two tools for one source, a destination with both "
        "a name and a server, or an absolute path. Argo CD then shows an error and applies nothing of it, "
        "while everything that it applied before goes on running unattended."
    ),
    help="Mend the field that the finding stands on; Argo CD's `argocd app get` shows the same as a condition.",
    example_fail=(
        f"{_HEAD}"
        "  project: default\n"
        "  source:\n"
        "    repoURL: https://git.example.com/shop/deploy.git\n"
        "    path: apps/web\n"
        "  destination:\n"
        "    name: prod\n"
        "    server: https://prod.example.com # <-\n"
        "    namespace: web\n"
    ),
    example_pass=(
        f"{_HEAD}"
        "  project: default\n"
        "  source:\n"
        "    repoURL: https://git.example.com/shop/deploy.git\n"
        "    path: apps/web\n"
        "  destination:\n"
        "    name: prod\n"
        "    namespace: web\n"
    ),
    references=("https://argo-cd.readthedocs.io/en/stable/user-guide/application-specification/",),
)

APPLICATIONSET_FAILED = Rule(
    id="applicationset-failed",
    level=Level.ERROR,
    stage=Stage.REFERENCES,
    summary="An ApplicationSet's generators and template must give Applications.",
    rationale=(
        "An ApplicationSet is a program: generators find parameters, and a template makes an Application of each set. "
        "Where the template asks for a parameter that a set has not, or a file that a generator reads cannot be read, "
        "the controller makes no Application of it; those that it made before are left as they were, or removed. A "
        "selector that matches no cluster is warned of: all that the ApplicationSet made before is removed."
    ),
    help=(
        "Mend the template or the generator. With `goTemplate: true`, a parameter that not every set has is written "
        '`{{ dig "key" "default" . }}`, or with `goTemplateOptions: ["missingkey=default"]`.'
    ),
    example_fail=(
        f"{_SET}"
        "  goTemplate: true\n"
        '  goTemplateOptions: ["missingkey=error"]\n'
        "  generators:\n"
        "    - list:\n"
        "        elements:\n"
        "          - name: web\n"
        "  template:\n"
        "    metadata:\n"
        '      name: "{{ .nmae }}" # <-\n'
        "    spec: {}\n"
    ),
    example_pass=(
        f"{_SET}"
        "  goTemplate: true\n"
        '  goTemplateOptions: ["missingkey=error"]\n'
        "  generators:\n"
        "    - list:\n"
        "        elements:\n"
        "          - name: web\n"
        "  template:\n"
        "    metadata:\n"
        '      name: "{{ .name }}"\n'
        "    spec: {}\n"
    ),
    references=("https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/",),
)

PROJECT_FORBIDS = Rule(
    id="project-forbids",
    level=Level.ERROR,
    stage=Stage.REFERENCES,
    summary="An Application must stay within what its AppProject allows: sources, destinations and kinds.",
    rationale=(
        "A project says which repositories its Applications may come from, which namespaces of which clusters they may "
        "go to, which kinds they may bring, and in which namespaces they may be declared. Argo CD refuses to sync an "
        "Application that asks for more, all of it, and says so only in its own user interface."
    ),
    help=(
        "Deploy to where the project allows it, or, if the Application is right, extend `sourceRepos`, "
        "`destinations` or the lists of kinds of the AppProject."
    ),
    example_fail=(
        "apiVersion: argoproj.io/v1alpha1\n"
        "kind: AppProject\n"
        "metadata:\n"
        "  name: shop\n"
        "  namespace: argocd\n"
        "spec:\n"
        '  sourceRepos: ["https://git.example.com/shop/*"]\n'
        "  destinations:\n"
        "    - server: https://kubernetes.default.svc\n"
        "      namespace: shop-*\n"
        "---\n"
        f"{_HEAD}"
        "  project: shop\n"
        "  source:\n"
        "    repoURL: https://git.example.com/shop/deploy.git\n"
        "    path: apps/web\n"
        "  destination:\n"
        "    server: https://kubernetes.default.svc\n"
        "    namespace: kube-system # <-\n"
    ),
    example_pass=(
        "apiVersion: argoproj.io/v1alpha1\n"
        "kind: AppProject\n"
        "metadata:\n"
        "  name: shop\n"
        "  namespace: argocd\n"
        "spec:\n"
        '  sourceRepos: ["https://git.example.com/shop/*"]\n'
        "  destinations:\n"
        "    - server: https://kubernetes.default.svc\n"
        "      namespace: shop-*\n"
        "---\n"
        f"{_HEAD}"
        "  project: shop\n"
        "  source:\n"
        "    repoURL: https://git.example.com/shop/deploy.git\n"
        "    path: apps/web\n"
        "  destination:\n"
        "    server: https://kubernetes.default.svc\n"
        "    namespace: shop-web\n"
    ),
    references=("https://argo-cd.readthedocs.io/en/stable/user-guide/projects/",),
)

SYNC_ORDER = Rule(
    id="sync-order",
    level=Level.ERROR,
    stage=Stage.REFERENCES,
    summary="What Argo CD syncs first must not need what it syncs later: a definition, a namespace.",
    rationale=(
        "Hooks and sync waves say what Argo CD applies first, and it waits for each wave before it starts the next. A "
        "custom resource in an earlier wave than its definition, or an object in an earlier wave than its namespace, "
        "is refused by the API server, the sync fails, and the later waves are never reached. Where the namespace or "
        "the definition may be there already, since the base has it or nothing is compared, this is a warning: then "
        "only the sync to a new cluster fails. So is a custom resource whose definition another Application brings at "
        "the same time: without `SkipDryRunOnMissingResource=true` its sync fails until the definition is there."
    ),
    help=(
        "Give the definition or the namespace a lower `argocd.argoproj.io/sync-wave`, or take the annotation from what "
        "needs it: within one wave Argo CD applies namespaces and definitions first by itself. Across Applications, "
        "annotate the custom resource with `argocd.argoproj.io/sync-options: SkipDryRunOnMissingResource=true`."
    ),
    example_fail=(
        "apiVersion: v1\n"
        "kind: Namespace\n"
        "metadata:\n"
        "  name: shop\n"
        "  annotations:\n"
        '    argocd.argoproj.io/sync-wave: "1"\n'
        "---\n"
        "apiVersion: v1\n"
        "kind: ConfigMap # <-\n"
        "metadata:\n"
        "  name: settings\n"
        "  namespace: shop\n"
    ),
    example_pass=(
        "apiVersion: v1\n"
        "kind: Namespace\n"
        "metadata:\n"
        "  name: shop\n"
        "  annotations:\n"
        '    argocd.argoproj.io/sync-wave: "-1"\n'
        "---\n"
        "apiVersion: v1\n"
        "kind: ConfigMap\n"
        "metadata:\n"
        "  name: settings\n"
        "  namespace: shop\n"
    ),
    references=("https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/",),
)

RULES: tuple[Rule, ...] = (
    APPLICATION_INVALID,
    APPLICATIONSET_FAILED,
    PROJECT_FORBIDS,
    SYNC_ORDER,
)
