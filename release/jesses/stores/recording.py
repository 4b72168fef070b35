"""A store that remembers what was written through it, in the words of a dry run."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from jesses.stores import Head, ListedObject, Metadata, Store, StoredObject
from jesses.stores.dry_run import StoreChange


class RecordedStore:
    """Passes everything on to `store`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changes: dict[str, StoreChange] = {}

    @property
    def changes(self) -> tuple[StoreChange, ...]:
        """Every object that is other than it was, in the order of the first write."""
        return tuple(self._changes.values())

    def get(self, key: str) -> StoredObject | None:
        return self._store.get(key)

    def head(self, key: str) -> Head | None:
        return self._store.head(key)

    def open(self, key: str, *, start: int = 0, size: int | None = None) -> io.BufferedReader | None:
        return self._store.open(key, start=start, size=size)

    def put_if_absent(self, key: str, source: Path | bytes, metadata: Metadata | None = None) -> str | None:
        token = self._store.put_if_absent(key, source, metadata)
        if token:
            size = len(source) if isinstance(source, bytes) else source.stat().st_size
            self._note(key, "new", size)
        return token

    def put_if_unchanged(
        self, key: str, data: bytes, token: str | None, metadata: Metadata | None = None
    ) -> str | None:
        written = self._store.put_if_unchanged(key, data, token, metadata)
        if written:
            self._note(key, "replaced" if token else "new", len(data))
        return written

    def put(self, key: str, data: bytes, metadata: Metadata | None = None) -> str:
        token = self._store.put(key, data, metadata)
        self._note(key, "replaced", len(data))
        return token

    def delete_if_unchanged(self, key: str, token: str) -> bool:
        deleted = self._store.delete_if_unchanged(key, token)
        if deleted:
            self._note(key, "deleted", 0)
        return deleted

    def list(self, prefix: str = "") -> Iterator[ListedObject]:
        return self._store.list(prefix)

    def _note(self, key: str, kind: Literal["new", "replaced", "deleted"], size: int) -> None:
        before = self._changes.get(key)
        if before and before.kind == "new":
            if kind == "deleted":
                del self._changes[key]
                return
            kind = "new"
        self._changes[key] = StoreChange(key=key, kind=kind, size=size)
