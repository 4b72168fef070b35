import io
import os
import random
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jesses.base.bytes.rope import Extent
from jesses.base.errors import ConfigError
from jesses.package.compression import INLINE, SEGMENT, STRETCH, Cache, Packer
from jesses.package.compression.deflate import implementation
from tests.support.contents import a_file, some_bytes

KIND, KEY = "kind-6", "0123456789abcdef"


def entries(directory: Path) -> dict[str, int]:
    """The entries of a cache by name, each with its inode, which a new entry changes."""
    return {
        str(path.relative_to(directory)): path.stat().st_ino
        for path in directory.rglob("*")
        if path.is_file()
    }


def segments(directory: Path) -> dict[str, int]:
    """Those of contents."""
    return {name: inode for name, inode in entries(directory).items() if name.startswith(implementation())}


def found(cache: Cache) -> bytes:
    entry = cache.get(KIND, KEY)
    assert entry is not None
    return bytes(entry)


def packed(files: list[Path], cache: Cache | None, spool: Path) -> bytes:
    """A member of `files`, with their digests."""
    with Packer(spool, cache=cache) as packer:
        writer = packer.gzip()
        for content in map(packer.pack, files):
            writer.write(f"{content.md5} {content.sha256}".encode())
            writer.add(content)
        return bytes(writer.close().rope)


def test_an_entry_is_found_again(tmp_path: Path) -> None:
    cache = Cache(directory=tmp_path / "cache")
    assert cache.get(KIND, KEY) is None
    cache.put(KIND, KEY, b"entry")
    assert found(cache) == b"entry"
    cache.put(KIND, KEY, b"other")
    assert found(cache) == b"other"
    assert cache.get("kind-7", KEY) is None
    assert len(entries(tmp_path)) == 1


@pytest.mark.parametrize("size", [1000, 1 << 20])
def test_an_entry_stays_for_who_has_it_when_another_job_replaces_or_drops_it(
    tmp_path: Path, size: int
) -> None:
    cache = Cache(directory=tmp_path / "cache", size=0)
    content = some_bytes(size)
    cache.put(KIND, KEY, content)
    entry = cache.get(KIND, KEY)
    cache.put(KIND, KEY, b"other")
    assert found(cache) == b"other"
    cache.trim()
    assert cache.get(KIND, KEY) is None
    assert entry is not None
    assert bytes(entry) == content


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    position = random.Random(1).randrange(len(data))  # noqa: S311 -- any will do
    data[position] ^= 1
    path.write_bytes(data)


DAMAGES: list[Callable[[Path], object]] = [
    flip,
    lambda path: os.truncate(path, 5),
    lambda path: os.truncate(path, 0),
    lambda path: path.write_bytes(bytes(path.stat().st_size)),
    lambda path: path.write_bytes(path.read_bytes() + b"x"),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_noticed_and_made_anew(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    cache = Cache(directory=tmp_path / "cache")
    files = [a_file(tmp_path / "f", 2 * STRETCH + SEGMENT)]
    first = packed(files, cache, tmp_path / "spool1")
    sound = entries(tmp_path / "cache")
    assert len(sound) == 3 + 1  # stretches, and what lies between contents
    for name in sound:
        damage(tmp_path / "cache" / name)
        (kind, start, rest) = name.split("/")
        assert cache.get(kind, start + rest) is None
    assert packed(files, cache, tmp_path / "spool2") == first
    mended = entries(tmp_path / "cache")
    assert mended.keys() == sound.keys()
    assert packed(files, cache, tmp_path / "spool3") == first
    assert entries(tmp_path / "cache") == mended  # nothing was compressed


def test_the_cache_does_not_show(tmp_path: Path) -> None:
    files = [a_file(tmp_path / str(size), size) for size in (0, 100, INLINE, 2 * SEGMENT + 1)]
    cache = Cache(directory=tmp_path / "cache")
    without = packed(files, None, tmp_path / "spool0")
    assert [packed(files, cache, tmp_path / f"spool{run}") for run in (1, 2)] == [without, without]


def test_a_release_that_changes_one_file_compresses_one_file(tmp_path: Path) -> None:
    files = [a_file(tmp_path / str(number), 2 * SEGMENT, number) for number in range(3)]
    cache = Cache(directory=tmp_path / "cache")
    packed(files, cache, tmp_path / "spool1")
    before = segments(tmp_path / "cache")
    a_file(files[1], SEGMENT // 2, seed=7)
    packed(files, cache, tmp_path / "spool2")
    after = segments(tmp_path / "cache")
    assert len(after.items() - before.items()) == 1
    assert before.items() <= after.items()


@pytest.mark.parametrize("stretch", [0, 1, 2])
def test_a_file_that_is_partly_known_has_the_right_digests(tmp_path: Path, stretch: int) -> None:
    cache = Cache(directory=tmp_path / "cache")
    content = bytearray(some_bytes(2 * STRETCH + SEGMENT))
    file = tmp_path / "f"
    file.write_bytes(content)
    packed([file], cache, tmp_path / "spool1")
    content[stretch * STRETCH] ^= 1
    file.write_bytes(content)
    assert packed([file], cache, tmp_path / "spool2") == packed([file], None, tmp_path / "spool3")
    # An entry in the middle is gone, those around it are there.
    name = sorted(segments(tmp_path / "cache"))[stretch]
    (tmp_path / "cache" / name).unlink()
    assert packed([file], cache, tmp_path / "spool4") == packed([file], None, tmp_path / "spool5")


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    cache = Cache(directory=tmp_path, size=350)
    for number in range(5):
        cache.put("ab"[number % 2], f"{number}" * 8, bytes(88))  # 100 bytes with its checksum
        os.utime(next(tmp_path.glob(f"*/{number}*/*")), (number, number))
    assert cache.get("a", "0" * 8)  # touched
    cache.trim()
    left = {path.parent.name[0] for path in tmp_path.glob("*/*/*")}
    assert left == {"0", "3", "4"}


def test_what_a_crash_left_goes_after_a_day(tmp_path: Path) -> None:
    cache = Cache(directory=tmp_path)
    cache.put(KIND, KEY, b"entry")
    directory = next(tmp_path.glob("*/*"))
    (directory / ".new-old").touch()
    os.utime(directory / ".new-old", (1, 1))
    (directory / ".new-running").touch()
    cache.trim()
    assert {path.name for path in directory.iterdir()} == {KEY[2:], ".new-running"}


def test_a_cache_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = Cache(directory=tmp_path / "file")
    cache.put(KIND, KEY, b"entry")
    assert cache.get(KIND, KEY) is None
    cache.trim()


def test_what_cannot_be_read_back_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "short").touch()
    cache = Cache(directory=tmp_path / "cache")
    with io.FileIO(tmp_path / "short") as short:
        cache.put(KIND, KEY, b"entry", Extent(short, 0, 1))
    assert cache.get(KIND, KEY) is None
    assert entries(tmp_path / "cache") == {}


def test_the_environment_says_where_and_how_large(tmp_path: Path) -> None:
    assert Cache.configured({"JESSES_CACHE_DIR": "/c", "JESSES_CACHE_SIZE": "3"}) == Cache(
        directory=Path("/c"), size=3 << 20
    )
    assert Cache.configured({"XDG_CACHE_HOME": "/x"}) == Cache(directory=Path("/x/jesses"), size=2 << 30)
    assert Cache.configured({}) == Cache(directory=Path.home() / ".cache" / "jesses", size=2 << 30)
    assert Cache.configured({"JESSES_CACHE_SIZE": "0"}) is None
    with pytest.raises(ConfigError, match="JESSES_CACHE_SIZE is '2G', which is no number of MiB"):
        Cache.configured({"JESSES_CACHE_SIZE": "2G"})


def test_threads_that_write_the_same_entries_leave_sound_ones(tmp_path: Path) -> None:
    cache = Cache(directory=tmp_path, size=5000)
    bodies = {f"{number:016x}": some_bytes(number * 10) for number in range(30)}

    def work(_: int) -> None:
        for key, body in bodies.items():
            assert cache.get(KIND, key) in {None, body}
            cache.put(KIND, key, body)
        cache.trim()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) <= 5000
    assert not [name for name in entries(tmp_path) if ".new-" in name]


JOB = """
import sys
from pathlib import Path
from jesses.package.compression import Cache, Packer
with Packer(Path(sys.argv[2]), cache=Cache(directory=Path(sys.argv[1]), size=4 << 20)) as packer:
    writer = packer.gzip()
    for path in sys.argv[3:]:
        writer.add(packer.pack(Path(path)))
    print(writer.close().rope.sha256())
"""


@pytest.mark.process
def test_jobs_that_share_a_cache_make_the_same_bytes(tmp_path: Path) -> None:
    files = [str(a_file(tmp_path / str(number), 3 * SEGMENT, number)) for number in range(4)]

    def job(number: int) -> str:
        argv = [sys.executable, "-c", JOB, str(tmp_path / "cache"), str(tmp_path / f"spool{number}"), *files]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(job, range(6)))) == 1
    total = sum(path.stat().st_size for path in (tmp_path / "cache").rglob("*") if path.is_file())
    assert 0 < total <= 4 << 20
