"""Who deploys what: projects, the order of a sync, one owner for each object, known destinations, forgotten files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from gategit.model import Level, Location, ObjectRef
from gategit.render.argocd import argocd_units
from gategit.render.argocd_order import check_order, position_of
from gategit.render.argocd_projects import check_project
from gategit.render.orphans import find_orphans
from gategit.render.owners import check_destinations, check_owners
from gategit.render.scopes import scopes_of
from gategit.render.values import (
    FilesBuild,
    Owner,
    Rendered,
    RenderedObject,
    RenderProblem,
    RenderSettings,
    Trace,
    Unit,
)
from tests.render.conftest import MakeTree
from tests.render.test_argocd import CONFIG_MAP, URL, application, discover, lines, read_world, source

SCOPES = scopes_of(())


def project(spec: str) -> str:
    """An AppProject called shop."""
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: shop, namespace: argocd}\n"
        f"spec: {spec}\n"
    )


def in_project(destination: str = "{server: 'https://kubernetes.default.svc', namespace: shop-web}") -> str:
    """An Application of that project."""
    return application(source(), destination=f"destination: {destination}").replace("default\n", "shop\n")


def thing(
    kind: str,
    name: str,
    namespace: str = "",
    api: str = "v1",
    **more: Any,
) -> RenderedObject:
    """An object, as something rendered it."""
    annotations = more.pop("annotations", {})
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), "annotations": annotations}
    return RenderedObject({"apiVersion": api, "kind": kind, "metadata": metadata, **more}, Trace(f"{name}.yaml", 0))


def rendered(
    name: str, objects: Sequence[RenderedObject], *, target: str | None = "prod", options: Sequence[str] = ()
) -> Rendered:
    """What came of an Application of a name."""
    owner = Owner(ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", name), Location("app.yaml"))
    unit = Unit(
        f"Argo CD Application argocd/{name}",
        FilesBuild(name),
        owner,
        target,
        "shop",
        cluster="in-cluster",
        project="shop",
        sync_options=tuple(options),
    )
    return Rendered(unit, tuple(objects))


def told(problems: Sequence[RenderProblem]) -> list[str]:
    """The messages."""
    return [one.message for one in problems]


# --- projects ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("repositories", "allowed"),
    [
        ("['*']", True),
        ("['https://git.example.com/shop/*']", True),
        ("['https://git.example.com/*']", False),
        ("['https://git.example.com/**']", True),
        ("['git@git.example.com:shop/deploy']", False),
        ("['https://GIT.example.com/shop/deploy']", True),
        ("['*', '!https://git.example.com/shop/*']", False),
        ("['!https://git.example.com/other/*']", True),
        ("[]", False),
    ],
)
def test_a_project_says_where_its_applications_come_from(
    make_tree: MakeTree,
    repositories: str,
    allowed: bool,  # noqa: FBT001  pytest hands it in
) -> None:
    """One star is one name of a URL; what stands behind a ``!`` is forbidden."""
    declared = project(f"{{sourceRepos: {repositories}, destinations: [{{server: '*', namespace: '*'}}]}}")
    files = {"app.yaml": in_project(), "project.yaml": declared, "apps/web/a.yaml": CONFIG_MAP}
    found = discover(read_world(make_tree, files))
    expected = [
        (
            "project-forbids",
            "app.yaml",
            8,
            f"Application argocd/web: its project shop does not allow the source {URL}",
        )
    ]

    assert lines(found) == ([] if allowed else expected)


@pytest.mark.parametrize(
    ("destinations", "allowed"),
    [
        ("[{server: 'https://kubernetes.default.svc', namespace: 'shop-*'}]", True),
        ("[{name: in-cluster, namespace: shop-web}]", True),
        ("[{server: '*', namespace: kube-system}]", False),
        ("[{server: 'https://prod.example.com', namespace: '*'}]", False),
        ("[{server: '*', namespace: '*'}, {server: '*', namespace: '!shop-*'}]", False),
        ("[{server: '*', namespace: '!kube-*'}]", True),
        ("[{server: '*', namespace: '*'}, {server: '!https://kubernetes.default.svc', namespace: '*'}]", False),
        ("[]", False),
    ],
)
def test_a_project_says_where_its_applications_go(
    make_tree: MakeTree,
    destinations: str,
    allowed: bool,  # noqa: FBT001  pytest hands it in
) -> None:
    """Server or name, and the namespace."""
    declared = project(f"{{sourceRepos: ['*'], destinations: {destinations}}}")
    files = {"app.yaml": in_project(), "project.yaml": declared, "apps/web/a.yaml": CONFIG_MAP}
    found = discover(read_world(make_tree, files))
    expected = "Application argocd/web: its project shop does not allow the destination shop-web on in-cluster"

    assert told(found.problems) == ([] if allowed else [expected])


@pytest.mark.parametrize(
    ("namespaces", "allowed"),
    [
        ("[]", False),
        ("[team-b]", False),
        ("[team-a]", True),
        ("[team-*]", True),
        ("['/^team-.$/']", True),
    ],
)
def test_a_project_says_where_its_applications_may_be_declared(
    make_tree: MakeTree,
    namespaces: str,
    allowed: bool,  # noqa: FBT001  pytest hands it in
) -> None:
    """Beside it they always may; a regular expression is taken for one that matches."""
    spec = f"{{sourceRepos: ['*'], sourceNamespaces: {namespaces}, destinations: [{{server: '*', namespace: '*'}}]}}"
    files = {"app.yaml": in_project().replace("namespace: argocd", "namespace: team-a"), "project.yaml": project(spec)}
    found = discover(read_world(make_tree, {**files, "apps/web/a.yaml": CONFIG_MAP}))
    message = "Application team-a/web: its project shop does not allow Applications in the namespace team-a"
    expected = [] if allowed else [("project-forbids", "app.yaml", 3, message, Level.WARNING)]
    assert [(*line, one.level) for line, one in zip(lines(found), found.problems, strict=True)] == expected
    assert len(found.units) == 1


def test_a_cluster_that_is_not_known_is_not_forbidden(make_tree: MakeTree) -> None:
    """The project names servers, the Application a name, and nobody says which server that is."""
    declared = project("{sourceRepos: ['*'], destinations: [{server: 'https://prod.example.com', namespace: '*'}]}")
    files = {
        "app.yaml": in_project("{name: prod, namespace: shop-web}"),
        "project.yaml": declared,
        "apps/web/a.yaml": CONFIG_MAP,
    }
    settings = RenderSettings(clusters=({"name": "prod", "server": "https://other.example.com"},))

    assert discover(read_world(make_tree, files)).problems == ()
    assert told(discover(read_world(make_tree, files, settings)).problems) == [
        "Application argocd/web: its project shop does not allow the destination shop-web on prod"
    ]


def test_a_project_that_does_not_exist(make_tree: MakeTree) -> None:
    """It is a warning where the repository declares others, and counted where it declares none."""
    other = project("{sourceRepos: ['*']}").replace("name: shop", "name: other")
    files = {"app.yaml": in_project(), "apps/web/a.yaml": CONFIG_MAP}
    alone = discover(read_world(make_tree, files))
    beside = discover(read_world(make_tree, {**files, "project.yaml": other}))

    assert alone.problems == ()
    assert alone.unchecked == (
        ("app.yaml: Application argocd/web: project shop", "no AppProject is declared in this repository"),
    )
    assert [(one.rule, one.level, one.message) for one in beside.problems] == [
        (
            "dangling-reference",
            Level.WARNING,
            'Application argocd/web: its project is "shop", and this repository declares no such AppProject',
        )
    ]
    assert len(beside.units) == 1


@pytest.mark.parametrize(
    ("limits", "messages"),
    [
        ("{}", ["the kind rbac.authorization.k8s.io/ClusterRole, which ClusterRole reader needs"]),
        ("{clusterResourceWhitelist: [{group: '*', kind: '*'}]}", []),
        ("{clusterResourceWhitelist: [{group: rbac.*, kind: Cluster*}]}", []),
        ("{clusterResourceWhitelist: [{group: '*', kind: '*', name: reader}]}", []),
        (
            "{clusterResourceWhitelist: [{group: '*', kind: '*', name: writer}]}",
            ["the kind rbac.authorization.k8s.io/ClusterRole, which ClusterRole reader needs"],
        ),
        (
            "{clusterResourceWhitelist: [{group: '*', kind: '*'}], clusterResourceBlacklist: [{group: '*', kind: C*}]}",
            ["the kind rbac.authorization.k8s.io/ClusterRole, which ClusterRole reader needs"],
        ),
        (
            "{clusterResourceWhitelist: [{group: r*, kind: '*'}], namespaceResourceBlacklist: [{group: '', kind: S*}]}",
            ["the kind Secret, which Secret one needs"],
        ),
        (
            "{clusterResourceWhitelist: [{group: '*', kind: '*'}], namespaceResourceWhitelist: []}",
            ["the kind Secret, which Secret one needs"],
        ),
    ],
)
def test_a_project_says_which_kinds_its_applications_bring(
    make_tree: MakeTree, limits: str, messages: Sequence[str]
) -> None:
    """Of what has no namespace only what is listed, of the rest all that is not; each kind is said once."""
    base = "sourceRepos: ['*'], destinations: [{server: '*', namespace: '*'}]"
    declared = project("{" + f"{base}, {limits[1:-1]}".rstrip(", ") + "}")
    world = read_world(make_tree, {"app.yaml": in_project(), "project.yaml": declared, "apps/web/a.yaml": CONFIG_MAP})
    objects = [
        thing("ClusterRole", "reader", api="rbac.authorization.k8s.io/v1"),
        thing("ClusterRole", "reader", api="rbac.authorization.k8s.io/v1"),
        thing("Secret", "one"),
        thing("Secret", "two"),
        thing("Unknown", "x", api="example.com/v1"),
    ]
    (unit,) = argocd_units(world.objects, world).units
    found = check_project(unit, Rendered(unit, tuple(objects)), world, SCOPES)

    start = "Application argocd/web: its project shop does not allow "
    assert told(found) == [f"{start}{message}" for message in messages]
    assert {one.rule for one in found} <= {"project-forbids"}


def test_objects_may_not_leave_the_projects_namespaces(make_tree: MakeTree) -> None:
    """Also where they name a namespace of their own."""
    declared = project("{sourceRepos: ['*'], destinations: [{server: '*', namespace: 'shop-*'}]}")
    world = read_world(make_tree, {"app.yaml": in_project(), "project.yaml": declared, "apps/web/a.yaml": CONFIG_MAP})
    (unit,) = argocd_units(world.objects, world).units
    objects = [thing("ConfigMap", "a", "shop-db"), thing("ConfigMap", "b", "kube-system"), thing("ConfigMap", "c")]
    found = check_project(unit, Rendered(unit, tuple(objects)), world, SCOPES)

    assert [(one.message, one.location.file) for one in found] == [
        (
            (
                "Application argocd/web: its project shop does not allow the namespace kube-system, "
                "which ConfigMap b needs"
            ),
            "b.yaml",
        )
    ]


# --- the order of a sync ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotations", "position"),
    [
        ({}, (1, 0)),
        ({"argocd.argoproj.io/sync-wave": "-5"}, (1, -5)),
        ({"argocd.argoproj.io/sync-wave": "x"}, (1, 0)),
        ({"argocd.argoproj.io/hook": "PreSync"}, (0, 0)),
        ({"argocd.argoproj.io/hook": "PostSync, PreSync", "argocd.argoproj.io/sync-wave": "2"}, (0, 2)),
        ({"argocd.argoproj.io/hook": "SyncFail"}, None),
        ({"helm.sh/hook": "post-install,post-upgrade", "helm.sh/hook-weight": "3"}, (2, 3)),
        ({"helm.sh/hook": "pre-install", "argocd.argoproj.io/hook": "Sync"}, (1, 0)),
        ({"helm.sh/hook": "crd-install"}, (1, 0)),
        ({"helm.sh/hook": "test"}, None),
    ],
)
def test_phase_and_wave(annotations: Mapping[str, str], position: tuple[int, int] | None) -> None:
    """Argo CD's own annotations win over Helm's; hooks of failures and tests belong to no sync."""
    assert position_of(thing("Job", "x", annotations=annotations).data) == position


def test_what_comes_before_its_definition_or_namespace() -> None:
    """Both need something that a later wave brings; each is said once."""
    wave = "argocd.argoproj.io/sync-wave"
    definition = thing(
        "CustomResourceDefinition",
        "widgets.example.com",
        api="apiextensions.k8s.io/v1",
        spec={"group": "example.com", "names": {"kind": "Widget"}},
    )
    early = {wave: "-1"}
    one = rendered(
        "web",
        [
            definition,
            thing("Widget", "a", api="example.com/v1", annotations=early),
            thing("Widget", "b", api="example.com/v1", annotations=early),
            thing("Widget", "c", api="example.com/v1"),
            thing("Namespace", "data", annotations={wave: "1"}),
            thing("ConfigMap", "d", "data"),
            thing("ConfigMap", "hook", "data", annotations={"argocd.argoproj.io/hook": "PreSync"}),
        ],
    )

    assert [(one.rule, one.location.file, one.message) for one in check_order([one])] == [
        (
            "sync-order",
            "a.yaml",
            "Widget a is synced in wave -1, before the definition of Widget in wave 0",
        ),
        (
            "sync-order",
            "d.yaml",
            "ConfigMap data/d is synced in wave 0, before its namespace data in wave 1",
        ),
    ]


def test_a_namespace_that_argo_cd_makes_is_there_before() -> None:
    """With CreateNamespace=true the Application's own namespace comes first."""
    late = {"argocd.argoproj.io/sync-wave": "1"}
    objects = [thing("Namespace", "shop", annotations=late), thing("ConfigMap", "a", "shop")]

    assert len(check_order([rendered("web", objects)])) == 1
    assert check_order([rendered("web", objects, options=["CreateNamespace=true"])]) == ()


# --- owners -----------------------------------------------------------------------------------------------------------


def test_one_object_of_two_owners() -> None:
    """What has no namespace is one object, wherever its Application goes; what has one is not."""
    role = thing("ClusterRole", "reader", api="rbac.authorization.k8s.io/v1")
    found = check_owners(
        [
            rendered("blue", [role, thing("ConfigMap", "a", "blue")]),
            rendered("green", [role, thing("ConfigMap", "a", "green"), thing("ConfigMap", "b")]),
            rendered("red", [thing("ConfigMap", "b", "shop")]),
        ],
        SCOPES,
    )

    assert [(one.rule, one.level, one.message) for one in found] == [
        (
            "duplicate-owner",
            None,
            "ClusterRole reader is brought by Argo CD Application argocd/green and by Argo CD Application argocd/blue",
        ),
        (
            "duplicate-owner",
            None,
            ("ConfigMap shop/b is brought by Argo CD Application argocd/red and by Argo CD Application argocd/green"),
        ),
    ]


def test_what_two_owners_share_has_one_subject() -> None:
    """By which a report says it together; each object is told from the others, so that a new one is seen."""
    objects = [thing("Namespace", "shop"), *(thing("ConfigMap", name) for name in "ab")]
    found = check_owners([rendered("blue", objects), rendered("green", objects)], SCOPES)

    both = "is brought by Argo CD Application argocd/green and by Argo CD Application argocd/blue"
    assert [(one.level, one.location.file, one.message) for one in found] == [
        (None, "a.yaml", f"ConfigMap shop/a {both}"),
        (None, "b.yaml", f"ConfigMap shop/b {both}"),
        (None, "shop.yaml", f"Namespace shop {both}"),
    ]
    assert {one.subject for one in found} == {"Argo CD Application argocd/blue and Argo CD Application argocd/green"}


def test_owners_of_two_clusters_do_not_meet() -> None:
    """The same object in two targets is two objects; where no target is named it is only a warning."""
    role = thing("ClusterRole", "reader", api="rbac.authorization.k8s.io/v1")
    apart = check_owners([rendered("blue", [role], target="a"), rendered("green", [role], target="b")], SCOPES)
    unsure = check_owners([rendered("blue", [role], target=None), rendered("green", [role], target=None)], SCOPES)

    assert apart == ()
    assert [one.level for one in unsure] == [Level.WARNING]


def test_hooks_and_shared_namespaces() -> None:
    """A hook is nobody's in the end; a namespace that two bring is a warning."""
    hook = thing("Job", "migrate", "shop", api="batch/v1", annotations={"helm.sh/hook": "pre-install"})
    space = thing("Namespace", "shop")
    found = check_owners([rendered("blue", [hook, space]), rendered("green", [hook, space])], SCOPES)

    assert [(one.level, one.object.kind if one.object else "") for one in found] == [(Level.WARNING, "Namespace")]


def test_sources_of_one_application_share_their_objects() -> None:
    """Argo CD takes the last source's object; that is no second owner."""
    space = thing("Namespace", "shop")

    assert check_owners([rendered("web", [space]), rendered("web", [space])], SCOPES) == ()


# --- destinations -----------------------------------------------------------------------------------------------------


def test_a_destination_that_no_target_describes(make_tree: MakeTree) -> None:
    """Where targets name clusters, an Application for another one is said; for Argo CD's own cluster it is not."""
    text = application(source(), destination="destination: {name: prdo, namespace: shop}")
    files = {"app.yaml": text, "own.yaml": application(source(), "own"), "apps/web/a.yaml": CONFIG_MAP}
    settings = RenderSettings(clusters=({"name": "prod", "server": "https://prod.example.com"},))
    units = discover(read_world(make_tree, files, settings)).units

    assert [(one.rule, one.location.file, one.message) for one in check_destinations(units, settings)] == [
        (
            "destination-unknown",
            "app.yaml",
            "Application argocd/web: its destination prdo is no cluster that a target describes",
        )
    ]
    assert check_destinations(units, RenderSettings()) == ()


# --- orphans ----------------------------------------------------------------------------------------------------------


def test_a_manifest_that_nobody_deploys() -> None:
    """One note for a folder; what is meant for people, tests and the start is left alone."""
    deployed = [f"apps/web/{name}.yaml" for name in "abcdef"]
    forgotten = ["apps/web/g.yaml", "apps/db/a.yaml", "apps/db/b.yaml", "apps/db/c.yaml", "apps/db/d.yaml"]
    others = ["docs/a.yaml", "apps/web/tests/a.yaml", "crds/a.yaml", ".github/a.yaml", "bootstrap/root.yaml"]
    found = find_orphans(set(deployed), [*deployed, *forgotten, *others, "root.yaml"], agents={"root.yaml"})

    assert [(one.rule, one.level, one.location.file, one.message) for one in found] == [
        (
            "orphan-file",
            Level.NOTE,
            "apps/db/a.yaml",
            "a.yaml, b.yaml, c.yaml and 1 more in apps/db are deployed by no agent",
        ),
        ("orphan-file", Level.NOTE, "apps/web/g.yaml", "g.yaml in apps/web is deployed by no agent"),
    ]


def test_a_repository_that_somebody_else_deploys() -> None:
    """Where agents deploy nothing, or the smaller part, nothing is said."""
    files = ["a.yaml", "b.yaml", "c.yaml"]

    assert find_orphans(set(), files, agents={"a.yaml"}) == ()
    assert find_orphans({"a.yaml"}, files, agents={"root.yaml"}) == ()
    assert find_orphans({"a.yaml", "b.yaml"}, files, agents=()) == ()


def test_where_not_all_is_known_folders_are_left_alone() -> None:
    """Another cluster may get them; a file beside others that are deployed is forgotten all the same."""
    files = ["apps/web/a.yaml", "apps/web/b.yaml", "apps/us/a.yaml"]
    found = find_orphans({"apps/web/a.yaml", "apps/x.yaml"}, ["apps/x.yaml", *files], agents={"r.yaml"}, complete=False)

    assert told(found) == ["b.yaml in apps/web is deployed by no agent"]


# --- places -----------------------------------------------------------------------------------------------------------


def test_the_line_that_declares_an_object(make_tree: MakeTree) -> None:
    """The field of the object in its file, also where a prefix was put before its name; else the file alone."""
    role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: reader\n"
    world = read_world(make_tree, {"roles.yaml": f"{CONFIG_MAP}---\n{role}", "chart/templates/role.yaml": "{{ x }}"})
    api = "rbac.authorization.k8s.io/v1"
    data = thing("ClusterRole", "eu-reader", api=api).data

    def place(trace: Trace) -> tuple[str, int | None]:
        item = RenderedObject(data, trace)
        (problem,) = check_owners([rendered("blue", [item]), rendered("green", [item])], SCOPES, world)
        return problem.location.file, problem.location.region.line if problem.location.region else None

    assert place(Trace("roles.yaml", 1)) == ("roles.yaml", 9)
    assert place(Trace("roles.yaml")) == ("roles.yaml", 9)
    assert place(Trace("roles.yaml", 0)) == ("roles.yaml", None)
    assert place(Trace("chart/templates/role.yaml", 0)) == ("chart/templates/role.yaml", None)
    assert place(Trace("gone.yaml", 0)) == ("gone.yaml", None)
    assert place(Trace()) == ("app.yaml", None)
