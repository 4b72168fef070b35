"""What every task shares: errors become one message and an exit code."""

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from invoke.exceptions import Exit

from jesses.base.errors import ReleaseError

P = ParamSpec("P")
R = TypeVar("R")


def command(body: Callable[P, R]) -> Callable[P, R]:
    """Turn a `ReleaseError` into its message on stderr, after the output of the command that failed."""

    @functools.wraps(body)
    def task(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return body(*args, **kwargs)
        except ReleaseError as error:
            if error.output:
                sys.stderr.write(error.output.rstrip("\n") + "\n")
            raise Exit(f"error: {error}", error.exit_code) from None
        except KeyboardInterrupt:
            raise Exit("interrupted; nothing half-written is left", 130) from None

    return task
