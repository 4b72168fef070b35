import json
from pathlib import Path

import pytest

from jesses.base.errors import HistoryError
from tests.support.commands import jesses, succeeds
from tests.support.repository import Repository

pytestmark = pytest.mark.process

PINNED = f"jesses @ git+https://example.org/jesses@{'a' * 40}"
GPL = "                    GNU GENERAL PUBLIC LICENSE\n                       Version 2, June 1991\n"


@pytest.fixture
def hawk(tmp_path: Path) -> Repository:
    """A repository that knows nothing of jesses."""
    repository = Repository(tmp_path / "Hawk_Eye")
    repository.git("remote", "add", "origin", "git@github.com:raptors/Hawk_Eye.git")
    repository.git("config", "user.name", "Ada")
    repository.git("config", "user.email", "ada@example.org")
    return repository


def plan(repository: Repository, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    capsys.readouterr()
    succeeds("plan", "--json", "--project", str(repository.root))
    return dict(json.loads(capsys.readouterr().out))


def test_a_repository_with_a_driver_can_be_planned_at_once(
    hawk: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    hawk.commit(
        {
            "README.md": '# Hawk\n\nSees what "moves" in the dark. And more.\n',
            "LICENSE": GPL,
            "Makefile": "all:\n",
            "driver/Kbuild": "obj-m += hawk.o\n",
            "driver/API_VERSION": "2.1.0\n",
        }
    )
    hawk.git("tag", "v1.4.0")
    succeeds("init", "--directory", str(hawk.root), "--jesses", PINNED)
    hawk.commit(message="new: releases")
    made = plan(hawk, capsys)
    assert made["project"] == "hawk-eye"
    versions = made["versions"]
    assert isinstance(versions, dict)
    assert versions["userspace"]["version"].startswith("1.5.0-1+")
    assert set(versions) == {"userspace", "driver"}
    packages = made["packages"]
    assert isinstance(packages, list)
    assert {package["name"] for package in packages} == {"hawk-eye", "hawk-eye-dkms"}
    text = (hawk.root / "release.toml").read_text()
    assert 'license = "GPL-2.0-only"' in text
    assert 'github = "raptors/Hawk_Eye"' in text
    assert 'summary = "Sees what \\"moves\\" in the dark"' in text
    assert 'contract = ["driver/API_VERSION"]' in text
    assert (hawk.root / "requirements.txt").read_text() == f"{PINNED}\n"
    assert 'branches: ["main"]' in (hawk.root / ".github/workflows/merge.yml").read_text()
    assert "make install" in (hawk.root / "packaging/build-userspace").read_text()


def test_a_bare_repository_can_be_planned_at_once_too(
    hawk: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    hawk.commit({"a": "1\n"})
    succeeds("init", "--directory", str(hawk.root), "--jesses", PINNED)
    hawk.commit(message="new: releases")
    assert plan(hawk, capsys)["project"] == "hawk-eye"


def test_what_is_there_stays_and_running_again_changes_nothing(
    hawk: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    hawk.commit({"tasks.py": "# mine\n"})
    succeeds("init", "--directory", str(hawk.root), "--jesses", PINNED)
    assert "kept tasks.py as it is" in capsys.readouterr().out
    assert (hawk.root / "tasks.py").read_text() == "# mine\n"
    hawk.commit(message="new: releases")
    succeeds("init", "--directory", str(hawk.root), "--jesses", PINNED)
    assert hawk.git("status", "--porcelain") == ""


def test_what_was_written_releases_once_it_is_said_how_to_build(hawk: Repository, tmp_path: Path) -> None:
    hawk.commit({"a": "1\n"})
    succeeds("init", "--directory", str(hawk.root), "--jesses", PINNED)
    dist = ("--project", str(hawk.root), "--dist", str(tmp_path / "dist"))
    hawk.commit(message="new: releases")
    assert jesses("release", *dist) == 13
    script = hawk.root / "packaging/build-userspace"
    script.write_text(
        '#!/bin/sh\nmkdir -p "$JESSES_STAGE/root/usr/share/hawk"\ncp a "$JESSES_STAGE/root/usr/share/hawk/a"\n'
    )
    hawk.commit(message="new: a build")
    succeeds("release", *dist)
    assert len(list((tmp_path / "dist" / "packages").iterdir())) == 6


@pytest.mark.parametrize(
    ("here", "at_origin", "expected"),
    [("trunk", "", "trunk"), ("work", "master", "master"), ("work", "", "work")],
)
def test_merges_to_the_main_branch_are_released_whatever_it_is_called(
    hawk: Repository, here: str, at_origin: str, expected: str
) -> None:
    hawk.commit({"README.md": "Sees.\n"})
    hawk.git("switch", "--quiet", "--create", here)
    if at_origin:
        hawk.git("update-ref", f"refs/remotes/origin/{at_origin}", "HEAD")
        hawk.git("symbolic-ref", "refs/remotes/origin/HEAD", f"refs/remotes/origin/{at_origin}")
    succeeds("init", "--directory", str(hawk.root), "--jesses", PINNED)
    assert f'branches: ["{expected}"]' in (hawk.root / ".github/workflows/merge.yml").read_text()


def test_a_directory_that_is_not_there_is_told_and_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "nowhere"
    assert jesses("init", "--directory", str(nowhere)) == HistoryError.exit_code
    assert f"there is no directory {nowhere}" in capsys.readouterr().err
    assert not nowhere.exists()
