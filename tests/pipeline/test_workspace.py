from pathlib import Path

import pytest

from jesses.base.errors import OutputError
from jesses.pipeline.workspace import MANIFEST, open_workspace


def make(final: Path, text: str) -> None:
    with open_workspace(final) as workspace:
        (workspace.output / MANIFEST).write_text(text)


def test_the_output_appears_whole_and_replaces_the_last_one(tmp_path: Path) -> None:
    final = tmp_path / "dist"
    make(final, "one")
    (final / "old").touch()
    make(final, "two")
    assert (final / MANIFEST).read_text() == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["dist"]
    assert [path.name for path in final.iterdir()] == [MANIFEST]


def test_a_failure_leaves_the_last_output_and_nothing_else(tmp_path: Path) -> None:
    final = tmp_path / "dist"
    make(final, "one")
    with (
        pytest.raises(OutputError, match=r"could not be written to .*half: No such file"),
        open_workspace(final) as workspace,
    ):
        (workspace.output / "half").rename(workspace.output / "missing")
    assert (final / MANIFEST).read_text() == "one"
    assert [path.name for path in tmp_path.iterdir()] == ["dist"]


def test_a_first_failure_leaves_no_output_at_all(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), open_workspace(tmp_path / "dist"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_what_jesses_did_not_make_is_not_replaced(tmp_path: Path, kind: str) -> None:
    final = tmp_path / "dist"
    if kind == "file":
        final.write_text("precious")
    else:
        final.mkdir()
        (final / "precious").touch()
    with pytest.raises(OutputError, match="was not made by jesses"), open_workspace(final):
        pass
    assert final.exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write beside"), open_workspace(tmp_path / "file" / "dist"):
        pass


def test_a_full_disk_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No space left on device"), open_workspace(tmp_path / "dist"):
        Path("/dev/full").write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_removed_by_the_next_and_what_a_living_one_has_is_not(
    tmp_path: Path,
) -> None:
    final = tmp_path / "dist"
    dead, other = tmp_path / ".dist-dead", tmp_path / ".dist-of-somebody"
    for directory in (dead, other):
        (directory / "output").mkdir(parents=True)
    (dead / "lock").touch()
    with open_workspace(tmp_path / "dist") as living:
        make(final, "one")
        assert living.output.is_dir()
    assert not dead.exists()
    assert other.is_dir()
