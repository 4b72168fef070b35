"""Files that are written again and again with more at their end: what is compressed stays so.

A text is cut every 256 KiB, and each piece compressed alone: a segment of a gzip member, a block of an xz
stream. The next file takes the pieces that did not change as they are, and only their frame is written anew.
So a file is the same bytes whether it was made in many steps or at once.

apt 2.6 reads only the first of several xz streams: hence one stream, whose index and footer move on.
"""

import hashlib
import io
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from zlib_ng import zlib_ng

from jesses.base.errors import FormatError
from jesses.base.parallel import ordered_map
from jesses.package.compression import xz
from jesses.package.compression.cache import Cache
from jesses.package.compression.deflate import END, LEVEL, deflate, implementation

PartT = TypeVar("PartT")
Deflate = Callable[[bytes], bytes | bytearray | memoryview]
"""Deflates a piece, as `deflate` does."""

PIECE: Final = 256 << 10
"""Bytes of text in a piece: small enough to be compressed again in a moment, when the last one fills up."""

_PIECE_BITS: Final = 18
# RFC 1952, 2.3: deflate, an extra field, no time, no hint, unknown system.
GZIP: Final = bytes((0x1F, 0x8B, 8, 4, 0, 0, 0, 0, 0, 0xFF))
"""What a member made here begins with."""
# A subfield (2.3.1.1) of our own: the bytes of each segment. Readers skip it.
_TABLE: Final = b"JS"
_SIZE: Final = 4
_TRAILER: Final = 8
_LONGEST: Final = (1 << 16) - 1
_WORTH_THREADS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """Deflates pieces, and keeps whole ones in `cache`: for files whose previous version is not at hand."""

    cache: Cache
    deflate: Deflate = deflate

    def __call__(self, plain: bytes) -> bytes | bytearray | memoryview:
        if len(plain) != PIECE:
            return self.deflate(plain)
        kind, key = f"pieces-{implementation()}-{LEVEL}", hashlib.sha256(plain).hexdigest()
        if (kept := self.cache.get(kind, key)) is not None:
            return kept
        made = bytes(self.deflate(plain))
        self.cache.put(kind, key, made)
        return made


@dataclass(frozen=True, kw_only=True)
class Text:
    """What is compressed. The first `head` bytes are a piece of their own: they may change each time."""

    data: bytes
    head: int = 0

    @property
    def count(self) -> int:
        """How many pieces there are."""
        return bool(self.head) + -(-(len(self.data) - self.head) // PIECE)

    def piece(self, number: int) -> bytes:
        """A copy of one: views compare byte by byte, copies at once."""
        if self.head and number == 0:
            return self.data[: self.head]
        start = self.head + (number - bool(self.head)) * PIECE
        return self.data[start : start + PIECE]


@dataclass(frozen=True, kw_only=True)
class Made:
    """A text and the file that was made of it."""

    text: Text
    packed: bytes


def gzip(text: Text, before: Made | None = None, deflater: Deflate = deflate) -> bytes:
    """`text` as one gzip member; `before` is the last one, by this function or any other.

    What is not taken from there is deflated by `deflater`.
    """
    kept = _segments(before.packed) if before else []
    segments = _parts(text, before.text if before else None, kept, lambda plain: memoryview(deflater(plain)))
    table = struct.pack(f"<{len(segments)}I", *map(len, segments))
    if len(table) + 2 * _SIZE > _LONGEST:
        table = b""
    extra = _TABLE + struct.pack("<H", len(table)) + table
    trailer = struct.pack("<II", zlib_ng.crc32(text.data), len(text.data) & 0xFFFFFFFF)
    return b"".join((GZIP, struct.pack("<H", len(extra)), extra, *segments, END, trailer))


def xz_stream(text: Text, before: Made | None = None) -> bytes:
    """`text` as one .xz stream; `before` is the last one, by this function or any other."""
    kept = _blocks(before) if before else []
    blocks = _parts(text, before.text if before else None, kept, _block)
    records = [block.record for block in blocks]
    return b"".join((xz.header(), *(block.data for block in blocks), xz.ending(records)))


def _block(plain: bytes) -> xz.XzBlock:
    return xz.block(plain, _PIECE_BITS)


def _segments(packed: bytes) -> list[memoryview]:
    """The segments of a member made here; none of any other."""
    start = len(GZIP) + 2
    if not packed.startswith(GZIP) or packed[start : start + 2] != _TABLE:
        return []
    (size,) = struct.unpack_from("<H", packed, start + 2)
    table = struct.unpack_from(f"<{size // _SIZE}I", packed, start + _SIZE)
    return list(_cut(packed, start + _SIZE + size, table, len(END) + _TRAILER))


def _blocks(before: Made) -> list[xz.XzBlock]:
    """The blocks of a stream made here; none of any other."""
    try:
        records = xz.records(io.BytesIO(before.packed))
    except FormatError:
        return []
    if [record.plain for record in records] != [
        len(before.text.piece(number)) for number in range(before.text.count)
    ]:
        return []
    sizes = [record.size for record in records]
    parts = _cut(before.packed, len(xz.header()), sizes, None)
    return [xz.XzBlock(data=bytes(part), record=record) for part, record in zip(parts, records, strict=True)]


def _cut(packed: bytes, start: int, sizes: Sequence[int], rest: int | None) -> Iterator[memoryview]:
    """Parts of `sizes` from `start`; none where other than `rest` bytes would be left (None: any number)."""
    view = memoryview(packed)
    if rest is None or start + sum(sizes) + rest == len(view):
        for size in sizes:
            yield view[start : start + size]
            start += size


def _parts(
    text: Text, before: Text | None, kept: Sequence[PartT], compress: Callable[[bytes], PartT]
) -> list[PartT]:
    """The parts for the pieces of `text`; those of `kept` whose pieces are the same as in `before` stay."""
    usable = before.count if before and len(kept) == before.count else 0
    parts: list[PartT | None] = [
        kept[number] if before and number < usable and before.piece(number) == text.piece(number) else None
        for number in range(text.count)
    ]
    missing = [number for number, part in enumerate(parts) if part is None]
    made = map if len(missing) < _WORTH_THREADS else ordered_map
    fresh = iter(made(lambda number: compress(text.piece(number)), missing))
    return [next(fresh) if part is None else part for part in parts]
