import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jesses.base.bytes.rope import Extent, Piece, Rope
from jesses.base.errors import OutputError
from tests.support.contents import some_bytes

MEBIBYTE = 1 << 20
SIZES = st.one_of(st.integers(0, 3000), st.sampled_from([64 << 10, MEBIBYTE - 1, MEBIBYTE, 2 * MEBIBYTE + 3]))


@pytest.fixture
def file(tmp_path: Path) -> Iterator[io.FileIO]:
    """What extents are of."""
    (tmp_path / "file").write_bytes(some_bytes(3 * MEBIBYTE))
    with io.FileIO(tmp_path / "file") as file:
        yield file


def piece(file: io.FileIO, kind: str, offset: int, data: bytes) -> Piece:
    match kind:
        case "extent":
            return Extent(file, offset, len(data))
        case "view":
            return memoryview(data)
    return data


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(SIZES, st.sampled_from(["bytes", "view", "extent"])), max_size=8))
def test_any_pieces_are_written_and_digested_as_one(file: io.FileIO, parts: list[tuple[int, str]]) -> None:
    content = some_bytes(3 * MEBIBYTE)
    plain = [content[number : number + size] for number, (size, _) in enumerate(parts)]
    pieces = [
        piece(file, kind, number, data)
        for number, (data, (_, kind)) in enumerate(zip(plain, parts, strict=True))
    ]
    rope = Rope.of(Rope.of(*pieces[:3]), *pieces[3:])
    assert bytes(rope) == b"".join(plain)
    assert rope.size == sum(map(len, plain))
    assert rope.sha256() == hashlib.sha256(b"".join(plain)).hexdigest()


def test_many_small_pieces_are_handed_on_together(file: io.FileIO) -> None:
    rope = Rope.of(*(Extent(file, number, 100) for number in range(500)), *(bytes(100) for _ in range(500)))
    assert [len(block) for block in rope.blocks()] == [100_000]


def test_a_large_piece_in_memory_is_not_copied() -> None:
    large = memoryview(bytes(MEBIBYTE))
    assert any(block is large for block in Rope.of(b"small", large, b"small").blocks())


def test_a_file_that_became_shorter_is_an_error(file: io.FileIO) -> None:
    with pytest.raises(OutputError, match="file became shorter while it was in use"):
        bytes(Rope.of(Extent(file, 2 * MEBIBYTE, MEBIBYTE + 1)))
