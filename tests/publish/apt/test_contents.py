import gzip
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from jesses.base.naming.arch import Arch
from jesses.channel.operations.yank import yank
from jesses.publish.apt import contents as apt_contents
from jesses.publish.apt import index as apt_index
from jesses.publish.apt.contents import PackageFiles
from jesses.publish.apt.index import Index, Stanza
from jesses.publish.apt.metadata import Digest
from jesses.publish.apt.repository import AptRepository
from jesses.publish.shared.edit import edit
from jesses.publish.shared.objects import RepositoryObjects
from tests.support import channel_site
from tests.support.apt_site import (
    IN_RELEASE,
    NOW,
    SIGNER,
    SUITE,
    Make,
    deb_maker,
    plain_client,
    publish,
    publisher,
    release_of,
)
from tests.support.memory_store import MemoryStore, once

NAME = "main/Contents-amd64"


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    with deb_maker(tmp_path_factory.mktemp("debs")) as make:
        yield make


def contents_of(store: MemoryStore, arch: str = "amd64") -> dict[str, str]:
    """What a client reads: by its digest, and the plain copy says the same."""
    release, path = release_of(store), f"main/Contents-{arch}"
    listed = release.files[f"{path}.gz"]
    data = store.objects[f"{SUITE}/main/by-hash/SHA256/{listed.sha256}"]
    assert Digest.of(data) == listed
    assert store.objects[f"{SUITE}/{path}.gz"] == data
    plain = gzip.decompress(data)
    assert release.files[path] == Digest.of(plain)
    lines = plain.decode().splitlines()
    assert lines == sorted(lines)
    return dict(line.split("\t") for line in lines)


def own(contents: dict[str, str], name: str) -> set[str]:
    return {path for path, packages in contents.items() if f"misc/{name}" in packages.split(",")}


# What a publish keeps


def test_the_newest_version_of_each_package_is_listed(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(more=("/usr/bin/one",)), make("other", arch="aarch64"), contents=True)
    assert contents_of(store) == {
        "opt/kestrel": "misc/kestrel",
        "usr/bin/one": "misc/kestrel",
        "usr/share/doc/kestrel/changelog.gz": "misc/kestrel",
        "usr/share/doc/kestrel/copyright": "misc/kestrel",
    }
    assert set(contents_of(store, "arm64").values()) == {"misc/other"}
    publish(store, make(version="2.0.0", more=("/usr/bin/two", "/opt/other")), contents=True)
    publish(store, make("other", version="1.1.0"), contents=True)
    found = contents_of(store)
    assert found["opt/other"] == "misc/kestrel,misc/other"
    assert "usr/bin/one" not in found
    # An older one that is published later changes nothing.
    publish(store, make(version="1.9.0", more=("/usr/bin/late",)), contents=True)
    assert contents_of(store) == found


def test_a_package_for_every_machine_is_listed_for_each(make: Make) -> None:
    store = MemoryStore()
    publish(store, make("data", arch="noarch"), contents=True)
    publish(store, make(), contents=True)
    for arch in ("amd64", "arm64"):
        assert "opt/data" in contents_of(store, arch)


def test_it_is_not_kept_unless_asked_for(make: Make) -> None:
    store = MemoryStore()
    publish(store, make())
    assert not [key for key in store.objects if "Contents" in key]
    assert not [path for path in release_of(store).files if "Contents" in path]


def test_another_job_that_was_faster_is_kept(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(), contents=True)
    mine = publisher(store, contents=True)
    mine.stage(mine.check([make("mine")]))
    rival = publisher(store, contents=True)
    rival.stage(rival.check([make("rival")]))
    store.before = once("put_if_unchanged", IN_RELEASE, rival.commit)
    mine.verify()
    mine.commit()
    store.reset()
    assert {"opt/kestrel", "opt/mine", "opt/rival"} <= contents_of(store).keys()
    assert len(plain_client(store)["amd64"]) == 3


def test_three_more_requests_for_each_architecture_and_no_package_is_read(make: Make) -> None:
    machines: tuple[Arch, ...] = ("x86_64", "aarch64")
    new = [make(version="2.0.0", arch=arch, more=(f"/opt/{arch}",)) for arch in machines]
    calls = {}
    for contents in (False, True):
        store = MemoryStore()
        publish(store, make(), contents=contents)
        store.reset()
        publish(store, *new, contents=contents)
        calls[contents] = store.calls
    # Read, written by digest, and copied.
    assert len(calls[True]) - len(calls[False]) == 3 * len(machines)
    assert not [call for call in calls[True] if not call.writes and call.key.endswith(".deb")]


# What is taken out


def test_what_an_older_version_has_is_read_from_the_pool_when_the_newest_is_yanked(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    store = MemoryStore()
    place = channel_site.place(store, contents=True)
    with channel_site.makers(tmp_path_factory.mktemp("made")) as make:
        channel_site.release(place, *make("1.0.0"))
        channel_site.release(place, *make("2.0.0"), *make("1.0.0", "driver"))
    assert {"opt/hawk-userspace", "opt/hawk-driver"} <= contents_of(store).keys()
    store.reset()
    yank(place, Version(2), "userspace")
    read = {call.key.rpartition("/")[2] for call in store.calls if call.operation == "open"}
    assert read >= {"hawk-userspace-1.0.0-x86_64.deb", "hawk-userspace-1.0.0-aarch64.deb"}
    assert "opt/hawk-userspace" in contents_of(store)
    yank(place, Version(1), "userspace")
    assert own(contents_of(store), "hawk-userspace") == set()
    assert own(contents_of(store), "hawk-driver") != set()


def test_nothing_is_said_of_a_package_that_cannot_be_read(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(), make("other"), contents=True)
    publish(store, make(version="2.0.0"), contents=True)
    store.objects["apt/pool/main/kestrel/kestrel-1.0.0-x86_64.deb"] = b"damaged"
    remove(store, ("kestrel", "2.0.0", "amd64"))
    assert set(contents_of(store).values()) == {"misc/other"}


def remove(store: MemoryStore, *gone: apt_index.PackageIdentity) -> None:
    objects = RepositoryObjects(store, "apt")
    repository = AptRepository(
        objects=objects,
        suite="stable",
        origin="kestrel",
        signer=SIGNER,
        clock=lambda: NOW,
        files=PackageFiles(objects),
    )
    edit(repository, lambda indexes: apt_index.remove(indexes, gone))


# What others wrote


def test_another_tools_contents_stay_as_they_are_where_none_are_asked_for(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(), contents=True)
    before = contents_of(store)
    publish(store, make("other"))
    assert contents_of(store) == before


def test_a_repository_without_contents_lists_what_is_published_from_then_on(make: Make) -> None:
    store = MemoryStore()
    publish(store, make(), make("old"))
    publish(store, make(version="2.0.0"), contents=True)
    assert set(contents_of(store).values()) == {"misc/kestrel"}


ADOPTED = (
    b"This file maps files to packages.\n\nFILE                    LOCATION\n"
    b"usr/bin/old tool          admin/old,utils/gone\nopt/kestrel utils/kestrel\n"
    b"opt/strange\xff\tcontrib/admin/old\n"
)


@pytest.mark.parametrize("path", [NAME, "Contents-amd64"])
@pytest.mark.parametrize("form", ["", ".gz"])
def test_contents_of_another_tool_are_continued(make: Make, path: str, form: str) -> None:
    store = MemoryStore()
    publish(store, make(), make("old"), now=NOW - 60)
    data = gzip.compress(ADOPTED) if form else ADOPTED
    release = release_of(store)
    adopted = type(release)(fields=release.fields, files={**release.files, path + form: Digest.of(data)})
    store.objects[f"{SUITE}/{path}{form}"] = data
    store.objects[IN_RELEASE] = SIGNER.clearsign(adopted.render())
    publish(store, make(version="2.0.0"), contents=True)
    listed = release_of(store).files
    assert {found for found in listed if "Contents-amd64" in found} == {NAME, f"{NAME}.gz"} | (
        {path + form} if path != NAME else set()
    )
    found = gzip.decompress(store.objects[f"{SUITE}/{NAME}.gz"]).splitlines()
    assert b"usr/bin/old tool\tadmin/old" in found
    assert b"opt/strange\xff\tcontrib/admin/old" in found
    assert b"opt/kestrel\tmisc/kestrel" in found


# The law


def stanza(name: str, version: int) -> Stanza:
    control = f"Package: {name}\nVersion: 1.{version}\nArchitecture: amd64\nSection: net\n"
    return Stanza.of(control, filename=f"pool/{name}-{version}.deb", size=1, sha256=f"{name}{version}")


def files(found: Stanza) -> list[str]:
    return ["shared", f"lib/{found.version}", f"bin/{found.package}", f"own/{found.package}/{found.version}"]


OPERATIONS = st.lists(st.tuples(st.booleans(), st.sampled_from("ab"), st.integers(8, 11)), max_size=12)


@given(OPERATIONS)
def test_it_is_always_what_the_newest_of_each_package_has(
    operations: Sequence[tuple[bool, str, int]],
) -> None:
    index, contents = Index(), b""
    there: set[tuple[str, int]] = set()
    for adds, name, version in operations:
        one = stanza(name, version)
        change = apt_index.add if adds else lambda found, gone: apt_index.remove(found, [gone[0].identity])
        after = change({"amd64": index}, [one]).get("amd64", index)
        contents = apt_contents.follow(contents, index, after, files)
        index = after
        (there.add if adds else there.discard)((name, version))
    newest = {name: max(v for n, v in there if n == name) for name in {name for name, _ in there}}
    wanted: dict[str, set[str]] = {}
    for name, version in newest.items():
        for path in files(stanza(name, version)):
            wanted.setdefault(path, set()).add(f"net/{name}")
    assert apt_contents.parse(contents) == wanted
