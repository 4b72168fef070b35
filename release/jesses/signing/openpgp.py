"""OpenPGP keys by Sequoia (`pysequoia`): no gpg, no keyring, no agent."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from pysequoia import Cert, SignatureMode, Tsk, sign, sign_file

from jesses.base.errors import SigningError
from jesses.signing import Signer, openpgp_key
from jesses.signing.rotation import Rotation

KEY_VARIABLE = "JESSES_SIGNING_KEY"
KEY_FILE_VARIABLE = "JESSES_SIGNING_KEY_FILE"
OLD_KEY_VARIABLE = "JESSES_OLD_SIGNING_KEY"
OLD_KEY_FILE_VARIABLE = "JESSES_OLD_SIGNING_KEY_FILE"


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

    def detach_file(self, path: Path) -> bytes:
        with TemporaryDirectory() as directory:
            made = Path(directory) / "signature"
            sign_file(self._key.signer(), path, made, mode=SignatureMode.DETACHED, armor=False)
            return made.read_bytes()


def ephemeral(user_id: str) -> OpenPgpSigner:
    """A key made for this run and kept in memory alone.

    RSA in version 4 packets: EL9 and some rpm 4.17 refuse Ed25519, and no rpm before 6 reads version 6.
    """
    return OpenPgpSigner(openpgp_key.generate(user_id))


def from_environment(environment: Mapping[str, str]) -> OpenPgpSigner | None:
    """The key that the environment names, or None where it names none.

    `JESSES_SIGNING_KEY` holds an armored secret key, `JESSES_SIGNING_KEY_FILE` the path of one.

    Raises:
        SigningError: the key cannot be read, is no secret key, has expired, or is protected by a passphrase.

    """
    found = _text(environment, KEY_VARIABLE, KEY_FILE_VARIABLE)
    return _load(*found) if found else None


def for_repositories(signer: Signer | None, environment: Mapping[str, str]) -> Signer | None:
    """What signs repositories: `signer`, and beside it the old key while keys are changed.

    `JESSES_OLD_SIGNING_KEY` holds the old key, `JESSES_OLD_SIGNING_KEY_FILE` its path. Its public half alone
    signs nothing, and stays in the file for users: they need it for the packages that it signed.

    Raises:
        SigningError: the old key cannot be used, or is the new one.

    """
    found = _text(environment, OLD_KEY_VARIABLE, OLD_KEY_FILE_VARIABLE)
    if signer is None or found is None:
        return signer
    data, origin = found
    if b"PRIVATE KEY" in data:
        old = _load(data, origin)
        return Rotation(signer, old, old.public_key)
    try:
        certificate = Cert.from_bytes(data)
    except Exception as error:
        raise SigningError(
            f"{origin} holds no key: {_first_line(error)}", fix="export it: gpg --armor --export KEYID"
        ) from error
    return Rotation(signer, None, str(certificate).encode())


def _text(environment: Mapping[str, str], variable: str, file_variable: str) -> tuple[bytes, str] | None:
    """The text of a key, and where it is from."""
    if text := environment.get(variable):
        return text.encode(), f"the variable {variable}"
    if name := environment.get(file_variable):
        try:
            return Path(name).read_bytes(), name
        except OSError as error:
            raise SigningError(
                f"cannot read the signing key {name}: {error.strerror}", fix=f"correct {file_variable}"
            ) from error
    return None


def _load(data: bytes, origin: str) -> OpenPgpSigner:
    try:
        key = Tsk.from_bytes(data)
        _check_expiry(key, origin)
        signer = OpenPgpSigner(key)
        signer.detach(b"probe")
    except SigningError:
        raise
    except Exception as error:
        raise SigningError(
            f"{origin} holds no key that can sign: {_first_line(error)}",
            fix="export one without a passphrase: gpg --armor --export-secret-keys KEYID",
        ) from error
    return signer


def _check_expiry(key: Tsk, origin: str) -> None:
    certificate = key.extract_certificate()
    if certificate.expiration and certificate.expiration <= datetime.now(UTC):
        raise SigningError(
            f"{origin} holds the key {certificate.fingerprint.upper()}, which expired on "
            f"{certificate.expiration.date()}",
            fix="extend it (gpg --quick-set-expire FINGERPRINT 2y) and export it again, or change keys",
        )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
