"""What every store does. A test class for one of them inherits these, and gives the fixture `store`."""

import hashlib
import threading
from pathlib import Path

import pytest

from jesses.base.errors import StoreError
from jesses.stores import Head, Store, StoredObject, sha256_of

DIGEST = hashlib.sha256(b"data").hexdigest()


def read(store: Store, key: str, start: int = 0, size: int | None = None) -> bytes | None:
    stream = store.open(key, start=start, size=size)
    if stream is None:
        return None
    with stream:
        return stream.read()


def existing(store: Store, key: str) -> StoredObject:
    found = store.get(key)
    assert found is not None
    return found


class StoreContract:
    def test_what_is_not_there(self, store: Store) -> None:
        assert store.get("a/b") is None
        assert store.head("a/b") is None
        assert store.open("a/b") is None
        assert sha256_of(store, "a/b") is None
        assert list(store.list()) == []
        assert not store.delete_if_unchanged("a/b", "x")

    def test_what_was_put_is_read_back(self, store: Store) -> None:
        token = store.put_if_absent("a/b", b"data")
        assert existing(store, "a/b") == StoredObject(data=b"data", token=token or "")
        head = store.head("a/b")
        assert isinstance(head, Head)
        assert (head.size, head.token, head.sha256) == (4, token, DIGEST)
        assert sha256_of(store, "a/b") == DIGEST
        assert read(store, "a/b") == b"data"

    def test_a_part_of_a_directory_s_name_is_no_object(self, store: Store) -> None:
        store.put_if_absent("a/b/c", b"data")
        assert store.get("a/b") is None
        assert store.head("a") is None
        assert store.get("a/b/c/d") is None

    def test_what_exists_is_not_written_again(self, store: Store) -> None:
        store.put_if_absent("k", b"one")
        assert store.put_if_absent("k", b"two") is None
        assert store.put_if_absent("k", b"one") is None
        assert existing(store, "k").data == b"one"

    def test_a_file_is_stored_and_left_alone(self, store: Store, tmp_path: Path) -> None:
        source = tmp_path / "source-of-a-file"
        source.write_bytes(b"data")
        token = store.put_if_absent("pool/file.deb", source)
        assert existing(store, "pool/file.deb") == StoredObject(data=b"data", token=token or "")
        assert source.read_bytes() == b"data"
        assert store.put_if_absent("pool/file.deb", source) is None

    def test_an_empty_object(self, store: Store) -> None:
        token = store.put_if_absent("empty", b"")
        assert existing(store, "empty") == StoredObject(data=b"", token=token or "")
        assert read(store, "empty") == b""
        assert read(store, "empty", 0, 10) == b""

    def test_a_replacement_needs_the_token_of_what_it_replaces(self, store: Store) -> None:
        first = store.put_if_unchanged("k", b"1", None)
        assert first
        assert store.put_if_unchanged("k", b"2", None) is None
        second = store.put_if_unchanged("k", b"2", first)
        assert second
        assert store.put_if_unchanged("k", b"3", first) is None
        assert store.put_if_unchanged("other", b"3", first) is None
        assert existing(store, "k") == StoredObject(data=b"2", token=second)
        assert store.get("other") is None

    def test_a_copy_is_written_whatever_is_there(self, store: Store) -> None:
        first = store.put("copy", b"1")
        assert existing(store, "copy").token == first
        second = store.put("copy", b"2")
        assert existing(store, "copy") == StoredObject(data=b"2", token=second)
        assert second != first

    def test_a_deletion_needs_the_token_of_what_it_deletes(self, store: Store) -> None:
        first = store.put("k", b"1")
        second = store.put("k", b"2")
        assert not store.delete_if_unchanged("k", first)
        assert existing(store, "k").data == b"2"
        assert store.delete_if_unchanged("k", second)
        assert store.get("k") is None
        assert not store.delete_if_unchanged("k", second)
        assert store.put_if_absent("k", b"3")

    @pytest.mark.parametrize(
        ("start", "size", "expected"),
        [
            (0, 3, b"012"),
            (3, 4, b"3456"),
            (7, None, b"789"),
            (8, 100, b"89"),
            (10, 1, b""),
            (99, None, b""),
        ],
    )
    def test_a_part_is_read(self, store: Store, start: int, size: int | None, expected: bytes) -> None:
        store.put_if_absent("k", b"0123456789")
        assert read(store, "k", start, size) == expected

    def test_a_listing_has_what_starts_with_a_prefix_by_key(self, store: Store) -> None:
        for key in ("b", "a/2", "a/1", "a-b", "ab/c"):
            store.put_if_absent(key, b"x" * len(key))
        assert [found.key for found in store.list()] == ["a-b", "a/1", "a/2", "ab/c", "b"]
        assert [(found.key, found.size) for found in store.list("a/")] == [("a/1", 3), ("a/2", 3)]
        assert [found.key for found in store.list("a")] == ["a-b", "a/1", "a/2", "ab/c"]
        assert list(store.list("none/")) == []
        assert all(found.modified > 1_600_000_000 for found in store.list())

    @pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "./a", "a+b"])
    def test_what_is_no_key_is_refused(self, store: Store, key: str) -> None:
        with pytest.raises(StoreError, match=r"is no key of a store|holds '\+'"):
            store.put_if_absent(key, b"")
        assert list(store.list()) == []

    def test_names_that_clients_spell_differently(self, store: Store) -> None:
        for key in ("pool/a_1.0~rc.1_amd64.deb", "a b/c=d&e", "ü"):
            assert store.put_if_absent(key, key.encode())
            assert existing(store, key).data == key.encode()
        assert [found.key for found in store.list("a b")] == ["a b/c=d&e"]

    def test_of_many_writers_exactly_one_wins_each_round(self, store: Store) -> None:
        wins: list[str] = []

        def race() -> None:
            for _ in range(8):
                current = store.get("k")
                data = (current.data if current else b"") + b"."
                token = store.put_if_unchanged("k", data, current.token if current else None)
                wins.extend([token] if token else [])

        threads = [threading.Thread(target=race) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(existing(store, "k").data) == len(wins) > 0
