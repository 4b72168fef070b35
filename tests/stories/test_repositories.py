"""Scripted repositories with real git: the life of a product, and the checkouts that CI makes of it."""

from pathlib import Path

import pytest

from jesses.base.errors import HistoryError
from jesses.history.ci import detect
from jesses.history.git import GitReader
from jesses.history.git_history import GitHistory
from tests.support.lines import texts
from tests.support.repository import Repository

pytestmark = pytest.mark.process

BRANCH = "release/0.1.x"


def versions(directory: Path, environment: dict[str, str] | None = None) -> tuple[str, str]:
    """Userspace and driver, without the hashes of commits."""
    with GitReader(directory) as git:
        found = texts(GitHistory(git), ci=detect(environment or {}))
    return found["userspace"].partition("+")[0], found["driver"].partition("+")[0]


class Life:
    """A product's repository; files hold what changed them last."""

    def __init__(self, root: Path) -> None:
        self.repository = Repository(root)
        self._changes = 0
        self.commit("userspace", "driver", API_VERSION="1.0.0", SCHEMA_VERSION="1.0.0")

    def commit(self, *parts: str, **contracts: str) -> str:
        self._changes += 1
        files = {f"{part}/main.c": f"{self._changes}\n" for part in parts}
        files |= {f"driver/{name}": f"{text}\n" for name, text in contracts.items()}
        return self.repository.commit(files)

    def tag(self, *names: str) -> None:
        for name in names:
            self.repository.git("tag", "--annotate", "--message", name, name)

    def switch(self, branch: str, *, create: bool = False) -> None:
        self.repository.git("checkout", "--quiet", *(["-b"] if create else []), branch)

    def pick(self, sha: str) -> None:
        """Backport a commit."""
        self.repository.git("cherry-pick", sha)

    @property
    def versions(self) -> tuple[str, str]:
        return versions(self.repository.root)


def test_the_life_of_a_product(tmp_path: Path) -> None:
    life = Life(tmp_path / "product")
    assert life.versions == ("0.1.0-1", "0.1.0-1")
    life.commit("userspace")
    assert life.versions == ("0.1.0-2", "0.1.0-1"), "userspace only: the driver stays the same"
    life.commit("driver")
    assert life.versions == ("0.1.0-3", "0.1.0-3"), "driver only: userspace is the whole repository"

    life.switch(BRANCH, create=True)
    life.tag("0.1.0-rc1", "1.0.0-rc1+driver")
    assert life.versions == ("0.1.0-rc1", "1.0.0-rc1")
    life.commit("userspace")
    assert life.versions == ("0.1.0-4", "0.1.0-3"), "a candidate is no base"
    life.tag("0.1.0", "1.0.0+driver")
    assert life.versions == ("0.1.0", "1.0.0")

    life.switch("main")
    assert life.versions == ("0.1.0-rc1", "1.0.0-rc1"), "the branch left main at the candidate's commit"
    life.commit("userspace")
    assert life.versions == ("0.2.0-1", "1.0.0"), "the next minor; the released driver still stands"
    fix = life.commit("driver")
    assert life.versions == ("0.2.0-2", "1.0.1-2")
    life.commit("userspace", "driver", SCHEMA_VERSION="1.1.0")
    assert life.versions == ("0.2.0-3", "1.1.0-3"), "both"

    life.switch(BRANCH)
    assert life.versions == ("0.1.0", "1.0.0")
    life.pick(fix)
    assert life.versions == ("0.1.1-1", "1.0.1-1"), "a backport"
    life.tag("1.0.1+driver")
    assert life.versions == ("0.1.1-1", "1.0.1"), "a release of the driver alone"
    life.commit("userspace")
    life.tag("0.1.1")
    assert life.versions == ("0.1.1", "1.0.1")

    life.switch("main")
    assert life.versions == ("0.2.0-3", "1.1.0-3"), "main goes on as it was"
    life.repository.git("merge", "--quiet", "--no-ff", "--strategy=ours", "--message", "back", BRANCH)
    assert life.versions == ("0.2.0-4", "1.1.0-3"), "merged back: one more commit, the same driver"
    life.tag("0.2.0", "1.1.0+driver")
    life.commit("userspace")
    assert life.versions == ("0.3.0-1", "1.1.0")

    life.switch(BRANCH)
    life.commit("driver")
    assert life.versions == ("0.1.2-1", "1.0.2-2"), "an old line goes on from its own releases"
    life.tag("0.1.2", "1.0.2+driver")
    life.switch("main")
    assert life.versions == ("0.3.0-1", "1.1.0"), "and moves nothing on main"


@pytest.fixture
def origin(tmp_path: Path) -> Life:
    """main two commits after 0.2.0, and a release branch one commit after 0.1.0."""
    life = Life(tmp_path / "origin")
    life.switch(BRANCH, create=True)
    life.commit("userspace")
    life.tag("0.1.0", "1.0.0+driver")
    life.commit("userspace")
    life.switch("main")
    life.commit("userspace")
    life.tag("0.2.0")
    life.commit("userspace")
    life.commit("driver")
    return life


EVERYTHING = (
    "+refs/heads/*:refs/remotes/origin/*",
    "+refs/tags/*:refs/tags/*",
    "+refs/pull/*:refs/remotes/pull/*",
)


class Runner:
    """A checkout as actions/checkout makes it, and the variables around it."""

    def __init__(self, origin: Life, root: Path, *, depth: int = 0) -> None:
        self.root = root
        self._origin = origin
        self._repository = Repository(root)
        self._repository.git("remote", "add", "origin", origin.repository.root.as_uri())
        self._depth = depth

    def checkout(self, ref: str, **variables: str) -> dict[str, str]:
        """Fetch and check out `ref`; the environment of the job."""
        git = self._repository.git
        tip = self._origin.repository.git("rev-parse", f"{ref}^{{commit}}")
        tracking = ref.replace("refs/heads/", "refs/remotes/origin/").replace(
            "refs/pull/", "refs/remotes/pull/"
        )
        if self._depth:
            git("fetch", "--no-tags", f"--depth={self._depth}", "origin", f"+{tip}:{tracking}")
        else:
            git("fetch", "--prune", "--no-tags", "origin", *EVERYTHING)
        if ref.startswith("refs/heads/"):
            git("checkout", "--force", "-B", ref.removeprefix("refs/heads/"), tracking)
        else:
            git("checkout", "--force", tracking)
        return {"GITHUB_ACTIONS": "true", "GITHUB_REF": ref, "GITHUB_SHA": tip, **variables}

    def detach(self) -> None:
        self._repository.git("checkout", "--quiet", "--detach")


@pytest.fixture
def runner(origin: Life, tmp_path: Path) -> Runner:
    origin.repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    return Runner(origin, tmp_path / "runner")


def test_github_checks_out_branches(runner: Runner) -> None:
    assert versions(runner.root, runner.checkout("refs/heads/main")) == ("0.3.0-2", "1.0.1-3")
    assert versions(runner.root, runner.checkout(f"refs/heads/{BRANCH}")) == ("0.1.1-1", "1.0.0")


def test_github_checks_out_a_tag_without_a_branch(runner: Runner) -> None:
    assert versions(runner.root, runner.checkout("refs/tags/0.1.0")) == ("0.1.0", "1.0.0")


def test_github_checks_out_a_tag_of_the_driver_and_userspace_is_still_on_its_line(
    origin: Life, runner: Runner
) -> None:
    origin.switch(BRANCH)
    origin.commit("driver")
    origin.tag("1.0.1+driver")
    assert versions(runner.root, runner.checkout("refs/tags/1.0.1+driver")) == ("0.1.1-2", "1.0.1")


def test_github_checks_out_the_merge_of_a_pull_request_for_a_release_branch(
    origin: Life, runner: Runner
) -> None:
    origin.switch(BRANCH)
    origin.switch("fix", create=True)
    origin.commit("driver")
    origin.repository.git("checkout", "--quiet", "--detach", BRANCH)
    origin.repository.git("merge", "--quiet", "--no-ff", "--message", "merge", "fix")
    origin.repository.git("update-ref", "refs/pull/7/merge", "HEAD")
    environment = runner.checkout("refs/pull/7/merge", GITHUB_HEAD_REF="fix", GITHUB_BASE_REF=BRANCH)
    assert versions(runner.root, environment) == ("0.1.1-3", "1.0.1-3")


def test_a_commit_of_a_release_branch_that_a_workflow_of_main_checks_out(runner: Runner) -> None:
    environment = runner.checkout(f"refs/heads/{BRANCH}")
    runner.detach()
    of_main = {**environment, "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": "0" * 40}
    assert versions(runner.root, of_main) == ("0.1.1-1", "1.0.0")


def test_the_default_depth_is_refused(origin: Life, runner: Runner, tmp_path: Path) -> None:
    shallow = Runner(origin, tmp_path / "shallow", depth=1)
    environment = shallow.checkout("refs/heads/main")
    with pytest.raises(HistoryError, match="shallow clone") as caught:
        versions(shallow.root, environment)
    assert "fetch-depth: 0" in caught.value.fix


def test_a_clone_without_tags_is_refused_where_its_origin_has_some(origin: Life, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    origin.repository.git("clone", "--quiet", "--no-tags", str(origin.repository.root), str(clone))
    with pytest.raises(HistoryError, match="this clone has no tags"):
        versions(clone)
    origin.repository.git("-C", str(clone), "config", "--unset", "remote.origin.tagopt")
    with pytest.raises(HistoryError, match="this clone has no tags"):
        versions(clone, {"GITHUB_ACTIONS": "true"})


def test_a_release_branch_checked_out_by_its_commit_alone(origin: Life, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    origin.repository.git("clone", "--quiet", str(origin.repository.root), str(clone))
    origin.repository.git("-C", str(clone), "checkout", "--quiet", "--detach", f"origin/{BRANCH}")
    assert versions(clone) == ("0.1.1-1", "1.0.0")
