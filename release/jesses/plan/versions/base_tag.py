"""Which tag a development version starts from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from jesses.base.parallel import both
from jesses.plan.versions.checkout import VersionLine
from jesses.plan.versions.component_tags import TaggedVersion
from jesses.plan.versions.versioned_component import VersionedComponent

_FEW: Final = 5


@dataclass(frozen=True, kw_only=True)
class BaseTag:
    """A final tag and how it lies to HEAD.

    `there` counts the commits that only the tag has, `here` those that only HEAD has. `files` are those of the
    component that changed on the way here. `later` is the tag of a higher release that HEAD is a part of.
    """

    tagged: TaggedVersion
    there: int
    here: int
    files: tuple[str, ...]
    later: str | None = None

    @property
    def holds_head(self) -> bool:
        """Whether HEAD is a part of that release, so older than it."""
        return self.here == 0


def find_base(subject: VersionedComponent, line: VersionLine | None) -> BaseTag | None:
    """The highest tag that development may start from; `line` is that of a release branch.

    A tag whose commit has HEAD in its history is later than HEAD, and no base, unless no file of the component
    differs in it. So an older commit keeps the version that it had, below the release that it led to.
    """
    found = _candidates(subject, line)
    if not found:
        return None
    base = as_base(found[0], subject)
    if base.holds_head and (base.files or not subject.paths):
        holding = subject.history.tags_holding_head()
        earlier = next((tagged for tagged in found if tagged.tag not in holding), None)
        return replace(as_base(earlier, subject), later=found[0].tag) if earlier else None
    return base


def as_base(tagged: TaggedVersion, subject: VersionedComponent) -> BaseTag:
    """A tag as a base, and how it lies to HEAD."""
    history, commit = subject.history, tagged.commit
    (there, here), files = both(
        lambda: history.apart(commit, subject.head),
        lambda: history.changed(subject.paths, since=commit, until=subject.head) if subject.paths else (),
    )
    if files and there and here and not _changed_here(commit, subject):
        files = ()
    return BaseTag(tagged=tagged, there=there, here=here, files=tuple(files))


def _candidates(subject: VersionedComponent, line: VersionLine | None) -> Sequence[TaggedVersion]:
    """Final tags, highest first.

    On a release branch a contract follows what the branch holds, and the other rules follow the line's own
    releases, or until there is one the highest below it.
    """
    finals = subject.tags.finals
    if line is None:
        return finals
    if subject.component.bump == "contract":
        return _reachable(subject) or finals
    own = [tagged for tagged in finals if tagged.core[:2] == line]
    return own or [tagged for tagged in finals if tagged.core[:2] < line]


def _reachable(subject: VersionedComponent) -> Sequence[TaggedVersion]:
    """The final tags in the history of HEAD; only the highest few are asked about where one of these is there.

    Asking about all costs a walk through the whole history.
    """
    finals = subject.tags.finals
    for some in (finals[:_FEW], finals):
        held = subject.history.merged([tagged.tag for tagged in some])
        if held:
            return [tagged for tagged in some if tagged.tag in held]
    return ()


def _changed_here(aside: str, subject: VersionedComponent) -> bool:
    """Whether HEAD changed files of the component since it parted from `aside`, and not only `aside` did."""
    history = subject.history
    fork = history.merge_base(aside, subject.head)
    return fork is None or bool(history.changed(subject.paths, since=fork, until=subject.head))
