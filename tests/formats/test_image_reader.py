from pathlib import Path

from semver import Version

from release.arch import MACHINES
from release.compression import Packer
from release.formats import image_reader
from release.formats.image import Image, write_layout
from release.payload import File, Payload


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
    assert image_reader.read(index.directory, name="hawk", tag=index.tag, date=7) == index
