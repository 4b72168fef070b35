import pytest

from jesses.base.errors import CutError
from jesses.cut.options import CutOptions, options_of, rerun_command

NOTHING = {"minor": False, "patch": False, "rc": False, "final": False}


@pytest.mark.parametrize(
    ("given", "line", "expected"),
    [
        ({}, "", CutOptions()),
        ({"minor": True, "rc": True}, "", CutOptions(level="minor", stage="rc")),
        ({"patch": True, "final": True}, "", CutOptions(level="patch", stage="final")),
        ({}, "1.1", CutOptions(level="patch", line="1.1")),
    ],
)
def test_the_options_of_a_command_line(given: dict[str, bool], line: str, expected: CutOptions) -> None:
    assert options_of((), line=line, **{**NOTHING, **given}) == expected


@pytest.mark.parametrize("pair", [("minor", "patch"), ("rc", "final")])
def test_two_that_exclude_each_other_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(CutError, match=f"--{pair[0]} and --{pair[1]} exclude each other"):
        options_of((), line="", **{**NOTHING, **dict.fromkeys(pair, True)})


def test_the_command_that_goes_on() -> None:
    assert rerun_command(CutOptions(), project=".", remote="origin") == "invoke release.cut"
    options = CutOptions(components=("agent", "driver"), level="patch", stage="rc", line="1.1")
    assert rerun_command(options, project="my product", remote="upstream") == (
        "invoke release.cut --project 'my product' --component agent --component driver --patch --rc"
        " --line 1.1 --remote upstream"
    )
