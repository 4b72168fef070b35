"""The objects of a release: the commit with the changelog, the tags, and the commit that brings it back."""

from collections.abc import Mapping
from dataclasses import replace

from jesses.config import Component
from jesses.cut.components import ComponentCut, Seen
from jesses.cut.plan import CutPlan, PlannedTag
from jesses.history.clone import Clone, Committer, RefUpdate
from jesses.history.notes import PullRequest, changes_in, newcomers, section, with_section
from jesses.history.notes.changelog import CHANGELOG
from jesses.plan.versions.lines import component_of_tag
from jesses.signing import Signer

BRING_BACK = "changelog/"


def planned_tag(
    target: ComponentCut,
    clone: Clone,
    pulls: Mapping[str, PullRequest],
    *,
    web: str,
    now: float,
) -> PlannedTag:
    """The tag of `target`, with its section of the changelog."""
    base = target.base
    known = clone.authors(until=[base.commit]) if base else frozenset()
    return PlannedTag(
        component=target.name,
        tag=target.tag,
        version=target.version,
        follows=base.tag if base else None,
        why=target.why,
        section=section(
            tag=target.tag,
            date=int(now),
            changes=changes_in(target.contributions, pulls, released=frozenset()),
            first_time=newcomers(target.contributions, pulls, known) if base else (),
            compare=f"{web}/compare/{base.tag}...{target.tag}" if web and base else "",
        ),
    )


def composed(  # noqa: PLR0913 -- what a commit and a tag are made of
    plan: CutPlan,
    clone: Clone,
    seen: Seen,
    components: Mapping[str, Component],
    commit: str,
    *,
    who: Committer,
    signer: Signer | None,
    date: int,
    asks_for_pull: bool,
) -> CutPlan:
    """`plan` with the updates to push. Candidates leave the changelog as it is."""
    old = seen.branches.get(plan.branch)
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
    main = seen.branches[seen.main]
    back = with_changelog(main, f"release: changelog of {names}\n")
    bring_back = f"{BRING_BACK}{plan.tags[0].tag}" if back != main else None
    updates = [RefUpdate(ref=f"refs/heads/{plan.branch}", new=commit, old=old)]
    updates += [
        RefUpdate(
            ref=f"refs/tags/{planned.tag}",
            new=_tag(plan, planned, clone, commit, who, signer, date),
            old=None,
        )
        for planned in plan.tags
    ]
    if bring_back:
        updates.append(RefUpdate(ref=f"refs/heads/{bring_back}", new=back, old=seen.branches.get(bring_back)))
    return replace(
        plan,
        updates=tuple(update for update in updates if update.new != update.old),
        bring_back=bring_back,
        pulls=(bring_back,) if bring_back and asks_for_pull else (),
    )


def _tag(
    plan: CutPlan, planned: PlannedTag, clone: Clone, commit: str, who: Committer, signer: Signer | None, date: int
) -> str:  # fmt: skip
    """The annotated tag as an object; a signature stands at its end, as `git tag --sign` puts it."""
    text = (
        f"object {commit}\ntype commit\ntag {planned.tag}\ntagger {who} {date} +0000\n\n"
        f"{plan.project} {planned.tag}\n"
    )
    signature = signer.detach(text.encode()).decode() if signer else ""
    return clone.tag_object(text + signature)
