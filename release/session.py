"""Puts a run together from the outside world: stores, keys, environment, clock."""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from release import pipeline, released
from release.artifact import Artifact
from release.compression import Packer
from release.config import Channel
from release.errors import ConfigError
from release.plan import SNAPSHOT, Plan
from release.product import Product
from release.publishers import Publication
from release.publishers.select import publishers_for
from release.runner import ProcessRunner, Runner
from release.signing import Signer, openpgp
from release.steps import Context, Source
from release.stores import Store
from release.stores.directory import DirectoryStore
from release.workspace import Workspace, open_workspace


class Narrator(Protocol):
    """Is told how a run goes on."""

    def step(self, name: str) -> None: ...

    def progress(self, text: str) -> None: ...

    def command(self, line: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a release made and where it went. Paths are those of the finished output."""

    dist: Path
    plan: Plan
    artifacts: tuple[Artifact, ...]
    publications: tuple[Publication, ...]
    signing_key: str | None
    ephemeral_key: bool

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
        }


def plan(product: Product, channel: str | None) -> Plan:
    """The plan for a channel, with what its store has already, or for a snapshot."""
    if channel is None:
        return product.plan()
    store = _store(product, channel, product.directory)
    names = [
        name
        for version in product.versions.values()
        if version.exported
        for name in released.find(store, version.component, version.version)
    ]
    return product.plan(channel, released=frozenset(names))


def release(
    product: Product,
    dist: Path,
    *,
    channel: str | None,
    sign: bool,
    narrator: Narrator,
    environment: Mapping[str, str] = os.environ,
) -> Report:
    """Carry out the plan; `dist` is replaced when everything went well."""
    planned = plan(product, channel)
    configured = openpgp.configured(environment) if sign else None
    with open_workspace(dist) as workspace, Packer(workspace.scratch / "deflated") as packer:
        signer = configured or (openpgp.ephemeral(_key_owner(product)) if sign else None)
        runner = ProcessRunner(environment=_with_python(environment), echo=narrator.command)
        context = _context(product, planned, workspace, packer, signer, runner, narrator)
        state = pipeline.run(context, announce=narrator.step)
    return Report(
        dist=workspace.final,
        plan=planned,
        artifacts=tuple(workspace.finished(artifact) for artifact in state.artifacts),
        publications=state.publications,
        signing_key=signer.fingerprint if signer else None,
        ephemeral_key=bool(signer) and configured is None,
    )


def _context(
    product: Product,
    planned: Plan,
    workspace: Workspace,
    packer: Packer,
    signer: Signer | None,
    runner: Runner,
    narrator: Narrator,
) -> Context:
    channel = _channel(product, planned.channel)
    store = _store(product, planned.channel, workspace.output)
    outside = workspace.final if planned.channel is None else product.directory
    return Context(
        config=product.config,
        directory=product.directory,
        plan=planned,
        workspace=workspace,
        runner=runner,
        packer=packer,
        signer=signer,
        publishers=publishers_for(
            product.config,
            channel,
            store=store,
            root=(outside / channel.store).resolve(),
            signer=signer,
            clock=time.time,
        ),
        progress=narrator.progress,
        store=store,
        sources={name: _source(product, name) for name in product.versions},
    )


def _source(product: Product, component: str) -> Source:
    version = product.versions[component]
    return Source(
        config=product.descriptions.get(component, product.config),
        directory=product.source_directory(component),
        commit=version.commit.sha if version.exported else None,
    )


def _store(product: Product, channel: str | None, output: Path) -> Store:
    """The store of a channel; a snapshot's is inside the `output`."""
    place = _channel(product, channel).store
    return DirectoryStore((output if channel is None else product.directory) / place)


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
