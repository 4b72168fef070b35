from typing import cast

from jesses.cut.pull_requests import PullRequests
from jesses.publish.github import GitHub, Pull
from tests.cut.test_picks import commit, pull


class Asked:
    """A stand-in for GitHub, which notes the commits that it is asked for."""

    def __init__(self, pulls: dict[str, list[Pull]]) -> None:
        self.pulls = pulls
        self.commits: list[str] = []

    def pulls_of(self, sha: str) -> list[Pull]:
        self.commits.append(sha)
        return self.pulls.get(sha, [])


def test_each_commit_is_asked_for_once_and_by_its_origin() -> None:
    fix = commit("a")
    picked = commit("f", f"fix: it\n\n(cherry picked from commit {fix.sha})")
    github = Asked({fix.sha: [pull(merged=False), pull()]})
    pulls = PullRequests(cast("GitHub", github))
    assert pulls.merged([fix, picked]) == {fix.sha: pull()}
    assert pulls.for_notes([picked, commit("b")])[fix.sha].author == "ada"
    assert github.commits == [fix.sha, "b" * 40]


def test_without_github_nothing_is_known() -> None:
    assert PullRequests(None).merged([commit("a")]) == {}
