"""A channel is pruned: versions beyond its limits are withdrawn, and what nothing refers to is deleted, later.

A version that is pruned leaves the indexes at once. A week later its files go, then its journal and its record,
and it is as if it had never been. Of a version that was yanked the record stays: nobody publishes it again.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from semver import Version

from jesses.base import parallel
from jesses.base.documents import read_object
from jesses.channel import keys
from jesses.channel.journal import PHASES
from jesses.channel.operations import garbage
from jesses.channel.operations.limits import Candidate, Limits, Named, newest, surplus
from jesses.channel.operations.opened import READERS, ChannelVersion, OpenedChannel, keys_of
from jesses.channel.operations.withdraw import withdraw
from jesses.channel.records import RecordContent


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """What was done: versions withdrawn, objects deleted, and versions of which nothing is left."""

    withdrawn: tuple[ChannelVersion, ...]
    deleted: tuple[str, ...]
    forgotten: tuple[ChannelVersion, ...]


def prune(channel: OpenedChannel, limits: Limits) -> Pruned:
    """Withdraw what is beyond `limits`, and delete what was retired a week ago.

    What the newest version of each component needs stays, whatever the limits are: itself, and those that it was
    last released together with.

    Raises:
        RepositoryError: a repository is damaged, or another key signed it.
        StoreError: the store failed.

    """
    records = list(channel.records())
    versions = channel.among(records)
    journals = dict(_journals(channel))
    chosen = _surplus(channel, versions, limits, journals)
    # A run that died in the middle may have left some in an index.
    begun = [each for each in versions if each.listing.withdrawn]
    if chosen or begun:
        withdraw(channel, [*chosen, *begun], "pruned")
        changed = {each.record.key for each in chosen}
        records = [
            (record, record.read() if record.key in changed else content) for record, content in records
        ]
        versions = channel.among(records)
    deleted = garbage.collect(channel, [content for _, content in records])
    forgotten = [each for each in versions if each.listing.withdrawn and not _has_objects(channel, each)]
    alive = {(each.component, each.version) for each in versions if each not in forgotten}
    _delete_journals(channel, forgotten, alive, journals)
    for each in forgotten:
        _forget(channel, each)
    return Pruned(withdrawn=tuple(chosen), deleted=tuple(deleted), forgotten=tuple(forgotten))


def _surplus(
    channel: OpenedChannel,
    versions: tuple[ChannelVersion, ...],
    limits: Limits,
    journals: Mapping[str, Mapping[str, Any]],
) -> list[ChannelVersion]:
    there = {(each.component, each.version): each for each in versions if not each.listing.withdrawn}
    sizes = _sizes(channel) if limits.size is not None else {}
    candidates = [
        Candidate(
            component=each.component,
            version=each.version,
            published=each.listing.published,
            size=sum(sizes.get(entry["key"], 0) for entry in each.listing.objects.values()),
        )
        for each in there.values()
    ]
    needed = {
        name for latest in newest(candidates) for name in _released_with(latest, list(journals.values()))
    }
    return [there[each.name] for each in surplus(candidates, limits, needed=needed, now=channel.clock())]


def _sizes(channel: OpenedChannel) -> dict[str, int]:
    prefixes = (channel.settings.apt, channel.settings.yum, channel.settings.files)
    return {found.key: found.size for prefix in prefixes for found in channel.store.list(f"{prefix}/")}


def _journals(channel: OpenedChannel) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The journals of this channel's releases, by key."""
    listed = (found.key for found in channel.store.list(keys.journals(channel.project)))
    found = [key for key in listed if keys.is_journal(key, channel.project)]
    for key, stored in zip(
        found, parallel.ordered_map(channel.store.get, found, threads=READERS), strict=True
    ):
        try:
            data = read_object(stored.data) if stored else {}
        except ValueError:
            continue
        if isinstance(data, dict) and data.get("channel") == channel.name:
            yield key, data


def _names(journal: Mapping[str, Any]) -> set[Named]:
    return {(name, Version.parse(text)) for name, text in journal.get("versions", {}).items()}


def _released_with(wanted: Named, journals: list[Mapping[str, Any]]) -> set[Named]:
    """The versions of the last release that `wanted` was in."""
    found = [journal for journal in journals if wanted in _names(journal) and journal.get("history")]
    last = max(found, key=lambda journal: str(journal["history"][-1]["at"]), default={})
    return _names(last)


def _has_objects(channel: OpenedChannel, version: ChannelVersion) -> bool:
    """Whether an object is left that is not another channel's too."""
    own = keys_of([version.listing]).keys() - version.elsewhere
    return any(channel.store.head(key) for key in sorted(own))


def _delete_journals(
    channel: OpenedChannel,
    forgotten: Sequence[ChannelVersion],
    alive: Collection[Named],
    journals: Mapping[str, Mapping[str, Any]],
) -> None:
    """Those of finished releases of which no version is left."""
    gone = {(each.component, each.version) for each in forgotten}
    for key, journal in journals.items():
        names = _names(journal)
        finished = journal.get("phase") == PHASES[-1] and "lease" not in journal
        if finished and names & gone and not names & set(alive) and (head := channel.store.head(key)):
            channel.store.delete_if_unchanged(key, head.token)


def _forget(channel: OpenedChannel, version: ChannelVersion) -> None:
    """Let a pruned version be as if it had never been in this channel; a yanked one stays known."""
    if version.listing.withdrawn != "pruned":
        return

    if set(version.record.read().channels) == {channel.name}:
        version.record.forget()
        return

    def without(content: RecordContent) -> RecordContent:
        channels = {name: found for name, found in content.channels.items() if name != channel.name}
        return replace(content, channels=channels)

    version.record.change(without)
