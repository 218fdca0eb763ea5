"""Container images, taken apart."""

from __future__ import annotations


class Image:
    """A container image's reference, taken apart.

    Attributes:
        reference: as written.
        registry: the host; ``docker.io`` where none is written.
        repository: the path in the registry, ``library/`` added for Docker Hub's own images.
        tag: "" where none is written.
        digest: such as ``sha256:…``, "" where none is written.
    """

    __slots__ = ("digest", "reference", "registry", "repository", "tag")

    def __init__(self, reference: str, registry: str, repository: str, tag: str, digest: str) -> None:
        self.reference = reference
        self.registry = registry
        self.repository = repository
        self.tag = tag
        self.digest = digest

    def __repr__(self) -> str:
        return f"Image({self.reference!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Image):
            return NotImplemented
        return (self.registry, self.repository, self.tag, self.digest) == (
            other.registry,
            other.repository,
            other.tag,
            other.digest,
        )

    def __hash__(self) -> int:
        return hash((self.registry, self.repository, self.tag, self.digest))


def parse_image(reference: str) -> Image:
    """Take an image reference apart, as container runtimes do (the grammar of distribution/reference)."""
    name, _, digest = reference.strip().partition("@")
    head, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    name = head + slash + last
    registry, slash, repository = name.partition("/")
    if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
        registry, repository = "docker.io", name
    if registry == "docker.io" and repository and "/" not in repository:
        repository = f"library/{repository}"
    return Image(reference, registry, repository, tag, digest)
