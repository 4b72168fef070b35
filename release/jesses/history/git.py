"""Runs git. Two ways in, over one command line, one environment and one kind of error.

`run_git` runs one command to its end: for what changes a repository. `GitReader` starts commands at once and reads
each when its answer is needed, so that several run side by side: for questions about history. Whatever comes from
outside (a tag, a branch, a remote) is put in by `revisions` and `operands`, so git never takes it for an option.
"""

import os
import subprocess
import tempfile
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self

from jesses.base.errors import HistoryError

_OF_ANOTHER_REPOSITORY = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX"}
)
# No prompt, no editor, messages in English.
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true", "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}


def git_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` for a git that asks nobody and speaks English.

    What git sets for its hooks is left out: it would turn every command to the repository of the hook.
    """
    kept = {name: value for name, value in environment.items() if name not in _OF_ANOTHER_REPOSITORY}
    return {**kept, **_QUIET}


def operands(*arguments: str) -> tuple[str, ...]:
    """Arguments of a command that begin its operands: none is read as an option (gitcli(7))."""
    return ("--end-of-options", *arguments)


def revisions(*arguments: str, paths: Sequence[str] = ()) -> tuple[str, ...]:
    """Revisions and pathspecs that end a command: no revision is read as an option or as a path (gitcli(7))."""
    return (*operands(*arguments), "--", *paths)


@dataclass(frozen=True, kw_only=True)
class CompletedCommand:
    """How a git command ended: its exit code, and what it printed without the last line ends."""

    code: int
    out: str
    err: str


class RunGit(Protocol):
    """Runs one git command in `cwd`; `env` is added to the environment."""

    def __call__(
        self, *argv: str, cwd: Path, stdin: str = "", env: Mapping[str, str] | None = None
    ) -> CompletedCommand: ...


def run_git(*argv: str, cwd: Path, stdin: str = "", env: Mapping[str, str] | None = None) -> CompletedCommand:
    """Run `git argv` in `cwd` to its end. A command that fails is an answer, too.

    Raises:
        HistoryError: there is no git, or no directory `cwd`.

    """
    if not cwd.is_dir():
        raise HistoryError(f"there is no directory {cwd}", fix="name the one of the repository")
    with _git_is_installed():
        done = subprocess.run(
            _command(cwd, argv),
            env={**git_environment(os.environ), **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )
    return CompletedCommand(code=done.returncode, out=done.stdout.rstrip("\n"), err=done.stderr.strip())


class GitReader:
    """Runs git in `directory`; when the block ends, nothing that it started is left running."""

    def __init__(self, directory: Path, environment: Mapping[str, str] = os.environ) -> None:
        self.directory = directory
        self._running: list[PendingAnswer | BlobReader] = []
        self._environment = git_environment(environment)

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

    def start(self, *argv: str, stdin: bytes = b"", accept: Collection[int] = (0,)) -> "PendingAnswer":
        """Start a command, to be read later; exit codes in `accept` are answers too."""
        answer = PendingAnswer(
            _command(self.directory, argv), stdin=stdin, environment=self._environment, accept=accept
        )
        self._running.append(answer)
        return answer

    def objects(self) -> "BlobReader":
        """A process that is asked for the contents of files, one after the other."""
        objects = BlobReader(_command(self.directory, ("cat-file", "--batch")), self._environment)
        self._running.append(objects)
        return objects


class PendingAnswer:
    """A command that was started; its output is read when it is asked for."""

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


class BlobReader:
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
        """Stop the process if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with suppress(BrokenPipeError):
                    stream.close()


def _command(directory: Path, argv: Sequence[str]) -> list[str]:
    return ["git", "-C", str(directory), *argv]


def _started(
    command: list[str], environment: Mapping[str, str], **streams: int | IO[bytes]
) -> subprocess.Popen[bytes]:
    with _git_is_installed():
        return subprocess.Popen(command, env=environment, **streams)  # type: ignore[call-overload,no-any-return]


@contextmanager
def _git_is_installed() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as missing:
        raise HistoryError("git is not installed", fix="install git") from missing
