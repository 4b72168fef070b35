from pathlib import Path

import pytest

from release.errors import HistoryError
from release.history import GitHistory, Tag
from tests.repository import Repository

pytestmark = pytest.mark.process


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def test_head_and_date_are_the_committers(repository: Repository) -> None:
    sha = repository.commit({"a": "1"})
    head = GitHistory(repository.root).head()
    assert (head.sha, head.date) == (sha, 1_700_000_060)


def test_tags_light_and_annotated_point_at_their_commits(repository: Repository) -> None:
    first = repository.commit({"a": "1"})
    repository.git("tag", "0.1.0")
    second = repository.commit({"a": "2"})
    repository.git("tag", "--annotate", "--message", "two", "agent/0.2.0+driver")
    assert sorted(GitHistory(repository.root).tags(), key=lambda tag: tag.name) == [
        Tag(name="0.1.0", commit=first),
        Tag(name="agent/0.2.0+driver", commit=second),
    ]


def test_counting_and_touching_follow_paths_of_the_product_not_the_repository(repository: Repository) -> None:
    first = repository.commit({"product/driver/a": "1", "driver/a": "1"})
    second = repository.commit({"product/driver/a": "2"})
    third = repository.commit({"driver/a": "2"})
    history = GitHistory(repository.root / "product")
    assert history.last_touching(["driver"], until=third).sha == second
    assert history.changed(["driver"], since=first, until=second)
    assert not history.changed(["driver"], since=second, until=third)
    assert history.count(since=first, until=third) == 2
    assert history.count(since=None, until=third) == 3


def test_a_files_text_at_a_commit(repository: Repository) -> None:
    first = repository.commit({"product/API_VERSION": "1.0.0\n"})
    repository.commit({"product/API_VERSION": "1.1.0\n"})
    history = GitHistory(repository.root / "product")
    assert history.read("API_VERSION", at=first) == "1.0.0"
    assert history.read("API_VERSION", at="HEAD") == "1.1.0"
    assert history.read("MISSING", at="HEAD") is None


def test_only_tracked_changes_below_the_product_make_it_dirty(repository: Repository) -> None:
    repository.commit({"product/driver/a": "1", "product/b": "1", "other": "1"})
    history = GitHistory(repository.root / "product")
    repository.write({"other": "2", "product/untracked": "x"})
    assert not history.is_dirty()
    repository.write({"product/b": "2"})
    assert history.is_dirty()
    assert not history.is_dirty(["driver"])


def test_a_product_that_is_the_whole_repository_sees_all_of_it(repository: Repository) -> None:
    first = repository.commit({"a": "1", "driver/b": "1"})
    second = repository.commit({"driver/b": "2"})
    history = GitHistory(repository.root)
    assert history.changed([], since=first, until=second)
    assert history.last_touching(["."], until=second).sha == second
    assert not history.is_dirty()
    repository.write({"a": "changed"})
    assert history.is_dirty()


def test_a_shallow_clone_is_refused(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"a": "1"})
    repository.commit({"a": "2"})
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", "--depth=1", repository.root.as_uri(), str(clone))
    with pytest.raises(HistoryError, match="shallow clone") as caught:
        GitHistory(clone)
    assert "--unshallow" in caught.value.fix


def test_no_repository_and_no_commit_are_each_named(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="not in a git repository"):
        GitHistory(tmp_path)
    empty = Repository(tmp_path / "empty")
    with pytest.raises(HistoryError, match="no commit HEAD"):
        GitHistory(empty.root).head()
