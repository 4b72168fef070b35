from collections.abc import Iterator

import pytest
from pysequoia import Cert, CipherSuite, Tsk
from pysequoia.packet import PacketPile, Tag

from jesses.base.errors import SigningError
from jesses.signing import openpgp_key
from jesses.signing.openpgp import OpenPgpSigner
from jesses.signing.verification import verify_detached

NAME = "Kestrel Releases <kestrel@example.org>"


@pytest.fixture(scope="module")
def key() -> Tsk:
    return openpgp_key.generate(NAME, suite=CipherSuite.RSA2k)


def critical(signature: bytes) -> Iterator[int]:
    """The types of critical subpackets in the body of a version 4 signature (RFC 4880, 5.2.3.1)."""
    at, areas = 4, 2
    for _ in range(areas):
        end = at + 2 + int.from_bytes(signature[at : at + 2])
        at += 2
        while at < end:
            length, kind = signature[at], signature[at + 1]
            assert length < 192
            if kind & 0x80:
                yield kind & 0x7F
            at += 1 + length


def test_the_certificate_is_a_key_a_name_and_what_binds_them(key: Tsk) -> None:
    packets = list(PacketPile.from_bytes(bytes(key.extract_certificate())))
    assert [packet.tag for packet in packets] == [Tag.PublicKey, Tag.UserID, Tag.Signature]
    assert packets[2].key_flags is not None
    assert packets[2].key_flags.certification
    assert packets[2].key_flags.signing
    assert list(critical(packets[2].body)) == []


def test_the_name_is_bound_to_the_key(key: Tsk) -> None:
    certificate = Cert.from_bytes(str(key.extract_certificate()).encode())
    assert [str(user_id) for user_id in certificate.user_ids] == [NAME]
    assert certificate.expiration is None


def test_the_name_cannot_be_exchanged(key: Tsk) -> None:
    forged = bytes(key.extract_certificate()).replace(b"Kestrel", b"Sparrow")
    with pytest.raises(RuntimeError, match="No binding signature"):
        Cert.from_bytes(forged).user_ids  # noqa: B018


def test_it_signs(key: Tsk) -> None:
    signer = OpenPgpSigner(key)
    signature = signer.detach(b"text")
    verify_detached(b"text", signature, public_key=signer.public_key)
    with pytest.raises(SigningError):
        verify_detached(b"test", signature, public_key=signer.public_key)


def test_it_is_loaded_from_its_armored_form(key: Tsk) -> None:
    loaded = OpenPgpSigner(Tsk.from_bytes(str(key).encode()))
    assert loaded.fingerprint == OpenPgpSigner(key).fingerprint
    verify_detached(b"text", loaded.detach(b"text"), public_key=str(key.extract_certificate()).encode())
