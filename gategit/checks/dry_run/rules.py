"""The rules of the dry run: what an API server says against a change."""

from __future__ import annotations

# ruff: noqa: S106  an example that passes is not a password
from gategit.model import Level, Rule, Stage

_DRY_RUN_PAGE = "https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run"
_ADMISSION_PAGE = "https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/"

DRY_RUN_REJECTED = Rule(
    id="dry-run-rejected",
    level=Level.ERROR,
    stage=Stage.DRY_RUN,
    summary="The API server must accept every object of the change.",
    rationale=(
        "The finding is the answer of a real API server to a dry run of this very object. After the merge the agent "
        "sends the same object and gets the same answer: the object stays as it was, the application is reported as "
        "degraded, and with most agents everything that comes after it in the same application is not applied either."
    ),
    help=(
        "Mend the field that the message names; the words are the server's own.\n\n"
        "Where the message says that a kind or a namespace is missing, declare it in the same repository or install it "
        "first."
    ),
    example_fail=(
        "apiVersion: v1\n"
        "kind: Service\n"
        "metadata:\n"
        "  name: web\n"
        "spec:\n"
        "  type: NodePort\n"
        "  ports:\n"
        "    - port: 80\n"
        "      nodePort: 30080  # taken by another Service of the cluster\n"
    ),
    example_pass=(
        "apiVersion: v1\n"
        "kind: Service\n"
        "metadata:\n"
        "  name: web\n"
        "spec:\n"
        "  type: NodePort\n"
        "  ports:\n"
        "    - port: 80  # the server picks a free node port\n"
    ),
    references=(_DRY_RUN_PAGE,),
)

IMMUTABLE_FIELD = Rule(
    id="immutable-field",
    level=Level.ERROR,
    stage=Stage.DRY_RUN,
    summary="A field that cannot change after an object was made must stay as it is in the cluster.",
    rationale=(
        "Some fields are fixed when an object is created: the selector of a Deployment, the volume claim templates of "
        "a StatefulSet, the template of a Job, the role of a binding. The manifest is valid by itself, so no check "
        "that reads files alone can see it; the API server refuses the update, and the agent tries it again and again."
    ),
    help=(
        "Restore the old value, or give the object a new name so that a new one is made beside the old.\n\n"
        "Where the name must stay, the live object has to be deleted first, by hand or by the agent's own option to "
        "replace it: plan what that stops or loses before you merge."
    ),
    example_fail=(
        "apiVersion: rbac.authorization.k8s.io/v1\n"
        "kind: RoleBinding\n"
        "metadata:\n"
        "  name: deployer\n"
        "roleRef:\n"
        "  apiGroup: rbac.authorization.k8s.io\n"
        "  kind: Role\n"
        "  name: editor  # the live binding says viewer\n"
        "subjects: []\n"
    ),
    example_pass=(
        "apiVersion: rbac.authorization.k8s.io/v1\n"
        "kind: RoleBinding\n"
        "metadata:\n"
        "  name: deployer-editor  # a new binding beside the old one\n"
        "roleRef:\n"
        "  apiGroup: rbac.authorization.k8s.io\n"
        "  kind: Role\n"
        "  name: editor\n"
        "subjects: []\n"
    ),
    references=(
        "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#label-selector-updates",
        "https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#replace-resource-instead-of-applying-changes",
        "https://fluxcd.io/flux/components/kustomize/kustomizations/#force",
    ),
)

ADMISSION_DENIED = Rule(
    id="admission-denied",
    level=Level.ERROR,
    stage=Stage.DRY_RUN,
    summary="Every object of the change must pass the admission control of its cluster.",
    rationale=(
        "Admission policies, webhooks, the Pod Security Standards of a namespace and limit ranges judge an object "
        "after its schema was found right. They run in the cluster alone, so without a dry run their refusal shows "
        "only after the merge, in the agent's log."
    ),
    help=(
        "Change the object so that it fulfils what the message asks.\n\n"
        "If the object is right and the policy is not, talk to whoever owns the policy: it is in force in the cluster, "
        "whatever this gate says."
    ),
    example_fail=(
        "apiVersion: v1\n"
        "kind: Pod\n"
        "metadata:\n"
        "  name: tool\n"
        "  namespace: shop  # labelled pod-security.kubernetes.io/enforce: baseline\n"
        "spec:\n"
        "  hostNetwork: true\n"
        "  containers:\n"
        "    - name: tool\n"
        "      image: registry.example.com/tool:1.4.2\n"
    ),
    example_pass=(
        "apiVersion: v1\n"
        "kind: Pod\n"
        "metadata:\n"
        "  name: tool\n"
        "  namespace: shop\n"
        "spec:\n"
        "  containers:\n"
        "    - name: tool\n"
        "      image: registry.example.com/tool:1.4.2\n"
    ),
    references=(
        _ADMISSION_PAGE,
        "https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/",
        "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    ),
)

QUOTA_EXCEEDED = Rule(
    id="quota-exceeded",
    level=Level.ERROR,
    stage=Stage.DRY_RUN,
    summary="Every object of the change must fit the quotas of its namespace.",
    rationale=(
        "A ResourceQuota limits how many objects a namespace holds and what its Pods may ask for. An object over the "
        "limit is refused when the agent applies it. A quota on compute resources also refuses every Pod that does not "
        "say what it needs. Only objects are counted here: a Deployment is accepted, and its Pods may still be refused."
    ),
    help=(
        "Ask for less, remove what is no longer needed, raise the quota in the same change, or, where the message says "
        '"must specify", set the request or limit that it names.'
    ),
    example_fail=(
        "apiVersion: v1\n"
        "kind: Pod\n"
        "metadata:\n"
        "  name: tool\n"
        "  namespace: shop  # its quota limits requests.cpu\n"
        "spec:\n"
        "  containers:\n"
        "    - name: tool\n"
        "      image: registry.example.com/tool:1.4.2\n"
    ),
    example_pass=(
        "apiVersion: v1\n"
        "kind: Pod\n"
        "metadata:\n"
        "  name: tool\n"
        "  namespace: shop\n"
        "spec:\n"
        "  containers:\n"
        "    - name: tool\n"
        "      image: registry.example.com/tool:1.4.2\n"
        "      resources:\n"
        "        requests:\n"
        "          cpu: 100m\n"
    ),
    references=("https://kubernetes.io/docs/concepts/policy/resource-quotas/",),
)

FIELD_CONFLICT = Rule(
    id="field-conflict",
    level=Level.WARNING,
    stage=Stage.DRY_RUN,
    summary="A change should not set a field that another manager sets in the cluster.",
    rationale=(
        "The live object says that somebody else set this field: an autoscaler, another agent, a person with kubectl. "
        "Applying the manifest takes the field away from that manager, or fails where the agent does not force it. If "
        "the other manager sets it again, the two overwrite each other without end."
    ),
    help=(
        "Leave the field out of the manifest if the other manager is to keep it (replicas, where an autoscaler "
        "scales).\n\nIf Git is to own it, stop the other manager first."
    ),
    example_fail=(
        "apiVersion: apps/v1\n"
        "kind: Deployment\n"
        "metadata:\n"
        "  name: web\n"
        "spec:\n"
        "  replicas: 3  # a HorizontalPodAutoscaler sets it\n"
        "  selector: {matchLabels: {app: web}}\n"
        "  template:\n"
        "    metadata: {labels: {app: web}}\n"
        "    spec:\n"
        "      containers:\n"
        "        - name: web\n"
        "          image: registry.example.com/web:1.4.2\n"
    ),
    example_pass=(
        "apiVersion: apps/v1\n"
        "kind: Deployment\n"
        "metadata:\n"
        "  name: web\n"
        "spec:\n"
        "  selector: {matchLabels: {app: web}}\n"
        "  template:\n"
        "    metadata: {labels: {app: web}}\n"
        "    spec:\n"
        "      containers:\n"
        "        - name: web\n"
        "          image: registry.example.com/web:1.4.2\n"
    ),
    references=("https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts",),
)

API_WARNING = Rule(
    id="api-warning",
    level=Level.WARNING,
    stage=Stage.DRY_RUN,
    summary="The API server should accept every object of the change without a warning.",
    rationale=(
        "An API server accepts an object and still has something to say: a version that a later Kubernetes drops, a "
        "field without effect, Pods that the namespace will refuse, an admission policy that only warns as yet. "
        "kubectl shows such warnings to whoever types the command; an agent writes them to its log, which nobody reads."
    ),
    help="Do as the warning says.\n\nThe words are the server's own, or those of an admission policy or webhook.",
    example_fail=(
        "apiVersion: v1\n"
        "kind: Endpoints  # deprecated from Kubernetes 1.33 on\n"
        "metadata:\n"
        "  name: legacy\n"
        "subsets: []\n"
    ),
    example_pass=(
        "apiVersion: discovery.k8s.io/v1\n"
        "kind: EndpointSlice\n"
        "metadata:\n"
        "  name: legacy\n"
        "addressType: IPv4\n"
        "endpoints: []\n"
    ),
    references=("https://kubernetes.io/blog/2020/09/03/warnings/",),
)

DRY_RUN_UNANSWERED = Rule(
    id="dry-run-unanswered",
    level=Level.ERROR,
    stage=Stage.DRY_RUN,
    summary="The API server must be able to judge every object of the change.",
    rationale=(
        "The server was asked about this object and gave no judgement: the account of the gate lacks a right, an "
        "admission webhook did not answer, or the server itself failed. A gate that could not look does not open, so "
        "the verdict is undecided; nothing is known against the object."
    ),
    help=(
        "Mend what the message names and run the check again.\n\n"
        "`gategit cluster rbac` prints the rights that a dry run needs. A webhook that cannot answer here stops the "
        "agent as well, unless its failure policy is Ignore."
    ),
    waivable=False,
    undecided=True,
    references=(
        _DRY_RUN_PAGE,
        "https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#side-effects",
    ),
)

RULES: tuple[Rule, ...] = (
    DRY_RUN_REJECTED,
    IMMUTABLE_FIELD,
    ADMISSION_DENIED,
    QUOTA_EXCEEDED,
    FIELD_CONFLICT,
    API_WARNING,
    DRY_RUN_UNANSWERED,
)
