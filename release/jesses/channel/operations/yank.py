"""A version is yanked: nobody is offered it any more, and it is never published in this channel again."""

from semver import Version

from jesses.base.errors import VersionError
from jesses.channel.operations.opened import ChannelVersion, OpenedChannel
from jesses.channel.operations.withdraw import withdraw


def yank(channel: OpenedChannel, version: Version, component: str | None) -> ChannelVersion:
    """Take a version out of every index of a channel; its files stay until `channel.prune`.

    Raises:
        VersionError: the channel does not have it, or several components do and none is named.
        RepositoryError: a repository is damaged, or another key signed it.
        StoreError: the store failed.

    """
    found = find(channel, version, component)
    withdraw(channel, [found], "yanked")
    return found


def find(channel: OpenedChannel, version: Version, component: str | None) -> ChannelVersion:
    """The one component that has `version` in a channel; raises `VersionError` where there is no such."""
    found = [each for each in channel.versions(version) if component in {None, each.component}]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(each.component for each in found)
        raise VersionError(
            f"{version} is a version of {names} in the channel {channel.name}",
            fix="name one: --component NAME",
        )
    of = f" of {component}" if component else ""
    known = (str(each) for each in channel.versions() if not each.listing.withdrawn)
    there = ", ".join(sorted(known)) or "nothing"
    raise VersionError(
        f"the channel {channel.name} has no version {version}{of}; it has {there}", fix="name one of these"
    )
