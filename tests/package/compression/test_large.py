import zlib
from pathlib import Path

import pytest

from jesses.package.compression import SEGMENT, STRETCH, Cache, Packer
from jesses.package.compression.deflate import END
from tests.support.contents import a_file


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("size", [SEGMENT, STRETCH, STRETCH + 1, 3 * STRETCH + SEGMENT + 5])
def test_every_stretch_reads_back_new_or_known(tmp_path: Path, size: int, threads: int) -> None:
    file = a_file(tmp_path / "f", size)
    cache = Cache(directory=tmp_path / "cache")
    for run in range(2):
        with Packer(tmp_path / f"spool{run}", cache=cache, threads=threads) as packer:
            segments = packer.pack(file).deflated
            assert segments is not None
            plain = zlib.decompress(bytes(segments) + END, -zlib.MAX_WBITS)
        assert plain == file.read_bytes()
