"""Two releases of Kestrel in the hands of those who install them: apt, dnf, Docker, lintian, rpmlint, dkms."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from jesses.base.naming.arch import DEBIAN, OCI, Arch
from jesses.signing import openpgp_key
from tests.engines.deb_root import Base, DebRoot
from tests.engines.engines import EMULATOR, LINTIAN, RPMLINT, require, run
from tests.engines.product import KESTREL, SITE_CHANNEL, copy_of
from tests.engines.rpm_root import RpmRoot

HOST: Arch = "aarch64" if os.uname().machine == "aarch64" else "x86_64"
CONF = "/etc/kestrel/kestrel.conf"


@dataclass(frozen=True, kw_only=True)
class Release:
    """What one release left: its output, the site as it was then, the userspace version."""

    dist: Path
    site: Path
    version: str

    def artifacts(self, kind: str) -> list[Path]:
        rows = json.loads((self.dist / "artifacts.json").read_text())["artifacts"]
        return [self.dist / row["path"] for row in rows if row["kind"] == kind]


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Release, Release]:
    """Two snapshots, one commit apart, signed by one key, in one store outside of `dist/`."""
    base = tmp_path_factory.mktemp("kestrel")
    key = str(openpgp_key.generate("Kestrel <kestrel@example.org>"))
    product = copy_of(KESTREL, base / "kestrel", key=key, extra=SITE_CHANNEL)
    made = []
    for number in (1, 2):
        dist, site = base / f"dist{number}", base / f"site{number}"
        product.release(dist, "--channel", "site")
        shutil.copytree(product.site, site)
        rows = json.loads((dist / "artifacts.json").read_text())["artifacts"]
        version = next(row["version"] for row in rows if row["component"] == "userspace")
        made.append(Release(dist=dist, site=site, version=version))
        conf = product.repository.root / "userspace" / "kestrel.conf"
        product.repository.commit({"userspace/kestrel.conf": conf.read_text() + "# a later remark\n"})
    return made[0], made[1]


def digests(release: Release) -> dict[str, str]:
    rows = json.loads((release.dist / "artifacts.json").read_text())["artifacts"]
    return {row["path"]: row["sha256"] for row in rows}


def test_a_driver_that_did_not_change_is_the_same_file_in_the_next_release(
    releases: tuple[Release, Release],
) -> None:
    first, second = map(digests, releases)
    driver = {name: digest for name, digest in first.items() if "dkms" in name or "driver" in name}
    assert len(driver) == 2 * 3  # and their bills of materials
    assert driver.items() <= second.items()
    assert not (first.keys() - driver.keys()) & (second.keys() - {"images/kestrel"} - driver.keys())


# apt


def use_site(machine: DebRoot, release: Release) -> None:
    """Replaces /srv/site in the root, and points apt at it with the published key."""
    shutil.rmtree(machine.root.inside("/srv/site"), ignore_errors=True)
    machine.root.copy(release.site, "/srv/site")
    key = "/etc/apt/keyrings/kestrel.asc"
    machine.root.copy(release.site / "apt" / "kestrel.asc", key)
    text = f"Types: deb\nURIs: file:///srv/site/apt\nSuites: stable\nComponents: main\nSigned-By: {key}\n"
    machine.add_source("kestrel", text)
    update = machine.apt_get("update")
    assert update.stderr == ""


def files_of(machine: DebRoot) -> set[str]:
    own = ("proc", "dev", "tmp", "srv", "var/lib/dpkg", "var/lib/apt", "var/cache", "var/log", "etc/apt")
    paths = {path.relative_to(machine.root.path).as_posix() for path in machine.root.path.rglob("*")}
    return {path for path in paths if not path.startswith(own)}


def test_apt_installs_upgrades_and_purges_the_agent(
    deb_root: Callable[[Base], DebRoot], releases: tuple[Release, Release]
) -> None:
    machine = deb_root("systemd")
    before = files_of(machine)
    use_site(machine, releases[0])
    machine.apt_get("install", "--no-install-recommends", "kestrel")
    assert machine.root.run("kestrel", "--version").stdout == f"kestrel {releases[0].version}\n"
    assert json.loads(machine.root.run("kestrel", "--once").stdout)
    assert machine.root.run("systemctl", "is-enabled", "kestrel.service").stdout == "enabled\n"
    use_site(machine, releases[1])
    machine.apt_get("upgrade", "--no-install-recommends")
    assert machine.root.run("kestrel", "--version").stdout == f"kestrel {releases[1].version}\n"
    assert machine.root.inside(CONF).read_text().endswith("# a later remark\n")
    machine.apt_get("purge", "kestrel")
    assert machine.status("kestrel") == ""
    assert files_of(machine) == before


def test_apt_refuses_a_repository_that_another_key_signed(
    deb_root: Callable[[Base], DebRoot], releases: tuple[Release, Release]
) -> None:
    machine = deb_root("plain")
    use_site(machine, releases[0])
    other = openpgp_key.generate("Somebody <else@example.org>").extract_certificate()
    machine.root.write("/etc/apt/keyrings/kestrel.asc", str(other))
    shutil.rmtree(machine.root.inside("/var/lib/apt/lists"))
    assert (
        "NO_PUBKEY"
        in machine.apt_get("update", check=False).stdout + machine.apt_get("update", check=False).stderr
    )


def test_the_dkms_package_builds_the_driver_for_a_real_kernel(
    deb_root: Callable[[Base], DebRoot], releases: tuple[Release, Release]
) -> None:
    machine = deb_root("dkms")
    machine.use_host_sources()
    use_site(machine, releases[0])
    machine.apt_get("install", "--no-install-recommends", f"linux-headers-cloud-{DEBIAN[HOST]}")
    [kernel] = [path.name for path in machine.root.inside("/lib/modules").iterdir()]
    machine.apt_get("install", "kestrel-dkms")
    status = machine.root.run("dkms", "status").stdout
    assert status.startswith("kestrel/")
    assert f"{kernel}, {HOST}: installed" in status
    module = f"/lib/modules/{kernel}/updates/dkms/kestrel.ko"
    assert machine.root.run("modinfo", "-F", "vermagic", module).stdout.split()[0] == kernel
    machine.apt_get("purge", "kestrel-dkms")
    assert machine.root.run("dkms", "status").stdout == ""
    assert not machine.root.inside(module).exists()


def test_lintian_finds_no_errors(releases: tuple[Release, Release]) -> None:
    require(LINTIAN)
    for path in releases[0].artifacts("deb"):
        run("lintian", "--fail-on=error", "--allow-root", "--no-tag-display-limit", path)


# dnf


def add_site(machine: RpmRoot, release: Release) -> None:
    text = (release.site / "yum" / "kestrel.repo").read_text()
    address = (release.site.parent / "site").as_uri()
    assert address in text
    assert "gpgcheck=1" in text
    assert "repo_gpgcheck=1" in text
    machine.add_repository("kestrel", text.replace(address, release.site.as_uri()))


def test_dnf_installs_upgrades_and_erases_with_every_check_on(
    rpm_root: Callable[[], RpmRoot], releases: tuple[Release, Release]
) -> None:
    machine = rpm_root()
    add_site(machine, releases[0])
    machine.dnf("install", "systemd", "dkms")
    before = machine.files()
    machine.dnf("install", "kestrel", "kestrel-dkms")
    assert machine.root.run("kestrel", "--version").stdout == f"kestrel {releases[0].version}\n"
    assert "kestrel/" in machine.root.run("dkms", "status").stdout
    assert machine.rpm("-V", "kestrel", "kestrel-dkms").stdout == ""
    add_site(machine, releases[1])
    machine.dnf("clean", "all")
    machine.dnf("upgrade", "kestrel")
    assert machine.root.run("kestrel", "--version").stdout == f"kestrel {releases[1].version}\n"
    machine.dnf("remove", "kestrel", "kestrel-dkms")
    left = {name for name in machine.files() - before if "__pycache__" not in name}
    assert {name for name in left if "kestrel" in name} == set()


def test_rpm_accepts_the_signatures(
    rpm_root: Callable[[], RpmRoot], releases: tuple[Release, Release]
) -> None:
    machine = rpm_root()
    machine.rpm("--import", releases[0].site / "yum" / "kestrel.asc")
    for path in releases[0].artifacts("rpm"):
        assert machine.rpm("-K", path).stdout.strip().endswith("digests signatures OK")


def test_rpmlint_finds_no_errors(releases: tuple[Release, Release], tmp_path: Path) -> None:
    require(RPMLINT)
    home = {**os.environ, "HOME": str(tmp_path)}  # where Debian's rpm keeps its keys
    run("rpm", "--import", releases[0].site / "yum" / "kestrel.asc", env=home)
    paths = releases[0].artifacts("rpm")
    overrides = Path(__file__).with_name("rpmlint.toml")
    result = run("rpmlint", "--config", overrides, *paths, check=False, env=home)
    assert f"{len(paths)} packages and 0 specfiles checked; 0 errors" in result.stdout, result.stdout


# images


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_the_image_runs_on_both_architectures(
    docker_engine: docker.DockerClient, releases: tuple[Release, Release], arch: Arch
) -> None:
    if arch != HOST:
        require(EMULATOR)
    [archive] = [path for path in releases[1].artifacts("image-archive") if f"-{arch}." in path.name]
    with archive.open("rb") as stream:
        [image] = docker_engine.images.load(stream)
    assert image.attrs["Architecture"] == OCI[arch]
    output = docker_engine.containers.run(image, ["--version"], network_mode="none", remove=True)
    assert output.decode() == f"kestrel {releases[1].version}\n"
