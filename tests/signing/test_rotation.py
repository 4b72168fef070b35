from pathlib import Path

import pytest
from pysequoia import Cert

from jesses.base.errors import SigningError
from jesses.signing import Signer, openpgp, openpgp_key
from jesses.signing.rotation import Rotation, one_block_each
from jesses.signing.verification import verified_text, verify_detached
from tests.support.paths import DATA

EXPIRED = DATA / "expired-key.asc"
TEXT = b"Date: today\n- a dash\n"


@pytest.fixture(scope="module")
def keys() -> tuple[str, str, str]:
    new, old, other = (
        str(openpgp_key.generate(f"{name} <k@example.org>")) for name in ("New", "Old", "Other")
    )
    return new, old, other


@pytest.fixture(scope="module")
def signers(keys: tuple[str, str, str]) -> tuple[Signer, ...]:
    return tuple(signer for key in keys if (signer := openpgp.from_environment({openpgp.KEY_VARIABLE: key})))


def rotation(keys: tuple[str, str, str]) -> Signer:
    environment = {openpgp.KEY_VARIABLE: keys[0], openpgp.OLD_KEY_VARIABLE: keys[1]}
    both = openpgp.for_repositories(openpgp.from_environment(environment), environment)
    assert isinstance(both, Rotation)
    return both


def test_who_has_either_key_accepts_what_both_signed(
    keys: tuple[str, str, str], signers: tuple[Signer, ...], tmp_path: Path
) -> None:
    both = rotation(keys)
    (tmp_path / "text").write_bytes(TEXT)
    message, signature = both.clearsign(TEXT), both.detach(TEXT)
    for accepted in (*signers[:2], both):
        assert verified_text(message, public_key=accepted.public_key) == TEXT
        verify_detached(TEXT, signature, public_key=accepted.public_key)
        verify_detached(TEXT, both.detach(TEXT, armor=False), public_key=accepted.public_key)
        verify_detached(TEXT, both.detach_file(tmp_path / "text"), public_key=accepted.public_key)
    with pytest.raises(SigningError, match="there is no valid signature"):
        verified_text(message, public_key=signers[2].public_key)
    with pytest.raises(SigningError, match="there is no valid signature"):
        verify_detached(TEXT, signature, public_key=signers[2].public_key)
    with pytest.raises(SigningError, match="there is no valid signature"):
        verify_detached(TEXT + b"x", signature, public_key=both.public_key)


def test_who_has_both_keys_accepts_what_either_signed(
    keys: tuple[str, str, str], signers: tuple[Signer, ...]
) -> None:
    both = rotation(keys)
    for signer in signers[:2]:
        assert verified_text(signer.clearsign(TEXT), public_key=both.public_key) == TEXT
        verify_detached(TEXT, signer.detach(TEXT), public_key=both.public_key)


def test_the_key_file_holds_both_the_new_one_first(
    keys: tuple[str, str, str], signers: tuple[Signer, ...]
) -> None:
    both = rotation(keys)
    fingerprints = [signer.fingerprint for signer in signers[:2]]
    assert [cert.fingerprint.upper() for cert in Cert.split_bytes(both.public_key)] == fingerprints
    assert both.fingerprint == fingerprints[0]
    assert both.public_key.count(b"BEGIN") == 1
    blocks = one_block_each(both.public_key)
    assert blocks.count(b"BEGIN PGP PUBLIC KEY BLOCK") == 2
    assert [cert.fingerprint.upper() for cert in Cert.split_bytes(blocks)] == fingerprints
    assert one_block_each(signers[0].public_key) == signers[0].public_key
    assert b"PRIVATE" not in both.public_key


def test_a_public_old_key_stays_known_and_signs_nothing(
    keys: tuple[str, str, str], signers: tuple[Signer, ...], tmp_path: Path
) -> None:
    path = tmp_path / "old.asc"
    path.write_bytes(signers[1].public_key)
    both = openpgp.for_repositories(signers[0], {openpgp.OLD_KEY_FILE_VARIABLE: str(path)})
    assert both is not None
    assert both.public_key == rotation(keys).public_key
    with pytest.raises(SigningError):
        verify_detached(TEXT, both.detach(TEXT), public_key=signers[1].public_key)
    verify_detached(TEXT, both.detach(TEXT), public_key=signers[0].public_key)


def test_without_an_old_key_the_signer_is_the_new_one(signers: tuple[Signer, ...]) -> None:
    assert openpgp.for_repositories(signers[0], {}) is signers[0]
    assert openpgp.for_repositories(None, {openpgp.OLD_KEY_VARIABLE: "x"}) is None


def test_what_is_no_rotation_is_refused(keys: tuple[str, str, str], signers: tuple[Signer, ...]) -> None:
    with pytest.raises(SigningError, match="the old signing key is the new one"):
        openpgp.for_repositories(signers[0], {openpgp.OLD_KEY_VARIABLE: keys[0]})
    with pytest.raises(SigningError, match="JESSES_OLD_SIGNING_KEY holds no key"):
        openpgp.for_repositories(signers[0], {openpgp.OLD_KEY_VARIABLE: "no key"})


def test_an_expired_key_is_refused_with_its_date(signers: tuple[Signer, ...]) -> None:
    with pytest.raises(SigningError, match="expired on 2020-01-02") as caught:
        openpgp.from_environment({openpgp.KEY_FILE_VARIABLE: str(EXPIRED)})
    assert "--quick-set-expire" in caught.value.fix
    with pytest.raises(SigningError, match="expired on 2020-01-02"):
        openpgp.for_repositories(signers[0], {openpgp.OLD_KEY_FILE_VARIABLE: str(EXPIRED)})
