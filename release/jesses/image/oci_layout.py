"""OCI image layouts (image specification 1.1, "image-layout.md"): blobs named by digest below one directory.

A layout holds one image: an index that refers to a manifest for each architecture.
"""

import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from jesses.base.bytes.atomic import write_file
from jesses.base.bytes.rope import Rope
from jesses.base.errors import FormatError
from jesses.base.naming.arch import Arch
from jesses.image.manifest import (
    INDEX,
    Descriptor,
    Document,
    ImageDocuments,
    ImageIndex,
    Manifest,
    encode,
    parse_index,
    parse_manifest,
)
from jesses.image.names import split_name

BLOBS: Final = "blobs/sha256"
LAYOUT_FILE: Final = "oci-layout"
INDEX_FILE: Final = "index.json"
LAYOUT_VERSION: Final[Mapping[str, str]] = {"imageLayoutVersion": "1.0.0"}


@dataclass(frozen=True, kw_only=True)
class ArchImage:
    """One architecture of an image: the descriptor of its manifest, which names the architecture, and that."""

    descriptor: Descriptor
    manifest: Manifest

    @property
    def arch(self) -> Arch | None:
        return self.descriptor.arch

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Everything that this architecture needs, its manifest included, each once."""
        blobs = (self.descriptor, self.manifest.config, *self.manifest.layers)
        return tuple({blob.digest: blob for blob in blobs}.values())


@dataclass(frozen=True, kw_only=True)
class ImageLayout:
    """An image in the layout in `directory`: the descriptor of its index, and an image for each architecture.

    `date` is seconds since 1970 UTC, and when the image was created.
    """

    name: str
    tag: str
    date: int
    directory: Path
    descriptor: Descriptor
    images: tuple[ArchImage, ...]

    @property
    def size(self) -> int:
        """Bytes of all blobs."""
        blobs = {blob.digest: blob.size for image in self.images for blob in image.blobs}
        return self.descriptor.size + sum(blobs.values())


class LayoutWriter:
    """Writes a layout into `directory`, which is made here and must not exist before; threads may share it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        for path in (directory, directory / "blobs", directory / BLOBS):
            path.mkdir(parents=path == directory)
            path.chmod(0o755)

    def put(self, document: Mapping[str, Any], media_type: str) -> Descriptor:
        """Write a JSON document as a blob."""
        content = Rope.of(encode(document))
        return self.put_blob(content, content.sha256(), media_type)

    def put_document(self, document: Document) -> Descriptor:
        """Write a manifest or an index."""
        descriptor = document.descriptor
        return self.put_blob(Rope.of(document.data), descriptor.sha256, document.media_type)

    def put_blob(self, content: Rope, sha256: str, media_type: str) -> Descriptor:
        """Write a blob whose digest is known."""
        descriptor = Descriptor(media_type=media_type, digest=f"sha256:{sha256}", size=content.size)
        path = self._directory / descriptor.path
        # Replacing a file makes some file systems write it out at once.
        if not path.exists():
            write_file(path, content, sha256=sha256)
        return descriptor

    def adopt(self, descriptor: Descriptor, source: Path) -> None:
        """Take over a blob that lies elsewhere, without a copy where the file system allows it."""
        target = self._directory / descriptor.path
        unnamed = self._directory / BLOBS / f".new-{threading.get_ident()}"
        try:
            unnamed.hardlink_to(source)
        except OSError:
            shutil.copyfile(source, unnamed)
            unnamed.chmod(0o644)
        unnamed.replace(target)
        # Renaming one link of a file to another of the same file leaves both.
        unnamed.unlink(missing_ok=True)

    def finish(self, image: Descriptor, *, name: str, tag: str) -> None:
        """Write the two files that make the directory a layout of `image`."""
        for file_name, data in entry_points(image, name=name, tag=tag).items():
            path = self._directory / file_name
            path.write_bytes(data)
            path.chmod(0o644)


def read_documents(directory: Path) -> ImageDocuments:
    """The index and the manifests of the layout in `directory`.

    Raises:
        FormatError: it is no layout of one image, or its bytes are not those of their digests.

    """
    entry_point = Document(media_type=INDEX, data=_read(directory / INDEX_FILE))
    listed = parse_index(entry_point).manifests
    if len(listed) != 1:
        raise FormatError(f"{directory} holds {len(listed)} images, not one", fix="make the image again")
    index = _document(directory, listed[0])
    manifests = tuple(_document(directory, entry) for entry in parse_index(index).manifests)
    return ImageDocuments(index=index, manifests=manifests)


def read(directory: Path, *, name: str, tag: str, date: int) -> ImageLayout:
    """The image whose layout, one of ours, is in `directory`; errors as `read_documents`."""
    documents = read_documents(directory)
    entries = parse_index(documents.index).manifests
    return ImageLayout(
        name=name,
        tag=tag,
        date=date,
        directory=directory,
        descriptor=documents.index.descriptor,
        images=tuple(
            ArchImage(descriptor=entry, manifest=parse_manifest(document))
            for entry, document in zip(entries, documents.manifests, strict=True)
        ),
    )


def _document(directory: Path, descriptor: Descriptor) -> Document:
    document = Document(media_type=descriptor.media_type, data=_read(directory / descriptor.path))
    if document.digest != descriptor.digest:
        raise FormatError(f"{directory} is damaged at {descriptor.digest}", fix="make the image again")
    return document


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror}", fix="make the image again") from error


def entry_points(image: Descriptor, *, name: str, tag: str) -> dict[str, bytes]:
    """The files of a layout or of an OCI archive beside its blobs.

    The image goes by its tag, as the specification has it ("annotations.md"), and by its whole name, as
    containerd, Docker and podman read it.
    """
    registry, repository = split_name(name)
    annotations = {
        "io.containerd.image.name": f"{registry}/{repository}:{tag}",
        "org.opencontainers.image.ref.name": tag,
    }
    return {
        LAYOUT_FILE: encode(LAYOUT_VERSION),
        INDEX_FILE: ImageIndex(manifests=(replace(image, annotations=annotations),)).encode().data,
    }
