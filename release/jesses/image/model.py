"""Container images from payload files, alone or on a base: no engine, any architecture from any host.

What is written is an image layout of the OCI image specification 1.1.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from semver import Version

from jesses.base.errors import FormatError
from jesses.base.naming import spelling
from jesses.base.naming.arch import MACHINES, OCI, Arch
from jesses.base.parallel import ordered_map
from jesses.base.payload import File, Payload, Symlink, parents
from jesses.image import layers, oci_layout
from jesses.image.base import Base
from jesses.image.oci_layout import Descriptor, LayoutWriter
from jesses.package.compression import Archive, Packer
from jesses.package.formats import tar

CREATOR: Final = "jesses"
"""What an image's history names as the maker of its layer."""

LAYER_TIME: Final = 1
"""Seconds since 1970 UTC, of every file: with the date of a version, a layer would be new in each.

Not 0, which some programs take for no time at all.
"""

_NAME: Final = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
"""A repository's `<name>` (distribution specification, "Pulling manifests")."""
_REGISTRY: Final = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?")
_USER: Final = re.compile(r"[0-9]+(:[0-9]+)?")
_PORT: Final = re.compile(r"[0-9]+(-[0-9]+)?(/(tcp|udp|sctp))?")
_VARIABLE: Final = re.compile(r"[^=\0]+")
_HIGHEST_ID: Final = 2**31 - 1
"""Of users and groups: engines refuse more."""
_MERGED: Final = ("/bin/", "/sbin/", "/lib/", "/lib64/")
"""Where distributions keep links to /usr."""
_WHITEOUT: Final = ".wh."
"""Such names delete files of lower layers ("layer.md", "Whiteouts")."""


@dataclass(frozen=True, kw_only=True)
class ImageConfig:
    """What an engine needs to run the image ("config.md").

    `user` is `<uid>` or `<uid>:<gid>`: there is no /etc/passwd to look a name up. `exposed_ports` are
    `<port>`, `<port>/tcp` or `<port>/udp`.
    """

    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    exposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    working_dir: str = ""


@dataclass(frozen=True, kw_only=True)
class About:
    """What the image says of itself: the annotations `org.opencontainers.image.*` ("annotations.md").

    `revision` is the commit, `source` the URL of the repository, `licenses` an SPDX expression. Empty ones
    are left out.
    """

    title: str = ""
    description: str = ""
    licenses: str = ""
    vendor: str = ""
    authors: str = ""
    url: str = ""
    documentation: str = ""
    source: str = ""
    revision: str = ""


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image for one architecture, resolved; a value, so the same image gives the same bytes.

    `name` is a repository name, with or without a registry (`kestrel`, `ghcr.io/example/kestrel`). `date` is
    seconds since 1970 UTC, and when the image was created. Files inside have `LAYER_TIME` instead.
    """

    name: str
    version: Version
    arch: Arch
    date: int
    payload: Payload
    large: int
    """Bytes from which on a file gets a layer of its own."""
    config: ImageConfig = field(default_factory=ImageConfig)
    about: About = field(default_factory=About)
    base: Base | None = None
    groups: tuple[tuple[str, ...], ...] = ()
    """Paths that share a layer."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """One architecture of an image, as it lies in a layout."""

    arch: Arch
    descriptor: Descriptor
    config: Descriptor
    layers: tuple[Descriptor, ...]

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Every blob of this architecture, each once."""
        return tuple(dict.fromkeys((self.descriptor, self.config, *self.layers)))


@dataclass(frozen=True, kw_only=True)
class ImageIndex:
    """A multi-arch image in a layout: its index, and a manifest for each architecture."""

    name: str
    tag: str
    date: int
    directory: Path
    descriptor: Descriptor
    manifests: tuple[Manifest, ...]

    @property
    def size(self) -> int:
        """Bytes of all blobs."""
        blobs = {blob.digest: blob.size for manifest in self.manifests for blob in manifest.blobs}
        return self.descriptor.size + sum(blobs.values())


def write_layout(images: Sequence[Image], directory: Path, packer: Packer) -> ImageIndex:
    """Write one image, given once for each architecture, as an OCI layout into `directory`, made here.

    Raises:
        FormatError: an image cannot be: a name, an owner or an entry point that no engine takes.

    """
    _check(images)
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
    manifests = tuple(
        _write_manifest(image, list(islice(written, len(stack))), layout)
        for image, stack in zip(images, stacks, strict=True)
    )
    index = oci_layout.index(manifest.descriptor.document() for manifest in manifests)
    about = _annotations(first, first.base.index_digest if first.base else "")
    descriptor = layout.put({**index, "annotations": about}, oci_layout.INDEX)
    layout.finish(descriptor, name=first.name, tag=tag)
    return ImageIndex(
        name=first.name,
        tag=tag,
        date=first.date,
        directory=directory,
        descriptor=descriptor,
        manifests=manifests,
    )


def _write_manifest(image: Image, own: Sequence[tuple[Descriptor, str]], layout: LayoutWriter) -> Manifest:
    """The manifest of `image`, whose `own` layers are written, each with its digest before compression."""
    below = image.base.layers if image.base else ()
    for layer in below:
        layout.adopt(layer, image.base.path(layer) if image.base else Path())
    config = layout.put(_config(image, [diff_id for _, diff_id in own]), oci_layout.CONFIG)
    stack = (*below, *(layer for layer, _ in own))
    document = {
        "schemaVersion": 2,
        "mediaType": oci_layout.MANIFEST,
        "config": config.document(),
        "layers": [layer.document() for layer in stack],
        "annotations": _annotations(image, image.base.digest if image.base else ""),
    }
    descriptor = replace(layout.put(document, oci_layout.MANIFEST), arch=image.arch)
    return Manifest(arch=image.arch, descriptor=descriptor, config=config, layers=stack)


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
    blob = layout.put_blob(stream.rope, packer.sha256(stream), oci_layout.LAYER)
    return blob, f"sha256:{packer.plain_sha256(stream, put)}"


def _config(image: Image, diff_ids: list[str]) -> dict[str, Any]:
    base: Mapping[str, Any] = image.base.config if image.base else {}
    history = [{"created": _rfc3339(image.date), "created_by": CREATOR} for _ in diff_ids]
    return {
        **({"variant": base["variant"]} if "variant" in base else {}),
        "created": _rfc3339(image.date),
        "architecture": OCI[image.arch],
        "os": "linux",
        "config": {key: value for key, value in _run(image).items() if value},
        "rootfs": {"type": "layers", "diff_ids": [*(image.base.diff_ids if image.base else ()), *diff_ids]},
        "history": [*base.get("history", ()), *history],
    }


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


def _check(images: Sequence[Image]) -> None:
    if len({(image.name, image.version, image.date) for image in images}) != 1:
        raise FormatError(
            "a layout holds one name, version and date", fix="give one image, once for each architecture"
        )
    problems = list(dict.fromkeys(problem for image in images for problem in _problems(image)))
    if len({image.arch for image in images}) != len(images):
        problems.append("an architecture is given twice")
    if problems:
        raise FormatError(
            f"the image {images[0].name} cannot be made:\n    " + "\n    ".join(problems),
            fix="correct the image in release.toml",
        )


def _problems(image: Image) -> Iterator[str]:
    registry, name = oci_layout.split_name(image.name)
    if not (_REGISTRY.fullmatch(registry) and _NAME.fullmatch(name)):
        yield f"{image.name!r} is no image name: use lower-case letters, digits and single '.', '_', '-', '/'"
    if image.arch not in OCI:
        yield f"an image is made for one of {', '.join(MACHINES)}, not for {image.arch}"
    yield from _config_problems(image.config)
    yield from _payload_problems(image.payload)
    yield from _program_problems(image)
    if image.base:
        yield from (
            f"{entry.path}: in a base /{entry.path.split('/')[1]} may be a link, which this would replace: "
            f"use /usr{entry.path}"
            for entry in image.payload
            if entry.path.startswith(_MERGED)
        )


def _config_problems(config: ImageConfig) -> Iterator[str]:
    if config.user and not _is_user(config.user):
        yield f"user {config.user!r} is not <uid> or <uid>:<gid>; the image has no /etc/passwd to look it up"
    for port in config.exposed_ports:
        if not _PORT.fullmatch(port):
            yield f"exposed port {port!r} is not like 8080, 8080/tcp or 8080/udp"
    for path in filter(None, (config.working_dir, *config.volumes)):
        if not path.startswith("/") or posixpath.normpath(path) != path:
            yield f"{path!r} is not an absolute path without '.', '..' or '//'"
    for name in config.env:
        if not _VARIABLE.fullmatch(name):
            yield f"{name!r} is no name of an environment variable"


def _payload_problems(payload: Payload) -> Iterator[str]:
    for entry in payload:
        for owner in (entry.owner, entry.group):
            if owner != "root" and not (owner.isdecimal() and _is_user(owner)):
                yield f"{entry.path} belongs to {owner!r}: without /etc/passwd write root or a number"
        if posixpath.basename(entry.path).startswith(_WHITEOUT):
            yield f"{entry.path}: in an image, names that begin with {_WHITEOUT!r} delete files"


def _program_problems(image: Image) -> Iterator[str]:
    """A program that is named by its whole path must be there, unless a symbolic link may lead to it."""
    program = next(iter((*image.config.entrypoint, *image.config.cmd)), "")
    if not program.startswith("/"):
        return
    entries = {entry.path: entry for entry in image.payload}
    on_the_way = [entries.get(path) for path in (program, *parents(program))]
    if any(isinstance(entry, Symlink) for entry in on_the_way):
        return
    entry = entries.get(program)
    if entry is None and image.base:
        return
    if not isinstance(entry, File):
        yield f"it is to run {program}, which is not in it"
    elif not entry.mode & 0o111:
        yield f"it is to run {program}, which is not executable"


def _is_user(text: str) -> bool:
    return bool(_USER.fullmatch(text)) and all(int(part) <= _HIGHEST_ID for part in text.split(":"))
