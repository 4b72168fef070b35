"""Runs that are ended from outside, as CI systems and people end them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.hawk import PRODUCT
from tests.support.paths import ROOT
from tests.support.processes import is_running
from tests.support.repository import Repository

pytestmark = pytest.mark.process

BUILDS = "mkdir $JESSES_STAGE/bin; echo a > $JESSES_STAGE/bin/hawk; chmod +x $JESSES_STAGE/bin/hawk"
HANGS = "echo $$ > ../pid.new; mv ../pid.new ../pid; sleep 600"


def product(directory: Path, command: str) -> Repository:
    made = Repository(directory / "hawk")
    text = PRODUCT.replace('["make-it"]', json.dumps(["sh", "-c", command]))
    made.commit({"release.toml": text, "copyright": "MIT\n"})
    return made


def start(directory: Path) -> subprocess.Popen[str]:
    # Whoever starts the tests in the background has them, and us, ignore SIGINT.
    return subprocess.Popen(
        [
            *("env", "--default-signal=INT", sys.executable, "-m", "invoke", "--search-root", str(ROOT)),
            *("release", "--project", str(directory / "hawk")),
        ],
        cwd=directory,
        env={**os.environ, "JESSES_CACHE_DIR": str(directory / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def build_of(directory: Path) -> int:
    """The process of the build command, once it runs."""
    deadline = time.monotonic() + 60
    while not (directory / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return int((directory / "pid").read_text())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_is_told_to_end_leaves_nothing(tmp_path: Path, number: int, code: int) -> None:
    product(tmp_path, HANGS)
    run = start(tmp_path)
    build = build_of(tmp_path)
    run.send_signal(number)
    _, err = run.communicate(timeout=60)
    assert run.returncode == code, err
    assert "nothing half-written is left" in err
    assert not is_running(build)
    assert {path.name for path in tmp_path.iterdir()} <= {"hawk", "pid", "cache"}


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path) -> None:
    made = product(tmp_path, HANGS)
    run = start(tmp_path)
    build = build_of(tmp_path)
    run.kill()
    run.communicate(timeout=60)
    os.kill(build, signal.SIGKILL)
    assert list(tmp_path.glob(".dist-*"))
    text = (made.root / "release.toml").read_text()
    made.commit({"release.toml": text.replace(json.dumps(HANGS), json.dumps(BUILDS))})
    _, err = (again := start(tmp_path)).communicate(timeout=120)
    assert again.returncode == 0, err
    assert not list(tmp_path.glob(".dist-*"))
