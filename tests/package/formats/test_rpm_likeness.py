from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from jesses.base.payload import Payload
from jesses.package.compression import Packer
from jesses.package.formats import rpm, rpm_likeness
from tests.support.apt_site import SIGNER
from tests.support.rpm_example import KESTREL

PLANNED = replace(KESTREL, payload=Payload.of(()), scripts={}, triggers=())
LIBRARIES = ("libkestrel.so.1()(64bit)", "libkestrel.so.1(KESTREL_1.0)(64bit)")


@pytest.fixture
def packer(tmp_path: Path) -> Iterator[Packer]:
    with Packer(tmp_path / "spool") as packer:
        yield packer


def written(tmp_path: Path, packer: Packer, *provides: str) -> Path:
    relations = structs.replace(KESTREL.relations, provides=(*KESTREL.relations.provides, *provides))
    path = tmp_path / "kestrel.rpm"
    path.write_bytes(bytes(rpm.assemble(replace(KESTREL, relations=relations), packer).file))
    return path


def test_files_and_scripts_do_not_count(tmp_path: Path, packer: Packer) -> None:
    path = written(tmp_path, packer)
    assert list(rpm_likeness.differences(path, PLANNED, libraries=False)) == []


def test_what_the_configuration_says_counts(tmp_path: Path, packer: Packer) -> None:
    planned = replace(PLANNED, vendor="Somebody")
    (told,) = rpm_likeness.differences(written(tmp_path, packer), planned, libraries=False)
    assert told.startswith("VENDOR is")


@pytest.mark.parametrize(
    ("provides", "libraries", "sound"),
    [(LIBRARIES, True, True), (LIBRARIES, False, False), (("sudo",), True, False)],
)
def test_libraries_are_what_programs_tell(
    tmp_path: Path, packer: Packer, provides: tuple[str, ...], libraries: bool, sound: bool
) -> None:
    path = written(tmp_path, packer, *provides)
    assert (not list(rpm_likeness.differences(path, PLANNED, libraries=libraries))) == sound


def test_what_is_built_is_not_signed(tmp_path: Path, packer: Packer) -> None:
    path = written(tmp_path, packer)
    rpm.sign(path, SIGNER)
    assert list(rpm_likeness.differences(path, PLANNED, libraries=False)) == [
        "it is signed, and what is built is not"
    ]
