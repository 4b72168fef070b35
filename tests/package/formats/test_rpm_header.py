import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jesses.base.errors import FormatError
from jesses.package.formats import rpm_header
from jesses.package.formats.rpm_header import Header, HeaderEntry
from jesses.package.formats.rpm_tags import Tag, Type

TAGS = st.integers(min_value=1000, max_value=6000)
TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)
ENTRIES = st.one_of(
    st.builds(rpm_header.text, TAGS, TEXT),
    st.builds(rpm_header.i18n, TAGS, TEXT),
    st.builds(rpm_header.texts, TAGS, st.lists(TEXT, min_size=1, max_size=5)),
    st.builds(rpm_header.binary, TAGS, st.binary(min_size=1, max_size=20)),
    st.builds(
        lambda tag, values: rpm_header.int16(tag, *values),
        TAGS,
        st.lists(st.integers(0, (1 << 16) - 1), min_size=1, max_size=5),
    ),
    st.builds(
        lambda tag, values: rpm_header.int32(tag, *values),
        TAGS,
        st.lists(st.integers(0, (1 << 32) - 1), min_size=1, max_size=5),
    ),
)
HEADERS = st.lists(ENTRIES, unique_by=lambda entry: entry.tag).map(Header.of)


def read(data: bytes) -> Header:
    return rpm_header.read(io.BytesIO(data), Tag.REGION)[0]


@given(HEADERS)
def test_what_was_encoded_is_read_back(header: Header) -> None:
    assert read(header.encode(Tag.REGION)) == header


@given(HEADERS, st.binary(max_size=30))
def test_reading_stops_at_the_end_of_the_header_and_keeps_its_bytes(header: Header, rest: bytes) -> None:
    data = header.encode(Tag.REGION)
    stream = io.BytesIO(data + rest)
    assert rpm_header.read(stream, Tag.REGION)[1] == data
    assert stream.read() == rest


@given(HEADERS, st.data())
def test_a_damaged_header_is_an_error_or_another_header_but_no_crash(
    header: Header, data: st.DataObject
) -> None:
    encoded = bytearray(header.encode(Tag.REGION))
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] = data.draw(st.integers(0, 255))
    try:
        damaged = read(bytes(encoded))
    except FormatError:
        return
    for entry in damaged.entries:
        damaged.texts(entry.tag)
        damaged.numbers(entry.tag)


@given(HEADERS, st.data())
def test_a_header_cut_short_is_an_error(header: Header, data: st.DataObject) -> None:
    encoded = header.encode(Tag.REGION)
    with pytest.raises(FormatError, match="not a sound RPM package"):
        read(encoded[: data.draw(st.integers(0, len(encoded) - 1))])


def test_the_region_spans_the_whole_header() -> None:
    header = Header.of([rpm_header.text(Tag.NAME, "kestrel"), rpm_header.int16(Tag.FILEMODES, 1, 2)])
    encoded = header.encode(Tag.REGION)
    count, size = (int.from_bytes(encoded[at : at + 4]) for at in (8, 12))
    tag, kind, offset, length = (int.from_bytes(encoded[16 + at : 20 + at]) for at in (0, 4, 8, 12))
    trailer = encoded[16 + 16 * count :][offset:]
    assert (tag, kind, length, count) == (Tag.REGION, Type.BIN, 16, 3)
    assert size == offset + 16
    assert trailer == bytes.fromhex("0000003f 00000007 ffffffd0 00000010")


def test_numbers_are_aligned() -> None:
    header = Header.of([rpm_header.text(1000, "ab"), rpm_header.int32(1001, 7)])
    encoded = header.encode(Tag.REGION)
    store = encoded[16 + 16 * 3 :]
    assert store.startswith(b"ab\0\0\0\0\0\7")


def test_values_are_found_by_tag_and_type() -> None:
    header = Header.of([rpm_header.texts(1000, ["a", "b"]), rpm_header.int32(1001, 7, 8)])
    assert (header.text(1000), header.texts(1000), header.number(1001)) == ("a", ("a", "b"), 7)
    assert (header.text(1001), header.numbers(1000), header.number(9)) == ("", (), None)
    assert header.without([1000]) == Header.of([rpm_header.int32(1001, 7, 8)])


def test_an_unknown_type_is_an_error() -> None:
    encoded = bytearray(Header.of([rpm_header.text(1000, "a")]).encode(Tag.REGION))
    encoded[16 + 16 + 7] = 99
    with pytest.raises(FormatError, match="unknown type 99"):
        read(bytes(encoded))


@pytest.mark.parametrize("kind", [Type.INT64, Type.STRING, Type.STRING_ARRAY])
def test_an_entry_that_reaches_beyond_the_header_is_an_error(kind: Type) -> None:
    entry = HeaderEntry(tag=1000, type=kind, count=1000, data=b"abc\0")
    with pytest.raises(FormatError, match="lies outside"):
        read(Header(entries=(entry,)).encode(Tag.REGION))


def test_an_impossible_size_is_refused_before_memory_is_asked_for() -> None:
    encoded = bytearray(Header.of([]).encode(Tag.REGION))
    encoded[12:16] = b"\xff" * 4
    with pytest.raises(FormatError, match="larger than any header"):
        read(bytes(encoded))
