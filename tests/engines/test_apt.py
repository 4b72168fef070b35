"""DEBs and the APT repository in the hands of dpkg, apt, lintian, systemctl and dkms."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from semver import Version

from release import scripts, spelling
from release.arch import Arch
from release.artifact import Artifact
from release.compression import Packer
from release.digest import sha256_of
from release.formats import deb
from release.package import Package, Relations
from release.payload import Directory, Entry, File, Payload, Symlink
from release.publishers import Publication
from release.publishers.apt import AptPublisher
from release.signing import Signer, openpgp
from release.stores.directory import DirectoryStore
from tests.engines.deb_root import Base, DebRoot
from tests.engines.engines import LINTIAN, require, run

HERE = Path(__file__).parent
SNIPPETS = HERE.parent.parent / "packaging" / "snippets"
DRIVER = HERE.parent.parent / "examples" / "kestrel" / "driver"
ARCH: Arch = "aarch64" if os.uname().machine == "aarch64" else "x86_64"
DATE = 1_700_000_000

DebRoots = Callable[[Base], DebRoot]
Build = Callable[[Package], Artifact]

COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: kestrel

Files: *
Copyright: 2023 Kestrel Maintainers
License: Expat
 Permission is hereby granted, free of charge, to any person obtaining a copy of this software, to use it.
"""
UNIT = """\
[Unit]
Description=Kestrel
Documentation=https://kestrel.example.org/

[Service]
ExecStart=/usr/bin/kestrel

[Install]
WantedBy=multi-user.target
"""


@pytest.fixture(scope="module")
def signer() -> Signer:
    return openpgp.ephemeral("Kestrel <kestrel@example.org>")


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    with Packer(tmp_path / "spool") as packer:

        def new(package: Package) -> Artifact:
            name = f"{package.name}-{spelling.file_name(package.version)}-{package.arch}.deb"
            path = tmp_path / name
            with path.open("wb") as out:
                deb.write(package, out, packer)
            return Artifact(
                path=path,
                kind="deb",
                component="userspace",
                name=package.name,
                version=package.version,
                arch=package.arch,
                size=path.stat().st_size,
                sha256=sha256_of(path),
            )

        yield new


def package(
    *entries: Entry,
    name: str = "kestrel",
    version: str = "1.0.0",
    arch: Arch = ARCH,
    relations: Relations | None = None,
    maintainer_scripts: Mapping[str, str] | None = None,
) -> Package:
    copyright_file = File(path=f"/usr/share/doc/{name}/copyright", source=COPYRIGHT.encode())
    return Package(
        name=name,
        version=Version.parse(version),
        arch=arch,
        date=DATE,
        summary="observer of system events",
        description="Kestrel reads the events of its kernel module and prints them.",
        license="MIT",
        homepage="https://kestrel.example.org/",
        maintainer="Kestrel Maintainers <kestrel@example.org>",
        vendor="Kestrel",
        section="admin",
        relations=relations or Relations(),
        scripts=maintainer_scripts or {},
        payload=Payload.of((copyright_file, *entries)),
    )


def agent(version: str = "1.0.0", settings: str = "interval = 1\n") -> Package:
    """A daemon with a unit and a configuration file."""
    return package(
        File(path="/usr/bin/kestrel", source=f"#!/bin/sh\necho {version}\n".encode(), mode=0o755),
        File(path="/etc/kestrel/kestrel.conf", source=settings.encode(), config=True),
        File(path="/usr/lib/systemd/system/kestrel.service", source=UNIT.encode()),
        version=version,
        maintainer_scripts=scripts.compose("deb", SNIPPETS, own={}, services=("kestrel.service",)),
    )


def publish(site: Path, url: str, signer: Signer, *artifacts: Artifact) -> Publication:
    apt = AptPublisher(
        store=DirectoryStore(site),
        prefix="apt",
        url=f"{url}/apt",
        name="kestrel",
        signer=signer,
        clock=time.time,
    )
    apt.stage(artifacts)
    apt.verify()
    return apt.commit()


def use(machine: DebRoot, site: Path) -> None:
    """What the instructions do, without curl."""
    machine.root.copy(site / "apt/kestrel.asc", "/etc/apt/keyrings/kestrel.asc")
    machine.add_source("kestrel", (site / "apt/kestrel.sources").read_text())


def files_of(machine: DebRoot) -> set[str]:
    """Every path in the root but what apt and dpkg keep for themselves."""
    own = ("proc", "dev", "tmp", "var/lib/dpkg", "var/lib/apt", "var/cache/apt", "var/log")
    paths = {path.relative_to(machine.root.path).as_posix() for path in machine.root.path.rglob("*")}
    return {path for path in paths if not path.startswith(own)}


# dpkg


PAYLOAD = (
    File(path="/usr/bin/kestrel", source=b"#!/bin/sh\n", mode=0o755),
    File(path="/usr/bin/kestrel-ping", source=b"#!/bin/sh\n", mode=0o4755),
    File(path="/etc/kestrel/secret", source=b"secret\n", mode=0o640, group="adm", config=True),
    File(path="/opt/kestrel/empty", source=b""),
    File(path=f"/opt/kestrel/{'long-' * 24}/{'name-' * 24}", source=b"long"),
    File(path="/opt/kestrel/größe with blanks", source=b"foreign"),
    Symlink(path="/usr/bin/kst", target="kestrel"),
    Symlink(path="/opt/kestrel/link", target=f"/opt/{'target-' * 20}"),
    Directory(path="/var/lib/kestrel", mode=0o700, owner="games", group="games"),
    Directory(path="/var/spool/kestrel", mode=0o1777),
)


def test_installed_files_are_those_of_the_payload(deb_root: DebRoots, build: Build, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(os.urandom(3 << 20))
    wanted = package(*PAYLOAD, File(path="/opt/kestrel/large", source=large))
    machine = deb_root("plain")
    machine.install_files(build(wanted).path)
    names = {entry.path: entry for entry in wanted.payload}
    listed = machine.root.run("stat", "--format=%F|%a|%U|%G|%n", *names).stdout
    rows = {name: facts for facts, _, name in (line.rpartition("|") for line in listed.splitlines())}
    for path, entry in names.items():
        kind = {File: "regular", Directory: "directory", Symlink: "symbolic link"}[type(entry)]
        assert rows[path].replace(" empty", "").replace(" file", "") == (
            f"{kind}|{entry.mode:o}|{entry.owner}|{entry.group}"
        )
        outside = machine.root.inside(path)
        match entry:
            case File(source=Path() as source):
                assert outside.read_bytes() == source.read_bytes()
            case File(source=bytes() as content):
                assert outside.read_bytes() == content
            case Symlink():
                assert os.readlink(outside) == entry.target  # noqa: PTH115 - the text itself
    assert machine.root.run("dpkg", "--verify", "kestrel").stdout == ""
    assert (
        machine.root.run("dpkg-query", "-W", "-f=${Conffiles}", "kestrel").stdout.split()[0]
        == "/etc/kestrel/secret"
    )


def test_dpkg_deb_finds_nothing_wrong(build: Build) -> None:
    path = build(agent()).path
    fields = run("dpkg-deb", "--show", "--showformat=${Package} ${Version} ${Architecture}", path).stdout
    assert fields == f"kestrel 1.0.0 {'arm64' if ARCH == 'aarch64' else 'amd64'}"
    contents = run("dpkg-deb", "--contents", path).stdout.splitlines()
    assert contents[0].split()[0] == "drwxr-xr-x"
    assert contents[0].endswith(" ./")
    assert run("dpkg-deb", "--fsys-tarfile", path).stderr == ""
    assert run("dpkg-deb", "--field", path).stdout == deb.read_control(path)


@pytest.mark.parametrize("packing", ["gzip", "xz", "none"])
def test_control_files_of_packages_that_dpkg_deb_made_are_read(packing: str, tmp_path: Path) -> None:
    tree = tmp_path / "tree" / "DEBIAN"
    tree.mkdir(parents=True)
    (tree / "control").write_text(
        "Package: other\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: x\n"
    )
    made = tmp_path / "other.deb"
    run(
        "dpkg-deb",
        "--uniform-compression",
        f"-Z{packing}",
        "--root-owner-group",
        "--build",
        tree.parent,
        made,
    )
    assert deb.read_control(made) == run("dpkg-deb", "--field", made).stdout


def test_a_machine_without_systemctl_installs_and_purges_quietly(deb_root: DebRoots, build: Build) -> None:
    machine = deb_root("plain")
    before = files_of(machine)
    installed = machine.install_files(build(agent()).path)
    assert installed.stderr == ""
    assert machine.root.run("dpkg", "--remove", "kestrel").stderr == ""
    assert machine.root.run("dpkg", "--purge", "kestrel").stderr == ""
    assert files_of(machine) == before


# apt


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


def test_upgrade_keeps_a_changed_configuration_and_purge_leaves_nothing(
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
    shared = build(package(name="kestrel-data", arch="noarch"))
    publish(site, "file:///srv/site", signer, shared)
    machine.root.copy(site, "/srv/site")
    use(machine, site)
    assert machine.apt_get("update").stderr == ""
    machine.apt_get("install", "kestrel-data")
    for debian in ("amd64", "arm64"):
        policy = machine.root.run(
            "apt-cache", "-o", f"APT::Architecture={debian}", "show", "kestrel-data", check=False
        )
        assert (debian, policy.returncode) == (debian, 0)


# systemd


def enabled(machine: DebRoot) -> str:
    return machine.root.run("systemctl", "is-enabled", "kestrel.service", check=False).stdout.strip()


@pytest.mark.parametrize("helper", [True, False], ids=["deb-systemd-helper", "systemctl"])
def test_units_are_enabled_once_and_purge_forgets_them(
    deb_root: DebRoots, build: Build, *, helper: bool
) -> None:
    machine = deb_root("systemd")
    if not helper:
        machine.root.inside("/usr/bin/deb-systemd-helper").unlink()
        machine.root.inside("/usr/bin/deb-systemd-invoke").unlink()
    before = files_of(machine)
    machine.install_files(build(agent()).path)
    assert enabled(machine) == "enabled"
    machine.root.run("systemctl", "disable", "kestrel.service")
    machine.install_files(build(agent("1.1.0")).path)
    assert enabled(machine) == "disabled"
    machine.root.run("systemctl", "enable", "kestrel.service")
    machine.install_files(build(agent("1.2.0")).path)
    assert enabled(machine) == "enabled"
    machine.root.run("dpkg", "--purge", "kestrel")
    assert files_of(machine) == before


LOGGING = """\
#!/bin/sh
[ "$1" != is-enabled ] || echo enabled
case "$*" in *is-active* | *is-enabled*) exit 0 ;; esac
echo "$*" >>/tmp/systemctl.log
"""


@pytest.mark.parametrize("helper", [True, False], ids=["deb-systemd-invoke", "systemctl"])
def test_a_running_systemd_starts_restarts_and_stops_the_units(
    deb_root: DebRoots, build: Build, *, helper: bool
) -> None:
    # No systemd runs in a root: a script in the place of systemctl writes down what it is asked.
    machine = deb_root("plain")
    machine.root.write("/usr/bin/systemctl", LOGGING, mode=0o755)
    machine.root.inside("/run/systemd/system").mkdir(parents=True)
    machine.root.inside("/usr/sbin/policy-rc.d").unlink()
    if not helper:
        machine.root.inside("/usr/bin/deb-systemd-helper").unlink()
        machine.root.inside("/usr/bin/deb-systemd-invoke").unlink()

    def asked() -> list[str]:
        log = machine.root.inside("/tmp/systemctl.log")
        lines = log.read_text().splitlines()
        log.unlink()
        words = [line.split() for line in lines]
        return [" ".join(word for word in line if not word.startswith("--")) for line in words]

    first = ["daemon-reload", "start kestrel.service"]
    again = ["daemon-reload", "restart kestrel.service"]
    machine.install_files(build(agent()).path)
    assert asked() == (first if helper else ["enable kestrel.service", *first])
    machine.install_files(build(agent("1.1.0")).path)
    assert asked() == again
    machine.root.run("dpkg", "--remove", "kestrel")
    assert asked() == ["stop kestrel.service", "daemon-reload"]
    machine.root.run("dpkg", "--purge", "kestrel")
    assert helper or asked() == ["disable kestrel.service"]


# DKMS


def driver(tmp_path: Path, version: str) -> Package:
    stage = tmp_path / f"stage-{version}"
    stage.mkdir()
    environment = {**os.environ, "JESSES_VERSION": version, "JESSES_STAGE": str(stage)}
    run(sys.executable, DRIVER / "stage.py", env=environment)
    sources = sorted(path for path in (stage / "driver").rglob("*") if path.is_file())
    return package(
        *(
            File(path=f"/usr/src/kestrel-{version}/{path.relative_to(stage / 'driver')}", source=path)
            for path in sources
        ),
        name="kestrel-dkms",
        version=version,
        arch="noarch",
        relations=Relations(recommends=("dkms",)),
        maintainer_scripts=scripts.compose("deb", SNIPPETS, own={}, dkms=("kestrel", version)),
    )


def modules(machine: DebRoot) -> list[str]:
    return [path.as_posix() for path in machine.root.inside("/lib/modules").rglob("kestrel.ko*")]


def test_dkms_builds_the_module_and_takes_it_away_again(
    deb_root: DebRoots, build: Build, tmp_path: Path
) -> None:
    machine = deb_root("dkms")
    machine.use_host_sources()
    headers = "linux-headers-cloud-arm64" if ARCH == "aarch64" else "linux-headers-cloud-amd64"
    machine.apt_get("install", "--no-install-recommends", headers)
    for version in ("0.1.0-3+abc1234", "0.1.0"):
        machine.install_files(build(driver(tmp_path, version)).path)
        (module,) = modules(machine)
        shown = machine.root.run(
            "modinfo", "-F", "version", "/" + str(Path(module).relative_to(machine.root.path))
        )
        assert shown.stdout == f"{version}\n"
        (status,) = machine.root.run("dkms", "status").stdout.splitlines()
        assert status.startswith(f"kestrel/{version}, ")
        assert status.endswith(": installed")
    machine.root.run("dpkg", "--purge", "kestrel-dkms")
    assert modules(machine) == []
    assert machine.root.run("dkms", "status").stdout == ""
    assert not list(machine.root.inside("/usr/src").glob("kestrel-*"))


def test_without_headers_the_driver_is_added_and_says_so(
    deb_root: DebRoots, build: Build, tmp_path: Path
) -> None:
    machine = deb_root("dkms")
    installed = machine.install_files(build(driver(tmp_path, "0.1.0")).path)
    assert "there are no kernel headers" in installed.stdout
    assert machine.root.run("dkms", "status").stdout == "kestrel/0.1.0: added\n"
    machine.root.run("dpkg", "--purge", "kestrel-dkms")
    assert machine.root.run("dkms", "status").stdout == ""


def test_without_dkms_the_driver_is_only_unpacked(deb_root: DebRoots, build: Build, tmp_path: Path) -> None:
    machine = deb_root("plain")
    before = files_of(machine)
    assert machine.install_files(build(driver(tmp_path, "0.1.0")).path).stderr == ""
    assert machine.root.inside("/usr/src/kestrel-0.1.0/dkms.conf").exists()
    assert machine.root.run("dpkg", "--purge", "kestrel-dkms").stderr == ""
    assert files_of(machine) == before


# lintian


def test_lintian_finds_no_error(build: Build, tmp_path: Path) -> None:
    require(LINTIAN)
    paths = [build(agent()).path, build(driver(tmp_path, "0.1.0-3+abc1234")).path]
    tags = run("lintian", "--allow-root", "--tag-display-limit=0", "--fail-on=error", *paths).stdout
    warnings = {line.split()[2] for line in tags.splitlines() if line.startswith("W:")}
    assert warnings == {"no-manual-page"}  # the stand-in for the agent has none
