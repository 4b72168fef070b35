import zlib
from pathlib import Path

import pytest

from jesses.base.errors import PayloadError
from jesses.base.payload import Directory, File, Payload
from jesses.package import elf
from jesses.package.elf import Elf, debug_information
from tests.support.paths import ELF

PROGRAMS = ["dynamic-x86_64", "dynamic-aarch64", "libtell.so.1", "static-x86_64"]


def split(source: Path, scratch: Path) -> tuple[Path, Path]:
    with elf.opened(source) as data:
        assert data
        return debug_information.split(source, elf.parse(source, data), data, scratch)


def read(path: Path) -> Elf:
    found = elf.read(path)
    assert found is not None
    return found


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_loaded_stays_byte_for_byte_where_it_was(name: str, tmp_path: Path) -> None:
    before = read(ELF / name)
    stripped, _ = split(ELF / name, tmp_path)
    after = read(stripped)
    assert after.segments == before.segments
    old, new = (ELF / name).read_bytes(), stripped.read_bytes()
    for segment in before.segments:
        start = max(segment.offset, elf.HEADER.size)  # the file's header says where sections are
        assert new[start : segment.offset + segment.size] == old[start : segment.offset + segment.size]
    assert len(new) < len(old)
    assert (after.needs, after.build_id, after.soname) == (before.needs, before.build_id, before.soname)
    assert not after.has_debug_information
    labels = [section.label for section in before.sections if section.allocated]
    assert [section.label for section in after.sections[1:]] == [*labels, ".gnu_debuglink", ".shstrtab"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_sections_of_a_stripped_program_still_refer_to_each_other(name: str, tmp_path: Path) -> None:
    before = read(ELF / name)
    after = read(split(ELF / name, tmp_path)[0])

    def links(found: Elf) -> dict[str, str]:
        return {
            section.label: found.sections[section.link].label
            for section in found.sections
            if section.allocated
        }

    assert links(after) == links(before)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_debug_file_has_every_section_and_the_contents_of_those_not_loaded(
    name: str, tmp_path: Path
) -> None:
    before = read(ELF / name)
    _, path = split(ELF / name, tmp_path)
    debug = read(path)
    old, new = (ELF / name).read_bytes(), path.read_bytes()
    assert [section.label for section in debug.sections] == [section.label for section in before.sections]
    assert debug.build_id == before.build_id
    for one, other in zip(before.sections, debug.sections, strict=True):
        assert (other.address, other.size, other.link) == (one.address, one.size, one.link)
        if one.type == elf.SHT_NOTE or not one.allocated:
            assert new[other.offset : other.offset + other.size] == old[one.offset : one.offset + one.size], (
                one.label
            )
        else:
            assert other.type == elf.SHT_NOBITS, one.label


def test_the_link_names_the_debug_file_and_its_checksum(tmp_path: Path) -> None:
    stripped, debug = split(ELF / "dynamic-x86_64", tmp_path)
    found = read(stripped)
    [link] = [section for section in found.sections if section.label == ".gnu_debuglink"]
    content = stripped.read_bytes()[link.offset : link.offset + link.size]
    assert content.rstrip(b"\0")[:43] == f"{found.build_id[2:]}.debug".encode()[:43]
    assert int.from_bytes(content[-4:], "little") == zlib.crc32(debug.read_bytes())


def test_a_payload_is_split_in_two(tmp_path: Path) -> None:
    source = File(path="/usr/bin/tell", source=ELF / "dynamic-x86_64", mode=0o755)
    rest = (
        Directory(path="/usr/lib/tell"),
        File(path="/usr/lib/tell/object.o", source=ELF / "object.o"),
        File(path="/usr/share/tell", source=b"text"),
    )
    payload, debug = debug_information.separate(Payload.of((source, *rest)), tmp_path / "scratch")
    assert payload.entries[1:] == rest
    assert payload.files[0].mode == 0o755
    assert payload.files[0].source != source.source
    build_id = read(ELF / "dynamic-x86_64").build_id
    assert [entry.path for entry in debug] == [
        f"/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
    ]
    again, _ = debug_information.separate(Payload.of((source, *rest)), tmp_path / "scratch")
    assert again == payload


def test_a_payload_without_debug_information_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PayloadError, match="no program of the package has debug information"):
        debug_information.separate(
            Payload.of([File(path="/usr/lib/object.o", source=ELF / "object.o")]), tmp_path
        )


def test_debug_information_without_a_build_id_is_an_error(tmp_path: Path) -> None:
    data = (ELF / "dynamic-x86_64").read_bytes()
    program = tmp_path / "program"
    program.write_bytes(
        data.replace(b"GNU\0" + bytes.fromhex(read(ELF / "dynamic-x86_64").build_id), bytes(24))
    )
    with pytest.raises(PayloadError, match="program has debug information, but no build ID"):
        debug_information.separate(Payload.of([File(path="/usr/bin/p", source=program)]), tmp_path)
