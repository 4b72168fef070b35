from pathlib import Path

import pytest

from jesses.base.errors import StoreError
from jesses.stores import Metadata
from jesses.stores.probe import probe
from tests.support.memory_store import MemoryStore

KEY = "notes/probe"


class NeverRefusing(MemoryStore):
    """A service that ignores If-None-Match."""

    def put_if_absent(self, key: str, source: Path | bytes, metadata: Metadata | None = None) -> str | None:
        assert isinstance(source, bytes)
        return self.put(key, source, metadata)


class NeverComparing(MemoryStore):
    """A service that ignores If-Match."""

    def put_if_unchanged(
        self,
        key: str,
        data: bytes,
        token: str | None,
        metadata: Metadata | None = None,
    ) -> str | None:
        return self.put(key, data, metadata)


def test_a_store_that_keeps_conditions_passes_in_two_requests() -> None:
    store = MemoryStore()
    probe(store, KEY)
    assert list(store.objects) == [KEY]
    store.reset()
    probe(store, KEY)
    assert [call.operation for call in store.calls] == ["put_if_absent", "put_if_unchanged"]


@pytest.mark.parametrize(
    ("store", "header"), [(NeverRefusing(), "If-None-Match"), (NeverComparing(), "If-Match")]
)
def test_a_store_that_ignores_one_is_refused(store: MemoryStore, header: str) -> None:
    with pytest.raises(StoreError, match=f"the store ignores {header}: "):
        probe(store, KEY)
