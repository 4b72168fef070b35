"""The files that contents come from, read in blocks; one that changes meanwhile is an error."""

import os
from collections.abc import Iterator
from itertools import repeat
from typing import Final, NamedTuple, Self

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


class SourceFile:
    """A file that is read; `stamp` is its state when it was opened. Any part of it may be read again.

    Raises:
        PayloadError: by itself and by every method: the file cannot be read, or changes meanwhile.

    """

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._file = os.open(path, _FLAGS)
        except OSError as error:
            raise _unreadable(path, error) from error
        self.stamp = self._stamp_now()

    # No function with `contextmanager` around it: thousands of files are read.
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def beginning(self, size: int) -> bytes:
        """The first `size` bytes; all of them, where there are fewer."""
        try:
            # A byte more than there was tells that it has grown; no more, since what is left over of a block
            # would lie between contents that are kept.
            data = os.pread(self._file, min(size, self.stamp.size + 1), 0)
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if len(data) != min(size, self.stamp.size):
            raise _changed(self.path)
        return data

    def blocks(self) -> Iterator[bytes]:
        """The content, from the first block to the last."""
        return map(bytes, self.read_into(repeat(buffer(min(BLOCK, self.stamp.size)))))

    def read_into(self, buffers: Iterator[memoryview]) -> Iterator[memoryview]:
        """As `blocks`, each read into the next of `buffers`, which may give a buffer again."""
        offset = 0
        while offset < self.stamp.size:
            block = next(buffers)[: self.stamp.size - offset]
            if not self._fill(block, offset):
                raise _changed(self.path)
            yield block
            offset += len(block)
        self.check(self.stamp)

    def check(self, stamp: Stamp) -> None:
        """See that the file is still in the state `stamp`."""
        if self._stamp_now() != stamp:
            raise _changed(self.path)

    def _fill(self, block: memoryview, offset: int) -> bool:
        """Whether there was enough to read from `offset` on."""
        try:
            while block and (size := os.preadv(self._file, [block], offset)):
                block, offset = block[size:], offset + size
        except OSError as error:
            raise _unreadable(self.path, error) from error
        return not block

    def _stamp_now(self) -> Stamp:
        status = os.fstat(self._file)
        return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)


def read_again(path: str, stamp: Stamp) -> Iterator[bytes]:
    """The content, in blocks, of a file that was in the state `stamp` when it was read before.

    Raises:
        PayloadError: it cannot be read, or is in another state.

    """
    with SourceFile(path) as file:
        file.check(stamp)
        yield from file.blocks()


def _changed(path: str) -> PayloadError:
    return PayloadError(
        f"{path} changed while it was packaged", fix="let everything that writes it end before packaging"
    )


def _unreadable(path: str, error: OSError) -> PayloadError:
    return PayloadError(f"cannot read {path}: {error.strerror}", fix="see that the build leaves it readable")
