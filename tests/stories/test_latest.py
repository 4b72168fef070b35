"""Which release is the latest, against Falco's real history and a scripted one; expected values by hand."""

import json
from collections.abc import Callable, Sequence

import pytest
from semver import Version

from jesses.base.naming import moving_tags
from jesses.config import Component
from jesses.plan.versions.lines import tagged_versions
from tests.support.paths import DATA

TAGS = DATA / "falco-tags.json"
Rule = Callable[[Sequence[Version]], Version | None]

# Every final release of Falco became the latest when it came; no prerelease ever did.
FALCO = """
0.3.0 0.4.0 0.5.0 0.6.0 0.6.1 0.7.0 0.8.0 0.8.1 0.9.0 0.10.0 0.11.0 0.11.1 0.12.0 0.12.1 0.13.0 0.13.1
0.14.0 0.15.0 0.15.1 0.15.2 0.15.3 0.16.0 0.17.0 0.17.1 0.18.0 0.19.0 0.20.0 0.21.0 0.22.0 0.22.1 0.23.0
0.24.0 0.25.0 0.26.0 0.26.1 0.26.2 0.27.0 0.28.0 0.28.1 0.29.0 0.29.1 0.30.0 0.31.0 0.31.1 0.32.0 0.32.1
0.32.2 0.33.0 0.33.1 0.34.0 0.34.1 0.35.0 0.35.1 0.36.0 0.36.1 0.36.2 0.37.0 0.37.1 0.38.0 0.38.1 0.38.2
0.39.0 0.39.1 0.39.2 0.40.0 0.41.0 0.41.1 0.41.2 0.41.3 0.42.0 0.42.1 0.43.0 0.43.1 0.44.0 0.44.1
"""

# What is released, and what is the latest from then on.
SCRIPTED = [
    ("1.0.0-rc1", None),
    ("1.0.0", "1.0.0"),
    ("1.1.0", "1.1.0"),
    ("1.2.0-rc1", "1.1.0"),
    ("1.2.0", "1.2.0"),
    ("1.1.9", "1.2.0"),
    ("2.0.0-rc1", "1.2.0"),
    ("2.0.0", "2.0.0"),
    ("1.2.1", "2.0.0"),
    ("2.0.0-rc2", "2.0.0"),
    ("1.2.2-rc1", "2.0.0"),
    ("2.0.1", "2.0.1"),
    ("1.10.0", "2.0.1"),
    ("2.0.10", "2.0.10"),
    ("2.0.9", "2.0.10"),
]


# The tags of an image that each release moves, by hand; all others stay where they are.
MOVED = {
    "1.0.0": "1.0 1 latest",
    "1.1.0": "1.1 1 latest",
    "1.2.0": "1.2 1 latest",
    "1.1.9": "1.1",
    "2.0.0": "2.0 2 latest",
    "1.2.1": "1.2 1",
    "2.0.1": "2.0 2 latest",
    "1.10.0": "1.10 1",
    "2.0.10": "2.0 2 latest",
}


def falco() -> list[Version]:
    """Falco's own line in the order in which it was tagged."""
    rows = sorted(json.loads(TAGS.read_text())["tags"], key=lambda row: row["committed"])
    line = tagged_versions({"falco": Component()}, {row["tag"]: "" for row in rows})["falco"]
    return [tagged.version for tagged in line]


def latest(published: Sequence[Version]) -> Version | None:
    return moving_tags.highest(moving_tags.LATEST, published)


def replay(rule: Rule, versions: Sequence[Version]) -> list[str | None]:
    """What `rule` calls the latest after each release."""
    after = [rule(versions[: count + 1]) for count in range(len(versions))]
    return [None if version is None else str(version) for version in after]


def by_date(published: Sequence[Version]) -> Version | None:
    """The rule that must not be ours: the final release that came last."""
    return next((version for version in reversed(published) if not version.prerelease), None)


def steps(after: Sequence[str | None]) -> list[str | None]:
    """`after` without the steps at which nothing moved."""
    return [value for value, before in zip(after, (None, *after), strict=False) if value != before]


def test_in_falcos_history_every_final_release_became_the_latest_and_no_prerelease() -> None:
    versions = falco()
    assert sum(bool(version.prerelease) for version in versions) > 30
    assert steps(replay(latest, versions)) == FALCO.split()


def test_a_backport_and_a_late_prerelease_move_nothing() -> None:
    versions = [Version.parse(version) for version, _ in SCRIPTED]
    assert replay(latest, versions) == [expected for _, expected in SCRIPTED]


def moved(versions: Sequence[Version]) -> dict[str, str]:
    """The tags that each release moves, those left out that move none."""
    after = {
        str(version): " ".join(moving_tags.forward(version, versions[:count]))
        for count, version in enumerate(versions)
    }
    return {version: names for version, names in after.items() if names}


def test_moving_tags_are_right_after_every_step() -> None:
    assert moved([Version.parse(version) for version, _ in SCRIPTED]) == MOVED


def test_in_falcos_history_every_final_release_moved_its_line_the_major_and_the_latest() -> None:
    lines_of = {version: version.rpartition(".")[0] for version in FALCO.split()}
    assert moved(falco()) == {version: f"{line} 0 latest" for version, line in lines_of.items()}


def test_a_rule_that_goes_by_date_fails_here() -> None:
    versions = [Version.parse(version) for version, _ in SCRIPTED]
    assert replay(by_date, versions) != [expected for _, expected in SCRIPTED]


@pytest.mark.parametrize(
    ("version", "published", "expected"),
    [
        ("1.0.0", [], True),
        ("1.1.9", ["1.2.0"], False),
        ("1.2.1", ["1.2.0", "2.0.0-rc1"], True),
        ("2.0.0-rc1", ["1.2.0"], False),
        ("1.2.0", ["1.2.0", "1.1.0"], True),
    ],
)
def test_a_release_knows_whether_it_will_be_the_latest(
    version: str, published: list[str], expected: bool
) -> None:
    moved = moving_tags.forward(Version.parse(version), map(Version.parse, published))
    assert (moving_tags.LATEST in moved) is expected
