from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pytest

from jesses.base.artifact import Artifact
from jesses.base.errors import StoreError
from jesses.stores import Metadata
from tests.support.apt_site import (
    IN_RELEASE,
    SUITE,
    Make,
    by_hash_client,
    deb_maker,
    plain_client,
    publish,
    publisher,
)
from tests.support.memory_store import Call, Crash, MemoryStore, crash_at, nothing, once


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    with deb_maker(tmp_path_factory.mktemp("packages")) as make:
        yield make


def test_two_jobs_that_meet_at_the_swap_both_become_visible(make: Make) -> None:
    store = MemoryStore()
    waited: list[int] = []
    store.before = once("put_if_unchanged", IN_RELEASE, lambda: publish(store, make(version="2.0.0")))
    apt = publisher(store, wait=waited.append)
    apt.stage(apt.check([make()]))
    apt.commit()
    assert waited == [0]
    assert by_hash_client(store)["amd64"] == {("kestrel", "1.0.0", "amd64"), ("kestrel", "2.0.0", "amd64")}
    assert plain_client(store) == by_hash_client(store)


def test_a_rival_at_any_call_loses_nothing_and_nothing_is_lost(make: Make) -> None:
    ours, theirs = (
        (make(), make("kestrel-dkms", arch="noarch")),
        (make(version="2.0.0"), make(arch="aarch64")),
    )
    expected = {
        ("kestrel", "1.0.0", "amd64"),
        ("kestrel", "2.0.0", "amd64"),
        ("kestrel-dkms", "1.0.0", "all"),
    }
    for number in range(1, calls_of(ours) + 1):
        store = MemoryStore()
        store.before = at(number, partial(publish, store, *theirs))
        publish(store, *ours)
        assert by_hash_client(store)["amd64"] == expected, number
        assert plain_client(store) == by_hash_client(store), number


def calls_of(artifacts: Sequence[Artifact]) -> int:
    store = MemoryStore()
    publish(store, *artifacts)
    return len(store.calls)


def at(number: int, action: Callable[[], object]) -> Callable[[Call], None]:
    def hook(call: Call) -> None:
        if call.number == number:
            action()

    return hook


def test_a_job_that_always_loses_gives_up_with_a_cure(make: Make) -> None:
    store = MemoryStore()
    versions = iter(range(100))

    def rival(call: Call) -> None:
        if (call.operation, call.key) == ("put_if_unchanged", IN_RELEASE):
            store.before = nothing
            publish(store, make(version=f"2.{next(versions)}.0"))
            store.before = rival

    store.before = rival
    with pytest.raises(StoreError, match="keeps changing"):
        publish(store, make())


def test_plain_copies_follow_a_pointer_that_moves_while_they_are_written(make: Make) -> None:
    store = MemoryStore()
    store.before = once("put", f"{SUITE}/Release", lambda: publish(store, make(version="2.0.0")))
    publish(store, make())
    assert plain_client(store) == by_hash_client(store)
    assert len(by_hash_client(store)["amd64"]) == 2


class LostAnswerStore(MemoryStore):
    """Carries out the first swap of the pointer, and then says that it was refused, as a retried request does."""

    lost = False

    def put_if_unchanged(
        self, key: str, data: bytes, token: str | None, metadata: Metadata | None = None
    ) -> str | None:
        done = super().put_if_unchanged(key, data, token)
        if key != IN_RELEASE or self.lost:
            return done
        self.lost = True
        return None


def test_a_lost_answer_to_a_swap_that_succeeded_is_success(make: Make) -> None:
    store = LostAnswerStore()
    publish(store, make())
    swaps = [call for call in store.calls if (call.operation, call.key) == ("put_if_unchanged", IN_RELEASE)]
    assert len(swaps) == 1
    assert by_hash_client(store)["amd64"] == {("kestrel", "1.0.0", "amd64")}


# Crashes


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("first", [True, False], ids=["first", "next"])
def test_a_crash_at_any_call_leaves_old_or_new_and_a_rerun_completes_it(
    make: Make, *, applied: bool, first: bool
) -> None:
    old = MemoryStore()
    if not first:
        publish(old, make(), make(arch="aarch64"))
    new = [make(version="1.1.0"), make(version="1.1.0", arch="aarch64"), make("kestrel-dkms", arch="noarch")]
    done = MemoryStore(old.objects)
    publish(done, *new)
    states = [by_hash_client(old), by_hash_client(done)]
    for number in range(1, len(done.calls) + 1):
        store = MemoryStore(old.objects)
        setattr(store, "after" if applied else "before", crash_at(number))
        with pytest.raises(Crash):
            publish(store, *new)
        assert by_hash_client(store) in states, number
        store.reset()
        publish(store, *new)
        assert by_hash_client(store) == plain_client(store) == states[1], number
        assert {key for key in store.objects if "by-hash" not in key} == {
            key for key in done.objects if "by-hash" not in key
        }
