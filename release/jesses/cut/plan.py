"""What a cut will do, as a value: the very objects that will be pushed, and what was checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from semver import Version

from jesses.base.errors import CutError
from jesses.history.clone import RefUpdate
from jesses.history.notes import Contribution

CheckState = Literal["ok", "failed", "skipped"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that must hold before a release; `cure` says what to do where it does not."""

    name: str
    state: CheckState
    detail: str
    cure: str = ""


@dataclass(frozen=True, kw_only=True)
class PlannedTag:
    """A tag to be made, why it is this version, and the changelog's section (for a candidate, its notes)."""

    component: str
    tag: str
    version: Version
    follows: str | None
    why: tuple[str, ...]
    section: str


@dataclass(frozen=True, kw_only=True)
class CutPlan:
    """A release that is ready to be pushed. Without `tags` it only finishes what another run has left.

    `start` is the commit that it is cut from, `picks` what is backported onto it; `bring_back` is the branch
    that takes the changelog to the main branch, `pulls` the branches that still need a pull request.
    """

    project: str
    tags: tuple[PlannedTag, ...]
    main: str
    branch: str
    creates_branch: bool
    start: str
    picks: tuple[Contribution, ...]
    manager: str
    signed_by: str | None
    bring_back: str | None
    pulls: tuple[str, ...]
    updates: tuple[RefUpdate, ...]
    checks: tuple[Check, ...]

    @property
    def title(self) -> str:
        return f"{self.project} {' and '.join(planned.tag for planned in self.tags)}"

    def require_ready(self) -> None:
        """Raises `CutError` naming every check that failed, each with its cure."""
        failed = [check for check in self.checks if check.state == "failed"]
        if failed:
            lines = [f"{check.name}: {check.detail}\n      cure: {check.cure}" for check in failed]
            count = "1 check fails" if len(failed) == 1 else f"{len(failed)} checks fail"
            raise CutError(
                f"{count}, so nothing was pushed:\n    " + "\n    ".join(lines),
                fix="cure them and run again (--skip NAME leaves a check out)",
            )

    def as_data(self) -> dict[str, Any]:
        """The plan as plain data, for `--json`."""
        return {
            "tags": [
                {**vars(planned), "version": str(planned.version), "why": list(planned.why)}
                for planned in self.tags
            ],
            "branch": self.branch,
            "creates_branch": self.creates_branch,
            "start": self.start,
            "picks": [_pick(contribution) for contribution in self.picks],
            "manager": self.manager,
            "signed_by": self.signed_by,
            "bring_back": self.bring_back,
            "pulls": list(self.pulls),
            "updates": [vars(update) for update in self.updates],
            "checks": [vars(check) for check in self.checks],
        }


def _pick(contribution: Contribution) -> Mapping[str, str]:
    return {"sha": contribution.sha, "subject": contribution.message.partition("\n")[0]}
