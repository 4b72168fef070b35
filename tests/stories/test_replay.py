"""The real tags of Falco and of its libs: ten years of conventions, and drivers with their contracts."""

import itertools
import json

import pytest
from semver import Version

from jesses.config import Component
from jesses.plan.versions.component_tags import tags_by_component
from jesses.plan.versions.contract import contract_changes, next_by_contract
from tests.support.fake_history import FakeHistory
from tests.support.lines import CONTRACT, DRIVER, texts, versions
from tests.support.paths import DATA

LIBS = json.loads((DATA / "libs-driver-tags.json").read_text())["tags"]
FALCO = json.loads((DATA / "falco-tags.json").read_text())["tags"]

DRIVERS = [row for row in LIBS if row["tag"].endswith("+driver") and "-" not in row["tag"]]
PAIRS = [pytest.param(a, b, id=f"{a['tag']}-{b['tag']}") for a, b in itertools.pairwise(DRIVERS)]


def number(row: dict[str, str]) -> str:
    return row["tag"].removesuffix("+driver")


def release_history(*rows: dict[str, str]) -> FakeHistory:
    """A commit for each driver release, which changes the driver and sets its contracts."""
    history = FakeHistory()
    for row in rows:
        history.change("driver/main.c", API_VERSION=row["api_version"], SCHEMA_VERSION=row["schema_version"])
        history.tag(row["tag"])
    return history


def test_the_data_is_what_this_test_is_about() -> None:
    assert len(DRIVERS) == 16
    assert all(row["api_version"] and row["schema_version"] for row in DRIVERS)


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_the_next_driver_is_the_one_that_was_really_released(
    before: dict[str, str], after: dict[str, str]
) -> None:
    history = release_history(before, after)
    del history.tagged[after["tag"]]
    history.change("userspace/main.c")
    assert texts(history, {"driver": DRIVER})["driver"] == f"{number(after)}-1+0000002-driver"


def test_every_driver_release_in_a_row_follows_from_all_before_it() -> None:
    for end in range(1, len(DRIVERS)):
        history = release_history(*DRIVERS[:end])
        row = DRIVERS[end]
        history.change("driver/x.c", API_VERSION=row["api_version"], SCHEMA_VERSION=row["schema_version"])
        found = versions(history, {"driver": DRIVER})["driver"].version
        assert found.finalize_version() == Version.parse(number(row))


def test_a_contract_that_stays_is_not_enough_for_the_replay_to_pass() -> None:
    """The replay can fail: with the contracts of another release, another version follows."""
    before, after = DRIVERS[0], DRIVERS[1]
    changes = contract_changes(
        dict(zip(CONTRACT, (before["api_version"], before["schema_version"]), strict=True)),
        dict(zip(CONTRACT, (before["api_version"], before["schema_version"]), strict=True)),
        since=before["tag"],
        now="here",
    )
    following, _ = next_by_contract(Version.parse(number(before)), changes)
    assert str(following) != number(after)


def test_the_lines_of_falco_are_told_apart() -> None:
    patterns = {"falco": "{version}", "old": "v{version}", "agent": "agent/{version}"}
    names = [row["tag"] for row in FALCO]
    lines = tags_by_component(patterns, dict.fromkeys(names, "c"))
    found = {name: [tagged.tag for tagged in line.versions] for name, line in lines.items()}
    assert found["old"] == ["v0.1.0", "v0.2.0"]
    assert found["agent"] == [name for name in names if name.startswith("agent/")]
    assert sorted(itertools.chain(*found.values())) == sorted(names)
    assert [tagged.tag for tagged in lines["falco"].finals][:3] == ["0.44.1", "0.44.0", "0.43.1"]
    assert lines["falco"].finals[-1].tag == "0.3.0"


def test_the_lines_of_libs_are_told_apart() -> None:
    patterns = {"libs": "{version}", "driver": "{version}+driver"}
    names = [row["tag"] for row in LIBS]
    lines = tags_by_component(patterns, dict.fromkeys(names, "c"))
    found = {name: {tagged.tag for tagged in line.versions} for name, line in lines.items()}
    assert found["driver"] == {name for name in names if name.endswith("+driver")}
    assert found["libs"] == {name for name in names if "driver" not in name}
    assert set(names) - found["libs"] - found["driver"] == {"7.1.0+driver-rc1"}


@pytest.mark.parametrize("place", range(0, len(FALCO), 7))
def test_after_any_of_falcos_tags_main_leads_to_the_minor_after_the_highest_final(place: int) -> None:
    history = FakeHistory()
    for row in FALCO[: place + 1]:
        history.change("userspace/main.c")
        history.tag(row["tag"])
    history.change("userspace/main.c")
    finals = [row["tag"] for row in FALCO[: place + 1] if row["tag"].replace(".", "").isdigit()]
    following = max(map(Version.parse, finals), default=None)
    expected = str(following.bump_minor()) if following else "0.1.0"
    assert texts(history, {"falco": Component()})["falco"].startswith(f"{expected}-")
