"""Which release is the latest: by version, never by date, so that no backport moves it back."""

from collections.abc import Iterable

from semver import Version


def latest(versions: Iterable[Version]) -> Version | None:
    """The highest final version, or None where everything is a prerelease.

    >>> str(latest(map(Version.parse, ("1.2.0", "1.1.9", "1.3.0-rc1"))))
    '1.2.0'
    """
    return max((version for version in versions if not version.prerelease), default=None)


def is_latest(version: Version, published: Iterable[Version]) -> bool:
    """Whether `version` is the latest once it stands beside `published`."""
    return not version.prerelease and version == latest([version, *published])
