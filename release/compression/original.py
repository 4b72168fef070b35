"""The files that contents come from, read in blocks; one that changes meanwhile is an error."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from release.errors import PayloadError

BLOCK: Final = 1 << 20
"""Bytes of all blocks but the last."""


class Stamp(NamedTuple):
    """What tells one state of a file from another. `size` is bytes, times are nanoseconds since 1970."""

    size: int
    modified: int
    changed: int
    inode: int
    device: int


def stamp(path: Path) -> Stamp:
    """The state of a file now.

    Raises:
        PayloadError: it cannot be read.

    """
    try:
        return _stamp(path.stat())
    except OSError as error:
        raise _unreadable(path, error) from error


def small(path: Path, most: int) -> bytes | None:
    """The content of a file, unless it is larger than `most` bytes.

    Raises:
        PayloadError: it cannot be read, or changes meanwhile.

    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            data = os.read(file, most + 1)
            size = os.fstat(file).st_size
        finally:
            os.close(file)
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(data) > most:
        return None
    if len(data) != size:
        raise _changed(path)
    return data


def blocks(path: Path, state: Stamp) -> Iterator[bytes]:
    """The content of a file that is in `state` from the first block to the last.

    Raises:
        PayloadError: it cannot be read, or is in another state.

    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _check(path, file, state)
            for offset in range(0, state.size, BLOCK):
                yield os.pread(file, min(BLOCK, state.size - offset), offset)
            _check(path, file, state)
        finally:
            os.close(file)
    except OSError as error:
        raise _unreadable(path, error) from error


def _check(path: Path, file: int, state: Stamp) -> None:
    if _stamp(os.fstat(file)) != state:
        raise _changed(path)


def _changed(path: Path) -> PayloadError:
    return PayloadError(
        f"{path} changed while it was packaged", fix="let everything that writes it end before packaging"
    )


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)


def _unreadable(path: Path, error: OSError) -> PayloadError:
    return PayloadError(f"cannot read {path}: {error.strerror}", fix="see that the build leaves it readable")
