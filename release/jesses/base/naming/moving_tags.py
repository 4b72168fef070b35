"""Which tags of an image a release adds, and which it moves: pure rules.

A version's own tag is added once and stays. Other tags move, and only forward: `latest`, `1` and `1.2` show
the highest release that is there, whatever order releases are made in.
"""

from collections.abc import Iterable
from typing import Final

from semver import Version

from jesses.base.errors import VersionError
from jesses.base.naming import spelling

LATEST: Final = "latest"


def own(version: Version) -> str:
    """The tag of the version itself; no other version has it, and it never moves."""
    return spelling.oci_tag(version)


def moving(version: Version, *, branch: str | None = None) -> tuple[str, ...]:
    """The moving tags that `version` may have: that of `branch` for merges, else a release's.

    >>> moving(Version.parse("1.2.3"))
    ('1.2', '1', 'latest')
    """
    if branch is not None:
        return (branch,)
    if version.prerelease:
        return ()
    return (f"{version.major}.{version.minor}", f"{version.major}", LATEST)


def forward(version: Version, present: Iterable[Version], *, branch: str | None = None) -> tuple[str, ...]:
    """Those tags of `moving` that `version` takes where `present` are the versions that are there.

    A tag stays where a higher version has it, and is taken again by the version that has it already.
    """
    others = tuple(present)
    return tuple(
        tag
        for tag in moving(version, branch=branch)
        if all(rank(other) <= rank(version) for other in others if tag in moving(other, branch=branch))
    )


def highest(tag: str, present: Iterable[Version]) -> Version | None:
    """The version of `present` that a moving tag of releases is to show; None where none may have it."""
    return max((version for version in present if tag in moving(version)), key=rank, default=None)


def versions_in(tags: Iterable[str]) -> tuple[Version, ...]:
    """The versions that tags spell; all other tags are left out."""
    found = []
    for tag in tags:
        try:
            found.append(spelling.from_file_name(tag))
        except VersionError:
            continue
    return tuple(found)


def rank(version: Version) -> tuple[Version, str]:
    """What decides which of two versions is higher; build metadata only between equals, so that order is total."""
    return version.replace(build=None), version.build or ""
