"""A store in a local directory: atomic renames, and a lock file for the conditions."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from release.errors import StoreError
from release.stores import StoredObject

_LOCK = ".lock"
_FILE_MODE = 0o644
_DIRECTORY_MODE = 0o755


class DirectoryStore:
    """Objects are files below `root`; readers of the directory see each file whole, old or new."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def get(self, key: str) -> StoredObject | None:
        with _explained(f"read {key} in {self.root}"):
            try:
                data = self._path(key).read_bytes()
            except FileNotFoundError:
                return None
        return StoredObject(data=data, token=hashlib.sha256(data).hexdigest())

    def sha256(self, key: str) -> str | None:
        with _explained(f"read {key} in {self.root}"):
            try:
                with self._path(key).open("rb") as stream:
                    return hashlib.file_digest(stream, "sha256").hexdigest()
            except FileNotFoundError:
                return None

    def put_if_absent(self, key: str, source: Path | bytes) -> bool:
        with _explained(f"write {key} in {self.root}"), self._lock():
            path = self._path(key)
            if path.exists():
                return False
            self._replace(path, source)
        return True

    def put_if_unchanged(self, key: str, data: bytes, token: str | None) -> bool:
        with _explained(f"write {key} in {self.root}"), self._lock():
            current = self.get(key)
            if (current.token if current else None) != token:
                return False
            self._replace(self._path(key), data)
        return True

    def list(self, prefix: str = "") -> Iterator[str]:
        keys = (path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file())
        return iter(sorted(key for key in keys if key.startswith(prefix) and not _hidden(key)))

    def _path(self, key: str) -> Path:
        parts = PurePosixPath(key).parts
        if not parts or key.startswith("/") or ".." in parts or _hidden(key):
            raise StoreError(f"{key!r} is no key of a store", fix="use a relative path without '..'")
        return self.root / key

    def _replace(self, path: Path, source: Path | bytes) -> None:
        _make_directories(path.parent)
        descriptor, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as out:
                if isinstance(source, bytes):
                    out.write(source)
                else:
                    with source.open("rb") as stream:
                        shutil.copyfileobj(stream, out, 1 << 20)
                os.fchmod(out.fileno(), _FILE_MODE)
                out.flush()
                os.fsync(out.fileno())
            Path(name).replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(name).unlink()
            raise

    @contextmanager
    def _lock(self) -> Iterator[None]:
        _make_directories(self.root)
        with (self.root / _LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _hidden(key: str) -> bool:
    return any(part == _LOCK or part.startswith(".new-") for part in PurePosixPath(key).parts)


def _make_directories(path: Path) -> None:
    # The umask must not decide who may read a repository.
    missing = [path, *path.parents]
    for directory in reversed(missing):
        if not directory.exists():
            directory.mkdir(exist_ok=True)
            directory.chmod(_DIRECTORY_MODE)


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"cannot {what}: {error.strerror}", fix="check the path, its permissions and free space"
        ) from error
