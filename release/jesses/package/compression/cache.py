"""What was compressed before, kept across runs and shared by jobs: a directory of small files.

An entry is written to another file and renamed, so that other jobs see all of it or nothing. Its checksum tells a
damaged one, which is then made anew. Nothing here ever fails a run: a cache that cannot be read or written is no
cache. But nobody may write to an entry while a run has it: large ones are mapped, and the kernel ends a process
whose mapped file becomes shorter.
"""

import mmap
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zlib_ng import zlib_ng

from jesses.base.bytes.atomic import UNFINISHED, replacing
from jesses.base.bytes.rope import Piece, Rope
from jesses.base.errors import ConfigError, OutputError

SIZE: Final = 2 << 30
"""Bytes that a cache may hold unless something else is said."""

DIRECTORY_VARIABLE: Final = "JESSES_CACHE_DIR"
SIZE_VARIABLE: Final = "JESSES_CACHE_SIZE"
"""In MiB; 0 switches the cache off."""

_MAPPED: Final = 256 << 10
"""Bytes of an entry that is mapped, not read: new memory takes longer than anything else that is done with it.
"""

_MAGIC: Final = b"jesses\0\2"
_CHECKSUM: Final = 4
_HOUR: Final = 3_600
_DAY: Final = 86_400
_MEBIBYTE: Final = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Cache:
    """Entries by hexadecimal key, apart for each kind of content; together at most `size` bytes after `trim`.

    Used entries are touched, once an hour, so that those that nobody used for longest go first.
    """

    directory: Path
    size: int = SIZE

    @classmethod
    def configured(cls, environment: Mapping[str, str]) -> "Cache | None":
        """The cache that the environment asks for; None where its size is 0.

        Raises:
            ConfigError: the size is no number.

        """
        text = environment.get(SIZE_VARIABLE) or str(SIZE // _MEBIBYTE)
        if not text.isdecimal():
            raise ConfigError(
                f"{SIZE_VARIABLE} is {text!r}, which is no number of MiB", fix=f"write {SIZE_VARIABLE}=2048"
            )
        size = int(text) * _MEBIBYTE
        caches = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        directory = environment.get(DIRECTORY_VARIABLE) or Path(caches) / "jesses"
        return cls(directory=Path(directory), size=size) if size else None

    def get(self, kind: str, key: str) -> memoryview | None:
        """The entry, unless it is missing or damaged."""
        try:
            data = _read(f"{self.directory}/{kind}/{key[:2]}/{key[2:]}")
        except OSError:
            return None
        entry = data[len(_MAGIC) : -_CHECKSUM]
        whole = bytes(data[: len(_MAGIC)]) == _MAGIC
        return entry if whole and bytes(data[-_CHECKSUM:]) == _checksum(zlib_ng.crc32(entry)) else None

    def put(self, kind: str, key: str, *parts: Piece) -> None:
        """Keep `parts`, joined, as the entry; an earlier one is replaced."""
        path = self._path(kind, key)
        with suppress(OSError, OutputError):
            if not path.parent.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as out:
                out.write(_MAGIC)
                crc = 0
                for block in Rope.of(*parts).blocks():
                    crc = zlib_ng.crc32(block, crc)
                    out.write(block)
                out.write(_checksum(crc))

    def trim(self) -> None:
        """Drop what was not used for longest, of every kind, until the rest fits."""
        total, now = 0, time.time()
        for used, size, path in sorted(self._entries(), reverse=True):
            total += size
            if total > self.size or (path.name.startswith(UNFINISHED) and used < now - _DAY):
                with suppress(OSError):
                    path.unlink()

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        for path in self.directory.glob("*/*/*"):
            with suppress(OSError):
                status = path.stat()
                yield status.st_mtime, status.st_size, path

    def _path(self, kind: str, key: str) -> Path:
        return self.directory / kind / key[:2] / key[2:]


def _read(path: str) -> memoryview:
    """The bytes of a file, which is touched; without `pathlib`, since thousands are read."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        status = os.fstat(file)
        if status.st_mtime < time.time() - _HOUR:
            with suppress(OSError):
                os.utime(file)
        if status.st_size >= _MAPPED:
            with suppress(OSError, ValueError):
                return memoryview(mmap.mmap(file, status.st_size, access=mmap.ACCESS_READ))
        return memoryview(os.read(file, status.st_size))
    finally:
        os.close(file)


def _checksum(crc: int) -> bytes:
    return crc.to_bytes(_CHECKSUM, "little")
