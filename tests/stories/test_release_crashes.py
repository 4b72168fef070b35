"""A whole release, dying at every call of its store: what users see in between, and what a rerun does."""

from collections.abc import Iterator

import pytest

from tests.support import apt_site, yum_client
from tests.support.memory_store import Crash, MemoryStore, crash_at
from tests.support.release_bench import NOW, Bench, Clock, CountingSigner, bench_in, packages

RPMS = {f"yum/packages/kestrel-1.0.0-{arch}.rpm" for arch in ("x86_64", "aarch64")}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench_in(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


def is_whole(store: MemoryStore) -> bool:
    """Everything is visible to everybody."""
    archs = set(apt_site.by_hash_client(store))
    return (
        archs == {"amd64", "arm64"}
        and apt_site.plain_client(store) == apt_site.by_hash_client(store)
        and yum_client.client(store) == {("kestrel", "1.0.0", arch) for arch in ("x86_64", "aarch64")}
        and yum_client.signature_fits(store, apt_site.SIGNER)
        and "files/SHA256SUMS.asc" in store.objects
    )


def calls_of_a_release(bench: Bench) -> int:
    store = MemoryStore()
    bench.release(store)
    assert is_whole(store)
    return len(store.calls)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_any_call_and_a_rerun_that_signs_and_sends_nothing_twice(
    bench: Bench, moment: str
) -> None:
    clock = Clock(now=NOW)
    for number in range(1, calls_of_a_release(bench) + 1):
        store = MemoryStore()
        signer = CountingSigner()
        setattr(store, moment, crash_at(number))
        with pytest.raises(Crash):
            bench.release(store, signer=signer, clock=clock)
        assert set(apt_site.by_hash_client(store)) in (set(), {"amd64", "arm64"})
        store.reset()
        there, before = set(store.objects), packages(store)
        signed = signer.packages
        bench.release(store, signer=signer, clock=clock)
        assert signer.packages - signed == len(RPMS - there), number
        sent = [call.key for call in store.calls if call.operation == "put_if_absent"]
        assert not before & set(sent), number
        assert is_whole(store), number
        store.reset()
        state = bench.release(store, signer=signer, clock=clock)
        assert not [call for call in store.calls if call.writes], number
        assert sum(publication.uploaded for publication in state.publications) == 0
