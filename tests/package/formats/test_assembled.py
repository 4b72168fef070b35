"""What formats tell of a package that they assembled is what a reader finds in its file."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from jesses.base.package import Package
from jesses.base.payload import Ghost, Payload
from jesses.package.compression import Packer
from jesses.package.formats import deb, deb_reader, rpm, rpm_file, tarball
from jesses.package.formats.assembled import DebDescription
from jesses.package.formats.rpm_file import RpmFile
from tests.support import deb_example, rpm_example
from tests.support.apt_site import SIGNER


def with_ghost(package: Package) -> Package:
    return replace(package, payload=Payload.of((*package.payload, Ghost(path="/var/lib/kestrel/state"))))


@pytest.mark.parametrize("package", [deb_example.KESTREL, with_ghost(deb_example.KESTREL)])
def test_a_deb(tmp_path: Path, package: Package) -> None:
    with Packer(tmp_path) as packer:
        assembled = deb.assemble(package, packer)
        data = bytes(assembled.file)
    assert assembled.description == DebDescription(
        control=deb_reader.control(io.BytesIO(data)),
        paths=tuple(f"/{path}" for path in deb_reader.paths(io.BytesIO(data))),
    )


@pytest.mark.parametrize("package", [rpm_example.KESTREL, with_ghost(rpm_example.KESTREL)])
def test_an_rpm_unsigned_and_signed(tmp_path: Path, package: Package) -> None:
    path = tmp_path / "kestrel.rpm"
    with Packer(tmp_path / "spool") as packer:
        assembled = rpm.assemble(package, packer)
        path.write_bytes(bytes(assembled.file))
    description = assembled.description
    assert isinstance(description, RpmFile)
    with path.open("rb") as stream:
        assert description == rpm_file.read(stream)
    rpm.sign(path, SIGNER)
    with path.open("rb") as stream:
        signed = rpm_file.read(stream)
        stream.seek(0)
        assert replace(description, header_start=rpm_file.header_start(stream)) == replace(
            signed, signature=signed.signature.without(rpm_file.SIGNATURES)
        )
    assert signed.header_start > description.header_start


def test_a_tarball_has_no_repository(tmp_path: Path) -> None:
    with Packer(tmp_path) as packer:
        assert tarball.assemble(deb_example.KESTREL, packer).description is None
