"""What must hold before a release is cut. Pure: facts in, checks out, all of them at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from semver import Version

from jesses.cut.plan import Check
from jesses.history.clone import Committer
from jesses.history.notes.parse import release_note
from jesses.publish.github import Milestone, Pull, Verdict

_NO_GITHUB = "release.toml names no GitHub repository"


@dataclass(frozen=True, kw_only=True)
class CutRequirements:
    """One tag that is to be made, and what is known of it.

    `line` are the versions with the same major and minor, `remote` whether the remote has the tag, `local` whether
    only this clone has it. `contract` is what is wrong with the contract's files, `published_in` the channels that
    have the version already.
    """

    tag: str
    version: Version
    line: Sequence[Version]
    remote: bool
    local: bool
    contract: str
    published_in: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class CutFacts:
    """What the checks decide on. `verdicts` is None where no GitHub repository is named.

    `milestones` has that of each final version, by the tag; None where there is none.
    """

    dirty: bool
    current: str
    main: str
    branch: str
    ahead: bool
    identity: Committer | None
    token: bool
    login: str | None
    verdicts: Sequence[Verdict] | None
    milestones: Mapping[str, Milestone | None] = field(default_factory=dict)
    milestone_pulls: Sequence[Pull] = ()
    pulls: Mapping[str, Pull] = field(default_factory=dict)
    signed_by: str | None
    wanted: Sequence[CutRequirements]
    start: str


def check_all(facts: CutFacts, *, skip: Sequence[str]) -> tuple[Check, ...]:
    """Every check; one that fails and that `skip` names counts as skipped, and says why it failed."""
    return tuple(_skipped(check, skip) for check in _all(facts))


def _skipped(check: Check, skip: Sequence[str]) -> Check:
    if check.name not in skip or check.state != "failed":
        return check
    return Check(name=check.name, state="skipped", detail=f"{check.detail}; left out by --skip {check.name}")


def _all(facts: CutFacts) -> Iterator[Check]:
    yield _check(
        "clean", not facts.dirty, "no changed files", "files are changed", "commit or stash them (git status)"
    )
    yield _check(
        "branch",
        facts.current in {facts.main, facts.branch},
        f"on {facts.current}",
        f"on {facts.current or 'no branch'}, not on {facts.main}",
        f"git switch {facts.main}",
    )
    yield _check(
        "pushed",
        not facts.ahead,
        "the remote has every commit of this clone's branch",
        f"{facts.current} has commits that the remote has not, and they would not be in the release",
        "push them and have them reviewed, or reset the branch",
    )
    yield from _manager(facts)
    yield _ci(facts)
    yield from _milestones(facts)
    yield _notes(facts)
    for wanted in facts.wanted:
        yield from _version(wanted)
    key = facts.signed_by
    yield Check(
        name="key",
        state="ok" if key else "skipped",
        detail=f"tags are signed by {key}" if key else "no key in JESSES_SIGNING_KEY: tags are not signed",
    )


def _manager(facts: CutFacts) -> Iterator[Check]:
    who = str(facts.identity) + (f" (@{facts.login})" if facts.login else "")
    yield _check(
        "manager",
        facts.identity is not None,
        f"{who} leads this release",
        "git does not know who leads this release",
        "git config user.name NAME; git config user.email ADDRESS",
    )
    if facts.verdicts is None:
        yield Check(name="token", state="skipped", detail=_NO_GITHUB)
    else:
        yield _check(
            "token",
            facts.token,
            "GitHub knows the token",
            "there is no token for GitHub",
            "set GITHUB_TOKEN (docs/maintainers.md says what it must be allowed)",
        )


def _ci(facts: CutFacts) -> Check:
    if facts.verdicts is None or not facts.token:
        return Check(name="ci", state="skipped", detail=_NO_GITHUB if facts.verdicts is None else "no token")
    bad = [f"{verdict.name} {verdict.outcome}" for verdict in facts.verdicts if verdict.outcome != "passed"]
    commit = facts.start[:7]
    if not facts.verdicts:
        return _check("ci", False, "", f"CI has said nothing of {commit}", "wait until it has, or start it")
    return _check(
        "ci",
        not bad,
        f"{len(facts.verdicts)} checks passed on {commit}",
        f"on {commit}: {', '.join(bad)}",
        "wait for what is pending; cure what failed on that branch",
    )


def _milestones(facts: CutFacts) -> Iterator[Check]:
    if facts.verdicts is None or not facts.milestones:
        why = _NO_GITHUB if facts.verdicts is None else "a candidate needs none"
        yield Check(name="milestone", state="skipped", detail=why)
        return
    for tag, milestone in facts.milestones.items():
        if milestone is None:
            yield Check(name="milestone", state="skipped", detail=f"no milestone is called {tag}")
            continue
        yield _check(
            "milestone",
            milestone.closed and not milestone.open_issues,
            f"{milestone.title} is closed",
            f"{milestone.title} is open, with {milestone.open_issues} open issues",
            f"finish or move them, and close it: {milestone.url}",
        )


def _notes(facts: CutFacts) -> Check:
    if facts.verdicts is None or not facts.token:
        return Check(name="notes", state="skipped", detail="notes come from commits alone")
    pulls = {pull.number: pull for pull in (*facts.pulls.values(), *facts.milestone_pulls)}
    silent = [number for number, pull in sorted(pulls.items()) if release_note(pull.body) is None]
    return _check(
        "notes",
        not silent,
        f"all {len(pulls)} pull requests have a release note",
        f"no release-note block in {', '.join(f'#{number}' for number in silent)}",
        "add one to each (```release-note ... ```; NONE where users need not know)",
    )


def _version(wanted: CutRequirements) -> Iterator[Check]:
    higher = [str(version) for version in wanted.line if version >= wanted.version]
    problems = [
        *([f"the remote has the tag {wanted.tag} already"] if wanted.remote else []),
        *([f"{', '.join(higher)} on its line is not lower"] if higher and not wanted.remote else []),
        *[f"{wanted.version} is published already in {place}" for place in wanted.published_in],
    ]
    yield _check(
        "version",
        not problems,
        f"{wanted.tag} is free, and higher than all on its line",
        "; ".join(problems),
        "run `invoke release.status`; a published version is never cut again",
    )
    yield _check(
        "local-tag",
        not wanted.local,
        f"this clone has no {wanted.tag} of its own",
        f"this clone has a tag {wanted.tag} that the remote has not",
        f"git tag --delete {wanted.tag}",
    )
    if wanted.contract:
        yield Check(
            name="contract",
            state="failed",
            detail=wanted.contract,
            cure="a contract only rises and begins with a SemVer: restore or raise it",
        )


def _check(name: str, holds: bool, good: str, bad: str, cure: str) -> Check:
    return Check(
        name=name,
        state="ok" if holds else "failed",
        detail=good if holds else bad,
        cure="" if holds else cure,
    )
