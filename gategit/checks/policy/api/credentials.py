"""Credentials in plain text: by their shape, by the name that they stand under, and in the lines of a config file.

Nothing here ever returns a credential: it says what kind of thing one is, and under which name it stands.

The tables are long, and most objects hold no credential at all. So plain pieces of the shapes are looked for first, and
a shape's regular expression is compiled when a piece of it is found.
"""

from __future__ import annotations

import re
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from gategit.checks.policy.api.fields import Field

LONGEST = 65536
"""How much of a value is looked at, in characters."""

SHORTEST_TOKEN = 20
"""No credential that shows by its shape alone is shorter; only a URL with a password may be."""

_SHORT = 256

_PEM = r"-{3,5}BEGIN (?:RSA |EC |DSA |OPENSSH |PGP )?PRIVATE KEY(?: BLOCK)?-{3,5}"
_END_OF_LINE = r"(?:\s*[\r\n]\s*|(?:\\r)?\\n| ?(?=[A-Za-z0-9+/]{40}))"

_PEM_IN_BASE64 = (  # BEGIN, then PRIVATE KEY with nothing, RSA, EC, OPENSSH or DSA before it
    "LS0tLS1CRUdJTiB(?:QUklWQVRFIEtFW|SU0EgUFJJVkFURSBLRV|FQyBQUklWQVRFIEtFW|"
    "PUEVOU1NIIFBSSVZBVEUgS0V|EU0EgUFJJVkFURSBLRV)"
)

_SHAPES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    # what it is, pieces one of which surely stands in it, the whole shape
    ("a private key", ("PRIVATE KEY",), rf"{_PEM}{_END_OF_LINE}[A-Za-z0-9+/]{{4}}"),
    ("a private key in base64", ("LS0tLS1CRUdJTiB",), _PEM_IN_BASE64),
    ("an AWS access key", ("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    (
        "a Slack token",
        ("xox", "xapp-"),
        r"\b(?:xox[abeoprs]-[A-Za-z0-9-]{20}|xapp-\d-[A-Z0-9]{8,}-\d{8,}-[a-z0-9]{20})",
    ),
    ("a Google API key", ("AIza",), r"\bAIza[A-Za-z0-9_-]{35}"),
    ("a Twilio key", ("SK",), r"\bSK[0-9a-f]{32}\b"),
    ("an OpenAI key", ("T3BlbkFJ",), r"\bsk-(?:proj-|svcacct-)?[A-Za-z0-9_-]{20,80}T3BlbkFJ[A-Za-z0-9_-]{20}"),
    ("a Databricks token", ("dapi",), r"\bdapi[0-9a-f]{32}"),
    ("a Cloudflare tunnel token", ("eyJhIjoi",), r"\beyJhIjoi[A-Za-z0-9+/=]{80}"),
    ("a WireGuard key", ("PrivateKey",), r"\bPrivateKey ?= ?[A-Za-z0-9+/]{42}[A-Za-z0-9+/=]="),
    ("a JSON web token", ("eyJ",), r"\beyJ[A-Za-z0-9_-]{10,500}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{16}"),
    (
        "a GitHub token",
        ("ghp_", "gho_", "ghr_", "ghs_", "ghu_", "github_pat_"),
        r"\b(?:gh[oprsu]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40})",
    ),
    ("a Stripe key", ("k_live_", "whsec_"), r"\b(?:[rs]k_live_[A-Za-z0-9]{20}|whsec_[A-Za-z0-9+/]{32})"),
    ("a Shopify token", ("shpat_", "shpca_", "shppa_", "shpss_"), r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    ("an npm token", ("npm_",), r"\bnpm_[A-Za-z0-9]{36}"),
    ("a RubyGems key", ("rubygems_",), r"\brubygems_[a-f0-9]{48}"),
    ("a Docker Hub token", ("dckr_",), r"\bdckr_[op]at_[A-Za-z0-9_-]{27}"),
    ("a Hugging Face token", ("hf_",), r"\bhf_[A-Za-z]{34}\b"),
    ("a DigitalOcean token", ("_v1_",), r"\bdo[opr]_v1_[a-f0-9]{64}"),
    ("a Grafana token", ("glsa_", "glc_ey"), r"\b(?:glsa_[A-Za-z0-9]{32}_[a-fA-F0-9]{8}|glc_ey[A-Za-z0-9+/=]{32})"),
    ("a Sentry token", ("sntrys_ey",), r"\bsntrys_ey[A-Za-z0-9+/=_-]{60}"),
    ("a 1Password token", ("ops_ey",), r"\bops_eyJ[A-Za-z0-9_=-]{200}"),
    ("a Linear key", ("lin_api_",), r"\blin_api_[A-Za-z0-9]{40}"),
    (
        "a GitLab token",
        ("glpat-", "gldt-", "glrt-", "glptt-", "glsoat-", "glagent-", "glft-", "glimt-"),
        r"\bgl(?:pat|dt|rt|ptt|soat|agent|ft|imt)-[A-Za-z0-9_-]{20}",
    ),
    ("a Google client secret", ("GOCSPX-",), r"\bGOCSPX-[A-Za-z0-9_-]{28}"),
    ("a Mailgun key", ("key-",), r"\bkey-[0-9a-f]{32}\b"),
    ("a PyPI token", ("pypi-AgE",), r"\bpypi-AgE[A-Za-z0-9_-]{50}"),
    ("an Anthropic key", ("sk-ant-",), r"\bsk-ant-[a-z0-9]{3,10}-[A-Za-z0-9_-]{60}"),
    ("a Heroku key", ("HRKU-",), r"\bHRKU-[A-Za-z0-9_-]{36}"),
    ("a New Relic key", ("NRAK-",), r"\bNRAK-[A-Z0-9]{27}\b"),
    ("a Pulumi token", ("pul-",), r"\bpul-[0-9a-f]{40}\b"),
    ("a Tailscale key", ("tskey-",), r"\btskey-(?:auth|api|client)-[A-Za-z0-9]{8,20}-[A-Za-z0-9]{20}"),
    ("a Postman key", ("PMAK-",), r"\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
    ("an age key", ("AGE-SECRET-KEY-1",), r"\bAGE-SECRET-KEY-1[A-Z0-9]{50}"),
    (
        "an Azure client secret",
        ("Q~",),
        r"(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])",
    ),
    ("a Slack webhook", ("hooks.slack",), r"hooks\.slack\.com/services/T[A-Z0-9]{7,}/B[A-Z0-9]{7,}/[A-Za-z0-9]{20}"),
    ("a SendGrid key", ("SG.",), r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    ("a Vault token", ("hvs.", "hvb."), r"\bhv[sb]\.[A-Za-z0-9_-]{24}"),
    ("a Terraform token", (".atlasv1.",), r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60}"),
    ("a Doppler token", ("dp.",), r"\bdp\.(?:pt|st|sa|ct)\.[A-Za-z0-9_.-]{40}"),
    ("a Telegram bot token", (":AA",), r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b"),
    ("a Discord webhook", ("/api/webhooks/",), r"discord(?:app)?\.com/api/webhooks/\d{17,20}/[A-Za-z0-9_-]{60}"),
    (
        "a Teams webhook",
        ("/IncomingWebhook/",),
        r"\.office\.com/webhookb?2?/[^\s'<>]{20,200}/IncomingWebhook/[a-f0-9]{32}",
    ),
    ("an Azure storage key", ("AccountKey=",), r"\bAccountKey=[A-Za-z0-9+/]{86}=="),
    ("an Azure access key", ("SharedAccessKey=",), r"\bSharedAccessKey=[A-Za-z0-9+/]{43}="),
)
_PIECES = tuple((piece, what, shape) for what, pieces, shape in _SHAPES for piece in pieces)
_SMALL_PIECES = tuple(one for one in _PIECES if one[0].islower() and "_" not in one[0])
"""Those that a text in small letters can hold, as most texts in manifests are."""
_URL_LOGIN = r"\b[a-z][a-z0-9+.-]{1,30}://([^\s:/@\"'<>]{0,100}):([^\s/@\"'<>\[\](){}|^\\]{3,200})@[^\s/@]"
_MADE_UP_USERS = ("user", "username", "login", "name", "usr", "u")
_MADE_UP_PASSWORDS = ("pass", "password", "passwd", "pwd", "p", "pw", "secret")

_NAME_SAYS = (
    r"(?:password|passwd|passphrase|token|apikey|privatekey|"
    r"(?:^|_)(?:pwd|pass|api_key|access_key|secret_key|secret_key_base|private_key|signing_key|encryption_key|"
    r"master_key|auth_key|account_key|storage_key|shared_key|deploy_key|license_key|hmac_key|cookie_secret|"
    r"client_secret|jwt_secret|session_secret|webhook_secret|app_secret|consumer_secret|hmac_secret|shared_secret|"
    r"credentials?))(?:_?\d{1,3})?$"
)
_NAME_MAY_SAY = (
    r"(?:^|_)(?:secret|salt|auth|"
    r"(?<!public_)(?<!host_)(?<!site_)(?<!sort_)(?<!partition_)(?<!primary_)(?<!publishable_)(?<!cache_)(?<!pub_)key)"
    r"(?:_?\d{1,3})?$"
)
_NAME_OF_A_KEY = ("secret_key", "access_key", "auth_key", "shared_key", "_secret", "credentials")
"""What may as well be the name of another object or of a key in it, in the settings of a chart."""

_PLACEHOLDER = r"""
      .{0,2} | true | false | null | none | nil | yes | no          # a switch, or nothing to speak of
    | .*\$\{.* | .*\$\(.* | .*\{\{.* | \$[A-Za-z_][A-Za-z0-9_]* | <.*> | \[.*\] | %.*%   # something fills it in
    | (?:.*[^a-z])?(?:change|replace|fill|insert)[-_ ]?(?:me|this|it|in|here)(?:[^a-z].*)?
    | (?:.*[^a-z])?(?:your|my|some|the)[-_ ].*(?:here|goes|password|token|key|secret)
    | (?:.*[^a-z])?(?:todo|tbd|fixme|redacted|placeholder|dummy|example|sample|fake|notused|unused)(?:[^a-z].*)?
    | [x*.#_-]+ | \.\.\. | (?-i:[A-Z_]*(?:SECRET|PASSWORD|TOKEN|KEY))
    | (?:vault|ref\+[a-z]+|op|secretref|awssm|gcpsm|azurekv|bao|file|akv|ssm|env):.*         # says where it is
    | arn:aws:.* | projects/.*/secrets/.* | avp\.kubernetes\.io.*
    | \$2[abxy]\$.* | \$argon2.* | \$[156]\$.* | \{SSHA?\d*\}.* | \$apr1\$.*               # a hash
    | \$pbkdf2.* | SCRAM-SHA-.* | md5[0-9a-f]{32} | sha\d+:.*
    | /[A-Za-z0-9._/-]+ | \./.*                                                            # a path
    """
_ENCRYPTED = ("ENC[", "$ANSIBLE_VAULT", "-----BEGIN AGE ENCRYPTED FILE", "-----BEGIN PGP MESSAGE")

_WORDS = ("pass", "pwd", "secret", "token", "key", "credential")
"""One of these is part of every name that says credential."""

_KEY = r"[A-Za-z0-9_.\-]{0,60}(?:pass|pwd|secret|token|key|credential)[A-Za-z0-9_.\-]{0,40}"
_PAIRS = (
    # "password": "value", as JSON and YAML have it, anywhere in a line
    rf"""["']({_KEY})["']\s{{0,8}}:\s{{0,8}}(["'])((?:(?!\2)[^\\\n]|\\.){{3,300}})\2""",
    # password = value, password: value, to the end of the line
    rf"""(?m)^[ \t]*+(?:-[ \t]+)?(?:export[ \t]+)?({_KEY})[ \t]*+(?:=|:(?=[ \t]))[ \t]*+(["']?)([^\n]{{3,300}})$""",
    # --password=value, ;Password=value, PASSWORD=value ./run
    rf"""(?<![^\s"';,&?])-{{0,2}}({_KEY})=(["']?)([^\s"';,&]{{3,200}})""",
    # <password>value</password>
    rf"""<({_KEY})>()([^<\s]{{3,200}})</""",
)
_NO_CREDENTIAL_IN_TEXT = (
    r"[a-z_]+ | [A-Z_]+ | [A-Z]?[a-z]+(?:[A-Z][a-z]+)* | [A-Za-z_]+(?:\.[A-Za-z_]+)+"
    r" | .*[\s(){}\[\]<>`\\].* | [&*!|>@%].* | .*\$.*"
    r" | https?://[^@]* | [\d.]+ | [A-Za-z0-9_-]*(?:password|secret|token|key|creds|credentials)"
)
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


@lru_cache(256)
def _compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile(pattern, flags)


def token_in(text: str) -> str:
    """Which known kind of credential stands anywhere in a text, by its shape; "" where none does.

    Private keys, tokens of clouds and source forges, JSON web tokens, passwords in URLs. What documentation uses for
    an example (a token with ``EXAMPLE`` in it, ``user:password@``) passes, and so does what something fills in later.
    """
    return _token_in_short(text) if len(text) <= _SHORT else _token_in(text[:LONGEST])


@lru_cache(4096)
def _token_in_short(text: str) -> str:
    """The same images, addresses and settings come all the time; what is long is not kept."""
    return _token_in(text)


def _token_in(text: str) -> str:
    if len(text) >= SHORTEST_TOKEN:
        for piece, what, shape in _SMALL_PIECES if text.islower() and "_" not in text else _PIECES:
            if piece in text and _has_shape(text, shape):
                return what
    if "@" in text and "://" in text:
        for match in _compiled(_URL_LOGIN).finditer(text):
            user, password = match.groups()
            is_made_up = user.lower() in _MADE_UP_USERS and password.lower() in _MADE_UP_PASSWORDS
            if not is_made_up and not is_placeholder(password) and "$" not in password:
                return "a URL with a password"
    return ""


def _has_shape(text: str, shape: str) -> bool:
    return any("EXAMPLE" not in match.group() for match in _compiled(shape).finditer(text))


def is_placeholder(value: str) -> bool:
    """Whether a value only stands for a credential: a variable, a reference, ``changeme``, a hash, or encrypted."""
    return value.startswith(_ENCRYPTED) or bool(
        _compiled(_PLACEHOLDER, re.IGNORECASE | re.VERBOSE | re.DOTALL).fullmatch(value[:500])
    )


def named_credential(name: str, value: str, *, certain: bool = False, is_setting: bool = False) -> bool:
    """Whether a value is a credential because of the name that it stands under.

    Args:
        name: a key or a variable's name, however it is spelled: ``DB_PASSWORD``, ``db.password``, ``dbPassword``.
        value: what stands there.
        certain: a name that may as well mean something else (``secret``) counts, whatever the value looks like.
        is_setting: it is a setting of a chart, where ``secretKey`` often is the name of a key.
    """
    says, may_say, words = _what_the_name_says(name)
    if not says and not may_say:
        return False
    value = value[:LONGEST].strip()
    if is_placeholder(value):
        return False
    if says and not (is_setting and words.endswith(_NAME_OF_A_KEY)):
        return True
    return (certain and "secret" in words) or looks_random(value)


@lru_cache(4096)
def _what_the_name_says(name: str) -> tuple[bool, bool, str]:
    """Whether a name says that its value is a credential, whether it may, and its words."""
    spaced = _compiled(r"(?<=[a-z0-9])(?=[A-Z])").sub("_", name[:200]).lower()
    words = _compiled(r"[^a-z0-9]+").sub("_", spaced).strip("_")
    if not any(word in words for word in (*_WORDS, "salt", "auth")):
        return False, False, words
    says = _compiled(_NAME_SAYS).search(words) is not None
    return says, _compiled(_NAME_MAY_SAY).search(words) is not None, words


def looks_random(value: str) -> bool:
    """Whether a value is a long run of mixed characters, not words: another Secret's name is words.

    A UUID is not taken for one: it names things.
    """
    if len(value) < 16 or not _compiled("[A-Za-z0-9+/=_~-]+").fullmatch(value) or _compiled(_UUID).fullmatch(value):
        return False
    different = len(set(value))
    if len(value) >= 32 and _compiled("[0-9a-f]+|[0-9A-F]+").fullmatch(value):
        return different >= 8
    is_mixed = any(c.islower() for c in value) and any(c.isupper() for c in value)
    return is_mixed and sum(c.isdigit() for c in value) >= 2 and different >= min(len(value) // 3, 20)


def credential_in_text(text: str) -> str:
    """The name under which a credential stands in a text, "" where none does.

    The text is a config file, a script, a piece of JSON, YAML, INI or XML. Such texts are full of words about
    credentials, so less is taken for one than elsewhere: a value that is one plain word, an expression, a path or a URL
    is not, and neither is what stands in a comment.
    """
    if not ("=" in text or ":" in text or "<" in text):
        return ""
    text = text[:LONGEST]
    lowered = text.lower()
    if not any(word in lowered for word in _WORDS):
        return ""
    text = _compiled(r"(?m)^[ \t]*+(?:#|;|//).*").sub("", text)  # comments
    for number, pattern in enumerate(_PAIRS):
        for match in _compiled(pattern, re.IGNORECASE).finditer(text):
            name, quote, value = match.groups()
            value = _end_of_value(value, quote) if number == 1 else value
            if len(value) >= 4 and not _is_no_credential(value) and named_credential(name, value, is_setting=True):
                return name
    return ""


def _end_of_value(value: str, quote: str) -> str:
    """A value that stands at the end of its line, without what closes it and what is said behind it."""
    if quote:
        return value.partition(quote)[0]
    return value.partition(" #")[0].rstrip(" \t\r,;")


def _is_no_credential(value: str) -> bool:
    return _compiled(_NO_CREDENTIAL_IN_TEXT, re.VERBOSE | re.DOTALL).fullmatch(value) is not None


def long_strings(value: Any, shortest: int = SHORTEST_TOKEN) -> list[str]:
    """Every string of some length below a value, whatever its shape; keys are not among them."""
    found: list[str] = []
    if type(value) is str:
        return [value] if len(value) >= shortest else found
    if type(value) is not dict and type(value) is not list:
        return found
    pending = [value]
    for one in pending:  # grows while it is walked, which is faster than a stack
        for member in one.values() if type(one) is dict else one:
            kind = type(member)
            if kind is str:
                if len(member) >= shortest:
                    found.append(member)
            elif kind is dict or kind is list:
                pending.append(member)
    return found


def strings_below(field: Field) -> Iterator[tuple[str, Field]]:
    """Every string below a field, with the name that it stands under: its key, or its list item's ``name``."""
    pending = [("", field)]
    while pending:
        name, one = pending.pop()
        if isinstance(one.value, str):
            yield name, one
        elif isinstance(one.value, dict):
            named = one.text("name") or one.text("key")
            pending += [(named if key == "value" and named else key, member) for key, member in reversed(one.entries())]
        elif isinstance(one.value, list):
            pending += [(name, member) for member in reversed(one.items())]
