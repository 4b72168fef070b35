import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from jesses.base.errors import ConflictError, LeaseError, StoreError
from jesses.channel.holder import Holder
from jesses.channel.journal import journal_key
from tests.support.memory_store import Call, Crash, MemoryStore, once
from tests.support.release_bench import (
    FIRST,
    NOW,
    SECOND,
    Bench,
    Clock,
    CountingSigner,
    bench_in,
    packages,
    tarball,
)

KEY = "journal/kestrel/stable_userspace-1.0.0.json"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench_in(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


def journal_of(store: MemoryStore) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(store.objects[KEY])
    return data


def dying_at(operation: str, key: str) -> Callable[[Call], None]:
    def die() -> None:
        raise Crash

    return once(operation, key, die)


def test_it_says_what_was_published_how_far_it_got_and_by_whom(bench: Bench) -> None:
    store = MemoryStore()
    state = bench.release(store)
    found = journal_of(store)
    assert journal_key(bench.plan()) == KEY
    assert {key: found[key] for key in ("format", "release", "project", "channel", "phase", "lease")} == {
        "format": 1,
        "release": "stable_userspace-1.0.0",
        "project": "kestrel",
        "channel": "stable",
        "phase": "committed",
        "lease": None,
    }
    assert found["versions"] == {"userspace": "1.0.0"}
    assert found["commits"] == {"userspace": "c" * 40}
    assert [event["phase"] for event in found["history"]] == ["planned", "staged", "verified", "committed"]
    assert found["history"][0] == {
        "phase": "planned",
        "at": "2023-11-14T22:13:20+00:00",
        "by": {"run": "", "host": "one", "process": "1:1", "user": "ann"},
    }
    assert [(row["file"], row["sha256"], row["signed_sha256"]) for row in found["artifacts"]] == [
        (artifact.path.name, artifact.sha256, artifact.signed_sha256) for artifact in state.artifacts
    ]
    assert sum(row["signed_sha256"] is not None for row in found["artifacts"]) == 2


def test_it_costs_eight_requests(bench: Bench) -> None:
    store = MemoryStore()
    bench.release(store)
    assert [call.operation for call in store.calls if call.key == KEY] == ["get", *["put_if_unchanged"] * 7]


def test_publishing_what_is_there_writes_nothing(bench: Bench) -> None:
    store = MemoryStore()
    bench.release(store)
    store.reset()
    invalidated: list[Sequence[str]] = []
    signer = CountingSigner()
    state = bench.release(
        store, signer=signer, journal=bench.journal(store, holder=SECOND), invalidated=invalidated
    )
    assert not [call for call in store.calls if call.writes]
    assert [publication.uploaded for publication in state.publications] == [0, 0, 0]
    assert (signer.packages, invalidated) == (0, [])


def test_the_same_version_from_other_bytes_is_refused_before_anything_changes(bench: Bench) -> None:
    store = MemoryStore()
    bench.release(store)
    before = dict(store.objects)
    first, *rest = bench.artifacts()
    other = tarball(first.path.parent, b"other bytes")
    with pytest.raises(
        ConflictError, match=r"stable_userspace-1\.0\.0 .* in kestrel-1\.0\.0-x86_64\.tar\.gz"
    ):
        bench.release(store, artifacts=[other, *rest])
    assert store.objects == before


def test_a_name_of_another_release_with_other_bytes_is_refused_before_anything_is_sent(bench: Bench) -> None:
    store = MemoryStore()
    bench.release(store)
    del store.objects[KEY]
    before = dict(store.objects)
    *rest, last = bench.artifacts()
    changed = replace(last, sha256="0" * 64)
    with pytest.raises(ConflictError, match=r"aarch64\.rpm is already published with other bytes"):
        bench.release(store, artifacts=[*rest, changed])
    assert {key: data for key, data in store.objects.items() if key != KEY} == before
    bench.release(store, journal=bench.journal(store, holder=SECOND))
    assert journal_of(store)["phase"] == "committed"


def test_what_was_only_planned_binds_nobody(bench: Bench) -> None:
    store = MemoryStore()
    journal = bench.journal(store)
    first, *rest = bench.artifacts()
    gone = replace(first, path=first.path.with_name("gone.tar.gz"))
    journal.claim([replace(first, sha256="0" * 64), gone, *rest])
    state = bench.release(store)
    rows = {row["file"]: row["sha256"] for row in journal_of(store)["artifacts"]}
    assert rows == {artifact.path.name: artifact.sha256 for artifact in state.artifacts}


def test_a_staged_release_binds_even_after_a_rerun_died_early(bench: Bench) -> None:
    store = MemoryStore()
    store.before = dying_at("put_if_unchanged", "apt/dists/stable/InRelease")
    with pytest.raises(Crash):
        bench.release(store)
    store.before = dying_at("head", "files/kestrel-1.0.0-x86_64.tar.gz")
    with pytest.raises(Crash):
        bench.release(store)
    store.reset()
    assert journal_of(store)["phase"] == "planned"
    first, *rest = bench.artifacts()
    with pytest.raises(ConflictError, match=r"stable_userspace-1\.0\.0 was published with other bytes"):
        bench.release(store, artifacts=[replace(first, sha256="0" * 64), *rest])


def test_a_further_package_joins_a_finished_release(bench: Bench) -> None:
    store = MemoryStore()
    all_of_them = bench.artifacts()
    bench.release(store, artifacts=all_of_them[1:])
    state = bench.release(store)
    assert [publication.uploaded > 0 for publication in state.publications] == [True, False, False]
    assert {row["file"] for row in journal_of(store)["artifacts"]} == {
        artifact.path.name for artifact in all_of_them
    }


def test_signed_bytes_that_are_staged_are_taken_as_they_are(bench: Bench) -> None:
    store, signer = MemoryStore(), CountingSigner()
    store.before = dying_at("put_if_unchanged", "apt/dists/stable/InRelease")
    with pytest.raises(Crash):
        bench.release(store, signer=signer)
    store.reset()
    staged = {key: store.objects[key] for key in packages(store)}
    assert signer.packages == 2
    state = bench.release(store, signer=signer)
    assert signer.packages == 2
    assert {key: store.objects[key] for key in packages(store)} == staged
    for artifact in state.artifacts:
        if artifact.kind == "rpm":
            key = f"yum/packages/{artifact.path.name}"
            assert artifact.path.read_bytes() == staged[key]
            assert artifact.signed_sha256 in {row["signed_sha256"] for row in journal_of(store)["artifacts"]}


def test_of_two_runs_of_one_release_the_second_waits_and_finds_it_done(bench: Bench) -> None:
    store = MemoryStore()
    waits: list[Holder] = []
    bench.journal(store).claim(bench.artifacts())

    def wait(other: Holder) -> None:
        """The first run goes on while the second waits."""
        waits.append(other)
        bench.release(store, journal=bench.journal(store, holder=FIRST))

    second = bench.journal(store, holder=SECOND, gone=lambda _: False, wait=wait)
    state = bench.release(store, journal=second)
    assert waits == [FIRST]
    assert sum(publication.uploaded for publication in state.publications) == 0
    assert [event["by"]["user"] for event in journal_of(store)["history"]] == ["ann"] * 5


@pytest.mark.parametrize("last", ["apt/dists/stable/InRelease", "yum/repodata/repomd.xml"])
def test_who_lost_the_release_commits_nothing_more(bench: Bench, last: str) -> None:
    store = MemoryStore()
    taker = bench.journal(store, holder=SECOND, take_over=True)
    keys_before = dict(store.objects)
    # Taken over while it commits what comes before `last`.
    pointer = "files/SHA256SUMS" if last.startswith("apt") else "apt/dists/stable/InRelease"
    store.before = once("put_if_unchanged", pointer, lambda: taker.claim(bench.artifacts()))
    with pytest.raises(LeaseError, match=r"bob \(process 2 on two\)"):
        bench.release(store)
    assert pointer in store.objects
    assert last not in store.objects
    assert keys_before == {}
    store.reset()
    bench.release(store, journal=bench.journal(store, holder=SECOND))
    assert last in store.objects


def test_caches_are_told_of_all_pointers_at_once_when_it_is_committed(bench: Bench) -> None:
    store = MemoryStore()
    invalidated: list[Sequence[str]] = []
    bench.release(store, invalidated=invalidated)
    (keys,) = invalidated
    changing = {
        key
        for key in store.objects
        if key not in packages(store)
        and "by-hash" not in key
        and not key.startswith(("journal/", "released/"))
    }
    immutable = {
        key
        for key in changing
        if key.startswith("yum/snap/") or ("-" in key and key.startswith("yum/repodata/"))
    }
    assert set(keys) == changing - immutable
    assert list(keys) == sorted(keys)


def test_a_run_that_died_before_caches_were_told_tells_them_when_it_is_run_again(bench: Bench) -> None:
    store = MemoryStore()
    told: list[Sequence[str]] = []

    class Fails(list[Sequence[str]]):
        def append(self, keys: Sequence[str]) -> None:
            raise StoreError("down", fix="")

    with pytest.raises(StoreError):
        bench.release(store, invalidated=Fails())
    assert journal_of(store)["phase"] == "verified"
    bench.release(store, invalidated=told)
    assert len(told) == 1
    assert journal_of(store)["phase"] == "committed"


def test_its_times_are_those_of_the_clock(bench: Bench) -> None:
    store, clock = MemoryStore(), Clock(now=NOW)

    def tick(call: Call) -> None:
        clock.now += 1

    store.after = tick
    bench.release(store, clock=clock)
    times = [event["at"] for event in journal_of(store)["history"]]
    assert times == sorted(set(times))
