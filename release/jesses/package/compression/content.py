"""A content that was read once: what every format wants to know of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jesses.base.bytes.rope import Rope


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """The size (bytes) and digests of a content, and how to have its bytes again, plain and deflated.

    `crc` is the CRC-32, the other digests are hexadecimal. `md5` and `sha1` are empty where the packer leaves them
    out. `read` gives the plain content in blocks. `deflated` is the content as deflate segments; None for a small
    one, which is compressed together with the headers around it.
    """

    size: int
    crc: int
    sha256: str
    md5: str
    sha1: str
    read: Callable[[], Iterator[bytes | memoryview]]
    deflated: Rope | None = None
