"""A release in two parts, on a machine for each architecture and one that joins them."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from release import pipeline
from release.arch import Arch, parse_arch
from release.compression import Packer
from release.config import load
from release.errors import ConfigError, OutputError
from release.journal import NoJournal
from release.plan import make_plan
from release.steps import Context, State
from release.workspace import open_workspace
from tests.test_pipeline import PRODUCT, VERSION, FakePublisher, FakeRunner

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

    def run(self, dist: str, part: Callable[[Context], State]) -> tuple[State, FakeRunner]:
        runner = FakeRunner()
        config = load(self.root / "hawk")
        with ExitStack() as stack:
            workspace = stack.enter_context(open_workspace(self.root / dist))
            packer = stack.enter_context(Packer(workspace.scratch / "deflated", threads=1))
            state = part(
                Context(
                    config=config,
                    directory=self.root / "hawk",
                    plan=make_plan(config, {"userspace": VERSION}),
                    workspace=workspace,
                    runner=runner,
                    packer=packer,
                    signer=None,
                    publishers=(FakePublisher("a", self.log),),
                    journal=NoJournal(),
                    invalidate=lambda _: None,
                    progress=print,
                )
            )
        return state, runner

    def build(self, *architectures: Arch) -> FakeRunner:
        def part(context: Context) -> State:
            return pipeline.build_part(context, architectures, announce=print)

        return self.run("-".join(architectures), part)[1]

    def publish(self, *directories: str) -> tuple[State, FakeRunner]:
        paths = [self.root / name for name in directories]
        return self.run("dist", lambda context: pipeline.publish_part(context, paths, announce=print))


@pytest.fixture
def machines(tmp_path: Path) -> Machines:
    directory = tmp_path / "hawk"
    directory.mkdir()
    (directory / "release.toml").write_text(PRODUCT + NOARCH)
    (directory / "copyright").write_text("MIT\n")
    return Machines(root=tmp_path, log=[])


def test_parts_that_are_joined_are_what_one_machine_makes(machines: Machines) -> None:
    alone, _ = machines.run("alone", lambda context: pipeline.run(context, announce=print))
    machines.build("x86_64")
    machines.build("aarch64")
    joined, runner = machines.publish("aarch64", "x86_64")
    assert [call["JESSES_ARCH"] for call in runner.calls] == ["noarch"]
    assert [(artifact.path.name, artifact.sha256) for artifact in joined.artifacts] == [
        (artifact.path.name, artifact.sha256) for artifact in alone.artifacts
    ]
    for name in ("artifacts.json", "SHA256SUMS"):
        assert (machines.root / "dist" / name).read_text() == (machines.root / "alone" / name).read_text()


def test_the_part_that_builds_publishes_nothing(machines: Machines) -> None:
    machines.build("x86_64")
    assert machines.log == []
    rows = json.loads((machines.root / "x86_64" / "artifacts.json").read_text())["artifacts"]
    assert {row["arch"] for row in rows} == {"x86_64"}
    assert [path.name for path in (machines.root / "x86_64" / "trees").iterdir()] == ["agent-x86_64.tar"]


def test_what_nobody_has_built_is_built_by_the_one_that_joins(machines: Machines) -> None:
    machines.build("x86_64")
    _, runner = machines.publish("x86_64")
    assert [call["JESSES_ARCH"] for call in runner.calls] == ["aarch64", "noarch"]


def test_a_file_that_was_damaged_on_the_way_is_told_and_nothing_is_published(machines: Machines) -> None:
    machines.build("x86_64", "aarch64")
    machines.log.clear()
    path = machines.root / "x86_64-aarch64" / "packages" / "hawk-1.2.3-x86_64.deb"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(OutputError, match=r"hawk-1\.2\.3-x86_64\.deb is not what artifacts\.json says"):
        machines.publish("x86_64-aarch64")
    assert machines.log == []


def test_what_was_built_from_another_commit_is_told(machines: Machines) -> None:
    machines.build("x86_64")
    directory = machines.root / "x86_64"
    manifest = (directory / "artifacts.json").read_text()
    (directory / "artifacts.json").write_text(manifest.replace("1.2.3", "1.2.4"))
    for path in [path for name in ("packages", "sbom") for path in (directory / name).iterdir()]:
        path.rename(path.with_name(path.name.replace("1.2.3", "1.2.4")))
    with pytest.raises(OutputError, match="is not in the plan") as caught:
        machines.publish("x86_64")
    assert "same commit" in caught.value.fix


@pytest.mark.parametrize("text", ["{", "{}", '{"artifacts": [{}]}', '{"artifacts": [{"path": "../x"}]}'])
def test_a_manifest_that_is_none_is_told(machines: Machines, text: str) -> None:
    directory = machines.root / "x86_64"
    directory.mkdir()
    (directory / "artifacts.json").write_text(text)
    with pytest.raises(OutputError, match="holds nothing that was built"):
        machines.publish("x86_64")


def test_a_directory_that_is_not_there_is_told(machines: Machines) -> None:
    with pytest.raises(OutputError, match="holds nothing that was built"):
        machines.publish("gone")


def test_an_architecture_has_our_name() -> None:
    assert parse_arch("aarch64") == "aarch64"
    with pytest.raises(ConfigError, match="no architecture 'arm64'"):
        parse_arch("arm64")
