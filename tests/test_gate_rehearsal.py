"""Can the cluster be rebuilt from Git alone? Real trees, applied to a real, empty API server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema.validators import Draft202012Validator

from gategit.checks.rehearsal.show import to_json, to_text
from gategit.checks.rehearsal.values import Rehearsal
from gategit.dry_running import namespaces_made
from gategit.errors import UndecidedError, UsageError
from gategit.gate_rehearsal import rehearse
from gategit.manifests.decode import decode
from gategit.manifests.expand import expand
from gategit.request import Mode, Request
from tools.golang import built

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: runner
      priorityClassName: high
      containers:
        - name: web
          image: registry.example.com/web:1.0.0
          envFrom:
            - secretRef: {name: password}
"""
DATABASE = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "registry.example.com/db:1.0.0"}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        storageClassName: fast
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Gi}}
"""
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"


def _tree(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "schemas" / "rehearsal.schema.json").read_text(encoding="utf-8")
)


def _rehearse(folder: Path, *paths: str, target: str | None = None) -> Rehearsal:
    """Rehearse a tree; what it gives as JSON is always what its schema describes."""
    built("etcd")
    request = Request(
        directory=folder, mode=Mode.ALL, paths=paths, target=target, assets=built("kube-apiserver").parent
    )
    found = rehearse(request, lambda _: None)
    Draft202012Validator(SCHEMA).validate(json.loads(to_json(found)))
    return found


def _text(rehearsal: Rehearsal) -> str:
    version = rehearsal.targets[0].version
    return to_text(rehearsal, color=False).replace(f" (Kubernetes {version})", "")


def test_a_tree_that_holds_everything_passes(tmp_path: Path) -> None:
    """Objects may stand in any order; what the server and well-known controllers make is not missing."""
    folder = _tree(
        tmp_path,
        {
            "a/web.yaml": WEB.replace("priorityClassName: high", "priorityClassName: system-cluster-critical"),
            "a/db.yaml": DATABASE,
            "z/rest.yaml": NAMESPACE
            + """\
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: runner, namespace: shop}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: csi.example.com
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: password, namespace: shop}
spec: {encryptedData: {}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: sealedsecrets.bitnami.com}
spec:
  group: bitnami.com
  scope: Namespaced
  names: {plural: sealedsecrets, singular: sealedsecret, kind: SealedSecret}
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
""",
        },
    )
    found = _rehearse(folder)
    assert found.exit_code == 0
    assert _text(found) == "rehearsal: 7 objects applied, nothing missing\n"


def test_what_is_missing_is_listed_with_who_needs_it(tmp_path: Path) -> None:
    """A namespace, a kind, classes, an account, a Secret: each with file and line."""
    folder = _tree(
        tmp_path,
        {
            "a-web.yaml": WEB,
            "b-db.yaml": DATABASE,
            "c-widget.yaml": "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w, namespace: shop}\n",
            "d-ingress.yaml": """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: nginx
  defaultBackend: {service: {name: web, port: {number: 80}}}
""",
        },
    )
    found = _rehearse(folder)
    assert found.exit_code == 1
    assert (
        _text(found)
        == """\
missing Namespace shop
    a-web.yaml:1  needed by Deployment shop/web
    b-db.yaml:1  needed by StatefulSet shop/db
    c-widget.yaml:1  needed by Widget shop/w
    d-ingress.yaml:1  needed by Ingress shop/web

missing CustomResourceDefinition Widget of example.com/v1
    c-widget.yaml:1  needed by Widget shop/w

missing Secret shop/password
    a-web.yaml:17  needed by Deployment shop/web at spec.template.spec.containers[0].envFrom[0].secretRef.name

missing ServiceAccount shop/runner
    a-web.yaml:11  needed by Deployment shop/web at spec.template.spec.serviceAccountName

missing IngressClass nginx
    d-ingress.yaml:5  needed by Ingress shop/web at spec.ingressClassName

missing PriorityClass high
    a-web.yaml:12  needed by Deployment shop/web at spec.template.spec.priorityClassName

missing StorageClass fast
    b-db.yaml:13  needed by StatefulSet shop/db at spec.volumeClaimTemplates[0].spec.storageClassName

rehearsal: 3 objects applied, 7 missing
"""
    )
    data = json.loads(to_json(found))
    assert (data["version"], data["exit_code"]) == (1, 1)
    assert data["targets"][0]["missing"][3] == {
        "kind": "ServiceAccount",
        "namespace": "shop",
        "name": "runner",
        "needed_by": [
            {
                "object": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "web"},
                "path": "spec.template.spec.serviceAccountName",
                "file": "a-web.yaml",
                "line": 11,
            }
        ],
    }


def test_what_the_server_refuses_is_listed_with_its_message(tmp_path: Path) -> None:
    """A real server looks at every object; what holds variables of Flux is not its fault."""
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: %s}\nspec: {ports: [{port: %s}]}\n"
    folder = _tree(
        tmp_path, {"a.yaml": service % ("web", "80, targetPort: 70000"), "b.yaml": service % ("later", '"${PORT}"')}
    )
    found = _rehearse(folder)
    assert found.exit_code == 1
    assert (
        _text(found)
        == """\
refused Service web  a.yaml:1
    Service "web" is invalid: spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive

not looked at: Service later (b.yaml): the server refuses it, and it holds variables that are filled in later
rehearsal: 0 objects applied, 1 refused, 1 not looked at
"""
    )
    assert json.loads(to_json(found))["targets"][0]["refused"][0]["file"] == "a.yaml"


def test_a_field_that_the_kind_does_not_have_is_refused(tmp_path: Path) -> None:
    """The agents that apply the tree refuse it; what is only declared twice, not all of them do."""
    folder = _tree(
        tmp_path,
        {
            "a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndatta: {}\n",
            "b.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec:\n  containers:\n"
            "  - {name: b, image: b, env: [{name: A, value: one}, {name: A, value: two}]}\n",
        },
    )
    found = _rehearse(folder)
    assert found.exit_code == 1
    [refused] = json.loads(to_json(found))["targets"][0]["refused"]
    assert refused["file"] == "a.yaml"
    assert 'unknown field "datta"' in refused["message"]


def test_a_version_that_is_not_served_is_no_missing_definition(tmp_path: Path) -> None:
    """Nobody can bring back what Kubernetes took away: the object has to change."""
    folder = _tree(
        tmp_path,
        {
            "a.yaml": "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: a}\n",
            "b.yaml": "apiVersion: networking.k8s.io/v1beta1\nkind: Ingress\nmetadata: {name: b}\n",
            "c.yaml": "apiVersion: example.k8s.io/v1\nkind: Widget\nmetadata: {name: c}\n",
        },
    )
    found = _rehearse(folder)
    assert (
        _text(found)
        == """\
missing CustomResourceDefinition Widget of example.k8s.io/v1
    c.yaml:1  needed by Widget c

refused Ingress a  a.yaml:1
    the API server serves no Ingress of extensions/v1beta1

refused Ingress b  b.yaml:1
    the API server serves no Ingress of networking.k8s.io/v1beta1, but networking.k8s.io/v1

rehearsal: 0 objects applied, 1 missing, 2 refused
"""
    )


def test_a_file_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    """Nobody knows what it would have brought, so the answer is open."""
    folder = _tree(tmp_path, {"a.yaml": NAMESPACE, "b.yaml": "apiVersion: v1\nkind: [\n"})
    found = _rehearse(folder)
    assert found.exit_code == 3
    assert _text(found).endswith("rehearsal: 1 object applied, 1 not looked at\n")


OVERLAYS = {
    "base/kustomization.yaml": "resources: [web.yaml]\nconfigMapGenerator: [{name: pages, literals: [a=b]}]\n",
    "base/web.yaml": """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers: [{name: c, image: "registry.example.com/web:1.0.0", envFrom: [{configMapRef: {name: pages}}]}]
""",
    "one/kustomization.yaml": "namespace: one\nresources: [../base]\n",
    "two/kustomization.yaml": "namespace: two\nresources: [../base]\n",
    "one.yaml": NAMESPACE.replace("shop", "one"),
}


def test_overlays_are_rehearsed_as_they_are_built(tmp_path: Path) -> None:
    """With the namespace and the generated ConfigMap of each; what is missing stands where people edit it."""
    found = _rehearse(_tree(tmp_path, OVERLAYS))
    assert (
        _text(found)
        == """\
missing Namespace two
    base/kustomization.yaml:2  needed by ConfigMap two/pages-4h2mbtbbt6
    base/web.yaml:1  needed by Pod two/web

rehearsal: 5 objects applied, 1 missing
"""
    )


def test_without_rendering_kustomizations_say_where_objects_go(tmp_path: Path) -> None:
    """The namespace that an overlay sets is taken, for each overlay; what else it changes is said, not done."""
    found = _rehearse(_tree(tmp_path, {".gategit.yaml": "version: 1\nrender: {enabled: false}\n", **OVERLAYS}))
    assert (
        _text(found)
        == """\
missing Namespace two
    base/web.yaml:1  needed by Pod two/web

note: 2 objects built by kustomizations that change more than a namespace: taken as declared
rehearsal: 3 objects applied, 1 missing
"""
    )


CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
    "chart/values.yaml": "account: runner\n",
    "chart/templates/web.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: {{ .Values.account }}
      containers: [{name: c, image: "registry.example.com/web:1.0.0"}]
""",
}


def test_what_a_chart_brings_is_rehearsed(tmp_path: Path) -> None:
    """The namespace that Argo CD makes is there, and what the chart needs is missing, on the line of the values."""
    application = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: argocd}
spec:
  project: default
  source:
    repoURL: https://git.example.com/shop/deploy.git
    path: chart
  destination: {server: "https://kubernetes.default.svc", namespace: shop}
  syncPolicy: {syncOptions: [CreateNamespace=true]}
"""
    files = {
        ".gategit.yaml": "version: 1\nrepositories: [https://git.example.com/shop/deploy.git]\n",
        "argocd.yaml": NAMESPACE.replace("shop", "argocd"),
        "shop.yaml": application,
    }
    found = _rehearse(_tree(tmp_path, {**files, **CHART}))
    missing = [(one.kind, one.namespace, one.name) for one in found.targets[0].missing]
    assert missing == [
        ("CustomResourceDefinition", None, "Application of argoproj.io/v1alpha1"),
        ("ServiceAccount", "shop", "runner"),
    ]
    (needer,) = found.targets[0].missing[1].needed_by
    assert str(needer.object) == "Deployment shop/shop"
    assert (needer.location.file, needer.location.region and needer.location.region.line) == ("chart/values.yaml", 1)


def test_what_cannot_be_built_is_said_and_counted(tmp_path: Path) -> None:
    """Nobody knows what it would bring; the rest is rehearsed, and it is no success."""
    files = {"broken/kustomization.yaml": "namePrefix: a-\nresources: [nowhere.yaml]\n", "shop.yaml": NAMESPACE}
    found = _rehearse(_tree(tmp_path, files))
    assert found.targets[0].applied == 1
    ((what, reason),) = [(one.what, one.reason) for one in found.targets[0].unchecked]
    assert what == "the kustomization broken"
    assert reason.startswith("it cannot be built: broken/kustomization.yaml:2: ")
    assert found.exit_code == 3


def test_what_cannot_be_known_is_said(tmp_path: Path) -> None:
    """Charts, templates and encrypted files: they are counted, and a Secret that only the agent can read is there."""
    folder = _tree(
        tmp_path,
        {
            ".gategit.yaml": "version: 1\n",
            "crd.yaml": """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: helmreleases.helm.toolkit.fluxcd.io}
spec:
  group: helm.toolkit.fluxcd.io
  scope: Namespaced
  names: {plural: helmreleases, singular: helmrelease, kind: HelmRelease}
  versions:
    - name: v2
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
""",
            "release.yaml": """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: r, namespace: default}
spec: {targetNamespace: made, install: {createNamespace: true}}
""",
            "made.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: made}\n",
            "secret.yaml": """\
apiVersion: v1
kind: Secret
metadata: {name: password, namespace: default}
data: {a: "ENC[AES256_GCM,data:x]"}
sops: {version: 3.9.0}
""",
            "pod.yaml": """\
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: default}
spec: {containers: [{name: c, image: "registry.example.com/p:1.0.0", envFrom: [{secretRef: {name: password}}]}]}
""",
            "chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
            "chart/templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Values.name }}}\n",
        },
    )
    found = _rehearse(folder)
    assert found.exit_code == 0
    assert (
        _text(found)
        == """\
note: 1 object encrypted with SOPS: not applied, only the agent can read them
note: 1 chart that nothing here deploys: what it brings is not known here
rehearsal: 4 objects applied, nothing missing
"""
    )


def test_without_rendering_charts_and_templates_are_counted(tmp_path: Path) -> None:
    """Nobody knows what they bring."""
    files = {
        ".gategit.yaml": "version: 1\nrender: {enabled: false}\n",
        "release.yaml": """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: r, namespace: default}
spec: {chart: {spec: {chart: ./chart, sourceRef: {kind: GitRepository, name: flux-system}}}, interval: 1h}
""",
    }
    found = _rehearse(_tree(tmp_path, {**files, **CHART}))
    assert found.targets[0].notes[-2:] == (
        "1 application or release of a chart not rendered: what it brings is not known here",
        "1 template not rendered: what it brings is not known here",
    )


def test_each_target_has_its_own_sandbox(tmp_path: Path) -> None:
    """What one cluster has is not there for the other; files of no target are for all of them."""
    folder = _tree(
        tmp_path,
        {
            ".gategit.yaml": "version: 1\ntargets:\n  prod: {paths: [prod/**]}\n  test: {paths: [test/**]}\n",
            "prod/ns.yaml": NAMESPACE,
            "test/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop}\n",
        },
    )
    found = _rehearse(folder)
    assert [(one.target, [str(missing) for missing in one.missing]) for one in found.targets] == [
        ("prod", []),
        ("test", ["Namespace shop"]),
    ]
    assert [one.target for one in _rehearse(folder, target="prod").targets] == ["prod"]
    with pytest.raises(UsageError, match="there is no target prd; did you mean prod"):
        _rehearse(folder, target="prd")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            (
                "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\n"
                "spec: {template: {spec: {destination: {namespace: a}, "
                "syncPolicy: {syncOptions: [CreateNamespace=true]}}}}"
            ),
            ["a"],
        ),
        (
            (
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {destination: {namespace: a}, "
                "syncPolicy: {syncOptions: [CreateNamespace=true]}}"
            ),
            ["a"],
        ),
        ("apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {destination: {namespace: a}}", []),
        ("apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nspec: {template: []}", []),
    ],
)
def test_agents_make_the_namespaces_that_they_are_told_to(text: str, expected: list[str]) -> None:
    """Such a namespace is not missing."""
    (manifest,) = expand("a.yaml", decode(text.encode(), "a.yaml"))
    assert list(namespaces_made(manifest)) == expected


def test_a_folder_without_objects_is_said(tmp_path: Path) -> None:
    """Nothing applied is not everything there."""
    with pytest.raises(UndecidedError, match="what was named declares no object"):
        _rehearse(_tree(tmp_path, {"a.txt": "nothing"}))
