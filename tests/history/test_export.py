from pathlib import Path

import pytest

from jesses.base.errors import HistoryError
from jesses.history.export import export
from tests.support.repository import Repository

pytestmark = pytest.mark.process


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.commit({"product/a": "one", "product/run.sh": "#!/bin/sh\n", ".gitattributes": "a export-ignore\n"})
    made.git("tag", "1.0.0")
    made.commit({"product/a": "two", "other": "x"})
    return made


def test_the_tree_of_an_earlier_commit(repository: Repository, tmp_path: Path) -> None:
    commit = repository.git("rev-parse", "1.0.0")
    repository.write({"product/a": "changed", "product/untracked": "x"})
    tree = export(repository.root / "product", commit, tmp_path / "target")
    assert tree == tmp_path / "target" / "product"
    assert sorted(path.name for path in tree.iterdir()) == ["a", "run.sh"]
    assert (tree / "a").read_text() == "one", "what a release leaves out of archives is in a checkout"


def test_git_works_in_it_and_the_repository_stays_as_it_is(repository: Repository, tmp_path: Path) -> None:
    before = repository.git("status", "--porcelain", "--branch"), repository.git("worktree", "list")
    commit = repository.git("rev-parse", "1.0.0")
    tree = export(repository.root, commit, tmp_path / "target")
    assert repository.git("-C", str(tree), "describe", "--tags") == "1.0.0"
    assert repository.git("-C", str(tree), "status", "--porcelain") == ""
    assert (repository.git("status", "--porcelain", "--branch"), repository.git("worktree", "list")) == before


def test_a_directory_that_did_not_exist_then_is_named(repository: Repository, tmp_path: Path) -> None:
    commit = repository.git("rev-parse", "1.0.0")
    repository.commit({"moved/a": "x"})
    with pytest.raises(HistoryError, match=f"commit {commit[:7]} has no directory moved"):
        export(repository.root / "moved", commit, tmp_path / "target")


def test_what_git_says_is_passed_on(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="cannot check out commit fffffff"):
        export(repository.root, "f" * 40, tmp_path / "target")
