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


def withdraw(place: OpenedChannel, versions: Sequence[ChannelVersion], why: Why) -> None:
    """Note that `versions` are withdrawn, then take them out of every index; again, this finishes what was begun.

    Raises:
        RepositoryError: a repository is damaged, or another key signed it.
        StoreError: the store failed.

    """
    gone = keys_of(version.listing for version in versions)
    apt, yum, files = (
        _below(prefix, gone) for prefix in (place.channel.apt, place.channel.yum, place.channel.files)
    )
    # What cannot be changed is found out before anything is.
    if apt:
        place.apt().read()
    if yum:
        place.yum().read()
    for version in versions:
        version.record.withdraw(place.name, why, now=place.clock())
    if apt:
        place.apt().edit(lambda indexes: apt_index.remove(indexes, _identities(indexes, apt)))
    if yum:
        place.yum().edit(lambda lists: lists.remove(set(yum.values())))
    if files:
        place.sums().edit(lambda lines: _without(lines, files))
        _put_latest_back(place, versions)


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


def _put_latest_back(place: OpenedChannel, gone: Sequence[ChannelVersion]) -> None:
    """A latest that was withdrawn is followed by the highest that is left."""
    shown = {name: latest.version_of(place.files, name) for name in {each.component for each in gone}}
    wanted = [each for each in gone if each.version == shown[each.component]]
    left = [each for each in place.versions() if not each.listing.withdrawn] if wanted else []
    for each in wanted:
        others = [other for other in left if other.component == each.component]
        best = max(others, key=lambda other: rank(other.version), default=None)
        latest.put_back(
            place.files,
            each.component,
            each.version,
            Latest(version=best.version, files=_tarballs(place, best)) if best else None,
            url=place.url_of(place.channel.files),
        )


def _tarballs(place: OpenedChannel, version: ChannelVersion) -> dict[str, str]:
    artifacts = version.record.read().artifacts
    below = _below(place.channel.files, keys_of([version.listing]))
    kinds = {name: artifacts[name].kind if name in artifacts else kind_of(name) for name in below}
    return {name: digest for name, digest in below.items() if kinds[name] == "tarball"}
