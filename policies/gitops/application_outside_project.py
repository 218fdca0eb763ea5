"""Built-in policy: application-outside-project."""

from __future__ import annotations

from fnmatch import fnmatchcase

from gategit.checks.policy.api import (
    APPLICATIONS,
    Field,
    Inventory,
    Manifest,
    Violation,
    Violations,
    application_sources,
    application_spec,
    is_filled_in_later,
    policy,
)

_HERE = {"name": "in-cluster", "server": "https://kubernetes.default.svc"}  # the cluster that Argo CD runs in


@policy(level="error", kinds=APPLICATIONS, inventory=("argoproj.io/AppProject",))
def application_outside_project(manifest: Manifest, inventory: Inventory) -> Violations:
    """An Argo CD Application deploys only from and to what its project allows.

    What it asks:
        Where the repository declares the Application's AppProject, each `repoURL` matches its `sourceRepos`, and
        the destination matches one of its `destinations` and none that is denied with `!`. A cluster that one of them
        names by name and the other by server is taken for the same. Templates and variables are not judged.

    Why:
        Argo CD refuses an Application that leaves its project: it stays in an error and deploys nothing. That is
        seen only after the merge; and the gate sees an attempt to reach into another team's namespace.

    How to fix:
        Correct the Application, or let whoever owns the AppProject allow it there first.

    Fails:
        --- # new
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/other/web.git  # <-
            path: web
          destination:
            name: in-cluster
            namespace: kube-system  # <-
        --- # inventory
        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata: {name: shop, namespace: argocd}
        spec:
          sourceRepos: ["https://git.example.com/shop/*"]
          destinations:
            - {server: "https://kubernetes.default.svc", namespace: shop-*}

    Passes:
        --- # new
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/web.git
            path: web
          destination:
            name: in-cluster
            namespace: shop-web
        --- # inventory
        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata: {name: shop, namespace: argocd}
        spec:
          sourceRepos: ["https://git.example.com/shop/*"]
          destinations:
            - {server: "https://kubernetes.default.svc", namespace: shop-*}

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/projects/#managing-projects
    """
    spec = application_spec(manifest)
    name = spec.text("project")
    if not name or is_filled_in_later(name):
        return
    projects = [one for one in inventory.of_kind("argoproj.io/AppProject") if one.name == name]
    if not projects:
        return
    for source in application_sources(spec):
        repository = source.text("repoURL")
        if repository and not is_filled_in_later(repository):
            permitted = any(_permits_source(project, repository) for project in projects)
            if not permitted:
                yield Violation(source.field("repoURL"), f"the project {name} does not allow {repository[:200]}")
    destination = spec.field("destination")
    if _can_be_judged(destination) and not any(_permits_destination(project, destination) for project in projects):
        where = destination.text("name") or destination.text("server")
        namespace = destination.text("namespace")
        yield Violation(
            destination.field("namespace"),
            f"the project {name} does not allow the namespace {namespace} of {where[:200]}",
        )


def _can_be_judged(destination: Field) -> bool:
    """Whether it is known where the Application goes."""
    cluster = destination.text("name") or destination.text("server")
    namespace = destination.text("namespace")
    return bool(cluster and namespace) and not is_filled_in_later(cluster) and not is_filled_in_later(namespace)


def _permits_source(project: Manifest, repository: str) -> bool:
    """Whether the repository is one of the project's. A ``*`` is taken for any text, which allows rather too much."""
    wanted = _plain_url(repository)
    patterns = [_plain_url(one.text()) for one in project.items("spec", "sourceRepos") if one.text()]
    if any(pattern.startswith("!") and not _matches(pattern, wanted) for pattern in patterns):
        return False
    return any(_matches(pattern, wanted) for pattern in patterns)


def _permits_destination(project: Manifest, destination: Field) -> bool:
    """Whether one of the project's destinations allows it, and none denies it."""
    clusters = _names_of_cluster(destination)
    namespace = destination.text("namespace")
    is_permitted = False
    for entry in project.items("spec", "destinations"):
        is_cluster = _is_cluster(entry, clusters)
        is_namespace = _matches(entry.text("namespace"), namespace)
        if is_cluster is not False and is_namespace:
            is_permitted = True
        elif _denies(entry, is_cluster=is_cluster, is_namespace=is_namespace):
            return False
    return is_permitted


def _names_of_cluster(destination: Field) -> dict[str, str]:
    """The name and the server of the cluster, as far as they are known."""
    name, server = destination.text("name"), destination.text("server")
    if name == _HERE["name"] or server == _HERE["server"]:
        return _HERE
    return {key: text for key, text in (("name", name), ("server", server)) if text}


def _is_cluster(entry: Field, clusters: dict[str, str]) -> bool | None:
    """Whether an entry of a project is about a cluster; None where the one has a name and the other a server."""
    answer: bool | None = False
    for key in ("name", "server"):
        pattern = entry.text(key)
        if not pattern:
            continue
        if key in clusters:
            if _matches(pattern, clusters[key]):
                return True
        elif pattern != _HERE[key]:
            answer = None
    return answer


def _denies(entry: Field, *, is_cluster: bool | None, is_namespace: bool) -> bool:
    """Whether an entry that does not allow a destination denies it, whatever others allow."""
    if is_cluster:
        return entry.text("namespace").startswith("!")
    return is_cluster is False and is_namespace and any(entry.text(key).startswith("!") for key in _HERE)


def _matches(pattern: str, text: str) -> bool:
    """Whether a pattern of Argo CD's covers a text. What cannot be judged here (variables, alternatives) does."""
    if "{" in pattern or is_filled_in_later(pattern):
        return True
    return not fnmatchcase(text, pattern[1:]) if pattern.startswith("!") else fnmatchcase(text, pattern)


def _plain_url(url: str) -> str:
    """A repository's URL as it is compared: the suffix and the letters' size do not matter."""
    return url.strip().lower().removesuffix("/").removesuffix(".git")
