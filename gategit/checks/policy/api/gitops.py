"""What several policies ask of Argo CD's objects."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gategit.checks.policy.api.fields import Field
    from gategit.checks.policy.api.objects import Manifest

APPLICATIONS = ("argoproj.io/Application", "argoproj.io/ApplicationSet")
"""The kinds that say what Argo CD deploys; see ``application_spec``."""


def application_spec(manifest: Manifest) -> Field:
    """What an Argo CD Application deploys, and how: its ``spec``, or the one in an ApplicationSet's template."""
    if manifest.kind == "ApplicationSet":
        return manifest.field("spec", "template", "spec")
    return manifest.field("spec")


def application_sources(spec: Field) -> list[Field]:
    """Where an Application's manifests come from: ``sources``, which outweighs ``source``."""
    sources = spec.items("sources")
    if sources:
        return sources
    return [spec.field("source")] if spec.has("source") else []


def generators(holder: Field) -> list[Field]:
    """The generators of an ApplicationSet, each followed by those inside of it: of a ``matrix`` or a ``merge``.

    Argo CD nests them twice at most; what stands deeper than a little more than that is not looked at.

    Args:
        holder: what has the field ``generators``: the ApplicationSet's ``spec``.
    """
    return _generators(holder, 3)


def _generators(holder: Field, levels: int) -> list[Field]:
    found: list[Field] = []
    for generator in holder.items("generators"):
        found.append(generator)
        for name in ("matrix", "merge"):
            if levels and generator.has(name):
                found += _generators(generator.field(name), levels - 1)
    return found
