"""`invoke channel.*` on a product with two channels in one store."""

import json
import re
import shutil
from pathlib import Path

import pytest

from jesses.base.errors import ConfigError, ConflictError, VersionError
from tests.support.commands import BUILD, jesses, succeeds
from tests.support.hawk import PRODUCT
from tests.support.repository import Repository

pytestmark = pytest.mark.process

CHANNELS = """
[channels.prerelease]
store = "../site"
apt = "next/apt"
yum = "next/yum"
files = "next/files"
[channels.stable]
store = "../site"
"""


@pytest.fixture
def product(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "hawk")
    text = PRODUCT.replace('["make-it"]', json.dumps(["sh", "-c", BUILD])) + CHANNELS
    repository.commit({"release.toml": text, "copyright": "MIT\n"})
    for version in ("1.0.0", "1.1.0"):
        repository.commit()
        repository.git("tag", version)
        publish(repository, "prerelease")
    return repository


def publish(product: Repository, channel: str) -> None:
    succeeds("release", "--channel", channel, *about(product), "--dist", str(product.root.parent / "dist"))


def about(product: Repository) -> tuple[str, ...]:
    return ("--no-sign", "--project", str(product.root))


def site(product: Repository) -> dict[str, bytes]:
    root = product.root.parent / "site"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def changes(text: str) -> set[tuple[str, str]]:
    return {(change["key"], change["kind"]) for change in json.loads(text)["changes"]}


def names(product: Repository, prefix: str = "") -> str:
    return site(product)[f"{prefix}files/SHA256SUMS"].decode()


def test_a_version_is_promoted_yanked_and_refused(
    product: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ("channel.promote", "--version", "1.1.0", "--to", "stable", *about(product))
    before = site(product)
    capsys.readouterr()
    succeeds(*argv, "--dry-run", "--json")
    planned = changes(capsys.readouterr().out)
    assert site(product) == before
    succeeds(*argv, "--json")
    done = changes(capsys.readouterr().out)
    assert {key for key, _ in done if "/snap/" not in key} == {
        key for key, _ in planned if "/snap/" not in key
    }
    assert "hawk-1.1.0-x86_64.tar.gz" in names(product)
    assert (
        site(product)["apt/pool/main/hawk/hawk-1.1.0-x86_64.deb"]
        == before["next/apt/pool/main/hawk/hawk-1.1.0-x86_64.deb"]
    )
    # The release of the same commit finds all of it.
    publish(product, "stable")

    succeeds("channel.yank", "--version", "1.1.0", *about(product))
    out = capsys.readouterr().out
    assert "stable: userspace 1.1.0" in out
    assert names(product) == ""
    assert "hawk-1.1.0-x86_64.tar.gz" in names(product, "next/")
    dist = str(product.root.parent / "dist")
    code = jesses("release", "--channel", "stable", *about(product), "--dist", dist)
    assert code == ConflictError.exit_code
    assert "userspace 1.1.0 was yanked from the channel stable" in capsys.readouterr().err
    assert jesses(*argv) == ConflictError.exit_code


def test_a_channel_is_pruned(product: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ("channel.prune", "--channel", "prerelease", "--keep", "1", *about(product))
    before = site(product)
    succeeds(*argv, "--dry-run")
    assert "nothing was changed (--dry-run)" in capsys.readouterr().out
    assert site(product) == before
    succeeds(*argv)
    assert "prerelease: userspace 1.0.0" in capsys.readouterr().out
    assert "1.0.0" not in names(product, "next/")
    assert "next/apt/pool/main/hawk/hawk-1.0.0-x86_64.deb" in site(product)
    succeeds(*argv)
    assert "nothing was changed: there was nothing to do" in capsys.readouterr().out


def test_versions_without_a_record_are_pruned(
    product: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(product.root.parent / "site/journal")
    capsys.readouterr()
    succeeds("channel.prune", "--channel", "prerelease", "--keep", "1", *about(product))
    assert "prerelease: userspace 1.0.0" in capsys.readouterr().out
    assert "1.0.0" not in names(product, "next/")
    assert "1.1.0" in names(product, "next/")


def test_versions_without_a_record_are_promoted_and_yanked(product: Repository) -> None:
    shutil.rmtree(product.root.parent / "site/journal")
    before = site(product)
    promote = ("channel.promote", "--version", "1.0.0", "--to", "stable", *about(product))
    succeeds(*promote, "--dry-run")
    assert site(product) == before
    succeeds(*promote)
    assert "hawk-1.0.0-x86_64.tar.gz" in names(product)
    yank = ("channel.yank", "--version", "1.1.0", "--channel", "prerelease", *about(product))
    succeeds(*yank)
    assert "1.1.0" not in names(product, "next/")
    succeeds("channel.yank", "--version", "1.0.0", *about(product))
    assert names(product) == ""


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (("channel.yank", "--version", "9.0.0"), VersionError.exit_code, "has no version 9.0.0"),
        (("channel.yank", "--version", "nine"), VersionError.exit_code, "is no SemVer version"),
        (("channel.promote", "--version", "9.0.0"), VersionError.exit_code, "these have: none"),
        (("channel.promote", "--version", "1.0.0", "--to", "x"), ConfigError.exit_code, "no channel 'x'"),
        (("channel.prune", "--channel", "x"), ConfigError.exit_code, "no channel 'x'"),
        (("channel.prune", "--channel", "stable", "--keep", "0"), ConfigError.exit_code, "are no limits"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], code: int, message: str
) -> None:
    (tmp_path / "release.toml").write_text(PRODUCT + CHANNELS)
    (tmp_path / "copyright").write_text("MIT\n")
    assert jesses(*argv, "--no-sign", "--project", str(tmp_path)) == code
    assert message in capsys.readouterr().err


def test_a_plan_is_looked_at_and_then_carried_out_or_refused(
    product: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = ("--project", str(product.root))
    capsys.readouterr()
    succeeds("plan", "--channel", "stable", "--remote", *project)
    out = capsys.readouterr().out
    assert re.search(r"^apt/pool/main/hawk/hawk-1\.1\.0-x86_64\.deb +new", out, re.MULTILINE)
    plan = tmp_path / "plan.json"
    succeeds("plan", "--channel", "stable", "--remote", "--json", *project)
    plan.write_text(capsys.readouterr().out)
    argv = ("release", "--plan", str(plan), *about(product), "--dist", str(tmp_path / "dist"))
    succeeds(*argv)
    assert "hawk-1.1.0-x86_64.tar.gz" in names(product)

    before = site(product)
    assert jesses(*argv) == ConflictError.exit_code
    assert "the remote has changed since this plan was made" in capsys.readouterr().err
    assert site(product) == before
    succeeds("plan", "--channel", "stable", "--remote", "--json", *project)
    assert {found["state"] for found in json.loads(capsys.readouterr().out)["remote"]} <= {"same", "new"}
    assert jesses("plan", "--remote", *project) == ConfigError.exit_code
    assert "a snapshot has no remote" in capsys.readouterr().err
