"""A release in two parts: machines that build, and one that publishes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from jesses.base.naming.arch import Arch
from jesses.config import load
from jesses.pipeline import order
from jesses.pipeline.context import Context, State
from jesses.pipeline.engine import Containers
from jesses.plan.plan import make_plan
from jesses.plan.versions import ComponentVersion
from jesses.signing import Signer
from tests.support.contexts import Surroundings
from tests.support.hawk import PRODUCT, VERSION, FakeEngine, FakePublisher, FakeRunner
from tests.support.memory_store import MemoryStore

NOARCH = """
[builds.doc]
component = "userspace"
command = ["doc-it"]
architectures = ["noarch"]
[packages.hawk-doc]
component = "userspace"
build = "doc"
description = "Words."
contents = [
    { path = "/usr/share/doc/hawk-doc/hawk", staged = "bin/hawk" },
    { path = "/usr/share/doc/hawk-doc/copyright", source = "copyright" },
]
"""


@dataclass
class Machines:
    """Machines that share nothing but the sources and what is handed over."""

    root: Path
    log: list[str]
    store: MemoryStore = field(default_factory=MemoryStore)
    released: frozenset[str] = frozenset()
    signer: Signer | None = None
    containers: Containers | None = None
    trials: bool = True
    version: ComponentVersion = VERSION

    engine: FakeEngine | None = None
    no_engine: str = ""

    def run(self, dist: str, part: Callable[[Context], State]) -> tuple[State, FakeRunner]:
        runner = FakeRunner()
        config = load(self.root / "hawk")
        plan = make_plan(
            config, {"userspace": self.version}, released=self.released, no_engine=self.no_engine
        )
        surroundings = Surroundings(
            runner=runner,
            publishers=(FakePublisher("a", self.log),),
            store=self.store,
            signer=self.signer,
            engine=self.engine,
            containers=self.containers,
        )
        with surroundings.in_workspace(
            config, plan, directory=self.root / "hawk", dist=self.root / dist
        ) as context:
            state = part(context)
        return state, runner

    def build(self, *architectures: Arch) -> FakeRunner:
        def part(context: Context) -> State:
            return order.build_part(context, architectures, announce=print, trials=self.trials)

        return self.run("-".join(architectures), part)[1]

    def publish(self, *directories: str) -> tuple[State, FakeRunner]:
        paths = [self.root / name for name in directories]
        return self.run(
            "dist", lambda context: order.publish_part(context, paths, announce=print, trials=self.trials)
        )


def product_in(root: Path, *, product: str = PRODUCT, more: str = "") -> Machines:
    directory = root / "hawk"
    directory.mkdir()
    (directory / "release.toml").write_text(product + NOARCH + more)
    (directory / "copyright").write_text("MIT\n")
    return Machines(root=root, log=[])
