import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jesses.base.errors import EngineError
from jesses.package.compression import blocks
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


def compressed(plain: bytes) -> bytearray:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return bytearray(compressor.compress(plain) + compressor.flush())


def test_the_only_block_of_a_stream_is_the_last() -> None:
    plain = b"jesses " * 10
    stream = compressed(plain)
    block = blocks.last(stream, plain)
    assert block.start == 0
    assert len(stream) == (block.end + 7) // 8


def test_the_last_of_many_blocks_holds_the_final_bit() -> None:
    plain = some_bytes(200_000)
    stream = compressed(plain)
    block = blocks.last(stream, plain)
    assert 0 < block.start < block.end <= 8 * len(stream)
    assert stream[block.start // 8] >> block.start % 8 & 1


@pytest.mark.parametrize("other", [b"jessed", b"jesse", b"jesses "])
def test_a_stream_of_another_content_is_noticed(other: bytes) -> None:
    with pytest.raises(EngineError, match=r"compressed wrongly|cannot be read back"):
        blocks.last(compressed(b"jesses"), other)


def test_a_zlib_ng_without_c_functions_is_told() -> None:
    with pytest.raises(EngineError, match=r"zlib-ng does not export zng_missing\n  fix: install what"):
        blocks._function("zng_missing")


def test_a_damaged_stream_is_noticed() -> None:
    with pytest.raises(EngineError, match="cannot be read back"):
        blocks.last(bytearray(b"\xff" * 40), b"jesses")
