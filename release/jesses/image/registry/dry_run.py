"""A repository for a dry run: it reads from the registry, and notes what a release would write there."""

import threading
from typing import Final, Literal

from jesses.base.progress import Progress, no_progress
from jesses.image.manifest import Document, Manifest, parse
from jesses.image.registry.client import ImageRepository, UploadResult
from jesses.image.registry.transport import RegistryTransport
from jesses.image.registry.upload import Blob
from jesses.stores.dry_run import StoreChange


class DryRunRepository(ImageRepository):
    """Writes nothing to the registry: what would be written is found by later reads, and added to `changes`."""

    def __init__(self, transport: RegistryTransport, name: str, changes: list[StoreChange]) -> None:
        super().__init__(transport, name, writes=True)
        self._changes: Final = changes
        self._blobs: Final[set[str]] = set()
        self._documents: Final[dict[str, Document]] = {}
        self._lock: Final = threading.Lock()

    def has_blob(self, digest: str) -> bool:
        return digest in self._blobs or super().has_blob(digest)

    def put_blob(
        self,
        blob: Blob,
        *,
        progress: Progress = no_progress,  # noqa: ARG002 - nothing is sent
    ) -> UploadResult:
        """Note the blob, and say what would become of it."""
        if self.has_blob(blob.digest):
            return "present"
        self._blobs.add(blob.digest)
        if blob.origin and ImageRepository(self.transport, blob.origin).has_blob(blob.digest):
            return "mounted"
        self._note(f"@{blob.digest}", "new", blob.size)
        return "uploaded"

    def has_manifest(self, reference: str) -> bool:
        return reference in self._documents or super().has_manifest(reference)

    def find_manifest(self, reference: str) -> Document | None:
        return self._documents.get(reference) or super().find_manifest(reference)

    def put_manifest(self, document: Document, reference: str = "") -> bool:
        """Note the manifest, or that a tag would be added or moved."""
        if not self.has_manifest(document.digest):
            self._note(f"@{document.digest}", "new", len(document.data))
        self._documents[document.digest] = document
        if reference:
            kind: Literal["new", "replaced"] = "replaced" if self.has_manifest(reference) else "new"
            self._documents[reference] = document
            self._note(f":{reference}", kind, len(document.data))
        written = parse(document)
        return isinstance(written, Manifest) and written.subject is not None and self.lists_referrers()

    def tags(self) -> tuple[str, ...]:
        written = (reference for reference in self._documents if ":" not in reference)
        return tuple(dict.fromkeys((*super().tags(), *written)))

    def check_push(self) -> None:
        """See that we are known there; whether we may write shows only when something is written."""
        self.has_manifest("latest")

    def _note(self, what: str, kind: Literal["new", "replaced"], size: int) -> None:
        key = f"{self.transport.host}/{self.name}{what}"
        with self._lock:
            self._changes[:] = [change for change in self._changes if change.key != key]
            self._changes.append(StoreChange(key=key, kind=kind, size=size))
