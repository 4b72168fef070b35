import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jesses.base.bytes.rope import Rope
from jesses.package.compression import INLINE, LEVEL, QUICK, SEGMENT, Archive, Cache, Packer, gzipped
from tests.support.contents import a_file, some_bytes

MEMBER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def written(packer: Packer, *parts: Path | bytes) -> bytes:
    """A member: bytes are raw parts, paths are packed contents."""
    writer = packer.gzip()
    for part in parts:
        writer.write(part) if isinstance(part, bytes) else writer.add(packer.pack(part))
    return bytes(writer.close().rope)


@pytest.mark.parametrize("size", [0, 1, INLINE - 1, INLINE, SEGMENT, 3 * SEGMENT + 17])
def test_a_member_of_raw_parts_and_spliced_contents_reads_back(tmp_path: Path, size: int) -> None:
    file = a_file(tmp_path / "f", size)
    with Packer(tmp_path / "spool") as packer:
        data = written(packer, b"head", file, b"middle", file, b"tail")
    content = file.read_bytes()
    assert gzip.decompress(data) == b"head" + content + b"middle" + content + b"tail"
    assert data.startswith(MEMBER)
    assert data.count(MEMBER) == 1  # one member


def test_a_content_is_compressed_once(tmp_path: Path) -> None:
    file = a_file(tmp_path / "f", 2 * SEGMENT)
    with Packer(tmp_path / "spool") as packer:
        deflated = packer.pack(file).deflated
        assert deflated is not None
        assert bytes(deflated) in written(packer, b"one header", file)
        assert bytes(deflated) in written(packer, b"another", file)


def test_the_number_of_threads_does_not_show(tmp_path: Path) -> None:
    file = a_file(tmp_path / "f", 5 * SEGMENT)
    raw = some_bytes(3 * SEGMENT, seed=2)
    outputs = []
    for threads in (1, 4):
        with Packer(tmp_path / f"spool{threads}", threads=threads) as packer:
            outputs.append(written(packer, raw, b"x", file, raw))
    assert outputs[0] == outputs[1]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=2000),
            st.integers(0, 3 * INLINE).map(some_bytes),
            st.tuples(st.integers(0, 3 * INLINE), st.integers(0, 3)),
        ),
        max_size=8,
    )
)
def test_any_partition_into_raw_parts_and_contents_gives_the_same_plain_bytes(
    tmp_path: Path, parts: list[bytes | tuple[int, int]]
) -> None:
    sources = [
        part if isinstance(part, bytes) else a_file(tmp_path / f"{part[0]}-{part[1]}", *part)
        for part in parts
    ]
    with Packer(tmp_path / "spool", threads=1) as packer:
        data = written(packer, *sources)
    plain = [part if isinstance(part, bytes) else part.read_bytes() for part in sources]
    assert gzip.decompress(data) == b"".join(plain)


@pytest.mark.parametrize("cached", [False, True])
def test_the_digest_before_compression_is_kept_for_what_is_made_of_the_same(
    tmp_path: Path, cached: bool
) -> None:
    file = a_file(tmp_path / "f", SEGMENT + 1)
    cache = Cache(directory=tmp_path / "cache") if cached else None
    asked = []

    def made(head: bytes) -> tuple[str, bytes]:
        with Packer(tmp_path / "spool", cache=cache) as packer:

            def put(archive: Archive) -> None:
                asked.append(head)
                for content in (b"small", file):
                    archive.write(head)
                    archive.add(packer.pack(content))

            writer = packer.gzip()
            put(writer)
            stream = writer.close()
            assert stream.plain_size == 2 * len(head) + len(b"small") + SEGMENT + 1
            return packer.plain_sha256(stream, put), gzip.decompress(bytes(stream.rope))

    for head in (b"head", b"head", b"hea", b"head"):
        digest, plain = made(head)
        assert digest == hashlib.sha256(plain).hexdigest()
    # Once for the archive, and once more for its digest where that is not known.
    assert len(asked) == (4 + 2 if cached else 4 + 4)


def test_the_digest_of_a_stream_is_kept_for_one_of_the_same(tmp_path: Path) -> None:
    cache = Cache(directory=tmp_path / "cache")
    file = a_file(tmp_path / "f", SEGMENT + 1)
    for run, head in enumerate((b"head", b"head", b"hea", b"head")):
        with Packer(tmp_path / f"spool{run}", cache=cache) as packer:
            writer = packer.gzip()
            writer.write(head)
            writer.add(packer.pack(file))
            stream = writer.close()
            known = any((tmp_path / "cache").glob(f"sha256-*/{str(stream.recipe)[:2]}/*"))
            assert known is (run in {1, 3})
            assert packer.sha256(stream) == hashlib.sha256(bytes(stream.rope)).hexdigest()
            # What is remembered is not digested again.
            assert packer.sha256(replace(stream, rope=Rope.of(b"other"))) == stream.rope.sha256()


def test_another_level_makes_another_stream_of_the_same(tmp_path: Path) -> None:
    cache = Cache(directory=tmp_path / "cache")
    file = a_file(tmp_path / "f", SEGMENT + 1)
    digests = set()
    for level in (LEVEL, QUICK):
        with Packer(tmp_path / f"spool{level}", cache=cache, level=level) as packer:
            writer = packer.gzip()
            writer.add(packer.pack(file))
            stream = writer.close()
            digests.add(packer.sha256(stream))
            assert stream.rope.sha256() in digests
    assert len(digests) == 2


def test_a_gzipped_text_is_a_member_without_name_and_time() -> None:
    data = gzipped(b"jesses " * 100)
    assert gzip.decompress(data) == b"jesses " * 100
    assert data[:9] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02"  # the hint "slowest", as gzip -9 gives it
