"""The commands for releases as a maintainer runs them, on a local remote."""

import json
import re

import pytest

from jesses.base.errors import CutError
from tests.support.commands import jesses, succeeds
from tests.support.remote import Maintainer, Remote

pytestmark = pytest.mark.process


def test_a_plan_is_shown_before_anything_happens_and_nobody_is_there_to_confirm(
    remote: Remote, ada: Maintainer, capsys: pytest.CaptureFixture[str]
) -> None:
    before = remote.refs()
    assert jesses("release.cut", "--project", str(ada.root), "--rc") == CutError.exit_code
    out = capsys.readouterr()
    assert "0.1.0-rc1" in out.out
    assert "refs/heads/release/0.1.x" in out.out
    assert "nothing is released yet: first_version is 0.1.0" in out.out
    assert "release.cut --project" in out.err
    assert "--yes" in out.err
    assert remote.refs() == before


def test_a_release_is_cut_and_its_state_told(
    remote: Remote, ada: Maintainer, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--project", str(ada.root))
    succeeds("release.cut", *where, "--rc", "--yes")
    assert "pushed refs/tags/0.1.0-rc1" in capsys.readouterr().out
    succeeds("release.cut", *where, "--final", "--yes", "--json")
    data = json.loads(capsys.readouterr().out)
    assert data["outcome"]["pushed"][1] == "refs/tags/0.1.0"
    succeeds("release.status", *where)
    out = capsys.readouterr().out
    assert re.search(r"userspace +0\.1\.0 +- +release/0\.1\.x at ", out)
    assert "changelog/0.1.0 waits to be merged into main" in out


def test_a_dry_run_is_data_on_request_and_changes_nothing(
    remote: Remote, ada: Maintainer, capsys: pytest.CaptureFixture[str]
) -> None:
    before = remote.refs()
    succeeds("release.cut", "--project", str(ada.root), "--dry-run", "--json", "--component", "driver")
    data = json.loads(capsys.readouterr().out)
    assert [planned["tag"] for planned in data["tags"]] == ["1.0.0+driver"]
    assert {check["name"] for check in data["checks"]} >= {"clean", "ci", "milestone", "notes", "version"}
    assert remote.refs() == before


def test_a_checklist_is_the_body_of_an_issue(
    remote: Remote, ada: Maintainer, capsys: pytest.CaptureFixture[str]
) -> None:
    succeeds("release.checklist", "--project", str(ada.root), "--component", "userspace")
    out = capsys.readouterr().out
    assert out.startswith("# Release hawk 0.1.0\n")
    assert "- [x] clean: no changed files" in out
    assert "- [ ] the pull request from `changelog/0.1.0` is merged" in out


def test_options_that_exclude_each_other_are_told(
    ada: Maintainer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert jesses("release.cut", "--project", str(ada.root), "--rc", "--final") == CutError.exit_code
    assert "--rc and --final exclude each other" in capsys.readouterr().err


def test_a_version_that_a_channel_has_already_is_not_cut_again(
    remote: Remote, ada: Maintainer, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ada.root / "release.toml").read_text()
    package = (
        '\n[channels.stable]\nstore = "../site"\n[builds.agent]\ncomponent = "userspace"\ncommand = ["make"]\n'
        '[packages.hawk]\ncomponent = "userspace"\nbuild = "agent"\ndescription = "A hawk."\n'
        'contents = [{ path = "/usr/bin/hawk", staged = "hawk" }]\n'
    )
    remote.merge({"release.toml": text + package}, "new: a package")
    ada.git("pull", "--quiet")
    site = ada.root.parent / "site" / "files"
    site.mkdir(parents=True)
    (site / "SHA256SUMS").write_text(f"{'0' * 64}  hawk-0.1.0-x86_64.tar.gz\n")
    assert jesses("release.cut", "--project", str(ada.root), "--yes") == CutError.exit_code
    assert "0.1.0 is published already in channel stable" in capsys.readouterr().err
