"""The image that another one stands on: its layers stay as they are, and are never unpacked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jesses.base.errors import FormatError
from jesses.image.oci_layout import Descriptor

LAYER_TYPES: Final[Mapping[str, str]] = {
    "application/vnd.oci.image.layer.v1.tar": "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
}
"""What a layer is called in an image of ours: Docker's own names mean the same bytes ("media-types.md")."""


@dataclass(frozen=True, kw_only=True)
class Base:
    """An image below ours, for one architecture.

    `name` is as configured, `digest` that of its manifest and `index_digest` that of its index (or of the
    manifest, where it has none). `layers` lie in `directory`, named by the hexadecimal part of their digests.
    A `name` that is empty stands for the result of a build, which is no base to speak of.
    """

    name: str
    digest: str
    index_digest: str
    config: Mapping[str, Any]
    layers: tuple[Descriptor, ...]
    directory: Path

    def path(self, layer: Descriptor) -> Path:
        return self.directory / layer.sha256

    @property
    def run(self) -> Mapping[str, Any]:
        """What it says on how to run it."""
        found: Mapping[str, Any] = self.config.get("config") or {}
        return found

    @property
    def diff_ids(self) -> list[str]:
        found: list[str] = self.config["rootfs"]["diff_ids"]
        return found


def layer(document: Mapping[str, Any], *, name: str) -> Descriptor:
    """A layer of the base `name`, by its descriptor.

    Raises:
        FormatError: it is no layer that may be passed on.

    """
    media_type = LAYER_TYPES.get(str(document.get("mediaType")))
    if media_type is None:
        raise FormatError(
            f"the base {name} has a layer of the type {document.get('mediaType')}, which cannot be passed on",
            fix="use another base",
        )
    return Descriptor(media_type=media_type, digest=document["digest"], size=document["size"])
