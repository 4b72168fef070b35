"""What the rules of versions give: a version, the commit that it stands for, and why."""

from dataclasses import dataclass
from typing import Any, Literal

from semver import Version

from jesses.history.git_history import Commit, Logged

Rule = Literal["tag", "unchanged", "first version", "release branch", "minor", "contract", "conventional"]

_FILES = 20


@dataclass(frozen=True, kw_only=True)
class ContractChange:
    """A contract file at the base and now; `before` is None where the base does not have it."""

    path: str
    before: Version | None
    after: Version


@dataclass(frozen=True, kw_only=True)
class Reason:
    """What decided a version.

    `base` is the tag that the rule started from, `commits` the number of commits that lead from it to the
    version's own. `files` differ from the base, `contracts` and `messages` decided how far the version rises.
    """

    rule: Rule
    branch: str
    base: str | None = None
    commits: int | None = None
    files: tuple[str, ...] = ()
    contracts: tuple[ContractChange, ...] = ()
    messages: tuple[Logged, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """Plain data, for `--json`; of many files and messages the first are named."""
        return {
            "rule": self.rule,
            "branch": self.branch,
            "base": self.base,
            "commits": self.commits,
            "files": list(self.files[:_FILES]),
            "contracts": [
                {
                    "path": change.path,
                    "before": str(change.before) if change.before else None,
                    "after": str(change.after),
                }
                for change in self.contracts
            ],
            "messages": [
                {"commit": message.sha, "subject": message.subject} for message in self.messages[:_FILES]
            ],
        }


@dataclass(frozen=True, kw_only=True)
class ComponentVersion:
    """A component's version, the commit that it stands for, and the reasons, a sentence each.

    `tag` is the exact tag, None for a development version. The commit's date is the date of everything that
    carries this version. What is `exported` is made from the tree of that commit, as the working directory has
    other files.
    """

    component: str
    version: Version
    commit: Commit
    tag: str | None
    dirty: bool
    reasons: tuple[str, ...]
    exported: bool = False
    evidence: Reason | None = None

    def as_data(self) -> dict[str, Any]:
        """Plain data, for `--json`."""
        return {
            "version": str(self.version),
            "tag": self.tag,
            "commit": self.commit.sha,
            "date": self.commit.date,
            "dirty": self.dirty,
            "exported": self.exported,
            "reasons": list(self.reasons),
            "evidence": self.evidence.as_data() if self.evidence else None,
        }
