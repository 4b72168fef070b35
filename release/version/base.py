"""Which tag a development version starts from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from release.version.checkout import Line
from release.version.subject import Subject
from release.version.tags import TaggedVersion

_FEW: Final = 5


@dataclass(frozen=True, kw_only=True)
class Base:
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


def find_base(subject: Subject, line: Line | None) -> Base | None:
    """The highest tag that development may start from; `line` is that of a release branch.

    A release that HEAD is a part of is its future and no base, unless the component is the same in it. So an
    older commit keeps the version that it had, below the release that it led to.
    """
    found = _candidates(subject, line)
    if not found:
        return None
    base = place(found[0], subject)
    if base.holds_head and (base.files or not subject.paths):
        holding = subject.history.tags_holding_head()
        earlier = next((tagged for tagged in found if tagged.tag not in holding), None)
        return replace(place(earlier, subject), later=found[0].tag) if earlier else None
    return base


def place(tagged: TaggedVersion, subject: Subject) -> Base:
    """A tag as a base, seen from HEAD."""
    there, here = subject.history.apart(tagged.commit, subject.head)
    files = _changed(tagged.commit, subject, aside=there > 0 and here > 0) if subject.paths else ()
    return Base(tagged=tagged, there=there, here=here, files=tuple(files))


def _candidates(subject: Subject, line: Line | None) -> Sequence[TaggedVersion]:
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


def _reachable(subject: Subject) -> Sequence[TaggedVersion]:
    """The final tags that HEAD holds, or only some of the highest: the whole walk costs what history is long."""
    finals = subject.tags.finals
    for some in (finals[:_FEW], finals):
        held = subject.history.merged([tagged.tag for tagged in some])
        if held:
            return [tagged for tagged in some if tagged.tag in held]
    return ()


def _changed(tag: str, subject: Subject, *, aside: bool) -> Sequence[str]:
    """The component's files that differ from the tag; where it lies aside, only if they were changed here too."""
    history, paths = subject.history, subject.paths
    files = history.changed(paths, since=tag, until=subject.head)
    if not files or not aside:
        return files
    fork = history.merge_base(tag, subject.head)
    return files if fork is None or history.changed(paths, since=fork, until=subject.head) else ()
