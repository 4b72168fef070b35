"""What a format writes an archive to, however it is compressed, and what comes out."""

from dataclasses import dataclass
from typing import Protocol

from jesses.base.bytes.rope import Rope
from jesses.package.compression.content import Packed


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One compressed stream. `plain_size` is bytes before compression.

    `recipe` is a digest of everything that it is made of, where it is made of parts that are compressed apart.
    """

    rope: Rope
    plain_size: int
    recipe: str | None = None


class Archive(Protocol):
    """Raw bytes and packed contents, in the order of the calls."""

    def write(self, data: bytes | memoryview, /) -> None:
        """Append raw bytes: headers, padding."""

    def add(self, content: Packed, /) -> None:
        """Append a packed content."""


class Writer(Archive, Protocol):
    """An archive that is compressed."""

    def close(self) -> Stream:
        """Compress what is pending; nothing is appended any more."""
