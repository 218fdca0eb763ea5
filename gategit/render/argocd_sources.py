"""What a source of an Argo CD Application builds: a folder of manifests, a kustomization or a chart.

The names in brackets are functions of Argo CD 3.6.1 that are followed here, in ``reposerver/repository`` and
``util/kustomize``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any, Final, Literal

from gategit.checks.references.environments import is_crossed
from gategit.checks.references.kustomize import FILE_NAMES
from gategit.checks.references.paths import Found, Place, has_variable, is_remote, join
from gategit.checks.references.rules import DANGLING_REFERENCE, OTHER_ENVIRONMENT
from gategit.checks.references.sources import dig, text_at
from gategit.globs import GlobError
from gategit.manifests.decode import Limits, decode
from gategit.model import FieldPath, Location, format_path
from gategit.render.argocd_application import Application, entries, expand, fields, override_files, plain, says, texts
from gategit.render.argocd_globs import doublestar, gobwas, is_pattern
from gategit.render.argocd_rules import APPLICATION_INVALID
from gategit.render.helm_places import Places
from gategit.render.helm_text import LONGEST_RELEASE, is_kube_version, is_release_name
from gategit.render.rules import NOT_FOLLOWED
from gategit.render.values import (
    Build,
    Chart,
    FilesBuild,
    HelmBuild,
    KustomizeBuild,
    Parameter,
    RenderProblem,
    ValuesLayer,
)
from gategit.render.world import World, ref_of

_TOOLS: Final = ("kustomize", "helm", "directory", "plugin")
_LITERAL: Final = re.compile(r"([\\,])")
_MANIFEST: Final = (".yaml", ".yml", ".json", ".jsonnet")
_SKIPPED: Final = b"+argocd:skip-file-rendering"
_LOOKS: Final = (b"apiVersion:", b"kind:", b"metadata:")


@dataclass(slots=True)
class Source:
    """A source of an Application, and what is found out about it.

    Attributes:
        application: whose it is.
        path: where it stands in the Application.
        data: the source.
        named: the Application's sources that others refer to as ``$name``, by name.
        elsewhere: why a source is not this repository as it is here, by its URL and revision, "" where it is.
        folder: the folder of the tree that it is built from, "" for the root; None for a chart from elsewhere.
        problems: what is wrong with it.
        warnings: what of it stands elsewhere or takes a program that is not run: it is built without that.
        unchecked: what of it could not be followed.
        uncertain: which of its inputs could not be read.
        overrides: the files of its folder that were laid over it, each with the document and what that says.
    """

    application: Application
    path: FieldPath
    data: Mapping[str, Any]
    named: Mapping[str, Mapping[str, Any]]
    elsewhere: Mapping[tuple[str, str], str]
    folder: str | None = None
    problems: list[RenderProblem] = field(default_factory=list)
    warnings: list[RenderProblem] = field(default_factory=list)
    unchecked: list[tuple[str, str]] = field(default_factory=list)
    uncertain: list[str] = field(default_factory=list)
    overrides: list[tuple[str, int, Mapping[str, Any]]] = field(default_factory=list)

    @property
    def where(self) -> tuple[str, str]:
        """Its URL and revision."""
        return text_at(self.data, "repoURL"), text_at(self.data, "targetRevision")

    def leave(self, what: str, reason: str) -> None:
        """Count something as not looked at."""
        self.unchecked.append((f"{self.application.one.file}: {self.application.title}: {what}", reason))

    def blame(self, world: World, message: str, path: FieldPath, help_: str = "", rule: str = "") -> None:
        """Say what is wrong with one of the source's fields."""
        whole = (*self.path, *path)
        problem = self.application.problem(world, rule or APPLICATION_INVALID.id, message, whole, help_)
        self.problems.append(replace(problem, location=self.locate(world, path)))

    def locate(self, world: World, path: FieldPath = (), *, on: Literal["key", "value"] = "value") -> Location:
        """The place of one of its fields: in the file of its folder that sets it, or else in the Application."""
        for file, document, data in reversed(self.overrides):
            if says(data, path):
                return Places(world.tree, world.graph.index).field(file, path, document=document, on=on)
        return self.application.locate(world, (*self.path, *path), on=on)

    def set_at(self, world: World, path: FieldPath, on: Literal["key", "value"]) -> Location:
        """The place of a field that is given as one of the object that declares the Application."""
        rest = path[len(self.application.prefix) + len(self.path) :]
        return self.locate(world, rest, on=on)

    def warn(self, world: World, message: str, path: FieldPath, help_: str, rule: str = "") -> None:
        """Say of a field what stops no build, in the same words for all Applications of one template.

        Where no rule is named, the field cannot be followed.
        """
        application, whole = self.application, (*self.path, *path)
        self.warnings.append(
            RenderProblem(
                rule or NOT_FOLLOWED.id,
                message,
                self.locate(world, path),
                help_,
                object=ref_of(application.one.data, application.one.namespace),
                path=(*application.prefix, *whole),
                fatal=False,
                unit=application.unit_in(world),
            )
        )

    def expand(self, text: str) -> str:
        """Fill in the variables that Argo CD gives to builds."""
        return expand(text, self.application.environment(self.data)) if "$" in text else text


def build_of(source: Source, world: World) -> Build | None:
    """What the source builds; None where it builds nothing here, which is then said in ``source``."""
    _explicit(source, world)
    if source.problems:
        return None
    if text_at(source.data, "chart"):
        return _remote_chart(source, world)
    _find(source, world)
    if source.folder is None:
        return None
    _check_environment(source, world, source.folder)
    return _of_folder(source, world, source.folder)


def _check_environment(source: Source, world: World, folder: str) -> None:
    """Warn of a folder that belongs to other targets than the one that the Application goes to."""
    target = source.application.target_in(world)
    if target is None or world.targets_of is None:
        return
    theirs = sorted(name for name in world.targets_of(join(folder, FILE_NAMES[0]) or "") if name is not None)
    # Where a file of one environment names a folder of another, the check of references says so.
    said = not source.application.prefix and is_crossed(source.application.one.file, folder)
    if theirs and target not in theirs and not said:
        source.warn(
            world,
            f'{_shown(source, "path")} names "{folder or "."}", which belongs to the target {" and ".join(theirs)} and '
            f"not to {target}",
            ("path",),
            OTHER_ENVIRONMENT.help,
            OTHER_ENVIRONMENT.id,
        )


def _of_folder(source: Source, world: World, folder: str) -> Build | None:
    _override(source, world, folder)
    tool = _explicit(source, world) or _detected(world, folder)
    if source.problems:
        return None
    if tool == "kustomize":
        return _kustomize(source, world, folder)
    if tool == "helm":
        return _helm(source, world, Chart(folder)) if _has_chart(source, world, folder) else None
    if tool == "directory":
        return _directory(source, world, folder)
    plugin = f"the plugin {text_at(source.data, 'plugin', 'name')}".rstrip()
    source.leave(plugin, "a plugin builds it, and plugins are not run")
    source.warn(
        world,
        f"{_shown(source, 'plugin')} has {plugin} build what is applied, and plugins are not run",
        ("plugin",),
        "Commit what the plugin makes, and deploy that: then it is judged.",
    )
    return None


def _has_chart(source: Source, world: World, folder: str) -> bool:
    """Whether a folder that Helm is to build is a chart; where it is none, that is said."""
    if world.graph.index.find(join(folder, "Chart.yaml") or "").place is Place.FILE:
        return True
    source.blame(
        world,
        f'{_shown(source, "path")} is "{folder or "."}", but there is no Chart.yaml in that folder',
        ("path",),
        "Correct the path, or restore the chart.",
        DANGLING_REFERENCE.id,
    )
    return False


def _explicit(source: Source, world: World) -> str:
    """The tool that the source names, "" for none (``ExplicitType``); one without options is not named."""
    named = [tool for tool, options in source.data.items() if tool in _TOOLS and options]
    if len(named) > 1:
        source.blame(
            world,
            f"one source has options for {' and '.join(named)}, and Argo CD takes one tool only",
            (named[1],),
            "Keep the options of the tool that builds the folder.",
        )
    return named[0] if named else ""


def _detected(world: World, folder: str) -> str:
    """The tool by what the folder holds: the last file by name decides (``discovery.AppType``)."""
    tool = "directory"
    prefix = f"{folder}/" if folder else ""
    for name in world.graph.index.children(folder):
        if world.graph.index.find(prefix + name).place is not Place.FILE:
            continue
        if name.endswith("Chart.yaml"):
            tool = "helm"
        elif name in FILE_NAMES:
            tool = "kustomize"
    return tool


def _find(source: Source, world: World) -> None:
    """Look for the source's folder in this tree: ``source.folder``."""
    text = text_at(source.data, "path")
    url, _ = source.where
    why = source.elsewhere[source.where]
    if url.startswith("oci://"):
        source.leave(url, "it is an OCI artifact, and those are not fetched")
    elif why:
        source.leave(text or url, why)
    elif not text:
        source.blame(world, "its source names no path and no chart", (), "Say with `path` which folder is built.")
    elif has_variable(text):
        source.leave(text, "it is filled in later")
    elif text.startswith("/"):
        source.blame(
            world,
            f'{_shown(source, "path")} is "{text}", an absolute path',
            ("path",),
            f"Write {text.lstrip('/') or '.'}: the path is relative to the root of the repository.",
        )
    else:
        _look_up(source, world, text)


def _look_up(source: Source, world: World, text: str) -> None:
    path = join("", text)
    found = Found(Place.MISSING, "") if path is None else world.graph.index.find(path)
    if found.place is Place.FOLDER:
        source.folder = found.path
    elif found.place in (Place.SUBMODULE, Place.OUTSIDE):
        source.leave(text, "its files are in another repository")
    else:
        what = "which is a file" if found.place is Place.FILE else "but there is no such folder in this repository"
        source.blame(
            world,
            f'{_shown(source, "path")} is "{text}", {what}',
            ("path",),
            "Correct the template or the parameter, or restore the folder.",
            DANGLING_REFERENCE.id,
        )


def _shown(source: Source, *path: str | int) -> str:
    return format_path((*source.path, *path))


def _override(source: Source, world: World, folder: str) -> None:
    """Lay ``.argocd-source.yaml`` over the source, and that of the Application (``mergeSourceParameters``)."""
    merged: Any = source.data
    for name in override_files(source.application.name):
        file = join(folder, name)
        found = None if file is None else world.graph.index.find(file)
        if found is None or found.place is not Place.FILE:
            continue
        documents = decode(_content(world, found.path) or b"", name).documents
        if documents and isinstance(documents[0].data, dict):
            merged = merge_patch(merged, documents[0].data)
            source.overrides.append((found.path, documents[0].index, documents[0].data))
        else:
            source.uncertain.append(f"{found.path} cannot be read")
    if isinstance(merged, dict) and merged is not source.data:
        kept = {key: source.data[key] for key in ("chart", "path", "repoURL", "targetRevision") if key in source.data}
        source.data = {**merged, **kept}


def merge_patch(target: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7396) applied to plain data."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def _content(world: World, path: str) -> bytes | None:
    """A file's content; None where it is too large."""
    entry = world.graph.index.entries[path]
    return None if entry.size > Limits().file_bytes else world.tree.read(path)


def _directory(source: Source, world: World, folder: str) -> FilesBuild | None:
    options = fields(source.data, "directory")
    build = FilesBuild(
        folder,
        bool(options.get("recurse")),
        tuple(one for one in [text_at(options, "include")] if one),
        tuple(one for one in [text_at(options, "exclude")] if one),
    )
    for name, patterns in (("include", build.include), ("exclude", build.exclude)):
        try:
            for pattern in patterns:
                gobwas(pattern)
        except GlobError as error:
            source.blame(world, f"{_shown(source, 'directory', name)} is no pattern: {error}", ("directory", name))
            return None
    if options.get("disableExtensionFilter"):
        source.leave(folder or ".", "it is read whatever the files are called, and only manifests are looked at here")
    return build


def directory_files(build: FilesBuild, world: World) -> tuple[list[str], list[str]]:
    """The files of a folder that Argo CD reads as they are, and those that it evaluates (jsonnet).

    ``getPotentiallyValidManifests``: in the order of the names, by paths relative to the folder.
    """
    prefix = f"{build.folder}/" if build.folder else ""
    included, excluded = [gobwas(one) for one in build.include], [gobwas(one) for one in build.exclude]
    read: list[str] = []
    evaluated: list[str] = []
    below = [path for path in world.graph.index.entries if path.startswith(prefix)]
    for path in sorted(below, key=lambda one: one.split("/")):
        inner = path[len(prefix) :]
        if ("/" in inner and not build.recurse) or not inner.endswith(_MANIFEST):
            continue
        if any(matches(inner) for matches in excluded) or not all(matches(inner) for matches in included):
            continue
        found = world.graph.index.find(path)
        if found.place is Place.FILE and _SKIPPED not in (_content(world, found.path) or b""):
            (evaluated if inner.endswith(".jsonnet") else read).append(path)
    return read, evaluated


def is_passed_over(path: str, content: bytes) -> bool:
    """Whether Argo CD passes over a file that it cannot read: YAML that does not look like a manifest."""
    return not path.endswith(".json") and not all(word in content for word in _LOOKS)


def _kustomize(source: Source, world: World, folder: str) -> KustomizeBuild | None:
    """The kustomization with what ``Build`` of ``util/kustomize`` edits into it."""
    options = fields(source.data, "kustomize")
    own = _kustomization(world, folder)
    overlay: dict[str, Any] = {
        name: text_at(options, name) for name in ("namePrefix", "nameSuffix", "namespace") if text_at(options, name)
    }
    lists = {
        "images": _images(source, world, own),
        "replicas": list(_replicas(source, world)),
        "labels": _labels(source, world, own) if options.get("labelWithoutSelector") else [],
        "patches": [one for one in entries(options, "patches") if isinstance(one, dict)],
        "components": _components(source, world, folder),
    }
    overlay |= {name: value for name, value in lists.items() if value}
    if not options.get("labelWithoutSelector") and fields(options, "commonLabels"):
        overlay["commonLabels"] = _added(source, world, own, "commonLabels")
        if options.get("labelIncludeTemplates"):
            source.blame(
                world,
                "labelIncludeTemplates has no labelWithoutSelector beside it, and Kustomize refuses that",
                ("kustomize", "labelIncludeTemplates"),
                "Set labelWithoutSelector: true, or remove labelIncludeTemplates: selectors include templates.",
            )
    if fields(options, "commonAnnotations"):
        overlay["commonAnnotations"] = _added(source, world, own, "commonAnnotations")
    if text_at(options, "version"):
        source.uncertain.append(f"it is built with Kustomize {text_at(options, 'version')}, which may build otherwise")
    if source.problems:
        return None
    return KustomizeBuild(folder, json.dumps(overlay) if overlay else "", free=_is_free(world))


def _is_free(world: World) -> bool:
    """Whether Argo CD's own settings let kustomizations load files from outside of their folder."""
    return any(
        "LoadRestrictionsNone" in text_at(one.data, "data", "kustomize.buildOptions")
        for one in world.named("", "ConfigMap", "", "argocd-cm")
    )


def _kustomization(world: World, folder: str) -> Mapping[str, Any]:
    found = world.graph.kustomizations.get(folder)
    if found is None:
        return {}
    place = world.graph.index.find(found.file)
    content = _content(world, place.path) if place.place is Place.FILE else None
    documents = decode(content or b"", FILE_NAMES[0]).documents
    document = next((one for one in documents if one.index == found.parsed.document), None)
    return document.data if document is not None and isinstance(document.data, dict) else {}


def _images(source: Source, world: World, own: Mapping[str, Any]) -> list[dict[str, str | None]]:
    """``kustomize edit set image``: an entry takes the place of the one with its name, ``*`` keeps what is there."""
    here = {text_at(one, "name"): one for one in entries(own, "images")}
    found: dict[str, dict[str, str | None]] = {}
    for index, written in texts(source.data, "kustomize", "images"):
        text = source.expand(written)
        image = parse_image(text)
        if image is None:
            source.blame(
                world,
                f'{_shown(source, "kustomize", "images", index)} is "{text}", which names no new name, tag or digest',
                ("kustomize", "images", index),
                "Write `image:tag`, `image@digest` or `image=new-image:tag`.",
            )
            continue
        old = here.get(image["name"], {})
        new = {key: text_at(old, key) if value == "*" else value for key, value in image.items()}
        if old:
            # Kustomize drops what the new entry does not say.
            found[image["name"]] = {key: new.get(key) or None for key in ("newName", "newTag", "digest")}
            found[image["name"]]["name"] = image["name"]
        else:
            found[image["name"]] = {key: value for key, value in new.items() if value}
    return [found[name] for name in sorted(found)]


def parse_image(text: str) -> dict[str, str] | None:
    """An image as ``kustomize edit set image`` takes it; None where it says nothing new."""
    name, equals, value = text.partition("=")
    value = value if equals else text
    new, tag, digest = split_image(value)
    if new == text:
        return None
    image = {"newTag": tag, "digest": digest}
    return {"name": name, "newName": new, **image} if equals else {"name": new, **image}


def split_image(value: str) -> tuple[str, str, str]:
    """An image's name, tag and digest, as Kustomize splits them; a port is part of the name."""
    rest, _, digest = value.partition("@")
    head, slash, last = rest.rpartition("/")
    short, _, tag = last.partition(":")
    return f"{head}{slash}{short}", tag, digest


def _replicas(source: Source, world: World) -> Iterator[dict[str, Any]]:
    for index, one in enumerate(entries(source.data, "kustomize", "replicas")):
        count = plain(dig(one, "count"))
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", count):
            source.blame(
                world,
                f'{_shown(source, "kustomize", "replicas", index, "count")} is "{count}", which is no number',
                ("kustomize", "replicas", index, "count"),
            )
            continue
        yield {"name": text_at(one, "name"), "count": int(count)}


def _added(source: Source, world: World, own: Mapping[str, Any], name: str) -> dict[str, str]:
    """Labels or annotations as ``kustomize edit add`` adds them, which changes none that is there unless forced."""
    options = fields(source.data, "kustomize")
    is_label = name == "commonLabels"
    force = bool(options.get("forceCommonLabels" if is_label else "forceCommonAnnotations"))
    filled = is_label or bool(options.get("commonAnnotationsEnvsubst"))
    found: dict[str, str] = {}
    for key, value in fields(options, name).items():
        if key in fields(own, name) and not force:
            source.blame(
                world,
                f"{_shown(source, 'kustomize', name)} sets {key}, which the kustomization sets, too",
                ("kustomize", name, key),
                f"Remove one of the two, or set {'forceCommonLabels' if is_label else 'forceCommonAnnotations'}: true.",
            )
        found[str(key)] = source.expand(plain(value)) if filled else plain(value)
    return found


def _labels(source: Source, world: World, own: Mapping[str, Any]) -> list[dict[str, Any]]:
    """``kustomize edit add label --without-selector``."""
    options = fields(source.data, "kustomize")
    templates = bool(options.get("labelIncludeTemplates"))
    pairs = {key: source.expand(plain(value)) for key, value in fields(options, "commonLabels").items()}
    if not pairs:
        return []
    for entry in entries(own, "labels"):
        alike = not dig(entry, "includeSelectors") and bool(dig(entry, "includeTemplates")) == templates
        for key in fields(entry, "pairs") if alike and not options.get("forceCommonLabels") else ():
            if key in pairs:
                source.blame(
                    world,
                    f"{_shown(source, 'kustomize', 'commonLabels')} sets {key}, which the kustomization sets, too",
                    ("kustomize", "commonLabels", key),
                    "Remove one of the two, or set forceCommonLabels: true.",
                )
    label: dict[str, Any] = {"pairs": pairs}
    return [{**label, "includeTemplates": True} if templates else label]


def _components(source: Source, world: World, folder: str) -> list[str]:
    """The components; with ``ignoreMissingComponents`` the first one that is there, as Argo CD takes it."""
    named = [text for _, text in texts(source.data, "kustomize", "components")]
    if not dig(source.data, "kustomize", "ignoreMissingComponents"):
        return named
    for one in named:
        path = join(folder, one)
        if path is not None and any(
            world.graph.index.find(join(path, name) or "").place is Place.FILE for name in FILE_NAMES
        ):
            return [one]
    return []


def _remote_chart(source: Source, world: World) -> HelmBuild | None:
    url, version = source.where
    name = text_at(source.data, "chart")
    if has_variable(url + version + name):
        source.leave(name, "its source is filled in later")
        return None
    if text_at(source.data, "path"):
        source.blame(
            world,
            "one source has a chart and a path, and Argo CD takes one of them",
            ("path",),
            "Remove the path: a chart of a repository is taken whole.",
        )
        return None
    if source.data.get("kustomize") or source.data.get("directory") or source.data.get("plugin"):
        source.leave(name, "a chart of a repository is built by another tool than Helm")
        return None
    return _helm(source, world, Chart(None, url if "://" in url else f"oci://{url}", name, version))


def _helm(source: Source, world: World, chart: Chart) -> HelmBuild | None:
    """``helmTemplate``: value files, then inline values, then parameters; each wins over those before it."""
    options = fields(source.data, "helm")
    application = source.application
    layers = [*_value_files(source, world), *_inline_values(source, world)]
    parameters = [*_parameters(source, world), *_file_parameters(source, world)]
    if text_at(options, "version") in {"v2", "2"}:
        source.blame(
            world,
            f'{_shown(source, "helm", "version")} is "{text_at(options, "version")}", and Argo CD has no Helm 2',
            ("helm", "version"),
            "Remove the version.",
        )
    release, version = text_at(options, "releaseName") or application.name, text_at(options, "kubeVersion")
    if not is_release_name(release) and not has_variable(release):
        source.blame(
            world,
            f'"{release}" is no name that Helm takes for a release',
            ("helm", "releaseName"),
            f"Set releaseName to small letters, digits, - and ., {LONGEST_RELEASE} at most.",
        )
    if version and not is_kube_version(version):
        source.blame(
            world,
            f'{_shown(source, "helm", "kubeVersion")} is "{version}", which is no version of Kubernetes',
            ("helm", "kubeVersion"),
            "Write it as 1.34.0, or remove it.",
        )
    if source.problems:
        return None
    return HelmBuild(
        chart,
        release,
        text_at(options, "namespace") or application.destination_namespace,
        tuple(layers),
        tuple(parameters),
        skip_crds=bool(options.get("skipCrds")),
        skip_schema=bool(options.get("skipSchemaValidation")),
        kubernetes_version=version,
        api_versions=tuple(text for _, text in texts(options, "apiVersions")),
    )


def _inline_values(source: Source, world: World) -> Iterator[ValuesLayer]:
    """``valuesObject``, or else ``values``."""
    one = source.application.one
    where = partial(source.set_at, world) if one.parent is not None or source.overrides else None
    place = (*source.application.prefix, *source.path, "helm")
    table = dig(source.data, "helm", "valuesObject")
    text = text_at(source.data, "helm", "values")
    if isinstance(table, dict) and table:
        text = json.dumps(table, ensure_ascii=False, default=str)
        yield ValuesLayer(text, one.file, one.document, (*place, "valuesObject"), where=where)
    elif text:
        yield ValuesLayer(text, one.file, one.document, (*place, "values"), as_text=True, where=where)


def _parameters(source: Source, world: World) -> Iterator[Parameter]:
    """``--set`` before ``--set-string``; of several with one name the last counts."""
    found: dict[tuple[bool, str], Parameter] = {}
    for index, one in enumerate(entries(source.data, "helm", "parameters")):
        name = text_at(one, "name")
        if not name:
            continue
        text = bool(dig(one, "forceString"))
        value = escape(source.expand(plain(dig(one, "value"))))
        place = _of_parameter(source, world, ("helm", "parameters", index, "value"))
        found[text, name] = Parameter(name, value, place, text)
    yield from (found[key] for key in sorted(found, key=lambda key: key[0]))


def _of_parameter(source: Source, world: World, path: FieldPath) -> Location:
    """Where a parameter is set; of an Application that a chart makes the file, since the line takes a build to find."""
    parent = source.application.one.parent
    if parent is not None and isinstance(parent.build, HelmBuild) and not source.overrides:
        return Location(source.application.one.location.file)
    return source.locate(world, path)


def escape(value: str) -> str:
    """A parameter's value as Argo CD hands it to Helm (``cleanSetParameters``): commas are no separators."""
    if value.startswith("{") and value.endswith("}"):
        return value
    return re.sub(r"(?<!\\),", r"\\,", value)


def _file_parameters(source: Source, world: World) -> Iterator[Parameter]:
    for index, one in enumerate(entries(source.data, "helm", "fileParameters")):
        name, place = text_at(one, "name"), ("helm", "fileParameters", index, "path")
        for path in _files(source, world, text_at(one, "path"), place):
            content = _content(world, path)
            if content is None:
                source.uncertain.append(f"{path} is too large to be read")
                continue
            text = _LITERAL.sub(r"\\\1", content.decode("utf-8", "replace"))
            text = f"\\{text}" if text.startswith("{") else text
            yield Parameter(name, text, _of_parameter(source, world, place), text=True)


def _value_files(source: Source, world: World) -> Iterator[ValuesLayer]:
    """The files that ``valueFiles`` names, each once (``getResolvedValueFiles``).

    A file that stands there by its own name comes where it stands, and not where a pattern matches it.
    """
    named: list[tuple[bool, list[str]]] = []
    for index, written in texts(source.data, "helm", "valueFiles"):
        place = ("helm", "valueFiles", index)
        named.append((is_pattern(written), list(_files(source, world, written, place))))
    explicit = {path for pattern, paths in named if not pattern for path in paths}
    seen: set[str] = set()
    for pattern, paths in named:
        for path in paths:
            if path in seen or (pattern and path in explicit):
                continue
            seen.add(path)
            content = _content(world, world.graph.index.find(path).path)
            if content is None:
                source.uncertain.append(f"{path} is too large to be read")
            else:
                yield ValuesLayer(content.decode("utf-8", "replace"), world.graph.index.find(path).path)


def _files(source: Source, world: World, written: str, place: FieldPath) -> Iterator[str]:
    """The files of the tree that a text names; what is not there is said."""
    text, base = written, source.folder
    if written.startswith("$"):
        name, _, rest = written[1:].partition("/")
        other = source.named.get(name)
        if other is not None:
            where = (text_at(other, "repoURL"), text_at(other, "targetRevision"))
            why = source.elsewhere.get(where, "its source is not known")
            if why:
                source.uncertain.append(f"{written} is not read: {why}")
                return
            text, base = f"/{rest}", ""
        elif "sources" in source.path:
            known = ", ".join(f"${one}" for one in source.named)
            source.blame(
                world,
                f"{_shown(source, *place)} is in the source ${name}, and no source has that ref",
                place,
                f"Correct the name ({known} is there)." if known else f"Give a source `ref: {name}`.",
            )
            return
    text = source.expand(text)
    if is_remote(text):
        source.uncertain.append(f"{written} is not read: it is remote")
        source.warn(
            world,
            f'{_shown(source, *place)} is "{written}", a file that Argo CD fetches from elsewhere at each build',
            place,
            "Commit the file, and name it by its path: what stands elsewhere changes without a pull request.",
        )
    elif has_variable(text):
        source.uncertain.append(f"{written} is not read: it is filled in later")
    elif base is None:
        source.uncertain.append(f"{written} is not read: it is a file of the chart {text_at(source.data, 'chart')}")
    else:
        path = join("", text.lstrip("/")) if text.startswith("/") else join(base, text)
        if path is None:
            source.blame(
                world,
                f'{_shown(source, *place)} is "{written}", a path outside of the repository',
                place,
                "Name a file of the repository.",
                DANGLING_REFERENCE.id,
            )
        elif is_pattern(path):
            yield from _matching(source, world, path, place)
        else:
            yield from _existing(source, world, path, place)


def _ignores_missing(source: Source, place: FieldPath) -> bool:
    return place[1] == "valueFiles" and bool(dig(source.data, "helm", "ignoreMissingValueFiles"))


def _existing(source: Source, world: World, path: str, place: FieldPath) -> Iterator[str]:
    found = world.graph.index.find(path)
    if found.place is Place.FILE:
        yield path
    elif found.place in (Place.SUBMODULE, Place.OUTSIDE):
        source.uncertain.append(f"{path} is not read: it is not in this repository")
    elif _ignores_missing(source, place) and found.place is Place.MISSING:
        return
    else:
        source.blame(
            world,
            f"{_shown(source, *place)} names {path}, but there is no such file",
            place,
            "Correct the path, restore the file, or set ignoreMissingValueFiles: true.",
            DANGLING_REFERENCE.id,
        )


def _matching(source: Source, world: World, pattern: str, place: FieldPath) -> Iterator[str]:
    """The files that a pattern matches, in the order in which ``doublestar`` walks."""
    try:
        matches = doublestar(pattern)
    except GlobError as error:
        source.blame(world, f"{_shown(source, *place)} is no pattern: {error}", place)
        return
    found = sorted((path for path in world.graph.index.entries if matches(path)), key=PurePosixPath)
    found = [path for path in found if world.graph.index.find(path).place is Place.FILE]
    if not found and not _ignores_missing(source, place):
        source.blame(
            world,
            f"{_shown(source, *place)} names {pattern}, which matches no file of this repository",
            place,
            "Correct the pattern, or set ignoreMissingValueFiles: true.",
            DANGLING_REFERENCE.id,
        )
    yield from found
