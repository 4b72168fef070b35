"""How dpkg and rpm compare versions, in Python, and versions to compare. tests/engines asks the real ones."""

import re
from itertools import zip_longest
from typing import Any

from hypothesis import strategies as st
from semver import Version


def dpkg_order(one: str, other: str) -> int:
    """As deb-version(7), "Sorting algorithm": -1, 0 or 1."""
    parts = zip_longest(_dpkg_parts(one), _dpkg_parts(other), fillvalue=("", ""))
    keys = [(_dpkg_key(*mine), _dpkg_key(*theirs)) for mine, theirs in parts]
    return next((_sign(mine, theirs) for mine, theirs in keys if mine != theirs), 0)


def _dpkg_parts(text: str) -> list[tuple[str, str]]:
    return re.findall(r"([^0-9]*)([0-9]*)", text)


def _dpkg_key(characters: str, digits: str) -> tuple[list[int], int]:
    weights = [-1 if c == "~" else ord(c) if c.isalpha() else ord(c) + 256 for c in characters]
    return [*weights, 0], int(digits or 0)


def rpm_order(one: str, other: str) -> int:
    """As rpm's `rpmvercmp` (rpm-version(7)): -1, 0 or 1."""
    return _sign(_rpm_key(one), _rpm_key(other))


def _rpm_key(text: str) -> list[tuple[int, Any]]:
    end = (1, "")
    return [*map(_rpm_segment, re.findall(r"[~^]|[0-9]+|[A-Za-z]+", text)), end]


def _rpm_segment(text: str) -> tuple[int, Any]:
    if text in "~^":
        return (0 if text == "~" else 2), text
    return (4, int(text)) if text.isdigit() else (3, text)


def _sign(one: Any, other: Any) -> int:  # noqa: ANN401 - keys of either tool
    return int(one > other) - int(one < other)


_WORDS = (
    "rc",
    "rc0",
    "rc1",
    "rc2",
    "rc10",
    "alpha",
    "alpha1",
    "alphabet",
    "a",
    "A",
    "E",
    "EA",
    "F",
    "Z",
    "z",
)
_NUMBERS = ("0", "1", "2", "9", "10", "11", "19", "20", "100")
_ODD = ("-", "--", "-1", "0a", "00a", "1-", "1a", "10a", "1A", "1E", "1F", "9-9", "a-", "a-1", "a-b", "x-y-z")


def identifiers() -> st.SearchStrategy[str]:
    """Prerelease identifiers, chosen so that many share a beginning."""
    any_word = st.text(alphabet="-019AEFZaz", min_size=1, max_size=5).filter(lambda text: not text.isdigit())
    return st.one_of(st.sampled_from(_NUMBERS), st.sampled_from(_WORDS), st.sampled_from(_ODD), any_word)


def builds() -> st.SearchStrategy[str]:
    """Build metadata."""
    parts = st.sampled_from(
        ("abc1234", "0123456", "1", "01", "a", "A", "z", "-", "--", "a-b", "driver", "dirty")
    )
    return st.lists(parts, min_size=1, max_size=2).map(".".join)


def versions() -> st.SearchStrategy[Version]:
    """SemVers of three neighbouring releases."""
    return st.builds(
        Version,
        st.just(1),
        st.sampled_from((2, 3, 20)),
        st.just(0),
        st.none() | st.lists(identifiers(), min_size=1, max_size=3).map(".".join),
        st.none() | builds(),
    )
