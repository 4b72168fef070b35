"""Finds out what the checks of a cut ask: from the clone, the remote, the channels and GitHub."""

from collections.abc import Iterable, Sequence

from jesses.cut.checks import CutFacts, CutRequirements
from jesses.cut.components import ComponentCut
from jesses.cut.context import CutContext
from jesses.cut.draft import CutDraft
from jesses.cut.pull_requests import PullRequests
from jesses.cut.remote_state import RemoteState
from jesses.history.clone import Committer
from jesses.plan.versions.lines import line_of_version
from jesses.publish.github import GitHub, Milestone, Pull


def gather_facts(
    draft: CutDraft,
    branch: str,
    context: CutContext,
    remote: RemoteState,
    pulls: PullRequests,
    identity: Committer | None,
) -> CutFacts:
    """What is known of `draft`, which goes to the release branch `branch`.

    Raises:
        GitHubError, HistoryError, StoreError: GitHub, git or a channel's store failed.

    """
    clone, github = context.clone, context.open_github
    current = clone.current_branch()
    milestones = _milestones(draft.components, github) if github else {}
    return CutFacts(
        dirty=clone.is_dirty(),
        current=current,
        main=remote.main,
        branch=branch,
        ahead=current in remote.branches and not clone.is_ancestor("HEAD", remote.branches[current]),
        identity=identity,
        token=context.token,
        login=github.login() if github else None,
        verdicts=None if context.github is None else tuple(github.verdicts(draft.start)) if github else (),
        milestones=milestones,
        milestone_pulls=_pulls_in(milestones.values(), github) if github else (),
        pulls=pulls.merged(each for cut in draft.components for each in cut.contributions),
        signed_by=context.signer.fingerprint if context.signer else None,
        wanted=_requirements(draft.components, context, remote),
        start=draft.start,
    )


def _requirements(
    cuts: Sequence[ComponentCut], context: CutContext, remote: RemoteState
) -> list[CutRequirements]:
    local, known = context.clone.local_tags(), frozenset(remote.tags)
    return [
        CutRequirements(
            tag=cut.tag,
            version=cut.version,
            line=[
                tagged.version
                for tagged in cut.tags
                if line_of_version(tagged.version) == line_of_version(cut.version)
            ],
            remote=cut.tag in known,
            local=cut.tag in local - known,
            contract=cut.contract,
            published_in=context.channels.holding(cut.name, cut.version),
        )
        for cut in cuts
    ]


def _milestones(cuts: Sequence[ComponentCut], github: GitHub) -> dict[str, Milestone | None]:
    """The milestone of every final version: it is called like the tag, or `COMPONENT VERSION`.

    That of the component that leads may be called like its version alone.
    """
    finals = [cut for cut in cuts if not cut.version.prerelease]
    known = {milestone.title: milestone for milestone in github.milestones()} if finals else {}
    found: dict[str, Milestone | None] = {}
    for cut in finals:
        names = [cut.tag, f"{cut.name} {cut.version}"]
        names += [str(cut.version)] if cut is cuts[0] else []
        found[cut.tag] = next((known[name] for name in names if name in known), None)
    return found


def _pulls_in(milestones: Iterable[Milestone | None], github: GitHub) -> tuple[Pull, ...]:
    return tuple(pull for milestone in milestones if milestone for pull in github.merged_in(milestone))
