"""Reads contents once: digests, and deflated segments on all cores, from the cache where it has them."""

import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, Self

from zlib_ng import zlib_ng

from release.artifact import Compression
from release.compression import original
from release.compression.archive import Archive, Sink
from release.compression.cache import Cache
from release.compression.content import Packed
from release.compression.deflate import LEVEL, implementation
from release.compression.gzip import GzipWriter
from release.compression.large import STRETCH, LargeFiles
from release.compression.plain import PlainDigest, Recipe
from release.compression.raw import RawParts
from release.compression.spool import MEMORY, Spool
from release.compression.workers import Workers
from release.compression.xz import XzWriter
from release.compression.zstd import ZstdWriter
from release.parallel import each
from release.payload import Source

INLINE: Final = 16 << 10
"""Contents below this many bytes are compressed together with the headers around them."""

_LARGE: Final = 64 << 10
"""Contents below this many bytes are read and digested sooner than they are handed to another thread."""

_READERS: Final = 4
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
        self._workers = Workers(threads)
        kind = f"{implementation()}-{level}-by-{STRETCH}{'' if md5 else '-without-md5'}"
        self._parts = RawParts(self._workers, self._spool, cache=cache, name=kind)
        self._large = LargeFiles(
            workers=self._workers, spool=self._spool, cache=cache, kind=kind, level=level, md5=md5
        )
        # By text: paths take long to compare.
        self._packed: dict[str, Packed] = {}
        self._by_sha256: dict[bytes, Packed] = {}
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

    def prepare(self, sources: Iterable[Source]) -> None:
        """Pack `sources`, several at once, before they are asked for one by one.

        Raises:
            PayloadError: as `pack`.

        """
        for _ in each(self.pack, self._worth_a_thread(sources), threads=min(_READERS, self._workers.threads)):
            pass

    def _worth_a_thread(self, sources: Iterable[Source]) -> Iterator[str]:
        """What is large, or must be compressed; the rest is packed here, without the wait for another thread."""
        seen = set(self._packed)
        for source in sources:
            if isinstance(source, bytes) or (name := str(source)) in seen:
                continue
            seen.add(name)
            if packed := self._at_once(name):
                self._packed[name] = packed
            else:
                yield name

    def _at_once(self, path: str) -> Packed | None:
        found = original.whole(path, _LARGE - 1)
        if found is None:
            return None
        data, stamp = found
        return self._pack_small(data) if len(data) < INLINE else self._large.known(path, stamp, data)

    def pack(self, source: Source) -> Packed:
        """Pack a file or some bytes.

        Raises:
            OutputError: the spool cannot be written.
            PayloadError: the file cannot be read, or changes meanwhile.

        """
        if isinstance(source, bytes):
            return _small_content(source, hashlib.sha256(source).digest(), partial(iter, (source,)))
        name = str(source)
        if known := self._packed.get(name):
            return known
        with self._lock:
            turn = self._turns[name]
        with turn:
            if name not in self._packed:
                self._packed[name] = self._pack_file(name)
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

    def _pack_file(self, path: str) -> Packed:
        stamp = original.stamp(path)
        found = original.whole(path, INLINE - 1) if stamp.size < INLINE else None
        return self._pack_small(found[0]) if found else self._large.pack(path, stamp)

    def _pack_small(self, data: bytes) -> Packed:
        sha256 = hashlib.sha256(data).digest()
        if not (known := self._by_sha256.get(sha256)):
            self._by_sha256[sha256] = known = _small_content(
                data, sha256, partial(self._spool.read, (self._spool.append(data),))
            )
        return known


def _small_content(data: bytes, sha256: bytes, read: Callable[[], Iterator[bytes | memoryview]]) -> Packed:
    return Packed(
        size=len(data),
        crc=zlib_ng.crc32(data),
        md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
        sha256=sha256.hex(),
        read=read,
    )
