"""The ar archive as deb(5) has it: short names, sizes of ten digits, members padded to even offsets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

from jesses.base.bytes.rope import Rope
from jesses.base.errors import FormatError

MAGIC: Final = b"!<arch>\n"

_HEADER: Final = 60
_LARGEST: Final = 10**10 - 1
_END: Final = b"`\n"


@dataclass(frozen=True, kw_only=True)
class Member:
    """A member of an archive: `size` bytes at `offset`; `date` is seconds since 1970 UTC."""

    name: str
    date: int
    offset: int
    size: int


def header(name: str, *, size: int, date: int) -> bytes:
    """The header of a member, owned by root with mode 0644; `date` is seconds since 1970 UTC.

    Raises:
        FormatError: `size` does not fit.

    """
    if size > _LARGEST:
        raise FormatError(
            f"{name} has {size} bytes, and a DEB holds at most {_LARGEST} in one part (deb(5))",
            fix="split the package",
        )
    return f"{name:<16}{date:<12}{0:<6}{0:<6}{0o100644:<8o}{size:<10}".encode() + _END


def archive(members: Mapping[str, Rope], *, date: int) -> Rope:
    """An archive of `members` by their names, in their order.

    Raises:
        FormatError: as `header`.

    """
    return Rope.of(MAGIC, *(member(name, content, date=date) for name, content in members.items()))


def member(name: str, content: Rope, *, date: int) -> Rope:
    """A member with its header and padding.

    Raises:
        FormatError: as `header`.

    """
    return Rope.of(header(name, size=content.size, date=date), content, b"\n" * (content.size % 2))


def members(stream: BinaryIO) -> Iterator[Member]:
    """The members of the archive in `stream`, which is left anywhere.

    Raises:
        FormatError: it is no ar archive, or a header is damaged.

    """
    if stream.read(len(MAGIC)) != MAGIC:
        raise _damaged("it does not start as an ar archive does")
    offset = len(MAGIC)
    while head := stream.read(_HEADER):
        size, date = (head[at].decode("ascii", "replace").strip() for at in (slice(48, 58), slice(16, 28)))
        if len(head) != _HEADER or not head.endswith(_END) or not size.isdecimal():
            raise _damaged(f"the member header at byte {offset} is damaged")
        name = head[:16].decode("ascii", "replace").rstrip(" ").removesuffix("/")
        offset += _HEADER
        yield Member(name=name, date=int(date) if date.isdecimal() else 0, offset=offset, size=int(size))
        offset += int(size) + int(size) % 2
        stream.seek(offset)


def _damaged(what: str) -> FormatError:
    return FormatError(f"this is no DEB file: {what} (deb(5))", fix="build or download it again")
