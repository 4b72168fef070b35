"""What is in a DEB, whoever made it (deb(5)): its control file, and the paths of its files."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from jesses.base.bytes.span import Span
from jesses.base.errors import FormatError
from jesses.package.formats import ar, packed_tar
from jesses.package.formats.ar import Member

_MOST_CONTROL: Final = 1 << 20


@dataclass(frozen=True, kw_only=True)
class ControlPart:
    """The names in the control part as they stand, what is no file marked; and the control file as it stands."""

    names: tuple[str, ...]
    control: str


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


def control_part(source: BinaryIO | Path) -> ControlPart:
    """All of the control part that others may read otherwise than we do: names, and the text of `./control`.

    Raises:
        FormatError: it is no DEB file, or a damaged one.

    """
    names, control = [], b""
    with _part(source, "control.tar") as archive:
        for member in archive:
            names.append(member.name + ("" if member.isreg() or member.isdir() else " (no file)"))
            if member.name == "./control" and member.isreg():
                stream = archive.extractfile(member)
                control = stream.read(_MOST_CONTROL) if stream else b""
        return ControlPart(names=tuple(names), control=control.decode())


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
        suffix = member.name.removeprefix(name)
        with packed_tar.reading(io.BufferedReader(Span(source, member.size)), suffix) as archive:
            yield archive
    except packed_tar.ERRORS as error:
        raise _unreadable(f"its {name} is damaged: {error}") from error


def _found(source: BinaryIO, name: str) -> Member:
    """The member that is `name`, however it is packed."""
    for member in ar.members(source):
        suffix = member.name.removeprefix(name)
        if suffix in packed_tar.OPEN:
            return member
        if suffix != member.name:
            raise _unreadable(f"its {name} is packed as {suffix}")
    raise _unreadable(f"it has no {name}")


def _unreadable(what: str) -> FormatError:
    return FormatError(f"this DEB file cannot be read: {what} (deb(5))", fix="build or download it again")
