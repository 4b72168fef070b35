"""What an engine saved (`docker save`), as a base: its layers compressed our way, its history without times.

Format: https://github.com/moby/docker-image-spec, "Combined Image JSON + Filesystem Changeset Format".
"""

import shutil
import tarfile
from collections.abc import Mapping
from gzip import GzipFile
from pathlib import Path
from typing import IO, Any, Final

from msgspec import Struct
from msgspec.structs import replace

from jesses.base.bytes.atomic import write_file
from jesses.base.documents import read_json
from jesses.base.errors import FormatError
from jesses.image.base import Base
from jesses.image.config_file import parse_config
from jesses.image.manifest import LAYER, Descriptor
from jesses.package.compression import Packer

_GZIP: Final = b"\x1f\x8b"


class _Saved(Struct, frozen=True, rename="pascal"):
    """An entry of `manifest.json`: the names of members of the archive."""

    config: str
    layers: tuple[str, ...]


def read(archive: Path, scratch: Path, packer: Packer) -> Base:
    """The one image in `archive`; its layers are written to `scratch`, which is made here.

    Raises:
        FormatError: it is no such archive.

    """
    scratch.mkdir(parents=True)
    try:
        with tarfile.open(archive) as saved:
            [manifest] = read_json(_member(saved, "manifest.json").read(), tuple[_Saved, ...])
            config = parse_config(_member(saved, manifest.config).read(), name=archive.name)
            layers = [
                _layer(_member(saved, name), scratch / f"{number}.tar", packer)
                for number, name in enumerate(manifest.layers)
            ]
    except (tarfile.TarError, ValueError, KeyError, EOFError) as error:
        raise FormatError(
            f"{archive.name} is not what docker save writes: {error}", fix="see the engine"
        ) from error
    if config.rootfs.diff_ids != tuple(diff_id for _, diff_id in layers):
        raise FormatError(
            f"{archive.name} is damaged: its layers are not those of its configuration",
            fix="build the image again",
        )
    return Base(
        config=replace(config, history=tuple(map(_without_time, config.history or ()))),
        layers=tuple(layer for layer, _ in layers),
        directory=scratch,
    )


def compress(source: Path, scratch: Path, packer: Packer) -> tuple[Descriptor, str]:
    """The tar archive `source` as a layer in `scratch`, and its own digest."""
    content = packer.pack(source)
    archive = packer.gzip()
    archive.add(content)
    stream = archive.close()
    sha256 = packer.sha256(stream)
    write_file(scratch / sha256, stream.rope, sha256=sha256)
    layer = Descriptor(media_type=LAYER, digest=f"sha256:{sha256}", size=stream.rope.size)
    return layer, f"sha256:{content.sha256}"


def _without_time(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "created"}


def _layer(stream: IO[bytes], plain: Path, packer: Packer) -> tuple[Descriptor, str]:
    compressed = stream.read(len(_GZIP)) == _GZIP
    stream.seek(0)
    with plain.open("wb") as out:
        # Engines with the storage of containerd save layers as they keep them.
        shutil.copyfileobj(GzipFile(fileobj=stream) if compressed else stream, out)
    try:
        return compress(plain, plain.parent, packer)
    finally:
        plain.unlink()


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    found = archive.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found
