"""One gzip member (RFC 1952) from raw bytes and packed contents."""

from concurrent.futures import Future
from typing import Final

from deflate import gzip_compress
from zlib_ng import zlib_ng

from jesses.base.bytes.rope import Piece, Rope
from jesses.package.compression.archive import Stream
from jesses.package.compression.content import Packed
from jesses.package.compression.deflate import END
from jesses.package.compression.plain import Recipe
from jesses.package.compression.raw import RawPart, RawParts
from jesses.package.compression.source_file import BLOCK

# ID1 ID2, CM=deflate, no flags, no time, no hint, unknown system: nothing here depends on the machine.
_HEADER: Final = bytes((0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF))
_BEST: Final = 12


class GzipWriter:
    """A `Writer`. Raw bytes are deflated in the background; packed contents are spliced in."""

    def __init__(self, parts: RawParts) -> None:
        self._parts = parts
        self._recipe = Recipe(_HEADER + END)
        self._raw = RawPart()
        self._segments: list[Piece | Rope | Future[Piece]] = []
        self._crc = 0
        self._size = 0

    def write(self, data: bytes | memoryview) -> None:
        self._raw.write(bytes(data))
        if self._raw.size >= BLOCK:
            self._cut()

    def add(self, content: Packed) -> None:
        if content.deflated is None:
            self._raw.add(content)
            if self._raw.size >= BLOCK:
                self._cut()
            return
        self._cut()
        self._recipe.content(content)
        self._append(content.deflated, content.crc, content.size)

    def close(self) -> Stream:
        self._cut()
        segments = (one.result() if isinstance(one, Future) else one for one in self._segments)
        trailer = self._crc.to_bytes(4, "little") + (self._size & 0xFFFFFFFF).to_bytes(4, "little")
        return Stream(
            rope=Rope.of(_HEADER, *segments, END + trailer), plain_size=self._size, recipe=self._recipe.key
        )

    def _cut(self) -> None:
        """Send what is raw so far on its way as a segment."""
        if not self._raw.size:
            return
        part, self._raw = self._raw, RawPart()
        name = part.name()
        self._recipe.raw(name)
        crc, segment = self._parts.deflated(name, part)
        self._append(segment, crc, part.size)

    def _append(self, segment: Piece | Rope | Future[Piece], crc: int, size: int) -> None:
        self._crc = zlib_ng.crc32_combine(self._crc, crc, size)
        self._size += size
        self._segments.append(segment)


def gzipped(data: bytes) -> bytes:
    """`data` as one gzip member of the highest level, without name and time, as `gzip -9n` writes it."""
    return bytes(gzip_compress(data, _BEST))
