import threading
import weakref
from collections.abc import Iterator

import pytest

from jesses.base.parallel import ordered_map, processors


def test_results_come_in_order() -> None:
    assert list(ordered_map(lambda number: number * 2, range(100))) == [number * 2 for number in range(100)]


def test_the_first_error_ends_it() -> None:
    begun = []
    stop = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if number == 0:
            raise KeyError(number)
        stop.wait()
        return number

    threading.Timer(0.2, stop.set).start()
    with pytest.raises(KeyError):
        list(ordered_map(work, range(1000)))
    assert len(begun) < 1000


def test_what_costs_most_begins_first_and_results_keep_their_order() -> None:
    begun: list[int] = []
    assert list(ordered_map(begun.append, [1, 3, 2], threads=1, cost=lambda number: number)) == [None] * 3
    assert begun == [3, 2, 1]
    assert list(ordered_map(str, [1, 3, 2], cost=lambda number: number)) == ["1", "3", "2"]


def test_results_that_were_handed_over_are_let_go() -> None:
    class Result:
        pass

    results = ordered_map(lambda _: Result(), range(3), threads=1)
    first = weakref.ref(next(results))
    next(results)
    assert first() is None


def test_items_that_cannot_be_had_end_it_too() -> None:
    begun = []
    stop = threading.Event()

    def items() -> Iterator[int]:
        yield from range(100)
        stop.set()
        raise KeyError

    def work(number: int) -> None:
        stop.wait()
        begun.append(number)

    with pytest.raises(KeyError):
        list(ordered_map(work, items(), threads=1))
    assert len(begun) < 100


def test_there_is_at_least_one_processor() -> None:
    assert 1 <= processors() <= 32
