"""The header fields that objects are served with, by convention.

What is written once is immutable; what is replaced is a pointer, which caches must not hold for long: a client
that sees a new pointer beside an old one sees a broken repository.
"""

from pathlib import PurePosixPath
from typing import Final

from jesses.stores import Metadata

IMMUTABLE: Final = "public, max-age=31536000, immutable"
POINTER: Final = "public, max-age=60"

# Compressed files are files, not encodings of others: none has a Content-Encoding.
_TYPES: Final = {
    ".deb": "application/vnd.debian.binary-package",
    ".rpm": "application/x-rpm",
    ".gz": "application/gzip",
    ".xz": "application/x-xz",
    ".zst": "application/zstd",
    ".xml": "application/xml",
    ".json": "application/json",
    ".asc": "text/plain; charset=utf-8",
    ".sources": "text/plain; charset=utf-8",
    ".repo": "text/plain; charset=utf-8",
    ".gpg": "application/pgp-signature",
}
_TEXTS: Final = frozenset({"InRelease", "Release", "Packages", "SHA256SUMS", "mirrorlist"})


def immutable(key: str) -> Metadata:
    """For an object that never changes."""
    return Metadata(content_type=content_type(key), cache_control=IMMUTABLE)


def pointer(key: str) -> Metadata:
    """For an object that is replaced."""
    return Metadata(content_type=content_type(key), cache_control=POINTER)


def content_type(key: str) -> str:
    """The media type of an object, by its name."""
    path = PurePosixPath(key)
    if path.name in _TEXTS:
        return "text/plain; charset=utf-8"
    return _TYPES.get(path.suffix, "application/octet-stream")
