from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from release.compression.spool import Spool
from release.errors import OutputError
from tests.compression.contents import some_bytes


def test_what_threads_keep_is_read_by_extent(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    contents = [some_bytes(number * 40_000, number) for number in range(60)]
    with ThreadPoolExecutor(4) as pool:
        extents = list(pool.map(spool.append, contents))
    assert [b"".join(spool.read([extent])) for extent in extents] == contents
    assert b"".join(spool.read(reversed(extents))) == b"".join(reversed(contents))
    spool.close()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot keep what was compressed in .*file: "):
        Spool(tmp_path / "file").append(b"x")
