"""Checking OpenPGP signatures against the keys that are trusted: one, or two while keys are changed."""

from pysequoia import Cert, Sig, verify
from pysequoia.packet import PacketPile

from jesses.base.errors import SigningError


def verified_text(message: bytes, *, public_key: bytes) -> bytes:
    """The text of a cleartext-signed message (RFC 4880, section 7), signed by a key of `public_key`.

    Raises:
        SigningError: it is no such message, was altered, or another key signed it.

    """
    certificates = list(Cert.split_bytes(public_key))
    try:
        return verify(message, lambda _: certificates).bytes or b""
    except RuntimeError as error:
        raise _refused(error, certificates) from error


def verify_detached(data: bytes, signature: bytes, *, public_key: bytes) -> None:
    """Check a detached signature over `data`; of several, one by a key of `public_key` is enough.

    Raises:
        SigningError: it is no signature, not one of these keys, or not over `data`.

    """
    certificates = list(Cert.split_bytes(public_key))
    refusal: RuntimeError = RuntimeError("it is empty")
    for part in _signatures(signature):
        try:
            verify(data, lambda _: certificates, signature=Sig.from_bytes(part))
        except RuntimeError as error:
            refusal = error
        else:
            return
    raise _refused(refusal, certificates) from refusal


def is_signed_by(public_key: bytes, data: bytes, signature: bytes) -> bool:
    """Whether `signature` is a detached one over `data` by a key of `public_key`."""
    try:
        verify_detached(data, signature, public_key=public_key)
    except SigningError:
        return False
    return True


def _signatures(data: bytes) -> list[bytes]:
    """The signatures, one by one; what cannot be read is left as it is."""
    try:
        return [bytes(packet) for packet in PacketPile.from_bytes(data)]
    except RuntimeError:
        return [data]


def _refused(error: RuntimeError, certificates: list[Cert]) -> SigningError:
    # Sequoia appends a stack trace.
    reason = str(error).partition("\n")[0].rstrip(".")
    names = " or ".join(certificate.fingerprint.upper() for certificate in certificates)
    return SigningError(
        f"there is no valid signature of the key {names}: {reason}",
        fix="sign with the key that signed before",
    )
