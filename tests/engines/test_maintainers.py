"""The commands that docs/maintainers.md opens with, run as somebody new would run them."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.engines.engines import run
from tests.engines.product import KESTREL, copy_of
from tests.support.paths import ROOT

DOCUMENT = ROOT / "docs" / "maintainers.md"


def test_from_clone_to_a_release_candidate_in_under_five_commands(tmp_path: Path) -> None:
    example = copy_of(KESTREL, tmp_path / "kestrel").repository
    example.commit({"tasks.py": "from jesses.tasks import make_namespace\n\nnamespace = make_namespace()\n"})
    remote = tmp_path / "kestrel.git"
    run("git", "clone", "--quiet", "--bare", example.root, remote)
    (tmp_path / "gitconfig").write_text("[user]\n\tname = Somebody New\n\temail = new@example.org\n")
    (block,) = re.findall(r"```console\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    commands = [line.removeprefix("$ ").replace("URL", str(remote)) for line in block.splitlines()]
    assert len(commands) < 5
    done = subprocess.run(
        ["sh", "-ec", "\n".join(commands)],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert run("git", "tag", cwd=remote).stdout.split() == ["0.1.0-rc1", "0.1.0-rc1+driver"]
    assert "release/0.1.x" in run("git", "branch", cwd=remote).stdout
    assert "under way" in done.stdout
