import time

from jesses.stores.clock import ServerClock, clock_of
from tests.support.memory_store import MemoryStore


def answer(date: str) -> dict[str, object]:
    return {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}


def test_the_time_is_that_of_the_last_answer_and_goes_on() -> None:
    now = [1_000_000_000.0]
    clock = ServerClock(lambda: now[0])
    assert clock() == 1_000_000_000
    clock.note(parsed=answer("Tue, 14 Nov 2023 22:13:20 GMT"), model=None)
    assert clock() == 1_700_000_000
    now[0] += 5
    assert clock() == 1_700_000_005


def test_an_answer_without_a_date_says_nothing() -> None:
    clock = ServerClock(lambda: 5.0)
    for parsed in ({}, answer(""), answer("yesterday")):
        clock.note(parsed=parsed)
    assert clock() == 5


def test_a_store_without_a_clock_has_this_machine_s() -> None:
    assert clock_of(MemoryStore()) is time.time
