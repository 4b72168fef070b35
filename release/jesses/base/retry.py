"""How often and how fast a writer tries again after another one was faster."""

import email.utils
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Final

from jesses.base.errors import ReleaseError, StoreError

TRIES: Final = 30
"""For an object with conditional writes: each refusal means that another writer has got on."""

SETTLING_TRIES: Final = 5
"""For what has no conditional writes, and is read back and put right instead."""

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0


def attempts(
    failure: ReleaseError, *, tries: int = TRIES, wait: Callable[[int], object] = lambda _: None
) -> Iterator[int]:
    """Number the attempts at something that another writer may come before; whoever succeeds leaves the loop.

    Between two attempts `wait` is called with the number of the one that failed, from 0.

    Raises:
        ReleaseError: `failure`, where no attempt of `tries` has succeeded.

    """
    for attempt in range(tries):
        if attempt:
            wait(attempt - 1)
        yield attempt
    raise failure


def keeps_changing(what: str) -> StoreError:
    """The error for an object that other writers changed before every attempt."""
    return StoreError(f"{what} keeps changing", fix="run again when other releases are done")


def pause(attempt: int) -> None:
    """Sleep before another attempt: a random time below a limit that doubles with each (0.1 s to 5 s)."""
    time.sleep(random.SystemRandom().uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)))


def retry_after(header: str, now: float) -> float | None:
    """The seconds that a `Retry-After` header asks for (RFC 9110, 10.2.3); None where it says nothing.

    >>> retry_after("3", 0), retry_after("soon", 0)
    (3.0, None)
    """
    if header.strip().isdecimal():
        return float(header)
    try:
        date = email.utils.parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return max(0.0, date.replace(tzinfo=date.tzinfo or UTC).timestamp() - now)
