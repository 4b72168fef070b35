"""OpenPGP keys by Sequoia (`pysequoia`): no gpg, no keyring, no agent."""

from collections.abc import Mapping
from pathlib import Path

from pysequoia import SignatureMode, Tsk, sign

from release.errors import SigningError
from release.signing import openpgp_key

KEY_VARIABLE = "JESSES_SIGNING_KEY"
KEY_FILE_VARIABLE = "JESSES_SIGNING_KEY_FILE"


class OpenPgpSigner:
    """Signs with the signing key of one transferable secret key."""

    def __init__(self, key: Tsk) -> None:
        self._key = key
        self._certificate = key.extract_certificate()

    @property
    def fingerprint(self) -> str:
        return self._certificate.fingerprint.upper()

    @property
    def public_key(self) -> bytes:
        return str(self._certificate).encode()

    def clearsign(self, data: bytes) -> bytes:
        return sign(self._key.signer(), data, mode=SignatureMode.CLEAR)

    def detach(self, data: bytes, *, armor: bool = True) -> bytes:
        return sign(self._key.signer(), data, mode=SignatureMode.DETACHED, armor=armor)


def ephemeral(user_id: str) -> OpenPgpSigner:
    """A key made for this run and kept in memory alone.

    RSA in version 4 packets: EL9 and some rpm 4.17 refuse Ed25519, and no rpm before 6 reads version 6.
    """
    return OpenPgpSigner(openpgp_key.generate(user_id))


def configured(environment: Mapping[str, str]) -> OpenPgpSigner | None:
    """The key that the environment names, or None where it names none.

    `JESSES_SIGNING_KEY` holds an armored secret key, `JESSES_SIGNING_KEY_FILE` the path of one.

    Raises:
        SigningError: the key cannot be read, is no secret key, or is protected by a passphrase.

    """
    if text := environment.get(KEY_VARIABLE):
        return _load(text.encode(), f"the variable {KEY_VARIABLE}")
    if name := environment.get(KEY_FILE_VARIABLE):
        try:
            return _load(Path(name).read_bytes(), name)
        except OSError as error:
            raise SigningError(
                f"cannot read the signing key {name}: {error.strerror}", fix=f"correct {KEY_FILE_VARIABLE}"
            ) from error
    return None


def _load(data: bytes, origin: str) -> OpenPgpSigner:
    try:
        signer = OpenPgpSigner(Tsk.from_bytes(data))
        signer.detach(b"probe")
    except Exception as error:
        raise SigningError(
            f"{origin} holds no key that can sign: {str(error).partition(chr(10))[0]}",
            fix="export one without a passphrase: gpg --armor --export-secret-keys KEYID",
        ) from error
    return signer
