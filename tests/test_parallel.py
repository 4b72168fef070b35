import threading

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


def test_there_is_at_least_one_processor() -> None:
    assert 1 <= processors() <= 32
