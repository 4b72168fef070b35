from collections.abc import Mapping

import pytest
from semver import Version

from jesses.base.errors import VersionError
from jesses.plan.versions.contract import contract_changes, next_by_contract
from jesses.plan.versions.values import ContractChange


def changes(before: Mapping[str, str | None], after: Mapping[str, str | None]) -> tuple[ContractChange, ...]:
    return contract_changes(before, after, since="3.4.5+driver", now="abc1234")


def follows(before: Mapping[str, str | None], after: Mapping[str, str | None]) -> tuple[str, str]:
    version, why = next_by_contract(Version.parse("3.4.5"), changes(before, after))
    return str(version), why


def test_the_highest_rise_of_any_contract_decides() -> None:
    version, why = follows({"api": "1.0.0", "schema": "1.0.0"}, {"api": "1.0.1", "schema": "1.1.0"})
    assert (version, why) == ("3.5.0", "schema rose from 1.0.0 to 1.1.0: the next minor")


@pytest.mark.parametrize(
    ("after", "expected"),
    [("1.2.3", "3.4.6"), ("1.2.4", "3.4.6"), ("1.3.0", "3.5.0"), ("2.0.0", "4.0.0"), ("1.2.3+x", "3.4.6")],
)
def test_each_rise(after: str, expected: str) -> None:
    assert follows({"api": "1.2.3"}, {"api": after})[0] == expected


def test_only_the_first_line_counts() -> None:
    assert follows({"api": "1.0.0\n# old"}, {"api": " 1.1.0 \r\n2.0.0\n"})[0] == "3.5.0"


def test_a_contract_that_is_new_counts_as_a_rise_of_the_major() -> None:
    assert follows({"api": None}, {"api": "1.0.0"}) == ("4.0.0", "api is new at 1.0.0: the next major")


def test_without_contracts_any_change_is_a_patch() -> None:
    assert follows({}, {})[0] == "3.4.6"


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("1.1.0", "1.0.9", "api is '1.0.9' at abc1234 and was '1.1.0' at 3.4.5+driver: it went down"),
        ("1.1.0", None, "api is missing at abc1234 and was '1.1.0' at 3.4.5+driver: it is gone"),
        ("1.1.0", "1.2", "api is '1.2' at abc1234 and was '1.1.0' at 3.4.5+driver: '1.2' is no SemVer"),
        ("v1", "1.2.0", "api is '1.2.0' at abc1234 and was 'v1' at 3.4.5+driver: 'v1' is no SemVer"),
        ("1.1.0", "", "api is '' at abc1234 and was '1.1.0' at 3.4.5+driver: '' is no SemVer"),
    ],
)
def test_a_contract_that_went_down_or_is_no_semver_is_an_error_that_names_file_and_both_values(
    before: str, after: str | None, complaint: str
) -> None:
    with pytest.raises(VersionError) as caught:
        changes({"api": before}, {"api": after})
    assert caught.value.what == complaint
