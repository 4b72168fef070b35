from collections.abc import Mapping
from pathlib import Path

import pytest

from jesses.history.git import CompletedCommand, RunGit
from jesses.tasks.scaffold.facts import DriverFacts, facts_of


def answering(answers: dict[str, str]) -> RunGit:
    """A git that gives these answers by command line, and fails at every other one."""

    def git(*argv: str, cwd: Path, stdin: str = "", env: Mapping[str, str] | None = None) -> CompletedCommand:
        del cwd, stdin, env
        out = answers.get(" ".join(argv))
        return CompletedCommand(code=1 if out is None else 0, out=out or "", err="")

    return git


def test_an_empty_directory_gives_facts_to_correct(tmp_path: Path) -> None:
    (tmp_path / "My Hawk!").mkdir()
    facts = facts_of(tmp_path / "My Hawk!", answering({}))
    assert (facts.name, facts.github, facts.tag, facts.branch) == ("my-hawk", None, "{version}", "main")
    assert (facts.license, facts.maintainer) == ("LicenseRef-unknown", "Nobody <nobody@example.org>")
    assert "say here how to build" in facts.build


@pytest.mark.parametrize(
    "url",
    ["git@github.com:falco/hawk.git", "https://github.com/falco/hawk", "https://github.com/falco/hawk/"],
)
def test_git_tells_names_tags_and_the_main_branch(tmp_path: Path, url: str) -> None:
    facts = facts_of(
        tmp_path,
        answering(
            {
                "remote get-url origin": url,
                "tag": "nightly\nv1.2.0",
                "symbolic-ref --quiet --short refs/remotes/origin/HEAD": "origin/trunk",
                "config user.name": "Ada",
                "config user.email": "ada@example.org",
            }
        ),
    )
    assert (facts.name, facts.github) == ("hawk", "falco/hawk")
    assert (facts.tag, facts.branch, facts.maintainer) == ("v{version}", "trunk", "Ada <ada@example.org>")


def test_files_tell_licence_build_and_driver(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("Apache License\nVersion 2.0\n")
    (tmp_path / "README.md").write_text("# Hawk\n\nWatches everything. And more.\n")
    (tmp_path / "Makefile").write_text("all:\n")
    (tmp_path / "driver").mkdir()
    (tmp_path / "driver" / "Kbuild").write_text("obj-m += hawk.o\n")
    (tmp_path / "driver" / "API_VERSION").write_text("1.0.0\n")
    facts = facts_of(tmp_path, answering({}))
    assert (facts.license, facts.summary) == ("Apache-2.0", "Watches everything")
    assert facts.build.startswith("make\n")
    assert facts.driver == DriverFacts(directory="driver", contract=("driver/API_VERSION",))
