"""A large file, read once: digested and deflated in segments on all cores, or found in the cache.

The cache is asked for a stretch of some segments at a time, by the digest of everything up to its end: so one
digest is enough, each step of it is long enough to be worth a thread, and a file that changed is compressed
anew from where it changed.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from typing import Final

from zlib_ng import zlib_ng

from jesses.base.bytes.buffer import buffer
from jesses.base.bytes.rope import Piece, Rope
from jesses.package.compression import source_file
from jesses.package.compression.cache import Cache
from jesses.package.compression.content import Packed
from jesses.package.compression.deflate import deflate
from jesses.package.compression.source_file import Stamp
from jesses.package.compression.spool import Spool
from jesses.package.compression.workers import Workers

SEGMENT: Final = source_file.BLOCK
"""Bytes of plain content that are deflated together."""

STRETCH: Final = 4 * SEGMENT
"""Bytes of plain content that are looked up together."""

_MD5: Final = 16
_CRC: Final = 4


@dataclass(frozen=True, kw_only=True)
class LargeFiles:
    """Packs files; any thread may ask. Entries of the cache are of `kind`, apart for each `level` and `md5`."""

    workers: Workers
    spool: Spool
    cache: Cache | None
    kind: str
    level: int
    md5: bool

    def pack(self, path: str, stamp: Stamp) -> Packed:
        """Pack the file that is in the state `stamp`.

        Raises:
            OutputError: the spool cannot be written.
            PayloadError: the file cannot be read, or is in another state.

        """
        sha256, crc = hashlib.sha256(), 0
        md5 = _LateMd5(path, stamp) if self.md5 else _NoMd5()
        # One is read into while the other is compressed.
        rooms = cycle([buffer(min(STRETCH, stamp.size)) for _ in range(2 if stamp.size > STRETCH else 1)])
        kept: list[Piece] = []
        later: deque[Callable[[], Piece]] = deque()
        for block in source_file.read_into(rooms, path, stamp):
            sha256.update(block)
            key = sha256.hexdigest()
            known = self.cache.get(self.kind, key) if self.cache else None
            if known:
                known_md5, crc, deflated = _parts(known)
                md5.skip(known_md5, len(block))
                later.append(partial(self.spool.append, deflated))
            else:
                md5.update(block)
                crc = zlib_ng.crc32(block, crc)
                later.append(partial(self._keep, key, _sums(md5.digest(), crc), self._deflate(block)))
            if len(later) > 1:
                kept.append(later.popleft()())
        kept += (keep() for keep in later)
        return self._packed(path, stamp, sha256.hexdigest(), md5.digest(), crc, kept)

    def known(self, path: str, stamp: Stamp, data: bytes) -> Packed | None:
        """The file, whose content is `data` and no longer than a stretch, unless it must be compressed."""
        sha256 = hashlib.sha256(data).hexdigest()
        known = self.cache.get(self.kind, sha256) if self.cache else None
        if not known:
            return None
        md5, crc, deflated = _parts(known)
        return self._packed(path, stamp, sha256, md5, crc, [self.spool.append(deflated)])

    def _packed(
        self, path: str, stamp: Stamp, sha256: str, md5: bytes, crc: int, kept: Sequence[Piece]
    ) -> Packed:
        return Packed(
            size=stamp.size,
            crc=crc,
            md5=md5.hex() if self.md5 else "",
            sha256=sha256,
            read=partial(source_file.blocks, path, stamp),
            deflated=Rope(tuple(kept)),
        )

    def _deflate(self, block: memoryview) -> list[Future[bytes]]:
        segments = (block[start : start + SEGMENT] for start in range(0, len(block), SEGMENT))
        return [self.workers.submit(deflate, segment, self.level) for segment in segments]

    def _keep(self, key: str, sums: bytes, segments: Sequence[Future[bytes]]) -> Piece:
        deflated = b"".join(segment.result() for segment in segments)
        if self.cache:
            self.cache.put(self.kind, key, sums, deflated)
        return self.spool.append(deflated)


def _sums(md5: bytes, crc: int) -> bytes:
    """What an entry of the cache begins with: the MD5 and the CRC-32 of everything up to its end."""
    return md5 + crc.to_bytes(_CRC, "little")


def _parts(entry: memoryview) -> tuple[bytes, int, memoryview]:
    """The MD5, the CRC-32 and the segments in an entry of the cache."""
    return bytes(entry[:_MD5]), int.from_bytes(entry[_MD5 : _MD5 + _CRC], "little"), entry[_MD5 + _CRC :]


class _LateMd5:
    """The MD5 of a file read block by block, without the work for what a cache knows the MD5 up to."""

    def __init__(self, path: str, stamp: Stamp) -> None:
        self._blocks = partial(source_file.blocks, path, stamp)
        self._hash = hashlib.md5(usedforsecurity=False)
        self._seen = 0
        self._known: bytes | None = None

    def skip(self, digest: bytes, size: int) -> None:
        """Go past a block of `size` bytes; `digest` is that of everything up to its end."""
        self._seen += size
        self._known = digest

    def update(self, block: memoryview) -> None:
        if self._known:
            self._hash = hashlib.md5(usedforsecurity=False)
            for earlier in islice(self._blocks(), self._seen // source_file.BLOCK):
                self._hash.update(earlier)
            self._known = None
        self._seen += len(block)
        self._hash.update(block)

    def digest(self) -> bytes:
        return self._known or self._hash.digest()


class _NoMd5:
    """Takes the place of one in the cache."""

    def skip(self, digest: bytes, size: int) -> None: ...

    def update(self, block: memoryview) -> None: ...

    def digest(self) -> bytes:
        return bytes(_MD5)
