"""Git as a process, for what changes a repository; questions about history are `release.history`'s."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from jesses.base.errors import HistoryError
from jesses.history.plumbing import OF_ANOTHER_REPOSITORY


@dataclass(frozen=True, kw_only=True)
class CompletedCommand:
    """How a git command ended."""

    code: int
    out: str
    err: str


class Git(Protocol):
    """Runs one git command in `cwd`."""

    def __call__(
        self, *argv: str, cwd: Path, stdin: str = "", env: Mapping[str, str] | None = None
    ) -> CompletedCommand: ...


def run_git(*argv: str, cwd: Path, stdin: str = "", env: Mapping[str, str] | None = None) -> CompletedCommand:
    """Run `git argv`: no prompt, no editor, messages in English. A command that fails is an answer, too.

    Raises:
        HistoryError: there is no git, or no directory `cwd`.

    """
    here = {name: value for name, value in os.environ.items() if name not in OF_ANOTHER_REPOSITORY}
    try:
        done = subprocess.run(
            ["git", *argv],  # noqa: S607 -- git is found on the PATH, as everywhere
            cwd=cwd,
            env={**here, **_QUIET, **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )
    except (FileNotFoundError, NotADirectoryError) as error:
        if not cwd.is_dir():
            raise HistoryError(
                f"there is no directory {cwd}", fix="name the one of the repository"
            ) from error
        raise HistoryError("git is not installed", fix="install git") from error
    return CompletedCommand(code=done.returncode, out=done.stdout.rstrip("\n"), err=done.stderr.strip())


_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true", "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
