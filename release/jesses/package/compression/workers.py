"""Threads that compress; whoever is far ahead of them waits, so that memory stays bounded."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from jesses.base.parallel import processors

P = ParamSpec("P")
R = TypeVar("R")


class Workers:
    """A pool of `threads` threads, by default one for each processor that this process may use."""

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or processors()
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="compress")
        self._slots = threading.BoundedSemaphore(2 * self.threads)

    def submit(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Have `function` called; waits while twice as many calls as threads are under way."""
        self._slots.acquire()
        future = self._pool.submit(function, *args, **kwargs)
        future.add_done_callback(lambda _: self._slots.release())
        return future

    def close(self) -> None:
        """Drop what has not begun, wait for the rest."""
        self._pool.shutdown(cancel_futures=True)
