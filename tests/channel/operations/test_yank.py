import json
from collections.abc import Iterator

import pytest
from semver import Version

from jesses.base.errors import ConflictError, RepositoryError, VersionError
from jesses.channel.operations.yank import yank
from jesses.signing.openpgp import OpenPgpSigner
from tests.support.apt_site import new_key, release_of
from tests.support.channel_site import Make, everything, makers, offered, place, release
from tests.support.memory_store import Crash, MemoryStore, crash_at, once

V1, V2 = Version(1), Version(2)
RECORD = "journal/hawk/released/userspace/2.0.0.json"


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    with makers(tmp_path_factory.mktemp("made")) as make:
        yield make


@pytest.fixture
def store(make: Make) -> MemoryStore:
    store = MemoryStore()
    release(place(store), *make("1.0.0"))
    release(place(store), *make("2.0.0"))
    assert offered(store) == everything("1.0.0", "2.0.0")
    store.reset()
    return store


def packages(store: MemoryStore) -> dict[str, bytes]:
    return {key: data for key, data in store.objects.items() if key.endswith((".deb", ".rpm", ".tar.gz"))}


def test_a_yanked_version_is_offered_to_nobody_and_its_files_stay(store: MemoryStore) -> None:
    before, files = release_of(store), packages(store)
    yank(place(store), V2, None)
    assert offered(store) == everything("1.0.0")
    assert packages(store) == files
    assert release_of(store).date > before.date
    assert json.loads(store.objects["files/latest/userspace.json"])["version"] == "1.0.0"


def test_a_yanked_version_is_refused_from_then_on(store: MemoryStore) -> None:
    yanked = yank(place(store), V2, "userspace")
    with pytest.raises(ConflictError, match=r"2\.0\.0 was yanked from the channel stable"):
        yanked.record.refuse_withdrawn("stable")
    yanked.record.refuse_withdrawn("dev")
    assert yanked.record.artifacts() == {}


def test_a_second_yank_does_nothing(store: MemoryStore) -> None:
    yank(place(store), V2, None)
    before = dict(store.objects)
    yank(place(store), V2, None)
    assert store.objects == before


@pytest.mark.parametrize("component", [None, "driver"])
def test_what_the_channel_does_not_have_is_said(store: MemoryStore, component: str | None) -> None:
    before = dict(store.objects)
    with pytest.raises(VersionError, match=r"it has userspace 1\.0\.0, userspace 2\.0\.0"):
        yank(place(store), Version(3) if component is None else V2, component)
    with pytest.raises(VersionError, match="it has nothing"):
        yank(place(store, "dev"), V2, None)
    assert store.objects == before


def test_two_components_of_a_version_must_be_told_apart(store: MemoryStore, make: Make) -> None:
    release(place(store), *make("2.0.0", "driver"))
    with pytest.raises(VersionError, match="is a version of driver, userspace"):
        yank(place(store), V2, None)
    yank(place(store), V2, "userspace")
    assert (
        offered(store)["deb"] == everything("1.0.0")["deb"] | everything("2.0.0", component="driver")["deb"]
    )


@pytest.mark.parametrize("pointer", ["apt/dists/stable/InRelease", "yum/mirrorlist", "files/SHA256SUMS"])
def test_what_another_run_adds_meanwhile_stays(store: MemoryStore, make: Make, pointer: str) -> None:
    store.before = once("put_if_unchanged", pointer, lambda: release(place(store), *make("3.0.0")))
    yank(place(store), V2, None)
    assert offered(store) == everything("1.0.0", "3.0.0")


def test_another_key_changes_nothing(store: MemoryStore) -> None:
    other: OpenPgpSigner = new_key()
    before = dict(store.objects)
    with pytest.raises(RepositoryError, match="cannot be trusted"):
        yank(place(store, signer=other), V2, None)
    assert store.objects == before


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_any_call_leaves_clients_whole_and_a_second_yank_finishes(
    store: MemoryStore, moment: str
) -> None:
    start = dict(store.objects)
    yank(place(store), V2, None)
    for number in range(1, len(store.calls) + 1):
        crashed = MemoryStore(start)
        setattr(crashed, moment, crash_at(number))
        with pytest.raises(Crash):
            yank(place(crashed), V2, None)
        crashed.reset()
        yank(place(crashed), V2, None)
        assert offered(crashed) == everything("1.0.0")
