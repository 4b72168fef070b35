import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from jesses.base.naming import relations
from jesses.base.naming.spelling import deb, rpm
from jesses.package.formats import rpm_relations

OWN = Version.parse("2.0.0-rc.1+abc")


@pytest.mark.parametrize(
    ("text", "in_deb", "in_rpm"),
    [
        ("dkms", "dkms", "dkms"),
        ("kestrel-libs >= 1.2.0", "kestrel-libs (>= 1.2.0)", "kestrel-libs >= 1.2.0"),
        ("a>1.2.0", "a (>> 1.2.0)", "a > 1.2.0"),
        ("a < 1.2", "a (<< 1.2)", "a < 1.2"),
        ("a <= 3", "a (<= 3)", "a <= 3"),
    ],
)
def test_a_relation_is_written_once_and_spelled_for_each_format(text: str, in_deb: str, in_rpm: str) -> None:
    assert relations.spelled(text, "deb", own=OWN) == in_deb
    assert relations.spelled(text, "rpm", own=OWN) == in_rpm


def test_a_prerelease_sorts_in_each_format_as_it_does_in_semver() -> None:
    version = Version.parse("1.2.0-rc.1")
    assert relations.spelled("a >= 1.2.0-rc.1", "deb", own=OWN) == f"a (>= {deb(version)})"
    assert relations.spelled("a >= 1.2.0-rc.1", "rpm", own=OWN) == f"a >= {rpm(version)}"


def test_the_packages_own_version_stands_for_itself() -> None:
    assert relations.spelled("kestrel = {version}", "deb", own=OWN) == f"kestrel (= {deb(OWN)})"
    assert relations.native("(kestrel = {version} or other)", "rpm", own=OWN) == (
        f"(kestrel = {rpm(OWN)} or other)"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a >= ",
        "a (>= 1.2)",
        "a | b",
        "a, b",
        ">= 1",
        "a => 1",
        "a >= 1.2.0 b",
        "a == 1.0.0",
        "a >= 1~rc1",
    ],
)
def test_what_cannot_be_spelled_everywhere_is_a_problem(text: str) -> None:
    assert re.fullmatch(relations.PATTERN, text) is None


@given(
    st.sampled_from(["<", "<=", "=", ">=", ">"]),
    st.builds(
        Version, st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.sampled_from([None, "rc.1"])
    ),
)
def test_what_is_no_problem_is_read_by_rpm(operator: str, version: Version) -> None:
    text = f"name {operator} {version}"
    assert re.fullmatch(relations.PATTERN, text)
    parsed = rpm_relations.parse(relations.spelled(text, "rpm", own=OWN))
    assert parsed is not None
    assert parsed.evr == rpm(version)
