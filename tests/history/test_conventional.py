import pytest
from semver import Version

from jesses.history.conventional import Level, decide, level, next_by_level
from jesses.history.git_history import Logged


def log(*messages: str) -> list[Logged]:
    """Commits, newest first; the last is `1000000...`."""
    count = len(messages)
    return [Logged(sha=f"{count - at}" + "0" * 39, message=text) for at, text in enumerate(messages)]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("new: a command", Level.MINOR),
        ("new(userspace/engine): a command", Level.MINOR),
        ("feat(x): a command", Level.MINOR),
        ("update(build): libs 0.17", Level.MINOR),
        ("Update: libs", Level.MINOR),
        ("fix(driver): a leak", Level.PATCH),
        ("cleanup: names", Level.PATCH),
        ("rule(Write below root): fewer alerts", Level.PATCH),
        ("rule(list a, macro b (old)): fewer alerts", Level.PATCH),
        ("docs: words", Level.PATCH),
        ("perf: faster", Level.PATCH),
        ("Merge the thing", Level.PATCH),
        ("newer: not a type", Level.PATCH),
        ("new:no blank, so no header", Level.PATCH),
        ("fix!: the format", Level.MAJOR),
        ("rule(x)!: gone", Level.MAJOR),
        ("fix: it\n\nBREAKING CHANGE: no more", Level.MAJOR),
        ("fix: it\n\nBREAKING-CHANGE: no more", Level.MAJOR),
        ("fix: it\n\nbecause\nBREAKING CHANGE #12", Level.MAJOR),
        ("BREAKING CHANGE: no more", Level.MAJOR),
        ("fix: it\n\nthis is no BREAKING CHANGE: at all", Level.PATCH),
        ("fix: it\n\nbreaking change: lower case is text", Level.PATCH),
    ],
)
def test_what_a_message_asks_for(message: str, expected: Level) -> None:
    assert level(message) is expected


@pytest.mark.parametrize(
    ("base", "wanted", "expected"),
    [
        ("1.2.3", Level.PATCH, "1.2.4"),
        ("1.2.3", Level.MINOR, "1.3.0"),
        ("1.2.3", Level.MAJOR, "2.0.0"),
        ("0.2.3", Level.PATCH, "0.2.4"),
        ("0.2.3", Level.MINOR, "0.3.0"),
        ("0.2.3", Level.MAJOR, "0.3.0"),
    ],
)
def test_the_next_version(base: str, wanted: Level, expected: str) -> None:
    assert str(next_by_level(Version.parse(base), wanted)) == expected


def test_the_weightiest_commits_decide() -> None:
    highest, decisive = decide(log("fix: b", "new: two", "docs: c", "new: one"))
    assert highest is Level.MINOR
    assert [commit.message for commit in decisive] == ["new: two", "new: one"]


def test_without_commits_it_is_a_patch() -> None:
    assert decide([]) == (Level.PATCH, ())


def test_a_commit_that_was_reverted_does_not_count() -> None:
    revert = 'Revert "new: a command"\n\nThis reverts commit 2' + "0" * 39 + "."
    highest, decisive = decide(log(revert, "new: a command", "fix: a leak"))
    assert highest is Level.PATCH
    assert [commit.message for commit in decisive] == ["fix: a leak"]


def test_a_revert_that_was_reverted_counts_again() -> None:
    revert = "Revert it\n\nThis reverts commit 1" + "0" * 39 + "."
    again = "Reapply it\n\nThis reverts commit 2" + "0" * 39 + "."
    assert decide(log(again, revert, "new: a command"))[0] is Level.MINOR


def test_a_revert_of_something_released_is_a_patch() -> None:
    assert decide(log("Revert it\n\nThis reverts commit " + "f" * 40 + "."))[0] is Level.PATCH
