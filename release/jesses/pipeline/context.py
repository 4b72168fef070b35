"""What a step is given and what it gives back: the context of a run, and what was made so far."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jesses.base.artifact import Artifact
from jesses.base.errors import RegistryError
from jesses.base.naming.arch import Arch
from jesses.base.runner import Runner
from jesses.channel.journal import Journal
from jesses.channel.records import Record
from jesses.config import Config
from jesses.history.export import Export, export
from jesses.image.base import Base
from jesses.package.compression import Packer
from jesses.package.formats.sbom import SbomSubject
from jesses.pipeline.engine import Containers, Engine
from jesses.pipeline.workspace import Workspace
from jesses.plan.plan import Plan, PlannedImage
from jesses.publish import Publication, Publisher
from jesses.signing import Signer
from jesses.stores import Store
from jesses.stores.cdn import Invalidate

FindBase = Callable[[PlannedImage], Mapping[Arch, Base]]
"""What an image stands on, for each of its architectures, from its registry; it is asked once for each."""


def without_bases(image: PlannedImage) -> Mapping[Arch, Base]:
    """For runs that reach no registry."""
    raise RegistryError(
        f"the base {image.base} cannot be had: this run reaches no registry", fix="build from scratch"
    )


FindBuilt = Callable[[str, Path], bool]
"""Writes the layout of an image that another run of this release has built and staged; whether there is one."""


def nothing_built(_name: str, _directory: Path) -> bool:
    """For runs that are nobody's second."""
    return False


MakeRepository = Callable[[tuple[Artifact, ...], Path], None]
"""Writes an APT repository of some packages into a directory, for a Dockerfile to install from."""


def without_repository(_packages: tuple[Artifact, ...], _directory: Path) -> None:
    """For runs whose Dockerfiles install nothing of the release: the directory stays empty."""


def nothing_agreed() -> None:
    """For runs that follow no plan that was looked at."""


@dataclass(frozen=True, kw_only=True)
class ComponentSource:
    """What a component is made from: the configuration that describes it, and the directory of its sources.

    With a `commit` it is made from the tree of that commit, not from what lies in the directory.
    """

    config: Config
    directory: Path
    commit: str | None = None


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a run is given from outside. `directory` is the product's; `signer` is None for an unsigned run.

    `packer` packs for packages and the images that share segments with them, `quick` for other images.
    `invalidate` makes the caches in front of the store forget what has moved. `sources` has what a component is
    made from, where that is not `config` in `directory`. `confirm` raises where what was agreed on has changed.
    """

    config: Config
    directory: Path
    plan: Plan
    workspace: Workspace
    runner: Runner
    packer: Packer
    quick: Packer
    signer: Signer | None
    publishers: tuple[Publisher, ...]
    journal: Journal
    invalidate: Invalidate
    progress: Callable[[str], None]
    store: Store
    sources: Mapping[str, ComponentSource] = field(default_factory=dict)
    export: Export = export
    find_base: FindBase = without_bases
    clock: Callable[[], float] = time.time
    confirm: Callable[[], None] = nothing_agreed
    find_built: FindBuilt = nothing_built
    engine: Engine | None = None
    containers: Containers | None = None
    make_repository: MakeRepository = without_repository

    def released(self, component: str) -> Record:
        """What the store has of the version of `component`."""
        return Record(
            store=self.store,
            project=self.plan.project,
            component=component,
            version=self.plan.versions[component].version,
        )

    def source(self, component: str) -> ComponentSource:
        """What `component` is made from."""
        return self.sources.get(component) or ComponentSource(config=self.config, directory=self.directory)


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
