"""How publications are read: Go modules as a proxy serves them, and what Strimzi says of its generator."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tools.schemas import form_crds, form_go_types, form_openshift
from tools.schemas.errors import SchemasError
from tools.schemas.form_go_types import GENERATOR
from tools.schemas.form_strimzi import definitions as strimzi_definitions
from tools.schemas.form_strimzi import generator_runs
from tools.schemas.relaxed import left_open, not_required
from tools.schemas.sources import Package, Release

MODULE = "example.com/wells"
VERSION = "v1.2.3"

LICENCE = "Apache License\n    Version 2.0, January 2004\n"

WELL = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: wells.example.com
spec:
  group: example.com
  names: {plural: wells, singular: well, kind: Well, listKind: WellList}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              required: [depth, steps]
              properties:
                depth: {type: integer}
                steps:
                  type: array
                  items:
                    type: object
                    required: [name]
                    properties:
                      name: {type: string}
"""

CHART = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  labels: {{- include "wells.labels" . | nindent 4 }}
    managed: ""
  name: wells.example.com
spec:
  group: example.com
  names: {plural: wells, singular: well, kind: Well, listKind: WellList}
  scope: Cluster
  conversion:
    webhook:
      clientConfig:
        service:
          namespace: {{ .Release.Namespace }}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            labels:
              type: object
"""

POM = """
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <build><plugins><plugin><executions>
    <execution>
      <id>manifests</id>
      <configuration><executable>java</executable><arguments>
        <argument>-classpath</argument>
        <argument>${project.basedir}${file.separator}target</argument>
        <argument>io.strimzi.crdgenerator.CrdGenerator</argument>
        <argument>--api-versions</argument><argument>v1beta2,v1</argument>
        <argument>--yaml</argument>
        <argument>io.strimzi.Kafka=${a}${file.separator}packaging${file.separator}install${file.separator}040-Crd.yaml</argument>
        <argument>io.strimzi.Topic=${a}${file.separator}packaging${file.separator}install${file.separator}043-Crd.yaml</argument>
      </arguments></configuration>
    </execution>
    <execution>
      <id>tests</id>
      <configuration><arguments>
        <argument>io.strimzi.crdgenerator.CrdGenerator</argument>
        <argument>io.strimzi.Kafka=${project.basedir}/src/test/resources/040-Crd.yaml</argument>
      </arguments></configuration>
    </execution>
    <execution>
      <id>pages</id>
      <configuration><arguments>
        <argument>io.strimzi.crdgenerator.DocGenerator</argument>
        <argument>${a}${file.separator}packaging${file.separator}crds.adoc</argument>
      </arguments></configuration>
    </execution>
  </executions></plugin></plugins></build>
</project>
"""


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that Go's client takes for a module proxy, and the only one that it asks."""
    folder = tmp_path / "proxy"
    monkeypatch.setenv("GOPROXY", folder.as_uri())
    monkeypatch.setenv("GONOSUMDB", f"{MODULE},{GENERATOR}")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    return folder


def publish(proxy: Path, files: dict[str, str], module: str = MODULE) -> str:
    """Publish a module with files, as a module proxy has it.

    Returns:
        the sum that go.sum would have for it.
    """
    folder = proxy / module / "@v"
    folder.mkdir(parents=True)
    contents = {"go.mod": f"module {module}\n"} | files
    (folder / f"{VERSION}.info").write_text(f'{{"Version": "{VERSION}"}}')
    (folder / f"{VERSION}.mod").write_text(contents["go.mod"])
    names = {f"{module}@{VERSION}/{path}": text for path, text in contents.items()}
    with zipfile.ZipFile(folder / f"{VERSION}.zip", "w") as archive:
        for name, text in names.items():
            archive.writestr(name, text)
    lines = "".join(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(names.items()))
    return "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()


def a_release(checksum: str, **options: Any) -> Release:
    """A release of the module."""
    return Release("wells", "1.2.3", "crds", MODULE, VERSION, checksum, "Apache-2.0", "", options)


def well_schema(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The schema of the only version of the only definition."""
    (definition,) = found
    (version,) = definition["spec"]["versions"]
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return schema


# --- definitions in the files of a Go module --------------------------------------------------------------------------


def test_definitions_are_read_from_the_files_that_are_named(proxy: Path) -> None:
    """Of a module's files only those are read that a glob names, below the module's root."""
    checksum = publish(proxy, {"LICENSE": LICENCE, "crds/wells.yaml": WELL, "docs/crds/wells.yaml": "a: ["})
    (found,) = form_crds.definitions(a_release(checksum, files=["crds/*.yaml"]))
    assert found["metadata"]["name"] == "wells.example.com"


def test_a_module_with_another_sum_is_not_read(proxy: Path) -> None:
    """A module is not what was pinned where its sum differs."""
    checksum = publish(proxy, {"LICENSE": LICENCE, "crds/wells.yaml": WELL})
    with pytest.raises(SchemasError, match=r"the module example.com/wells@v1.2.3 has the sum h1:.*, and not h1:other"):
        form_crds.definitions(a_release("h1:other", files=["crds/*.yaml"]))
    assert form_crds.definitions(a_release(checksum, files=["crds/*.yaml"]))


def test_a_module_under_another_licence_is_not_read(proxy: Path) -> None:
    """The licence that is written down is compared with the module's own."""
    text = "Permission is hereby granted, free of charge, to any person obtaining a copy"
    checksum = publish(proxy, {"LICENSE": text, "crds/wells.yaml": WELL})
    with pytest.raises(SchemasError, match=r"^wells 1.2.3 is published under MIT, not Apache-2.0$"):
        form_crds.definitions(a_release(checksum, files=["crds/*.yaml"]))


def test_a_glob_that_names_nothing_is_told(proxy: Path) -> None:
    """A project that moves its definitions does not lose them silently."""
    checksum = publish(proxy, {"LICENSE": LICENCE, "crds/wells.yaml": WELL})
    with pytest.raises(SchemasError, match=r"^no file of example.com/wells v1.2.3 matches manifests/\*.yaml$"):
        form_crds.definitions(a_release(checksum, files=["crds/*.yaml", "manifests/*.yaml"]))


def test_a_charts_labels_are_left_out(proxy: Path) -> None:
    """What a chart fills in outside of the schemas is nothing to derive; the schema stays as it is."""
    checksum = publish(proxy, {"LICENSE": LICENCE, "k8s/crds.yaml": CHART})
    found = form_crds.definitions(a_release(checksum, files=["k8s/crds.yaml"], templated=["labels", "namespace"]))
    assert found[0]["metadata"]["labels"] == {"managed": ""}
    assert well_schema(found) == {"type": "object", "properties": {"labels": {"type": "object"}}}


def test_a_template_that_is_not_named_is_not_guessed(proxy: Path) -> None:
    """A file with another template than those that are named is not read."""
    checksum = publish(proxy, {"LICENSE": LICENCE, "k8s/crds.yaml": CHART})
    with pytest.raises(SchemasError, match=r"^example.com/wells v1.2.3, k8s/crds.yaml cannot be read: line 5: "):
        form_crds.definitions(a_release(checksum, files=["k8s/crds.yaml"], templated=["namespace"]))


def test_files_and_groups_can_be_left_out(proxy: Path) -> None:
    """What a project publishes beside the kinds that are meant: variants of them, and other projects' kinds."""
    other = WELL.replace("example.com", "other.example.com")
    files = {"crds/a.yaml": WELL, "crds/a-preview.yaml": WELL, "crds/b.yaml": other}
    checksum = publish(proxy, {"LICENSE": LICENCE, **files})
    options = {"files": ["crds/*.yaml"], "without": ["**/*-preview.yaml"]}
    found = form_crds.definitions(a_release(checksum, **options, groups=["other.example.com"]))
    assert [definition["spec"]["group"] for definition in found] == ["other.example.com"]
    assert len(form_crds.definitions(a_release(checksum, **options))) == 2


def test_a_kind_may_be_spread_over_files_by_its_versions(proxy: Path) -> None:
    """It becomes one definition, which stores one version; a version that stands in two files is left for an error."""
    older = WELL.replace("name: v1", "name: v1alpha1")
    checksum = publish(proxy, {"LICENSE": LICENCE, "v1/a.yaml": WELL, "v1alpha1/a.yaml": older, "v2/a.yaml": WELL})
    (found,) = form_crds.definitions(a_release(checksum, files=["v1/*.yaml", "v1alpha1/*.yaml"]))
    versions = [(version["name"], version["storage"]) for version in found["spec"]["versions"]]
    assert versions == [("v1", True), ("v1alpha1", False)]
    assert len(form_crds.definitions(a_release(checksum, files=["v1/*.yaml", "v2/*.yaml"]))) == 2


def test_a_projects_own_patches_are_applied(proxy: Path) -> None:
    """As the project applies them before it releases."""
    steps = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/steps/items"
    patch = f"- op: add\n  path: {steps}/x-kubernetes-preserve-unknown-fields\n  value: true\n"
    checksum = publish(proxy, {"LICENSE": LICENCE, "crds/wells.yaml": WELL, "patches/wells.yaml": patch})
    patches = {"wells.example.com": "patches/wells.yaml"}
    found = form_crds.definitions(a_release(checksum, files=["crds/*.yaml"], patches=patches))
    spec = well_schema(found)["properties"]["spec"]
    assert spec["properties"]["steps"]["items"]["x-kubernetes-preserve-unknown-fields"] is True


@pytest.mark.parametrize(
    "patches", [{"gone.example.com": "patches/wells.yaml"}, {"wells.example.com": "patches/gone.yaml"}]
)
def test_a_patch_of_nothing_is_told(proxy: Path, patches: dict[str, str]) -> None:
    """Neither the patch nor what it is of is lost silently."""
    checksum = publish(proxy, {"LICENSE": LICENCE, "crds/wells.yaml": WELL, "patches/wells.yaml": "[]"})
    with pytest.raises(
        SchemasError, match=r"^wells 1\.2\.3 has no file patches/.*, or no definition .* that it is of$"
    ):
        form_crds.definitions(a_release(checksum, files=["crds/*.yaml"], patches=patches))


# --- kinds of aggregated API servers ----------------------------------------------------------------------------------

DOCUMENT = {
    "definitions": {
        "com.example.v1.Pump": {
            "description": "a pump",
            "type": "object",
            "required": ["spec", "power", "mode"],
            "properties": {
                "metadata": {"default": {}, "$ref": "#/definitions/com.example.v1.Meta"},
                "spec": {"default": {}, "$ref": "#/definitions/com.example.v1.PumpSpec"},
                "power": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity"},
                "mode": {"type": "string", "default": "slow"},
            },
        },
        "com.example.v1.Meta": {"type": "object", "properties": {"name": {"type": "string"}}},
        "com.example.v1.PumpSpec": {
            "type": "object",
            "properties": {
                "port": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.util.intstr.IntOrString"},
                "raw": {"$ref": "#/definitions/com.example.v1.Raw"},
                "nested": {"$ref": "#/definitions/com.example.v1.PumpSpec"},
                "pipes": {
                    "type": "array",
                    "items": {"default": {}, "$ref": "#/definitions/com.example.v1.Pipe"},
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name", "protocol"],
                    "x-kubernetes-patch-merge-key": "name",
                    "x-kubernetes-patch-strategy": "merge",
                },
            },
        },
        "com.example.v1.Raw": {"type": "object"},
        "com.example.v1.Pipe": {
            "type": "object",
            "required": ["name", "width"],
            "properties": {
                "name": {"type": "string", "default": ""},
                "protocol": {"type": "string", "default": "water"},
                "width": {"type": "integer", "default": 0},
            },
        },
    }
}

PUMP = {"definition": "com.example.v1.Pump", "group": "example.com", "plural": "pumps", "scope": "Namespaced"}


def openshift_release(checksum: str, kind: dict[str, str]) -> Release:
    """A release with definitions, and a kind of a document beside them."""
    options = {"files": ["crds/*.yaml"], "document": "openapi.json", "aggregated": [kind]}
    return replace(a_release(checksum, **options), form="openshift")


def test_a_kind_without_a_definition_is_read_from_the_document(proxy: Path) -> None:
    """Written out without references, and with no more than a server asks for: Go's zero values need not be written."""
    files = {"LICENSE": LICENCE, "crds/wells.yaml": WELL, "openapi.json": json.dumps(DOCUMENT)}
    well, pump = form_openshift.definitions(openshift_release(publish(proxy, files), PUMP))
    assert well["metadata"]["name"] == "wells.example.com"
    anything = {"x-kubernetes-preserve-unknown-fields": True}
    assert pump["metadata"]["name"] == "pumps.example.com"
    assert {key: pump["spec"][key] for key in ("group", "names", "scope")} == {
        "group": "example.com",
        "names": {"plural": "pumps", "singular": "pump", "kind": "Pump", "listKind": "PumpList"},
        "scope": "Namespaced",
    }
    (version,) = pump["spec"]["versions"]
    assert version["name"] == "v1"
    schema = version["schema"]["openAPIV3Schema"]
    assert schema["required"] == ["power"]
    assert schema["properties"] == {
        "metadata": {"type": "object"},
        "spec": {
            "type": "object",
            "properties": {
                "port": {"x-kubernetes-int-or-string": True},
                "raw": {"type": "object", **anything},
                "nested": anything,
                "pipes": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {
                            "name": {"type": "string"},
                            "protocol": {"type": "string", "default": "water"},
                            "width": {"type": "integer"},
                        },
                    },
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name", "protocol"],
                },
            },
        },
        "power": anything,
        "mode": {"type": "string", "default": "slow"},
    }


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"^wells 1\.2\.3 has no file openapi\.json$"),
        ({"openapi.json": '{"definitions": {}}'}, r"^wells 1\.2\.3 has no com\.example\.v1\.Pump in openapi\.json$"),
    ],
)
def test_a_document_or_a_kind_that_is_gone_is_told(proxy: Path, files: dict[str, str], message: str) -> None:
    """Nothing is lost silently."""
    checksum = publish(proxy, {"LICENSE": LICENCE, "crds/wells.yaml": WELL, **files})
    with pytest.raises(SchemasError, match=message):
        form_openshift.definitions(openshift_release(checksum, PUMP))


# --- what is taken back of a definition -------------------------------------------------------------------------------


def test_what_a_webhook_fills_in_is_not_asked_for(proxy: Path) -> None:
    """A field is no longer required wherever its path ends as named; what else is required stays so."""
    checksum = publish(proxy, {"LICENSE": LICENCE, "crds/wells.yaml": WELL})
    found = form_crds.definitions(a_release(checksum, files=["crds/*.yaml"], filled=["steps[].name"]))
    spec = well_schema(found)["properties"]["spec"]
    assert spec["required"] == ["depth", "steps"]
    assert "required" not in spec["properties"]["steps"]["items"]


def test_a_part_of_a_name_is_not_the_end_of_a_path() -> None:
    """The end of a path is whole names: ``name`` is not the end of ``surname``."""
    schema = {"type": "object", "required": ["surname", "name"], "properties": {}}
    definition = {"spec": {"versions": [{"schema": {"openAPIV3Schema": schema}}]}}
    not_required([definition], ["name"], "wells 1.2.3")
    assert schema["required"] == ["surname"]


def test_a_field_that_nothing_asks_for_cannot_be_filled_in(proxy: Path) -> None:
    """What was written down for an older release is told once it is no longer so."""
    checksum = publish(proxy, {"LICENSE": LICENCE, "crds/wells.yaml": WELL})
    with pytest.raises(SchemasError, match=r"^nothing of wells 1.2.3 asks for colour, which is said to be filled in$"):
        form_crds.definitions(a_release(checksum, files=["crds/*.yaml"], filled=["colour"]))


def test_a_field_that_a_fork_extends_takes_what_is_not_named(proxy: Path) -> None:
    """An open field keeps its properties and takes others beside them; what is below is as strict as before."""
    checksum = publish(proxy, {"LICENSE": LICENCE, "crds/wells.yaml": WELL})
    found = form_crds.definitions(a_release(checksum, files=["crds/*.yaml"], open=["spec"]))
    spec = well_schema(found)["properties"]["spec"]
    assert spec["x-kubernetes-preserve-unknown-fields"] is True
    assert spec["properties"]["depth"] == {"type": "integer"}
    assert "x-kubernetes-preserve-unknown-fields" not in spec["properties"]["steps"]["items"]


def test_a_field_that_is_not_there_cannot_be_open() -> None:
    """A path is the whole path from the top, and must be there."""
    definition = {"spec": {"versions": [{"schema": {"openAPIV3Schema": {"type": "object"}}}]}}
    with pytest.raises(
        SchemasError, match=r"^nothing of wells 1.2.3 has the field spec, which is said to be left open$"
    ):
        left_open([definition], ["spec"], "wells 1.2.3")


# --- Strimzi's own generator ------------------------------------------------------------------------------------------


def test_the_generator_runs_as_for_the_manifests(tmp_path: Path) -> None:
    """What the pom.xml runs for the release's manifests is run, but into a folder; tests and pages are not."""
    assert generator_runs(POM, tmp_path) == [
        [
            "--api-versions",
            "v1beta2,v1",
            "--yaml",
            f"io.strimzi.Kafka={tmp_path}/040-Crd.yaml",
            f"io.strimzi.Topic={tmp_path}/043-Crd.yaml",
        ]
    ]


def test_without_maven_strimzi_cannot_be_derived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is missing is named."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    generator = {"version": "1.2.0", "checksum": "sha256:b"}
    release = Release(
        "strimzi", "1.2.0", "strimzi", "io.strimzi:api", "1.2.0", "sha256:a", "Apache-2.0", "", {"generator": generator}
    )
    with pytest.raises(SchemasError, match=r"^mvn is not installed, and Strimzi's definitions cannot be generated"):
        strimzi_definitions(release)


# --- definitions generated of a Go module's types ---------------------------------------------------------------------

PRINTER = """package main

import (
	"fmt"
	"os"
	"strings"
)

func main() {
	required, _ := os.ReadFile("go.mod")
	if !strings.Contains(string(required), strings.TrimSuffix(strings.TrimPrefix(os.Args[2], "paths="), "/...")) {
		fmt.Fprintln(os.Stderr, "no such package")
		os.Exit(1)
	}
	fmt.Print(`%s`)
}
"""


def a_typed_release(proxy: Path, files: dict[str, str], package: Package) -> Release:
    """A release that is made of one package, with a generator that writes the same whatever the types are."""
    generator = {
        "version": VERSION,
        "checksum": publish(proxy, {"cmd/controller-gen/main.go": PRINTER % WELL}, GENERATOR),
    }
    checksum = publish(proxy, files)
    return replace(a_release(checksum, generator=generator), form="go_types", packages=(package,))


def test_definitions_are_generated_of_types(proxy: Path) -> None:
    """The generator is built, and run where the module with the types is required."""
    release = a_typed_release(proxy, {"LICENSE": LICENCE}, Package(MODULE, VERSION, ""))
    (found,) = form_go_types.definitions(replace(release, packages=()))
    assert found["metadata"]["name"] == "wells.example.com"


def test_types_of_another_version_than_is_required_are_not_read(proxy: Path) -> None:
    """What a release is made of is said by its own go.mod."""
    files = {"LICENSE": LICENCE, "go.mod": f"module {MODULE}\n\nrequire example.com/well/api v0.3.0\n"}
    release = a_typed_release(proxy, files, Package("example.com/well/api", "v0.4.0", "h1:c"))
    with pytest.raises(SchemasError) as raised:
        form_go_types.definitions(release)
    assert str(raised.value) == "wells 1.2.3 requires v0.3.0, and not example.com/well/api v0.4.0 as pinned"


def test_another_generator_than_is_pinned_is_not_run(proxy: Path) -> None:
    """It is a program that somebody else wrote."""
    release = a_typed_release(proxy, {"LICENSE": LICENCE}, Package(MODULE, VERSION, ""))
    broken = publish(proxy.parent / "other", {"cmd/controller-gen/main.go": "package main\n"}, GENERATOR)
    generator = {"version": VERSION, "checksum": broken}
    with pytest.raises(SchemasError, match=rf"^the module {GENERATOR}@{VERSION} has the sum "):
        form_go_types.definitions(replace(release, packages=(), options={"generator": generator}))
