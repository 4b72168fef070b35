import hashlib
import os
from pathlib import Path

import pytest

from jesses.base.errors import HistoryError
from jesses.history.git import GitReader, operands, revisions, run_git
from tests.support.repository import Repository

pytestmark = pytest.mark.process


def test_answers_come_in_any_order(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    sha = repository.commit({"a": "1"})
    with GitReader(tmp_path) as git:
        first, second = git.start("rev-parse", "HEAD"), git.start("hash-object", "--stdin", stdin=b"text")
        assert second.text() == hashlib.sha1(b"blob 4\0text", usedforsecurity=False).hexdigest()
        assert first.text() == sha
        assert first.text() == sha


def test_a_failure_says_what_git_says(tmp_path: Path) -> None:
    Repository(tmp_path)
    with GitReader(tmp_path) as git:
        with pytest.raises(HistoryError, match="git rev-parse failed: fatal: Needed a single revision"):
            git("rev-parse", "--verify", "nothing")
        assert git.start("rev-parse", "--verify", "nothing", accept=(0, 128)).text() == ""


def test_what_nobody_reads_is_not_left_running(tmp_path: Path) -> None:
    """Warnings are errors: a process or a file left over fails the test."""
    Repository(tmp_path)
    with GitReader(tmp_path) as git:
        git.start("version")
        git.start("cat-file", "--batch", stdin=b"HEAD\n" * 1000)


def test_a_hooks_repository_is_not_ours(tmp_path: Path) -> None:
    hook, ours = Repository(tmp_path / "hook"), Repository(tmp_path / "ours")
    hook.commit({"a": "1"})
    sha = ours.commit({"a": "2"})
    with GitReader(ours.root, {**os.environ, "GIT_DIR": str(hook.root / ".git")}) as git:
        assert git("rev-parse", "HEAD") == sha


def test_contents_come_one_after_the_other(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit({"a": "one\n", "d/b": "", "c": "x" * 200_000})
    with GitReader(tmp_path) as git:
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
    with GitReader(tmp_path) as git, pytest.raises(HistoryError, match="did not answer for HEAD:a"):
        git.objects().blob("HEAD:a")


def test_a_command_that_ends_is_an_answer_whatever_its_code(tmp_path: Path) -> None:
    Repository(tmp_path)
    done = run_git("hash-object", "--stdin", cwd=tmp_path, stdin="text")
    assert (done.code, done.out) == (0, hashlib.sha1(b"blob 4\0text", usedforsecurity=False).hexdigest())
    failed = run_git("rev-parse", "--verify", "nothing", cwd=tmp_path)
    assert (failed.code, failed.err) == (128, "fatal: Needed a single revision")


def test_a_command_needs_a_directory(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="there is no directory"):
        run_git("status", cwd=tmp_path / "gone")


def test_a_revision_is_never_an_option(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit({"a": "1"})
    repository.git("tag", "1.0.0")
    target = tmp_path / "written"
    option = f"--output={target}"
    for asked in (
        ("log", *revisions(option)),
        ("diff-tree", *revisions("HEAD", option, paths=["a"])),
        ("merge-base", *operands("--all", "HEAD")),
    ):
        assert run_git(*asked, cwd=tmp_path).code != 0, asked
    assert not target.exists()
    assert run_git("log", "--format=%s", option, cwd=tmp_path).code == 0, "git itself would take it"


def test_a_revision_is_never_a_path(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit({"a": "1", "b": "1"}, "both")
    repository.commit({"b": "2"}, "only b")
    asked = run_git("log", "--format=%s", *revisions("HEAD", paths=["a"]), cwd=tmp_path)
    assert asked.out == "both"
    assert run_git("log", *revisions("b"), cwd=tmp_path).code == 128
