"""Backports: commits of the main branch that are wanted on a release branch, and bringing them there."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from jesses.base.errors import PickError
from jesses.history.clone import Clone, Committer
from jesses.history.notes import Contribution
from jesses.publish.github import Pull


def wanted(
    line: str, main: Iterable[Contribution], branch: Iterable[Contribution], pulls: Mapping[str, Pull]
) -> tuple[Contribution, ...]:
    """What `main` has for the line "M.m" and `branch` has not yet, oldest first.

    A commit is wanted where its pull request is labelled `backport/M.m`, or its message has a line
    `Backport: M.m`.
    """
    there = {contribution.origin for contribution in branch}
    return tuple(
        contribution
        for contribution in main
        if contribution.origin not in there and _asks(contribution, line, pulls.get(contribution.sha))
    )


def _asks(contribution: Contribution, line: str, pull: Pull | None) -> bool:
    labelled = pull is not None and pull.merged and f"backport/{line}" in pull.labels
    return labelled or f"Backport: {line}" in contribution.message.splitlines()


def bring(
    clone: Clone,
    branch: str,
    start: str,
    picks: Sequence[Contribution],
    *,
    who: Committer,
    date: int,
    rerun: str,
) -> str:
    """Cherry-pick `picks` onto `start` in a working tree of their own; the commit that comes out.

    `who` commits them at `date` (seconds since 1970 UTC); `rerun` is the command that goes on after a conflict.

    Raises:
        PickError: one conflicts. What is resolved there is kept, and running again goes on.

    """
    if not picks:
        return start
    tree = clone.worktree(branch, start=start)
    identity = {
        "GIT_COMMITTER_NAME": who.name,
        "GIT_COMMITTER_EMAIL": who.email,
        "GIT_COMMITTER_DATE": f"{date} +0000",
    }
    _finish(clone, tree, branch, identity, rerun)
    done = {each.origin for each in clone.contributions(since=[start], until=_head(clone, tree))}
    for pick in picks:
        if pick.origin not in done and clone.git("cherry-pick", "-x", pick.sha, cwd=tree, env=identity).code:
            _finish(clone, tree, branch, identity, rerun)
    if left := clone.git("status", "--porcelain", "--untracked-files=no", cwd=tree).out:
        raise PickError(
            f"{tree} holds changes that git would not commit:\n{left}", fix="see `git status` in it"
        )
    return _head(clone, tree)


def _finish(clone: Clone, tree: Path, branch: str, identity: Mapping[str, str], rerun: str) -> None:
    """End a cherry-pick that stopped, by what is in the tree: a conflict, its resolution, or no change."""
    picking = clone.git("rev-parse", "--verify", "--quiet", "CHERRY_PICK_HEAD", cwd=tree).out
    if conflicts := clone.git("diff", "--name-only", "--diff-filter=U", cwd=tree).out.splitlines():
        subject = clone.git("log", "-1", "--format=%h %s", picking or "HEAD", cwd=tree).out
        raise PickError(
            f"the backport of {subject} to {branch} conflicts in {', '.join(conflicts)}",
            fix=f"resolve it and run again:\n    cd {shlex.quote(str(tree))}\n"
            f"    edit, then: git add {shlex.join(conflicts)}\n    {rerun}",
        )
    if not picking:
        # Killed in the middle: what is half there comes from the pick alone.
        clone.git("reset", "--hard", "--quiet", cwd=tree)
    elif clone.git("diff", "--cached", "--quiet", "HEAD", cwd=tree).code:
        clone.git("-c", "core.commentChar=;", "cherry-pick", "--continue", cwd=tree, env=identity)
    else:
        clone.git("cherry-pick", "--skip", cwd=tree, env=identity)


def _head(clone: Clone, tree: Path) -> str:
    return clone.git("rev-parse", "HEAD", cwd=tree).out
