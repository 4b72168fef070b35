"""The header structure of RPM: an index of tagged entries over one store of data.

A package holds two of them, signature and main header (the manual "RPM V4 Package format", section
"Header"). Both are written here as one immutable region, which is what digests and signatures cover.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from jesses.base.errors import FormatError
from jesses.package.formats.rpm_tags import Type

_MAGIC: Final = bytes.fromhex("8eade80100000000")
_INTRO: Final = struct.Struct(">8sII")
_INDEX: Final = struct.Struct(">IIiI")
_WIDTHS: Final = {Type.INT8: "B", Type.INT16: "H", Type.INT32: "I", Type.INT64: "Q"}
_STRINGS: Final = (Type.STRING, Type.STRING_ARRAY, Type.I18NSTRING)
# rpm's own limits (`header.c`): more than this is no header but damage.
_MOST_ENTRIES: Final = 0xFFFF
_MOST_DATA: Final = 256 << 20


@dataclass(frozen=True, kw_only=True)
class HeaderEntry:
    """One tag with its values as they lie in the store."""

    tag: int
    type: Type
    count: int
    data: bytes

    @property
    def numbers(self) -> tuple[int, ...]:
        return struct.unpack(f">{self.count}{_WIDTHS[self.type]}", self.data)

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(text.decode(errors="replace") for text in self.data.split(b"\0")[: self.count])


@dataclass(frozen=True, kw_only=True)
class Header:
    """Entries by tag, in the order of the tags, the region's own entry left out."""

    entries: tuple[HeaderEntry, ...]

    @classmethod
    def of(cls, entries: Iterable[HeaderEntry]) -> "Header":
        return cls(entries=tuple(sorted(entries, key=lambda entry: entry.tag)))

    def find(self, tag: int) -> HeaderEntry | None:
        return next((entry for entry in self.entries if entry.tag == tag), None)

    def without(self, tags: Iterable[int]) -> "Header":
        dropped = frozenset(tags)
        return Header(entries=tuple(entry for entry in self.entries if entry.tag not in dropped))

    def texts(self, tag: int) -> tuple[str, ...]:
        entry = self.find(tag)
        return entry.texts if entry and entry.type in _STRINGS else ()

    def text(self, tag: int) -> str:
        """The first text of `tag`, or an empty one."""
        return next(iter(self.texts(tag)), "")

    def numbers(self, tag: int) -> tuple[int, ...]:
        entry = self.find(tag)
        return entry.numbers if entry and entry.type in _WIDTHS else ()

    def number(self, tag: int) -> int | None:
        return next(iter(self.numbers(tag)), None)

    def encode(self, region: int) -> bytes:
        """The header as bytes; `region` is the tag of the region that spans it."""
        store: list[bytes] = []
        index, size = bytearray(), 0
        for entry in self.entries:
            padding = bytes(-size % _alignment(entry.type))
            size += len(padding)
            index += _INDEX.pack(entry.tag, entry.type, size, entry.count)
            size += len(entry.data)
            store += (padding, entry.data)
        count = len(self.entries) + 1
        first = _INDEX.pack(region, Type.BIN, size, _INDEX.size)
        store.append(_INDEX.pack(region, Type.BIN, -count * _INDEX.size, _INDEX.size))
        intro = _INTRO.pack(_MAGIC, count, size + _INDEX.size)
        return b"".join((intro, first, index, *store))


def read(stream: BinaryIO, region: int) -> tuple[Header, bytes]:
    """The header that starts here, and its bytes as they are.

    Raises:
        FormatError: this is no header, or a damaged one.

    """
    intro, count, size = _read_intro(stream)
    index, store = stream.read(count * _INDEX.size), stream.read(size)
    if len(index) + len(store) < count * _INDEX.size + size:
        raise damaged("the file ends inside a header")
    entries = (
        _entry(store, tag, kind, offset, number)
        for tag, kind, offset, number in _INDEX.iter_unpack(index)
        if tag != region
    )
    return Header.of(entries), intro + index + store


def read_size(stream: BinaryIO) -> int:
    """The bytes of the header that starts here.

    Raises:
        FormatError: this is no header, or a damaged one.

    """
    _, count, size = _read_intro(stream)
    return _INTRO.size + count * _INDEX.size + size


def _read_intro(stream: BinaryIO) -> tuple[bytes, int, int]:
    """The intro of a header, the number of its entries and the bytes of its store."""
    intro = stream.read(_INTRO.size)
    if len(intro) < _INTRO.size or not intro.startswith(_MAGIC[:4]):
        raise damaged("no header where one must start")
    _, count, size = _INTRO.unpack(intro)
    if count > _MOST_ENTRIES or size > _MOST_DATA:
        raise damaged("a header is larger than any header may be")
    return intro, count, size


def damaged(why: str) -> FormatError:
    """The error for a file that is not the RPM package it should be."""
    return FormatError(f"not a sound RPM package: {why}", fix="build or download the package again")


def text(tag: int, value: str) -> HeaderEntry:
    return HeaderEntry(tag=tag, type=Type.STRING, count=1, data=_terminated(value))


def texts(tag: int, values: Iterable[str]) -> HeaderEntry:
    data, count = bytearray(), 0
    for value in values:
        data += _terminated(value)
        count += 1
    return HeaderEntry(tag=tag, type=Type.STRING_ARRAY, count=count, data=bytes(data))


def i18n(tag: int, value: str) -> HeaderEntry:
    """A text in the one locale that the I18N table names."""
    return HeaderEntry(tag=tag, type=Type.I18NSTRING, count=1, data=_terminated(value))


def binary(tag: int, value: bytes) -> HeaderEntry:
    return HeaderEntry(tag=tag, type=Type.BIN, count=len(value), data=value)


def int16(tag: int, *values: int) -> HeaderEntry:
    return _integers(tag, Type.INT16, values)


def int32(tag: int, *values: int) -> HeaderEntry:
    return _integers(tag, Type.INT32, values)


def int64(tag: int, *values: int) -> HeaderEntry:
    return _integers(tag, Type.INT64, values)


def _integers(tag: int, kind: Type, values: Sequence[int]) -> HeaderEntry:
    data = struct.pack(f">{len(values)}{_WIDTHS[kind]}", *values)
    return HeaderEntry(tag=tag, type=kind, count=len(values), data=data)


def _terminated(value: str) -> bytes:
    return value.encode() + b"\0"


def _alignment(kind: Type) -> int:
    return struct.calcsize(_WIDTHS.get(kind, "B"))


def _entry(store: bytes, tag: int, kind: int, offset: int, count: int) -> HeaderEntry:
    try:
        known = Type(kind)
    except ValueError:
        raise damaged(f"tag {tag} has the unknown type {kind}") from None
    length = _text_length(store, offset, count) if known in _STRINGS else count * _alignment(known)
    if offset < 0 or length < 0 or offset + length > len(store):
        raise damaged(f"tag {tag} lies outside of the header")
    return HeaderEntry(tag=tag, type=known, count=count, data=store[offset : offset + length])


def _text_length(store: bytes, offset: int, count: int) -> int:
    end = offset
    for _ in range(count):
        end = store.find(b"\0", end) + 1
        if end == 0:
            return -1
    return end - offset
