"""What is cut: where a release comes from, with which backports, and which components have changes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jesses.base.errors import CutError
from jesses.cut import picks
from jesses.cut.components import ComponentCut, component_cut, has_changes
from jesses.cut.context import CutContext
from jesses.cut.next_version import CutSource, source_of, source_with_leader
from jesses.cut.options import CutOptions
from jesses.cut.pull_requests import PullRequests
from jesses.cut.remote_state import RemoteState
from jesses.history.clone import Committer
from jesses.history.notes import Contribution
from jesses.plan.versions.component_tags import TaggedVersion
from jesses.plan.versions.lines import line_of_version, tagged_versions


@dataclass(frozen=True, kw_only=True)
class CutDraft:
    """A release before it is checked and made.

    `start` is the commit that it is cut from, `picks` what is backported onto it, `commit` what comes out.
    The first of `components` leads: it decided where the release is cut from.
    """

    source: CutSource
    start: str
    picks: tuple[Contribution, ...]
    commit: str
    components: tuple[ComponentCut, ...]


@dataclass(frozen=True, kw_only=True)
class Drafting:
    """What every draft of one cut is made from; `who` makes the backports, at `date` (seconds since 1970 UTC)."""

    options: CutOptions
    context: CutContext
    remote: RemoteState
    pulls: PullRequests
    who: Committer
    date: int


def draft_with_changes(names: Sequence[str], drafting: Drafting) -> CutDraft:
    """The draft of those of `names` that have changes.

    The first of a release's components leads it. Where that one has nothing new, the release is another's, from a
    branch of its own line, and is drafted anew.

    Raises:
        CutError: none has changes, or one that was asked for has none; or what is asked for cannot be.
        PickError: a backport conflicts.

    """
    options = drafting.options
    while True:
        draft = _draft(names, drafting)
        changed = [cut for cut in draft.components if has_changes(cut, options.stage, drafting.context)]
        idle = [cut for cut in draft.components if cut not in changed]
        if not changed or (options.components and idle):
            raise _nothing(idle[0], draft.source)
        if changed[0] is draft.components[0]:
            return replace(draft, components=tuple(changed))
        names = [cut.name for cut in changed]


def _draft(names: Sequence[str], drafting: Drafting) -> CutDraft:
    context = drafting.context
    components = context.config.components
    tags = tagged_versions(components, drafting.remote.tags)
    source = source_of(components[names[0]], tags[names[0]], drafting.options)
    start, wanted = _start(source, drafting)
    commit = picks.bring(
        context.clone,
        source.branch or "",
        start,
        wanted,
        who=drafting.who,
        date=drafting.date,
        rerun=context.rerun,
    )

    def cut_of(name: str) -> ComponentCut:
        own = source if name == names[0] else _followed(source, tags[name], commit, context)
        return component_cut(name, tags[name], own, drafting.options.stage, commit, context=context)

    return CutDraft(
        source=source, start=start, picks=wanted, commit=commit, components=tuple(map(cut_of, names))
    )


def _followed(
    leader: CutSource, tags: Sequence[TaggedVersion], commit: str, context: CutContext
) -> CutSource:
    """Where a component with `tags` stands that is released from `commit` together with the leading one."""
    reachable = frozenset(tagged.tag for tagged in tags if context.clone.is_ancestor(tagged.commit, commit))
    return source_with_leader(tags, leader, reachable=reachable)


def _start(source: CutSource, drafting: Drafting) -> tuple[str, tuple[Contribution, ...]]:
    """The commit to cut from, and what is to be backported onto it."""
    clone, remote = drafting.context.clone, drafting.remote
    main = remote.branches[remote.main]
    if source.branch is None:
        return main, ()
    start = remote.branches.get(source.branch)
    if start is None and source.patch and source.base:
        start = source.base.commit
    version = source.base.version if source.patch and source.base else source.open_rc
    if start is None or version is None:
        raise CutError(
            f"the remote has lost the branch {source.branch}", fix="push it again, from its last tag"
        )
    ahead = clone.contributions(since=[start], until=main)
    there = clone.contributions(since=[main], until=start)
    return start, picks.wanted(line_of_version(version), ahead, there, drafting.pulls.merged(ahead))


def _nothing(cut: ComponentCut, source: CutSource) -> CutError:
    since = f"since {cut.last}" if cut.last else "in the repository"
    line = line_of_version(cut.version)
    cure = (
        f"label pull requests backport/{line} (or write `Backport: {line}` into the commit's message)"
        if source.branch
        else "merge something first"
    )
    return CutError(f"nothing to release: nothing of {cut.name} has changed {since}", fix=cure)
