from collections.abc import Iterator
from pathlib import Path

import pytest
from semver import Version

from jesses.base.errors import ConflictError, StoreError
from jesses.channel.operations.limits import Limits
from jesses.channel.operations.opened import DAY, OpenedChannel
from jesses.channel.operations.promote import promote
from jesses.channel.operations.prune import prune
from jesses.channel.operations.yank import find, yank
from jesses.publish.factory import publishers_for
from tests.support.channel_site import CONFIG, Make, everything, makers, offered, place, release
from tests.support.memory_store import NOW, Crash, MemoryStore, crash_at

V1 = Version(1)


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    with makers(tmp_path_factory.mktemp("made")) as make:
        yield make


@pytest.fixture
def store(make: Make) -> MemoryStore:
    store = MemoryStore()
    release(place(store, "dev", prefix="dev/"), *make("1.0.0"))
    return store


def to(source: OpenedChannel, target: OpenedChannel, directory: Path) -> None:
    directory.mkdir(exist_ok=True)
    publishers = publishers_for(
        CONFIG, target.settings, store=target.store, url=target.url, signer=target.signer, clock=target.clock
    )
    promote(find(source, V1, None), source, target, publishers, directory)


def packages(store: MemoryStore, prefix: str = "") -> dict[str, bytes]:
    return {
        key.removeprefix(prefix): data
        for key, data in store.objects.items()
        if key.startswith((f"{prefix}apt/pool", f"{prefix}yum/packages", f"{prefix}files/hawk-"))
    }


@pytest.mark.parametrize("same_store", [True, False])
def test_the_same_bytes_are_offered_with_no_second_signature(
    store: MemoryStore, tmp_path: Path, *, same_store: bool
) -> None:
    other = store if same_store else MemoryStore()
    to(place(store, "dev", prefix="dev/"), place(other), tmp_path / "copies")
    assert offered(other) == everything("1.0.0")
    assert packages(other) == packages(store, "dev/")
    before = dict(other.objects)
    to(place(store, "dev", prefix="dev/"), place(other), tmp_path / "copies")
    assert other.objects == before


def test_a_yanked_version_is_promoted_nowhere(store: MemoryStore, tmp_path: Path) -> None:
    yank(place(store, "dev", prefix="dev/"), V1, None)
    before = dict(store.objects)
    with pytest.raises(ConflictError, match="was yanked from the channel dev"):
        to(place(store, "dev", prefix="dev/"), place(store), tmp_path)
    assert store.objects == before


def test_what_was_yanked_from_the_target_stays_out(store: MemoryStore, tmp_path: Path) -> None:
    to(place(store, "dev", prefix="dev/"), place(store), tmp_path)
    yank(place(store), V1, None)
    with pytest.raises(ConflictError, match="was yanked from the channel stable"):
        to(place(store, "dev", prefix="dev/"), place(store), tmp_path)
    assert offered(store) == everything()


def test_other_bytes_in_the_target_are_a_conflict(store: MemoryStore, make: Make, tmp_path: Path) -> None:
    other = MemoryStore()
    release(place(other), *make("1.0.0", content=b"other"))
    before = dict(other.objects)
    with pytest.raises(ConflictError, match="with other bytes"):
        to(place(store, "dev", prefix="dev/"), place(other), tmp_path)
    assert other.objects == before


def test_what_the_source_lost_is_said_and_changes_nothing(store: MemoryStore, tmp_path: Path) -> None:
    gone = next(key for key in store.objects if key.endswith(".rpm"))
    del store.objects[gone]
    before = dict(store.objects)
    with pytest.raises(StoreError, match=f"{gone} is gone"):
        to(place(store, "dev", prefix="dev/"), place(store), tmp_path)
    assert store.objects == before


def test_the_promoted_version_outlives_the_channel_that_it_came_from(
    store: MemoryStore, make: Make, tmp_path: Path
) -> None:
    to(place(store, "dev", prefix="dev/"), place(store), tmp_path / "copies")
    release(place(store, "dev", prefix="dev/", now=NOW + DAY), *make("2.0.0"))
    for day in (10, 17):
        prune(place(store, "dev", prefix="dev/", now=NOW + day * DAY), Limits(keep=1))
    assert packages(store, "dev/").keys() == {key for key in packages(store, "dev/") if "2.0.0" in key}
    assert offered(store) == everything("1.0.0")
    record = place(store).record("userspace", V1)
    (tmp_path / "again").mkdir()
    for name, row in record.artifacts().items():
        record.fetch(row, tmp_path / "again" / name)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_any_write_leaves_old_or_new_and_a_second_run_finishes(
    store: MemoryStore, tmp_path: Path, moment: str
) -> None:
    start = dict(store.objects)
    store.reset()
    to(place(store, "dev", prefix="dev/"), place(store), tmp_path / "copies")
    for number in [call.number for call in store.calls if call.writes]:
        crashed = MemoryStore(start)
        setattr(crashed, moment, crash_at(number))
        with pytest.raises(Crash):
            to(place(crashed, "dev", prefix="dev/"), place(crashed), tmp_path / "copies")
        crashed.reset()
        to(place(crashed, "dev", prefix="dev/"), place(crashed), tmp_path / "copies")
        assert offered(crashed) == everything("1.0.0")
