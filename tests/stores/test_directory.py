import os
import stat
import threading
from pathlib import Path

import pytest

from release.errors import StoreError
from release.stores.directory import DirectoryStore


def test_what_was_put_is_read_back_with_a_token(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    assert store.get("a/b") is None
    assert store.put_if_absent("a/b", b"one")
    found = store.get("a/b")
    assert found is not None
    assert found.data == b"one"
    assert not store.put_if_absent("a/b", b"two")
    assert store.get("a/b") == found


def test_a_file_is_copied_and_left_alone(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"data")
    store = DirectoryStore(tmp_path / "store")
    store.put_if_absent("x", source)
    source.write_bytes(b"changed")
    assert (tmp_path / "store" / "x").read_bytes() == b"data"


def test_a_replacement_needs_the_token_that_was_read(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    assert store.put_if_unchanged("k", b"1", None)
    assert not store.put_if_unchanged("k", b"2", None)
    first = store.get("k")
    assert first is not None
    assert store.put_if_unchanged("k", b"2", first.token)
    assert not store.put_if_unchanged("k", b"3", first.token)
    assert not store.put_if_unchanged("other", b"3", first.token)


def test_listing_is_sorted_and_shows_no_internals(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    for key in ("b", "a/2", "a/1"):
        store.put_if_absent(key, b"")
    assert [found.key for found in store.list()] == ["a/1", "a/2", "b"]
    assert [found.key for found in store.list("a/")] == ["a/1", "a/2"]


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../../x", ".lock"])
def test_a_key_that_leaves_the_store_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(StoreError, match="is no key of a store"):
        DirectoryStore(tmp_path).put_if_absent(key, b"")


def test_the_umask_does_not_decide_who_may_read(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        DirectoryStore(tmp_path / "s").put_if_absent("a/b", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "s" / "a" / "b").stat().st_mode) == 0o644
    assert stat.S_IMODE((tmp_path / "s" / "a").stat().st_mode) == 0o755


def test_of_many_writers_exactly_one_wins_each_round(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    wins: list[int] = []

    def race(number: int) -> None:
        for _ in range(20):
            current = store.get("k")
            if store.put_if_unchanged(
                "k", (current.data if current else b"") + b".", current.token if current else None
            ):
                wins.append(number)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    final = store.get("k")
    assert final is not None
    assert len(final.data) == len(wins)


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    with pytest.raises(StoreError, match="cannot write k"):
        store.put_if_absent("k", tmp_path / "missing")
    assert list(store.list()) == []
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
