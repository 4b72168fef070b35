"""The workflows, read by what checks workflows."""

import subprocess
import sys
from pathlib import Path

import pytest

from jesses.base.resources import workflow_templates
from jesses.tasks.scaffold.workflows import JESSES, PRODUCT, WorkflowSetting, workflows
from jesses.tasks.scaffold.write import write

TOOLS = Path(sys.executable).parent


@pytest.fixture(params=[JESSES, PRODUCT], ids=["jesses", "product"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    setting: WorkflowSetting = request.param
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    write(tmp_path, workflows(workflow_templates(), setting), force=True)
    return tmp_path


@pytest.mark.parametrize(
    "argv", [("actionlint", "-no-color"), ("zizmor", "--offline", "--no-progress", "--pedantic", ".")]
)
def test_checkers_find_nothing(repository: Path, argv: tuple[str, ...]) -> None:
    done = subprocess.run(
        [str(TOOLS / argv[0]), *argv[1:]], cwd=repository, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
