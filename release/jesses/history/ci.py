"""Which CI this run is in, and what it says of the commit: the one place that knows CI's variables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

CiName = Literal["GitHub Actions", "GitLab CI", "Prow", "Jenkins", "local"]

BRANCH_VARIABLE: Final = "JESSES_BRANCH"
"""The variable in which people name the branch that HEAD is built for, where the CI is none that we know."""

_QUEUE: Final = "gh-readonly-queue/"


@dataclass(frozen=True, kw_only=True)
class Ci:
    """The run of CI that this process is a part of; all but `name` is None on a developer's machine.

    `branch` is the branch that the commit is built for: for a pull request the one that it will be merged
    into; `named` where a person named it. `tag` is the tag that started the run. `commit` is what the run is
    about, where the CI says so. `run` is the same for all jobs and attempts of a run, and for no other run;
    `url` is where people see it, `actor` who started it, `workflow` what it carries out, by its address.
    """

    name: CiName = "local"
    branch: str | None = None
    named: bool = False
    tag: str | None = None
    commit: str | None = None
    pull_request: str | None = None
    run: str | None = None
    url: str | None = None
    actor: str | None = None
    workflow: str | None = None

    def elsewhere(self) -> "Ci":
        """The same run, for another repository than the one that started it: without branch, tag and commit."""
        return Ci(name=self.name, run=self.run, url=self.url, actor=self.actor, workflow=self.workflow)


LOCAL: Final = Ci()
"""No CI: somebody's machine."""


def detect(environment: Mapping[str, str]) -> Ci:
    """The CI that set `environment`; variables that are empty count as not set.

    Every command asks once, where it begins, and hands the answer on.
    """
    values = {name: value for name, value in environment.items() if value}
    readers: tuple[tuple[str, Callable[[Mapping[str, str]], Ci]], ...] = (
        ("GITHUB_ACTIONS", _github),
        ("GITLAB_CI", _gitlab),
        ("PROW_JOB_ID", _prow),
        ("JENKINS_URL", _jenkins),
    )
    found = next((read(values) for variable, read in readers if variable in values), LOCAL)
    if branch := values.get(BRANCH_VARIABLE):
        return replace(found, branch=branch, named=True)
    return found


def _github(values: Mapping[str, str]) -> Ci:
    """GitHub Actions documentation, "Variables reference" (default environment variables)."""
    ref = values.get("GITHUB_REF", "")
    request = ref.split("/")[2] if ref.startswith("refs/pull/") else None
    branch = ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else None
    if branch and branch.startswith(_QUEUE):
        # A merge queue builds gh-readonly-queue/BASE/pr-NUMBER-SHA.
        branch = branch.removeprefix(_QUEUE).rpartition("/")[0]
    server, repository = values.get("GITHUB_SERVER_URL"), values.get("GITHUB_REPOSITORY")
    run, workflow = values.get("GITHUB_RUN_ID"), values.get("GITHUB_WORKFLOW_REF")
    return Ci(
        name="GitHub Actions",
        branch=values.get("GITHUB_BASE_REF") or branch,
        tag=ref.removeprefix("refs/tags/") if ref.startswith("refs/tags/") else None,
        commit=values.get("GITHUB_SHA"),
        pull_request=request,
        run=run,
        url=f"{server}/{repository}/actions/runs/{run}" if server and repository and run else None,
        actor=values.get("GITHUB_ACTOR"),
        workflow=f"{server}/{workflow}" if server and workflow else None,
    )


def _gitlab(values: Mapping[str, str]) -> Ci:
    """GitLab documentation, "Predefined CI/CD variables reference"."""
    return Ci(
        name="GitLab CI",
        branch=values.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME") or values.get("CI_COMMIT_BRANCH"),
        tag=values.get("CI_COMMIT_TAG"),
        commit=values.get("CI_COMMIT_SHA"),
        pull_request=values.get("CI_MERGE_REQUEST_IID"),
        run=values.get("CI_PIPELINE_ID"),
        url=values.get("CI_PIPELINE_URL"),
        actor=values.get("GITLAB_USER_LOGIN"),
    )


def _prow(values: Mapping[str, str]) -> Ci:
    """Prow documentation, "Job Environment Variables"."""
    return Ci(
        name="Prow",
        branch=values.get("PULL_BASE_REF"),
        commit=values.get("PULL_BASE_SHA"),
        pull_request=values.get("PULL_NUMBER"),
        run=values.get("BUILD_ID"),
    )


def _jenkins(values: Mapping[str, str]) -> Ci:
    """Jenkins handbook, "Using environment variables"; in a multibranch pipeline, BRANCH_NAME may be a tag."""
    tag = values.get("TAG_NAME")
    return Ci(
        name="Jenkins",
        branch=None if tag else values.get("CHANGE_TARGET") or values.get("BRANCH_NAME"),
        tag=tag,
        commit=values.get("GIT_COMMIT"),
        pull_request=values.get("CHANGE_ID"),
        run=values.get("BUILD_TAG"),
        url=values.get("BUILD_URL"),
    )
