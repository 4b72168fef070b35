"""A product with its bare remote, and maintainers with clones of their own."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jesses.config import load
from jesses.cut.apply import CutResult, apply
from jesses.cut.channels import ChannelContents
from jesses.cut.context import CutContext
from jesses.cut.options import CutOptions, Level, Stage
from jesses.cut.plan import CutPlan
from jesses.cut.prepare import prepare
from jesses.history.clone import Clone
from jesses.history.git import CompletedCommand, RunGit, run_git
from jesses.publish.github import GitHub
from jesses.signing import Signer
from jesses.stores import Store
from tests.support.hawk import PROJECT
from tests.support.repository import Repository

PRODUCT = (
    PROJECT
    + """
[components.userspace]
[components.driver]
tag = "{version}+driver"
bump = "contract"
contract = ["driver/API_VERSION"]
paths = ["driver"]
first_version = "1.0.0"
"""
)


class Crash(BaseException):
    """The process died here."""


def dies_after(count: int) -> RunGit:
    """Git for a process that dies when its command number `count` is done."""
    commands = [0]

    def git(*argv: str, cwd: Path, stdin: str = "", env: Mapping[str, str] | None = None) -> CompletedCommand:
        if commands[0] == count:
            raise Crash(f"before {argv}")
        commands[0] += 1
        return run_git(*argv, cwd=cwd, stdin=stdin, env=env)

    return git


@dataclass
class Maintainer:
    """Somebody with a clone. `git` may be one that dies, `github` a stand-in's client."""

    root: Path
    name: str
    github: GitHub | None = None
    signer: Signer | None = None
    clock: float = 1_800_000_000
    stores: dict[str, Store] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def context(self, git: RunGit = run_git) -> CutContext:
        config = load(self.root)
        return CutContext(
            directory=self.root,
            config=config,
            clone=Clone(self.root, git=git, remote="origin"),
            github=self.github,
            token=self.github is not None,
            web="https://github.example/hawk/hawk" if self.github else "",
            signer=self.signer,
            channels=ChannelContents(config, self.stores),
            rerun="invoke release.cut --yes",
            clock=lambda: self.clock,
        )

    def plan(
        self, options: CutOptions | None = None, *, git: RunGit = run_git, skip: Sequence[str] = ()
    ) -> CutPlan:
        return prepare(options or CutOptions(), self.context(git), skip=skip)

    def cut(
        self, *components: str, level: Level | None = None, stage: Stage | None = None, line: str = "",
        git: RunGit = run_git, skip: Sequence[str] = (),
    ) -> CutResult:  # fmt: skip
        """As `invoke release.cut --yes` does it."""
        context = self.context(git)
        plan = prepare(
            CutOptions(components=components, level=level, stage=stage, line=line), context, skip=skip
        )
        return apply(plan, context.clone, self.github, self.said.append)

    def git(self, *argv: str) -> str:
        done = run_git(*argv, cwd=self.root)
        assert done.code == 0, done.err
        return done.out

    def is_tidy(self) -> bool:
        """Whether cutting has left nothing in the clone."""
        worktrees = self.git("worktree", "list").splitlines()
        status = self.git("status", "--porcelain")
        return len(worktrees) == 1 and not status and not (self.root / ".git" / "jesses").exists()


class Remote:
    """The bare remote, and a developer who merges into its main branch."""

    def __init__(self, root: Path) -> None:
        self.root = root / "hawk.git"
        self._base = root
        self._developer = Repository(root / "developer")
        self.merge(
            {"release.toml": PRODUCT, "driver/API_VERSION": "1.0.0\n", "agent.c": "1\n"}, "new: a hawk"
        )
        subprocess.run(
            ["git", "clone", "--quiet", "--bare", str(self._developer.root), str(self.root)], check=True
        )
        self._developer.git("remote", "add", "origin", str(self.root))

    def merge(self, files: dict[str, str], message: str) -> str:
        """A commit on the main branch."""
        sha = self._developer.commit(files, message)
        if self.root.exists():
            self._developer.git("push", "--quiet", "origin", "main")
        return sha

    def accept(self, branch: str) -> None:
        """Merge a branch of the remote into main, as its pull request would."""
        self._developer.git("fetch", "--quiet", "origin")
        self._developer.git("merge", "--quiet", "--no-ff", "-m", f"Merge {branch}", f"origin/{branch}")
        self._developer.git("push", "--quiet", "origin", "main", f":refs/heads/{branch}")

    def maintainer(self, name: str = "ada") -> Maintainer:
        root = self._base / name
        subprocess.run(["git", "clone", "--quiet", str(self.root), str(root)], check=True)
        maintainer = Maintainer(root=root, name=name)
        maintainer.git("config", "user.name", name.title())
        maintainer.git("config", "user.email", f"{name}@example.org")
        return maintainer

    def git(self, *argv: str) -> str:
        done = run_git(*argv, cwd=self.root)
        assert done.code == 0, done.err
        return done.out

    def refs(self) -> dict[str, str]:
        """Every ref, and the object that it points at."""
        return dict(line.split(" ")[::-1] for line in self.git("show-ref").splitlines())

    def tags(self) -> list[str]:
        return self.git("tag").splitlines()

    def branches(self) -> list[str]:
        return self.git("for-each-ref", "refs/heads", "--format=%(refname:lstrip=2)").splitlines()

    def text(self, revision: str, path: str = "CHANGELOG.md") -> str:
        return self.git("show", f"{revision}:{path}")
