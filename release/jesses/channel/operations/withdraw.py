"""Versions are taken out of a channel's indexes; their files stay until they are pruned."""

from collections.abc import Mapping, Sequence

from jesses.base.naming.moving_tags import rank
from jesses.channel.operations.opened import ChannelVersion, OpenedChannel, keys_of
from jesses.channel.operations.unrecorded import kind_of
from jesses.channel.records import Why
from jesses.publish.apt import index as apt_index
from jesses.publish.apt.index import Index, PackageIdentity
from jesses.publish.files import latest
from jesses.publish.files.latest import Latest
from jesses.publish.files.sums import SumLines
from jesses.publish.shared.edit import edit


def withdraw(channel: OpenedChannel, versions: Sequence[ChannelVersion], why: Why) -> None:
    """Note that `versions` are withdrawn, then take them out of every index; again, this finishes what was begun.

    Raises:
        RepositoryError: a repository is damaged, or another key signed it.
        StoreError: the store failed.

    """
    gone = keys_of(version.listing for version in versions)
    apt, yum, files = (
        _below(prefix, gone)
        for prefix in (channel.settings.apt, channel.settings.yum, channel.settings.files)
    )
    # What cannot be changed is found out before anything is.
    if apt:
        channel.apt().read()
    if yum:
        channel.yum().read()
    for version in versions:
        version.record.withdraw(channel.name, why, now=channel.clock())
    if apt:
        edit(channel.apt(), lambda indexes: apt_index.remove(indexes, _identities(indexes, apt)))
    if yum:
        edit(channel.yum(), lambda lists: lists.remove(set(yum.values())))
    if files:
        channel.sums().edit(lambda lines: _without(lines, files))
        _put_latest_back(channel, versions)


def _below(prefix: str, keys: Mapping[str, str]) -> dict[str, str]:
    """The keys below a prefix, without it."""
    start = f"{prefix}/"
    return {key.removeprefix(start): digest for key, digest in keys.items() if key.startswith(start)}


def _identities(indexes: Mapping[str, Index], files: Mapping[str, str]) -> set[PackageIdentity]:
    return {
        stanza.identity
        for index in indexes.values()
        for name, digest in files.items()
        # As dpkg-scanpackages writes it, too.
        for written in (name, f"./{name}")
        for stanza in index.having("Filename", written)
        if stanza.sha256 == digest
    }


def _without(lines: SumLines, gone: SumLines) -> dict[str, str]:
    return {name: digest for name, digest in lines.items() if gone.get(name) != digest}


def _put_latest_back(channel: OpenedChannel, gone: Sequence[ChannelVersion]) -> None:
    """A latest that was withdrawn is followed by the highest that is left."""
    shown = {name: latest.version_of(channel.files, name) for name in {each.component for each in gone}}
    wanted = [each for each in gone if each.version == shown[each.component]]
    left = [each for each in channel.versions() if not each.listing.withdrawn] if wanted else []
    for each in wanted:
        others = [other for other in left if other.component == each.component]
        best = max(others, key=lambda other: rank(other.version), default=None)
        latest.put_back(
            channel.files,
            each.component,
            each.version,
            Latest(version=best.version, files=_tarballs(channel, best)) if best else None,
            url=channel.url_of(channel.settings.files),
        )


def _tarballs(channel: OpenedChannel, version: ChannelVersion) -> dict[str, str]:
    artifacts = version.record.read().artifacts
    below = _below(channel.settings.files, keys_of([version.listing]))
    kinds = {name: artifacts[name].kind if name in artifacts else kind_of(name) for name in below}
    return {name: digest for name, digest in below.items() if kinds[name] == "tarball"}
