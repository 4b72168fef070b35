"""What git says of a product: commits, tags, branch. Plumbing commands only, through GitPython."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from git import GitCommandError, InvalidGitRepositoryError, NoSuchPathError, Repo
from git.exc import GitCommandNotFound

from release.errors import HistoryError


@dataclass(frozen=True, kw_only=True)
class Commit:
    """`sha` is the full object name; `date` the committer's time, in seconds since 1970 UTC."""

    sha: str
    date: int


@dataclass(frozen=True, kw_only=True)
class Tag:
    """A tag and the commit that it (or the annotated tag object) points at."""

    name: str
    commit: str


class History(Protocol):
    """The questions that version policies ask. `paths` are relative to the product's directory."""

    def head(self) -> Commit: ...

    def commit(self, revision: str) -> Commit: ...

    def tags(self) -> Sequence[Tag]: ...

    def count(self, *, since: str | None, until: str) -> int:
        """Commits reachable from `until` and not from `since`."""

    def last_touching(self, paths: Sequence[str], *, until: str) -> Commit:
        """The newest commit that changed `paths`; `until` itself where none did."""

    def changed(self, paths: Sequence[str], *, since: str, until: str) -> bool:
        """Whether `paths` differ between two commits."""

    def read(self, path: str, *, at: str) -> str | None:
        """A file's text at a commit."""

    def is_dirty(self, paths: Sequence[str] = ()) -> bool:
        """Whether tracked files below the product's directory (or `paths`) differ from HEAD."""


class GitHistory:
    """The history of the repository that holds `directory`.

    Raises:
        HistoryError: no repository, no commit yet, or a shallow clone, whose counts would be wrong.

    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        try:
            self._repo = Repo(directory, search_parent_directories=True)
        except (InvalidGitRepositoryError, NoSuchPathError) as error:
            raise HistoryError(
                f"{directory} is not in a git repository", fix="versions come from git: git init, and commit"
            ) from error
        self._git = self._repo.git
        self._prefix = Path(os.path.relpath(directory.resolve(), Path(self._repo.working_dir).resolve()))
        if self._run("rev-parse", "--is-shallow-repository") == "true":
            raise HistoryError(
                f"{directory} is a shallow clone, so its history cannot be counted",
                fix="git fetch --unshallow --tags (in GitHub Actions: actions/checkout with fetch-depth: 0)",
            )

    def head(self) -> Commit:
        return self.commit("HEAD")

    def commit(self, revision: str) -> Commit:
        try:
            sha, date = self._run("log", "-1", "--format=%H %ct", f"{revision}^{{commit}}", "--").split()
        except HistoryError as error:
            raise HistoryError(f"git knows no commit {revision}", fix="commit something first") from error
        return Commit(sha=sha, date=int(date))

    def tags(self) -> list[Tag]:
        listing = self._run(
            "for-each-ref", "refs/tags", "--format=%(refname:strip=2) %(objectname) %(*objectname)"
        )
        rows = (line.split(" ") for line in listing.splitlines())
        return [Tag(name=name, commit=peeled or target) for name, target, peeled in rows]

    def count(self, *, since: str | None, until: str) -> int:
        exclude = [f"^{since}"] if since else []
        return int(self._run("rev-list", "--count", until, *exclude, "--"))

    def last_touching(self, paths: Sequence[str], *, until: str) -> Commit:
        line = self._run("log", "-1", "--format=%H %ct", until, "--", *self._pathspecs(paths))
        if not line:
            return self.commit(until)
        sha, date = line.split()
        return Commit(sha=sha, date=int(date))

    def changed(self, paths: Sequence[str], *, since: str, until: str) -> bool:
        return bool(self._run("diff-tree", "-r", "--name-only", since, until, "--", *self._pathspecs(paths)))

    def read(self, path: str, *, at: str) -> str | None:
        name = (self._prefix / path).as_posix()
        if not self._run("ls-tree", "--name-only", "--full-tree", at, "--", name):
            return None
        return self._run("cat-file", "blob", f"{at}:{name}")

    def is_dirty(self, paths: Sequence[str] = ()) -> bool:
        self._run("update-index", "-q", "--refresh", check=False)
        return bool(self._run("diff-index", "--name-only", "HEAD", "--", *self._pathspecs(paths)))

    def _pathspecs(self, paths: Sequence[str]) -> list[str]:
        places = ((self._prefix / path).as_posix() for path in paths or (".",))
        # The whole tree is ":(top)": git takes ":(top)." for a file of that name.
        return [f":(top){'' if place == '.' else place}" for place in places]

    def _run(self, *argv: str, check: bool = True) -> str:
        try:
            return str(self._git.execute(["git", *argv], with_exceptions=check))
        except GitCommandNotFound as error:
            raise HistoryError("git is not installed", fix="install git") from error
        except GitCommandError as error:
            detail = str(error.stderr).strip().removeprefix("stderr: ").strip("'")
            raise HistoryError(f"git {argv[0]} failed: {detail}", fix="see what git says") from error
