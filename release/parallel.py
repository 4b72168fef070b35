"""Several things at once, with their results in order."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_MOST: Final = 32
"""More threads than this would hold more memory than they save time."""


def processors() -> int:
    """How many threads are worth while: the processors that this process may use."""
    return min(_MOST, len(os.sched_getaffinity(0)))


def both(one: Callable[[], T], other: Callable[[], R]) -> tuple[T, R]:
    """The results of two functions that wait for something else most of the time."""
    with ThreadPoolExecutor(1) as pool:
        later = pool.submit(other)
        return one(), later.result()


def each(function: Callable[[T], R], items: Iterable[T], *, threads: int | None = None) -> Iterator[R]:
    """The results of `function` for `items`, as soon as each and all before it are there.

    The first error ends it: what has not begun by then never does.
    """
    with ThreadPoolExecutor(threads or processors()) as pool:
        yield from pool.map(function, items)
