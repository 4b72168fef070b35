"""Tar headers (POSIX.1-2001 ustar, with pax records where ustar cannot say it), for every format using tar.

Nothing of the machine shows: owners by name with id 0, or by number without a name; one time for all.
"""

import struct
import tarfile
from operator import gt
from typing import Final, Literal

from zlib_ng import zlib_ng

from release.compression import Archive, Packer
from release.payload import Directory, Entry, File, Payload, Symlink

Dialect = Literal[1, 2]
"""How a long name is written: `tarfile.GNU_FORMAT` (dpkg reads no other, deb(5)) or `tarfile.PAX_FORMAT`."""

_BLOCK: Final = tarfile.BLOCKSIZE
# name, numbers, checksum, type, linkname, magic, uname, gname; devmajor, devminor and prefix are empty
_USTAR: Final = struct.Struct("100s48s8sc100s8s32s32s183x")
# mode, uid, gid, size, mtime
_NUMBERS: Final = b"%07o\0%07o\0%07o\0%011o\0%011o\0"
_TYPES: Final = {File: tarfile.REGTYPE, Directory: tarfile.DIRTYPE, Symlink: tarfile.SYMTYPE}
_MAGIC: Final = {tarfile.GNU_FORMAT: tarfile.GNU_MAGIC, tarfile.PAX_FORMAT: tarfile.POSIX_MAGIC}
_CHECKSUM: Final = slice(148, 156)
# Of a name, the target of a link, an owner and a group, in bytes; of a mode, their numbers, a size and a time.
_LONGEST: Final = (100, 100, 32, 32)
_LARGEST: Final = (0o7777777, 0o7777777, 0o7777777, 0o77777777777, 0o77777777777)


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
    kind = _TYPES[type(entry)]
    target = entry.target if isinstance(entry, Symlink) else ""
    owner, group = _identity(entry.owner), _identity(entry.group)
    plain = _plain(
        texts=(
            f"{name}/" if kind == tarfile.DIRTYPE and not name.endswith("/") else name,
            target,
            owner[1],
            group[1],
        ),
        numbers=(entry.mode, owner[0], group[0], size, date),
        kind=kind,
        dialect=dialect,
    )
    if plain:
        return plain
    info = tarfile.TarInfo(name)
    info.mode, info.mtime, info.size, info.type, info.linkname = entry.mode, date, size, kind, target
    (info.uid, info.uname), (info.gid, info.gname) = owner, group
    return info.tobuf(dialect, encoding="utf-8", errors="surrogateescape")


def _plain(
    *, texts: tuple[str, str, str, str], numbers: tuple[int, ...], kind: bytes, dialect: Dialect
) -> bytes | None:
    """What `tarfile` gives where one block holds everything, in a fifth of the time; otherwise None."""
    if not all(map(str.isascii, texts)) or any(map(gt, map(len, texts), _LONGEST)):
        return None
    if min(numbers) < 0 or any(map(gt, numbers, _LARGEST)):
        return None
    name, target, owner, group = map(str.encode, texts)
    about = _NUMBERS % numbers
    block = bytearray(_USTAR.pack(name, about, b"        ", kind, target, _MAGIC[dialect], owner, group))
    # Half of Adler-32 is the sum of all bytes, as far as they are ASCII, and this header is made for thousands.
    block[_CHECKSUM] = b"%06o\0 " % (zlib_ng.adler32(block, 0) & 0xFFFF)
    return bytes(block)


def _identity(owner: str) -> tuple[int, str]:
    return (int(owner), "") if owner.isdecimal() else (0, owner)
