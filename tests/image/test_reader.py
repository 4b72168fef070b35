from pathlib import Path

from semver import Version

from jesses.base.naming.arch import MACHINES
from jesses.base.payload import File, Payload
from jesses.image import reader
from jesses.image.model import Image, write_layout
from jesses.package.compression import Packer


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    images = [
        Image(
            large=4 << 20,
            name="hawk",
            version=Version(1),
            arch=arch,
            date=7,
            payload=Payload.of([File(path="/usr/bin/hawk", source=arch.encode(), mode=0o755)]),
        )
        for arch in MACHINES
    ]
    with Packer(tmp_path / "spool", threads=1) as packer:
        index = write_layout(images, tmp_path / "layout", packer)
    assert reader.read(index.directory, name="hawk", tag=index.tag, date=7) == index
