import re
from pathlib import Path

import pytest

import jesses
from jesses.history.ci import Ci, detect

SHA = "c" * 40
GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_SHA": SHA, "GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "2"}


def github(**values: str) -> Ci:
    return detect({**GITHUB, **values})


def test_a_machine_without_ci_is_local() -> None:
    assert detect({"PATH": "/bin", "GITHUB_REF": "refs/heads/main"}) == Ci(name="local")


def test_github_push() -> None:
    assert github(GITHUB_REF="refs/heads/release/0.40.x", GITHUB_BASE_REF="") == Ci(
        name="GitHub Actions", branch="release/0.40.x", commit=SHA, run="77"
    )


def test_github_tag() -> None:
    found = github(GITHUB_REF="refs/tags/agent/0.40.0", GITHUB_REF_NAME="agent/0.40.0")
    assert (found.tag, found.branch) == ("agent/0.40.0", None)


def test_github_pull_request_is_for_its_base() -> None:
    found = github(
        GITHUB_REF="refs/pull/12/merge", GITHUB_HEAD_REF="feature", GITHUB_BASE_REF="release/0.40.x"
    )
    assert (found.branch, found.pull_request, found.tag) == ("release/0.40.x", "12", None)


def test_github_merge_queue_is_for_its_base() -> None:
    found = github(GITHUB_REF=f"refs/heads/gh-readonly-queue/release/0.40.x/pr-12-{SHA}")
    assert found.branch == "release/0.40.x"


def test_gitlab() -> None:
    values = {"GITLAB_CI": "true", "CI_COMMIT_SHA": SHA, "CI_PIPELINE_ID": "5"}
    assert detect({**values, "CI_COMMIT_BRANCH": "main"}) == Ci(
        name="GitLab CI", branch="main", commit=SHA, run="5"
    )
    assert detect({**values, "CI_COMMIT_TAG": "1.0.0"}).tag == "1.0.0"
    request = {"CI_MERGE_REQUEST_IID": "3", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "release/1.0.x"}
    found = detect({**values, **request})
    assert (found.branch, found.pull_request) == ("release/1.0.x", "3")


def test_prow() -> None:
    values = {"PROW_JOB_ID": "j", "BUILD_ID": "9", "PULL_BASE_REF": "release/0.40.x", "PULL_BASE_SHA": SHA}
    assert detect(values) == Ci(name="Prow", branch="release/0.40.x", commit=SHA, run="9")
    assert detect({**values, "PULL_NUMBER": "4"}).pull_request == "4"


def test_jenkins() -> None:
    values = {"JENKINS_URL": "https://jenkins.example/", "BRANCH_NAME": "PR-4", "CHANGE_TARGET": "main"}
    found = detect({**values, "CHANGE_ID": "4", "GIT_COMMIT": SHA, "BUILD_TAG": "jenkins-hawk-9"})
    assert found == Ci(name="Jenkins", branch="main", pull_request="4", commit=SHA, run="jenkins-hawk-9")
    assert detect({"JENKINS_URL": "x", "BRANCH_NAME": "main"}).branch == "main"
    # Jenkins calls the tag the branch, too.
    assert detect({"JENKINS_URL": "x", "BRANCH_NAME": "1.0.0", "TAG_NAME": "1.0.0"}).branch is None


@pytest.mark.parametrize("around", [{}, {**GITHUB, "GITHUB_REF": "refs/heads/main"}])
def test_a_branch_that_a_person_names_goes_before_what_ci_says(around: dict[str, str]) -> None:
    found = detect({**around, "JESSES_BRANCH": "release/0.40.x"})
    assert (found.branch, found.named) == ("release/0.40.x", True)


def test_ci_knows_nothing_of_another_repository() -> None:
    found = github(GITHUB_REF="refs/heads/release/0.40.x").elsewhere()
    assert found == Ci(name="GitHub Actions", run="77")


def test_nobody_else_knows_the_variables_of_ci() -> None:
    """Tokens and addresses of services (GITHUB_TOKEN, GITHUB_API_URL) are settings, and say nothing of the CI."""
    variables = re.compile(
        r"\b(GITHUB_(ACTIONS|REF\w*|SHA|RUN_\w+|WORKFLOW\w*|BASE_REF|HEAD_REF)|GITLAB_\w+|CI_[A-Z_]+|PROW_\w+"
        r"|PULL_(BASE|NUMBER)\w*|BUILD_(ID|URL|TAG)|JENKINS_\w+)\b"
    )
    package = Path(jesses.__file__).parent
    found = {
        path.relative_to(package).as_posix(): match[0]
        for path in package.rglob("*.py")
        if (match := variables.search(path.read_text())) and path.name != "ci.py"
    }
    assert found == {}
