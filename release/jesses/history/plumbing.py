"""Git's plumbing. A command starts at once and is read when its answer is needed, so several run side by side."""

import os
import subprocess
import tempfile
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from jesses.base.errors import HistoryError

OF_ANOTHER_REPOSITORY = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX"}
)
"""What git sets for its hooks: it would turn every question to the repository of the hook."""


class Git:
    """Runs git in `directory`; when the block ends, nothing that it started is left running."""

    def __init__(self, directory: Path, environment: Mapping[str, str] = os.environ) -> None:
        self.directory = directory
        self._running: list[Answer | Objects] = []
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
        for started in self._running:
            started.close()

    def __call__(self, *argv: str, stdin: bytes = b"") -> str:
        """What a command prints, without its last line end.

        Raises:
            HistoryError: git is not installed, or the command failed.

        """
        return self.start(*argv, stdin=stdin).text()

    def start(self, *argv: str, stdin: bytes = b"", accept: Collection[int] = (0,)) -> "Answer":
        """Start a command, to be read later; exit codes in `accept` are answers too."""
        answer = Answer(self._command(*argv), stdin=stdin, environment=self._environment, accept=accept)
        self._running.append(answer)
        return answer

    def objects(self) -> "Objects":
        """What gives the contents of objects, one after the other."""
        objects = Objects(self._command("cat-file", "--batch"), self._environment)
        self._running.append(objects)
        return objects

    def _command(self, *argv: str) -> list[str]:
        return ["git", "-C", str(self.directory), *argv]


class Answer:
    """What a command prints, read once it is needed."""

    def __init__(
        self, command: list[str], *, stdin: bytes, environment: dict[str, str], accept: Collection[int]
    ) -> None:
        self._command = command
        self._accept = accept
        self._data: bytes | None = None
        self._reading = threading.Lock()
        # Files instead of pipes: nobody reads while it runs, and a full pipe would stop it.
        self._output, self._error = (tempfile.TemporaryFile() for _ in range(2))  # noqa: SIM115 -- see close()
        with tempfile.TemporaryFile() as source:
            source.write(stdin)
            source.seek(0)
            try:
                self._process = _started(
                    command, environment, stdin=source, stdout=self._output, stderr=self._error
                )
            except HistoryError:
                self._output.close()
                self._error.close()
                raise

    def data(self) -> bytes:
        """Everything that the command prints.

        Raises:
            HistoryError: it failed.

        """
        with self._reading:
            return self._read() if self._data is None else self._data

    def _read(self) -> bytes:
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


class Objects:
    """`git cat-file --batch`, which is started once and asked many times (its manual page, "BATCH OUTPUT")."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._process = _started(
            command, environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._reading = threading.Lock()

    def blob(self, name: str) -> bytes | None:
        """The content of a file, such as `HEAD:README.md`; None where `name` is no file.

        Raises:
            HistoryError: git gave no answer.

        """
        request, answer = self._process.stdin, self._process.stdout
        assert request is not None and answer is not None  # noqa: S101, PT018 -- both are pipes
        with self._reading:
            try:
                request.write(name.encode(errors="surrogateescape") + b"\n")
                request.flush()
                *_, kind, size = [b"", *answer.readline().split()]
                if size in {b"missing", b"ambiguous"}:
                    return None
                content = answer.read(int(size) + 1)[:-1]
            except (OSError, ValueError) as error:
                raise HistoryError(f"git cat-file did not answer for {name}", fix="git fsck") from error
        return content if kind == b"blob" else None

    def close(self) -> None:
        """Stop it."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with suppress(BrokenPipeError):
                    stream.close()


def _started(
    command: list[str], environment: Mapping[str, str], **streams: int | IO[bytes]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, env=environment, **streams)  # type: ignore[call-overload,no-any-return]
    except FileNotFoundError as missing:
        raise HistoryError("git is not installed", fix="install git") from missing
