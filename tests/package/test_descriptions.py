"""A package that a run has written is not read back; one that comes from elsewhere always is."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from jesses.base.artifact import Artifact
from jesses.base.errors import FormatError
from jesses.base.package import Package
from jesses.package.compression import Packer
from jesses.package.descriptions import Descriptions
from jesses.package.formats import deb, deb_reader, rpm, rpm_file
from jesses.package.formats.assembled import Assembled, Description
from tests.support import deb_example, rpm_example
from tests.support.apt_site import SIGNER


def written(directory: Path, package: Package, assembled: Assembled) -> tuple[Artifact, Description]:
    data = bytes(assembled.file)
    path = directory / f"{package.name}.package"
    path.write_bytes(data)
    assert assembled.description
    return (
        Artifact(
            path=path,
            kind="rpm" if isinstance(assembled.description, rpm_file.RpmFile) else "deb",
            component="userspace",
            name=package.name,
            version=package.version,
            arch=package.arch,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        ),
        assembled.description,
    )


def test_a_deb_that_was_written_is_not_read(tmp_path: Path) -> None:
    with Packer(tmp_path / "spool") as packer:
        artifact, description = written(
            tmp_path, deb_example.KESTREL, deb.assemble(deb_example.KESTREL, packer)
        )
    control, paths = deb_reader.control(artifact.path), deb_reader.paths(artifact.path)
    known = Descriptions()
    known.note(artifact, description)
    artifact.path.unlink()
    assert (known.control(artifact), known.paths(artifact)) == (control, paths)


def test_of_an_rpm_that_was_written_nothing_is_read_but_where_its_header_starts(tmp_path: Path) -> None:
    with Packer(tmp_path / "spool") as packer:
        artifact, description = written(
            tmp_path, rpm_example.KESTREL, rpm.assemble(rpm_example.KESTREL, packer)
        )
    known = Descriptions()
    known.note(artifact, description)
    signed = replace(artifact, signed_sha256=rpm.sign(artifact.path, SIGNER))
    with signed.path.open("rb") as stream:
        there = rpm_file.read(stream)
    with signed.path.open("r+b") as stream:
        stream.truncate(there.header_start)
    found = known.rpm(signed)
    assert (found.header, found.header_bytes, found.header_start) == (
        there.header,
        there.header_bytes,
        there.header_start,
    )


def test_what_comes_from_elsewhere_is_always_read(tmp_path: Path) -> None:
    with Packer(tmp_path / "spool") as packer:
        artifact, description = written(
            tmp_path, deb_example.KESTREL, deb.assemble(deb_example.KESTREL, packer)
        )
    known = Descriptions()
    known.note(replace(artifact, sha256="0" * 64), description)
    artifact.path.write_bytes(b"no package")
    for read in (known.control, known.paths, known.rpm):
        with pytest.raises(FormatError):
            read(artifact)
