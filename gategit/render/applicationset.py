"""The Applications that an Argo CD ApplicationSet makes (``GenerateApplications`` of Argo CD 3.6.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gategit.checks.references.paths import has_variable
from gategit.checks.references.sources import dig, normal_url, text_at
from gategit.manifests.decode import decode
from gategit.model import FieldPath, Level, Location, format_path
from gategit.render.applicationset_generators import GeneratorError, Generators, Parameters, UnknownError, flat, kind_of
from gategit.render.applicationset_texts import Filler, TextError, UnknownTextError, left_open
from gategit.render.argocd_application import FINALIZER, GROUP, Application, entries, fields
from gategit.render.argocd_rules import APPLICATIONSET_FAILED
from gategit.render.values import AgentObject, RenderProblem
from gategit.render.world import World, ref_of

_METADATA: Final = ("name", "namespace", "labels", "annotations", "finalizers")
_TEMPLATE: Final = ("spec", "template")

_MUST_BE_FILLED: Final = (
    ("metadata", "name"),
    ("spec", "project"),
    ("spec", "destination"),
    *(("spec", "source", name) for name in ("path", "repoURL", "targetRevision", "chart")),
)
"""Where a parameter that nobody gave is a mistake; elsewhere braces may be meant for somebody else."""

_SHOWN_FIRST: Final = ("path.path", "path", "name", "cluster", "env", "environment", "nameNormalized")
_MAX_SHOWN: Final = 3
_MAX_DEPTH: Final = 8


@dataclass(slots=True)
class Made:
    """What an ApplicationSet makes, what is wrong with it, and what of it could not be followed."""

    applications: list[Application] = field(default_factory=list)
    problems: list[RenderProblem] = field(default_factory=list)
    unchecked: list[tuple[str, str]] = field(default_factory=list)


def applications_of(one: AgentObject, world: World) -> Made:
    """The Applications that an ApplicationSet makes.

    Args:
        one: the ApplicationSet.
        world: what it is read against.
    """
    return _Maker(one, world).make()


class _Maker:
    """Makes the Applications of one ApplicationSet."""

    def __init__(self, one: AgentObject, world: World) -> None:
        self._one = one
        self._world = world
        self._made = Made()
        self._ref = ref_of(one.data, one.namespace)
        options = [text for text in entries(one.data, "spec", "goTemplateOptions") if isinstance(text, str)]
        missing = [text for text in options if text.startswith("missingkey=")]
        self._filler = Filler(dig(one.data, "spec", "goTemplate") is True, missing[-1:] == ["missingkey=error"])
        self._zero = missing[-1:] == ["missingkey=zero"]
        self._said: set[tuple[FieldPath, str]] = set()

    def make(self) -> Made:
        generators = Generators(self._world, self._filler, self._elsewhere())
        if self._zero:
            self._leave("it asks for missingkey=zero, which gategit does not follow")
            return self._made
        for index, generator in enumerate(entries(self._one.data, "spec", "generators")):
            path: FieldPath = ("spec", "generators", index)
            try:
                kind = kind_of(generator, path)
                sets = generators.sets(generator, path)
            except GeneratorError as error:
                self._fail(error.message, error.path, location=error.location)
            except (UnknownError, UnknownTextError) as error:
                self._leave(str(error), path)
            else:
                if not sets:
                    self._check_clusters(generators, generator, path)
                template = filled_up(fields(generator, kind, "template"), fields(self._one.data, *_TEMPLATE))
                for parameters in sets:
                    self._one_set(template, parameters)
        self._check_names()
        return self._made

    def _elsewhere(self) -> dict[tuple[str, str], str]:
        """Why each repository of a git generator is not this one. What its templates name bears out that it is."""
        asked: dict[str | None, set[str]] = {}
        found: set[tuple[str, str]] = set()
        for git in _git_generators(entries(self._one.data, "spec", "generators")):
            url = text_at(git, "repoURL")
            found.add((url, text_at(git, "revision")))
            for name in ("directories", "files"):
                for entry in entries(git, name):
                    start = text_at(entry, "path").partition("*")[0].rpartition("/")[0]
                    asked.setdefault(normal_url(url), set()).update([start] if start else [])
        for one in self._world.of_kind(GROUP, "Application"):
            source = fields(one.data, "spec", "source")
            path = text_at(source, "path")
            asked.setdefault(normal_url(text_at(source, "repoURL")), set()).update([path] if path else [])
        return {where: self._world.why_elsewhere(*where, asked.get(normal_url(where[0]), ())) for where in found}

    def _one_set(self, template: Mapping[str, Any], parameters: Parameters) -> None:
        try:
            data = self._filled(template, parameters)
            patch = text_at(self._one.data, "spec", "templatePatch")
            content = self._patch(patch, parameters) if patch else None
            data = data if content is None else _patched(data, content)
        except TextError as error:
            self._fail(error.message, error.path, parameters)
            return
        except UnknownTextError as error:
            self._leave(str(error))
            return
        where = text_at(self._one.data, "metadata", "namespace") or self._one.namespace
        metadata = {key: value for key, value in fields(data, "metadata").items() if key in _METADATA}
        metadata["namespace"] = where
        if not metadata.get("finalizers") and not dig(
            self._one.data, "spec", "syncPolicy", "preserveResourcesOnDeletion"
        ):
            metadata["finalizers"] = [FINALIZER]
        application = {
            "apiVersion": text_at(self._one.data, "apiVersion"),
            "kind": "Application",
            "metadata": {key: value for key, value in metadata.items() if value},
            "spec": fields(data, "spec"),
        }
        if self._is_filled(application, parameters):
            self._made.applications.append(
                Application(application, self._one, _TEMPLATE, in_words(parameters), content)
            )

    def _filled(self, template: Mapping[str, Any], parameters: Parameters) -> dict[str, Any]:
        if not parameters:
            return dict(template)
        try:
            found = self._filler.deep(dict(template), parameters)
        except TextError as error:
            raise TextError(error.message, (*_TEMPLATE, *error.path)) from None
        return dict(found)

    def _patch(self, patch: str, parameters: Parameters) -> dict[str, Any]:
        """The templatePatch, filled in."""
        place = ("spec", "templatePatch")
        try:
            text = self._filler.text(patch, parameters)
        except TextError as error:
            raise TextError(error.message, place) from None
        decoded = decode(text.encode("utf-8", "replace"), "templatePatch.yaml")
        content = decoded.documents[0].data if decoded.documents else None
        if decoded.problems or not isinstance(content, dict | None):
            what = decoded.problems[0].message if decoded.problems else "it is no mapping"
            raise TextError(f"what comes of its templatePatch cannot be read: {what}", place)
        if (
            "$patch" in text
            or "$setElementOrder" in text
            or "$retainKeys" in text
            or "$deleteFromPrimitiveList" in text
        ):
            raise UnknownTextError("its templatePatch has directives of a strategic merge patch")
        return content or {}

    def _is_filled(self, data: Mapping[str, Any], parameters: Parameters) -> bool:
        """Whether no parameter is left open where it has to be filled in; what is, is said."""
        places: list[FieldPath] = list(_MUST_BE_FILLED)
        for index, _ in enumerate(entries(data, "spec", "sources")):
            places += [("spec", "sources", index, name) for name in ("path", "repoURL", "targetRevision", "chart")]
        found = [(place + rest, asked) for place in places for rest, asked in left_open(dig(data, *place))]
        for place, asked in found:
            if asked == "<no value>":
                message = f"{format_path((*_TEMPLATE, *place))} asks for a parameter that is not there"
            else:
                message = (
                    f"{format_path((*_TEMPLATE, *place))} asks for {{{{{asked}}}}}, and there is no such parameter"
                )
            self._fail(message, (*_TEMPLATE, *place), parameters)
        return not found

    def _check_clusters(self, generators: Generators, generator: Any, path: FieldPath, depth: int = 0) -> None:
        """Say which selector matches no cluster where a generator makes nothing. Of git, the references are checked."""
        for name in ("matrix", "merge") if depth < _MAX_DEPTH else ():
            for index, one in enumerate(entries(generator, name, "generators")):
                self._check_clusters(generators, one, (*path, name, "generators", index), depth + 1)
        if not isinstance(dig(generator, "clusters"), dict):
            return
        try:
            found = generators.sets({"clusters": generator["clusters"]}, path)
        except (GeneratorError, UnknownError, UnknownTextError):
            return  # filled in from what another generator finds
        if not found:
            place = (*path, "clusters", "selector")
            self._made.problems.append(
                RenderProblem(
                    APPLICATIONSET_FAILED.id,
                    f"{self._ref}: {format_path(place)} matches no cluster that a target describes, so it makes no "
                    "Application",
                    self._world.locate(self._one, place),
                    "Correct the selector, or describe the clusters and their labels under targets in the config. "
                    "Applications that it made before are removed.",
                    level=Level.WARNING,
                    object=self._ref,
                    path=place,
                    fatal=False,
                    unit=(str(self._ref), self._one.target),
                )
            )

    def _check_names(self) -> None:
        """Two Applications of one name: the controller makes neither."""
        first: dict[str, Application] = {}
        for one in list(self._made.applications):
            other = first.setdefault(one.name, one)
            if other is not one:
                path = (*_TEMPLATE, "metadata", "name")
                self._fail(f"it makes two Applications called {one.name}", path, help_=_NAMES)

    def _fail(
        self,
        message: str,
        path: FieldPath,
        parameters: Parameters | None = None,
        *,
        location: Location | None = None,
        help_: str = "",
    ) -> None:
        """Say what is wrong, once for each place, with the first set of parameters that shows it."""
        if (path, message) in self._said:
            return
        self._said.add((path, message))
        shown = in_words(parameters) if parameters else ""
        self._made.problems.append(
            RenderProblem(
                APPLICATIONSET_FAILED.id,
                f"{self._ref}: {message}{f' (with {shown})' if shown else ''}",
                location or self._world.locate(self._one, path),
                help_,
                level=Level.ERROR,
                object=self._ref,
                path=path,
                unit=(str(self._ref), self._one.target),
            )
        )

    def _leave(self, reason: str, path: FieldPath = ()) -> None:
        where = f": {format_path(path)}" if path else ""
        entry = (f"{self._one.file}: {self._ref}{where}", reason)
        if entry not in self._made.unchecked:
            self._made.unchecked.append(entry)


_NAMES: Final = "Let the name hold what tells the sets of parameters apart, such as the cluster and the folder."


def _git_generators(generators: Any) -> Iterator[Mapping[str, Any]]:
    waiting = [(generators, 0)]
    while waiting:
        several, depth = waiting.pop()
        for one in several if depth < _MAX_DEPTH and isinstance(several, list) else ():
            if isinstance(dig(one, "git"), dict) and not has_variable(text_at(one, "git", "repoURL")):
                yield one["git"]
            waiting += [(entries(one, name, "generators"), depth + 1) for name in ("matrix", "merge")]


def filled_up(own: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    """A generator's template with what it leaves open taken from the common one (``mergeGeneratorTemplate``)."""
    result = dict(own)
    for key, value in common.items():
        here = result.get(key)
        if isinstance(here, dict) and isinstance(value, dict):
            result[key] = filled_up(here, value)
        elif not here:
            result[key] = value
    return result


def _patched(data: dict[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """``applyTemplatePatch``: the Application's lists have no keys to merge by, so they are replaced."""
    patched = _merged(data, patch)
    if isinstance(patched.get("spec"), dict):
        patched["spec"] = {**patched["spec"], "project": dig(data, "spec", "project")}
    return patched


def _merged(below: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in patch.items():
        here = result.get(key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = _merged(here if isinstance(here, dict) else {}, value)
        else:
            result[key] = value
    return result


def in_words(parameters: Mapping[str, Any]) -> str:
    """The parameters that tell a set from others, for a message."""
    known = {key: value for key, value in flat(dict(parameters)).items() if value and len(value) <= 80}
    names: list[str] = [key for key in _SHOWN_FIRST if key in known]
    names += [key for key in known if key not in names and "segments" not in key and "[" not in key]
    return ", ".join(f"{key} = {known[key]}" for key in names[:_MAX_SHOWN])
