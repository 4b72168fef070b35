"""Bytes in many pieces, in memory and in files, which are written and digested as if they were one."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import FileIO
from itertools import chain
from typing import Final

from jesses.base.bytes.buffer import buffer
from jesses.base.errors import OutputError

_BLOCK: Final = 1 << 20
"""Bytes that small pieces are gathered to, and that are read from a file at once."""

_LARGE: Final = 64 << 10
"""Bytes of a piece in memory that is handed on as it is."""


@dataclass(frozen=True, slots=True)
class Extent:
    """`size` bytes at `offset` of a file, which stays open and as it is."""

    file: FileIO
    offset: int
    size: int

    def __len__(self) -> int:
        return self.size


Piece = bytes | memoryview | Extent
"""Bytes, which nobody changes any more, or where they are in a file."""


@dataclass(frozen=True, slots=True)
class Rope:
    """Pieces in their order."""

    pieces: tuple[Piece, ...]

    @classmethod
    def of(cls, *parts: "Piece | Rope") -> "Rope":
        """All `parts`, one after the other."""
        return cls(tuple(_flat(parts)))

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(map(len, self.pieces))

    def __bytes__(self) -> bytes:
        """All bytes in memory: for small ropes."""
        joined = bytearray()
        for block in self.blocks():
            joined += block
        return bytes(joined)

    def blocks(self) -> Iterator[bytes | memoryview]:
        """All bytes; what is given is good until the next is asked for.

        Raises:
            OutputError: a file cannot be read back.

        """
        if len(self.pieces) == 1 and not isinstance(piece := self.pieces[0], Extent):
            return iter((piece,))
        return self._gathered()

    def _gathered(self) -> Iterator[bytes | memoryview]:
        block, filled = buffer(min(_BLOCK, self.size)), 0
        for part in chain.from_iterable(map(_parts, self.pieces)):
            as_it_is = None if isinstance(part, Extent) or len(part) < _LARGE else part
            if filled and (as_it_is or filled + len(part) > _BLOCK):
                yield block[:filled]
                filled = 0
            if as_it_is:
                yield as_it_is
            else:
                _copy(part, block[filled : filled + len(part)])
                filled += len(part)
        if filled:
            yield block[:filled]

    def sha256(self) -> str:
        """The digest of all bytes, hexadecimal."""
        digest = hashlib.sha256()
        for block in self.blocks():
            digest.update(block)
        return digest.hexdigest()


def _flat(parts: Iterable[Piece | Rope]) -> Iterator[Piece]:
    for part in parts:
        if isinstance(part, Rope):
            yield from part.pieces
        else:
            yield part


def _parts(piece: Piece) -> Iterator[Piece]:
    """The piece, but a file in parts that fit into one block."""
    if not isinstance(piece, Extent):
        yield piece
        return
    end = piece.offset + piece.size
    for offset in range(piece.offset, end, _BLOCK):
        yield Extent(piece.file, offset, min(_BLOCK, end - offset))


def _copy(piece: Piece, block: memoryview) -> None:
    if not isinstance(piece, Extent):
        block[:] = piece
    elif os.preadv(piece.file.fileno(), [block], piece.offset) < len(block):
        raise OutputError(
            f"{piece.file.name} became shorter while it was in use", fix="leave the output alone during a run"
        )
