from collections.abc import Iterator
from threading import Barrier

import pytest
from semver import Version

from jesses.base.errors import RepositoryError
from jesses.channel.operations.limits import Limits
from jesses.channel.operations.opened import DAY
from jesses.channel.operations.prune import Pruned, prune
from jesses.channel.operations.yank import yank
from jesses.publish.apt.metadata import Digest, ReleaseFile
from jesses.stores.dry_run import DryRunStore
from jesses.stores.recording import RecordedStore
from tests.support import apt_site
from tests.support.apt_site import new_key
from tests.support.channel_site import Make, everything, journal, makers, offered, place, release
from tests.support.memory_store import NOW, Call, Crash, MemoryStore, crash_at

KEEP = Limits(keep=2)


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    with makers(tmp_path_factory.mktemp("made")) as make:
        yield make


@pytest.fixture(scope="module")
def start(make: Make) -> dict[str, bytes]:
    store = MemoryStore()
    for day, version in enumerate(("1.0.0", "2.0.0", "3.0.0")):
        release(place(store, now=NOW + day * DAY), *make(version))
    return store.objects


@pytest.fixture
def store(start: dict[str, bytes]) -> MemoryStore:
    return MemoryStore(start)


def after(store: MemoryStore, days: float, limits: Limits = KEEP) -> Pruned:
    return prune(place(store, now=NOW + days * DAY), limits)


def about(store: MemoryStore, version: str) -> set[str]:
    """The keys that speak of a version."""
    return {key for key in store.objects if version in key}


def test_what_is_beyond_the_limit_leaves_the_indexes_at_once_and_the_store_a_week_later(
    store: MemoryStore,
) -> None:
    files = about(store, "1.0.0")
    assert len(files) == 7  # five packages, the journal and the record
    pruned = after(store, 10)
    assert list(map(str, pruned.withdrawn)) == ["userspace 1.0.0"]
    assert offered(store) == everything("2.0.0", "3.0.0")
    assert about(store, "1.0.0") == files
    after(store, 16.9)
    assert about(store, "1.0.0") == files
    pruned = after(store, 17)
    assert about(store, "1.0.0") == set()
    assert list(map(str, pruned.forgotten)) == ["userspace 1.0.0"]
    assert offered(store) == everything("2.0.0", "3.0.0")


def test_indexes_that_nobody_names_go_a_week_after_they_were_found(store: MemoryStore) -> None:
    def indexes() -> set[str]:
        return {key for key in store.objects if "/by-hash/" in key or "/snap/" in key}

    before = indexes()
    after(store, 10)
    assert before <= indexes()
    after(store, 16.9)
    assert before <= indexes()
    pruned = after(store, 17)
    assert not before & indexes()
    assert before <= set(pruned.deleted)
    assert offered(store) == everything("2.0.0", "3.0.0")
    after(store, 40)
    assert offered(store) == everything("2.0.0", "3.0.0")


def test_what_is_younger_than_a_week_may_belong_to_a_release_under_way(store: MemoryStore) -> None:
    staged = "apt/pool/main/hawk/staged.deb"
    store.objects[staged] = b"staged"
    after(store, 6)
    after(store, 14)
    assert staged in store.objects
    after(store, 21)
    assert staged not in store.objects


def test_what_was_made_by_others_is_never_deleted(store: MemoryStore) -> None:
    theirs = {
        "apt/pool/contrib/a/a.deb",
        "apt/README",
        "yum/comps.xml",
        "yum/Packages/a.rpm",
        "files/notes.txt",
        "other/file",
    }
    store.objects |= dict.fromkeys(theirs, b"theirs")
    after(store, 10)
    after(store, 30)
    assert theirs <= set(store.objects)


def test_an_index_of_another_tool_that_release_names_stays(store: MemoryStore) -> None:
    # Such as Contents of all components, which lie beside InRelease itself.
    release = apt_site.release_of(store)
    digest = Digest.of(b"theirs")
    named = ReleaseFile(fields=release.fields, files={**release.files, "Contents-amd64": digest})
    store.objects[apt_site.IN_RELEASE] = apt_site.SIGNER.clearsign(named.render())
    key = f"{apt_site.SUITE}/by-hash/SHA256/{digest.sha256}"
    store.objects[key] = b"theirs"
    after(store, 10)
    after(store, 30)
    assert key in store.objects


def test_records_and_journals_are_read_side_by_side(store: MemoryStore) -> None:
    together = Barrier(2, timeout=20)

    def meet(call: Call) -> None:
        """Nobody goes on before another one has come."""
        if call.operation == "get" and call.key in awaited:
            together.wait()

    records = {key for key in store.objects if "/released/userspace/" in key}
    journals = {key for key in store.objects if key.startswith("journal/hawk/stable_")}
    assert len(records) == len(journals) == 3
    awaited = {*sorted(records)[:2], *sorted(journals)[:2]}
    store.before = meet
    after(store, 3, Limits())


def test_the_driver_that_the_newest_was_released_with_stays(store: MemoryStore, make: Make) -> None:
    for day, version in enumerate(("0.1.0", "0.2.0", "0.3.0"), start=3):
        release(place(store, now=NOW + day * DAY), *make(version, "driver"))
    journal(place(store, now=NOW + 6 * DAY), {"userspace": Version(3), "driver": Version.parse("0.1.0")})
    pruned = after(store, 10, Limits(keep=1))
    assert list(map(str, pruned.withdrawn)) == ["userspace 1.0.0", "userspace 2.0.0", "driver 0.2.0"]
    assert (
        offered(store)["deb"]
        == everything("3.0.0")["deb"] | everything("0.1.0", "0.3.0", component="driver")["deb"]
    )


def test_by_size(store: MemoryStore) -> None:
    one = sum(len(store.objects[key]) for key in about(store, "3.0.0") if not key.startswith("journal/"))
    pruned = after(store, 10, Limits(size=int(one * 1.5)))
    assert list(map(str, pruned.withdrawn)) == ["userspace 1.0.0", "userspace 2.0.0"]


def test_of_a_yanked_version_the_record_stays(store: MemoryStore) -> None:
    yank(place(store, now=NOW + 10 * DAY), Version(1), None)
    after(store, 17, Limits())
    assert about(store, "1.0.0") == {"journal/hawk/released/userspace/1.0.0.json"}
    assert offered(store) == everything("2.0.0", "3.0.0")


def test_a_pruned_version_can_be_published_again_when_nothing_of_it_is_left(
    store: MemoryStore, make: Make
) -> None:
    after(store, 10)
    after(store, 17)
    release(place(store, now=NOW + 18 * DAY), *make("1.0.0", content=b"other"))
    assert offered(store) == everything("1.0.0", "2.0.0", "3.0.0")


def test_nothing_beyond_the_limits_and_nothing_old_is_no_change(store: MemoryStore) -> None:
    before = dict(store.objects)
    after(store, 6, Limits(keep=3))
    assert store.objects == before


@pytest.mark.parametrize("day", [10, 17])
def test_a_dry_run_lists_what_the_real_run_does(store: MemoryStore, day: float) -> None:
    if day > 10:
        after(store, 10)
    before = dict(store.objects)
    dry, real = DryRunStore(store), RecordedStore(store)
    prune(place(dry, now=NOW + day * DAY), KEEP)
    assert store.objects == before
    prune(place(real, now=NOW + day * DAY), KEEP)

    def changes(view: DryRunStore | RecordedStore) -> set[tuple[str, str]]:
        return {(change.key, change.kind) for change in view.changes}

    assert changes(dry) == changes(real)
    changed = {key for key in before | store.objects if before.get(key) != store.objects.get(key)}
    assert {key for key, _ in changes(real)} == changed


def test_a_repository_of_another_key_is_left_alone(store: MemoryStore) -> None:
    before = dict(store.objects)
    with pytest.raises(RepositoryError, match="cannot be trusted"):
        prune(place(store, now=NOW + 10 * DAY, signer=new_key()), KEEP)
    assert store.objects == before


@pytest.mark.parametrize("day", [10, 17])
def test_a_crash_at_any_call_leaves_clients_whole_and_a_second_run_finishes(
    store: MemoryStore, day: float
) -> None:
    if day > 10:
        after(store, 10)
    begin = dict(store.objects)
    store.reset()
    after(store, day)
    done, calls = about(store, "1.0.0"), len(store.calls)
    writes = [call.number for call in store.calls if call.writes]
    assert calls > len(writes) > 3
    for number in writes:
        crashed = MemoryStore(begin)
        crashed.after = crash_at(number)
        with pytest.raises(Crash):
            after(crashed, day)
        crashed.reset()
        after(crashed, day)
        assert offered(crashed) == everything("2.0.0", "3.0.0")
        assert about(crashed, "1.0.0") == done
