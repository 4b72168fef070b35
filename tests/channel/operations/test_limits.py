import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from jesses.base.errors import ConfigError
from jesses.base.naming.moving_tags import rank
from jesses.channel.operations.limits import Candidate, Limits, newest, parse_limits, surplus
from jesses.channel.operations.opened import DAY

NOW = 100 * DAY


def candidate(version: str, *, day: int = 0, size: int = 10, component: str = "agent") -> Candidate:
    return Candidate(component=component, version=Version.parse(version), published=int(day * DAY), size=size)


def gone(candidates: list[Candidate], limits: Limits, *needed: str) -> list[str]:
    names = {("agent", Version.parse(text)) for text in needed}
    return [str(each.version) for each in surplus(candidates, limits, needed=names, now=NOW)]


FOUR = [
    candidate(text, day=day) for text, day in (("1.0.0", 10), ("1.1.0", 20), ("1.2.0", 30), ("1.0.1", 99))
]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Limits(), []),
        (Limits(keep=2), ["1.0.0", "1.0.1"]),
        (Limits(days=75), ["1.0.0", "1.1.0"]),
        (Limits(days=1.5), ["1.0.0", "1.1.0"]),
        (Limits(size=30), ["1.0.0"]),
        (Limits(size=0), ["1.0.0", "1.1.0", "1.0.1"]),
        (Limits(keep=3, size=20), ["1.0.0", "1.1.0"]),
    ],
)
def test_count_age_and_size(limits: Limits, expected: list[str]) -> None:
    assert gone(FOUR, limits) == expected


def test_what_the_newest_needs_stays() -> None:
    assert gone(FOUR, Limits(keep=1), "1.0.0") == ["1.1.0", "1.0.1"]


def test_components_are_counted_apart() -> None:
    driver = candidate("0.1.0", component="driver")
    assert gone([*FOUR, driver], Limits(keep=1, days=1, size=0)) == ["1.0.0", "1.1.0", "1.0.1"]


candidates = st.lists(
    st.builds(
        Candidate,
        component=st.sampled_from(["agent", "driver"]),
        version=st.builds(Version, st.integers(0, 3), st.integers(0, 3)),
        published=st.integers(0, int(NOW)),
        size=st.integers(0, 100),
    ),
    unique_by=lambda each: each.name,
)
limits = st.builds(
    Limits,
    keep=st.none() | st.integers(1, 4),
    days=st.none() | st.floats(0, 100),
    size=st.none() | st.integers(0, 300),
)


@given(candidates, limits)
def test_the_newest_of_each_component_always_stays_and_limits_hold(
    there: list[Candidate], limits: Limits
) -> None:
    out = surplus(there, limits, needed=(), now=NOW)
    left = [each for each in there if each not in out]
    kept = newest(there)
    assert kept <= {each.name for each in left}
    rest = [each for each in left if each.name not in kept]
    for each in rest:
        above = [other for other in there if other.component == each.component]
        higher = [other for other in above if rank(other.version) > rank(each.version)]
        assert limits.keep is None or len(higher) < limits.keep
        assert limits.days is None or NOW - each.published <= limits.days * DAY
    assert limits.size is None or not rest or sum(each.size for each in left) <= limits.size


@pytest.mark.parametrize("typed", [{"keep": "0"}, {"keep": "x"}, {"days": "-1"}, {"size": "5XB"}])
def test_what_is_no_limit_is_refused(typed: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="these are no limits"):
        parse_limits(**typed)
