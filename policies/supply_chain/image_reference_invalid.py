"""Built-in policy: image-reference-invalid."""

from __future__ import annotations

import re
from functools import lru_cache

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, is_filled_in_later, policy

_LONGEST = 255  # of the repository with its registry
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::\d+)?"
_STAND_IN = "[A-Z_][A-Z0-9_-]*(?:[:@]|$)"  # WEB_IMAGE, which Kustomize's images or a script replaces
_REFERENCE = (
    rf"((?:{_HOST}/)?{_PART}(?:/{_PART})*)(?::\w[\w.-]{{0,127}})?(?:@(?:sha256:[0-9a-f]{{64}}|sha512:[0-9a-f]{{128}}))?"
)


@policy(level="error", kinds=WORKLOADS)
def image_reference_invalid(workload: Workload) -> Violations:
    """Every image has a name that a container runtime can read.

    What it asks:
        The image of each container is a reference as registries define it: a repository in small letters, a tag of
        letters, digits, dots and dashes, a digest of the right length; no scheme (`https://`), no space, no empty tag.
        An image that something fills in later, or that only stands for one (`WEB_IMAGE`), is not judged.

    Why:
        The API server takes any text. The node then reports `InvalidImageName`, and the pod never starts; in a rolling
        update that is noticed late, because the old pods go on running.

    How to fix:
        Write `registry/repository:tag@digest` as `docker pull` takes it. Repositories have small letters only, and a
        SHA-256 digest has 64 hexadecimal digits.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/Shop/web:1.4.2  # <-
                - name: proxy
                  image: https://registry.example.com/proxy:1.4.2  # <-
                - name: cache
                  image: 'registry.example.com/cache:'  # <-
                - name: log
                  image: registry.example.com/log@sha256:0d4a1c1c  # <-

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com:5000/shop/web:1.4.2-RC1
                - name: log
                  image: example/log@sha256:0d4a1c1c5a2f6f1b3ef8a3f8d8e5f6c2a7b9c0d1e2f30415263748596a7b8c9d

    References:
        https://github.com/distribution/reference
        https://kubernetes.io/docs/concepts/containers/images/
    """
    for container in workload.containers:
        reference = container.text("image")
        if reference and not is_filled_in_later(reference) and not _is_valid(reference):
            yield Violation(container.field("image"), f"the image of {container} has a name that no runtime can read")


@lru_cache(4096)
def _is_valid(reference: str) -> bool:
    if re.match(_STAND_IN, reference):
        return True
    found = re.fullmatch(_REFERENCE, reference[:600], re.ASCII)
    return found is not None and len(found[1]) <= _LONGEST
