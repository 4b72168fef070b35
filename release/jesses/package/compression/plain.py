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
    """Names what an archive is made of, raw parts and contents, by their digests.

    Archives with one key hold the same bytes.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    @property
    def key(self) -> str:
        return self._digest.hexdigest()

    def raw(self, name: bytes) -> None:
        self._digest.update(b"raw " + name)

    def content(self, content: Packed) -> None:
        self._digest.update(f"content {content.sha256}".encode())
