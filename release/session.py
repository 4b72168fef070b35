"""Puts a run together from the outside world: files, git, environment, clock."""

import functools
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from release import engine, pipeline, target
from release.artifact import Artifact
from release.compression import Packer
from release.config import Channel, Config, load
from release.errors import ConfigError
from release.history import GitHistory
from release.journal import staged_digests
from release.plan import SNAPSHOT, Plan, make_plan
from release.publishers import Publication
from release.publishers.apt import AptPublisher
from release.publishers.registries import Outside, find_base, find_built, registry_publishers
from release.publishers.select import publishers_for
from release.registry.connect import new_session
from release.runner import ProcessRunner
from release.signing import Signer, ecdsa, openpgp
from release.steps import Context
from release.stores.directory import DirectoryStore
from release.stores.dry_run import Change, DryRunStore
from release.target import Target
from release.version import ComponentVersion, compute_all
from release.workspace import Workspace, open_workspace


class Narrator(Protocol):
    """Is told how a run goes on."""

    def step(self, name: str) -> None: ...

    def progress(self, text: str) -> None: ...

    def command(self, line: str) -> None: ...

    def upload(self, key: str, sent: int, total: int) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to release: to which channel (None: a snapshot), whether to sign, for real, and whom to wait for."""

    channel: str | None = None
    sign: bool = True
    dry_run: bool = False
    take_over: bool = False


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


@dataclass(frozen=True, kw_only=True)
class Product:
    """A product's directory with its configuration and versions."""

    directory: Path
    config: Config
    versions: Mapping[str, ComponentVersion]

    def plan(self, channel: str | None) -> Plan:
        """The plan for a channel, or for a snapshot."""
        self._channel(channel)
        needs_engine = any(image.dockerfile for image in self.config.images.values())
        no_engine = engine.why_not() if needs_engine else ""
        return make_plan(self.config, self.versions, channel=channel, no_engine=no_engine)

    def release(self, dist: Path, options: Options, narrator: Narrator) -> Report:
        """Carry out the plan; `dist` is replaced when everything went well, and it was no dry run."""
        plan = self.plan(options.channel)
        configured = openpgp.configured(os.environ) if options.sign else None
        with (
            open_workspace(dist, keep=not options.dry_run) as workspace,
            Packer(workspace.scratch / "deflated") as packer,
        ):
            signer = configured or (openpgp.ephemeral(self._key_owner()) if options.sign else None)
            place = self._target(plan, options, workspace, narrator)
            channel = self._channel(options.channel)
            outside = self._outside(place, plan, options, narrator)
            # A dry run shows what would change in the store; registries are left alone.
            registries = () if options.dry_run else registry_publishers(self.config, channel, plan, outside)
            context = Context(
                config=self.config,
                directory=self.directory,
                plan=plan,
                workspace=workspace,
                runner=ProcessRunner(environment=_environment(), echo=narrator.command),
                packer=packer,
                signer=signer,
                publishers=(
                    *publishers_for(
                        self.config,
                        channel,
                        store=place.store,
                        url=place.url,
                        signer=signer,
                        clock=time.time,
                    ),
                    *registries,
                ),
                journal=place.journal,
                invalidate=place.invalidate,
                progress=narrator.progress,
                engine=engine.DockerEngine(),
                make_repository=lambda artifacts, made: self._make_repository(artifacts, made, signer),
                find_built=lambda name, made: find_built(
                    channel,
                    plan,
                    staged_digests(place.store, plan).get(name) if plan.channel else None,
                    outside,
                    name=name,
                    directory=made,
                ),
                find_base=functools.cache(lambda name, archs: find_base(name, archs, outside)),
            )
            state = pipeline.run(context, announce=narrator.step)
        return Report(
            dist=workspace.final,
            plan=plan,
            artifacts=tuple(workspace.finished(artifact) for artifact in state.artifacts),
            publications=state.publications,
            signing_key=signer.fingerprint if signer else None,
            ephemeral_key=bool(signer) and configured is None,
            changes=place.store.changes if isinstance(place.store, DryRunStore) else None,
        )

    def _target(self, plan: Plan, options: Options, workspace: Workspace, narrator: Narrator) -> Target:
        channel = self._channel(options.channel)
        if options.channel is None:
            place = target.snapshot(workspace.output / channel.store, workspace.final / channel.store)
        else:
            place = target.open_channel(channel, self.directory, progress=narrator.upload)
        if options.dry_run:
            return target.rehearsal(place)
        if options.channel is None:
            return place
        return target.to_write(
            place,
            channel,
            plan,
            environment=os.environ,
            take_over=options.take_over,
            tell=narrator.progress,
        )

    def _outside(self, place: Target, plan: Plan, options: Options, narrator: Narrator) -> Outside:
        return Outside(
            session=new_session(),
            environment=os.environ,
            home=Path.home(),
            progress=narrator.progress,
            key=ecdsa.configured(os.environ) if options.sign else None,
            lease=target.channel_lease(place, plan, environment=os.environ, tell=narrator.progress),
        )

    def _make_repository(
        self, artifacts: tuple[Artifact, ...], directory: Path, signer: Signer | None
    ) -> None:
        """An APT repository in `directory`, for a Dockerfile that copies it to /release."""
        publisher = AptPublisher(
            store=DirectoryStore(directory),
            prefix="apt",
            url="file:///release/apt",
            name=self.config.project.name,
            signer=signer,
            clock=time.time,
        )
        publisher.stage(publisher.check(artifacts))
        publisher.verify()
        publisher.commit()

    def _channel(self, name: str | None) -> Channel:
        if name is None:
            return SNAPSHOT
        if name not in self.config.channels:
            known = ", ".join(self.config.channels) or "none"
            raise ConfigError(
                f"release.toml has no channel {name!r}; it has {known}", fix=f"add [channels.{name}]"
            )
        return self.config.channels[name]

    def _key_owner(self) -> str:
        return f"{self.config.project.name} snapshot (ephemeral key)"


def open_product(directory: str | Path) -> Product:
    """The product in `directory`, its configuration checked and its versions computed."""
    path = Path(directory).resolve()
    config = load(path)
    return Product(directory=path, config=config, versions=compute_all(config.components, GitHistory(path)))


def _environment() -> dict[str, str]:
    """The environment of build commands: `python` there is the Python that runs jesses."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    return {**os.environ, "PATH": path}
