"""Where a release goes: the store, the address under which users reach it, its journal, and its caches."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import boto3

from jesses.base.progress import Progress
from jesses.channel import keys
from jesses.channel.holder import Holder, is_gone, this_process
from jesses.channel.journal import Journal, NoJournal, StoredJournal, journal_key
from jesses.channel.lease import Lease, kept
from jesses.config import Channel
from jesses.history.ci import Ci
from jesses.plan.plan import Plan
from jesses.publish import HoldLease
from jesses.stores import Store
from jesses.stores.cdn import Invalidate, cloudfront, no_cache
from jesses.stores.clock import clock_of
from jesses.stores.directory import DirectoryStore
from jesses.stores.dry_run import DryRunStore
from jesses.stores.factory import is_s3, open_store
from jesses.stores.probe import probe

_POLL = 5.0


@dataclass(frozen=True, kw_only=True)
class Target:
    """A store that users reach at `url`; `clock` is its own."""

    store: Store
    url: str
    journal: Journal
    invalidate: Invalidate
    clock: Callable[[], float] = time.time


def snapshot(inside: Path, outside: Path) -> Target:
    """A store for one run alone, in the directory `inside`, which is moved to `outside` when the run is over."""
    return Target(
        store=DirectoryStore(inside), url=outside.as_uri(), journal=NoJournal(), invalidate=no_cache
    )


def dry_run(target: Target) -> Target:
    """`target` for a dry run: nothing is written, and `store` remembers what would be (`DryRunStore.changes`)."""
    return replace(target, store=DryRunStore(target.store), journal=NoJournal(), invalidate=no_cache)


def open_channel(channel: Channel, directory: Path, *, progress: Progress) -> Target:
    """The store that `channel` names, for reading alone; paths are relative to `directory`.

    Raises:
        StoreError: it cannot be used.

    """
    store = open_store(
        channel.store,
        directory=directory,
        progress=progress,
        endpoint=channel.endpoint,
        region=channel.region,
    )
    url = channel.url or (directory / channel.store).resolve().as_uri()
    return Target(store=store, url=url, journal=NoJournal(), invalidate=no_cache, clock=clock_of(store))


def to_write(
    target: Target,
    channel: Channel,
    plan: Plan,
    *,
    ci: Ci,
    take_over: bool,
    tell: Callable[[str], object],
) -> Target:
    """`target` for writing: with the journal of the release `plan`, and the caches in front of `channel`.

    `tell` is told who is waited for; with `take_over` nobody is.

    Raises:
        StoreError: the store cannot be used, or ignores conditions.

    """
    if is_s3(channel.store):
        probe(target.store, keys.PROBE)
    holder = this_process(ci)
    lease = Lease(
        store=target.store,
        key=journal_key(plan),
        holder=holder,
        clock=time.time,
        gone=is_gone,
        wait=waiting(tell),
        take_over=take_over,
    )
    return replace(
        target,
        journal=StoredJournal(lease, plan, holder=holder, clock=time.time),
        invalidate=caches(channel, target.url),
    )


def channel_lease(
    store: Store,
    *,
    project: str,
    channel: str | None,
    ci: Ci,
    tell: Callable[[str], object],
    take_over: bool = False,
) -> HoldLease:
    """Gives what holds the lease of a channel while a block runs; without a channel there is none to hold.

    Its holder may move what has no conditional writes, such as tags of images, and withdraw what is published.
    `tell` is told who is waited for; with `take_over` nobody is.
    """
    if channel is None:
        return nullcontext

    @contextmanager
    def hold() -> Iterator[None]:
        lease = Lease(
            store=store,
            key=keys.lease(project, channel),
            holder=this_process(ci),
            clock=time.time,
            gone=is_gone,
            wait=waiting(tell, what="changes this channel"),
            take_over=take_over,
        )
        lease.acquire()
        with kept(lease):
            yield

    return hold


def caches(channel: Channel, url: str) -> Invalidate:
    """Gives what has the caches in front of a channel, which users reach at `url`, forget objects."""
    if channel.cloudfront is None:
        return no_cache
    return cloudfront(boto3.session.Session().client("cloudfront"), channel.cloudfront, url)


def waiting(
    tell: Callable[[str], object],
    sleep: Callable[[float], None] = time.sleep,
    what: str = "publishes this release; --take-over does not wait",
) -> Callable[[Holder], None]:
    """Waits a few seconds for a holder each time, and tells of each holder once."""
    told: set[Holder] = set()

    def wait(holder: Holder) -> None:
        if holder not in told:
            told.add(holder)
            tell(f"waiting: {holder} {what}")
        sleep(_POLL)

    return wait
