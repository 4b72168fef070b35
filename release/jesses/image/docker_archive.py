"""Images as one file for engines: an OCI archive and a docker-archive in one.

An OCI archive is a tar of an image layout; a docker-archive is what `docker save` writes: any tar with a
`manifest.json` that names its configuration and layers. A reader of either finds what it knows, so
`docker load`, `podman load` and `skopeo copy oci-archive:` or `docker-archive:` take the same file.
"""

import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path
from typing import Final

from jesses.base.bytes.rope import Extent, Piece, Rope
from jesses.base.errors import OutputError
from jesses.base.naming.arch import Arch
from jesses.image import oci_layout
from jesses.image.model import ImageIndex, Manifest

SUFFIX: Final = ".oci.tar"


@contextmanager
def assembled(image: ImageIndex, arch: Arch) -> Iterator[Rope]:
    """One architecture of `image` as a tar archive; the blobs of its layout are open meanwhile.

    Raises:
        OutputError: a blob is not there.

    """
    manifest = next(manifest for manifest in image.manifests if manifest.arch == arch)
    pieces: list[Piece] = []
    with ExitStack() as files:
        for name, data in _documents(image, manifest).items():
            pieces += (_header(name, image.date, size=len(data)), data, _padding(len(data)))
        for name in ("blobs", oci_layout.BLOBS):
            pieces.append(_header(name, image.date, kind=tarfile.DIRTYPE, mode=0o755))
        for blob in manifest.blobs:
            file = files.enter_context(_opened(image.directory / blob.path))
            content = Extent(file, 0, blob.size)
            pieces += (_header(blob.path, image.date, size=blob.size), content, _padding(blob.size))
        yield Rope.of(*pieces, bytes(2 * tarfile.BLOCKSIZE))


def _opened(path: Path) -> FileIO:
    try:
        return FileIO(path)
    except OSError as error:
        raise OutputError(
            f"cannot read {path}: {error.strerror}", fix="leave the output alone during a run"
        ) from error


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


def _header(
    name: str, date: int, *, size: int = 0, mode: int = 0o644, kind: bytes = tarfile.REGTYPE
) -> bytes:
    member = tarfile.TarInfo(name)
    member.mtime, member.size, member.mode, member.type = date, size, mode, kind
    return member.tobuf(tarfile.PAX_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)
