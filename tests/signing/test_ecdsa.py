from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from jesses.base.errors import SigningError
from jesses.signing import ecdsa
from jesses.signing.ecdsa import EcdsaKey


def pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, password: bytes = b"") -> bytes:
    encryption: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    )
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


P256 = pem(ec.generate_private_key(ec.SECP256R1()))


def test_a_signature_verifies_and_is_always_the_same() -> None:
    key = EcdsaKey.read(P256, source="test")
    signature = key.sign(b"data")
    assert key.sign(b"data") == signature
    assert ecdsa.verifies(key.public_key, b"data", signature)
    assert not ecdsa.verifies(key.public_key, b"other", signature)


def test_the_signature_is_that_of_rfc_6979() -> None:
    """Appendix A.2.5, P-256 with SHA-256, message "sample"."""
    secret = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    signature = EcdsaKey(ec.derive_private_key(secret, ec.SECP256R1())).sign(b"sample")
    assert bytes.fromhex("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716") in signature
    assert bytes.fromhex("F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8") in signature


def test_the_key_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(P256)
    in_text = ecdsa.from_environment({"JESSES_COSIGN_KEY": P256.decode()})
    in_file = ecdsa.from_environment({"JESSES_COSIGN_KEY_FILE": str(tmp_path / "key")})
    assert in_text
    assert in_file
    assert in_text.public_key == in_file.public_key
    assert ecdsa.from_environment({}) is None


@pytest.mark.parametrize(
    "text",
    [
        b"nonsense",
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(ed25519.Ed25519PrivateKey.generate()),
        pem(ec.generate_private_key(ec.SECP256R1()), password=b"secret"),
    ],
)
def test_other_keys_are_refused_with_how_to_make_one(text: bytes) -> None:
    with pytest.raises(SigningError) as caught:
        EcdsaKey.read(text, source="JESSES_COSIGN_KEY")
    assert "openssl genpkey" in caught.value.fix


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SigningError, match="cannot read"):
        ecdsa.from_environment({"JESSES_COSIGN_KEY_FILE": str(tmp_path / "none")})
