import threading
from collections.abc import Iterator

import pytest

from release.parallel import each, processors


def test_results_come_in_order() -> None:
    assert list(each(lambda number: number * 2, range(100))) == [number * 2 for number in range(100)]


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
        list(each(work, range(1000)))
    assert len(begun) < 1000


def test_an_error_of_the_items_ends_it_too() -> None:
    begun = []
    stop = threading.Event()

    def items() -> Iterator[int]:
        yield from range(1000)
        threading.Timer(0.2, stop.set).start()
        raise KeyError

    def work(number: int) -> None:
        begun.append(number)
        stop.wait()

    with pytest.raises(KeyError):
        list(each(work, items()))
    assert 1 <= len(begun) < 1000


def test_there_is_at_least_one_processor() -> None:
    assert 1 <= processors() <= 32
