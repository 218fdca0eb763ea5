"""Cases of the dry run from end to end: what an agent really applies beside what the gate says of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.api_server import ApiServer, write_kubeconfig
from tests.conftest import RepositoryBuilder
from tests.e2e.test_dry_run import DEPLOYMENT, SETTINGS, judge

JOB = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  namespace: {namespace}
  annotations:
    {annotation}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: migrate
          image: registry.example.com/migrate:{tag}
"""

PODS = """\
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: agent
  namespace: {namespace}
spec:
  selector:
    matchLabels:
      app: agent
  template:
    metadata:
      labels:
        app: agent
    spec:
      containers:
        - name: {first}
          image: registry.example.com/{first}:1
        - name: {second}
          image: registry.example.com/{second}:1
"""


def test_objects_without_a_namespace_go_where_the_context_says(
    git_repository: RepositoryBuilder, api_server: ApiServer, namespace: str, tmp_path: Path
) -> None:
    """As kubectl puts them, unless the config names a namespace for the target."""
    api_server.kubectl("create", "configmap", "settings", "--from-literal=a=1x", "-n", namespace)
    kubeconfig = write_kubeconfig(replace(api_server.access, namespace=namespace), tmp_path / "kubeconfig")
    settings = SETTINGS.replace("  namespace: {namespace}\n", "").format(a="2x")
    git_repository.commit("base", {"settings.yaml": settings.replace("2x", "1x")})
    git_repository.branch("pr")
    git_repository.commit("edit", {"settings.yaml": settings})
    answer = judge(git_repository, "--dry-run=cluster", kubeconfig=kubeconfig)
    assert answer.results == {"ConfigMap settings": "configured"}, answer.text
    config = "version: 1\ntargets:\n  shop: {paths: ['**'], namespace: default}\n"
    git_repository.commit("config", {".gategit.yaml": config})
    answer = judge(git_repository, "--dry-run=cluster", kubeconfig=kubeconfig)
    assert answer.results == {"ConfigMap settings": "created"}, answer.text


def test_another_order_in_a_template_is_a_change(
    git_repository: RepositoryBuilder, api_server: ApiServer, namespace: str
) -> None:
    """It makes new Pods of all; the server's count of the templates is nobody's change."""
    old = PODS.format(namespace=namespace, first="a", second="b")
    new = PODS.format(namespace=namespace, first="b", second="a")
    api_server.kubectl("apply", "-f", "-", stdin=old)
    git_repository.commit("base", {"agent.yaml": old})
    git_repository.branch("pr")
    git_repository.commit("edit", {"agent.yaml": new})
    answer = judge(git_repository, "--dry-run=cluster", kubeconfig=api_server.kubeconfig)
    (found,) = answer.report["dry_run"]["objects"]
    assert found["result"] == "configured", answer.text
    assert [(one["path"], one["change"]) for one in found["differences"]] == [
        ("spec.template.spec.containers", "reordered")
    ]
    api_server.kubectl("apply", "-f", "-", stdin=new)
    live = json.loads(api_server.kubectl("get", "daemonset", "agent", "-n", namespace, "-o", "json"))
    assert live["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    ("how", "marks"),
    [
        (("--server-side", "--field-manager=argocd-controller"), "  labels:\n    app.kubernetes.io/instance: shop\n"),
        (
            ("--server-side", "--field-manager=kustomize-controller"),
            "  labels:\n    kustomize.toolkit.fluxcd.io/name: shop\n",
        ),
        (
            ("--field-manager=argocd-controller",),
            "  annotations:\n    argocd.argoproj.io/tracking-id: shop:/ConfigMap\n",
        ),
    ],
)
def test_the_marks_of_agents_are_no_change(
    git_repository: RepositoryBuilder,
    api_server: ApiServer,
    namespace: str,
    how: tuple[str, ...],
    marks: str,
) -> None:
    """No manifest has what an agent adds when it applies one; what a manifest had goes with it, whatever its name."""
    declared = "  annotations:\n    argocd.argoproj.io/sync-wave: '1'\n"
    merged = marks + (declared if "labels" in marks else declared.split("\n", 1)[1])
    plain = SETTINGS.format(namespace=namespace, a="1x")
    waved = plain.replace("settings", "waved")
    for manifest, metadata in ((plain, marks), (waved, merged)):
        api_server.kubectl("apply", *how, "-f", "-", stdin=manifest.replace("\ndata:", f"\n{metadata}data:"))
    base = {"settings.yaml": plain, "waved.yaml": waved.replace("\ndata:", f"\n{declared}data:")}
    git_repository.commit("base", base)
    git_repository.branch("pr")
    git_repository.commit("edit", {"settings.yaml": plain.replace("1x", "2x"), "waved.yaml": waved})
    config = "version: 1\ntargets:\n  shop: {{paths: ['**'], field_manager: {}}}\n".format(how[-1].split("=")[1])
    for files in ({}, {".gategit.yaml": config}):
        git_repository.commit("config", {"readme.md": str(files), **files})
        answer = judge(git_repository, "--dry-run=cluster", kubeconfig=api_server.kubeconfig)
        shown = [
            (one["object"]["name"], difference["path"])
            for one in answer.report["dry_run"]["objects"]
            for difference in one["differences"]
        ]
        wave = "metadata.annotations"
        if "labels" not in marks:
            wave += '["argocd.argoproj.io/sync-wave"]'
        assert shown == [("settings", "data.a"), ("waved", wave)], answer.text


@pytest.mark.parametrize("mode", ["cluster", "sandbox"])
def test_what_is_filled_in_later_is_not_refused(
    git_repository: RepositoryBuilder, api_server: ApiServer, mode: str
) -> None:
    """The server has not seen the value; what else is wrong with the object is said."""
    git_repository.commit("base", {"readme.md": "shop"})
    git_repository.branch("pr")
    text = DEPLOYMENT.format(namespace="default", app="${APP}", tag="1").replace("replicas: 2", "replicas: ${REPLICAS}")
    files = {
        "web.yaml": text,
        "wrong.yaml": text.replace("name: web\n  name", "name: wrong\n  name") + "  rreplicas: 1\n",
        "settings.yaml": SETTINGS.format(namespace="${SPACE}", a="1x"),
    }
    git_repository.commit("edit", files)
    answer = judge(git_repository, f"--dry-run={mode}", kubeconfig=api_server.kubeconfig)
    assert answer.code == 1, answer.text
    assert [rule[:3] for rule in answer.rules] == [("dry-run-rejected", "wrong.yaml", 19)], answer.text
    assert answer.results["Deployment web"] == "deferred"
    assert answer.results["Deployment wrong"] == "rejected"
    assert answer.results["ConfigMap settings"] == "deferred"
    assert answer.report["summary"]["unchecked"] == 2


@pytest.mark.parametrize(
    ("annotation", "result"),
    [
        ("argocd.argoproj.io/hook: PreSync", "configured"),
        ("helm.sh/hook: pre-upgrade", "configured"),
        ("kustomize.toolkit.fluxcd.io/force: Enabled", "configured"),
        ("argocd.argoproj.io/sync-options: Replace=true, Force=true", "configured"),
        ("argocd.argoproj.io/sync-options: Replace=true", "rejected"),
        ("note: x", "rejected"),
    ],
)
def test_what_an_agent_makes_anew_has_no_fixed_fields(
    git_repository: RepositoryBuilder, api_server: ApiServer, namespace: str, annotation: str, result: str
) -> None:
    """It is deleted first; what is wrong otherwise is said."""
    old, new = (JOB.format(namespace=namespace, annotation=annotation, tag=tag) for tag in ("1", "2"))
    api_server.kubectl("apply", "-f", "-", stdin=old)
    git_repository.commit("base", {"job.yaml": old})
    git_repository.branch("pr")
    git_repository.commit("edit", {"job.yaml": new})
    answer = judge(git_repository, "--dry-run=cluster", kubeconfig=api_server.kubeconfig)
    assert answer.results == {"Job migrate": result}, answer.text
    assert [rule[0] for rule in answer.rules] == ["immutable-field"] * (result == "rejected")
    git_repository.commit("wrong", {"job.yaml": new.replace("Never", "Always")})
    answer = judge(git_repository, "--dry-run=cluster", kubeconfig=api_server.kubeconfig)
    assert answer.results == {"Job migrate": "rejected"}, answer.text
    assert "dry-run-rejected" in [rule[0] for rule in answer.rules]


def test_what_an_agent_is_told_to_keep_is_not_removed(
    git_repository: RepositoryBuilder, api_server: ApiServer, namespace: str
) -> None:
    """It stays in the cluster when it goes from the repository."""
    gone = SETTINGS.format(namespace=namespace, a="1x")
    kept = gone.replace("settings", "kept").replace(
        "\ndata:", "\n  annotations:\n    argocd.argoproj.io/sync-options: Delete=false, Prune=false\ndata:"
    )
    api_server.kubectl("apply", "-f", "-", stdin=f"{gone}---\n{kept}")
    git_repository.commit("base", {"gone.yaml": gone, "kept.yaml": kept})
    git_repository.branch("pr")
    git_repository.remove("gone.yaml")
    git_repository.remove("kept.yaml")
    git_repository.commit("remove", {"readme.md": "gone"})
    answer = judge(git_repository, "--dry-run=cluster", kubeconfig=api_server.kubeconfig)
    assert answer.results == {"ConfigMap settings": "removed", "ConfigMap kept": "unchanged"}, answer.text
