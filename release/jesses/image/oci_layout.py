"""OCI image layouts (image specification 1.1, "image-layout.md"): blobs named by digest below one directory.

A layout holds one image: an index that refers to a manifest for each architecture.
"""

import json
import shutil
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jesses.base.bytes.atomic import write_file
from jesses.base.bytes.rope import Rope
from jesses.base.naming.arch import OCI, Arch

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX: Final = "application/vnd.oci.image.index.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"

BLOBS: Final = "blobs/sha256"
LAYOUT_FILE: Final = "oci-layout"
INDEX_FILE: Final = "index.json"
LAYOUT_VERSION: Final[Mapping[str, str]] = {"imageLayoutVersion": "1.0.0"}


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """A reference to a blob ("descriptor.md"). `digest` is `sha256:<hex>`, `size` is bytes."""

    media_type: str
    digest: str
    size: int
    arch: Arch | None = None

    @property
    def sha256(self) -> str:
        return self.digest.removeprefix("sha256:")

    @property
    def path(self) -> str:
        """Where the blob lies in a layout."""
        return f"{BLOBS}/{self.sha256}"

    def document(self) -> dict[str, Any]:
        """The descriptor as JSON has it."""
        document: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.arch:
            document["platform"] = {"architecture": OCI[self.arch], "os": "linux"}
        return document


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


def index(manifests: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """An image index ("image-index.md") over descriptors."""
    return {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(manifests)}


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
        INDEX_FILE: encode(index([{**image.document(), "annotations": annotations}])),
    }


def split_name(name: str) -> tuple[str, str]:
    """The registry and the repository that an image name means to an engine.

    >>> split_name("kestrel"), split_name("ghcr.io/example/kestrel")
    (('docker.io', 'library/kestrel'), ('ghcr.io', 'example/kestrel'))
    """
    first, slash, rest = name.partition("/")
    if slash and (first == "localhost" or "." in first or ":" in first):
        return first, rest
    return "docker.io", name if slash else f"library/{name}"


def encode(document: object) -> bytes:
    """Compact JSON in the order of `document`."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
