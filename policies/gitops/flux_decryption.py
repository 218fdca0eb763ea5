"""Built-in policy: flux-decryption."""

from __future__ import annotations

from bisect import bisect_left

from gategit.checks.policy.api import Inventory, Manifest, Violation, Violations, is_filled_in_later, policy

_KUSTOMIZATION = "kustomize.toolkit.fluxcd.io/Kustomization"


@policy(level="error", kinds=(_KUSTOMIZATION,), inventory=("Secret", _KUSTOMIZATION))
def flux_decryption(manifest: Manifest, inventory: Inventory) -> Violations:
    """A Flux Kustomization that applies encrypted Secrets decrypts them.

    What it asks:
        `spec.decryption` is set where the folder of `spec.path` holds a Secret that SOPS has encrypted. A Secret counts
        for the Kustomization with the nearest folder above it. Nothing is said where a Kustomization of the
        repository gives `decryption` to others by a patch.

    Why:
        Without `spec.decryption` Flux refuses the encrypted Secret, and with it everything else in the folder:
        nothing in it is updated any more.

    How to fix:
        Set `decryption: {provider: sops, secretRef: {name: sops-age}}` in `spec`, with the Secret that holds your key.

    Fails:
        --- # new
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: web, namespace: flux-system}
        spec:
          interval: 10m
          path: ./apps/web  # <-
          prune: true
        --- # inventory apps/web/secret.sops.yaml
        apiVersion: v1
        kind: Secret
        metadata: {name: web}
        stringData: {key: "ENC[AES256_GCM,data:p673w==,iv:YY=,tag:A=,type:str]"}
        sops: {version: 3.9.0}

    Passes:
        --- # new
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: web, namespace: flux-system}
        spec:
          interval: 10m
          path: ./apps/web
          prune: true
          decryption:
            provider: sops
            secretRef: {name: sops-age}
        --- # inventory apps/web/secret.sops.yaml
        apiVersion: v1
        kind: Secret
        metadata: {name: web}
        stringData: {key: "ENC[AES256_GCM,data:p673w==,iv:YY=,tag:A=,type:str]"}
        sops: {version: 3.9.0}

    References:
        https://fluxcd.io/flux/components/kustomize/kustomizations/#decryption
        https://fluxcd.io/flux/guides/mozilla-sops/
    """
    if manifest.has("spec", "decryption"):
        return
    folder = _folder(manifest)
    if folder is None:
        return
    encrypted, folders = inventory.once(_encrypted_files)
    for file in encrypted[bisect_left(encrypted, folder) :]:
        if not file.startswith(folder):
            return
        if not _is_nearer(file, folder, folders):
            message = f"{manifest} applies {file[:200]}, but has no spec.decryption"
            yield Violation(manifest.field("spec", "path"), message)
            return


def _encrypted_files(inventory: Inventory) -> tuple[list[str], set[str]]:
    """The files with encrypted Secrets, in order, and the folders of all Kustomizations.

    There are none where a Kustomization hands decryption down by a patch: who gets it is not known then.
    """
    kustomizations = inventory.of_kind(_KUSTOMIZATION)
    if any("decryption" in str(one.get("spec", "patches") or "") for one in kustomizations):
        return [], set()
    files = {one.file for one in inventory.of_kind("Secret") if one.has("sops")}
    return sorted(files), {folder for one in kustomizations if (folder := _folder(one)) is not None}


def _is_nearer(file: str, folder: str, folders: set[str]) -> bool:
    """Whether another Kustomization has a folder between this one and the file."""
    above = file.rpartition("/")[0]
    while above and len(above) + 1 > len(folder):
        if f"{above}/" in folders:
            return True
        above = above.rpartition("/")[0]
    return False


def _folder(manifest: Manifest) -> str | None:
    """The folder that a Kustomization applies, with a slash behind it; "" for the root, None where it is not known."""
    path = manifest.text("spec", "path")
    if is_filled_in_later(path):
        return None
    path = path.strip().removeprefix("./").strip("/")
    return "" if path in ("", ".") else f"{path}/"
