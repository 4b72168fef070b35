import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jesses.base.errors import OutputError, PayloadError
from jesses.base.payload import File
from jesses.package.compression import INLINE, SEGMENT, STRETCH, Cache, Packed, Packer
from tests.support.contents import a_file, as_files, grow, replace, rewrite, shrink


@pytest.mark.parametrize("size", [0, 5, INLINE, 2 * SEGMENT + 5, STRETCH, 3 * STRETCH + SEGMENT + 5])
def test_digests_are_those_of_the_content(tmp_path: Path, size: int) -> None:
    file = a_file(tmp_path / "f", size)
    with Packer(tmp_path / "spool") as packer:
        packed = packer.pack(file)
        assert packer.pack(file) is packed  # read once
        assert b"".join(packed.read()) == file.read_bytes()
    content = file.read_bytes()
    assert (packed.size, packed.sha256, packed.md5) == (
        len(content),
        hashlib.sha256(content).hexdigest(),
        hashlib.md5(content, usedforsecurity=False).hexdigest(),
    )


def test_a_small_content_that_two_files_have_is_packed_once(tmp_path: Path) -> None:
    files = [a_file(tmp_path / name, 100) for name in ("one", "other")]
    with Packer(tmp_path / "spool") as packer:
        assert packer.pack(files[0]) is packer.pack(files[1])


@pytest.mark.parametrize("size", [INLINE, INLINE + 5, STRETCH - 1])
def test_prepared_contents_are_what_they_are_alone_with_a_cache_or_without(tmp_path: Path, size: int) -> None:
    file = a_file(tmp_path / "f", size)
    cache = Cache(directory=tmp_path / "cache")
    packed = []
    for run, kept in enumerate((None, cache, cache)):
        with Packer(tmp_path / f"spool{run}", cache=kept) as packer:
            packer.prepare(as_files(file))
            found = packer.pack(file)
            deflated = bytes(found.deflated or b"")
            packed.append((found.size, found.crc, found.md5, found.sha256, deflated, b"".join(found.read())))
    assert packed[0] == packed[1] == packed[2]


def test_what_was_packed_without_a_digest_is_not_taken_for_what_has_it(tmp_path: Path) -> None:
    file = a_file(tmp_path / "f", 2 * SEGMENT + 5)
    cache = Cache(directory=tmp_path / "cache")
    packed = []
    md5 = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
    sha1 = hashlib.sha1(file.read_bytes(), usedforsecurity=False).hexdigest()
    for asked_md5, asked_sha1 in 2 * [(False, False), (True, False), (True, True), (False, True)]:
        with Packer(tmp_path / "spool", cache=cache, md5=asked_md5, sha1=asked_sha1) as packer:
            found = packer.pack(file)
        assert (found.md5, found.sha1) == (md5 if asked_md5 else "", sha1 if asked_sha1 else "")
        packed.append((found.crc, found.sha256, bytes(found.deflated or b"")))
    assert len(set(packed)) == 1


def test_bytes_are_packed_as_they_are(tmp_path: Path) -> None:
    with Packer(tmp_path / "spool") as packer:
        packed = packer.pack(b"text")
    assert b"".join(packed.read()) == b"text"
    assert packed.deflated is None


def test_many_contents_are_packed_at_once(tmp_path: Path) -> None:
    files = [a_file(tmp_path / str(number), number * 3000, number) for number in range(20)]
    with Packer(tmp_path / "spool", threads=3) as packer:
        packer.prepare(as_files(*files, b"bytes", *files))
        assert [b"".join(packer.pack(file).read()) for file in files] == [f.read_bytes() for f in files]


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_large_file_is_packed_while_others_are_looked_for(tmp_path: Path) -> None:
    large, small = a_file(tmp_path / "large", STRETCH), a_file(tmp_path / "small", 5)

    def found() -> Iterator[File]:
        yield File(path="/large", source=large, size=STRETCH)
        wait_for(tmp_path / "spool" / "contents")
        yield File(path="/small", source=small, size=5)

    with Packer(tmp_path / "spool", memory=0) as packer:
        packer.prepare(found())
        assert [packer.pack(file).size for file in (large, small)] == [STRETCH, 5]


def test_an_error_among_others_does_not_wait_for_a_large_file(tmp_path: Path) -> None:
    large = a_file(tmp_path / "large", 12 * STRETCH)
    cache = Cache(directory=tmp_path / "cache")

    def found() -> Iterator[File]:
        yield File(path="/large", source=large, size=12 * STRETCH)
        wait_for(cache.directory)
        raise PayloadError("the rest is missing", fix="stage it")

    refused = pytest.raises(PayloadError, match="the rest is missing")
    with Packer(tmp_path / "spool", threads=1, cache=cache) as packer, refused:
        packer.prepare(found())
    assert len([path for path in cache.directory.rglob("*") if path.is_file()]) < 12


@pytest.mark.parametrize("size", [0, 5, INLINE, 1 << 20])
def test_a_size_that_is_wrong_by_now_does_not_matter(tmp_path: Path, size: int) -> None:
    files = [a_file(tmp_path / str(number), number, number) for number in (5, INLINE - 1, INLINE, STRETCH)]
    with Packer(tmp_path / "spool") as packer:
        packer.prepare(File(path=f"/{file.name}", source=file, size=size) for file in files)
        assert [b"".join(packer.pack(file).read()) for file in files] == [f.read_bytes() for f in files]


def test_threads_that_want_the_same_content_get_the_same_one(tmp_path: Path) -> None:
    file = a_file(tmp_path / "f", 4 * SEGMENT)
    together = threading.Barrier(4)

    def ask(packer: Packer) -> Packed:
        together.wait()
        return packer.pack(file)

    with Packer(tmp_path / "spool", threads=2) as packer, ThreadPoolExecutor(4) as pool:
        packed = list(pool.map(ask, [packer] * 4))
    assert all(one is packed[0] for one in packed)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with Packer(tmp_path / "spool") as packer:
        with pytest.raises(PayloadError, match=r"cannot read .*missing"):
            packer.pack(tmp_path / "missing")
        with pytest.raises(PayloadError, match=r"cannot read .*missing"):
            packer.prepare(as_files(tmp_path / "missing"))
        with pytest.raises(PayloadError, match=r"cannot read .*Is a directory"):
            packer.pack(tmp_path)


@pytest.mark.parametrize("change", [grow, shrink, rewrite, replace])
def test_a_file_that_changes_after_it_was_read_is_named(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    file = a_file(tmp_path / "f", 3 * SEGMENT)
    with Packer(tmp_path / "spool") as packer:
        packed = packer.pack(file)
        change(file)
        with pytest.raises(PayloadError, match="f changed while it was packaged"):
            list(packed.read())


def test_a_small_file_that_is_not_as_long_as_the_system_says_is_named(tmp_path: Path) -> None:
    # The kernel makes it while it is read, and calls it empty before.
    file = Path("/proc/self/status")
    with Packer(tmp_path / "spool") as packer:
        with pytest.raises(PayloadError, match="status changed while it was packaged"):
            packer.pack(file)
        with pytest.raises(PayloadError, match="status changed while it was packaged"):
            packer.prepare(as_files(file))


def test_a_small_content_stays_what_it_was_when_it_was_read(tmp_path: Path) -> None:
    file = a_file(tmp_path / "f", 100)
    content = file.read_bytes()
    with Packer(tmp_path / "spool") as packer:
        packed = packer.pack(file)
        grow(file)
        assert b"".join(packed.read()) == content


def test_more_small_contents_than_memory_should_hold_are_there_again(tmp_path: Path) -> None:
    files = [tmp_path / str(number) for number in range(9)]
    for number, file in enumerate(files):
        file.write_bytes(number.to_bytes(2) * (INLINE // 2 - 1))
    with Packer(tmp_path / "spool", memory=4 * INLINE) as packer:
        packer.prepare(as_files(*files))
        assert (tmp_path / "spool" / "contents").stat().st_size > 0
        for number, file in enumerate(files):
            assert b"".join(packer.pack(file).read()) == number.to_bytes(2) * (INLINE // 2 - 1)


def test_a_full_disk_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "contents").symlink_to("/dev/full")
    refused = pytest.raises(OutputError, match=r"cannot keep .*spool: No space left on device")
    with Packer(tmp_path / "spool", memory=0) as packer, refused:
        packer.pack(a_file(tmp_path / "f", 2 * SEGMENT))
