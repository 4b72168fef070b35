"""A small product, and fakes for everything outside of its release."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier
from typing import Literal

from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.errors import StoreError
from jesses.base.runner import Command
from jesses.config import Config, load
from jesses.history.git_history import Commit
from jesses.pipeline import order
from jesses.pipeline.context import State
from jesses.plan.plan import make_plan
from jesses.plan.versions import ComponentVersion
from jesses.publish import Publication
from jesses.signing import Signer
from tests.support.contexts import Surroundings

PROJECT = """
[project]
name = "hawk"
summary = "Sees"
homepage = "https://hawk.example.org/"
license = "MIT"
maintainer = "H <h@example.org>"
vendor = "V"
"""

PRODUCT = (
    PROJECT
    + """
[components.userspace]
[builds.agent]
component = "userspace"
command = ["make-it"]
[packages.hawk]
component = "userspace"
build = "agent"
description = "A hawk."
contents = [
    { path = "/usr/bin/hawk", staged = "bin/hawk" },
    { path = "/usr/share/doc/hawk/copyright", source = "copyright" },
]
[images.hawk]
component = "userspace"
build = "agent"
entrypoint = ["/usr/bin/hawk"]
contents = [{ path = "/usr/bin/hawk", staged = "bin/hawk" }]
"""
)

VERSION = ComponentVersion(
    component="userspace",
    version=Version.parse("1.2.3"),
    commit=Commit(sha="a" * 40, date=1_700_000_000),
    tag="1.2.3",
    dirty=False,
    reasons=("because",),
)


@dataclass
class FakePublisher:
    name: str
    log: list[str]
    fails_at: str = ""
    taken: Sequence[Artifact] = ()

    def check(
        self,
        artifacts: Sequence[Artifact],
        *,
        resumed: bool = False,
    ) -> tuple[Artifact, ...]:
        self._do("check")
        return tuple(artifacts)

    def stage(self, artifacts: Sequence[Artifact]) -> tuple[Artifact, ...]:
        self.taken = artifacts
        self._do("stage")
        return tuple(artifacts)

    def verify(self) -> None:
        self._do("verify")

    def commit(self) -> Publication:
        self._do("commit")
        return Publication(publisher=self.name, location="here", uploaded=1, present=0)

    def _do(self, what: str) -> None:
        self.log.append(f"{what} {self.name}")
        if what == self.fails_at:
            raise StoreError(f"{what} failed", fix="none")


@dataclass
class MeetingPublisher(FakePublisher):
    """Goes on only when as many as `meeting` says do the same at the same time."""

    meeting: Barrier = field(default_factory=lambda: Barrier(1))
    independent: Literal[True] = True

    def _do(self, what: str) -> None:
        if what in {"stage", "verify"}:
            self.meeting.wait(10)
        super()._do(what)


@dataclass
class FakeRunner:
    """Stages one file named after the architecture, as a build command would."""

    stages: bool = True
    calls: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, command: Command) -> None:
        self.calls.append({"argv": " ".join(command.argv), "cwd": str(command.cwd), **command.env})
        if self.stages:
            program = Path(command.env["JESSES_STAGE"]) / "bin" / "hawk"
            program.parent.mkdir()
            program.write_text(f"hawk for {command.env['JESSES_ARCH']}")
            program.chmod(0o700)


@dataclass
class FakeEngine:
    """Saves an image with one layer, which holds what it was asked for."""

    architecture: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)

    def build(self, context: Path, *, platform: str, arguments: Mapping[str, str], target: Path) -> None:
        self.asked.append(
            {
                "platform": platform,
                "files": " ".join(sorted(path.name for path in context.iterdir())),
                **arguments,
            }
        )
        layer = json.dumps([platform]).encode()
        config = {
            "architecture": self.architecture or platform.removeprefix("linux/"),
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
        members = {
            "manifest.json": [{"Config": "config.json", "Layers": ["layer.tar"]}],
            "config.json": config,
            "layer.tar": [platform],
        }
        with tarfile.open(target, "w") as tar:
            for name, document in members.items():
                data = json.dumps(document).encode()
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))


@dataclass
class Bench:
    """One release to be run, and what happened."""

    directory: Path
    dist: Path
    publishers: tuple[FakePublisher, ...] = ()
    runner: FakeRunner = field(default_factory=FakeRunner)
    signer: Signer | None = None
    engine: FakeEngine | None = None
    no_engine: str = ""
    channel: str | None = None
    steps: list[str] = field(default_factory=list)
    invalidated: list[str] = field(default_factory=list)

    @property
    def config(self) -> Config:
        return load(self.directory)

    def run(self) -> State:
        surroundings = Surroundings(
            runner=self.runner,
            publishers=self.publishers,
            signer=self.signer,
            invalidate=self.invalidated.extend,
            engine=self.engine,
        )
        plan = make_plan(self.config, {"userspace": VERSION}, channel=self.channel, no_engine=self.no_engine)
        with surroundings.in_workspace(
            self.config, plan, directory=self.directory, dist=self.dist
        ) as context:
            return order.run(context, announce=self.steps.append)
