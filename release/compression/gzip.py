"""One gzip member (RFC 1952) from raw bytes and packed contents."""

import hashlib
from concurrent.futures import Future
from typing import Final

from deflate import gzip_compress
from zlib_ng import zlib_ng

from release.compression.archive import Stream
from release.compression.content import Packed
from release.compression.deflate import END
from release.compression.original import BLOCK
from release.compression.plain import Recipe
from release.compression.raw import RawParts
from release.rope import Piece, Rope

# ID1 ID2, CM=deflate, no flags, no time, no hint, unknown system: nothing here depends on the machine.
_HEADER: Final = bytes((0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF))
_BEST: Final = 12


class GzipWriter:
    """A `Writer`. Raw bytes are deflated in the background; packed contents are spliced in."""

    def __init__(self, parts: RawParts) -> None:
        self._parts = parts
        self._recipe = Recipe()
        self._raw = bytearray()
        self._segments: list[Piece | Rope | Future[Piece]] = []
        self._crc = 0
        self._size = 0

    def write(self, data: bytes | memoryview) -> None:
        self._raw += data
        if len(self._raw) >= BLOCK:
            self._cut()

    def add(self, content: Packed) -> None:
        if content.deflated is None:
            for block in content.read():
                self.write(block)
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
        """Send the raw bytes so far on their way as a segment."""
        if not self._raw:
            return
        data = bytes(self._raw)
        self._raw.clear()
        sha256 = hashlib.sha256(data).digest()
        self._recipe.raw(sha256)
        self._append(self._parts.deflated(data, sha256), zlib_ng.crc32(data), len(data))

    def _append(self, segment: Piece | Rope | Future[Piece], crc: int, size: int) -> None:
        self._crc = zlib_ng.crc32_combine(self._crc, crc, size)
        self._size += size
        self._segments.append(segment)


def gzipped(data: bytes) -> bytes:
    """`data` as one gzip member of the highest level, without name and time, as `gzip -9n` writes it."""
    return bytes(gzip_compress(data, _BEST))
