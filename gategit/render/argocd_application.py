"""An Argo CD Application wherever it comes from: a file, another Application's manifests, or an ApplicationSet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from gategit.checks.references.sources import dig, text_at
from gategit.model import FieldPath, Location, ObjectRef
from gategit.render.values import AgentObject, RenderProblem
from gategit.render.world import World

GROUP: Final = "argoproj.io"
IN_CLUSTER: Final = "https://kubernetes.default.svc"
"""How Argo CD calls the cluster that it runs in."""

IN_CLUSTER_NAME: Final = "in-cluster"

FINALIZER: Final = "resources-finalizer.argocd.argoproj.io"
"""What has an Application's objects removed with it; it may name a propagation policy behind a slash."""


def override_files(name: str) -> tuple[str, str]:
    """The files of a folder that are laid over the source of an Application, in the order in which they are."""
    return ".argocd-source.yaml", f".argocd-source-{name}.yaml"


_EXPANSION: Final = re.compile(r"\$(?:\{([^{}]*)\}|([*#$@!?0-9-])|([A-Za-z_][A-Za-z0-9_]*))")


@dataclass(frozen=True, slots=True)
class Application:
    """An Application.

    Attributes:
        data: the object.
        one: the object that declares it: itself, or the ApplicationSet that it is generated from.
        prefix: where its fields stand in that object.
        parameters: for a generated one, the parameters in words, else "".
        patch: for a generated one, what the set's ``templatePatch`` lays over the template.
    """

    data: Mapping[str, Any]
    one: AgentObject
    prefix: FieldPath = ()
    parameters: str = ""
    patch: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return text_at(self.data, "metadata", "name")

    @property
    def namespace(self) -> str:
        """Where it lives, "" where nobody says."""
        return text_at(self.data, "metadata", "namespace") or self.one.namespace

    @property
    def ref(self) -> ObjectRef:
        """The Application as findings name it."""
        return ObjectRef(text_at(self.data, "apiVersion"), "Application", self.namespace or None, self.name)

    @property
    def title(self) -> str:
        """The Application in words."""
        where = f"{self.namespace}/" if self.namespace else ""
        return f"Application {where}{self.name}"

    @property
    def project(self) -> str:
        """Its project; an Application that names none is in ``default``."""
        return text_at(self.data, "spec", "project") or "default"

    @property
    def destination_namespace(self) -> str:
        """Where its objects go that name no namespace."""
        return text_at(self.data, "spec", "destination", "namespace")

    @property
    def outlived(self) -> bool:
        """Whether its objects stay in the cluster once nothing in the repository asks for it any more.

        Those of an Application without a finalizer do, and an ApplicationSet may keep its Applications themselves
        (``DefaultPolicy``, ``CascadedDeletion``).
        """
        if text_at(self.one.data, "kind") == "ApplicationSet":
            sync = text_at(self.one.data, "spec", "syncPolicy", "applicationsSync")
            if sync in {"create-only", "create-update"}:
                return True
        finalizers = (text for _, text in texts(self.data, "metadata", "finalizers"))
        return not any(text.partition("/")[0] == FINALIZER for text in finalizers)

    def target_in(self, world: World) -> str | None:
        """The target that its objects go to.

        Argo CD's own cluster is the one that the Application itself goes to; another is a target where the config
        names one for that cluster.
        """
        destination = fields(self.data, "spec", "destination")
        name, server = text_at(destination, "name"), text_at(destination, "server")
        own = self.one.target if _is_own(name, server) else None
        for cluster in world.settings.clusters:
            if (name and text_at(cluster, "name") == name) or (server and text_at(cluster, "server") == server):
                return text_at(cluster, "target") or own
        return own

    def unit_in(self, world: World) -> tuple[str, str | None]:
        """The name and target of what it has built, for what is wrong with all of it."""
        target = self.target_in(world)
        return unit_name(self, (), target), target

    def locate(self, world: World, path: FieldPath = (), *, on: Literal["key", "value"] = "value") -> Location:
        """The place of a field, or of its nearest ancestor that exists."""
        if self.patch is not None and says(self.patch, path):
            return world.locate(self.one, ("spec", "templatePatch"), on="key")
        return world.locate(self.one, (*self.prefix, *path), on=on)

    def problem(  # noqa: PLR0913  what a finding says, by name
        self,
        world: World,
        rule: str,
        message: str,
        path: FieldPath,
        help_: str = "",
        *,
        fatal: bool = True,
    ) -> RenderProblem:
        """What is wrong with one of its fields. The message goes on where the Application's name stands before it."""
        end = f" (generated with {self.parameters})" if self.parameters else ""
        return RenderProblem(
            rule,
            f"{self.title}: {message}{end}",
            self.locate(world, path),
            help_,
            object=self.ref,
            path=path,
            fatal=fatal,
            unit=self.unit_in(world),
        )

    def environment(self, source: Mapping[str, Any]) -> dict[str, str]:
        """The variables that Argo CD fills into a source's texts (``newEnv``). Nobody knows the commit yet."""
        commit = "0" * 40
        return {
            "ARGOCD_APP_NAME": self.name,
            "ARGOCD_APP_NAMESPACE": self.destination_namespace,
            "ARGOCD_APP_PROJECT_NAME": self.project,
            "ARGOCD_APP_REVISION": commit,
            "ARGOCD_APP_REVISION_SHORT": commit[:7],
            "ARGOCD_APP_REVISION_SHORT_8": commit[:8],
            "ARGOCD_APP_SOURCE_REPO_URL": text_at(source, "repoURL"),
            "ARGOCD_APP_SOURCE_PATH": text_at(source, "path"),
            "ARGOCD_APP_SOURCE_TARGET_REVISION": text_at(source, "targetRevision"),
        }


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Fill variables in as Go's ``os.Expand`` does; ``$$`` is a dollar sign, an unknown one nothing."""

    def value(found: re.Match[str]) -> str:
        if found[2] == "$":
            return "$"
        name = found[1] or found[2] or found[3] or ""
        return environment.get(name, "")

    return _EXPANSION.sub(value, text)


def says(patch: Any, path: FieldPath) -> bool:
    """Whether a merge patch sets a field: it names it, or replaces a list or a text that it is in."""
    for part in path:
        if not isinstance(patch, dict):
            return True
        if part not in patch:
            return False
        patch = patch[part]
    return bool(path)


def entries(data: Any, *path: str | int) -> list[Any]:
    """A list of decoded data, or an empty one."""
    value = dig(data, *path)
    return value if isinstance(value, list) else []


def texts(data: Any, *path: str | int) -> list[tuple[int, str]]:
    """The texts of a list, each with its index."""
    return [(index, one) for index, one in enumerate(entries(data, *path)) if isinstance(one, str) and one]


def fields(data: Any, *path: str | int) -> dict[str, Any]:
    """A mapping of decoded data, or an empty one."""
    value = dig(data, *path)
    return value if isinstance(value, dict) else {}


def plain(value: Any) -> str:
    """A scalar as text, as Go writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _is_own(name: str, server: str) -> bool:
    """Whether a destination is the cluster that Argo CD runs in."""
    return server.rstrip("/") == IN_CLUSTER or (not server and name == IN_CLUSTER_NAME)


def unit_name(application: Application, source: FieldPath, target: str | None) -> str:
    """What a unit of a source is called; one that goes elsewhere than its Application says from where it is sent."""
    several = source[-1] if source and isinstance(source[-1], int) else None
    end = "" if several is None else f", source {several + 1}"
    hub = application.one.target
    where = f" of {hub}" if hub not in (None, target) else ""
    return f"Argo CD {application.title}{where}{end}"
