"""How risky a change to an object is: which kind, in which words, and that nothing goes unsaid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gategit import risk
from gategit.change import ObjectChange
from gategit.checks.policy.load import BUILTIN_IDS, PolicySource
from gategit.manifests.manifest import Manifest, Source
from gategit.model import Risk, RiskKind
from gategit.risk import RISKS, Assessor

CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}
"""
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "registry.example.com/web:1.4.1"}]
"""
SET = WEB.replace("Deployment", "StatefulSet").replace("  replicas: 3", "  serviceName: web")
JOB = WEB.replace("apps/v1", "batch/v1").replace("Deployment", "Job").replace("  replicas: 3", "  completions: 1")
SETTINGS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
immutable: true
data: {a: "1"}
"""
ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
"""
BINDING = """
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: web, namespace: shop}]
"""
CLASS = """
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: csi.example.com
reclaimPolicy: Retain
"""
VOLUME = """
apiVersion: v1
kind: PersistentVolume
metadata: {name: data}
spec: {persistentVolumeReclaimPolicy: Retain, capacity: {storage: 1Gi}}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: ClusterIP, clusterIP: 10.0.0.1, selector: {app: web}, ports: [{port: 80}]}
"""
INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {rules: [{host: a.example.com}]}
"""
HOOK = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: guard}
webhooks: [{name: guard.example.com, failurePolicy: Fail}]
"""
KEPT = "annotations: {argocd.argoproj.io/sync-options: Prune=false}"

BROKEN = '''
from gategit.checks.policy.api import Change, Violations, policy


@policy(level="error", kinds=("apps/Deployment",))
def replicas_drop(change: Change) -> Violations:
    """A policy fails.

    What it asks:
        Nothing.

    Why:
        To try.

    How to fix:
        Mend it.

    Fails:
        --- # old
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: a}  # <-

    Passes:
        --- # old
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: a}
    """
    raise ValueError("odd")
    yield
'''


def manifest(text: str) -> Manifest:
    data: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    metadata = data["metadata"]
    return Manifest(
        data["apiVersion"], data["kind"], metadata.get("namespace"), metadata["name"], data, Source("a.yaml", 0)
    )


def change(old: str, new: str) -> ObjectChange:
    return ObjectChange(manifest(old) if old else None, manifest(new) if new else None)


def risks(*changes: ObjectChange) -> list[tuple[Risk, ...]]:
    with Assessor() as assessor:
        return assessor.risks(changes)


CASES: dict[str, tuple[str, str, list[RiskKind]]] = {
    "a claim goes": (CLAIM, "", [RiskKind.DATA_LOSS]),
    "a claim that is kept goes": (CLAIM.replace("{name: data,", f"{{{KEPT}, name: data,"), "", [RiskKind.KEPT]),
    "a workload goes": (WEB, "", [RiskKind.REMOVAL]),
    "a stateful set without volumes goes": (SET, "", [RiskKind.REMOVAL]),
    "a ConfigMap goes": (SETTINGS, "", [RiskKind.REMOVAL, RiskKind.REMOVAL]),
    "a hook goes": (WEB.replace("name: web, n", "annotations: {helm.sh/hook: test}, name: web, n"), "", []),
    "a volume goes": (VOLUME, "", [RiskKind.DATA_LOSS]),
    "a volume is retained no longer": (VOLUME, VOLUME.replace("Retain", "Delete"), [RiskKind.DATA_LOSS]),
    "a selector changes": (
        WEB,
        WEB.replace("{matchLabels: {app: web}", "{matchLabels: {app: x}"),
        [RiskKind.IMMUTABLE],
    ),
    "a service name changes": (SET, SET.replace("serviceName: web", "serviceName: db"), [RiskKind.IMMUTABLE]),
    "a Job's template changes": (JOB, JOB.replace("{labels: {app: web}}", "{labels: {a: b}}"), [RiskKind.IMMUTABLE]),
    "a claim's mode changes": (CLAIM, CLAIM.replace("spec: {", "spec: {volumeMode: Block, "), [RiskKind.IMMUTABLE]),
    "a frozen ConfigMap changes": (SETTINGS, SETTINGS.replace('"1"', '"2"'), [RiskKind.IMMUTABLE]),
    "roleRef changes": (
        BINDING,
        BINDING.replace("kind: Role, name: reader", "kind: Role, name: x"),
        [RiskKind.IMMUTABLE],
    ),
    "a class changes": (CLASS, CLASS.replace("Retain", "Delete"), [RiskKind.IMMUTABLE]),
    "an address changes": (SERVICE, SERVICE.replace("10.0.0.1", "10.0.0.2"), [RiskKind.IMMUTABLE]),
    "a role is widened": (ROLE, ROLE.replace("[get]", "[get, delete]"), [RiskKind.ACCESS]),
    "a role is narrowed": (ROLE.replace("[get]", "[get, delete]"), ROLE, []),
    "a binding gets a subject": (
        BINDING,
        BINDING.replace("subjects: [", "subjects: [{kind: Group, name: all}, "),
        [RiskKind.ACCESS],
    ),
    "a binding is new": ("", BINDING, [RiskKind.ACCESS]),
    "a claim shrinks": (CLAIM, CLAIM.replace("10Gi", "1Gi"), [RiskKind.STORAGE]),
    "a claim grows": (CLAIM, CLAIM.replace("10Gi", "20Gi"), []),
    "a webhook ignores failures": (HOOK, HOOK.replace("Fail}", "Ignore}"), [RiskKind.ADMISSION, RiskKind.ADMISSION]),
    "a webhook is new": ("", HOOK, [RiskKind.ADMISSION]),
    "a container becomes privileged": (
        WEB,
        WEB.replace("{name: web, i", "{name: web, securityContext: {privileged: true}, i"),
        [RiskKind.PRIVILEGE],
    ),
    "a privileged container is new": (
        "",
        WEB.replace("{name: web, i", "{name: web, securityContext: {privileged: true}, i"),
        [RiskKind.PRIVILEGE],
    ),
    "a service is opened": (SERVICE, SERVICE.replace("ClusterIP", "NodePort"), [RiskKind.EXPOSURE]),
    "a load balancer is new": ("", SERVICE.replace("ClusterIP", "LoadBalancer"), [RiskKind.EXPOSURE]),
    "an ingress answers for more": (
        INGRESS,
        INGRESS.replace("rules: [", "rules: [{host: b.example.com}, "),
        [RiskKind.EXPOSURE],
    ),
    "nothing runs any more": (WEB, WEB.replace("replicas: 3", "replicas: 0"), [RiskKind.CAPACITY]),
    "one more runs": (WEB, WEB.replace("replicas: 3", "replicas: 4"), []),
    "another image": (WEB, WEB.replace("1.4.1", "1.4.2"), [RiskKind.IMAGE]),
    "a workload is new": ("", WEB, []),
    "a value changes": (
        SETTINGS.replace("immutable: true", ""),
        SETTINGS.replace("immutable: true", "").replace("1", "2"),
        [],
    ),
}  # fmt: skip  one line for each case


@pytest.mark.parametrize("name", CASES)
def test_kinds_of_risk(name: str) -> None:
    """What is risky is said, once for each reason, and what is not risky is not."""
    old, new, expected = CASES[name]
    (found,) = risks(change(old, new))
    assert [one.kind for one in found] == expected, found


def test_reasons_name_the_field() -> None:
    """The reason is a sentence without a full stop, and the field stands beside it."""
    bad = WEB.replace("{matchLabels: {app: web}", "{matchLabels: {app: x}").replace("replicas: 3", "replicas: 0")
    bad = bad.replace("registry.example.com/web:1.4.1", "elsewhere.example.com/web:1.4.1")
    (found,) = risks(change(WEB, bad))
    assert [(one.kind.value, one.reason, one.path) for one in found] == [
        ("immutable", "spec.selector of Deployment web cannot be changed", "spec.selector"),
        ("capacity", "replicas fall from 3 to zero", "spec.replicas"),
        (
            "image",
            "container web gets an image from elsewhere, elsewhere.example.com/web:1.4.1",
            "spec.template.spec.containers[0].image",
        ),
    ]


def test_each_change_has_its_own_risks() -> None:
    """Answers come back to the change that they are about, whatever stands around it."""
    found = risks(change("", WEB), change(CLAIM, ""), change("", BINDING), change(WEB, WEB.replace("3", "0")))
    assert [[one.kind for one in own] for own in found] == [
        [],
        [RiskKind.DATA_LOSS],
        [RiskKind.ACCESS],
        [RiskKind.CAPACITY],
    ]


def test_nothing_is_asked_where_nothing_changes() -> None:
    """No change, no risk."""
    assert risks() == []


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: []\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [1, {}, {image: [2]}]}\n",
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: [1], ports: {a: b}}\n",
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec: {rules: [1, {host: 2}]}\n",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: web}\nrules: {a: b}\n",
    ],
)
def test_odd_shapes_are_the_schemas_business(text: str) -> None:
    """Data of an unexpected shape is no crash on either side."""
    for one in (change("", text), change(text, ""), change(text, text.replace("web", "x"))):
        assert RiskKind.UNKNOWN not in [found.kind for found in risks(one)[0]]


def test_what_cannot_be_judged_is_at_risk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy that crashes leaves a risk behind that says so, before most others."""
    broken = tmp_path / "replicas_drop.py"
    broken.write_text(BROKEN, encoding="utf-8")
    monkeypatch.setattr(risk, "builtin_sources", lambda: (PolicySource("replicas-drop", str(broken)),))
    (found,) = risks(change(WEB, WEB.replace("1.4.1", "1.4.2")))
    assert [one.kind for one in found] == [RiskKind.UNKNOWN, RiskKind.IMAGE]
    assert found[0].reason.startswith("its risk could not be judged: replicas-drop: ")


def test_the_table_names_policies_and_the_page_names_the_kinds() -> None:
    """Each policy of the table is there, and each kind has its line in the documentation, in its order."""
    assert set(RISKS) <= BUILTIN_IDS
    page = (Path(risk.__file__).parents[1] / "docs" / "reports.md").read_text(encoding="utf-8")
    listed = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert [name for name in listed if name in set(RiskKind)] == list(RiskKind)
