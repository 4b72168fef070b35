"""What is in a DEB, whoever made it (deb(5)): its control file, and the paths of its files."""

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import zstandard

from jesses.base.bytes.span import Span
from jesses.base.errors import FormatError
from jesses.package.formats import ar
from jesses.package.formats.ar import Member

_OPEN: Final[Mapping[str, Callable[[BinaryIO], AbstractContextManager[Any]]]] = {
    "": lambda stream: stream,
    ".gz": lambda stream: gzip.GzipFile(fileobj=stream),
    ".xz": lzma.LZMAFile,
    ".lzma": lzma.LZMAFile,
    ".bz2": bz2.BZ2File,
    ".zst": lambda stream: zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True),
}
_BLOCK: Final = 1 << 20
_ERRORS: Final = (
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    zstandard.ZstdError,
    OSError,
    EOFError,
    ValueError,
)


def control(source: BinaryIO | Path) -> str:
    """The control file, ending in one newline.

    Raises:
        FormatError: it is no DEB file, or a damaged one.

    """
    with _part(source, "control.tar") as archive:
        for member in archive:
            # A link must not lead anywhere.
            if member.name.removeprefix("./") == "control" and member.isreg():
                stream = archive.extractfile(member)
                return (stream.read() if stream else b"").decode().strip("\n") + "\n"
        raise ValueError("it has no file control")


def paths(source: BinaryIO | Path) -> list[str]:
    """The paths of everything that is no directory, without the slash at their start.

    Raises:
        FormatError: it is no DEB file, or a damaged one.

    """
    with _part(source, "data.tar") as archive:
        return [member.name.removeprefix("./").lstrip("/") for member in archive if not member.isdir()]


@contextmanager
def _part(source: BinaryIO | Path, name: str) -> Iterator[tarfile.TarFile]:
    """One of the archives in a DEB file, to be read once."""
    if isinstance(source, Path):
        with source.open("rb") as stream, _part(stream, name) as archive:
            yield archive
        return
    member = _found(source, name)
    source.seek(member.offset)
    try:
        unpack = _OPEN[member.name.removeprefix(name)]
        with (
            unpack(io.BufferedReader(Span(source, member.size))) as plain,
            tarfile.open(fileobj=plain, mode="r|") as archive,
        ):
            yield archive
            # To the end, where checksums are.
            while plain.read(_BLOCK):
                pass
    except _ERRORS as error:
        raise _unreadable(f"its {name} is damaged: {error}") from error


def _found(source: BinaryIO, name: str) -> Member:
    """The member that is `name`, however it is packed."""
    for member in ar.members(source):
        suffix = member.name.removeprefix(name)
        if suffix in _OPEN:
            return member
        if suffix != member.name:
            raise _unreadable(f"its {name} is packed as {suffix}")
    raise _unreadable(f"it has no {name}")


def _unreadable(what: str) -> FormatError:
    return FormatError(f"this DEB file cannot be read: {what} (deb(5))", fix="build or download it again")
