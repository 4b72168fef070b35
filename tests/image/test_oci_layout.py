from pathlib import Path

import pytest

from jesses.base.errors import FormatError
from jesses.image.manifest import CONFIG
from jesses.image.oci_layout import ImageLayout, LayoutWriter, read
from jesses.image.write import write_layout
from jesses.package.compression import Packer
from tests.support.image_example import both


def written(directory: Path) -> ImageLayout:
    with Packer(directory / "spool", threads=1) as packer:
        return write_layout(both(), directory / "layout", packer)


def again(layout: ImageLayout) -> ImageLayout:
    return read(layout.directory, name=layout.name, tag=layout.tag, date=layout.date)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    layout = written(tmp_path)
    assert again(layout) == layout


def test_a_layout_that_was_damaged_is_refused(tmp_path: Path) -> None:
    layout = written(tmp_path)
    path = layout.directory / layout.images[1].descriptor.path
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(FormatError, match=f"is damaged at {layout.images[1].descriptor.digest}"):
        again(layout)
    path.unlink()
    with pytest.raises(FormatError, match="cannot read"):
        again(layout)


def test_a_layout_of_several_images_is_not_ours(tmp_path: Path) -> None:
    layout = written(tmp_path)
    index = layout.directory / "index.json"
    index.write_text('{"schemaVersion": 2, "manifests": []}')
    with pytest.raises(FormatError, match="holds 0 images, not one"):
        again(layout)


def test_a_blob_that_is_there_stays_the_file_that_it_is(tmp_path: Path) -> None:
    layout = LayoutWriter(tmp_path / "layout")
    first = layout.put({"a": 1}, CONFIG)
    path = tmp_path / "layout" / first.path
    inode = path.stat().st_ino
    assert layout.put({"a": 1}, CONFIG) == first
    assert path.stat().st_ino == inode
    assert len(list(path.parent.iterdir())) == 1
