"""Which version follows a release: the next minor, what a contract asks for, or what commit messages do."""

from dataclasses import dataclass

from semver import Version

from jesses.base.errors import VersionError
from jesses.history import conventional
from jesses.history.git_history import Logged
from jesses.plan.versions.base_tag import BaseTag, as_base
from jesses.plan.versions.checkout import VersionLine
from jesses.plan.versions.contract import contract_changes, next_by_contract
from jesses.plan.versions.values import ContractChange, Rule
from jesses.plan.versions.versioned_component import VersionedComponent


@dataclass(frozen=True, kw_only=True)
class NextVersion:
    """The version that development leads to, and why."""

    version: Version
    rule: Rule
    reason: str
    contracts: tuple[ContractChange, ...] = ()
    messages: tuple[Logged, ...] = ()


def next_version(subject: VersionedComponent, base: BaseTag | None, line: VersionLine | None) -> NextVersion:
    """The version that follows `base`, on the release branch of `line` or elsewhere.

    Raises:
        VersionError: a contract is wrong, or a release branch cannot have what would follow.

    """
    if subject.component.bump == "contract":
        return _first(subject) if base is None else _by_contract(subject, base, line)
    if line is not None:
        return _on_line(subject, base, line)
    if base is None:
        return _first(subject)
    if subject.component.bump == "conventional":
        return _by_messages(subject, base)
    return NextVersion(
        version=base.tagged.version.bump_minor(),
        rule="minor",
        reason=f"{subject.checkout.described} leads to the next minor",
    )


def _first(subject: VersionedComponent) -> NextVersion:
    first = Version.parse(subject.component.first_version)
    reason = f"no final tag like {subject.tags.pattern} yet, so development leads to first_version {first}"
    return NextVersion(version=first, rule="first version", reason=reason)


def _on_line(subject: VersionedComponent, base: BaseTag | None, line: VersionLine) -> NextVersion:
    above = [tagged for tagged in subject.tags.finals if tagged.core[:2] > line]
    if reached := subject.history.merged([tagged.tag for tagged in above]):
        raise VersionError(
            f"{subject.checkout.described} would lead {subject.name} to {line[0]}.{line[1]}, and already holds "
            f"{', '.join(sorted(reached))}",
            fix=f"branch off before that tag; or, if this is no release branch of it, let "
            f"components.{subject.name}.branch say what those look like",
        )
    if base and base.tagged.core[:2] == line:
        version, why = base.tagged.version.bump_patch(), "the next patch of its line"
    else:
        version, why = Version(*line), f"{line[0]}.{line[1]}.0, which is not released yet"
    return NextVersion(
        version=version, rule="release branch", reason=f"{subject.checkout.described} leads to {why}"
    )


def _by_messages(subject: VersionedComponent, base: BaseTag) -> NextVersion:
    commits = subject.history.log(subject.paths, since=base.tagged.commit, until=subject.head)
    level, decisive = conventional.decide_bump(commits)
    version = conventional.next_by_level(base.tagged.version, level)
    step = "major" if version.major > base.tagged.core[0] else "minor" if not version.patch else "patch"
    example = f", such as {decisive[0].sha[:7]} {decisive[0].subject!r}" if decisive else ""
    kind = level.name.lower().replace("major", "breaking")
    reason = f"{len(commits)} commit messages, the weightiest {kind}{example}: the next {step}"
    return NextVersion(version=version, rule="conventional", reason=reason, messages=decisive)


def _by_contract(subject: VersionedComponent, base: BaseTag, line: VersionLine | None) -> NextVersion:
    paths = subject.component.contract
    files = [(commit, path) for commit in (base.tagged.commit, subject.head) for path in paths]
    texts = subject.history.read(files)
    before, after = texts[: len(paths)], texts[len(paths) :]
    changes = contract_changes(
        dict(zip(paths, before, strict=True)),
        dict(zip(paths, after, strict=True)),
        since=base.tagged.tag,
        now=subject.head[:7],
    )
    version, reason = next_by_contract(base.tagged.version, changes)
    if line is not None:
        version, reason = _free(subject, base, version, reason)
    return NextVersion(version=version, rule="contract", reason=reason, contracts=changes)


def _free(subject: VersionedComponent, base: BaseTag, version: Version, reason: str) -> tuple[Version, str]:
    """`version`, or the first patch after it that no other branch has released.

    Raises:
        VersionError: another branch has released the minor or major that this one would lead to.

    """
    released = {tagged.core: tagged for tagged in subject.tags.finals}
    wanted = version
    while (taken := released.get((version.major, version.minor, version.patch))) is not None:
        if as_base(taken, subject).holds_head:
            break
        if (version.major, version.minor) != base.tagged.core[:2]:
            raise VersionError(
                f"{subject.checkout.described} would lead {subject.name} to {version} ({reason}), "
                f"which is released already: {taken.tag}",
                fix="take back here what raised the contract, or release it from the branch of that tag",
            )
        version = version.bump_patch()
    return version, reason if version == wanted else f"{reason}; the first that is free is {version}"
