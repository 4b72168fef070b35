import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs
from semver import Version

from jesses.base.errors import ConflictError, FormatError, StoreError
from jesses.channel.operations import unrecorded
from jesses.channel.operations.limits import Limits
from jesses.channel.operations.opened import DAY, OpenedChannel
from jesses.channel.operations.promote import promote
from jesses.channel.operations.prune import prune
from jesses.channel.operations.yank import find, yank
from jesses.config import parse
from jesses.publish.apt import index
from jesses.publish.apt.index import Stanza
from jesses.publish.factory import publishers_for
from jesses.publish.shared.edit import edit
from tests.support import deb_example
from tests.support.channel_site import CONFIG, Make, everything, makers, offered, place, release
from tests.support.hawk import PRODUCT
from tests.support.memory_store import NOW, MemoryStore

V1, V2 = Version(1), Version(2)
COMPONENTS = {"hawk-userspace": "userspace", "hawk-driver": "driver"}
RECORDS = "journal/hawk/released/"


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    with makers(tmp_path_factory.mktemp("made")) as make:
        yield make


def store_of(make: Make, *versions: str) -> MemoryStore:
    """What a tool without records has published."""
    store = MemoryStore()
    for version in versions:
        release(place(store), *make(version))
    for key in [key for key in store.objects if key.startswith("journal/")]:
        del store.objects[key]
    assert offered(store) == everything(*versions)
    return store


def records(store: MemoryStore) -> set[str]:
    return {key.removeprefix(RECORDS) for key in store.objects if key.startswith(RECORDS)}


def later(store: MemoryStore, days: float) -> OpenedChannel:
    return place(store, now=NOW + days * DAY)


def note(where: OpenedChannel, version: Version, component: str | None = None) -> None:
    unrecorded.note(where, COMPONENTS, version, component)


def test_a_version_without_a_record_is_yanked_everywhere_and_refused_from_then_on(make: Make) -> None:
    store = store_of(make, "1.0.0", "2.0.0")
    note(place(store), V2)
    assert records(store) == {"userspace/2.0.0.json"}
    yanked = yank(place(store), V2, None)
    assert offered(store) == everything("1.0.0")
    with pytest.raises(ConflictError, match=r"2\.0\.0 was yanked from the channel stable"):
        yanked.record.refuse_withdrawn("stable")
    # What was the latest is followed by what the records know.
    assert "files/latest/userspace.json" not in store.objects or (
        json.loads(store.objects["files/latest/userspace.json"])["version"] != "2.0.0"
    )


def test_what_is_noted_says_what_the_index_says_and_no_release_takes_it_from_there(make: Make) -> None:
    store = store_of(make, "1.0.0")
    unrecorded.note_all(place(store), COMPONENTS)
    record = place(store).record("userspace", V1)
    listing = record.read().channels["stable"]
    assert listing.published == int(NOW)
    assert set(listing.objects) == {artifact.path.name for artifact in make("1.0.0")}
    assert all(entry["key"] in store.objects for entry in listing.objects.values())
    assert record.artifacts() == {}


def test_what_is_recorded_is_not_noted_again(make: Make) -> None:
    store = MemoryStore()
    release(place(store), *make("1.0.0"))
    store.reset()
    before = dict(store.objects)
    note(place(store), V1)
    assert not [call for call in store.calls if "InRelease" in call.key]
    unrecorded.note_all(place(store), COMPONENTS)
    assert store.objects == before


def test_a_release_of_what_was_noted_completes_the_record(make: Make) -> None:
    store, made = store_of(make, "1.0.0"), make("1.0.0")
    unrecorded.note_all(place(store), COMPONENTS)
    record = place(store).record("userspace", V1)
    keys = {name: entry["key"] for name, entry in record.read().channels["stable"].objects.items()}
    record.write(made, keys, channel="stable", now=NOW + DAY, commit="abc")
    assert set(record.artifacts()) == {artifact.path.name for artifact in made}
    listing = record.read().channels["stable"]
    assert (listing.commit, listing.published) == ("abc", int(NOW))


def test_versions_of_another_component_are_noted_beside_a_recorded_one(make: Make) -> None:
    store = MemoryStore()
    release(place(store), *make("1.0.0"))
    release(place(store), *make("1.0.0", "driver"))
    del store.objects[f"{RECORDS}driver/1.0.0.json"]
    note(place(store), V1, "userspace")
    assert records(store) == {"userspace/1.0.0.json"}
    note(place(store), V1, "driver")
    yank(place(store), V1, "driver")
    assert offered(store) == everything("1.0.0")


def test_a_repository_of_another_tool(make: Make) -> None:
    store = store_of(make, "3.0.0")
    add(store, "hawk-userspace", "1.0.0-1", "./pool/main/h/one.deb")
    add(store, "hawk-userspace", "1.1.0~rc1", "pool/main/h/two.deb")
    add(store, "hawk-userspace", "2024.07", "pool/main/h/three.deb")
    add(store, "other", "1.0.0", "pool/main/o/other.deb")
    unrecorded.note_all(place(store), COMPONENTS)
    assert records(store) == {f"userspace/{name}.json" for name in ("1.0.0", "1.1.0-rc1", "3.0.0")}
    yank(place(store), V1, None)
    assert listed(store) == {
        ("hawk-userspace", "1.1.0~rc1"),
        ("hawk-userspace", "2024.07"),
        ("hawk-userspace", "3.0.0"),
        ("other", "1.0.0"),
    }


def add(store: MemoryStore, name: str, version: str, filename: str, sha256: str = "") -> None:
    control = f"Package: {name}\nVersion: {version}\nArchitecture: amd64\n"
    stanza = Stanza.of(control, filename=filename, size=1, sha256=sha256 or f"{name}{version}".encode().hex())
    edit(place(store).apt(), lambda indexes: index.add(indexes, [stanza]))


def listed(store: MemoryStore) -> set[tuple[str, str]]:
    stanzas = place(store).apt().read().indexes["amd64"].stanzas()
    return {(stanza.package, stanza.version) for stanza in stanzas}


def test_what_is_beyond_the_limits_is_pruned(make: Make) -> None:
    store = store_of(make, "1.0.0", "2.0.0", "3.0.0")
    unrecorded.note_all(later(store, 1), COMPONENTS)
    prune(later(store, 1), Limits(keep=2))
    assert offered(store) == everything("2.0.0", "3.0.0")
    prune(later(store, 10), Limits(keep=2))
    assert not [key for key in store.objects if "1.0.0" in key]
    assert offered(store) == everything("2.0.0", "3.0.0")


# Promoting


def to(source: OpenedChannel, target: OpenedChannel, directory: Path) -> None:
    directory.mkdir()
    publishers = publishers_for(
        CONFIG, target.settings, store=target.store, url=target.url, signer=target.signer, clock=target.clock
    )
    promote(find(source, V1, None), source, target, publishers, directory)


def test_the_same_bytes_are_promoted(make: Make, tmp_path: Path) -> None:
    store, other = store_of(make, "1.0.0"), MemoryStore()
    note(place(store), V1)
    to(place(store), place(other), tmp_path / "copies")
    assert offered(other) == everything("1.0.0")
    package = "yum/packages/hawk-userspace-1.0.0-x86_64.rpm"
    assert store.objects[package] == other.objects[package]
    rows = place(other).record("userspace", V1).artifacts()
    made = {artifact.path.name: artifact for artifact in make("1.0.0")}
    assert {name: (row.kind, row.arch, row.name) for name, row in rows.items()} == {
        name: (artifact.kind, artifact.arch, artifact.name) for name, artifact in made.items()
    }
    # Identity is the digest before signing, here too.
    assert {name: row.sha256 for name, row in rows.items()} == {
        name: artifact.sha256 for name, artifact in made.items()
    }


def test_what_cannot_be_promoted_is_said_and_changes_nothing(make: Make, tmp_path: Path) -> None:
    store, other = store_of(make, "1.0.0"), MemoryStore()
    key = "apt/pool/main/hawk-userspace/hawk-userspace-1.0.0-x86_64.deb"
    note(place(store), V1)
    store.objects[key] = store.objects[key][:-1] + b"x"
    with pytest.raises(StoreError, match="is not what was released"):
        to(place(store), place(other), tmp_path / "copies")
    assert other.objects == {}


def test_a_package_for_a_machine_that_is_not_released_for_is_not_promoted(tmp_path: Path) -> None:
    store, other = MemoryStore(), MemoryStore()
    store.objects["apt/pool/i386.deb"] = package_for("i386")
    digest = hashlib.sha256(package_for("i386")).hexdigest()
    add(store, "hawk-userspace", "1.0.0", "pool/i386.deb", digest)
    note(place(store), V1)
    with pytest.raises(FormatError, match=r"i386\.deb is for the machine i386"):
        to(place(store), place(other), tmp_path / "copies")
    assert other.objects == {}


def package_for(machine: str) -> bytes:
    control = f"Package: hawk-userspace\nVersion: 1.0.0\nArchitecture: {machine}\n".encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("control")
        entry.size = len(control)
        archive.addfile(entry, io.BytesIO(control))
    return deb_example.archive({"debian-binary": b"2.0\n", "control.tar": packed.getvalue(), "data.tar": b""})


def test_the_names_of_packages_tell_their_components() -> None:
    config = parse(PRODUCT, origin="release.toml")
    agent = config.packages["hawk"]
    packages = {
        "hawk-static": structs.replace(agent, component="static"),
        "hawk": agent,
        "hawk-dbg": structs.replace(agent, component="debugger"),
    }
    assert unrecorded.components_of(structs.replace(config, packages=packages)) == {
        "hawk": "userspace",
        "hawk-dbg": "debugger",
        "hawk-dbg-dbg": "debugger",
        "hawk-dbg-debuginfo": "debugger",
        "hawk-debuginfo": "userspace",
        "hawk-static": "static",
        "hawk-static-dbg": "static",
        "hawk-static-debuginfo": "static",
    }
