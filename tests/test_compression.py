import gzip
import hashlib
import io
import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release.compression import INLINE, SEGMENT, Packer
from release.errors import PayloadError


def a_file(path: Path, size: int, seed: int = 1) -> Path:
    rng = random.Random(seed)  # noqa: S311 -- any bytes will do
    path.write_bytes(rng.randbytes(size // 2) + b"jesses " * (size - size // 2))
    os.truncate(path, size)
    return path


def gzipped(packer: Packer, *parts: Path | bytes) -> bytes:
    out = io.BytesIO()
    writer = packer.gzip(out)
    for part in parts:
        writer.write(part) if isinstance(part, bytes) else writer.add(packer.pack(part))
    writer.close()
    return out.getvalue()


@pytest.mark.parametrize("size", [0, 1, INLINE - 1, INLINE, SEGMENT, 3 * SEGMENT + 17])
def test_a_member_of_raw_parts_and_spliced_contents_reads_back(tmp_path: Path, size: int) -> None:
    file = a_file(tmp_path / "f", size)
    with Packer(tmp_path / "spool") as packer:
        data = gzipped(packer, b"head", file, b"middle", file, b"tail")
    content = file.read_bytes()
    assert gzip.decompress(data) == b"head" + content + b"middle" + content + b"tail"
    assert data.count(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff") == 1  # one member


def test_the_number_of_threads_does_not_show(tmp_path: Path) -> None:
    file = a_file(tmp_path / "f", 5 * SEGMENT)
    outputs = []
    for threads in (1, 4):
        with Packer(tmp_path / f"spool{threads}", threads=threads) as packer:
            outputs.append(gzipped(packer, b"x", file))
    assert outputs[0] == outputs[1]


def test_digests_are_those_of_the_content(tmp_path: Path) -> None:
    file = a_file(tmp_path / "f", 2 * SEGMENT + 5)
    with Packer(tmp_path / "spool") as packer:
        packed = packer.pack(file)
        assert packer.pack(file) is packed  # read once
    content = file.read_bytes()
    assert (packed.size, packed.sha256, packed.md5) == (
        len(content),
        hashlib.sha256(content).hexdigest(),
        hashlib.md5(content, usedforsecurity=False).hexdigest(),
    )
    assert b"".join(packed.read()) == content


def test_the_plain_digest_sees_everything(tmp_path: Path) -> None:
    file = a_file(tmp_path / "f", SEGMENT + 1)
    digest, out = hashlib.sha256(), io.BytesIO()
    with Packer(tmp_path / "spool") as packer:
        writer = packer.gzip(out, plain_digest=digest)
        writer.write(b"head")
        writer.add(packer.pack(file))
        writer.add(packer.pack(b"small"))
        writer.close()
        assert writer.size == len(b"head") + SEGMENT + 1 + len(b"small")
    assert digest.digest() == hashlib.sha256(gzip.decompress(out.getvalue())).digest()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with Packer(tmp_path / "spool") as packer, pytest.raises(PayloadError, match=r"cannot read .*missing"):
        packer.pack(tmp_path / "missing")


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=2000)))
def test_any_sequence_of_small_parts_reads_back(parts: list[bytes]) -> None:
    out = io.BytesIO()
    writer = Packer(Path("unused"), threads=1).gzip(out)
    for part in parts:
        writer.write(part)
    writer.close()
    assert gzip.decompress(out.getvalue()) == b"".join(parts)
