"""One Zstandard frame (RFC 8878), compressed by several threads: dpkg takes no second frame."""

from typing import Final

from zstandard import ZstdCompressionParameters, ZstdCompressor

from jesses.base.bytes.rope import Piece, Rope
from jesses.package.compression.archive import Stream
from jesses.package.compression.content import Packed
from jesses.package.compression.spool import Spool

LEVEL: Final = 9


class ZstdWriter:
    """A `Writer`. The frame is the same for any number of threads."""

    def __init__(self, spool: Spool, *, threads: int) -> None:
        parameters = ZstdCompressionParameters.from_level(LEVEL, threads=threads, write_checksum=True)
        self._compressor = ZstdCompressor(compression_params=parameters).compressobj()
        self._spool = spool
        self._pieces: list[Piece] = []
        self._size = 0

    def write(self, data: bytes | memoryview) -> None:
        self._size += len(data)
        self._keep(self._compressor.compress(data))

    def add(self, content: Packed) -> None:
        for block in content.read():
            self.write(block)

    def close(self) -> Stream:
        self._keep(self._compressor.flush())
        return Stream(rope=Rope.of(*self._pieces), plain_size=self._size)

    def _keep(self, data: bytes) -> None:
        if data:
            self._pieces.append(self._spool.append(data))
