import hashlib
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from jesses.base.bytes.rope import Rope
from jesses.package.compression import Cache, Packed
from jesses.package.compression.deflate import END
from jesses.package.compression.raw import RawPart, RawParts
from jesses.package.compression.spool import Spool
from jesses.package.compression.workers import Workers
from tests.support.contents import some_bytes

LARGE = 100_000
"""Enough for a worker."""


class CountingWorkers(Workers):
    def __init__(self) -> None:
        super().__init__(1)
        self.asked = 0

    def submit(self, function: Callable[..., Any], /, *args: object, **kwargs: object) -> Future[Any]:
        self.asked += 1
        return super().submit(function, *args, **kwargs)


@contextmanager
def raw_parts(
    directory: Path, cache: Cache | None = None, name: str = "test"
) -> Iterator[tuple[RawParts, CountingWorkers]]:
    workers, spool = CountingWorkers(), Spool(directory / "spool", memory=LARGE)
    parts = RawParts(workers, spool, cache=cache, name=name)
    yield parts, workers
    workers.close()
    parts.keep()
    spool.close()


def segment_of(parts: RawParts, part: RawPart) -> bytes:
    crc, segment = parts.deflated(part.name(), part)
    made = bytes(Rope.of(segment.result() if isinstance(segment, Future) else segment))
    assert crc == zlib.crc32(inflated(made))
    return made


def deflated(parts: RawParts, data: bytes) -> bytes:
    return segment_of(parts, a_part(data))


def inflated(data: bytes) -> bytes:
    return zlib.decompress(data + END, -zlib.MAX_WBITS)


def a_content(data: bytes, read: Callable[[], Iterator[bytes]]) -> Packed:
    sha256 = hashlib.sha256(data).digest()
    return Packed(
        size=len(data),
        crc=zlib.crc32(data),
        sha256_digest=sha256,
        md5_digest=b"",
        sha1_digest=b"",
        plain=read,
    )


def a_part(*pieces: bytes | Packed) -> RawPart:
    part = RawPart()
    for piece in pieces:
        part.write(piece) if isinstance(piece, bytes) else part.add(piece)
    return part


def test_a_part_that_is_known_is_not_put_together(tmp_path: Path) -> None:
    def unreadable() -> Iterator[bytes]:
        raise AssertionError

    cache = Cache(directory=tmp_path / "cache")
    first = a_part(b"head", a_content(b"content", lambda: iter((b"con", b"tent"))), b"tail")
    again = a_part(b"head", a_content(b"content", unreadable), b"tail")
    assert bytes(first) == b"headcontenttail"
    with raw_parts(tmp_path, cache) as (parts, _):
        assert inflated(segment_of(parts, first)) == b"headcontenttail"
        made = segment_of(parts, again)
    with raw_parts(tmp_path, cache) as (parts, _):
        assert segment_of(parts, again) == made


def test_what_is_not_made_of_the_same_has_another_name() -> None:
    def content(data: bytes) -> Packed:
        return a_content(data, lambda: iter((data,)))

    parts = [
        a_part(b"ab"),
        a_part(b"a", b"b"),
        a_part(b"ab", b""),
        a_part(content(b"ab")),
        a_part(content(b"a"), b"b"),
        a_part(content(b"ab").sha256.encode()),
        a_part(b"ba"),
    ]
    assert len({part.name() for part in parts}) == len(parts)
    assert a_part(b"a", content(b"b")).name() == a_part(b"a", content(b"b")).name()


def test_equal_parts_are_compressed_once(tmp_path: Path) -> None:
    contents = [some_bytes(LARGE, seed) for seed in (1, 2, 1, 2, 1)]
    with raw_parts(tmp_path) as (parts, workers):
        segments = [deflated(parts, data) for data in contents]
    assert [inflated(segment) for segment in segments] == contents
    assert len(set(segments)) == workers.asked == 2


def test_the_next_run_finds_the_parts_of_the_last(tmp_path: Path) -> None:
    cache = Cache(directory=tmp_path / "cache")
    contents = [some_bytes(LARGE, seed) for seed in (1, 2)]
    with raw_parts(tmp_path, cache) as (parts, workers):
        first = [deflated(parts, data) for data in (*contents, b"small")]
    assert workers.asked == 2
    with raw_parts(tmp_path, cache) as (parts, workers):
        assert [deflated(parts, data) for data in (contents[1], some_bytes(LARGE, 3), b"small")][
            ::2
        ] == first[1:]
    assert workers.asked == 1
    # Only the last run counts: another product, or another date, replaces everything.
    with raw_parts(tmp_path, cache) as (parts, workers):
        assert deflated(parts, contents[0]) == first[0]
    assert workers.asked == 1


def test_what_others_keep_or_do_not_need_leaves_our_parts(tmp_path: Path) -> None:
    cache = Cache(directory=tmp_path / "cache")
    data = some_bytes(LARGE)
    with raw_parts(tmp_path, cache) as (parts, _):
        deflated(parts, data)
    with raw_parts(tmp_path, cache, "others") as (parts, _):
        deflated(parts, some_bytes(LARGE, 2))
    with raw_parts(tmp_path, cache):
        pass
    with raw_parts(tmp_path, cache) as (parts, workers):
        deflated(parts, data)
    assert workers.asked == 0


def test_a_damaged_entry_is_none(tmp_path: Path) -> None:
    cache = Cache(directory=tmp_path / "cache")
    data = some_bytes(LARGE)
    with raw_parts(tmp_path, cache) as (parts, _):
        first = deflated(parts, data)
    (entry,) = (path for path in cache.directory.rglob("*") if path.is_file())
    content = bytearray(entry.read_bytes())
    content[len(content) // 2] ^= 1
    entry.write_bytes(content)
    for asked in (1, 0):
        with raw_parts(tmp_path, cache) as (parts, workers):
            assert deflated(parts, data) == first
        assert workers.asked == asked


@pytest.mark.parametrize(("parts_of_a_megabyte", "kept"), [(15, True), (17, False)])
def test_more_than_memory_should_hold_is_not_kept(
    tmp_path: Path, parts_of_a_megabyte: int, kept: bool
) -> None:
    cache = Cache(directory=tmp_path / "cache")
    noise = some_bytes(2 << 20)[: 1 << 20]
    with raw_parts(tmp_path, cache) as (parts, _):
        for number in range(parts_of_a_megabyte):
            deflated(parts, bytes((number,)) + noise)
    assert any(path.is_file() for path in cache.directory.rglob("*")) is kept
