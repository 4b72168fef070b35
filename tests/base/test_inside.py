from pathlib import Path

import pytest

from jesses.base import inside
from jesses.base.errors import PayloadError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "passwd").write_text("ours")
    (root / "same").symlink_to("etc")
    (root / "out").symlink_to("/etc")
    (root / "chain").symlink_to("out")
    (root / "up").symlink_to("../..")
    (root / "loop").symlink_to("loop")
    return root


@pytest.mark.parametrize("name", ["etc/passwd", "same/passwd", "etc/../same/passwd", "etc/gone"])
def test_what_stays_inside_is_read(root: Path, name: str) -> None:
    assert inside.entry(root, name) == inside.file(root, name) == root / name


@pytest.mark.parametrize("name", ["out/passwd", "chain/passwd", "etc/../out/passwd", "up/x", "loop/x"])
def test_what_lies_behind_a_link_that_leads_out_is_named(root: Path, name: str) -> None:
    for read in (inside.entry, inside.file):
        with pytest.raises(PayloadError, match=name.split("/")[-2]) as caught:
            read(root, name)
        assert caught.value.fix


@pytest.mark.parametrize("name", ["out", "chain", "up"])
def test_a_link_itself_is_an_entry_and_no_file(root: Path, name: str) -> None:
    assert inside.entry(root, name) == root / name
    with pytest.raises(PayloadError, match=f"through the link {name} -> "):
        inside.file(root, name)
