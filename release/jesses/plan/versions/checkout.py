"""Which branch and which tag a checkout stands for: CI checks out commits, not branches."""

import re
from dataclasses import dataclass

from jesses.base.errors import HistoryError
from jesses.base.naming.spelling import NUMBER
from jesses.history.ci import BRANCH_VARIABLE, Ci
from jesses.history.git_history import Branches, Commit, History

VersionLine = tuple[int, int]
"""Major and minor of a release branch."""


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """What HEAD stands for.

    `branch` is None for a detached HEAD of which nobody says what it is for; then `branches` may tell. `tag` is
    the tag that started this run of CI.
    """

    head: Commit
    branch: str | None = None
    branches: Branches | None = None
    tag: str | None = None

    def line(self, pattern: str) -> VersionLine | None:
        """The line of the release branch that this is, by the component's pattern; None elsewhere.

        A detached HEAD stands for the release branch that holds it, unless the default branch does too: then it
        is older than the release branch.

        Raises:
            HistoryError: HEAD is detached and on no branch, and there are release branches.

        """
        if self.branches is None:
            return line_of_branch(pattern, self.branch or "")
        if self.branches.default in self.branches.holding:
            return None
        lines = filter(None, (line_of_branch(pattern, branch) for branch in self.branches.holding))
        if (lowest := min(lines, default=None)) or self.branches.holding:
            return lowest
        if any(line_of_branch(pattern, branch) for branch in self.branches.known):
            raise HistoryError(
                f"HEAD ({self.head.sha[:7]}) is detached and no branch holds it, so nobody can tell whether it is "
                "for a release branch",
                fix=f"git switch to the branch that it is for, or name that in {BRANCH_VARIABLE}",
            )
        return None

    @property
    def described(self) -> str:
        """In words, for the reasons of a version."""
        if self.branch:
            return f"branch {self.branch}"
        holding = sorted(self.branches.holding) if self.branches else []
        return f"a detached HEAD, held by {', '.join(holding)}" if holding else "a detached HEAD"


def read_checkout(history: History, ci: Ci) -> Checkout:
    """What HEAD of `history` stands for; `ci` is the run in which the repository was checked out.

    The CI is believed about the commit that it names, and about a detached HEAD of a pull request. A checkout
    of anything else is read from the branches.

    Raises:
        HistoryError: tags are missing in this clone.

    """
    head, branch = history.head(), history.branch()
    _check_tags_are_here(history, ci)
    of_this_commit = ci.commit == head.sha
    if ci.branch and (ci.named or of_this_commit or (branch is None and (ci.pull_request or not ci.commit))):
        branch = ci.branch
    tag = ci.tag if of_this_commit else None
    if tag and history.tags().get(tag) != head.sha:
        raise HistoryError(
            f"this run of {ci.name} is for the tag {tag}, which this clone does not have on its commit",
            fix="git fetch --tags --force (in GitHub Actions: actions/checkout with fetch-depth: 0)",
        )
    return Checkout(head=head, branch=branch, branches=None if branch else history.branches(), tag=tag)


def _check_tags_are_here(history: History, ci: Ci) -> None:
    """A clone without tags looks like a new project; where somebody may have left them out, ask the remote."""
    if history.tags() or (ci.name == "local" and not history.leaves_tags_out()):
        return
    if history.remote_has_tags():
        raise HistoryError(
            "this clone has no tags, and the repository that it comes from has some",
            fix="git fetch --tags (in GitHub Actions: actions/checkout with fetch-depth: 0)",
        )


def line_of_branch(pattern: str, branch: str) -> VersionLine | None:
    """Major and minor of a release branch, None for any other branch.

    >>> line_of_branch("release/{line}.x", "release/0.40.x")
    (0, 40)
    """
    before, after = map(re.escape, pattern.split("{line}"))
    found = re.fullmatch(rf"{before}({NUMBER})\.({NUMBER}){after}", branch)
    return (int(found[1]), int(found[2])) if found else None
