"""Work out a release from git, the remote and GitHub, down to the objects to push. Nothing leaves the machine."""

from collections.abc import Sequence

from jesses.base.errors import CutError
from jesses.config import Config
from jesses.cut import objects
from jesses.cut.checks import check_all
from jesses.cut.context import CutContext
from jesses.cut.draft import CutDraft, Drafting, draft_with_changes
from jesses.cut.facts import gather_facts
from jesses.cut.options import CutOptions
from jesses.cut.plan import Check, CutPlan
from jesses.cut.pull_requests import PullRequests
from jesses.cut.remote_state import RemoteState, read_remote
from jesses.history.clone import Committer
from jesses.plan.versions.lines import branch_of

_NOBODY = Committer(name="nobody", email="nobody@localhost")


def prepare(options: CutOptions, context: CutContext, *, skip: Sequence[str] = ()) -> CutPlan:
    """The plan of a release; checks that `skip` names are left out.

    Raises:
        CutError: there is nothing to release, or what is asked for cannot be.
        PickError: a backport conflicts.
        GitHubError, HistoryError, StoreError, VersionError: see there.

    """
    names = _components_to_cut(options, context.config)
    remote = read_remote(context.clone)
    if left := unfinished(context, remote):
        return _finishing(context, remote, left)
    pulls = PullRequests(context.open_github)
    identity = context.clone.identity()
    who, date = identity or _NOBODY, int(context.clock())
    draft = draft_with_changes(
        names,
        Drafting(options=options, context=context, remote=remote, pulls=pulls, who=who, date=date),
    )
    branch = _release_branch(draft, context.config, remote)
    notes = pulls.for_notes(each for cut in draft.components for each in cut.contributions)
    facts = gather_facts(draft, branch, context, remote, pulls, identity)
    plan = CutPlan(
        project=context.config.project.name,
        tags=tuple(objects.planned_tag(cut, context, notes, date=date) for cut in draft.components),
        main=remote.main,
        branch=branch,
        creates_branch=branch not in remote.branches,
        start=draft.start,
        picks=draft.picks,
        manager=str(who),
        signed_by=context.signer.fingerprint if context.signer else None,
        bring_back=None,
        pulls=(),
        updates=(),
        checks=check_all(facts, skip=skip),
    )
    return objects.compose(plan, draft.commit, context, remote, who=who, date=date)


def unfinished(context: CutContext, remote: RemoteState) -> tuple[str, ...]:
    """The branches with a changelog that an interrupted cut has pushed, and opened no pull request for."""
    github = context.open_github
    if github is None:
        return ()
    branches = (branch for branch in remote.branches if branch.startswith(objects.CHANGELOG_BRANCH))
    return tuple(branch for branch in branches if github.pull_from(branch) is None)


def _components_to_cut(options: CutOptions, config: Config) -> list[str]:
    """The components that are asked for, or all of this repository, in the order of release.toml."""
    components = config.components
    own = [name for name, component in components.items() if component.repository == "."]
    if unknown := [name for name in options.components if name not in own]:
        there = unknown[0] in components
        what = f"{unknown[0]} is in another repository" if there else f"there is no component {unknown[0]!r}"
        raise CutError(what, fix=f"components that are released from here are {', '.join(own)}")
    return [name for name in own if name in options.components or not options.components]


def _release_branch(draft: CutDraft, config: Config, remote: RemoteState) -> str:
    """The release branch that the leading component's version belongs on."""
    leader = draft.components[0]
    branch = branch_of(config.components[leader.name], leader.version)
    if draft.source.branch not in {None, branch}:
        raise CutError(
            f"{leader.version} does not belong on {draft.source.branch}: {'; '.join(leader.why)}",
            fix=f"cut it from {remote.main} (without --patch)",
        )
    return branch


def _finishing(context: CutContext, remote: RemoteState, left: tuple[str, ...]) -> CutPlan:
    """The plan that only opens the pull requests which an interrupted cut has left."""
    detail = f"{', '.join(left)} has no pull request yet: this finishes it, and cuts nothing new"
    return CutPlan(
        project=context.config.project.name,
        tags=(),
        main=remote.main,
        branch=remote.main,
        creates_branch=False,
        start=remote.branches[remote.main],
        picks=(),
        manager=str(context.clone.identity() or _NOBODY),
        signed_by=None,
        bring_back=None,
        pulls=left,
        updates=(),
        checks=(Check(name="unfinished", state="ok", detail=detail),),
    )
