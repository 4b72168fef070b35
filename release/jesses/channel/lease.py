"""A lease: an object in a store that one process at a time holds, and renews while it works.

It says who may move the pointers of services without conditional writes, and who writes the journal of a
release. Who holds it is decided by conditional writes alone; clocks only decide when a holder that does not
renew may be replaced. Machines' clocks may differ by `GRACE`.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from jesses.base.errors import LeaseError, StoreError
from jesses.base.retry import attempts, keeps_changing
from jesses.channel.holder import Holder
from jesses.stores import Store, StoredObject

SECONDS: Final = 60.0
GRACE: Final = 10.0

Data = Mapping[str, Any]
EditData = Callable[[Data], Data | None]
"""Gives the data to write, of those that are there; None where nothing is to be written."""


@dataclass(kw_only=True, eq=False)
class Lease:
    """The lease at `key`, for `holder`; beside it the object holds data, which only its holder changes.

    `clock` gives seconds since 1970 UTC. `gone` tells whether a holder is known to have ended. `wait` is
    called with who holds it, again and again. With `take_over` nobody is waited for.
    """

    store: Store
    key: str
    holder: Holder
    clock: Callable[[], float]
    gone: Callable[[Holder], bool]
    wait: Callable[[Holder], object]
    take_over: bool = False
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)
    _token: str | None = field(init=False, default=None)
    _data: Data = field(init=False, default_factory=dict)

    @property
    def held(self) -> bool:
        """Whether we became the holder, and have neither released it nor found that we lost it."""
        return self._token is not None

    def acquire(self, change: EditData = lambda data: data) -> Data:
        """Become the holder, as soon as it is free; gives the data as they are now.

        `change` is given the data that are there ({} where there is nothing) and gives those to write; where
        it gives None, or raises, nothing is written and nobody becomes the holder.

        Raises:
            StoreError: the store failed, or the object is no lease.

        """
        for _ in attempts(keeps_changing(self.key)):
            stored = self._free()
            found = self._parse(stored)
            found.pop("lease", None)
            wanted = change(found)
            if wanted is None:
                return found
            token = self._put(wanted, stored.token if stored else None, release=False)
            if token:
                self._token, self._data = token, wanted
                return wanted
        raise AssertionError("attempts end with an error")

    def renew(self) -> None:
        """Hold it for another while; raises `LeaseError` where another process holds it now."""
        with self._lock:
            self._write(self._data, release=False)

    def update(self, data: Data, *, release: bool = False) -> None:
        """Write the data, and renew or `release` the lease; raises `LeaseError` where it is lost."""
        with self._lock:
            self._write(data, release=release)

    def release(self) -> None:
        """Let others go on at once; where that fails, they wait until it expires."""
        with self._lock, suppress(StoreError, LeaseError):
            if self._token:
                self._write(self._data, release=True)

    def _write(self, data: Data, *, release: bool) -> None:
        token = self._token and self._put(data, self._token, release=release)
        if not token:
            self._token = None
            other, _ = self._holder_in(self.store.get(self.key))
            raise LeaseError(
                f"{self.key} is not ours any more, but {other or 'nobody'}'s: this run publishes nothing more",
                fix="see what the other run does, and run again when it is over",
            )
        self._token, self._data = None if release else token, data

    def _put(self, data: Data, token: str | None, *, release: bool) -> str | None:
        lease = None if release else {**asdict(self.holder), "expires": self.clock() + SECONDS}
        text = json.dumps({**data, "lease": lease}, indent=2) + "\n"
        return self.store.put_if_unchanged(self.key, text.encode(), token)

    def _free(self) -> StoredObject | None:
        while True:
            stored = self.store.get(self.key)
            other, expires = self._holder_in(stored)
            if other is None or self._may_replace(other, expires):
                return stored
            self.wait(other)

    def _holder_in(self, stored: StoredObject | None) -> tuple[Holder | None, float]:
        lease = self._parse(stored).get("lease")
        if lease is None:
            return None, 0
        try:
            expires = float(lease.pop("expires"))
            return Holder(**lease), expires
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._damaged() from error

    def _may_replace(self, other: Holder, expires: float) -> bool:
        same_run = bool(other.run) and other.run == self.holder.run
        expired = self.clock() >= expires + GRACE
        return other == self.holder or same_run or expired or self.take_over or self.gone(other)

    def _parse(self, stored: StoredObject | None) -> dict[str, Any]:
        try:
            data = json.loads(stored.data) if stored else {}
        except ValueError as error:
            raise self._damaged() from error
        if not isinstance(data, dict):
            raise self._damaged()
        return data

    def _damaged(self) -> StoreError:
        return StoreError(f"{self.key} is no lease", fix="look at it, then delete it")


@contextmanager
def kept(lease: Lease, *, every: float = SECONDS / 3) -> Iterator[None]:
    """Renews a lease in the background, once it is held, and releases it at the end."""
    stop = threading.Event()
    thread = threading.Thread(target=_renew, args=(lease, stop, every), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        lease.release()


def _renew(lease: Lease, stop: threading.Event, every: float) -> None:
    while not stop.wait(every):
        # A store that fails may recover until the next time; who lost the lease is told when it writes.
        with suppress(StoreError, LeaseError):
            if lease.held:
                lease.renew()
