"""Drift on a real API server: what was applied is changed by hand, and found again at its line in Git."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gategit.checks.drift.read import Wanted, read_live
from gategit.checks.drift.show import to_json, to_text
from gategit.checks.drift.values import Drift, ObjectChange, ObjectDrift, TargetDrift
from gategit.cluster.access import Access
from gategit.cluster.client import Client
from gategit.cluster.discovery import discover
from gategit.cluster.failures import ClusterError
from gategit.errors import UsageError
from gategit.gate_drift import read_drift
from gategit.request import Request
from tests.api_server import ApiServer, write_kubeconfig
from tests.conftest import RepositoryBuilder

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: NAMESPACE
  labels: {app: web}
spec:
  replicas: 2
  paused: false
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      automountServiceAccountToken: false
      containers:
        - name: web
          image: nginx:1.27
          env:
            - {name: A, value: "1"}
            - {name: B, value: "2"}
          ports: [{containerPort: 53}, {containerPort: 53, protocol: UDP}]
          resources: {limits: {cpu: 0.5, memory: 1024Mi}}
          volumeMounts: []
"""
OTHERS = """\
apiVersion: v1
kind: Secret
metadata: {name: key, namespace: NAMESPACE}
stringData: {a: HUNTER1, b: HUNTER2}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: NAMESPACE}
data:
  mode: fast
  text: |
    one
    two
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: NAMESPACE}
spec:
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: NAMESPACE}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: []}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: NAMESPACE}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: other, namespace: NAMESPACE}
spec:
  maxReplicas: 9
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: other}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: AverageValue, averageValue: 1000m}}}]
"""


class World:
    """A repository, and the namespace that it is deployed to."""

    def __init__(self, server: ApiServer, namespace: str, repository: RepositoryBuilder) -> None:
        self.server = server
        self.namespace = namespace
        self.repository = repository

    def commit(self, **files: str) -> None:
        """Commit files; ``__`` in a name is a slash."""
        texts = {f"{name.replace('__', '/')}.yaml": text for name, text in files.items()}
        self.repository.commit("change", {name: self.filled(text) for name, text in texts.items()})

    def filled(self, text: str) -> str:
        """A text with the namespace's name."""
        return text.replace("NAMESPACE", self.namespace)

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """Do something in the namespace."""
        return self.server.kubectl("--namespace", self.namespace, *arguments, stdin=self.filled(stdin))

    def apply(self, text: str, *options: str) -> None:
        """Apply manifests as an agent would."""
        self.kubectl("apply", *options, "--filename", "-", stdin=text)

    def drift(self, *paths: str, manager: str | None = None, **more: Any) -> Drift:
        """Compare HEAD with the cluster."""
        options = {"kubeconfig": str(self.server.kubeconfig), "paths": paths, **more}
        return read_drift(Request(self.repository.folder, **options), manager, lambda _: None)

    def target(self, *paths: str, **more: Any) -> TargetDrift:
        """The same, of the only target."""
        (found,) = self.drift(*paths, **more).targets
        return found


@pytest.fixture
def world(api_server: ApiServer, namespace: str, git_repository: RepositoryBuilder) -> World:
    return World(api_server, namespace, git_repository)


def fields_of(item: ObjectDrift) -> list[tuple[str, str, Any, Any]]:
    return [(field.change.value, field.path, field.git, field.live) for field in item.fields]


APPLIED = [
    (),
    ("--server-side", "--field-manager=argocd-controller"),
    ("--server-side", "--field-manager=kustomize-controller"),
]


@pytest.mark.parametrize("options", APPLIED)
def test_what_is_applied_has_not_drifted(options: tuple[str, ...], world: World) -> None:
    """Whoever applied it, and however the server writes it down."""
    world.commit(web=WEB, others=OTHERS)
    world.apply(WEB, *options)
    world.apply(OTHERS, *options)
    found = world.drift()
    assert (found.targets[0].objects, found.targets[0].unchecked, found.exit_code) == ((), (), 0)
    assert found.targets[0].compared == 7
    assert to_text(found, color=False) == (
        f"the cluster of the context test (Kubernetes {world.server.version}) against {found.commit[:12]}: "
        "no drift (7 objects compared)\n"
    )


@pytest.mark.parametrize("options", APPLIED)
def test_changes_by_hand_are_found_at_their_lines(options: tuple[str, ...], world: World) -> None:
    """Scaled, set, removed and added fields, each with who wrote it."""
    world.commit(web=WEB)
    world.apply(WEB, *options)
    world.kubectl("scale", "deployment", "web", "--replicas=5")
    world.kubectl("set", "env", "deployment/web", "B=changed", "C=3")
    world.kubectl("annotate", "deployment", "web", "by=hand")
    gone = [
        {"op": "remove", "path": "/spec/template/spec/automountServiceAccountToken"},
        {"op": "remove", "path": "/spec/template/spec/containers/0/ports/1"},
    ]
    world.kubectl("patch", "deployment", "web", "--type=json", f"--patch={json.dumps(gone)}")
    (item,) = world.target().objects
    pod = "spec.template.spec"
    assert fields_of(item) == [
        ("changed", "spec.replicas", 2, 5),
        ("lacking", f"{pod}.automountServiceAccountToken", False, None),
        ("changed", f"{pod}.containers[0].env[1].value", "2", "changed"),
        ("lacking", f"{pod}.containers[0].ports[1]", {"containerPort": 53, "protocol": "UDP"}, None),
        ("undeclared", "metadata.annotations.by", None, "hand"),
        ("undeclared", f"{pod}.containers[0].env[2]", None, {"name": "C", "value": "3"}),
    ]
    lines = [field.location.region.line for field in item.fields if field.location.region is not None]
    assert lines == [8, 14, 20, 21, 3, 18]
    assert [field.managers for field in item.fields] == [
        *(("kubectl",), (), ("kubectl-set",), ()),
        *(("kubectl-annotate",), ("kubectl-set",)),
    ]


@pytest.mark.parametrize("options", APPLIED)
def test_what_git_no_longer_declares(options: tuple[str, ...], world: World) -> None:
    """It was applied once, and is still there: the agent has not taken it away."""
    world.apply(WEB, *options)
    rest = WEB.replace('            - {name: B, value: "2"}\n', "").replace("  labels: {app: web}\nspec", "spec")
    world.commit(web=rest)
    (item,) = world.target().objects
    found = {path: live for _, path, _, live in fields_of(item)}
    env = "spec.template.spec.containers[0].env[1]"
    assert found == {"metadata.labels.app": "web", env: {"name": "B", "value": "2"}}


def test_missing_and_undeclared_objects(world: World) -> None:
    """What the cluster lacks, and what only the cluster has; what the system makes is no news."""
    world.commit(web=WEB, others=OTHERS)
    world.apply(WEB)
    world.apply(OTHERS)
    world.kubectl("delete", "service", "web")
    world.kubectl("create", "configmap", "stray", "--from-literal=a=b")
    world.kubectl("create", "configmap", "kube-root-ca.crt", "--from-literal=a=b")
    world.kubectl("create", "secret", "generic", "stray", "--from-literal=a=HUNTER3")
    world.kubectl("create", "secret", "generic", "sh.helm.release.v1.chart.v1", "--from-literal=a=HUNTER4")
    owner = json.loads(world.kubectl("get", "configmap", "stray", "--output=json"))["metadata"]["uid"]
    owned = f"ownerReferences: [{{apiVersion: v1, kind: ConfigMap, name: stray, uid: {owner}}}]"
    world.apply(f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: owned, {owned}}}}}")
    built = "{name: built, labels: {kustomize.toolkit.fluxcd.io/name: apps}}"
    world.apply(f"{{apiVersion: v1, kind: ConfigMap, metadata: {built}}}")
    found = world.target()
    assert [(item.change, str(item.object), item.managers, item.reason) for item in found.objects] == [
        (ObjectChange.MISSING, f"Service {world.namespace}/web", (), ""),
        (ObjectChange.UNDECLARED, f"ConfigMap {world.namespace}/stray", ("kubectl-create",), ""),
        (ObjectChange.UNDECLARED, f"Secret {world.namespace}/stray", ("kubectl-create",), ""),
        (
            ObjectChange.UNDECLARED,
            f"Release {world.namespace}/chart",
            (),
            "a Helm release with all its objects, and no HelmRelease in Git",
        ),
    ]
    location = found.objects[0].location
    assert location is not None
    assert location.region is not None
    assert (location.file, location.region.line) == ("others.yaml", 15)
    assert found.notes == ("1 object carries the mark of an agent that built them: Git does not hold them as such",)


def test_no_value_of_a_secret_is_shown(world: World) -> None:
    """That it changed shows in two hashes; the same value has the same one."""
    world.commit(others=OTHERS)
    world.apply(OTHERS)
    world.kubectl("patch", "secret", "key", '--patch={"stringData":{"a":"HUNTER2","c":"DRAGON"}}')
    found = world.drift()
    for text in (to_text(found, color=False), to_json(found)):
        assert "HUNTER" not in text
        assert "DRAGON" not in text
        assert "SFVOVEVS" not in text
    changed, added = found.targets[0].objects[0].fields
    assert (changed.path, added.path) == ("data.a", "data.c")
    assert changed.git != changed.live
    assert changed.location.region is not None
    assert changed.location.region.line == 4


def test_no_credential_is_shown(world: World) -> None:
    """Neither one that somebody set by hand, nor the one that Git should not have declared."""
    metadata = "{name: c, namespace: NAMESPACE}"
    text = f"{{apiVersion: v1, kind: ConfigMap, metadata: {metadata}, data: {{DB_PASSWORD: in-git-so-bad}}}}"
    world.commit(web=WEB, config=text)
    world.apply(WEB)
    world.apply(text)
    world.kubectl("set", "env", "deployment/web", "API_PASSWORD=set-by-hand")
    world.kubectl("patch", "configmap", "c", '--patch={"data":{"DB_PASSWORD":"put-in-live"}}')
    shown = to_text(world.drift(), color=False)
    assert not [value for value in ("in-git-so-bad", "set-by-hand", "put-in-live") if value in shown]
    assert shown.count("(secret, ") == 3


def read(access: Access, namespace: str, secrets: list[str]) -> Any:
    async def reading() -> Any:
        async with Client(access) as client:
            discovery = await discover(client)
            resource = discovery.find("v1", "Secret")
            assert resource is not None
            wanted = [Wanted(resource, namespace, name) for name in secrets]
            return await read_live(client, discovery, wanted, [namespace])

    return asyncio.run(reading())


def test_values_of_other_secrets_are_not_read(world: World) -> None:
    """Of a Secret that Git does not declare, the server is asked for the metadata alone."""
    world.kubectl("create", "secret", "generic", "ours", "--from-literal=a=HUNTER1")
    world.kubectl("create", "secret", "generic", "theirs", "--from-literal=a=HUNTER2")
    live = read(world.server.access, world.namespace, ["ours"])
    assert {key.name for key in live.others if key.kind == "Secret"} == {"ours", "theirs"}
    assert all(set(content) == {"metadata"} for content in live.others.values())
    assert [content["data"]["a"] for content in live.objects.values()] == ["SFVOVEVSMQ=="]


def reader(world: World, tmp_path: Path, **rules: list[str]) -> str:
    """A kubeconfig of an account that may do no more than these rules say."""
    access = world.server.account(world.namespace, "reader")
    rule = {
        "apiGroups": rules.get("groups", ["*"]),
        "resources": rules.get("resources", ["*"]),
        "verbs": ["get", "list"],
    }
    world.apply(
        json.dumps(
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": [rule]}
        )
    )
    world.kubectl("create", "rolebinding", "r", "--role=r", f"--serviceaccount={world.namespace}:reader")
    return str(write_kubeconfig(access, tmp_path / "reader.yaml"))


def test_rights_to_read_are_enough(world: World, tmp_path: Path) -> None:
    """An account that may get and list, and nothing else, in that namespace alone."""
    kubeconfig = reader(world, tmp_path)
    declared = OTHERS.replace("name: reader", "name: r").replace(
        '[{apiGroups: [""], resources: [pods], verbs: [get]}]',
        '[{apiGroups: ["*"], resources: ["*"], verbs: [get, list]}]',
    )
    world.commit(others=declared)
    world.apply(declared)
    found = world.target(kubeconfig=kubeconfig)
    assert found.unchecked == ()
    assert {str(item.object) for item in found.objects} == {
        f"RoleBinding {world.namespace}/r",
        f"ServiceAccount {world.namespace}/reader",
    }


def test_what_may_not_be_read_is_said(world: World, tmp_path: Path) -> None:
    """No drift where nobody could look would be a lie: exit code 3."""
    world.commit(others=OTHERS)
    world.apply(OTHERS)
    groups = ["", "networking.k8s.io", "autoscaling", "rbac.authorization.k8s.io"]
    kubeconfig = reader(world, tmp_path, groups=groups, resources=["configmaps", "services", "networkpolicies"])
    found = world.drift(kubeconfig=kubeconfig)
    assert found.exit_code == 3
    assert found.targets[0].objects == ()
    said = {item.what: item.reason for item in found.targets[0].unchecked}
    assert said[f"Secret {world.namespace}/key"] == "the account may not have it read"
    assert said[f"secrets in the namespace {world.namespace}"] == "the account may not have it listed"
    assert "not looked at: " in to_text(found, color=False)


def test_many_namespaces_are_listed_at_once(world: World, tmp_path: Path) -> None:
    """Where that is allowed; else one by one, with the same result."""
    names = [world.namespace, *(world.server.new_namespace() for _ in range(9))]
    objects = "---\n".join(
        f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: c, namespace: {name}}}}}\n" for name in names
    )
    world.commit(all=objects)
    world.server.kubectl("apply", "--filename=-", stdin=objects)
    world.server.kubectl("--namespace", names[3], "create", "configmap", "stray")
    stray = [f"ConfigMap {names[3]}/stray"]
    assert [str(item.object) for item in world.target().objects] == stray
    account = world.server.account(world.namespace, "few")
    for name in names:
        world.server.kubectl("--namespace", name, "create", "role", "few", "--verb=get,list", "--resource=configmaps")
        binding = f"--serviceaccount={world.namespace}:few"
        world.server.kubectl("--namespace", name, "create", "rolebinding", "few", "--role=few", binding)
    found = world.target(kubeconfig=str(write_kubeconfig(account, tmp_path / "few.yaml")))
    assert [str(item.object) for item in found.objects] == stray


def test_an_autoscaler_is_in_charge_of_replicas(world: World) -> None:
    """What a declared HorizontalPodAutoscaler scales may have any number of them."""
    scaler = OTHERS[OTHERS.index("apiVersion: autoscaling") :].replace(
        "name: other}\n  metrics", "name: web}\n  metrics"
    )
    world.commit(web=WEB, scaler=scaler)
    world.apply(WEB)
    world.apply(scaler)
    world.kubectl("scale", "deployment", "web", "--replicas=5")
    assert world.target().objects == ()


def test_what_comes_and_goes_may_be_gone(world: World) -> None:
    """A hook, and a Job that is swept away when it is done; any other Job is missing."""
    job = """\
apiVersion: batch/v1
kind: Job
metadata: {name: NAME, namespace: NAMESPACE, annotations: {MARK: Sync}}
spec:
  MORE
  template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}
"""
    texts = [
        job.replace("NAME,", f"{name},").replace("MARK", mark).replace("MORE", more)
        for name, mark, more in (
            ("hook", "argocd.argoproj.io/hook", "parallelism: 1"),
            ("swept", "a", "ttlSecondsAfterFinished: 60"),
            ("plain", "a", "parallelism: 1"),
        )
    ]
    world.commit(jobs="---\n".join(texts))
    assert [item.object.name for item in world.target().objects] == ["plain"]


@pytest.mark.parametrize("mark", ["ssa: IfNotPresent", "ssa: ignore", "reconcile: disabled"])
def test_what_flux_leaves_alone(mark: str, world: World) -> None:
    """It is not applied, or not again, so that it may be as it is; a note says so."""
    metadata = f"{{name: c, namespace: NAMESPACE, annotations: {{kustomize.toolkit.fluxcd.io/{mark}}}}}"
    world.commit(config=f"{{apiVersion: v1, kind: ConfigMap, metadata: {metadata}, data: {{a: b}}}}")
    found = world.target()
    assert found.objects == ()
    assert found.notes == (f"ConfigMap {world.namespace}/c is one that Flux is told to leave alone",)


def test_a_kind_that_the_cluster_does_not_serve(world: World) -> None:
    """Its objects cannot be there; of another version nobody knows."""
    world.commit(
        a="{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: NAMESPACE}}",
        b="{apiVersion: apps/v1beta1, kind: Deployment, metadata: {name: d, namespace: NAMESPACE}}",
        c="{apiVersion: v1, kind: ConfigMap, metadata: {generateName: c-, namespace: NAMESPACE}}",
    )
    found = world.target()
    assert [(item.change, item.reason) for item in found.objects] == [
        (ObjectChange.MISSING, "the cluster does not serve its kind")
    ]
    assert [item.reason for item in found.unchecked] == [
        "the cluster serves its kind as v1, not as v1beta1",
        "its name is made in the cluster",
    ]


def test_without_rendering_kustomizations_are_followed_as_far_as_they_go(world: World) -> None:
    """One that sets the namespace is understood; what one changes otherwise only a build can tell."""
    world.repository.write(".gategit.yaml", "version: 1\nrender: {enabled: false}\n")
    plain = "{apiVersion: v1, kind: ConfigMap, metadata: {name: plain}, data: {a: b}}"
    world.commit(
        plain__kustomization="namespace: NAMESPACE\nresources: [plain.yaml]\n",
        plain__plain=plain,
        other__kustomization="namePrefix: prod-\nnamespace: NAMESPACE\nresources: [other.yaml]\n",
        other__other=plain.replace("plain", "other"),
        made__kustomization="namespace: NAMESPACE\nconfigMapGenerator: [{name: made, literals: [a=b]}]\n",
    )
    world.apply(plain)
    for name in ("prod-other", "made-5g2ht8k7mb", "stray"):
        world.kubectl("create", "configmap", name)
    found = world.target()
    assert [str(item.object) for item in found.objects] == [f"ConfigMap {world.namespace}/stray"]
    assert [(item.what, item.reason) for item in found.unchecked] == [
        (
            "ConfigMap other (other/other.yaml)",
            "a kustomization changes it when it is built: only the built object could be compared",
        )
    ]


def test_overlays_are_compared_as_they_are_built(world: World) -> None:
    """Names, hashes and patches are those of the build; each field stands on the line that sets it."""
    world.commit(
        base__kustomization="resources: [web.yaml]\nconfigMapGenerator: [{name: made, literals: [a=b]}]\n",
        base__web=WEB.replace("  namespace: NAMESPACE\n", ""),
        prod__kustomization="namePrefix: prod-\nnamespace: NAMESPACE\n"
        "resources: [../base]\npatches: [{path: more.yaml}]\n",
        prod__more="apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 3\n",
    )
    world.apply(WEB.replace("name: web\n  namespace", "name: prod-web\n  namespace"))
    world.kubectl("create", "configmap", "made", "--from-literal=a=b")
    found = world.target()
    assert found.unchecked == ()
    assert [(item.change, item.object.name, item.location and item.location.file) for item in found.objects] == [
        (ObjectChange.MISSING, "prod-made-4h2mbtbbt6", "base/kustomization.yaml"),
        (ObjectChange.CHANGED, "prod-web", "base/web.yaml"),
        (ObjectChange.UNDECLARED, "made", None),
    ]
    (field,) = found.objects[1].fields
    assert (field.path, field.git, field.live) == ("spec.replicas", 3, 2)
    assert (field.location.file, field.location.region and field.location.region.line) == ("prod/more.yaml", 6)
    assert "  prod/more.yaml:6  written by " in to_text(Drift("0" * 40, (found,)), color=False)


def test_paths_narrow_by_the_files_that_an_object_is_made_of(world: World) -> None:
    """Of its overlay as of its base; another overlay's object is another one."""
    world.commit(
        base__kustomization="resources: [web.yaml]\n",
        base__web=WEB.replace("  namespace: NAMESPACE\n", ""),
        one__kustomization="namePrefix: one-\nnamespace: NAMESPACE\nresources: [../base]\n",
        two__kustomization="namePrefix: two-\nnamespace: NAMESPACE\nresources: [../base]\n",
    )
    assert [item.object.name for item in world.target("two").objects] == ["two-web"]
    assert [item.object.name for item in world.target("base/web.yaml").objects] == ["one-web", "two-web"]


def test_a_release_of_a_chart_is_compared(world: World) -> None:
    """What Helm adds of its own is no drift, what somebody scales is, at the line of the values."""
    world.commit(
        chart__Chart="apiVersion: v2\nname: chart\nversion: 1.0.0\n",
        chart__values="replicas: 2\n",
        chart__templates__web=WEB.replace("  namespace: NAMESPACE\n", "").replace(
            "replicas: 2", "replicas: {{ .Values.replicas }}"
        ),
        app="""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: NAMESPACE, annotations: {kustomize.toolkit.fluxcd.io/ssa: Ignore}}
spec:
  project: default
  source: {repoURL: "https://git.example.com/shop.git", path: chart}
  destination: {server: "https://kubernetes.default.svc", namespace: NAMESPACE}
""",
    )
    world.repository.commit(
        "config", {".gategit.yaml": "version: 1\nrepositories: [https://git.example.com/shop.git]\n"}
    )
    world.apply(WEB, "--server-side", "--field-manager=argocd-controller")
    world.kubectl("annotate", "deployment", "web", "meta.helm.sh/release-name=shop", "--field-manager=helm")
    objects = {item.object.kind: item for item in world.target().objects}
    assert objects.keys() == {"Application"}  # the cluster of the test does not serve the kind
    world.kubectl("scale", "deployment", "web", "--replicas=5")
    objects = {item.object.kind: item for item in world.target().objects}
    (field,) = objects["Deployment"].fields
    assert (field.path, field.git, field.live) == ("spec.replicas", 2, 5)
    assert (field.location.file, field.location.region and field.location.region.line) == ("chart/values.yaml", 1)


FLUX = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: app, namespace: NAMESPACE, annotations: {kustomize.toolkit.fluxcd.io/ssa: Ignore}}
spec:
  interval: 10m
  path: ./app
  prune: true
  targetNamespace: TARGET
  postBuild: {substitute: {size: SIZE}}
  sourceRef: {kind: GitRepository, name: flux-system}
"""


def test_each_target_has_what_its_agents_build_for_it(world: World) -> None:
    """The same folder with the namespace and the variables of each cluster; neither knows the other's objects."""
    other = world.server.new_namespace()
    targets = "".join(f"  {name}: {{paths: ['clusters/{name}/**'], context: test}}\n" for name in ("one", "two"))
    world.repository.write(".gategit.yaml", f"version: 1\ntargets:\n{targets}")
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n  size: ${size}\n"
    world.commit(
        clusters__one__app=FLUX.replace("TARGET", "NAMESPACE").replace("SIZE", "small"),
        clusters__two__app=FLUX.replace("TARGET", other).replace("SIZE", "big"),
        app__settings=settings,
    )
    world.apply(settings.replace("${size}", "small"))
    world.server.kubectl("apply", "-n", other, "-f", "-", stdin=settings.replace("${size}", "small"))
    found = {one.target: one for one in world.drift().targets}
    changed = {
        name: [str(item.object) for item in one.objects if item.object.kind == "ConfigMap"]
        for name, one in found.items()
    }
    assert changed == {"one": [], "two": [f"ConfigMap {other}/settings"]}
    (item,) = [item for item in found["two"].objects if item.object.kind == "ConfigMap"]
    assert fields_of(item) == [("changed", "data.size", "big", "small")]


def test_what_cannot_be_built_is_no_stranger_and_no_success(world: World) -> None:
    """What a broken kustomization would bring is not known: nothing of it is drift, and it is said."""
    world.commit(
        broken__kustomization="namespace: NAMESPACE\nnamePrefix: a-\nresources: [web.yaml, nowhere.yaml]\n",
        broken__web="{apiVersion: v1, kind: ConfigMap, metadata: {name: web}}",
        other="{apiVersion: v1, kind: ConfigMap, metadata: {name: other, namespace: NAMESPACE}}",
    )
    for name in ("other", "a-web"):
        world.kubectl("create", "configmap", name)
    found = world.target()
    assert found.objects == ()
    assert [one.what for one in found.unchecked] == ["the kustomization broken"]


def test_of_an_encrypted_secret_only_metadata_are_compared(world: World) -> None:
    """What SOPS encrypted is not what the agent applies."""
    metadata = "{name: s, namespace: NAMESPACE, labels: {a: b}}"
    text = f"{{apiVersion: v1, kind: Secret, metadata: {metadata}, stringData: {{a: ENC}}%s}}"
    world.commit(secret=text % ", sops: {version: 3}")
    world.apply(text % "")
    found = world.target()
    assert found.objects == ()
    assert found.notes == (f"Secret {world.namespace}/s is encrypted with SOPS: of it only the metadata were compared",)


def test_paths_narrow_what_is_compared(world: World) -> None:
    """What other files declare is still not a stranger."""
    world.commit(apps__web=WEB, apps__others=OTHERS)
    world.apply(WEB)
    found = world.target("apps/web.yaml")
    assert (found.objects, found.compared) == ((), 1)
    world.kubectl("create", "service", "clusterip", "web", "--tcp=80")
    assert world.target("apps/web.yaml").objects == ()


def test_templates_and_broken_files_are_said(world: World) -> None:
    """They may declare anything."""
    world.commit(chart__Chart="name: c\n", chart__templates__a="kind: {{ .Values.kind }}\n", broken="a: [\n", web=WEB)
    world.apply(WEB)
    found = world.drift()
    assert [item.what for item in found.targets[0].unchecked] == ["broken.yaml", "the chart chart"]
    assert found.exit_code == 3


def test_nothing_declared_is_nothing_looked_at(world: World) -> None:
    """An empty repository has no drift, and proves nothing."""
    world.commit(values="a: 1\n")
    assert world.drift().exit_code == 3


def test_another_commit(world: World) -> None:
    """The one that the cluster should be at, whatever is checked out."""
    world.commit(web=WEB)
    world.apply(WEB)
    world.repository.branch("next")
    world.commit(web=WEB.replace("replicas: 2", "replicas: 3"))
    assert world.drift().exit_code == 1
    assert world.drift(base="main").exit_code == 0
    world.repository.write("web.yaml", "")
    assert world.drift(base="main").exit_code == 0


CONFIG = """\
version: 1
targets:
  one: {paths: ["one/**"], context: test, namespace: NAMESPACE}
  two: {paths: ["two/**"], MORE}
"""


def test_targets(world: World) -> None:
    """Each has its files, its context and its namespace; a file of no target may be deployed to any."""
    text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}}"
    world.repository.write(".gategit.yaml", world.filled(CONFIG.replace("MORE", "context: test, namespace: NAMESPACE")))
    world.commit(one__a=text % "a", two__b=text % "b", c=text % "c")
    for name in ("a", "b", "c"):
        world.kubectl("create", "configmap", name)
    only = world.target(target="two")
    # Another target's object is no business of this one.
    assert ([str(item.object) for item in only.objects], only.compared) == ([f"ConfigMap {world.namespace}/a"], 1)
    both = world.drift()
    assert [(found.target, found.compared) for found in both.targets] == [("one", 1), ("two", 1)]


@pytest.mark.parametrize(
    ("more", "options", "message"),
    [
        ("namespace: x", {}, "the config has several targets, and two names no context"),
        ("context: x", {"context": "test"}, "the config has several targets, and --context names one cluster"),
        ("context: x", {"target": "twoo"}, "there is no target twoo; did you mean two?"),
    ],
)
def test_it_must_be_clear_which_cluster(more: str, options: dict[str, str], message: str, world: World) -> None:
    """One cluster is not compared with what belongs to another."""
    world.repository.write(".gategit.yaml", world.filled(CONFIG.replace("MORE", more)))
    world.commit(web=WEB)
    with pytest.raises(UsageError) as caught:
        world.drift(**options)
    assert caught.value.message == message


def test_a_cluster_that_does_not_answer(world: World, tmp_path: Path) -> None:
    """Alone it is the run's failure; among several it leaves the others alone."""
    gone = replace(world.server.access, server="https://127.0.0.1:1")
    kubeconfig = write_kubeconfig(gone, tmp_path / "gone.yaml")
    world.commit(web=WEB)
    with pytest.raises(ClusterError):
        world.drift(kubeconfig=str(kubeconfig))
    world.repository.write(".gategit.yaml", world.filled(CONFIG.replace("MORE", "context: test")))
    world.commit(web=WEB)
    found = world.drift(kubeconfig=str(kubeconfig))
    assert [item.what for one in found.targets for item in one.unchecked] == ["target one", "target two"]
    assert found.exit_code == 3
