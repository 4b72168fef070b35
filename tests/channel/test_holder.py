import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jesses.channel.holder import Holder, is_gone, this_process
from jesses.history.ci import LOCAL, detect


def test_we_are_not_gone() -> None:
    us = this_process(LOCAL)
    assert us.run == ""
    assert us.process.startswith(f"{os.getpid()}:")
    assert not is_gone(us)


def test_a_number_that_another_process_has_now_is_gone() -> None:
    assert is_gone(replace(this_process(LOCAL), process=f"{os.getpid()}:1"))


def test_a_process_of_another_machine_may_live() -> None:
    assert not is_gone(Holder(run="", host="elsewhere.invalid", process="1:1", user="x"))
    assert not is_gone(replace(this_process(LOCAL), process="unknown"))


@pytest.mark.process
def test_a_process_that_has_ended_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        started = _holder_of(child.pid)
        assert not is_gone(started)
        child.communicate(b"\n")
    assert is_gone(started)


def _holder_of(number: int) -> Holder:
    ticks = Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    return replace(this_process(LOCAL), process=f"{number}:{ticks}")


@pytest.mark.parametrize(
    ("environment", "run", "user"),
    [
        (
            {
                "GITHUB_ACTIONS": "true",
                "GITHUB_RUN_ID": "7",
                "GITHUB_SERVER_URL": "https://github.example",
                "GITHUB_REPOSITORY": "o/r",
                "GITHUB_ACTOR": "ann",
            },
            "https://github.example/o/r/actions/runs/7",
            "ann",
        ),
        (
            {
                "GITLAB_CI": "true",
                "CI_PIPELINE_URL": "https://gitlab.example/p/8",
                "GITLAB_USER_LOGIN": "bob",
            },
            "https://gitlab.example/p/8",
            "bob",
        ),
        (
            {"JENKINS_URL": "https://jenkins.example/", "BUILD_URL": "https://jenkins.example/9"},
            "https://jenkins.example/9",
            None,
        ),
        ({"PROW_JOB_ID": "j", "BUILD_ID": "11"}, "Prow 11", None),
    ],
)
def test_a_ci_run_is_named_by_its_address_or_its_number(
    environment: dict[str, str], run: str, user: str | None
) -> None:
    holder = this_process(detect(environment))
    assert holder.run == run
    assert user is None or holder.user == user
    assert run in str(holder)
