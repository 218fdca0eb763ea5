"""The dry run from end to end: the real program, a real git repository, a real API server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.api_server import ApiServer, write_kubeconfig
from tests.conftest import RepositoryBuilder
from tools.golang import built

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = (sys.executable, "-I", "-c", "from gategit.cli.main import run; run()")

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: {namespace}
spec:
  replicas: 2
  selector:
    matchLabels:
      app: {app}
  template:
    metadata:
      labels:
        app: {app}
    spec:
      containers:
        - name: web
          image: registry.example.com/web:{tag}
"""
SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: {namespace}\ndata:\n  a: {a}\n"


@dataclass(frozen=True)
class Answer:
    """What the program answered: its exit code, its JSON report, and everything it wrote."""

    code: int
    report: Any
    text: str

    @property
    def rules(self) -> list[tuple[str, str, int, str]]:
        """Rule, file, line and state of each finding."""
        return [(one["rule"], one["file"], one["line"], one["state"]) for one in self.report["findings"]]

    @property
    def results(self) -> dict[str, str]:
        """What came of each object, by kind and name."""
        objects = self.report["dry_run"]["objects"]
        return {f"{one['object']['kind']} {one['object']['name']}": one["result"] for one in objects}

    @property
    def stage(self) -> tuple[str, str | None]:
        """How the stage ended, and why."""
        found = next(one for one in self.report["stages"] if one["name"] == "dry-run")
        return found["status"], found["reason"]


def judge(
    repository: RepositoryBuilder,
    *options: str,
    kubeconfig: Path | None = None,
    stages: str = "syntax,dry-run",
    base: tuple[str, ...] = ("--base=main",),
) -> Answer:
    """Run ``gategit check`` on what the branch changes."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment |= {"KUBEBUILDER_ASSETS": str(built("kube-apiserver").parent)}
    if kubeconfig is not None:
        environment["KUBECONFIG"] = str(kubeconfig)
    report = repository.folder.parent / "report.json"
    report.unlink(missing_ok=True)
    done = subprocess.run(
        [
            *PROGRAM,
            "check",
            *base,
            f"--stages={stages}",
            "--report=text=-",
            f"--report=json={report}",
            *options,
        ],
        cwd=repository.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    text = done.stdout + done.stderr
    assert done.returncode != 70, text
    return Answer(done.returncode, json.loads(report.read_text()) if report.exists() else None, text)


def test_a_cluster_accepts_a_change_and_keeps_what_it_has(
    git_repository: RepositoryBuilder, api_server: ApiServer, namespace: str
) -> None:
    """What the server would make of the change is shown field by field, and nothing is written."""
    old = DEPLOYMENT.format(namespace=namespace, app="web", tag="1")
    api_server.kubectl("apply", "--server-side", "--field-manager=kustomize-controller", "-f", "-", stdin=old)
    git_repository.commit("base", {"web.yaml": old})
    git_repository.branch("pr")
    settings = SETTINGS.format(namespace=namespace, a="1x")
    git_repository.commit("edit", {"web.yaml": old.replace("web:1", "web:2"), "settings.yaml": settings})
    answer = judge(git_repository, "--dry-run=cluster", kubeconfig=api_server.kubeconfig)
    assert answer.code == 0, answer.text
    assert answer.stage == ("passed", None)
    assert answer.results == {"Deployment web": "configured", "ConfigMap settings": "created"}
    deployment = next(one for one in answer.report["dry_run"]["objects"] if one["object"]["kind"] == "Deployment")
    assert deployment["manager"] == "kustomize-controller"
    assert [(one["path"], one["old"], one["new"]) for one in deployment["differences"]] == [
        ("spec.template.spec.containers[0].image", "registry.example.com/web:1", "registry.example.com/web:2")
    ]
    assert "1 created" in answer.text
    live = json.loads(api_server.kubectl("get", "deployment", "web", "-n", namespace, "-o", "json"))
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example.com/web:1"
    assert "settings" not in api_server.kubectl("get", "configmap", "-n", namespace)


def test_a_cluster_refuses_what_cannot_be_changed(
    git_repository: RepositoryBuilder, api_server: ApiServer, namespace: str
) -> None:
    """The finding stands on the selector's line and blocks."""
    old = DEPLOYMENT.format(namespace=namespace, app="web", tag="1")
    api_server.kubectl("apply", "-f", "-", stdin=old)
    git_repository.commit("base", {"web.yaml": old})
    git_repository.branch("pr")
    git_repository.commit("edit", {"web.yaml": DEPLOYMENT.format(namespace=namespace, app="other", tag="1")})
    answer = judge(git_repository, "--dry-run=cluster", kubeconfig=api_server.kubeconfig)
    assert answer.code == 1, answer.text
    assert answer.rules == [("immutable-field", "web.yaml", 10, "new")]
    assert answer.results == {"Deployment web": "rejected"}
    assert answer.stage[0] == "failed"


def test_what_the_server_refused_before_is_no_news(
    git_repository: RepositoryBuilder, api_server: ApiServer, namespace: str
) -> None:
    """An object that the base declares just as wrongly does not block the change that touches it."""
    wrong = SETTINGS.format(namespace=namespace, a="1x") + "datta: {}\n"
    git_repository.commit("base", {"settings.yaml": wrong})
    git_repository.branch("pr")
    git_repository.commit("edit", {"settings.yaml": wrong.replace("1x", "2x")})
    answer = judge(git_repository, "--dry-run=cluster", kubeconfig=api_server.kubeconfig)
    assert answer.rules == [("dry-run-rejected", "settings.yaml", 8, "existing")]
    assert answer.code == 0, answer.text


def test_a_removed_object_is_asked_for_too(
    git_repository: RepositoryBuilder, api_server: ApiServer, namespace: str
) -> None:
    """Deleting it is tried, and nothing is deleted."""
    settings = SETTINGS.format(namespace=namespace, a="1x")
    api_server.kubectl("apply", "-f", "-", stdin=settings)
    git_repository.commit("base", {"settings.yaml": settings, "other.yaml": DEPLOYMENT})
    git_repository.branch("pr")
    git_repository.remove("settings.yaml")
    git_repository.commit("remove")
    answer = judge(git_repository, "--dry-run=cluster", kubeconfig=api_server.kubeconfig)
    assert (answer.code, answer.results) == (0, {"ConfigMap settings": "removed"}), answer.text
    assert "settings" in api_server.kubectl("get", "configmap", "-n", namespace)


def test_a_namespace_of_the_same_change(git_repository: RepositoryBuilder, api_server: ApiServer) -> None:
    """What needs it is tried elsewhere, and a namespace that nobody declares is refused."""
    git_repository.commit("base", {"readme.md": "x"})
    git_repository.branch("pr")
    fresh = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: fresh-in-this-change\n"
    git_repository.commit(
        "add",
        {
            "a.yaml": fresh,
            "b.yaml": SETTINGS.format(namespace="fresh-in-this-change", a="1x"),
            "c.yaml": DEPLOYMENT.format(namespace="nowhere-at-all", app="web", tag="1"),
        },
    )
    answer = judge(git_repository, "--dry-run=cluster", kubeconfig=api_server.kubeconfig)
    assert answer.results == {
        "Namespace fresh-in-this-change": "created",
        "ConfigMap settings": "created",
        "Deployment web": "rejected",
    }
    assert answer.rules == [("dry-run-rejected", "c.yaml", 5, "new")]
    assert answer.code == 1


def test_a_cluster_that_does_not_answer_leaves_the_verdict_open(
    git_repository: RepositoryBuilder, api_server: ApiServer, tmp_path: Path
) -> None:
    """Exit 3, the reason with what to do, and what the other stages found."""
    gone = write_kubeconfig(replace(api_server.access, server="https://127.0.0.1:9"), tmp_path / "gone")
    git_repository.commit("base", {"readme.md": "x"})
    git_repository.branch("pr")
    git_repository.commit("add", {"a.yaml": SETTINGS.format(namespace="default", a="1x"), "b.yaml": "a: [\n"})
    answer = judge(git_repository, "--dry-run=cluster", kubeconfig=gone)
    assert answer.code == 1  # the broken file is a defect for sure
    assert {rule for rule, *_ in answer.rules} == {"dry-run-unanswered", "yaml-syntax"}
    git_repository.remove("b.yaml")
    git_repository.commit("mend")
    answer = judge(git_repository, "--dry-run=cluster", kubeconfig=gone)
    assert answer.code == 3, answer.text
    assert answer.stage[0] == "error"
    assert "connection refused" in answer.text
    assert answer.results == {"ConfigMap settings": "unknown"}


def test_a_cluster_that_never_answers_is_waited_for_no_longer_than_asked(
    git_repository: RepositoryBuilder, api_server: ApiServer, tmp_path: Path
) -> None:
    """With --timeout the verdict is undecided after that time, and the message says why."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        access = replace(api_server.access, server=f"https://127.0.0.1:{silent.getsockname()[1]}")
        git_repository.commit("base", {"readme.md": "x"})
        git_repository.branch("pr")
        git_repository.commit("add", {"a.yaml": SETTINGS.format(namespace="default", a="1x")})
        kubeconfig = write_kubeconfig(access, tmp_path / "silent")
        answer = judge(git_repository, "--dry-run=cluster", "--timeout=1", kubeconfig=kubeconfig)
    assert answer.code == 3, answer.text
    assert "did not answer" in answer.text


def test_each_target_is_asked_in_its_own_way(
    git_repository: RepositoryBuilder, api_server: ApiServer, namespace: str
) -> None:
    """Context, namespace and field manager are the target's; what no target has is counted."""
    config = (
        "version: 1\ntargets:\n"
        f'  one: {{paths: ["one/**"], dry_run: cluster, context: test, namespace: {namespace}, field_manager: me}}\n'
        '  two: {paths: ["two/**"], dry_run: off}\n'
        '  three: {paths: ["three/**"], dry_run: cluster, context: nothing-like-it}\n'
    )
    git_repository.commit("base", {".gategit.yaml": config})
    git_repository.branch("pr")
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n"
    files = {f"{name}/settings.yaml": settings for name in ("one", "two", "four")}
    git_repository.commit("add", files)
    answer = judge(git_repository, kubeconfig=api_server.kubeconfig)
    assert answer.code == 0, answer.text
    (found,) = answer.report["dry_run"]["objects"]
    assert (found["target"], found["result"], found["manager"]) == ("one", "created", "me")
    assert "no target of the config" in answer.text
    git_repository.commit("add", {"three/settings.yaml": settings})
    answer = judge(git_repository, kubeconfig=api_server.kubeconfig)
    assert (answer.code, answer.stage[0]) == (3, "error")
    assert [rule for rule, *_ in answer.rules] == ["dry-run-unanswered"]
    assert "nothing-like-it" in answer.text


def test_the_bad_example_in_a_sandbox(git_repository: RepositoryBuilder) -> None:
    """The example's pull request changes a selector, and the API server itself refuses it; no credentials anywhere."""
    examples = ROOT / "examples" / "plain"
    repository, change = examples / "repository", examples / "pull-requests" / "rush-before-the-weekend"
    files = {str(path.relative_to(repository)): path.read_bytes() for path in repository.rglob("*") if path.is_file()}
    git_repository.commit("base", files)
    git_repository.branch("pr")
    for name in (change / "removed").read_text().split():
        git_repository.remove(name)
    files = {
        str(path.relative_to(change / "files")): path.read_bytes()
        for path in (change / "files").rglob("*")
        if path.is_file()
    }
    git_repository.commit("rush", files)
    answer = judge(git_repository, "--dry-run=sandbox", "--kubernetes-version=1.36")
    assert answer.code == 1, answer.text
    assert ("immutable-field", "apps/ledger/statefulset.yaml") in {(rule, file) for rule, file, *_ in answer.rules}
    assert answer.results["StatefulSet ledger"] == "rejected"
    (server,) = answer.report["dry_run"]["servers"]
    assert (server["mode"], server["version"]) == ("sandbox", "v1.36.3")


CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.example.com
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              x-kubernetes-validations:
                - rule: "self.min <= self.max"
                  message: min must not exceed max
                - rule: "self.colour == oldSelf.colour"
                  message: the colour is immutable
              properties:
                min: {type: integer}
                max: {type: integer}
                colour: {type: string}
"""
WIDGET = """\
apiVersion: example.com/v1
kind: Widget
metadata:
  name: {name}
  namespace: shop
spec:
  min: {min}
  max: 2
  colour: {colour}
"""
SHOP = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"


def test_a_sandbox_knows_the_rules_of_custom_resources(git_repository: RepositoryBuilder) -> None:
    """CEL rules judge, also of a definition and in a namespace that the change itself brings, and old against new."""
    git_repository.commit("base", {"readme.md": "x"})
    git_repository.branch("pr")
    widgets = {
        "crd.yaml": CRD,
        "ns.yaml": SHOP,
        "good.yaml": WIDGET.format(name="good", min=1, colour="red"),
        "bad.yaml": WIDGET.format(name="bad", min=3, colour="red"),
    }
    git_repository.commit("add", widgets)
    answer = judge(git_repository, "--dry-run=sandbox", stages="syntax,schema,dry-run")
    assert answer.report["unchecked"] == []
    assert answer.results == {
        "CustomResourceDefinition widgets.example.com": "created",
        "Namespace shop": "created",
        "Widget good": "created",
        "Widget bad": "rejected",
    }
    assert answer.rules == [("dry-run-rejected", "bad.yaml", 6, "new")]
    git_repository.remove("bad.yaml")
    git_repository.commit("mend")
    git_repository.switch("main")
    git_repository.merge("pr")
    git_repository.branch("next")
    git_repository.commit("edit", {"good.yaml": WIDGET.format(name="good", min=1, colour="blue")})
    answer = judge(git_repository, "--dry-run=sandbox")
    assert answer.code == 1, answer.text
    assert answer.results == {"Widget good": "rejected"}
    assert [rule for rule, *_ in answer.rules] == ["immutable-field"]


def test_a_definition_of_the_same_change_makes_news(git_repository: RepositoryBuilder) -> None:
    """What the base allowed by its own definition is no excuse for what the new one forbids."""
    lenient = CRD.replace("self.min <= self.max", "self.min <= 9")
    widget = WIDGET.format(name="one", min=3, colour="red")
    git_repository.commit("base", {"crd.yaml": lenient, "ns.yaml": SHOP, "one.yaml": widget})
    git_repository.branch("pr")
    git_repository.commit("tighten", {"crd.yaml": CRD, "one.yaml": WIDGET.format(name="one", min=4, colour="red")})
    answer = judge(git_repository, "--dry-run=sandbox")
    assert answer.results["Widget one"] == "rejected"
    assert answer.rules == [("dry-run-rejected", "one.yaml", 6, "new")]


def test_a_snapshot_is_asked_without_any_server(
    git_repository: RepositoryBuilder, api_server: ApiServer, namespace: str, tmp_path: Path
) -> None:
    """An export says which namespaces there are and what is served; its file is in the repository's base."""
    snapshot = tmp_path / "prod.json.gz"
    done = subprocess.run(
        [*PROGRAM, "cluster", "snapshot", f"--kubeconfig={api_server.kubeconfig}", f"--output={snapshot}"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    config = (
        'version: 1\ntargets:\n  prod: {paths: ["**"], dry_run: snapshot, snapshot: gate/prod.json.gz}\n'
        'exclude: ["gate/**"]\n'
    )
    git_repository.commit("base", {".gategit.yaml": config, "gate/prod.json.gz": snapshot.read_bytes()})
    git_repository.branch("pr")
    git_repository.commit(
        "add",
        {
            "a.yaml": SETTINGS.format(namespace=namespace, a="1x"),
            "b.yaml": SETTINGS.format(namespace="nowhere-at-all", a="1x"),
        },
    )
    answer = judge(git_repository)
    assert answer.code == 1, answer.text
    assert answer.rules == [("dry-run-rejected", "b.yaml", 5, "new")]
    assert [one["result"] for one in answer.report["dry_run"]["objects"]] == ["created", "rejected"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--dry-run=snapshot",), "--dry-run snapshot: there is no snapshot for this run"),
        (("--dry-run=sandbox", "--assets=nowhere"), "--assets nowhere: there is no such folder"),
        (("--dry-run=snapshot", "--snapshot=nowhere"), "--snapshot nowhere: there is no such file"),
        (("--dry-run=cluster", "--kubeconfig=nowhere"), "nowhere"),
        (("--dry-run=sandbox", "--timeout=0"), "--timeout cannot be 0"),
    ],
)
def test_wrong_usage(git_repository: RepositoryBuilder, options: tuple[str, ...], said: str) -> None:
    """What cannot be asked is wrong usage, said with what to do."""
    git_repository.commit("base", {"readme.md": "x"})
    git_repository.branch("pr")
    git_repository.commit("add", {"a.yaml": SETTINGS.format(namespace="shop", a="1x")})
    answer = judge(git_repository, *options)
    assert answer.code == 2, answer.text
    assert said in answer.text


def test_a_sandbox_does_not_blame_what_it_cannot_know(git_repository: RepositoryBuilder) -> None:
    """A kind whose definition is installed from elsewhere is deferred and counted; the base's namespaces are there."""
    git_repository.commit("base", {"a.yaml": SETTINGS.format(namespace="made-elsewhere", a="1x")})
    git_repository.branch("pr")
    issuer = "apiVersion: pki.example.com/v1\nkind: Issuer\nmetadata: {name: ca, namespace: made-elsewhere}\nspec: {}\n"
    other = SETTINGS.format(namespace="made-elsewhere", a="1x").replace("settings", "other")
    git_repository.commit("add", {"b.yaml": other, "issuer.yaml": issuer})
    answer = judge(git_repository, "--dry-run=sandbox")
    assert answer.results == {"ConfigMap other": "created", "Issuer ca": "deferred"}
    assert answer.code == 0, answer.text
    assert "Issuer made-elsewhere/ca" in answer.text
    assert answer.report["summary"]["unchecked"] == 1


CERTIFICATE = """\
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: {name}
  namespace: shop
spec:
  secretName: {name}
  dnsNames: [web.example.com]
  {extra}
  issuerRef: {{name: ca}}
"""
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: web
  namespace: shop
spec:
  project: default
  destination: {namespace: shop, name: in-cluster}
  source: {repoURL: https://git.example.com/shop.git, path: web}
  syncPolicy:
    automated:
      prune: "yes"
"""
ROUTE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: web
  namespace: shop
spec:
  rules:
    - backendRefs: [{name: web, port: 80}]
    - filters:
        - type: RequestRedirect
          requestRedirect:
            path:
              type: ReplaceFullPath
"""


def test_a_sandbox_serves_the_kinds_that_gategit_carries(git_repository: RepositoryBuilder) -> None:
    """Objects whose definition nobody has here are judged by the server all the same, with the rules of the kind."""
    git_repository.commit("base", {"ns.yaml": SHOP, "old.yaml": CERTIFICATE.format(name="old", extra="nope: 1")})
    git_repository.branch("pr")
    git_repository.commit(
        "add",
        {
            "application.yaml": APPLICATION,
            "certificate.yaml": CERTIFICATE.format(name="web", extra="duration: 24h"),
            "old.yaml": CERTIFICATE.format(name="old", extra="nope: 1").replace("web.example.com", "example.com"),
            "route.yaml": ROUTE,
        },
    )
    answer = judge(git_repository, "--dry-run=sandbox", stages="syntax,schema,dry-run")
    assert answer.code == 1, answer.text
    assert answer.results == {
        "Application web": "rejected",
        "Certificate web": "created",
        "Certificate old": "rejected",
        "HTTPRoute web": "rejected",
    }
    rejected = [one for one in answer.report["findings"] if one["stage"] == "dry-run"]
    assert [(one["file"], one["line"], one["state"]) for one in rejected] == [
        ("application.yaml", 12, "new"),
        ("old.yaml", 9, "existing"),
        ("route.yaml", 12, "new"),
    ]
    assert "replaceFullPath must be specified when type is set to 'ReplaceFullPath'" in rejected[2]["message"]
    assert "(judged by Gateway API 1." in rejected[2]["message"]
    [note] = answer.report["dry_run"]["servers"][0]["notes"]
    assert note.startswith("kinds of 3 projects are served from the schemas that gategit carries: Argo CD 3.")
    # The server has evaluated the rules that the check of schemas could not. What the Application deploys is elsewhere.
    assert [one["reason"] for one in answer.report["unchecked"]] == [
        "its source https://git.example.com/shop.git is not known to be this repository"
    ]


def test_what_the_cluster_says_of_a_kind_comes_before_what_gategit_carries(
    git_repository: RepositoryBuilder, tmp_path: Path
) -> None:
    """A snapshot's definition judges where the tree has none; a kind that the cluster lacks is refused as before."""
    definition = (
        CRD.replace("example.com", "cert-manager.io").replace("widget", "certificate").replace("Widget", "Certificate")
    )
    crd, snapshot = tmp_path / "crd.yaml", tmp_path / "prod.json.gz"
    crd.write_text(definition, encoding="utf-8")
    assets = built("kube-apiserver").parent
    export = (*PROGRAM, "cluster", "snapshot", f"--output={snapshot}")
    done = subprocess.run(
        [*PROGRAM, "cluster", "sandbox", f"--assets={assets}", "crd.yaml", "--", *export],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    git_repository.commit("base", {"ns.yaml": SHOP})
    git_repository.branch("pr")
    certificate = WIDGET.format(name="web", min=3, colour="red").replace("example.com", "cert-manager.io")
    git_repository.commit("add", {"a.yaml": certificate.replace("Widget", "Certificate"), "b.yaml": ROUTE})
    answer = judge(git_repository, "--dry-run=sandbox", f"--snapshot={snapshot}")
    assert answer.rules == [("dry-run-rejected", "a.yaml", 6, "new"), ("dry-run-rejected", "b.yaml", 1, "new")]
    messages = [one["message"] for one in answer.report["findings"]]
    assert messages == [
        "spec: Invalid value: min must not exceed max",
        "the server serves no HTTPRoute of gateway.networking.k8s.io/v1",
    ]


def test_a_part_of_a_folder_in_a_sandbox(git_repository: RepositoryBuilder) -> None:
    """With --all and a path, a namespace that stands elsewhere is taken to be there, and the report says so."""
    git_repository.commit("base", {"ns.yaml": SHOP, "apps/a.yaml": SETTINGS.format(namespace="shop", a="1x")})
    git_repository.branch("pr")
    answer = judge(git_repository, "--dry-run=sandbox", "--all", "apps", base=())
    assert answer.results == {"ConfigMap settings": "created"}
    assert answer.report["dry_run"]["servers"][0]["notes"] == [
        "taken to be there, since only a part of the files was looked at: the namespaces shop"
    ]
    answer = judge(git_repository, "--dry-run=sandbox", "--all", base=())
    assert answer.results == {"Namespace shop": "created", "ConfigMap settings": "created"}
    assert answer.report["dry_run"]["servers"][0]["notes"] == []


def test_a_sandbox_calls_nobody(git_repository: RepositoryBuilder) -> None:
    """A definition with a conversion webhook makes no request to the address that the change names."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.5)
        webhook = (
            "  conversion:\n    strategy: Webhook\n    webhook:\n      conversionReviewVersions: [v1]\n"
            f"      clientConfig: {{url: 'https://127.0.0.1:{listener.getsockname()[1]}/x', caBundle: ''}}\n"
        )
        second = (
            CRD.split("  versions:\n")[1].replace("storage: true", "storage: false").replace("name: v1", "name: v2")
        )
        git_repository.commit("base", {"readme.md": "x"})
        git_repository.branch("pr")
        git_repository.commit(
            "add",
            {
                "crd.yaml": CRD + second + webhook,
                "ns.yaml": SHOP,
                "one.yaml": WIDGET.format(name="one", min=1, colour="red"),
                "two.yaml": WIDGET.format(name="two", min=1, colour="red").replace("/v1", "/v2"),
            },
        )
        answer = judge(git_repository, "--dry-run=sandbox")
        assert answer.results["Widget two"] == "created", answer.text
        with pytest.raises(TimeoutError):
            listener.accept()
