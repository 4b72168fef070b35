"""Where bytes live. A store knows objects and nothing of releases.

Keys are relative POSIX paths. Every write that decides anything is conditional, since several releases may run
at once. A token is opaque and changes whenever the object does.

Decisions: docs/decisions/stores.md
"""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object as it was read."""

    data: bytes
    token: str


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What a web server says of an object: the header fields Content-Type and Cache-Control."""

    content_type: str
    cache_control: str


@dataclass(frozen=True, kw_only=True)
class Head:
    """An object without its bytes; `size` is in bytes.

    `sha256` is None where the store knows no digest, `metadata` where it keeps none.
    """

    size: int
    token: str
    sha256: str | None
    metadata: Metadata | None = None


@dataclass(frozen=True, kw_only=True)
class ListedObject:
    """An object in a listing; `size` is in bytes, `modified` in seconds since 1970 UTC by the store's clock."""

    key: str
    size: int
    modified: float


class Store(Protocol):
    """An object store with conditional writes.

    Writes give the token of the new object, so that who wrote need not read. They take `metadata` where the
    convention of `jesses.stores.headers` does not fit. Every method raises `StoreError` when the store
    fails, and when bytes are not what their digest says.
    """

    def get(self, key: str) -> StoredObject | None:
        """The whole of an object that fits into memory, or None where there is none."""

    def head(self, key: str) -> Head | None:
        """What is known of an object without reading it, or None where there is none."""

    def open(self, key: str, *, start: int = 0, size: int | None = None) -> io.BufferedReader | None:
        """A stream of an object's bytes, or None where there is no object.

        It starts at `start`, gives at most `size` bytes (one or more), and holds little of them in memory. The
        caller closes it.
        """

    def put_if_absent(self, key: str, source: Path | bytes, metadata: Metadata | None = None) -> str | None:
        """Write an immutable object that must not exist yet; None (and no change) where it does."""

    def put_if_unchanged(
        self, key: str, data: bytes, token: str | None, metadata: Metadata | None = None
    ) -> str | None:
        """Replace the object that had `token` (None: there was none); None (and no change) if it moved."""

    def put(self, key: str, data: bytes, metadata: Metadata | None = None) -> str:
        """Write an object whatever is there.

        Only for copies that follow a pointer: their writer reads the pointer afterwards and writes them again
        if it moved. A condition would cost a read for each copy.
        """

    def delete_if_unchanged(self, key: str, token: str) -> bool:
        """Delete the object that has `token`; False (and no change) if it moved or is gone."""

    def list(self, prefix: str = "") -> Iterator[ListedObject]:
        """The objects whose keys start with `prefix`, sorted by key."""


def sha256_of(store: Store, key: str) -> str | None:
    """The digest of an object's bytes, or None where there is none; it is read where the store knows none."""
    head = store.head(key)
    if head and head.sha256:
        return head.sha256
    stream = store.open(key) if head else None
    if stream is None:
        return None
    with stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
