import json
import threading
from collections.abc import Callable

import pytest

from jesses.base.errors import LeaseError, StoreError
from jesses.channel import keys
from jesses.channel.holder import Holder
from jesses.channel.lease import GRACE, SECONDS, Lease, kept
from tests.support.memory_store import MemoryStore, once
from tests.support.release_bench import FIRST, SECOND, Clock

KEY = keys.lease("kestrel", "stable")
CI = Holder(run="https://ci.example.org/7", host="runner-1", process="1:1", user="ci")


def lease(
    store: MemoryStore,
    holder: Holder = FIRST,
    *,
    clock: Clock | None = None,
    gone: Callable[[Holder], bool] = lambda _: False,
    wait: Callable[[Holder], object] | None = None,
    take_over: bool = False,
) -> Lease:
    def refuse(other: Holder) -> None:
        raise AssertionError(f"waits for {other}")

    return Lease(
        store=store,
        key=KEY,
        holder=holder,
        clock=clock or Clock(),
        gone=gone,
        wait=wait or refuse,
        take_over=take_over,
    )


def recorded(store: MemoryStore) -> dict[str, object]:
    data: dict[str, object] = json.loads(store.objects[KEY])
    return data


def test_the_first_becomes_the_holder_and_says_who_it_is() -> None:
    store, clock = MemoryStore(), Clock(now=100.0)
    held = lease(store, clock=clock)
    held.acquire()
    assert held.held
    assert recorded(store) == {
        "lease": {"run": "", "host": "one", "process": "1:1", "user": "ann", "expires": 100 + SECONDS}
    }
    assert len(store.calls) == 2


def test_another_waits_until_it_is_released() -> None:
    store = MemoryStore()
    first = lease(store)
    first.acquire()
    waits: list[Holder] = []

    def wait(other: Holder) -> None:
        waits.append(other)
        if len(waits) == 3:
            first.release()

    lease(store, SECOND, wait=wait).acquire()
    assert waits == [FIRST] * 3
    assert not first.held


def test_another_waits_until_it_is_no_more_renewed_and_the_clocks_may_differ() -> None:
    store, clock = MemoryStore(), Clock()
    first = lease(store, clock=clock)
    first.acquire()
    start = clock.now

    def wait(other: Holder) -> None:
        clock.now += 5
        if clock.now < start + 50:
            first.renew()

    lease(store, SECOND, clock=clock, wait=wait).acquire()
    assert clock.now == start + 45 + SECONDS + GRACE
    with pytest.raises(LeaseError, match=r"is not ours any more, but bob \(process 2 on two\)'s"):
        first.renew()


@pytest.mark.parametrize("write", ["renew", "update", "release"])
def test_who_lost_it_writes_nothing(write: str) -> None:
    store = MemoryStore()
    first = lease(store)
    first.acquire(lambda _: {"said": "first"})
    lease(store, SECOND, take_over=True).acquire(lambda _: {"said": "second"})
    if write == "release":
        first.release()
    else:
        with pytest.raises(LeaseError):
            first.renew() if write == "renew" else first.update({"said": "again"})
    assert recorded(store)["said"] == "second"
    assert not first.held


def test_the_same_ci_run_takes_over_at_once() -> None:
    store = MemoryStore()
    lease(store, CI).acquire()
    again = Holder(run=CI.run, host="runner-2", process="9:9", user="ci")
    lease(store, again).acquire()
    assert recorded(store)["lease"]["host"] == "runner-2"  # type: ignore[index]


def test_another_ci_run_and_no_ci_run_wait() -> None:
    for first, second in (
        (CI, Holder(run="https://ci.example.org/8", host="x", process="1:1", user="ci")),
        (FIRST, SECOND),
    ):
        store = MemoryStore()
        lease(store, first).acquire()
        with pytest.raises(AssertionError, match="waits for"):
            lease(store, second).acquire()


def test_a_process_that_is_gone_is_not_waited_for() -> None:
    store = MemoryStore()
    lease(store).acquire()
    asked: list[Holder] = []

    def gone(other: Holder) -> bool:
        asked.append(other)
        return True

    lease(store, SECOND, gone=gone).acquire()
    assert asked == [FIRST]


def test_of_two_that_want_it_at_once_one_waits() -> None:
    store = MemoryStore()
    rival = lease(store, SECOND)
    store.before = once("put_if_unchanged", KEY, rival.acquire)
    waits: list[Holder] = []

    def wait(other: Holder) -> None:
        waits.append(other)
        rival.release()

    lease(store, wait=wait).acquire()
    assert waits == [SECOND]


def test_data_are_seen_by_the_next_holder_and_a_refusal_writes_nothing() -> None:
    store = MemoryStore()
    first = lease(store)
    first.acquire(lambda found: {**found, "count": 1})
    first.update({"count": 2}, release=True)
    assert not first.held
    before = dict(store.objects)
    second = lease(store, SECOND)
    assert second.acquire(lambda _: None) == {"count": 2}
    assert not second.held
    assert store.objects == before


@pytest.mark.parametrize(
    "data", [b"no json", b"[]", b'{"lease": 1}', b'{"lease": {"host": "x"}}', b'{"lease": {"expires": 1}}']
)
def test_what_is_no_lease_is_left_alone(data: bytes) -> None:
    store = MemoryStore({KEY: data})
    with pytest.raises(StoreError, match="is no lease"):
        lease(store).acquire()
    assert store.objects == {KEY: data}


def test_it_is_renewed_in_the_background_and_released_at_the_end() -> None:
    store = MemoryStore()
    renewed = threading.Event()
    held = lease(store)
    with kept(held, every=0.001):
        held.acquire()
        calls = len(store.calls)
        store.after = lambda call: renewed.set() if call.number > calls + 2 else None
        assert renewed.wait(10)
    assert recorded(store)["lease"] is None
    count = len(store.calls)
    held.release()
    assert len(store.calls) == count


def test_a_store_that_fails_for_a_while_loses_no_lease() -> None:
    store = MemoryStore()
    failed, renewed = threading.Event(), threading.Event()

    def hook(call: object) -> None:
        if not failed.is_set():
            failed.set()
            raise StoreError("down", fix="")
        renewed.set()

    held = lease(store)
    with kept(held, every=0.001):
        held.acquire()
        store.before = hook
        assert renewed.wait(10)
    assert failed.is_set()
    assert recorded(store)["lease"] is None
