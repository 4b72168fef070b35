"""Checking OpenPGP signatures against one certificate."""

from pysequoia import Cert, Sig, verify

from release.errors import SigningError


def verified_text(message: bytes, *, public_key: bytes) -> bytes:
    """The text of a cleartext-signed message (RFC 4880, section 7), signed by the key of `public_key`.

    Raises:
        SigningError: it is no such message, was altered, or another key signed it.

    """
    certificate = Cert.from_bytes(public_key)
    try:
        return verify(message, lambda _: [certificate]).bytes or b""
    except RuntimeError as error:
        raise _refused(error, certificate) from error


def verify_detached(data: bytes, signature: bytes, *, public_key: bytes) -> None:
    """Check a detached signature over `data`.

    Raises:
        SigningError: it is no signature, not one of this key, or not over `data`.

    """
    certificate = Cert.from_bytes(public_key)
    try:
        verify(data, lambda _: [certificate], signature=Sig.from_bytes(signature))
    except RuntimeError as error:
        raise _refused(error, certificate) from error


def _refused(error: RuntimeError, certificate: Cert) -> SigningError:
    # Sequoia appends a stack trace.
    reason = str(error).partition("\n")[0].rstrip(".")
    return SigningError(
        f"there is no valid signature of the key {certificate.fingerprint.upper()}: {reason}",
        fix="sign with the key that signed before",
    )
