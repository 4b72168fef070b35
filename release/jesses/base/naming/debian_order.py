"""The order of Debian versions, whoever wrote them (deb-version(7), "Sorting algorithm")."""

import re
from typing import Final

SortKey = tuple[object, ...]

_PARTS: Final = re.compile(r"([^0-9]*)([0-9]*)")
_END: Final = ([0], 0)
_BEFORE_THE_END: Final = "~"
_AFTER_LETTERS: Final = 256


def sort_key(version: str) -> SortKey:
    """A key to sort versions by: epoch, upstream version and revision, each in its parts.

    >>> sorted(["1.0", "1.0~rc.1", "1:0.1", "1.0-1"], key=sort_key)
    ['1.0~rc.1', '1.0', '1.0-1', '1:0.1']
    """
    epoch, _, rest = version.rpartition(":")
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return int(epoch) if epoch.isdecimal() else 0, _parts(upstream), _parts(revision)


def _parts(text: str) -> list[tuple[list[int], int]]:
    parts = [([*map(_weight, others), 0], int(digits or 0)) for others, digits in _PARTS.findall(text)]
    while parts and parts[-1] == _END:
        parts.pop()
    return [*parts, _END]


def _weight(character: str) -> int:
    """The end of a part counts 0: a tilde comes before it, letters after it, everything else last."""
    if character == _BEFORE_THE_END:
        return -1
    return ord(character) + (0 if character.isalpha() else _AFTER_LETTERS)
