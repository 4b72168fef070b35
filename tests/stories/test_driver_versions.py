import pytest

from jesses.base.errors import VersionError
from tests.support.fake_history import FakeHistory
from tests.support.lines import DRIVER, texts, versions


def driver(history: FakeHistory) -> str:
    return texts(history, {"driver": DRIVER})["driver"]


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        ({}, "2.0.1"),
        ({"API_VERSION": "1.0.1"}, "2.0.1"),
        ({"API_VERSION": "1.1.0"}, "2.1.0"),
        ({"API_VERSION": "2.0.0"}, "3.0.0"),
        ({"API_VERSION": "1.0.7", "SCHEMA_VERSION": "1.3.0"}, "2.1.0"),
    ],
)
def test_a_changed_driver_follows_its_contract(
    history: FakeHistory, contract: dict[str, str], expected: str
) -> None:
    history.tag("2.0.0+driver")
    history.change("userspace/a.c")
    history.change("driver/a.c", **contract)
    assert driver(history) == f"{expected}-2+0000003-driver"


def test_a_driver_that_did_not_change_keeps_its_version_and_date_at_every_merge(history: FakeHistory) -> None:
    history.change("driver/a.c")
    found = set()
    for _ in range(3):
        found.add((driver(history), versions(history)["driver"].commit))
        history.change("userspace/a.c")
    assert len(found) == 1
    assert versions(history)["driver"].exported


def test_a_driver_that_did_not_change_since_its_tag_is_that_release(history: FakeHistory) -> None:
    tagged = history.change("driver/a.c")
    history.tag("2.0.0+driver")
    for _ in range(3):
        history.change("userspace/a.c")
    found = versions(history)["driver"]
    assert (str(found.version), found.tag, found.commit.sha) == ("2.0.0", "2.0.0+driver", tagged)
    assert found.exported
    assert found.reasons[0].startswith("tag 2.0.0+driver still stands: nothing has changed since in driver")
    assert found.reasons[1] == "no new driver is made: the released one is used again"


def test_a_driver_that_is_changed_and_not_committed_is_in_development(history: FakeHistory) -> None:
    history.tag("2.0.0+driver")
    history.change("userspace/a.c")
    history.dirty = frozenset({"driver/a.c"})
    assert driver(history) == "2.0.1-1+0000002-driver.dirty"


def test_on_a_release_branch_the_driver_follows_what_the_branch_holds(history: FakeHistory) -> None:
    history.tag("2.0.0+driver")
    history.switch("release/0.3.x", create=True)
    history.switch("main")
    history.change("driver/a.c", API_VERSION="2.0.0")
    history.tag("3.0.0+driver")
    history.switch("release/0.3.x")
    history.change("driver/fix.c")
    assert driver(history) == "2.0.1-1+0000003-driver"
    history.switch("main")
    history.change("driver/b.c")
    assert driver(history) == "3.0.1-1+0000004-driver"


def test_elsewhere_the_driver_follows_the_highest_of_all(history: FakeHistory) -> None:
    history.switch("release/0.3.x", create=True)
    history.change("driver/fix.c")
    history.tag("2.0.5+driver")
    history.switch("main")
    history.change("driver/a.c", SCHEMA_VERSION="1.1.0")
    assert driver(history) == "2.1.0-1+0000003-driver"


def test_a_fix_on_the_release_branch_alone_makes_no_new_driver_on_main(history: FakeHistory) -> None:
    history.tag("2.0.0+driver")
    history.switch("release/0.3.x", create=True)
    history.change("driver/fix.c", API_VERSION="1.0.1")
    history.tag("2.0.1+driver")
    history.switch("main")
    history.change("userspace/a.c")
    assert driver(history) == "2.0.1"


def test_a_patch_that_another_branch_has_released_is_not_taken_twice(history: FakeHistory) -> None:
    history.tag("7.2.0+driver")
    history.switch("release/0.17.x", create=True)
    history.switch("release/0.18.x", create=True)
    history.switch("release/0.17.x")
    history.change("driver/fix.c")
    history.tag("7.2.1+driver")
    history.switch("release/0.18.x")
    history.change("driver/other.c")
    assert driver(history) == "7.2.2-1+0000003-driver"


def test_a_minor_that_another_branch_has_released_is_an_error(history: FakeHistory) -> None:
    history.tag("7.2.0+driver")
    history.switch("release/0.17.x", create=True)
    history.switch("main")
    history.change("driver/new.c", API_VERSION="1.1.0")
    history.tag("7.3.0+driver")
    history.switch("release/0.17.x")
    history.change("driver/other.c", API_VERSION="1.1.0")
    with pytest.raises(
        VersionError, match=r"would lead driver to 7\.3\.0 .*released already: 7\.3\.0\+driver"
    ):
        driver(history)


def test_a_release_branch_without_a_driver_of_its_own_follows_the_highest_of_all(
    history: FakeHistory,
) -> None:
    history.switch("release/0.17.x", create=True)
    history.change("driver/changelog")
    history.tag("7.2.0+driver")
    history.switch("main")
    history.change("driver/new.c", API_VERSION="1.1.0")
    history.switch("release/0.18.x", create=True)
    assert driver(history) == "7.3.0-1+0000003-driver"


def test_a_change_that_came_by_a_merge_is_anchored_to_the_merge(history: FakeHistory) -> None:
    """A feature branch that is older than the last change would lead back to a lower count."""
    history.tag("2.0.0+driver")
    history.switch("feature", create=True)
    history.change("driver/feature.c")
    history.switch("main")
    for _ in range(4):
        history.change("driver/a.c")
    before = driver(history)
    history.merge("feature")
    assert (before, driver(history)) == ("2.0.1-4+0000006-driver", "2.0.1-6+0000007-driver")


def test_a_contract_that_went_down_is_an_error_with_file_and_both_values(history: FakeHistory) -> None:
    history.change("driver/a.c", API_VERSION="1.1.0")
    history.tag("2.0.0+driver")
    history.change("driver/a.c", API_VERSION="1.0.9")
    match = r"driver/API_VERSION is '1\.0\.9' at 0000003 and was '1\.1\.0' at 2\.0\.0\+driver: it went down"
    with pytest.raises(VersionError, match=match):
        driver(history)
