"""Puts an operation on a channel together from the outside world: stores, keys, environment, clock."""

import posixpath
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from semver import Version

from jesses.base.errors import VersionError
from jesses.channel import keys, target
from jesses.channel.access import Access
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

    @cached_property
    def access(self) -> Access:
        """How the outside world is reached."""
        return Access(
            config=self.config,
            directory=self.directory,
            environment=self.environment,
            ci=detect(self.environment),
            tell=self.tell,
            sign=self.sign,
            dry_run=self.dry_run,
            take_over=self.take_over,
        )


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
    context: OperationContext, channel: str, version: str, component: str | None
) -> OperationResult:
    """Yank a version from a channel; errors as `yank`."""
    with _changing(context, channel) as opened:
        wanted = parsed(version)
        unrecorded.note(opened, unrecorded.components_of(context.config), wanted, component)
        found = yank(opened, wanted, component)
        return _done(context, opened, [found])


def prune_channel(context: OperationContext, channel: str, limits: Limits) -> OperationResult:
    """Prune a channel; errors as `prune`."""
    with _changing(context, channel) as opened:
        unrecorded.note_all(opened, unrecorded.components_of(context.config))
        return _done(context, opened, prune(opened, limits).withdrawn)


def promote_version(
    context: OperationContext, version: str, component: str | None, *, source: str | None, to: str
) -> OperationResult:
    """Promote a version from one channel (None: the only other one that has it) to another.

    Raises:
        VersionError: no other channel has it, or several have.
        ConflictError, RepositoryError, StoreError: as `promote`.

    """
    channel_named(to, context.config)
    begin, found = _source(context, parsed(version), component, source, to)
    with _changing(context, to) as opened, tempfile.TemporaryDirectory(prefix="jesses-promote-") as directory:
        publishers = publishers_for(
            context.config,
            opened.settings,
            store=opened.store,
            url=opened.url,
            signer=opened.signer,
            clock=opened.clock,
            cache=Cache.configured(context.environment),
        )
        promote(found, begin, opened, publishers, Path(directory))
        return _done(context, opened, [found])


def _source(
    context: OperationContext, version: Version, component: str | None, source: str | None, to: str
) -> tuple[OpenedChannel, ChannelVersion]:
    names = [source] if source else [name for name in context.config.channels if name != to]
    found = []
    for name in names:
        destination = context.access.channel(name)
        # What is noted of the source stays in this run.
        opened = _open(context, name, destination, DryRunStore(destination.store))
        unrecorded.note(opened, unrecorded.components_of(context.config), version, component)
        if source or _has(opened, version, component):
            found.append((opened, find(opened, version, component)))
    if len(found) == 1:
        return found[0]
    there = ", ".join(opened.name for opened, _ in found) or "none"
    raise VersionError(
        f"one channel other than {to} should have {version}; these have: {there}",
        fix="name the one to take it from: --from CHANNEL",
    )


def _has(opened: OpenedChannel, version: Version, component: str | None) -> bool:
    return any(
        component in {None, each.component} and not each.listing.withdrawn
        for each in opened.versions(version)
    )


def parsed(text: str) -> Version:
    """A version; raises `VersionError` where it is none."""
    try:
        return Version.parse(text)
    except ValueError as error:
        raise VersionError(f"{text!r} is no SemVer version", fix="such as 1.2.0 or 1.2.0-rc.1") from error


@contextmanager
def _changing(context: OperationContext, name: str) -> Iterator[OpenedChannel]:
    """A channel to be changed, under its lease; caches are told what has moved."""
    destination = context.access.channel(name)
    if not context.dry_run and is_s3(channel_named(name, context.config).store):
        probe(destination.store, keys.PROBE)
    with context.access.lease(name, destination.store)():
        store = DryRunStore(destination.store) if context.dry_run else RecordedStore(destination.store)
        opened = _open(context, name, destination, store)
        yield opened
        moved = [change.key for change in store.changes if _is_moved(change)]
        if moved and not context.dry_run:
            target.caches(opened.settings, opened.url)(moved)


def _is_moved(change: StoreChange) -> bool:
    """Whether caches may hold another state of an object that users read."""
    latest = posixpath.basename(posixpath.dirname(change.key)) == DIRECTORY
    return (change.kind == "replaced" or latest) and not keys.is_memory(change.key)


def _open(
    context: OperationContext, name: str, destination: target.Target, store: Store | None = None
) -> OpenedChannel:
    return OpenedChannel(
        project=context.config.project.name,
        name=name,
        settings=channel_named(name, context.config),
        store=store or destination.store,
        url=destination.url,
        signer=context.access.repository_key(context.access.key()),
        clock=context.clock or destination.clock,
    )


def _done(
    context: OperationContext, opened: OpenedChannel, versions: Sequence[ChannelVersion]
) -> OperationResult:
    store = opened.store
    changes = store.changes if isinstance(store, DryRunStore | RecordedStore) else ()
    return OperationResult(
        channel=opened.name,
        dry_run=context.dry_run,
        versions=tuple(map(str, versions)),
        changes=changes,
    )
