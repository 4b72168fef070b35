import pytest
from pysequoia import Profile, Tsk

from jesses.base.errors import SigningError
from jesses.signing.openpgp import OpenPgpSigner
from jesses.signing.verification import is_signed_by, verified_text, verify_detached

TEXT = b"Origin: kestrel\n- dashed\n"


def new_signer() -> OpenPgpSigner:
    return OpenPgpSigner(Tsk.generate(user_id="Tests <tests@example.org>", profile=Profile.RFC4880))


SIGNER = new_signer()
SIGNED = SIGNER.clearsign(TEXT)
SIGNATURE = SIGNER.detach(TEXT)


def test_a_signed_text_comes_back() -> None:
    assert verified_text(SIGNED, public_key=SIGNER.public_key) == TEXT


def test_a_text_that_somebody_wrapped_in_more_gives_only_what_is_signed() -> None:
    wrapped = b"Origin: evil\n" + SIGNED + b"Suite: evil\n"
    assert verified_text(wrapped, public_key=SIGNER.public_key) == TEXT


@pytest.mark.parametrize(
    "message", [b"", b"text", SIGNED.replace(b"kestrel", b"kestril"), new_signer().clearsign(TEXT)]
)
def test_anything_else_is_refused_in_one_line(message: bytes) -> None:
    with pytest.raises(SigningError, match=SIGNER.fingerprint) as caught:
        verified_text(message, public_key=SIGNER.public_key)
    assert "\n" not in caught.value.what
    assert caught.value.fix


def test_a_detached_signature_holds_for_its_data_alone() -> None:
    verify_detached(TEXT, SIGNATURE, public_key=SIGNER.public_key)
    for data, signature in ((b"other", SIGNATURE), (TEXT, b""), (TEXT, new_signer().detach(TEXT))):
        with pytest.raises(SigningError, match=SIGNER.fingerprint):
            verify_detached(data, signature, public_key=SIGNER.public_key)


def test_whether_a_key_signed_is_told_without_an_error() -> None:
    assert is_signed_by(SIGNER.public_key, TEXT, SIGNATURE)
    assert not is_signed_by(SIGNER.public_key, b"other", SIGNATURE)
    assert not is_signed_by(new_signer().public_key, TEXT, SIGNATURE)
