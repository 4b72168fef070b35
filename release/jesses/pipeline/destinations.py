"""Where a run publishes: the store and its journal, repositories, registries, GitHub."""

from dataclasses import dataclass

from jesses.channel.journal import staged_digests
from jesses.channel.target import Target, snapshot, to_write
from jesses.channel.target import dry_run as for_dry_run
from jesses.history.clone import Clone
from jesses.history.git import run_git
from jesses.package.compression import Cache
from jesses.package.descriptions import Descriptions
from jesses.pipeline.context import Destinations
from jesses.pipeline.run import Run
from jesses.pipeline.workspace import Workspace
from jesses.plan.product import Product
from jesses.publish import HoldLease
from jesses.publish.factory import publishers_for
from jesses.publish.github.factory import github_publisher
from jesses.publish.github.notes import notes_of
from jesses.publish.github.publisher import GitHubPublisher
from jesses.publish.images.factory import registry_publishers
from jesses.publish.images.previous import PreviousImages
from jesses.publish.images.publisher import RegistryPublisher
from jesses.signing import Signer
from jesses.stores.dry_run import DryRunStore, StoreChange


def open_target(run: Run, workspace: Workspace) -> Target:
    """The store of the run's channel, with its journal; a snapshot has one in its output, for itself alone.

    Raises:
        ConfigError: there is no such channel.
        StoreError: its store cannot be used.

    """
    if run.options.channel is None:
        store = run.channel.store
        target = snapshot(workspace.output / store, workspace.final / store)
    else:
        target = run.access.channel(run.options.channel)
    if run.options.dry_run:
        return for_dry_run(target)
    if run.options.channel is None:
        return target
    return to_write(
        target,
        run.channel,
        run.plan,
        ci=run.product.ci,
        take_over=run.options.take_over,
        tell=run.narrator.progress,
    )


@dataclass(frozen=True, kw_only=True)
class OpenedDestinations:
    """Where a run publishes; `elsewhere` are the publishers that do not write into the store."""

    destinations: Destinations
    elsewhere: tuple[RegistryPublisher | GitHubPublisher, ...]

    @property
    def changes(self) -> tuple[StoreChange, ...] | None:
        """What a dry run would have changed; None where it was none."""
        store = self.destinations.store
        if not isinstance(store, DryRunStore):
            return None
        return (*store.changes, *(change for publisher in self.elsewhere for change in publisher.changes))


def open_destinations(
    run: Run, target: Target, signer: Signer | None, descriptions: Descriptions
) -> OpenedDestinations:
    """Every publisher of the channel that a run is for, and what is there already.

    `descriptions` are those of the packages that the run writes.

    Raises:
        RegistryError, GitHubError, SigningError: one cannot be opened.

    """
    registries = run.access.registries(run.access.lease(run.plan.channel, target.store))
    elsewhere: tuple[RegistryPublisher | GitHubPublisher, ...] = (
        *registry_publishers(run.product.config, run.channel, run.plan, registries),
        *_on_github(run, target, signer, registries.lease),
    )
    repositories = publishers_for(
        run.product.config,
        run.channel,
        store=target.store,
        url=target.url,
        signer=run.access.repository_key(signer) if run.key else signer,
        clock=target.clock,
        cache=Cache.configured(run.environment),
        descriptions=descriptions,
    )
    previous = PreviousImages(
        run.channel, run.plan, registries, lambda: staged_digests(target.store, run.plan)
    )
    destinations = Destinations(
        publishers=(*repositories, *elsewhere),
        store=target.store,
        journal=target.journal,
        signer=signer,
        invalidate=target.invalidate,
        find_base=previous.bases,
        find_built=previous.restore,
    )
    return OpenedDestinations(destinations=destinations, elsewhere=elsewhere)


def _on_github(
    run: Run, target: Target, signer: Signer | None, lease: HoldLease
) -> tuple[GitHubPublisher, ...]:
    product = run.product
    return github_publisher(
        product.config,
        run.channel,
        product.versions,
        github=run.access.github_releases,
        body=lambda component: _notes(product, component),
        url=target.url.rstrip("/"),
        signer=signer,
        lease=lease,
    )


def _notes(product: Product, component: str) -> str:
    clone = Clone(product.directory, git=run_git, remote="origin")
    return notes_of(component, product.versions[component].version, product.config.components, clone, {})
