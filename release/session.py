"""Puts a run together from the outside world: stores, keys, environment, clock."""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from release import engine, pipeline, remote, target
from release.artifact import Artifact
from release.channel import channel_of
from release.compression import QUICK, Cache, Packer
from release.config import Channel
from release.cut.clone import Clone
from release.cut.git import run_git
from release.cut.notes import notes_of
from release.cut.session import open_github
from release.errors import ConfigError, SigningError
from release.github import DryRunGitHub, Releases
from release.journal import staged_digests
from release.plan import SNAPSHOT, Plan
from release.product import Product
from release.publishers import Publication
from release.publishers.apt import AptPublisher
from release.publishers.github import GitHubPublisher
from release.publishers.past import Past
from release.publishers.registries import Outside, registry_publishers
from release.publishers.registry import RegistryPublisher
from release.publishers.select import publishers_for
from release.publishers.select_github import github_publisher
from release.registry.connect import new_session
from release.released import Record
from release.remote import Agreed, RemoteObject
from release.runner import ProcessRunner
from release.signing import Signer, ecdsa, keyless, openpgp
from release.steps import Context, Source, State
from release.stores import Store
from release.stores.directory import DirectoryStore
from release.stores.dry_run import Change, DryRunStore
from release.target import Target
from release.version import ComponentVersion
from release.workspace import Workspace, open_workspace


class Narrator(Protocol):
    """Is told how a run goes on."""

    def step(self, name: str) -> None: ...

    def progress(self, text: str) -> None: ...

    def command(self, line: str) -> None: ...

    def upload(self, key: str, sent: int, total: int) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to release: to which channel (None: a snapshot), whether to sign, for real, and whom to wait for.

    With a plan that was `agreed` on, exactly that is done or nothing.
    """

    channel: str | None = None
    sign: bool = True
    dry_run: bool = False
    take_over: bool = False
    agreed: Agreed | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a release made and where it went. Paths are those of the finished output.

    `changes` are those that a dry run would have made, else None.
    """

    dist: Path
    plan: Plan
    artifacts: tuple[Artifact, ...]
    publications: tuple[Publication, ...]
    signing_key: str | None
    ephemeral_key: bool
    changes: tuple[Change, ...] | None

    def as_data(self) -> dict[str, Any]:
        """The report as plain data, for `--json`."""
        return {
            "dist": str(self.dist),
            "signing_key": self.signing_key,
            "ephemeral_key": self.ephemeral_key,
            "artifacts": [
                {**vars(artifact), "path": str(artifact.path), "version": str(artifact.version)}
                for artifact in self.artifacts
            ],
            "publications": [vars(publication) for publication in self.publications],
            "changes": None if self.changes is None else [vars(change) for change in self.changes],
        }


def plan(product: Product, channel: str | None) -> Plan:
    """The plan for a channel, with what its store has already, or for a snapshot."""
    if channel is None:
        return product.plan(no_engine=_no_engine(product))
    place = target.open_channel(_channel(product, channel), product.directory, progress=_unseen)
    names = [
        name
        for version in product.versions.values()
        if version.exported
        for name in _record(place.store, product, version).artifacts()
    ]
    return product.plan(channel, released=frozenset(names), no_engine=_no_engine(product))


def channel_of_head(product: Product) -> str | None:
    """The channel that the tags on HEAD stand for."""
    own = {name for name, component in product.config.components.items() if component.repository == "."}
    here = [
        value.version
        for name, value in product.versions.items()
        if name in own and value.evidence and value.evidence.rule == "tag"
    ]
    return channel_of(here, product.config.channels)


def _no_engine(product: Product) -> str:
    """Why images cannot be built here, if any are to be."""
    described = (product.config, *product.descriptions.values())
    wanted = any(image.dockerfile for config in described for image in config.images.values())
    return engine.why_not() if wanted else ""


def release(
    product: Product,
    dist: Path,
    options: Options,
    narrator: Narrator,
    environment: Mapping[str, str] = os.environ,
    *,
    run: Callable[[Context], State] | None = None,
) -> Report:
    """Carry out the plan; `dist` is replaced when everything went well, and it was no dry run.

    `run` carries out a part of the pipeline in place of all of it.
    """
    channel = _channel(product, options.channel)
    configured = _configured_key(options, environment)
    planned = plan(product, options.channel)
    confirm = _confirmed(product, planned, options.agreed)
    confirm()
    cache = Cache.configured(environment)
    with (
        open_workspace(dist, keep=not options.dry_run) as workspace,
        Packer(workspace.scratch / "deflated", cache=cache) as packer,
        Packer(workspace.scratch / "quick", cache=cache, level=QUICK, md5=False) as quick,
    ):
        signer = configured or (openpgp.ephemeral(_key_owner(product)) if options.sign else None)
        place = _target(product, planned, options, workspace, narrator, environment)
        outside = _outside(options, planned, place, narrator, environment)
        past = Past(channel, planned, outside, lambda: staged_digests(place.store, planned))
        registries = registry_publishers(product.config, channel, planned, outside)
        on_github = _on_github(product, channel, place, signer, outside)
        context = Context(
            config=product.config,
            directory=product.directory,
            plan=planned,
            workspace=workspace,
            runner=ProcessRunner(environment=_with_python(environment), echo=narrator.command),
            packer=packer,
            quick=quick,
            signer=signer,
            publishers=(
                *publishers_for(
                    product.config,
                    channel,
                    store=place.store,
                    url=place.url,
                    signer=openpgp.for_repositories(signer, environment) if configured else signer,
                    clock=place.clock,
                ),
                *registries,
                *on_github,
            ),
            journal=place.journal,
            invalidate=place.invalidate,
            progress=narrator.progress,
            store=place.store,
            clock=place.clock,
            confirm=confirm,
            sources={name: _source(product, name) for name in product.versions},
            engine=engine.DockerEngine(),
            containers=engine.DockerEngine(),
            make_repository=lambda packages, made: _make_repository(product, packages, made, signer),
            find_built=past.find_built,
            find_base=past.find_base,
        )
        state = run(context) if run else pipeline.run(context, announce=narrator.step)
    return Report(
        dist=workspace.final,
        plan=planned,
        artifacts=tuple(workspace.finished(artifact) for artifact in state.artifacts),
        publications=state.publications,
        signing_key=signer.fingerprint if signer else None,
        ephemeral_key=bool(signer) and configured is None,
        changes=_changes(place.store, (*registries, *on_github)),
    )


def _outside(
    options: Options, planned: Plan, place: Target, narrator: Narrator, environment: Mapping[str, str]
) -> Outside:
    """What registries and GitHub are reached with."""
    lease = target.channel_lease(
        place.store,
        project=planned.project,
        channel=planned.channel,
        environment=environment,
        tell=narrator.progress,
    )
    return Outside(
        session=new_session(),
        environment=environment,
        home=Path.home(),
        progress=narrator.progress,
        upload=narrator.upload,
        key=ecdsa.configured(environment) if options.sign else None,
        notary=keyless.configured(environment) if options.sign else None,
        lease=nullcontext if options.dry_run else lease,
        rehearsal=options.dry_run,
    )


def _configured_key(options: Options, environment: Mapping[str, str]) -> Signer | None:
    """The key of the environment; a channel is not signed with one that is gone afterwards."""
    found = openpgp.configured(environment) if options.sign else None
    if options.sign and options.channel is not None and found is None:
        raise SigningError(
            f"there is no key to sign the channel {options.channel} with, and with one that is made for this run "
            "alone nobody could publish there again",
            fix=f"set {openpgp.KEY_FILE_VARIABLE} or {openpgp.KEY_VARIABLE}, or publish unsigned: --no-sign",
        )
    return found


def survey(product: Product, planned: Plan) -> tuple[RemoteObject, ...]:
    """What the channel of a plan has of it already.

    Raises:
        ConfigError: the plan is one for a snapshot.

    """
    if planned.channel is None:
        raise ConfigError("a snapshot has no remote", fix="name a channel: --channel NAME")
    channel = _channel(product, planned.channel)
    place = target.open_channel(channel, product.directory, progress=_unseen)
    return remote.survey(planned, channel, place.store)


def _confirmed(product: Product, planned: Plan, agreed: Agreed | None) -> Callable[[], None]:
    def confirm() -> None:
        if agreed:
            agreed.check_plan(planned)
            agreed.check_remote(survey(product, planned))

    return confirm


def _changes(
    store: Store, publishers: Sequence[RegistryPublisher | GitHubPublisher]
) -> tuple[Change, ...] | None:
    if not isinstance(store, DryRunStore):
        return None
    return (*store.changes, *(change for publisher in publishers for change in publisher.changes))


def _record(store: Store, product: Product, version: ComponentVersion) -> Record:
    return Record(
        store=store,
        project=product.config.project.name,
        component=version.component,
        version=version.version,
    )


def _source(product: Product, component: str) -> Source:
    version = product.versions[component]
    return Source(
        config=product.descriptions.get(component, product.config),
        directory=product.source_directory(component),
        commit=version.commit.sha if version.exported else None,
    )


def _make_repository(
    product: Product, packages: tuple[Artifact, ...], directory: Path, signer: Signer | None
) -> None:
    """An APT repository in `directory`, for a Dockerfile that copies it to /release."""
    publisher = AptPublisher(
        store=DirectoryStore(directory),
        prefix="apt",
        url="file:///release/apt",
        name=product.config.project.name,
        signer=signer,
        clock=time.time,
    )
    publisher.stage(publisher.check(packages))
    publisher.verify()
    publisher.commit()


def _target(
    product: Product,
    planned: Plan,
    options: Options,
    workspace: Workspace,
    narrator: Narrator,
    environment: Mapping[str, str],
) -> Target:
    channel = _channel(product, options.channel)
    if options.channel is None:
        place = target.snapshot(workspace.output / channel.store, workspace.final / channel.store)
    else:
        place = target.open_channel(channel, product.directory, progress=narrator.upload)
    if options.dry_run:
        return target.rehearsal(place)
    if options.channel is None:
        return place
    return target.to_write(
        place,
        channel,
        planned,
        environment=environment,
        take_over=options.take_over,
        tell=narrator.progress,
    )


def _on_github(
    product: Product, channel: Channel, place: Target, signer: Signer | None, outside: Outside
) -> tuple[GitHubPublisher, ...]:
    def github() -> Releases:
        opened = open_github(product.config, outside.environment, outside.session)
        return DryRunGitHub(opened) if outside.rehearsal else opened

    return github_publisher(
        product.config,
        channel,
        {name: version.version for name, version in product.versions.items() if version.tag},
        github=github,
        body=lambda component: _notes(product, component),
        url=place.url.rstrip("/"),
        signer=signer,
        lease=outside.lease,
    )


def _notes(product: Product, component: str) -> str:
    clone = Clone(product.directory, git=run_git, remote="origin")
    return notes_of(component, product.versions[component].version, product.config.components, clone, {})


def _unseen(key: str, sent: int, total: int) -> None:
    """A plan uploads nothing."""


def _channel(product: Product, name: str | None) -> Channel:
    if name is None:
        return SNAPSHOT
    channels = product.config.channels
    if name not in channels:
        known = ", ".join(channels) or "none"
        raise ConfigError(
            f"release.toml has no channel {name!r}; it has {known}", fix=f"add [channels.{name}]"
        )
    return channels[name]


def _key_owner(product: Product) -> str:
    return f"{product.config.project.name} snapshot (ephemeral key)"


def _with_python(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of build commands: `python` there is the Python that runs jesses."""
    path = os.pathsep.join((str(Path(sys.executable).parent), environment.get("PATH", os.defpath)))
    return {**environment, "PATH": path}
