"""A content that was read once: what every format wants to know of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jesses.base.bytes.rope import Piece, Rope


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """The size (bytes) and digests of a content, and how to have its bytes again, plain and deflated.

    `crc` is the CRC-32; the other digests are held as bytes, since there may be 200,000 contents. MD5 and SHA-1
    are empty where the packer leaves them out. `plain` is the plain content, or gives it in blocks. `deflated` is
    the content as deflate segments; None for a small one, which is compressed together with the headers around it.
    """

    size: int
    crc: int
    sha256_digest: bytes
    md5_digest: bytes
    sha1_digest: bytes
    plain: Piece | Callable[[], Iterator[bytes | memoryview]]
    deflated: Rope | None = None

    @property
    def sha256(self) -> str:
        """Hexadecimal, as the others."""
        return self.sha256_digest.hex()

    @property
    def md5(self) -> str:
        return self.md5_digest.hex()

    @property
    def sha1(self) -> str:
        return self.sha1_digest.hex()

    def read(self) -> Iterator[bytes | memoryview]:
        """The plain content in blocks."""
        return self.plain() if callable(self.plain) else Rope((self.plain,)).blocks()
