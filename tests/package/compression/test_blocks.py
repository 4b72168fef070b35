import zlib

import pytest

from jesses.base.errors import EngineError
from jesses.package.compression import blocks
from tests.support.contents import some_bytes


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
