from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from jesses.base.errors import HistoryError
from jesses.history.git import GitReader
from jesses.history.git_history import GitHistory
from tests.support.repository import Repository

pytestmark = pytest.mark.process

Opened = Callable[[Path], GitHistory]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture
def opened() -> Iterator[Opened]:
    with ExitStack() as stack:
        yield lambda directory: GitHistory(stack.enter_context(GitReader(directory)))


def test_head_and_date_are_the_committers(repository: Repository, opened: Opened) -> None:
    sha = repository.commit({"a": "1"})
    head = opened(repository.root).head()
    assert (head.sha, head.date) == (sha, 1_700_000_060)


def test_tags_light_and_annotated_point_at_their_commits(repository: Repository, opened: Opened) -> None:
    first = repository.commit({"a": "1"})
    repository.git("tag", "0.1.0")
    second = repository.commit({"a": "2"})
    repository.git("tag", "--annotate", "--message", "two", "agent/0.2.0+driver")
    expected = {"0.1.0": first, "agent/0.2.0+driver": second}
    assert opened(repository.root).tags() == expected
    repository.git("pack-refs", "--all")
    assert opened(repository.root).tags() == expected


def test_counting_and_touching_follow_paths_of_the_product_not_the_repository(
    repository: Repository, opened: Opened
) -> None:
    first = repository.commit({"product/driver/a": "1", "driver/a": "1"})
    second = repository.commit({"product/driver/a": "2"})
    third = repository.commit({"driver/a": "2"})
    history = opened(repository.root / "product")
    touching = history.last_touching(["driver"], until=third)
    assert touching
    assert touching.sha == second
    assert history.changed(["driver"], since=first, until=second) == ["driver/a"]
    assert history.changed(["driver"], since=second, until=third) == []
    assert history.count(since=first, until=third) == 2
    assert history.count(since=None, until=third) == 3
    assert history.last_touching(["nothing"], until=third) is None


def test_paths_are_gits_pathspecs(repository: Repository, opened: Opened) -> None:
    first = repository.commit({"product/driver/a.c": "1", "product/driver/a.md": "1"})
    second = repository.commit({"product/driver/a.c": "2", "product/driver/a.md": "2"})
    history = opened(repository.root / "product")
    assert history.changed(["driver", ":(exclude)*.md"], since=first, until=second) == ["driver/a.c"]
    assert history.changed(["."], since=first, until=second) == ["driver/a.c", "driver/a.md"]


def test_a_merge_is_one_change_on_the_line_of_first_parents(repository: Repository, opened: Opened) -> None:
    repository.commit({"driver/a": "1"})
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.commit({"driver/b": "1"})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"other": "1"})
    repository.git("merge", "--quiet", "--no-ff", "--message", "merge", "feature")
    merge = repository.git("rev-parse", "HEAD")
    head = repository.commit({"other": "2"})
    touching = opened(repository.root).last_touching(["driver"], until=head)
    assert touching
    assert touching.sha == merge


def test_how_two_commits_lie_to_each_other(repository: Repository, opened: Opened) -> None:
    fork = repository.commit({"a": "1"})
    repository.git("checkout", "--quiet", "-b", "release/1.0.x")
    repository.commit({"b": "1"})
    side = repository.commit({"b": "2"})
    repository.git("tag", "1.0.0")
    repository.git("checkout", "--quiet", "main")
    head = repository.commit({"a": "2"})
    repository.git("tag", "2.0.0")
    history = opened(repository.root)
    assert history.apart(side, head) == (2, 1)
    assert history.merge_base(side, head) == fork
    assert history.merged(["1.0.0", "2.0.0"]) == {"2.0.0"}
    assert history.merged([]) == frozenset()
    assert history.tags_holding_head() == {"2.0.0"}


def test_unrelated_histories_have_no_merge_base(repository: Repository, opened: Opened) -> None:
    one = repository.commit({"a": "1"})
    repository.git("checkout", "--quiet", "--orphan", "other")
    two = repository.commit({"b": "1"})
    assert opened(repository.root).merge_base(one, two) is None


def test_branches_local_and_remote(repository: Repository, opened: Opened, tmp_path: Path) -> None:
    repository.commit({"a": "1"})
    repository.git("branch", "release/1.0.x")
    head = repository.commit({"a": "2"})
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", str(repository.root), str(clone))
    history = opened(clone)
    assert history.branch() == "main"
    branches = history.branches()
    assert branches.known == {"main", "release/1.0.x"}
    assert branches.holding == {"main"}
    assert branches.default == "main"
    repository.git("-C", str(clone), "checkout", "--quiet", "--detach", head)
    assert opened(clone).branch() is None


def test_messages_are_whole_and_newest_first_without_merges(repository: Repository, opened: Opened) -> None:
    base = repository.commit({"driver/a": "1"})
    repository.commit({"driver/a": "2"}, message="fix: it\n\nBREAKING CHANGE: gone\n")
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.commit({"driver/b": "1"}, message="new: é")
    repository.git("checkout", "--quiet", "main")
    repository.commit({"other": "1"}, message="docs: words")
    repository.git("merge", "--quiet", "--no-ff", "--message", "merge", "feature")
    history = opened(repository.root)
    logged = history.log(["driver"], since=base, until="HEAD")
    assert [entry.message for entry in logged] == ["new: é", "fix: it\n\nBREAKING CHANGE: gone"]
    assert logged[1].subject == "fix: it"
    assert [entry.subject for entry in history.log([], since=base, until="HEAD")] == [
        "docs: words",
        "new: é",
        "fix: it",
    ]


def test_the_texts_of_files_at_commits(repository: Repository, opened: Opened) -> None:
    first = repository.commit({"product/API_VERSION": "1.0.0\n", "product/empty": ""})
    second = repository.commit({"product/API_VERSION": "1.1.0\n"})
    history = opened(repository.root / "product")
    places = [(first, "API_VERSION"), (second, "MISSING"), (second, "API_VERSION"), (second, "empty")]
    assert history.read(places) == ["1.0.0\n", None, "1.1.0\n", ""]
    assert history.read([(second, ".")]) == [None]


def test_only_tracked_changes_below_the_product_make_it_dirty(repository: Repository, opened: Opened) -> None:
    repository.commit({"product/driver/a": "1", "product/b": "1", "other": "1"})
    repository.write({"other": "2", "product/untracked": "x"})
    assert not opened(repository.root / "product").is_dirty()
    repository.write({"product/b": "2"})
    history = opened(repository.root / "product")
    assert history.is_dirty()
    assert not history.is_dirty(["driver"])


def test_a_file_that_was_only_touched_is_not_dirty(repository: Repository, opened: Opened) -> None:
    repository.commit({"a": "1"})
    (repository.root / "a").write_text("1")
    assert not opened(repository.root).is_dirty()


def test_a_product_that_is_the_whole_repository_sees_all_of_it(
    repository: Repository, opened: Opened
) -> None:
    first = repository.commit({"a": "1", "driver/b": "1"})
    second = repository.commit({"driver/b": "2"})
    history = opened(repository.root)
    assert history.changed([], since=first, until=second) == ["driver/b"]
    assert not history.is_dirty()
    repository.write({"a": "changed"})
    assert opened(repository.root).is_dirty()


def test_a_shallow_clone_is_refused(repository: Repository, opened: Opened, tmp_path: Path) -> None:
    repository.commit({"a": "1"})
    repository.commit({"a": "2"})
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", "--depth=1", repository.root.as_uri(), str(clone))
    with pytest.raises(HistoryError, match="shallow clone") as caught:
        opened(clone).head()
    assert "--unshallow" in caught.value.fix


def test_no_repository_and_no_commit_are_each_named(tmp_path: Path, opened: Opened) -> None:
    with pytest.raises(HistoryError, match="not in a git repository"):
        opened(tmp_path).head()
    with pytest.raises(HistoryError, match="cannot change to"):
        opened(tmp_path / "missing").head()
    empty = Repository(tmp_path / "empty")
    with pytest.raises(HistoryError, match="no commit HEAD"):
        opened(empty.root).head()


def test_a_clone_that_was_told_to_leave_tags_out_says_so(
    repository: Repository, opened: Opened, tmp_path: Path
) -> None:
    repository.commit({"a": "1"})
    assert not opened(repository.root).leaves_tags_out()
    assert not opened(repository.root).remote_has_tags()
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", "--no-tags", str(repository.root), str(clone))
    assert opened(clone).leaves_tags_out()
    assert not opened(clone).remote_has_tags()
    repository.git("tag", "1.0.0")
    assert opened(clone).remote_has_tags()
