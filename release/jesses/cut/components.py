"""The components of one release: the version of each, and what has changed in it."""

from collections.abc import Mapping
from dataclasses import dataclass

from semver import Version

from jesses.base.errors import VersionError
from jesses.config import Component
from jesses.cut.next_version import Origin, Stage, final_version, following, staged_version
from jesses.history.clone import Clone
from jesses.history.notes import Contribution
from jesses.history.notes.changes import of_component
from jesses.history.notes.parse import commit_type
from jesses.plan.versions.component_tags import TaggedVersion
from jesses.plan.versions.lines import after_contract, lines, tag_of

OURS = "release"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The remote, as it was when we looked: its main branch, the commits of its branches and tags."""

    main: str
    branches: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ComponentCut:
    """One component of a release.

    `base` is the release before, `last` the tag before it, a candidate included. `contributions` are the commits
    since `base`, without those that `base` has under another name; none for a component that a patch meets for
    the first time, since first releases come from the main branch. `contract` is what is wrong with the files of
    the contract.
    """

    name: str
    tag: str
    version: Version
    why: tuple[str, ...]
    line: tuple[TaggedVersion, ...]
    base: TaggedVersion | None
    last: str | None
    contributions: tuple[Contribution, ...]
    commit: str
    contract: str


def target_of(  # noqa: PLR0913 -- what it weighs
    name: str,
    components: Mapping[str, Component],
    source: Origin,
    stage: Stage | None,
    *,
    clone: Clone,
    seen: Seen,
    commit: str,
    leads: bool,
) -> ComponentCut:
    """The component `name` as it would be released from `commit`."""
    component = components[name]
    line = lines(components, seen.tags)[name]
    if not leads:
        reachable = frozenset(tagged.tag for tagged in line if clone.is_ancestor(tagged.commit, commit))
        source = following(line, source, reachable=reachable)
    final, why, broken = _final(component, source, clone, commit)
    version, kind = staged_version(final, line, stage)
    base = [source.base.commit] if source.base else []
    released = {each.origin for each in clone.contributions(since=[commit], until=base[0])} if base else set()
    contributions = of_component(clone.contributions(since=base, until=commit), name, components)
    if source.patch and not base:
        contributions = ()
    candidates = [tagged for tagged in line if tagged.version.finalize_version() == final]
    last = max(candidates, default=source.base, key=lambda tagged: tagged.version)
    return ComponentCut(
        name=name,
        tag=tag_of(component, version),
        version=version,
        why=(source.why, why, kind),
        line=line,
        base=source.base,
        last=last.tag if last else None,
        contributions=tuple(each for each in contributions if each.sha not in released),
        commit=commit,
        contract=broken,
    )


def has_changes(
    target: ComponentCut, stage: Stage | None, clone: Clone, components: Mapping[str, Component]
) -> bool:
    """Whether there is something to release: since the release before, for a candidate since the last one."""
    contributions = target.contributions
    last = next((tagged for tagged in target.line if tagged.tag == target.last), None)
    if stage == "rc" and last:
        since = clone.contributions(since=[last.commit], until=target.commit)
        fresh = {each.sha for each in of_component(since, target.name, components)}
        contributions = tuple(each for each in contributions if each.sha in fresh)
    return any(commit_type(each.message) != OURS for each in contributions)


def _final(component: Component, source: Origin, clone: Clone, commit: str) -> tuple[Version, str, str]:
    """The final version, why, and what is wrong with the contract; the next patch where something is."""
    if component.bump != "contract" or source.base is None:
        return (*final_version(component, source), "")
    try:
        return (
            *after_contract(component, source.base, commit, lambda path, at: clone.text(path, at=at)),
            "",
        )
    except VersionError as error:
        return source.base.version.bump_patch(), "the contract cannot be read", error.what
