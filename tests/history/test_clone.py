from pathlib import Path

import pytest

from jesses.base.errors import ConflictError, CutError, HistoryError
from jesses.history.clone import Clone, Committer, RefUpdate
from jesses.history.git import run_git
from tests.support.repository import Repository

pytestmark = pytest.mark.process

DATE = 1_700_000_000
WHO = Committer(name="Ada", email="ada@example.org")


@pytest.fixture
def remote(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "remote")
    made.commit({"product/a": "1", "other": "x"}, "new: both")
    made.commit({"other": "y"}, "fix: only the other")
    made.git("tag", "--annotate", "1.0.0", "--message", "1.0.0")
    return made


@pytest.fixture
def clone(remote: Repository, tmp_path: Path) -> Clone:
    remote.git("clone", "--quiet", str(remote.root), str(tmp_path / "clone"))
    made = Clone(tmp_path / "clone" / "product", git=run_git, remote="origin")
    assert made.fetch() == "main"
    return made


def test_the_remote_is_read_and_the_clone_stays_as_it_is(clone: Clone, remote: Repository) -> None:
    head = remote.commit({"product/a": "2"}, "fix: a")
    before = clone.revision("HEAD"), clone.local_tags(), clone.branches()
    remote.git("tag", "1.1.0")
    clone.fetch()
    assert clone.branches() == {"main": head}
    assert clone.tags() == {"1.0.0": before[0], "1.1.0": head}
    assert (clone.revision("HEAD"), clone.local_tags()) == before[:2]


def test_contributions_are_those_of_the_product(clone: Clone) -> None:
    (found,) = clone.contributions(since=[], until=clone.branches()["main"])
    assert (found.message, found.paths) == ("new: both", ("a",))
    assert clone.contributions(since=[found.sha], until=clone.branches()["main"]) == []


def test_a_commit_is_made_beside_every_branch_and_the_same_again(clone: Clone) -> None:
    parent = clone.revision("HEAD")
    made = [
        clone.commit_file("CHANGELOG.md", "# 1\n", parent=parent, message="release: 1\n", who=WHO, date=DATE)
        for _ in range(2)
    ]
    assert made[0] == made[1] != parent
    assert clone.text("CHANGELOG.md", at=made[0]) == "# 1\n"
    assert (clone.text("CHANGELOG.md", at=parent), clone.revision("HEAD")) == (None, parent)


def test_a_push_is_refused_as_a_whole_when_somebody_was_faster(clone: Clone, remote: Repository) -> None:
    head = clone.revision("HEAD")
    remote.git("branch", "release/1.0.x")
    before = remote.git("show-ref")
    updates = [RefUpdate(ref=f"refs/heads/release/1.{at}.x", new=head, old=None) for at in (0, 1)]
    newer = clone.commit_file("a", "3", parent=head, message="x\n", who=WHO, date=DATE)
    with pytest.raises(ConflictError, match="somebody else"):
        clone.push([RefUpdate(ref=updates[0].ref, new=newer, old=None), updates[1]])
    assert remote.git("show-ref") == before
    clone.push(updates[1:])
    assert remote.git("rev-parse", "release/1.1.x") == head


@pytest.mark.parametrize("name", ["nowhere", "--upload-pack=false"])
def test_a_remote_that_is_none_is_told_and_never_an_option(clone: Clone, name: str) -> None:
    other = Clone(clone.top, git=run_git, remote=name)
    with pytest.raises(CutError, match=f"cannot read the remote {name}"):
        other.fetch()


def test_what_git_says_is_passed_on(clone: Clone) -> None:
    with pytest.raises(HistoryError, match="git rev-parse failed"):
        clone.revision("nothing")
