"""The components of one release: the version of each, and what has changed in it."""

from dataclasses import dataclass

from semver import Version

from jesses.base.errors import VersionError
from jesses.config import Component
from jesses.cut.context import CutContext
from jesses.cut.next_version import CutSource, final_version, staged_version
from jesses.cut.options import Stage
from jesses.history.clone import Clone
from jesses.history.notes import Contribution
from jesses.history.notes.changes import of_component
from jesses.history.notes.parse import commit_type
from jesses.plan.versions.component_tags import TaggedVersion
from jesses.plan.versions.lines import after_contract, tag_of

OURS = "release"
"""The type of the commits that cutting a release makes: they are no change to release."""


@dataclass(frozen=True, kw_only=True)
class ComponentCut:
    """One component of a release.

    `tags` are all that it has, `base` is the release before, `last` the tag before it, a candidate included.
    `contributions` are the commits since `base`, without those that `base` has under another name; none for a
    component that a patch meets for the first time, since first releases come from the main branch. `contract` is
    what is wrong with the files of the contract.
    """

    name: str
    tag: str
    version: Version
    why: tuple[str, ...]
    tags: tuple[TaggedVersion, ...]
    base: TaggedVersion | None
    last: str | None
    contributions: tuple[Contribution, ...]
    commit: str
    contract: str


def component_cut(
    name: str,
    tags: tuple[TaggedVersion, ...],
    source: CutSource,
    stage: Stage | None,
    commit: str,
    *,
    context: CutContext,
) -> ComponentCut:
    """The component `name`, which has `tags`, as it would be released from `commit`.

    Raises:
        CutError: the next release candidate would sort before the last.
        HistoryError: git failed.

    """
    clone, components = context.clone, context.config.components
    component = components[name]
    final, why, broken = _final(component, source, clone, commit)
    version, kind = staged_version(final, tags, stage)
    base = [source.base.commit] if source.base else []
    released = {each.origin for each in clone.contributions(since=[commit], until=base[0])} if base else set()
    contributions = of_component(clone.contributions(since=base, until=commit), name, components)
    if source.patch and not base:
        contributions = ()
    candidates = [tagged for tagged in tags if tagged.version.finalize_version() == final]
    last = max(candidates, default=source.base, key=lambda tagged: tagged.version)
    return ComponentCut(
        name=name,
        tag=tag_of(component, version),
        version=version,
        why=(source.why, why, kind),
        tags=tags,
        base=source.base,
        last=last.tag if last else None,
        contributions=tuple(each for each in contributions if each.sha not in released),
        commit=commit,
        contract=broken,
    )


def has_changes(cut: ComponentCut, stage: Stage | None, context: CutContext) -> bool:
    """Whether there is something to release: since the release before, for a candidate since the last one."""
    contributions = cut.contributions
    last = next((tagged for tagged in cut.tags if tagged.tag == cut.last), None)
    if stage == "rc" and last:
        since = context.clone.contributions(since=[last.commit], until=cut.commit)
        fresh = {each.sha for each in of_component(since, cut.name, context.config.components)}
        contributions = tuple(each for each in contributions if each.sha in fresh)
    return any(commit_type(each.message) != OURS for each in contributions)


def _final(component: Component, source: CutSource, clone: Clone, commit: str) -> tuple[Version, str, str]:
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
