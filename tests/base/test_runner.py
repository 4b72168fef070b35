import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from jesses.base.errors import CommandError
from jesses.base.runner import Command, ProcessRunner
from tests.support.processes import is_running

pytestmark = pytest.mark.process


def runner(echo: list[str], **environment: str) -> ProcessRunner:
    return ProcessRunner(environment={"PATH": "/usr/bin:/bin", **environment}, echo=echo.append)


def test_a_command_that_works_is_echoed_and_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    echo: list[str] = []
    runner(echo)(
        Command(argv=["sh", "-c", "echo loud; pwd > where; echo $X >> where"], cwd=tmp_path, env={"X": "y"})
    )
    assert echo == ["sh -c 'echo loud; pwd > where; echo $X >> where'"]
    assert (tmp_path / "where").read_text() == f"{tmp_path}\ny\n"
    assert capfd.readouterr() == ("", "")


def test_a_failure_replays_what_was_printed(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="failed with exit code 3") as caught:
        runner([])(Command(argv=["sh", "-c", "echo out; echo err >&2; exit 3"], cwd=tmp_path))
    assert caught.value.output == "out\nerr"
    assert str(tmp_path) in caught.value.fix


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot run no-such-thing") as caught:
        runner([])(Command(argv=["no-such-thing"], cwd=tmp_path))
    assert "install no-such-thing" in caught.value.fix


def test_a_command_that_hangs_is_ended(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"longer than 0\.2 s") as caught:
        runner([])(
            Command(argv=[sys.executable, "-c", "import time; time.sleep(60)"], cwd=tmp_path, timeout=0.2)
        )
    assert caught.value.exit_code == CommandError.exit_code


def test_secrets_are_hidden_everywhere(tmp_path: Path) -> None:
    echo: list[str] = []
    with pytest.raises(CommandError) as caught:
        runner(echo, SOME_PASSWORD="hunter2")(
            Command(argv=["sh", "-c", "echo hunter2; exit 1"], cwd=tmp_path)
        )
    assert "hunter2" not in echo[0] + str(caught.value) + caught.value.output
    assert "***" in caught.value.output


def test_a_command_sees_a_secret_only_where_it_is_named(tmp_path: Path) -> None:
    seen = ["sh", "-c", 'echo "$NPM_TOKEN,$AWS_PROFILE,$LANG" >> seen']
    made = runner([], NPM_TOKEN="token1", AWS_PROFILE="work", LANG="C")
    made(Command(argv=seen, cwd=tmp_path))
    made(Command(argv=seen, cwd=tmp_path, variables=["NPM_TOKEN"]))
    assert (tmp_path / "seen").read_text() == ",,C\ntoken1,,C\n"


@pytest.mark.parametrize("command", ["sleep 60 & echo $! > pid", "sleep 60 & echo $! > pid; wait"])
def test_what_a_command_started_ends_with_it(tmp_path: Path, command: str) -> None:
    with suppress(CommandError):
        runner([])(Command(argv=["sh", "-c", command], cwd=tmp_path, timeout=0.5))
    child = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(child)
