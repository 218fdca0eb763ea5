"""What several policies ask of Argo CD's objects."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

    from gategit.checks.policy.api.fields import Field
    from gategit.checks.policy.api.objects import Manifest

_YES_OR_NO = ("true", "false")
_SYNC_OPTIONS: dict[str, tuple[str, ...]] = {
    "ApplyOutOfSyncOnly": _YES_OR_NO,
    "ClientSideApplyMigration": _YES_OR_NO,
    "CreateNamespace": _YES_OR_NO,
    "Delete": (*_YES_OR_NO, "confirm"),
    "FailOnSharedResource": _YES_OR_NO,
    "Force": _YES_OR_NO,
    "Prune": (*_YES_OR_NO, "confirm"),
    "PruneLast": _YES_OR_NO,
    "PrunePropagationPolicy": ("foreground", "background", "orphan"),
    "Replace": _YES_OR_NO,
    "RespectIgnoreDifferences": _YES_OR_NO,
    "ServerSideApply": _YES_OR_NO,
    "SkipDryRunOnMissingResource": _YES_OR_NO,
    "Validate": _YES_OR_NO,
}

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


def sync_option_problem(option: str, known: Container[str] = ()) -> str:
    """Why Argo CD ignores a sync option such as ``CreateNamespace=true``; "" where it does not.

    Args:
        option: as it is written; Argo CD compares letter by letter.
        known: names of further options, with any value.
    """
    name, _, value = option.partition("=")
    if value and (name in known or value in _SYNC_OPTIONS.get(name, ())):
        return ""
    if not option:
        return "a sync option must be a text such as CreateNamespace=true"
    meant = next((one for one in _SYNC_OPTIONS if one.lower() == name.strip().lower()), "")
    if not meant:
        return f"Argo CD knows no sync option {name[:60]}"
    if name != meant:
        return f"Argo CD ignores the sync option {name[:60]}; it is written {meant}"
    values = ", ".join(_SYNC_OPTIONS[meant])
    return f"the sync option {meant} must have one of the values {values}, not {value[:60] or 'none'}"


def chart_versions(manifest: Manifest) -> dict[str, Field]:
    """The fields that hold chart versions of a HelmRelease, HelmChart or Application, by the names of the charts."""
    if manifest.kind == "HelmRelease":
        chart = manifest.field("spec", "chart", "spec")
        return {chart.text("chart"): chart.field("version")}
    if manifest.kind == "HelmChart":
        return {manifest.text("spec", "chart"): manifest.field("spec", "version")}
    sources = application_sources(application_spec(manifest))
    return {source.text("chart"): source.field("targetRevision") for source in sources if source.has("chart")}
