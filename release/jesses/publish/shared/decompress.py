"""Indexes as other tools pack them."""

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from typing import BinaryIO, Final, cast

import zstandard
from zlib_ng import gzip_ng, zlib_ng

from jesses.base.errors import RepositoryError

MOST: Final = 1 << 30
"""The most bytes of an index: more than any repository of packages has, and what a machine can hold."""
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


def decompress(data: bytes, name: str, *, most: int = MOST) -> bytes:
    """The plain text of an index called `name`, which says nothing of how it is packed: its first bytes do.

    Raises:
        RepositoryError: it is damaged, or longer than `most` bytes.

    """
    for magic, open_packed in _FORMATS:
        if data.startswith(magic):
            try:
                with open_packed(io.BytesIO(data)) as stream:
                    plain = stream.read(most + 1)
            except _ERRORS as error:
                raise RepositoryError(f"{name} cannot be unpacked: {error}", fix=_FIX) from error
            return _checked(plain, name, most)
    return _checked(data, name, most)


def _checked(plain: bytes, name: str, most: int) -> bytes:
    if len(plain) > most:
        raise RepositoryError(f"{name} has more than {most >> 20} MiB when it is unpacked", fix=_FIX)
    return plain


def _open_gzip(packed: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", gzip_ng.GzipNGFile(fileobj=packed))  # type: ignore[no-untyped-call]


def _open_xz(packed: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", lzma.LZMAFile(packed))


def _open_bzip2(packed: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", bz2.BZ2File(packed))


def _open_zstd(packed: BinaryIO) -> BinaryIO:
    # A frame need not say how long it will be, and there may be several.
    reader = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
    return cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", reader)))


_FORMATS: Final[tuple[tuple[bytes, Callable[[BinaryIO], BinaryIO]], ...]] = (
    (b"\x1f\x8b", _open_gzip),
    (b"\xfd7zXZ\0", _open_xz),
    (b"BZh", _open_bzip2),
    (b"\x28\xb5\x2f\xfd", _open_zstd),
    (b"\x5d\0\0", _open_xz),
)
