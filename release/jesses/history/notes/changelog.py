"""CHANGELOG.md: one section for each release, the newest of a line above the older ones."""

import re
from collections.abc import Callable
from itertools import pairwise

from semver import Version

CHANGELOG = "CHANGELOG.md"
"""Its path in a product."""

TITLE = "# Changelog\n"
_HEADING = re.compile(r"^## +\[?(?P<name>[^\s\]]+)\]?.*$", re.MULTILINE)


def with_section(text: str, section: str, rank: Callable[[str], tuple[str, Version] | None]) -> str:
    """The changelog `text` with `section` in its place; unchanged where it has a section of that name.

    `rank` gives the component and the version that the name of a section stands for, or None for one such as
    "Unreleased". What people wrote stays as it is, a section that is there already included.

    Raises:
        ValueError: `section` does not begin with a heading that `rank` knows.

    """
    heading = _HEADING.match(section)
    own = rank(heading["name"]) if heading else None
    if heading is None or own is None:
        raise ValueError("the section must begin with `## NAME` of a release")
    preamble, sections = _split(text)
    if any(name == heading["name"] for name, _ in sections):
        return text
    position = _position(own, [rank(name) for name, _ in sections])
    bodies = [body for _, body in sections]
    bodies.insert(position, section)
    parts = [preamble or TITLE, *bodies]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def section_of(text: str, name: str) -> str | None:
    """The section called `name`, its heading included."""
    return dict(_split(text)[1]).get(name)


def _position(own: tuple[str, Version], ranks: list[tuple[str, Version] | None]) -> int:
    """Before the first older release of the same line; the highest of its line before every release."""
    component, version = own
    line = [(index, rank[1]) for index, rank in enumerate(ranks) if rank and rank[0] == component]
    if any(other > version for _, other in line):
        after_the_newer = 1 + max(index for index, other in line if other > version)
        return next(
            (index for index, other in line if other < version and index >= after_the_newer), after_the_newer
        )
    return next((index for index, rank in enumerate(ranks) if rank), len(ranks))


def _split(text: str) -> tuple[str, list[tuple[str, str]]]:
    headings = list(_HEADING.finditer(text))
    starts = [heading.start() for heading in headings] + [len(text)]
    return text[: starts[0]], [
        (heading["name"], text[start:end])
        for heading, (start, end) in zip(headings, pairwise(starts), strict=True)
    ]
