"""What an archive is made of, kept in mind, so that its plain digest need not be computed again."""

import hashlib

from release.compression.archive import Archive
from release.compression.content import Packed


class Parts:
    """An `Archive` that passes everything on to another one."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._parts: list[bytes | Packed] = []

    @property
    def size(self) -> int:
        """Bytes of plain content so far."""
        return self._archive.size

    def write(self, data: bytes) -> None:
        self._parts.append(data)
        self._archive.write(data)

    def add(self, content: Packed) -> None:
        self._parts.append(content)
        self._archive.add(content)

    def close(self) -> None:
        self._archive.close()

    @property
    def key(self) -> str:
        """The same for the same parts alone: a digest of the raw bytes and of the digests of contents."""
        digest = hashlib.sha256()
        for part in self._parts:
            raw = isinstance(part, bytes)
            digest.update(b"%d:%d:" % (raw, len(part) if isinstance(part, bytes) else part.size))
            digest.update(part if isinstance(part, bytes) else bytes.fromhex(part.sha256))
        return digest.hexdigest()

    def plain_digest(self) -> bytes:
        """The SHA-256 of the plain archive; reads every content again.

        Raises:
            PayloadError: a file changed since it was packed.

        """
        digest = hashlib.sha256()
        for part in self._parts:
            for block in (part,) if isinstance(part, bytes) else part.read():
                digest.update(block)
        return digest.digest()
