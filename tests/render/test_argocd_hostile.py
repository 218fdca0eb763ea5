"""Objects that nobody would write: whatever their fields hold, they end as problems or as not looked at."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gategit.checks.references.sources import dig
from gategit.model import FieldPath
from gategit.render.argocd import argocd_units
from gategit.render.argocd_order import check_order
from gategit.render.argocd_projects import check_project
from gategit.render.owners import check_destinations, check_owners
from gategit.render.scopes import scopes_of
from gategit.render.values import Rendered, RenderedObject, RenderSettings
from gategit.render.world import World
from tests.render.conftest import MakeTree
from tests.render.test_argocd import CHART, CONFIG_MAP, URL, read_world

APPLICATION = f"""
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: web, namespace: argocd}}
spec:
  project: shop
  sources:
    - repoURL: {URL}
      path: chart
      helm:
        releaseName: web
        valueFiles: [values.yaml, '*.yaml', $ref/chart/values.yaml, /chart/values.yaml, https://example.com/v.yaml]
        values: 'a: 1'
        valuesObject: {{a: 1}}
        parameters: [{{name: a, value: b, forceString: true}}]
        fileParameters: [{{name: a, path: values.yaml}}]
        apiVersions: [v1]
    - repoURL: {URL}
      path: kustomization
      kustomize:
        namePrefix: a
        images: ['a=b:c']
        replicas: [{{name: a, count: 1}}]
        commonLabels: {{a: b}}
        labelWithoutSelector: true
        commonAnnotations: {{a: b}}
        patches: [{{patch: a}}]
        components: [a]
        ignoreMissingComponents: true
    - repoURL: {URL}
      path: plain
      directory: {{recurse: true, include: '*', exclude: a}}
    - {{repoURL: '{URL}', ref: ref}}
  destination: {{server: https://kubernetes.default.svc, namespace: shop}}
  syncPolicy: {{syncOptions: [CreateNamespace=true], managedNamespaceMetadata: {{labels: {{a: b}}}}}}
"""
APPLICATION_SET = f"""
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: set, namespace: argocd}}
spec:
  goTemplate: true
  goTemplateOptions: [missingkey=error]
  generators:
    - list: {{elements: [{{name: a, values: {{b: c}}}}], elementsYaml: '[{{name: d}}]'}}
      selector: {{matchLabels: {{name: a}}, matchExpressions: [{{key: name, operator: In, values: [a]}}]}}
    - git:
        repoURL: {URL}
        directories: [{{path: '*'}}, {{path: a, exclude: true}}]
        values: {{a: '{{{{ .path.path }}}}'}}
    - git: {{repoURL: '{URL}', files: [{{path: chart/*.yaml}}], pathParamPrefix: p}}
    - clusters: {{selector: {{matchLabels: {{a: b}}}}, values: {{a: b}}, flatList: false}}
    - matrix:
        generators:
          - list: {{elements: [{{name: a}}]}}
          - merge:
              mergeKeys: [b]
              generators: [{{list: {{elements: [{{b: c}}]}}}}, {{list: {{elements: [{{b: c}}]}}}}]
  templatePatch: 'spec: {{project: default}}'
  template:
    metadata: {{name: 'a-{{{{ .name }}}}', labels: {{a: b}}}}
    spec:
      project: shop
      source: {{repoURL: '{URL}', path: plain}}
      destination: {{name: in-cluster, namespace: a}}
"""
PROJECT = """
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: shop, namespace: argocd}
spec:
  sourceRepos: ['*', '!https://git.example.com/other/*']
  destinations: [{server: '*', namespace: 'a*'}, {name: '!b', namespace: '!c'}]
  clusterResourceWhitelist: [{group: '*', kind: '*'}]
  namespaceResourceBlacklist: [{group: '', kind: Secret}]
"""
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.just(-(10**400)),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(
        [
            *("", "*", "..", "../../..", "/", "-o", "--values", "{{", "{{ .a", "${A}", "$ref", "[", "{a", "\0", "a\nb"),
            *("https://", "git@x:y", "file:///etc", "oci://x", "{{ range .l }}", "a" * 3000, "**/**/**", "\udcff"),
        ]
    ),
    st.just([]),
    st.just({}),
    st.lists(st.one_of(st.integers(), st.text(max_size=2), st.none()), max_size=2),
    st.dictionaries(st.one_of(st.text(max_size=2), st.integers()), st.integers(), max_size=2),
)


def paths(data: Any, path: FieldPath = ()) -> Iterator[FieldPath]:
    """Every field of an object but its kind."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in pairs:
        if key not in {"apiVersion", "kind"}:
            yield (*path, key)
            yield from paths(value, (*path, key))


def put(data: Any, path: FieldPath, value: Any) -> None:
    """Put a value into a field, if it is still there."""
    where, last = dig(data, *path[:-1]), path[-1]
    length = len(where) if isinstance(where, list) else 0
    if isinstance(where, dict) or (isinstance(last, int) and last < length):
        where[last] = value


@pytest.fixture
def world(make_tree: MakeTree) -> World:
    """A repository with one object of each kind."""
    files = {
        "application.yaml": APPLICATION,
        "set.yaml": APPLICATION_SET,
        "project.yaml": PROJECT,
        "chart/Chart.yaml": CHART,
        "chart/values.yaml": "name: x\n",
        "kustomization/kustomization.yaml": "resources: [a.yaml]\ncommonLabels: {b: c}\n",
        "kustomization/a.yaml": CONFIG_MAP,
        "plain/a.yaml": CONFIG_MAP,
    }
    clusters = ({"name": "prod", "server": "https://prod.example.com", "labels": {"a": "b"}, "target": "prod"},)
    return read_world(make_tree, files, RenderSettings(clusters=clusters))


def test_the_objects_themselves_are_right(world: World) -> None:
    """What is changed below makes units before it is changed."""
    found = argocd_units(world.objects, world)

    assert len(found.units) > 5


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_fields_hold_nothing_breaks(world: World, data: st.DataObject) -> None:
    """Fields of other types, texts that mean something to a shell, a glob, a template, or a path."""
    texts = {"application.yaml": APPLICATION, "set.yaml": APPLICATION_SET, "project.yaml": PROJECT}
    objects = []
    for one in world.objects:
        changed = copy.deepcopy(dict(one.data))
        places = sorted(paths(changed), key=repr)
        for place in data.draw(st.lists(st.sampled_from(places), max_size=3)):
            put(changed, place, copy.deepcopy(data.draw(VALUES)))
        objects.append(replace(one, data=changed))
    again = replace(world, objects=objects)
    found = argocd_units(objects, again)
    results = [
        Rendered(unit, (RenderedObject(dict(objects[0].data)), RenderedObject({"kind": 3}))) for unit in found.units
    ]
    scopes = scopes_of(results)

    check_owners(results, scopes)
    check_order(results)
    check_destinations(found.units, again.settings)
    for result in results:
        check_project(result.unit, result, again, scopes)
    for problem in found.problems:
        assert problem.message
        assert problem.location.file in {*texts, "chart/Chart.yaml", "chart/values.yaml"}
