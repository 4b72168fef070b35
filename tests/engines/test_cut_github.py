"""Cutting releases with the stand-in for GitHub beside the bare remote."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from jesses.base.errors import CutError, GitHubError
from jesses.cut.options import CutOptions
from jesses.publish.github import GitHub, GitHubTransport
from tests.engines.github_api import Fault, GitHubState, github_api
from tests.support.remote import Crash, Maintainer, Remote, dies_after

NOTE = "```release-note\n{}\n```"


@dataclass
class Bench:
    remote: Remote
    state: GitHubState
    ada: Maintainer

    def merge(
        self, number: int, files: dict[str, str], note: str, *, login: str = "ada", labels: tuple[str, ...] = ()
    ) -> str:  # fmt: skip
        """A pull request that was merged, with CI green on its commit."""
        sha = self.remote.merge(files, f"work of pull request {number}")
        body = NOTE.format(note) if note else ""
        self.state.add_pull(number, f"title {number}", body, commits=(sha,), login=login, labels=labels)
        self.state.passes(sha)
        return sha

    def green(self) -> None:
        """CI is green wherever it may be asked about."""
        for sha in self.remote.git("rev-list", "--all").splitlines():
            self.state.passes(sha)

    def failed(self, options: CutOptions | None = None) -> list[str]:
        plan = self.ada.plan(options)
        return [check.name for check in plan.checks if check.state == "failed"]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    remote = Remote(tmp_path)
    state = GitHubState(branches=remote.root)
    with github_api(state) as url, requests.Session() as session:
        transport = GitHubTransport(
            session, api_url=url, token=state.token, clock=lambda: 0, sleep=lambda _: None
        )
        ada = remote.maintainer("ada")
        ada.github = GitHub(transport, api_url=url, name=state.repo)
        yield Bench(remote=remote, state=state, ada=ada)
        assert state.refused == []


def test_notes_come_from_pull_requests_and_the_changelog_goes_back_by_one(bench: Bench) -> None:
    bench.merge(1, {"a.c": "1\n"}, "new: see in the dark\nfix: blink", login="bo")
    bench.merge(2, {"b.c": "1\n"}, "NONE")
    bench.green()
    outcome = bench.ada.cut("userspace")
    text = bench.remote.text("0.1.0")
    assert "* new: see in the dark [[#1](https://github.example/hawk/hawk/pull/1)] - [@bo](https://github.example/bo)" in text  # fmt: skip  # noqa: E501
    assert "* fix: blink [[#1]" in text
    assert "### Other Changes\n\n* title 2 [[#2]" in text
    pull = bench.state.pulls[-1]
    assert (pull["head"]["ref"], pull["base"]["ref"]) == ("changelog/0.1.0", "main")
    assert outcome.pulls == (pull["html_url"],)


def test_all_commits_since_the_release_before_are_linked(bench: Bench) -> None:
    bench.green()
    bench.ada.cut("userspace")
    bench.remote.accept("changelog/0.1.0")
    bench.merge(7, {"a.c": "1\n"}, "fix: a", login="zoe")
    bench.green()
    bench.ada.cut("userspace")
    text = bench.remote.text("0.2.0")
    assert "[All commits](https://github.example/hawk/hawk/compare/0.1.0...0.2.0)" in text


def test_a_label_brings_a_pull_request_to_a_patch(bench: Bench) -> None:
    bench.green()
    bench.ada.cut("userspace")
    bench.remote.accept("changelog/0.1.0")
    bench.merge(3, {"x.c": "1\n"}, "fix: x", labels=("backport/0.1", "kind/bug"))
    bench.merge(4, {"y.c": "1\n"}, "new: y")
    bench.green()
    bench.ada.cut(level="patch")
    text = bench.remote.text("0.1.1")
    assert "* fix: x [[#3]" in text
    assert "new: y" not in text
    bench.remote.accept("changelog/0.1.1")
    bench.green()
    bench.ada.cut("userspace", level="minor")
    section = bench.remote.text("0.2.0").partition("\n## 0.1.1")[0]
    assert "new: y" in section
    assert "fix: x" not in section


def test_what_github_says_is_checked(bench: Bench) -> None:
    bench.merge(1, {"a.c": "1\n"}, "")
    sha = bench.merge(2, {"b.c": "1\n"}, "fix: b")
    number = bench.state.add_milestone("0.1.0", closed=False, open_issues=2)
    bench.state.add_pull(9, "t", "", milestone=number)
    bench.state.statuses[sha] = [{"context": "prow", "state": "pending"}]
    plan = bench.ada.plan(CutOptions(components=("userspace",)))
    failed = {check.name: check for check in plan.checks if check.state == "failed"}
    assert sorted(failed) == ["ci", "milestone", "notes"]
    assert "prow pending" in failed["ci"].detail
    assert "2 open issues" in failed["milestone"].detail
    assert failed["notes"].detail == "no release-note block in #1, #9"
    bench.state.milestones[0] |= {"state": "closed", "open_issues": 0}
    bench.state.statuses.clear()
    for pull in bench.state.pulls:
        pull["body"] = NOTE.format("NONE")
    assert bench.failed() == []


def test_each_component_has_its_milestone(bench: Bench) -> None:
    bench.green()
    driver = bench.state.add_milestone("1.0.0+driver", closed=False, open_issues=1)
    bench.state.add_pull(9, "t", "", milestone=driver)
    bench.state.add_milestone("1.0.0", closed=False, open_issues=3)
    bench.state.add_milestone("userspace 0.1.0", closed=True)
    plan = bench.ada.plan()
    found = [(check.state, check.detail) for check in plan.checks if check.name == "milestone"]
    assert found == [
        ("ok", "userspace 0.1.0 is closed"),
        ("failed", "1.0.0+driver is open, with 1 open issues"),
    ]
    assert bench.failed() == ["milestone", "notes"]
    del bench.state.milestones[0]
    skipped = [check.detail for check in bench.ada.plan().checks if check.state == "skipped"]
    assert "no milestone is called 1.0.0+driver" in skipped


def test_a_commit_of_which_ci_said_nothing_is_not_green(bench: Bench) -> None:
    assert bench.failed() == ["ci"]
    with pytest.raises(CutError, match="CI has said nothing"):
        bench.ada.cut()
    bench.ada.cut(skip=["ci"])


def test_a_pull_request_that_could_not_be_opened_is_opened_by_the_next_run_and_nothing_new_is_cut(
    bench: Bench,
) -> None:
    bench.green()
    bench.state.faults = [Fault(endpoint="create_pull", effect="refuse", status=403)]
    with pytest.raises(GitHubError, match="403"):
        bench.ada.cut("userspace")
    tags = bench.remote.tags()
    assert tags == ["0.1.0"]
    bench.merge(5, {"z.c": "1\n"}, "new: z")
    plan = bench.ada.plan()
    assert plan.tags == ()
    assert "changelog/0.1.0 has no pull request yet" in plan.checks[0].detail
    bench.ada.cut("userspace")
    assert [pull["head"]["ref"] for pull in bench.state.pulls] == ["branch-5", "changelog/0.1.0"]
    assert bench.remote.tags() == tags
    assert bench.ada.is_tidy()


def test_killed_after_the_push_the_next_run_ends_the_same(bench: Bench) -> None:
    bench.green()
    count = 0
    while "0.1.0" not in bench.remote.tags():
        count += 1
        with suppress(Crash):
            bench.ada.cut("userspace", git=dies_after(count))
    with suppress(CutError):
        bench.ada.cut("userspace")
    assert [pull["head"]["ref"] for pull in bench.state.pulls] == ["changelog/0.1.0"]
    assert bench.remote.tags() == ["0.1.0"]
