"""Changes as Markdown, in the form that Falco's changelog has."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from jesses.base.artifact import Artifact
from jesses.history.notes.changes import Change
from jesses.history.notes.parse import ChangeKind

_HEADINGS: dict[ChangeKind, str] = {
    "major": "Major Changes",
    "minor": "Minor Changes",
    "bug": "Bug Fixes",
    "rule": "Rule Changes",
    "other": "Other Changes",
}


def section(
    *, tag: str, date: int, changes: Sequence[Change], first_time: Sequence[str], compare: str = ""
) -> str:
    """The changelog's section of the release `tag`; `date` is seconds since 1970, `compare` a URL."""
    parts = [f"## {tag}", f"Released on {datetime.fromtimestamp(date, UTC):%Y-%m-%d}"]
    for kind, heading in _HEADINGS.items():
        lines = [_line(change) for change in changes if change.kind == kind]
        if lines:
            parts += [f"### {heading}", "\n".join(lines)]
    if not changes:
        parts.append("Nothing has changed for users.")
    if first_time:
        parts.append(f"Thanks to those who contributed for the first time: {', '.join(first_time)}.")
    if compare:
        parts.append(f"[All commits]({compare})")
    return "\n\n".join(parts) + "\n"


def notes(body: str, artifacts: Sequence[Artifact], install: Sequence[str]) -> str:
    """The text of a release: what changed, how to install it, and what was made.

    `body` is the changelog's section; its heading is left out, since the release has a title of its own.
    """
    parts = [body.partition("\n")[2].strip() if body.startswith("## ") else body.strip()]
    if install:
        parts += ["### Install", "```console\n" + "\n".join(install) + "\n```"]
    if artifacts:
        parts += ["### Artifacts", artifact_table(artifacts)]
    return "\n\n".join(parts) + "\n"


def artifact_table(artifacts: Iterable[Artifact]) -> str:
    """A Markdown table: name, kind, architecture, and digest of the bytes that a user downloads."""
    rows = ["| artifact | kind | arch | SHA-256 |", "|---|---|---|---|"]
    rows += [
        f"| `{artifact.path.name}` | {artifact.kind} | {artifact.arch} | `{artifact.published_sha256}` |"
        for artifact in artifacts
    ]
    return "\n".join(rows)


def _line(change: Change) -> str:
    number = f"#{change.number}" if change.number else ""
    reference = f" [[{number}]({change.url})]" if change.url else f" ({number})" if number else ""
    author = f"[{change.author}]({change.author_url})" if change.author_url else change.author
    return f"* {change.text}{reference} - {author}"
