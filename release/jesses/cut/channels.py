"""What the channels have of a version: every artifact with its digest, and whether users see it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from semver import Version

from jesses.base.errors import StoreError
from jesses.base.naming import spelling
from jesses.channel.journal import journals_of, was_staged
from jesses.channel.lease import Data
from jesses.channel.records import Record
from jesses.config import Channel, Config
from jesses.publish.files.sums import SUMS
from jesses.stores import Store

PublishedState = Literal["planned", "staged", "visible", "withdrawn"]

_STATES: tuple[PublishedState, ...] = get_args(PublishedState)


@dataclass(frozen=True, kw_only=True)
class PublishedFile:
    """An artifact as one destination has it; `place` is the name of a channel, or "GitHub".

    What is only `staged` no user sees yet, what is `withdrawn` no user sees any more.
    `sha256` is the digest of the bytes that are there, signatures included; None for an asset of which GitHub
    tells none.
    """

    place: str
    name: str
    state: PublishedState
    sha256: str | None


class ChannelContents:
    """The channels of a product; `stores` has the store of each."""

    def __init__(self, config: Config, stores: Mapping[str, Store]) -> None:
        self._config = config
        self._stores = stores

    def files(self, component: str, version: Version) -> tuple[PublishedFile, ...]:
        """What the channels have of a version: as journals, records and lists of digests say.

        Where several releases have the same artifact, the one that got furthest counts. What a run has made
        visible before it died, but for tarballs, counts as staged until another run finishes it.

        Raises:
            StoreError: a store failed, or holds a journal that is damaged.

        """
        found: dict[tuple[str, str], PublishedFile] = {}
        for name, store in self._stores.items():
            channel = self._config.channels[name]
            for each in (
                *self._in_journals(name, store, component, version),
                *self._in_record(name, store, component, version),
                *self._in_sums(name, store, channel, component, version),
            ):
                key = (each.place, each.name)
                if key not in found or _rank(found[key]) <= _rank(each):
                    found[key] = each
        return tuple(found.values())

    def holding(self, component: str, version: Version) -> Sequence[str]:
        """The channels that hold a version already, staged or visible."""
        found = self.files(component, version)
        return [f"channel {name}" for name in dict.fromkeys(_channels_with(found))]

    def _in_journals(
        self, name: str, store: Store, component: str, version: Version
    ) -> Iterator[PublishedFile]:
        for key, data in journals_of(store, self._config.project.name, name, component, version):
            try:
                state = _state_of(data)
                for row in data["artifacts"]:
                    if row["component"] == component:
                        sha256 = row["signed_sha256"] or row["sha256"]
                        yield PublishedFile(place=name, name=row["file"], state=state, sha256=sha256)
            except (KeyError, TypeError) as error:
                raise StoreError(
                    f"{key} is no journal of a release", fix="look at it, then delete it"
                ) from error

    def _in_record(
        self, name: str, store: Store, component: str, version: Version
    ) -> Iterator[PublishedFile]:
        project = self._config.project.name
        record = Record(store=store, project=project, component=component, version=version)
        content = record.read()
        if listing := content.channels.get(name):
            state: PublishedState = "withdrawn" if listing.withdrawn else "visible"
            for file, there in listing.objects.items():
                yield PublishedFile(place=name, name=file, state=state, sha256=there["sha256"])
        elif not content.channels:
            for file, released in content.artifacts.items():
                sha256 = released.signed_sha256 or released.sha256
                yield PublishedFile(place=name, name=file, state="visible", sha256=sha256)

    def _in_sums(
        self, name: str, store: Store, channel: Channel, component: str, version: Version
    ) -> Iterator[PublishedFile]:
        starts = tuple(self._starts(component, spelling.file_name(version)))
        sums = store.get(f"{channel.files}/{SUMS}") if starts else None
        for line in sums.data.decode().splitlines() if sums else ():
            digest, _, file = line.partition("  ")
            if file.startswith(starts):
                yield PublishedFile(place=name, name=file, state="visible", sha256=digest)

    def _starts(self, component: str, version: str) -> Iterator[str]:
        for name, package in self._config.packages.items():
            if package.component == component:
                yield f"{name.removesuffix('-static') if package.static else name}-{version}-"


def _state_of(journal: Data) -> PublishedState:
    if journal["phase"] == "committed":
        return "visible"
    return "staged" if was_staged(journal) else "planned"


def _channels_with(found: Iterable[PublishedFile]) -> Iterator[str]:
    return (each.place for each in found if each.state != "planned")


def _rank(published: PublishedFile) -> int:
    return _STATES.index(published.state)
