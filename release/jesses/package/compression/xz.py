"""One .xz stream of many blocks ("The .xz File Format", version 1.2.1), which are compressed independently.

liblzma in Python's standard library compresses with one thread; here each thread makes its own block. A stream
whose blocks are known can be written again with others, and the blocks are used as they are.
"""

import lzma
import struct
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import BinaryIO, Final

from zlib_ng import zlib_ng

from jesses.base.bytes.rope import Piece, Rope
from jesses.base.errors import FormatError
from jesses.package.compression.archive import Stream
from jesses.package.compression.content import Packed
from jesses.package.compression.spool import Spool
from jesses.package.compression.workers import Workers

BLOCK: Final = 8 << 20
"""Bytes of plain content in a block."""

DICTIONARY_BITS: Final = 22
_PRESET: Final = 6
# Stream Flags: the check of every block is CRC32 (2.1.1.2).
_FLAGS: Final = b"\x00\x01"
_MAGIC: Final = b"\xfd7zXZ\x00"
_FOOTER_MAGIC: Final = b"YZ"
_FOOTER: Final = 12
_HEADER: Final = _MAGIC + _FLAGS + struct.pack("<I", zlib_ng.crc32(_FLAGS))
# Block Flags (3.1.2): one filter, both sizes present.
_BLOCK_FLAGS: Final = 0xC0
_INDEX: Final = b"\x00"
_CRC: Final = 4
_MORE: Final = 0x80


@dataclass(frozen=True, kw_only=True)
class IndexRecord:
    """What the index says of a block (4.3): its bytes without padding, and those of its plain content."""

    unpadded: int
    plain: int

    @property
    def size(self) -> int:
        """Bytes of the block in the stream."""
        return self.unpadded + -self.unpadded % 4


@dataclass(frozen=True, kw_only=True)
class XzBlock:
    """A block, ready to stand anywhere in a stream made here."""

    data: bytes
    record: IndexRecord


class XzWriter:
    """A `Writer`. Blocks are compressed in the background."""

    def __init__(self, spool: Spool, workers: Workers) -> None:
        self._spool = spool
        self._workers = workers
        self._raw = bytearray()
        self._waiting: deque[Future[XzBlock]] = deque()
        self._records: list[IndexRecord] = []
        self._pieces: list[Piece] = []
        self._size = 0

    def write(self, data: bytes | memoryview) -> None:
        self._size += len(data)
        self._raw += data
        while len(self._raw) >= BLOCK:
            self._submit(bytes(self._raw[:BLOCK]))
            del self._raw[:BLOCK]

    def add(self, content: Packed) -> None:
        for block in content.read():
            self.write(block)

    def close(self) -> Stream:
        if self._raw:
            self._submit(bytes(self._raw))
            self._raw.clear()
        self._drain(0)
        return Stream(rope=Rope.of(header(), *self._pieces, ending(self._records)), plain_size=self._size)

    def _submit(self, plain: bytes) -> None:
        self._waiting.append(self._workers.submit(block, plain))
        self._drain(self._workers.threads)

    def _drain(self, keep: int) -> None:
        while len(self._waiting) > keep:
            made = self._waiting.popleft().result()
            self._records.append(made.record)
            self._pieces.append(self._spool.append(made.data))


def header() -> bytes:
    """What a stream begins with (2.1.1)."""
    return _HEADER


def block(plain: bytes, dictionary_bits: int = DICTIONARY_BITS) -> XzBlock:
    """One block (3) for `plain`; a dictionary larger than that only costs time."""
    lzma2 = {"id": lzma.FILTER_LZMA2, "preset": _PRESET, "dict_size": 1 << dictionary_bits}
    compressed = lzma.compress(plain, lzma.FORMAT_RAW, filters=[lzma2])
    sizes = _number(len(compressed)) + _number(len(plain))
    # The list of filters (3.1.5): LZMA2 with one byte of properties, the size of its dictionary (5.3.1).
    filters = bytes((lzma.FILTER_LZMA2, 1, 2 * (dictionary_bits - 12)))
    head = bytes((0, _BLOCK_FLAGS)) + sizes + filters
    head += bytes(-len(head) % 4)
    # The size is that of the header with its CRC32, in fours, less one (3.1.1).
    head = bytes((len(head) // 4,)) + head[1:]
    head += _crc(head)
    unpadded = len(head) + len(compressed) + _CRC
    data = head + compressed + bytes(-len(compressed) % 4) + _crc(plain)
    return XzBlock(data=data, record=IndexRecord(unpadded=unpadded, plain=len(plain)))


def ending(records: Sequence[IndexRecord]) -> bytes:
    """The index (4) of the blocks and the footer of the stream (2.1.2)."""
    index = _INDEX + _number(len(records))
    index += b"".join(_number(record.unpadded) + _number(record.plain) for record in records)
    index += bytes(-len(index) % 4)
    index += _crc(index)
    backward = struct.pack("<I", len(index) // 4 - 1) + _FLAGS
    return index + _crc(backward) + backward + _FOOTER_MAGIC


def records(stream: BinaryIO) -> list[IndexRecord]:
    """The index of the one stream that `stream` holds: its blocks follow each other after `header()`.

    Raises:
        FormatError: it is no such stream, or a damaged one.

    """
    stream.seek(0)
    if stream.read(len(_HEADER)) != _HEADER:
        raise _damaged("it does not begin as one with CRC32 checks does")
    end = stream.seek(0, 2)
    stream.seek(max(0, end - _FOOTER))
    footer = stream.read(_FOOTER)
    crc, backward = footer[:_CRC], footer[_CRC:-2]
    if _crc(backward) != crc or not footer.endswith(_FLAGS + _FOOTER_MAGIC):
        raise _damaged("its footer is damaged")
    size = 4 * (int.from_bytes(backward[:4], "little") + 1)
    stream.seek(max(0, end - _FOOTER - size))
    index = stream.read(size)
    if _crc(index[:-_CRC]) != index[-_CRC:]:
        raise _damaged("its index is damaged")
    found = _records(index)
    if len(_HEADER) + sum(record.size for record in found) + size + _FOOTER != end:
        raise _damaged("it holds more than one stream, or less")
    return found


def _records(index: bytes) -> list[IndexRecord]:
    numbers = _numbers(index[len(_INDEX) : -_CRC])
    return [IndexRecord(unpadded=next(numbers), plain=next(numbers)) for _ in range(next(numbers))]


def _number(value: int) -> bytes:
    """A "multibyte integer" (1.2): seven bits a byte, lowest first."""
    encoded = bytearray()
    while value >= _MORE:
        encoded.append(value % _MORE | _MORE)
        value //= _MORE
    encoded.append(value)
    return bytes(encoded)


def _numbers(data: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in data:
        value |= byte % _MORE << shift
        shift += 7
        if byte < _MORE:
            yield value
            value = shift = 0


def _crc(data: bytes) -> bytes:
    return zlib_ng.crc32(data).to_bytes(_CRC, "little")


def _damaged(what: str) -> FormatError:
    return FormatError(f"this is no .xz stream of this kind: {what}", fix="make it again")
