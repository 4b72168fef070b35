import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jesses.package.compression import Cache, deflate, incremental, xz
from jesses.package.compression.incremental import PIECE, Made, Remembered, Text

Grow = Callable[[Text, Made | None], bytes]
FORMS: list[tuple[Grow, Callable[[bytes], bytes]]] = [
    (incremental.gzip, gzip.decompress),
    (incremental.xz_stream, lzma.decompress),
]
forms = pytest.mark.parametrize(("grow", "unpack"), FORMS, ids=["gzip", "xz"])


def lines(count: int, start: int = 0) -> bytes:
    """Text of about 100 bytes a line."""
    return b"".join(b"%08d %s\n" % (number, b"some words " * 8) for number in range(start, start + count))


@settings(max_examples=10, deadline=None)
@given(
    steps=st.lists(st.sampled_from([0, 1, 100, 2600, 2622, 2623]), min_size=1, max_size=4),
    head=st.sampled_from([0, 40, 300]),
)
@forms
def test_what_has_grown_is_what_is_made_at_once(
    grow: Grow, unpack: Callable[[bytes], bytes], steps: list[int], head: int
) -> None:
    made: Made | None = None
    body = b""
    for number, step in enumerate(steps):
        body += lines(step)
        text = Text(data=(b"%d" % number).ljust(head)[:head] + body, head=head)
        packed = grow(text, made)
        assert packed == grow(text, None)
        assert unpack(packed) == text.data
        made = Made(text=text, packed=packed)


@forms
def test_what_is_taken_out_is_gone(grow: Grow, unpack: Callable[[bytes], bytes]) -> None:
    before = Text(data=lines(9000))
    after = Text(data=lines(4000) + lines(4900, 4100))
    packed = grow(after, Made(text=before, packed=grow(before, None)))
    assert packed == grow(after, None)
    assert unpack(packed) == after.data


@forms
def test_the_file_of_any_other_tool_is_replaced(grow: Grow, unpack: Callable[[bytes], bytes]) -> None:
    before, after = Text(data=lines(9000)), Text(data=lines(9001))
    for foreign in (gzip.compress(before.data), lzma.compress(before.data), before.data, b""):
        assert unpack(grow(after, Made(text=before, packed=foreign))) == after.data


@forms
def test_a_file_that_is_not_of_the_text_it_is_said_to_be_of_is_not_trusted_blindly(
    grow: Grow, unpack: Callable[[bytes], bytes]
) -> None:
    shorter = Text(data=lines(100))
    text = Text(data=lines(9000))
    assert unpack(grow(text, Made(text=text, packed=grow(shorter, None)))) == text.data


def test_old_parts_are_kept_and_not_compressed_again() -> None:
    """Shown by parts that no compressor would make: they are still there afterwards."""
    before, after = Text(data=lines(9000)), Text(data=lines(9002))
    made = incremental.gzip(before, None)
    first = deflate.deflate(before.data[:PIECE])
    stored = deflate.deflate(before.data[:PIECE], 1)
    assert stored != first
    marked = made.replace(bytes(first), bytes(stored), 1)
    marked = marked.replace(len(first).to_bytes(4, "little"), len(stored).to_bytes(4, "little"), 1)
    assert gzip.decompress(marked) == before.data
    grown = incremental.gzip(after, Made(text=before, packed=marked))
    assert bytes(stored) in grown
    assert gzip.decompress(grown) == after.data


def test_a_later_run_deflates_no_whole_piece_again_that_the_cache_has(tmp_path: Path) -> None:
    deflated: list[int] = []

    def counted(plain: bytes) -> bytes:
        deflated.append(len(plain))
        return bytes(deflate.deflate(plain))

    def run(text: Text, cache: Path) -> bytes:
        """What has no memory of its own."""
        deflated.clear()
        return incremental.gzip(text, None, Remembered(cache=Cache(directory=cache), deflate=counted))

    before, after = Text(data=lines(9000)), Text(data=lines(9002))
    last = len(after.data) % PIECE
    assert run(before, tmp_path / "cache") == incremental.gzip(before)
    assert len(deflated) == before.count
    assert run(after, tmp_path / "cache") == incremental.gzip(after)
    assert deflated == [last]
    assert run(after, tmp_path / "no cache") == incremental.gzip(after)
    assert sorted(deflated) == [last, *[PIECE] * (after.count - 1)]


def test_old_blocks_of_xz_are_kept() -> None:
    before, after = Text(data=lines(9000)), Text(data=lines(9002))
    other = [xz.block(before.piece(number), 20) for number in range(before.count)]
    stream = xz.header() + b"".join(block.data for block in other)
    stream += xz.ending([block.record for block in other])
    assert lzma.decompress(stream) == before.data
    grown = incremental.xz_stream(after, Made(text=before, packed=stream))
    assert all(block.data in grown for block in other[:-1])
    assert other[0].data != xz.block(before.piece(0), 18).data
    assert lzma.decompress(grown) == after.data


@pytest.mark.parametrize(("grow", "tool"), [(incremental.gzip, "gzip"), (incremental.xz_stream, "xz")])
def test_no_text_is_a_file_too(grow: Grow, tool: str) -> None:
    assert {"gzip": gzip.decompress, "xz": lzma.decompress}[tool](grow(Text(data=b""), None)) == b""
