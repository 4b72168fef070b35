"""Release notes and CHANGELOG.md, from commits and pull requests. Pure: texts in, texts out."""

from release.notes.changelog import with_section
from release.notes.changes import Change, Contribution, PullRequest, changes_in, newcomers
from release.notes.parse import Kind
from release.notes.render import artifact_table, notes, section

__all__ = [
    "Change",
    "Contribution",
    "Kind",
    "PullRequest",
    "artifact_table",
    "changes_in",
    "newcomers",
    "notes",
    "section",
    "with_section",
]
