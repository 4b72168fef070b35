"""Digests: of files, and as texts that come from outside."""

import hashlib
import re
from pathlib import Path
from typing import Final

from jesses.base.bytes.buffer import buffer

PATTERN: Final = r"^sha256:[0-9a-f]{64}\Z"
"""A digest as images have it ("descriptor.md" of the OCI image specification); no other algorithm is in use."""

_BLOCK: Final = 4 << 20
"""Bytes that are digested at once: between blocks a thread waits for the interpreter lock, so they are large."""


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, hexadecimal.

    Raises:
        OSError: it cannot be read.

    """
    digest, block = hashlib.sha256(), buffer(_BLOCK)
    with path.open("rb", buffering=0) as stream:
        while size := stream.readinto(block):
            digest.update(block[:size])
    return digest.hexdigest()


def is_digest(text: str) -> bool:
    """Whether the text is a digest as images have it, and so may become a part of a path or a URL.

    >>> is_digest("sha256:" + "0" * 64), is_digest("sha512:" + "0" * 128), is_digest("sha256:../../etc/passwd")
    (True, False, False)
    """
    return re.match(PATTERN, text) is not None
