"""A large file, read once: digested and deflated in segments on all cores, or found in the cache.

The cache is asked for a stretch of some segments at a time, by the digest of everything up to its end: so one
digest is enough, each step of it is long enough to be worth a thread, and a file that changed is compressed
anew from where it changed.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from typing import Final, Literal, NamedTuple

from zlib_ng import zlib_ng

from jesses.base.bytes.buffer import buffer
from jesses.base.bytes.rope import Piece, Rope
from jesses.package.compression import source_file
from jesses.package.compression.cache import Cache
from jesses.package.compression.content import Packed
from jesses.package.compression.deflate import deflate
from jesses.package.compression.source_file import SourceFile, Stamp
from jesses.package.compression.spool import Spool
from jesses.package.compression.workers import Workers

SEGMENT: Final = source_file.BLOCK
"""Bytes of plain content that are deflated together."""

STRETCH: Final = 4 * SEGMENT
"""Bytes of plain content that are looked up together."""

DigestName = Literal["md5", "sha1"]
"""What some formats ask for, beside the SHA-256 of every content: DEBs for MD5, SPDX documents for SHA-1."""

_SIZES: Final[Mapping[DigestName, int]] = {"md5": 16, "sha1": 20}
_CRC: Final = 4


@dataclass(frozen=True, kw_only=True)
class LargeFiles:
    """Packs files; any thread may ask.

    `kind` is that of the entries in the cache: it stands for `level` and `digests`, and for what compresses.
    """

    workers: Workers
    spool: Spool
    cache: Cache | None
    kind: str
    level: int
    digests: tuple[DigestName, ...]

    def pack(self, file: SourceFile) -> Packed:
        """Pack an open file.

        Raises:
            OutputError: the spool cannot be written.
            PayloadError: the file cannot be read, or changes meanwhile.

        """
        size = file.stamp.size
        sha256, crc = hashlib.sha256(), 0
        others = _LateDigests(self.digests, file)
        # One is read into while the other is compressed.
        buffers = cycle([buffer(min(STRETCH, size)) for _ in range(2 if size > STRETCH else 1)])
        kept: list[Piece] = []
        later: deque[Callable[[], Piece]] = deque()
        for block in file.read_into(buffers):
            sha256.update(block)
            key = sha256.hexdigest()
            if known := self._known(key):
                crc, deflated = known.crc, known.deflated
                others.skip(known.digests, len(block))
                later.append(partial(self.spool.append, deflated))
            else:
                crc = zlib_ng.crc32(block, crc)
                others.update(block)
                later.append(partial(self._keep, key, crc, others.values(), self._deflate(block)))
            if len(later) > 1:
                kept.append(later.popleft()())
        kept += (keep() for keep in later)
        return self._packed(file.path, file.stamp, sha256.hexdigest(), crc, others.values(), kept)

    def begin(self, path: str, stamp: Stamp, data: bytes) -> Callable[[], Packed]:
        """Begin to pack a file whose whole content is `data`, no longer than a stretch; what is given ends it.

        Raises:
            OutputError: when it is ended, as `pack`.

        """
        sha256 = hashlib.sha256(data).hexdigest()
        if known := self._known(sha256):
            piece = self.spool.append(known.deflated)
            return partial(self._packed, path, stamp, sha256, known.crc, known.digests, [piece])
        crc, segments = zlib_ng.crc32(data), self._deflate(memoryview(data))
        values = [hashlib.new(name, data, usedforsecurity=False).digest() for name in self.digests]

        def end() -> Packed:
            piece = self._keep(sha256, crc, values, segments)
            return self._packed(path, stamp, sha256, crc, values, [piece])

        return end

    def _packed(
        self, path: str, stamp: Stamp, sha256: str, crc: int, digests: Iterable[bytes], kept: Sequence[Piece]
    ) -> Packed:
        named = dict(zip(self.digests, digests, strict=True))
        return Packed(
            size=stamp.size,
            crc=crc,
            sha256_digest=bytes.fromhex(sha256),
            md5_digest=bytes(named.get("md5", b"")),
            sha1_digest=bytes(named.get("sha1", b"")),
            plain=partial(source_file.read_again, path, stamp),
            deflated=Rope(tuple(kept)),
        )

    def _deflate(self, block: memoryview) -> list[Future[bytes]]:
        segments = (block[start : start + SEGMENT] for start in range(0, len(block), SEGMENT))
        return [self.workers.submit(deflate, segment, self.level) for segment in segments]

    def _keep(self, key: str, crc: int, digests: Sequence[bytes], segments: Sequence[Future[bytes]]) -> Piece:
        deflated = b"".join(segment.result() for segment in segments)
        if self.cache:
            self.cache.put(self.kind, key, crc.to_bytes(_CRC, "little"), *digests, deflated)
        return self.spool.append(deflated)

    def _known(self, key: str) -> "_Known | None":
        """What the cache has under `key`."""
        entry = self.cache.get(self.kind, key) if self.cache else None
        if not entry:
            return None
        crc, at = int.from_bytes(entry[:_CRC], "little"), _CRC
        digests = []
        for name in self.digests:
            digests.append(bytes(entry[at : at + _SIZES[name]]))
            at += _SIZES[name]
        return _Known(crc, tuple(digests), entry[at:])


class _Known(NamedTuple):
    """A stretch in the cache: the CRC-32 and other digests of everything up to its end, and its segments."""

    crc: int
    digests: tuple[bytes, ...]
    deflated: memoryview


class _LateDigests:
    """Digests of a file that is read block by block, without the work for what a cache knows them up to."""

    def __init__(self, names: Sequence[DigestName], file: SourceFile) -> None:
        self._names = names
        self._file = file
        self._hashes = self._begun()
        self._seen = 0
        self._known: Sequence[bytes] = ()

    def skip(self, digests: Sequence[bytes], size: int) -> None:
        """Go past a block of `size` bytes; `digests` are those of everything up to its end."""
        self._seen += size
        self._known = digests

    def update(self, block: memoryview) -> None:
        if self._known:
            self._hashes = self._begun()
            for earlier in islice(self._file.blocks(), self._seen // source_file.BLOCK):
                self._add(earlier)
            self._known = ()
        self._seen += len(block)
        self._add(block)

    def values(self) -> Sequence[bytes]:
        """The digests of everything so far, in the order of their names."""
        return self._known or [one.digest() for one in self._hashes]

    def _begun(self) -> list["hashlib._Hash"]:
        return [hashlib.new(name, usedforsecurity=False) for name in self._names]

    def _add(self, block: bytes | memoryview) -> None:
        for one in self._hashes:
            one.update(block)
