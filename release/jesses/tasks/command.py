"""What every task shares: errors become one message and an exit code."""

import functools
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from invoke.exceptions import Exit

from jesses.base.errors import ReleaseError

P = ParamSpec("P")
R = TypeVar("R")

INTERRUPTED: Final = 130
"""As a shell has it for what SIGINT ended."""
UNEXPECTED: Final = 30
"""The exit code of what nobody foresaw."""


def command(body: Callable[P, R]) -> Callable[P, R]:
    """Turn an error into one message on stderr, after the output of the command that failed; no secret is shown.

    What is no `ReleaseError` is our own mistake: its details go to a file, to be reported.
    """

    @functools.wraps(body)
    def task(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return body(*args, **kwargs)
        except ReleaseError as error:
            if error.output:
                sys.stderr.write(_hidden(error.output.rstrip("\n")) + "\n")
            raise Exit(_hidden(f"error: {error}"), error.exit_code) from None
        except KeyboardInterrupt:
            raise Exit("interrupted; nothing half-written is left", INTERRUPTED) from None
        except Exit:
            raise
        except Exception as error:  # noqa: BLE001 -- the last handler
            raise Exit(_unexpected(error), UNEXPECTED) from None

    return task


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
