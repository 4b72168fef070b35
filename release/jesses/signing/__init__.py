"""Signatures. The secret half of a key never touches the disk.

Decisions: docs/decisions/signing.md
"""

from pathlib import Path
from typing import Protocol


class Signer(Protocol):
    """Makes OpenPGP signatures (RFC 4880) over bytes; each call gives other bytes (a time and a salt)."""

    @property
    def fingerprint(self) -> str:
        """Of the primary key: 40 upper-case hexadecimal digits."""

    @property
    def public_key(self) -> bytes:
        """The certificate, ASCII-armored."""

    def clearsign(self, data: bytes) -> bytes:
        """A cleartext signature over `data` (RFC 4880, section 7)."""

    def detach(self, data: bytes, *, armor: bool = True) -> bytes:
        """A detached signature over `data`, ASCII-armored or binary."""

    def detach_file(self, path: Path) -> bytes:
        """A binary detached signature over what a file holds, which is read in small blocks."""
