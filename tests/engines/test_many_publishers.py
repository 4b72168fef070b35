"""Eight processes publish into both repositories at once, while clients read them."""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
from pysequoia import Tsk

from jesses.base.artifact import Artifact
from jesses.base.retry import pause
from jesses.signing import openpgp_key
from jesses.signing.openpgp import OpenPgpSigner
from jesses.stores import Store
from jesses.stores.directory import DirectoryStore
from jesses.stores.s3 import S3Store
from tests.engines.apt_client import AptClient
from tests.engines.engines import DEBIAN_ROOT, require
from tests.engines.fault_sweep import Release
from tests.engines.rpm_root import RpmRoot
from tests.engines.s3_services import client, ministack
from tests.support import apt_site, yum_client
from tests.support.apt_site import deb_maker
from tests.support.memory_store import MemoryStore
from tests.support.yum_client import packages_in

PROCESSES, RELEASES, PACKAGES = 8, 5, 5
VERSIONS = {
    f"{process}.{release}.{package}"
    for process in range(PROCESSES)
    for release in range(RELEASES)
    for package in range(PACKAGES)
}


class Place(Protocol):
    """Where is published to, for any process: users reach it at `url`."""

    @property
    def url(self) -> str: ...

    def store(self) -> Store: ...


@dataclass(frozen=True, kw_only=True)
class Directory:
    directory: Path
    url: str

    def store(self) -> Store:
        return DirectoryStore(self.directory)


@dataclass(frozen=True, kw_only=True)
class Service:
    """A bucket of a service, which serves it itself."""

    endpoint: str
    bucket: str = "packages"

    @property
    def url(self) -> str:
        return f"{self.endpoint}/{self.bucket}"

    def store(self) -> Store:
        return S3Store(client=client(self.endpoint), bucket=self.bucket, wait=pause)


@dataclass(frozen=True, kw_only=True)
class Job:
    """What one process publishes: several releases, one after the other."""

    releases: Sequence[Sequence[Artifact]]
    place: Place
    key: str

    def run(self) -> int:
        signer = OpenPgpSigner(Tsk.from_bytes(self.key.encode()))
        for artifacts in self.releases:
            release = Release(
                artifacts=artifacts, signer=signer, url=self.place.url, now=time.time() - 60, wait=pause
            )
            release.publish(self.place.store())
        return sum(len(artifacts) for artifacts in self.releases)


class Contents(dict[str, bytes]):
    """The objects of a store, each read when it is asked for."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store

    def __getitem__(self, key: str) -> bytes:
        if (stored := self._store.get(key)) is None:
            raise KeyError(key)
        return stored.data

    def get(self, key: str, default: bytes | None = None) -> bytes | None:  # type: ignore[override]
        stored = self._store.get(key)
        return stored.data if stored else default

    def __contains__(self, key: object) -> bool:
        return self._store.head(str(key)) is not None


@pytest.fixture(scope="module")
def key() -> str:
    return str(openpgp_key.generate("Kestrel <kestrel@example.org>"))


@pytest.fixture(scope="module")
def packages(key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[list[Sequence[Artifact]]]]:
    """The releases of each process."""
    debs, rpms = (tmp_path_factory.mktemp(name) for name in ("debs", "rpms"))
    signer = OpenPgpSigner(Tsk.from_bytes(key.encode()))
    with deb_maker(debs) as deb, packages_in(rpms) as rpm:

        def release(start: str) -> Sequence[Artifact]:
            versions = [f"{start}.{number}" for number in range(PACKAGES)]
            return [made for v in versions for made in (deb(version=v), rpm(version=v, signer=signer))]

        yield [[release(f"{process}.{number}") for number in range(RELEASES)] for process in range(PROCESSES)]


@pytest.fixture(params=["directory", "service"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, http_site: Callable[[Path], str]
) -> Iterator[Place]:
    """A directory behind a web server, and a service that checks what it gets."""
    if request.param == "directory":
        site = tmp_path / "site"
        site.mkdir()
        yield Directory(directory=site, url=http_site(site))
        return
    with ministack(tmp_path) as endpoint:
        service = Service(endpoint=endpoint)
        client(endpoint).create_bucket(Bucket=service.bucket)
        yield service


def test_nothing_is_lost_and_every_state_between_is_valid(
    packages: list[list[Sequence[Artifact]]],
    place: Place,
    key: str,
    tmp_path: Path,
    rpm_root: Callable[[], RpmRoot],
) -> None:
    require(DEBIAN_ROOT)
    jobs = [Job(releases=releases, place=place, key=key) for releases in packages]
    signer = OpenPgpSigner(Tsk.from_bytes(key.encode()))
    store = MemoryStore()
    store.objects = Contents(place.store())
    mirror = f"{place.url}/yum"
    states: set[tuple[int, int]] = set()
    apt: AptClient | None = None
    updates = 0
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(job.run) for job in jobs]
        while not all(future.done() for future in futures):
            debs = apt_site.by_hash_client(store, signer).get("amd64", set())
            rpms = yum_client.mirror_client(store, signer, mirror)
            states.add((len(debs), len(rpms)))
            if debs and apt is None:
                source = store.objects["apt/kestrel.sources"].decode()
                apt = AptClient.new(tmp_path / "client", source, signer.public_key)
            if apt:
                apt.update()
                updates += 1
        assert sum(future.result() for future in futures) == 2 * len(VERSIONS)
    assert len(states) > 3
    assert updates > 3

    whole = {("kestrel", version, "amd64") for version in VERSIONS}
    assert apt_site.by_hash_client(store, signer)["amd64"] == whole
    assert apt_site.plain_client(store, signer)["amd64"] == whole
    assert yum_client.mirror_client(store, signer, mirror) == yum_client.client(store)
    assert {version for _, version, _ in yum_client.client(store)} == VERSIONS
    assert yum_client.signature_fits(store, signer)
    source = store.objects["apt/kestrel.sources"].decode()
    for by_hash in ("yes", "no"):
        fresh = AptClient.new(tmp_path / by_hash, source, signer.public_key)
        fresh.update(f"Acquire::By-Hash={by_hash}")
        assert fresh.versions("kestrel") == VERSIONS
    machine = rpm_root()
    source = store.objects["yum/kestrel.repo"].decode()
    for text in (source, source.replace("mirrorlist=", "#mirrorlist=").replace("#baseurl=", "baseurl=")):
        machine.add_repository("kestrel", text)
        query = ("repoquery", "--quiet", "--refresh", "--repo=kestrel", "--queryformat=%{version}")
        assert set(machine.dnf(*query, "kestrel").stdout.split()) == VERSIONS
