import pytest

from jesses.base.errors import CutError
from jesses.config import Component
from jesses.cut.next_version import final_version, source_of, staged_version
from jesses.cut.options import CutOptions, Level, Stage
from jesses.plan.versions.component_tags import TaggedVersion
from jesses.plan.versions.lines import tagged_versions

USERSPACE = Component()


def line(text: str, pattern: str = "{version}") -> list[TaggedVersion]:
    tags = {pattern.replace("{version}", version): version for version in text.split()}
    return list(tagged_versions({"it": Component(tag=pattern)}, tags)["it"])


def next_version(tags: str, options: CutOptions) -> tuple[str, str | None]:
    """The version and the branch that it is cut from."""
    found = source_of(USERSPACE, line(tags), options)
    final, _ = final_version(USERSPACE, found)
    version, _ = staged_version(final, line(tags), options.stage)
    return str(version), found.branch


@pytest.mark.parametrize(
    ("tags", "level", "stage", "expected"),
    [
        ("", None, None, ("0.1.0", None)),
        ("", None, "rc", ("0.1.0-rc1", None)),
        ("0.1.0-rc1", None, "rc", ("0.1.0-rc2", "release/0.1.x")),
        ("0.1.0-rc1", None, "final", ("0.1.0", "release/0.1.x")),
        ("0.1.0-rc1", None, None, ("0.1.0", "release/0.1.x")),
        ("1.1.0 1.2.0", None, None, ("1.3.0", None)),
        ("1.1.0 1.2.0", "minor", "rc", ("1.3.0-rc1", None)),
        ("1.2.0 1.3.0-rc.1", None, "rc", ("1.3.0-rc.2", "release/1.3.x")),
        ("1.2.0 1.3.0-rc9", None, "final", ("1.3.0", "release/1.3.x")),
        ("1.2.0 1.2.0-rc1", None, "rc", ("1.3.0-rc1", None)),
        ("1.2.0", "patch", None, ("1.2.1", "release/1.2.x")),
        ("1.2.0", "patch", "rc", ("1.2.1-rc1", "release/1.2.x")),
        ("1.2.0 1.2.1-rc1", "patch", "rc", ("1.2.1-rc2", "release/1.2.x")),
        ("1.2.0 1.2.1-rc1", None, "final", ("1.2.1", "release/1.2.x")),
        ("1.2.0 1.2.1-rc1", "minor", "rc", ("1.3.0-rc1", None)),
        ("1.2.0 1.3.0-rc1", "patch", None, ("1.2.1", "release/1.2.x")),
        ("1.9.0 1.10.0", None, None, ("1.11.0", None)),
    ],
)
def test_what_is_next_follows_from_the_tags(
    tags: str, level: Level | None, stage: Stage | None, expected: tuple[str, str | None]
) -> None:
    assert next_version(tags, CutOptions(level=level, stage=stage)) == expected


def test_a_patch_may_be_for_an_older_line() -> None:
    options = CutOptions(level="patch", line="1.1")
    assert next_version("1.1.8 1.2.0 2.0.0", options) == ("1.1.9", "release/1.1.x")


@pytest.mark.parametrize(
    ("tags", "request_", "message"),
    [
        ("", CutOptions(level="patch"), "no final release to patch"),
        ("1.2.0", CutOptions(level="patch", line="1.1"), r"no final release 1\.1\.x to patch"),
        ("1.2.0", CutOptions(stage="final"), "no release candidate to make final"),
        ("1.2.0", CutOptions(level="patch", stage="final"), r"no release candidate of 1\.2\.1"),
        ("1.2.0 1.3.0-rc9", CutOptions(stage="rc"), "rc10 would sort before 1.3.0-rc9"),
    ],
)
def test_what_cannot_be_cut_says_why(tags: str, request_: CutOptions, message: str) -> None:
    with pytest.raises(CutError, match=message):
        next_version(tags, request_)
