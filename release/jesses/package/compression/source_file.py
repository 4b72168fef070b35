"""The files that contents come from, read in blocks; one that changes meanwhile is an error."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from typing import Final, NamedTuple

from jesses.base.bytes.buffer import buffer
from jesses.base.errors import PayloadError

BLOCK: Final = 1 << 20
"""Bytes of all blocks but the last."""

_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC


class Stamp(NamedTuple):
    """What tells one state of a file from another. `size` is bytes, times are nanoseconds since 1970."""

    size: int
    modified: int
    changed: int
    inode: int
    device: int


def stamp(path: str) -> Stamp:
    """The state of a file now.

    Raises:
        PayloadError: it cannot be read.

    """
    try:
        return _stamp(Path(path).stat())
    except OSError as error:
        raise _unreadable(path, error) from error


def beginning(path: str, size: int) -> bytes:
    """The first `size` bytes of a file; all of it, where it has fewer.

    Raises:
        PayloadError: it cannot be read, or changes meanwhile.

    """
    # Without a context manager: thousands are read.
    try:
        file = os.open(path, _FLAGS)
        try:
            data = os.read(file, size)
            expected = os.fstat(file).st_size
        finally:
            os.close(file)
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(data) != min(size, expected):
        raise _changed(path)
    return data


def whole(path: str, size: int) -> tuple[Stamp, bytes] | None:
    """The state of a file and its content, unless that has `size` bytes or more.

    Raises:
        PayloadError: it cannot be read, or changes meanwhile.

    """
    with _open(path) as file:
        state = _stamp(os.fstat(file))
        data = os.read(file, size)
    if len(data) == size:
        return None
    if len(data) != state.size:
        raise _changed(path)
    return state, data


@contextmanager
def _open(path: str) -> Iterator[int]:
    try:
        file = os.open(path, _FLAGS)
        try:
            yield file
        finally:
            os.close(file)
    except OSError as error:
        raise _unreadable(path, error) from error


def blocks(path: str, state: Stamp) -> Iterator[bytes]:
    """The content of a file that is in `state` from the first block to the last.

    Raises:
        PayloadError: it cannot be read, or is in another state.

    """
    return map(bytes, read_into(repeat(buffer(min(BLOCK, state.size))), path, state))


def read_into(rooms: Iterator[memoryview], path: str, state: Stamp) -> Iterator[memoryview]:
    """As `blocks`, each read into the next of `rooms`, which may come again.

    Raises:
        PayloadError: as `blocks`.

    """
    with _open(path) as file:
        _check(path, file, state)
        offset = 0
        while offset < state.size:
            block = next(rooms)[: state.size - offset]
            if not _fill(block, file, offset):
                raise _changed(path)
            yield block
            offset += len(block)
        _check(path, file, state)


def _fill(block: memoryview, file: int, offset: int) -> bool:
    """Whether there was enough to read from `offset` on."""
    while block and (size := os.preadv(file, [block], offset)):
        block, offset = block[size:], offset + size
    return not block


def _check(path: str, file: int, state: Stamp) -> None:
    if _stamp(os.fstat(file)) != state:
        raise _changed(path)


def _changed(path: str) -> PayloadError:
    return PayloadError(
        f"{path} changed while it was packaged", fix="let everything that writes it end before packaging"
    )


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)


def _unreadable(path: str, error: OSError) -> PayloadError:
    return PayloadError(f"cannot read {path}: {error.strerror}", fix="see that the build leaves it readable")
