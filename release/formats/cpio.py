"""Members of a cpio archive in the "newc" format (cpio(5), "New ASCII Format"), as RPM payloads hold them."""

from typing import Final

from release.payload import Entry

TRAILER_NAME: Final = "TRAILER!!!"
_ALIGNMENT: Final = 4
_FIELDS: Final = b"070701" + 13 * b"%08x"


def member(entry: Entry, *, kind: int, inode: int, date: int, size: int) -> bytes:
    """The header of one entry, its name (`./usr/bin/kestrel`) and padding.

    `kind` is the file type as in `stat.S_IFMT`, `date` seconds since 1970 UTC. `size` bytes of content
    follow, and `padding(size)`.
    """
    return _header("." + entry.path, inode=inode, mode=kind | entry.mode, links=1, date=date, size=size)


def stripped(index: int) -> bytes:
    """The header that rpm has for packages with large files: the number of the file in the RPM header.

    Its size is there, since cpio has no room for it (rpm's `rpmcpio.c`).
    """
    head = b"07070X%08x" % index
    return head + padding(len(head))


def trailer() -> bytes:
    """What ends the archive."""
    return _header(TRAILER_NAME, inode=0, mode=0, links=1, date=0, size=0)


def padding(size: int) -> bytes:
    return bytes(-size % _ALIGNMENT)


def _header(name: str, *, inode: int, mode: int, links: int, date: int, size: int) -> bytes:
    path = name.encode() + b"\0"
    owner = device = checksum = 0
    fields = (
        *(inode, mode, owner, owner, links, date, size),
        *(device, device, device, device, len(path), checksum),
    )
    head = _FIELDS % fields + path
    return head + padding(len(head))
