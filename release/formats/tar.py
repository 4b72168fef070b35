"""Tar headers (POSIX.1-2001 ustar, with pax records where ustar cannot say it), for every format using tar.

Nothing of the machine shows: owners by name with id 0, or by number without a name; one time for all.
"""

import tarfile
from typing import Literal

from release.compression import GzipWriter, Packer
from release.payload import Directory, Entry, File, Payload, Symlink

Dialect = Literal[1, 2]
"""How a long name is written: `tarfile.GNU_FORMAT` (dpkg reads no other, deb(5)) or `tarfile.PAX_FORMAT`."""

_BLOCK = tarfile.BLOCKSIZE


def add_payload(
    gzip: GzipWriter,
    payload: Payload,
    packer: Packer,
    *,
    prefix: str,
    date: int,
    dialect: Dialect = tarfile.PAX_FORMAT,
) -> None:
    """Append a tar archive of `payload` to `gzip`; `prefix` stands before every path (`"."`, `"name-1.0"`).

    `date` is seconds since 1970 UTC. The end-of-archive blocks are written too.
    """
    for entry in payload:
        name = (prefix + entry.path).lstrip("/")
        if isinstance(entry, File):
            content = packer.pack(entry.source)
            gzip.write(header(entry, name=name, date=date, size=content.size, dialect=dialect))
            gzip.add(content)
            gzip.write(bytes(-content.size % _BLOCK))
        else:
            gzip.write(header(entry, name=name, date=date, dialect=dialect))
    end_archive(gzip)


def end_archive(gzip: GzipWriter) -> None:
    """Two zero blocks end an archive; the rest of the record is left out, as POSIX lets a writer do."""
    gzip.write(bytes(2 * _BLOCK))


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
    return info.tobuf(dialect, encoding="utf-8", errors="surrogateescape")


def _identity(owner: str) -> tuple[int, str]:
    return (int(owner), "") if owner.isdecimal() else (0, owner)
