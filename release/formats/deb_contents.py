"""What files a DEB has, whoever made it (deb(5))."""

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO, Final

import zstandard

from release.errors import FormatError
from release.formats import ar
from release.stores.streams import Span

_DATA: Final = "data.tar"
_OPEN: Final[Mapping[str, Callable[[BinaryIO], AbstractContextManager[Any]]]] = {
    "": lambda stream: stream,
    ".gz": lambda stream: gzip.GzipFile(fileobj=stream),
    ".xz": lzma.LZMAFile,
    ".lzma": lzma.LZMAFile,
    ".bz2": bz2.BZ2File,
    ".zst": lambda stream: zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True),
}
_ERRORS: Final = (
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    zstandard.ZstdError,
    OSError,
    EOFError,
    ValueError,
)


def paths(source: BinaryIO | Path) -> list[str]:
    """The paths of everything that is no directory, without the slash at their start.

    Raises:
        FormatError: it is no DEB file, or a damaged one.

    """
    if isinstance(source, Path):
        with source.open("rb") as stream:
            return paths(stream)
    for member in ar.members(source):
        if member.name.startswith(_DATA):
            source.seek(member.offset)
            return _listed(io.BufferedReader(Span(source, member.size)), member.name.removeprefix(_DATA))
    raise _damaged("it has no data.tar")


def _listed(stream: BinaryIO, suffix: str) -> list[str]:
    if suffix not in _OPEN:
        raise _damaged(f"its data.tar is packed as {suffix}")
    try:
        with _OPEN[suffix](stream) as plain, tarfile.open(fileobj=plain, mode="r|") as archive:
            return [member.name.removeprefix("./").lstrip("/") for member in archive if not member.isdir()]
    except _ERRORS as error:
        raise _damaged(str(error)) from error


def _damaged(what: str) -> FormatError:
    return FormatError(f"the files of this DEB cannot be listed: {what}", fix="build or download it again")
