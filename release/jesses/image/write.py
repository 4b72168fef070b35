"""Write an image: no engine, any architecture from any host, and the same image gives the same bytes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from jesses.base.naming import spelling
from jesses.base.naming.arch import MACHINES, OCI
from jesses.base.parallel import ordered_map
from jesses.base.payload import Payload
from jesses.image import layers
from jesses.image.check import check
from jesses.image.config_file import ConfigFile, RootFs
from jesses.image.manifest import CONFIG, LAYER, Descriptor, ImageIndex, Manifest, Platform
from jesses.image.model import LAYER_TIME, Image
from jesses.image.oci_layout import ArchImage, ImageLayout, LayoutWriter
from jesses.package.compression import Archive, Packer
from jesses.package.formats import tar

CREATOR: Final = "jesses"
"""What an image's history names as the maker of its layer."""


def write_layout(images: Sequence[Image], directory: Path, packer: Packer) -> ImageLayout:
    """Write one image, given once for each architecture, as an OCI layout into `directory`, made here.

    Raises:
        FormatError: an image cannot be: a name, an owner or an entry point that no engine takes.

    """
    check(images)
    images = sorted(images, key=lambda image: MACHINES.index(image.arch))
    first = images[0]
    tag = spelling.oci_tag(first.version)
    layout = LayoutWriter(directory)
    packer.prepare(file for image in images for file in image.payload.files)
    stacks = [_layers(image, packer) for image in images]
    # Those of many files begin first: their headers are what threads cannot share.
    written = ordered_map(
        lambda payload: _write_layer(payload, layout, packer),
        [payload for stack in stacks for payload in stack],
        cost=len,
    )
    made = tuple(
        _write_manifest(image, list(islice(written, len(stack))), layout)
        for image, stack in zip(images, stacks, strict=True)
    )
    index = ImageIndex(
        manifests=tuple(each.descriptor for each in made),
        annotations=_annotations(first, first.base.index_digest if first.base else ""),
    )
    descriptor = layout.put_document(index.encode())
    layout.finish(descriptor, name=first.name, tag=tag)
    return ImageLayout(
        name=first.name, tag=tag, date=first.date, directory=directory, descriptor=descriptor, images=made
    )


def _write_manifest(image: Image, own: Sequence[tuple[Descriptor, str]], layout: LayoutWriter) -> ArchImage:
    """The manifest of `image`, whose `own` layers are written, each with its digest before compression."""
    below = image.base.layers if image.base else ()
    for layer in below:
        layout.adopt(layer, image.base.path(layer) if image.base else Path())
    config = _config(image, [diff_id for _, diff_id in own])
    manifest = Manifest(
        config=layout.put(config.document(), CONFIG),
        layers=(*below, *(layer for layer, _ in own)),
        annotations=_annotations(image, image.base.digest if image.base else ""),
    )
    descriptor = layout.put_document(manifest.encode())
    return ArchImage(descriptor=replace(descriptor, platform=Platform.of(image.arch)), manifest=manifest)


def _layers(image: Image, packer: Packer) -> tuple[Payload, ...]:
    planned = layers.plan(
        image.payload,
        groups=image.groups,
        large=image.large,
        size=lambda file: packer.pack(file.source).size,
        whole_paths=image.base is None,
    )
    # An image has a layer, even if nothing is in it.
    return planned or (() if image.base else (image.payload,))


def _write_layer(payload: Payload, layout: LayoutWriter, packer: Packer) -> tuple[Descriptor, str]:
    """The payload as a layer, and the digest of its tar archive before compression."""

    def put(archive: Archive) -> None:
        tar.add_payload(archive, payload, packer, prefix="", date=LAYER_TIME)

    archive = packer.gzip()
    put(archive)
    stream = archive.close()
    blob = layout.put_blob(stream.rope, packer.sha256(stream), LAYER)
    return blob, f"sha256:{packer.plain_sha256(stream, put)}"


def _config(image: Image, diff_ids: Sequence[str]) -> ConfigFile:
    base = image.base.config if image.base else None
    below = base.history or () if base else ()
    history = [{"created": _rfc3339(image.date), "created_by": CREATOR} for _ in diff_ids]
    return ConfigFile(
        variant=base.variant if base else None,
        created=_rfc3339(image.date),
        architecture=OCI[image.arch],
        os="linux",
        config={key: value for key, value in _run(image).items() if value},
        rootfs=RootFs(diff_ids=(*(image.base.diff_ids if image.base else ()), *diff_ids)),
        history=(*below, *history),
    )


def _run(image: Image) -> dict[str, Any]:
    """How to run it: what the base says, and over it what the image says, as in a Dockerfile."""
    config, below = image.config, image.base.run if image.base else {}
    inherited = dict(entry.partition("=")[::2] for entry in below.get("Env") or ())
    # A new entry point makes the old arguments meaningless.
    cmd = config.cmd or (() if config.entrypoint else below.get("Cmd"))
    labels = {**(below.get("Labels") or {}), **_annotations(image), **config.labels}
    ports = {**(below.get("ExposedPorts") or {}), **{port: {} for port in sorted(config.exposed_ports)}}
    return {
        **below,
        "User": config.user or below.get("User"),
        "ExposedPorts": ports,
        "Env": [f"{name}={value}" for name, value in {**inherited, **config.env}.items()],
        "Entrypoint": config.entrypoint or below.get("Entrypoint"),
        "Cmd": cmd,
        "Volumes": {**(below.get("Volumes") or {}), **{path: {} for path in sorted(config.volumes)}},
        "WorkingDir": config.working_dir or below.get("WorkingDir"),
        "Labels": dict(sorted(labels.items())),
    }


def _annotations(image: Image, base_digest: str = "") -> dict[str, str]:
    about = {**vars(image.about), "version": str(image.version), "created": _rfc3339(image.date)}
    if image.base and image.base.name and base_digest:
        about |= {"base.name": image.base.name, "base.digest": base_digest}
    return {f"org.opencontainers.image.{key}": value for key, value in sorted(about.items()) if value}


def _rfc3339(date: int) -> str:
    return datetime.fromtimestamp(date, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
