"""Release notes and CHANGELOG.md, from commits and pull requests. Pure: texts in, texts out."""

from jesses.history.notes.changelog import with_section
from jesses.history.notes.changes import Change, Contribution, PullRequest, changes_in, newcomers
from jesses.history.notes.parse import ChangeKind
from jesses.history.notes.render import artifact_table, notes, section

__all__ = [
    "Change",
    "ChangeKind",
    "Contribution",
    "PullRequest",
    "artifact_table",
    "changes_in",
    "newcomers",
    "notes",
    "section",
    "with_section",
]
