"""What every task shares: errors become one message and an exit code."""

import functools
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, ParamSpec, TypeVar

from invoke.exceptions import Exit

from jesses.base.errors import ReleaseError

P = ParamSpec("P")
R = TypeVar("R")

INTERRUPTED: Final = 130
TERMINATED: Final = 143
"""As shells have it for what SIGINT and SIGTERM ended: 128 and the signal's number."""
UNEXPECTED: Final = 30
"""The exit code of what nobody foresaw."""


def command(body: Callable[P, R]) -> Callable[P, R]:
    """Turn an error into one message on stderr, after the output of the command that failed; no secret is shown.

    What is no `ReleaseError` is our own mistake: its details go to a file, to be reported.
    """

    @functools.wraps(body)
    def task(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with _ended_by_sigterm():
                return body(*args, **kwargs)
        except ReleaseError as error:
            if error.output:
                sys.stderr.write(_hidden(error.output.rstrip("\n")) + "\n")
            raise Exit(_hidden(f"error: {error}"), error.exit_code) from None
        except KeyboardInterrupt:
            raise Exit("interrupted; nothing half-written is left", INTERRUPTED) from None
        except _Terminated:
            raise Exit("terminated; nothing half-written is left", TERMINATED) from None
        except Exit:
            raise
        except Exception as error:  # noqa: BLE001 -- the last handler
            raise Exit(_unexpected(error), UNEXPECTED) from None

    return task


class _Terminated(BaseException):
    """SIGTERM came; no handler of errors takes it for one of its own, as with `KeyboardInterrupt`."""


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Has SIGTERM unwind the block, as Ctrl-C does, in place of ending the process where it stands."""

    def terminate(_number: int, _frame: object) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _unexpected(error: Exception) -> str:
    details = _hidden("".join(traceback.format_exception(error)))
    with tempfile.NamedTemporaryFile(
        "w", prefix="jesses-error-", suffix=".txt", delete=False, encoding="utf-8"
    ) as out:
        out.write(details)
    what = _hidden(f"{type(error).__name__}: {error}".partition("\n")[0])
    return (
        f"error: jesses met something that it does not know how to handle ({what})\n"
        f"  fix: run again; if it stays, report it with {out.name}, which holds no secret of the environment"
    )


def _hidden(text: str) -> str:
    from jesses.base.secrets import Secrets

    return Secrets.of(os.environ).hide(text)
