"""The rules of rendering: each with what it asks, why, how to mend it, and an example of both."""

from __future__ import annotations

# ruff: noqa: S106  an example that passes is not a password
from gategit.model import Level, Rule, Stage
from gategit.render.argocd_rules import RULES as ARGOCD_RULES
from gategit.render.flux_rules import RULES as FLUX_RULES
from gategit.render.helm_rules import RULES as HELM_RULES
from gategit.render.wiring_rules import RULES as WIRING_RULES

NOT_RENDERED = Rule(
    id="not-rendered",
    level=Level.ERROR,
    stage=Stage.REFERENCES,
    summary="What an agent would apply must be rendered to be judged.",
    rationale=(
        "Overlays and charts hold no objects until Kustomize or Helm has put them together. Where that cannot be done "
        "(the program is not installed, it took more time or memory than it may, it needs something from elsewhere "
        "that the config does not allow), nobody knows what would be applied, and the gate does not open."
    ),
    help=(
        "Install the program that the message names, in the version that the config wants; raise the limit under "
        "`render` in `.gategit.yaml`; or allow the host from which something is fetched under `render.remotes`. "
        "All of these are read from the base: they count once they are merged."
    ),
    undecided=True,
    waivable=False,
)

NOT_FOLLOWED = Rule(
    id="not-followed",
    level=Level.WARNING,
    stage=Stage.REFERENCES,
    summary="What an agent applies should stand in the repository, where it is judged.",
    rationale=(
        "A base or a chart that an agent fetches from elsewhere, and values that are encrypted, cannot be looked at: "
        "what is built of them is rendered without them, or not at all, and counts as not checked. What stands "
        "elsewhere can also change without a pull request."
    ),
    help=(
        "Copy a pinned version into the repository, or allow the host from which it is fetched under `render.remotes` "
        "in `.gategit.yaml`. That is read from the base: it counts once it is merged."
    ),
)

RENDER_FAILED = Rule(
    id="render-failed",
    level=Level.ERROR,
    stage=Stage.REFERENCES,
    summary="What an agent is told to build must be something that Kustomize or Helm can build.",
    rationale=(
        "The agent builds the same files with the same programs. Where the build fails it applies *nothing* of them, "
        "so the change does not arrive, and neither does any later one, until somebody mends it. Each file can be "
        "valid on its own: two resources with one name, a patch for an object that is not there, or a JSON patch of a "
        "field that does not exist show only when they are put together."
    ),
    help="Mend what the message names; `kustomize build` or `helm template` of the folder shows the same error.",
    example_fail=(
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "resources:\n"
        "  - deployment.yaml # its name is web\n"
        "patches:\n"
        "  - patch: |-\n"
        "      apiVersion: apps/v1\n"
        "      kind: Deployment\n"
        "      metadata:\n"
        "        name: wbe\n"
        "      spec:\n"
        "        replicas: 3\n"
    ),
    example_pass=(
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "resources:\n"
        "  - deployment.yaml # its name is web\n"
        "patches:\n"
        "  - patch: |-\n"
        "      apiVersion: apps/v1\n"
        "      kind: Deployment\n"
        "      metadata:\n"
        "        name: web\n"
        "      spec:\n"
        "        replicas: 3\n"
    ),
    references=("https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/",),
)

RULES: tuple[Rule, ...] = (
    NOT_RENDERED,
    NOT_FOLLOWED,
    RENDER_FAILED,
    *HELM_RULES,
    *FLUX_RULES,
    *ARGOCD_RULES,
    *WIRING_RULES,
)
