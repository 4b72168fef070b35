"""What contents became, for as long as a run needs it: in memory, and the rest in a file that only grows."""

import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from release.errors import OutputError

MEMORY: Final = 128 << 20
"""Bytes in memory, unless something else is said; what fits is neither written nor read again."""

_COPY: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Extent:
    """`size` bytes at `offset` of the file."""

    offset: int
    size: int


Kept = bytes | memoryview | Extent
"""Bytes that are kept: themselves, or where they are in the file."""


class Spool:
    """Keeps up to `memory` bytes, and more in a file of `directory`; any thread may use it."""

    def __init__(self, directory: Path, *, memory: int = MEMORY) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._left = memory
        self._file = -1
        self._end = 0

    def append(self, data: bytes | memoryview) -> Kept:
        """Keep `data`, which nobody may change any more.

        Raises:
            OutputError: the disk is full, or the directory cannot be written.

        """
        try:
            with self._lock:
                if len(data) <= self._left:
                    self._left -= len(data)
                    return data
                if self._file < 0:
                    self._file = self._open()
                offset = self._end
                self._end += len(data)
            _write_all(self._file, data, offset)
        except OSError as error:
            raise OutputError(
                f"cannot keep what was compressed in {self._directory}: {error.strerror}",
                fix="free some space, or choose --dist DIR on another disk",
            ) from error
        return Extent(offset, len(data))

    def read(self, kept: Iterable[Kept]) -> Iterator[bytes | memoryview]:
        """All that is `kept`, in blocks."""
        for one in kept:
            if isinstance(one, Extent):
                end = one.offset + one.size
                for offset in range(one.offset, end, _COPY):
                    yield os.pread(self._file, min(_COPY, end - offset), offset)
            else:
                yield one

    def close(self) -> None:
        """Forget everything; what was kept cannot be read any more."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _open(self) -> int:
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._directory / "contents"
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)


def _write_all(file: int, data: bytes | memoryview, offset: int) -> None:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(file, rest, offset)
        rest, offset = rest[written:], offset + written
