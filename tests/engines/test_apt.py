"""The APT repository in the hands of apt."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from semver import Version

from jesses.base.artifact import Artifact
from jesses.base.naming import spelling
from jesses.publish import Publication
from jesses.publish.apt.publisher import apt_publisher
from jesses.publish.shared.settings import RepositorySettings
from jesses.signing import Signer, openpgp
from jesses.stores.directory import DirectoryStore
from tests.engines.deb_root import DebRoot
from tests.engines.debs import Build, DebRoots, agent, builder, files_of, package


@pytest.fixture(scope="module")
def signer() -> Signer:
    return openpgp.ephemeral("Kestrel <kestrel@example.org>")


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    with builder(tmp_path) as build:
        yield build


def publish(site: Path, url: str, signer: Signer, *artifacts: Artifact) -> Publication:
    apt = apt_publisher(
        RepositorySettings(
            store=DirectoryStore(site),
            prefix="apt",
            url=f"{url}/apt",
            name="kestrel",
            signer=signer,
            clock=time.time,
        )
    )
    apt.stage(apt.check(artifacts))
    apt.verify()
    return apt.commit()


def use(machine: DebRoot, site: Path) -> None:
    """What the instructions do, without curl."""
    machine.root.copy(site / "apt/kestrel.asc", "/etc/apt/keyrings/kestrel.asc")
    machine.add_source("kestrel", (site / "apt/kestrel.sources").read_text())


def test_the_printed_instructions_install_the_package(
    deb_root: DebRoots, build: Build, signer: Signer, http_site: Callable[[Path], str], tmp_path: Path
) -> None:
    machine = deb_root("plain")
    machine.use_host_sources()
    machine.apt_get("install", "--no-install-recommends", "curl", "sudo")
    site = tmp_path / "site"
    site.mkdir()
    publication = publish(site, http_site(site), signer, build(agent("1.0.0-rc.1")))
    for line in publication.instructions:
        machine.root.run("sh", "-ec", line)
    assert machine.root.run("kestrel").stdout == "1.0.0-rc.1\n"


def test_upgrade_and_downgrade_keep_a_changed_configuration_and_purge_leaves_nothing(
    deb_root: DebRoots, build: Build, signer: Signer, tmp_path: Path
) -> None:
    machine, site = deb_root("systemd"), tmp_path / "site"
    before = files_of(machine)
    for version in ("1.0.0", "1.1.0-7+abc", "1.1.0"):
        publish(site, "file:///srv/site", signer, build(agent(version, settings=f"interval = {version}\n")))
        shutil.rmtree(machine.root.inside("/srv/site"), ignore_errors=True)
        machine.root.copy(site, "/srv/site")
        use(machine, site)
        assert machine.apt_get("update").stderr == ""
        machine.apt_get("install", "-o", "Dpkg::Options::=--force-confold", "kestrel")
        assert machine.root.run("kestrel").stdout == f"{version}\n"
        if version == "1.0.0":
            machine.root.write("/etc/kestrel/kestrel.conf", "interval = mine\n")
    assert machine.root.inside("/etc/kestrel/kestrel.conf").read_text() == "interval = mine\n"
    offered = [
        line.split()[2] for line in machine.root.run("apt-cache", "madison", "kestrel").stdout.splitlines()
    ]
    assert offered == [spelling.deb(Version.parse(text)) for text in ("1.1.0", "1.1.0-7+abc", "1.0.0")]
    back = f"kestrel={offered[-1]}"
    machine.apt_get("install", "--allow-downgrades", "-o", "Dpkg::Options::=--force-confold", back)
    assert machine.root.run("kestrel").stdout == "1.0.0\n"
    assert machine.root.inside("/etc/kestrel/kestrel.conf").read_text() == "interval = mine\n"
    machine.apt_get("remove", "kestrel")
    assert machine.status("kestrel") == "config-files"
    assert machine.root.inside("/etc/kestrel/kestrel.conf").exists()
    machine.apt_get("purge", "kestrel")
    assert machine.status("kestrel") == ""
    for name in ("etc/apt/keyrings/kestrel.asc", "etc/apt/sources.list.d/kestrel.sources"):
        machine.root.inside(f"/{name}").unlink()
    shutil.rmtree(machine.root.inside("/srv/site"))
    assert files_of(machine) == before


@pytest.mark.parametrize("by_hash", ["yes", "no"])
def test_clients_with_and_without_by_hash_need_only_their_own_files(
    deb_root: DebRoots,
    build: Build,
    signer: Signer,
    http_site: Callable[[Path], str],
    tmp_path: Path,
    by_hash: str,
) -> None:
    machine, site = deb_root("plain"), tmp_path / "site"
    site.mkdir()
    publish(site, http_site(site), signer, build(agent()))
    for path in site.rglob("*"):
        plain = path.name in {"Release", "Release.gpg", "Packages.gz", "Packages.xz"}
        if path.is_file() and (
            plain if by_hash == "yes" else path.name == "InRelease" or "by-hash" in path.parts
        ):
            path.unlink()
    use(machine, site)
    update = machine.apt_get("update", "-o", f"Acquire::By-Hash={by_hash}")
    assert "Err:" not in update.stdout
    machine.apt_get("install", "kestrel")


@pytest.mark.parametrize("compression", ["gz", "xz"])
def test_apt_reads_both_indexes(
    deb_root: DebRoots, build: Build, signer: Signer, tmp_path: Path, compression: str
) -> None:
    machine, site = deb_root("plain"), tmp_path / "site"
    for version in ("1.0.0", "1.1.0"):
        publish(site, "file:///srv/site", signer, build(agent(version)))
    machine.root.copy(site, "/srv/site")
    use(machine, site)
    order = f"Acquire::CompressionTypes::Order::={compression}"
    assert machine.apt_get("update", "-o", order).stderr == ""
    assert len(machine.root.run("apt-cache", "madison", "kestrel").stdout.splitlines()) == 2


def swap_key(site: Path) -> None:
    other = openpgp.ephemeral("Somebody <else@example.org>")
    (site / "apt/kestrel.asc").write_bytes(other.public_key)


def alter_pointer(site: Path) -> None:
    path = site / "apt/dists/stable/InRelease"
    path.write_bytes(path.read_bytes().replace(b"Label: kestrel", b"Label: kestril"))


def alter_indexes(site: Path) -> None:
    for path in (site / "apt/dists/stable/main").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1] + b"x")


def alter_package(site: Path) -> None:
    for path in (site / "apt/pool").rglob("*.deb"):
        path.write_bytes(path.read_bytes()[:-1] + b"x")


@pytest.mark.parametrize(
    ("alter", "complaint"),
    [
        (swap_key, "NO_PUBKEY"),
        (alter_pointer, "BADSIG"),
        (alter_indexes, "Hash Sum mismatch"),
        (alter_package, "Hash Sum mismatch"),
    ],
)
def test_apt_refuses_what_was_tampered_with(
    deb_root: DebRoots,
    build: Build,
    signer: Signer,
    http_site: Callable[[Path], str],
    tmp_path: Path,
    alter: Callable[[Path], None],
    complaint: str,
) -> None:
    machine, site = deb_root("plain"), tmp_path / "site"
    site.mkdir()
    publish(site, http_site(site), signer, build(agent()))
    alter(site)
    use(machine, site)
    update = machine.apt_get("update", check=False)
    install = machine.apt_get("install", "kestrel", check=False)
    assert complaint in update.stderr + install.stderr
    assert install.returncode != 0
    assert machine.status("kestrel") == ""


def test_packages_for_all_machines_install_from_the_index_of_each(
    deb_root: DebRoots, build: Build, signer: Signer, tmp_path: Path
) -> None:
    machine, site = deb_root("plain"), tmp_path / "site"
    publish(site, "file:///srv/site", signer, build(package(name="kestrel-data", arch="noarch")))
    machine.root.copy(site, "/srv/site")
    use(machine, site)
    for debian in ("amd64", "arm64"):
        as_if = ("-o", f"APT::Architecture={debian}", "-o", f"APT::Architectures={debian}")
        assert machine.apt_get("update", *as_if).stderr == ""
        offered = machine.root.run("apt-cache", *as_if, "madison", "kestrel-data").stdout
        assert offered.strip().endswith(f"stable/main {debian} Packages")
    machine.apt_get("update")
    machine.apt_get("install", "kestrel-data")
