from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jesses.base.bytes.rope import Extent, Rope
from jesses.base.errors import OutputError
from jesses.package.compression.spool import Spool
from tests.support.contents import some_bytes


@pytest.mark.parametrize("memory", [0, 30_000_000, 1 << 40])
def test_what_threads_keep_is_there_again(tmp_path: Path, memory: int) -> None:
    spool = Spool(tmp_path / "spool", memory=memory)
    contents = [some_bytes(number * 40_000, number) for number in range(60)]
    with ThreadPoolExecutor(4) as pool:
        extents = list(pool.map(spool.append, contents))
    assert [bytes(Rope.of(extent)) for extent in extents] == contents
    assert bytes(Rope.of(*reversed(extents))) == b"".join(reversed(contents))
    file = tmp_path / "spool" / "contents"
    assert (file.stat().st_size if file.exists() else 0) == sum(
        extent.size for extent in extents if isinstance(extent, Extent)
    )
    assert sum(len(data) for data in extents if not isinstance(data, Extent)) <= memory
    spool.close()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot keep what was compressed in .*file: "):
        Spool(tmp_path / "file", memory=0).append(b"x")
