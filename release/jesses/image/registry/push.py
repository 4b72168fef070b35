"""Send an image to a repository: blobs in parallel, then manifests, then what lists them; never a tag."""

import threading
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jesses.base.errors import RegistryError
from jesses.base.progress import Progress, no_progress
from jesses.image.manifest import Document
from jesses.image.oci_layout import read_documents
from jesses.image.registry.client import ImageRepository
from jesses.image.registry.upload import Blob

THREADS: Final = 4


@dataclass(frozen=True, kw_only=True)
class ImageContent:
    """What is to be in a repository: blobs, and manifests with those first that others list."""

    blobs: tuple[Blob, ...]
    documents: tuple[Document, ...]

    def __add__(self, other: "ImageContent") -> "ImageContent":
        return ImageContent(blobs=self.blobs + other.blobs, documents=self.documents + other.documents)


def layout_content(directory: Path) -> ImageContent:
    """The image of the layout in `directory`.

    Raises:
        FormatError: the layout is damaged.

    """
    image = read_documents(directory)
    blobs = (Blob(digest=blob.digest, size=blob.size, source=directory / blob.path) for blob in image.blobs)
    return ImageContent(blobs=tuple(blobs), documents=(*image.manifests, image.index))


@dataclass(frozen=True, kw_only=True)
class PushResult:
    """How many blobs and manifests were sent, were taken over from another repository, were there already."""

    uploaded: int = 0
    mounted: int = 0
    present: int = 0
    sent: int = 0
    """Bytes of the blobs that were uploaded."""

    def __add__(self, other: "PushResult") -> "PushResult":
        return PushResult(**{key: value + getattr(other, key) for key, value in vars(self).items()})


class _Meter:
    """Adds up what threads send of the blobs of one image."""

    def __init__(self, name: str, blobs: Collection[Blob], progress: Progress) -> None:
        self._name = name
        self._sent = dict.fromkeys((blob.digest for blob in blobs), 0)
        self._total = sum(blob.size for blob in blobs)
        self._progress = progress
        self._lock = threading.Lock()

    def __call__(self, digest: str, sent: int, _total: int) -> None:
        with self._lock:
            self._sent[digest] = sent
            self._progress(self._name, sum(self._sent.values()), self._total)


def send(
    content: ImageContent,
    repository: ImageRepository,
    *,
    threads: int = THREADS,
    progress: Progress = no_progress,
) -> PushResult:
    """Have `content` in the repository. What is there already is not sent again.

    `progress` is told of the whole image, by the name of its repository; what is there already counts as sent.

    Raises:
        RegistryError: the registry refuses something, or failures did not pass; no tag has changed.

    """
    documents = {document.digest: document for document in content.documents}
    blobs = {blob.digest: blob for blob in content.blobs}
    top = next(reversed(documents), None)
    # A registry takes an index only when it has all that it lists.
    if top is None or repository.has_manifest(top):
        return PushResult(present=len(documents) + len(blobs))
    meter = _Meter(f"{repository.transport.host}/{repository.name}", blobs.values(), progress)

    def put(blob: Blob) -> str:
        outcome = repository.put_blob(blob, progress=meter)
        meter(blob.digest, blob.size, blob.size)
        return outcome

    largest_first = sorted(blobs.values(), key=lambda blob: -blob.size)
    with ThreadPoolExecutor(threads, thread_name_prefix="push") as pool:
        # Manifests may be asked for at any time: what is there has all that it lists.
        asked = [pool.submit(repository.has_manifest, digest) for digest in documents if digest != top]
        outcomes = dict(zip(largest_first, pool.map(put, largest_first), strict=True))
    found = Counter(outcomes.values())
    present = [answer.result() for answer in asked]
    for document, there in zip(documents.values(), [*present, False], strict=True):
        if not there:
            repository.put_manifest(document)
    return PushResult(
        uploaded=found["uploaded"] + len(documents) - sum(present),
        mounted=found["mounted"],
        present=found["present"] + sum(present),
        sent=sum(blob.size for blob, outcome in outcomes.items() if outcome == "uploaded"),
    )


def check(content: ImageContent, repository: ImageRepository, *, threads: int = THREADS) -> None:
    """See that all of `content` is in the repository.

    Raises:
        RegistryError: something is missing.

    """
    digests: dict[str, Callable[[str], bool]] = {
        **{document.digest: repository.has_manifest for document in content.documents},
        **{blob.digest: repository.has_blob for blob in content.blobs},
    }
    with ThreadPoolExecutor(threads, thread_name_prefix="check") as pool:
        found = pool.map(lambda item: item[1](item[0]), digests.items())
        missing = [digest for digest, there in zip(digests, found, strict=True) if not there]
    if missing:
        raise RegistryError(
            f"{repository.transport.host}/{repository.name} has not kept {', '.join(missing)}",
            fix="run again: what is missing is sent again",
        )
