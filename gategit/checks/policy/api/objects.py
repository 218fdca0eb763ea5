"""What policies look at: an object with the things that every object has, a workload, a container."""

from __future__ import annotations

from gategit.checks.policy.api.fields import Field
from gategit.checks.policy.api.images import Image, parse_image
from gategit.checks.policy.api.kinds import WORKLOADS
from gategit.checks.policy.api.surroundings import NO_TARGET, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gategit.checks.policy.api.fields import Path

_POD_SPEC_PATHS: dict[str, Path] = {
    "Pod": ("spec",),
    "batch/CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_TEMPLATE_SPEC: Path = ("spec", "template", "spec")
_CONTAINER_LISTS = (
    ("initContainers", "init container"),
    ("containers", "container"),
    ("ephemeralContainers", "ephemeral container"),
)
_PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
_FLUX_KEEPS = ("kustomize.toolkit.fluxcd.io/prune", "kustomize.toolkit.fluxcd.io/reconcile")
_HOOKS = ("helm.sh/hook", "argocd.argoproj.io/hook")
_INHERITED = frozenset(
    (
        "appArmorProfile",
        "runAsGroup",
        "runAsNonRoot",
        "runAsUser",
        "seLinuxOptions",
        "seccompProfile",
        "windowsOptions",
    )
)  # what a container takes from its pod's security context where it says nothing itself


class Container(Field):
    """A container of a pod; ``str(container)`` names it as messages do.

    Attributes:
        role: ``container``, ``init container`` or ``ephemeral container``.
        pod: the specification of the pod that it is part of.
    """

    __slots__ = ("_image", "pod", "role")

    def __init__(self, value: Any, path: Path, role: str, pod: Field) -> None:
        super().__init__(value, path, pod.side)
        self.role = role
        self.pod = pod
        self._image: Image | None = None

    def __str__(self) -> str:
        name = self.name
        return f"{self.role} {name}" if name else f"{self.role} number {int(self.path[-1]) + 1}"

    @property
    def name(self) -> str:
        """The container's name, "" where it has none."""
        return self.text("name")

    @property
    def image(self) -> Image | None:
        """The image, taken apart; None where none is named."""
        if self._image is None:
            reference = self.text("image")
            if not reference:
                return None
            self._image = parse_image(reference)
        return self._image

    @property
    def env(self) -> list[Field]:
        """The environment variables, each with ``name`` and ``value`` or ``valueFrom``."""
        return self.items("env")

    @property
    def ports(self) -> list[Field]:
        """The ports that it says it listens on."""
        return self.items("ports")

    @property
    def probes(self) -> list[Field]:
        """The probes that it has; the last step of each one's path is its name."""
        value = self.value
        return [
            Field(value[name], (*self.path, name), self.side) for name in _PROBES if isinstance(value.get(name), dict)
        ]

    @property
    def is_ephemeral(self) -> bool:
        """Whether it is put into a running pod to look around: it has no resources, probes or ports."""
        return self.role == "ephemeral container"

    @property
    def is_init(self) -> bool:
        """Whether it runs before the others and ends. A sidecar, which runs beside them, does not."""
        return self.role == "init container" and not self.is_sidecar

    @property
    def is_sidecar(self) -> bool:
        """Whether it is an init container that goes on running (``restartPolicy: Always``)."""
        return self.role == "init container" and self.text("restartPolicy") == "Always"

    def security(self, setting: str, *steps: str) -> Field:
        """A setting of the security context as it holds for this container: its own, else the pod's.

        Where neither says anything, it is the container's own field, absent.
        """
        if setting in _INHERITED and not self.has("securityContext", setting):
            inherited = self.pod.field("securityContext", setting)
            if inherited:
                return inherited.field(*steps) if steps else inherited
        return self.field("securityContext", setting, *steps)


class Manifest(Field):
    """One Kubernetes object: a field with no path, and the things that every object has.

    Attributes:
        target: the cluster that it is for.
        file: the path of its file in the repository.
    """

    __slots__ = ("_api_version", "_kind", "file", "target")

    def __init__(self, value: Any, side: str = "new", target: Target = NO_TARGET, file: str = "") -> None:
        super().__init__(value, (), side)
        self.target = target
        self.file = file
        self._api_version = self.text("apiVersion")
        self._kind = self.text("kind")

    def __str__(self) -> str:
        return f"{self._kind} {self.name}"

    @property
    def api_version(self) -> str:
        """Group and version, such as ``apps/v1``."""
        return self._api_version

    @property
    def group(self) -> str:
        """The API group, "" for the core group."""
        return self._api_version.rpartition("/")[0]

    @property
    def kind(self) -> str:
        """The kind, such as ``Deployment``."""
        return self._kind

    @property
    def group_kind(self) -> str:
        """``group/Kind``, or ``Kind`` for the core group: what a policy's ``kinds`` are written in."""
        group = self.group
        return f"{group}/{self._kind}" if group else self._kind

    @property
    def name(self) -> str:
        """``metadata.name``, "" where there is none."""
        return self.text("metadata", "name")

    @property
    def namespace(self) -> str:
        """``metadata.namespace``, "" where there is none."""
        return self.text("metadata", "namespace")

    @property
    def labels(self) -> dict[str, str]:
        """``metadata.labels``."""
        return self.strings("metadata", "labels")

    @property
    def annotations(self) -> dict[str, str]:
        """``metadata.annotations``."""
        return self.strings("metadata", "annotations")

    @property
    def is_hook(self) -> bool:
        """Whether Helm or Argo CD runs it at one step of a deployment and may delete it afterwards."""
        annotations = self.get("metadata", "annotations")
        return isinstance(annotations, dict) and any(hook in annotations for hook in _HOOKS)

    @property
    def is_kept(self) -> bool:
        """Whether it tells the agent (Argo CD, Flux, Helm) to leave it in the cluster when it goes from the tree."""
        metadata = self.get("metadata")
        if not isinstance(metadata, dict) or not (metadata.get("annotations") or metadata.get("labels")):
            return False
        marks = self.labels | self.annotations
        options = [option.strip() for option in marks.get("argocd.argoproj.io/sync-options", "").split(",")]
        return (
            "Prune=false" in options
            or any(marks.get(mark, "").lower() == "disabled" for mark in _FLUX_KEEPS)
            or marks.get("helm.sh/resource-policy") == "keep"
        )

    @property
    def workload(self) -> Workload | None:
        """The object as a workload, None where its kind holds no pod specification."""
        if self.group_kind not in WORKLOADS:
            return None
        return Workload(self.value, self.side, self.target, self.file)


class Workload(Manifest):
    """An object that holds a pod's specification: a Pod, or anything that makes pods."""

    __slots__ = ("_containers", "_pod")

    def __init__(self, value: Any, side: str = "new", target: Target = NO_TARGET, file: str = "") -> None:
        super().__init__(value, side, target, file)
        self._pod: Field | None = None
        self._containers: tuple[Container, ...] | None = None

    @property
    def workload(self) -> Workload:
        """The object itself."""
        return self

    @property
    def pod(self) -> Field:
        """The pod's specification."""
        if self._pod is None:
            self._pod = self.field(*_POD_SPEC_PATHS.get(self.group_kind, _TEMPLATE_SPEC))
        return self._pod

    @property
    def pod_metadata(self) -> Field:
        """The metadata of the pods: a Pod's own, else the template's."""
        path = self.pod.path
        return self.field(*path[:-1], "metadata")

    @property
    def pod_labels(self) -> dict[str, str]:
        """The labels of the pods."""
        return self.pod_metadata.strings("labels")

    @property
    def is_windows(self) -> bool:
        """Whether the pods say that they run on Windows (``spec.os.name``)."""
        return self.pod.text("os", "name") == "windows"

    @property
    def containers(self) -> tuple[Container, ...]:
        """Every container: init containers, then containers, then ephemeral ones."""
        if self._containers is None:
            pod = self.pod
            found: list[Container] = []
            for key, role in _CONTAINER_LISTS:
                members = pod.get(key)
                if isinstance(members, list):
                    path = (*pod.path, key)
                    found.extend(
                        Container(member, (*path, index), role, pod)
                        for index, member in enumerate(members)
                        if isinstance(member, dict)
                    )
            self._containers = tuple(found)
        return self._containers
