"""Tar headers (POSIX.1-2001 ustar, with pax records where ustar cannot say it), for every format using tar.

Nothing of the machine shows: owners by name with id 0, or by number without a name; one time for all.
"""

import struct
import tarfile
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from zlib_ng.zlib_ng import adler32

from jesses.base.payload import Directory, Entry, File, Payload, Symlink
from jesses.package.compression import Archive, Packer

Dialect = Literal[1, 2]
"""How a long name is written: `tarfile.GNU_FORMAT` (dpkg reads no other, deb(5)) or `tarfile.PAX_FORMAT`."""

_BLOCK: Final = tarfile.BLOCKSIZE
# name, what is before the size, size, time, checksum, the rest
_USTAR: Final = struct.Struct("100s24s12s12s8s356s")
# mode, uid, gid
_NUMBERS: Final = b"%07o\0%07o\0%07o\0"
_LONG_NUMBER: Final = b"%011o\0"
_CHECKSUM: Final = b"%06o\0 "
_BLANK_CHECKSUM: Final = b"        "
# type, target of a link, magic, uname, gname; devmajor, devminor and prefix are empty
_REST: Final = struct.Struct("c100s8s32s32s183x")
_TYPES: Final = {File: tarfile.REGTYPE, Directory: tarfile.DIRTYPE, Symlink: tarfile.SYMTYPE}
_MAGIC: Final = {tarfile.GNU_FORMAT: tarfile.GNU_MAGIC, tarfile.PAX_FORMAT: tarfile.POSIX_MAGIC}
# In bytes: of a name or a target, of an owner or a group.
_LONGEST: Final = 100
_LONGEST_OWNER: Final = 32
# Of a mode or an owner's number, of a size or a time.
_LARGEST: Final = 0o7777777
_LARGEST_LONG: Final = 0o77777777777
# Half of Adler-32 is the sum of all bytes, as far as they are few and ASCII.
_SUM: Final = 0xFFFF
_FRAMES: Final = 256


def add_payload(
    archive: Archive,
    payload: Payload,
    packer: Packer,
    *,
    prefix: str,
    date: int,
    dialect: Dialect = tarfile.PAX_FORMAT,
) -> None:
    """Append a tar archive of `payload` to `archive`; `prefix` stands before every path (`"."`, `"name-1.0"`).

    `date` is seconds since 1970 UTC. The end-of-archive blocks are written too.
    """
    for entry in payload:
        name = (prefix + entry.path).lstrip("/")
        if isinstance(entry, File):
            content = packer.pack(entry.source)
            archive.write(header(entry, name=name, date=date, size=content.size, dialect=dialect))
            archive.add(content)
            archive.write(bytes(-content.size % _BLOCK))
        else:
            archive.write(header(entry, name=name, date=date, dialect=dialect))
    end_archive(archive)


def end_archive(archive: Archive) -> None:
    """Two zero blocks end an archive; the rest of the record is left out, as POSIX lets a writer do."""
    archive.write(bytes(2 * _BLOCK))


def header(
    entry: Entry, *, name: str, date: int, size: int = 0, dialect: Dialect = tarfile.PAX_FORMAT
) -> bytes:
    """The header blocks of one entry, called `name` in the archive."""
    target = entry.target if isinstance(entry, Symlink) else ""
    frame = _frame(_TYPES[type(entry)], entry.mode, entry.owner, entry.group, target, date, dialect)
    full = f"{name}/" if isinstance(entry, Directory) and not name.endswith("/") else name
    if frame and full.isascii() and len(full) <= _LONGEST and size <= _LARGEST_LONG:
        return frame.around(full.encode(), _LONG_NUMBER % size)
    info = tarfile.TarInfo(name)
    info.mode, info.mtime, info.size, info.type, info.linkname = (
        *(entry.mode, date, size),
        *(_TYPES[type(entry)], target),
    )
    (info.uid, info.uname), (info.gid, info.gname) = _identity(entry.owner), _identity(entry.group)
    return info.tobuf(dialect, encoding="utf-8", errors="surrogateescape")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Frame:
    """What is the same in the headers of many entries, and the sum of its bytes."""

    numbers: bytes
    time: bytes
    rest: bytes
    total: int

    def around(self, name: bytes, size: bytes) -> bytes:
        """What `tarfile` gives where one block holds everything, in a tenth of the time."""
        checksum = _CHECKSUM % (self.total + (adler32(name + size, 0) & _SUM))
        return _USTAR.pack(name, self.numbers, size, self.time, checksum, self.rest)


@lru_cache(_FRAMES)
def _frame(
    kind: bytes, mode: int, owner: str, group: str, target: str, date: int, dialect: Dialect
) -> _Frame | None:
    """None where one block cannot hold everything."""
    (uid, owner), (gid, group) = _identity(owner), _identity(group)
    texts = ((target, _LONGEST), (owner, _LONGEST_OWNER), (group, _LONGEST_OWNER))
    numbers = ((mode, _LARGEST), (uid, _LARGEST), (gid, _LARGEST), (date, _LARGEST_LONG))
    if any(not text.isascii() or len(text) > longest for text, longest in texts):
        return None
    if any(not 0 <= number <= largest for number, largest in numbers):
        return None
    before, time = _NUMBERS % (mode, uid, gid), _LONG_NUMBER % date
    rest = _REST.pack(kind, target.encode(), _MAGIC[dialect], owner.encode(), group.encode())
    return _Frame(numbers=before, time=time, rest=rest, total=sum(before + time + _BLANK_CHECKSUM + rest))


def _identity(owner: str) -> tuple[int, str]:
    return (int(owner), "") if owner.isdecimal() else (0, owner)
