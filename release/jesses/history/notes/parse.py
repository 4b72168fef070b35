"""What a commit message or the text of a pull request says to users.

Falco's convention: a fenced block called `release-note` holds one line for each note, each beginning like a
conventional commit (`new(engine): ...`), or `NONE` where users need not know. Commits follow Conventional
Commits 1.0.0 (https://www.conventionalcommits.org/en/v1.0.0/) and Falco's own types: new, update, rule, cleanup.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from jesses.history.commit_header import CommitHeader, parse_header

ChangeKind = Literal["major", "minor", "bug", "rule", "other"]

_KINDS: dict[str, ChangeKind] = {
    **dict.fromkeys(("new", "feat", "feature", "deprecation"), "major"),
    **dict.fromkeys(("update", "perf", "improvement"), "minor"),
    **dict.fromkeys(("fix", "bug", "bugfix", "revert", "security"), "bug"),
    **dict.fromkeys(("rule", "rules"), "rule"),
}
_BREAKING = re.compile(r"BREAKING[ -]CHANGE: *\S")
_BLOCK = re.compile(
    r"^(?P<fence>`{3,})[ \t]*release-notes?[ \t]*\r?\n(?P<body>.*?)^(?P=fence)", re.MULTILINE | re.DOTALL
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Note:
    """One line for users."""

    kind: ChangeKind
    text: str


def release_note(text: str) -> tuple[Note, ...] | None:
    """The notes of the release-note blocks in `text`: () for `NONE`, None where no block says anything."""
    bodies = [match["body"].strip() for match in _BLOCK.finditer(_COMMENT.sub("", text))]
    if not any(bodies):
        return None
    return tuple(note for body in bodies if body.upper() != "NONE" for note in _notes(body))


def headline(text: str) -> Note:
    """The first line of a commit message, or the title of a pull request, as a note.

    >>> headline("fix(driver)!: count in nanoseconds").kind
    'major'
    >>> headline("docs: say why").kind
    'other'
    """
    first, _, rest = text.strip().partition("\n")
    line = _one_line(first)
    header = _header(line)
    if header and (header.breaking or _BREAKING.search(rest)):
        return Note(kind="major", text=line)
    return Note(kind=_kind(line), text=line)


def commit_type(message: str) -> str:
    """The type of a conventional commit in lower case, or nothing."""
    header = _header(message)
    return header.type if header else ""


def _notes(body: str) -> Iterator[Note]:
    """A line with a header begins a note; a line without one goes on with the note before it."""
    lines: list[str] = []
    for raw in body.splitlines():
        line = _one_line(raw).removeprefix("* ").removeprefix("- ")
        if not line:
            continue
        if lines and not _header(line) and not _BREAKING.match(line):
            lines[-1] = f"{lines[-1]} {line}"
        else:
            lines.append(line)
    for line in lines:
        yield Note(kind=_kind(line), text=line)


def _kind(line: str) -> ChangeKind:
    if _BREAKING.match(line):
        return "major"
    header = _header(line)
    if not header:
        return "other"
    return "major" if header.breaking else _KINDS.get(header.type, "other")


def _header(line: str) -> CommitHeader | None:
    """The header of a note, which says something, and has no parentheses within its scope."""
    header = parse_header(line)
    if header is None or not header.text or header.text[0].isspace() or set("()") & set(header.scope):
        return None
    return header


def _one_line(text: str) -> str:
    """`text` on one line, with nothing that would hide what follows it in Markdown."""
    return " ".join(text.split()).replace("<!--", "&lt;!--")
