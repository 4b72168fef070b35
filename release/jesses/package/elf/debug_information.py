"""Take the debug information out of ELF files, as `objcopy --only-keep-debug` and `strip` do, without them.

What stays of a program is what is loaded, byte for byte at the same offset, and a link to its debug file. The
debug file has every section header, and the contents of those sections that are never loaded, and of notes.
Debuggers find it by the build ID, below `/usr/lib/debug/.build-id` (the GDB manual, "Debugging Information in
Separate Files").
"""

import hashlib
import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import astuple, replace
from pathlib import Path
from typing import BinaryIO, Final, TypeGuard

from jesses.base.errors import PayloadError
from jesses.base.payload import Entry, File, Payload
from jesses.package import elf
from jesses.package.elf import Elf, Section, Segment
from jesses.package.elf.binaries import Read

DIRECTORY: Final = "/usr/lib/debug/.build-id"

_SECTION_HEADERS_AT: Final = 40
_SECTION_COUNTS_AT: Final = 60
_PROGRAM_HEADERS_AT: Final = 32
_ALIGNMENT: Final = 8
_LINK: Final = ".gnu_debuglink"
_NAMES: Final = ".shstrtab"
_SHT_PROGBITS, _SHT_STRTAB = 1, 3
_SHF_INFO_LINK: Final = 0x40
_MEANS_BYTES: Final = {elf.PT_DYNAMIC, elf.PT_INTERP, elf.PT_PHDR}


def separate(payload: Payload, scratch: Path, read: Read = elf.read) -> tuple[Payload, Payload]:
    """`payload` with its programs stripped, and the payload of their debug files; made in `scratch`.

    `read` reads the programs. What was split into `scratch` before is not split again.

    Object files and kernel modules stay as they are: what strips them is the kernel's build.

    Raises:
        PayloadError: no file has debug information, or one that has it has no build ID.

    """
    entries: list[Entry] = []
    debug: dict[str, File] = {}
    for entry in payload:
        name = entry.on_disk if isinstance(entry, File) else None
        found = read(name) if name else None
        if not isinstance(entry, File) or not name or not is_separable(found):
            entries.append(entry)
            continue
        stripped, debug_file = _split(Path(name), found, scratch)
        entries.append(replace(entry, source=stripped))
        path = f"{DIRECTORY}/{found.build_id[:2]}/{found.build_id[2:]}.debug"
        debug.setdefault(path, File(path=path, source=debug_file))
    if not debug:
        raise PayloadError(
            "debug = true, but no program of the package has debug information",
            fix="compile with -g, and do not strip; or take debug away",
        )
    return Payload.of(entries), Payload.of(debug.values())


def is_separable(found: Elf | None) -> TypeGuard[Elf]:
    """Whether this is a program or a library with debug information."""
    return found is not None and found.linked and found.has_debug_information


def _split(source: Path, found: Elf, scratch: Path) -> tuple[Path, Path]:
    """As `split`, without reading `source` again where that was done before."""
    made = _targets(source, scratch)
    if not all(path.exists() for path in made):
        with elf.opened(source) as data:
            if data is None:
                raise PayloadError(
                    f"{source} changed while it was packaged",
                    fix="let everything that writes it end before packaging",
                )
            split(source, found, data, scratch)
    return made


def _targets(source: Path, scratch: Path) -> tuple[Path, Path]:
    """Where the stripped file and the debug file are made: under names that follow from the path of `source`."""
    name = hashlib.sha256(os.fsencode(source)).hexdigest()
    return scratch / name, scratch / f"{name}.debug"


def split(source: Path, found: Elf, data: mmap.mmap, scratch: Path) -> tuple[Path, Path]:
    """Make the stripped file and the debug file of `source` in `scratch`; `data` is its content.

    Raises:
        PayloadError: it has no build ID.

    """
    if len(found.build_id) < 4:  # noqa: PLR2004
        raise PayloadError(
            f"{source} has debug information, but no build ID to find it by",
            fix="link with -Wl,--build-id=sha1",
        )
    stripped, debug = _targets(source, scratch)
    scratch.mkdir(parents=True, exist_ok=True)
    with debug.open("w+b") as out:
        _write_debug(found, data, out)
        link = _link(f"{found.build_id[2:]}.debug", out)
    with stripped.open("wb") as out:
        _write_stripped(found, data, out, link)
    return stripped, debug


def _write_stripped(found: Elf, data: mmap.mmap, out: BinaryIO, link: bytes) -> None:
    kept = [section for section in found.sections if section.allocated]
    index = {found.sections.index(section): number for number, section in enumerate(kept, start=1)}
    end = max(
        elf.HEADER.size,
        *(segment.offset + segment.size for segment in found.segments),
        *(section.offset + section.size for section in kept if section.type != elf.SHT_NOBITS),
    )
    labels = ["", *(section.label for section in kept), _LINK, _NAMES]
    names = "".join(f"{label}\0" for label in labels).encode()
    out.write(data[:end])
    link_at = _append(out, link, 4)
    names_at = _append(out, names, 1)
    headers = [
        replace(section, link=index.get(section.link, 0), info=_info(section, index)) for section in kept
    ]
    headers.append(_new_section(_SHT_PROGBITS, link_at, len(link), align=4))
    headers.append(_new_section(_SHT_STRTAB, names_at, len(names), align=1))
    named = [
        replace(header, name=names.index(f"\0{label}\0".encode()) + 1)
        for label, header in zip(labels[1:], headers, strict=True)
    ]
    _finish(out, [_new_section(elf.SHT_NULL, 0, 0, align=0), *named], names_index=len(named))


def _info(section: Section, index: dict[int, int]) -> int:
    """For relocations (SHF_INFO_LINK) the section that they apply to, else a number that stays."""
    return index.get(section.info, 0) if section.flags & _SHF_INFO_LINK else section.info


def _write_debug(found: Elf, data: mmap.mmap, out: BinaryIO) -> None:
    out.write(data[: elf.HEADER.size])
    out.write(bytes(len(found.segments) * elf.SEGMENT.size))
    segments = [_moved(segment, data, out) for segment in found.segments]
    notes = [pair for pair in zip(found.segments, segments, strict=True) if pair[0].type == elf.PT_NOTE]
    sections = [_copied(section, notes, data, out) for section in found.sections]
    _finish(out, sections, names_index=_names_index(data))
    out.seek(_PROGRAM_HEADERS_AT)
    out.write(struct.pack("<Q", elf.HEADER.size))
    out.seek(elf.HEADER.size)
    out.writelines(elf.SEGMENT.pack(*astuple(segment)) for segment in segments)


def _moved(segment: Segment, data: mmap.mmap, out: BinaryIO) -> Segment:
    """A segment of the debug file: notes keep their bytes, of the others only their addresses are kept."""
    if segment.type != elf.PT_NOTE:
        kind = elf.PT_NULL if segment.type in _MEANS_BYTES else segment.type
        return replace(segment, type=kind, offset=0, size=0)
    at = _append(out, data[segment.offset : segment.offset + segment.size], max(segment.align, 1))
    return replace(segment, offset=at)


def _copied(
    section: Section, notes: list[tuple[Segment, Segment]], data: mmap.mmap, out: BinaryIO
) -> Section:
    if section.type in {elf.SHT_NULL, elf.SHT_NOBITS}:
        return section
    if section.allocated and section.type != elf.SHT_NOTE:
        return replace(section, type=elf.SHT_NOBITS, offset=out.tell())
    for before, after in notes:
        if before.offset <= section.offset < before.offset + before.size:
            return replace(section, offset=section.offset - before.offset + after.offset)
    content = data[section.offset : section.offset + section.size]
    return replace(section, offset=_append(out, content, max(section.align, 1)))


def _names_index(data: mmap.mmap) -> int:
    return int(elf.HEADER.unpack_from(data)[13])


def _append(out: BinaryIO, content: bytes, align: int) -> int:
    """Write `content` at the next multiple of `align`; where that is."""
    out.write(bytes(-out.tell() % align))
    at = out.tell()
    out.write(content)
    return at


def _finish(out: BinaryIO, sections: list[Section], *, names_index: int) -> None:
    """Write the section headers at the end, and where they are into the file's header."""
    headers = b"".join(elf.SECTION.pack(*astuple(section)[:-1]) for section in sections)
    at = _append(out, headers, _ALIGNMENT)
    out.seek(_SECTION_HEADERS_AT)
    out.write(struct.pack("<Q", at))
    out.seek(_SECTION_COUNTS_AT)
    out.write(struct.pack("<HH", len(sections), names_index))


def _new_section(kind: int, offset: int, size: int, *, align: int) -> Section:
    return Section(
        name=0,
        type=kind,
        flags=0,
        address=0,
        offset=offset,
        size=size,
        link=0,
        info=0,
        align=align,
        entry_size=0,
    )


def _link(name: str, debug: BinaryIO) -> bytes:
    """The content of `.gnu_debuglink`: the file's name and the CRC-32 of its content."""
    text = name.encode() + b"\0"
    crc = 0
    debug.seek(0)
    for block in _blocks(debug):
        crc = zlib.crc32(block, crc)
    return text + bytes(-len(text) % 4) + struct.pack("<I", crc)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(1 << 20):
        yield block
