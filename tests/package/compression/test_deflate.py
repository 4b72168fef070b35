import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jesses.package.compression.deflate import END, deflate, implementation
from tests.support.contents import some_bytes


def inflated(stream: bytes | bytearray) -> bytes:
    decompressor = zlib.decompressobj(-zlib.MAX_WBITS)
    plain = decompressor.decompress(stream)
    assert decompressor.eof
    assert not decompressor.unused_data
    return plain


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=3000), max_size=6), st.integers(1, 12))
def test_segments_mean_the_same_wherever_they_stand(parts: list[bytes], level: int) -> None:
    segments = [deflate(part, level) for part in parts]
    assert inflated(b"".join(segments) + END) == b"".join(parts)
    assert inflated(b"".join(reversed(segments)) + END) == b"".join(reversed(parts))


@pytest.mark.parametrize("size", [0, 1, 55, 300_000, 300_001, 1 << 20])
@pytest.mark.parametrize("content", ["zeros", "noise", "both"])
def test_any_size_and_kind_of_content_reads_back(size: int, content: str) -> None:
    data = {"zeros": bytes(size), "noise": some_bytes(2 * size)[:size], "both": some_bytes(size)}[content]
    segment = deflate(data)
    assert segment.endswith(b"\0\0\xff\xff")  # as a full flush of zlib ends
    assert inflated(segment + segment + END) == data + data


def test_a_segment_has_no_final_block() -> None:
    decompressor = zlib.decompressobj(-zlib.MAX_WBITS)
    assert decompressor.decompress(deflate(b"jesses" * 50_000)) == b"jesses" * 50_000
    assert not decompressor.eof


def test_the_implementation_is_named_with_its_version() -> None:
    name, _, version = implementation().partition("-")
    assert (name, version[0].isdecimal()) == ("libdeflate", True)
