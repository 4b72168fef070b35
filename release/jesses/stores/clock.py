"""The clock of a store: what is dated by it does not depend on the clocks of the machines that publish."""

import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, runtime_checkable

from jesses.stores import Store


@runtime_checkable
class Clocked(Protocol):
    """A store with a clock of its own."""

    def now(self) -> float:
        """Seconds since 1970 UTC."""


def clock_of(store: Store) -> Callable[[], float]:
    """The clock of a store, or this machine's where it has none."""
    return store.now if isinstance(store, Clocked) else time.time


class ServerClock:
    """This machine's `clock`, put right by the field Date of a service's answers (RFC 9110, 6.6.1)."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._ahead = 0.0

    def __call__(self) -> float:
        return self._clock() + self._ahead

    def note(self, parsed: Mapping[str, Any], **_: object) -> None:
        """Take the time from an answer, as botocore's event `after-call` hands it on."""
        date = parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
        try:
            self._ahead = parsedate_to_datetime(date).timestamp() - self._clock()
        except (TypeError, ValueError):
            return
