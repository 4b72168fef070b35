import pytest

from jesses.history.commit_header import CommitHeader, parse_header
from jesses.history.conventional import Bump, bump_of
from jesses.history.notes.parse import headline


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("fix: a leak", ("fix", "", False, "a leak")),
        ("FIX(userspace/engine): a leak\n\nbecause", ("fix", "userspace/engine", False, "a leak")),
        ("feat!:  two blanks", ("feat", "", True, "two blanks")),
        ("rule(list a, macro b (old))!: gone", ("rule", "list a, macro b (old)", True, "gone")),
        ("new(a): b (c): d", ("new", "a", False, "b (c): d")),
        ("new(): x", ("new", "", False, "x")),
        ("fix: \nbody", ("fix", "", False, "")),
    ],
)
def test_a_header_in_its_parts(message: str, expected: tuple[str, str, bool, str]) -> None:
    kind, scope, breaking, text = expected
    assert parse_header(message) == CommitHeader(type=kind, scope=scope, breaking=breaking, text=text)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Merge the thing",
        "new:no blank",
        "new (a): x",
        "a-b: x",
        " fix: x",
        "new(a\nb): x",
        "body\nfix: x",
    ],
)
def test_other_messages_have_no_header(message: str) -> None:
    assert parse_header(message) is None


@pytest.mark.parametrize(
    ("message", "bump", "kind"),
    [
        ("feat(list (old)): parentheses in a scope", Bump.MINOR, "other"),
        ("rule!: ", Bump.MAJOR, "other"),
        ("feat:\ta tab", Bump.PATCH, "major"),
        ("feature: a type of notes alone", Bump.PATCH, "major"),
        ("perf: a type of notes alone", Bump.PATCH, "minor"),
        ("Drop it\n\nBREAKING CHANGE: without a header", Bump.MAJOR, "other"),
        ("fix: it\n\nBREAKING CHANGE #12", Bump.MAJOR, "bug"),
        ("fix: it\n\nthis is no BREAKING CHANGE: at all", Bump.PATCH, "major"),
    ],
)
def test_where_versions_and_notes_read_a_message_differently(message: str, bump: Bump, kind: str) -> None:
    """Known, and kept as it is until it is settled: one parser, two rules."""
    assert bump_of(message) is bump
    assert headline(message).kind == kind
