"""Indexes as other tools pack them."""

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Final, cast

import zstandard
from zlib_ng import gzip_ng, zlib_ng

from jesses.base.errors import RepositoryError

_FIX: Final = "repair the repository, or publish below another prefix"
# Its stub says that this is an exception, not a class of them.
_ZLIB_NG_ERROR: Final = cast("type[Exception]", zlib_ng.error)
_ERRORS: Final = (
    OSError,
    EOFError,
    ValueError,
    zlib.error,
    _ZLIB_NG_ERROR,
    lzma.LZMAError,
    zstandard.ZstdError,
)


def decompress(data: bytes, name: str) -> bytes:
    """The plain text of an index called `name`, which says nothing of how it is packed: its first bytes do.

    Raises:
        RepositoryError: it is damaged.

    """
    for magic, unpacker in _UNPACKERS:
        if data.startswith(magic):
            try:
                return unpacker(data)
            except _ERRORS as error:
                raise RepositoryError(f"{name} cannot be unpacked: {error}", fix=_FIX) from error
    return data


def _unzstd(data: bytes) -> bytes:
    # A frame need not say how long it will be, and there may be several.
    with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
        return reader.read()


_UNPACKERS: Final[tuple[tuple[bytes, Callable[[bytes], bytes]], ...]] = (
    (b"\x1f\x8b", gzip_ng.decompress),
    (b"\xfd7zXZ\0", lzma.decompress),
    (b"BZh", bz2.decompress),
    (b"\x28\xb5\x2f\xfd", _unzstd),
    (b"\x5d\0\0", lzma.decompress),
)
