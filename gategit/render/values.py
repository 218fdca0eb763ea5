"""The values that the rooms of the renderer hand each other: what is built, for whom, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gategit.model import FieldPath, Level, Location, ObjectRef, RelatedLocation


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has something built and applied: an Argo CD Application, a Flux Kustomization or HelmRelease.

    Attributes:
        ref: the object.
        location: where the tree declares it; for a generated one (ApplicationSet) where its generator stands.
        brought_by: the name and target of the unit that brings it to its cluster, None where a file alone declares it.
        where: finds the line of a field of the kustomization that it lays over a folder's.
        destination: finds where it says which cluster gets it.
    """

    ref: ObjectRef
    location: Location
    brought_by: tuple[str, str | None] | None = None
    where: Callable[[FieldPath], Location] | None = field(default=None, repr=False, compare=False)
    destination: Callable[[], Location] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class KustomizeBuild:
    """``kustomize build`` of a folder.

    Attributes:
        folder: a path of the tree, "" for its root.
        overlay: a kustomization as JSON text that the agent lays over the folder's (images, patches, components, a
            target namespace, labels ...), with paths as in the folder; "" for none.
        generate: whether the agent writes a kustomization.yaml where the folder has none, as Flux does.
        free: whether files outside of a kustomization's own folder may be loaded, as Flux does within the repository.
        ignore: what the source leaves out besides, as lines of a ``.gitignore``; it matters where a kustomization is
            written.
    """

    folder: str
    overlay: str = ""
    generate: bool = False
    free: bool = False
    ignore: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A Helm chart.

    Attributes:
        folder: a path of the tree; None for a chart of a repository elsewhere.
        repository: the URL of that repository (``https://...`` or ``oci://...``), or "".
        name: the chart's name there, or "".
        version: the version or range that is wanted, or "".
    """

    folder: str | None
    repository: str = ""
    name: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class ValuesLayer:
    """Values that are laid over those before them.

    Attributes:
        text: YAML.
        file: the file of the tree that the text is, or that holds it, or "".
        document: the document of that file, where the text is part of an object.
        path: the field of the object that holds the values (``spec.values``), () where the file is the values.
        as_text: whether the field holds the values as text (a ConfigMap's key) rather than as a mapping.
        optional: whether it may be missing.
        where: for an object that something renders, finds the line that sets one of its fields.
    """

    text: str
    file: str = ""
    document: int = 0
    path: FieldPath = ()
    as_text: bool = False
    optional: bool = False
    where: Callable[[FieldPath, Literal["key", "value"]], Location] | None = field(
        default=None, repr=False, compare=False
    )


@dataclass(frozen=True, slots=True)
class Parameter:
    """A single value, as ``--set`` and ``--set-string`` take it. ``location`` says where it is written."""

    name: str
    value: str
    location: Location
    text: bool = False


@dataclass(frozen=True, slots=True)
class HelmBuild:
    """``helm template`` of a chart.

    Attributes:
        chart: which.
        release: the release's name.
        namespace: the release's namespace.
        values: the layers, the weakest first, after the chart's own values.yaml.
        parameters: single values, which win over the layers.
        skip_crds: whether the chart's ``crds`` folder is left out.
        skip_tests: whether test hooks are left out.
        skip_schema: whether values.schema.json is not asked.
        base_values: what stands in place of the chart's own values.yaml, the weakest first, as Flux's ``valuesFiles``
            do; None where the chart's own is used.
        kubernetes_version: the version that the chart is told, "" for that of the settings.
        api_versions: the API versions that the chart is told, () for those of the settings.
        alone: whether nobody here deploys the chart, so that it is tried with values of its own.
    """

    chart: Chart
    release: str
    namespace: str
    values: tuple[ValuesLayer, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    skip_crds: bool = False
    skip_tests: bool = True
    skip_schema: bool = False
    base_values: tuple[ValuesLayer, ...] | None = None
    kubernetes_version: str = ""
    api_versions: tuple[str, ...] = ()
    alone: bool = False


@dataclass(frozen=True, slots=True)
class FilesBuild:
    """The manifests of a folder, as they are.

    Attributes:
        folder: a path of the tree.
        recurse: whether folders inside are read too.
        include: globs that a file must match, () for all.
        exclude: globs of files that are left out.
    """

    folder: str
    recurse: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


Build = KustomizeBuild | HelmBuild | FilesBuild


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that is built and applied together.

    Attributes:
        name: in words, unique in a tree: ``Flux Kustomization flux-system/apps``, ``kustomization clusters/prod``.
        build: how.
        owner: who has it built; None for what the config's paths alone bring to a cluster.
        target: the name of the target it goes to, None where there is none.
        namespace: where objects go that name no namespace, "" where nobody says.
        substitute: Flux's variables, by name; None where nothing is substituted.
        force_namespace: a namespace that every namespaced object gets, or "".
        post: kustomizations as JSON text that are laid over the rendered objects, in order (Helm post-renderers).
        cluster: the destination as the agent names it (a server's URL, a cluster's name), "" for its own.
        unknown: the variables whose values nobody here can know (they are encrypted); None where any variable that is
            not in ``substitute`` may be set by something outside of the repository.
        always: whether variables are substituted even where none is set.
        labels: what the agent puts on every object in the end, over what is there.
        annotations: the same.
        uncertain: which of its inputs could not be read, as sentences. It is rendered without them, so that a failure
            is no finding.
        suspended: whether the agent leaves it alone for now.
        project: the Argo CD project that it belongs to, "" where it is not Argo CD's.
        sync_options: Argo CD's options of the sync, such as ``CreateNamespace=true``.
        wiring: what else its owner says that is judged against what is rendered, as JSON text: what it waits for, whose
            health it asks, whether it decrypts.
        refused: why its agent applies nothing of it whatever its files are, "" where it does. That is a finding of the
            object that asks for it; the unit is not rendered.
        set_at: where Flux's variables are set, as far as that is no Secret.
        outlives: whether its objects stay in the cluster when nobody asks for it any more.
    """

    name: str
    build: Build
    owner: Owner | None = None
    target: str | None = None
    namespace: str = ""
    substitute: tuple[tuple[str, str], ...] | None = None
    force_namespace: str = ""
    post: tuple[str, ...] = ()
    cluster: str = ""
    unknown: tuple[str, ...] | None = ()
    always: bool = False
    labels: tuple[tuple[str, str], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    uncertain: tuple[str, ...] = ()
    suspended: bool = False
    project: str = ""
    sync_options: tuple[str, ...] = ()
    wiring: str = ""
    refused: str = ""
    set_at: tuple[tuple[str, Location], ...] = field(default=(), repr=False, compare=False)
    outlives: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class RenderProblem:
    """Why something is not rendered, or rendered otherwise than its author thinks.

    Attributes:
        rule: the id of the rule.
        message: one sentence.
        location: the file and, where known, the line that has to be mended.
        help: how to mend it, or "".
        level: where it is not the rule's own.
        object: the object that it is about, if any.
        path: its field.
        fatal: whether nothing was rendered because of it.
        unit: the name and target of the unit that it is about, where it is said of a side and not of a unit: what is
            said of one field for several units is said once.
        related: further places.
        subject: what it is about besides object and field, where that is not the message.
    """

    rule: str
    message: str
    location: Location
    help: str = ""
    level: Level | None = None
    object: ObjectRef | None = None
    path: FieldPath = ()
    fatal: bool = True
    unit: tuple[str, str | None] | None = None
    related: tuple[RelatedLocation, ...] = ()
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """What a renderer says of where an object comes from; the rest is worked out when somebody asks for a line.

    Attributes:
        file: the file of the tree that declares the object, or the chart's template; "" where nobody says.
        document: the document in it, None where that is not known.
        changed_by: the files that changed it on the way, in order: kustomizations, patches, transformers.
        generated_by: the file whose generator made it (a ConfigMap of a kustomization), or "".
    """

    file: str = ""
    document: int | None = None
    changed_by: tuple[str, ...] = ()
    generated_by: str = ""


@dataclass(frozen=True, slots=True)
class RenderedObject:
    """An object as the agent would apply it. ``data`` is plain data and must not be changed."""

    data: dict[str, Any]
    trace: Trace = field(default_factory=Trace)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What came of a unit.

    Attributes:
        unit: which.
        objects: in the renderer's order.
        problems: what went wrong, () where all is well.
        inputs: the paths of the tree that it was made of.
        unchecked: what could not be followed, with the reason: remote bases and charts that the config does not allow.
        notes: what the renderer warned of.
        lasting: whether the same files give the same again: not where something failed for a reason of the moment, or
            was fetched.
        given_up: whether it could not be rendered for lack of what cannot be read here: nobody's mistake, and counted
            as unchecked.
    """

    unit: Unit
    objects: tuple[RenderedObject, ...] = ()
    problems: tuple[RenderProblem, ...] = ()
    inputs: frozenset[str] = frozenset()
    unchecked: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    lasting: bool = True
    given_up: bool = False

    @property
    def failed(self) -> bool:
        """Whether nothing was rendered."""
        return self.given_up or any(problem.fatal for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Remote:
    """A place outside of the repository from which the config lets renderers fetch.

    Attributes:
        host: the host's name, such as ``charts.example.com``; a leading ``*.`` stands for every host below.
        path: what the path must begin with, or "".
    """

    host: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """What the trusted config says of rendering.

    Attributes:
        kustomize: the path of the program, None to look in PATH.
        helm: the same.
        kustomize_version: the version that it must be, or its leading numbers; "" for any.
        helm_version: the same.
        remotes: from where charts and bases may be fetched.
        timeout: seconds for one build.
        memory: bytes that one build may use.
        output: bytes that one build may write.
        files: how many files of the tree one build may read.
        kubernetes_version: for charts, such as ``1.34``.
        api_versions: of the target, for charts.
        clusters: the clusters that ApplicationSets' cluster generators see: name, server, labels, and the target that
            each is.
    """

    kustomize: str | None = None
    helm: str | None = None
    kustomize_version: str = ""
    helm_version: str = ""
    remotes: tuple[Remote, ...] = ()
    timeout: float = 60.0
    memory: int = 2 << 30
    output: int = 64 << 20
    files: int = 20_000
    kubernetes_version: str = ""
    api_versions: tuple[str, ...] = ()
    clusters: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class AgentObject:
    """An object that may tell an agent what to build, or that it reads for that: declared in a file, or rendered.

    Attributes:
        data: the object.
        namespace: where it goes, "" where nobody says.
        file: the file that declares it; for a rendered object that of its trace.
        document: the document in it.
        pointer: for an object of a List, the path of the item.
        location: where it stands.
        target: the target that it goes to, None where there is none.
        parent: the unit that brings it, None where it is only declared.
        where: for a rendered one, finds the line that sets a field, or the file at best; None where nobody knows.
    """

    data: Mapping[str, Any]
    namespace: str
    file: str
    document: int
    pointer: FieldPath
    location: Location
    target: str | None = None
    parent: Unit | None = None
    where: Callable[[FieldPath, Literal["key", "value"]], Location | None] | None = field(
        default=None, repr=False, compare=False
    )

    @property
    def brought_by(self) -> tuple[str, str | None] | None:
        """The name and target of the unit that brings it."""
        return None if self.parent is None else (self.parent.name, self.parent.target)


@dataclass(frozen=True, slots=True)
class Discovery:
    """What agents' objects ask for: units, what is wrong with the objects, and what could not be followed."""

    units: tuple[Unit, ...] = ()
    problems: tuple[RenderProblem, ...] = ()
    unchecked: tuple[tuple[str, str], ...] = ()
