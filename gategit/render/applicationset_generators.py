"""The parameters that an ApplicationSet's generators find: list, git, clusters, matrix and merge.

Followed are ``applicationset/generators`` of Argo CD 3.6.1. What asks somebody else (pull requests, a registry, a
plugin) gives nothing here, and says so.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gategit.checks.references.paths import Place
from gategit.checks.references.sources import dig, text_at
from gategit.globs import GlobError
from gategit.manifests.decode import Limits, decode
from gategit.model import FieldPath, Location
from gategit.render.applicationset_texts import Filler, TextError, go_plain, normalize
from gategit.render.argocd_application import IN_CLUSTER, IN_CLUSTER_NAME, entries, fields
from gategit.render.argocd_globs import Matcher, doublestar, go_match, pathspec
from gategit.render.gotemplate import numbers_as_go
from gategit.render.world import World

Parameters = dict[str, Any]

MAX_SETS: Final = 5000
_MAX_DEPTH: Final = 5
_KNOWN: Final = ("list", "clusters", "git", "matrix", "merge")
_ELSEWHERE: Final = {
    "scmProvider": "it asks a Git host for its repositories",
    "clusterDecisionResource": "it reads an object of the cluster",
    "pullRequest": "it asks a Git host for its pull requests",
    "plugin": "a plugin finds its parameters",
    "oci": "it reads an OCI artifact",
}
_EXCLUDED_ANNOTATIONS: Final = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})


class UnknownError(Exception):
    """What a generator finds cannot be known here; the message says why."""


class GeneratorError(Exception):
    """What a generator asks for is wrong.

    Attributes:
        message: the end of a sentence.
        path: the field of the ApplicationSet.
        location: where it is not the ApplicationSet that has to be mended.
    """

    def __init__(self, message: str, path: FieldPath, location: Location | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.location = location


@dataclass(frozen=True, slots=True)
class Generators:
    """What generators are read against.

    Attributes:
        world: the tree and what is known of it.
        filler: how texts are filled in.
        elsewhere: why a repository is not this one, by URL and revision; "" where it is.
    """

    world: World
    filler: Filler
    elsewhere: Mapping[tuple[str, str], str]

    def sets(
        self, generator: Any, path: FieldPath, given: Parameters | None = None, depth: int = 0
    ) -> list[Parameters]:
        """The parameter sets of one generator, its selector applied (``Transform``).

        Args:
            generator: an entry of ``generators``.
            path: where it stands in the ApplicationSet.
            given: what another generator has found, to be filled into this one.
            depth: how many generators it stands in.

        Raises:
            UnknownError: what it finds cannot be known here.
            GeneratorError: it asks for something that is wrong.
        """
        kind = kind_of(generator, path)
        asked = generator[kind]
        if given:
            asked = self._filled(kind, asked, given, (*path, kind))
        if depth > _MAX_DEPTH:
            raise UnknownError("its generators stand deeper in each other than gategit follows")
        found: list[Parameters]
        if kind == "list":
            found = list(self._list(asked, (*path, kind)))
        elif kind == "clusters":
            found = self._clusters(asked, (*path, kind))
        elif kind == "git":
            found = self._git(asked, (*path, kind))
        else:
            found = (self._matrix if kind == "matrix" else self._merge)(asked, (*path, kind), depth)
        if len(found) > MAX_SETS:
            raise UnknownError(f"it finds more than {MAX_SETS:,} sets of parameters")
        selector = dig(generator, "selector")
        if selector is None:
            return found
        return [one for one in found if selects(selector, flat(one), (*path, "selector"))]

    def _filled(self, kind: str, asked: Any, given: Parameters, path: FieldPath) -> Any:
        """A generator with the parameters of another filled in (``RenderGeneratorParams``)."""
        values = dig(asked, "values")
        try:
            if kind in {"git", "clusters"} and isinstance(values, dict):
                rest = {key: value for key, value in asked.items() if key != "values"}
                kept = {key: self.filler.try_text(value, given) for key, value in values.items()}
                return {**self.filler.deep(rest, given), "values": kept}
            return self.filler.deep(asked, given)
        except TextError as error:
            raise GeneratorError(error.message, (*path, *error.path)) from None

    def _with_values(self, asked: Any, parameters: Parameters, path: FieldPath) -> Parameters:
        """Add a generator's ``values`` (``appendTemplatedValues``)."""
        values: Parameters = {}
        for key, value in fields(asked, "values").items():
            try:
                values[key] = self.filler.text(go_plain(value), parameters)
            except TextError as error:
                raise GeneratorError(error.message, (*path, "values", key)) from None
        if self.filler.go:
            return {**parameters, "values": values} if values else parameters
        return {**parameters, **{f"values.{key}": value for key, value in values.items()}}

    def _list(self, asked: Any, path: FieldPath) -> Iterator[Parameters]:
        for index, element in enumerate(entries(asked, "elements")):
            place = (*path, "elements", index)
            if not isinstance(element, dict):
                raise GeneratorError("an element of a list must be a mapping", place)
            yield numbers_as_go(element) if self.filler.go else _flat_element(element, place)
        text = text_at(asked, "elementsYaml")
        if not text:
            return
        documents = decode(text.encode("utf-8", "replace"), "elements.yaml").documents
        data = documents[0].data if documents else None
        if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
            raise GeneratorError("what comes of elementsYaml is no list of mappings", (*path, "elementsYaml"))
        yield from (numbers_as_go({str(key): value for key, value in one.items()}) for one in data)

    def _clusters(self, asked: Any, path: FieldPath) -> list[Parameters]:
        clusters = [one for one in self.world.settings.clusters if text_at(one, "server")]
        if not clusters:
            raise UnknownError("it asks for Argo CD's clusters, and the config gives no target a server")
        selector = fields(asked, "selector")
        found: list[Parameters] = []
        for cluster in clusters:
            labels = {"argocd.argoproj.io/secret-type": "cluster", **fields(cluster, "labels")}
            if selects(selector, {key: go_plain(value) for key, value in labels.items()}, (*path, "selector")):
                found.append(self._with_values(asked, self._cluster(cluster, labels), path))
        wanted = bool(selector.get("matchLabels") or selector.get("matchExpressions"))
        if not wanted and not any(text_at(one, "server") == IN_CLUSTER for one in clusters):
            own = {"name": IN_CLUSTER_NAME, "nameNormalized": IN_CLUSTER_NAME, "server": IN_CLUSTER, "project": ""}
            found.append(self._with_values(asked, own, path))
        return [{"clusters": found}] if dig(asked, "flatList") else found

    def _cluster(self, cluster: Mapping[str, Any], labels: Mapping[str, Any]) -> Parameters:
        """``getClusterParameters``."""
        name = text_at(cluster, "name")
        parameters: Parameters = {
            "name": name,
            "nameNormalized": normalize(name),
            "server": text_at(cluster, "server"),
            "project": text_at(cluster, "project"),
        }
        noted = fields(cluster, "annotations")
        annotations = {key: value for key, value in noted.items() if key not in _EXCLUDED_ANNOTATIONS}
        if self.filler.go:
            metadata: Parameters = {"labels": dict(labels)}
            return {**parameters, "metadata": {**metadata, "annotations": annotations} if noted else metadata}
        flat_labels = {f"metadata.labels.{key}": go_plain(value) for key, value in labels.items()}
        return {
            **parameters,
            **{f"metadata.annotations.{key}": go_plain(value) for key, value in annotations.items()},
            **flat_labels,
        }

    def _git(self, asked: Any, path: FieldPath) -> list[Parameters]:
        where = (text_at(asked, "repoURL"), text_at(asked, "revision"))
        why = self.elsewhere[where] if where in self.elsewhere else self.world.why_elsewhere(*where)
        if why:
            raise UnknownError(why)
        prefix = text_at(asked, "pathParamPrefix")
        if entries(asked, "directories"):
            folders = self._folders(asked, path)
            return [self._with_values(asked, self._of_path(one, prefix), path) for one in folders]
        if entries(asked, "files"):
            found = [one for file in self._files(asked, path) for one in self._of_file(file, prefix, path)]
            return [self._with_values(asked, one, path) for one in found]
        raise GeneratorError("a git generator names neither directories nor files", path)

    def _folders(self, asked: Any, path: FieldPath) -> list[str]:
        """The folders that are asked for; hidden ones are never found (``filterPaths``)."""
        included, excluded = _patterns(asked, "directories", path, go_match)
        index = self.world.graph.index
        return sorted(
            (
                folder
                for folder in index.folders
                if folder
                and not any(name.startswith(".") for name in folder.split("/"))
                and any(matches(folder) for matches in included)
                and not any(matches(folder) for matches in excluded)
            ),
            key=lambda one: one.split("/"),
        )

    def _files(self, asked: Any, path: FieldPath) -> list[str]:
        new = any(
            text_at(one.data, "data", "applicationsetcontroller.enable.new.git.file.globbing") == "true"
            for one in self.world.named("", "ConfigMap", "", "argocd-cmd-params-cm")
        )
        included, excluded = _patterns(asked, "files", path, doublestar if new else pathspec)
        return [
            file
            for file in sorted(self.world.graph.index.entries)
            if any(matches(file) for matches in included) and not any(matches(file) for matches in excluded)
        ]

    def _of_path(self, folder: str, prefix: str) -> Parameters:
        """``buildPathParameters``."""
        name = posixpath.basename(folder)
        return self._named(folder, prefix, {"basename": name, "basenameNormalized": normalize(name)})

    def _named(self, folder: str, prefix: str, more: Mapping[str, str]) -> Parameters:
        if self.filler.go:
            path = {"path": folder, **more, "segments": folder.split("/")}
            return {prefix: {"path": path}} if prefix else {"path": path}
        name = f"{prefix}.path" if prefix else "path"
        segments = {f"{name}[{index}]": one for index, one in enumerate(folder.split("/")) if one}
        return {name: folder, **{f"{name}.{key}": value for key, value in more.items()}, **segments}

    def _of_file(self, file: str, prefix: str, path: FieldPath) -> Iterator[Parameters]:
        """``parseFileParams``."""
        found = self.world.graph.index.find(file)
        if found.place is not Place.FILE:
            raise UnknownError(f"{file} leads out of the repository")
        entry = self.world.graph.index.entries[found.path]
        if entry.size > Limits().file_bytes:
            raise UnknownError(f"{file} is too large to be read")
        folder, name = posixpath.dirname(file) or ".", posixpath.basename(file)
        base = posixpath.basename(folder)
        more = {
            "basename": base,
            "filename": name,
            "basenameNormalized": normalize(base),
            "filenameNormalized": normalize(name),
        }
        decoded = decode(self.world.tree.read(found.path), file)
        data = decoded.documents[0].data if decoded.documents else None
        several = data if isinstance(data, list) else [{} if data is None else data]
        if (decoded.problems and not decoded.documents) or not all(isinstance(one, dict) for one in several):
            region = decoded.problems[0].region if decoded.problems else None
            what = decoded.problems[0].message if decoded.problems else "it is no mapping, and no list of mappings"
            raise GeneratorError(f"{file} holds no parameters: {what}", path, Location(file, region))
        for one in several:
            own = numbers_as_go({str(key): value for key, value in one.items()}) if self.filler.go else flat(one)
            yield {**own, **self._named(folder, prefix, more)}

    def _matrix(self, asked: Any, path: FieldPath, depth: int) -> list[Parameters]:
        inner = entries(asked, "generators")
        if len(inner) != 2:
            raise GeneratorError(f"a matrix has two generators, and this one has {len(inner)}", path)
        found: list[Parameters] = []
        for first in self.sets(inner[0], (*path, "generators", 0), None, depth + 1):
            for second in self.sets(inner[1], (*path, "generators", 1), first, depth + 1):
                found.append(overlaid(second, first) if self.filler.go else _combined(first, second, path))
                if len(found) > MAX_SETS:
                    raise UnknownError(f"it finds more than {MAX_SETS:,} sets of parameters")
        return found

    def _merge(self, asked: Any, path: FieldPath, depth: int) -> list[Parameters]:
        inner = entries(asked, "generators")
        keys = [key for key in entries(asked, "mergeKeys") if isinstance(key, str)]
        if len(inner) < 2:
            raise GeneratorError(f"a merge has two generators or more, and this one has {len(inner)}", path)
        if not keys:
            raise GeneratorError("a merge has no mergeKeys", path)
        several = [
            _by_keys(self.sets(one, (*path, "generators", index), None, depth + 1), keys, (*path, "generators", index))
            for index, one in enumerate(inner)
        ]
        merged = several[0]
        for more in several[1:]:
            for key in merged.keys() & more.keys():
                merged[key] = overlaid(merged[key], more[key]) if self.filler.go else {**merged[key], **more[key]}
        return list(merged.values())


def kind_of(generator: Any, path: FieldPath) -> str:
    """Which sort of generator an entry is.

    Raises:
        UnknownError: one that asks somebody else.
        GeneratorError: none, or several at once.
    """
    named = [key for key, value in fields(generator).items() if value is not None and key != "selector"]
    elsewhere = next((key for key in named if key in _ELSEWHERE), None)
    if elsewhere is not None:
        raise UnknownError(_ELSEWHERE[elsewhere])
    known = [key for key in named if key in _KNOWN]
    if len(known) > 1:
        raise UnknownError("one entry holds several generators")
    if not known:
        raise GeneratorError("an entry holds no generator that Argo CD knows", path)
    return known[0]


def _patterns(asked: Any, name: str, path: FieldPath, read: Any) -> tuple[list[Matcher], list[Matcher]]:
    """The patterns of what is wanted, and of what is left out."""
    wanted: list[Matcher] = []
    left_out: list[Matcher] = []
    for index, entry in enumerate(entries(asked, name)):
        text = text_at(entry, "path")
        try:
            (left_out if dig(entry, "exclude") else wanted).append(read(text))
        except GlobError as error:
            raise GeneratorError(f'"{text}" is no pattern: {error}', (*path, name, index, "path")) from None
    return wanted, left_out


def _flat_element(element: Mapping[str, Any], place: FieldPath) -> Parameters:
    """An element of a list without Go templates, whose values are texts (``ListGenerator.GenerateParams``)."""
    found: Parameters = {}
    for key, value in element.items():
        inner = value if key == "values" and isinstance(value, dict) else None
        for name, one in [(key, value)] if inner is None else [(f"values.{name}", one) for name, one in inner.items()]:
            if not isinstance(one, str):
                raise GeneratorError(
                    f'the parameter {name} is no text, which it must be without "goTemplate: true"', (*place, key)
                )
            found[name] = one
    return found


def flat(value: Any, prefix: str = "") -> dict[str, str]:
    """Nested data as texts by dotted names (``flatten.DotStyle``)."""
    pairs: Sequence[tuple[Any, Any]]
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    else:
        return {prefix: go_plain(value)}
    found: dict[str, str] = {}
    for key, one in pairs:
        found.update(flat(one, f"{prefix}.{key}" if prefix else str(key)))
    return found


def overlaid(below: Parameters, above: Mapping[str, Any]) -> Parameters:
    """Parameters with others laid over them: what is empty above does not count (``mergo.WithOverride``)."""
    result = dict(below)
    for key, value in above.items():
        here = result.get(key)
        if isinstance(here, dict) and isinstance(value, dict):
            result[key] = overlaid(here, value)
        elif key not in result or value not in (None, "", 0, False, [], {}):
            result[key] = value
    return result


def _combined(first: Parameters, second: Parameters, path: FieldPath) -> Parameters:
    """``CombineStringMaps``: both must agree on what both set."""
    a = {key: go_plain(value) for key, value in first.items()}
    b = {key: go_plain(value) for key, value in second.items()}
    for key in a.keys() & b.keys():
        if a[key] != b[key]:
            raise GeneratorError(
                f'both generators of a matrix set {key}, one to "{a[key]}" and one to "{b[key]}"', path
            )
    return {**a, **b}


def _by_keys(sets: Sequence[Parameters], keys: Sequence[str], path: FieldPath) -> dict[str, Parameters]:
    """``getParamSetsByMergeKey``."""
    found: dict[str, Parameters] = {}
    for one in sets:
        named = {key: one.get(key) for key in keys}
        key = json.dumps(named, default=str)
        if key in found:
            shown = ", ".join(f"{name} = {value}" for name, value in named.items())
            raise GeneratorError(f"two sets of parameters have the same mergeKeys ({shown})", path)
        found[key] = one
    return found


def selects(selector: Any, labels: Mapping[str, str], path: FieldPath) -> bool:
    """Whether a label selector chooses labels (``LabelSelectorAsSelector``).

    Raises:
        GeneratorError: it is no selector.
    """
    for key, value in fields(selector, "matchLabels").items():
        if labels.get(key) != go_plain(value):
            return False
    for index, one in enumerate(entries(selector, "matchExpressions")):
        key, operator = text_at(one, "key"), text_at(one, "operator")
        values = [go_plain(value) for value in entries(one, "values")]
        tests = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if operator not in tests or (operator in {"In", "NotIn"} and not values):
            raise GeneratorError(
                f"{operator or 'an entry'} is no operator with these values", (*path, "matchExpressions", index)
            )
        if not tests[operator]:
            return False
    return True
