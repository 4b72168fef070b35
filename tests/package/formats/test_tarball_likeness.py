from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jesses.base.artifact import Compression
from jesses.base.errors import FormatError
from jesses.package.compression import Packer
from jesses.package.formats import tarball, tarball_likeness
from tests.support.deb_example import KESTREL


@pytest.fixture
def packer(tmp_path: Path) -> Iterator[Packer]:
    with Packer(tmp_path / "spool") as packer:
        yield packer


@pytest.mark.parametrize("compression", ["gzip", "zstd", "xz"])
def test_what_is_written_here_is_as_planned(tmp_path: Path, packer: Packer, compression: Compression) -> None:
    package = replace(KESTREL, compression=compression)
    path = tmp_path / "kestrel.tar"
    path.write_bytes(bytes(tarball.assemble(package, packer).file))
    assert list(tarball_likeness.differences(path, package, libraries=True)) == []
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(FormatError, match="this tarball cannot be read"):
        list(tarball_likeness.differences(path, package, libraries=True))
