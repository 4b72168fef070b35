import pytest

from jesses.stores.dry_run import DryRunStore, StoreChange
from tests.support.memory_store import MemoryStore
from tests.support.store_contract import StoreContract


class TestDryRunStore(StoreContract):
    @pytest.fixture
    def store(self) -> DryRunStore:
        return DryRunStore(MemoryStore())


def test_it_says_what_would_change_and_changes_nothing() -> None:
    inner = MemoryStore({"old": b"1", "gone": b"2", "kept": b"3"})
    before = dict(inner.objects)
    store = DryRunStore(inner)
    old, gone = store.get("old"), store.get("gone")
    assert old
    assert gone
    assert store.put_if_absent("new", b"4444")
    assert store.put_if_absent("kept", b"5") is None
    assert store.put_if_unchanged("old", b"66", old.token)
    assert store.put_if_unchanged("kept", b"7", "moved") is None
    assert store.delete_if_unchanged("gone", gone.token)
    assert store.changes == (
        StoreChange(key="new", kind="new", size=4),
        StoreChange(key="old", kind="replaced", size=2),
        StoreChange(key="gone", kind="deleted", size=0),
    )
    assert inner.objects == before
    assert not [call for call in inner.calls if call.writes]


def test_it_reads_what_would_be_there() -> None:
    store = DryRunStore(MemoryStore({"a": b"1", "b": b"2"}))
    store.put("b", b"22")
    store.put("c", b"333")
    head = store.head("a")
    assert head
    store.delete_if_unchanged("a", head.token)
    assert [(found.key, found.size) for found in store.list()] == [("b", 2), ("c", 3)]
    assert store.get("a") is None


def test_what_comes_and_goes_is_no_change() -> None:
    store = DryRunStore(MemoryStore())
    store.delete_if_unchanged("k", store.put("k", b"1"))
    assert store.changes == ()
