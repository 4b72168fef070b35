"""What an archive is before compression: its digest, and a key under which that can be kept."""

import hashlib

from jesses.package.compression.content import Packed


class PlainDigest:
    """An `Archive` that is only digested."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, data: bytes | memoryview) -> None:
        self.size += len(data)
        self._digest.update(data)

    def add(self, content: Packed) -> None:
        for block in content.read():
            self.write(block)


class Recipe:
    """Names what a stream is made of: its frame, and raw parts and contents by their digests, in their order.

    Each is written down with its kind and in a length that the kind has, so streams with one key are made of the
    same, and hold the same bytes.
    """

    def __init__(self, frame: bytes) -> None:
        self._digest = hashlib.sha256(hashlib.sha256(frame).digest())

    @property
    def key(self) -> str:
        return self._digest.hexdigest()

    def raw(self, name: bytes) -> None:
        """A part that has the digest `name`, 32 bytes."""
        self._digest.update(b"raw " + name)

    def content(self, content: Packed) -> None:
        """A content that is spliced in."""
        self._digest.update(f"content {content.sha256}".encode())
