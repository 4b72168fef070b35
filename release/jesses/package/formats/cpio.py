"""Members of a cpio archive in the "newc" format (cpio(5), "New ASCII Format"), as RPM payloads hold them."""

from typing import Final

from jesses.base.payload import Entry

TRAILER_NAME: Final = "TRAILER!!!"
_ALIGNMENT: Final = 4
_ZERO: Final = b"00000000"
# inode, mode, uid, gid, links, time, size, two devices by two numbers, size of the name, checksum
_HEADER: Final = (
    b"070701%08x%08x" + _ZERO + _ZERO + b"00000001%08x%08x" + 4 * _ZERO + b"%08x" + _ZERO + b"%b\0"
)


def member(entry: Entry, *, kind: int, inode: int, date: int, size: int) -> bytes:
    """The header of one entry, its name (`./usr/bin/kestrel`) and padding.

    `kind` is the file type as in `stat.S_IFMT`, `date` seconds since 1970 UTC. `size` bytes of content
    follow, and `padding(size)`.
    """
    return _header("." + entry.path, inode=inode, mode=kind | entry.mode, date=date, size=size)


def stripped(index: int) -> bytes:
    """The header that rpm has for packages with large files: the number of the file in the RPM header.

    Its size is there, since cpio has no room for it (rpm's `rpmcpio.c`).
    """
    head = b"07070X%08x" % index
    return head + padding(len(head))


def trailer() -> bytes:
    """What ends the archive."""
    return _header(TRAILER_NAME, inode=0, mode=0, date=0, size=0)


def padding(size: int) -> bytes:
    return bytes(-size % _ALIGNMENT)


def _header(name: str, *, inode: int, mode: int, date: int, size: int) -> bytes:
    path = name.encode()
    head = _HEADER % (inode, mode, date, size, len(path) + 1, path)
    return head + padding(len(head))
