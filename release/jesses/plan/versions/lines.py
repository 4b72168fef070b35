"""A component's tagged versions, its tags and release branches by version, and its contract: for cutting."""

from collections.abc import Callable, Mapping

from semver import Version

from jesses.config import Component
from jesses.plan.versions.component_tags import TaggedVersion, tags_by_component
from jesses.plan.versions.contract import contract_changes, next_by_contract


def tagged_versions(
    components: Mapping[str, Component], tags: Mapping[str, str]
) -> dict[str, tuple[TaggedVersion, ...]]:
    """The tagged versions of every component; `tags` are all of the repository, with their commits."""
    patterns = {name: component.tag for name, component in components.items()}
    return {name: found.versions for name, found in tags_by_component(patterns, tags).items()}


def line_of_version(version: Version) -> str:
    """The line of a version, "M.m".

    >>> line_of_version(Version.parse("1.2.3-rc1"))
    '1.2'
    """
    return f"{version.major}.{version.minor}"


def branch_of(component: Component, version: Version) -> str:
    """The release branch of a version.

    >>> branch_of(Component(tag="{version}+driver"), Version.parse("7.2.1"))
    'release/7.2.x+driver'
    """
    return component.release_branch.replace("{line}", line_of_version(version))


def tag_of(component: Component, version: Version) -> str:
    """The tag of a version.

    >>> tag_of(Component(tag="v{version}"), Version.parse("1.2.0"))
    'v1.2.0'
    """
    return component.tag.replace("{version}", str(version))


def component_of_tag(name: str, components: Mapping[str, Component]) -> tuple[str, Version] | None:
    """The component and the version that a tag called `name` stands for, or None for any other tag."""
    found = tagged_versions(components, {name: ""})
    return next(
        ((component, tagged.version) for component, versions in found.items() for tagged in versions), None
    )


def after_contract(
    component: Component, base: TaggedVersion, commit: str, text: Callable[[str, str], str | None]
) -> tuple[Version, str]:
    """The version that follows `base` by the contract's files at `commit`, and why.

    `text` gives a file's text at a commit, None where there is none.

    Raises:
        VersionError: a contract went down, is gone, or begins with no SemVer.

    """

    def contract(at: str) -> dict[str, str | None]:
        return {path: text(path, at) for path in component.contract}

    changes = contract_changes(contract(base.commit), contract(commit), since=base.tag, now=commit[:7])
    return next_by_contract(base.version, changes)
