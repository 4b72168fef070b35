"""`invoke build` and `invoke publish` as CI calls them."""

import json
import tarfile
from pathlib import Path

import pytest

from jesses.base.errors import ConflictError, OutputError
from tests.support.commands import BUILD, jesses, succeeds
from tests.support.hawk import PRODUCT
from tests.support.repository import Repository

pytestmark = pytest.mark.process

CHANNELS = "".join(f'\n[channels.{name}]\nstore = "../{name}"\n' for name in ("dev", "prerelease", "stable"))


@pytest.fixture
def product(tmp_path: Path) -> Repository:
    """A product, of which both machines' parts are built."""
    repository = Repository(tmp_path / "hawk")
    text = PRODUCT.replace('["make-it"]', json.dumps(["sh", "-c", BUILD])) + CHANNELS
    repository.commit({"release.toml": text, "copyright": "MIT\n"})
    return repository


def build(product: Repository, *architectures: str) -> None:
    for arch in architectures:
        dist = product.root.parent / f"built-{arch}"
        succeeds("build", "--arch", arch, "--project", str(product.root), "--dist", str(dist))


def publish(product: Repository, *options: str) -> int:
    root = product.root.parent
    froms = [word for path in sorted(root.glob("built-*")) for word in ("--from", str(path))]
    where = ("--project", str(product.root), "--dist", str(root / "dist"))
    return jesses("publish", "--channel", "auto", "--no-sign", *where, *froms, *options)


@pytest.mark.parametrize(
    ("tag", "channel"), [("", "dev"), ("0.1.0-rc1", "prerelease"), ("0.1.0", "stable"), ("nightly", "dev")]
)
def test_the_tag_decides_on_the_channel(
    product: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str], tag: str, channel: str
) -> None:
    if tag:
        product.git("tag", tag)
    build(product, "x86_64", "aarch64")
    assert publish(product, "--summary", str(tmp_path / "summary.md")) == 0
    assert [name for name in ("dev", "prerelease", "stable") if (tmp_path / name).exists()] == [channel]
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith("## hawk\n")
    assert summary.count("| deb | ") == 2
    assert "- apt: " in summary


def test_an_absolute_link_of_the_staged_tree_is_packed_as_it_is_in_one_part_and_in_two(
    product: Repository, tmp_path: Path
) -> None:
    path = product.root / "release.toml"
    text = path.read_text().replace("chmod", "ln -s /dev/null unit && ln -s /etc/apt conf && chmod")
    links = "".join(f'{{ path = "/usr/share/{name}", staged = "bin/{name}" }},' for name in ("unit", "conf"))
    product.commit({"release.toml": text.replace("contents = [", f"contents = [{links}")})
    build(product, "x86_64", "aarch64")
    assert publish(product) == 0
    succeeds("release", "--project", str(product.root), "--dist", str(tmp_path / "whole"))
    for dist in ("dist", "whole"):
        with tarfile.open(next((tmp_path / dist / "packages").glob("hawk-*-x86_64.tar.gz"))) as tar:
            found = {
                path.name: member.linkname for member in tar if member.issym() and (path := Path(member.name))
            }
        assert found == {"unit": "/dev/null", "conf": "/etc/apt"}


def test_a_rehearsal_prints_what_would_change_and_changes_nothing(
    product: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(product, "x86_64", "aarch64")
    before = sorted(path.name for path in tmp_path.iterdir())
    capsys.readouterr()
    assert publish(product, "--dry-run", "--json") == 0
    changes = [change["key"] for change in json.loads(capsys.readouterr().out)["changes"]]
    assert "files/SHA256SUMS" in changes
    assert "apt/dists/stable/Release" in changes
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_part_that_is_missing_is_told_and_nothing_is_published(
    product: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(product, "x86_64")
    assert publish(product) == OutputError.exit_code
    assert "invoke build --arch aarch64 --dist DIR" in capsys.readouterr().err
    assert [name for name in ("dev", "dist") if (tmp_path / name).exists()] == []


def test_an_agreed_plan_is_done_or_nothing(
    product: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    product.git("tag", "0.1.0")
    build(product, "x86_64", "aarch64")
    agreed = tmp_path / "plan.json"
    where = ("--project", str(product.root))
    capsys.readouterr()
    succeeds("plan", "--channel", "auto", "--remote", "--json", *where)
    agreed.write_text(capsys.readouterr().out)
    assert json.loads(agreed.read_text())["channel"] == "stable"
    in_the_way = tmp_path / "stable/files/hawk-0.1.0-x86_64.tar.gz"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_bytes(b"another")
    assert publish(product, "--plan", str(agreed)) == ConflictError.exit_code
    assert "plan" in capsys.readouterr().err
    assert sorted(tmp_path.glob("stable/*")) == [in_the_way.parent]
    in_the_way.unlink()
    assert publish(product, "--plan", str(agreed)) == 0
    assert in_the_way.exists()


def test_a_plan_for_the_channel_of_the_tags(product: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    for tag, channel in (("", "dev"), ("0.1.0-rc1", "prerelease"), ("0.1.0", "stable")):
        product.git("tag", tag) if tag else None
        capsys.readouterr()
        succeeds("plan", "--channel", "auto", "--json", "--project", str(product.root))
        assert json.loads(capsys.readouterr().out)["channel"] == channel
