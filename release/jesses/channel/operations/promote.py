"""A version is promoted: another channel gets the same bytes, without a build and without new signatures."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jesses.base.artifact import Artifact
from jesses.base.errors import ConflictError
from jesses.channel.operations import unrecorded
from jesses.channel.operations.opened import ChannelVersion, OpenedChannel
from jesses.channel.records import with_other_bytes
from jesses.publish import Publication, Publisher, drive


def promote(
    version: ChannelVersion,
    source: OpenedChannel,
    target: OpenedChannel,
    publishers: Sequence[Publisher],
    directory: Path,
) -> tuple[Publication, ...]:
    """Publish what `source` has of a version to `target`, through its `publishers`; copies go to `directory`.

    Raises:
        ConflictError: the version was withdrawn from one of them, or is in `target` with other bytes.
        RepositoryError: a repository is damaged, or another key signed it.
        StoreError: a store failed, or what it has is not what was released.

    """
    version.record.refuse_withdrawn(source.name)
    record = target.record(version.component, version.version)
    record.refuse_withdrawn(target.name)
    fetched = _fetched(version, directory)
    _check_same(target, fetched, {name: row.sha256 for name, row in record.read().artifacts.items()})
    artifacts, publications = drive.publish(publishers, fetched)
    keys = {name: key for publication in publications for name, key in publication.objects.items()}
    record.write(artifacts, keys, channel=target.name, now=target.clock(), commit=version.listing.commit)
    return publications


def _fetched(version: ChannelVersion, directory: Path) -> list[Artifact]:
    """The artifacts with the bytes that the channel has."""
    rows = version.record.read().artifacts
    found = []
    for name, there in sorted(version.listing.objects.items()):
        row = rows.get(name)
        if row is None:
            found.append(unrecorded.fetch(version, name, directory / name))
            continue
        signed = None if there["sha256"] == row.sha256 else there["sha256"]
        artifact = version.record.fetch(
            replace(row, key=there["key"], signed_sha256=signed), directory / name
        )
        found.append(replace(artifact, size=artifact.path.stat().st_size))
    return found


def _check_same(target: OpenedChannel, artifacts: Sequence[Artifact], known: dict[str, str]) -> None:
    if other := with_other_bytes(known, artifacts):
        raise ConflictError(
            f"the store of the channel {target.name} has this version with other bytes in {', '.join(other)}",
            fix="what is published never changes: release a new version",
        )
