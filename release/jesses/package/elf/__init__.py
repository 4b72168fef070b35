"""What an ELF file says of itself (System V gABI, chapters 4 and 5; LSB 5.0 "Symbol Versioning").

Programs and libraries for 64-bit little-endian machines are read whole, of others the machine alone.
"""

import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jesses.base.errors import PayloadError

MAGIC: Final = b"\x7fELF"
HEADER: Final = struct.Struct("<16sHHIQQQIHHHHHH")
SEGMENT: Final = struct.Struct("<IIQQQQQQ")
SECTION: Final = struct.Struct("<IIQQQQIIQQ")
_DYNAMIC: Final = struct.Struct("<qQ")
_NEED: Final = struct.Struct("<HHIII")
_NEED_VERSION: Final = struct.Struct("<IHHII")
_DEFINED: Final = struct.Struct("<HHHHIII")
_NOTE: Final = struct.Struct("<III")

_MACHINES: Final = {3: "i386", 40: "arm", 62: "x86_64", 183: "aarch64", 243: "riscv", 247: "bpf"}
RELOCATABLE, EXECUTABLE, SHARED = 1, 2, 3
PT_NULL, PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_PHDR = 0, 1, 2, 3, 4, 6
SHT_NULL, SHT_NOTE, SHT_NOBITS = 0, 7, 8
SHF_ALLOC: Final = 2
_DT_NEEDED, _DT_HASH, _DT_STRTAB, _DT_SONAME = 1, 4, 5, 14
_DT_GNU_HASH, _DT_VERDEF, _DT_VERDEFNUM, _DT_VERNEED, _DT_VERNEEDNUM = (
    *(0x6FFFFEF5, 0x6FFFFFFC, 0x6FFFFFFD),
    *(0x6FFFFFFE, 0x6FFFFFFF),
)
_BASE_VERSION: Final = 1
_GNU_BUILD_ID: Final = 3


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A program header; offsets and sizes are bytes of the file, `memory` bytes in memory."""

    type: int
    flags: int
    offset: int
    address: int
    physical: int
    size: int
    memory: int
    align: int


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section header; `name` is an offset into the table of section names, `label` the name itself."""

    name: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entry_size: int
    label: str = ""

    @property
    def allocated(self) -> bool:
        """Whether it is part of the program in memory."""
        return bool(self.flags & SHF_ALLOC)


@dataclass(frozen=True, kw_only=True)
class Elf:
    """An ELF file.

    `machine` is the name as in the configuration (`x86_64`, `aarch64`) where it is one of those. `needed` are
    the libraries that the loader must find, `needs` the versions asked of them, `defines` the versions that a
    library itself has. `build_id` is hexadecimal, empty without one.
    """

    machine: str
    type: int = 0
    segments: tuple[Segment, ...] = ()
    sections: tuple[Section, ...] = ()
    interpreter: str = ""
    soname: str = ""
    needed: tuple[str, ...] = ()
    needs: tuple[tuple[str, str], ...] = ()
    defines: tuple[str, ...] = ()
    gnu_hash_only: bool = False
    build_id: str = ""

    @property
    def linked(self) -> bool:
        """A program or library, not an object file or a kernel module."""
        return self.type in {EXECUTABLE, SHARED}

    @property
    def dynamic(self) -> bool:
        """Whether it needs a loader or libraries; a static position-independent program needs neither."""
        return bool(self.interpreter or self.needed)

    @property
    def has_debug_information(self) -> bool:
        return any(section.label == ".debug_info" for section in self.sections)


def read(path: str | Path) -> Elf | None:
    """The ELF file at `path`, or None where it is another file.

    Raises:
        PayloadError: it begins as an ELF file does, but is damaged, or cannot be read.

    """
    with opened(path) as data:
        return parse(path, data) if data else None


@contextmanager
def opened(path: str | Path) -> Iterator[mmap.mmap | None]:
    """The content of the ELF file at `path` while the block runs, or None where it is another file.

    Raises:
        PayloadError: it cannot be read.

    """
    data = _mapped(path)
    try:
        yield data
    finally:
        if data:
            data.close()


def _mapped(path: str | Path) -> mmap.mmap | None:
    try:
        # Without a stream, since thousands of files are looked at.
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if os.read(file, len(MAGIC)) != MAGIC:
                return None
            return mmap.mmap(file, 0, access=mmap.ACCESS_READ)
        finally:
            os.close(file)
    except OSError as error:
        raise PayloadError(
            f"cannot read {path}: {error.strerror}", fix="see that the build leaves it readable"
        ) from error


def parse(path: str | Path, data: mmap.mmap) -> Elf:
    """The ELF file whose content is `data`.

    Raises:
        PayloadError: it is damaged; the message names its `path`.

    """
    try:
        return _parse(data)
    except (struct.error, ValueError, UnicodeDecodeError, IndexError, OverflowError) as error:
        raise PayloadError(f"{path} is a damaged ELF file: {error}", fix="build it again") from error


def _parse(data: mmap.mmap) -> Elf:
    order = "<" if data[5] == 1 else ">"
    (machine,) = struct.unpack_from(f"{order}H", data, 18)
    name = _MACHINES.get(machine, f"machine {machine}")
    if data[4:6] != b"\x02\x01":
        return Elf(machine=name if data[4] == 2 else f"32-bit {name}")  # noqa: PLR2004
    head = HEADER.unpack_from(data)
    segments = tuple(_segment(data, head[5] + number * SEGMENT.size) for number in range(head[10]))
    sections = tuple(_sections(data, head[6], head[12], head[13]))
    dynamic = _Dynamic(data, segments)
    return Elf(
        machine=name,
        type=head[1],
        segments=segments,
        sections=sections,
        interpreter=_interpreter(data, segments),
        soname=next(dynamic.texts(_DT_SONAME), ""),
        needed=tuple(dynamic.texts(_DT_NEEDED)),
        needs=tuple(dynamic.needs()),
        defines=tuple(dynamic.defines()),
        gnu_hash_only=bool(dynamic.values(_DT_GNU_HASH)) and not dynamic.values(_DT_HASH),
        build_id=_build_id(data, segments, sections),
    )


def _segment(data: mmap.mmap, at: int) -> Segment:
    names = ("type", "flags", "offset", "address", "physical", "size", "memory", "align")
    return Segment(**dict(zip(names, SEGMENT.unpack_from(data, at), strict=True)))


def _sections(data: mmap.mmap, start: int, count: int, names_index: int) -> Iterator[Section]:
    raw = [SECTION.unpack_from(data, start + number * SECTION.size) for number in range(count)]
    fields = ("name", "type", "flags", "address", "offset", "size", "link", "info", "align", "entry_size")
    for values in raw:
        label = _text(data, raw[names_index][4] + values[0])
        yield Section(**dict(zip(fields, values, strict=True)), label=label)


def _text(data: mmap.mmap, at: int) -> str:
    end = data.find(b"\0", at)
    if not 0 <= at <= end:
        raise ValueError("a name lies outside of the file")
    return data[at:end].decode()


def _interpreter(data: mmap.mmap, segments: tuple[Segment, ...]) -> str:
    return next((_text(data, segment.offset) for segment in segments if segment.type == PT_INTERP), "")


class _Dynamic:
    """The dynamic section: tagged values, some of them addresses of tables."""

    def __init__(self, data: mmap.mmap, segments: tuple[Segment, ...]) -> None:
        self._data = data
        self._segments = segments
        own = next((segment for segment in segments if segment.type == PT_DYNAMIC), None)
        # A file of debug information alone keeps the segment, without its bytes.
        raw = data[own.offset : own.offset + own.size - own.size % _DYNAMIC.size] if own else b""
        self._entries = list(_DYNAMIC.iter_unpack(raw))

    def values(self, tag: int) -> list[int]:
        return [value for found, value in self._entries if found == tag]

    def texts(self, tag: int) -> Iterator[str]:
        return (self._string(value) for value in self.values(tag))

    def needs(self) -> Iterator[tuple[str, str]]:
        """Pairs of library and version."""
        for address, count in zip(self.values(_DT_VERNEED), self.values(_DT_VERNEEDNUM), strict=False):
            at = self._offset(address)
            for _ in range(count):
                _, versions, library, first, to_next = _NEED.unpack_from(self._data, at)
                version_at = at + first
                for _ in range(versions):
                    _, _, _, name, skip = _NEED_VERSION.unpack_from(self._data, version_at)
                    yield self._string(library), self._string(name)
                    # The last entry says 0, whatever the count: a chain that stands still would never end.
                    if not skip:
                        break
                    version_at += skip
                if not to_next:
                    break
                at += to_next

    def defines(self) -> Iterator[str]:
        for address, count in zip(self.values(_DT_VERDEF), self.values(_DT_VERDEFNUM), strict=False):
            at = self._offset(address)
            for _ in range(count):
                _, flags, _, _, _, first, to_next = _DEFINED.unpack_from(self._data, at)
                if not flags & _BASE_VERSION:
                    (name,) = struct.unpack_from("<I", self._data, at + first)
                    yield self._string(name)
                if not to_next:
                    break
                at += to_next

    def _string(self, offset: int) -> str:
        return _text(self._data, self._offset(self.values(_DT_STRTAB)[0]) + offset)

    def _offset(self, address: int) -> int:
        for segment in self._segments:
            if segment.type == PT_LOAD and segment.address <= address < segment.address + segment.size:
                return address - segment.address + segment.offset
        raise ValueError(f"the address {address:#x} lies in no segment")


def _build_id(data: mmap.mmap, segments: tuple[Segment, ...], sections: tuple[Section, ...]) -> str:
    notes = [(segment.offset, segment.size) for segment in segments if segment.type == PT_NOTE]
    notes += [(section.offset, section.size) for section in sections if section.type == SHT_NOTE]
    for start, size in notes:
        at = start
        while at + _NOTE.size <= start + size:
            name_size, length, kind = _NOTE.unpack_from(data, at)
            name_at = at + _NOTE.size
            value_at = name_at + name_size + -name_size % 4
            if kind == _GNU_BUILD_ID and data[name_at : name_at + 4] == b"GNU\0":
                return data[value_at : value_at + length].hex()
            at = value_at + length + -length % 4
    return ""
