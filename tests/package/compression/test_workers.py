import threading

import pytest

from jesses.package.compression.workers import Workers


def test_whoever_is_far_ahead_waits() -> None:
    workers, go, begun = Workers(1), threading.Event(), []

    def submit() -> None:
        for number in range(3):
            workers.submit(go.wait)
            begun.append(number)

    ahead = threading.Thread(target=submit)
    ahead.start()
    ahead.join(0.2)
    assert (ahead.is_alive(), begun) == (True, [0, 1])
    go.set()
    ahead.join(10)
    assert begun == [0, 1, 2]
    workers.close()


def test_an_error_is_that_of_the_future() -> None:
    workers = Workers(1)
    future = workers.submit(int, "no number")
    with pytest.raises(ValueError, match="no number"):
        future.result()
    workers.close()
