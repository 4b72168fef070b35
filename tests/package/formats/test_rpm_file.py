import hashlib
import io
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysequoia import CipherSuite, Profile, Tsk
from semver import Version

from jesses.base.errors import FormatError, SigningError
from jesses.base.package import Package
from jesses.base.payload import File, Payload
from jesses.package.compression import Packer
from jesses.package.formats import rpm, rpm_file, rpm_header
from jesses.package.formats.rpm_tags import SigTag
from jesses.signing import openpgp_key
from jesses.signing.openpgp import OpenPgpSigner
from jesses.signing.verification import verify_detached

PACKAGE = Package(
    name="kestrel",
    version=Version.parse("1.0.0"),
    arch="x86_64",
    date=1_700_000_000,
    summary="s",
    description="d",
    license="MIT",
    homepage="",
    maintainer="m",
    vendor="",
    payload=Payload.of([File(path="/usr/bin/kestrel", source=b"k" * 5000, mode=0o755)]),
)


def new_signer(suite: CipherSuite = CipherSuite.Cv25519, profile: Profile = Profile.RFC4880) -> OpenPgpSigner:
    return OpenPgpSigner(Tsk.generate(user_id="t <t@example.org>", cipher_suite=suite, profile=profile))


SIGNER = new_signer()


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "dist" / "kestrel.rpm"
    path.parent.mkdir()
    with Packer(tmp_path / "spool", threads=1) as packer:
        path.write_bytes(bytes(rpm.assemble(PACKAGE, packer).file))
    yield path
    assert [other.name for other in path.parent.iterdir()] == ["kestrel.rpm"]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def unsigned(path: Path) -> str:
    with path.open("rb") as stream:
        return rpm_file.unsigned_sha256(stream)


def read(path: Path) -> rpm_file.RpmFile:
    with path.open("rb") as stream:
        return rpm_file.read(stream)


def test_signing_leaves_everything_but_the_signature_header(path: Path) -> None:
    before, data = read(path), path.read_bytes()
    assert rpm.sign(path, SIGNER) == digest(path)
    after, signed = read(path), path.read_bytes()
    assert signed[after.header_start :] == data[before.header_start :]
    assert after.signature.without(rpm_file.SIGNATURES) == before.signature
    assert (before.signed, after.signed) == (False, True)


def test_the_signature_covers_the_main_header(path: Path) -> None:
    rpm.sign(path, SIGNER)
    signed = read(path)
    entry = signed.signature.find(SigTag.DSA)
    assert entry is not None
    verify_detached(signed.header_bytes, entry.data, public_key=SIGNER.public_key)


def test_the_digest_before_signing_is_told_from_the_signed_file(path: Path) -> None:
    before = digest(path)
    assert unsigned(path) == before
    rpm.sign(path, SIGNER)
    assert unsigned(path) == before != digest(path)


def test_signing_again_replaces_the_signature(path: Path) -> None:
    before, other = digest(path), new_signer()
    rpm.sign(path, SIGNER)
    rpm.sign(path, other)
    assert unsigned(path) == before
    signed = read(path)
    (entry,) = (entry for entry in signed.signature.entries if entry.tag in rpm_file.SIGNATURES)
    verify_detached(signed.header_bytes, entry.data, public_key=other.public_key)


def test_any_other_change_is_seen_in_the_digest_before_signing(path: Path) -> None:
    before = unsigned(path)
    rpm.sign(path, SIGNER)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    assert rpm_file.unsigned_sha256(io.BytesIO(data)) != before


def test_rsa_signatures_have_their_own_tag() -> None:
    signer = OpenPgpSigner(openpgp_key.generate("t <t@example.org>", suite=CipherSuite.RSA2k))
    assert rpm_file.signature_tag(signer.detach(b"", armor=False)) is SigTag.RSA
    assert rpm_file.signature_tag(SIGNER.detach(b"", armor=False)) is SigTag.DSA


@pytest.mark.parametrize(
    ("suite", "profile"), [(CipherSuite.Cv25519, Profile.RFC9580), (CipherSuite.P256, Profile.RFC4880)]
)
def test_a_key_that_rpm_cannot_read_is_refused_and_nothing_changes(
    path: Path, suite: CipherSuite, profile: Profile
) -> None:
    before = path.read_bytes()
    with pytest.raises(SigningError, match="rpm cannot read version"):
        rpm.sign(path, new_signer(suite, profile))
    assert path.read_bytes() == before


def test_the_mode_of_the_file_stays(path: Path) -> None:
    path.chmod(0o640)
    rpm.sign(path, SIGNER)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_what_is_no_package_is_refused_and_stays(path: Path) -> None:
    path.write_bytes(b"no package")
    with pytest.raises(FormatError, match="does not start with a lead"):
        rpm.sign(path, SIGNER)
    assert path.read_bytes() == b"no package"


@given(st.data())
def test_a_package_cut_short_before_its_payload_is_refused(data: st.DataObject) -> None:
    header = rpm_header.Header.of([rpm_header.text(1000, "kestrel")])
    opening = rpm_file.opening(
        rpm_file.lead("kestrel-1-1", "x86_64"),
        rpm_file.signature_header(b"", payload_size=0, archive_size=0),
    )
    whole = opening + header.encode(63)
    assert rpm_file.read(io.BytesIO(whole)).header == header
    with pytest.raises(FormatError):
        rpm_file.read(io.BytesIO(whole[: data.draw(st.integers(0, len(whole) - 1))]))


def test_the_lead_names_the_package_and_its_machine() -> None:
    lead = rpm_file.lead("k" * 100, "aarch64")
    assert len(lead) == rpm_file.LEAD_SIZE
    assert lead[:10] == bytes.fromhex("edabeedb 0300 0000 0013")
    assert lead[10:76] == b"k" * 65 + b"\0"
