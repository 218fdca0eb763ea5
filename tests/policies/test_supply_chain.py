"""The supply chain: what each policy says of images, charts and sources, at which field, and what it lets through."""

from __future__ import annotations

from typing import Any

import pytest

from gategit.checks.policy.builtin import BUILTIN
from gategit.checks.policy.load import PolicySet
from gategit.checks.policy.run import Runner
from gategit.checks.policy.subjects import Subject
from gategit.model import Level
from tests.policies.conftest import Judge, manifest, thing, workload

FAMILY = [entry.rpartition("/")[2].replace("_", "-") for entry in BUILTIN if entry.startswith("supply_chain/")]
LEVELS = dict.fromkeys(FAMILY, Level.ERROR)

FLUX = "source.toolkit.fluxcd.io/v1"
DIGEST = "sha256:" + "0d" * 32


def pod(image: Any, **container: Any) -> dict[str, Any]:
    """A Pod with one container named a."""
    return workload({"containers": [{"name": "a", "image": image, **container}]})


def application(*sources: Any, kind: str = "Application") -> dict[str, Any]:
    """An Argo CD Application, or an ApplicationSet whose template is one."""
    spec: Any = {"source": sources[0]} if len(sources) == 1 else {"sources": list(sources)}
    spec = {"template": {"spec": spec}} if kind == "ApplicationSet" else spec
    return thing(kind, "argoproj.io/v1alpha1", spec=spec)


def release(version: Any, source: str = "HelmRepository") -> dict[str, Any]:
    """A HelmRelease of the chart web."""
    chart = {"spec": {"chart": "web", "version": version, "sourceRef": {"kind": source, "name": "x"}}}
    return thing("HelmRelease", "helm.toolkit.fluxcd.io/v2", spec={"chart": chart})


ODD: list[Any] = [None, [], {}, "text", 7, True, [None, 7, "text", []], [{}], {"a": None}]
KINDS = [
    ("Pod", "v1"),
    ("Secret", "v1"),
    ("Application", "argoproj.io/v1alpha1"),
    ("ApplicationSet", "argoproj.io/v1alpha1"),
    ("HelmRelease", "helm.toolkit.fluxcd.io/v2"),
    ("HelmChart", "helm.cattle.io/v1"),
    ("HelmChart", FLUX),
    ("GitRepository", FLUX),
    ("HelmRepository", FLUX),
    ("OCIRepository", FLUX),
    ("Bucket", FLUX),
]


@pytest.mark.parametrize("odd", ODD)
def test_data_of_a_wrong_shape_crashes_no_policy(runner: Runner, odd: Any) -> None:
    """Neither where the specification is something else, nor where its fields are."""
    keys = ("source", "sources", "chart", "ref", "url", "endpoint", "repo", "template", "containers", "insecure")
    specs = (odd, dict.fromkeys(keys, odd), {"chart": {"spec": odd}}, {"ref": {"tag": odd, "semver": odd}})
    subjects = [
        Subject(None, manifest(thing(kind, version, spec=spec, stringData=odd)), added=True)
        for kind, version in KINDS
        for spec in specs
    ]
    subjects.append(Subject(None, manifest(pod(odd)), added=True))
    parameters = {"allowed-registries": {"registries": ("ghcr.io", "", "*")}}

    assert runner.run(PolicySet(runner.policies(), LEVELS, parameters), subjects).crashes == ()


@pytest.mark.parametrize(
    ("image", "entry", "is_allowed"),
    [
        ("ghcr.io/example/web:1", "ghcr.io", True),
        ("ghcr.io/example/web:1", "ghcr.io/example", True),
        ("ghcr.io/example/web:1", "ghcr.io/example/", True),
        ("ghcr.io/example/web:1", "ghcr.io/example/web", True),
        ("ghcr.io/example/web:1", "ghcr.io/example/*", True),
        ("ghcr.io/example/web:1", "ghcr.io/other", False),
        ("ghcr.io/example-evil/web:1", "ghcr.io/example", False),
        ("ghcr.io.evil.example/web:1", "ghcr.io", False),
        ("evil.example/ghcr.io/web:1", "ghcr.io", False),
        ("a.example.com/web:1", "*.example.com", True),
        ("evil.example/a.example.com/web:1", "*.example.com", False),
        ("evil.example/a.example.com/web:1", "*.example.com/*", False),
        ("registry:5000/web:1", "registry:5000", True),
        ("registry:5000/web:1", "registry", False),
        ("redis", "docker.io/library", True),
        ("example/redis", "docker.io/library", False),
        ("example/redis", "docker.io", True),
        ("${IMAGE}", "ghcr.io", True),
        ("{{ .Values.image }}", "ghcr.io", True),
    ],
)
def test_allowed_registries(judge: Judge, image: str, entry: str, *, is_allowed: bool) -> None:
    """An entry ends at a slash, and no name that somebody else can take is made to fit."""
    found = judge("allowed-registries", pod(image), registries=(entry,))

    assert [field for field, _ in found] == ([] if is_allowed else ["spec.containers[0].image"])
    assert judge("allowed-registries", pod(image)) == []


def test_allowed_registries_says_where_the_image_comes_from(judge: Judge) -> None:
    """With the registry that is not written, too."""
    assert judge("allowed-registries", pod("redis:7"), registries=("ghcr.io", "quay.io")) == [
        (
            "spec.containers[0].image",
            "the image of container a comes from docker.io/library/redis, which is not allowed",
        )
    ]


@pytest.mark.parametrize(
    ("image", "is_flagged"),
    [
        ("redis:7", True),
        ("docker.io/example/web:1", True),
        ("example/web@" + DIGEST, True),
        ("ghcr.io/example/web:1", False),
        ("localhost/web:1", False),
        ("$IMAGE", False),
    ],
)
def test_docker_hub_image(judge: Judge, image: str, *, is_flagged: bool) -> None:
    """No registry is Docker Hub, and a digest does not change where it is pulled from."""
    message = "the image of container a is pulled from Docker Hub"

    assert judge("docker-hub-image", pod(image)) == ([("spec.containers[0].image", message)] if is_flagged else [])


@pytest.mark.parametrize(
    ("image", "policy", "message"),
    [
        ("web", "IfNotPresent", "container a keeps an old image: it has no tag"),
        ("web:latest", "Never", "container a keeps an old image: it has the tag latest, which is moved"),
        ("web:main", None, "container a keeps an old image: it has the tag main, which is moved"),
        ("web:Nightly", None, "container a keeps an old image: it has the tag Nightly, which is moved"),
        ("web", None, None),
        ("web:latest", None, None),
        ("web:main", "Always", None),
        ("web:main", "${POLICY}", None),
        ("web:1.4", "IfNotPresent", None),
        ("web:latest@" + DIGEST, "IfNotPresent", None),
        ("web:${TAG}", "IfNotPresent", None),
    ],
)
def test_image_pull_policy(judge: Judge, image: str, policy: str | None, message: str | None) -> None:
    """What counts is the policy as the cluster fills it in: Always for latest and for no tag."""
    given = {} if policy is None else {"imagePullPolicy": policy}
    found = judge("image-pull-policy", pod(image, **given))

    assert found == ([("spec.containers[0].imagePullPolicy", message)] if message else [])


def test_the_tags_that_move_can_be_set(judge: Judge) -> None:
    """The parameter replaces the list."""
    assert judge("image-moving-tag", pod("web:edge")) == [
        ("spec.containers[0].image", "the image of container a has the tag edge, which is moved")
    ]
    assert judge("image-moving-tag", pod("web:edge"), tags=("prod",)) == []
    assert len(judge("image-moving-tag", pod("web:prod"), tags=("prod",))) == 1
    assert len(judge("image-pull-policy", pod("web:prod"), tags=("prod",))) == 1
    assert judge("image-moving-tag", pod("web:latest")) == judge("image-moving-tag", pod("web")) == []


VALID_IMAGES = [
    *("redis", "redis:7", "library/redis:7.4.1-alpine", "a/b/c/d:1", "registry.example.com:5000/web", "localhost/web"),
    *("ghcr.io/example/web@" + DIGEST, "ghcr.io/example/web:1.4@" + DIGEST, "REGISTRY.example.com/web", "a__b/c--d.e"),
    *(
        "[2001:db8::1]:5000/web:1",
        "web:v1.0_RC-1",
        "${IMAGE}",
        "web:{{ .Values.tag }}",
        "$(IMAGE)",
        "WEB_IMAGE",
        "__IMAGE__:TAG",
        "web:" + "a" * 128,
    ),
]
INVALID_IMAGES = [
    *("Redis:7", "redis:", "redis: 7", " redis:7", "redis:7 ", "https://ghcr.io/web:1", "oci://ghcr.io/web:1", ":7"),
    *("ghcr.io/Example/web", "web@sha256:0d4a", "web@" + DIGEST + "0", "web@", "web:1:2", "web//a", "/web", "web/"),
    *("a..b/c/D", "web:-1", "web:" + "a" * 129, "a" * 256, "web@sha256:" + "G" * 64, "registry:port/web:1"),
]


@pytest.mark.parametrize("image", VALID_IMAGES)
def test_an_image_that_runtimes_can_read(judge: Judge, image: str) -> None:
    """As the reference grammar of registries has it."""
    assert judge("image-reference-invalid", pod(image)) == []


@pytest.mark.parametrize("image", INVALID_IMAGES)
def test_an_image_that_no_runtime_can_read(judge: Judge, image: str) -> None:
    """The API server takes each of them, and the pod never starts."""
    assert judge("image-reference-invalid", pod(image)) == [
        ("spec.containers[0].image", "the image of container a has a name that no runtime can read")
    ]


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({"image": {"reference": "model"}}, "the image of volume v has no tag, so it is latest"),
        ({"image": {"reference": "model:latest"}}, "the image of volume v has the tag latest"),
        ({"image": {"reference": "model:2"}}, None),
        ({"image": {"reference": "model@" + DIGEST}}, None),
        ({"image": {"reference": "${MODEL}"}}, None),
        ({"image": {}}, None),
        ({"image": "model"}, None),
        ({"emptyDir": {}}, None),
    ],
)
def test_image_volume_pinned(judge: Judge, volume: Any, message: str | None) -> None:
    """As for the image of a container."""
    given = workload({"volumes": [None, {"name": "v", **volume}]}, "Deployment")
    field = "spec.template.spec.volumes[1].image.reference"

    assert judge("image-volume-pinned", given) == ([(field, message)] if message else [])


OPEN = ["*", ">=1.4", ">1", ">= 1.4", "x", "1.4.2 || >=2", "!=1.4", ">=1.0.0-0", "*-0", "latest", "=>1.2, !=1.5"]
BOUNDED = ["1.x", "1.4.*", "~1.4", "^1.4.2", ">=1.4 <2", ">=1.4, <2.0.0", "1.2 - 1.4", "<2", "1.4", "^1 || ^2"]
EXACT = ["1.4.2", "v1.4.2", "=1.4.2", "1.4.2-rc.1", "1.4.2+build.7", "${VERSION}", "{{ version }}"]


@pytest.mark.parametrize("version", [*OPEN, *BOUNDED, *EXACT])
def test_helm_chart_pinned(judge: Judge, version: str) -> None:
    """A range must end; with the parameter it must be one version."""
    field = "spec.chart.spec.version"
    is_open, is_range = version in OPEN, version in BOUNDED
    any_later = f"the chart web of HelmRelease x has the version {version}, which is any later one too"
    one_of_many = f"the chart web of HelmRelease x has the range {version} for a version"

    assert judge("helm-chart-pinned", release(version)) == ([(field, any_later)] if is_open else [])
    message = any_later if is_open else one_of_many if is_range else None
    assert judge("helm-chart-pinned", release(version), exact=True) == ([(field, message)] if message else [])


def test_a_chart_with_no_version_is_the_newest(judge: Judge) -> None:
    """The finding stands on the chart; charts out of Git repositories and buckets have no version of their own."""
    message = "the chart web of {} x has no version, so it is the newest"

    assert judge("helm-chart-pinned", release(None)) == [("spec.chart.spec.chart", message.format("HelmRelease"))]
    assert judge("helm-chart-pinned", release(None, "GitRepository")) == []
    assert judge("helm-chart-pinned", release(None, "Bucket")) == []
    flux = thing("HelmChart", FLUX, spec={"chart": "web", "sourceRef": {"kind": "HelmRepository", "name": "x"}})
    assert judge("helm-chart-pinned", flux) == [("spec.chart", message.format("HelmChart"))]
    k3s = thing("HelmChart", "helm.cattle.io/v1", spec={"chart": "web", "repo": "https://charts.example.com"})
    assert judge("helm-chart-pinned", k3s) == [("spec.chart", message.format("HelmChart"))]
    archive = thing("HelmChart", "helm.cattle.io/v1", spec={"chart": "https://example.com/web-1.4.2.tgz"})
    assert judge("helm-chart-pinned", archive) == []


@pytest.mark.parametrize("kind", ["Application", "ApplicationSet"])
def test_charts_of_argo_cd(judge: Judge, kind: str) -> None:
    """Each of several sources counts; those of Git are not charts."""
    chart = {"repoURL": "https://charts.example.com", "chart": "web", "targetRevision": "*"}
    git = {"repoURL": "https://git.example.com/web", "targetRevision": "HEAD"}
    prefix = "spec" if kind == "Application" else "spec.template.spec"

    assert [field for field, _ in judge("helm-chart-pinned", application(git, chart, kind=kind))] == [
        f"{prefix}.sources[1].targetRevision"
    ]
    assert [field for field, _ in judge("git-source-pinned", application(git, chart, kind=kind))] == [
        f"{prefix}.sources[0].targetRevision"
    ]


@pytest.mark.parametrize(
    ("ref", "field", "follows"),
    [
        (None, "spec.ref.branch", "the default branch"),
        ({"branch": "main"}, "spec.ref.branch", "main"),
        ({"semver": ">=1.0"}, "spec.ref.semver", ">=1.0"),
        ({"name": "refs/heads/main"}, "spec.ref.name", "refs/heads/main"),
        ({"name": "refs/heads/main", "semver": "1.x"}, "spec.ref.name", "refs/heads/main"),
        ({"branch": "main", "commit": "c0ffee"}, None, ""),
        ({"tag": "v1"}, None, ""),
        ({"semver": "1.x"}, None, ""),
        ({"name": "refs/tags/v1"}, None, ""),
        ({"branch": "${BRANCH}"}, None, ""),
    ],
)
def test_git_repositories(judge: Judge, ref: Any, field: str | None, follows: str) -> None:
    """What Flux takes first decides."""
    found = judge("git-source-pinned", thing("GitRepository", FLUX, spec={"ref": ref}))

    assert found == ([(field, f"GitRepository x follows {follows}")] if field else [])


@pytest.mark.parametrize(
    ("revision", "is_flagged"),
    [
        (None, True),
        ("HEAD", True),
        ("main", True),
        ("refs/heads/x", True),
        ("v1.4.2", False),
        ("c0ffee", False),
        ("{{ .revision }}", False),
    ],
)
def test_git_sources_of_applications(judge: Judge, revision: str | None, *, is_flagged: bool) -> None:
    """Argo CD does not tell a branch from a tag; the usual names of branches do."""
    source = {"repoURL": "https://git.example.com/web", "targetRevision": revision}

    found = judge("git-source-pinned", application(source))
    message = f"a source of Application x follows {revision or 'the default branch'}"
    assert found == ([("spec.source.targetRevision", message)] if is_flagged else [])
    assert judge("git-source-pinned", application({**source, "repoURL": "oci://r.example.com/web"})) == []


def test_the_own_repository_follows_a_branch(judge: Judge) -> None:
    """The parameters say which sources those are, and what branches are called."""
    own = thing("GitRepository", FLUX, metadata={"name": "cluster"}, spec={"ref": {"branch": "main"}})
    assert len(judge("git-source-pinned", own)) == 1
    assert judge("git-source-pinned", own, own=("clu*",)) == []
    source = {"repoURL": "https://git.example.com/web", "targetRevision": "release"}
    assert judge("git-source-pinned", application(source)) == []
    assert len(judge("git-source-pinned", application(source), branches=("release",))) == 1


@pytest.mark.parametrize(
    ("ref", "field", "message"),
    [
        (None, "spec.ref", "OCIRepository x follows latest, which is moved"),
        ({"tag": "latest"}, "spec.ref.tag", "OCIRepository x follows latest, which is moved"),
        ({"tag": "main"}, "spec.ref.tag", "OCIRepository x follows main, which is moved"),
        ({"semver": "*"}, "spec.ref.semver", "OCIRepository x follows every later version (*)"),
        ({"tag": "latest", "semver": "1.x"}, None, None),
        ({"tag": "latest", "digest": DIGEST}, None, None),
        ({"tag": "1.4.2"}, None, None),
        ({"tag": "${TAG}"}, None, None),
    ],
)
def test_oci_source_pinned(judge: Judge, ref: Any, field: str | None, message: str | None) -> None:
    """What Flux takes first decides: the digest, then the range, then the tag."""
    found = judge("oci-source-pinned", thing("OCIRepository", FLUX, spec={"ref": ref}))

    assert found == ([(field, message)] if field else [])


def test_an_oci_source_may_have_to_have_a_digest(judge: Judge) -> None:
    """The parameter lets nothing else through."""

    def found(**ref: str) -> list[tuple[str, str]]:
        return judge("oci-source-pinned", thing("OCIRepository", FLUX, spec={"ref": ref}), digest=True)

    message = "OCIRepository x is not pinned by a digest"
    assert found(tag="1.4.2") == [("spec.ref.tag", message)]
    assert found(semver="1.x") == [("spec.ref.semver", message)]
    assert found(digest=DIGEST) == []


@pytest.mark.parametrize(
    ("url", "by"),
    [
        ("http://git.example.com/web", "http"),
        ("git://git.example.com/web", "git"),
        ("http://user@git.example.com:8080/web", "http"),
        ("https://git.example.com/web", None),
        ("ssh://git@git.example.com/web", None),
        ("oci://ghcr.io/example/web", None),
        ("http://gitea/web", None),
        ("http://gitea.git.svc:3000/web", None),
        ("http://gitea.git.svc.cluster.local/web", None),
        ("http://gitea.svc.example.com/web", "http"),
        ("http://${HOST}/web", None),
    ],
)
@pytest.mark.parametrize("kind", ["GitRepository", "HelmRepository"])
def test_an_address_without_encryption(judge: Judge, kind: str, url: str, by: str | None) -> None:
    """Hosts of the cluster itself pass, and those that only look like them do not."""
    found = judge("insecure-source", thing(kind, FLUX, spec={"url": url}))

    message = f"a source of {kind} x is fetched by {by}, which is not encrypted"
    assert found == ([("spec.url", message)] if by else [])


def test_a_check_that_is_turned_off(judge: Judge) -> None:
    """In Flux's sources and in the Secrets by which Argo CD knows its repositories."""
    bucket = thing("Bucket", FLUX, spec={"endpoint": "minio.example.com", "insecure": True})
    message = "turns the check of its source's host off (insecure)"
    assert judge("insecure-source", bucket) == [("spec.insecure", f"Bucket x {message}")]
    inside = thing("Bucket", FLUX, spec={"endpoint": "minio.storage.svc:9000", "insecure": True})
    assert judge("insecure-source", inside) == []
    labels = {"argocd.argoproj.io/secret-type": "repository"}
    secret = thing("Secret", metadata={"name": "x", "labels": labels}, stringData={"insecure": "true"})
    assert judge("insecure-source", secret) == [("stringData.insecure", f"Secret x {message}")]
    assert judge("insecure-source", thing("Secret", stringData={"insecure": "true"})) == []
    application_source = {"repoURL": "http://charts.example.com", "chart": "web", "targetRevision": "1.4.2"}
    assert judge("insecure-source", application(application_source)) == [
        ("spec.source.repoURL", "a source of Application x is fetched by http, which is not encrypted")
    ]
