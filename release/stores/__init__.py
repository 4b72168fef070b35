"""Where bytes live. A store knows objects and nothing of releases.

Keys are relative POSIX paths. Every write is conditional, since several releases may run at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object as it was read; `token` is opaque and changes whenever the object does."""

    data: bytes
    token: str


class Store(Protocol):
    """An object store with conditional writes; every method raises `StoreError` when the store fails."""

    def get(self, key: str) -> StoredObject | None:
        """The object, or None where there is none."""

    def sha256(self, key: str) -> str | None:
        """The digest of the object's bytes, or None where there is none."""

    def put_if_absent(self, key: str, source: Path | bytes) -> bool:
        """Write an object that must not exist yet; False (and no change) where it does."""

    def put_if_unchanged(self, key: str, data: bytes, token: str | None) -> bool:
        """Replace the object that was read with `token` (None: there was none); False if it changed."""

    def list(self, prefix: str = "") -> Iterator[str]:
        """The keys below `prefix`, sorted."""
