"""What channels tell of a version, from whole releases to a store in memory that live or die."""

from collections.abc import Iterator

import pytest
from semver import Version

from jesses.base.errors import StoreError
from jesses.channel.records import Record
from jesses.config import Channel, Config, PackageTable
from jesses.cut.channels import ChannelContents
from tests.support.memory_store import Crash, MemoryStore, once
from tests.support.release_bench import PROJECT, SECOND, Bench, bench_in

KEY = "journal/kestrel/stable_userspace-1.0.0.json"
TARBALL = "kestrel-1.0.0-x86_64.tar.gz"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench_in(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


def channels(store: MemoryStore) -> ChannelContents:
    config = Config(
        project=PROJECT,
        components={},
        packages={"kestrel": PackageTable(component="userspace", build="", description="", contents=())},
        channels={"stable": Channel(store="x"), "dev": Channel(store="y")},
    )
    return ChannelContents(config, {"stable": store, "dev": MemoryStore()})


def standing(store: MemoryStore, version: str = "1.0.0", component: str = "userspace") -> dict[str, str]:
    return {each.name: each.state for each in channels(store).files(component, Version.parse(version))}


def dies_at(bench: Bench, store: MemoryStore, operation: str, key: str) -> None:
    def die() -> None:
        raise Crash

    store.before = once(operation, key, die)
    with pytest.raises(Crash):
        bench.release(store)
    store.reset()


def test_a_finished_release_is_visible_with_the_digests_that_users_get(bench: Bench) -> None:
    store = MemoryStore()
    state = bench.release(store)
    found = channels(store).files("userspace", Version.parse("1.0.0"))
    assert {(each.place, each.name, each.state, each.sha256) for each in found} == {
        ("stable", artifact.path.name, "visible", artifact.published_sha256) for artifact in state.artifacts
    }
    assert channels(store).holding("userspace", Version.parse("1.0.0")) == ["channel stable"]


def test_another_version_and_another_component_are_none_of_it(bench: Bench) -> None:
    store = MemoryStore()
    bench.release(store)
    assert (
        standing(store, "1.0.1") == standing(store, "1.0.0-rc1") == standing(store, component="driver") == {}
    )
    assert channels(store).holding("userspace", Version.parse("1.0.1")) == []


def test_what_a_run_that_died_has_staged_is_told_and_holds_the_version(bench: Bench) -> None:
    store = MemoryStore()
    dies_at(bench, store, "put_if_unchanged", "apt/dists/stable/InRelease")
    assert set(standing(store).values()) == {"staged", "visible"}
    assert [name for name, state in standing(store).items() if state == "visible"] == [TARBALL]
    assert channels(store).holding("userspace", Version.parse("1.0.0")) == ["channel stable"]
    bench.release(store, journal=bench.journal(store, holder=SECOND))
    assert set(standing(store).values()) == {"visible"}


def test_what_was_only_planned_is_told_and_holds_nothing(bench: Bench) -> None:
    store = MemoryStore()
    bench.journal(store).claim(bench.artifacts())
    assert set(standing(store).values()) == {"planned"}
    assert channels(store).holding("userspace", Version.parse("1.0.0")) == []


def test_a_rerun_that_died_early_takes_nothing_back(bench: Bench) -> None:
    store = MemoryStore()
    dies_at(bench, store, "put_if_unchanged", "files/SHA256SUMS")
    assert set(standing(store).values()) == {"staged"}
    dies_at(bench, store, "head", f"files/{TARBALL}")
    assert set(standing(store).values()) == {"staged"}


def test_what_was_yanked_is_told_and_holds_the_version(bench: Bench) -> None:
    store = MemoryStore()
    bench.release(store)
    Record(store=store, project=PROJECT.name, component="userspace", version=Version.parse("1.0.0")).withdraw(
        "stable", "yanked", now=1
    )
    assert set(standing(store).values()) == {"withdrawn"}
    assert channels(store).holding("userspace", Version.parse("1.0.0")) == ["channel stable"]


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"channel": "stable", "versions": {"userspace": "1.0.0"}}'])
def test_a_damaged_journal_is_told(text: bytes) -> None:
    store = MemoryStore()
    store.put(KEY, text)
    with pytest.raises(StoreError, match="is no journal of a release"):
        standing(store)
