from pathlib import Path

import pytest
from pysequoia import Cert

from jesses.base.errors import SigningError
from jesses.signing import openpgp, openpgp_key, verification


@pytest.fixture(scope="module")
def key() -> str:
    return str(openpgp_key.generate("Kestrel <kestrel@example.org>"))


def test_a_key_comes_from_a_variable_or_from_a_file(key: str, tmp_path: Path) -> None:
    path = tmp_path / "key.asc"
    path.write_text(key)
    by_text = openpgp.from_environment({openpgp.KEY_VARIABLE: key})
    by_file = openpgp.from_environment({openpgp.KEY_FILE_VARIABLE: str(path)})
    assert by_text is not None
    assert by_file is not None
    assert by_text.fingerprint == by_file.fingerprint
    assert openpgp.from_environment({}) is None


def test_its_signatures_verify_and_its_public_half_holds_no_secret(key: str) -> None:
    signer = openpgp.from_environment({openpgp.KEY_VARIABLE: key})
    assert signer is not None
    verification.verify_detached(b"data", signer.detach(b"data"), public_key=signer.public_key)
    assert verification.verified_text(signer.clearsign(b"text\n"), public_key=signer.public_key) == b"text\n"
    assert signer.public_key.startswith(b"-----BEGIN PGP PUBLIC KEY BLOCK-----")
    assert Cert.from_bytes(signer.public_key).fingerprint.upper() == signer.fingerprint


def test_two_signatures_over_the_same_bytes_differ(key: str) -> None:
    signer = openpgp.from_environment({openpgp.KEY_VARIABLE: key})
    assert signer is not None
    assert signer.detach(b"data") != signer.detach(b"data")


@pytest.mark.parametrize("text", ["not a key", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n"])
def test_what_is_no_key_is_refused_in_a_few_words(text: str) -> None:
    with pytest.raises(SigningError, match="JESSES_SIGNING_KEY holds no key that can sign") as caught:
        openpgp.from_environment({openpgp.KEY_VARIABLE: text})
    assert "\n" not in caught.value.what
    assert text not in caught.value.what


def test_a_public_key_cannot_sign(key: str) -> None:
    signer = openpgp.from_environment({openpgp.KEY_VARIABLE: key})
    assert signer is not None
    with pytest.raises(SigningError, match="holds no key that can sign"):
        openpgp.from_environment({openpgp.KEY_VARIABLE: signer.public_key.decode()})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SigningError, match=r"cannot read the signing key .*missing"):
        openpgp.from_environment({openpgp.KEY_FILE_VARIABLE: str(tmp_path / "missing")})
