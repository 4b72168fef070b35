"""ECDSA keys for images: P-256 with SHA-256 and without chance (RFC 6979): signing again gives the same bytes."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from jesses.base.errors import SigningError

KEY_VARIABLE: Final = "JESSES_COSIGN_KEY"
KEY_FILE_VARIABLE: Final = "JESSES_COSIGN_KEY_FILE"
_MAKE_ONE: Final = "make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"


class EcdsaKey:
    """A private key; `public_key` is what a user verifies with, in PEM."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key

    @classmethod
    def read(cls, pem: bytes, *, source: str) -> Self:
        """The key in a PEM text that came from `source`.

        Raises:
            SigningError: it is no P-256 key without a password.

        """
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise SigningError(
                f"{source} is no private key in PEM without a password", fix=_MAKE_ONE
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise SigningError(f"{source} is no key of the curve P-256", fix=_MAKE_ONE)
        return cls(key)

    @property
    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, data: bytes) -> bytes:
        """The signature of `data`, as ASN.1 (SEC 1, C.5)."""
        return self._key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def verifies(public_key: bytes, data: bytes, signature: bytes) -> bool:
    """Whether `signature` is that of `data` by the owner of a PEM key of the curve P-256."""
    key = serialization.load_pem_public_key(public_key)
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    try:
        key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def from_environment(environment: Mapping[str, str] = os.environ) -> EcdsaKey | None:
    """The key in `JESSES_COSIGN_KEY`, or in the file that `JESSES_COSIGN_KEY_FILE` names; None without either.

    Raises:
        SigningError: it cannot be used.

    """
    if text := environment.get(KEY_VARIABLE):
        return EcdsaKey.read(text.encode(), source=KEY_VARIABLE)
    if name := environment.get(KEY_FILE_VARIABLE):
        try:
            pem = Path(name).read_bytes()
        except OSError as error:
            raise SigningError(
                f"cannot read {name}: {error.strerror}", fix=f"correct {KEY_FILE_VARIABLE}"
            ) from error
        return EcdsaKey.read(pem, source=name)
    return None
