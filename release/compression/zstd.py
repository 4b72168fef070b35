"""One Zstandard frame (RFC 8878), compressed by several threads: dpkg takes no second frame."""

from typing import Final

from zstandard import ZstdCompressionParameters, ZstdCompressor

from release.compression.archive import Sink
from release.compression.content import Packed

LEVEL: Final = 9


class ZstdWriter:
    """An `Archive`. The frame is the same for any number of threads."""

    def __init__(self, out: Sink, *, threads: int) -> None:
        parameters = ZstdCompressionParameters.from_level(LEVEL, threads=threads, write_checksum=True)
        self._compressor = ZstdCompressor(compression_params=parameters).compressobj()
        self._out = out
        self.size = 0

    def write(self, data: bytes | memoryview) -> None:
        self.size += len(data)
        self._out.write(self._compressor.compress(data))

    def add(self, content: Packed) -> None:
        for block in content.read():
            self.write(block)

    def close(self) -> None:
        self._out.write(self._compressor.flush())
