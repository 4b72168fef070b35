import pytest

from jesses.base.errors import StoreError
from jesses.base.retry import TRIES
from jesses.stores.edit import edit
from tests.support.memory_store import Call, MemoryStore, once


def more(found: bytes | None) -> bytes:
    return (found or b"") + b"ours "


def test_it_writes_what_is_made_of_what_is_there() -> None:
    store = MemoryStore({"key": b"old "})
    assert edit(store, "key", more)
    assert edit(store, "new", more)
    assert store.objects == {"key": b"old ours ", "new": b"ours "}


def test_what_stays_as_it_is_costs_one_read() -> None:
    store = MemoryStore({"key": b"old"})
    assert not edit(store, "key", lambda found: found)
    assert not edit(store, "absent", lambda found: found)
    assert [call.operation for call in store.calls] == ["get", "get"]


def test_none_deletes() -> None:
    store = MemoryStore({"key": b"old"})
    assert edit(store, "key", lambda _: None)
    assert store.objects == {}


def test_what_another_writer_adds_in_between_stays() -> None:
    store = MemoryStore({"key": b"old "})
    store.before = once("put_if_unchanged", "key", lambda: store.put("key", b"old theirs "))
    assert edit(store, "key", more)
    assert store.objects == {"key": b"old theirs ours "}


def test_a_deletion_looks_again_too() -> None:
    store = MemoryStore({"key": b"old"})
    store.before = once("delete_if_unchanged", "key", lambda: store.put("key", b"theirs"))
    assert not edit(store, "key", lambda found: None if found == b"old" else found)
    assert store.objects == {"key": b"theirs"}


def test_it_ends_where_another_writer_is_faster_each_time() -> None:
    store = MemoryStore()

    def rival(call: Call) -> None:
        if call.operation == "put_if_unchanged":
            store.objects["key"] = b"%d" % call.number

    store.before = rival
    with pytest.raises(StoreError, match="key keeps changing"):
        edit(store, "key", more)
    assert len([call for call in store.calls if call.writes]) == TRIES
