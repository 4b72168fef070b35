import os
import resource
import signal
import stat
from pathlib import Path

import pytest

from jesses.base.errors import StoreError
from jesses.stores.directory import DirectoryStore
from tests.support.store_contract import StoreContract


class TestDirectoryStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> DirectoryStore:
        return DirectoryStore(tmp_path / "store")


def test_listing_shows_no_internals(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.put_if_absent("a/1", b"")
    (tmp_path / "a" / ".new-x").touch()
    assert [found.key for found in store.list()] == ["a/1"]


def test_a_full_disk_is_told_and_nothing_changes(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.put("k", b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(StoreError, match=r"cannot write k in .*: File too large"):
            store.put("k", b"x" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert (tmp_path / "k").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "k"]


@pytest.mark.parametrize("key", [".lock", "a/.new-x"])
def test_a_key_of_its_own_files_is_refused(tmp_path: Path, key: str) -> None:
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


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    with pytest.raises(StoreError, match="cannot write k"):
        store.put_if_absent("k", tmp_path / "missing")
    assert list(store.list()) == []
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
