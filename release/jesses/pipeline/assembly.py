"""Puts a run together from the outside world: its inputs, its tools, its destinations."""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jesses.base.artifact import Artifact
from jesses.base.runner import ProcessRunner
from jesses.channel.target import Target
from jesses.history.export import export
from jesses.package.compression import Packer
from jesses.package.descriptions import Descriptions
from jesses.package.reader import PayloadReader
from jesses.pipeline import engine
from jesses.pipeline.context import ComponentSource, Context, Inputs, Tools
from jesses.pipeline.destinations import OpenedDestinations, open_destinations, open_target
from jesses.pipeline.run import Run
from jesses.pipeline.workspace import Workspace
from jesses.plan.product import Product
from jesses.publish import drive
from jesses.publish.apt.publisher import apt_publisher
from jesses.publish.shared.settings import RepositorySettings
from jesses.signing import Signer, openpgp
from jesses.stores.directory import DirectoryStore


@dataclass(frozen=True, kw_only=True)
class AssembledRun:
    """What the steps need, and the destinations that were opened for them."""

    context: Context
    opened: OpenedDestinations


def assemble(run: Run, workspace: Workspace, packer: Packer, quick: Packer) -> AssembledRun:
    """Open what a run needs.

    Raises:
        ConfigError, StoreError, SigningError, RegistryError: it cannot be opened.

    """
    signer = run.key or (openpgp.ephemeral(_key_owner(run)) if run.options.sign else None)
    target = open_target(run, workspace)
    descriptions = Descriptions()
    opened = open_destinations(run, target, signer, descriptions)
    context = Context(
        inputs=_inputs(run),
        tools=_tools(run, target, workspace, (packer, quick), signer, descriptions),
        destinations=opened.destinations,
    )
    return AssembledRun(context=context, opened=opened)


def _inputs(run: Run) -> Inputs:
    return Inputs(
        config=run.product.config,
        directory=run.product.directory,
        plan=run.plan,
        sources={name: _source(run.product, name) for name in run.product.versions},
        confirm=run.confirm,
    )


def _tools(
    run: Run,
    target: Target,
    workspace: Workspace,
    packers: tuple[Packer, Packer],
    signer: Signer | None,
    descriptions: Descriptions,
) -> Tools:
    packer, quick = packers
    return Tools(
        workspace=workspace,
        runner=ProcessRunner(environment=_with_python(run.environment), echo=run.narrator.command),
        packer=packer,
        quick=quick,
        reader=PayloadReader(),
        descriptions=descriptions,
        progress=run.narrator.progress,
        clock=target.clock,
        export=export,
        engine=engine.DockerEngine(),
        containers=engine.DockerEngine(),
        make_repository=lambda packages, made: _make_repository(run.product, packages, made, signer),
    )


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
