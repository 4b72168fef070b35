"""What a release costs: requests and bytes, for repositories of every size."""

import gzip
import hashlib
import lzma
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jesses.base.artifact import Artifact
from jesses.package.compression import Cache, incremental
from jesses.package.compression.deflate import deflate
from jesses.package.compression.incremental import Text
from jesses.publish.apt import index
from jesses.publish.apt.index import Stanza
from jesses.publish.apt.publisher import apt_publisher
from jesses.publish.apt.repository import AptRepository
from jesses.publish.shared.edit import edit
from jesses.publish.shared.objects import RepositoryObjects
from jesses.publish.shared.settings import RepositorySettings
from jesses.publish.yum.lists import UP
from jesses.publish.yum.metadata import IndexedPackage, Nevra
from jesses.publish.yum.publisher import yum_publisher
from jesses.publish.yum.repository import YumRepository
from tests.support import apt_site, yum_client
from tests.support.memory_store import Call, MemoryStore

SIZES = [0, 1, 40, 4000]
ARCHS = ("x86_64", "aarch64")


@pytest.fixture(scope="module")
def debs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[apt_site.Make]:
    with apt_site.deb_maker(tmp_path_factory.mktemp("debs")) as make:
        yield make


@pytest.fixture(scope="module")
def rpms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[yum_client.Make]:
    with yum_client.packages_in(tmp_path_factory.mktemp("rpms")) as make:
        yield make


def digest(number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest()


def old_stanza(number: int) -> Stanza:
    arch = ("amd64", "arm64")[number % 2]
    control = f"Package: kestrel\nVersion: 0.{number}.0\nArchitecture: {arch}\nDescription: old\n"
    filename = f"pool/main/kestrel/kestrel-0.{number}.0.deb"
    return Stanza.of(control, filename=filename, size=number, sha256=digest(number))


def old_rpm(number: int) -> IndexedPackage:
    sha256, version = digest(number), f"0.{number}.0"
    primary = (
        f'<package type="rpm">\n  <name>kestrel</name>\n  <arch>{ARCHS[number % 2]}</arch>\n'
        f'  <version epoch="0" ver="{version}" rel="1"/>\n'
        f'  <checksum type="sha256" pkgid="YES">{sha256}</checksum>\n'
        f'  <location href="{UP}packages/kestrel-{version}.rpm"/>\n</package>\n'
    )
    listing = f'<package pkgid="{sha256}" name="kestrel" arch="{ARCHS[number % 2]}">\n</package>\n'
    return IndexedPackage(
        nevra=Nevra(name="kestrel", epoch="0", version=version, release="1", arch=ARCHS[number % 2]),
        sha256=sha256,
        elements={"primary": primary.encode(), "filelists": listing.encode(), "other": listing.encode()},
    )


def apt_of(size: int, first: Artifact, *, copies: bool) -> MemoryStore:
    """A repository with one real package and `size` others, whose files are not there: nobody may ask for them."""
    store = MemoryStore()
    publish_apt(store, first, copies=copies)
    repository = AptRepository(
        objects=RepositoryObjects(store, "apt"),
        suite="stable",
        origin="kestrel",
        signer=apt_site.SIGNER,
        clock=lambda: apt_site.NOW,
        copies=copies,
    )
    edit(repository, lambda indexes: index.add(indexes, [old_stanza(number) for number in range(size)]))
    store.reset()
    return store


def yum_of(size: int, first: Artifact, *, copies: bool) -> MemoryStore:
    store = MemoryStore()
    publish_yum(store, first, copies=copies)
    repository = YumRepository(
        objects=RepositoryObjects(store, "yum"),
        url=yum_client.URL,
        signer=yum_client.SIGNER,
        clock=lambda: yum_client.NOW,
        copies=copies,
    )
    edit(repository, lambda lists: lists.add(map(old_rpm, range(size))))
    store.reset()
    return store


def publish_apt(store: MemoryStore, *artifacts: Artifact, copies: bool, cache: Cache | None = None) -> None:
    apt = apt_publisher(
        RepositorySettings(
            store=store,
            prefix="apt",
            url=apt_site.URL,
            name="kestrel",
            signer=apt_site.SIGNER,
            clock=lambda: apt_site.NOW,
            copies=copies,
        ),
        cache=cache,
    )
    apt.stage(apt.check(artifacts))
    apt.verify()
    apt.commit()


def publish_yum(store: MemoryStore, *artifacts: Artifact, copies: bool) -> None:
    yum = yum_publisher(
        RepositorySettings(
            store=store,
            prefix="yum",
            url=yum_client.URL,
            name="kestrel",
            signer=yum_client.SIGNER,
            clock=lambda: yum_client.NOW,
            copies=copies,
        )
    )
    yum.stage(yum.check(artifacts))
    yum.verify()
    yum.commit()


def spent(store: MemoryStore, packages: tuple[Artifact, ...]) -> list[Call]:
    """The calls of a release beside one PUT for each package file."""
    names = {artifact.path.name for artifact in packages}
    puts = [call for call in store.calls if call.key.rpartition("/")[2] in names]
    assert [call.operation for call in puts] == ["put_if_absent"] * len(packages)
    return [call for call in store.calls if call not in puts]


def is_package(call: Call) -> bool:
    return call.key.endswith((".deb", ".rpm"))


def moved(calls: list[Call], before: dict[str, bytes]) -> tuple[int, int]:
    """The bytes that were read and written."""
    read = sum(len(before.get(call.key, b"")) for call in calls if call.operation in {"get", "open"})
    return read, sum(call.sent for call in calls)


def compressed(objects: dict[str, bytes]) -> int:
    """The bytes of all indexes."""
    wanted = ("/by-hash/", "Packages.", ".xml.gz")
    return sum(len(data) for key, data in objects.items() if any(part in key for part in wanted))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("copies", "limit"), [(False, 8), (True, 15)])
def test_apt(debs: apt_site.Make, size: int, limit: int, *, copies: bool) -> None:
    store = apt_of(size, debs(version="0.0.1"), copies=copies)
    new = tuple(debs(version="1.0.0", arch=arch) for arch in ARCHS)
    within(store, lambda: publish_apt(store, *new, copies=copies), new, limit)
    seen = apt_site.by_hash_stanzas(store)
    assert {arch: len(listed) for arch, listed in seen.items()} == {
        "amd64": size - size // 2 + 2,
        "arm64": size // 2 + 1,
    }


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("copies", "limit"), [(False, 12), (True, 19)])
def test_yum(rpms: yum_client.Make, size: int, limit: int, *, copies: bool) -> None:
    store = yum_of(size, rpms(version="0.0.1"), copies=copies)
    new = tuple(rpms(version="1.0.0", arch=arch) for arch in ARCHS)
    within(store, lambda: publish_yum(store, *new, copies=copies), new, limit)
    bases = [yum_client.snapshot(store), *(["yum"] if copies else [])]
    for base in bases:
        primary = yum_client.lists(store, base)["primary"]
        assert primary.count(b"<package ") == size + 3


def within(store: MemoryStore, publish: Callable[[], None], new: tuple[Artifact, ...], limit: int) -> None:
    """`publish` keeps to the limits of requests and bytes, and reads no package."""
    before = dict(store.objects)
    publish()
    calls = spent(store, new)
    assert len(calls) <= limit, [(call.operation, call.key) for call in calls]
    assert not any(map(is_package, calls))
    read, written = moved(calls, before)
    fresh = {key: data for key, data in store.objects.items() if before.get(key) != data}
    # Beside the indexes there are the pointer, its signature and its copies.
    assert written <= compressed(fresh) + 16_000
    assert read <= compressed(before) + 16_000


def test_what_is_published_already_costs_one_question_for_each_package(
    debs: apt_site.Make, rpms: yum_client.Make
) -> None:
    apt, yum = MemoryStore(), MemoryStore()
    new = tuple(debs(version="1.0.0", arch=arch) for arch in ARCHS)
    publish_apt(apt, *new, copies=False)
    apt.reset()
    publish_apt(apt, *new, copies=False)
    assert sorted(call.operation for call in apt.calls) == ["get"] * 3 + ["head"] * 2
    made = tuple(rpms(version="1.0.0", arch=arch) for arch in ARCHS)
    publish_yum(yum, *made, copies=False)
    yum.reset()
    publish_yum(yum, *made, copies=False)
    assert sorted(call.operation for call in yum.calls) == ["get"] * 5 + ["head"] * 2


def test_old_pieces_of_the_gzip_index_come_from_the_cache(debs: apt_site.Make, tmp_path: Path) -> None:
    """Shown by pieces that we would not make: they are in what is published next, and apt can read it."""
    cache = Cache(directory=tmp_path / "cache")
    store = apt_of(8000, debs(version="0.0.1"), copies=False)
    publish_apt(store, debs(version="1.0.0"), copies=False, cache=cache)
    text = apt_index_text(store)
    kept = [path for path in cache.directory.glob("*/*/*") if path.is_file()]
    assert len(kept) == len(text) // incremental.PIECE
    marks = []
    for number in range(len(kept)):
        piece = Text(data=text).piece(number)
        marks.append(bytes(deflate(piece, 1)))
        kind = kept[0].parents[1].name
        cache.put(kind, hashlib.sha256(piece).hexdigest(), marks[-1])
    publish_apt(store, debs(version="2.0.0"), copies=False, cache=cache)
    release = apt_site.release_of(store)
    digest = release.files["main/binary-amd64/Packages.gz"].sha256
    data = store.objects[f"{apt_site.SUITE}/main/binary-amd64/by-hash/SHA256/{digest}"]
    assert len(marks) > 1
    assert all(mark in data for mark in marks)
    assert gzip.decompress(data) == apt_index_text(store)


def apt_index_text(store: MemoryStore) -> bytes:
    """The index for amd64, from its other form."""
    digest = apt_site.release_of(store).files["main/binary-amd64/Packages.xz"].sha256
    return lzma.decompress(store.objects[f"{apt_site.SUITE}/main/binary-amd64/by-hash/SHA256/{digest}"])
