"""Lines of versions: a component's tags, its release branches, its contract. What cutting needs of versions."""

from collections.abc import Callable, Mapping

from semver import Version

from release.config import Component
from release.errors import VersionError
from release.history import Tag
from release.version import TaggedVersion, contract_bump, own_line

__all__ = [
    "TaggedVersion",
    "after_contract",
    "branch_of",
    "component_of_tag",
    "line_of",
    "own_line",
    "tag_of",
]


def line_of(version: Version) -> str:
    """The line of a version, "M.m".

    >>> line_of(Version.parse("1.2.3-rc1"))
    '1.2'
    """
    return f"{version.major}.{version.minor}"


def branch_of(component: Component, version: Version) -> str:
    """The release branch of a version: its tag's form around M.m.x.

    >>> branch_of(Component(tag="{version}+driver"), Version.parse("7.2.1"))
    'release/7.2.x+driver'
    """
    return "release/" + component.tag.replace("{version}", f"{line_of(version)}.x")


def tag_of(component: Component, version: Version) -> str:
    """The tag of a version.

    >>> tag_of(Component(tag="v{version}"), Version.parse("1.2.0"))
    'v1.2.0'
    """
    return component.tag.replace("{version}", str(version))


def component_of_tag(name: str, components: Mapping[str, Component]) -> tuple[str, Version] | None:
    """The component and the version that a tag called `name` stands for, or None for any other tag."""
    for component, configured in components.items():
        for tagged in own_line(configured.tag, [Tag(name=name, commit="")]):
            return component, tagged.version
    return None


def after_contract(
    component: Component, base: TaggedVersion, commit: str, text: Callable[[str, str], str]
) -> tuple[Version, str]:
    """The version that follows `base` by the contract's files at `commit`, and why.

    `text` gives a file's text at a commit.

    Raises:
        VersionError: a contract went down, is gone, or begins with no SemVer.

    """

    def contract(at: str) -> dict[str, Version | None]:
        return {path: _version_in(path, text(path, at), at) for path in component.contract}

    return contract_bump(base.version, contract(base.tag.commit), contract(commit))


def _version_in(path: str, text: str, commit: str) -> Version | None:
    first = text.partition("\n")[0].strip()
    if not text:
        return None
    if not Version.is_valid(first):
        raise VersionError(
            f"{path} at {commit[:7]} begins with {first!r}", fix="its first line must be a SemVer"
        )
    return Version.parse(first)
