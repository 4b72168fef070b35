"""A store in a local directory: atomic renames, and a lock file for the conditions."""

import fcntl
import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from jesses.base.bytes.atomic import PUBLIC, UNFINISHED, replacing
from jesses.base.bytes.span import Span
from jesses.base.errors import StoreError
from jesses.stores import Head, ListedObject, Metadata, StoredObject, keys

_LOCK = ".lock"
_DIRECTORY_MODE = 0o755
_BLOCK = 1 << 20


class DirectoryStore:
    """Objects are files below `root`; readers of the directory see each file whole, old or new.

    A token is the digest of the bytes. Metadata are not kept: they are for the web server to know.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def get(self, key: str) -> StoredObject | None:
        with self._explained("read", key):
            try:
                data = self._path(key).read_bytes()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return None
        return StoredObject(data=data, token=hashlib.sha256(data).hexdigest())

    def head(self, key: str) -> Head | None:
        stream = self.open(key)
        if stream is None:
            return None
        with stream, self._explained("read", key):
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            return Head(size=stream.tell(), token=digest, sha256=digest)

    def open(self, key: str, *, start: int = 0, size: int | None = None) -> io.BufferedReader | None:
        with self._explained("read", key):
            try:
                stream = self._path(key).open("rb")
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return None
            stream.seek(start)
        return stream if size is None else io.BufferedReader(Span(stream, size))

    def put_if_absent(
        self,
        key: str,
        source: Path | bytes,
        metadata: Metadata | None = None,  # noqa: ARG002
    ) -> str | None:
        with self._writing(key) as path:
            return None if path.exists() else _replace(path, source)

    def put_if_unchanged(
        self,
        key: str,
        data: bytes,
        token: str | None,
        metadata: Metadata | None = None,  # noqa: ARG002
    ) -> str | None:
        with self._writing(key) as path:
            return _replace(path, data) if self._token(key) == token else None

    def put(self, key: str, data: bytes, metadata: Metadata | None = None) -> str:  # noqa: ARG002
        with self._writing(key) as path:
            return _replace(path, data)

    def delete_if_unchanged(self, key: str, token: str) -> bool:
        with self._explained("delete", key), self._lock():
            if self._token(key) != token:
                return False
            self._path(key).unlink()
        return True

    def list(self, prefix: str = "") -> Iterator[ListedObject]:
        with self._explained("list", prefix):
            yield from sorted(self._listed(prefix), key=lambda found: found.key)

    def _listed(self, prefix: str) -> Iterator[ListedObject]:
        # Only what lies below the last directory of the prefix can match.
        for directory, _, names in os.walk(self.root / prefix.rpartition("/")[0]):
            for path in (Path(directory) / name for name in names):
                key = path.relative_to(self.root).as_posix()
                if key.startswith(prefix) and not _hidden(key):
                    status = path.stat()
                    yield ListedObject(key=key, size=status.st_size, modified=status.st_mtime)

    def _token(self, key: str) -> str | None:
        head = self.head(key)
        return head.token if head else None

    def _path(self, key: str) -> Path:
        if _hidden(keys.readable(key)):
            raise StoreError(f"{key!r} is no key of a store", fix=f"'{_LOCK}' and '{UNFINISHED}' are its own")
        return self.root / key

    @contextmanager
    def _writing(self, key: str) -> Iterator[Path]:
        with self._explained("write", key), self._lock():
            yield self._path(keys.writable(key))

    @contextmanager
    def _lock(self) -> Iterator[None]:
        _make_directories(self.root)
        with (self.root / _LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _explained(self, what: str, key: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"cannot {what} {key} in {self.root}: {error.strerror}",
                fix="check the path, its permissions and free space",
            ) from error


def _hidden(key: str) -> bool:
    return any(part == _LOCK or part.startswith(UNFINISHED) for part in PurePosixPath(key).parts)


def _replace(path: Path, source: Path | bytes) -> str:
    _make_directories(path.parent)
    with replacing(path, mode=PUBLIC, sync=True) as out:
        return _copy(source, out)


def _copy(source: Path | bytes, out: BinaryIO) -> str:
    """Copy, and give the digest of what was copied."""
    digest = hashlib.sha256()
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
            out.write(block)
    return digest.hexdigest()


def _make_directories(path: Path) -> None:
    # The umask must not decide who may read a repository.
    missing = [path, *path.parents]
    for directory in reversed(missing):
        if not directory.exists():
            directory.mkdir(exist_ok=True)
            directory.chmod(_DIRECTORY_MODE)
