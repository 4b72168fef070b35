"""The image that another one stands on: its layers stay as they are, and are never unpacked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jesses.base.errors import FormatError
from jesses.image.config_file import ConfigFile
from jesses.image.manifest import LAYER, Descriptor

_OCI_LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
LAYER_TYPES: Final[Mapping[str, str]] = {
    _OCI_LAYER: _OCI_LAYER,
    LAYER: LAYER,
    f"{_OCI_LAYER}+zstd": f"{_OCI_LAYER}+zstd",
    "application/vnd.docker.image.rootfs.diff.tar": _OCI_LAYER,
    "application/vnd.docker.image.rootfs.diff.tar.gzip": LAYER,
}
"""What a layer is called in an image of ours: Docker's own names mean the same bytes ("media-types.md")."""


@dataclass(frozen=True, kw_only=True)
class Base:
    """An image below ours, for one architecture.

    `layers` lie in `directory`, named by the hexadecimal part of their digests. `name` is as configured, `digest`
    that of its manifest and `index_digest` that of its index (or of the manifest, where it has none). These three
    are empty for what an engine has built from a Dockerfile: our image then names no base.
    """

    name: str = ""
    digest: str = ""
    index_digest: str = ""
    config: ConfigFile
    layers: tuple[Descriptor, ...]
    directory: Path

    def path(self, layer: Descriptor) -> Path:
        return self.directory / layer.sha256

    @property
    def run(self) -> Mapping[str, Any]:
        """What it says on how to run it."""
        return self.config.config or {}

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """The digests of its layers before compression."""
        return self.config.rootfs.diff_ids


def passed_on(layer: Descriptor, *, name: str) -> Descriptor:
    """A layer of the base `name` as it stands in an image of ours.

    Raises:
        FormatError: it is of a type that may not be passed on.

    """
    media_type = LAYER_TYPES.get(layer.media_type)
    if media_type is None:
        raise FormatError(
            f"the base {name} has a layer of the type {layer.media_type}, which cannot be passed on",
            fix="use another base",
        )
    return Descriptor(media_type=media_type, digest=layer.digest, size=layer.size)
