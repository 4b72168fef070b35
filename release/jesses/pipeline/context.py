"""What a step is given and what it gives back: the context of a run, and what was made so far."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from jesses.base.artifact import Artifact
from jesses.base.naming.arch import Arch
from jesses.base.runner import Runner
from jesses.channel.journal import Journal
from jesses.channel.records import Record
from jesses.config import Config
from jesses.history.export import Export
from jesses.image.base import Base
from jesses.package.compression import Packer
from jesses.package.descriptions import Descriptions
from jesses.package.formats.sbom import SbomSubject
from jesses.package.reader import PayloadReader
from jesses.pipeline.engine import Containers, Engine
from jesses.pipeline.workspace import Workspace
from jesses.plan.plan import Plan, PlannedImage
from jesses.publish import Publication, Publisher
from jesses.signing import Signer
from jesses.stores import Store
from jesses.stores.cdn import Invalidate

FindBase = Callable[[PlannedImage], Mapping[Arch, Base]]
"""What an image stands on, for each of its architectures, from its registry; it is asked once for each."""

FindBuilt = Callable[[str, Path], bool]
"""Writes the layout of an image that another run of this release has built and staged; whether there is one."""

MakeRepository = Callable[[tuple[Artifact, ...], Path], None]
"""Writes an APT repository of some packages into a directory, for a Dockerfile to install from."""


@dataclass(frozen=True, kw_only=True)
class ComponentSource:
    """What a component is made from: the configuration that describes it, and the directory of its sources.

    With a `commit` it is made from the tree of that commit, not from what lies in the directory.
    """

    config: Config
    directory: Path
    commit: str | None = None


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What is released: the plan, and the product in `directory` with its configuration.

    `sources` has what a component is made from, where that is not `config` in `directory`. `confirm` raises where
    the plan that was agreed on no longer holds.
    """

    config: Config
    directory: Path
    plan: Plan
    sources: Mapping[str, ComponentSource]
    confirm: Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What a release is made with.

    `packer` packs for packages and the images that share segments with them, `quick` for other images; `reader`
    reads the payloads of both. `descriptions` has what the packages say that were written in this run.
    `progress` is told what is being worked on. `clock` gives seconds since 1970 UTC. `engine` builds images,
    `containers` runs trials: both raise `EngineError` where there is no Docker engine.
    """

    workspace: Workspace
    runner: Runner
    packer: Packer
    quick: Packer
    reader: PayloadReader
    descriptions: Descriptions
    progress: Callable[[str], None]
    clock: Callable[[], float]
    export: Export
    engine: Engine
    containers: Containers
    make_repository: MakeRepository


@dataclass(frozen=True, kw_only=True)
class Destinations:
    """Where a release goes, and what is there already. `signer` is None for an unsigned run.

    `invalidate` makes the caches in front of the store forget what has moved.
    """

    publishers: tuple[Publisher, ...]
    store: Store
    journal: Journal
    signer: Signer | None
    invalidate: Invalidate
    find_base: FindBase
    find_built: FindBuilt


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a run is given from outside."""

    inputs: Inputs
    tools: Tools
    destinations: Destinations

    def for_plan(self, plan: Plan) -> "Context":
        """The same run with a part of its plan."""
        return replace(self, inputs=replace(self.inputs, plan=plan))

    def released(self, component: str) -> Record:
        """What the store has of the version of `component`."""
        return Record(
            store=self.destinations.store,
            project=self.inputs.plan.project,
            component=component,
            version=self.inputs.plan.versions[component].version,
        )

    def source(self, component: str) -> ComponentSource:
        """What `component` is made from."""
        inputs = self.inputs
        return inputs.sources.get(component) or ComponentSource(
            config=inputs.config, directory=inputs.directory
        )


@dataclass(frozen=True, kw_only=True)
class State:
    """What the steps have made so far.

    `sources` has the components that are built, with their sources checked out. `trees` are the staged trees by
    build and architecture, `saved` what engines saved by image and architecture; `subjects` are what bills of
    materials are about.
    """

    sources: Mapping[str, ComponentSource] = field(default_factory=dict)
    trees: Mapping[tuple[str, Arch], Path] = field(default_factory=dict)
    saved: Mapping[tuple[str, Arch], Path] = field(default_factory=dict)
    artifacts: tuple[Artifact, ...] = ()
    subjects: tuple[SbomSubject, ...] = ()
    publications: tuple[Publication, ...] = ()


Step = Callable[[Context, State], State]
