"""What a build with Kustomize does to the objects of one file, done once more with every value knowing its line.

It need not be Kustomize to the last detail: whatever comes out is compared with what Kustomize rendered, and of what is
not the same nobody says that its line is sure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gategit.checks.references.kustomize import Kustomization, KustomizeGraph, LinkState
from gategit.manifests.decode import decode
from gategit.model import FieldPath
from gategit.render.kustomize_plan import Plan
from gategit.render.provenance_nodes import Node, Origin, apply_operation, copied, load, merge, plain
from gategit.render.provenance_texts import Texts

Parts = tuple[str, ...]

_KNOWN_GROUPS: Final = frozenset(
    {
        *("", "apps", "batch", "autoscaling", "policy", "extensions", "networking.k8s.io", "storage.k8s.io"),
        *("rbac.authorization.k8s.io", "admissionregistration.k8s.io", "scheduling.k8s.io", "node.k8s.io"),
        *("coordination.k8s.io", "discovery.k8s.io", "certificates.k8s.io", "apiregistration.k8s.io"),
        *("flowcontrol.apiserver.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "events.k8s.io"),
    }
)
"""The groups of which Kustomize knows what a strategic merge patch merges."""

_POD_TEMPLATES: Final[Mapping[str, Parts]] = {
    "Deployment": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
_MADE_SELECTORS: Final[Mapping[str, Parts]] = {
    "Service": ("spec", "selector"),
    "ReplicationController": ("spec", "selector"),
    "Deployment": ("spec", "selector", "matchLabels"),
    "ReplicaSet": ("spec", "selector", "matchLabels"),
    "DaemonSet": ("spec", "selector", "matchLabels"),
    "StatefulSet": ("spec", "selector", "matchLabels"),
}
_TERM: Final = ("labelSelector", "matchLabels")
_AFFINITY: Final = ("spec", "template", "spec", "affinity")
_FOUND_SELECTORS: Final[Mapping[str, tuple[Parts, ...]]] = {
    **{
        kind: (
            *(
                (*_AFFINITY, sort, "preferredDuringSchedulingIgnoredDuringExecution", "podAffinityTerm", *_TERM)
                for sort in ("podAffinity", "podAntiAffinity")
            ),
            *(
                (*_AFFINITY, sort, "requiredDuringSchedulingIgnoredDuringExecution", *_TERM)
                for sort in ("podAffinity", "podAntiAffinity")
            ),
            ("spec", "template", "spec", "topologySpreadConstraints", *_TERM),
        )
        for kind in ("Deployment", "StatefulSet")
    },
    "Job": (("spec", "selector", "matchLabels"),),
    "CronJob": (("spec", "jobTemplate", "spec", "selector", "matchLabels"),),
    "PodDisruptionBudget": (("spec", "selector", "matchLabels"),),
    "NetworkPolicy": (
        ("spec", "podSelector", "matchLabels"),
        ("spec", "ingress", "from", "podSelector", "matchLabels"),
        ("spec", "egress", "to", "podSelector", "matchLabels"),
    ),
}
_SCALED: Final = frozenset({"Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"})
_NAMES_KEPT: Final = frozenset({"CustomResourceDefinition", "APIService", "Namespace"})
_CONTAINERS: Final = frozenset({"containers", "initContainers"})
_IMAGE: Final = re.compile(r"(?P<name>[^@]*?)(?::(?P<tag>[^:/@]*))?(?:@(?P<digest>.*))?\Z", re.DOTALL)
_TERM_END: Final = re.compile(r",(?![^(]*\))")
_SELECTOR_TERM: Final = re.compile(
    r"""\s*(?P<key>[^\s=!]+)
        (?:\s*(?P<operator>==|=|!=|\s(?:notin|in)(?=[\s(]))\s*(?:\((?P<values>[^)]*)\)|(?P<value>[^\s,()]*)))\s*\Z""",
    re.VERBOSE,
)
_TAME: Final = re.compile(r"(?:[\w./:^$|-]|\\[.dws/-]|\[\^?[\w.-]+\][*+?]?|(?:[\w.]|\])[*+?]|\((?:\?:)?|\)\??)*")
_REPEATED: Final = re.compile(r"[*+]")
_MOST_REPEATED: Final = 3
_LONGEST_SELECTOR: Final = 2000
_DEPTH: Final = 60


@dataclass(frozen=True, slots=True)
class Id:
    """By what Kustomize knows an object."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str


@dataclass(slots=True)
class Carried:
    """An object on its way to the top. ``ids`` are the ones that it has had, without the present one."""

    node: Node
    ids: list[Id]
    replaced: list[tuple[Node, Copied]] = field(default_factory=list)

    @property
    def id(self) -> Id:
        """By what it is known now."""
        group, _, version = self.node.text("apiVersion").rpartition("/")
        names = (self.node.text("metadata", name) for name in ("namespace", "name"))
        return Id(group, version, self.node.text("kind"), *names)

    @property
    def known_as(self) -> tuple[Id, ...]:
        """By what it is, and was, known."""
        return (*self.ids, self.id)

    def remember(self) -> None:
        """Keep the present id before something changes it."""
        if self.id not in self.ids:
            self.ids.append(self.id)


@dataclass(frozen=True, slots=True)
class Copied:
    """A value that a replacement brings: from which object and field, or from the entry itself."""

    source: Node
    entry: Origin


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of which file the objects are followed, and of which kustomization the generated ones."""

    file: str
    generated_by: str


class Replay:
    """A build, done again for a few of its objects.

    Args:
        made: what the build is made of.
        graph: the tree's kustomizations.
        texts: the tree's files.
        agents: where the agent's own object says what it adds; by the field of the kustomization.
        charts: what the charts of a kustomization render to.
    """

    def __init__(
        self,
        made: Plan,
        graph: KustomizeGraph,
        texts: Texts,
        agents: Callable[[FieldPath, Any], Origin | None],
        charts: Callable[[Kustomization], Iterator[Node]],
    ) -> None:
        self._made = made
        self._graph = graph
        self._texts = texts
        self._agents = agents
        self._charts = charts
        self._entries: dict[str, Node] = {}
        self._done: dict[Wanted, list[Carried]] = {}

    def objects(self, wanted: Wanted) -> list[Carried]:
        """What becomes of the objects of a file, and of those that a kustomization generates."""
        if wanted not in self._done:
            top = self._made.kustomizations.get(self._made.file)
            self._done[wanted] = self._build(top, wanted, [], 0) if top is not None else []
        return self._done[wanted]

    def entries(self, one: Kustomization) -> Node:
        """A kustomization's own fields."""
        if one.file not in self._entries:
            own = self._texts.document(one.file, one.parsed.document)
            if one.file == self._made.file:
                self._entries[one.file] = self._merged(one, own)
            else:
                self._entries[one.file] = load(
                    own if isinstance(own, dict) else {}, Origin(one.file, one.parsed.document)
                )
        return self._entries[one.file]

    def _merged(self, one: Kustomization, own: Any) -> Node:
        """The fields of the kustomization that is built, with what the agent adds."""
        merged = load(dict(self._made.data), None)
        here = load(own if isinstance(own, dict) else {}, Origin(one.file, one.parsed.document))
        self._place(merged, here, ())
        return merged

    def _place(self, node: Node, own: Node | None, path: FieldPath) -> None:
        """Say of each field where it is written: in the file, where it has the same value, else by the agent."""
        same = own is not None and plain(own) == plain(node)
        node.origin = own.origin if own is not None and (same or not isinstance(node.value, str)) else None
        if not same and not isinstance(node.value, dict | list):
            node.origin = None
        if node.origin is None:
            node.origin = self._agents(path, plain(node))
        children = node.value.items() if isinstance(node.value, dict) else ()
        for key, child in children:
            self._place(child, own.step(key) if own is not None else None, (*path, key))
        for index, child in enumerate(node.value if isinstance(node.value, list) else ()):
            self._place(child, own.step(index) if own is not None else None, (*path, index))

    def _build(self, one: Kustomization, wanted: Wanted, carried: list[Carried], depth: int) -> list[Carried]:
        if depth > _DEPTH:
            return carried
        entries = self.entries(one)
        links = {link.reference.path: link for link in one.links}
        objects = list(carried)
        for link in (link for path, link in links.items() if path[0] in {"resources", "bases"}):
            if link.state is LinkState.FILE and link.path == wanted.file:
                objects += self._declared(link.path)
            elif link.state is LinkState.FOLDER and link.path in self._graph.kustomizations:
                objects += self._build(self._graph.kustomizations[link.path], wanted, [], depth + 1)
        objects += self._generated(one, entries, wanted, objects)
        if one.file == wanted.generated_by and one.parsed.charts:
            objects += [Carried(node, []) for node in self._charts(one)]
        for link in (link for path, link in links.items() if path[0] == "components"):
            if link.state is LinkState.FOLDER and link.path in self._graph.kustomizations:
                objects = self._build(self._graph.kustomizations[link.path], wanted, objects, depth + 1)
        if objects:
            Transformers(one, entries, objects, self._texts).run()
        return objects

    def _declared(self, file: str) -> Iterator[Carried]:
        for source, data in self._texts.objects(file):
            node = load(data, Origin(file, source.document, source.pointer))
            yield Carried(node, [])

    def _generated(
        self, one: Kustomization, entries: Node, wanted: Wanted, objects: Sequence[Carried]
    ) -> Iterator[Carried]:
        """The ConfigMaps and Secrets that a kustomization generates, and those that it only adds to."""
        for name, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
            listed = entries.step(name)
            for entry in listed.value if listed is not None and isinstance(listed.value, list) else ():
                made = self._map(one, entries, entry, kind)
                older = next((each for each in objects if _is_generated_as(each, made.id)), None)
                if older is not None and entry.text("behavior") == "merge":
                    merge(older.node, made.node, known=False)
                elif older is not None and entry.text("behavior") == "replace":
                    for part in ("data", "binaryData", "stringData"):
                        _replace(older.node, made.node, part)
                elif one.file == wanted.generated_by:
                    yield made

    def _map(self, one: Kustomization, entries: Node, entry: Node, kind: str) -> Carried:
        data = self._data(one, entry)
        values: dict[str, Node] = {
            "apiVersion": Node("v1", entry.origin),
            "kind": Node(kind, entry.origin),
            "data": Node(data, entry.origin),
        }
        metadata: dict[str, Node] = {}
        for name in ("name", "namespace"):
            found = entry.step(name)
            if found is not None:
                metadata[name] = copied(found)
        for options in (entries.step("generatorOptions"), entry.step("options")):
            for name in ("labels", "annotations"):
                found = options.step(name) if options is not None else None
                if found is not None and isinstance(found.value, dict):
                    known = metadata.setdefault(name, Node({}, found.origin))
                    if isinstance(known.value, dict):
                        known.value.update({key: copied(value) for key, value in found.value.items()})
        immutable = (entry.get("options", "immutable"), entries.get("generatorOptions", "immutable"))
        for found in immutable:
            if found is not None:
                values.setdefault("immutable", copied(found))
        if kind == "Secret":
            sort = entry.step("type")
            values["type"] = copied(sort) if sort is not None else Node("Opaque", entry.origin)
        values["metadata"] = Node(metadata, entry.origin)
        return Carried(Node(values, entry.origin), [])

    def _data(self, one: Kustomization, entry: Node) -> dict[str, Node]:
        data: dict[str, Node] = {}
        links = {link.reference.path: link for link in one.links if link.state is LinkState.FILE}
        for origin in [entry.origin]:
            for path, link in links.items():
                if origin is None or origin.path is None or path[: len(origin.path)] != origin.path:
                    continue
                sort = path[len(origin.path)]
                if sort == "files":
                    key = link.reference.scope.rpartition(" ")[2]
                    data[key] = Node(self._texts.text(link.path), Origin(link.path, path=None))
                elif sort in {"envs", "env"}:
                    for number, line in enumerate(self._texts.text(link.path).splitlines(), 1):
                        key, _, value = line.strip().partition("=")
                        if key and not key.startswith("#"):
                            data[key] = Node(value, Origin(link.path, path=None, line=number))
        literals = entry.step("literals")
        for literal in literals.value if literals is not None and isinstance(literals.value, list) else ():
            if isinstance(literal.value, str):
                key, _, value = literal.value.partition("=")
                data[key] = Node(_unquoted(value), literal.origin)
        return data


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


def _is_generated_as(carried: Carried, wanted: Id) -> bool:
    return any((one.kind, one.name) == (wanted.kind, wanted.name) for one in carried.known_as)


def _replace(target: Node, source: Node, part: str) -> None:
    if isinstance(target.value, dict):
        found = source.step(part)
        if found is not None:
            target.value[part] = found
        else:
            target.value.pop(part, None)


class Transformers:
    """What one kustomization does to objects, in Kustomize's order."""

    def __init__(self, one: Kustomization, entries: Node, objects: Sequence[Carried], texts: Texts) -> None:
        self._one = one
        self._entries = entries
        self._objects = objects
        self._texts = texts

    def run(self) -> None:
        """Change the objects."""
        for entry in self._list("patchesStrategicMerge"):
            self._patch(entry, entry, None)
        for entry in self._list("patches"):
            self._patch_entry(entry)
        self._namespace()
        self._affix("namePrefix")
        self._affix("nameSuffix")
        self._labels()
        self._annotations()
        for entry in self._list("patchesJson6902"):
            self._patch_entry(entry)
        self._replicas()
        for entry in self._list("images"):
            for carried in self._objects:
                _set_images(carried.node, entry)
        self._replacements()

    def _list(self, name: str) -> list[Node]:
        found = self._entries.step(name)
        return found.value if found is not None and isinstance(found.value, list) else []

    def _patch_entry(self, entry: Node) -> None:
        text = entry.step("patch") or entry.step("path")
        if text is not None:
            self._patch(entry, text, entry.step("target"))

    def _patch(self, entry: Node, text: Node, target: Node | None) -> None:
        """Apply a patch: the one that a text is, or the one of the file that it names."""
        for patch in self._documents(text):
            if isinstance(patch.value, list):
                for carried in self._objects:
                    if target is not None and selects(target, carried):
                        carried.remember()
                        for operation in patch.value:
                            apply_operation(carried.node, operation)
            elif isinstance(patch.value, dict):
                self._strategic(entry, patch, target)

    def _strategic(self, entry: Node, patch: Node, target: Node | None) -> None:
        bare = copied(patch)
        wanted = Carried(bare, []).id
        for carried in self._objects:
            if not (selects(target, carried) if target is not None else _is_meant(carried, wanted)):
                continue
            if patch.text("$patch") == "delete":
                continue
            carried.remember()
            id_ = carried.id
            merge(carried.node, self._nameless(bare, entry), known=id_.group in _KNOWN_GROUPS)

    @staticmethod
    def _nameless(patch: Node, entry: Node) -> Node:
        """A patch without what says of what it is, which it changes only where that is asked for."""
        options = entry.step("options")
        renames = options is not None and _is_true(options.step("allowNameChange"))
        rekinds = options is not None and _is_true(options.step("allowKindChange"))
        bare = copied(patch)
        if isinstance(bare.value, dict):
            if not rekinds:
                bare.value.pop("kind", None)
                bare.value.pop("apiVersion", None)
            metadata = bare.step("metadata")
            if metadata is not None and isinstance(metadata.value, dict):
                metadata.value.pop("namespace", None)
                if not renames:
                    metadata.value.pop("name", None)
        return bare

    def _documents(self, text: Node) -> Iterator[Node]:
        if not isinstance(text.value, str) or text.origin is None:
            return
        link = next(
            (
                link
                for link in self._one.links
                if link.reference.path == text.origin.path and link.state is LinkState.FILE
            ),
            None,
        )
        by_text = link or next(
            (link for link in self._one.links if link.reference.text == text.value and link.state is LinkState.FILE),
            None,
        )
        if by_text is not None:
            for index, data in self._texts.documents(by_text.path):
                yield load(data, Origin(by_text.path, index))
            return
        outer = text.origin
        if outer.inner is None and not isinstance(self._texts.value(outer), str):
            # The agent writes as text what stands as fields in its object.
            for document in decode(text.value.encode("utf-8", "surrogatepass"), "patch.yaml").documents:
                yield load(document.data, outer)
            return
        for document in decode(text.value.encode("utf-8", "surrogatepass"), "patch.yaml").documents:
            inner = Origin(outer.file, outer.document, outer.path, (document.index, ()), location=outer.location)
            yield load(document.data, inner)

    def _namespace(self) -> None:
        found = self._entries.step("namespace")
        if found is None or not found.value:
            return
        for carried in self._objects:
            carried.remember()
            metadata = carried.node.step("metadata")
            if carried.id.kind == "Namespace":
                _set(carried.node, ("metadata", "name"), found)
            elif metadata is not None and isinstance(metadata.value, dict):
                metadata.value["namespace"] = copied(found)
            for subject in _matching(carried.node, ("subjects",)):
                if subject.text("kind") == "ServiceAccount" and isinstance(subject.value, dict):
                    # Changed only for accounts that are built, too: what was there may be what comes out.
                    new = copied(found)
                    new.before = subject.value.get("namespace")
                    subject.value["namespace"] = new

    def _affix(self, name: str) -> None:
        text = self._entries.text(name)
        for carried in self._objects if text else ():
            here = carried.node.get("metadata", "name")
            if here is None or not isinstance(here.value, str) or carried.id.kind in _NAMES_KEPT:
                continue
            carried.remember()
            here.value = f"{text}{here.value}" if name == "namePrefix" else f"{here.value}{text}"

    def _labels(self) -> None:
        for entry in self._list("labels"):
            pairs = entry.step("pairs")
            if pairs is not None:
                selectors = _is_true(entry.step("includeSelectors"))
                templates = selectors or _is_true(entry.step("includeTemplates"))
                claims = selectors or _is_true(entry.step("includeVolumeClaimTemplates"))
                fields = entry.step("fields")
                for carried in self._objects:
                    _label(carried, pairs, selectors=selectors, templates=templates, claims=claims)
                    for one in fields.value if fields is not None and isinstance(fields.value, list) else ():
                        if one.text("kind") in {"", carried.id.kind}:
                            path = tuple(part.removesuffix("[]") for part in one.text("path").split("/"))
                            _put_pairs(carried.node, path, pairs, create=_is_true(one.step("create")))
        common = self._entries.step("commonLabels")
        if common is not None:
            for carried in self._objects:
                _label(carried, common, selectors=True, templates=True, claims=True)

    def _annotations(self) -> None:
        pairs = self._entries.step("commonAnnotations")
        if pairs is None:
            return
        for carried in self._objects:
            _put_pairs(carried.node, ("metadata", "annotations"), pairs, create=True)
            template = _POD_TEMPLATES.get(carried.id.kind)
            if template is not None:
                _put_pairs(carried.node, (*template, "metadata", "annotations"), pairs, create=True)
            if carried.id.kind == "CronJob":
                _put_pairs(carried.node, ("spec", "jobTemplate", "metadata", "annotations"), pairs, create=True)

    def _replicas(self) -> None:
        for entry in self._list("replicas"):
            count = entry.step("count")
            for carried in self._objects if count is not None else ():
                names = {one.name for one in carried.known_as}
                spec = carried.node.step("spec")
                if (
                    count is not None
                    and carried.id.kind in _SCALED
                    and entry.text("name") in names
                    and spec is not None
                    and isinstance(spec.value, dict)
                ):
                    spec.value["replicas"] = copied(count)

    def _replacements(self) -> None:
        for entry in self._list("replacements"):
            several = self._documents(path) if (path := entry.step("path")) is not None else iter((entry,))
            for found in several:
                for one in found.value if isinstance(found.value, list) else (found,):
                    self._replacement(one)

    def _replacement(self, entry: Node) -> None:
        source = entry.step("source") or entry.step("sourceValue")
        targets = entry.step("targets")
        if source is None or entry.origin is None or targets is None or not isinstance(targets.value, list):
            return
        for target in targets.value:
            select = target.step("select")
            paths = target.step("fieldPaths")
            for carried in self._objects if select is not None else ():
                if select is None or not selects(select, carried):
                    continue
                for path in paths.value if paths is not None and isinstance(paths.value, list) else ():
                    steps = _field_steps(path.value) if isinstance(path.value, str) else []
                    if _is_true(target.get("options", "create")):
                        _create(carried.node, steps)
                    for here in _at_steps(carried.node, steps):
                        carried.replaced.append((here, Copied(source, path.origin or entry.origin)))


def _is_true(node: Node | None) -> bool:
    return node is not None and node.value is True


def selects(target: Node, carried: Carried) -> bool:
    """Whether a selector means an object, by any of the names that it has had."""
    for one in carried.known_as:
        pairs = (
            ("group", one.group),
            ("version", one.version),
            ("kind", one.kind),
            ("name", one.name),
            ("namespace", one.namespace),
        )
        if all(_fits(target.text(key), value) for key, value in pairs):
            break
    else:
        return False
    for selector, name in (("labelSelector", "labels"), ("annotationSelector", "annotations")):
        text = target.text(selector)
        found = carried.node.get("metadata", name)
        if text and not _selected(text, found.value if found is not None and isinstance(found.value, dict) else {}):
            return False
    return True


def _fits(pattern: str, value: str) -> bool:
    """Whether a selector's pattern, which is anchored, means a value; False for one that could take long to try."""
    if not pattern or pattern == value:
        return True
    if not _TAME.fullmatch(pattern) or len(_REPEATED.findall(pattern)) > _MOST_REPEATED:
        return False
    try:
        return bool(re.fullmatch(pattern, value))
    except re.error:
        return False


def _selected(text: str, pairs: Mapping[str, Node]) -> bool:
    """Whether labels are those that a selector means."""
    if len(text) > _LONGEST_SELECTOR:
        return False
    for term in _TERM_END.split(text):
        found = _SELECTOR_TERM.match(term)
        if found is None:
            name = term.strip()
            if (name.removeprefix("!").strip() in pairs) is name.startswith("!"):
                return False
            continue
        one = pairs.get(found["key"])
        values = [value.strip() for value in (found["values"] or found["value"] or "").split(",")]
        equal = one is not None and str(one.value) in values
        if equal is (found["operator"].strip() in {"!=", "notin"}):
            return False
    return True


def _is_meant(carried: Carried, wanted: Id) -> bool:
    return any(
        (one.group, one.version, one.kind, one.name) == (wanted.group, wanted.version, wanted.kind, wanted.name)
        and (one.namespace or "default") == (wanted.namespace or "default")
        for one in carried.known_as
    )


def _set(node: Node, path: Parts, value: Node) -> None:
    parent = node.get(*path[:-1])
    if parent is not None and isinstance(parent.value, dict):
        parent.value[path[-1]] = copied(value)


def _matching(node: Node, path: Parts) -> list[Node]:
    """The values at a path that leads through every entry of the lists on its way."""
    found = [node]
    for step in path:
        found = [inner for one in found if (inner := one.step(step)) is not None]
        found = [each for one in found for each in (one.value if isinstance(one.value, list) and one.value else [one])]
    return found


def _put_pairs(node: Node, path: Parts, pairs: Node, *, create: bool) -> None:
    if not isinstance(pairs.value, dict):
        return
    if create:
        _create(node, path)
    for one in _matching(node, path):
        if one.value is None:
            one.value = {}
        if isinstance(one.value, dict):
            for key, value in pairs.value.items():
                one.value[key] = copied(value)


def _create(node: Node, path: Sequence[str | tuple[str, str]]) -> None:
    """Make the mappings on a path; lists on the way end it."""
    for step in path:
        if not isinstance(step, str) or not isinstance(node.value, dict):
            return
        if step not in node.value or node.value[step].value is None:
            node.value[step] = Node({}, node.origin)
        node = node.value[step]


def _label(carried: Carried, pairs: Node, *, selectors: bool, templates: bool, claims: bool) -> None:
    node, kind = carried.node, carried.id.kind
    _put_pairs(node, ("metadata", "labels"), pairs, create=True)
    if templates and kind in _POD_TEMPLATES:
        _put_pairs(node, (*_POD_TEMPLATES[kind], "metadata", "labels"), pairs, create=True)
        if kind == "CronJob":
            _put_pairs(node, ("spec", "jobTemplate", "metadata", "labels"), pairs, create=True)
    if claims and kind == "StatefulSet":
        for claim in _matching(node, ("spec", "volumeClaimTemplates")):
            _put_pairs(claim, ("metadata", "labels"), pairs, create=True)
    if selectors:
        if kind in _MADE_SELECTORS:
            _put_pairs(node, _MADE_SELECTORS[kind], pairs, create=True)
        for path in _FOUND_SELECTORS.get(kind, ()):
            _put_pairs(node, path, pairs, create=False)


def _set_images(node: Node, entry: Node) -> None:
    """Change the images of every container, however deep it stands."""
    name = entry.text("name")
    waiting = [node]
    while waiting:
        one = waiting.pop()
        children = one.value.items() if isinstance(one.value, dict) else ()
        for key, child in children:
            if key in _CONTAINERS and isinstance(child.value, list):
                for container in child.value:
                    _set_image(container, name, entry)
            if key == "volumes" and isinstance(child.value, list):
                for volume in child.value:
                    source = volume.step("image")
                    if source is not None:
                        _set_image(source, name, entry, "reference")
            waiting.append(child)
        if isinstance(one.value, list):
            waiting.extend(one.value)


def _set_image(container: Node, name: str, entry: Node, key: str = "image") -> None:
    image = container.step(key)
    if image is None or not isinstance(image.value, str):
        return
    found = _IMAGE.match(image.value)
    if found is None or found["name"] != name:
        return
    new_tag, digest = _texted(entry.step("newTag")), _texted(entry.step("digest"))
    tag, hashed = found["tag"] or "", found["digest"] or ""
    if new_tag or digest:
        tag, hashed = new_tag, digest
    elif entry.text("tagSuffix"):
        tag, hashed = tag + entry.text("tagSuffix"), ""
    value = (entry.text("newName") or name) + (f":{tag}" if tag else "") + (f"@{hashed}" if hashed else "")
    if value != image.value:
        by = next((one for part in ("digest", "newTag", "tagSuffix", "newName") if (one := entry.step(part))), entry)
        image.value, image.origin = value, by.origin


def _texted(node: Node | None) -> str:
    return str(node.value) if node is not None and node.value is not None else ""


Steps = list[str | tuple[str, str]]


def _field_steps(text: str) -> Steps:
    """A replacement's path: names, indices, ``*`` and ``[name=value]``."""
    steps: Steps = []
    for part in re.findall(r"\[[^\]]*\]|(?:\\.|[^.\[\]])+", text):
        if part.startswith("["):
            key, _, value = part[1:-1].partition("=")
            steps.append((key, value) if value else key)
        else:
            steps.append(part.replace("\\.", "."))
    return steps


def _at_steps(node: Node, steps: Sequence[str | tuple[str, str]]) -> list[Node]:
    found = [node]
    for step in steps:
        following: list[Node] = []
        for one in found:
            if isinstance(step, tuple):
                listed = one.value if isinstance(one.value, list) else []
                following += [each for each in listed if each.text(step[0]) == step[1]]
            elif step == "*":
                if isinstance(one.value, list):
                    following += one.value
                elif isinstance(one.value, dict):
                    following += one.value.values()
            else:
                is_index = isinstance(one.value, list) and step.isdecimal()
                inner = one.step(int(step) if is_index else step)
                following += [inner] if inner is not None else []
        found = following
    return found
