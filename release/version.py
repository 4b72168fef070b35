"""Which version each component has, and why: pure rules over what git says (`release.history`)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from semver import Version

from release.config import Component
from release.errors import HistoryError, VersionError
from release.history import Commit, History, Tag

_SHORT = 7


@dataclass(frozen=True, kw_only=True)
class ComponentVersion:
    """A component's version, the commit that it stands for, and the reasons, a sentence each.

    `tag` is the exact tag, None for a development version. The commit's date is the date of everything that
    carries this version.
    """

    component: str
    version: Version
    commit: Commit
    tag: str | None
    dirty: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TaggedVersion:
    """A tag of a component's own line."""

    tag: Tag
    version: Version


def compute_all(components: Mapping[str, Component], history: History) -> dict[str, ComponentVersion]:
    """The version of every component.

    Raises:
        HistoryError: tagged files are changed, so that the tag is not what would be released.
        VersionError: a contract file holds no version.

    """
    tags = history.tags()
    return {name: compute(name, component, history, tags) for name, component in components.items()}


def compute(name: str, component: Component, history: History, tags: Iterable[Tag]) -> ComponentVersion:
    """The version of one component: an exact tag of its line, or the development version that leads on."""
    line = list(own_line(component.tag, tags))
    head = history.head().sha
    dirty = history.is_dirty(component.paths)
    if here := [tagged for tagged in line if tagged.tag.commit == head]:
        return _exact(name, max(here, key=_by_version), history, dirty=dirty, reason="is on this commit")
    base = max((tagged for tagged in line if not tagged.version.prerelease), default=None, key=_by_version)
    if base and component.paths and not history.changed(component.paths, since=base.tag.commit, until=head):
        return _exact(name, base, history, dirty=dirty, reason="still stands: nothing has changed since")
    commit = history.last_touching(component.paths, until=head)
    following, reasons = _next(component, base, history, commit)
    count = history.count(since=base.tag.commit if base else None, until=commit.sha)
    build = commit.sha[:_SHORT] + _suffix(component.tag) + (".dirty" if dirty else "")
    return ComponentVersion(
        component=name,
        version=following.replace(prerelease=str(count), build=build),
        commit=commit,
        tag=None,
        dirty=dirty,
        reasons=(*reasons, f"{count} commits lead to {commit.sha[:_SHORT]}"),
    )


def own_line(pattern: str, tags: Iterable[Tag]) -> Iterator[TaggedVersion]:
    """The tags that match `pattern` and hold a SemVer without build metadata of its own.

    >>> tags = [Tag(name="v1.2.0", commit="c"), Tag(name="1.3.0", commit="c")]
    >>> [str(tagged.version) for tagged in own_line("v{version}", tags)]
    ['1.2.0']
    """
    before, after = pattern.split("{version}")
    for tag in tags:
        if not (tag.name.startswith(before) and tag.name.endswith(after)):
            continue
        text = tag.name[len(before) : len(tag.name) - len(after)]
        if Version.is_valid(text) and "+" not in text:
            yield TaggedVersion(tag=tag, version=Version.parse(text))


def _exact(
    name: str, tagged: TaggedVersion, history: History, *, dirty: bool, reason: str
) -> ComponentVersion:
    if dirty:
        raise HistoryError(
            f"{name} is at tag {tagged.tag.name}, but files that belong to it are changed",
            fix="commit or stash the changes (git status); a tagged release is made from what was tagged",
        )
    return ComponentVersion(
        component=name,
        version=tagged.version,
        commit=history.commit(tagged.tag.commit),
        tag=tagged.tag.name,
        dirty=False,
        reasons=(f"tag {tagged.tag.name} {reason}",),
    )


def _next(
    component: Component, base: TaggedVersion | None, history: History, commit: Commit
) -> tuple[Version, tuple[str, ...]]:
    if base is None:
        first = Version.parse(component.first_version)
        return first, (f"no tag like {component.tag} yet, so development leads to first_version {first}",)
    since = f"the highest final tag is {base.tag.name}"
    if component.bump == "minor":
        return base.version.bump_minor(), (since, "development leads to the next minor")
    before = {path: _contract(history, path, base.tag.commit) for path in component.contract}
    after = {path: _contract(history, path, commit.sha) for path in component.contract}
    following, why = contract_bump(base.version, before, after)
    return following, (since, why)


def contract_bump(
    base: Version, before: Mapping[str, Version | None], after: Mapping[str, Version | None]
) -> tuple[Version, str]:
    """The driver version that follows `base` when its contract files went from `before` to `after`.

    Raises:
        VersionError: a contract went down or is gone.

    """
    rises = []
    for path, new in after.items():
        old = before.get(path)
        if new is None or (old is not None and new < old):
            raise VersionError(
                f"{path} went from {old} to {new or 'nothing'}",
                fix="a contract only rises: restore or raise it",
            )
        if old is None or new.major > old.major:
            rises.append((2, path, old, new))
        elif new.minor > old.minor:
            rises.append((1, path, old, new))
        elif new > old:
            rises.append((0, path, old, new))
    if not rises:
        return base.bump_patch(), "the driver's files changed, its contract did not: the next patch"
    level, path, old, new = max(rises, key=lambda rise: rise[0])
    bump = (base.bump_patch, base.bump_minor, base.bump_major)[level]
    return (
        bump(),
        f"{path} rose from {old or 'nothing'} to {new}: the next {('patch', 'minor', 'major')[level]}",
    )


def _contract(history: History, path: str, sha: str) -> Version | None:
    text = history.read(path, at=sha)
    if text is None:
        return None
    first = text.partition("\n")[0].strip()
    if not Version.is_valid(first):
        raise VersionError(
            f"{path} at {sha[:_SHORT]} begins with {first!r}", fix="its first line must be a SemVer"
        )
    return Version.parse(first)


def _suffix(pattern: str) -> str:
    """What tells a component's development builds apart: the `+driver` of its tags becomes `-driver`."""
    _, _, build = pattern.partition("+")
    return f"-{build}" if build else ""


def _by_version(tagged: TaggedVersion) -> Version:
    return tagged.version
