import itertools
import json
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cmp_to_key
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from semver import Version

from jesses.base.errors import VersionError
from jesses.base.naming import spelling
from tests.support.paths import DATA, ROOT
from tests.support.version_order import dpkg_order, rpm_order, versions

TAGS = [
    entry["tag"]
    for name in ("falco-tags.json", "libs-driver-tags.json")
    for entry in json.loads((DATA / name).read_text())["tags"]
]
TAGGED = sorted({Version.parse(re.sub("^(agent/|v)", "", tag)) for tag in TAGS}, key=str)

DOCUMENTATION = (ROOT / "docs" / "versions.md").read_text().partition("## Spellings")[2]
EXAMPLES = [
    [cell.strip(" `") for cell in row.strip("|").split("|")]
    for row in re.findall(r"^\| `.*$", DOCUMENTATION, re.MULTILINE)
]

# https://semver.org, section 11, and what the project's own rules put between two releases.
PRECEDENCE = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "2.0.0",
    "2.1.0",
    "2.1.1",
]
DEVELOPMENT = [
    "0.39.0",
    "0.40.0-9+fffffff",
    "0.40.0-12+abc1234",
    "0.40.0-13+0123456-driver",
    "0.40.0-100+abc1234.dirty",
    "0.40.0-alpha1",
    "0.40.0-rc1",
    "0.40.0-rc2",
    "0.40.0",
    "0.40.1-1+abc1234",
    "0.40.1",
]
NUMBERED = ["1.0.0-rc1", "1.0.0-rc10", "1.0.0-rc2", "1.0.0-rc9", "1.0.0-rc99"]

Order = Callable[[str, str], int]
ORDERS = pytest.mark.parametrize(
    ("spell", "order"), [(spelling.deb, dpkg_order), (spelling.rpm, rpm_order)], ids=["dpkg", "rpm"]
)


def every_small_prerelease() -> list[str]:
    """One or two identifiers of one or two characters that any rule is about, and of some longer ones."""
    short = ["".join(text) for size in (1, 2) for text in itertools.product("-019AEFa", repeat=size)]
    identifiers = [text for text in short if Version.is_valid(f"1.0.0-{text}")]
    identifiers += ["10a", "a10", "a1a", "aa1", "--1", "-1-", "EEE", "1EA", "100", "1a0", "A0A"]
    return [*identifiers, *map(".".join, itertools.product(identifiers, repeat=2))]


@pytest.mark.parametrize(("text", "packaged", "named"), EXAMPLES)
def test_the_examples_of_the_documentation(text: str, packaged: str, named: str) -> None:
    version = Version.parse(text)
    assert spelling.deb(version) == spelling.rpm(version) == packaged
    assert spelling.file_name(version) == spelling.s3_key(version) == spelling.oci_tag(version) == named


def test_the_documentation_has_examples() -> None:
    assert len(EXAMPLES) > 10


@ORDERS
@pytest.mark.parametrize("chain", [PRECEDENCE, DEVELOPMENT, NUMBERED], ids=["semver", "dev", "numbered"])
def test_known_chains_stay_in_order(chain: list[str], spell: Callable[[Version], str], order: Order) -> None:
    for lower, higher in pairwise(map(Version.parse, chain)):
        assert lower < higher
        assert order(spell(lower), spell(higher)) == -1


@ORDERS
@pytest.mark.parametrize("build", [None, "1", "01", "999", "A", "z", "-", "a-b"])
def test_every_small_prerelease_stays_in_order(
    build: str | None, spell: Callable[[Version], str], order: Order
) -> None:
    prereleases = [Version(1, 0, 0, prerelease) for prerelease in every_small_prerelease()]
    chain = sorted(prereleases, key=cmp_to_key(Version.compare))
    assert len(chain) > 4000
    for lower, higher in pairwise([Version(0, 9, 9), *chain, Version(1)]):
        for built in (higher, higher.replace(build=build)):
            assert order(spell(lower.replace(build=build)), spell(built)) == -1, (lower, higher)


@ORDERS
@given(one=versions(), other=versions())
def test_order_is_kept(one: Version, other: Version, spell: Callable[[Version], str], order: Order) -> None:
    if one.compare(other):
        assert order(spell(one), spell(other)) == one.compare(other)


@given(one=versions(), other=versions())
def test_distinct_versions_never_collide(one: Version, other: Version) -> None:
    assume(str(one) != str(other))
    for spell in (spelling.deb, spelling.rpm, spelling.file_name, spelling.oci_tag, spelling.s3_key):
        assert spell(one) != spell(other)


@given(version=versions())
def test_spellings_are_read_back(version: Version) -> None:
    for spell, read in (
        (spelling.deb, spelling.from_deb),
        (spelling.rpm, spelling.from_deb),
        (spelling.file_name, spelling.from_file_name),
        (spelling.oci_tag, spelling.from_file_name),
    ):
        assert str(read(spell(version))) == str(version)


def test_every_small_prerelease_is_read_back() -> None:
    for prerelease in every_small_prerelease():
        for build in ("", "+a-b"):
            version = Version.parse(f"1.0.0-{prerelease}{build}")
            assert str(spelling.from_deb(spelling.deb(version))) == str(version)


@given(version=versions())
def test_spellings_hold_only_what_their_systems_allow(version: Version) -> None:
    assert re.fullmatch(r"[0-9][A-Za-z0-9.+~]*", spelling.deb(version))
    assert re.fullmatch(r"[A-Za-z0-9._+~^]+", spelling.rpm(version))
    assert ".." not in spelling.rpm(version)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", spelling.oci_tag(version))


@pytest.mark.parametrize("version", TAGGED, ids=str)
def test_no_real_tag_is_refused(version: Version) -> None:
    for spell in (spelling.deb, spelling.rpm, spelling.file_name, spelling.oci_tag, spelling.s3_key):
        assert spell(version)


def test_there_are_real_tags() -> None:
    assert len(TAGGED) > 200


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        (f"1.0.0-rc.1+{'a' * 120}", "use 1.0.0-rc.1"),
        (f"1.0.0-{'a' * 130}", "use 1.0.0-rc.1"),
        (f"{'9' * 130}.0.0", "use 1.0.0"),
    ],
)
def test_a_version_that_no_tag_can_hold_is_refused_everywhere(text: str, fix: str) -> None:
    spells = (
        spelling.deb,
        spelling.rpm,
        spelling.file_name,
        spelling.oci_tag,
        spelling.s3_key,
    )
    for spell in spells:
        with pytest.raises(VersionError, match="an image tag at most 128") as refusal:
            spell(Version.parse(text))
        assert refusal.value.fix == fix


def test_a_version_of_128_characters_is_the_longest() -> None:
    version = Version.parse(f"1.0.0-{'a' * 122}")
    assert len(spelling.oci_tag(version)) == 128


@given(
    text=st.text(alphabet="01.~+AaEFrc-_^", max_size=12).map("1.0.0{}".format)
    | st.text(max_size=20)
    | versions().map(str)
)
def test_what_is_no_spelling_is_refused(text: str) -> None:
    for spell, read in (
        (spelling.deb, spelling.from_deb),
        (spelling.rpm, spelling.from_deb),
        (spelling.file_name, spelling.from_file_name),
    ):
        with suppress(VersionError):
            assert spell(read(text)) == text


@pytest.mark.parametrize(
    "text", ["", "~", "1.0.0~", "1.0.0~alpha", "1.0.0~rc10", "1.0.0-rc1", "1.0.0~~~", "1.0~rc1"]
)
def test_what_deb_would_not_write_is_not_read(text: str) -> None:
    with pytest.raises(VersionError, match="is not how a version is spelled in a DEB or RPM"):
        spelling.from_deb(text)
