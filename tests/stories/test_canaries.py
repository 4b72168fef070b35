"""A canary in every credential that the documentation names: nobody finds one where it was not given by name."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.credentials import NAMED_IN_THE_DOCUMENTATION
from tests.support.hawk import PRODUCT
from tests.support.paths import ROOT
from tests.support.repository import Repository

pytestmark = pytest.mark.process

# A key that is none would be refused: it is given as a file to the builds alone.
KEYS = {name for name in NAMED_IN_THE_DOCUMENTATION if name.startswith("JESSES_") and name.endswith("_KEY")}
CANARIES = {
    name: f"canary-{at}-3f9c" for at, name in enumerate(NAMED_IN_THE_DOCUMENTATION) if name not in KEYS
}
STAGES_ITS_ENVIRONMENT = (
    "mkdir $JESSES_STAGE/bin; env > $JESSES_STAGE/bin/hawk; chmod +x $JESSES_STAGE/bin/hawk"
)


def release(
    directory: Path, command: str, *options: str, environment: Mapping[str, str] = CANARIES, table: str = ""
) -> subprocess.CompletedProcess[str]:
    product = Repository(directory / "hawk")
    text = PRODUCT.replace('["make-it"]', json.dumps(["sh", "-c", command]) + table)
    product.commit({"release.toml": text, "copyright": "MIT\n"})
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "invoke",
            "--search-root",
            ROOT,
            "release",
            *options,
            "--project",
            product.root,
        ],
        cwd=directory,
        env={
            **os.environ,
            "TMPDIR": str(directory),
            "JESSES_CACHE_DIR": str(directory / "cache"),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def holds_a_canary(directory: Path) -> list[str]:
    return [
        path.relative_to(directory).as_posix()
        for path in directory.rglob("*")
        if path.is_file() and b"canary-" in path.read_bytes()
    ]


@pytest.mark.parametrize("options", [(), ("--verbose",), ("--dry-run",)])
def test_a_build_that_works_sees_none_and_leaves_none(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = release(tmp_path, STAGES_ITS_ENVIRONMENT, *options)
    assert done.returncode == 0, done.stderr
    assert "canary-" not in done.stdout + done.stderr
    assert holds_a_canary(tmp_path) == []


def test_a_build_that_fails_prints_none(tmp_path: Path) -> None:
    done = release(
        tmp_path, "env; echo built by $USER_NAME; false", environment={**CANARIES, "USER_NAME": "ada"}
    )
    assert done.returncode == 13
    assert "built by ada" in done.stderr
    assert "canary-" not in done.stdout + done.stderr
    assert holds_a_canary(tmp_path) == []


def test_a_build_prints_none_that_it_was_given(tmp_path: Path) -> None:
    done = release(tmp_path, "echo token=$GITHUB_TOKEN; false", table='\nenvironment = ["GITHUB_TOKEN"]')
    assert "token=***" in done.stderr
    assert "canary-" not in done.stdout + done.stderr


def test_a_key_that_cannot_be_used_is_not_shown(tmp_path: Path) -> None:
    done = release(tmp_path, STAGES_ITS_ENVIRONMENT, environment={"JESSES_SIGNING_KEY": "canary-no-key"})
    assert done.returncode == 16
    assert "canary-" not in done.stdout + done.stderr
