"""Git's plumbing. A command starts at once and is read when its answer is needed, so several run side by side."""

import os
import subprocess
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from release.errors import HistoryError

OF_ANOTHER_REPOSITORY = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX"}
)
"""What git sets for its hooks: it would turn every question to the repository of the hook."""


class Git:
    """Runs git in `directory`; when the block ends, nothing that it started is left running."""

    def __init__(self, directory: Path, environment: Mapping[str, str] = os.environ) -> None:
        self.directory = directory
        self._answers: list[Answer] = []
        self._environment = {
            **{name: value for name, value in environment.items() if name not in OF_ANOTHER_REPOSITORY},
            "LC_ALL": "C",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for answer in self._answers:
            answer.close()

    def __call__(self, *argv: str, stdin: bytes = b"") -> str:
        """What a command prints, without its last line end.

        Raises:
            HistoryError: git is not installed, or the command failed.

        """
        return self.start(*argv, stdin=stdin).text()

    def start(self, *argv: str, stdin: bytes = b"", accept: Collection[int] = (0,)) -> "Answer":
        """Start a command, to be read later; exit codes in `accept` are answers too."""
        command = ["git", "-C", str(self.directory), *argv]
        answer = Answer(command, stdin=stdin, environment=self._environment, accept=accept)
        self._answers.append(answer)
        return answer


class Answer:
    """What a command prints, read once it is needed."""

    def __init__(
        self, command: list[str], *, stdin: bytes, environment: dict[str, str], accept: Collection[int]
    ) -> None:
        self._command = command
        self._accept = accept
        self._data: bytes | None = None
        # Files instead of pipes: nobody reads while it runs, and a full pipe would stop it.
        self._output, self._error = (tempfile.TemporaryFile() for _ in range(2))  # noqa: SIM115 -- see close()
        with tempfile.TemporaryFile() as source:
            source.write(stdin)
            source.seek(0)
            try:
                self._process = subprocess.Popen(
                    command, stdin=source, stdout=self._output, stderr=self._error, env=environment
                )
            except FileNotFoundError as missing:
                self._output.close()
                self._error.close()
                raise HistoryError("git is not installed", fix="install git") from missing

    def data(self) -> bytes:
        """Everything that the command prints.

        Raises:
            HistoryError: it failed.

        """
        if self._data is None:
            code = self._process.wait()
            self._output.seek(0)
            self._error.seek(0)
            self._data, said = self._output.read(), self._error.read().decode(errors="replace").strip()
            self.close()
            if code not in self._accept:
                raise HistoryError(f"git {self._command[3]} failed: {said}", fix="see what git says")
        return self._data

    def text(self) -> str:
        """The same as text, without its last line end."""
        return self.data().decode(errors="surrogateescape").removesuffix("\n")

    def close(self) -> None:
        """Stop the command if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._output.close()
        self._error.close()
