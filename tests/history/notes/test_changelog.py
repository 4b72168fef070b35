import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from jesses.history.notes import section, with_section
from jesses.history.notes.changelog import section_of


def rank(name: str) -> tuple[str, Version] | None:
    text, _, suffix = name.partition("+")
    return (suffix or "userspace", Version.parse(text)) if Version.is_valid(text) else None


def headings(text: str) -> list[str]:
    return re.findall(r"^## (\S+)", text, re.MULTILINE)


def made(tag: str) -> str:
    return section(tag=tag, date=1_700_000_000, changes=(), first_time=())


@pytest.mark.parametrize(
    ("before", "new", "after"),
    [
        ([], "1.0.0", ["1.0.0"]),
        (["Unreleased", "1.0.0"], "1.1.0", ["Unreleased", "1.1.0", "1.0.0"]),
        (["Unreleased"], "1.1.0", ["Unreleased", "1.1.0"]),
        (["1.2.0", "1.1.0"], "1.1.1", ["1.2.0", "1.1.1", "1.1.0"]),
        (["2.0.0", "1.2.0"], "1.1.9", ["2.0.0", "1.2.0", "1.1.9"]),
        (["7.1.0+driver", "1.2.0"], "1.3.0", ["1.3.0", "7.1.0+driver", "1.2.0"]),
        (["1.2.0", "7.1.0+driver", "7.0.0+driver"], "7.0.1+driver",
         ["1.2.0", "7.1.0+driver", "7.0.1+driver", "7.0.0+driver"]),
        (["1.2.0-rc1", "1.1.0"], "1.2.0", ["1.2.0", "1.2.0-rc1", "1.1.0"]),
    ],
)  # fmt: skip
def test_a_release_stands_above_the_older_ones_of_its_line(
    before: list[str], new: str, after: list[str]
) -> None:
    text = "# Changelog\n\nWords.\n\n" + "\n".join(f"## {name}\n\n* x\n" for name in before)
    assert headings(with_section(text, made(new), rank)) == after


def test_what_people_wrote_stays() -> None:
    text = "# Changes of Hawk\n\nWords.\n\n## Unreleased\n\n- soon\n\n## [1.0.0] - 2020-01-01\n\nBy hand.\n"
    after = with_section(text, made("1.1.0"), rank)
    assert after.startswith("# Changes of Hawk\n\nWords.\n\n## Unreleased\n\n- soon\n\n## 1.1.0\n")
    assert after.endswith("## [1.0.0] - 2020-01-01\n\nBy hand.\n")
    assert with_section(text, made("1.0.0"), rank) == text
    assert section_of(text, "1.0.0") == "## [1.0.0] - 2020-01-01\n\nBy hand.\n"


versions = st.builds("{}.{}.{}{}".format, *[st.integers(0, 3)] * 3, st.sampled_from(["", "-rc1", "+driver"]))


@given(st.lists(versions, unique=True), versions)
def test_writing_twice_changes_nothing_and_order_of_writing_is_no_matter(names: list[str], new: str) -> None:
    text = ""
    for name in names:
        text = with_section(text, made(name), rank)
    once = with_section(text, made(new), rank)
    assert with_section(once, made(new), rank) == once
    assert sorted(headings(once)) == sorted({*names, new})
    for line in ("userspace", "driver"):
        ranks = [found[1] for found in map(rank, headings(once)) if found and found[0] == line]
        assert ranks == sorted(ranks, reverse=True)


def test_a_section_needs_its_heading() -> None:
    with pytest.raises(ValueError, match="must begin with"):
        with_section("", "words", rank)
