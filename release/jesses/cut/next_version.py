"""Which version comes next, and on which branch: pure rules over tags and contracts."""

from collections.abc import Sequence
from dataclasses import dataclass

from semver import Version

from jesses.base.errors import CutError
from jesses.config import Component
from jesses.cut.options import CutOptions, Stage
from jesses.plan.versions.component_tags import TaggedVersion
from jesses.plan.versions.lines import branch_of, line_of_version


@dataclass(frozen=True, kw_only=True)
class CutSource:
    """Where a release is cut from: an existing release branch, or the main branch (then `branch` is None).

    `base` is the tag that counts as the release before; `open_rc` the newest unfinished prerelease there;
    `patch` that the release is a patch of an existing line.
    """

    branch: str | None
    patch: bool
    base: TaggedVersion | None
    open_rc: Version | None
    why: str


def source_of(component: Component, tags: Sequence[TaggedVersion], options: CutOptions) -> CutSource:
    """Where the leading component of a release is cut from; `tags` are all of that component.

    Raises:
        CutError: there is nothing to patch, or no release candidate to make final.

    """
    finals = [tagged for tagged in tags if not tagged.version.prerelease]
    base = max(finals, default=None, key=lambda tagged: tagged.version)
    if options.level == "patch":
        return _patch(component, tags, finals, options)
    open_rc = _open_rc(tags)
    if open_rc and open_rc.patch and options.level != "minor":
        # The newest thing under way is a patch: go on with it.
        return _patch(
            component,
            tags,
            finals,
            CutOptions(stage=options.stage, level="patch", line=line_of_version(open_rc)),
        )
    if open_rc and not open_rc.patch:
        return CutSource(
            branch=branch_of(component, open_rc),
            patch=False,
            base=base,
            open_rc=open_rc,
            why=f"{open_rc} is under way, so this goes on from its branch",
        )
    if options.stage == "final":
        raise CutError(
            "there is no release candidate to make final", fix="leave out --final, or begin with --rc"
        )
    return CutSource(
        branch=None, patch=False, base=base, open_rc=None, why="a new line begins from the main branch"
    )


def source_with_leader(
    tags: Sequence[TaggedVersion], leader: CutSource, *, reachable: frozenset[str]
) -> CutSource:
    """Where a component stands that is released together with the leading one, from the same commit.

    `tags` are all of its tags, `reachable` the names of those that lie in the history of that commit: a patch goes
    on from those alone.
    """
    finals = [
        tagged
        for tagged in tags
        if not tagged.version.prerelease and (not leader.patch or tagged.tag in reachable)
    ]
    return CutSource(
        branch=leader.branch,
        patch=leader.patch,
        base=max(finals, default=None, key=lambda tagged: tagged.version),
        open_rc=None if leader.patch else _open_rc(tags),
        why="released together, from the same commit",
    )


def _patch(
    component: Component, tags: Sequence[TaggedVersion], finals: Sequence[TaggedVersion], options: CutOptions
) -> CutSource:
    wanted = [tagged for tagged in finals if options.line in {"", line_of_version(tagged.version)}]
    if not wanted:
        what = f"no final release {options.line}.x" if options.line else "no final release"
        raise CutError(f"there is {what} to patch", fix="see `git tag`, or cut a minor without --patch")
    base = max(wanted, key=lambda tagged: tagged.version)
    own = [tagged for tagged in tags if line_of_version(tagged.version) == line_of_version(base.version)]
    open_rc = _open_rc(own)
    if options.stage == "final" and open_rc is None:
        raise CutError(
            f"there is no release candidate of {base.version.bump_patch()} to make final",
            fix="leave out --final, or begin with --rc",
        )
    return CutSource(
        branch=branch_of(component, base.version),
        patch=True,
        base=base,
        open_rc=open_rc,
        why=f"a patch of {base.tag} comes from its branch",
    )


def _open_rc(tags: Sequence[TaggedVersion]) -> Version | None:
    """The newest prerelease, unless a final release with the same major and minor is higher."""
    newest = max((tagged.version for tagged in tags if tagged.version.prerelease), default=None)
    if newest is None:
        return None
    on_its_line = (
        tagged.version for tagged in tags if line_of_version(tagged.version) == line_of_version(newest)
    )
    return newest if newest == max(on_its_line) else None


def final_version(component: Component, source: CutSource) -> tuple[Version, str]:
    """The final version that a cut of a component without contract leads to, and why."""
    if source.open_rc:
        return source.open_rc.finalize_version(), f"{source.open_rc} is under way"
    if source.base is None:
        first = Version.parse(component.first_version)
        return first, f"nothing is released yet: first_version is {first}"
    if source.patch:
        return source.base.version.bump_patch(), f"the patch that follows {source.base.version}"
    return source.base.version.bump_minor(), f"the minor that follows {source.base.version}"


def staged_version(final: Version, tags: Sequence[TaggedVersion], stage: Stage | None) -> tuple[Version, str]:
    """`final` itself, or its next release candidate, and which of the two in words.

    Raises:
        CutError: the next candidate would sort before the last.

    """
    if stage != "rc":
        return final, "final"
    numbers = {
        tagged.version: int(str(tagged.version.prerelease).removeprefix("rc").lstrip(".") or 0)
        for tagged in tags
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
