from itertools import combinations

import pytest
from hypothesis import given
from semver import Version

from jesses.base.naming import spelling
from jesses.base.naming.debian_order import sort_key
from tests.support.version_order import dpkg_order, versions

# In ascending order: what other tools have published, beside our own spellings. tests/engines asks dpkg.
ASCENDING = (
    "~~",
    "~",
    "0~rc1-1",
    "0.9",
    "1.0~~",
    "1.0~rc.2",
    "1.0~rc.10",
    "1.0~rc.10-1",
    "1.0",
    "1.0-0ubuntu1",
    "1.0-1~bpo11+1",
    "1.0-1",
    "1.0-1+deb12u1",
    "1.0-1.1",
    "1.0a",
    "1.0+git20240101",
    "1.0-2-1",
    "1.0.1",
    "1.10",
    "20240101",
    "1:0.1",
    "1:0.1-1",
    "2:0",
)


def test_versions_of_other_tools_are_ordered_as_dpkg_does() -> None:
    assert all(sort_key(one) < sort_key(other) for one, other in combinations(ASCENDING, 2))


@pytest.mark.parametrize(("one", "other"), [("1.0", "1.00"), ("0:1.0", "1.0"), ("1.0-0", "1.0")])
def test_versions_that_are_the_same(one: str, other: str) -> None:
    assert sort_key(one) == sort_key(other)


@given(versions(), versions())
def test_our_own_spellings_are_ordered_as_dpkg_does(one: Version, other: Version) -> None:
    mine, theirs = spelling.deb(one), spelling.deb(other)
    found = (sort_key(mine) > sort_key(theirs)) - (sort_key(mine) < sort_key(theirs))
    assert found == dpkg_order(mine, theirs)
