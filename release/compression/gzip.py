"""One gzip member (RFC 1952) from raw bytes and packed contents."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from deflate import gzip_compress
from zlib_ng import zlib_ng

from release.compression.archive import Sink
from release.compression.content import Packed
from release.compression.deflate import END
from release.compression.original import BLOCK
from release.compression.plain import Recipe
from release.compression.raw import RawParts

# ID1 ID2, CM=deflate, no flags, no time, no hint, unknown system: nothing here depends on the machine.
_HEADER: Final = bytes((0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF))
_BEST: Final = 12


class GzipWriter:
    """An `Archive`. Raw bytes are deflated in the background; packed contents are spliced in.

    At most `ahead` segments wait to be written, beside the one that is.
    """

    def __init__(self, out: Sink, parts: RawParts, *, ahead: int) -> None:
        self._out = out
        self._parts = parts
        self._ahead = ahead
        self.recipe = Recipe()
        self._raw = bytearray()
        self._waiting: deque[Callable[[], Iterable[bytes | memoryview]]] = deque()
        self._crc = 0
        self._size = 0
        out.write(_HEADER)

    @property
    def size(self) -> int:
        """Bytes of plain content so far."""
        return self._size + len(self._raw)

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
        self.recipe.content(content)
        self._append(content.deflated, content.crc, content.size)

    def close(self) -> None:
        """Write what is pending, the final block and the trailer; `out` stays open."""
        self._cut()
        self._drain(0)
        self._out.write(END)
        self._out.write(self._crc.to_bytes(4, "little"))
        self._out.write((self._size & 0xFFFFFFFF).to_bytes(4, "little"))

    def _cut(self) -> None:
        """Send the raw bytes so far on their way as a segment."""
        if not self._raw:
            return
        data = bytes(self._raw)
        self._raw.clear()
        sha256 = hashlib.sha256(data).digest()
        self.recipe.raw(sha256)
        self._append(self._parts.deflated(data, sha256), zlib_ng.crc32(data), len(data))

    def _append(self, segments: Callable[[], Iterable[bytes | memoryview]], crc: int, size: int) -> None:
        self._crc = zlib_ng.crc32_combine(self._crc, crc, size)
        self._size += size
        self._waiting.append(segments)
        self._drain(self._ahead)

    def _drain(self, keep: int) -> None:
        while len(self._waiting) > keep:
            for segment in self._waiting.popleft()():
                self._out.write(segment)


def gzipped(data: bytes) -> bytes:
    """`data` as one gzip member of the highest level, without name and time, as `gzip -9n` writes it."""
    return bytes(gzip_compress(data, _BEST))
