import pytest

from jesses.base.errors import HistoryError
from jesses.history.ci import Ci
from jesses.plan.versions.checkout import line_of_branch, read_checkout
from tests.support.fake_history import FakeHistory

PATTERN = "release/{line}.x"


@pytest.fixture
def history() -> FakeHistory:
    """main, and a release branch two commits ahead of where it left main."""
    made = FakeHistory()
    made.change("a")
    made.switch("release/0.40.x", create=True)
    made.change("fix")
    made.change("fix")
    made.switch("main")
    made.change("a")
    return made


def tip(history: FakeHistory, branch: str) -> str:
    return history.tips[branch]


@pytest.mark.parametrize(
    ("branch", "line"),
    [
        ("release/0.40.x", (0, 40)),
        ("release/10.0.x", (10, 0)),
        ("release/0.40", None),
        ("release/0.040.x", None),
        ("my/release/0.40.x", None),
        ("release/0.40.x-fix", None),
        ("release/v0.40.x", None),
        ("main", None),
    ],
)
def test_a_release_branch_is_named_exactly(branch: str, line: tuple[int, int] | None) -> None:
    assert line_of_branch(PATTERN, branch) == line


def test_the_branch_that_head_is_on_counts(history: FakeHistory) -> None:
    assert read_checkout(history, Ci()).line(PATTERN) is None
    history.switch("release/0.40.x")
    assert read_checkout(history, Ci()).line(PATTERN) == (0, 40)


def test_a_detached_head_stands_for_the_release_branch_that_holds_it(history: FakeHistory) -> None:
    history.detach(tip(history, "release/0.40.x"))
    checkout = read_checkout(history, Ci())
    assert checkout.line(PATTERN) == (0, 40)
    assert checkout.described == "a detached HEAD, held by release/0.40.x"


def test_a_detached_head_that_main_holds_too_is_older_than_the_release_branch(history: FakeHistory) -> None:
    history.detach(min(history.nodes))
    assert read_checkout(history, Ci()).line(PATTERN) is None


def test_a_feature_branch_off_a_release_branch_does_not_hide_it(history: FakeHistory) -> None:
    history.switch("release/0.40.x")
    history.switch("backport", create=True)
    history.detach(tip(history, "release/0.40.x"))
    assert read_checkout(history, Ci()).line(PATTERN) == (0, 40)


def test_of_release_branches_on_one_another_the_lower_counts(history: FakeHistory) -> None:
    history.switch("release/0.40.x")
    history.switch("release/0.41.x", create=True)
    history.change("more")
    history.detach(tip(history, "release/0.40.x"))
    assert read_checkout(history, Ci()).line(PATTERN) == (0, 40)
    history.detach(tip(history, "release/0.41.x"))
    assert read_checkout(history, Ci()).line(PATTERN) == (0, 41)


def test_a_detached_head_that_no_branch_holds_is_an_error_where_it_matters(history: FakeHistory) -> None:
    history.detach(tip(history, "release/0.40.x"))
    history.change("on top")
    with pytest.raises(HistoryError, match="detached and no branch holds it") as caught:
        read_checkout(history, Ci()).line(PATTERN)
    assert "JESSES_BRANCH" in caught.value.fix
    assert read_checkout(history, Ci(branch="release/0.40.x", named=True)).line(PATTERN) == (0, 40)
    del history.tips["release/0.40.x"]
    assert read_checkout(history, Ci()).line(PATTERN) is None


def test_a_pull_requests_merge_commit_stands_for_the_branch_that_it_is_for(history: FakeHistory) -> None:
    history.detach(tip(history, "release/0.40.x"))
    merge = history.change("merged")
    ci = Ci(name="GitHub Actions", branch="release/0.40.x", pull_request="7", commit=merge)
    assert read_checkout(history, ci).line(PATTERN) == (0, 40)


def test_a_pull_requests_own_commit_does_too(history: FakeHistory) -> None:
    history.detach(tip(history, "release/0.40.x"))
    history.change("the request's head, checked out instead of the merge")
    ci = Ci(name="GitHub Actions", branch="release/0.40.x", pull_request="7", commit="m" * 40)
    assert read_checkout(history, ci).line(PATTERN) == (0, 40)


def test_ci_is_not_believed_about_another_commit(history: FakeHistory) -> None:
    """A workflow of main that checks out a release branch by its commit."""
    history.detach(tip(history, "release/0.40.x"))
    ci = Ci(name="GitHub Actions", branch="main", commit=tip(history, "main"))
    assert read_checkout(history, ci).line(PATTERN) == (0, 40)


def test_the_branch_that_ci_is_for_goes_before_the_name_of_a_queue(history: FakeHistory) -> None:
    history.switch("gh-readonly-queue/release/0.40.x/pr-7-abc", create=True)
    ci = Ci(name="GitHub Actions", branch="release/0.40.x", commit=history.at)
    assert read_checkout(history, ci).line(PATTERN) == (0, 40)


def test_a_run_for_a_tag_that_is_not_here_is_an_error(history: FakeHistory) -> None:
    ci = Ci(name="GitHub Actions", tag="0.40.1", commit=history.at)
    with pytest.raises(HistoryError, match=r"is for the tag 0\.40\.1, which this clone does not have"):
        read_checkout(history, ci)
    history.tag("0.40.1")
    assert read_checkout(history, ci).tag == "0.40.1"


def test_a_run_for_a_tag_says_nothing_of_another_commit(history: FakeHistory) -> None:
    assert read_checkout(history, Ci(name="GitHub Actions", tag="0.40.1", commit="e" * 40)).tag is None


@pytest.mark.parametrize("told", [True, False])
def test_a_clone_without_tags_is_told_from_a_new_project_by_its_remote(
    history: FakeHistory, *, told: bool
) -> None:
    history.told_no_tags = told
    ci = Ci() if told else Ci(name="GitHub Actions")
    assert read_checkout(history, ci).branch == "main"
    history.remote_tags = True
    with pytest.raises(HistoryError, match="this clone has no tags"):
        read_checkout(history, ci)
    history.tag("anything")
    assert read_checkout(history, ci).branch == "main"


def test_a_developers_clone_does_not_ask_the_network(history: FakeHistory) -> None:
    history.remote_tags = True
    assert read_checkout(history, Ci()).branch == "main"
