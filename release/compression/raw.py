"""What lies between contents, deflated: headers, padding, small contents.

Packages of one product for several machines have most of it in common, so equal parts are deflated once. A cache
has those of the last run in one entry: they are many and small, and a new date makes all of them new.
"""

from collections.abc import Iterator
from concurrent.futures import Future
from typing import Final

from release.compression.cache import Cache
from release.compression.deflate import deflate, implementation
from release.compression.spool import Spool
from release.compression.workers import Workers
from release.rope import Piece

LEVEL: Final = 1
"""Of libdeflate: most of this is compressed in every run."""

_WORTH_A_WORKER: Final = 64 << 10
"""Fewer bytes are deflated sooner than they are handed to another thread."""
_KIND: Final = "raw"
_LAST: Final = "last"
_MOST: Final = 16 << 20
"""Bytes of an entry of the cache: all of it is in memory."""
_DIGEST: Final = 32
_LENGTH: Final = 4


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
        self._known: dict[bytes, Piece] = {}

    def deflated(self, data: bytes, sha256: bytes) -> Piece | Future[Piece]:
        """`data`, whose digest is `sha256`, as a deflate segment."""
        if (known := self._known.get(sha256)) or (known := self._last.get(sha256)):
            self._known[sha256] = known
            return known
        if len(data) < _WORTH_A_WORKER:
            return self._deflate(data, sha256)
        return self._workers.submit(self._deflate, data, sha256)

    def keep(self) -> None:
        """Leave the parts of this run in the cache, for the next."""
        if self._cache is None or not self._known or self._known.keys() == self._last.keys():
            return
        if sum(map(len, self._known.values())) > _MOST:
            return
        entry: list[Piece] = []
        for sha256, kept in self._known.items():
            entry += (sha256 + len(kept).to_bytes(_LENGTH, "little"), kept)
        self._cache.put(self.kind, _LAST, *entry)

    def _deflate(self, data: bytes, sha256: bytes) -> Piece:
        self._known[sha256] = kept = self._spool.append(deflate(data, self._level))
        return kept


def _parts(entry: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """The parts in an entry of the cache, by digest."""
    while entry:
        start = _DIGEST + _LENGTH
        end = start + int.from_bytes(entry[_DIGEST:start], "little")
        yield bytes(entry[:_DIGEST]), entry[start:end]
        entry = entry[end:]
