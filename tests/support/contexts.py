"""The context of a run in tests: what a test does not care about is a fake that does nothing, or refuses."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from jesses.base.artifact import Artifact
from jesses.base.errors import EngineError, RegistryError
from jesses.base.naming.arch import Arch
from jesses.base.runner import Runner
from jesses.channel.journal import Journal, NoJournal
from jesses.config import Config
from jesses.history.export import export
from jesses.image.base import Base
from jesses.package.compression import QUICK, Packer
from jesses.package.descriptions import Descriptions
from jesses.package.reader import PayloadReader
from jesses.pipeline.context import Context, Destinations, Inputs, Tools
from jesses.pipeline.engine import Containers, Engine
from jesses.pipeline.workspace import Workspace, open_workspace
from jesses.plan.plan import Plan, PlannedImage
from jesses.publish import Publisher
from jesses.signing import Signer
from jesses.stores import Store
from jesses.stores.cdn import Invalidate, no_cache
from tests.support.memory_store import MemoryStore


class NoEngine:
    """A machine without a Docker engine."""

    def build(self, context: Path, *, platform: str, arguments: Mapping[str, str], target: Path) -> None:
        raise EngineError("no Docker engine answers", fix="start one")

    def run(
        self, image: str, argv: Sequence[str], *, platform: str, files: Sequence[Path], network: bool
    ) -> None:
        raise EngineError("no Docker engine answers", fix="start one")


def no_base(image: PlannedImage) -> Mapping[Arch, Base]:
    raise RegistryError(f"the base {image.base} cannot be had: no registry is reached", fix="none")


def nothing_built(_name: str, _directory: Path) -> bool:
    return False


def no_repository(_packages: tuple[Artifact, ...], _directory: Path) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What is outside of a run. What is not given does nothing, or refuses."""

    runner: Runner
    publishers: tuple[Publisher, ...] = ()
    store: Store | None = None
    signer: Signer | None = None
    journal: Journal | None = None
    invalidate: Invalidate = no_cache
    engine: Engine | None = None
    containers: Containers | None = None
    clock: Callable[[], float] = time.time
    descriptions: Descriptions = field(default_factory=Descriptions)

    def context(
        self,
        config: Config,
        plan: Plan,
        *,
        directory: Path,
        workspace: Workspace,
        packer: Packer,
        quick: Packer,
    ) -> Context:
        return Context(
            inputs=Inputs(config=config, directory=directory, plan=plan, sources={}, confirm=lambda: None),
            tools=Tools(
                workspace=workspace,
                runner=self.runner,
                packer=packer,
                quick=quick,
                reader=PayloadReader(),
                descriptions=self.descriptions,
                progress=print,
                clock=self.clock,
                export=export,
                engine=self.engine or NoEngine(),
                containers=self.containers or NoEngine(),
                make_repository=no_repository,
            ),
            destinations=Destinations(
                publishers=self.publishers,
                store=self.store or MemoryStore(),
                journal=self.journal or NoJournal(),
                signer=self.signer,
                invalidate=self.invalidate,
                find_base=no_base,
                find_built=nothing_built,
            ),
        )

    @contextmanager
    def in_workspace(self, config: Config, plan: Plan, *, directory: Path, dist: Path) -> Iterator[Context]:
        """A context whose output becomes `dist` when the block ends without an error."""
        with ExitStack() as stack:
            workspace = stack.enter_context(open_workspace(dist))
            packer = Packer(workspace.scratch / "deflated", threads=1, sha1=True)
            quick = Packer(workspace.scratch / "quick", level=QUICK, threads=1, sha1=True)
            yield self.context(
                config,
                plan,
                directory=directory,
                workspace=workspace,
                packer=stack.enter_context(packer),
                quick=stack.enter_context(quick),
            )
