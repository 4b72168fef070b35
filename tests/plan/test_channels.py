import pytest
from semver import Version

from jesses.plan.channels import channel_of

KNOWN = ["dev", "prerelease", "stable"]


@pytest.mark.parametrize(
    ("tagged", "known", "expected"),
    [
        ([], KNOWN, "dev"),
        (["1.2.0-rc1"], KNOWN, "prerelease"),
        (["1.2.0"], KNOWN, "stable"),
        (["1.2.0", "7.1.0"], KNOWN, "stable"),
        (["1.2.0-rc2", "7.1.0-rc2"], KNOWN, "prerelease"),
        (["1.2.0"], [], None),
        ([], [], None),
    ],
)
def test_the_channel_follows_from_the_tags(tagged: list[str], known: list[str], expected: str | None) -> None:
    assert channel_of(map(Version.parse, tagged), known) == expected
