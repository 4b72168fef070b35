"""Images as one file for engines: an OCI archive and a docker-archive in one.

An OCI archive is a tar of an image layout; a docker-archive is what `docker save` writes: any tar with a
`manifest.json` that names its configuration and layers. A reader of either finds what it knows, so
`docker load`, `podman load` and `skopeo copy oci-archive:` or `docker-archive:` take the same file.
"""

import io
import tarfile
from typing import BinaryIO, Final

from release.arch import Arch
from release.formats import oci_layout
from release.formats.image import ImageIndex, Manifest

SUFFIX: Final = ".oci.tar"


def write(image: ImageIndex, arch: Arch, out: BinaryIO) -> None:
    """Write one architecture of `image`, read from its layout, to `out` as a tar archive."""
    manifest = next(manifest for manifest in image.manifests if manifest.arch == arch)
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in _documents(image, manifest).items():
            archive.addfile(_member(name, image.date, size=len(data)), io.BytesIO(data))
        for name in ("blobs", oci_layout.BLOBS):
            archive.addfile(_member(name, image.date, kind=tarfile.DIRTYPE, mode=0o755))
        for blob in manifest.blobs:
            with (image.directory / blob.path).open("rb") as stream:
                archive.addfile(_member(blob.path, image.date, size=blob.size), stream)


def _documents(image: ImageIndex, manifest: Manifest) -> dict[str, bytes]:
    saved = {
        "Config": manifest.config.path,
        "RepoTags": [f"{image.name}:{image.tag}"],
        "Layers": [layer.path for layer in manifest.layers],
    }
    return {
        **oci_layout.entry_points(manifest.descriptor, name=image.name, tag=image.tag),
        "manifest.json": oci_layout.encode([saved]),
    }


def _member(
    name: str, date: int, *, size: int = 0, mode: int = 0o644, kind: bytes = tarfile.REGTYPE
) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mtime, member.size, member.mode, member.type = date, size, mode, kind
    return member
