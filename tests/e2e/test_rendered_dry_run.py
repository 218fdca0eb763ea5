"""The dry run of what agents would apply: rendered objects, once for each target, on the lines that people edit."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gategit.cli.cluster import app
from tests.api_server import ApiServer
from tests.conftest import RepositoryBuilder
from tests.e2e.test_dry_run import DEPLOYMENT, Answer, judge

pytestmark = pytest.mark.usefixtures("renderers")

WEB = DEPLOYMENT.replace("  namespace: {namespace}\n", "").format(app="web", tag="1")
OVERLAY = "namespace: {namespace}\nresources:\n  - ../../base\n"
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {0}}}\n"
REPOSITORY = "https://git.example.com/shop/deploy.git"


def outcomes(answer: Answer) -> list[tuple[str | None, str, str | None, str, str]]:
    """Target, kind, namespace, name and result of each object that was asked for."""
    return [
        (one["target"], one["object"]["kind"], one["object"]["namespace"], one["object"]["name"], one["result"])
        for one in answer.report["dry_run"]["objects"]
    ]


def unchecked(answer: Answer) -> list[str]:
    return [f"{one['what']}: {one['reason']}" for one in answer.report["unchecked"]]


def test_each_overlay_is_asked_for_in_its_namespace_for_its_target(
    git_repository: RepositoryBuilder, api_server: ApiServer
) -> None:
    """Before and after as they are built; nothing is asked for as the base's file declares it."""
    dev, prod = api_server.new_namespace(), api_server.new_namespace()
    config = "version: 1\ntargets:\n"
    files = {"base/kustomization.yaml": "resources: [web.yaml]\n", "base/web.yaml": WEB}
    for name, namespace in (("dev", dev), ("prod", prod)):
        config += f'  {name}: {{paths: ["overlays/{name}/**"], dry_run: cluster, context: test}}\n'
        files[f"overlays/{name}/kustomization.yaml"] = OVERLAY.format(namespace=namespace)
        api_server.kubectl("apply", "-n", namespace, "-f", "-", stdin=WEB)
    files["overlays/prod/kustomization.yaml"] += "patches:\n  - path: patch.yaml\n    target: {kind: Deployment}\n"
    files["overlays/prod/patch.yaml"] = "- op: replace\n  path: /spec/replicas\n  value: 2\n"
    git_repository.commit("base", {".gategit.yaml": config, **files})
    git_repository.branch("pr")
    git_repository.commit("edit", {"base/web.yaml": WEB.replace("web:1", "web:2")})
    answer = judge(git_repository, kubeconfig=api_server.kubeconfig)
    assert answer.code == 0, answer.text
    assert outcomes(answer) == [
        ("dev", "Deployment", dev, "web", "configured"),
        ("prod", "Deployment", prod, "web", "configured"),
    ]
    assert {one["file"] for one in answer.report["dry_run"]["objects"]} == {"base/web.yaml"}
    assert unchecked(answer) == []


def test_what_the_server_refuses_stands_on_the_patch(
    git_repository: RepositoryBuilder, api_server: ApiServer, namespace: str
) -> None:
    """A selector that an overlay's patch changes, where nothing of the object's own file does."""
    api_server.kubectl("apply", "-n", namespace, "-f", "-", stdin=WEB)
    overlay = OVERLAY.format(namespace=namespace)
    git_repository.commit(
        "base",
        {
            "base/kustomization.yaml": "resources: [web.yaml]\n",
            "base/web.yaml": WEB,
            "overlays/prod/kustomization.yaml": overlay,
        },
    )
    git_repository.branch("pr")
    patch = (
        "- op: replace\n  path: /spec/selector/matchLabels/app\n  value: other\n"
        "- op: replace\n  path: /spec/template/metadata/labels/app\n  value: other\n"
    )
    patched = overlay + "patches: [{path: patch.yaml, target: {kind: Deployment}}]\n"
    git_repository.commit("edit", {"overlays/prod/kustomization.yaml": patched, "overlays/prod/patch.yaml": patch})
    answer = judge(git_repository, "--dry-run=cluster", kubeconfig=api_server.kubeconfig)
    assert answer.rules == [("immutable-field", "overlays/prod/patch.yaml", 3, "new")]
    assert answer.code == 1


def test_what_an_overlay_no_longer_lists_is_asked_to_be_removed(
    git_repository: RepositoryBuilder, api_server: ApiServer, namespace: str
) -> None:
    """Its file is still there."""
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
    api_server.kubectl("apply", "-n", namespace, "-f", "-", stdin=settings)
    overlay = f"namespace: {namespace}\nresources: [settings.yaml]\n"
    git_repository.commit("base", {"app/kustomization.yaml": overlay, "app/settings.yaml": settings})
    git_repository.branch("pr")
    git_repository.commit("edit", {"app/kustomization.yaml": f"namespace: {namespace}\nresources: []\n"})
    answer = judge(git_repository, "--dry-run=cluster", kubeconfig=api_server.kubeconfig)
    assert outcomes(answer) == [(None, "ConfigMap", namespace, "settings", "removed")], answer.text


def application(name: str, path: str, namespace: str, *, makes: bool) -> str:
    options = "\n  syncPolicy: {syncOptions: [CreateNamespace=true]}" if makes else ""
    return f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {name}, namespace: argocd}}
spec:
  project: default
  source: {{repoURL: {REPOSITORY}, path: {path}}}
  destination: {{server: "https://kubernetes.default.svc", namespace: {namespace}}}{options}
"""


CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
    "chart/values.yaml": "protocol: TCP\n",
    "chart/templates/web.yaml": (
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
        "spec:\n  ports:\n    - port: 80\n      protocol: {{ .Values.protocol }}\n"
    ),
}


@pytest.mark.parametrize("mode", ["cluster", "sandbox"])
def test_an_application_s_chart_is_asked_for_where_argo_cd_makes_the_namespace(
    git_repository: RepositoryBuilder, api_server: ApiServer, mode: str
) -> None:
    """A namespace that comes with the sync is no reason to refuse; one that nobody makes is. Values have their line."""
    config = f'version: 1\nrepositories: [{REPOSITORY}]\ntargets: {{prod: {{paths: ["apps/**"], context: test}}}}\n'
    git_repository.commit("base", {".gategit.yaml": config, "readme.md": "x"})
    git_repository.branch("pr")
    git_repository.commit(
        "add",
        {
            **CHART,
            "chart/values.yaml": "protocol: QUIC\n",
            "apps/shop.yaml": application("shop", "chart", "brought-by-argo", makes=True),
            "apps/store.yaml": application("store", "plain", "brought-by-nobody", makes=False),
            "plain/settings.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n",
        },
    )
    answer = judge(git_repository, f"--dry-run={mode}", kubeconfig=api_server.kubeconfig)
    rendered = [one for one in outcomes(answer) if one[1] != "Application"]
    assert rendered == [
        ("prod", "Service", "brought-by-argo", "web", "rejected"),
        ("prod", "ConfigMap", "brought-by-nobody", "settings", "rejected"),
    ], answer.text
    found = [one for one in answer.report["findings"] if one["object"]["kind"] != "Application"]
    assert [(one["message"], one["file"], one["line"]) for one in found] == [
        ("the namespace brought-by-nobody does not exist", "apps/store.yaml", 1),
        (found[1]["message"], "chart/values.yaml", 1),
    ]


def test_each_application_of_a_set_gets_its_namespace(git_repository: RepositoryBuilder, api_server: ApiServer) -> None:
    """The template names it by a parameter, so only the generated Applications say which it is."""
    config = f'version: 1\nrepositories: [{REPOSITORY}]\ntargets: {{prod: {{paths: ["sets/**"], context: test}}}}\n'
    template = application("'{{app}}'", "'apps/{{app}}'", "'team-{{app}}'", makes=True)
    spec = template.partition("spec:\n")[2].replace("\n", "\n      ").rstrip()
    sets = f"""\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: teams, namespace: argocd}}
spec:
  generators: [{{list: {{elements: [{{app: red}}, {{app: blue}}]}}}}]
  template:
    metadata: {{name: '{{{{app}}}}'}}
    spec:
      {spec}
"""
    git_repository.commit("base", {".gategit.yaml": config, "readme.md": "x"})
    git_repository.branch("pr")
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
    git_repository.commit(
        "add", {"sets/teams.yaml": sets, "apps/red/settings.yaml": settings, "apps/blue/settings.yaml": settings}
    )
    answer = judge(git_repository, "--dry-run=cluster", kubeconfig=api_server.kubeconfig)
    assert [one for one in outcomes(answer) if one[1] == "ConfigMap"] == [
        ("prod", "ConfigMap", "team-blue", "settings", "created"),
        ("prod", "ConfigMap", "team-red", "settings", "created"),
    ], answer.text


FLUX = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: {name}, namespace: flux-system}}
spec:
  interval: 10m
  path: {path}
  prune: true
  targetNamespace: {namespace}
  sourceRef: {{kind: GitRepository, name: flux-system}}
"""


def test_flux_makes_no_namespace_of_its_own_accord(git_repository: RepositoryBuilder) -> None:
    """Its targetNamespace has to be there: one that the tree declares is, another one is refused. In a sandbox."""
    config = 'version: 1\ntargets: {prod: {paths: ["clusters/prod/**"], dry_run: sandbox}}\n'
    git_repository.commit("base", {".gategit.yaml": config, "clusters/prod/shop.yaml": NAMESPACE.format("shop")})
    git_repository.branch("pr")
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {size: '${size}'}\n"
    substitute = "  postBuild: {substitute: {size: big}}\n"
    git_repository.commit(
        "add",
        {
            "clusters/prod/one.yaml": FLUX.format(name="one", path="./app", namespace="shop") + substitute,
            "clusters/prod/two.yaml": FLUX.format(name="two", path="./app", namespace="nowhere") + substitute,
            "app/settings.yaml": settings,
        },
    )
    answer = judge(git_repository)
    assert [one for one in outcomes(answer) if one[1] == "ConfigMap"] == [
        ("prod", "ConfigMap", "shop", "settings", "created"),
        ("prod", "ConfigMap", "nowhere", "settings", "rejected"),
    ], answer.text
    assert unchecked(answer) == []
    assert answer.rules[2] == ("dry-run-rejected", "clusters/prod/two.yaml", 8, "new")
    made = next(one for one in answer.report["dry_run"]["objects"] if one["object"]["namespace"] == "shop")
    assert "${size}" not in str(made["differences"])


def test_a_sandbox_has_the_old_objects_as_they_were_rendered(git_repository: RepositoryBuilder) -> None:
    """Or no field of a rendered object could be immutable there."""
    config = 'version: 1\ntargets: {prod: {paths: ["overlays/prod/**"], dry_run: sandbox}}\n'
    git_repository.commit(
        "base",
        {
            ".gategit.yaml": config,
            "base/kustomization.yaml": "resources: [web.yaml]\n",
            "base/web.yaml": WEB,
            "overlays/prod/kustomization.yaml": OVERLAY.format(namespace="shop") + "namePrefix: prod-\n",
        },
    )
    git_repository.branch("pr")
    git_repository.commit("edit", {"base/web.yaml": WEB.replace("app: web", "app: other")})
    answer = judge(git_repository)
    assert outcomes(answer) == [("prod", "Deployment", "shop", "prod-web", "rejected")], answer.text
    assert answer.rules == [("immutable-field", "base/web.yaml", 9, "new")]


def test_a_sandbox_has_the_namespaces_that_other_builds_use(git_repository: RepositoryBuilder) -> None:
    """What the change does not touch is deployed already, so where it goes to is there."""
    config = 'version: 1\ntargets: {prod: {paths: ["clusters/prod/**", "overlays/prod/**"], dry_run: sandbox}}\n'
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"
    overlay = "namespace: shop\nresources: [settings.yaml]\n"
    git_repository.commit(
        "base",
        {
            ".gategit.yaml": config,
            "clusters/prod/flux.yaml": NAMESPACE.format("flux-system"),
            "clusters/prod/one.yaml": FLUX.format(name="one", path="./one", namespace="store"),
            "one/settings.yaml": settings % "one",
            "overlays/prod/one/kustomization.yaml": overlay,
            "overlays/prod/one/settings.yaml": settings % "one",
        },
    )
    git_repository.branch("pr")
    git_repository.commit(
        "add",
        {
            "clusters/prod/two.yaml": FLUX.format(name="two", path="./two", namespace="store"),
            "two/settings.yaml": settings % "two",
            "overlays/prod/two/kustomization.yaml": overlay,
            "overlays/prod/two/settings.yaml": settings % "two",
        },
    )
    answer = judge(git_repository)
    assert [(one[2], one[4]) for one in outcomes(answer)] == [
        ("flux-system", "created"),
        ("shop", "created"),
        ("store", "created"),
    ], answer.text


def test_without_targets_every_overlay_is_asked_for(
    git_repository: RepositoryBuilder, api_server: ApiServer, namespace: str
) -> None:
    """Each once, whatever files they share; with --all and paths, those that are made of them."""
    other = api_server.new_namespace()
    git_repository.commit(
        "base",
        {
            "base/kustomization.yaml": "resources: [web.yaml]\n",
            "base/web.yaml": WEB,
            "overlays/a/kustomization.yaml": OVERLAY.format(namespace=namespace),
            "overlays/b/kustomization.yaml": OVERLAY.format(namespace=other),
        },
    )
    answer = judge(git_repository, "--dry-run=cluster", "--all", kubeconfig=api_server.kubeconfig, base=())
    assert {one[2] for one in outcomes(answer)} == {namespace, other}
    assert len(outcomes(answer)) == 2
    answer = judge(
        git_repository, "--dry-run=cluster", "--all", "overlays/b", kubeconfig=api_server.kubeconfig, base=()
    )
    assert [one[2] for one in outcomes(answer)] == [other]
    answer = judge(git_repository, "--dry-run=sandbox", "--all", "overlays/b", base=())
    assert answer.code == 0, answer.text
    assert answer.report["dry_run"]["servers"][0]["notes"] == [
        f"taken to be there, since only a part of the files was looked at: the namespaces {other}"
    ]


def test_what_is_not_rendered_is_counted_once(
    git_repository: RepositoryBuilder, api_server: ApiServer, namespace: str
) -> None:
    """Switched off, objects are asked for as they are declared, and that is said."""
    files = {
        "app/kustomization.yaml": f"namespace: {namespace}\nresources: [web.yaml]\n",
        "app/web.yaml": WEB,
    }
    git_repository.commit("base", {".gategit.yaml": "version: 1\nrender: {enabled: false}\n", **files})
    git_repository.branch("pr")
    git_repository.commit("edit", {"app/web.yaml": WEB.replace("web:1", "web:2")})
    answer = judge(git_repository, "--dry-run=cluster", kubeconfig=api_server.kubeconfig)
    assert "1 object: a kustomization builds them: the dry run asked for them as their files declare them" in unchecked(
        answer
    )


def test_what_cannot_be_built_is_no_success(
    git_repository: RepositoryBuilder, api_server: ApiServer, namespace: str
) -> None:
    """Nobody was asked about it: that is said whichever stages are asked for, and blocks."""
    overlay = OVERLAY.format(namespace=namespace)
    git_repository.commit(
        "base",
        {
            "base/kustomization.yaml": "resources: [web.yaml]\n",
            "base/web.yaml": WEB,
            "overlays/prod/kustomization.yaml": overlay,
        },
    )
    git_repository.branch("pr")
    git_repository.commit("edit", {"overlays/prod/kustomization.yaml": overlay + "  - nowhere.yaml\n"})
    answer = judge(git_repository, "--dry-run=cluster", kubeconfig=api_server.kubeconfig)
    assert outcomes(answer) == []
    assert answer.rules == [("render-failed", "overlays/prod/kustomization.yaml", 4, "new")]
    assert answer.code == 1


def test_the_other_target_is_not_homeless(git_repository: RepositoryBuilder, api_server: ApiServer) -> None:
    """With --target, what goes elsewhere is neither asked for nor counted as of no target."""
    dev, prod = api_server.new_namespace(), api_server.new_namespace()
    config = (
        'version: 1\ntargets:\n  dev: {paths: ["overlays/dev/**"], dry_run: cluster, context: test}\n'
        '  prod: {paths: ["overlays/prod/**"], dry_run: cluster, context: test}\n'
    )
    git_repository.commit(
        "base",
        {
            ".gategit.yaml": config,
            "base/kustomization.yaml": "resources: [web.yaml]\n",
            "base/web.yaml": WEB,
            "overlays/dev/kustomization.yaml": OVERLAY.format(namespace=dev),
            "overlays/prod/kustomization.yaml": OVERLAY.format(namespace=prod),
        },
    )
    git_repository.branch("pr")
    git_repository.commit("edit", {"base/web.yaml": WEB.replace("web:1", "web:2")})
    answer = judge(git_repository, "--target=prod", kubeconfig=api_server.kubeconfig)
    assert [one[2] for one in outcomes(answer)] == [prod]
    assert unchecked(answer) == []


def test_a_snapshot_answers_for_rendered_objects(
    git_repository: RepositoryBuilder, api_server: ApiServer, namespace: str, tmp_path: Path
) -> None:
    """It knows the namespaces that are there, and immutable fields of what was."""
    api_server.kubectl("apply", "-n", namespace, "-f", "-", stdin=WEB)
    export = tmp_path / "prod.json.gz"
    options = ["--kubeconfig", str(api_server.kubeconfig), "--output", str(export)]
    result = CliRunner().invoke(app, ["snapshot", *options])
    assert result.exit_code == 0, result.output
    git_repository.commit(
        "base",
        {
            "base/kustomization.yaml": "resources: [web.yaml]\n",
            "base/web.yaml": WEB,
            "overlays/prod/kustomization.yaml": OVERLAY.format(namespace=namespace),
        },
    )
    git_repository.branch("pr")
    git_repository.commit(
        "edit",
        {
            "base/web.yaml": WEB.replace("app: web", "app: other"),
            "overlays/test/kustomization.yaml": OVERLAY.format(namespace="nowhere"),
        },
    )
    answer = judge(git_repository, "--dry-run=snapshot", f"--snapshot={export}")
    assert outcomes(answer) == [
        (None, "Deployment", namespace, "web", "rejected"),
        (None, "Deployment", "nowhere", "web", "rejected"),
    ], answer.text
    assert answer.rules[0] == ("immutable-field", "base/web.yaml", 9, "new")
