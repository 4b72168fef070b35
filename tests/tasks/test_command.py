import json
import re
from pathlib import Path

import pytest
from invoke.exceptions import Exit

from jesses.base.errors import CommandError, ConfigError, HistoryError, SigningError
from jesses.tasks.command import UNEXPECTED, command
from tests.support.commands import BUILD, jesses, succeeds
from tests.support.hawk import PRODUCT
from tests.support.repository import Repository

pytestmark = pytest.mark.process


@pytest.fixture
def product(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "hawk")
    text = PRODUCT.replace('["make-it"]', json.dumps(["sh", "-c", BUILD]))
    repository.commit({"release.toml": text, "copyright": "MIT\n"})
    return repository


def test_a_release_makes_its_output_and_reports_it(
    product: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dist = tmp_path / "dist"
    succeeds("release", "--project", str(product.root), "--dist", str(dist))
    out = capsys.readouterr().out
    assert "sudo apt-get install hawk" in out
    assert "sudo dnf install hawk" in out
    assert f"docker load --input {dist}/images/hawk-" in out
    assert "signed with an ephemeral key, made for this run: " in out
    manifest = json.loads((dist / "artifacts.json").read_text())
    assert manifest["signing_key"] in out
    assert not [
        path for path in dist.rglob("*") if b"PRIVATE KEY" in (path.read_bytes() if path.is_file() else b"")
    ]


def test_without_signing_nothing_is_signed(product: Repository, tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    succeeds("release", "--no-sign", "--project", str(product.root), "--dist", str(dist))
    assert json.loads((dist / "artifacts.json").read_text())["signing_key"] is None
    assert not list(dist.rglob("*.asc"))
    assert not list(dist.rglob("InRelease"))


def test_a_plan_builds_nothing_and_is_data_on_request(
    product: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    succeeds("plan", "--json", "--project", str(product.root))
    plan = json.loads(capsys.readouterr().out)
    assert plan["versions"]["userspace"]["version"].startswith("0.1.0-1+")
    assert len(plan["packages"]) == 6
    assert [path.name for path in product.root.parent.iterdir()] == ["hawk"]
    succeeds("plan", "--project", str(product.root))
    assert "leads to first_version 0.1.0" in capsys.readouterr().out


def test_versions_say_why(product: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    product.git("tag", "1.2.3")
    succeeds("versions", "--project", str(product.root))
    out = capsys.readouterr().out
    assert "1.2.3" in out
    assert "tag 1.2.3 is on this commit" in out


def test_errors_say_cause_and_cure_and_have_their_own_exit_codes(
    product: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert jesses("plan", "--project", str(tmp_path)) == ConfigError.exit_code
    assert "fix: name the product's directory with --project DIR" in capsys.readouterr().err
    product.git("tag", "1.2.3")
    product.write({"copyright": "changed since\n"})
    assert jesses("plan", "--project", str(product.root)) == HistoryError.exit_code
    assert "commit or stash the changes" in capsys.readouterr().err


def test_an_unknown_channel_is_named_before_anything_is_built(
    product: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = (
        "release",
        "--channel",
        "stable",
        "--project",
        str(product.root),
        "--dist",
        str(tmp_path / "dist"),
    )
    assert jesses(*argv) == ConfigError.exit_code
    assert "release.toml has no channel 'stable'" in capsys.readouterr().err


def test_a_build_that_fails_is_replayed_and_leaves_nothing(
    product: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        (product.root / "release.toml")
        .read_text()
        .replace(json.dumps(BUILD), '"echo no such header >&2; exit 1"')
    )
    product.commit({"release.toml": text})
    dist = tmp_path / "dist"
    assert jesses("release", "--project", str(product.root), "--dist", str(dist)) == CommandError.exit_code
    err = capsys.readouterr().err
    assert "no such header" in err
    assert "failed with exit code 1" in err
    assert [path.name for path in tmp_path.iterdir()] == ["hawk"]


def test_a_channel_publishes_into_its_own_store(product: Repository, tmp_path: Path) -> None:
    text = (product.root / "release.toml").read_text() + '\n[channels.dev]\nstore = "../site"\n'
    product.commit({"release.toml": text})
    argv = ("release", "--channel", "dev", "--project", str(product.root), "--dist", str(tmp_path / "dist"))
    succeeds(*argv, "--no-sign")
    assert (tmp_path / "site" / "apt" / "dists" / "stable" / "Release").is_file()
    assert list((tmp_path / "site" / "journal" / "hawk").glob("dev_userspace-*.json"))
    assert not (tmp_path / "dist" / "site").exists()


def test_a_channel_without_a_key_is_refused_before_anything_is_built(
    product: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (product.root / "release.toml").read_text() + '\n[channels.dev]\nstore = "../site"\n'
    product.commit({"release.toml": text})
    argv = ("release", "--channel", "dev", "--project", str(product.root), "--dist", str(tmp_path / "dist"))
    assert jesses(*argv) == SigningError.exit_code
    assert "no key to sign the channel dev with" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["hawk"]


@pytest.mark.parametrize("channel", [(), ("--channel", "dev", "--no-sign")], ids=["snapshot", "channel"])
def test_a_dry_run_says_what_would_change_and_changes_nothing(
    product: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str], channel: tuple[str, ...]
) -> None:
    text = (product.root / "release.toml").read_text() + '\n[channels.dev]\nstore = "../site"\n'
    product.commit({"release.toml": text})
    argv = (
        "release",
        *channel,
        "--dry-run",
        "--project",
        str(product.root),
        "--dist",
        str(tmp_path / "dist"),
    )
    succeeds(*argv)
    out = capsys.readouterr().out
    assert re.search(r"nothing was changed \(--dry-run\); \d+ objects would be:", out)
    for key in ("apt/dists/stable/", "yum/mirrorlist", "yum/repodata/repomd.xml", "files/SHA256SUMS"):
        assert key in out
    assert [path.name for path in tmp_path.iterdir()] == ["hawk"]
    succeeds(*argv, "--json")
    changes = json.loads(capsys.readouterr().out)["changes"]
    assert {change["kind"] for change in changes} == {"new"}


def test_doctor_says_what_is_missing_and_what_that_disables(capsys: pytest.CaptureFixture[str]) -> None:
    succeeds("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert checks["git"]["present"]
    assert not checks["signing key"]["present"]
    assert "ephemeral" in checks["signing key"]["disables"]


def test_what_nobody_foresaw_is_one_message_and_a_file_with_the_details() -> None:
    @command
    def task() -> None:
        raise RecursionError("too deep")

    with pytest.raises(Exit, match="does not know how to handle") as caught:
        task()
    assert caught.value.code == UNEXPECTED
    (name,) = re.findall(r"report it with (\S+),", str(caught.value.message))
    details = Path(name)
    assert "RecursionError: too deep" in details.read_text()
    assert details.stat().st_mode & 0o077 == 0
    details.unlink()
