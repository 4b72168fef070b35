"""The order of a release, with fakes for everything outside."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier
from typing import Literal

import pytest
from semver import Version

from release import pipeline
from release.artifact import Artifact
from release.compression import LEVEL, QUICK, Packer
from release.compression.deflate import deflate
from release.config import Config, load
from release.errors import CommandError, EngineError, PayloadError, StoreError
from release.history import Commit
from release.journal import NoJournal
from release.plan import make_plan
from release.publishers import Publication
from release.signing import Signer
from release.steps import Context, State
from release.version import ComponentVersion
from release.workspace import open_workspace
from tests.stores.memory import MemoryStore

PRODUCT = """
[project]
name = "hawk"
summary = "Sees"
homepage = "https://hawk.example.org/"
license = "MIT"
maintainer = "H <h@example.org>"
vendor = "V"
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

    def __call__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> None:
        assert env is not None
        self.calls.append({"argv": " ".join(argv), "cwd": str(cwd), **env})
        if self.stages:
            program = Path(env["JESSES_STAGE"]) / "bin" / "hawk"
            program.parent.mkdir()
            program.write_text(f"hawk for {env['JESSES_ARCH']}")
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
        with ExitStack() as stack:
            workspace = stack.enter_context(open_workspace(self.dist))
            packer = stack.enter_context(Packer(workspace.scratch / "deflated", threads=1))
            quick = stack.enter_context(Packer(workspace.scratch / "quick", level=QUICK, threads=1))
            context = Context(
                config=self.config,
                directory=self.directory,
                plan=make_plan(
                    self.config,
                    {"userspace": VERSION},
                    channel=self.channel,
                    no_engine=self.no_engine,
                ),
                workspace=workspace,
                runner=self.runner,
                packer=packer,
                quick=quick,
                signer=self.signer,
                publishers=self.publishers,
                journal=NoJournal(),
                invalidate=self.invalidated.extend,
                progress=print,
                engine=self.engine,
                store=MemoryStore(),
            )
            return pipeline.run(context, announce=self.steps.append)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    directory = tmp_path / "hawk"
    directory.mkdir()
    (directory / "release.toml").write_text(PRODUCT)
    (directory / "copyright").write_text("MIT\n")
    return Bench(directory=directory, dist=tmp_path / "dist")


def test_what_is_planned_is_made_and_described(bench: Bench) -> None:
    state = bench.run()
    rows = json.loads((bench.dist / "artifacts.json").read_text())["artifacts"]
    assert [row["path"] for row in rows] == [
        *(
            "packages/hawk-1.2.3-x86_64.tar.gz",
            "packages/hawk-1.2.3-x86_64.deb",
            "packages/hawk-1.2.3-x86_64.rpm",
        ),
        *("packages/hawk-1.2.3-aarch64.tar.gz", "packages/hawk-1.2.3-aarch64.deb"),
        *("packages/hawk-1.2.3-aarch64.rpm", "images/hawk"),
        *("images/hawk-1.2.3-x86_64.oci.tar", "images/hawk-1.2.3-aarch64.oci.tar"),
        *(
            f"sbom/hawk-1.2.3-{arch}{suffix}.spdx.json"
            for arch in ("x86_64", "aarch64")
            for suffix in (".tar.gz", ".deb", ".rpm")
        ),
        *(f"sbom/hawk-1.2.3-{arch}.oci.tar.spdx.json" for arch in ("x86_64", "aarch64")),
    ]
    assert [row["sha256"] for row in rows] == [artifact.sha256 for artifact in state.artifacts]
    assert bench.steps == [name for name, _ in pipeline.PIPELINE]
    assert not list(bench.dist.rglob("*.partial"))


def test_builds_find_what_they_need_in_their_environment(bench: Bench) -> None:
    bench.run()
    assert [call["JESSES_ARCH"] for call in bench.runner.calls] == ["x86_64", "aarch64"]
    first = bench.runner.calls[0]
    assert first["argv"] == "make-it"
    assert first["cwd"] == str(bench.directory)
    assert first["JESSES_VERSION"] == "1.2.3"
    assert first["SOURCE_DATE_EPOCH"] == "1700000000"


XZ = """
[compression]
tarball = "xz"
deb = "xz"
rpm = "xz"
"""
PACKAGE = PRODUCT[PRODUCT.index("[packages.hawk]") : PRODUCT.index("[images.hawk]")]
OTHER_BUILD = """
[builds.other]
component = "userspace"
command = ["make-it"]
"""


@pytest.mark.parametrize(
    ("product", "level"),
    [
        (PRODUCT, LEVEL),
        (PRODUCT + XZ, QUICK),
        (PRODUCT + XZ.replace('rpm = "xz"', 'rpm = "gzip"'), LEVEL),
        (PRODUCT.replace(PACKAGE, ""), QUICK),
        (
            PRODUCT.replace(PACKAGE, PACKAGE.replace('build = "agent"', 'build = "other"')) + OTHER_BUILD,
            QUICK,
        ),
    ],
    ids=["gzip", "xz", "one of gzip", "no package", "package of another build"],
)
def test_an_image_is_compressed_as_packages_that_it_shares_segments_with(
    bench: Bench, product: str, level: int
) -> None:
    table = "".join(f"{number} times {number} is {number**2}\n" for number in range(2000)).encode()
    more = 'contents = [{ path = "/usr/share/hawk/table", source = "table" }, '
    head, images, tail = product.partition("[images.hawk]")
    (bench.directory / "release.toml").write_text(head + images + tail.replace("contents = [", more, 1))
    (bench.directory / "table").write_bytes(table)
    bench.run()
    layers = [path.read_bytes() for path in (bench.dist / "images/hawk/blobs/sha256").iterdir()]
    segments = {tried: bytes(deflate(table, tried)) for tried in (LEVEL, QUICK)}
    assert segments[LEVEL] != segments[QUICK]
    assert {tried for tried in segments if any(segments[tried] in data for data in layers)} == {level}


def test_sums_name_every_file_with_the_digest_of_its_published_bytes(bench: Bench) -> None:
    state = bench.run()
    lines = (bench.dist / "SHA256SUMS").read_text().splitlines()
    assert len(lines) == len(state.artifacts) - 1  # the layout is a directory
    for artifact in state.artifacts:
        if artifact.kind != "image":
            assert f"{artifact.sha256}  {artifact.path.relative_to(artifact.path.parents[1])}" in lines


def test_every_publisher_stages_and_is_verified_before_any_commits(bench: Bench) -> None:
    log: list[str] = []
    bench.publishers = (FakePublisher("a", log), FakePublisher("b", log))
    state = bench.run()
    assert log == ["check a", "check b", "stage a", "stage b", "verify a", "verify b", "commit a", "commit b"]
    assert [publication.publisher for publication in state.publications] == ["a", "b"]
    assert bench.publishers[0].taken == state.artifacts


@pytest.mark.parametrize("what", ["check", "stage", "verify"])
def test_a_publisher_that_fails_leaves_every_other_one_uncommitted(bench: Bench, what: str) -> None:
    log: list[str] = []
    bench.publishers = (
        FakePublisher("a", log),
        FakePublisher("b", log, fails_at=what),
        FakePublisher("c", log),
    )
    with pytest.raises(StoreError, match=f"{what} failed"):
        bench.run()
    assert not [entry for entry in log if entry.startswith("commit")]
    assert not bench.dist.exists()


def test_independent_publishers_stage_and_are_verified_at_once(bench: Bench) -> None:
    log: list[str] = []
    meeting = Barrier(2)
    bench.publishers = (
        FakePublisher("a", log),
        MeetingPublisher("b", log, meeting=meeting),
        MeetingPublisher("c", log, meeting=meeting),
    )
    state = bench.run()
    assert sorted(log[:3]) == ["check a", "check b", "check c"]
    assert sorted(log[3:6]) == ["stage a", "stage b", "stage c"]
    assert sorted(log[6:9]) == ["verify a", "verify b", "verify c"]
    assert log[9:] == ["commit a", "commit b", "commit c"]
    assert [publication.publisher for publication in state.publications] == ["a", "b", "c"]


@pytest.mark.parametrize("what", ["stage", "verify"])
def test_one_of_those_that_fails_leaves_every_other_one_uncommitted(bench: Bench, what: str) -> None:
    log: list[str] = []
    bench.publishers = (
        FakePublisher("a", log),
        MeetingPublisher("b", log),
        MeetingPublisher("c", log, fails_at=what),
    )
    with pytest.raises(StoreError, match=f"{what} failed"):
        bench.run()
    assert not [entry for entry in log if entry.startswith("commit")]


def test_a_build_that_stages_nothing_is_an_error_and_leaves_nothing(bench: Bench) -> None:
    bench.runner.stages = False
    with pytest.raises(CommandError, match="build agent for x86_64 staged nothing"):
        bench.run()
    assert [path.name for path in bench.dist.parent.iterdir()] == ["hawk"]


def test_what_a_build_did_not_stage_is_named(bench: Bench) -> None:
    text = PRODUCT.replace('staged = "bin/hawk"', 'staged = "bin/eagle"')
    (bench.directory / "release.toml").write_text(text)
    with pytest.raises(PayloadError, match="/usr/bin/hawk: the build staged no bin/eagle"):
        bench.run()


def test_the_same_source_gives_the_same_artifacts_in_another_place(bench: Bench, tmp_path: Path) -> None:
    first = bench.run()
    other = tmp_path / "elsewhere" / "deep"
    other.parent.mkdir()
    bench.directory.rename(other)
    second = Bench(directory=other, dist=tmp_path / "other-dist").run()
    assert [artifact.sha256 for artifact in first.artifacts] == [
        artifact.sha256 for artifact in second.artifacts
    ]


def with_dockerfile(bench: Bench) -> Bench:
    (bench.directory / "loader").mkdir()
    (bench.directory / "loader" / "Dockerfile").write_text("FROM scratch")
    (bench.directory / "loader" / "load").write_text("#!/bin/sh")
    image = """
[images.hawk-loader]
component = "userspace"
dockerfile = "loader/Dockerfile"
architectures = ["x86_64", "aarch64"]
arguments = { NAME = "hawk {version}" }
[channels.stable]
store = "../site"
registries = ["registry.example.org/hawk"]
"""
    (bench.directory / "release.toml").write_text(PRODUCT + image)
    return bench


def test_an_image_with_a_dockerfile_is_built_for_each_architecture(bench: Bench) -> None:
    engine = FakeEngine()
    with_dockerfile(bench).engine = engine
    state = bench.run()
    kinds = [artifact.kind for artifact in state.artifacts if artifact.name == "hawk-loader"]
    assert kinds == ["image", "image-archive", "image-archive", "sbom", "sbom"]
    assert [asked["platform"] for asked in engine.asked] == ["linux/amd64", "linux/arm64"]
    first = engine.asked[0]
    assert first["files"] == "Dockerfile load release"
    assert first["NAME"] == "hawk 1.2.3"
    assert (first["JESSES_VERSION"], first["JESSES_ARCH"]) == ("1.2.3", "x86_64")
    assert first["JESSES_COMMIT"] == "a" * 40


def test_an_engine_that_builds_for_another_machine_is_an_error(bench: Bench) -> None:
    with_dockerfile(bench).engine = FakeEngine(architecture="amd64")
    with pytest.raises(EngineError, match="built hawk-loader for amd64, not for arm64"):
        bench.run()


def test_without_an_engine_a_snapshot_leaves_the_image_out(bench: Bench) -> None:
    with_dockerfile(bench).no_engine = "no engine answers"
    state = bench.run()
    assert "hawk-loader" not in {artifact.name for artifact in state.artifacts}
    assert "hawk" in {artifact.name for artifact in state.artifacts if artifact.kind == "image"}


def test_without_an_engine_a_channel_is_an_error_before_anything_is_built(bench: Bench) -> None:
    with_dockerfile(bench).no_engine = "no engine answers"
    bench.channel = "stable"
    with pytest.raises(EngineError, match="hawk-loader cannot be built: no engine answers"):
        bench.run()
    assert bench.steps == ["preflight"]
    assert bench.runner.calls == []


def test_a_publisher_that_may_not_publish_is_found_before_anything_is_built(bench: Bench) -> None:
    class Forbidden(FakePublisher):
        def preflight(self) -> None:
            self._do("preflight")

    log: list[str] = []
    bench.publishers = (Forbidden("a", log, fails_at="preflight"),)
    with pytest.raises(StoreError, match="preflight failed"):
        bench.run()
    assert bench.runner.calls == []
