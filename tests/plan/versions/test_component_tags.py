import pytest

from jesses.plan.versions.component_tags import ComponentTags, tags_by_component

OLD = ["agent/0.85.1", "v0.2.0", "0.6.0-test", "7.1.0+driver-rc1", "7.1.0+driver", "0.6", "latest"]
ODD = ["1.2.3+build", "01.2.3", "1.2.3.4", "1.2.3-", "1.2.3-01", "V1.2.3", "1.2.3 ", "1.2.3-rc1+driver"]


def found(*tags: str, **patterns: str) -> dict[str, ComponentTags]:
    return tags_by_component(patterns, dict.fromkeys(tags, "c"))


def names(tags: ComponentTags) -> list[str]:
    return [tagged.tag for tagged in tags.versions]


def test_tags_of_other_lines_do_not_leak_in() -> None:
    patterns = {
        "userspace": "{version}",
        "old": "v{version}",
        "agent": "agent/{version}",
        "driver": "{version}+driver",
    }
    lines = found(*OLD, *ODD, **patterns)
    assert names(lines["userspace"]) == ["0.6.0-test"]
    assert names(lines["old"]) == ["v0.2.0"]
    assert names(lines["agent"]) == ["agent/0.85.1"]
    assert names(lines["driver"]) == ["7.1.0+driver", "1.2.3-rc1+driver"]
    assert [str(tagged.version) for tagged in lines["driver"].versions] == ["7.1.0", "1.2.3-rc1"]


def test_what_a_pattern_holds_is_no_regular_expression() -> None:
    assert names(found("1.0.0+driver", "1.0.00driver", driver="{version}.driver")["driver"]) == []
    assert names(found("a+b/1.0.0", "aab/1.0.0", it="a+b/{version}")["it"]) == ["a+b/1.0.0"]


@pytest.mark.parametrize("first", ["userspace", "driver"])
def test_a_tag_that_two_patterns_match_belongs_to_the_one_that_says_more(first: str) -> None:
    patterns = {"userspace": "{version}", "driver": "{version}-driver"}
    ordered = dict(sorted(patterns.items(), key=lambda item: item[0] != first))
    lines = found("1.0.0-driver", "1.0.0-rc.1-driver", "1.0.0-rc.1", **ordered)
    assert names(lines["userspace"]) == ["1.0.0-rc.1"]
    assert names(lines["driver"]) == ["1.0.0-driver", "1.0.0-rc.1-driver"]


def test_finals_are_sorted_by_number_and_the_highest_is_first() -> None:
    line = found("0.9.0", "0.10.0", "0.10.0-rc1", "0.2.11", "0.2.9", it="{version}")["it"]
    assert [tagged.tag for tagged in line.finals] == ["0.10.0", "0.9.0", "0.2.11", "0.2.9"]


def test_tags_on_a_commit_are_sorted_as_semver_says() -> None:
    tags = dict.fromkeys(["1.0.0", "1.0.0-rc.2", "1.0.0-rc.10", "1.0.0-rc1"], "c") | {"2.0.0": "d"}
    line = tags_by_component({"it": "{version}"}, tags)["it"]
    assert [tagged.tag for tagged in line.on("c")] == ["1.0.0", "1.0.0-rc1", "1.0.0-rc.10", "1.0.0-rc.2"]


@pytest.mark.parametrize(
    ("tag", "above"),
    [
        ("1.0.0", {"1.0.1", "2.0.0"}),
        ("1.0.0-rc.1", {"1.0.0-rc.2", "1.0.0", "1.0.1", "2.0.0"}),
        ("2.0.0", set()),
        ("1.0.1-rc.1", {"1.0.1", "2.0.0"}),
    ],
)
def test_what_is_above_a_tag(tag: str, above: set[str]) -> None:
    every = ("0.9.0", "1.0.0-rc.1", "1.0.0-rc.2", "1.0.0", "1.0.1-rc.1", "1.0.1", "2.0.0", "3.0.0-alpha")
    line = found(*every, it="{version}")["it"]
    one = next(tagged for tagged in line.versions if tagged.tag == tag)
    assert {tagged.tag for tagged in line.above(one)} == above
