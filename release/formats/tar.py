"""Tar headers (POSIX.1-2001 ustar, with pax records where ustar cannot say it), for every format using tar.

Nothing of the machine shows: owners by name with id 0, or by number without a name; one time for all.
"""

import struct
import tarfile
from operator import gt
from typing import Final, Literal

from release.compression import Archive, Packer
from release.payload import Directory, Entry, File, Payload, Symlink

Dialect = Literal[1, 2]
"""How a long name is written: `tarfile.GNU_FORMAT` (dpkg reads no other, deb(5)) or `tarfile.PAX_FORMAT`."""

_BLOCK: Final = tarfile.BLOCKSIZE
# name, mode, uid, gid, size, mtime, checksum, type, linkname, magic, uname, gname, devmajor, devminor, prefix
_USTAR: Final = struct.Struct("100s8s8s8s12s12s8sc100s8s32s32s8s8s155s12x")
_MAGIC: Final = {tarfile.GNU_FORMAT: tarfile.GNU_MAGIC, tarfile.PAX_FORMAT: tarfile.POSIX_MAGIC}
_CHECKSUM: Final = slice(148, 156)
# Of a name, the target of a link, an owner and a group, in bytes; of their numbers, a size and a time.
_LONGEST: Final = (100, 100, 32, 32)
_LARGEST: Final = (0o7777777, 0o7777777, 0o77777777777, 0o77777777777)


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
    info = tarfile.TarInfo(name)
    info.mode, info.mtime, info.size = entry.mode, date, size
    info.uid, info.uname = _identity(entry.owner)
    info.gid, info.gname = _identity(entry.group)
    match entry:
        case Directory():
            info.type = tarfile.DIRTYPE
        case Symlink():
            info.type, info.linkname = tarfile.SYMTYPE, entry.target
        case File():
            info.type = tarfile.REGTYPE
    return _plain(info, dialect) or info.tobuf(dialect, encoding="utf-8", errors="surrogateescape")


def _plain(info: tarfile.TarInfo, dialect: Dialect) -> bytes | None:
    """What `info.tobuf` gives where one block holds everything, in a third of the time; otherwise None."""
    name = f"{info.name}/" if info.isdir() and not info.name.endswith("/") else info.name
    texts = name, info.linkname, info.uname, info.gname
    if not "".join(texts).isascii() or any(map(gt, map(len, texts), _LONGEST)):
        return None
    numbers = info.uid, info.gid, info.size, int(info.mtime)
    if min(numbers) < 0 or any(map(gt, numbers, _LARGEST)):
        return None
    block = bytearray(
        _USTAR.pack(
            *(name.encode(), b"%07o" % info.mode, b"%07o" % info.uid, b"%07o" % info.gid),
            *(b"%011o" % info.size, b"%011o" % int(info.mtime), b"        ", info.type),
            *(info.linkname.encode(), _MAGIC[dialect], info.uname.encode(), info.gname.encode()),
            *(b"", b"", b""),
        )
    )
    block[_CHECKSUM] = b"%06o\0 " % sum(block)
    return bytes(block)


def _identity(owner: str) -> tuple[int, str]:
    return (int(owner), "") if owner.isdecimal() else (0, owner)
