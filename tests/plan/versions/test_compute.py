import pytest

from jesses.base.errors import HistoryError, VersionError
from jesses.config import Component
from jesses.history.ci import Ci
from tests.support.fake_history import FakeHistory
from tests.support.lines import USERSPACE, texts, versions

AGENT = {"userspace": USERSPACE}


def userspace(history: FakeHistory, *, ci: Ci | None = None) -> str:
    return texts(history, AGENT, ci=ci)["userspace"]


# Before the first tag


def test_without_tags_development_leads_to_the_first_version(history: FakeHistory) -> None:
    history.change("driver/a.c")
    history.change("userspace/a.c")
    assert texts(history) == {"userspace": "0.1.0-3+0000003", "driver": "0.1.0-2+0000002-driver"}
    reasons = versions(history)["userspace"].reasons
    assert reasons[0] == "no final tag like {version} yet, so development leads to first_version 0.1.0"


def test_a_prerelease_is_no_base(history: FakeHistory) -> None:
    history.tag("0.1.0-rc1")
    history.change("userspace/a.c")
    assert userspace(history) == "0.1.0-2+0000002"


# Exact tags


def test_an_exact_tag_is_the_version_and_its_commit_the_date(history: FakeHistory) -> None:
    history.change("userspace/a.c")
    history.tag("0.3.0", "1.2.0+driver")
    found = versions(history)
    assert str(found["userspace"].version) == "0.3.0"
    assert found["userspace"].commit.date == 1_700_000_002
    assert (str(found["driver"].version), found["driver"].tag) == ("1.2.0", "1.2.0+driver")
    assert not found["driver"].exported


def test_of_two_tags_on_one_commit_the_higher_is_the_version(history: FakeHistory) -> None:
    history.tag("0.3.0-rc1", "0.3.0", "0.2.0", "0.3.0-rc2")
    assert userspace(history) == "0.3.0"


def test_of_two_tags_on_one_commit_the_one_that_started_the_run_is_the_version(history: FakeHistory) -> None:
    history.tag("0.3.0-rc1", "0.3.0")
    ci = Ci(name="GitHub Actions", tag="0.3.0-rc1", commit=history.at)
    assert userspace(history, ci=ci) == "0.3.0-rc1"


def test_of_two_tags_on_one_commit_the_one_of_the_release_branch_is_the_version(history: FakeHistory) -> None:
    history.tag("0.3.1", "0.4.0")
    assert userspace(history) == "0.4.0"
    history.switch("release/0.3.x", create=True)
    assert userspace(history) == "0.3.1"


def test_tagged_files_that_are_changed_stop_a_release(history: FakeHistory) -> None:
    history.tag("0.3.0")
    history.dirty = frozenset({"userspace/a.c"})
    with pytest.raises(HistoryError, match=r"at tag 0\.3\.0, but files that belong to it are changed"):
        userspace(history)


@pytest.mark.parametrize(
    ("before", "after"),
    [("0.41.2", "0.41.1"), ("0.41.0", "0.40.5"), ("0.41.0-rc2", "0.41.0-rc1"), ("0.41.0", "0.41.0-rc4")],
)
def test_a_tag_lower_than_one_that_its_commit_contains_is_an_error(
    history: FakeHistory, before: str, after: str
) -> None:
    history.tag(before)
    history.change("userspace/a.c")
    history.tag(after)
    with pytest.raises(HistoryError, match=f"tag {after} is lower than {before}, which its commit already"):
        userspace(history)


def test_rc10_after_rc9_is_an_error_since_semver_has_it_before(history: FakeHistory) -> None:
    history.tag("0.41.0-rc9")
    history.change("userspace/a.c")
    history.tag("0.41.0-rc10")
    with pytest.raises(HistoryError, match=r"0\.41\.0-rc10 is lower than 0\.41\.0-rc9") as caught:
        userspace(history)
    assert "write rc.10" in caught.value.fix


def test_a_lower_tag_on_a_branch_of_its_own_is_a_backport(history: FakeHistory) -> None:
    history.tag("1.1.0")
    history.switch("release/1.1.x", create=True)
    history.switch("main")
    history.change("userspace/a.c")
    history.tag("1.2.0")
    history.switch("release/1.1.x")
    history.change("userspace/b.c")
    history.tag("1.1.1")
    assert userspace(history) == "1.1.1"


def test_a_prerelease_of_a_later_version_does_not_stop_a_final(history: FakeHistory) -> None:
    history.tag("1.0.0-alpha.1")
    history.change("userspace/a.c")
    history.tag("0.9.0")
    assert userspace(history) == "0.9.0"


def test_a_tag_that_started_the_run_and_is_no_version_is_an_error(history: FakeHistory) -> None:
    history.tag("0.41")
    ci = Ci(name="GitHub Actions", tag="0.41", commit=history.at)
    with pytest.raises(HistoryError, match=r"the tag 0\.41, which started this run, is no version") as caught:
        userspace(history, ci=ci)
    assert "{version} of userspace" in caught.value.what


def test_a_tag_that_is_no_semver_does_not_count_and_is_mentioned(history: FakeHistory) -> None:
    history.tag("0.2.0")
    history.change("userspace/a.c")
    history.tag("0.41", "nightly")
    found = versions(history, AGENT)["userspace"]
    assert str(found.version) == "0.3.0-1+0000002"
    assert found.reasons[-1] == "tag 0.41 on this commit is no version of any component"


# Userspace: the next minor, and release branches


def test_after_a_final_tag_main_leads_to_the_next_minor(history: FakeHistory) -> None:
    history.tag("0.3.0")
    history.change("userspace/a.c")
    history.tag("0.3.1")
    history.change("userspace/a.c")
    history.tag("0.4.0-rc1")
    history.change("userspace/a.c")
    assert userspace(history) == "0.4.0-2+0000004"


def test_a_release_branch_leads_to_its_first_version_until_that_is_tagged(history: FakeHistory) -> None:
    history.tag("0.3.0")
    history.change("userspace/a.c")
    history.switch("release/0.4.x", create=True)
    assert userspace(history) == "0.4.0-1+0000002"
    history.change("userspace/a.c")
    history.tag("0.4.0-rc1")
    assert userspace(history) == "0.4.0-rc1"
    history.change("userspace/a.c")
    assert userspace(history) == "0.4.0-3+0000004"


def test_a_release_branch_starts_below_its_line_whatever_main_has_released_since(
    history: FakeHistory,
) -> None:
    history.tag("0.3.0")
    history.change("userspace/a.c")
    history.switch("release/0.4.x", create=True)
    history.switch("main")
    history.change("userspace/a.c")
    history.tag("0.5.0")
    history.switch("release/0.4.x")
    history.change("userspace/b.c")
    assert userspace(history) == "0.4.0-2+0000004"


def test_a_release_branch_leads_to_the_next_patch_of_its_line(history: FakeHistory) -> None:
    history.tag("0.3.0")
    history.switch("release/0.3.x", create=True)
    history.switch("main")
    history.change("userspace/a.c")
    history.tag("0.4.0")
    history.switch("release/0.3.x")
    history.change("userspace/b.c")
    assert userspace(history) == "0.3.1-1+0000003"
    history.tag("0.3.1")
    history.change("userspace/b.c")
    history.change("userspace/b.c")
    assert userspace(history) == "0.3.2-2+0000005"
    assert "the next patch of its line" in versions(history, AGENT)["userspace"].reasons[1]


def test_main_counts_from_where_it_parted_from_the_release_branch(history: FakeHistory) -> None:
    history.switch("release/0.3.x", create=True)
    for _ in range(5):
        history.change("userspace/fix.c")
    history.tag("0.3.0")
    history.switch("main")
    history.change("userspace/a.c")
    history.change("userspace/a.c")
    assert userspace(history) == "0.4.0-2+0000008"


def test_a_release_branch_that_was_merged_back_counts_from_its_tag(history: FakeHistory) -> None:
    history.switch("release/0.3.x", create=True)
    history.change("userspace/fix.c")
    history.tag("0.3.0")
    history.switch("main")
    history.change("userspace/a.c")
    history.merge("release/0.3.x")
    assert userspace(history) == "0.4.0-2+0000004"


def test_an_older_commit_keeps_the_version_that_it_had(history: FakeHistory) -> None:
    history.tag("0.3.0")
    older = history.change("userspace/a.c")
    before = userspace(history)
    history.change("userspace/a.c")
    history.tag("0.4.0")
    history.detach(older)
    assert userspace(history) == before == "0.4.0-1+0000002"


def test_a_release_branch_that_holds_a_higher_release_is_an_error(history: FakeHistory) -> None:
    history.tag("0.5.0")
    history.switch("release/0.4.x", create=True)
    history.change("userspace/a.c")
    with pytest.raises(VersionError, match=r"would lead userspace to 0\.4, and already holds 0\.5\.0"):
        userspace(history)


def test_each_line_has_release_branches_of_its_own(history: FakeHistory) -> None:
    agent, old = Component(tag="agent/{version}"), Component(tag="v{version}", branch="v{line}-patches")
    components = {"userspace": USERSPACE, "agent": agent, "old": old}
    history.tag("0.3.0", "agent/0.85.1", "v2.0.0")
    history.change("userspace/a.c")
    expected = {"userspace": "0.4.0", "agent": "0.86.0", "old": "2.1.0"}
    for branch, changed in (
        ("release/0.3.x", {"userspace": "0.3.1"}),
        ("release/agent/0.85.x", {"agent": "0.85.2"}),
        ("v2.0-patches", {"old": "2.0.1"}),
    ):
        history.switch(branch, create=True)
        found = texts(history, components)
        assert {name: text.partition("-")[0] for name, text in found.items()} == expected | changed


@pytest.mark.parametrize(
    ("tag", "branch"),
    [
        ("{version}", "release/{line}.x"),
        ("v{version}", "release/{line}.x"),
        ("agent/{version}", "release/agent/{line}.x"),
        ("{version}+driver", "release/{line}.x+driver"),
    ],
)
def test_release_branches_look_like_the_tags(tag: str, branch: str) -> None:
    assert Component(tag=tag).release_branch == branch


def test_a_release_branch_of_the_driver_alone_says_nothing_of_userspace(history: FakeHistory) -> None:
    history.tag("0.3.0", "7.2.0+driver")
    history.switch("release/7.2.x+driver", create=True)
    history.change("driver/a.c")
    assert texts(history) == {"userspace": "0.4.0-1+0000002", "driver": "7.2.1-1+0000002-driver"}


def test_uncommitted_changes_show_in_a_development_version(history: FakeHistory) -> None:
    history.dirty = frozenset({"userspace/a.c"})
    found = versions(history)
    assert str(found["userspace"].version) == "0.1.0-1+0000001.dirty"
    assert not found["userspace"].exported
    assert str(found["driver"].version) == "0.1.0-1+0000001-driver"
    assert found["driver"].exported


# Commit messages


def test_commit_messages_of_the_components_paths_decide(history: FakeHistory) -> None:
    component = Component(bump="conventional", paths=("driver",))
    history.tag("1.2.3")
    history.change("driver/a.c", message="fix: a leak")
    assert texts(history, {"it": component})["it"] == "1.2.4-1+0000002"
    history.change("userspace/a.c", message="feat!: everything is new")
    history.change("driver/a.c", message="new(driver): events")
    found = versions(history, {"it": component})["it"]
    assert str(found.version) == "1.3.0-3+0000004"
    assert (
        "2 commit messages, the weightiest minor, such as 0000004 'new(driver): events'" in found.reasons[1]
    )
    history.change("driver/a.c", message="update: it\n\nBREAKING CHANGE: no more")
    assert texts(history, {"it": component})["it"] == "2.0.0-4+0000005"


def test_on_a_release_branch_commit_messages_cannot_leave_the_line(history: FakeHistory) -> None:
    history.tag("1.2.3")
    history.switch("release/1.2.x", create=True)
    history.change("driver/a.c", message="new: events")
    assert texts(history, {"it": Component(bump="conventional")})["it"] == "1.2.4-1+0000002"


def test_evidence_is_data(history: FakeHistory) -> None:
    history.tag("2.0.0+driver", "0.3.0")
    history.change("driver/a.c", SCHEMA_VERSION="1.1.0")
    data = versions(history)["driver"].as_data()
    assert data["evidence"] == {
        "rule": "contract",
        "branch": "branch main",
        "base": "2.0.0+driver",
        "commits": 1,
        "files": ["driver/SCHEMA_VERSION", "driver/a.c"],
        "contracts": [
            {"path": "driver/API_VERSION", "before": "1.0.0", "after": "1.0.0"},
            {"path": "driver/SCHEMA_VERSION", "before": "1.0.0", "after": "1.1.0"},
        ],
        "messages": [],
    }
