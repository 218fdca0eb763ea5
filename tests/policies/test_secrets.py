"""Credentials: what is taken for one, where, and what only looks like one. Tokens are made up, and in two pieces."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gategit.checks.policy.builtin import BUILTIN
from gategit.checks.policy.load import PolicySet
from gategit.checks.policy.run import Runner
from gategit.checks.policy.subjects import Subject
from gategit.model import Level
from tests.policies.conftest import Judge, manifest, thing, workload

FAMILY = [entry.rpartition("/")[2].replace("_", "-") for entry in BUILTIN if entry.startswith("secrets/")]
LEVELS = dict.fromkeys(FAMILY, Level.ERROR)

PASSWORD = "correct-horse-7"  # noqa: S105  made up
RANDOM = "x7Kp2QvL9wRt4ZbN8cYd"
PEM = "-----BEGIN {}PRIVATE " + "KEY-----\n{}\n"


def config_map(**data: Any) -> dict[str, Any]:
    """A ConfigMap named x."""
    return thing("ConfigMap", data=data)


def pod(**container: Any) -> dict[str, Any]:
    """A Pod with one container named a."""
    return workload({"containers": [{"name": "a", **container}]})


def release(values: Any) -> dict[str, Any]:
    """A HelmRelease with these values."""
    return thing("HelmRelease", "helm.toolkit.fluxcd.io/v2", spec={"values": values})


ODD: list[Any] = [None, [], {}, "text", 7, True, [None, 7, "text", []], [{}], {"a": None}, {"": {"name": 7}}]


@pytest.mark.parametrize("odd", ODD)
def test_data_of_a_wrong_shape_crashes_no_policy(runner: Runner, odd: Any) -> None:
    """Neither where data is something else, nor where what is encrypted is."""
    subjects = []
    for kind, version in (
        ("Secret", "v1"),
        ("ConfigMap", "v1"),
        ("Application", "argoproj.io/v1alpha1"),
        ("HelmRelease", "helm.toolkit.fluxcd.io/v2"),
        ("HelmChart", "helm.cattle.io/v1"),
        ("SealedSecret", "bitnami.com/v1alpha1"),
    ):
        for data in (odd, {"password": odd}, {"source": odd}, {"source": {"helm": odd}}, {"encryptedData": odd}):
            metadata = {"name": "x", "labels": odd, "annotations": odd}
            sops = {"encrypted_regex": odd} if data is odd else odd
            one = thing(kind, version, metadata=metadata, data=data, stringData=data, spec=data, sops=sops)
            subjects.append(Subject(None, manifest(one), added=True))
    broken = thing("Secret", stringData={"a": "b"}, sops={"encrypted_regex": "("})
    subjects.append(Subject(None, manifest(broken), added=True))
    subjects.append(Subject(None, manifest(pod(command=odd, args=[odd], env=odd)), added=True))

    assert runner.run(PolicySet(runner.policies(), LEVELS), subjects).crashes == ()


TOKENS = {
    PEM.format("", "MIIE"): "a private key",
    PEM.format("OPENSSH ", "b3Bl"): "a private key",
    PEM.format("", "MIIE").replace("\n", "\\n"): "a private key",
    PEM.format("EC ", "").strip() + " " + "Mh" * 20: "a private key",
    base64.b64encode(PEM.format("", "MIIE").encode()).decode(): "a private key in base64",
    base64.b64encode(PEM.format("RSA ", "MIIE").encode()).decode(): "a private key in base64",
    base64.b64encode(PEM.format("EC ", "MIIE").encode()).decode(): "a private key in base64",
    base64.b64encode(PEM.format("OPENSSH ", "MIIE").encode()).decode(): "a private key in base64",
    "AKIA" + "Q" * 16: "an AWS access key",
    "DefaultEndpointsProtocol=https;Account" + "Key=" + "a1" * 43 + "==": "an Azure storage key",
    "Endpoint=sb://x/;SharedAccess" + "Key=" + "a" * 43 + "=": "an Azure access key",
    "abc8" + "Q~" + "a" * 34: "an Azure client secret",
    "ghp_" + "a1" * 18: "a GitHub token",
    "ghs_" + "a1" * 18: "a GitHub token",
    "github_pat_" + "a1" * 20: "a GitHub token",
    "glpat-" + "a1" * 10: "a GitLab token",
    "glrt-" + "a1" * 10: "a GitLab token",
    "xoxb-" + "12" * 10: "a Slack token",
    "xapp-1-" + "A0" * 5 + "-" + "12" * 6 + "-" + "ab" * 20: "a Slack token",
    "https://hooks.slack" + ".com/services/T0000000/B0000000/" + "a1" * 12: "a Slack webhook",
    "https://discord" + ".com/api/webhooks/" + "1" * 18 + "/" + "a1" * 34: "a Discord webhook",
    "123456789:" + "AA" + "b" * 33: "a Telegram bot token",
    "AIza" + "b" * 35: "a Google API key",
    "GOCSPX-" + "a1" * 14: "a Google client secret",
    "sk_live_" + "c3" * 10: "a Stripe key",
    "whsec_" + "c3" * 16: "a Stripe key",
    "SG." + "a" * 22 + "." + "b" * 43: "a SendGrid key",
    "key-" + "0d" * 16: "a Mailgun key",
    "SK" + "0d" * 16: "a Twilio key",
    "shpat_" + "0d" * 16: "a Shopify token",
    "npm_" + "d" * 36: "an npm token",
    "pypi-AgE" + "d" * 60: "a PyPI token",
    "rubygems_" + "0d" * 24: "a RubyGems key",
    "dckr_pat_" + "a1" * 14: "a Docker Hub token",
    "sk-proj-" + "a1" * 20 + "T3Blbk" + "FJ" + "a1" * 20: "an OpenAI key",
    "sk-ant-api03-" + "a1" * 40: "an Anthropic key",
    "hf_" + "aB" * 17: "a Hugging Face token",
    "dapi" + "0d" * 16: "a Databricks token",
    "dop_v1_" + "0d" * 32: "a DigitalOcean token",
    "HRKU-" + "a1" * 18: "a Heroku key",
    "NRAK-" + "A" * 27: "a New Relic key",
    "glsa_" + "a1" * 16 + "_" + "0d" * 4: "a Grafana token",
    "sntrys_" + "ey" + "a1" * 30: "a Sentry token",
    "hvs." + "e" * 24: "a Vault token",
    "a" * 14 + ".atlasv1." + "b" * 60: "a Terraform token",
    "pul-" + "0d" * 20: "a Pulumi token",
    "dp.st.prd." + "a1" * 20: "a Doppler token",
    "tskey-auth-" + "a1" * 6 + "-" + "b2" * 16: "a Tailscale key",
    "ops_" + "eyJ" + "a1" * 100: "a 1Password token",
    "eyJh" + "Ijoi" + "a1" * 50: "a Cloudflare tunnel token",
    "lin_api_" + "a1" * 20: "a Linear key",
    "PMAK-" + "0d" * 12 + "-" + "0d" * 17: "a Postman key",
    "[Interface]\nPrivateKey = " + "a1" * 21 + "b=": "a WireGuard key",
    "AGE-SECRET-KEY-1" + "Q" * 58: "an age key",
    "eyJ" + "h" * 20 + ".eyJ" + "p" * 20 + "." + "s" * 20: "a JSON web token",
    "postgres://shop:correct-horse@db/shop": "a URL with a password",
    "url = amqp://user:n0t-so-made-up@mq:5672/": "a URL with a password",
    "redis://:correct-horse@cache:6379/0": "a URL with a password",
}


@pytest.mark.parametrize("token", TOKENS)
def test_a_known_token_is_seen_in_any_object(judge: Judge, token: str) -> None:
    """Wherever it stands, also in the middle of a text, and reported once."""
    what = TOKENS[token]
    widget = thing("Widget", "example.com/v1", spec={"a": [{"b": ["x", f"see {token}"]}]})

    assert judge("known-token", widget) == [("spec.a[0].b[1]", f"Widget x holds {what} in plain text")]
    assert judge("configmap-secret", config_map(token=token)) == []
    assert judge("plaintext-secret", thing("Secret", stringData={"a": token})) == [
        ("stringData.a", f"key a of Secret x holds {what} in plain text")
    ]


HARMLESS = [
    *("sha256:" + "0d" * 32, "0d" * 20, "0d" * 32, "b3f7c1d2-9a4e-4c1b-8f6d-2e5a7c9b0d13", "web@sha256:" + "0d" * 32),
    *(
        "-----BEGIN CERTIFICATE-----\nMIID\n",
        "-----BEGIN PUBLIC KEY-----\nMIIB\n",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA",
    ),
    *("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUQK", "data:image/png;base64," + "iVBORw0KGgo" * 30),
    *("age1" + "q" * 58, "-----BEGIN AGE ENCRYPTED FILE-----\n" + "YWdl" * 20, "-----BEGIN PGP MESSAGE-----\nhQIM"),
    *("ENC[AES256_GCM,data:" + "p673w" * 20 + "==,iv:YY=,tag:A=,type:str]", "AgBy" * 100, "$ANSIBLE_VAULT;1.1;AES256"),
    *("the file begins with -----BEGIN RSA PRIVATE " + "KEY----- and ends", "AKIAIOSFODNN7" + "EXAMPLE", "risk-free"),
    *(
        "postgres://${USER}:${PASSWORD}@db/shop",
        "postgres://user:password@localhost/db",
        "https://a.example.com:8443/x@y",
    ),
    *(
        "https://git.example.com/a.git",
        "postgres://shop@db/shop",
        "https://user:<token>@git.example.com",
        "mailto:a@b.c",
    ),
    *(
        "s3://key:{{ secret }}@bucket",
        "http://a:$(PASSWORD)@b",
        "^https?://([^:]+):([^@]+)@(.+)$",
        "https://a:%PASS%@b.c",
    ),
    *("vault:secret/data/db#password", "<path:secret/data/db#password>", "ref+vault://secret/db#password", "hf_space"),
]


@pytest.mark.parametrize("value", HARMLESS)
def test_what_only_looks_like_a_token_passes(judge: Judge, value: str) -> None:
    """Digests, ids, certificates, public keys, icons, encrypted values, references, examples."""
    assert judge("known-token", config_map(a=value)) == []
    assert (
        judge("known-token", thing("Widget", "example.com/v1", metadata={"name": "x", "annotations": {"a": value}}))
        == []
    )
    assert judge("plaintext-secret", thing("Secret", stringData={"a": value})) == []


def test_known_tokens_are_reported_once(judge: Judge) -> None:
    """Values of Secrets and environment variables are plaintext-secret's; the rest of those objects is not."""
    token = "ghp_" + "a1" * 18
    encoded = base64.b64encode(token.encode()).decode()
    secret = thing(
        "Secret", data={"a": encoded}, stringData={"b": token}, metadata={"name": "x", "labels": {"c": token}}
    )
    message = "Secret x holds a GitHub token in plain text"
    assert judge("known-token", secret) == [("metadata.labels.c", message)]
    assert judge("known-token", pod(env=[{"name": "T", "value": token}], args=[token])) == [
        ("spec.containers[0].args[0]", "Pod x holds a GitHub token in plain text")
    ]


def test_the_id_of_an_aws_access_key_passes(judge: Judge) -> None:
    """It is no secret without the other half; a field for it says so."""
    key = "AKIA" + "Q" * 16
    route53 = {"accessKeyID": key, "region": "eu-west-1", "note": key}
    issuer = thing("ClusterIssuer", "cert-manager.io/v1", spec={"acme": {"solvers": [{"dns01": {"route53": route53}}]}})

    assert [field for field, _ in judge("known-token", issuer)] == ["spec.acme.solvers[0].dns01.route53.note"]


TEXTS = [
    ("a key = value file", f"user = shop\npassword = {PASSWORD}\n", "password"),
    ("without spaces", f"DB_PASSWORD={PASSWORD}", "DB_PASSWORD"),
    ("properties", f"spring.datasource.password={PASSWORD}", "spring.datasource.password"),
    ("a shell script", f"set -e\nexport API_TOKEN='{PASSWORD}'\n./run\n", "API_TOKEN"),
    ("YAML", f"db:\n  host: db\n  password: {PASSWORD}\n", "password"),
    ("YAML in a list", f"users:\n  - password: '{PASSWORD}'  # of shop\n", "password"),
    ("JSON", f'{{"db": {{"password": "{PASSWORD}"}}}}', "password"),
    ("JSON in one line of others", f'x = 1\nconfig = {{"user": "a", "apiKey": "{RANDOM}"}}', "apiKey"),
    ("XML", f"<db>\n  <password>{PASSWORD}</password>\n</db>", "password"),
    ("a connection string", f"Server=db;User=shop;Password={PASSWORD};Encrypt=true", "Password"),
    ("an option in a script", f"#!/bin/sh\nmysqldump --password={PASSWORD} shop > x\n", "password"),
    ("a value that is random", f"[auth]\nsecret = {RANDOM}\n", "secret"),
    ("carriage returns", f"user = shop\r\npassword = {PASSWORD}\r\n", "password"),
]


@pytest.mark.parametrize(
    ("text", "name"), [(text, name) for _, text, name in TEXTS], ids=[title for title, *_ in TEXTS]
)
def test_a_credential_in_a_config_file(judge: Judge, text: str, name: str) -> None:
    """Whatever the format; the message says under which name, and never the value."""
    message = f"holds a credential under {name} in plain text"

    assert judge("configmap-secret", config_map(file=text)) == [("data.file", f"key file of ConfigMap x {message}")]
    assert [field for field, _ in judge("values-secret", release({"config": text + "\n"}))] == ["spec.values.config"]
    if "\n" in text or "{" in text:
        encoded = base64.b64encode(text.encode()).decode()
        assert judge("plaintext-secret", thing("Secret", data={"file": encoded})) == [
            ("data.file", f"key file of Secret x {message}")
        ]


NO_CREDENTIALS = [
    "password = ${DB_PASSWORD}\ntoken = $TOKEN\nsecret: {{ .secret }}\n",
    "# password = correct-horse-7\n; token = correct-horse-7\n// secret: correct-horse-7\n",
    "password_file = /run/secrets/db\ntoken_path: /var/run/token\n",
    "input_token: NextToken\nkey: k10.kasten.io/appNamespace\nsharedSecret: redhat-workload-2\n",
    "password: required\ntoken: string\napi_key: optional\n",
    "password = os.environ['DB_PASSWORD']\ntoken = get_token()\nself.password = settings.password\n",
    "const token = await getToken();\nlet password = props.password;\n",
    'password := os.Getenv("PASSWORD")\nif password == "" { exit }\n',
    "token_lifetime = 3600\nmax_tokens = 4096\ntokenizer = bert-base-7\npassword_min_length = 12\n",
    "secret_name: web-tls-2\nsecretName: web-tls-2\nexistingSecret: db-credentials-1\n",
    "secretKey: db-password-2\naccess_key: s3-access-1\n",
    "password_encryption = scram-sha-256\nauth: SCRAM-SHA-256\n",
    'password = "changeme"\ntoken = "<token>"\napi_key = "your-api-key-here"\n',
    "public_key = x7Kp2QvL9wRt4ZbN8cYd\nsite_key: x7Kp2QvL9wRt4ZbN8cYd\nkey_id = x7Kp2QvL9wRt4ZbN8cYd\n",
    'proxy_set_header X-Auth-Token $http_x_auth_token;\nset $token "";\n',
    'map $http_authorization $token { default ""; }\n',
    'echo "the password is wrong-2"\nread -r password\nPASSWORD="$(cat /run/secrets/db)"\n',
    "rules:\n  - key: password\n    operator: Exists\n  - {key: token, value: present-1}\n",
    '{"type": "object", "properties": {"password": {"type": "string"}, "token": {"$ref": "#/x-1"}}}',
    "token_url: https://sso.example.com/token\nsecret_provider: https://vault.example.com:8200\n",
    "ssl_certificate_key /etc/tls/tls.key;\nkeyFile: ./tls.key\nprivate_key: /etc/tls.key\n",
    "pass: true\npassword: null\ntoken: 12345\nsecret: no\npwd: ''\n",
    "auth_type: oauth2-token\nlogin: token-based-1\n",
    "cacheKey: 0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d\nsort_key: x7Kp2QvL9wRt4ZbN8cYd\n",
    "password: |\n  see the wiki-2\n",
    "password: ENC[AES256_GCM,data:p673w==,iv:YY=,aad:UQ=,tag:A=,type:str]\n",
    "password: vault:secret/data/db#password\ntoken: op://vault/item/field-1\n",
    "password: $2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy\n",
    "secret: b3f7c1d2-9a4e-4c1b-8f6d-2e5a7c9b0d13\n",
]


@pytest.mark.parametrize("text", NO_CREDENTIALS)
def test_a_config_file_about_credentials_passes(judge: Judge, text: str) -> None:
    """Comments, variables, paths, names, words, expressions, types, hashes, switches."""
    assert judge("configmap-secret", config_map(file=text)) == []
    assert judge("values-secret", release({"config": text})) == []
    assert judge("argument-secret", pod(command=["sh", "-c", text])) == []
    assert judge("plaintext-secret", thing("Secret", stringData={"file": text})) == []


@pytest.mark.parametrize(
    ("name", "value", "is_flagged"),
    [
        ("DB_PASSWORD", PASSWORD, True),
        ("api-key", PASSWORD, True),
        ("OAUTH_SECRET", RANDOM, True),
        ("OAUTH_SECRET", "0d1e2f3a" * 4, True),
        ("OAUTH_SECRET", "web-oauth", False),
        ("SECRET_KEY", PASSWORD, True),
        ("DB_PASSWORD", "${DB_PASSWORD}", False),
        ("DB_PASSWORD_FILE", "/run/secrets/db", False),
        ("DB_USER", PASSWORD, False),
    ],
)
def test_a_key_of_a_config_map(judge: Judge, name: str, value: str, *, is_flagged: bool) -> None:
    """As for environment variables."""
    message = f"key {name} of ConfigMap x holds a credential in plain text"

    assert judge("configmap-secret", config_map(**{name: value})) == ([(f"data.{name}", message)] if is_flagged else [])


@pytest.mark.parametrize(
    ("args", "index", "name"),
    [
        (["--db-password=" + PASSWORD], 0, "db-password"),
        (["-token=" + PASSWORD], 0, "token"),
        (["--api-key", PASSWORD], 1, "api-key"),
        (["sh", "-c", f"TOKEN={PASSWORD} ./run"], 2, "TOKEN"),
        (["sh", "-c", f"curl --user-token={PASSWORD} https://x"], 2, "user-token"),
        (["DB_PASSWORD=" + PASSWORD], 0, "DB_PASSWORD"),
        (["--client-secret=" + RANDOM], 0, "client-secret"),
        (["--secret-key=" + RANDOM], 0, "secret-key"),
        (["--password=$(DB_PASSWORD)"], None, ""),
        (["--password", "$(DB_PASSWORD)"], None, ""),
        (["--password", "--verbose"], None, ""),
        (["--password-file=/run/db"], None, ""),
        (["--tls-private-key=/run/tls.key"], None, ""),
        (["--secret-name=web-tls-1"], None, ""),
        (["--secret", "web-tls-1"], None, ""),
        (["--secret-key=web-tls-1"], None, ""),
        (["--token-ttl=24h", "--max-tokens", "4096"], None, ""),
        (["--password="], None, ""),
        (["--cookie-secret=SECRET"], None, ""),
        (["--authentication-token-webhook=true"], None, ""),
    ],
)
@pytest.mark.parametrize("place", ["command", "args"])
def test_argument_secret(judge: Judge, place: str, args: Any, index: int | None, name: str) -> None:
    """An option with its value in one argument or two, an assignment, a script."""
    message = f"the command line of container a holds a credential under {name} in plain text"

    assert judge("argument-secret", pod(**{place: args})) == (
        [] if index is None else [(f"spec.containers[0].{place}[{index}]", message)]
    )


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("example.com/password", PASSWORD, "a credential"),
        ("api-token", RANDOM, "a credential"),
        ("example.com/config", f'{{"password": "{PASSWORD}"}}', "a credential under password"),
        ("example.com/password-secret", "web-monitoring-1", None),
        ("nginx.ingress.kubernetes.io/auth-secret", "web-basic-auth", None),
        ("example.com/token", "shop/web-token-1", None),
        ("checksum/secret", "0d1e2f3a" * 8, None),
        ("checksum/password", "0d1e2f3a" * 8, None),
        ("example.com/token", "${TOKEN}", None),
        ("example.com/token", "true", None),
        ("kubernetes.io/service-account.uid", "b3f7c1d2-9a4e-4c1b-8f6d-2e5a7c9b0d13", None),
    ],
)
def test_annotation_secret(judge: Judge, key: str, value: str, what: str | None) -> None:
    """On the object and on its pods; names of Secrets and checksums pass."""
    metadata = {"name": "x", "annotations": {"a": "b", key: value}}
    place = f'metadata.annotations["{key}"]' if "/" in key else f"metadata.annotations.{key}"
    message = f"annotation {key} of Service x holds {what} in plain text"
    assert judge("annotation-secret", thing("Service", metadata=metadata)) == ([(place, message)] if what else [])

    deployment = thing("Deployment", "apps/v1", spec={"template": {"metadata": metadata}})
    found = [field for field, _ in judge("annotation-secret", deployment)]
    assert found == ([f"spec.template.{place}"] if what else [])


def test_what_kubectl_apply_leaves_behind(judge: Judge) -> None:
    """The annotation repeats the values of a Secret; of other kinds it repeats what may be read anyway."""
    key = "kubectl.kubernetes.io/last-applied-configuration"
    applied = '{"apiVersion": "v1", "kind": "Secret", "data": {"a": "Yg=="}}'

    def found(kind: str, value: str) -> list[str]:
        metadata = {"name": "x", "annotations": {key: value}}
        return [said for _, said in judge("annotation-secret", thing(kind, metadata=metadata))]

    assert found("Secret", applied) == [f"annotation {key} of Secret x holds the Secret's values in plain text"]
    assert found("Secret", '{"apiVersion": "v1", "kind": "Secret"}') == found("Service", applied) == []


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"adminPassword": PASSWORD}, "adminPassword"),
        ({"auth": {"password": "admin-1"}}, "auth.password"),
        ({"env": [{"name": "API_TOKEN", "value": PASSWORD}]}, "env[0].value"),
        ({"env": {"API_TOKEN": PASSWORD}}, "env.API_TOKEN"),
        ({"users": [{"name": "shop", "password": PASSWORD}]}, "users[0].password"),
        ({"s3": {"secretKey": RANDOM}}, "s3.secretKey"),
        ({"s3": {"secretKey": "s3-secret"}}, None),
        ({"existingSecret": "web", "existingSecretPasswordKey": "password-1"}, None),
        ({"password": {"valueFrom": {"secretKeyRef": {"name": "db", "key": "password-1"}}}}, None),
        ({"credentials": "web-credentials"}, None),
        ({"automountServiceAccountToken": True, "token": None, "password": ""}, None),
        ({"password": "${PASSWORD}"}, None),
        ({"password": "ENC[AES256_GCM,data:p673w==,type:str]"}, None),
    ],
)
def test_values_of_a_helm_release(judge: Judge, values: Any, field: str | None) -> None:
    """At any depth; names of Secrets and of keys in them pass."""
    assert [where for where, _ in judge("values-secret", release(values))] == (
        [f"spec.values.{field}"] if field else []
    )


def test_values_of_other_kinds(judge: Judge) -> None:
    """Argo CD's three ways to give values, K3s' text, and each source of several."""
    text = f"a: 1\nadminPassword: {PASSWORD}\n"
    helm = {
        "values": text,
        "valuesObject": {"adminPassword": PASSWORD},
        "parameters": [{"name": "image.tag", "value": "1"}, {"name": "auth.password", "value": PASSWORD}],
    }
    argo = thing("Application", "argoproj.io/v1alpha1", spec={"sources": [{}, {"helm": helm}]})
    assert judge("values-secret", argo) == [
        (
            "spec.sources[1].helm.values",
            "the values of Application x hold a credential under adminPassword in plain text",
        ),
        (
            "spec.sources[1].helm.valuesObject.adminPassword",
            "the value adminPassword of Application x is a credential in plain text",
        ),
        (
            "spec.sources[1].helm.parameters[1].value",
            "the value auth.password of Application x is a credential in plain text",
        ),
    ]
    k3s = thing("HelmChartConfig", "helm.cattle.io/v1", spec={"valuesContent": text})
    assert [field for field, _ in judge("values-secret", k3s)] == ["spec.valuesContent"]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"admin": {"password": PASSWORD}}, "admin.password"),
        ({"config": [{"name": "api-token", "value": RANDOM}]}, "config[0].value"),
        ({"clientSecret": RANDOM}, "clientSecret"),
        ({"clientSecret": "web-oauth-1"}, None),
        ({"secretKey": "password-1", "remoteRef": {"key": "db", "property": "password-1"}}, None),
        ({"passwordSecretRef": {"name": "db-1", "key": "password-1"}}, None),
        ({"password": "{{ .password }}"}, None),
        ({"encrypted": {"password": "ENC[AES256_GCM,data:p673w==,type:str]"}}, None),
    ],
)
def test_field_secret(judge: Judge, spec: Any, field: str | None) -> None:
    """At any depth of a custom resource, and not in the kinds that other policies look through."""
    assert [where for where, _ in judge("field-secret", thing("Widget", "example.com/v1", spec=spec))] == (
        [f"spec.{field}"] if field else []
    )
    for kind, version in (("Secret", "v1"), ("Deployment", "apps/v1"), ("HelmRelease", "helm.toolkit.fluxcd.io/v2")):
        assert judge("field-secret", thing(kind, version, spec=spec)) == []


@pytest.mark.parametrize(
    ("sops", "flagged"),
    [
        ({}, ["data.b", "stringData.c"]),
        ({"encrypted_regex": "^(data|stringData)$"}, ["data.b", "stringData.c"]),
        ({"encrypted_regex": "^data$"}, ["data.b"]),
        ({"encrypted_regex": "^(token|password)$"}, []),
        ({"unencrypted_regex": "^stringData$"}, ["data.b"]),
        ({"unencrypted_suffix": "Data"}, ["data.b"]),
        ({"encrypted_suffix": "Data"}, ["stringData.c"]),
        ({"encrypted_regex": "^data$|^stringData$"}, ["data.b", "stringData.c"]),
        ({"encrypted_regex": "("}, []),
        ({"encrypted_regex": "^(d+)+$"}, []),
        ({"unencrypted_regex": "^.*$"}, []),
        (None, []),
    ],
)
def test_partly_encrypted(judge: Judge, sops: Any, flagged: list[str]) -> None:
    """What the block itself leaves out passes, and so does a Secret that SOPS has nothing to do with."""
    secret = thing(
        "Secret",
        data={"a": "ENC[AES256_GCM,data:p673w==,type:str]", "b": "Yg=="},
        stringData={"c": "plain", "d": "", "e_unencrypted": "plain"} if sops == {} else {"c": "plain", "d": ""},
        sops=sops,
    )

    assert judge("partly-encrypted", secret) == [
        (field, f"key {field[-1]} of Secret x is not encrypted, though the others are") for field in flagged
    ]


@pytest.mark.parametrize(
    ("value", "is_flagged"),
    [
        (PASSWORD, True),
        ("Y29ycmVjdC1ob3JzZQ==", True),
        ("not base64! " * 40, True),
        ("AgBy3i4OJSWK" * 40, False),
        ("AgBy3i4OJSWK\n" * 40, False),
        ("${SEALED}", False),
        ("", False),
    ],
)
def test_sealed_secret_plain(judge: Judge, value: str, *, is_flagged: bool) -> None:
    """What kubeseal writes is long and base64, whatever it seals."""
    sealed = thing("SealedSecret", "bitnami.com/v1alpha1", spec={"encryptedData": {"a": value}})

    assert judge("sealed-secret-plain", sealed) == (
        [("spec.encryptedData.a", "key a of SealedSecret x is not sealed")] if is_flagged else []
    )


@pytest.mark.parametrize(
    "policy", [policy for policy in FAMILY if policy not in ("partly-encrypted", "sealed-secret-plain")]
)
def test_no_message_shows_a_credential(judge: Judge, policy: str) -> None:
    """Reports are read by more people than the repository is."""
    everything = f"password: {PASSWORD}\nurl: postgres://shop:{PASSWORD}@db/shop\n"
    objects = [
        thing("Secret", stringData={"a": everything, "password": PASSWORD}),
        config_map(a=everything, password=PASSWORD),
        pod(args=[f"--password={PASSWORD}"], env=[{"name": "password", "value": PASSWORD}]),
        release({"password": PASSWORD, "url": everything}),
        thing("Service", metadata={"name": "x", "annotations": {"password": PASSWORD}}),
        thing("Widget", "example.com/v1", spec={"password": PASSWORD}),
    ]

    messages = [said for one in objects for _, said in judge(policy, one)]
    assert messages != []
    assert not [said for said in messages if PASSWORD in said]
