"""Keeps what contents were compressed to until the end of a run: in memory, and what is more in a file."""

import os
import threading
from io import FileIO
from pathlib import Path
from typing import Final

from jesses.base.bytes.rope import Extent, Piece
from jesses.base.errors import OutputError

MEMORY: Final = 128 << 20
"""Bytes in memory, unless something else is said; what fits is neither written nor read again."""


class Spool:
    """Keeps up to `memory` bytes, and more in a file of `directory`; any thread may use it."""

    def __init__(self, directory: Path, *, memory: int = MEMORY) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._left = memory
        self._file: FileIO | None = None
        self._end = 0

    def append(self, data: bytes | memoryview) -> Piece:
        """Keep `data`, which nobody may change any more.

        Raises:
            OutputError: the disk is full, or the directory cannot be written.

        """
        try:
            with self._lock:
                if len(data) <= self._left:
                    self._left -= len(data)
                    return data
                if self._file is None:
                    self._file = self._open()
                file = self._file
                offset = self._end
                self._end += len(data)
            _write_all(file.fileno(), data, offset)
        except OSError as error:
            raise OutputError(
                f"cannot keep what was compressed in {self._directory}: {error.strerror}",
                fix="free some space, or choose --dist DIR on another disk",
            ) from error
        return Extent(file, offset, len(data))

    def close(self) -> None:
        """Forget everything; what was kept cannot be read any more."""
        if self._file:
            self._file.close()

    def _open(self) -> FileIO:
        self._directory.mkdir(parents=True, exist_ok=True)
        return FileIO(self._directory / "contents", "w+", opener=_private)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write_all(file: int, data: bytes | memoryview, offset: int) -> None:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(file, rest, offset)
        rest, offset = rest[written:], offset + written
