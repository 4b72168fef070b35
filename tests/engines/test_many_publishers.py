"""Eight processes publish into both repositories at once, while clients read them."""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from pysequoia import Tsk

from release.artifact import Artifact
from release.signing import openpgp_key
from release.signing.openpgp import OpenPgpSigner
from release.stores.directory import DirectoryStore
from tests.engines.apt_client import AptClient
from tests.engines.engines import DEBIAN_ROOT, RPM_ROOT, require
from tests.engines.fault_sweep import Release
from tests.engines.rpm_root import RpmRoot
from tests.publishers import apt_site, yum_client
from tests.publishers.apt_site import deb_maker
from tests.publishers.yum_client import packages_in
from tests.stores.memory import MemoryStore

PROCESSES, RELEASES, PACKAGES = 8, 5, 5
VERSIONS = {
    f"{process}.{release}.{package}"
    for process in range(PROCESSES)
    for release in range(RELEASES)
    for package in range(PACKAGES)
}


@dataclass(frozen=True, kw_only=True)
class Job:
    """What one process publishes: several releases, one after the other."""

    releases: Sequence[Sequence[Artifact]]
    site: Path
    url: str
    key: str

    def run(self) -> int:
        signer = OpenPgpSigner(Tsk.from_bytes(self.key.encode()))
        for artifacts in self.releases:
            now = time.time() - 60
            Release(artifacts=artifacts, signer=signer, url=self.url, now=now).publish(
                DirectoryStore(self.site)
            )
        return sum(len(artifacts) for artifacts in self.releases)


class Files(dict[str, bytes]):
    """The objects of a directory, each read when it is asked for."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._directory = directory

    def __getitem__(self, key: str) -> bytes:
        return (self._directory / key).read_bytes()

    def get(self, key: str, default: bytes | None = None) -> bytes | None:  # type: ignore[override]
        path = self._directory / key
        return path.read_bytes() if path.is_file() else default

    def __contains__(self, key: object) -> bool:
        return (self._directory / str(key)).is_file()


@pytest.fixture(scope="module")
def key() -> str:
    return str(openpgp_key.generate("Kestrel <kestrel@example.org>"))


@pytest.fixture
def jobs(
    tmp_path: Path, key: str, http_site: Callable[[Path], str]
) -> Iterator[tuple[list[Job], OpenPgpSigner, Path]]:
    require(DEBIAN_ROOT)
    require(RPM_ROOT)
    signer = OpenPgpSigner(Tsk.from_bytes(key.encode()))
    site, debs, rpms = (tmp_path / name for name in ("site", "debs", "rpms"))
    for path in (site, debs, rpms):
        path.mkdir()
    url = http_site(site)
    with deb_maker(debs) as deb, packages_in(rpms) as rpm:

        def packages(start: str) -> list[Artifact]:
            versions = [f"{start}.{number}" for number in range(PACKAGES)]
            return [made for v in versions for made in (deb(version=v), rpm(version=v, signer=signer))]

        yield (
            [
                Job(
                    releases=[packages(f"{process}.{number}") for number in range(RELEASES)],
                    site=site,
                    url=url,
                    key=key,
                )
                for process in range(PROCESSES)
            ],
            signer,
            site,
        )


def test_nothing_is_lost_and_every_state_between_is_valid(
    jobs: tuple[list[Job], OpenPgpSigner, Path], tmp_path: Path, rpm_root: Callable[[], RpmRoot]
) -> None:
    made, signer, site = jobs
    store = MemoryStore()
    store.objects = Files(site)
    context = multiprocessing.get_context("spawn")
    states: set[tuple[int, int]] = set()
    client: AptClient | None = None
    updates = 0
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        futures = [pool.submit(job.run) for job in made]
        while not all(future.done() for future in futures):
            apt = apt_site.by_hash_client(store, signer).get("amd64", set())
            yum = yum_client.mirror_client(store, signer, f"{made[0].url}/yum")
            states.add((len(apt), len(yum)))
            if apt and client is None:
                source = (site / "apt/kestrel.sources").read_text()
                client = AptClient.new(tmp_path / "client", source, signer.public_key)
            if client:
                client.update()
                updates += 1
        assert sum(future.result() for future in futures) == 2 * len(VERSIONS)
    assert len(states) > 3
    assert updates > 3

    whole = {("kestrel", version, "amd64") for version in VERSIONS}
    assert apt_site.by_hash_client(store, signer)["amd64"] == whole
    assert apt_site.plain_client(store, signer)["amd64"] == whole
    assert yum_client.mirror_client(store, signer, f"{made[0].url}/yum") == yum_client.client(store)
    assert {version for _, version, _ in yum_client.client(store)} == VERSIONS
    assert yum_client.signature_fits(store, signer)
    assert client
    for by_hash in ("yes", "no"):
        fresh = AptClient.new(
            tmp_path / by_hash, (site / "apt/kestrel.sources").read_text(), signer.public_key
        )
        fresh.update(f"Acquire::By-Hash={by_hash}")
        assert fresh.versions("kestrel") == VERSIONS
    machine = rpm_root()
    source = (site / "yum/kestrel.repo").read_text()
    for text in (source, source.replace("mirrorlist=", "#mirrorlist=").replace("#baseurl=", "baseurl=")):
        machine.add_repository("kestrel", text)
        query = ("repoquery", "--quiet", "--refresh", "--repo=kestrel", "--queryformat=%{version}")
        assert set(machine.dnf(*query, "kestrel").stdout.split()) == VERSIONS
