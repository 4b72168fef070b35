"""A channel as an operation sees it: its repositories, and the records of the versions in it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from semver import Version

from jesses.base.errors import VersionError
from jesses.base.naming import spelling
from jesses.base.parallel import ordered_map
from jesses.base.retry import pause
from jesses.channel import keys
from jesses.channel.records import Listing, Record, RecordContent
from jesses.config import Channel
from jesses.publish.apt.contents import PackageFiles
from jesses.publish.apt.repository import AptRepository
from jesses.publish.files.sums import Sums
from jesses.publish.shared.objects import RepositoryObjects
from jesses.publish.yum.repository import YumRepository
from jesses.signing import Signer
from jesses.stores import Store

DAY = 86_400.0
READERS: Final = 8
"""Records that are read at once: each takes a store's time, not ours."""


@dataclass(frozen=True, kw_only=True)
class ChannelVersion:
    """A version that a channel has, or had; `elsewhere` are the keys of objects that other channels have."""

    record: Record
    listing: Listing
    elsewhere: frozenset[str]

    @property
    def component(self) -> str:
        return self.record.component

    @property
    def version(self) -> Version:
        return self.record.version

    def __str__(self) -> str:
        return f"{self.component} {self.version}"


@dataclass(frozen=True, kw_only=True)
class OpenedChannel:
    """The channel `name`, whose store users reach at `url`. `clock` gives seconds since 1970 UTC.

    `wait` is called with the number of a failed attempt, when another job was faster.
    """

    project: str
    name: str
    settings: Channel
    store: Store
    url: str
    signer: Signer | None
    clock: Callable[[], float]
    wait: Callable[[int], object] = pause
    apt_objects: RepositoryObjects = field(init=False)
    yum_objects: RepositoryObjects = field(init=False)
    files: RepositoryObjects = field(init=False)

    def __post_init__(self) -> None:
        for name, prefix in (
            ("apt_objects", self.settings.apt),
            ("yum_objects", self.settings.yum),
            ("files", self.settings.files),
        ):
            object.__setattr__(self, name, RepositoryObjects(self.store, prefix))

    def url_of(self, prefix: str) -> str:
        """Where users find what lies below a prefix."""
        return f"{self.url.rstrip('/')}/{prefix}"

    def apt(self, suite: str | None = None) -> AptRepository:
        """A suite; the channel's own where none is named."""
        return AptRepository(
            objects=self.apt_objects,
            suite=suite or self.settings.suite,
            origin=self.project,
            signer=self.signer,
            clock=self.clock,
            copies=self.settings.plain_copies,
            files=PackageFiles(self.apt_objects) if self.settings.contents else None,
            wait=self.wait,
        )

    def yum(self) -> YumRepository:
        return YumRepository(
            objects=self.yum_objects,
            url=self.url_of(self.settings.yum),
            signer=self.signer,
            clock=self.clock,
            copies=self.settings.plain_copies,
            wait=self.wait,
        )

    def sums(self) -> Sums:
        return Sums(self.files, self.signer)

    # The records

    def record(self, component: str, version: Version) -> Record:
        return Record(store=self.store, project=self.project, component=component, version=version)

    def records(self, version: Version | None = None) -> Iterator[tuple[Record, RecordContent]]:
        """Every record of the store, of whatever channel; those of one `version` where it is given."""
        records = [record for record in self._listed() if version in {None, record.version}]
        return zip(records, ordered_map(Record.read, records, threads=READERS), strict=True)

    def _listed(self) -> Iterator[Record]:
        for listed in self.store.list(keys.records(self.project)):
            component, spelled = keys.parts_of_record(listed.key, self.project) or ("", "")
            if found := _version(spelled):
                yield self.record(component, found)

    def versions(self, version: Version | None = None) -> tuple[ChannelVersion, ...]:
        """The versions that this channel has, and those withdrawn from it whose memory is kept."""
        return self.among(self.records(version))

    def among(self, records: Iterable[tuple[Record, RecordContent]]) -> tuple[ChannelVersion, ...]:
        """Those of `records` that are about this channel."""
        return tuple(
            ChannelVersion(
                record=record, listing=content.channels[self.name], elsewhere=_elsewhere(content, self.name)
            )
            for record, content in records
            if self.name in content.channels
        )


def keys_of(listings: Iterable[Listing]) -> dict[str, str]:
    """The objects of versions: digests by key."""
    return {entry["key"]: entry["sha256"] for listing in listings for entry in listing.objects.values()}


def _elsewhere(content: RecordContent, name: str) -> frozenset[str]:
    others = [
        listing for channel, listing in content.channels.items() if channel != name and not listing.withdrawn
    ]
    return frozenset(keys_of(others))


def _version(text: str) -> Version | None:
    try:
        return spelling.from_file_name(text)
    except VersionError:
        return None
