"""The one way to run a command: an argv list, quiet on success, its output replayed on failure."""

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from jesses.base.errors import CommandError
from jesses.base.secrets import Secrets, for_commands

_LAST_LINES = 200


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command to run in the directory `cwd`; `env` adds to the environment, `timeout` is seconds.

    Of the environment that jesses runs in, it sees no secret but those of the `variables` that are named.
    """

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    variables: Sequence[str] = ()
    timeout: float | None = None


class Runner(Protocol):
    """Runs a command to its end."""

    def __call__(self, command: Command) -> None:
        """Run it.

        Raises:
            CommandError: it cannot be started, fails, or takes too long; `output` is what it printed.

        """


class ProcessRunner:
    """Runs real processes in `environment`, less its secrets; `echo` is told each command line, quoted.

    No secret of the environment stands in a command line that is told, or in output that is replayed.
    """

    def __init__(self, *, environment: Mapping[str, str], echo: Callable[[str], None]) -> None:
        self._environment = environment
        self._echo = echo
        self._secrets = Secrets.of(environment)

    def __call__(self, command: Command) -> None:
        argv = command.argv
        line = self._secrets.hide(shlex.join(argv))
        self._echo(line)
        with tempfile.TemporaryFile() as output:
            try:
                code = _run_group(command, self._environment, output)
            except OSError as error:
                raise CommandError(
                    f"cannot run {line}: {error.strerror}", fix=f"install {argv[0]}, or correct the command"
                ) from error
            except subprocess.TimeoutExpired as error:
                raise CommandError(
                    f"{line} took longer than {command.timeout:g} s",
                    fix="see its output above",
                    output=self._replay(output.fileno()),
                ) from error
            if code:
                raise CommandError(
                    f"{line} failed with exit code {code}",
                    fix=f"see its output above; to try it by hand, run it in {command.cwd}",
                    output=self._replay(output.fileno()),
                )

    def _replay(self, descriptor: int) -> str:
        size = os.fstat(descriptor).st_size
        text = os.pread(descriptor, size, 0).decode(errors="replace")
        return "\n".join(self._secrets.hide(text).splitlines()[-_LAST_LINES:])


def _run_group(command: Command, environment: Mapping[str, str], output: IO[bytes]) -> int:
    """The exit code of a command, whose process group ends with it: when it is done, late or interrupted."""
    process = subprocess.Popen(
        command.argv,
        cwd=command.cwd,
        env={**for_commands(environment, command.variables), **command.env},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        process_group=0,
    )
    try:
        return process.wait(command.timeout)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def ask(argv: Sequence[str], *, question: str, timeout: float = 60) -> str:
    """What a program answers to `question` on its input; nothing of it is shown, since it may be secret.

    Raises:
        CommandError: it cannot be started, fails, or takes longer than `timeout` seconds; `output` is its answer.

    """
    try:
        done = subprocess.run(
            argv, input=question, capture_output=True, text=True, timeout=timeout, check=False
        )
    except OSError as error:
        raise CommandError(f"cannot run {argv[0]}: {error.strerror}", fix=f"install {argv[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"{argv[0]} took longer than {timeout:g} s", fix="try it by hand") from error
    if done.returncode:
        raise CommandError(
            f"{argv[0]} failed with exit code {done.returncode}",
            fix="try it by hand",
            output=done.stdout + done.stderr,
        )
    return done.stdout
