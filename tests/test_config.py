"""The config: what it says is what holds, and what is wrong in it is named with its line and the way to mend it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gategit import config_format, waivers_format
from gategit.cli.reference import generated_files, keys
from gategit.config import (
    Config,
    Limits,
    PolicySettings,
    Renderer,
    RenderOptions,
    SchemaSettings,
    Target,
    load_config,
)
from gategit.errors import ConfigError
from gategit.manifests.decode import decode
from gategit.model import Level
from gategit.settings import Record
from gategit.waivers import load_waivers

ROOT = Path(__file__).resolve().parents[1]

FULL = b"""\
version: 1
kubernetes_version: "1.34"
include: ["apps/**", "clusters/**"]
exclude: ["docs/**"]
policies:
  packs: [recommended]
  folders: [./gate/policies/]
  levels: {image-digest: warning, replicas-drop: "off", resource-limits: off}
schemas:
  folders: [gate/crds]
  missing: error
  releases: {argo-cd: "3.5"}
targets:
  prod: {paths: ["clusters/prod/**"], kubernetes_version: "1.33", upgrade_to: "1.34", dry_run: sandbox}
  dev: {paths: ["clusters/dev/**"], dry_run: off}
  west:
    paths: ["clusters/west/**"]
    dry_run: snapshot
    context: west@company
    namespace: shop
    snapshot: ./gate/west.json.gz
    field_manager: argocd-controller
    releases: {flux: v2.7.5}
    server: https://10.0.0.1:6443
    cluster: west-1
    labels: {tier: prod}
repositories: ["https://git.example.com/a/b.git"]
waivers: gate/waivers.yaml
render:
  enabled: true
  kustomize: {program: /opt/bin/kustomize, version: "5.8"}
  helm: {version: v3.19.1}
  remotes: [{host: charts.example.com, path: /stable}, {host: "*.example.org"}]
  timeout: 90
  memory: 1GiB
  output: 512KiB
  files: 500
limits: {file_size: 512KiB}
fail_on: warning
fail_on_existing: true
"""


def error_of(text: str | bytes) -> ConfigError:
    """The error that a config text ends in."""
    with pytest.raises(ConfigError) as caught:
        load_config(text if isinstance(text, bytes) else text.encode(), ".gategit.yaml")
    return caught.value


def refusal(text: bytes) -> ConfigError | None:
    """The error that bytes end in, or None where they are a config."""
    try:
        load_config(text, "c.yaml")
    except ConfigError as error:
        return error
    return None


def test_every_key() -> None:
    """Every key arrives in the value, in the words of the program."""
    assert load_config(FULL, ".gategit.yaml") == Config(
        version=1,
        kubernetes_version="1.34",
        include=("apps/**", "clusters/**"),
        exclude=("docs/**",),
        policies=PolicySettings(
            packs=("recommended",),
            folders=("gate/policies",),
            levels={"image-digest": Level.WARNING, "replicas-drop": None, "resource-limits": None},
        ),
        schemas=SchemaSettings(folders=("gate/crds",), missing=Level.ERROR, releases={"argo-cd": "3.5"}),
        targets=(
            Target("prod", ("clusters/prod/**",), "1.33", "1.34", "sandbox"),
            Target("dev", ("clusters/dev/**",), dry_run="off"),
            Target(
                "west",
                ("clusters/west/**",),
                dry_run="snapshot",
                context="west@company",
                namespace="shop",
                snapshot="gate/west.json.gz",
                field_manager="argocd-controller",
                releases={"flux": "v2.7.5"},
                server="https://10.0.0.1:6443",
                cluster="west-1",
                labels={"tier": "prod"},
            ),
        ),
        repositories=("https://git.example.com/a/b.git",),
        waivers="gate/waivers.yaml",
        render=RenderOptions(
            enabled=True,
            kustomize=Renderer("/opt/bin/kustomize", "5.8"),
            helm=Renderer(version="3.19.1"),
            remotes=(("charts.example.com", "/stable"), ("*.example.org", "")),
            timeout=90,
            memory=2**30,
            output=512 * 1024,
            files=500,
        ),
        limits=Limits(512 * 1024),
        fail_on=Level.WARNING,
        fail_on_existing=True,
        file=".gategit.yaml",
        text=FULL,
    )


def test_defaults() -> None:
    """A config that says nothing is the config that holds where there is none."""
    loaded = load_config(b"version: 1\n", ".gategit.yaml")
    assert loaded == Config(file=".gategit.yaml", text=b"version: 1\n")
    assert Config().policies.packs == ("recommended",)
    assert Config().limits.file_size == 5 * 1024 * 1024


def test_path_filter() -> None:
    """A path is looked at when it is included and not excluded."""
    config = Config(include=("apps/**",), exclude=("*.md",))
    paths = ["apps/a.yaml", "apps/a.md", "other/a.yaml"]
    assert [config.path_filter()(path) for path in paths] == [True, False, False]
    assert [Config(exclude=("docs",)).path_filter()(path) for path in ("a", "docs/a")] == [True, False]


def test_targets_of_a_path() -> None:
    """A file belongs to every target that names it."""
    config = load_config(FULL, ".gategit.yaml")
    assert [target.name for target in config.targets_of("clusters/prod/a.yaml")] == ["prod"]
    assert config.targets_of("apps/a.yaml") == ()
    assert config.target("dev") is config.targets[1]
    assert config.target("stage") is None


def test_error_of_a_later_step() -> None:
    """What only later steps can judge is reported on the line of its key as well."""
    config = load_config(FULL, ".gategit.yaml")
    error = config.error(("policies", "levels", "replicas-drop"), "there is no such policy", "look")
    assert (str(error), error.hint) == (".gategit.yaml:8:35: there is no such policy", "look")


ALL_KEYS = (
    "version, kubernetes_version, include, exclude, policies, schemas, targets, repositories, waivers, render, limits, "
    "fail_on, fail_on_existing"
)

BAD: list[tuple[str, str, str]] = [
    (
        "version: 1\nrender: {timeout: 0}\n",
        "2:19: render.timeout must be a whole number from 1 to 3600, not the number 0",
        "",
    ),
    (
        "version: 1\nrender: {remotes: [charts.example.com]}\n",
        '2:20: render.remotes[0] must be a mapping with the keys host, path, not "charts.example.com"',
        "",
    ),
    ("", "1:1: the key version is missing", "add version: 1"),
    ("version: 1\npolices: {}\n", "2:1: unknown key polices; did you mean policies?", f"keys: {ALL_KEYS}"),
    ("version: 1\nzzz: {}\n", "2:1: unknown key zzz", f"keys: {ALL_KEYS}"),
    ("- version: 1\n", f"1:1: the file must be a mapping with the keys {ALL_KEYS}, not a list", ""),
    ("version: 2\n", "1:10: version must be 1, not the number 2", "a newer gategit may read it"),
    ("version: true\n", "1:10: version must be 1, not the boolean true", "write 1"),
    ('version: "1"\n', '1:10: version must be 1, not "1"', "write 1"),
    (
        "version: 1\nkubernetes_version: 1.30\n",
        '2:21: kubernetes_version must be a Kubernetes version such as "1.34", not the number 1.3',
        'write it in quotes: "1.30"',
    ),
    (
        'version: 1\nkubernetes_version: "v1.34"\n',
        '2:21: kubernetes_version must be a Kubernetes version such as "1.34", not "v1.34"',
        "",
    ),
    ("version: 1\ninclude: apps/**\n", '2:10: include must be a list, not "apps/**"', 'write ["apps/**"]'),
    ("version: 1\nexclude:\n", "2:1: exclude must be a list, not nothing", ""),
    (
        "version: 1\ninclude: [a, 7]\n",
        "2:14: include[1] must be a path pattern such as apps/**, not the number 7",
        'write it in quotes: "7"',
    ),
    (
        "version: 1\ninclude: ['!docs']\n",
        '2:11: include[0] cannot be "!docs": a pattern cannot be negated; write \\! for the character itself',
        "",
    ),
    (
        "version: 1\npolicies:\n  level: {}\n",
        "3:3: unknown key level in policies; did you mean levels?",
        "keys in policies: packs, folders, levels, parameters, overrides, not_waivable",
    ),
    (
        "version: 1\npolicies:\n  levels: {image-digest: eror}\n",
        '3:26: policies.levels.image-digest must be one of error, warning, note, off, not "eror"; did you mean error?',
        "",
    ),
    (
        "version: 1\npolicies:\n  levels: {image-digest: on}\n",
        "3:26: policies.levels.image-digest must be one of error, warning, note, off, not the boolean true",
        "",
    ),
    (
        "version: 1\npolicies:\n  levels: {Image_Digest: error}\n",
        '3:12: "Image_Digest" in policies.levels must be a rule\'s id such as image-digest',
        "",
    ),
    (
        "version: 1\npolicies: {folders: [../gate]}\n",
        '2:22: policies.folders[0] cannot be "../gate": paths must not leave the repository',
        "",
    ),
    (
        "version: 1\npolicies: {folders: [/gate]}\n",
        (
            '2:22: policies.folders[0] cannot be "/gate": paths are relative to the repository\'s root, '
            "with / between names"
        ),
        "",
    ),
    ("version: 1\nwaivers: ''\n", "2:10: waivers must be a file's path from the repository's root, not empty", ""),
    (
        "version: 1\ntargets:\n  prod: {path: []}\n",
        "3:10: unknown key path in targets.prod; did you mean paths?",
        (
            "keys in targets.prod: "
            "paths, kubernetes_version, upgrade_to, dry_run, "
            "context, namespace, snapshot, field_manager, server, cluster, labels, releases"
        ),
    ),
    (
        "version: 1\ntargets:\n  prod: {}\n",
        "3:9: the key paths is missing in targets.prod",
        'add paths: ["clusters/prod/**"]',
    ),
    ("version: 1\ntargets:\n  prod: {paths: []}\n", "3:17: targets.prod.paths must not be an empty list", ""),
    (
        "version: 1\ntargets: {a b: {paths: [x]}}\n",
        '2:11: "a b" in targets must be a name of letters, digits, dots and dashes',
        "",
    ),
    (
        "version: 1\ntargets: {p: {paths: [x], dry_run: sandbx}}\n",
        '2:36: targets.p.dry_run must be one of off, cluster, sandbox, snapshot, not "sandbx"; did you mean sandbox?',
        "",
    ),
    (
        "version: 1\ntargets: {p: {paths: [x], kubernetes_version: '1.34', upgrade_to: '1.33'}}\n",
        "2:67: targets.p.upgrade_to is 1.33, which is not newer than 1.34",
        "",
    ),
    (
        "version: 1\ntargets: {p: {paths: [x], dry_run: snapshot}}\n",
        "2:36: targets.p.dry_run is snapshot, but the target has no snapshot",
        "gategit cluster snapshot --output p.json.gz exports one; name it: snapshot: PATH",
    ),
    (
        "version: 1\ntargets: {p: {paths: [x], snapshot: ../p.json}}\n",
        '2:37: targets.p.snapshot cannot be "../p.json": paths must not leave the repository',
        "",
    ),
    (
        "version: 1\nlimits: {file_size: 5MB}\n",
        '2:21: limits.file_size must be a size such as 5MiB (B, KiB or MiB), not "5MB"',
        "",
    ),
    (
        "version: 1\nlimits: {file_size: 500MiB}\n",
        '2:21: limits.file_size cannot be "500MiB": the limit cannot be more than 100MiB',
        "",
    ),
    ("version: 1\nfail_on: 3\n", "2:10: fail_on must be one of error, warning, note, not the number 3", ""),
    ("version: 1\nfail_on_existing: 1\n", "2:19: fail_on_existing must be true or false, not the number 1", ""),
    (
        "version: 1\n---\nversion: 1\n",
        "3:1: the file holds more than one YAML document; only one is read",
        "remove the line ---",
    ),
    ("---\n---\nversion: 1\n", "3:1: the file begins with an empty YAML document", "remove the first line ---"),
]


@pytest.mark.parametrize(("text", "message", "hint"), BAD)
def test_error(text: str, message: str, hint: str) -> None:
    """Each wrong config is answered with the place, what is wrong, and how to mend it."""
    error = error_of(text)
    assert (str(error), error.hint) == (f".gategit.yaml:{message}", hint)
    assert error.exit_code == 2


def test_duplicate_key() -> None:
    """A key that is there twice is refused on the line of the second."""
    error = error_of("version: 1\nfail_on: error\nfail_on: note\n")
    assert (error.line, error.column) == (3, 1)
    assert "fail_on" in error.message


@pytest.mark.parametrize("text", [b"\xff\xfe\x00", b"a: [\n", b"\tversion: 1\n", b"version: 1\n" + b"#" * 2_000_000])
def test_undecodable(text: bytes) -> None:
    """What does not decode, or is too large, is an error of the config too."""
    assert error_of(text).file == ".gategit.yaml"


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
@example(b"version: 1\n? [a]\n: b\n")
@example(b"1: 1\n")
@example(b"a: &a [*a]\n")
@example(b"version: .nan\n")
@example(b"version: 1\nfail_on: !!python/object/apply:os.system [id]\n")
def test_any_bytes(text: bytes) -> None:
    """Whatever the bytes, the result is a config or a ConfigError with the file's name."""
    error = refusal(text)
    assert error is None or (error.file == "c.yaml" and error.message)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=10), inner, max_size=3)),
    max_leaves=6,
)
NAMES = [name for path, _ in keys(config_format.DESCRIPTION) for name in path.replace("[]", "").split(".")]


@settings(deadline=None, max_examples=300)
@given(
    st.dictionaries(
        st.sampled_from(NAMES), st.one_of(VALUES, st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3))
    )
)
def test_any_values(data: dict[str, Any]) -> None:
    """Whatever stands under the known keys, the result is a config or a ConfigError."""
    error = refusal(json.dumps({"version": 1, **data}).encode())
    assert error is None or error.line >= 1


def schema_keys(schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Every key that a JSON Schema knows, written as the reference writes it."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{prefix}{name}"
        yield from schema_keys(inner, f"{prefix}{name}.")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from schema_keys(schema["additionalProperties"], f"{prefix}NAME.")
    if "items" in schema:
        yield from schema_keys(schema["items"], f"{prefix[:-1]}[].")


@pytest.mark.parametrize(
    ("name", "description"), [("config", config_format.DESCRIPTION), ("waivers", waivers_format.DESCRIPTION)]
)
def test_schema_has_every_key(name: str, description: Record) -> None:
    """The reader, the JSON Schema and the documentation know the same keys, each with its meaning."""
    schema = json.loads((ROOT / f"schemas/{name}.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    wanted = [path for path, _ in keys(description)]
    assert list(schema_keys(schema)) == wanted
    assert all(field.description.endswith(".") for _, field in keys(description))
    page = (ROOT / "docs/configuration.md").read_text("utf-8")
    assert [path for path in wanted if f"| `{path}` |" not in page] == []


def _schema_accepts(name: str, text: bytes) -> bool:
    schema = json.loads((ROOT / f"schemas/{name}.schema.json").read_text("utf-8"))
    return jsonschema.Draft202012Validator(schema).is_valid(decode(text, "x.yaml").documents[0].data)


def test_examples_of_the_documentation() -> None:
    """The examples in docs/configuration.md load, and their JSON Schemas accept them."""
    page = (ROOT / "docs/configuration.md").read_text("utf-8")
    blocks = [block.split("```")[0].encode() for block in page.split("```yaml\n")[1:]]
    config, waivers = blocks[0], blocks[1]
    assert load_config(config, "c.yaml").targets[0].name == "prod"
    assert load_waivers(waivers, "w.yaml")[0].owner == "team-shop"
    assert _schema_accepts("config", config)
    assert _schema_accepts("waivers", waivers)
    assert _schema_accepts("config", FULL)


# What only the program can tell: one version against another, globs, sizes, paths, YAML itself.
ONLY_THE_READER = (
    "cannot be",
    "newer",
    "has no snapshot",
    "more than one",
    "begins with",
    "the key version is missing",
)


@pytest.mark.parametrize("text", [text for text, message, _ in BAD if not any(w in message for w in ONLY_THE_READER)])
def test_schema_refuses_too(text: str) -> None:
    """An editor marks what the program refuses."""
    assert not _schema_accepts("config", text.encode())


def test_generated_files_are_up_to_date() -> None:
    """What `make docs` writes is what is committed."""
    stale = [path for path, content in generated_files(ROOT).items() if (ROOT / path).read_text("utf-8") != content]
    assert stale == []
