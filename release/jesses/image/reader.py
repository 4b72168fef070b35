"""Read an image back from its layout."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jesses.base.naming.arch import OCI
from jesses.image import oci_layout
from jesses.image.model import ImageIndex, Manifest
from jesses.image.oci_layout import Descriptor

_ARCHS = {machine: arch for arch, machine in OCI.items()}


def read(directory: Path, *, name: str, tag: str, date: int) -> ImageIndex:
    """The image whose layout, one of ours, is in `directory`."""
    [top] = _json(directory / oci_layout.INDEX_FILE)["manifests"]
    listed = _json(directory / _descriptor(top).path)["manifests"]
    return ImageIndex(
        name=name,
        tag=tag,
        date=date,
        directory=directory,
        descriptor=_descriptor(top),
        manifests=tuple(_manifest(directory, entry) for entry in listed),
    )


def _manifest(directory: Path, entry: Mapping[str, Any]) -> Manifest:
    descriptor = _descriptor(entry)
    document = _json(directory / descriptor.path)
    arch = _ARCHS[entry["platform"]["architecture"]]
    return Manifest(
        arch=arch,
        descriptor=Descriptor(
            media_type=descriptor.media_type, digest=descriptor.digest, size=descriptor.size, arch=arch
        ),
        config=_descriptor(document["config"]),
        layers=tuple(_descriptor(layer) for layer in document["layers"]),
    )


def _descriptor(document: Mapping[str, Any]) -> Descriptor:
    return Descriptor(media_type=document["mediaType"], digest=document["digest"], size=document["size"])


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found
