import pytest

from jesses.history.notes.parse import Note, headline, release_note

FALCO_BODY = """
**What type of PR is this?**

> /kind feature

<!-- Explain it in this form:
```release-note
new: an example that nobody should see
```
-->

**Does this PR introduce a user-facing change?**:

```release-note
new(driver): stream events from
  every CPU
fix(userspace): do not lose the last sample
rule(Write below etc): allow apt
update!: drop the old format
plain words of the last one
```
"""


def test_a_block_holds_a_note_a_line_and_the_template_in_comments_is_not_one() -> None:
    assert release_note(FALCO_BODY) == (
        Note(kind="major", text="new(driver): stream events from every CPU"),
        Note(kind="bug", text="fix(userspace): do not lose the last sample"),
        Note(kind="rule", text="rule(Write below etc): allow apt"),
        Note(kind="major", text="update!: drop the old format plain words of the last one"),
    )


@pytest.mark.parametrize("answer", ["NONE", "none", " None "])
def test_none_means_that_users_need_not_know(answer: str) -> None:
    assert release_note(f"```release-note\n{answer}\n```\n") == ()


@pytest.mark.parametrize(
    "body",
    ["", "fixes #1", "```release-note\n```", "```release-note\n\n```", "<!--\n```release-note\nx\n```\n"],
)
def test_a_body_that_says_nothing_is_told_from_one_that_says_none(body: str) -> None:
    assert release_note(body) is None


def test_windows_line_ends_and_longer_fences_are_fine() -> None:
    assert release_note("````release-note\r\nfix: a\r\n````\r\n") == (Note(kind="bug", text="fix: a"),)


def test_a_block_in_two_parts_counts_twice() -> None:
    text = "```release-note\nfix: a\n```\n\n```release-note\nnew: b\n```"
    assert [note.kind for note in release_note(text) or ()] == ["bug", "major"]


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("feat(x): a", "major"),
        ("new: a", "major"),
        ("update(cmake): a", "minor"),
        ("perf: a", "minor"),
        ("fix: a", "bug"),
        ("rule(macro x): a", "rule"),
        ("docs: a", "other"),
        ("chore!: a", "major"),
        ("fix: a\n\nBREAKING CHANGE: b", "major"),
        ("Make it faster", "other"),
        ("note: well: this", "other"),
    ],
)
def test_a_headline_has_the_kind_of_its_type(title: str, kind: str) -> None:
    assert headline(title).kind == kind


def test_a_note_cannot_hide_what_follows_it() -> None:
    assert headline("fix: a <!-- b").text == "fix: a &lt;!-- b"
