"""Faults at every request of a release, in the hands of apt and dnf."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jesses.publish.apt.metadata import Digest
from jesses.signing import openpgp
from tests.engines import fault_sweep
from tests.engines.apt_client import AptClient
from tests.engines.engines import DEBIAN_ROOT, RPM_ROOT, require
from tests.engines.fault_proxy import proxy_to
from tests.engines.fault_sweep import NEW, OLD, Objects, Release, SameSigner, Sweep
from tests.engines.http_site import serve
from tests.engines.rpm_root import new_rpm_root
from tests.engines.s3_services import client, moto
from tests.engines.service_bucket import ServiceBucket
from tests.support import apt_site, yum_client
from tests.support.apt_site import deb_maker
from tests.support.memory_store import MemoryStore
from tests.support.s3_in_memory import Bucket
from tests.support.yum_client import packages_in

SOME_TIME = 1_700_000_000


class Site:
    """A web server that shows one state after the other."""

    def __init__(self, directory: Path, url: str, old: Objects) -> None:
        self.directory = directory
        self.url = url
        self._old = old

    def show(self, objects: Objects) -> None:
        for path in self.directory.iterdir():
            shutil.rmtree(path)
        for key, data in objects.items():
            path = self.directory / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            # A web server says "not modified" by the second.
            changed = SOME_TIME + (self._old.get(key) != data)
            os.utime(path, (changed, changed))


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sweep, Site, int]]:
    directory = tmp_path_factory.mktemp("faults")
    for name in ("site", "debs", "rpms"):
        (directory / name).mkdir()
    signer = SameSigner(inner=openpgp.ephemeral("Kestrel <kestrel@example.org>"))
    with (
        serve(directory / "site") as url,
        deb_maker(directory / "debs") as deb,
        packages_in(directory / "rpms") as rpm,
    ):

        def release(version: str, now: float) -> Release:
            archs = ("x86_64", "aarch64")
            made = [deb(version=version, arch=arch) for arch in archs]
            made += [rpm(version=version, arch=arch, signer=signer) for arch in archs]
            return Release(artifacts=made, signer=signer, url=url, now=now)

        bucket = Bucket()
        release(OLD, time.time() - 120).publish(bucket.store())
        new = release(NEW, time.time() - 60)
        sweep = Sweep(bucket=bucket, old=dict(bucket.objects), new=new, signer=signer)
        requests = sweep.run()
        yield sweep, Site(directory / "site", url, sweep.old), requests


def test_a_fault_at_any_request_leaves_old_or_new_and_a_rerun_completes_it(
    swept: tuple[Sweep, Site, int],
) -> None:
    sweep, _, requests = swept
    assert requests >= 15 + 19 + 4
    # The old state, and one for each of: InRelease and its six copies, mirrorlist, repomd.xml, its signature.
    assert len(sweep.states) >= 11


def test_the_same_holds_on_a_service(swept: tuple[Sweep, Site, int], tmp_path: Path) -> None:
    inside, _, requests = swept
    with moto(tmp_path) as url, proxy_to(url) as proxy:
        client(url).create_bucket(Bucket="packages")
        sweep = Sweep(
            bucket=ServiceBucket(proxy, "packages"),
            old=inside.old,
            new=inside.new,
            signer=inside.signer,
            healed=set(inside.healed),
        )
        assert sweep.run(deaths=False) == requests
        sweep.rerun_each()
    # So nothing was met that was not checked, and that apt and dnf are not shown below.
    assert sweep.healed == inside.healed
    assert sweep.states.keys() == inside.states.keys()


def test_apt_with_by_hash_updates_and_installs_in_every_state(
    swept: tuple[Sweep, Site, int], tmp_path: Path
) -> None:
    require(DEBIAN_ROOT)
    sweep, site, _ = swept
    site.show(sweep.old)
    source = sweep.old["apt/kestrel.sources"].decode()
    before = AptClient.new(tmp_path / "before", source, sweep.signer.public_key)
    before.update()
    before.install("kestrel")
    assert before.installed() == {("kestrel", OLD)}
    seen = set()
    states = {sweep_key(state, "apt/"): state for state in sweep.states.values()}
    for number, state in enumerate(states.values()):
        site.show(state)
        new = state[apt_site.IN_RELEASE] != sweep.old[apt_site.IN_RELEASE]
        client = before.copy(tmp_path / str(number))
        client.update()
        client.install("kestrel")
        assert client.installed() == {("kestrel", NEW if new else OLD)}
        seen.add(new)
        if apt_is_complete(state, sweep):
            plain = before.copy(tmp_path / f"{number}-plain")
            plain.update("Acquire::By-Hash=no")
            plain.install("kestrel")
            assert plain.installed() == {("kestrel", NEW if new else OLD)}
    assert seen == {True, False}


def test_dnf_with_the_mirrorlist_installs_in_every_state(swept: tuple[Sweep, Site, int]) -> None:
    require(RPM_ROOT)
    sweep, site, _ = swept
    states = {sweep_key(state, "yum/"): state for state in sweep.states.values()}
    seen, gaps = set(), 0
    for state in states.values():
        site.show(state)
        new = state[yum_client.MIRRORLIST] != sweep.old[yum_client.MIRRORLIST]
        source = state["yum/kestrel.repo"].decode()
        assert installed_by_dnf(source) == (NEW if new else OLD)
        seen.add(new)
        plain = source.replace("\nmirrorlist=", "\n#mirrorlist=").replace("\n#baseurl=", "\nbaseurl=")
        if yum_client.signature_fits(MemoryStore(dict(state)), sweep.signer):
            assert installed_by_dnf(plain) in {OLD, NEW}
        else:
            gaps += 1
    assert seen == {True, False}
    assert gaps == 1


def installed_by_dnf(source: str) -> str:
    with new_rpm_root() as machine:
        machine.add_repository("kestrel", source)
        machine.dnf("--disablerepo=base", "install", "kestrel")
        return machine.rpm("-q", "--qf", "%{version}", "kestrel").stdout


def sweep_key(state: Objects, prefix: str) -> str:
    pointers = {key: data for key, data in state.items() if fault_sweep.is_pointer(key)}
    return fault_sweep.digest({key: data for key, data in pointers.items() if key.startswith(prefix)})


def apt_is_complete(state: Objects, sweep: Sweep) -> bool:
    """Whether the plain copies fit InRelease: in between, clients without by-hash have to try again."""
    release = apt_site.release_of(MemoryStore(dict(state)), sweep.signer)
    return all(
        Digest.of(state[f"{apt_site.SUITE}/{path}"]) == found
        for path, found in release.files.items()
        if path.endswith((".gz", ".xz"))
    )
