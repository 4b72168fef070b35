import pytest
from semver import Version

from jesses.history.conventional import Bump, bump_of, decide_bump, next_by_level
from jesses.history.git_history import Logged


def log(*messages: str) -> list[Logged]:
    """Commits, newest first; the last is `1000000...`."""
    count = len(messages)
    return [Logged(sha=f"{count - at}" + "0" * 39, message=text) for at, text in enumerate(messages)]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("new: a command", Bump.MINOR),
        ("new(userspace/engine): a command", Bump.MINOR),
        ("feat(x): a command", Bump.MINOR),
        ("update(build): libs 0.17", Bump.MINOR),
        ("Update: libs", Bump.MINOR),
        ("fix(driver): a leak", Bump.PATCH),
        ("cleanup: names", Bump.PATCH),
        ("rule(Write below root): fewer alerts", Bump.PATCH),
        ("rule(list a, macro b (old)): fewer alerts", Bump.PATCH),
        ("docs: words", Bump.PATCH),
        ("perf: faster", Bump.PATCH),
        ("Merge the thing", Bump.PATCH),
        ("newer: not a type", Bump.PATCH),
        ("new:no blank, so no header", Bump.PATCH),
        ("fix!: the format", Bump.MAJOR),
        ("rule(x)!: gone", Bump.MAJOR),
        ("fix: it\n\nBREAKING CHANGE: no more", Bump.MAJOR),
        ("fix: it\n\nBREAKING-CHANGE: no more", Bump.MAJOR),
        ("fix: it\n\nbecause\nBREAKING CHANGE #12", Bump.MAJOR),
        ("BREAKING CHANGE: no more", Bump.MAJOR),
        ("fix: it\n\nthis is no BREAKING CHANGE: at all", Bump.PATCH),
        ("fix: it\n\nbreaking change: lower case is text", Bump.PATCH),
    ],
)
def test_what_a_message_asks_for(message: str, expected: Bump) -> None:
    assert bump_of(message) is expected


@pytest.mark.parametrize(
    ("base", "wanted", "expected"),
    [
        ("1.2.3", Bump.PATCH, "1.2.4"),
        ("1.2.3", Bump.MINOR, "1.3.0"),
        ("1.2.3", Bump.MAJOR, "2.0.0"),
        ("0.2.3", Bump.PATCH, "0.2.4"),
        ("0.2.3", Bump.MINOR, "0.3.0"),
        ("0.2.3", Bump.MAJOR, "0.3.0"),
    ],
)
def test_the_next_version(base: str, wanted: Bump, expected: str) -> None:
    assert str(next_by_level(Version.parse(base), wanted)) == expected


def test_the_weightiest_commits_decide() -> None:
    highest, decisive = decide_bump(log("fix: b", "new: two", "docs: c", "new: one"))
    assert highest is Bump.MINOR
    assert [commit.message for commit in decisive] == ["new: two", "new: one"]


def test_without_commits_it_is_a_patch() -> None:
    assert decide_bump([]) == (Bump.PATCH, ())


def test_a_commit_that_was_reverted_does_not_count() -> None:
    revert = 'Revert "new: a command"\n\nThis reverts commit 2' + "0" * 39 + "."
    highest, decisive = decide_bump(log(revert, "new: a command", "fix: a leak"))
    assert highest is Bump.PATCH
    assert [commit.message for commit in decisive] == ["fix: a leak"]


def test_a_revert_that_was_reverted_counts_again() -> None:
    revert = "Revert it\n\nThis reverts commit 1" + "0" * 39 + "."
    again = "Reapply it\n\nThis reverts commit 2" + "0" * 39 + "."
    assert decide_bump(log(again, revert, "new: a command"))[0] is Bump.MINOR


def test_a_revert_of_something_released_is_a_patch() -> None:
    assert decide_bump(log("Revert it\n\nThis reverts commit " + "f" * 40 + "."))[0] is Bump.PATCH
