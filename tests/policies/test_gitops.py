"""What the policies of the family gitops say of Argo CD's and Flux's objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from gategit.checks.policy.builtin import BUILTIN
from gategit.checks.policy.load import PolicySet, builtin_policies
from gategit.checks.policy.run import Runner
from gategit.checks.policy.subjects import RequestFacts, Scene, Subject
from gategit.model import Level, format_path
from tests.policies.conftest import Judge, manifest, thing

ARGO = "argoproj.io/v1alpha1"
KUSTOMIZE = "kustomize.toolkit.fluxcd.io/v1"
HELM = "helm.toolkit.fluxcd.io/v2"
SOURCE = "source.toolkit.fluxcd.io/v1"
IMAGE = "image.toolkit.fluxcd.io/v1"

FAMILY = [entry.rpartition("/")[2].replace("_", "-") for entry in BUILTIN if entry.startswith("gitops/")]


def named(kind: str, api_version: str, name: str = "x", namespace: str = "", **spec: Any) -> dict[str, Any]:
    """An object with this name and specification."""
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def application(**spec: Any) -> dict[str, Any]:
    return named("Application", ARGO, **spec)


def project(name: str = "shop", **spec: Any) -> dict[str, Any]:
    return named("AppProject", ARGO, name, **spec)


def application_set(*generators: Any, **spec: Any) -> dict[str, Any]:
    return named("ApplicationSet", ARGO, generators=list(generators), **spec)


def kustomization(name: str = "x", namespace: str = "", **spec: Any) -> dict[str, Any]:
    return named("Kustomization", KUSTOMIZE, name, namespace, **spec)


def release(**spec: Any) -> dict[str, Any]:
    return named("HelmRelease", HELM, **spec)


ODD: list[Any] = [
    None,
    [],
    {},
    7,
    "text",
    {"project": 7, "source": [], "sources": {"a": 1}, "destination": "x", "syncPolicy": [], "ignoreDifferences": 1},
    {"sources": [None, 7, {}], "syncPolicy": {"automated": "x", "syncOptions": [None, 1, {"a": 1}, []]}},
    {"ignoreDifferences": [None, {"jsonPointers": "x"}, {"jqPathExpressions": [None, 1, []]}], "project": "shop"},
    {
        "project": "shop",
        "destination": {"name": 1, "server": None, "namespace": []},
        "generators": [None, {"matrix": 1}],
    },
    {"generators": [{"matrix": {"generators": [{"merge": []}, {"pullRequest": 1}]}}, {"scmProvider": []}]},
    {
        "destinations": [None, "x", {"namespace": 7}],
        "sourceRepos": [None, {}],
        "roles": [None, {"policies": [None, 7]}],
    },
    {"clusterResourceWhitelist": [None, {"group": 1, "kind": []}], "syncWindows": [None, 3, {"schedule": 1}]},
    {
        "suspend": "yes",
        "interval": [],
        "path": {},
        "prune": None,
        "sourceRef": [],
        "dependsOn": [None, 1, {"name": []}],
    },
    {"sourceRef": {"namespace": 7, "name": []}, "patches": "x", "dependsOn": {"name": "x"}, "chart": {"spec": []}},
    {"install": [], "upgrade": {"remediation": [], "crds": 7, "strategy": 1}, "rollback": None, "chartRef": 7},
    {"ref": [], "verify": 7, "policy": {"semver": {"range": 1}, "alphabetical": 7}, "filterTags": []},
    {"git": {"push": [], "checkout": 7}, "type": {}, "rbac": {"policy": 7, "defaultPolicy": []}},
]


@pytest.mark.parametrize("spec", ODD)
def test_data_of_a_wrong_shape_crashes_no_policy(runner: Runner, spec: Any) -> None:
    """Whatever stands where a specification should be, in every kind that the family looks at, beside every other."""
    family = [policy for policy in builtin_policies() if policy.id in FAMILY]
    kinds = sorted({kind for policy in family for kind in policy.kinds} | {"Secret", "Namespace"})
    objects = []
    for kind in kinds:
        group, _, name = kind.rpartition("/")
        for metadata in ({"name": "x", "namespace": "y"}, {"name": "shop"}, {"name": "argocd-cm", "labels": []}, None):
            data = {"apiVersion": f"{group}/v1" if group else "v1", "kind": name, "metadata": metadata, "spec": spec}
            objects.append(manifest({**data, "data": spec, "sops": spec}))
    scene = Scene(inventory=tuple(objects))
    policies = PolicySet(runner.policies(), dict.fromkeys(FAMILY, Level.ERROR))

    outcome = runner.run(policies, [Subject(None, one) for one in objects], scene)

    assert outcome.crashes == ()


@pytest.mark.parametrize(
    ("spec", "is_flagged"),
    [
        ({"project": "default"}, True),
        ({"project": ""}, True),
        ({"source": {}}, True),
        ({"project": "shop"}, False),
        ({"project": "{{ .project }}"}, False),
    ],
)
def test_application_default_project(judge: Judge, spec: dict[str, Any], *, is_flagged: bool) -> None:
    """No project is the default one; an ApplicationSet is judged by its template."""
    message = "is in the project default, which allows everything"

    found = judge("application-default-project", application(**spec))
    assert found == ([("spec.project", f"Application x {message}")] if is_flagged else [])
    found = judge("application-default-project", application_set(template={"spec": spec}))
    assert found == ([("spec.template.spec.project", f"ApplicationSet x {message}")] if is_flagged else [])


AUTOMATED = {
    "nothing": (None, ["is not synced automatically, so a merge alone changes nothing"]),
    "on": ({}, ["is synced without prune", "is synced without selfHeal"]),
    "prune": ({"prune": True, "selfHeal": False}, ["is synced without selfHeal"]),
    "both": ({"prune": True, "selfHeal": True}, []),
    "off": ({"enabled": False, "prune": True}, ["is not synced automatically, so a merge alone changes nothing"]),
}


@pytest.mark.parametrize("case", AUTOMATED)
def test_application_sync_policy(judge: Judge, case: str) -> None:
    """An empty mapping is automated sync; one that is not enabled is none."""
    automated, messages = AUTOMATED[case]

    found = judge("application-sync-policy", application(syncPolicy={"automated": automated}))

    assert [message for _, message in found] == [f"Application x {message}" for message in messages]


def test_application_sync_policy_as_configured(judge: Judge) -> None:
    """Each of the three can be forbidden, or left open."""
    full = application(syncPolicy={"automated": {"prune": True, "selfHeal": True}})
    bare = application(syncPolicy={"automated": {}})
    rule = "application-sync-policy"

    assert judge(rule, full, automated="forbidden") == [
        ("spec.syncPolicy.automated", "Application x is synced automatically")
    ]
    assert judge(rule, full, prune="forbidden") == [
        ("spec.syncPolicy.automated.prune", "Application x is synced with prune")
    ]
    assert judge(rule, bare, prune="any", self_heal="any") == []
    assert judge(rule, application(), automated="any") == []


@pytest.mark.parametrize(
    ("policy", "parameters", "message"),
    [
        ("application-sync-policy", {"prune": "yes"}, "the parameter prune must be one of required, forbidden, any"),
        ("flux-prune", {"prune": "yes"}, "the parameter prune must be one of required, forbidden, not yes"),
        ("flux-interval", {"longest": "2d"}, "the parameter longest must be a duration such as 10m, not 2d"),
        ("flux-retry-interval", {"longest": "x"}, "the parameter longest must be a duration such as 30m, not x"),
        ("application-finalizer", {"finalizer": "x"}, "the parameter finalizer must be one of required, forbidden"),
    ],
)
def test_a_parameter_that_says_nothing_is_not_passed_over(
    runner: Runner, policy: str, parameters: dict[str, str], message: str
) -> None:
    """The policy judges nothing then, and says why: an error of the config."""
    subjects = [Subject(None, manifest(application())), Subject(None, manifest(kustomization(interval="5m")))]

    outcome = runner.run(PolicySet(runner.policies(), {policy: Level.ERROR}, {policy: parameters}), subjects)

    assert (outcome.hits, outcome.crashes) == ((), ())
    (refusal,) = outcome.refusals
    assert f"the parameter {refusal.name} {refusal.problem}".startswith(message)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("CreateNamespace=true", None),
        ("PrunePropagationPolicy=orphan", None),
        ("Prune=confirm", None),
        ("$(OPTION)", None),
        ("CreateNamespace", "the sync option CreateNamespace must have one of the values true, false, not none"),
        ("CreateNamespace=yes", "the sync option CreateNamespace must have one of the values true, false, not yes"),
        ("createNamespace=true", "Argo CD ignores the sync option createNamespace; it is written CreateNamespace"),
        ("CreateNamespace =true", "Argo CD ignores the sync option CreateNamespace ; it is written CreateNamespace"),
        ("CreateNamespaces=true", "Argo CD knows no sync option CreateNamespaces"),
        ({"CreateNamespace": True}, "a sync option must be a text such as CreateNamespace=true"),
        (None, "a sync option must be a text such as CreateNamespace=true"),
    ],
)
def test_application_unknown_sync_option(judge: Judge, option: Any, message: str | None) -> None:
    """Names and values count letter by letter, as they do to Argo CD."""
    found = judge("application-unknown-sync-option", application(syncPolicy={"syncOptions": ["Replace=true", option]}))

    assert found == ([("spec.syncPolicy.syncOptions[1]", message)] if message else [])


def test_application_risky_sync_option(judge: Judge) -> None:
    """Each option is a finding of its own, unless it is allowed."""
    one = application(syncPolicy={"syncOptions": ["Replace=true", "Force=true", "Validate=false", "Force=false"]})

    found = judge("application-risky-sync-option", one, allowed=("Replace=true",))

    assert [path for path, _ in found] == ["spec.syncPolicy.syncOptions[1]", "spec.syncPolicy.syncOptions[2]"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"jsonPointers": ["/spec"]}, "all of /spec in Deployment is ignored, so it may be anything"),
        ({"jsonPointers": ["/"]}, "all of / in Deployment is ignored, so it may be anything"),
        ({"jqPathExpressions": ["."]}, "all of . in Deployment is ignored, so it may be anything"),
        ({"managedFieldsManagers": ["*"]}, "every field of Deployment that any manager sets is ignored"),
        ({"managedFieldsManagers": ["kube-controller-manager"]}, None),
        ({"jsonPointers": ["/spec/replicas", "/data/ca.crt", "/spec/template/spec/containers/0/image"]}, None),
        ({"jqPathExpressions": [".spec.template.spec.containers[].resources"]}, None),
    ],
)
def test_application_ignores_differences(judge: Judge, entry: dict[str, Any], message: str | None) -> None:
    """Single fields may be ignored, whole objects not."""
    found = judge("application-ignores-differences", application(ignoreDifferences=[{"kind": "Deployment", **entry}]))

    assert [said for _, said in found] == ([message] if message else [])


@pytest.mark.parametrize(
    ("destination", "is_flagged"),
    [
        ({"name": "in-cluster", "server": "https://kubernetes.default.svc"}, True),
        ({"name": "", "server": "https://kubernetes.default.svc"}, False),
        ({"name": "prod"}, False),
        ({}, False),
    ],
)
def test_application_destination_ambiguous(judge: Judge, destination: dict[str, str], *, is_flagged: bool) -> None:
    """An empty text is no name."""
    found = judge("application-destination-ambiguous", application(destination=destination))

    assert [path for path, _ in found] == (["spec.destination.name"] if is_flagged else [])


HERE = "https://kubernetes.default.svc"


@pytest.mark.parametrize(
    ("destinations", "destination", "is_permitted"),
    [
        ([{"server": "*", "namespace": "*"}], {"server": HERE, "namespace": "web"}, True),
        ([{"server": HERE, "namespace": "web"}], {"name": "in-cluster", "namespace": "web"}, True),
        ([{"name": "in-cluster", "namespace": "web"}], {"server": HERE, "namespace": "web"}, True),
        ([{"name": "in-cluster", "namespace": "web"}], {"name": "prod", "namespace": "web"}, False),
        ([{"server": HERE, "namespace": "web"}], {"name": "prod", "namespace": "web"}, False),
        ([{"server": "https://prod.example.com", "namespace": "web"}], {"name": "prod", "namespace": "web"}, True),
        ([{"server": HERE, "namespace": "shop-*"}], {"server": HERE, "namespace": "shop-web"}, True),
        ([{"server": HERE, "namespace": "shop-*"}], {"server": HERE, "namespace": "web"}, False),
        ([{"server": HERE, "namespace": "{web,shop}"}], {"server": HERE, "namespace": "web"}, True),
        (
            [{"server": "*", "namespace": "!kube-system"}, {"server": "*", "namespace": "*"}],
            {"server": HERE, "namespace": "web"},
            True,
        ),
        ([{"server": "*", "namespace": "!kube-system"}], {"server": HERE, "namespace": "web"}, True),
        (
            [{"server": "*", "namespace": "*"}, {"server": "*", "namespace": "!kube-system"}],
            {"server": HERE, "namespace": "kube-system"},
            False,
        ),
        (
            [{"server": "*", "namespace": "*"}, {"server": f"!{HERE}", "namespace": "*"}],
            {"server": HERE, "namespace": "web"},
            False,
        ),
        ([{"server": f"!{HERE}", "namespace": "*"}], {"server": "https://a.example.com", "namespace": "web"}, True),
        ([], {"server": HERE, "namespace": "web"}, False),
        ([], {"server": HERE}, True),
        ([], {"server": HERE, "namespace": "${NAMESPACE}"}, True),
        ([], {"server": "{{ .server }}", "namespace": "web"}, True),
    ],
)
def test_a_destination_in_or_outside_of_its_project(
    judge: Judge, destinations: list[Any], destination: dict[str, str], *, is_permitted: bool
) -> None:
    """As Argo CD compares them: globs, denials, names and servers; what is not known yet is not judged."""
    one = application(project="shop", destination=destination)

    found = judge("application-outside-project", one, inventory=[project(destinations=destinations)])

    assert [path for path, _ in found] == ([] if is_permitted else ["spec.destination.namespace"])


@pytest.mark.parametrize(
    ("repositories", "url", "is_permitted"),
    [
        (["*"], "https://git.example.com/shop/web", True),
        (["https://git.example.com/shop/*"], "https://git.example.com/shop/web.git", True),
        (["https://git.example.com/shop/web.git"], "https://Git.example.com/shop/web", True),
        (["https://git.example.com/shop/*"], "https://git.example.com/billing/web", False),
        (["*", "!https://git.example.com/billing/*"], "https://git.example.com/billing/web", False),
        (["*", "!https://git.example.com/billing/*"], "https://git.example.com/shop/web", True),
        ([], "https://git.example.com/shop/web", False),
        ([], "$REPOSITORY", True),
    ],
)
def test_a_source_in_or_outside_of_its_project(
    judge: Judge, repositories: list[str], url: str, *, is_permitted: bool
) -> None:
    """Every source is compared; the suffix of a repository does not matter."""
    fence = project(sourceRepos=repositories)

    found = judge(
        "application-outside-project", application(project="shop", source={"repoURL": url}), inventory=[fence]
    )
    assert [path for path, _ in found] == ([] if is_permitted else ["spec.source.repoURL"])
    two = application(project="shop", sources=[{"repoURL": url}, {"path": "x"}])
    found = judge("application-outside-project", two, inventory=[fence])
    assert [path for path, _ in found] == ([] if is_permitted else ["spec.sources[0].repoURL"])


def test_one_project_of_several_with_its_name_is_enough(judge: Judge) -> None:
    """A repository of several clusters declares the project once for each; which one counts is not known."""
    one = application(project="shop", destination={"server": HERE, "namespace": "web"})
    fences = [project(), project(destinations=[{"server": HERE, "namespace": "web"}])]

    assert judge("application-outside-project", one, inventory=fences) == []


@pytest.mark.parametrize(
    ("projects", "name", "is_flagged"),
    [
        (["shop"], "shopp", True),
        (["shop"], "shop", False),
        (["shop"], "default", False),
        (["shop"], "{{ .project }}", False),
        ([], "shopp", False),
    ],
)
def test_application_unknown_project(judge: Judge, projects: list[str], name: str, *, is_flagged: bool) -> None:
    """Only where the repository declares projects at all."""
    found = judge(
        "application-unknown-project", application(project=name), inventory=[project(one) for one in projects]
    )

    message = f"the repository declares AppProjects, but none is called {name}"
    assert found == ([("spec.project", message)] if is_flagged else [])


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"group": "*", "kind": "*"}, "AppProject shop may create cluster-wide objects of every kind"),
        (
            {"group": "rbac.authorization.k8s.io", "kind": "*"},
            "AppProject shop may create cluster-wide objects of every",
        ),
        ({"group": "*", "kind": "ClusterRole*"}, "AppProject shop may create ClusterRoleBindings"),
        ({"group": "rbac.authorization.k8s.io", "kind": "ClusterRoleBinding"}, "may create ClusterRoleBindings"),
        ({"group": "rbac.authorization.k8s.io", "kind": "ClusterRoleBinding", "name": "web"}, None),
        ({"group": "", "kind": "Namespace"}, None),
        ({"group": "apiextensions.k8s.io", "kind": "*"}, None),
        ({"group": "rbac.authorization.k8s.io", "kind": "ClusterRole"}, None),
    ],
)
def test_appproject_cluster_resources(judge: Judge, entry: dict[str, str], message: str | None) -> None:
    """What covers ClusterRoleBindings is flagged, unless they are taken out again or the project is trusted."""
    rule = "appproject-cluster-resources"
    found = judge(rule, project(clusterResourceWhitelist=[entry]))

    assert [path for path, _ in found] == (["spec.clusterResourceWhitelist[0].kind"] if message else [])
    assert (message or "") in "".join(said for _, said in found)
    denied = [{"group": "rbac.authorization.k8s.io", "kind": "ClusterRole*"}]
    assert judge(rule, project(clusterResourceWhitelist=[entry], clusterResourceBlacklist=denied)) == []
    assert judge(rule, project(clusterResourceWhitelist=[entry]), trusted=("sh*",)) == []


@pytest.mark.parametrize("url", ["*", "https://*", "**", "*/*"])
def test_appproject_wildcard_source(judge: Judge, url: str) -> None:
    """A pattern that any host matches is flagged; one below a host is not."""
    assert judge("appproject-wildcard-source", project(sourceRepos=["https://git.example.com/*", url])) == [
        ("spec.sourceRepos[1]", "AppProject shop may deploy from every repository")
    ]


def test_appproject_wildcard_destination(judge: Judge) -> None:
    """One finding for an entry, whatever of it is open."""
    entries = [
        {"server": "*", "namespace": "*"},
        {"server": HERE, "namespace": "*"},
        {"name": "*", "namespace": "shop"},
        {"server": "*", "namespace": "!kube-system"},
        {"server": "https://*.example.com", "namespace": "shop-*"},
    ]

    assert judge("appproject-wildcard-destination", project(destinations=entries)) == [
        ("spec.destinations[0].namespace", "AppProject shop may deploy to every namespace of every cluster"),
        ("spec.destinations[1].namespace", "AppProject shop may deploy to every namespace of a cluster"),
        ("spec.destinations[2].name", "AppProject shop may deploy to every cluster"),
        ("spec.destinations[3].server", "AppProject shop may deploy to every cluster"),
    ]


@pytest.mark.parametrize(
    ("line", "invalid", "wide"),
    [
        ("p, proj:shop:dev, applications, get, shop/*, allow", None, None),
        ("p,proj:shop:dev,applications,get,shop/*,allow", None, None),
        ("p, proj:shop:dev, applications, action/apps/Deployment/restart, shop/*, allow", None, None),
        ("p, proj:shop:dev, applications, *, shop/*, allow", None, "the role dev allows every action"),
        (
            "p, proj:shop:dev, applications, override, shop/web, allow",
            None,
            "the role dev allows to deploy local files",
        ),
        ("p, proj:shop:dev, exec, create, shop/*, allow", None, "the role dev allows to open a shell in pods"),
        ("p, proj:shop:dev, applications, *, shop/*, deny", None, None),
        (
            "p, proj:shop:ops, applications, get, shop/*, allow",
            "the subject of the policy line must be proj:shop:dev",
            None,
        ),
        (
            "p, proj:shop:dev, applications, get, */*, allow",
            "the object of the policy line must start with shop/",
            None,
        ),
        ("p, proj:shop:dev, applications, get, shop/*", "a policy line has the six parts", None),
        ("g, proj:shop:dev, applications, get, shop/*, allow", "a policy line has the six parts", None),
        (
            "p, proj:shop:dev, applications, get, shop/*, Allow",
            "the effect of the policy line must be allow or deny",
            None,
        ),
        ("p, proj:$PROJECT:dev, applications, get, $PROJECT/*, allow", None, None),
    ],
)
def test_lines_of_a_projects_role(judge: Judge, line: str, invalid: str | None, wide: str | None) -> None:
    """What Argo CD refuses, and what lets somebody pass Git by."""
    one = project(roles=[{"name": "dev", "policies": [line]}])

    for rule, message in (("appproject-role-invalid", invalid), ("appproject-role-wildcard", wide)):
        found = judge(rule, one)
        assert [path for path, _ in found] == (["spec.roles[0].policies[0]"] if message else [])
        assert (message or "") in "".join(said for _, said in found)


@pytest.mark.parametrize(
    ("window", "paths"),
    [
        ({"schedule": "0 22 * * 5", "duration": "8h", "namespaces": ["*"]}, []),
        ({"schedule": "30 2 1-7 * MON", "duration": "1h30m", "clusters": ["prod"]}, []),
        ({"schedule": "@daily", "duration": "1h30m", "clusters": ["prod"]}, ["schedule"]),
        ({"schedule": "0 22 * * 7", "duration": "8h", "applications": ["*"]}, ["schedule"]),
        ({"schedule": "0 0 31 2 *", "duration": "8h", "applications": ["*"]}, ["schedule"]),
        ({"duration": "1d", "applications": []}, ["schedule", "duration", "kind"]),
    ],
)
def test_appproject_sync_window_invalid(judge: Judge, window: dict[str, Any], paths: list[str]) -> None:
    """Schedules as cron writes them, durations in hours and minutes, and something that the window holds for."""
    found = judge("appproject-sync-window-invalid", project(syncWindows=[{"kind": "deny", **window}]))

    assert [path for path, _ in found] == [f"spec.syncWindows[0].{path}" for path in paths]


def nested(generator: dict[str, Any]) -> dict[str, Any]:
    """A generator inside of a merge inside of a matrix."""
    return {"matrix": {"generators": [{"clusters": {}}, {"merge": {"generators": [{"list": {}}, generator]}}]}}


INSIDE = "spec.generators[0].matrix.generators[1].merge.generators[1]"


@pytest.mark.parametrize("host", ["github", "gitlab", "gitea", "azuredevops", "bitbucket", "bitbucketServer"])
def test_applicationset_pull_request_generator(judge: Judge, host: str) -> None:
    """Whatever the host, and however deep the generator stands, labels are asked for."""
    rule = "applicationset-pull-request-generator"
    message = "ApplicationSet x deploys every open pull request, unreviewed"
    bare = {"pullRequest": {"requeueAfterSeconds": 60, host: {"repo": "shop"}}}
    labelled = {"pullRequest": {host: {"repo": "shop", "labels": ["preview"]}}}

    assert judge(rule, application_set(bare)) == [(f"spec.generators[0].pullRequest.{host}", message)]
    assert judge(rule, application_set(nested(bare))) == [(f"{INSIDE}.pullRequest.{host}", message)]
    assert judge(rule, application_set(labelled, nested(labelled))) == []


def test_applicationset_unfiltered_repositories(judge: Judge) -> None:
    """However deep the generator stands."""
    rule = "applicationset-unfiltered-repositories"
    bare = {"scmProvider": {"github": {"organization": "example"}}}
    filtered = {"scmProvider": {"github": {"organization": "example"}, "filters": [{"repositoryMatch": "^shop-"}]}}

    assert [path for path, _ in judge(rule, application_set(nested(bare)))] == [f"{INSIDE}.scmProvider"]
    assert judge(rule, application_set(filtered)) == []


@pytest.mark.parametrize(
    ("generator", "is_flagged"),
    [
        ({"git": {}}, True),
        (nested({"git": {}}), True),
        ({"plugin": {}}, True),
        ({"list": {}}, False),
        ({"clusters": {}}, False),
    ],
)
def test_applicationset_templated_project(judge: Judge, generator: dict[str, Any], *, is_flagged: bool) -> None:
    """What others write must not pick the project; a list and the clusters are written by whoever wrote the set."""
    template = {"spec": {"project": "{{ .project }}"}}

    found = judge("applicationset-templated-project", application_set(generator, template=template))

    assert [path for path, _ in found] == (["spec.template.spec.project"] if is_flagged else [])


@pytest.mark.parametrize(
    ("spec", "is_flagged"),
    [
        ({"goTemplate": True}, True),
        ({"goTemplate": True, "goTemplateOptions": ["missingkey=default"]}, True),
        ({"goTemplate": True, "goTemplateOptions": ["missingkey=error"]}, False),
        ({"goTemplate": False}, False),
        ({}, False),
    ],
)
def test_applicationset_missing_key(judge: Judge, spec: dict[str, Any], *, is_flagged: bool) -> None:
    """Only Go templates have the option."""
    found = judge("applicationset-missing-key", application_set(**spec))

    assert [path for path, _ in found] == (["spec.goTemplate"] if is_flagged else [])


@pytest.mark.parametrize(
    ("sync_policy", "is_flagged"),
    [
        (None, True),
        ({"applicationsSync": "sync"}, True),
        ({"applicationsSync": "create-delete"}, True),
        ({"applicationsSync": "create-update"}, False),
        ({"applicationsSync": "create-only"}, False),
        ({"preserveResourcesOnDeletion": True}, False),
    ],
)
def test_applicationset_deletes_applications(judge: Judge, sync_policy: Any, *, is_flagged: bool) -> None:
    """Either of the two settings is enough."""
    found = judge("applicationset-deletes-applications", application_set(syncPolicy=sync_policy))

    assert [path for path, _ in found] == (["spec.syncPolicy"] if is_flagged else [])


@pytest.mark.parametrize(
    ("name", "data", "path"),
    [
        ("argocd-rbac-cm", {"policy.default": "role:admin"}, 'data["policy.default"]'),
        ("argocd-rbac-cm", {"policy.default": "role:readonly"}, None),
        ("argocd-rbac-cm", {"policy.default": ""}, None),
        ("argocd-rbac-cm", {"policy.csv": "p, a, b\ng, system:authenticated, role:admin\n"}, 'data["policy.csv"]'),
        ("argocd-rbac-cm", {"policy.csv": "g, ops, role:admin\n# g, *, role:admin"}, None),
        ("argocd-cm", {"users.anonymous.enabled": "true"}, 'data["users.anonymous.enabled"]'),
        ("argocd-cm", {"users.anonymous.enabled": "false"}, None),
        ("other", {"users.anonymous.enabled": "true", "policy.default": "role:admin"}, None),
    ],
)
def test_argocd_open_access(judge: Judge, name: str, data: dict[str, str], path: str | None) -> None:
    """Only Argo CD's own ConfigMaps count."""
    found = judge(
        "argocd-open-access", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
    )

    assert [where for where, _ in found] == ([path] if path else [])


def test_argocd_open_access_by_the_operator(judge: Judge) -> None:
    """The operator's object says the same in fields of its own."""
    spec: dict[str, Any] = {
        "rbac": {"defaultPolicy": "role:admin", "policy": "g, *, role:admin"},
        "usersAnonymousEnabled": True,
    }

    found = judge("argocd-open-access", named("ArgoCD", "argoproj.io/v1beta1", **spec))

    assert [path for path, _ in found] == ["spec.rbac.defaultPolicy", "spec.rbac.policy", "spec.usersAnonymousEnabled"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--enable-helm", None),
        ("--enable-helm --enable-exec", "Argo CD runs programs that a repository names"),
        (
            "--load-restrictor LoadRestrictionsNone",
            "Argo CD lets a kustomization read every file of Argo CD's repository server",
        ),
    ],
)
def test_argocd_build_plugins(judge: Judge, options: str, message: str | None) -> None:
    """The options for all versions, those for one, and the operator's field."""
    metadata = {"name": "argocd-cm"}
    data = {"kustomize.buildOptions": options, "kustomize.buildOptions.v5.4": options, "other": "--enable-exec"}

    found = judge("argocd-build-plugins", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    assert [said for _, said in found] == ([message] * 2 if message else [])
    found = judge("argocd-build-plugins", named("ArgoCD", "argoproj.io/v1beta1", kustomizeBuildOptions=options))
    assert found == ([("spec.kustomizeBuildOptions", message)] if message else [])


@pytest.mark.parametrize(
    ("finalizers", "required", "forbidden"),
    [
        (None, ["metadata.finalizers"], []),
        (["other.example.com"], ["metadata.finalizers"], []),
        (["resources-finalizer.argocd.argoproj.io"], [], ["metadata.finalizers[0]"]),
        (["other.example.com", "resources-finalizer.argocd.argoproj.io/foreground"], [], ["metadata.finalizers[1]"]),
    ],
)
def test_application_finalizer(judge: Judge, finalizers: Any, required: list[str], forbidden: list[str]) -> None:
    """Required unless the config forbids it; other finalizers do not count."""
    one = thing("Application", ARGO, metadata={"name": "x", "finalizers": finalizers})

    assert [path for path, _ in judge("application-finalizer", one)] == required
    assert [path for path, _ in judge("application-finalizer", one, finalizer="forbidden")] == forbidden


@pytest.mark.parametrize(
    ("name", "prune", "is_flagged"),
    [
        ("web", True, False),
        ("web", False, True),
        ("web", None, True),
        ("web", "${PRUNE}", False),
        ("operator-crds", False, False),
        ("operator-crd", False, False),
        ("flux-instance", False, False),
    ],
)
def test_flux_prune(judge: Judge, name: str, prune: object, *, is_flagged: bool) -> None:
    """Kustomizations of CRDs and of Flux itself may keep what they have."""
    found = judge("flux-prune", kustomization(name, prune=prune))

    message = f"Kustomization {name} does not prune, so what is deleted in Git goes on running"
    assert found == ([("spec.prune", message)] if is_flagged else [])


@pytest.mark.parametrize(
    ("interval", "message"),
    [
        ("30s", None),
        ("24h", None),
        ("1h30m", None),
        ("${INTERVAL}", None),
        ("29s", "Kustomization x is reconciled every 29s, more often than 30s"),
        ("24h1s", "Kustomization x is reconciled every 24h1s, less than every 24h"),
        ("1d", "the interval 1d is no duration; write 10m or 1h30m"),
        (300, "the interval 300 is no duration; write 10m or 1h30m"),
        (None, None),
    ],
)
def test_flux_interval(judge: Judge, interval: object, message: str | None) -> None:
    """The bounds themselves are let through; a variable is not judged."""
    assert judge("flux-interval", kustomization(interval=interval)) == ([("spec.interval", message)] if message else [])


def test_flux_interval_of_a_chart(judge: Judge) -> None:
    """A HelmRelease has a second one; the bounds can be set."""
    one = release(interval="10m", chart={"spec": {"interval": "10m"}})

    assert judge("flux-interval", one, shortest="5m") == []
    assert [path for path, _ in judge("flux-interval", one, longest="5m")] == [
        "spec.interval",
        "spec.chart.spec.interval",
    ]


@pytest.mark.parametrize(
    ("spec", "is_flagged"),
    [
        ({"interval": "1h"}, True),
        ({"interval": "1h", "retryInterval": "2m"}, False),
        ({"interval": "30m"}, False),
        ({"interval": "x"}, False),
        ({}, False),
    ],
)
def test_flux_retry_interval(judge: Judge, spec: dict[str, str], *, is_flagged: bool) -> None:
    """Short intervals are retries themselves."""
    found = judge("flux-retry-interval", kustomization(**spec))

    assert [path for path, _ in found] == (["spec.interval"] if is_flagged else [])


@pytest.mark.parametrize(
    ("kind", "api_version"),
    [
        ("Kustomization", KUSTOMIZE),
        ("HelmRelease", HELM),
        ("GitRepository", SOURCE),
        ("OCIRepository", SOURCE),
        ("ImageUpdateAutomation", IMAGE),
        ("Alert", "notification.toolkit.fluxcd.io/v1beta3"),
    ],
)
def test_flux_suspended(judge: Judge, kind: str, api_version: str) -> None:
    """Whatever Flux can suspend; only the boolean counts."""
    assert judge("flux-suspended", named(kind, api_version, suspend=True)) == [
        ("spec.suspend", f"{kind} x is suspended, so Flux does not look at it")
    ]
    assert judge("flux-suspended", named(kind, api_version, suspend=False)) == []
    assert judge("flux-suspended", named(kind, api_version, suspend="true")) == []


def test_flux_force(judge: Judge) -> None:
    """Each controller has fields of its own."""
    assert judge("flux-force", kustomization(force=True, upgrade={"force": True})) == [
        ("spec.force", "Kustomization x deletes and remakes objects that it cannot update")
    ]
    found = judge("flux-force", release(force=True, upgrade={"force": True}, rollback={"force": True}))
    assert [path for path, _ in found] == ["spec.upgrade.force", "spec.rollback.force"]


TENANT = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "shop", "labels": {"toolkit.fluxcd.io/tenant": "a"}},
}


@pytest.mark.parametrize(
    ("namespace", "parameters", "is_flagged"),
    [
        ("shop", {}, True),
        ("billing", {}, False),
        ("billing", {"tenants": ("bill*",)}, True),
        ("flux-system", {"tenants": ("*",)}, False),
        ("shop", {"platform": ("shop",)}, False),
        ("", {"tenants": ("*",)}, False),
    ],
)
def test_flux_service_account(judge: Judge, namespace: str, parameters: dict[str, Any], *, is_flagged: bool) -> None:
    """Tenants are those that the label or the config names; an account of any name is enough."""
    for kind, version in (("Kustomization", KUSTOMIZE), ("HelmRelease", HELM)):
        bare = named(kind, version, "web", namespace, interval="5m")
        with_account = named(kind, version, "web", namespace, serviceAccountName="shop")

        found = judge("flux-service-account", bare, inventory=[TENANT], **parameters)
        assert [path for path, _ in found] == (["spec.serviceAccountName"] if is_flagged else [])
        assert judge("flux-service-account", with_account, inventory=[TENANT], **parameters) == []


@pytest.mark.parametrize(
    ("namespace", "is_flagged"),
    [
        ("billing", True),
        ("shop", False),
        ("flux-system", False),
        ("system-flux", False),
        ("", False),
        ("${NAMESPACE}", False),
    ],
)
def test_flux_cross_namespace_reference(judge: Judge, namespace: str, *, is_flagged: bool) -> None:
    """In every place that names a source; own and shared namespaces are let through."""
    reference = {"name": "a", "namespace": namespace} if namespace else {"name": "a"}
    places = {
        "spec.sourceRef": named("Kustomization", KUSTOMIZE, "x", "shop", sourceRef=reference),
        "spec.chart.spec.sourceRef": named("HelmRelease", HELM, "x", "shop", chart={"spec": {"sourceRef": reference}}),
        "spec.chartRef": named("HelmRelease", HELM, "x", "shop", chartRef=reference),
        "spec.imageRepositoryRef": named("ImagePolicy", IMAGE, "x", "shop", imageRepositoryRef=reference),
    }

    for place, one in places.items():
        found = judge("flux-cross-namespace-reference", one)
        assert [path for path, _ in found] == ([f"{place}.namespace"] if is_flagged else [])


def decryption(runner: Runner, files: dict[str, dict[str, Any]], name: str = "web") -> list[tuple[str, str]]:
    """What is said of a Kustomization beside these files."""
    objects = [manifest(data, file) for file, data in files.items()]
    subject = next(one for one in objects if one.kind == "Kustomization" and one.name == name)
    outcome = runner.run(
        PolicySet(runner.policies(), {"flux-decryption": Level.ERROR}),
        [Subject(None, subject)],
        Scene(inventory=tuple(objects)),
    )
    assert outcome.crashes == ()
    return [(format_path(hit.path), hit.message) for hit in outcome.hits]


ENCRYPTED = thing("Secret", stringData={"key": "ENC[AES256_GCM,data:p673w==,type:str]"}, sops={"version": "3.9.0"})
SOPS = {"provider": "sops"}


@pytest.mark.parametrize("path", ["./apps/web", "apps/web/", "/apps/web", "./apps", "./", None])
def test_flux_decryption(runner: Runner, path: str | None) -> None:
    """However the folder is written, and however far above the Secret it is."""
    files = {"apps/web/secret.yaml": ENCRYPTED, "clusters/web.yaml": kustomization("web", path=path)}
    message = "Kustomization web applies apps/web/secret.yaml, but has no spec.decryption"

    assert decryption(runner, files) == [("spec.path", message)]
    files["clusters/web.yaml"] = kustomization("web", path=path, decryption=SOPS)
    assert decryption(runner, files) == []


@pytest.mark.parametrize(
    "others",
    [
        {"apps/web/secret.yaml": thing("Secret", data={"key": "YQ=="})},
        {"apps/website/secret.yaml": ENCRYPTED},
        {"apps/web/secret.yaml": ENCRYPTED, "a.yaml": kustomization("inner", path="./apps/web", decryption=SOPS)},
        {
            "apps/web/secret.yaml": ENCRYPTED,
            "a.yaml": kustomization(
                "parent", path="./clusters", patches=[{"patch": "spec: {decryption: {provider: sops}}"}]
            ),
        },
    ],
    ids=["a plain Secret", "another folder", "a nearer Kustomization", "a parent that patches it in"],
)
def test_a_kustomization_that_needs_no_decryption(runner: Runner, others: dict[str, dict[str, Any]]) -> None:
    """What is encrypted is none of its business, or decryption comes from above."""
    path = "./apps" if "a.yaml" in others and others["a.yaml"]["metadata"]["name"] == "inner" else "./apps/web"

    assert decryption(runner, {**others, "clusters/web.yaml": kustomization("web", path=path)}) == []


def depends(name: str, *others: str, kind: str = "Kustomization", namespace: str = "flux-system") -> dict[str, Any]:
    version = KUSTOMIZE if kind == "Kustomization" else HELM
    return named(kind, version, name, namespace, dependsOn=[{"name": other} for other in others])


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ([depends("a", "b"), depends("b", "a")], "a -> b -> a"),
        ([depends("a", "b"), depends("b", "c"), depends("c", "a")], "a -> b -> c -> a"),
        ([depends("a", "a")], "a -> a"),
        ([depends("a", "b"), depends("b", "c"), depends("c", "b")], None),
        ([depends("a", "b", "c"), depends("b", "c"), depends("c")], None),
        ([depends("a", "b"), depends("b", "a", namespace="other")], None),
        ([depends("a", "b"), depends("b", "a", kind="HelmRelease")], None),
        ([depends("a", "b"), depends("b", "a"), depends("b")], None),
        ([depends("a", "missing")], None),
    ],
)
def test_flux_dependency_cycle(judge: Judge, objects: Sequence[dict[str, Any]], message: str | None) -> None:
    """The way back is named; kinds and namespaces are kept apart, and two clusters' objects are not mixed up."""
    found = judge("flux-dependency-cycle", objects[0], inventory=objects)

    said = f"Kustomization a depends on itself: {message}"
    assert found == ([("spec.dependsOn[0].name", said)] if message else [])


@pytest.mark.parametrize(
    ("spec", "is_flagged"),
    [
        ({"wait": False}, True),
        ({}, True),
        ({"wait": True}, False),
        ({"healthChecks": [{"kind": "Deployment", "name": "a"}]}, False),
        ({"healthCheckExprs": [{"kind": "Cluster"}]}, False),
    ],
)
def test_flux_dependency_without_wait(judge: Judge, spec: dict[str, Any], *, is_flagged: bool) -> None:
    """Asked only of what others depend on."""
    one = kustomization("a", "flux-system", **spec)
    rule = "flux-dependency-without-wait"

    found = judge(rule, one, inventory=[one, depends("b", "a")])
    message = "Kustomization a is ready as soon as it is applied, and b depends on it"
    assert found == ([("spec.wait", message)] if is_flagged else [])
    assert judge(rule, one, inventory=[one, depends("b", "c"), depends("b", "a", namespace="other")]) == []


@pytest.mark.parametrize(
    ("dependency", "message"),
    [
        ({"name": "a"}, None),
        ({"name": "a", "namespace": "flux-system"}, None),
        ({"name": "$NAME"}, None),
        ({"name": "b"}, "Kustomization x waits for b, which is not declared in namespace flux-system"),
        ({"name": "a", "namespace": "other"}, "Kustomization x waits for a, which is not declared in namespace other"),
    ],
)
def test_flux_unknown_dependency(judge: Judge, dependency: dict[str, str], message: str | None) -> None:
    """By name and namespace."""
    one = kustomization("x", "flux-system", dependsOn=[dependency])

    found = judge("flux-unknown-dependency", one, inventory=[one, kustomization("a", "flux-system")])

    assert found == ([("spec.dependsOn[0].name", message)] if message else [])


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({}, "spec"),
        ({"install": {"remediation": {"retries": 3}}}, "spec.upgrade.remediation.retries"),
        ({"upgrade": {"strategy": {"name": "RetryOnFailure"}}}, "spec.install.remediation.retries"),
        ({"install": {"remediation": {"retries": -1}}, "upgrade": {"remediation": {"retries": 3}}}, None),
        ({"install": {"remediation": {"retries": 0}}, "upgrade": {"remediation": {"retries": 0}}}, "spec"),
    ],
)
def test_helm_release_remediation(judge: Judge, spec: dict[str, Any], path: str | None) -> None:
    """Zero is none, and less than zero is without end."""
    assert [where for where, _ in judge("helm-release-remediation", release(**spec))] == ([path] if path else [])


@pytest.mark.parametrize(
    ("api_version", "mode", "is_flagged"),
    [
        (HELM, None, True),
        (HELM, "disabled", True),
        (HELM, "warn", False),
        (HELM, "enabled", False),
        ("helm.toolkit.fluxcd.io/v2beta2", None, True),
        ("helm.toolkit.fluxcd.io/v2beta1", None, False),
    ],
)
def test_helm_release_drift_detection(judge: Judge, api_version: str, mode: object, *, is_flagged: bool) -> None:
    """The first version of the API has no such field."""
    found = judge("helm-release-drift-detection", named("HelmRelease", api_version, driftDetection={"mode": mode}))

    assert [path for path, _ in found] == (["spec.driftDetection.mode"] if is_flagged else [])


def test_helm_release_checks_off(judge: Judge) -> None:
    """Each switch of each action is a finding of its own."""
    one = release(
        install={"disableWait": True, "disableHooks": False},
        upgrade={"disableSchemaValidation": True, "disableWaitForJobs": True},
        rollback={"disableHooks": True},
    )

    assert judge("helm-release-checks-off", one) == [
        ("spec.install.disableWait", "on install of HelmRelease x it is ready before its pods run"),
        ("spec.upgrade.disableSchemaValidation", "on upgrade of HelmRelease x its values are not validated"),
        (
            "spec.rollback.disableHooks",
            "on rollback of HelmRelease x the chart's hooks, such as migrations, do not run",
        ),
    ]


def test_helm_release_two_charts(judge: Judge) -> None:
    """One of the two is enough, and both are too many."""
    assert judge("helm-release-two-charts", release(chart={"spec": {}}, chartRef={"name": "a"})) == [
        ("spec.chartRef", "HelmRelease x has a chart and a chartRef, which is refused")
    ]
    assert judge("helm-release-two-charts", release(chart={"spec": {}}, chartRef=None)) == []
    assert judge("helm-release-two-charts", release(chartRef={"name": "a"})) == []


@pytest.mark.parametrize(
    ("kind", "reference", "ignored"),
    [
        ("GitRepository", {"branch": "main"}, []),
        ("GitRepository", {"branch": "main", "commit": "abc"}, []),
        ("GitRepository", {"tag": "v1", "branch": "main"}, ["branch"]),
        ("GitRepository", {"semver": "1.x", "tag": "v1", "branch": "main"}, ["tag", "branch"]),
        ("GitRepository", {"name": "refs/heads/main", "branch": "main"}, ["branch"]),
        ("OCIRepository", {"tag": "v1", "digest": "sha256:abc"}, []),
        ("OCIRepository", {"tag": "v1", "semver": "1.x"}, ["tag"]),
    ],
)
def test_flux_ambiguous_ref(judge: Judge, kind: str, reference: dict[str, str], ignored: list[str]) -> None:
    """What Flux ignores is flagged; what says more of an exact revision is not."""
    found = judge("flux-ambiguous-ref", named(kind, SOURCE, ref=reference))

    assert [path for path, _ in found] == [f"spec.ref.{key}" for key in ignored]


@pytest.mark.parametrize(
    ("span", "is_flagged"),
    [
        ("*", True),
        (">=1.0.0", True),
        (">1.0.0-0", True),
        ("1.x || >=2.0.0", True),
        ("x", True),
        ("1.x", False),
        ("^1.4.0", False),
        ("~1.4", False),
        (">=1.0.0 <2.0.0", False),
        ("1.0.0 - 2.0.0", False),
        ("1.4.2", False),
        ("${RANGE}", False),
    ],
)
def test_image_policy_unbounded_by_version(judge: Judge, span: str, *, is_flagged: bool) -> None:
    """A range ends somewhere."""
    found = judge("image-policy-unbounded", named("ImagePolicy", IMAGE, policy={"semver": {"range": span}}))

    assert [path for path, _ in found] == (["spec.policy.semver.range"] if is_flagged else [])


@pytest.mark.parametrize("pattern", [None, ".*", "^main-[0-9]+$"])
def test_image_policy_unbounded_by_order(judge: Judge, pattern: str | None) -> None:
    """An order alone says nothing of which tags are meant."""
    spec: dict[str, Any] = {"policy": {"numerical": {"order": "asc"}}, "filterTags": {"pattern": pattern}}

    found = judge("image-policy-unbounded", named("ImagePolicy", IMAGE, **spec))

    assert [path for path, _ in found] == ([] if pattern == "^main-[0-9]+$" else ["spec.policy.numerical"])


@pytest.mark.parametrize(
    ("git", "message"),
    [
        ({"push": {"branch": "updates"}}, None),
        ({"push": {"branch": "main"}}, "pushes to the branch main, without a review"),
        ({"push": {"branch": "production"}}, "pushes to the branch production, without a review"),
        ({}, "pushes to the branch that it reads, without a review"),
        ({"push": {"refspec": "HEAD:refs/for/main"}}, None),
        ({"push": {"branch": "${BRANCH}"}}, None),
    ],
)
def test_image_update_to_checkout(judge: Judge, git: dict[str, Any], message: str | None) -> None:
    """The branch that is checked out, and the one that pull requests go to, are out of bounds."""
    one = named("ImageUpdateAutomation", IMAGE, git={"checkout": {"ref": {"branch": "main"}}, **git})
    rule = "image-update-to-checkout"

    found = judge(rule, one, request=RequestFacts(is_known=True, base_branch="production"))
    assert [said for _, said in found] == ([f"ImageUpdateAutomation x {message}"] if message else [])
    assert judge(rule, one, allowed=("x",)) == []


@pytest.mark.parametrize(
    ("path", "source", "is_flagged"),
    [
        (None, {}, True),
        ("./", {}, True),
        ("./apps", {}, False),
        ("./", {"ignore": "/*\n!/apps"}, False),
        ("./", {"sparseCheckout": ["apps"]}, False),
    ],
)
def test_flux_root_path(judge: Judge, path: str | None, source: dict[str, Any], *, is_flagged: bool) -> None:
    """Only of Git repositories, and only of whole ones."""
    one = kustomization("x", "flux-system", path=path, sourceRef={"kind": "GitRepository", "name": "a"})
    inventory = [named("GitRepository", SOURCE, "a", "flux-system", **source)]

    found = judge("flux-root-path", one, inventory=inventory)
    assert [where for where, _ in found] == (["spec.path"] if is_flagged else [])
    artifact = kustomization("x", "flux-system", path=path, sourceRef={"kind": "OCIRepository", "name": "a"})
    assert judge("flux-root-path", artifact, inventory=inventory) == []


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("kustomize.toolkit.fluxcd.io/prune", "disabled", None),
        ("kustomize.toolkit.fluxcd.io/prune", "Disabled", None),
        ("kustomize.toolkit.fluxcd.io/prune", "false", "Flux ignores prune: false; it knows disabled"),
        ("kustomize.toolkit.fluxcd.io/reconcile", "no", "Flux ignores reconcile: no; it knows disabled"),
        ("kustomize.toolkit.fluxcd.io/force", "true", "Flux ignores force: true; it knows enabled"),
        ("kustomize.toolkit.fluxcd.io/ssa", "IfNotPresent", None),
        (
            "kustomize.toolkit.fluxcd.io/ssa",
            "skip",
            "Flux ignores ssa: skip; it knows Override, Merge, IfNotPresent and Ignore",
        ),
        ("kustomize.toolkit.fluxcd.io/name", "web", None),
        ("kustomize.toolkit.fluxcd.io/prune", "${PRUNE}", None),
        ("argocd.argoproj.io/sync-wave", "-5", None),
        ("argocd.argoproj.io/sync-wave", "1.5", "Argo CD ignores the sync wave 1.5; it must be a whole number"),
        ("argocd.argoproj.io/hook", "PreSync,PostSync", None),
        ("argocd.argoproj.io/hook", "PreSync, Post", "Argo CD knows no hook Post"),
        ("argocd.argoproj.io/hook-delete-policy", "HookSuccess", "Argo CD knows no hook-delete-policy HookSuccess"),
        ("argocd.argoproj.io/sync-options", "Prune=false, Delete=confirm", None),
        (
            "argocd.argoproj.io/sync-options",
            "Prune=false,delete=false",
            "Argo CD ignores the sync option delete; it is written Delete",
        ),
        ("argocd.argoproj.io/refresh", "anything", None),
    ],
)
def test_agent_annotation_ignored(judge: Judge, key: str, value: str, message: str | None) -> None:
    """On any object; labels count for Flux alone, and what the config knows is let through."""
    rule = "agent-annotation-ignored"
    one = thing("ConfigMap", metadata={"name": "x", "annotations": {"a": "b", key: value}})
    labelled = thing("ConfigMap", metadata={"name": "x", "labels": {key: value}})

    assert judge(rule, one) == ([(f'metadata.annotations["{key}"]', message)] if message else [])
    assert len(judge(rule, labelled)) == (1 if message and "flux" in key else 0)
    known = ("delete",) if "sync-options" in key else (value, "Post")
    assert judge(rule, one, known=known) == []


def test_rules_of_the_pack(runner: Runner) -> None:
    """What is recommended to everybody is in the pack too: it is refused, ignored, or open to all."""
    family = [policy for policy in runner.policies() if policy.id in FAMILY]
    sure = [policy for policy in family if "recommended" in policy.packs]

    assert all("gitops" in policy.packs for policy in sure)
    assert [policy.id for policy in sure] == [
        "agent-annotation-ignored",
        "application-destination-ambiguous",
        "application-source-ignored",
        "appproject-role-invalid",
        "appproject-sync-window-invalid",
        "argocd-open-access",
        "flux-decryption",
        "flux-dependency-cycle",
        "helm-release-two-charts",
    ]
