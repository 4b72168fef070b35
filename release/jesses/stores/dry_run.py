"""A store that changes nothing: it reads through, and remembers what would have been written."""

import hashlib
import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jesses.base.digest import sha256_of
from jesses.stores import Head, ListedObject, Metadata, Store, StoredObject, keys


@dataclass(frozen=True, kw_only=True)
class StoreChange:
    """What would happen to an object; `size` is in bytes, 0 for one that is deleted."""

    key: str
    kind: Literal["new", "replaced", "deleted"]
    size: int


@dataclass(frozen=True, kw_only=True)
class _Written:
    source: Path | bytes
    head: Head


class DryRunStore:
    """Reads see what was written here before what is in `store`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._written: dict[str, _Written | None] = {}
        self._changes: dict[str, StoreChange] = {}

    @property
    def changes(self) -> tuple[StoreChange, ...]:
        """Every object that would be other than it is, in the order of the first write."""
        return tuple(self._changes.values())

    def get(self, key: str) -> StoredObject | None:
        if key not in self._written:
            return self._store.get(key)
        written = self._written[key]
        return StoredObject(data=_data(written.source), token=written.head.token) if written else None

    def head(self, key: str) -> Head | None:
        if key not in self._written:
            return self._store.head(key)
        written = self._written[key]
        return written.head if written else None

    def open(self, key: str, *, start: int = 0, size: int | None = None) -> io.BufferedReader | None:
        if key not in self._written:
            return self._store.open(key, start=start, size=size)
        found = self.get(key)
        end = None if size is None else start + size
        return io.BufferedReader(io.BytesIO(found.data[start:end])) if found else None

    def put_if_absent(self, key: str, source: Path | bytes, metadata: Metadata | None = None) -> str | None:
        return None if self.head(key) else self._write(key, source, metadata)

    def put_if_unchanged(
        self, key: str, data: bytes, token: str | None, metadata: Metadata | None = None
    ) -> str | None:
        head = self.head(key)
        return self._write(key, data, metadata) if (head.token if head else None) == token else None

    def put(self, key: str, data: bytes, metadata: Metadata | None = None) -> str:
        return self._write(key, data, metadata)

    def delete_if_unchanged(self, key: str, token: str) -> bool:
        head = self.head(key)
        if head is None or head.token != token:
            return False
        self._written[key] = None
        if self._store.head(key):
            self._changes[key] = StoreChange(key=key, kind="deleted", size=0)
        else:
            self._changes.pop(key, None)
        return True

    def list(self, prefix: str = "") -> Iterator[ListedObject]:
        found = {listed.key: listed for listed in self._store.list(prefix)}
        for key, written in self._written.items():
            found.pop(key, None)
            if written and key.startswith(prefix):
                found[key] = ListedObject(key=key, size=written.head.size, modified=time.time())
        return iter(sorted(found.values(), key=lambda listed: listed.key))

    def _write(self, key: str, source: Path | bytes, metadata: Metadata | None) -> str:
        digest = hashlib.sha256(source).hexdigest() if isinstance(source, bytes) else sha256_of(source)
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        replaced = self._store.head(keys.writable(key)) is not None
        head = Head(size=size, token=f"dry-run-{digest}", sha256=digest, metadata=metadata)
        self._written[key] = _Written(source=source, head=head)
        self._changes[key] = StoreChange(key=key, kind="replaced" if replaced else "new", size=size)
        return head.token


def _data(source: Path | bytes) -> bytes:
    return source if isinstance(source, bytes) else source.read_bytes()
