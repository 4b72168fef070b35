"""A release in two parts, on a machine for each architecture and one that joins them."""

import hashlib
import json
from pathlib import Path

import pytest

from jesses.base.artifact import Artifact
from jesses.base.digest import sha256_of
from jesses.base.errors import ConfigError, FormatError, OutputError
from jesses.base.naming.arch import parse_arch
from jesses.channel.records import Record
from jesses.package.formats import rpm_file
from jesses.pipeline import order
from jesses.pipeline.handover import pack_tree, unpack_tree
from tests.support.apt_site import SIGNER
from tests.support.hawk import PRODUCT, VERSION, FakeEngine
from tests.support.machines import NOARCH, Machines, product_in


@pytest.fixture
def machines(tmp_path: Path) -> Machines:
    return product_in(tmp_path)


def test_parts_that_are_joined_are_what_one_machine_makes(machines: Machines) -> None:
    alone, _ = machines.run("alone", lambda context: order.run(context, announce=print))
    machines.build("x86_64", "noarch")
    machines.build("aarch64")
    joined, runner = machines.publish("aarch64", "x86_64-noarch")
    assert runner.calls == []
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


def test_what_nobody_has_built_is_told_before_anything_is_built_or_published(machines: Machines) -> None:
    machines.build("x86_64", "noarch")
    machines.log.clear()
    with pytest.raises(
        OutputError, match=r"nobody has built hawk-1\.2\.3-aarch64\.tar\.gz, .*\.rpm"
    ) as caught:
        machines.publish("x86_64-noarch")
    assert "the staged tree agent for hawk" in caught.value.what
    assert "invoke build --arch aarch64 --dist DIR" in caught.value.fix
    assert machines.log == []


def test_no_command_of_the_product_is_run_where_the_secrets_are(machines: Machines) -> None:
    machines.build("x86_64", "aarch64")
    with pytest.raises(OutputError, match=r"nobody has built hawk-doc-1\.2\.3-noarch\.tar\.gz") as caught:
        machines.publish("x86_64-aarch64")
    assert caught.value.fix == "invoke build --arch noarch --dist DIR, in a job without secrets"


def test_a_tree_that_was_not_handed_over_is_told(machines: Machines) -> None:
    machines.build("x86_64", "aarch64", "noarch")
    (machines.root / "x86_64-aarch64-noarch" / "trees" / "agent-aarch64.tar").unlink()
    with pytest.raises(OutputError, match="nobody has built the staged tree agent for hawk"):
        machines.publish("x86_64-aarch64-noarch")


def test_a_bill_of_materials_that_was_not_handed_over_is_told(machines: Machines) -> None:
    machines.build("x86_64", "aarch64", "noarch")
    path = machines.root / "x86_64-aarch64-noarch" / "artifacts.json"
    data = json.loads(path.read_text())
    data["artifacts"] = [row for row in data["artifacts"] if row["kind"] != "sbom" or row["arch"] == "x86_64"]
    path.write_text(json.dumps(data))
    machines.log.clear()
    with pytest.raises(OutputError, match=r"planned and missing: .*hawk-1\.2\.3-aarch64\.deb\.spdx\.json"):
        machines.publish("x86_64-aarch64-noarch")
    assert machines.log == []


def test_signatures_are_added_to_what_was_built_and_nothing_is_packed_again(machines: Machines) -> None:
    machines.build("x86_64", "aarch64", "noarch")
    machines.signer = SIGNER
    joined, _ = machines.publish("x86_64-aarch64-noarch")
    for artifact in joined.artifacts:
        if artifact.kind == "rpm":
            built = machines.root / "x86_64-aarch64-noarch" / "packages" / artifact.path.name
            published = machines.root / "dist" / "packages" / artifact.path.name
            assert artifact.sha256 == sha256_of(built) != artifact.signed_sha256 == sha256_of(published)
            with published.open("rb") as signed, built.open("rb") as plain:
                there, here = rpm_file.read(signed), rpm_file.read(plain)
                assert (there.header, signed.read()) == (here.header, plain.read())


def test_what_was_released_already_is_taken_from_the_store_not_from_the_jobs_that_built(
    machines: Machines,
) -> None:
    machines.build("x86_64", "aarch64", "noarch")
    name = "hawk-1.2.3-x86_64.deb"
    content = b"as it was released"
    digest = hashlib.sha256(content).hexdigest()
    machines.store.put("pool/hawk.deb", content)
    artifact = Artifact(
        path=machines.root / name, kind="deb", component="userspace", name="hawk", version=VERSION.version,
        arch="x86_64", size=len(content), sha256="0" * 64, signed_sha256=digest,
    )  # fmt: skip
    record = Record(store=machines.store, project="hawk", component="userspace", version=VERSION.version)
    record.write([artifact], {name: "pool/hawk.deb"})
    machines.released = frozenset({name})
    joined, runner = machines.publish("x86_64-aarch64-noarch")
    assert runner.calls == []
    taken = [each.signed_sha256 for each in joined.artifacts if each.path.name == name]
    assert taken == [digest]
    assert (machines.root / "dist" / "packages" / name).read_bytes() == content


def test_a_file_that_was_damaged_on_the_way_is_told_and_nothing_is_published(machines: Machines) -> None:
    machines.build("x86_64", "aarch64", "noarch")
    machines.log.clear()
    path = machines.root / "x86_64-aarch64-noarch" / "packages" / "hawk-1.2.3-x86_64.deb"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(OutputError, match=r"hawk-1\.2\.3-x86_64\.deb is not what artifacts\.json says"):
        machines.publish("x86_64-aarch64-noarch")
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


def with_loader(machines: Machines) -> FakeEngine:
    """The product has an image from a Dockerfile, too; what builds it is kept."""
    image = """
[images.hawk-loader]
component = "userspace"
dockerfile = "loader/Dockerfile"
architectures = ["x86_64", "aarch64"]
"""
    (machines.root / "hawk" / "loader").mkdir()
    (machines.root / "hawk" / "loader" / "Dockerfile").write_text("FROM scratch")
    (machines.root / "hawk" / "release.toml").write_text(PRODUCT + NOARCH + image)
    engine = machines.engine = FakeEngine()
    return engine


def test_an_image_is_built_on_the_machine_of_its_architecture(machines: Machines) -> None:
    engine = with_loader(machines)
    alone, _ = machines.run("alone", lambda context: order.run(context, announce=print))
    engine.asked.clear()
    machines.build("x86_64")
    assert [asked["platform"] for asked in engine.asked] == ["linux/amd64"]
    machines.build("aarch64")
    assert [asked["platform"] for asked in engine.asked] == ["linux/amd64", "linux/arm64"]
    # The Dockerfile may install what is the same for every architecture.
    rows = json.loads((machines.root / "aarch64" / "artifacts.json").read_text())["artifacts"]
    assert {row["arch"] for row in rows} == {"aarch64", "noarch"}

    joined, _ = machines.publish("x86_64", "aarch64")
    assert len(engine.asked) == 2
    assert [(artifact.path.name, artifact.sha256) for artifact in joined.artifacts] == [
        (artifact.path.name, artifact.sha256) for artifact in alone.artifacts
    ]


def test_the_machine_that_publishes_needs_no_engine_for_what_others_built(machines: Machines) -> None:
    with_loader(machines)
    machines.build("x86_64")
    machines.build("aarch64")
    machines.engine, machines.no_engine = None, "no Docker engine answers"
    joined, _ = machines.publish("x86_64", "aarch64")
    assert "hawk-loader" in {artifact.name for artifact in joined.artifacts if artifact.kind == "image"}
    (machines.root / "aarch64" / "built" / "hawk-loader-aarch64.tar").unlink()
    joined, _ = machines.publish("x86_64", "aarch64")
    assert "hawk-loader" not in {artifact.name for artifact in joined.artifacts}


def test_an_image_that_no_machine_built_is_built_where_it_is_published(machines: Machines) -> None:
    engine = with_loader(machines)
    machines.engine, machines.no_engine = None, "no Docker engine answers"
    machines.build("x86_64", "aarch64", "noarch")
    machines.engine, machines.no_engine = engine, ""
    machines.publish("x86_64-aarch64-noarch")
    assert [asked["platform"] for asked in engine.asked] == ["linux/amd64", "linux/arm64"]


def test_an_image_that_was_damaged_on_the_way_is_told(machines: Machines) -> None:
    with_loader(machines)
    machines.build("x86_64", "aarch64", "noarch")
    archive = machines.root / "x86_64-aarch64-noarch" / "built" / "hawk-loader-aarch64.tar"
    archive.write_bytes(archive.read_bytes().replace(b"linux/arm64", b"linux/amd65"))
    with pytest.raises(FormatError, match="is damaged"):
        machines.publish("x86_64-aarch64-noarch")
    assert machines.log == []


def test_links_and_hard_links_of_a_staged_tree_arrive_as_they_are(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "units").mkdir(parents=True)
    (tree / "units" / "real").write_text("unit")
    (tree / "second").hardlink_to(tree / "units" / "real")
    (tree / "masked").symlink_to("/dev/null")
    (tree / "units" / "up").symlink_to("../../nowhere")
    pack_tree(tree, tmp_path, build="agent", arch="x86_64")
    unpack_tree(tmp_path / "trees" / "agent-x86_64.tar", tmp_path / "there")
    assert (tmp_path / "there" / "masked").readlink() == Path("/dev/null")
    assert (tmp_path / "there" / "units" / "up").readlink() == Path("../../nowhere")
    assert (tmp_path / "there" / "second").read_text() == "unit"
