import errno
import os
from pathlib import Path

import pytest

from release.errors import OutputError
from release.output import named_afterwards, new_file


def test_a_file_is_there_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "package"
    with new_file(path) as out:
        out.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_may_be_known_only_afterwards(tmp_path: Path) -> None:
    names: list[str] = []
    with named_afterwards(tmp_path, lambda: tmp_path / names[0]) as out:
        names.append("digest")
        out.write(b"whole")
    assert (tmp_path / "digest").read_bytes() == b"whole"


def test_a_file_may_turn_out_to_be_unwanted(tmp_path: Path) -> None:
    with named_afterwards(tmp_path, lambda: None) as out:
        out.write(b"whole")
    assert list(tmp_path.iterdir()) == []


def fail_in_the_middle(path: Path, error: Exception) -> None:
    with new_file(path) as out:
        out.write(b"half")
        raise error


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
