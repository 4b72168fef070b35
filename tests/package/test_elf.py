"""Programs in tests/data/elf, made by its `make`; what is expected here is what readelf says of them."""

import struct
from pathlib import Path

import pytest

from jesses.base.errors import PayloadError
from jesses.package import elf
from jesses.package.elf import Elf
from tests.support.paths import ELF


def read(name: str) -> Elf:
    found = elf.read(ELF / name)
    assert found is not None
    return found


def test_a_program_names_its_machine_loader_and_libraries() -> None:
    found = read("dynamic-x86_64")
    assert (found.machine, found.type, found.interpreter) == (
        *("x86_64", elf.SHARED),
        "/lib64/ld-linux-x86-64.so.2",
    )
    assert found.needed == ("libc.so.6",)
    assert found.needs == (("libc.so.6", "GLIBC_2.2.5"), ("libc.so.6", "GLIBC_2.17"))
    assert found.dynamic
    assert found.linked
    assert found.has_debug_information
    assert len(bytes.fromhex(found.build_id)) == 20


def test_the_other_architecture_is_read_alike() -> None:
    found = read("dynamic-aarch64")
    assert (found.machine, found.interpreter) == ("aarch64", "/lib/ld-linux-aarch64.so.1")
    assert found.needs == (("libc.so.6", "GLIBC_2.17"),)


def test_a_library_names_itself_and_its_versions() -> None:
    found = read("libtell.so.1")
    assert (found.soname, found.defines, found.needed) == ("libtell.so.1", ("TELL_1.0",), ())


def test_static_programs_and_object_files_need_nothing() -> None:
    assert not read("static-x86_64").dynamic
    assert read("static-x86_64").linked
    assert not read("object.o").linked


def test_other_files_are_none(tmp_path: Path) -> None:
    for content in (b"", b"\x7fEL", b"#!/bin/sh\n"):
        (tmp_path / "file").write_bytes(content)
        assert elf.read(tmp_path / "file") is None


@pytest.mark.parametrize("length", [4, 19, 63, 64, 500, 2000])
def test_a_file_that_was_cut_is_an_error_with_its_name(length: int, tmp_path: Path) -> None:
    (tmp_path / "cut").write_bytes((ELF / "dynamic-x86_64").read_bytes()[:length])
    with pytest.raises(PayloadError, match=r"cut is a damaged ELF file"):
        elf.read(tmp_path / "cut")


@pytest.mark.parametrize(
    ("head", "machine"), [("0101", "32-bit machine 22"), ("0102", "32-bit s390"), ("0202", "s390")]
)
def test_of_other_kinds_the_machine_alone_is_read(head: str, machine: str, tmp_path: Path) -> None:
    number = (22).to_bytes(2, "little" if head.endswith("1") else "big")
    content = elf.MAGIC + bytes.fromhex(head) + bytes(12) + number
    (tmp_path / "program").write_bytes(content)
    found = elf.read(tmp_path / "program")
    assert found == Elf(machine=machine.replace("s390", "machine 22"))


def test_a_chain_of_versions_that_stands_still_ends(tmp_path: Path) -> None:
    """`DT_VERNEEDNUM` may say anything; the last entry of the chain leads nowhere."""
    data = (ELF / "dynamic-x86_64").read_bytes()
    number = struct.pack("<QQ", 0x6FFFFFFF, 1)
    assert data.count(number) == 1
    path = tmp_path / "endless"
    path.write_bytes(data.replace(number, struct.pack("<QQ", 0x6FFFFFFF, 2**63)))
    found = elf.read(path)
    assert found
    assert found.needs == read("dynamic-x86_64").needs
