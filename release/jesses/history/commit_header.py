"""The header of a conventional commit: `type(scope)!: text`.

Specification: Conventional Commits 1.0.0 (https://www.conventionalcommits.org/en/v1.0.0/, "Specification", 1 to 5
and 13). What a type means is not said here: `history.conventional` says what each asks of the version, and
`history.notes.parse` where each stands in release notes.
"""

import re
from dataclasses import dataclass
from typing import Final

# Compiled on first use: not every product follows its messages.
_HEADER: Final = r"(?P<type>[A-Za-z]+)(?:\((?P<scope>[^\n]*?)\))?(?P<breaking>!)?: +(?P<text>[^\n]*)"


@dataclass(frozen=True, kw_only=True)
class CommitHeader:
    """What the first line of a message says.

    `type` is in lower case; `scope` is empty where there is none, and may hold parentheses; `breaking` is the `!`
    before the colon; `text` is what follows the colon and its spaces, and may be empty.
    """

    type: str
    scope: str
    breaking: bool
    text: str


def parse_header(message: str) -> CommitHeader | None:
    """The header that `message` begins with, or None for any other message.

    >>> parse_header("new(driver)!: events")
    CommitHeader(type='new', scope='driver', breaking=True, text='events')
    >>> parse_header("Merge branch 'main'")
    """
    found = re.match(_HEADER, message)
    if not found:
        return None
    return CommitHeader(
        type=found["type"].lower(),
        scope=found["scope"] or "",
        breaking=found["breaking"] is not None,
        text=found["text"],
    )
