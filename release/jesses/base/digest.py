"""Digests of files."""

import hashlib
from pathlib import Path
from typing import Final

from jesses.base.bytes.buffer import buffer

_BLOCK: Final = 4 << 20
"""Bytes that are digested at once: other threads run meanwhile, and each block waits for them once."""


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, hexadecimal."""
    digest, block = hashlib.sha256(), buffer(_BLOCK)
    with path.open("rb", buffering=0) as stream:
        while size := stream.readinto(block):
            digest.update(block[:size])
    return digest.hexdigest()
