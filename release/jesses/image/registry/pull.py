"""Fetch an image to build on: what it is for each architecture, and its layers, kept for the next time."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jesses.base.digest import sha256_of
from jesses.base.errors import RegistryError
from jesses.base.naming.arch import Arch
from jesses.image.base import Base, passed_on
from jesses.image.config_file import parse_config
from jesses.image.manifest import (
    Descriptor,
    Document,
    ImageDocuments,
    ImageIndex,
    parse,
    parse_index,
    parse_manifest,
)
from jesses.image.oci_layout import LayoutWriter
from jesses.image.registry.client import ImageRepository
from jesses.image.registry.reference import Reference

_THREADS: Final = 4


@dataclass(frozen=True, kw_only=True)
class BlobCache:
    """Blobs in `directory`, named by the hexadecimal part of their digests; several runs may share it."""

    directory: Path

    def fetch(self, blob: Descriptor, repository: ImageRepository) -> None:
        """Have the blob here, whole.

        Raises:
            RegistryError: the registry has not got it, or gives other bytes.

        """
        path = self.directory / blob.sha256
        if path.is_file() and sha256_of(path) == blob.sha256:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        repository.fetch_blob(blob.digest, path)


def pull_bases(
    reference: Reference,
    repository: ImageRepository,
    archs: Iterable[Arch],
    cache: BlobCache,
    *,
    digest: str = "",
) -> dict[Arch, Base]:
    """The image of `reference` for each of `archs`; with a `digest`, that one, whatever the tag shows by now.

    Raises:
        RegistryError: it is not there, not for one of them, or damaged.
        FormatError: a document of it cannot be used, or a layer may not be passed on.

    """
    top = repository.manifest(digest or reference.target)
    wanted = tuple(archs)
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="pull") as pool:
        found = tuple(pool.map(lambda arch: _base(reference, top, repository, arch, cache), wanted))
        layers = {each.digest: each for base in found for each in base.layers}
        list(pool.map(lambda blob: cache.fetch(blob, repository), layers.values()))
    return dict(zip(wanted, found, strict=True))


def pull_layout(
    index: Document, repository: ImageRepository, directory: Path, *, name: str, tag: str
) -> None:
    """Write the image of `index`, one of ours, as a layout into `directory`, made here.

    Raises:
        RegistryError: something of it is missing, or its bytes are not those of its digest.
        FormatError: it is no such image.

    """
    listed = parse_index(index).manifests
    image = ImageDocuments(
        index=index, manifests=tuple(repository.manifest(entry.digest) for entry in listed)
    )
    writer = LayoutWriter(directory)
    for document in (*image.manifests, index):
        writer.put_document(document)
    for blob in sorted(image.blobs, key=lambda blob: blob.digest):
        repository.fetch_blob(blob.digest, directory / blob.path)
    writer.finish(index.descriptor, name=name, tag=tag)


def _base(
    reference: Reference, top: Document, repository: ImageRepository, arch: Arch, cache: BlobCache
) -> Base:
    document = _manifest(reference, top, repository, arch)
    manifest = parse_manifest(document)
    config = parse_config(repository.read_blob(manifest.config.digest), name=str(reference))
    if config.arch != arch:
        raise _not_for(reference, arch)
    return Base(
        name=str(reference),
        digest=document.digest,
        index_digest=top.digest,
        config=config,
        layers=tuple(passed_on(layer, name=str(reference)) for layer in manifest.layers),
        directory=cache.directory,
    )


def _manifest(reference: Reference, top: Document, repository: ImageRepository, arch: Arch) -> Document:
    found = parse(top)
    if not isinstance(found, ImageIndex):
        return top
    for entry in found.manifests:
        if entry.arch == arch:
            return repository.manifest(entry.digest)
    raise _not_for(reference, arch)


def _not_for(reference: Reference, arch: Arch) -> RegistryError:
    return RegistryError(
        f"the base {reference} is not there for {arch}",
        fix="use a base that is, or leave the architecture out of the image",
    )
