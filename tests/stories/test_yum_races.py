"""Crashes at every call of the store, and other writers between any two."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from jesses.base.artifact import Artifact
from jesses.base.errors import ConflictError, StoreError
from jesses.base.retry import TRIES
from tests.support import memory_store
from tests.support.memory_store import Call, Crash, MemoryStore, crash_at, once
from tests.support.yum_client import (
    MIRRORLIST,
    NOW,
    REPOMD,
    SIGNATURE,
    Make,
    client,
    kept,
    mirror_client,
    packages_in,
    publish,
    publisher,
    renamed,
    signature_fits,
)


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    with packages_in(tmp_path_factory.mktemp("packages")) as make:
        yield make


def calls_of_one_publish(start: dict[str, bytes], artifact: Artifact) -> int:
    store = MemoryStore(start)
    publish(store, artifact, now=NOW + 5)
    return len(store.calls)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("existing", [False, True])
def test_a_crash_at_any_call_leaves_old_or_new_and_a_rerun_finishes(
    make: Make, *, when: str, existing: bool
) -> None:
    empty = MemoryStore()
    if existing:
        publish(empty, *kept(make))
    start, old = dict(empty.objects), client(empty)
    added = make(version="2.0.0")
    new = old | {("kestrel", "2.0.0", "x86_64")}
    gaps = 0
    count = calls_of_one_publish(start, added)
    for number in range(1, count + 1):
        store = MemoryStore(start)
        setattr(store, when, crash_at(number))
        with pytest.raises(Crash):
            publish(store, added, now=NOW + 5)
        store.reset()
        assert mirror_client(store) in (old, new)
        assert client(store) in (old, new)
        gaps += not signature_fits(store)
        publish(store, make(version="2.0.0"), now=NOW + 9)
        assert mirror_client(store) == client(store) == new
        assert signature_fits(store)
    # Between the copy of the pointer and its signature: the one window that users of a baseurl have.
    assert 0 < gaps <= 1


def test_a_rerun_after_a_crash_between_pointer_and_signature_completes_the_pair(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    store.before = once("put_if_unchanged", SIGNATURE, crash)
    with pytest.raises(Crash):
        publish(store, make(version="2.0.0"))
    store.reset()
    pointer = store.objects[REPOMD]
    assert not signature_fits(store)
    publish(store, make(version="2.0.0"))
    assert signature_fits(store)
    assert store.objects[REPOMD] == pointer
    assert [call.key for call in store.calls if call.writes] == [SIGNATURE]


def crash() -> None:
    raise Crash


@pytest.mark.parametrize("existing", [False, True])
def test_two_writers_at_once_lose_nothing_wherever_they_meet(make: Make, *, existing: bool) -> None:
    empty = MemoryStore()
    if existing:
        publish(empty, *kept(make))
    start = dict(empty.objects)
    ours, theirs = make(version="2.0.0"), make("kestrel-dkms", "3.0.0", "noarch")
    expected = client(empty) | {("kestrel", "2.0.0", "x86_64"), ("kestrel-dkms", "3.0.0", "noarch")}
    for number in range(1, calls_of_one_publish(start, ours) + 1):
        store = MemoryStore(start)
        store.before = at_call(number, partial(publish, store, theirs, now=NOW + 5))
        publish(store, ours, now=NOW + 5)
        assert mirror_client(store) == client(store) == expected
        assert signature_fits(store)


def test_two_jobs_of_the_same_release_meet_and_agree(make: Make) -> None:
    for number in range(1, calls_of_one_publish({}, make()) + 1):
        store = MemoryStore()
        store.before = at_call(number, partial(publish, store, make(), now=NOW + 7))
        publish(store, make(), now=NOW + 5)
        assert client(store) == {("kestrel", "1.0.0", "x86_64")}
        assert signature_fits(store)


def at_call(number: int, action: Callable[[], object]) -> Callable[[Call], None]:
    """Run `action` before call `number`, and nothing within it."""
    pending = [action]

    def hook(call: Call) -> None:
        if call.number == number and pending:
            pending.pop()()

    return hook


def test_a_lost_race_waits_longer_each_time_and_ends(make: Make) -> None:
    store = MemoryStore()
    waits: list[int] = []
    versions = (f"9.{number}.0" for number in range(1000))

    def rival(call: Call) -> None:
        if (call.operation, call.key) == ("put_if_unchanged", MIRRORLIST):
            store.before = memory_store.nothing
            publish(store, make(version=next(versions)))
            store.before = rival

    yum = publisher(store, wait=waits.append)
    yum.stage(yum.check([make()]))
    store.before = rival
    with pytest.raises(StoreError, match="keeps changing"):
        yum.commit()
    assert waits == list(range(TRIES - 1))
    store.reset()
    publish(store, make())
    assert len(client(store)) == TRIES + 1
    assert signature_fits(store)


def test_a_conflict_that_comes_between_is_found_at_the_commit(make: Make) -> None:
    store = MemoryStore()
    yum = publisher(store)
    yum.stage(yum.check([make()]))
    publish(store, renamed(make(content=b"x"), "other.rpm"))
    with pytest.raises(ConflictError):
        yum.commit()
    assert client(store) == {("kestrel", "1.0.0", "x86_64")}
    assert signature_fits(store)
