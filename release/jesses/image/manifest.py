"""The documents of an image, read and written: its index, its manifests, and the descriptors in them.

Formats: OCI image specification 1.1, "descriptor.md", "manifest.md" and "image-index.md". Docker's documents have
the same fields under media types of their own (https://distribution.github.io/distribution/spec/manifest-v2-2/).
What comes from a registry, an engine or a disk is read here, and nowhere else.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta, Struct

from jesses.base.digest import PATTERN
from jesses.base.documents import DocumentError, read_json, read_object
from jesses.base.errors import FormatError
from jesses.base.naming.arch import OCI, Arch

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX: Final = "application/vnd.oci.image.index.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
INDEX_TYPES: Final = (INDEX, "application/vnd.docker.distribution.manifest.list.v2+json")
MANIFEST_TYPES: Final = (MANIFEST, "application/vnd.docker.distribution.manifest.v2+json")

_OS: Final = "linux"
_ARCHS: Final[Mapping[str, Arch]] = {machine: arch for arch, machine in OCI.items()}

Digest = Annotated[str, Meta(pattern=PATTERN)]
"""`sha256:` and 64 hexadecimal digits; no other algorithm is in use."""


class Platform(Struct, frozen=True, kw_only=True):
    """What an image runs on; an amd64 image of Linux has `amd64` and `linux`."""

    architecture: str
    os: str

    @classmethod
    def of(cls, arch: Arch) -> "Platform":
        return cls(architecture=OCI[arch], os=_OS)

    @property
    def arch(self) -> Arch | None:
        """The architecture by our name; None for what no image of ours runs on."""
        return _ARCHS.get(self.architecture) if self.os == _OS else None


class Descriptor(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A reference to a blob or a document by its digest ("descriptor.md"). `size` is bytes."""

    media_type: str
    digest: Digest
    size: Annotated[int, Meta(ge=0)]
    platform: Platform | None = None
    artifact_type: str = ""
    annotations: Mapping[str, str] = {}

    @property
    def sha256(self) -> str:
        """The hexadecimal part of the digest."""
        return self.digest.removeprefix("sha256:")

    @property
    def path(self) -> str:
        """Where the blob lies in a layout ("image-layout.md")."""
        return f"blobs/{self.digest.replace(':', '/')}"

    @property
    def arch(self) -> Arch | None:
        """The architecture that the platform names, if it is one of ours."""
        return self.platform.arch if self.platform else None

    def document(self) -> dict[str, Any]:
        """The descriptor as JSON has it."""
        return _fields(self)


class Manifest(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An image for one architecture, or what is attached to an image ("manifest.md")."""

    media_type: str = MANIFEST
    artifact_type: str = ""
    config: Descriptor
    layers: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    annotations: Mapping[str, str] = {}

    def encode(self) -> "Document":
        """The manifest as bytes."""
        return _encoded(self)


class ImageIndex(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A list of manifests: an image of several architectures, or what refers to an image ("image-index.md")."""

    media_type: str = INDEX
    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = {}

    def encode(self) -> "Document":
        """The index as bytes."""
        return _encoded(self)


@dataclass(frozen=True, kw_only=True)
class Document:
    """A manifest or an index as it is stored: its exact bytes, which have the digest, and their media type."""

    media_type: str
    data: bytes

    @property
    def digest(self) -> str:
        return digest_of(self.data)

    @property
    def descriptor(self) -> Descriptor:
        """A reference to it."""
        return Descriptor(media_type=self.media_type, digest=self.digest, size=len(self.data))

    @property
    def json(self) -> dict[str, Any]:
        """The document with every field it has, unchecked.

        Raises:
            FormatError: it is not a JSON object.

        """
        try:
            return read_object(self.data)
        except DocumentError as error:
            raise FormatError(
                f"the manifest {self.digest} is not a JSON object: {error}", fix="push the image again"
            ) from error


@dataclass(frozen=True, kw_only=True)
class ImageDocuments:
    """An image of several architectures: its index, and the manifests that the index lists, in its order."""

    index: Document
    manifests: tuple[Document, ...]

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Configurations and layers, each once.

        Raises:
            FormatError: a manifest is not one.

        """
        manifests = [parse_manifest(document) for document in self.manifests]
        blobs = (blob for manifest in manifests for blob in (manifest.config, *manifest.layers))
        return tuple({blob.digest: blob for blob in blobs}.values())


T = TypeVar("T", Manifest, ImageIndex)


def parse(document: Document) -> Manifest | ImageIndex:
    """Read a manifest or an index; its fields say which it is.

    Raises:
        FormatError: it is neither, or both, or one of its descriptors is not one.

    """
    found = document.json
    if "manifests" not in found:
        return _read(document, Manifest, MANIFEST_TYPES)
    if "layers" in found or "config" in found:
        # Programs disagree about such a document: some would see one image, some another.
        raise _malformed(document, "it is a manifest and an index at once")
    return _read(document, ImageIndex, INDEX_TYPES)


def parse_manifest(document: Document) -> Manifest:
    """Read the manifest of an image or an attachment.

    Raises:
        FormatError: it is something else.

    """
    return _parse_as(document, Manifest)


def parse_index(document: Document) -> ImageIndex:
    """Read an index.

    Raises:
        FormatError: it is something else.

    """
    return _parse_as(document, ImageIndex)


def parse_descriptor(found: Mapping[str, Any]) -> Descriptor:
    """Read a descriptor that stands alone, as in a list that a registry makes.

    Raises:
        FormatError: it is not one.

    """
    try:
        return msgspec.convert(found, Descriptor)
    except ValueError as error:
        raise FormatError(f"a descriptor cannot be used: {error}", fix="push the image again") from error


def digest_of(data: bytes) -> str:
    """The digest of some bytes, as `sha256:<hex>`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def encode(document: object) -> bytes:
    """Compact JSON in the order of `document`."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _encoded(value: Manifest | ImageIndex) -> Document:
    fields = {"schemaVersion": 2, "mediaType": value.media_type, **_fields(value)}
    return Document(media_type=value.media_type, data=encode(fields))


def _fields(value: Struct) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(value)
    return found


def _parse_as(document: Document, kind: type[T]) -> T:
    found = parse(document)
    if not isinstance(found, kind):
        names = {Manifest: "a manifest", ImageIndex: "an index"}
        raise _malformed(document, f"it is {names[type(found)]}, where {names[kind]} should be")
    return found


def _read(document: Document, kind: type[T], media_types: Collection[str]) -> T:
    try:
        found = read_json(document.data, kind)
    except DocumentError as error:
        raise _malformed(document, str(error)) from error
    if found.media_type and found.media_type not in media_types:
        raise _malformed(document, f"its type is {found.media_type}")
    return found


def _malformed(document: Document, why: str) -> FormatError:
    return FormatError(
        f"the manifest {document.digest} is not as the OCI image specification has it: {why}",
        fix="push the image again, or use another one",
    )
