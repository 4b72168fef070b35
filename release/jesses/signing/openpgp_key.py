"""A new RSA key in the plainest shape, which every client reads (RFC 4880, sections 5.2, 5.5.3, 11.1).

Keys that Sequoia makes carry critical subpackets ("primary user ID", "embedded signature") in their own
signatures, and rpm's parser, up to the one of rpm 4.18, refuses a key with a critical subpacket it does not
know. So only the key material is taken from Sequoia, and the one self-signature is made here: one primary key
that certifies and signs, one user ID, no subkeys, nothing critical; the shape that `gpg --quick-generate-key
NAME rsa3072 sign` gives.
"""

import hashlib
from typing import Final

from pysequoia import CipherSuite, Profile, Tsk
from pysequoia.packet import PacketPile

_USER_ID_TAG: Final = 13
_SIGNATURE_TAG: Final = 2
_VERSION: Final = 4
_POSITIVE_CERTIFICATION: Final = 0x13
_RSA: Final = 1
_SHA512: Final = 10
# RFC 4880, 5.2.2: the DER prefix of a SHA-512 DigestInfo.
_SHA512_DIGEST_INFO: Final = bytes.fromhex("3051300d060960864801650304020305000440")
_CERTIFY_AND_SIGN: Final = 0x03


def generate(user_id: str, *, suite: CipherSuite = CipherSuite.RSA3k) -> Tsk:
    """A new key for `user_id` (`Name <address>`), without expiry; `suite` is one of RSA."""
    made = Tsk.generate(cipher_suite=suite, profile=Profile.RFC4880)
    secret = next(iter(PacketPile.from_bytes(bytes(made))))
    signature = _self_signature(secret.body, user_id.encode())
    return Tsk.from_bytes(
        bytes(secret) + _packet(_USER_ID_TAG, user_id.encode()) + _packet(_SIGNATURE_TAG, signature)
    )


def _self_signature(secret: bytes, user_id: bytes) -> bytes:
    """The body of a signature packet that binds `user_id` to the key (RFC 4880, 5.2.3 and 5.2.4)."""
    public, modulus, exponent = _parts(secret)
    hashed_key = b"\x99" + len(public).to_bytes(2) + public
    fingerprint = hashlib.sha1(hashed_key, usedforsecurity=False).digest()
    created = public[1:5]
    hashed = (
        _subpacket(2, created)
        + _subpacket(27, bytes((_CERTIFY_AND_SIGN,)))
        + _subpacket(21, bytes((_SHA512, 8)))
        + _subpacket(33, bytes((_VERSION,)) + fingerprint)
    )
    head = bytes((_VERSION, _POSITIVE_CERTIFICATION, _RSA, _SHA512)) + len(hashed).to_bytes(2) + hashed
    trailer = bytes((_VERSION, 0xFF)) + len(head).to_bytes(4)
    hashed_user_id = b"\xb4" + len(user_id).to_bytes(4) + user_id
    digest = hashlib.sha512(hashed_key + hashed_user_id + head + trailer).digest()
    issuer = _subpacket(16, fingerprint[-8:])
    signature = _rsa(digest, modulus, exponent)
    return head + len(issuer).to_bytes(2) + issuer + digest[:2] + _mpi(signature)


def _parts(secret: bytes) -> tuple[bytes, int, int]:
    """The public part, the modulus and the secret exponent of an unprotected RSA secret key."""
    modulus_at = 6
    exponent_at = _after_mpi(secret, modulus_at)
    usage_at = _after_mpi(secret, exponent_at)
    return secret[:usage_at], _number(secret, modulus_at), _number(secret, usage_at + 1)


def _rsa(digest: bytes, modulus: int, exponent: int) -> int:
    """RSASSA-PKCS1-v1_5 (RFC 8017, 8.2.1 and 9.2)."""
    length = (modulus.bit_length() + 7) // 8
    info = _SHA512_DIGEST_INFO + digest
    padded = b"\x00\x01" + b"\xff" * (length - len(info) - 3) + b"\x00" + info
    return pow(int.from_bytes(padded), exponent, modulus)


def _after_mpi(data: bytes, start: int) -> int:
    bits = int.from_bytes(data[start : start + 2])
    return start + 2 + (bits + 7) // 8


def _number(data: bytes, start: int) -> int:
    return int.from_bytes(data[start + 2 : _after_mpi(data, start)])


def _mpi(number: int) -> bytes:
    return number.bit_length().to_bytes(2) + number.to_bytes((number.bit_length() + 7) // 8)


def _subpacket(kind: int, data: bytes) -> bytes:
    return bytes((len(data) + 1, kind)) + data


def _packet(tag: int, body: bytes) -> bytes:
    """A packet with a new-format header and a five-octet length (RFC 4880, 4.2.2)."""
    return bytes((0xC0 | tag, 0xFF)) + len(body).to_bytes(4) + body
