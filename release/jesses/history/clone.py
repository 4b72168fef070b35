"""The maintainer's clone and its remote. The working tree, the branches and the tags in it are never touched."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jesses.base.errors import ConflictError, CutError, HistoryError
from jesses.history.git import CompletedCommand, RunGit, operands, revisions
from jesses.history.notes import Contribution

_SEEN = "refs/jesses/tags"
_RECORD, _FIELD = "\x1e", "\x1f"
_FORMAT = "%x1e%H%x1f%aN%x1f%aE%x1f%ct%x1f%B%x1f"


@dataclass(frozen=True, kw_only=True)
class Committer:
    """Who makes commits and tags."""

    name: str
    email: str

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


@dataclass(frozen=True, kw_only=True)
class RefUpdate:
    """A ref that is to be pushed: `old` is what the remote has now, None for nothing."""

    ref: str
    new: str
    old: str | None


class Clone:
    """The git repository that holds the product in `directory`; `remote` is a name of git's.

    Raises (every method):
        HistoryError: git failed; the message is git's own.

    """

    def __init__(self, directory: Path, *, git: RunGit, remote: str) -> None:
        self._git = git
        self._at = directory
        self.remote = remote
        self.top = Path(self._run("rev-parse", "--show-toplevel"))
        self.prefix = self._run("rev-parse", "--show-prefix").rstrip("/")
        common = Path(self._run("rev-parse", "--git-common-dir"))
        self.workshop = (common if common.is_absolute() else directory / common).resolve() / "jesses"

    def fetch(self) -> str:
        """Fetch the remote's branches, and its tags into a namespace of their own; the name of its main branch.

        Raises:
            CutError: there is no such remote, or it does not answer.

        """
        specs = (f"+refs/heads/*:refs/remotes/{self.remote}/*", f"+refs/tags/*:{_SEEN}/*")
        done = self._git(
            "fetch",
            "--quiet",
            "--prune",
            "--no-tags",
            "--no-write-fetch-head",
            *operands(self.remote, *specs),
            cwd=self._at,
        )
        if done.code:
            raise CutError(
                f"cannot read the remote {self.remote}: {done.err}",
                fix="git remote -v; or pass --remote NAME",
            )
        head = self._run("ls-remote", "--symref", *operands(self.remote, "HEAD")).partition("\t")[0]
        if not head.startswith("ref: refs/heads/"):
            raise CutError(
                f"the remote {self.remote} does not say which branch is its main one",
                fix="set it on the remote: git symbolic-ref HEAD refs/heads/main",
            )
        return head.removeprefix("ref: refs/heads/")

    def branches(self) -> dict[str, str]:
        """The remote's branches, and the commit that each is at."""
        rows = self._refs(f"refs/remotes/{self.remote}")
        return {name: sha for name, sha in rows if name != "HEAD"}

    def tags(self, namespace: str = _SEEN) -> dict[str, str]:
        """The commits of the remote's tags, by name; those of this clone below `refs/tags`."""
        listing = self._run("for-each-ref", namespace, "--format=%(refname) %(objectname) %(*objectname)")
        rows = (line.split(" ") for line in listing.splitlines())
        return {ref.removeprefix(f"{namespace}/"): peeled or target for ref, target, peeled in rows}

    def local_tags(self) -> frozenset[str]:
        return frozenset(name for name, _ in self._refs("refs/tags"))

    def is_dirty(self) -> bool:
        """Whether tracked files of the product differ from HEAD."""
        return bool(self._run("status", "--porcelain", "--untracked-files=no", "--", "."))

    def current_branch(self) -> str:
        """The branch that is checked out, or nothing."""
        return self._git("symbolic-ref", "--quiet", "--short", "HEAD", cwd=self._at).out

    def revision(self, name: str) -> str:
        return self._run("rev-parse", "--verify", f"{name}^{{commit}}")

    def identity(self) -> Committer | None:
        """Who commits here by git's configuration; None where name or address is not set."""
        name, email = (self._git("config", f"user.{key}", cwd=self._at).out for key in ("name", "email"))
        return Committer(name=name, email=email) if name and email else None

    def is_ancestor(self, older: str, newer: str) -> bool:
        return self._git("merge-base", "--is-ancestor", *operands(older, newer), cwd=self._at).code == 0

    def text(self, path: str, *, at: str) -> str | None:
        """A file of the product at a commit; None where there is none."""
        done = self._git("cat-file", "blob", f"{at}:{self._full(path)}", cwd=self._at)
        return None if done.code else f"{done.out}\n" if done.out else ""

    def contributions(self, *, since: Sequence[str], until: str) -> list[Contribution]:
        """The commits of the product that `until` has and `since` have not, oldest first, merges left out."""
        options = ("--no-merges", "--reverse", f"--format={_FORMAT}", "--name-only")
        paths = [self.prefix] if self.prefix else []
        commits = revisions(until, *(f"^{sha}" for sha in since), paths=paths)
        return list(self._parsed(self._run("log", *options, *commits, cwd=self.top)))

    def authors(self, *, until: Sequence[str]) -> frozenset[str]:
        """The mail addresses, in lower case, of the authors of everything in the history of `until`."""
        if not until:
            return frozenset()
        return frozenset(self._run("log", "--format=%aE", *revisions(*until)).lower().splitlines())

    def commit_file(
        self, path: str, text: str, *, parent: str, message: str, who: Committer, date: int
    ) -> str:
        """A commit on `parent` that has `text` as the product's file `path`; no branch moves.

        `date` is in seconds since 1970 UTC. The object's name comes back.
        """
        self.workshop.mkdir(parents=True, exist_ok=True)
        blob = self._run("hash-object", "-w", "--stdin", stdin=text)
        index = {"GIT_INDEX_FILE": str(self.workshop / "index")}
        self._run("read-tree", parent, env=index)
        self._run(
            "update-index",
            "--add",
            "--cacheinfo",
            f"100644,{blob},{self._full(path)}",
            env=index,
            cwd=self.top,
        )
        tree = self._run("write-tree", env=index)
        return self._run("commit-tree", tree, "-p", parent, stdin=message, env=_dated(who, date))

    def join(self, commit: str, other: str, *, message: str, who: Committer, date: int) -> str:
        """A merge of `commit` and `other` with the files of `commit`."""
        argv = (f"{commit}^{{tree}}", "-p", commit, "-p", other)
        return self._run("commit-tree", *argv, stdin=message, env=_dated(who, date))

    def tag_object(self, text: str) -> str:
        """An annotated tag as an object, which nothing points at yet (git-mktag(1))."""
        return self._run("mktag", stdin=text)

    def push(self, updates: Sequence[RefUpdate]) -> None:
        """Push all of `updates` or none; every ref of the remote must still be at its `old`.

        Raises:
            ConflictError: somebody else was faster.
            CutError: the remote refuses.

        """
        leases = [f"--force-with-lease={update.ref}:{update.old or ''}" for update in updates]
        specs = [f"{update.new}:{update.ref}" for update in updates]
        done = self._git(
            "push", "--atomic", "--porcelain", *leases, *operands(self.remote, *specs), cwd=self._at
        )
        if done.code:
            raise _refused(self.remote, done)

    def adopt(self, tags: Mapping[str, str]) -> None:
        """Set tags of this clone, by name, to the objects that were pushed."""
        for name, target in tags.items():
            self._run("update-ref", f"refs/tags/{name}", target)

    def worktree(self, name: str, *, start: str) -> Path:
        """A working tree called `name` that has `start` checked out.

        One that is there already and holds commits on top of `start` is kept as it is. One in which git was killed
        while it wrote (its lock is still there) is made anew.
        """
        path = self.workshop / name.replace("/", "-")
        self._run("worktree", "prune")
        lock = self.workshop.parent / "worktrees" / path.name / "index.lock"
        if (path / ".git").exists() and not lock.exists():
            head = self._git("rev-parse", "--verify", "HEAD", cwd=path).out
            if head and self.is_ancestor(start, head):
                return path
        self.discard(path)
        self._run("worktree", "add", "--quiet", "--detach", "--force", str(path), start)
        return path

    def discard(self, path: Path) -> None:
        self._git("worktree", "remove", "--force", "--force", str(path), cwd=self._at)
        shutil.rmtree(path, ignore_errors=True)
        self._run("worktree", "prune")

    def clear(self) -> None:
        """Remove what cutting a release has left in the clone."""
        for path in self.workshop.glob("*") if self.workshop.exists() else ():
            if path.is_dir():
                self.discard(path)
        shutil.rmtree(self.workshop, ignore_errors=True)

    def git(self, *argv: str, cwd: Path, env: Mapping[str, str] | None = None) -> CompletedCommand:
        return self._git(*argv, cwd=cwd, env=env)

    def _parsed(self, listing: str) -> Iterator[Contribution]:
        inside = f"{self.prefix}/" if self.prefix else ""
        for record in listing.split(_RECORD)[1:]:
            sha, author, email, date, message, paths = record.split(_FIELD)
            yield Contribution(
                sha=sha,
                message=message.strip(),
                author=author,
                email=email,
                date=int(date),
                paths=tuple(
                    path.removeprefix(inside)
                    for path in paths.splitlines()
                    if path and path.startswith(inside)
                ),
            )

    def _refs(self, namespace: str) -> list[tuple[str, str]]:
        listing = self._run("for-each-ref", namespace, "--format=%(refname) %(objectname)")
        rows = (line.split(" ") for line in listing.splitlines())
        return [(ref.removeprefix(f"{namespace}/"), sha) for ref, sha in rows]

    def _full(self, path: str) -> str:
        return f"{self.prefix}/{path}" if self.prefix else path

    def _run(
        self, *argv: str, stdin: str = "", env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> str:
        done = self._git(*argv, cwd=cwd or self._at, stdin=stdin, env=env)
        if done.code:
            raise HistoryError(f"git {argv[0]} failed: {done.err or done.out}", fix="see what git says")
        return done.out


def _dated(who: Committer, date: int) -> dict[str, str]:
    return {
        **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), who.name),
        **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), who.email),
        **dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), f"{date} +0000"),
    }


def _refused(remote: str, done: CompletedCommand) -> CutError | ConflictError:
    # git-push(1), OUTPUT: a line "!<TAB>from:to<TAB>summary (reason)" for each ref that was refused.
    lines = [line for line in done.out.splitlines() if line.startswith("!")]
    if any(reason in line for line in lines for reason in ("stale info", "already exists", "fetch first")):
        return ConflictError(
            "somebody else has pushed a release in the meantime; nothing of yours was pushed",
            fix="run `invoke release.status` to see it; run again to cut what is left",
        )
    detail = "; ".join(line.split("\t")[-1] for line in lines) or done.err
    return CutError(
        f"{remote} refuses the push: {detail}", fix="check that you may push release branches and tags"
    )
