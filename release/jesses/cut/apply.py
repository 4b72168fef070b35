"""Carry out a plan: one atomic push, then the pull request for the changelog."""

from collections.abc import Callable
from dataclasses import dataclass

from jesses.base.errors import ConflictError, GitHubError
from jesses.cut.objects import CHANGELOG_BRANCH
from jesses.cut.plan import CutPlan
from jesses.history.clone import Clone
from jesses.publish.github import GitHub

_BODY = """The changelog of {tag}, as it was released, comes back to the main branch.

```release-note
NONE
```
"""


@dataclass(frozen=True, kw_only=True)
class CutResult:
    """What was pushed, by its ref, and the addresses of pull requests."""

    pushed: tuple[str, ...]
    pulls: tuple[str, ...]


def apply(plan: CutPlan, clone: Clone, github: GitHub | None, announce: Callable[[str], None]) -> CutResult:
    """Push what `plan` holds, and open its pull requests.

    Raises:
        ConflictError: somebody else was faster; nothing was pushed.
        CutError: a check failed, or the remote refuses; nothing was pushed.
        GitHubError: the release is pushed, its pull request could not be opened; running again does.

    """
    plan.require_ready()
    if plan.updates:
        announce(f"push to {clone.remote}: {', '.join(update.ref for update in plan.updates)}")
        try:
            clone.push(plan.updates)
        except ConflictError:
            clone.clear()
            raise
    opened = []
    for branch in plan.pulls:
        if github is None:
            raise GitHubError(f"{branch} has no pull request", fix="open it by hand")
        tag = branch.removeprefix(CHANGELOG_BRANCH)
        announce(f"pull request from {branch} to {plan.main}")
        pull = github.open_pull(
            head=branch, base=plan.main, title=f"release: changelog of {tag}", body=_BODY.format(tag=tag)
        )
        opened.append(pull.url)
    clone.adopt(
        {
            update.ref.removeprefix("refs/tags/"): update.new
            for update in plan.updates
            if update.ref.startswith("refs/tags/")
        }
    )
    clone.clear()
    return CutResult(pushed=tuple(update.ref for update in plan.updates), pulls=tuple(opened))
