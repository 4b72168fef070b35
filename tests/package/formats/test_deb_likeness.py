from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from jesses.base.payload import Payload
from jesses.package.compression import Packer
from jesses.package.formats import deb, deb_likeness
from tests.support.deb_example import KESTREL

PLANNED = replace(KESTREL, payload=Payload.of(()), scripts={})


@pytest.fixture
def packer(tmp_path: Path) -> Iterator[Packer]:
    with Packer(tmp_path / "spool") as packer:
        yield packer


@pytest.fixture
def path(tmp_path: Path, packer: Packer) -> Path:
    path = tmp_path / "kestrel.deb"
    path.write_bytes(bytes(deb.assemble(KESTREL, packer).file))
    return path


def test_files_and_scripts_do_not_count(path: Path) -> None:
    assert list(deb_likeness.differences(path, PLANNED, libraries=False)) == []


def test_what_the_configuration_says_counts(path: Path) -> None:
    planned = replace(PLANNED, section="net", maintainer="K <k@example.org>")
    assert list(deb_likeness.differences(path, planned, libraries=False)) == [
        "Maintainer is 'Kestrel Maintainers <kestrel@example.org>', and in the plan it is 'K <k@example.org>'",
        "Section is 'admin', and in the plan it is 'net'",
    ]


@pytest.mark.parametrize(
    ("more", "libraries", "sound"),
    [("libc6 (>= 2.34)", True, True), ("libc6 (>= 2.34)", False, False), ("evil", True, False)],
)
def test_the_c_library_is_what_programs_tell(
    tmp_path: Path, packer: Packer, more: str, libraries: bool, sound: bool
) -> None:
    relations = structs.replace(KESTREL.relations, depends=(*KESTREL.relations.depends, more))
    path = tmp_path / "kestrel.deb"
    path.write_bytes(bytes(deb.assemble(replace(KESTREL, relations=relations), packer).file))
    assert (not list(deb_likeness.differences(path, PLANNED, libraries=libraries))) == sound
