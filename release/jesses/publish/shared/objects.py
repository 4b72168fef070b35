"""The objects of a repository: those that never change, the pointers, and the copies that follow a pointer."""

import io
from pathlib import Path

from jesses.base.errors import RepositoryError, StoreError
from jesses.stores import Store, StoredObject, sha256_of
from jesses.stores.edit import EditBytes, edit


class RepositoryObjects:
    """The objects below `prefix`. It counts those that it `uploaded` and those that were `present`.

    `pointers` are the keys of the mutable objects that it brought up to date.
    """

    def __init__(self, store: Store, prefix: str) -> None:
        self._store = store
        self._prefix = prefix
        self._listed: dict[str, str] = {}
        self._pointers: dict[str, None] = {}
        self.uploaded = self.present = 0

    @property
    def pointers(self) -> tuple[str, ...]:
        return tuple(self._pointers)

    def key(self, path: str) -> str:
        """The key of a path below the root of the repository."""
        return f"{self._prefix}/{path}"

    # Reading

    def get(self, path: str) -> StoredObject | None:
        return self._store.get(self.key(path))

    def sha256(self, path: str) -> str | None:
        """The digest of the object at `path`, or None where there is none."""
        return sha256_of(self._store, self.key(path))

    def token(self, path: str) -> str | None:
        head = self._store.head(self.key(path))
        return head.token if head else None

    def open(self, path: str) -> io.BufferedReader:
        """A stream of the object at `path`.

        Raises:
            RepositoryError: it is not there.

        """
        stream = self._store.open(self.key(path))
        if stream is None:
            raise self.missing(path)
        return stream

    def missing(self, path: str) -> RepositoryError:
        return RepositoryError(
            f"{self.key(path)} is missing from the repository",
            fix="restore it, make the indexes again with the tool that made them, or use another prefix",
        )

    # Immutable objects

    def put_immutable(self, path: str, source: Path | bytes, sha256: str) -> bool:
        """Write an object that never changes; False where there is another one."""
        new = self._store.put_if_absent(self.key(path), source) is not None
        if not new and self.sha256(path) != sha256:
            return False
        self._count(new=new)
        return True

    def note_listed(self, path: str, sha256: str) -> None:
        """Count an object that an index says is there: `verify` asks for it."""
        self._listed[path] = sha256
        self._count(new=False)

    def verify(self) -> None:
        """Look for what only an index spoke of. What was written needs no look: its write compared digests.

        Raises:
            StoreError: an object is gone, or another one.

        """
        for path, sha256 in self._listed.items():
            if self.sha256(path) != sha256:
                raise StoreError(
                    f"{self.key(path)} is not what was published", fix="restore it, then run again"
                )

    # Pointers

    def swap(self, path: str, data: bytes, token: str | None) -> str | None:
        """Replace the pointer that was read with `token`; gives the new one, or None if it moved."""
        self._pointers[self.key(path)] = None
        swapped = self._store.put_if_unchanged(self.key(path), data, token)
        self.uploaded += swapped is not None
        return swapped

    def edit(self, path: str, change: EditBytes) -> None:
        """Have the pointer hold what `change` makes of it, as `jesses.stores.edit` does; errors are the same."""
        self._pointers[self.key(path)] = None
        self.uploaded += edit(self._store, self.key(path), change)

    def copy(self, path: str, data: bytes) -> None:
        """Write what follows a pointer, whatever is there: the pointer is looked at again afterwards."""
        self._pointers[self.key(path)] = None
        self._store.put(self.key(path), data)
        self._count(new=True)

    def replace(self, path: str, data: bytes) -> None:
        """Bring a mutable object up to date; a writer that comes between is as right as we are."""
        stored = self.get(path)
        if stored and stored.data == data:
            self.note_right(path)
        else:
            self.swap(path, data, stored.token if stored else None)

    def note_right(self, path: str) -> None:
        """Count a mutable object that need not change."""
        self._pointers[self.key(path)] = None
        self._count(new=False)

    def note_pointer(self, path: str) -> None:
        """Name a mutable object whose state another one vouches for."""
        self._pointers[self.key(path)] = None

    def _count(self, *, new: bool) -> None:
        self.uploaded += new
        self.present += not new
