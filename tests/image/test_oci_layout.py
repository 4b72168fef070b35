from pathlib import Path

from jesses.image.oci_layout import CONFIG, LayoutWriter


def test_a_blob_that_is_there_stays_the_file_that_it_is(tmp_path: Path) -> None:
    layout = LayoutWriter(tmp_path / "layout")
    first = layout.put({"a": 1}, CONFIG)
    path = tmp_path / "layout" / first.path
    inode = path.stat().st_ino
    assert layout.put({"a": 1}, CONFIG) == first
    assert path.stat().st_ino == inode
    assert len(list(path.parent.iterdir())) == 1
