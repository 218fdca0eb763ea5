"""What a sandbox is filled with, and how it judges afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from gategit.cluster.answer import Answer
from gategit.cluster.client import Client
from gategit.cluster.discovery import Resource, discover
from gategit.manifests.decode import decode
from gategit.sandbox.assets import Assets
from gategit.sandbox.fill import Filled, fill
from gategit.sandbox.server import Sandbox, start

WIDGETS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.NAME.example.com}
spec:
  group: NAME.example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  conversion:
    strategy: Webhook
    webhook:
      conversionReviewVersions: [v1]
      clientConfig: {url: "https://127.0.0.1:1/convert"}
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
              properties: {size: {type: integer}}
              x-kubernetes-validations: [{rule: "self.size < 10", message: too large}]
    - name: v1beta1
      served: true
      storage: false
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""


def _objects(text: str) -> list[dict[str, Any]]:
    decoded = decode(text.encode(), "objects.yaml")
    assert decoded.problems == ()
    return [document.data for document in decoded.documents]


def _fill(sandbox: Sandbox, *texts: str, objects: list[dict[str, Any]] | None = None) -> Filled:
    async def work() -> Filled:
        async with Client(sandbox.access) as client:
            return await fill(client, [one for text in texts for one in _objects(text)] + (objects or []), _quiet)

    return asyncio.run(work())


def _quiet(_: str) -> None:
    pass


def _send(sandbox: Sandbox, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Answer:
    async def work() -> Answer:
        async with Client(sandbox.access) as client:
            return await client.send(method, path, body=body, query=query or {})

    return asyncio.run(work())


def _post(sandbox: Sandbox, path: str, text: str) -> Answer:
    """Try to make an object, as a dry run."""
    return _send(sandbox, "POST", path, _objects(text)[0], {"dryRun": "All"})


def test_order_is_of_no_concern(sandbox: Sandbox) -> None:
    """What comes first in the files may need what comes last: a kind, a namespace, a class, an account."""
    filled = _fill(
        sandbox,
        """
apiVersion: order.example.com/v1
kind: Widget
metadata: {name: w, namespace: order}
spec: {size: 3}
---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: order}
spec: {serviceAccountName: runner, priorityClassName: order-high, containers: [{name: c, image: nginx}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: runner, namespace: order}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: order-high}
value: 1000
---
apiVersion: v1
kind: Namespace
metadata: {name: order}
---
""",
        WIDGETS.replace("NAME", "order"),
    )
    said = "1 CustomResourceDefinition without a conversion webhook: nobody answers here"
    assert filled == Filled(notes=(said,), made=6)
    assert _send(sandbox, "GET", "/apis/order.example.com/v1beta1/namespaces/order/widgets/w").ok
    assert _send(sandbox, "GET", "/api/v1/namespaces/order/pods/p").data["spec"]["priority"] == 1000


def test_what_is_there_decides_about_a_change(sandbox: Sandbox) -> None:
    """Immutable fields and rules of definitions are judged by the real code, against what the sandbox holds."""
    _fill(
        sandbox,
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: decides}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: nginx}]}
""",
        WIDGETS.replace("NAME", "decides"),
    )
    path = "/apis/apps/v1/namespaces/decides/deployments/web"
    live = _send(sandbox, "GET", path).data
    live["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    assert "field is immutable" in _send(sandbox, "PUT", path, live, {"dryRun": "All"}).message
    widget = {"apiVersion": "decides.example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 10}}
    refused = _send(sandbox, "POST", "/apis/decides.example.com/v1/namespaces/decides/widgets", widget)
    assert "too large" in refused.message


def test_namespaces_that_nobody_declares_are_made_and_said(sandbox: Sandbox) -> None:
    """An agent may make them; without them nothing could be judged."""
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: undeclared-%s}\n"
    filled = _fill(sandbox, *(text % letter for letter in "ba"))
    assert filled.namespaces == ("undeclared-a", "undeclared-b")
    assert filled.notes == ("2 Namespaces made that nothing declares: undeclared-a, undeclared-b",)
    assert filled.refused == ()


def test_every_namespace_has_its_default_account(sandbox: Sandbox) -> None:
    """Without it no Pod is admitted; no controller makes it here. One that is declared is taken as declared."""
    _fill(
        sandbox,
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: plain-account}\n",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: own-account}\n",
        """
apiVersion: v1
kind: ServiceAccount
metadata: {name: default, namespace: own-account}
imagePullSecrets: [{name: registry}]
""",
    )
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: nginx}]}\n"
    for namespace, secrets in (("plain-account", None), ("own-account", [{"name": "registry"}])):
        answer = _post(sandbox, f"/api/v1/namespaces/{namespace}/pods", pod)
        assert answer.ok
        assert answer.data["spec"].get("imagePullSecrets") == secrets
    assert _post(sandbox, "/api/v1/namespaces/kube-system/pods", pod).ok


def test_quotas_are_enforced_after_what_is_there(sandbox: Sandbox) -> None:
    """A quota that is used up refuses the next object, not the ones that are there."""
    filled = _fill(
        sandbox,
        """
apiVersion: v1
kind: ResourceQuota
metadata: {name: q, namespace: quota}
spec: {hard: {configmaps: 2, count/deployments.apps: "0", pods: "0"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: quota}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: b, namespace: quota}
""",
    )
    assert filled.refused == ()
    third = _post(sandbox, "/api/v1/namespaces/quota/configmaps", "metadata: {name: c}")
    assert third.message.endswith(
        "exceeded quota: q, requested: configmaps=1, used: configmaps=2, limited: configmaps=2"
    )


def test_the_usage_of_an_exported_quota_is_kept(sandbox: Sandbox) -> None:
    """What a cluster used at the export counts, also where the base declares the same quota without a status."""
    quota = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: q, namespace: exported-quota}
spec: {hard: {pods: "7"}}
"""
    status = 'status: {hard: {pods: "7"}, used: {pods: "7"}}'
    _fill(sandbox, quota + status, quota)
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: nginx}]}\n"
    answer = _post(sandbox, "/api/v1/namespaces/exported-quota/pods", pod)
    assert answer.message.endswith("exceeded quota: q, requested: pods=1, used: pods=7, limited: pods=7")


def test_services_keep_the_addresses_that_their_manifests_name(sandbox: Sandbox) -> None:
    """Whichever range the cluster has for them; a change of one that is there is judged as in the cluster."""
    text = """
apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: default}
spec: {clusterIP: ADDRESS, ports: [{port: 53}]}
"""
    named = {"kubeadm": "10.96.0.10", "rancher": "10.43.0.10", "eks": "172.20.0.10"}
    texts = [text.replace("NAME", name).replace("ADDRESS", address) for name, address in named.items()]
    assert _fill(sandbox, *texts).refused == ()
    path = "/api/v1/namespaces/default/services/rancher"
    live = _send(sandbox, "GET", path).data
    live["spec"]["ports"][0]["port"] = 54
    assert _send(sandbox, "PUT", path, live, {"dryRun": "All"}).ok
    live["spec"]["clusterIP"], live["spec"]["clusterIPs"] = "10.43.0.11", ["10.43.0.11"]
    assert "may not change once set" in _send(sandbox, "PUT", path, live, {"dryRun": "All"}).message
    ranges = _send(sandbox, "GET", "/apis/networking.k8s.io/v1/servicecidrs").data["items"]
    assert [one["metadata"]["name"] for one in ranges] == ["kubernetes"]


def test_limit_ranges_do_not_touch_what_is_there(sandbox: Sandbox) -> None:
    """A LimitRange of today did not judge the Pods of yesterday."""
    filled = _fill(
        sandbox,
        """
apiVersion: v1
kind: LimitRange
metadata: {name: small, namespace: limits}
spec: {limits: [{type: Container, max: {memory: 1Gi}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: large, namespace: limits}
spec: {containers: [{name: c, image: nginx, resources: {requests: {memory: 2Gi}, limits: {memory: 2Gi}}}]}
""",
    )
    assert filled.refused == ()
    pod = "metadata: {name: p}\nspec: {containers: [{name: c, image: nginx, resources: {limits: {memory: 2Gi}}}]}\n"
    assert "maximum memory usage per Container is 1Gi" in _post(sandbox, "/api/v1/namespaces/limits/pods", pod).message


def test_pod_security_does_not_touch_what_is_there(sandbox: Sandbox) -> None:
    """What a namespace demands of Pods is demanded of newcomers."""
    filled = _fill(
        sandbox,
        """
apiVersion: v1
kind: Namespace
metadata: {name: secured, labels: {pod-security.kubernetes.io/enforce: restricted, team: a}}
---
apiVersion: v1
kind: Pod
metadata: {name: old, namespace: secured}
spec: {hostNetwork: true, containers: [{name: c, image: nginx}]}
""",
    )
    assert filled.refused == ()
    pod = "metadata: {name: p}\nspec: {containers: [{name: c, image: nginx}]}\n"
    assert 'violates PodSecurity "restricted:latest"' in _post(sandbox, "/api/v1/namespaces/secured/pods", pod).message


def test_admission_policies_are_in_force_and_came_last(sandbox: Sandbox) -> None:
    """Once the sandbox is filled, a policy judges the very first request, and it judged nothing that is there."""
    filled = _fill(
        sandbox,
        """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: owned}
spec: {policyName: owned, validationActions: [Deny]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: owned}
spec:
  failurePolicy: Fail
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: policed}}
    resourceRules: [{apiGroups: [""], apiVersions: [v1], resources: [configmaps], operations: [CREATE, UPDATE]}]
  validations: [{expression: "has(object.metadata.labels) && 'owner' in object.metadata.labels", message: no owner}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: unowned, namespace: policed}
""",
    )
    assert filled.refused == ()
    assert (
        "denied request: no owner"
        in _post(sandbox, "/api/v1/namespaces/policed/configmaps", "metadata: {name: c}").message
    )
    left = _send(sandbox, "GET", "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies").data["items"]
    assert [one["metadata"]["name"] for one in left] == ["owned"]


def test_a_policy_that_refuses_every_namespace_is_waited_for_too(assets: Assets) -> None:
    """Whether policies are in force is seen although one of them refuses what is asked to see it."""
    policy = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: closed}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], resources: [namespaces], operations: [CREATE]}]
  validations: [{expression: "false", message: closed}]
"""
    binding = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: closed}
spec: {policyName: closed, validationActions: [Deny]}
"""
    with start(assets) as closed:
        assert _fill(closed, binding, policy).refused == ()
        refused = _post(closed, "/api/v1/namespaces", "metadata: {name: another}")
    assert "denied request: closed" in refused.message


def test_mutating_policies_are_in_force(sandbox: Sandbox) -> None:
    """They write into what is asked afterwards, from the first request on."""
    versions = {one.version for one in _discovered(sandbox) if one.kind == "MutatingAdmissionPolicy"}
    assert versions
    version = min(versions)
    filled = _fill(
        sandbox,
        f"""
apiVersion: admissionregistration.k8s.io/{version}
kind: MutatingAdmissionPolicyBinding
metadata: {{name: labelled}}
spec: {{policyName: labelled}}
---
apiVersion: admissionregistration.k8s.io/{version}
kind: MutatingAdmissionPolicy
metadata: {{name: labelled}}
spec:
  failurePolicy: Fail
  reinvocationPolicy: Never
  matchConstraints:
    namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: mutated}}}}
    resourceRules: [{{apiGroups: [""], apiVersions: [v1], resources: [configmaps], operations: [CREATE]}}]
  mutations:
    - patchType: ApplyConfiguration
      applyConfiguration: {{expression: 'Object{{metadata: Object.metadata{{labels: {{"seen": "yes"}}}}}}'}}
---
apiVersion: v1
kind: Namespace
metadata: {{name: mutated}}
""",
    )
    assert filled.refused == ()
    answer = _post(sandbox, "/api/v1/namespaces/mutated/configmaps", "metadata: {name: c}")
    assert answer.data["metadata"]["labels"] == {"seen": "yes"}


def _discovered(sandbox: Sandbox) -> tuple[Resource, ...]:
    async def work() -> tuple[Resource, ...]:
        async with Client(sandbox.access) as client:
            return (await discover(client)).resources

    return asyncio.run(work())


def test_what_makes_no_sense_here_is_left_out_and_said(sandbox: Sandbox) -> None:
    """Webhooks would refuse everything, since nobody answers them; what passes is not worth keeping."""
    filled = _fill(
        sandbox,
        """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: hook-a}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: hook-b}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
---
apiVersion: batch/v1
kind: Job
metadata: {generateName: migrate-, namespace: default}
---
apiVersion: v1
kind: Pod
metadata: {name: bound, namespace: default}
spec: {nodeName: node-1, containers: [{name: c, image: nginx}]}
""",
    )
    assert filled.refused == ()
    assert filled.notes == (
        "1 APIService left out: nobody answers here",
        "1 Job left out: without a name, every making gives another one",
        "1 Pod not bound to a node: there are none here",
        "2 ValidatingWebhookConfigurations left out: nobody answers here",
    )


def test_an_exported_object_is_made_anew(sandbox: Sandbox) -> None:
    """What the cluster keeps of an object (uid, versions, status, managers) is not taken along."""
    exported: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "web",
            "namespace": "exported",
            "uid": "11111111-2222-3333-4444-555555555555",
            "resourceVersion": "42",
            "generation": 7,
            "creationTimestamp": "2020-01-01T00:00:00Z",
            "managedFields": [{"manager": "kubectl", "operation": "Update"}],
        },
        "spec": {"ports": [{"port": 80, "nodePort": 30123}], "type": "NodePort", "clusterIP": "10.96.7.7"},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
    }
    assert _fill(sandbox, objects=[exported]).refused == ()
    live = _send(sandbox, "GET", "/api/v1/namespaces/exported/services/web").data
    assert live["metadata"]["uid"] != exported["metadata"]["uid"]
    assert live["status"] == {"loadBalancer": {}}
    assert [entry["manager"] for entry in live["metadata"]["managedFields"]] == ["gategit"]


def test_of_the_same_object_twice_the_later_one_counts(sandbox: Sandbox) -> None:
    """The base tree comes after the export, and says what is so."""
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: twice, namespace: default}\ndata: {from: %s}\n"
    _fill(sandbox, text % "export", text % "base")
    assert _send(sandbox, "GET", "/api/v1/namespaces/default/configmaps/twice").data["data"] == {"from": "base"}


def test_what_the_sandbox_refuses_is_told_with_its_message(sandbox: Sandbox) -> None:
    """One object's failure leaves the others alone, and the message is the server's."""
    filled = _fill(
        sandbox,
        """
apiVersion: nowhere.example.com/v1
kind: Gadget
metadata: {name: g, namespace: refuses}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: Not_A_Name, namespace: refuses}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: fine, namespace: refuses}
---
apiVersion: authorization.k8s.io/v1
kind: SelfSubjectReview
metadata: {name: question}
""",
    )
    assert [(one.what, one.unserved) for one in filled.refused] == [
        ("Gadget refuses/g", True),
        ("ConfigMap refuses/Not_A_Name", False),
        ("SelfSubjectReview question", True),
    ]
    assert filled.refused[0].message == "the sandbox serves no Gadget of nowhere.example.com/v1"
    assert filled.refused[1].message.startswith('ConfigMap "Not_A_Name" is invalid: metadata.name: Invalid value')
    assert _send(sandbox, "GET", "/api/v1/namespaces/refuses/configmaps/fine").ok


def test_an_object_that_a_lenient_client_made_is_there(sandbox: Sandbox) -> None:
    """A field that the server does not know was dropped when the cluster took the object; so it is here."""
    filled = _fill(
        sandbox,
        "apiVersion: v1\nkind: Service\nmetadata: {name: typo, namespace: default}\n"
        "spec: {ports: [{port: 80}], sellector: {app: web}}\n",
    )
    assert filled.refused == ()
    assert "sellector" not in _send(sandbox, "GET", "/api/v1/namespaces/default/services/typo").data["spec"]


def test_a_lenient_making_never_hides_what_is_wrong(sandbox: Sandbox) -> None:
    """Where the object is there already, the first refusal is told, not that it is there."""
    filled = _fill(sandbox, "apiVersion: v1\nkind: Namespace\nmetadata: {name: default}\nspec: {finalisers: [a]}\n")
    (refused,) = filled.refused
    assert refused.message.endswith(".spec.finalisers: field not declared in schema")


def test_what_is_malformed_stops_nothing(sandbox: Sandbox) -> None:
    """Data from files may be anything."""
    odd: list[dict[str, Any]] = [
        {},
        {"apiVersion": 1, "kind": []},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": "none"},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "../../odd", "labels": [1]}, "spec": []},
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "odd", "namespace": "odd"},
            "spec": [],
            "status": 1,
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "odd", "namespace": "odd"},
            "spec": {"ports": [1]},
        },
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "odd"},
            "spec": {"versions": "v1", "conversion": 3, "names": []},
        },
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "after", "namespace": "odd"}},
    ]
    filled = _fill(sandbox, objects=odd)
    assert {one.what for one in filled.refused} == {
        "Namespace ../../odd",
        "ResourceQuota odd/odd",
        "Service odd/odd",
        "CustomResourceDefinition odd",
    }
    assert _send(sandbox, "GET", "/api/v1/namespaces/odd/configmaps/after").ok
