"""The form ``crds``: CustomResourceDefinitions in the files of a Go module.

Options:

- ``files``: globs of the files in the module; each must match;
- ``without``: globs of files that are left out of those;
- ``templated``: keys outside of the schemas whose values a Helm chart fills in when it is installed;
- ``groups``: the API groups whose kinds are meant, where those of others stand beside them;
- ``filled``: fields that the project's admission webhook fills in (``relaxed.py`` says how they are written);
- ``open``: fields that hold more in a fork that many run;
- ``patches``: the JSON Patches that the project applies before it releases: files in the module by the names of the
  definitions.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from gategit.globs import path_matcher
from tools.schemas.definitions import decoded, definitions_in
from tools.schemas.errors import SchemasError
from tools.schemas.licences import check_module_licence
from tools.schemas.modules import module_files, module_zip
from tools.schemas.patches import patched
from tools.schemas.relaxed import left_open, not_required
from tools.schemas.sources import Release


def definitions(release: Release) -> list[dict[str, Any]]:
    """The CustomResourceDefinitions of a release.

    Raises:
        SchemasError: the module is not what is pinned, or does not hold what is written of it.
    """
    archive = module_zip(release.origin, release.version, release.checksum)
    check_module_licence(release, archive, release.origin)
    groups = release.options.get("groups")
    found = [
        definition
        for path, content in _files(release, archive)
        for definition in definitions_in(_filled(release, content), f"{release.origin} {release.version}, {path}")
        if groups is None or definition["spec"]["group"] in groups
    ]
    for name, path in release.options.get("patches", {}).items():
        content = dict(module_files(archive, path.__eq__)).get(path)
        places = [index for index, definition in enumerate(found) if definition["metadata"]["name"] == name]
        if content is None or not places:
            raise SchemasError(f"{release} has no file {path}, or no definition {name} that it is of")
        (patch,) = decoded(content, f"{release.origin} {release.version}, {path}")
        found[places[0]] = patched(found[places[0]], patch, path)
    found = _merged(found)
    not_required(found, release.options.get("filled", ()), str(release))
    left_open(found, release.options.get("open", ()), str(release))
    return found


def _merged(definitions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Definitions of the same kind as one where each of them has other API versions, as a project may split them."""
    found: list[dict[str, Any]] = []
    for definition in definitions:
        spec = definition["spec"]
        same = next(
            (
                one["spec"]
                for one in found
                if one["spec"]["group"] == spec["group"] and one["spec"]["names"] == spec["names"]
            ),
            None,
        )
        if same is None or {one["name"] for one in same["versions"]} & {one["name"] for one in spec["versions"]}:
            found.append(definition)
        else:
            # Only one version can be the one that objects are stored in: that of the first file.
            same["versions"] += [{**version, "storage": False} for version in spec["versions"]]
    return found


def _filled(release: Release, content: bytes) -> bytes:
    """A file with nothing in the places that a chart fills in; another template would not be YAML."""
    for key in release.options.get("templated", ()):
        content = re.sub(rb"(?m)^( *%s:) *\{\{.*\}\}$" % re.escape(key.encode()), rb"\1", content)
    return content


def _files(release: Release, archive: Path) -> list[tuple[str, bytes]]:
    found: dict[str, bytes] = {}
    for glob in release.options["files"]:
        # A glob without a slash is of the module's root, not of every folder.
        matched = dict(module_files(archive, path_matcher([f"/{glob}"])))
        if not matched:
            raise SchemasError(f"no file of {release.origin} {release.version} matches {glob}")
        found |= matched
    without = path_matcher([f"/{glob}" for glob in release.options.get("without", ())])
    return [(path, content) for path, content in sorted(found.items()) if not without(path)]
