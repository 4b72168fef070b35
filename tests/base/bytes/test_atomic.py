import errno
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from jesses.base.bytes.atomic import Written, replacing, write_file
from jesses.base.bytes.rope import Extent, Rope
from jesses.base.errors import OutputError
from tests.support.contents import some_bytes


@dataclass(frozen=True)
class WatchedRope(Rope):
    """Calls `then` when all but its end has been given."""

    then: Callable[[], object]

    def blocks(self) -> Iterator[bytes | memoryview]:
        yield from super().blocks()
        self.then()


def test_a_file_is_there_when_it_is_whole(tmp_path: Path) -> None:
    seen: list[bool] = []
    path = tmp_path / "package"
    write_file(path, WatchedRope((b"whole",), lambda: seen.append(path.exists())))
    assert seen == [False]
    assert path.read_bytes() == b"whole"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("size", [0, 1, 3 << 20])
def test_a_file_is_digested_on_its_way(tmp_path: Path, size: int) -> None:
    content = some_bytes(size)
    written = write_file(tmp_path / "package", Rope.of(b"head", content, b"tail"))
    data = (tmp_path / "package").read_bytes()
    assert data == b"head" + content + b"tail"
    assert written == Written(size=len(data), sha256=hashlib.sha256(data).hexdigest())


def test_a_digest_that_is_known_is_taken(tmp_path: Path) -> None:
    assert write_file(tmp_path / "package", Rope.of(b"whole"), sha256="told").sha256 == "told"
    assert (tmp_path / "package").read_bytes() == b"whole"


def test_what_cannot_be_read_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "package").write_bytes(b"old")
    (tmp_path / "short").touch()
    with io.FileIO(tmp_path / "short") as short, pytest.raises(OutputError, match="became shorter"):
        write_file(tmp_path / "package", Rope.of(b"new", Extent(short, 0, 1)))
    assert (tmp_path / "package").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2


def fail_in_the_middle(path: Path, error: Exception) -> None:
    def fail() -> None:
        raise error

    write_file(path, WatchedRope((b"half",), fail))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_leaves_nothing_under_the_name(tmp_path: Path, number: int) -> None:
    path = tmp_path / "package"
    path.write_bytes(b"old")
    with pytest.raises(OutputError, match=f"cannot write in .*: {os.strerror(number)}"):
        fail_in_the_middle(path, OSError(number, os.strerror(number)))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_any_other_error_leaves_nothing_either(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        fail_in_the_middle(tmp_path / "package", KeyError())
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot write in .*missing: No such file"):
        fail_in_the_middle(tmp_path / "missing" / "package", KeyError())


def test_a_file_is_replaced_with_the_permissions_that_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "package"
    for mode, expected in ((None, 0o600), (0o640, 0o640)):
        with replacing(path, mode=mode, sync=True) as out:
            out.write(b"new")
        assert path.stat().st_mode & 0o777 == expected
    assert path.read_bytes() == b"new"


def interrupted(path: Path) -> None:
    with replacing(path) as out:
        out.write(b"new")
        raise KeyboardInterrupt


def test_a_file_is_not_replaced_where_the_block_fails(tmp_path: Path) -> None:
    path = tmp_path / "package"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        interrupted(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
