"""The convention of Falco's libs: a driver's version follows the version files of its interface."""

from collections.abc import Mapping, Sequence

from semver import Version

from jesses.base.errors import VersionError
from jesses.plan.versions.values import ContractChange

_LEVELS = ("patch", "minor", "major")


def contract_changes(
    before: Mapping[str, str | None], after: Mapping[str, str | None], *, since: str, now: str
) -> tuple[ContractChange, ...]:
    """The change of each contract file, from its texts at the base (`since`) and at the commit `now`.

    Raises:
        VersionError: a contract went down, is gone, or does not begin with a SemVer.

    """
    return tuple(_change(path, before.get(path), text, since=since, now=now) for path, text in after.items())


def next_by_contract(base: Version, changes: Sequence[ContractChange]) -> tuple[Version, str]:
    """The version that follows `base`, whose files have changed, and why: the highest rise decides."""
    decisive = max(changes, key=_rise, default=None)
    if decisive is None or _rise(decisive) < 0:
        return base.bump_patch(), "its files changed and its contract did not: the next patch"
    level = _rise(decisive)
    following = (base.bump_patch, base.bump_minor, base.bump_major)[level]()
    came = f"rose from {decisive.before} to" if decisive.before else "is new at"
    return following, f"{decisive.path} {came} {decisive.after}: the next {_LEVELS[level]}"


def _change(path: str, before: str | None, after: str | None, *, since: str, now: str) -> ContractChange:
    old, new = _first_line(before), _first_line(after)
    both = f"{path} is {_shown(new)} at {now} and was {_shown(old)} at {since}"
    for text in (old, new):
        if text is not None and not Version.is_valid(text):
            raise VersionError(
                f"{both}: {text!r} is no SemVer", fix="let its first line be one, such as 1.0.0, and tag that"
            )
    if new is None:
        raise VersionError(
            f"{both}: it is gone", fix="restore it, or take it out of the component's contract"
        )
    change = ContractChange(path=path, before=Version.parse(old) if old else None, after=Version.parse(new))
    if change.before is not None and change.after < change.before:
        raise VersionError(
            f"{both}: it went down",
            fix="a contract only rises: restore it, or bring here what raised it there",
        )
    return change


def _rise(change: ContractChange) -> int:
    """2, 1, 0 where the major, minor, patch rose; -1 where nothing did."""
    old, new = change.before, change.after
    if old is None or new.major > old.major:
        return 2
    if new.minor > old.minor:
        return 1
    return 0 if new > old else -1


def _first_line(text: str | None) -> str | None:
    return None if text is None else text.partition("\n")[0].strip()


def _shown(text: str | None) -> str:
    return "missing" if text is None else repr(text)
