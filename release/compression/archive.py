"""What a format writes an archive to, however it is compressed."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from release.compression.content import Packed


class Sink(Protocol):
    """What compressed bytes are written to: a file, or something that digests them on their way."""

    def write(self, data: bytes | bytearray | memoryview, /) -> int: ...


class Archive(Protocol):
    """One compressed stream made of raw bytes and packed contents, in the order of the calls."""

    @property
    def size(self) -> int:
        """Bytes of plain content so far."""

    def write(self, data: bytes | memoryview, /) -> None:
        """Append raw bytes: headers, padding."""

    def add(self, content: "Packed", /) -> None:
        """Append a packed content."""

    def close(self) -> None:
        """Write what is pending and the end of the stream; what it is written to stays open."""
