"""Puts a run together from the outside world: stores, registries, GitHub, keys, engine, environment, clock."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import requests

from jesses.base.artifact import Artifact
from jesses.base.errors import SigningError
from jesses.base.runner import ProcessRunner
from jesses.channel import target
from jesses.channel.journal import staged_digests
from jesses.channel.target import Target
from jesses.config import Channel
from jesses.history.clone import Clone
from jesses.history.export import export
from jesses.history.git import run_git
from jesses.image.registry.registries import new_session
from jesses.package.compression import Cache, Packer
from jesses.package.reader import PayloadReader
from jesses.pipeline import engine
from jesses.pipeline.context import ComponentSource, Context, Destinations, Inputs, Tools
from jesses.pipeline.options import Narrator, Options
from jesses.pipeline.workspace import Workspace
from jesses.plan.channels import channel_named
from jesses.plan.plan import SNAPSHOT, Plan
from jesses.plan.product import Product
from jesses.publish import drive
from jesses.publish.apt.publisher import apt_publisher
from jesses.publish.factory import publishers_for
from jesses.publish.github import DryRunGitHub, Releases
from jesses.publish.github.factory import github_publisher, open_github
from jesses.publish.github.notes import notes_of
from jesses.publish.github.publisher import GitHubPublisher
from jesses.publish.images.factory import RegistryAccess, open_registries, registry_publishers
from jesses.publish.images.previous import PreviousImages
from jesses.publish.images.publisher import RegistryPublisher
from jesses.publish.shared.settings import RepositorySettings
from jesses.signing import Signer, ecdsa, keyless, openpgp
from jesses.stores.directory import DirectoryStore
from jesses.stores.dry_run import DryRunStore, StoreChange


@dataclass(frozen=True, kw_only=True)
class Run:
    """A release that is to be made: the plan of a product, how, and where. `key` is the configured one.

    `confirm` raises an error where something has changed since the plan was agreed on.
    """

    product: Product
    plan: Plan
    options: Options
    narrator: Narrator
    environment: Mapping[str, str]
    key: Signer | None
    confirm: Callable[[], None]

    @property
    def channel(self) -> Channel:
        """Where it goes; raises `ConfigError` where there is no such channel."""
        name = self.options.channel
        return SNAPSHOT if name is None else channel_named(name, self.product.config)


@dataclass(frozen=True, kw_only=True)
class Assembled:
    """What the steps need, and who would have changed something in a dry run."""

    context: Context
    elsewhere: tuple[RegistryPublisher | GitHubPublisher, ...]

    @property
    def changes(self) -> tuple[StoreChange, ...] | None:
        """What a dry run would have changed; None where it was none."""
        store = self.context.destinations.store
        if not isinstance(store, DryRunStore):
            return None
        return (*store.changes, *(change for publisher in self.elsewhere for change in publisher.changes))


def configured_key(options: Options, environment: Mapping[str, str]) -> Signer | None:
    """The key of the environment; a channel is not signed with one that is gone afterwards.

    Raises:
        SigningError: the channel needs one, and there is none; or it cannot be used.

    """
    found = openpgp.from_environment(environment) if options.sign else None
    if options.sign and options.channel is not None and found is None:
        raise SigningError(
            f"there is no key to sign the channel {options.channel} with, and with one that is made for this run "
            "alone nobody could publish there again",
            fix=f"set {openpgp.KEY_FILE_VARIABLE} or {openpgp.KEY_VARIABLE}, or publish unsigned: --no-sign",
        )
    return found


def assemble(run: Run, workspace: Workspace, packer: Packer, quick: Packer) -> Assembled:
    """Open what a run needs.

    Raises:
        ConfigError, StoreError, SigningError, RegistryError: it cannot be opened.

    """
    signer = run.key or (openpgp.ephemeral(_key_owner(run)) if run.options.sign else None)
    place = _target(run, workspace)
    session = new_session()
    access = _registry_access(run, place, session)
    elsewhere: tuple[RegistryPublisher | GitHubPublisher, ...] = (
        *registry_publishers(run.product.config, run.channel, run.plan, access),
        *_on_github(run, place, signer, access, session),
    )
    context = Context(
        inputs=_inputs(run),
        tools=_tools(run, place, workspace, packer, quick, signer),
        destinations=_destinations(run, place, signer, access, elsewhere),
    )
    return Assembled(context=context, elsewhere=elsewhere)


def _inputs(run: Run) -> Inputs:
    return Inputs(
        config=run.product.config,
        directory=run.product.directory,
        plan=run.plan,
        sources={name: _source(run.product, name) for name in run.product.versions},
        confirm=run.confirm,
    )


def _tools(
    run: Run, place: Target, workspace: Workspace, packer: Packer, quick: Packer, signer: Signer | None
) -> Tools:
    return Tools(
        workspace=workspace,
        runner=ProcessRunner(environment=_with_python(run.environment), echo=run.narrator.command),
        packer=packer,
        quick=quick,
        reader=PayloadReader(),
        progress=run.narrator.progress,
        clock=place.clock,
        export=export,
        engine=engine.DockerEngine(),
        containers=engine.DockerEngine(),
        make_repository=lambda packages, made: _make_repository(run.product, packages, made, signer),
    )


def _destinations(
    run: Run,
    place: Target,
    signer: Signer | None,
    access: RegistryAccess,
    elsewhere: tuple[RegistryPublisher | GitHubPublisher, ...],
) -> Destinations:
    repositories = publishers_for(
        run.product.config,
        run.channel,
        store=place.store,
        url=place.url,
        signer=openpgp.for_repositories(signer, run.environment) if run.key else signer,
        clock=place.clock,
        cache=Cache.configured(run.environment),
    )
    previous = PreviousImages(run.channel, run.plan, access, lambda: staged_digests(place.store, run.plan))
    return Destinations(
        publishers=(*repositories, *elsewhere),
        store=place.store,
        journal=place.journal,
        signer=signer,
        invalidate=place.invalidate,
        find_base=previous.bases,
        find_built=previous.restore,
    )


def _target(run: Run, workspace: Workspace) -> Target:
    if run.options.channel is None:
        store = run.channel.store
        place = target.snapshot(workspace.output / store, workspace.final / store)
    else:
        place = target.open_channel(run.channel, run.product.directory, progress=run.narrator.upload)
    if run.options.dry_run:
        return target.dry_run(place)
    if run.options.channel is None:
        return place
    return target.to_write(
        place,
        run.channel,
        run.plan,
        ci=run.product.ci,
        take_over=run.options.take_over,
        tell=run.narrator.progress,
    )


def _registry_access(run: Run, place: Target, session: requests.Session) -> RegistryAccess:
    """What registries are reached with."""
    options, environment = run.options, run.environment
    lease = target.channel_lease(
        place.store,
        project=run.plan.project,
        channel=run.plan.channel,
        ci=run.product.ci,
        tell=run.narrator.progress,
    )
    return RegistryAccess(
        registries=open_registries(session, environment, home=Path.home(), note=run.narrator.progress),
        environment=environment,
        home=Path.home(),
        tell=run.narrator.progress,
        progress=run.narrator.upload,
        key=ecdsa.from_environment(environment) if options.sign else None,
        notary=keyless.from_environment(environment) if options.sign else None,
        lease=nullcontext if options.dry_run else lease,
        dry_run=options.dry_run,
        ci=run.product.ci,
    )


def _on_github(
    run: Run, place: Target, signer: Signer | None, access: RegistryAccess, session: requests.Session
) -> tuple[GitHubPublisher, ...]:
    product = run.product

    def github() -> Releases:
        opened = open_github(product.config, access.environment, session)
        return DryRunGitHub(opened) if access.dry_run else opened

    return github_publisher(
        product.config,
        run.channel,
        product.versions,
        github=github,
        body=lambda component: _notes(product, component),
        url=place.url.rstrip("/"),
        signer=signer,
        lease=access.lease,
    )


def _notes(product: Product, component: str) -> str:
    clone = Clone(product.directory, git=run_git, remote="origin")
    return notes_of(component, product.versions[component].version, product.config.components, clone, {})


def _source(product: Product, component: str) -> ComponentSource:
    version = product.versions[component]
    return ComponentSource(
        config=product.descriptions.get(component, product.config),
        directory=product.source_directory(component),
        commit=version.commit.sha if version.exported else None,
    )


def _make_repository(
    product: Product, packages: tuple[Artifact, ...], directory: Path, signer: Signer | None
) -> None:
    """An APT repository in `directory`, for a Dockerfile that copies it to /release."""
    publisher = apt_publisher(
        RepositorySettings(
            store=DirectoryStore(directory),
            prefix="apt",
            url="file:///release/apt",
            name=product.config.project.name,
            signer=signer,
            clock=time.time,
        )
    )
    drive.publish((publisher,), packages)


def _key_owner(run: Run) -> str:
    return f"{run.product.config.project.name} snapshot (ephemeral key)"


def _with_python(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of build commands: `python` there is the Python that runs jesses."""
    path = os.pathsep.join((str(Path(sys.executable).parent), environment.get("PATH", os.defpath)))
    return {**environment, "PATH": path}
