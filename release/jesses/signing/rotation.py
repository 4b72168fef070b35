"""Two keys while one takes over from the other: repositories are signed by both, so both kinds of users go on.

Packages are signed by the new key alone. Users get both keys in one file.
"""

import base64
import re
from pathlib import Path
from typing import Final

from pysequoia import ArmorKind, Cert, armor

from jesses.base.errors import SigningError
from jesses.signing import Signer

_SIGNATURE: Final = re.compile(
    rb"-----BEGIN PGP SIGNATURE-----\n(?:[^\n]+: [^\n]*\n)*\n"
    rb"(.*?)\n(?:=[A-Za-z0-9+/]{4}\n)?-----END PGP SIGNATURE-----\n?",
    re.DOTALL,
)
_HASH: Final = re.compile(rb"(?<=-----BEGIN PGP SIGNED MESSAGE-----\n)Hash: ([^\n]+)\n")


class Rotation:
    """Signs with `new` and `old`; an `old` without its secret half only stays known to users.

    Raises:
        SigningError: they are the same key.

    """

    def __init__(self, new: Signer, old: Signer | None, old_public_key: bytes) -> None:
        self._signers = (new, *([old] if old else []))
        certificates = [Cert.from_bytes(key) for key in (new.public_key, old_public_key)]
        if len({certificate.fingerprint for certificate in certificates}) == 1:
            raise SigningError("the old signing key is the new one", fix="set one of the two variables")
        self._fingerprint = new.fingerprint
        # In one block: apt reads no second one in the same file.
        self._public_key = armor(b"".join(map(bytes, certificates)), ArmorKind.PublicKey).encode()

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def public_key(self) -> bytes:
        return self._public_key

    def clearsign(self, data: bytes) -> bytes:
        """Both signatures in one block (RFC 4880, section 7, which allows several and names their digests)."""
        messages = [signer.clearsign(data) for signer in self._signers]
        found = [_SIGNATURE.search(message) for message in messages]
        packets = b"".join(base64.b64decode(match[1]) for match in found if match)
        names = dict.fromkeys(name for message in messages for name in _HASH.findall(message))
        first = messages[0][: found[0].start()] if found[0] else b""
        head = _HASH.sub(b"Hash: " + b",".join(names) + b"\n", first, count=1)
        return head + armor(packets, ArmorKind.Signature).encode()

    def detach(self, data: bytes, *, armor: bool = True) -> bytes:
        packets = b"".join(signer.detach(data, armor=False) for signer in self._signers)
        return _armored(packets) if armor else packets

    def detach_file(self, path: Path) -> bytes:
        return b"".join(signer.detach_file(path) for signer in self._signers)


def _armored(packets: bytes) -> bytes:
    return armor(packets, ArmorKind.Signature).encode()


def one_block_each(public_key: bytes) -> bytes:
    """The keys of `public_key` in a block of their own each: rpm reads one key in a block, and several blocks."""
    certificates = list(Cert.split_bytes(public_key))
    if len(certificates) == 1:
        return public_key
    return b"".join(str(certificate).encode() for certificate in certificates)
