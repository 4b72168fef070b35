"""Compress a content once, use it in every package.

A deflate stream may be put together from parts that were compressed separately: each part starts without
history and ends with a full flush (RFC 1951, 3.2.4; zlib's `Z_FULL_FLUSH`), so it means the same wherever it
stands, and the CRC of the whole is computed from the CRCs of the parts. So a large file is deflated once, in
segments and on all cores, and the result is spliced into the tarball, the DEB, the RPM and the image layer.
What comes out is one ordinary gzip member (RFC 1952).
"""

import hashlib
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, Self

from zlib_ng import zlib_ng

from release.errors import PayloadError

if TYPE_CHECKING:
    from hashlib import _Hash

LEVEL: Final = 6
SEGMENT: Final = 1 << 20
"""Bytes of plain content that are deflated together."""

INLINE: Final = 32 << 10
"""Contents below this many bytes are compressed together with the headers around them."""

_COPY: Final = 1 << 20
# ID1 ID2, CM=deflate, no flags, no time, no hint, unknown system: nothing here depends on the machine.
_GZIP_HEADER: Final = bytes((0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF))
# The same with the hint "slowest algorithm".
_GZIP_BEST_HEADER: Final = bytes((0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 0xFF))
_BEST: Final = 9


class Sink(Protocol):
    """What compressed bytes are written to: a file, or something that digests them on their way."""

    def write(self, data: bytes, /) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Packed:
    """A content that was read once: its size and digests, and its bytes, deflated unless they are few.

    `size` is bytes. `deflated` is a file of full-flushed deflate segments without a final block; it is None
    for a small content, whose plain bytes are in `plain`.
    """

    size: int
    crc: int
    md5: str
    sha256: str
    source: Path | None
    plain: bytes = b""
    deflated: Path | None = None

    def read(self) -> Iterator[bytes]:
        """The plain content, in blocks."""
        if self.source is None or self.deflated is None:
            yield self.plain
            return
        with self.source.open("rb") as stream:
            yield from _blocks(stream)


class Packer:
    """Reads, digests and deflates contents, each path once, on all cores; `spool` holds the results."""

    def __init__(self, spool: Path, *, level: int = LEVEL, threads: int | None = None) -> None:
        self._spool = spool
        self._level = level
        self._threads = threads or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="deflate")
        self._packed: dict[Path, Packed] = {}

    def __enter__(self) -> Self:
        self._spool.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def pack(self, source: Path | bytes) -> Packed:
        """Pack a file or some bytes.

        Raises:
            PayloadError: the file cannot be read.

        """
        if isinstance(source, bytes):
            return _small(source, None)
        known = self._packed.get(source)
        if known is None:
            try:
                known = self._pack_file(source)
            except OSError as error:
                raise PayloadError(
                    f"cannot read {source}: {error.strerror}", fix="see that the build leaves it readable"
                ) from error
            self._packed[source] = known
        return known

    def gzip(self, out: Sink, *, plain_digest: "_Hash | None" = None) -> "GzipWriter":
        """A writer of one gzip member to `out`; `plain_digest` is fed everything before compression."""
        return GzipWriter(out, level=self._level, plain_digest=plain_digest)

    def _pack_file(self, source: Path) -> Packed:
        with source.open("rb") as stream:
            head = stream.read(INLINE)
            if len(head) < INLINE:
                return _small(head, source)
            stream.seek(0)
            return self._deflate(source, stream)

    def _deflate(self, source: Path, stream: BinaryIO) -> Packed:
        target = self._spool / hashlib.sha256(os.fsencode(source)).hexdigest()
        md5, sha256, crc, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0, 0
        pending: deque[Future[bytes]] = deque()
        with target.open("wb") as out:
            for block in _blocks(stream):
                pending.append(self._pool.submit(deflate, block, self._level))
                if len(pending) > 2 * self._threads:
                    out.write(pending.popleft().result())
                md5.update(block)
                sha256.update(block)
                crc = zlib_ng.crc32(block, crc)
                size += len(block)
            for future in pending:
                out.write(future.result())
        return Packed(
            size=size, crc=crc, md5=md5.hexdigest(), sha256=sha256.hexdigest(), source=source, deflated=target
        )


class GzipWriter:
    """One gzip member made of raw bytes (`write`) and packed contents (`add`), in the order of the calls."""

    def __init__(self, out: Sink, *, level: int = LEVEL, plain_digest: "_Hash | None" = None) -> None:
        self._out = out
        self._level = level
        self._digest = plain_digest
        self._raw = bytearray()
        self._crc = 0
        self._size = 0
        out.write(_GZIP_HEADER)

    @property
    def size(self) -> int:
        """Bytes of plain content so far."""
        return self._size + len(self._raw)

    def write(self, data: bytes) -> None:
        self._raw += data
        if self._digest:
            self._digest.update(data)
        if len(self._raw) >= SEGMENT:
            self._flush()

    def add(self, content: Packed) -> None:
        if content.deflated is None:
            self.write(content.plain)
            return
        self._flush()
        self._crc = zlib_ng.crc32_combine(self._crc, content.crc, content.size)
        self._size += content.size
        with content.deflated.open("rb") as stream:
            for block in _blocks(stream):
                self._out.write(block)
        if self._digest:
            for block in content.read():
                self._digest.update(block)

    def close(self) -> None:
        """Write what is pending, the final block and the trailer; `out` stays open."""
        self._flush()
        final = zlib_ng.compressobj(self._level, zlib_ng.DEFLATED, -zlib_ng.MAX_WBITS)
        self._out.write(final.flush(zlib_ng.Z_FINISH))
        self._out.write(self._crc.to_bytes(4, "little"))
        self._out.write((self._size & 0xFFFFFFFF).to_bytes(4, "little"))

    def _flush(self) -> None:
        if not self._raw:
            return
        data = bytes(self._raw)
        self._raw.clear()
        self._out.write(deflate(data, self._level))
        self._crc = zlib_ng.crc32(data, self._crc)
        self._size += len(data)


def deflate(data: bytes, level: int) -> bytes:
    """Raw deflate blocks for `data`, ending on a byte boundary, without history before or after."""
    compressor = zlib_ng.compressobj(level, zlib_ng.DEFLATED, -zlib_ng.MAX_WBITS)
    return bytes(compressor.compress(data) + compressor.flush(zlib_ng.Z_FULL_FLUSH))


def gzipped(data: bytes) -> bytes:
    """`data` as one gzip member of the highest level, without name and time, as `gzip -9n` writes it."""
    compressor = zlib_ng.compressobj(_BEST, zlib_ng.DEFLATED, -zlib_ng.MAX_WBITS)
    deflated = bytes(compressor.compress(data) + compressor.flush())
    trailer = zlib_ng.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")
    return _GZIP_BEST_HEADER + deflated + trailer


def _small(data: bytes, source: Path | None) -> Packed:
    return Packed(
        size=len(data),
        crc=zlib_ng.crc32(data),
        md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(data).hexdigest(),
        source=source,
        plain=data,
    )


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(_COPY):
        yield block
