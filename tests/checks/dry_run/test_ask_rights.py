"""What our own account may not do, and what admission could not judge: neither is taken for consent."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from gategit.checks.dry_run.values import Expected, Outcome
from gategit.cluster.access import Access
from gategit.model import DryRunResult
from tests.api_server import ApiServer
from tests.checks.dry_run.asked import Data, ask_all, ask_one, change, changed, config_map, said

UNKNOWN, CONFIGURED, CREATED = DryRunResult.UNKNOWN, DryRunResult.CONFIGURED, DryRunResult.CREATED


def _account(server: ApiServer, namespace: str, verbs: Sequence[str]) -> Access:
    """An account with some rights on ConfigMaps of a namespace, and with no others."""
    access = server.account(namespace, "asker")
    server.kubectl("create", "role", "asker", "-n", namespace, "--resource=configmaps", f"--verb={','.join(verbs)}")
    subject = f"--serviceaccount={namespace}:asker"
    server.kubectl("create", "rolebinding", "asker", "-n", namespace, "--role=asker", subject)
    return access


def _live(server: ApiServer, data: Data, *options: str) -> Data:
    server.kubectl("apply", *options, "-f", "-", stdin=json.dumps(data))
    return data


def test_one_who_may_only_read_gets_no_answer(api_server: ApiServer, namespace: str) -> None:
    """A dry run needs the rights of the write; the hint says how to give them."""
    old = _live(api_server, config_map(namespace), "--server-side")
    access = _account(api_server, namespace, ["get", "list"])
    outcomes = ask_all(
        access,
        [change(old, changed(old, "data/a", "9")), change(None, config_map(namespace, "new")), change(old, None)],
    )
    assert [(o.result, said(o)) for o in outcomes] == [(UNKNOWN, [("dry-run-unanswered", ())])] * 3
    assert {o.problems[0].help for o in outcomes} == {"gategit cluster rbac prints the rights that a dry run needs"}
    assert 'cannot patch resource "configmaps"' in outcomes[0].reason
    assert 'cannot delete resource "configmaps"' in outcomes[2].reason


def test_a_live_object_that_may_not_be_read_is_asked_for_all_the_same(api_server: ApiServer, namespace: str) -> None:
    """The server judges it; what differs is not known, and the result says why."""
    old = _live(api_server, config_map(namespace), "--server-side")
    access = _account(api_server, namespace, ["patch"])
    good, bad = ask_all(access, [change(old, changed(old, "data/a", "9")), change(old, changed(old, "datta", {}))])
    assert (good.result, good.manager, good.live) == (CONFIGURED, "gategit", None)
    assert good.reason.startswith("the live object could not be read, so what changes is not known (")
    assert 'cannot get resource "configmaps"' in good.reason
    assert (bad.result, said(bad)) == (DryRunResult.REJECTED, [("dry-run-rejected", ("datta",))])


def test_one_who_may_not_list_reads_one_by_one(api_server: ApiServer, namespace: str) -> None:
    """A list is only a shorter way."""
    maps = [_live(api_server, config_map(namespace, f"c{i}"), "--server-side") for i in range(5)]
    access = _account(api_server, namespace, ["get", "patch"])
    outcomes = ask_all(access, [change(data, changed(data, "data/a", "9")) for data in maps])
    assert [(o.result, o.reason) for o in outcomes] == [(CONFIGURED, "")] * 5


def test_a_create_needs_its_own_right(api_server: ApiServer, namespace: str) -> None:
    """Patching alone makes nothing new."""
    access = _account(api_server, namespace, ["get", "patch"])
    outcome = ask_one(access, None, config_map(namespace))
    assert outcome.result is UNKNOWN
    assert 'cannot create resource "configmaps"' in outcome.reason


def test_removed_fields_that_may_not_be_asked_for_are_said(api_server: ApiServer, namespace: str) -> None:
    """Without the right to update, an apply is the best that can be known."""
    old = _live(api_server, config_map(namespace))
    access = _account(api_server, namespace, ["get", "patch", "create"])
    outcome = ask_one(access, old, changed(changed(old, "data/a", "9"), "data/b"))
    assert outcome.result is CONFIGURED
    assert outcome.reason.startswith("what becomes of the removed fields could not be asked (")
    assert 'cannot update resource "configmaps"' in outcome.reason


def test_rights_that_our_account_lacks_say_nothing_of_the_manifest(api_server: ApiServer, namespace: str) -> None:
    """Only who has rights may give them; the agent may have more than we."""
    access = api_server.account(namespace, "asker")
    role = "--resource=roles.rbac.authorization.k8s.io"
    api_server.kubectl("create", "role", "asker", "-n", namespace, role, "--verb=get,create,patch")
    subject = f"--serviceaccount={namespace}:asker"
    api_server.kubectl("create", "rolebinding", "asker", "-n", namespace, "--role=asker", subject)
    data: Data = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "all", "namespace": namespace},
        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
    }
    outcome = ask_one(access, None, data)
    assert (outcome.result, said(outcome)) == (UNKNOWN, [("dry-run-unanswered", ())])


def _until(ask: Callable[[], Outcome], done: Callable[[Outcome], bool]) -> Outcome:
    """Ask until the server has seen a new configuration of its own."""
    ends = time.monotonic() + 60
    while not done(outcome := ask()) and time.monotonic() < ends:
        time.sleep(0.05)
    return outcome


@contextmanager
def _configured(server: ApiServer, *data: Data) -> Iterator[None]:
    """Cluster-wide objects that are there for the length of a test."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(data)})
    server.kubectl("create", "-f", "-", stdin=text)
    try:
        yield
    finally:
        server.kubectl("delete", "-f", "-", stdin=text)


def test_a_webhook_that_is_gone_is_no_answer(api_server: ApiServer, namespace: str) -> None:
    """Neither the manifest's fault nor consent; and only of the objects that it is asked about."""
    hook: Data = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": f"{namespace}.example.com"},
        "webhooks": [
            {
                "name": f"{namespace}.example.com",
                "clientConfig": {"url": "https://127.0.0.1:1/"},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["*"]}],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "timeoutSeconds": 2,
            }
        ],
    }
    with _configured(api_server, hook):
        outcome = _until(
            lambda: ask_one(api_server.access, None, config_map(namespace)), lambda o: o.result is not CREATED
        )
        secret = ask_one(api_server.access, None, {**config_map(namespace), "kind": "Secret", "data": {}})
    assert (outcome.result, said(outcome)) == (UNKNOWN, [("dry-run-unanswered", ())])
    assert f'failed calling webhook "{namespace}.example.com"' in outcome.reason
    assert secret.result is CREATED


def _policy(namespace: str, expression: str, action: str) -> list[Data]:
    metadata = {"name": f"{namespace}-{action.lower()}"}
    matching = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE", "UPDATE"]}
        ],
    }
    version = "admissionregistration.k8s.io/v1"
    validation = {"expression": expression, "message": "the key b is forbidden"}
    return [
        {
            "apiVersion": version,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": metadata,
            "spec": {"matchConstraints": matching, "validations": [validation], "failurePolicy": "Fail"},
        },
        {
            "apiVersion": version,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": metadata,
            "spec": {"policyName": metadata["name"], "validationActions": [action]},
        },
    ]


@pytest.mark.parametrize("options", [[], ["--server-side"]], ids=["client-side", "server-side"])
def test_a_policy_judges_the_object_without_the_removed_field(
    api_server: ApiServer, namespace: str, options: list[str]
) -> None:
    """A change that takes out what is forbidden is the mend, however the live object was made."""
    old = _live(api_server, config_map(namespace), *options)
    with _configured(api_server, *_policy(namespace, "!has(object.data) || !('b' in object.data)", "Deny")):
        denied = _until(
            lambda: ask_one(api_server.access, old, changed(old, "data/a", "9")), lambda o: o.result is not CONFIGURED
        )
        mended = ask_one(api_server.access, old, changed(old, "data/b"))
    assert (denied.result, [rule for rule, _ in said(denied)]) == (DryRunResult.REJECTED, ["admission-denied"])
    assert (mended.result, mended.problems) == (CONFIGURED, ())


def test_a_policy_that_warns_of_a_removal(api_server: ApiServer, namespace: str) -> None:
    """What is said of the apply and of the update after it is said once."""
    old = _live(api_server, config_map(namespace))
    with _configured(api_server, *_policy(namespace, "false", "Warn")):
        outcome = _until(lambda: ask_one(api_server.access, old, changed(old, "data/b")), lambda o: bool(o.problems))
    assert (outcome.result, [rule for rule, _ in said(outcome)]) == (CONFIGURED, ["api-warning"])


def test_a_quota_that_is_used_up(api_server: ApiServer, namespace: str) -> None:
    """What a namespace has no room for is rejected, and not put down to a right that we lack."""
    quota: Data = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "full", "namespace": namespace},
        "spec": {"hard": {"configmaps": "0"}},
    }
    _live(api_server, quota)
    status = {"hard": {"configmaps": "0"}, "used": {"configmaps": "0"}}
    api_server.kubectl(
        *("patch", "resourcequota/full", "-n", namespace, "--subresource=status", "--type=merge"),
        *("-p", json.dumps({"status": status})),
    )
    outcome = _until(
        lambda: ask_one(api_server.access, None, config_map(namespace), Expected()), lambda o: o.result is not CREATED
    )
    assert (outcome.result, said(outcome)) == (DryRunResult.REJECTED, [("quota-exceeded", ())])
