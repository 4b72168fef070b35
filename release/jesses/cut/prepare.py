"""Work out a release from git, the remote and GitHub, down to the objects to push. Nothing leaves the machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jesses.base.errors import CutError
from jesses.config import Config
from jesses.cut import checks, objects, picks
from jesses.cut.channels import Channels
from jesses.cut.components import ComponentCut, Seen, has_changes, target_of
from jesses.cut.next_version import Origin, Request, origin
from jesses.cut.plan import Check, CutPlan
from jesses.cut.pull_requests import Pulls
from jesses.history.clone import Clone, Committer
from jesses.history.notes import Contribution
from jesses.plan.versions.lines import branch_of, line_of, lines
from jesses.publish.github import GitHub, Milestone
from jesses.signing import Signer

_NOBODY = Committer(name="nobody", email="nobody@localhost")


@dataclass(frozen=True, kw_only=True)
class CutContext:
    """What cutting a release is given from outside.

    `github` is None where release.toml names no repository, `token` whether it can be asked; `web` is the
    address of the repository's pages. `channels` are read to see what is published already;
    `rerun` is the command that goes on after an interruption; `clock` gives seconds since 1970 UTC.
    """

    directory: Path
    config: Config
    clone: Clone
    github: GitHub | None
    token: bool
    web: str
    signer: Signer | None
    channels: Channels
    rerun: str
    clock: Callable[[], float]


def prepare(request: Request, around: CutContext, *, skip: Sequence[str] = ()) -> CutPlan:
    """The plan of a release.

    Raises:
        CutError: there is nothing to release, or what is asked for cannot be.
        PickError: a backport conflicts.
        GitHubError, HistoryError, VersionError: see there.

    """
    components = around.config.components
    own = [name for name, component in components.items() if component.repository == "."]
    if unknown := [name for name in request.components if name not in own]:
        there = unknown[0] in components
        what = f"{unknown[0]} is in another repository" if there else f"there is no component {unknown[0]!r}"
        raise CutError(what, fix=f"components that are released from here are {', '.join(own)}")
    seen = look(around.clone)
    pulls = Pulls(around.github if around.token else None)
    if left := unfinished(around, seen):
        return _finishing(around, seen, left)
    names = [name for name in own if name in request.components or not request.components]
    return _prepare(names, request, around, seen, pulls, skip)


def look(clone: Clone) -> Seen:
    """The remote as it is now."""
    main = clone.fetch()
    return Seen(main=main, branches=clone.branches(), tags=clone.tags())


def unfinished(around: CutContext, seen: Seen) -> tuple[str, ...]:
    """The branches with a changelog that were pushed but have no pull request: a cut ended in between."""
    github = around.github
    if github is None or not around.token:
        return ()
    branches = (branch for branch in seen.branches if branch.startswith(objects.BRING_BACK))
    return tuple(branch for branch in branches if github.pull_from(branch) is None)


def _finishing(around: CutContext, seen: Seen, left: tuple[str, ...]) -> CutPlan:
    detail = f"{', '.join(left)} has no pull request yet: this finishes it, and cuts nothing new"
    return CutPlan(
        project=around.config.project.name,
        tags=(),
        main=seen.main,
        branch=seen.main,
        creates_branch=False,
        start=seen.branches[seen.main],
        picks=(),
        manager=str(around.clone.identity() or _NOBODY),
        signed_by=None,
        bring_back=None,
        pulls=left,
        updates=(),
        checks=(Check(name="unfinished", state="ok", detail=detail),),
    )


def _prepare(
    names: Sequence[str],
    request: Request,
    around: CutContext,
    seen: Seen,
    pulls: Pulls,
    skip: Sequence[str],
) -> CutPlan:
    components = around.config.components
    leader = components[names[0]]
    source = origin(leader, lines(components, seen.tags)[names[0]], request)
    start, wanted = _start(source, around, seen, pulls)
    identity = around.clone.identity()
    who = identity or _NOBODY
    commit = picks.bring(
        around.clone,
        source.branch or "",
        start,
        wanted,
        who=who,
        date=int(around.clock()),
        rerun=around.rerun,
    )
    targets = [
        target_of(
            name,
            components,
            source,
            request.stage,
            clone=around.clone,
            seen=seen,
            commit=commit,
            leads=name == names[0],
        )
        for name in names
    ]
    changed = [target for target in targets if has_changes(target, request.stage, around.clone, components)]
    idle = [target for target in targets if target not in changed]
    if not changed or (request.components and idle):
        raise _nothing(idle[0], source)
    if changed[0] is not targets[0]:
        # The first component has nothing new: the release is another's, on a branch of its own line.
        return _prepare([target.name for target in changed], request, around, seen, pulls, skip)
    branch = branch_of(leader, changed[0].version)
    if source.branch not in {None, branch}:
        raise CutError(
            f"{changed[0].version} does not belong on {source.branch}: {'; '.join(changed[0].why)}",
            fix=f"cut it from {seen.main} (without --patch)",
        )
    found = pulls.of(each for target in changed for each in target.contributions)
    facts = _facts(around, seen, branch, start, changed, pulls, identity)
    plan = CutPlan(
        project=around.config.project.name,
        tags=tuple(
            objects.planned_tag(target, around.clone, found, web=around.web, now=around.clock())
            for target in changed
        ),
        main=seen.main,
        branch=branch,
        creates_branch=branch not in seen.branches,
        start=start,
        picks=wanted,
        manager=str(who),
        signed_by=around.signer.fingerprint if around.signer else None,
        bring_back=None,
        pulls=(),
        updates=(),
        checks=checks.examine(facts, skip=skip),
    )
    return objects.composed(
        plan,
        around.clone,
        seen,
        components,
        commit,
        who=who,
        signer=around.signer,
        date=int(around.clock()),
        asks_for_pull=around.github is not None and around.token,
    )


def _start(
    source: Origin, around: CutContext, seen: Seen, pulls: Pulls
) -> tuple[str, tuple[Contribution, ...]]:
    """The commit to cut from, and what is to be backported onto it."""
    clone, main = around.clone, seen.branches[seen.main]
    if source.branch is None:
        return main, ()
    start = seen.branches.get(source.branch)
    if start is None and source.patch and source.base:
        start = source.base.commit
    line = source.base.version if source.patch and source.base else source.open_rc
    if start is None or line is None:
        raise CutError(
            f"the remote has lost the branch {source.branch}", fix="push it again, from its last tag"
        )
    ahead = clone.contributions(since=[start], until=main)
    there = clone.contributions(since=[main], until=start)
    return start, picks.wanted(line_of(line), ahead, there, pulls.raw(ahead))


def _nothing(target: ComponentCut, source: Origin) -> CutError:
    since = f"since {target.last}" if target.last else "in the repository"
    cure = (
        f"label pull requests backport/{line_of(target.version)} (or write `Backport: {line_of(target.version)}` "
        "into the commit's message)"
        if source.branch
        else "merge something first"
    )
    return CutError(f"nothing to release: nothing of {target.name} has changed {since}", fix=cure)


def _facts(
    around: CutContext,
    seen: Seen,
    branch: str,
    start: str,
    targets: Sequence[ComponentCut],
    pulls: Pulls,
    identity: Committer | None,
) -> checks.Facts:
    clone, github = around.clone, around.github
    current = clone.current_branch()
    asked = github if around.token else None
    milestones = _milestones(targets, asked) if asked else {}
    local = clone.local_tags()
    remote = frozenset(seen.tags)
    return checks.Facts(
        dirty=clone.is_dirty(),
        current=current,
        main=seen.main,
        branch=branch,
        ahead=current in seen.branches and not clone.is_ancestor("HEAD", seen.branches[current]),
        identity=identity,
        token=around.token,
        login=asked.login() if asked else None,
        verdicts=None if github is None else tuple(asked.verdicts(start)) if asked else (),
        milestones=milestones,
        milestone_pulls=tuple(
            pull
            for milestone in filter(None, milestones.values())
            for pull in (asked.merged_in(milestone) if asked else ())
        ),
        pulls=pulls.raw(each for target in targets for each in target.contributions),
        signed_by=around.signer.fingerprint if around.signer else None,
        wanted=[
            checks.CutRequirements(
                tag=target.tag,
                version=target.version,
                line=[
                    tagged.version
                    for tagged in target.line
                    if line_of(tagged.version) == line_of(target.version)
                ],
                remote=target.tag in remote,
                local=target.tag in local - remote,
                contract=target.contract,
                places=around.channels.holding(target.name, target.version),
            )
            for target in targets
        ],
        start=start,
    )


def _milestones(targets: Sequence[ComponentCut], github: GitHub) -> dict[str, Milestone | None]:
    """The milestone of every final version: it is called like the tag, or `COMPONENT VERSION`.

    That of the component that leads may be called like its version alone.
    """
    finals = [target for target in targets if not target.version.prerelease]
    known = {milestone.title: milestone for milestone in github.milestones()} if finals else {}
    found: dict[str, Milestone | None] = {}
    for target in finals:
        names = [target.tag, f"{target.name} {target.version}"]
        names += [str(target.version)] if target is targets[0] else []
        found[target.tag] = next((known[name] for name in names if name in known), None)
    return found
