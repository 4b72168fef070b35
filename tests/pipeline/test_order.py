"""The order of a release, with fakes for everything outside."""

import json
from pathlib import Path
from threading import Barrier

import pytest

from jesses.base.errors import CommandError, EngineError, PayloadError, StoreError
from jesses.package.compression import LEVEL, QUICK
from jesses.package.compression.deflate import deflate
from jesses.pipeline import order
from tests.support.hawk import PRODUCT, Bench, FakeEngine, FakePublisher, MeetingPublisher


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
    assert bench.steps == [name for name, _ in order.PIPELINE]
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


def test_a_dockerfile_is_neither_read_nor_written_through_a_link_that_leads_out(bench: Bench) -> None:
    with_dockerfile(bench).engine = FakeEngine()
    outside = bench.directory.parent / "outside"
    outside.mkdir()
    (outside / "Dockerfile").write_text("FROM secret")
    loader = bench.directory / "loader"
    (loader / "Dockerfile").unlink()
    (loader / "Dockerfile").symlink_to(outside / "Dockerfile")
    with pytest.raises(PayloadError, match="through the link loader/Dockerfile -> "):
        bench.run()
    (loader / "Other").write_text("FROM scratch")
    toml = bench.directory / "release.toml"
    toml.write_text(toml.read_text().replace("loader/Dockerfile", "loader/Other"))
    bench.run()
    assert (outside / "Dockerfile").read_text() == "FROM secret"
    (loader / "release").symlink_to(outside)
    with pytest.raises(PayloadError, match="release is a link"):
        bench.run()


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
