import io
import lzma
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jesses.base.errors import FormatError
from jesses.package.compression import SEGMENT, Packer, xz
from tests.support.contents import a_file, some_bytes


def stream_of(*plain: bytes) -> bytes:
    blocks = [xz.block(part) for part in plain]
    return xz.header() + b"".join(block.data for block in blocks) + xz.ending([b.record for b in blocks])


@settings(max_examples=50)
@given(st.lists(st.binary(min_size=1, max_size=3000), max_size=5))
def test_liblzma_reads_a_stream_of_any_blocks(parts: list[bytes]) -> None:
    assert lzma.decompress(stream_of(*parts), lzma.FORMAT_XZ) == b"".join(parts)


@settings(max_examples=50)
@given(st.lists(st.integers(1, 40_000), max_size=5))
def test_the_index_tells_the_blocks_again(sizes: list[int]) -> None:
    parts = [some_bytes(size) for size in sizes]
    blocks = [xz.block(part) for part in parts]
    stream = stream_of(*parts)
    assert xz.records(io.BytesIO(stream)) == [block.record for block in blocks]
    assert [record.size for record in xz.records(io.BytesIO(stream))] == [len(b.data) for b in blocks]


def test_the_blocks_of_a_stream_make_another_one() -> None:
    stream = stream_of(b"one", b"two", b"three")
    records = xz.records(io.BytesIO(stream))
    two = len(xz.header()) + records[0].size
    kept = stream[two : two + records[1].size]
    new = xz.block(b"four")
    again = xz.header() + kept + new.data + xz.ending([records[1], new.record])
    assert lzma.decompress(again) == b"twofour"


def test_a_large_archive_has_many_blocks_and_one_stream(tmp_path: Path) -> None:
    file = a_file(tmp_path / "f", xz.BLOCK + SEGMENT)
    outputs = []
    for threads in (1, 3):
        with Packer(tmp_path / f"spool{threads}", threads=threads) as packer:
            writer = packer.archive("xz")
            writer.write(b"head")
            writer.add(packer.pack(file))
            writer.write(b"tail")
            stream = writer.close()
            outputs.append(bytes(stream.rope))
    plain = b"head" + file.read_bytes() + b"tail"
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ)
    assert decompressor.decompress(outputs[0]) == plain
    assert decompressor.eof
    assert decompressor.unused_data == b""
    assert stream.plain_size == len(plain)
    assert [record.plain for record in xz.records(io.BytesIO(outputs[0]))] == [
        xz.BLOCK,
        len(plain) - xz.BLOCK,
    ]
    assert outputs[0] == outputs[1]  # the number of threads does not show


SOUND = stream_of(b"one", b"two")


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (b"", "does not begin"),
        (lzma.compress(b"one", check=lzma.CHECK_CRC64), "does not begin"),
        (SOUND[:20], "footer"),
        (SOUND[:-1] + b"x", "footer"),
        (SOUND[:-13] + b"\0" + SOUND[-12:], "index"),
        (SOUND + SOUND, "more than one"),
    ],
)
def test_a_stream_that_is_not_one_of_these_is_refused(stream: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        xz.records(io.BytesIO(stream))
