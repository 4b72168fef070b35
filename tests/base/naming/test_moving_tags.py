"""The rules of tags, as laws."""

from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from jesses.base.naming import moving_tags

small = st.integers(0, 2)
versions = st.builds(
    Version,
    small,
    small,
    small,
    st.sampled_from([None, None, "rc.1", "12"]),
    st.sampled_from([None, "driver", "abc1234"]),
)


def parsed(*texts: str) -> list[Version]:
    return [Version.parse(text) for text in texts]


def publish(order: list[Version]) -> dict[str, Version]:
    """What tags show when releases are made in this order."""
    shown: dict[str, Version] = {}
    done: list[Version] = []
    for version in order:
        done.append(version)
        shown |= dict.fromkeys(moving_tags.forward(version, done), version)
    return shown


def test_a_backport_moves_its_own_line_and_nothing_else() -> None:
    assert moving_tags.forward(Version.parse("1.1.9"), parsed("1.0.0", "1.1.8", "1.2.0")) == ("1.1",)
    assert moving_tags.forward(Version.parse("1.2.1"), parsed("1.1.9", "1.2.0")) == ("1.2", "1", "latest")
    assert moving_tags.forward(Version.parse("1.9.0"), parsed("2.0.0", "1.8.0")) == ("1.9", "1")


def test_a_prerelease_moves_nothing_and_holds_nothing_back() -> None:
    assert moving_tags.forward(Version.parse("2.0.0-rc.1"), parsed("1.0.0")) == ()
    assert moving_tags.forward(Version.parse("1.0.1"), parsed("1.0.0", "2.0.0-rc.1")) == (
        "1.0",
        "1",
        "latest",
    )


def test_a_merge_moves_the_branch_and_only_forward() -> None:
    new, old = parsed("0.41.0-13+bbbbbbb", "0.41.0-12+aaaaaaa")
    assert moving_tags.own(new) == "0.41.0-13_bbbbbbb"
    assert moving_tags.forward(new, [old], branch="master") == ("master",)
    assert moving_tags.forward(old, [new], branch="master") == ()


def test_versions_are_found_among_tags() -> None:
    found = moving_tags.versions_in(
        ["1.2.0", "1.2", "1", "latest", "master", "sha256-00.sig", "7.1.0_driver"]
    )
    assert found == tuple(parsed("1.2.0", "7.1.0+driver"))


@given(st.lists(versions, max_size=8, unique=True))
def test_every_moving_tag_shows_the_highest_release_of_its_line(order: list[Version]) -> None:
    shown = publish(order)
    lines = {tag for version in order for tag in moving_tags.moving(version)}
    assert shown == {tag: moving_tags.highest(tag, order) for tag in lines}


@given(st.permutations(parsed("1.0.0", "1.1.8", "1.1.9", "1.2.0", "2.0.0-rc.1", "1.2.0+driver")))
def test_the_order_of_releases_does_not_matter(order: list[Version]) -> None:
    assert publish(order) == publish(sorted(order))


@given(versions, st.lists(versions))
def test_what_is_moved_belongs_to_the_version(version: Version, present: list[Version]) -> None:
    assert set(moving_tags.forward(version, present)) <= set(moving_tags.moving(version))
    assert moving_tags.own(version) not in moving_tags.moving(version)


@given(st.lists(versions))
def test_own_tags_are_read_back(present: list[Version]) -> None:
    assert list(moving_tags.versions_in(map(moving_tags.own, present))) == present
