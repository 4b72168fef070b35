"""Reads contents once: digests, and deflated segments on all cores, from the cache where it has them."""

import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, Self

from zlib_ng import zlib_ng

from jesses.base.artifact import Compression
from jesses.base.bytes.rope import Piece
from jesses.base.parallel import ordered_map
from jesses.base.payload import ContentSource, File
from jesses.package.compression.archive import Archive, Stream, Writer
from jesses.package.compression.cache import Cache
from jesses.package.compression.content import Packed
from jesses.package.compression.deflate import LEVEL, implementation
from jesses.package.compression.gzip import GzipWriter
from jesses.package.compression.large import SEGMENT, STRETCH, DigestName, LargeFiles
from jesses.package.compression.plain import PlainDigest
from jesses.package.compression.raw import RawParts
from jesses.package.compression.source_file import SourceFile
from jesses.package.compression.spool import MEMORY, Spool
from jesses.package.compression.workers import Workers
from jesses.package.compression.xz import XzWriter
from jesses.package.compression.zstd import ZstdWriter

INLINE: Final = 16 << 10
"""Contents below this many bytes are compressed together with the headers around them."""

_LARGE: Final = 64 << 10
"""Contents below this many bytes are read and digested sooner than they are handed to another thread."""

_READERS: Final = 4
_PLAIN: Final = "plain-sha256"


class Packer:
    """Packs contents, each path once; any thread may ask.

    What a run needs again is held up to `memory` bytes, the rest in files of the directory `spool`. Only DEBs ask
    for `md5`, which takes more time than all other digests of large contents, and only SPDX documents for `sha1`.
    """

    def __init__(
        self,
        spool: Path,
        *,
        cache: Cache | None = None,
        level: int = LEVEL,
        md5: bool = True,
        sha1: bool = False,
        threads: int | None = None,
        memory: int = MEMORY,
    ) -> None:
        self._spool = Spool(spool, memory=memory)
        self._cache = cache
        self._workers = Workers(threads)
        names: tuple[tuple[DigestName, bool], ...] = (("md5", md5), ("sha1", sha1))
        digests = tuple(name for name, asked in names if asked)
        kind = "-".join((f"{implementation()}-{level}-by-{SEGMENT}-{STRETCH}-with-crc", *digests))
        self._parts = RawParts(self._workers, self._spool, cache=cache, name=kind)
        self._large = LargeFiles(
            workers=self._workers, spool=self._spool, cache=cache, kind=kind, level=level, digests=digests
        )
        self._sha1 = sha1
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

    def prepare(self, files: Iterable[File]) -> None:
        """Pack `files`, several at once, before they are asked for one by one; the large ones as they are found.

        Raises:
            PayloadError: as `pack`.

        """
        threads = min(_READERS, self._workers.threads)
        jobs = self._until_an_error(self._worth_a_thread(files))
        for _ in ordered_map(lambda job: job(), jobs, threads=threads):
            pass

    def _until_an_error(self, jobs: Iterable[Callable[[], object]]) -> Iterator[Callable[[], object]]:
        """The `jobs`. Where finding the next one raises, large files that are being packed are given up."""
        try:
            yield from jobs
        except BaseException:
            self._workers.close()
            raise

    def _worth_a_thread(self, files: Iterable[File]) -> Iterator[Callable[[], object]]:
        """What is large, or must be compressed; the rest is packed here, without the wait for another thread."""
        seen = set(self._packed)
        small: list[tuple[str, int]] = []
        middling: list[tuple[str, int]] = []
        for file in files:
            name = file.on_disk
            if name is None or name in seen:
                continue
            seen.add(name)
            if file.size >= _LARGE:
                yield partial(self.pack, name)
            elif file.size < INLINE:
                small.append((name, INLINE))
            else:
                middling.append((name, _LARGE))
        for name, most in (*small, *middling):
            with SourceFile(name) as source:
                data = source.beginning(most)
            if len(data) < INLINE:
                self._packed[name] = self._pack_small(data)
            elif len(data) < most:
                yield partial(self._end, name, self._large.begin(name, source.stamp, data))
            else:
                yield partial(self.pack, name)

    def _end(self, name: str, packing: Callable[[], Packed]) -> None:
        self._packed[name] = packing()

    def pack(self, source: ContentSource) -> Packed:
        """Pack a file or some bytes.

        Raises:
            OutputError: the spool cannot be written.
            PayloadError: the file cannot be read, or changes meanwhile.

        """
        if isinstance(source, bytes):
            return self._small_content(source, hashlib.sha256(source).digest(), source)
        name = str(source)
        if known := self._packed.get(name):
            return known
        with self._lock:
            turn = self._turns[name]
        with turn:
            if name not in self._packed:
                with SourceFile(name) as file:
                    data = file.beginning(INLINE)
                    small = len(data) < INLINE
                    self._packed[name] = self._pack_small(data) if small else self._large.pack(file)
            return self._packed[name]

    def archive(self, compression: Compression) -> Writer:
        """A writer of one compressed stream."""
        match compression:
            case "gzip":
                return self.gzip()
            case "zstd":
                return ZstdWriter(self._spool, threads=self._workers.threads)
            case "xz":
                return XzWriter(self._spool, self._workers)

    def gzip(self) -> GzipWriter:
        """A writer of one gzip member."""
        return GzipWriter(self._parts)

    def sha256(self, stream: Stream) -> str:
        """The SHA-256 of `stream`, which was made here."""
        # Streams of one recipe under one kind are the same bytes. The recipe names the frame of the stream, and by
        # their digests all contents and the parts between them, one after the other. The kind names what makes
        # segments of them: the release of libdeflate, how segments are ended, both levels, and where contents
        # are cut. A segment knows nothing of what stands before it, so nothing else can change it.
        return self._remembered(f"sha256-{self._parts.kind}", stream.recipe, stream.rope.sha256)

    def plain_sha256(self, stream: Stream, write: Callable[[Archive], None]) -> str:
        """The SHA-256 of `stream` before compression, which is what `write` writes.

        Raises:
            PayloadError: a content cannot be read, or has changed.

        """

        def digested() -> str:
            plain = PlainDigest()
            write(plain)
            return plain.sha256

        return self._remembered(_PLAIN, stream.recipe, digested)

    def _remembered(self, kind: str, key: str | None, digest: Callable[[], str]) -> str:
        if not self._cache or not key:
            return digest()
        if known := self._cache.get(kind, key):
            return bytes(known).hex()
        made = digest()
        self._cache.put(kind, key, bytes.fromhex(made))
        return made

    def _pack_small(self, data: bytes) -> Packed:
        sha256 = hashlib.sha256(data).digest()
        if not (known := self._by_sha256.get(sha256)):
            self._by_sha256[sha256] = known = self._small_content(data, sha256, self._spool.append(data))
        return known

    def _small_content(self, data: bytes, sha256: bytes, kept: Piece) -> Packed:
        return Packed(
            size=len(data),
            crc=zlib_ng.crc32(data),
            sha256_digest=sha256,
            md5_digest=hashlib.md5(data, usedforsecurity=False).digest(),
            sha1_digest=hashlib.sha1(data, usedforsecurity=False).digest() if self._sha1 else b"",
            plain=kept,
        )
