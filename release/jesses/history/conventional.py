"""How far commit messages raise the version: conventional commits 1.0.0, with the types that Falco uses.

https://www.conventionalcommits.org/en/v1.0.0/ ("Specification", 2, 3 and 11 to 16).
"""

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from semver import Version

from jesses.history.commit_header import parse_header
from jesses.history.git_history import Logged

# Compiled on first use: not every product follows its messages.
_BREAKING: Final = r"^BREAKING[ -]CHANGE(: | #)"
_REVERTS: Final = r"^This reverts commit ([0-9a-f]{7,40})"
_MINOR_TYPES: Final = frozenset({"feat", "new", "update"})


class Bump(IntEnum):
    """How far a commit raises the version."""

    PATCH = 0
    MINOR = 1
    MAJOR = 2


def bump_of(message: str) -> Bump:
    r"""How far a commit with `message` raises the version: every commit that changes files is at least a patch.

    >>> [bump_of(text).name for text in ("fix: a leak", "new(driver): events", "rule(shell in pod): note", "x")]
    ['PATCH', 'MINOR', 'PATCH', 'PATCH']
    >>> [bump_of(text).name for text in ("feat!: drop it", "fix: it\n\nBREAKING CHANGE: no more", "Update it")]
    ['MAJOR', 'MAJOR', 'PATCH']
    """
    header = parse_header(message)
    if re.search(_BREAKING, message, re.MULTILINE) or (header and header.breaking):
        return Bump.MAJOR
    return Bump.MINOR if header and header.type in _MINOR_TYPES else Bump.PATCH


def decide_bump(commits: Sequence[Logged]) -> tuple[Bump, tuple[Logged, ...]]:
    """The highest level of `commits` (newest first) and those that ask for it.

    A commit that a later one reverts counts no more, nor does the revert.
    """
    standing = _without_reverted(commits)
    highest = max((bump_of(commit.message) for commit in standing), default=Bump.PATCH)
    return highest, tuple(commit for commit in standing if bump_of(commit.message) == highest)


def next_by_level(base: Version, wanted: Bump) -> Version:
    """The version that follows `base`.

    While the major is 0, a breaking change raises the minor (SemVer 2.0.0, "Specification", 4): 1.0.0 comes from a
    tag that people make, never from a message.
    """
    if wanted is Bump.MAJOR and base.major:
        return base.bump_major()
    return base.bump_patch() if wanted is Bump.PATCH else base.bump_minor()


def _without_reverted(commits: Sequence[Logged]) -> list[Logged]:
    standing, reverted = [], set[str]()
    for commit in commits:
        found = re.search(_REVERTS, commit.message, re.MULTILINE)
        target = next((other.sha for other in commits if found and other.sha.startswith(found[1])), None)
        if commit.sha in reverted:
            continue
        if target:
            reverted.add(target)
        else:
            standing.append(commit)
    return standing
