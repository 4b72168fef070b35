"""What lies between contents, deflated: headers, padding, small contents.

Packages of one product for several machines have most of it in common, so equal parts are deflated once. A cache
has those of the last run in one entry: they are many and small, and a new date makes all of them new.
"""

import hashlib
import struct
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Final, NamedTuple

from zlib_ng import zlib_ng

from jesses.base.bytes.rope import Piece
from jesses.package.compression.cache import Cache
from jesses.package.compression.content import Packed
from jesses.package.compression.deflate import deflate, implementation
from jesses.package.compression.spool import Spool
from jesses.package.compression.workers import Workers

LEVEL: Final = 1
"""Of libdeflate: most of this is compressed in every run."""

_WORTH_A_WORKER: Final = 64 << 10
"""Fewer bytes are deflated sooner than they are handed to another thread."""
_KIND: Final = "raw-parts"
_LAST: Final = "last"
_MOST: Final = 16 << 20
"""Bytes of an entry of the cache: all of it is in memory."""
_HEAD: Final = struct.Struct("<32sII")
"""Of a part in an entry: its name, its CRC-32, the bytes of what it became."""
_CONTENT: Final = -1


class RawPart:
    """Bytes and small contents, one after the other."""

    def __init__(self) -> None:
        self.size = 0
        self._pieces: list[bytes | Packed] = []

    def write(self, data: bytes) -> None:
        self._pieces.append(data)
        self.size += len(data)

    def add(self, content: Packed) -> None:
        self._pieces.append(content)
        self.size += content.size

    def name(self) -> bytes:
        """A digest of what it is made of: whoever has the part of this name need not put it together."""
        pieces = self._pieces
        lengths = [len(piece) if isinstance(piece, bytes) else _CONTENT for piece in pieces]
        made_of = [piece if isinstance(piece, bytes) else piece.sha256.encode() for piece in pieces]
        counted = struct.pack(f"<I{len(pieces)}i", len(pieces), *lengths)
        return hashlib.sha256(counted + b"".join(made_of)).digest()

    def __bytes__(self) -> bytes:
        joined = bytearray()
        for piece in self._pieces:
            if isinstance(piece, bytes):
                joined += piece
            else:
                for block in piece.read():
                    joined += block
        return bytes(joined)


class Deflated(NamedTuple):
    """The CRC-32 of a part, and the part as a deflate segment."""

    crc: int
    segment: Piece


class RawParts:
    """Deflates parts of archives; any thread may ask. Each `name` has an entry of its own in the cache.

    `kind` tells them from parts that are compressed otherwise.
    """

    def __init__(
        self, workers: Workers, spool: Spool, *, cache: Cache | None, name: str, level: int = LEVEL
    ) -> None:
        self._workers = workers
        self._spool = spool
        self._cache = cache
        self._level = level
        self.kind = f"{_KIND}-{implementation()}-{level}-for-{name}"
        entry = cache.get(self.kind, _LAST) if cache else None
        self._last = dict(_parts(entry)) if entry else {}
        self._known: dict[bytes, Deflated] = {}

    def deflated(self, name: bytes, part: RawPart) -> tuple[int, Piece | Future[Piece]]:
        """The CRC-32 of `part`, which goes by `name`, and the part as a deflate segment."""
        if (known := self._known.get(name)) or (known := self._last.get(name)):
            self._known[name] = known
            return known
        data = bytes(part)
        crc = zlib_ng.crc32(data)
        if len(data) < _WORTH_A_WORKER:
            return crc, self._deflate(name, crc, data)
        return crc, self._workers.submit(self._deflate, name, crc, data)

    def keep(self) -> None:
        """Leave the parts of this run in the cache, for the next."""
        if self._cache is None or not self._known or self._known.keys() == self._last.keys():
            return
        if sum(len(known.segment) for known in self._known.values()) > _MOST:
            return
        entry: list[Piece] = []
        for name, (crc, segment) in self._known.items():
            entry += (_HEAD.pack(name, crc, len(segment)), segment)
        self._cache.put(self.kind, _LAST, *entry)

    def _deflate(self, name: bytes, crc: int, data: bytes) -> Piece:
        segment = self._spool.append(deflate(data, self._level))
        self._known[name] = Deflated(crc, segment)
        return segment


def _parts(entry: memoryview) -> Iterator[tuple[bytes, Deflated]]:
    """The parts in an entry of the cache, by name."""
    at = 0
    while at < len(entry):
        name, crc, size = _HEAD.unpack_from(entry, at)
        at += _HEAD.size
        yield name, Deflated(crc, entry[at : at + size])
        at += size
