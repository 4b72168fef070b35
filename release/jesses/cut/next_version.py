"""Which version comes next, and on which branch: pure rules over tags and contracts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from semver import Version

from jesses.base.errors import CutError
from jesses.config import Component
from jesses.plan.versions.component_tags import TaggedVersion
from jesses.plan.versions.lines import branch_of, line_of

Level = Literal["minor", "patch"]
Stage = Literal["rc", "final"]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the maintainer asks for. No `components`: those with changes; no `level`, no `stage`: what is next.

    `line` is the "M.m" that a patch is for; the newest where it is empty.
    """

    components: tuple[str, ...] = ()
    level: Level | None = None
    stage: Stage | None = None
    line: str = ""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a release is cut from: an existing branch of a line, or the main branch.

    `base` is the tag that counts as the release before; `open_rc` the newest unfinished prerelease there;
    `patch` that the release is a patch of an existing line.
    """

    branch: str | None
    patch: bool
    base: TaggedVersion | None
    open_rc: Version | None
    why: str


def origin(component: Component, line: Sequence[TaggedVersion], request: Request) -> Origin:
    """Where the leading component of a release is cut from.

    Raises:
        CutError: there is nothing to patch, or no release candidate to make final.

    """
    finals = [tagged for tagged in line if not tagged.version.prerelease]
    base = max(finals, default=None, key=lambda tagged: tagged.version)
    if request.level == "patch":
        return _patch(component, line, finals, request)
    open_rc = _open_rc(line)
    if open_rc and open_rc.patch and request.level != "minor":
        # The newest thing under way is a patch: go on with it.
        return _patch(
            component, line, finals, Request(stage=request.stage, level="patch", line=line_of(open_rc))
        )
    if open_rc and not open_rc.patch:
        return Origin(
            branch=branch_of(component, open_rc),
            patch=False,
            base=base,
            open_rc=open_rc,
            why=f"{open_rc} is under way, so this goes on from its branch",
        )
    if request.stage == "final":
        raise CutError(
            "there is no release candidate to make final", fix="leave out --final, or begin with --rc"
        )
    return Origin(
        branch=None, patch=False, base=base, open_rc=None, why="a new line begins from the main branch"
    )


def following(line: Sequence[TaggedVersion], leader: Origin, *, reachable: frozenset[str]) -> Origin:
    """Where a component stands that is released together with the leading one, from the same commit.

    `reachable` are its tags that lie in the history of that commit: a patch goes on from those alone.
    """
    finals = [
        tagged
        for tagged in line
        if not tagged.version.prerelease and (not leader.patch or tagged.tag in reachable)
    ]
    return Origin(
        branch=leader.branch,
        patch=leader.patch,
        base=max(finals, default=None, key=lambda tagged: tagged.version),
        open_rc=None if leader.patch else _open_rc(line),
        why="released together, from the same commit",
    )


def _patch(
    component: Component, line: Sequence[TaggedVersion], finals: Sequence[TaggedVersion], request: Request
) -> Origin:
    wanted = [tagged for tagged in finals if request.line in {"", line_of(tagged.version)}]
    if not wanted:
        what = f"no final release {request.line}.x" if request.line else "no final release"
        raise CutError(f"there is {what} to patch", fix="see `git tag`, or cut a minor without --patch")
    base = max(wanted, key=lambda tagged: tagged.version)
    own = [tagged for tagged in line if line_of(tagged.version) == line_of(base.version)]
    open_rc = _open_rc(own)
    if request.stage == "final" and open_rc is None:
        raise CutError(
            f"there is no release candidate of {base.version.bump_patch()} to make final",
            fix="leave out --final, or begin with --rc",
        )
    return Origin(
        branch=branch_of(component, base.version),
        patch=True,
        base=base,
        open_rc=open_rc,
        why=f"a patch of {base.tag} comes from its branch",
    )


def _open_rc(line: Sequence[TaggedVersion]) -> Version | None:
    """The newest prerelease, unless its line has a final release that is higher."""
    newest = max((tagged.version for tagged in line if tagged.version.prerelease), default=None)
    if newest is None:
        return None
    same_line = (tagged.version for tagged in line if line_of(tagged.version) == line_of(newest))
    return newest if newest == max(same_line) else None


def final_version(component: Component, source: Origin) -> tuple[Version, str]:
    """The final version that a cut of a component without contract leads to, and why."""
    if source.open_rc:
        return source.open_rc.finalize_version(), f"{source.open_rc} is under way"
    if source.base is None:
        first = Version.parse(component.first_version)
        return first, f"nothing is released yet: first_version is {first}"
    if source.patch:
        return source.base.version.bump_patch(), f"the patch that follows {source.base.version}"
    return source.base.version.bump_minor(), f"the minor that follows {source.base.version}"


def staged_version(final: Version, line: Sequence[TaggedVersion], stage: Stage | None) -> tuple[Version, str]:
    """`final` itself, or its next release candidate.

    Raises:
        CutError: the next candidate would sort before the last.

    """
    if stage != "rc":
        return final, "final"
    numbers = {
        tagged.version: int(str(tagged.version.prerelease).removeprefix("rc").lstrip(".") or 0)
        for tagged in line
        if tagged.version.prerelease
        and tagged.version.finalize_version() == final
        and str(tagged.version.prerelease).removeprefix("rc").lstrip(".").isdigit()
    }
    number = max(numbers.values(), default=0) + 1
    dotted = any(str(version.prerelease).startswith("rc.") for version in numbers)
    version = final.replace(prerelease=f"rc.{number}" if dotted else f"rc{number}")
    if any(version <= other for other in numbers):
        raise CutError(
            f"{version} would sort before {max(numbers)}: SemVer compares rc10 and rc9 as words",
            fix="cut the final release (--final)",
        )
    return version, f"release candidate {number}"
