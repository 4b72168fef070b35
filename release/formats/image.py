"""Container images from a payload alone: no engine, no base image, any architecture from any host.

What is written is an image layout of the OCI image specification 1.1.
"""

import hashlib
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from semver import Version

from release import spelling
from release.arch import MACHINES, OCI, Arch
from release.compression import Packer
from release.errors import FormatError
from release.formats import oci_layout, tar
from release.formats.oci_layout import Descriptor, LayoutWriter
from release.parallel import each
from release.payload import File, Payload, Symlink, parents

CREATOR: Final = "jesses"
"""What an image's history names as the maker of its layer."""

_NAME: Final = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
"""A repository's `<name>` (distribution specification, "Pulling manifests")."""
_REGISTRY: Final = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?")
_USER: Final = re.compile(r"[0-9]+(:[0-9]+)?")
_PORT: Final = re.compile(r"[0-9]+(-[0-9]+)?(/(tcp|udp|sctp))?")
_VARIABLE: Final = re.compile(r"[^=\0]+")
_HIGHEST_ID: Final = 2**31 - 1
"""Of users and groups: engines refuse more."""
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
    seconds since 1970 UTC: every time inside is this one.
    """

    name: str
    version: Version
    arch: Arch
    date: int
    payload: Payload
    config: ImageConfig = field(default_factory=ImageConfig)
    about: About = field(default_factory=About)


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
    packer.prepare(file.source for image in images for file in image.payload.files)
    manifests = tuple(each(lambda image: _write_manifest(image, layout, packer), images))
    index = oci_layout.index(manifest.descriptor.document() for manifest in manifests)
    descriptor = layout.put({**index, "annotations": _annotations(first)}, oci_layout.INDEX)
    layout.finish(descriptor, name=first.name, tag=tag)
    return ImageIndex(
        name=first.name,
        tag=tag,
        date=first.date,
        directory=directory,
        descriptor=descriptor,
        manifests=manifests,
    )


def _write_manifest(image: Image, layout: LayoutWriter, packer: Packer) -> Manifest:
    layer, diff_id = _write_layer(image, layout, packer)
    config = layout.put(_config(image, [diff_id]), oci_layout.CONFIG)
    document = {
        "schemaVersion": 2,
        "mediaType": oci_layout.MANIFEST,
        "config": config.document(),
        "layers": [layer.document()],
        "annotations": _annotations(image),
    }
    descriptor = replace(layout.put(document, oci_layout.MANIFEST), arch=image.arch)
    return Manifest(arch=image.arch, descriptor=descriptor, config=config, layers=(layer,))


def _write_layer(image: Image, layout: LayoutWriter, packer: Packer) -> tuple[Descriptor, str]:
    """The payload as a layer, and the digest of its tar archive before compression."""
    plain = hashlib.sha256()
    with layout.blob(oci_layout.LAYER) as blob:
        gzip = packer.gzip(blob.stream, plain_digest=plain)
        tar.add_payload(gzip, image.payload.with_parents(), packer, prefix="", date=image.date)
        gzip.close()
    return blob.descriptor, f"sha256:{plain.hexdigest()}"


def _config(image: Image, diff_ids: list[str]) -> dict[str, Any]:
    config = image.config
    run = {
        "User": config.user,
        "ExposedPorts": {port: {} for port in sorted(config.exposed_ports)},
        "Env": [f"{name}={value}" for name, value in config.env.items()],
        "Entrypoint": config.entrypoint,
        "Cmd": config.cmd,
        "Volumes": {path: {} for path in sorted(config.volumes)},
        "WorkingDir": config.working_dir,
        "Labels": dict(sorted({**_annotations(image), **config.labels}.items())),
    }
    return {
        "created": _rfc3339(image.date),
        "architecture": OCI[image.arch],
        "os": "linux",
        "config": {key: value for key, value in run.items() if value},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [{"created": _rfc3339(image.date), "created_by": CREATOR} for _ in diff_ids],
    }


def _annotations(image: Image) -> dict[str, str]:
    about = {**vars(image.about), "version": str(image.version), "created": _rfc3339(image.date)}
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
    if not isinstance(entry, File):
        yield f"it is to run {program}, which is not in it"
    elif not entry.mode & 0o111:
        yield f"it is to run {program}, which is not executable"


def _is_user(text: str) -> bool:
    return bool(_USER.fullmatch(text)) and all(int(part) <= _HIGHEST_ID for part in text.split(":"))
