"""Digests of files."""

import hashlib
from pathlib import Path
from typing import Final

from jesses.base.bytes.buffer import buffer

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
