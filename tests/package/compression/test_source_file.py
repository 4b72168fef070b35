from collections.abc import Callable
from pathlib import Path

import pytest

from jesses.base.errors import PayloadError
from jesses.package.compression.source_file import BLOCK, SourceFile, read_again
from tests.support.contents import a_file, grow, rewrite, shrink

SIZE = 2 * BLOCK + 5


def test_a_part_may_be_read_again(tmp_path: Path) -> None:
    file = a_file(tmp_path / "f", SIZE)
    with SourceFile(str(file)) as source:
        assert source.beginning(9) == file.read_bytes()[:9]
        assert source.beginning(2 * SIZE) == file.read_bytes()
        for _ in range(2):
            blocks = list(source.blocks())
            assert [len(block) for block in blocks] == [BLOCK, BLOCK, 5]
            assert b"".join(blocks) == file.read_bytes()
    assert b"".join(read_again(str(file), source.stamp)) == file.read_bytes()


@pytest.mark.parametrize("change", [grow, shrink, rewrite])
def test_a_file_that_changes_while_it_is_read_is_named(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    file = a_file(tmp_path / "f", SIZE)
    with SourceFile(str(file)) as source:
        blocks = source.blocks()
        next(blocks)
        change(file)
        with pytest.raises(PayloadError, match="f changed while it was packaged"):
            list(blocks)


@pytest.mark.parametrize("change", [grow, shrink, rewrite, Path.unlink])
def test_a_file_that_changed_is_not_read_again(tmp_path: Path, change: Callable[[Path], None]) -> None:
    file = a_file(tmp_path / "f", SIZE)
    with SourceFile(str(file)) as source:
        pass
    change(file)
    with pytest.raises(PayloadError, match=r"f changed while it was packaged|cannot read .*f: No such file"):
        list(read_again(str(file), source.stamp))
