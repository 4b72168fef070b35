"""Several things at once, with their results in order."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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


def ordered_map(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    threads: int | None = None,
    cost: Callable[[T], int] | None = None,
) -> Iterator[R]:
    """The results of `function` for `items`, as soon as each and all before it are there.

    Those of the highest `cost` begin first, so that none of them is left alone at the end. The first error ends
    it: what has not begun by then never does.
    """
    with ThreadPoolExecutor(threads or processors()) as pool:
        try:
            results = _submitted(pool, function, items, cost)
            # Nothing of what was handed over is held any longer.
            while results:
                yield results.popleft().result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _submitted(
    pool: ThreadPoolExecutor, function: Callable[[T], R], items: Iterable[T], cost: Callable[[T], int] | None
) -> deque[Future[R]]:
    if cost is None:
        return deque(pool.submit(function, item) for item in items)
    numbered = dict(enumerate(items))
    begun = sorted(numbered, key=lambda number: -cost(numbered[number]))
    results = {number: pool.submit(function, numbered[number]) for number in begun}
    return deque(results[number] for number in numbered)
