"""The tags of a component: several lines of versions share a repository, and none leaks into another."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from semver import Version

from jesses.base.naming.spelling import NUMBER, PRERELEASE

Core = tuple[int, int, int]

# Without build metadata: that belongs to the pattern of a line.
_VERSION: Final = re.compile(rf"({NUMBER})\.({NUMBER})\.({NUMBER})(?:-({PRERELEASE}))?")


class TaggedVersion(NamedTuple):
    """A tag of a component and its commit, with the version as major, minor and patch, and the prerelease."""

    tag: str
    commit: str
    core: Core
    prerelease: str | None

    @property
    def version(self) -> Version:
        return Version(*self.core, prerelease=self.prerelease)


@dataclass(frozen=True, kw_only=True)
class ComponentTags:
    """The tags of one component, which look like `pattern`."""

    pattern: str
    versions: tuple[TaggedVersion, ...]

    @cached_property
    def finals(self) -> tuple[TaggedVersion, ...]:
        """The releases without a prerelease, highest first."""
        finals = (tagged for tagged in self.versions if tagged.prerelease is None)
        return tuple(sorted(finals, key=_core, reverse=True))

    def on(self, commit: str) -> list[TaggedVersion]:
        """The tags on a commit, highest first."""
        here = [tagged for tagged in self.versions if tagged.commit == commit]
        return sorted(here, key=_version, reverse=True)

    def above(self, tagged: TaggedVersion) -> list[TaggedVersion]:
        """What was released higher than `tagged`: finals, and prereleases of the same final."""
        return [other for other in self.versions if _is_above(other, tagged)]


def tags_by_component(patterns: Mapping[str, str], tags: Mapping[str, str]) -> dict[str, ComponentTags]:
    """The tags of each component, by the pattern of each; `tags` are all of the repository with their commits.

    A tag that two patterns match belongs to the one that says more: `1.0.0-driver` to `{version}-driver` and
    not, as a prerelease, to `{version}`.

    >>> tags = dict.fromkeys(["v1.2.0", "1.3.0", "1.4.0-driver", "1.5"], "c")
    >>> found = tags_by_component({"agent": "{version}", "driver": "{version}-driver"}, tags)
    >>> [str(tagged.version) for tagged in found["agent"].versions]
    ['1.3.0']
    >>> [str(tagged.version) for tagged in found["driver"].versions]
    ['1.4.0']
    """
    forms = [(name, *pattern.split("{version}")) for name, pattern in patterns.items()]
    forms.sort(key=lambda form: len(patterns[form[0]]), reverse=True)
    found: dict[str, list[TaggedVersion]] = {name: [] for name in patterns}
    for tag, commit in tags.items():
        for name, before, after in forms:
            if not (tag.startswith(before) and tag.endswith(after)):
                continue
            if match := _VERSION.fullmatch(tag, len(before), len(tag) - len(after)):
                major, minor, patch, prerelease = match.groups()
                found[name].append(
                    TaggedVersion(tag, commit, (int(major), int(minor), int(patch)), prerelease)
                )
                break
    return {
        name: ComponentTags(pattern=pattern, versions=tuple(found[name]))
        for name, pattern in patterns.items()
    }


def _is_above(other: TaggedVersion, tagged: TaggedVersion) -> bool:
    if other.core != tagged.core or tagged.prerelease is None:
        return other.prerelease is None and other.core > tagged.core
    return other.prerelease is None or other.version > tagged.version


def _core(tagged: TaggedVersion) -> Core:
    return tagged.core


def _version(tagged: TaggedVersion) -> Version:
    return tagged.version
