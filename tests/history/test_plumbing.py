import hashlib
import os
from pathlib import Path

import pytest

from jesses.base.errors import HistoryError
from jesses.history.plumbing import Git
from tests.support.repository import Repository

pytestmark = pytest.mark.process


def test_answers_come_in_any_order(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    sha = repository.commit({"a": "1"})
    with Git(tmp_path) as git:
        first, second = git.start("rev-parse", "HEAD"), git.start("hash-object", "--stdin", stdin=b"text")
        assert second.text() == hashlib.sha1(b"blob 4\0text", usedforsecurity=False).hexdigest()
        assert first.text() == sha
        assert first.text() == sha


def test_a_failure_says_what_git_says(tmp_path: Path) -> None:
    Repository(tmp_path)
    with Git(tmp_path) as git:
        with pytest.raises(HistoryError, match="git rev-parse failed: fatal: Needed a single revision"):
            git("rev-parse", "--verify", "nothing")
        assert git.start("rev-parse", "--verify", "nothing", accept=(0, 128)).text() == ""


def test_what_nobody_reads_is_not_left_running(tmp_path: Path) -> None:
    """Warnings are errors: a process or a file left over fails the test."""
    Repository(tmp_path)
    with Git(tmp_path) as git:
        git.start("version")
        git.start("cat-file", "--batch", stdin=b"HEAD\n" * 1000)


def test_a_hooks_repository_is_not_ours(tmp_path: Path) -> None:
    hook, ours = Repository(tmp_path / "hook"), Repository(tmp_path / "ours")
    hook.commit({"a": "1"})
    sha = ours.commit({"a": "2"})
    with Git(ours.root, {**os.environ, "GIT_DIR": str(hook.root / ".git")}) as git:
        assert git("rev-parse", "HEAD") == sha


def test_contents_come_one_after_the_other(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit({"a": "one\n", "d/b": "", "c": "x" * 200_000})
    with Git(tmp_path) as git:
        objects = git.objects()
        names = ("HEAD:a", "HEAD:nothing", "HEAD:d", "HEAD:d/b", "HEAD:c", "no revision", "HEAD:a")
        assert [objects.blob(name) for name in names] == [
            b"one\n",
            None,
            None,
            b"",
            b"x" * 200_000,
            None,
            b"one\n",
        ]


def test_contents_of_no_repository_are_an_error(tmp_path: Path) -> None:
    with Git(tmp_path) as git, pytest.raises(HistoryError, match="did not answer for HEAD:a"):
        git.objects().blob("HEAD:a")
