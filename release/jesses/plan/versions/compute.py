"""The version of each component: an exact tag, its last release if nothing changed, or a development version."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from jesses.base.errors import HistoryError
from jesses.base.parallel import both, ordered_map
from jesses.config.models import Component
from jesses.history.git_history import Commit, History
from jesses.plan.versions.base_tag import BaseTag, find_base
from jesses.plan.versions.checkout import Checkout
from jesses.plan.versions.component_tags import ComponentTags, TaggedVersion, tags_by_component
from jesses.plan.versions.rules import NextVersion, next_version
from jesses.plan.versions.values import ComponentVersion, Reason
from jesses.plan.versions.versioned_component import VersionedComponent

_SHORT: Final = 7
_LIKE_A_VERSION: Final = re.compile(r"[0-9]+\.[0-9]+")


@dataclass(frozen=True, kw_only=True)
class ComponentRepository:
    """A repository that holds components."""

    history: History
    checkout: Checkout


def compute_all(
    components: Mapping[str, Component], repositories: Mapping[str, ComponentRepository]
) -> dict[str, ComponentVersion]:
    """The version of every component, each in the one of `repositories` that it names.

    Raises:
        HistoryError: git cannot say: tagged files are changed, or a tag is lower than what it contains.
        VersionError: a contract is wrong, or a release branch cannot have what would follow.

    """
    found: dict[str, ComponentVersion] = {}
    for location, repository in repositories.items():
        own = {name: component for name, component in components.items() if component.repository == location}
        found |= _compute_in(repository, own)
    return {name: found[name] for name in components}


def _compute_in(
    repository: ComponentRepository, components: Mapping[str, Component]
) -> dict[str, ComponentVersion]:
    history, checkout = repository.history, repository.checkout
    patterns = {name: component.tag for name, component in components.items()}
    tags = tags_by_component(patterns, history.tags())
    strangers = _strangers(repository, tags)
    if checkout.tag in strangers:
        known = ", ".join(f"{pattern} of {name}" for name, pattern in patterns.items())
        raise HistoryError(
            f"the tag {checkout.tag}, which started this run, is no version of any component ({known})",
            fix="take it back (git push --delete origin TAG) and tag a SemVer, such as 1.2.0",
        )
    branches = tuple(component.release_branch for component in components.values())
    subjects = (
        VersionedComponent(
            name=name,
            component=component,
            tags=tags[name],
            history=history,
            checkout=checkout,
            branches=branches,
        )
        for name, component in components.items()
    )
    # Each waits for git most of the time.
    versions = ordered_map(partial(_compute, strangers=strangers), subjects, threads=len(components))
    return {version.component: version for version in versions}


def _strangers(repository: ComponentRepository, tags: Mapping[str, ComponentTags]) -> list[str]:
    """The tags on HEAD that look like versions and are none of any component."""
    head = repository.checkout.head.sha
    own = {tagged.tag for component in tags.values() for tagged in component.on(head)}
    here = (tag for tag, commit in repository.history.tags().items() if commit == head)
    return [tag for tag in here if tag not in own and _LIKE_A_VERSION.search(tag)]


def _compute(subject: VersionedComponent, strangers: Sequence[str]) -> ComponentVersion:
    if here := _tag_here(subject):
        return _tagged(subject, here)
    line = subject.line
    base, commit = both(lambda: find_base(subject, line), lambda: _own_commit(subject))
    if base and subject.paths and not base.files and not subject.dirty:
        return _standing(subject, base)
    return _development(subject, commit, base, next_version(subject, base, line), strangers)


def _tag_here(subject: VersionedComponent) -> TaggedVersion | None:
    """The tag on HEAD; of several the one that started this run, that of the release branch, or the highest."""
    here = subject.tags.on(subject.head)
    if wanted := next((tagged for tagged in here if tagged.tag == subject.checkout.tag), None):
        return wanted
    if len({tagged.core[:2] for tagged in here}) > 1:
        line = subject.line
        here = [tagged for tagged in here if tagged.core[:2] == line] or here
    return here[0] if here else None


def _tagged(subject: VersionedComponent, here: TaggedVersion) -> ComponentVersion:
    name = here.tag
    if subject.dirty:
        raise HistoryError(
            f"{subject.name} is at tag {name}, but files that belong to it are changed",
            fix="commit or stash the changes (git status); a tagged release is made from what was tagged",
        )
    above = [other.tag for other in subject.tags.above(here) if other.commit != subject.head]
    if contained := subject.history.merged(above):
        raise HistoryError(
            f"tag {name} is lower than {', '.join(sorted(contained))}, which its commit already contains",
            fix=f"take {name} back and tag a higher version (SemVer has rc10 before rc9: write rc.10)",
        )
    return ComponentVersion(
        component=subject.name,
        version=here.version,
        commit=subject.checkout.head,
        tag=name,
        dirty=False,
        exported=subject.history.is_dirty(),
        reasons=(f"tag {name} is on this commit",),
        evidence=Reason(rule="tag", branch=subject.checkout.described, base=name, commits=0),
    )


def _standing(subject: VersionedComponent, base: BaseTag) -> ComponentVersion:
    name = base.tagged.tag
    return ComponentVersion(
        component=subject.name,
        version=base.tagged.version,
        commit=subject.history.commit(base.tagged.commit),
        tag=name,
        dirty=False,
        exported=True,
        reasons=(
            f"tag {name} still stands: nothing has changed since in {', '.join(subject.paths)}",
            f"no new {subject.name} is made: the released one is used again",
        ),
        evidence=Reason(rule="unchanged", branch=subject.checkout.described, base=name, commits=base.here),
    )


def _development(
    subject: VersionedComponent,
    commit: Commit,
    base: BaseTag | None,
    following: NextVersion,
    strangers: Sequence[str],
) -> ComponentVersion:
    since = base.tagged.tag if base else None
    if base and commit.sha == subject.head:
        count = base.here
    else:
        count = subject.history.count(since=base.tagged.commit if base else None, until=commit.sha)
    short = commit.sha[:_SHORT]
    build = short + _suffix(subject.component.tag) + (".dirty" if subject.dirty else "")
    touching = f", the last to touch {', '.join(subject.component.paths)}" if subject.paths else ""
    return ComponentVersion(
        component=subject.name,
        version=following.version.replace(prerelease=str(count), build=build),
        commit=commit,
        tag=None,
        dirty=subject.dirty,
        exported=not subject.dirty and (commit.sha != subject.head or subject.history.is_dirty()),
        reasons=(
            *((f"the highest final tag to start from is {since}",) if since else ()),
            *((f"{base.later} is no base: this commit is a part of it",) if base and base.later else ()),
            following.reason,
            f"{_commits(count)}{f' from {since}' if since else ''} to {short}{touching}",
            *(f"tag {name} on this commit is no version of any component" for name in strangers),
        ),
        evidence=Reason(
            rule=following.rule,
            branch=subject.checkout.described,
            base=since,
            commits=count,
            files=base.files if base else (),
            contracts=following.contracts,
            messages=following.messages,
        ),
    )


def _own_commit(subject: VersionedComponent) -> Commit:
    """The commit of a development version: while nothing changes it is the same at every merge."""
    head = subject.checkout.head
    if subject.dirty or not subject.paths:
        return head
    return subject.history.last_touching(subject.paths, until=head.sha) or head


def _commits(count: int) -> str:
    return "1 commit leads" if count == 1 else f"{count} commits lead"


def _suffix(pattern: str) -> str:
    """What tells a component's development builds apart: the `+driver` of its tags becomes `-driver`."""
    _, _, build = pattern.partition("+")
    return f"-{build}" if build else ""
