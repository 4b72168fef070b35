"""Which channel a checkout is released to, by what is tagged on it; the channels of a configuration by name."""

from collections.abc import Iterable

from semver import Version

from jesses.base.errors import ConfigError
from jesses.config import Channel, Config

AUTO = "auto"


def channel_of(tagged_here: Iterable[Version], known: Iterable[str]) -> str | None:
    """`dev` for a commit without tags, `prerelease` or `stable` by the versions tagged on it.

    None, a snapshot, where no channel is known at all: there is nowhere to publish to yet.

    >>> channel_of([Version.parse("1.2.0-rc1")], ["dev", "prerelease", "stable"])
    'prerelease'
    """
    if not list(known):
        return None
    versions = list(tagged_here)
    if not versions:
        return "dev"
    return "prerelease" if any(version.prerelease for version in versions) else "stable"


def channel_named(name: str, config: Config) -> Channel:
    """A channel of `release.toml`; raises `ConfigError` where it has none of that name."""
    if name not in config.channels:
        known = ", ".join(config.channels) or "none"
        raise ConfigError(
            f"release.toml has no channel {name!r}; it has {known}", fix=f"add [channels.{name}]"
        )
    return config.channels[name]
