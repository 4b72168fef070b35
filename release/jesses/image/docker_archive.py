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
from jesses.image.manifest import encode
from jesses.image.oci_layout import ArchImage, ImageLayout

SUFFIX: Final = ".oci.tar"


@contextmanager
def assembled(layout: ImageLayout, arch: Arch) -> Iterator[Rope]:
    """One architecture of the image in `layout` as a tar archive; its blobs are open meanwhile.

    Raises:
        OutputError: a blob is not there.

    """
    image = next(image for image in layout.images if image.arch == arch)
    pieces: list[Piece] = []
    with ExitStack() as files:
        for name, data in _documents(layout, image).items():
            pieces += (_header(name, layout.date, size=len(data)), data, _padding(len(data)))
        for name in ("blobs", oci_layout.BLOBS):
            pieces.append(_header(name, layout.date, kind=tarfile.DIRTYPE, mode=0o755))
        for blob in image.blobs:
            file = files.enter_context(_opened(layout.directory / blob.path))
            content = Extent(file, 0, blob.size)
            pieces += (_header(blob.path, layout.date, size=blob.size), content, _padding(blob.size))
        yield Rope.of(*pieces, bytes(2 * tarfile.BLOCKSIZE))


def _opened(path: Path) -> FileIO:
    try:
        return FileIO(path)
    except OSError as error:
        raise OutputError(
            f"cannot read {path}: {error.strerror}", fix="leave the output alone during a run"
        ) from error


def _documents(layout: ImageLayout, image: ArchImage) -> dict[str, bytes]:
    saved = {
        "Config": image.manifest.config.path,
        "RepoTags": [f"{layout.name}:{layout.tag}"],
        "Layers": [layer.path for layer in image.manifest.layers],
    }
    return {
        **oci_layout.entry_points(image.descriptor, name=layout.name, tag=layout.tag),
        "manifest.json": encode([saved]),
    }


def _header(
    name: str, date: int, *, size: int = 0, mode: int = 0o644, kind: bytes = tarfile.REGTYPE
) -> bytes:
    member = tarfile.TarInfo(name)
    member.mtime, member.size, member.mode, member.type = date, size, mode, kind
    return member.tobuf(tarfile.PAX_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)
