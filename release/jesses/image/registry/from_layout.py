"""An image layout on disk as what a registry is to hold."""

import json
from pathlib import Path
from typing import Any

from jesses.base.errors import RegistryError
from jesses.image import oci_layout
from jesses.image.registry.client import Document, digest_of
from jesses.image.registry.push import ImageContent
from jesses.image.registry.upload import Blob


def content(directory: Path) -> ImageContent:
    """The image of the layout in `directory`, its index last.

    Raises:
        RegistryError: the layout is damaged.

    """
    [top] = json.loads((directory / oci_layout.INDEX_FILE).read_bytes())["manifests"]
    index = _document(directory, top)
    manifests = [_document(directory, descriptor) for descriptor in index.json["manifests"]]
    described = {
        descriptor["digest"]: descriptor["size"]
        for manifest in manifests
        for descriptor in (manifest.json["config"], *manifest.json["layers"])
    }
    blobs = tuple(
        Blob(digest=digest, size=size, source=_path(directory, digest)) for digest, size in described.items()
    )
    return ImageContent(blobs=blobs, documents=(*manifests, index))


def _document(directory: Path, descriptor: dict[str, Any]) -> Document:
    data = _path(directory, descriptor["digest"]).read_bytes()
    if digest_of(data) != descriptor["digest"]:
        raise RegistryError(f"{directory} is damaged at {descriptor['digest']}", fix="make the image again")
    return Document(media_type=descriptor["mediaType"], data=data)


def _path(directory: Path, digest: str) -> Path:
    return directory / oci_layout.BLOBS / digest.removeprefix("sha256:")
