"""What a format writes an archive to, however it is compressed."""

from typing import TYPE_CHECKING, Final, Literal, Protocol, get_args

if TYPE_CHECKING:
    from release.compression.content import Packed

Compression = Literal["gzip", "zstd", "xz"]

COMPRESSIONS: Final[tuple[Compression, ...]] = get_args(Compression)

SUFFIXES: Final[dict[Compression, str]] = {"gzip": ".gz", "zstd": ".zst", "xz": ".xz"}
"""What a compressed file's name ends with, in a DEB as on a disk."""


class Sink(Protocol):
    """What compressed bytes are written to: a file, or something that digests them on their way."""

    def write(self, data: bytes | bytearray, /) -> int: ...


class Archive(Protocol):
    """One compressed stream made of raw bytes and packed contents, in the order of the calls."""

    @property
    def size(self) -> int:
        """Bytes of plain content so far."""

    def write(self, data: bytes, /) -> None:
        """Append raw bytes: headers, padding."""

    def add(self, content: "Packed", /) -> None:
        """Append a packed content."""

    def close(self) -> None:
        """Write what is pending and the end of the stream; what it is written to stays open."""
