"""Tar archives that are read once, from front to end, however they are compressed."""

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, BinaryIO, Final

import zstandard

OPEN: Final[Mapping[str, Callable[[BinaryIO], AbstractContextManager[Any]]]] = {
    "": lambda stream: stream,
    ".gz": lambda stream: gzip.GzipFile(fileobj=stream),
    ".xz": lzma.LZMAFile,
    ".lzma": lzma.LZMAFile,
    ".bz2": bz2.BZ2File,
    ".zst": lambda stream: zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True),
}
"""What opens a compressed stream, by the end of its name."""

ERRORS: Final = (
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    zstandard.ZstdError,
    OSError,
    EOFError,
    ValueError,
)
"""What a damaged archive raises."""

_BLOCK: Final = 1 << 20


@contextmanager
def reading(stream: BinaryIO, suffix: str) -> Iterator[tarfile.TarFile]:
    """The archive that `stream` holds, compressed as `suffix` says; one of `ERRORS` where it is damaged."""
    with OPEN[suffix](stream) as plain:
        with tarfile.open(fileobj=plain, mode="r|") as archive:
            yield archive
        # To the end, where checksums are.
        while plain.read(_BLOCK):
            pass
