"""Puts an operation on a channel together from the outside world: stores, keys, environment, clock."""

import posixpath
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semver import Version

from jesses.base.errors import VersionError
from jesses.base.progress import no_progress
from jesses.channel import keys, target
from jesses.channel.operations import unrecorded
from jesses.channel.operations.limits import Limits
from jesses.channel.operations.opened import ChannelVersion, OpenedChannel
from jesses.channel.operations.promote import promote
from jesses.channel.operations.prune import prune
from jesses.channel.operations.yank import find, yank
from jesses.config import Config
from jesses.history.ci import detect
from jesses.package.compression import Cache
from jesses.plan.channels import channel_named
from jesses.publish.factory import publishers_for
from jesses.publish.files.latest import DIRECTORY
from jesses.signing import Signer, openpgp
from jesses.stores import Store
from jesses.stores.dry_run import DryRunStore, StoreChange
from jesses.stores.factory import is_s3
from jesses.stores.probe import probe
from jesses.stores.recording import RecordedStore


@dataclass(frozen=True, kw_only=True)
class OperationContext:
    """Where an operation is started: the product, and what the outside gives. `tell` is told how it goes on.

    With `dry_run` nothing is changed, and nobody is waited for.
    """

    config: Config
    directory: Path
    environment: Mapping[str, str]
    tell: Callable[[str], object]
    dry_run: bool = False
    sign: bool = True
    take_over: bool = False
    clock: Callable[[], float] | None = None


@dataclass(frozen=True, kw_only=True)
class OperationResult:
    """What an operation did to a channel, or would do: the versions it is about, and every object."""

    channel: str
    dry_run: bool
    versions: tuple[str, ...]
    changes: tuple[StoreChange, ...]

    def as_data(self) -> dict[str, Any]:
        """The same as plain data, for `--json`."""
        return {**vars(self), "changes": [vars(change) for change in self.changes]}


def yank_version(
    desk: OperationContext, channel: str, version: str, component: str | None
) -> OperationResult:
    """Yank a version from a channel; errors as `yank`."""
    with _at(desk, channel) as place:
        wanted = parsed(version)
        unrecorded.note(place, unrecorded.components_of(desk.config), wanted, component)
        found = yank(place, wanted, component)
        return _done(desk, place, [found])


def prune_channel(desk: OperationContext, channel: str, limits: Limits) -> OperationResult:
    """Prune a channel; errors as `prune`."""
    with _at(desk, channel) as place:
        unrecorded.note_all(place, unrecorded.components_of(desk.config))
        return _done(desk, place, prune(place, limits).withdrawn)


def promote_version(
    desk: OperationContext, version: str, component: str | None, *, source: str | None, to: str
) -> OperationResult:
    """Promote a version from one channel (None: the only other one that has it) to another.

    Raises:
        VersionError: no other channel has it, or several have.
        ConflictError, RepositoryError, StoreError: as `promote`.

    """
    channel_named(to, desk.config)
    begin, found = _source(desk, parsed(version), component, source, to)
    with _at(desk, to) as place, tempfile.TemporaryDirectory(prefix="jesses-promote-") as directory:
        publishers = publishers_for(
            desk.config,
            place.channel,
            store=place.store,
            url=place.url,
            signer=place.signer,
            clock=place.clock,
            cache=Cache.configured(desk.environment),
        )
        promote(found, begin, place, publishers, Path(directory))
        return _done(desk, place, [found])


def _source(
    desk: OperationContext, version: Version, component: str | None, source: str | None, to: str
) -> tuple[OpenedChannel, ChannelVersion]:
    names = [source] if source else [name for name in desk.config.channels if name != to]
    found = []
    for name in names:
        opened = _opened(desk, name)
        # What is noted of the source stays in this run.
        place = _place(desk, name, opened, DryRunStore(opened.store))
        unrecorded.note(place, unrecorded.components_of(desk.config), version, component)
        if source or _has(place, version, component):
            found.append((place, find(place, version, component)))
    if len(found) == 1:
        return found[0]
    there = ", ".join(place.name for place, _ in found) or "none"
    raise VersionError(
        f"one channel other than {to} should have {version}; these have: {there}",
        fix="name the one to take it from: --from CHANNEL",
    )


def _has(place: OpenedChannel, version: Version, component: str | None) -> bool:
    return any(
        component in {None, each.component} and not each.listing.withdrawn for each in place.versions(version)
    )


def parsed(text: str) -> Version:
    """A version; raises `VersionError` where it is none."""
    try:
        return Version.parse(text)
    except ValueError as error:
        raise VersionError(f"{text!r} is no SemVer version", fix="such as 1.2.0 or 1.2.0-rc.1") from error


@contextmanager
def _at(desk: OperationContext, name: str) -> Iterator[OpenedChannel]:
    """A channel to be changed, under its lease; caches are told what has moved."""
    opened = _opened(desk, name)
    if not desk.dry_run and is_s3(channel_named(name, desk.config).store):
        probe(opened.store, keys.PROBE)
    with _lease(desk, name, opened.store)():
        store = DryRunStore(opened.store) if desk.dry_run else RecordedStore(opened.store)
        place = _place(desk, name, opened, store)
        yield place
        moved = [change.key for change in store.changes if _is_moved(change)]
        if moved and not desk.dry_run:
            target.caches(place.channel, place.url)(moved)


def _is_moved(change: StoreChange) -> bool:
    """Whether caches may hold another state of an object that users read."""
    latest = posixpath.basename(posixpath.dirname(change.key)) == DIRECTORY
    return (change.kind == "replaced" or latest) and not keys.is_memory(change.key)


def _place(
    desk: OperationContext, name: str, opened: target.Target, store: Store | None = None
) -> OpenedChannel:
    return OpenedChannel(
        project=desk.config.project.name,
        name=name,
        channel=channel_named(name, desk.config),
        store=store or opened.store,
        url=opened.url,
        signer=_key(desk),
        clock=desk.clock or opened.clock,
    )


def _opened(desk: OperationContext, name: str) -> target.Target:
    return target.open_channel(channel_named(name, desk.config), desk.directory, progress=no_progress)


def _lease(desk: OperationContext, name: str, store: Store) -> Callable[[], AbstractContextManager[None]]:
    if desk.dry_run:
        return nullcontext
    return target.channel_lease(
        store,
        project=desk.config.project.name,
        channel=name,
        ci=detect(desk.environment),
        tell=desk.tell,
        take_over=desk.take_over,
    )


def _key(desk: OperationContext) -> Signer | None:
    signer = openpgp.configured(desk.environment) if desk.sign else None
    return openpgp.for_repositories(signer, desk.environment)


def _done(
    desk: OperationContext, place: OpenedChannel, versions: Sequence[ChannelVersion]
) -> OperationResult:
    store = place.store
    changes = store.changes if isinstance(store, DryRunStore | RecordedStore) else ()
    return OperationResult(
        channel=place.name,
        dry_run=desk.dry_run,
        versions=tuple(map(str, versions)),
        changes=changes,
    )
