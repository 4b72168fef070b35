from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from semver import Version

from release.config import Component
from release.errors import HistoryError, VersionError
from release.history import Commit, Tag
from release.version import ComponentVersion, compute_all, contract_bump, own_line


@dataclass(frozen=True, kw_only=True)
class FakeHistory:
    """A straight line of commits `c0`, `c1`, ...; `touched` says which commits changed the driver."""

    length: int
    tagged: Mapping[str, int] = field(default_factory=dict)
    touched: Sequence[int] = (0,)
    contracts: Mapping[int, str] = field(default_factory=lambda: {0: "1.0.0\n"})
    dirty: bool = False

    def head(self) -> Commit:
        return self._at(self.length - 1)

    def commit(self, revision: str) -> Commit:
        return self._at(_position(revision))

    def tags(self) -> list[Tag]:
        return [Tag(name=name, commit=self._at(position).sha) for name, position in self.tagged.items()]

    def count(self, *, since: str | None, until: str) -> int:
        return _position(until) - (_position(since) if since else -1)

    def last_touching(self, paths: Sequence[str], *, until: str) -> Commit:
        return self._at(max(self.touched)) if paths else self.commit(until)

    def changed(self, paths: Sequence[str], *, since: str, until: str) -> bool:
        return any(_position(since) < position <= _position(until) for position in self.touched)

    def read(self, path: str, *, at: str) -> str | None:
        return next(
            (self.contracts[n] for n in sorted(self.contracts, reverse=True) if n <= _position(at)), None
        )

    def is_dirty(self, paths: Sequence[str] = ()) -> bool:
        return self.dirty

    def _at(self, position: int) -> Commit:
        return Commit(sha=f"{position:07d}" + "0" * 33, date=1_700_000_000 + position)


def _position(sha: str) -> int:
    return int(sha[:7])


USERSPACE = Component()
DRIVER = Component(tag="{version}+driver", bump="contract", contract=("API_VERSION",), paths=("driver",))


def versions(history: FakeHistory) -> dict[str, ComponentVersion]:
    return compute_all({"userspace": USERSPACE, "driver": DRIVER}, history)


def test_without_tags_development_leads_to_the_first_version() -> None:
    found = versions(FakeHistory(length=4, touched=(0, 2)))
    assert str(found["userspace"].version) == "0.1.0-4+0000003"
    assert str(found["driver"].version) == "0.1.0-3+0000002-driver"
    assert "no tag like {version} yet" in found["userspace"].reasons[0]


def test_an_exact_tag_is_the_version_and_its_commit_the_date() -> None:
    found = versions(FakeHistory(length=4, tagged={"0.3.0": 3, "1.2.0+driver": 3}))
    assert str(found["userspace"].version) == "0.3.0"
    assert found["userspace"].commit.date == 1_700_000_003
    assert str(found["driver"].version) == "1.2.0"
    assert found["driver"].tag == "1.2.0+driver"


def test_of_two_tags_on_one_commit_the_higher_is_the_version() -> None:
    found = versions(FakeHistory(length=1, tagged={"0.3.0-rc1": 0, "0.3.0": 0, "0.2.0": 0}))
    assert str(found["userspace"].version) == "0.3.0"


def test_after_a_tag_userspace_leads_to_the_next_minor() -> None:
    found = versions(FakeHistory(length=6, tagged={"0.3.0": 1, "0.3.1": 2, "0.4.0-rc1": 3}))
    assert str(found["userspace"].version) == "0.4.0-3+0000005"


def test_a_driver_that_did_not_change_keeps_its_version_and_date_at_every_merge() -> None:
    at = [versions(FakeHistory(length=length, touched=(0, 1)))["driver"] for length in (2, 3, 9)]
    assert len({(str(value.version), value.commit) for value in at}) == 1


def test_a_driver_that_did_not_change_since_its_tag_is_that_release() -> None:
    driver = versions(FakeHistory(length=9, tagged={"2.0.0+driver": 3}, touched=(1, 3)))["driver"]
    assert str(driver.version) == "2.0.0"
    assert driver.commit.date == 1_700_000_003
    assert "nothing has changed since" in driver.reasons[0]


@pytest.mark.parametrize(
    ("contract", "expected"), [("1.0.0", "2.0.1"), ("1.0.1", "2.0.1"), ("1.1.0", "2.1.0"), ("2.0.0", "3.0.0")]
)
def test_a_changed_driver_follows_its_contract(contract: str, expected: str) -> None:
    history = FakeHistory(
        length=5, tagged={"2.0.0+driver": 1}, touched=(0, 4), contracts={0: "1.0.0\n", 4: contract + "\n"}
    )
    assert str(versions(history)["driver"].version) == f"{expected}-3+0000004-driver"


def test_uncommitted_changes_show_in_a_development_version_and_stop_a_tagged_one() -> None:
    found = versions(FakeHistory(length=2, dirty=True))
    assert str(found["userspace"].version) == "0.1.0-2+0000001.dirty"
    with pytest.raises(HistoryError, match=r"at tag 0\.3\.0, but files that belong to it are changed"):
        versions(FakeHistory(length=2, tagged={"0.3.0": 1}, dirty=True))


def test_tags_of_other_lines_do_not_leak_in() -> None:
    foreign = ["agent/0.85.1", "v0.2.0", "0.6", "7.1.0+driver", "latest", "1.2.3+build"]
    tags = [Tag(name=name, commit="c") for name in [*foreign, "0.6.0-test", "0.7.0"]]
    assert [tagged.tag.name for tagged in own_line("{version}", tags)] == ["0.6.0-test", "0.7.0"]
    assert [tagged.tag.name for tagged in own_line("agent/{version}", tags)] == ["agent/0.85.1"]
    assert [str(tagged.version) for tagged in own_line("{version}+driver", tags)] == ["7.1.0"]


def parsed(**texts: str) -> dict[str, Version | None]:
    return {name: Version.parse(text) for name, text in texts.items()}


def test_the_highest_rise_of_any_contract_decides() -> None:
    base = Version.parse("3.4.5")
    following, why = contract_bump(
        base, parsed(api="1.0.0", schema="1.0.0"), parsed(api="1.0.1", schema="1.1.0")
    )
    assert str(following) == "3.5.0"
    assert why == "schema rose from 1.0.0 to 1.1.0: the next minor"


def test_a_contract_that_went_down_or_is_gone_is_an_error_with_both_values() -> None:
    with pytest.raises(VersionError, match=r"api went from 1\.1\.0 to 1\.0\.0"):
        contract_bump(Version.parse("1.0.0"), parsed(api="1.1.0"), parsed(api="1.0.0"))
    with pytest.raises(VersionError, match=r"api went from 1\.1\.0 to nothing"):
        contract_bump(Version.parse("1.0.0"), parsed(api="1.1.0"), {"api": None})


def test_a_contract_that_is_no_semver_is_named() -> None:
    history = FakeHistory(
        length=3, tagged={"1.0.0+driver": 0}, touched=(2,), contracts={0: "1.0.0", 2: "one"}
    )
    with pytest.raises(VersionError, match="API_VERSION at 0000002 begins with 'one'"):
        versions(history)
