"""Reads contents once: digests, and deflated segments on all cores, from the cache where it has them."""

import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from zlib_ng import zlib_ng

from release.artifact import Compression
from release.compression import original
from release.compression.archive import Archive, Sink
from release.compression.cache import Cache
from release.compression.content import Packed
from release.compression.deflate import LEVEL, deflate, implementation
from release.compression.gzip import GzipWriter
from release.compression.original import Stamp
from release.compression.plain import PlainDigest, Recipe
from release.compression.raw import RawParts
from release.compression.spool import MEMORY, Kept, Spool
from release.compression.workers import Workers
from release.compression.xz import XzWriter
from release.compression.zstd import ZstdWriter
from release.parallel import each

if TYPE_CHECKING:
    from hashlib import _Hash

INLINE: Final = 16 << 10
"""Contents below this many bytes are compressed together with the headers around them."""

SEGMENT: Final = original.BLOCK
"""Bytes of plain content that are deflated together."""

_READERS: Final = 4
_MD5: Final = 16
_SUMS: Final = _MD5 + 4
"""An entry of the cache begins with the MD5 and the CRC-32 up to its end."""
_PLAIN: Final = "plain-sha256"


class Packer:
    """Packs contents, each path once; any thread may ask.

    What a run needs again is held up to `memory` bytes, the rest in files of the directory `spool`. Only DEBs ask
    for `md5`, which takes more time than all other digests of large contents.
    """

    def __init__(
        self,
        spool: Path,
        *,
        cache: Cache | None = None,
        level: int = LEVEL,
        md5: bool = True,
        threads: int | None = None,
        memory: int = MEMORY,
    ) -> None:
        self._spool = Spool(spool, memory=memory)
        self._cache = cache
        self._level = level
        self._md5 = md5
        self._kind = f"{implementation()}-{level}{'' if md5 else '-without-md5'}"
        self._workers = Workers(threads)
        self._parts = RawParts(self._workers, self._spool, cache=cache, name=self._kind)
        # By text: paths take long to compare.
        self._packed: dict[str, Packed] = {}
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._workers.close()
        self._parts.keep()
        self._spool.close()
        if self._cache and self._packed:
            self._cache.trim()

    def prepare(self, sources: Iterable[Path | bytes]) -> None:
        """Pack `sources`, several at once, before they are asked for one by one.

        Raises:
            PayloadError: as `pack`.

        """
        large: dict[str, Path] = {}
        for source in sources:
            if isinstance(source, bytes) or (name := str(source)) in self._packed or name in large:
                continue
            # Small ones at once: threads that read them would only wait for each other.
            data = original.small(source, INLINE - 1)
            if data is None:
                large[name] = source
            else:
                self._packed[name] = self._pack_small(data)
        for _ in each(self.pack, large.values(), threads=min(_READERS, self._workers.threads)):
            pass

    def pack(self, source: Path | bytes) -> Packed:
        """Pack a file or some bytes.

        Raises:
            OutputError: the spool cannot be written.
            PayloadError: the file cannot be read, or changes meanwhile.

        """
        if isinstance(source, bytes):
            return _small(source, partial(iter, (source,)))
        name = str(source)
        if known := self._packed.get(name):
            return known
        with self._lock:
            turn = self._turns[name]
        with turn:
            if name not in self._packed:
                self._packed[name] = self._pack_file(source)
            return self._packed[name]

    def archive(self, out: Sink, compression: Compression) -> Archive:
        """A writer of one compressed stream to `out`."""
        match compression:
            case "gzip":
                return self.gzip(out)
            case "zstd":
                return ZstdWriter(out, threads=self._workers.threads)
            case "xz":
                return XzWriter(out, self._workers)

    def gzip(self, out: Sink) -> GzipWriter:
        """A writer of one gzip member to `out`."""
        return GzipWriter(out, self._parts, ahead=2 * self._workers.threads)

    def plain_sha256(self, recipe: Recipe, write: Callable[[Archive], None]) -> str:
        """The SHA-256 of what `write` writes, before compression; `recipe` is of the same.

        Raises:
            PayloadError: a content cannot be read, or has changed.

        """
        kept = self._cache.get(_PLAIN, recipe.key) if self._cache else None
        if kept:
            return bytes(kept).hex()
        plain = PlainDigest()
        write(plain)
        if self._cache:
            self._cache.put(_PLAIN, recipe.key, bytes.fromhex(plain.sha256))
        return plain.sha256

    def _pack_file(self, path: Path) -> Packed:
        stamp = original.stamp(path)
        data = original.small(path, INLINE - 1) if stamp.size < INLINE else None
        return self._pack_large(path, stamp) if data is None else self._pack_small(data)

    def _pack_small(self, data: bytes) -> Packed:
        return _small(data, partial(self._spool.read, (self._spool.append(data),)))

    def _pack_large(self, path: Path, stamp: Stamp) -> Packed:
        sha256, crc = hashlib.sha256(), 0
        md5 = _LateMd5(path, stamp) if self._md5 else _NoMd5()
        segments: list[Kept | Future[Kept]] = []
        for block in original.blocks(path, stamp):
            sha256.update(block)
            # The digests so far are those of this block and of all before it.
            key = sha256.hexdigest()
            known = self._cache.get(self._kind, key) if self._cache else None
            if known:
                md5.skip(bytes(known[:_MD5]))
                crc = int.from_bytes(known[_MD5:_SUMS], "little")
                segments.append(self._spool.append(known[_SUMS:]))
            else:
                md5.update(block)
                crc = zlib_ng.crc32(block, crc)
                sums = md5.digest() + crc.to_bytes(_SUMS - _MD5, "little")
                segments.append(self._workers.submit(self._deflate, block, key, sums))
        kept = tuple(segment.result() if isinstance(segment, Future) else segment for segment in segments)
        return Packed(
            size=stamp.size,
            crc=crc,
            md5=md5.digest().hex() if self._md5 else "",
            sha256=sha256.hexdigest(),
            read=partial(original.blocks, path, stamp),
            deflated=partial(self._spool.read, kept),
        )

    def _deflate(self, block: bytes, key: str, sums: bytes) -> Kept:
        deflated = deflate(block, self._level)
        if self._cache:
            self._cache.put(self._kind, key, sums, deflated)
        return self._spool.append(deflated)


class _LateMd5:
    """The MD5 of a file read block by block, without the work for what a cache knows the MD5 up to."""

    def __init__(self, path: Path, stamp: Stamp) -> None:
        self._blocks = partial(original.blocks, path, stamp)
        self._hash = _md5()
        self._seen = 0
        self._known: bytes | None = None

    def skip(self, digest: bytes) -> None:
        """Go past a block; `digest` is that of everything up to its end."""
        self._seen += 1
        self._known = digest

    def update(self, block: bytes) -> None:
        if self._known:
            self._hash = _md5()
            for earlier in islice(self._blocks(), self._seen):
                self._hash.update(earlier)
            self._known = None
        self._seen += 1
        self._hash.update(block)

    def digest(self) -> bytes:
        return self._known or self._hash.digest()


class _NoMd5:
    """Takes the place of one in the cache."""

    def skip(self, digest: bytes) -> None: ...

    def update(self, block: bytes) -> None: ...

    def digest(self) -> bytes:
        return bytes(_MD5)


def _small(data: bytes, read: Callable[[], Iterator[bytes | memoryview]]) -> Packed:
    return Packed(
        size=len(data),
        crc=zlib_ng.crc32(data),
        md5=_md5(data).hexdigest(),
        sha256=hashlib.sha256(data).hexdigest(),
        read=read,
    )


def _md5(data: bytes = b"") -> "_Hash":
    return hashlib.md5(data, usedforsecurity=False)
