"""What git says of a product: commits, tags, branches, files of other commits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from jesses.base.errors import HistoryError
from jesses.history.git import GitReader, operands, revisions


@dataclass(frozen=True, kw_only=True)
class Commit:
    """`sha` is the full object name; `date` the committer's time, in seconds since 1970 UTC."""

    sha: str
    date: int


@dataclass(frozen=True, kw_only=True)
class Logged:
    """A commit with its whole message."""

    sha: str
    message: str

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]


@dataclass(frozen=True, kw_only=True)
class Branches:
    """The branches of a repository, remote ones without the name of the remote.

    `holding` are those that hold HEAD. `default` is the one that a clone starts on, as far as it is known.
    """

    known: frozenset[str]
    holding: frozenset[str]
    default: str | None


class History(Protocol):
    """The questions that the rules of versions ask. `paths` are pathspecs relative to the product's directory."""

    def head(self) -> Commit: ...

    def branch(self) -> str | None:
        """The branch that HEAD is on, None where it is detached."""

    def branches(self) -> Branches: ...

    def commit(self, revision: str) -> Commit: ...

    def tags(self) -> Mapping[str, str]:
        """The commits that tags (or their annotated tag objects) point at, by the names of the tags."""

    def leaves_tags_out(self) -> bool:
        """Whether this clone was told not to fetch tags."""

    def remote_has_tags(self) -> bool:
        """Whether the repository that this is a clone of has tags; False where it cannot be asked."""

    def apart(self, one: str, other: str) -> tuple[int, int]:
        """How many commits are reachable from `one` alone, and from `other` alone."""

    def count(self, *, since: str | None, until: str) -> int:
        """Commits reachable from `until` and not from `since`."""

    def merge_base(self, one: str, other: str) -> str | None: ...

    def merged(self, tags: Sequence[str]) -> frozenset[str]:
        """The names of those of `tags` that are reachable from HEAD."""

    def tags_holding_head(self) -> frozenset[str]:
        """The names of the tags from which HEAD is reachable."""

    def last_touching(self, paths: Sequence[str], *, until: str) -> Commit | None:
        """The newest commit that changed `paths`, by first parents from `until` (git-rev-list(1), --first-parent).

        A merge counts as one change of its branch. So while the branch grows, the answer never goes back to an
        older commit.
        """

    def changed(self, paths: Sequence[str], *, since: str, until: str) -> Sequence[str]:
        """The files below `paths` that differ between two commits."""

    def log(self, paths: Sequence[str], *, since: str, until: str) -> Sequence[Logged]:
        """The commits, newest first and without merges, that are reachable from `until` and not from `since`."""

    def read(self, files: Iterable[tuple[str, str]]) -> Sequence[str | None]:
        """The texts of files, each given by its commit and path; None where there is none."""

    def is_dirty(self, paths: Sequence[str] = ()) -> bool:
        """Whether tracked files below the product's directory (or `paths`) differ from HEAD."""


class GitHistory:
    """The history of the repository that holds the directory of `git`.

    What every release needs is asked at once and read later; a repository that cannot be used shows then.

    Raises:
        HistoryError: no repository, no commit yet, or a shallow clone, whose counts would be wrong.

    """

    def __init__(self, git: GitReader) -> None:
        self._git = git
        self._location = git.start("rev-parse", "--is-shallow-repository", "--show-prefix")
        self._status = git.start(*_STATUS, "--branch", "--", ".")
        self._refs = git.start("show-ref", "--tags", "--dereference", accept=(0, 1))
        self._head = git.start(*_ONE, *revisions("HEAD"), accept=(0, 128))
        self._objects = git.objects()

    @property
    def prefix(self) -> str:
        """The product's directory inside the repository, ending in a slash; empty where it is the top."""
        try:
            shallow, _, prefix = self._location.text().partition("\n")
        except HistoryError as error:
            raise _no_repository(self._git.directory, error) from error
        if shallow == "true":
            raise HistoryError(
                f"{self._git.directory} is a shallow clone, so its history cannot be counted",
                fix="git fetch --unshallow --tags (in GitHub Actions: actions/checkout with fetch-depth: 0)",
            )
        return prefix.removesuffix("\n")

    @cached_property
    def _tags(self) -> dict[str, str]:
        # The commit of an annotated tag follows the tag object itself, as NAME^{}.
        rows = (line.partition(" refs/tags/") for line in self._refs.text().split("\n"))
        return {name.removesuffix("^{}"): sha for sha, _, name in rows if name}

    def head(self) -> Commit:
        _ = self.prefix
        return _commit(self._head.text(), "HEAD")

    def branch(self) -> str | None:
        name = self._state("# branch.head ")
        return None if name == "(detached)" else name

    def branches(self) -> Branches:
        arguments = ("for-each-ref", "--format=%(refname) %(symref)", "refs/heads", "refs/remotes")
        everything, holding = self._git.start(*arguments), self._git.start(*arguments, "--contains=HEAD")
        rows = [line.partition(" ") for line in everything.text().splitlines()]
        default = next((target for name, _, target in rows if name == "refs/remotes/origin/HEAD"), "")
        known = frozenset(_branch(name) for name, _, target in rows if not target)
        fallback = next((name for name in ("main", "master") if name in known), None)
        return Branches(
            known=known,
            holding=frozenset(
                _branch(name)
                for name, _, target in (line.partition(" ") for line in holding.text().splitlines())
                if not target
            ),
            default=_branch(default) if default else fallback,
        )

    def commit(self, revision: str) -> Commit:
        return _commit(self._git(*_ONE, *revisions(revision)), revision)

    def tags(self) -> dict[str, str]:
        return self._tags

    def leaves_tags_out(self) -> bool:
        options = self._git.start("config", "--get-regexp", r"^remote\..*\.tagopt$", accept=(0, 1))
        return "--no-tags" in options.text()

    def remote_has_tags(self) -> bool:
        return bool(self._git.start("ls-remote", "--tags", accept=range(256)).data())

    def apart(self, one: str, other: str) -> tuple[int, int]:
        left, right = self._git("rev-list", "--count", "--left-right", *revisions(f"{one}...{other}")).split()
        return int(left), int(right)

    def count(self, *, since: str | None, until: str) -> int:
        return int(self._git("rev-list", "--count", *revisions(until, *([f"^{since}"] if since else []))))

    def merge_base(self, one: str, other: str) -> str | None:
        return self._git.start("merge-base", *operands(one, other), accept=(0, 1)).text() or None

    def merged(self, tags: Sequence[str]) -> frozenset[str]:
        if not tags:
            return frozenset()
        patterns = (f"refs/tags/{tag}" for tag in tags)
        found = self._git("for-each-ref", "--format=%(refname:strip=2)", "--merged=HEAD", *patterns)
        return frozenset(found.splitlines())

    def tags_holding_head(self) -> frozenset[str]:
        return frozenset(self._git("tag", "--list", "--no-column", "--contains=HEAD").splitlines())

    def last_touching(self, paths: Sequence[str], *, until: str) -> Commit | None:
        text = self._git(*_ONE, "--first-parent", *revisions(until, paths=paths))
        return _commit(text, until) if text else None

    def changed(self, paths: Sequence[str], *, since: str, until: str) -> list[str]:
        options = ("-r", "-z", "--name-only", "--relative")
        listing = self._git("diff-tree", *options, *revisions(since, until, paths=paths))
        return listing.split("\0")[:-1]

    def log(self, paths: Sequence[str], *, since: str, until: str) -> list[Logged]:
        options = ("--no-merges", "--full-history", "--encoding=UTF-8", "--format=%B%x00")
        text = self._git("rev-list", *options, *revisions(f"{since}..{until}", paths=paths))
        rows = (entry.strip().partition("\n") for entry in text.split("\0")[:-1])
        return [
            Logged(sha=first.removeprefix("commit "), message=message.strip()) for first, _, message in rows
        ]

    def read(self, files: Iterable[tuple[str, str]]) -> list[str | None]:
        found = (self._objects.blob(f"{commit}:{self.prefix}{path}") for commit, path in files)
        return [None if content is None else content.decode(errors="replace") for content in found]

    def is_dirty(self, paths: Sequence[str] = ()) -> bool:
        entries = (entry for entry in self._status.text().split("\0") if entry and not entry.startswith("# "))
        if not any(entries):
            return False
        return not paths or bool(self._git(*_STATUS, "--", *paths))

    def _state(self, key: str) -> str:
        _ = self.head()
        fields = self._status.text().split("\0")
        return next(field.removeprefix(key) for field in fields if field.startswith(key))


_ONE = ("rev-list", "-1", "--format=%ct")
_STATUS = ("status", "--porcelain=v2", "-z", "--no-ahead-behind", "--untracked-files=no")


def _commit(text: str, revision: str) -> Commit:
    """The commit in an answer of `git rev-list --format=%ct`."""
    if not text:
        raise HistoryError(f"git knows no commit {revision}", fix="commit something first")
    _, sha, date = text.split()
    return Commit(sha=sha, date=int(date))


def _branch(ref: str) -> str:
    """The name of a branch by its ref: refs/heads/NAME or refs/remotes/REMOTE/NAME."""
    kind, _, name = ref.removeprefix("refs/").partition("/")
    return name if kind == "heads" else name.partition("/")[2]


def _no_repository(directory: Path, error: HistoryError) -> HistoryError:
    if "not a git repository" in error.what:
        return HistoryError(
            f"{directory} is not in a git repository", fix="versions come from git: git init, and commit"
        )
    return error
