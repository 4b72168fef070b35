"""DEB files in the hands of dpkg, lintian, systemctl and dkms."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from jesses.base.payload import Directory, File, Symlink
from jesses.package.formats import deb_reader
from tests.engines.deb_root import DebRoot
from tests.engines.debs import ARCH, Build, DebRoots, agent, builder, driver, files_of, package
from tests.engines.engines import LINTIAN, require, run


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    with builder(tmp_path) as build:
        yield build


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
    assert run("dpkg-deb", "--field", path).stdout == deb_reader.control(path)


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
    assert deb_reader.control(made) == run("dpkg-deb", "--field", made).stdout


def test_a_machine_without_systemctl_installs_and_purges_quietly(deb_root: DebRoots, build: Build) -> None:
    machine = deb_root("plain")
    before = files_of(machine)
    installed = machine.install_files(build(agent()).path)
    assert installed.stderr == ""
    assert machine.root.run("dpkg", "--remove", "kestrel").stderr == ""
    assert machine.root.run("dpkg", "--purge", "kestrel").stderr == ""
    assert files_of(machine) == before


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
case "$*" in
*is-enabled*) echo enabled; exit ;;
*is-active*) exit ;;
esac
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
    assert asked() == ["preset kestrel.service" if helper else "enable kestrel.service", *first]
    machine.install_files(build(agent("1.1.0")).path)
    assert asked() == again
    machine.root.run("dpkg", "--remove", "kestrel")
    assert asked() == ["stop kestrel.service", "daemon-reload"]
    machine.root.run("dpkg", "--purge", "kestrel")
    assert helper or asked() == ["disable kestrel.service"]


# DKMS


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
