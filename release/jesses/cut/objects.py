"""The objects of a release: the commit with the changelog, the tags, and the commit that brings it back."""

from collections.abc import Mapping
from dataclasses import replace

from jesses.cut.components import ComponentCut
from jesses.cut.context import CutContext
from jesses.cut.plan import CutPlan, PlannedTag
from jesses.cut.remote_state import RemoteState
from jesses.history.clone import Committer, RefUpdate
from jesses.history.notes import PullRequest, changes_in, newcomers, section, with_section
from jesses.history.notes.changelog import CHANGELOG
from jesses.plan.versions.lines import component_of_tag

CHANGELOG_BRANCH = "changelog/"
"""What the branches begin with that bring a changelog back to the main branch; the tag follows."""


def planned_tag(
    cut: ComponentCut, context: CutContext, pulls: Mapping[str, PullRequest], *, date: int
) -> PlannedTag:
    """The tag of `cut`, with its section of the changelog; `date` is in seconds since 1970 UTC."""
    base, web = cut.base, context.web
    known = context.clone.authors(until=[base.commit]) if base else frozenset()
    return PlannedTag(
        component=cut.name,
        tag=cut.tag,
        version=cut.version,
        follows=base.tag if base else None,
        why=cut.why,
        section=section(
            tag=cut.tag,
            date=date,
            changes=changes_in(cut.contributions, pulls, released=frozenset()),
            first_time=newcomers(cut.contributions, pulls, known) if base else (),
            compare=f"{web}/compare/{base.tag}...{cut.tag}" if web and base else "",
        ),
    )


def compose(
    plan: CutPlan, commit: str, context: CutContext, remote: RemoteState, *, who: Committer, date: int
) -> CutPlan:
    """`plan`, which releases `commit`, with the updates to push. Candidates leave the changelog as it is.

    `who` makes the objects, at `date` (seconds since 1970 UTC).

    Raises:
        HistoryError: git cannot make an object.
        SigningError: a tag cannot be signed.

    """
    clone, components = context.clone, context.config.components
    old = remote.branches.get(plan.branch)
    if old and not clone.is_ancestor(old, commit):
        # The line goes on from the main branch, which has everything that was ever backported to it.
        message = f"release: take {plan.branch} to {plan.main}\n"
        commit = clone.join(commit, old, message=message, who=who, date=date)
    finals = [planned for planned in plan.tags if not planned.version.prerelease]
    names = " and ".join(planned.tag for planned in finals)

    def with_changelog(parent: str, message: str) -> str:
        before = clone.text(CHANGELOG, at=parent) or ""
        after = before
        for planned in finals:
            after = with_section(after, planned.section, lambda name: component_of_tag(name, components))
        if after == before:
            return parent
        return clone.commit_file(CHANGELOG, after, parent=parent, message=message, who=who, date=date)

    commit = with_changelog(commit, f"release: {names}\n")
    main = remote.branches[remote.main]
    back = with_changelog(main, f"release: changelog of {names}\n")
    bring_back = f"{CHANGELOG_BRANCH}{plan.tags[0].tag}" if back != main else None
    updates = [RefUpdate(ref=f"refs/heads/{plan.branch}", new=commit, old=old)]
    updates += [
        RefUpdate(
            ref=f"refs/tags/{planned.tag}",
            new=clone.tag_object(_tag_text(plan, planned, commit, context, who, date)),
            old=None,
        )
        for planned in plan.tags
    ]
    if bring_back:
        updates.append(
            RefUpdate(ref=f"refs/heads/{bring_back}", new=back, old=remote.branches.get(bring_back))
        )
    return replace(
        plan,
        updates=tuple(update for update in updates if update.new != update.old),
        bring_back=bring_back,
        pulls=(bring_back,) if bring_back and context.open_github else (),
    )


def _tag_text(
    plan: CutPlan, planned: PlannedTag, commit: str, context: CutContext, who: Committer, date: int
) -> str:
    """An annotated tag (git-mktag(1)); a signature stands at its end, as `git tag --sign` puts it."""
    text = (
        f"object {commit}\ntype commit\ntag {planned.tag}\ntagger {who} {date} +0000\n\n"
        f"{plan.project} {planned.tag}\n"
    )
    signature = context.signer.detach(text.encode()).decode() if context.signer else ""
    return text + signature
