import hashlib
import io
import os
from pathlib import Path

import pytest
from pysequoia import CipherSuite, Profile, Tsk

from jesses.base.digest import sha256_of
from jesses.base.errors import FormatError, SigningError
from jesses.package.compression import Packer
from jesses.package.formats import ar, deb, deb_reader, deb_signature
from jesses.signing.openpgp import OpenPgpSigner
from jesses.signing.verification import verify_detached
from tests.support.deb_example import KESTREL, archive, parts


def new_signer() -> OpenPgpSigner:
    key = Tsk.generate(user_id="t <t@example.org>", cipher_suite=CipherSuite.Cv25519, profile=Profile.RFC4880)
    return OpenPgpSigner(key)


SIGNER = new_signer()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "kestrel.deb"
    with Packer(tmp_path / "spool", threads=1) as packer:
        path.write_bytes(bytes(deb.assemble(KESTREL, packer).file))
    return path


def unsigned(path: Path) -> str:
    with path.open("rb") as stream:
        return deb_signature.unsigned_sha256(stream)


def test_the_signature_is_over_the_contents_of_all_other_members(path: Path) -> None:
    before = path.read_bytes()
    digest = deb_signature.sign(path, SIGNER)
    after = path.read_bytes()
    assert digest == hashlib.sha256(after).hexdigest()
    assert after.startswith(before)
    *members, (name, signature) = parts(after).items()
    assert name == "_gpgorigin"
    assert dict(members) == parts(before)
    verify_detached(b"".join(parts(before).values()), signature, public_key=SIGNER.public_key)
    with pytest.raises(SigningError):
        verify_detached(b"other", signature, public_key=SIGNER.public_key)


def test_a_large_package_is_signed_in_little_memory(tmp_path: Path) -> None:
    large = tmp_path / "large.deb"
    with large.open("w+b") as out:
        out.write(ar.MAGIC)
        for name, size in (("debian-binary", 4), ("control.tar.gz", 7), ("data.tar.gz", 128 << 20)):
            out.write(ar.header(name, size=size, date=1))
            out.truncate(out.seek(size + size % 2, os.SEEK_CUR))
    # The kernel forgets the most that this process ever held (proc(5), "clear_refs").
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = peak()
    digest = deb_signature.sign(large, SIGNER)
    assert peak() - before < 16 << 20
    assert digest == sha256_of(large)
    with large.open("rb") as stream:
        *_, last = ar.members(stream)
    assert last.name == "_gpgorigin"
    assert list(tmp_path.iterdir()) == [large]


def peak() -> int:
    """The most memory that this process held, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


def test_the_digest_before_signing_is_still_known(path: Path) -> None:
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    assert unsigned(path) == before
    first = deb_signature.sign(path, SIGNER)
    assert unsigned(path) == before
    assert deb_signature.sign(path, new_signer()) != first
    assert unsigned(path) == before
    assert list(parts(path.read_bytes())).count("_gpgorigin") == 1


def test_dates_say_nothing_of_when_it_was_signed(path: Path) -> None:
    deb_signature.sign(path, SIGNER)
    with path.open("rb") as stream:
        assert {member.date for member in ar.members(stream)} == {KESTREL.date}


def test_the_control_file_is_still_found(path: Path) -> None:
    control = deb_reader.control(path)
    deb_signature.sign(path, SIGNER)
    assert deb_reader.control(path) == control


def test_what_is_no_package_is_refused_and_stays(path: Path) -> None:
    for content in (b"no package", archive({}), archive({"_gpgorigin": b"x"})):
        path.write_bytes(content)
        with pytest.raises(FormatError, match="this is no DEB file"):
            deb_signature.sign(path, SIGNER)
        assert path.read_bytes() == content
        with pytest.raises(FormatError):
            deb_signature.unsigned_sha256(io.BytesIO(content))
