"""What packages do besides bringing files: ghosts, triggers, configuration, versions up and down."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jesses.base.package import Package, Relations, Trigger
from jesses.base.payload import Directory, File, Ghost, Payload
from jesses.base.resources import packaging_data
from jesses.package import scripts
from tests.engines import debs, rpm_packages
from tests.engines.debs import Build, DebRoots, agent, builder, files_of
from tests.engines.rpm_root import RpmRoot

SNIPPETS = packaging_data() / "snippets"
STATE = "/var/lib/kestrel/state"
PLUGINS = "/usr/lib/kestrel/plugins"
RESCAN = "echo scanned >>/tmp/scans\nexit 0\n"
CONF = "/etc/kestrel/kestrel.conf"


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    with builder(tmp_path) as build:
        yield build


@pytest.fixture
def root(rpm_root: Callable[[], RpmRoot]) -> RpmRoot:
    root = rpm_root()
    root.dnf("install", "coreutils", "bash", "setup")
    return root


# dpkg


def watcher() -> Package:
    """A DEB with a ghost and a trigger."""
    wanted = scripts.WantedSnippets(ghosts=(STATE,), triggers=(Trigger(path=PLUGINS, script=RESCAN),))
    package = debs.package(
        Directory(path="/var/lib/kestrel"),
        Ghost(path=STATE),
        maintainer_scripts=scripts.compose("deb", SNIPPETS, wanted, own={}),
    )
    return replace(package, trigger_lines=(f"interest-noawait {PLUGINS}",))


def test_purging_a_deb_takes_away_its_ghosts_and_removing_does_not(deb_root: DebRoots, build: Build) -> None:
    machine = deb_root("plain")
    before = files_of(machine)
    machine.install_files(build(watcher()).path)
    assert not machine.root.inside(STATE).exists()
    machine.root.write(STATE, "made by the program\n")
    machine.root.run("dpkg", "--remove", "kestrel")
    assert machine.root.inside(STATE).exists()
    machine.root.run("dpkg", "--purge", "kestrel")
    assert files_of(machine) == before


def test_a_trigger_runs_when_another_deb_comes_and_when_it_goes(deb_root: DebRoots, build: Build) -> None:
    machine = deb_root("plain")
    machine.install_files(build(watcher()).path)
    scans = machine.root.inside("/tmp/scans")
    assert not scans.exists()
    other = debs.package(File(path=f"{PLUGINS}/one", source=b"1\n"), name="kestrel-plugin")
    machine.install_files(build(other).path)
    assert scans.read_text() == "scanned\n"
    machine.root.run("dpkg", "--purge", "kestrel-plugin")
    assert scans.read_text() == "scanned\n" * 2
    machine.install_files(build(debs.package(name="kestrel-other")).path)
    assert scans.read_text() == "scanned\n" * 2


def test_a_deb_goes_up_and_down_and_keeps_what_was_edited(deb_root: DebRoots, build: Build) -> None:
    machine = deb_root("plain")
    conf = machine.root.inside(CONF)
    for version, settings in (
        ("1.0.0", "interval = 1\n"),
        ("1.1.0-rc.1", "interval = 2\n"),
        ("1.0.0", "interval = 1\n"),
    ):
        machine.install_files(build(agent(version, settings)).path)
        assert machine.root.run("kestrel").stdout == f"{version}\n"
        assert conf.read_text() == settings
    machine.root.write(CONF, "interval = mine\n")
    for version, settings in (("1.2.0", "interval = 3\n"), ("1.0.0", "interval = 1\n")):
        path = build(agent(version, settings)).path
        machine.root.copy(path, f"/tmp/{path.name}")
        machine.root.run("dpkg", "--force-confdef", "--force-confold", "-i", f"/tmp/{path.name}")
        assert conf.read_text() == "interval = mine\n"
    machine.root.run("dpkg", "--remove", "kestrel")
    assert conf.read_text() == "interval = mine\n"
    machine.root.run("dpkg", "--purge", "kestrel")
    assert not conf.parent.exists()


def test_a_deb_that_breaks_another_takes_it_out_of_use(deb_root: DebRoots, build: Build) -> None:
    machine = deb_root("plain")
    machine.install_files(build(debs.package(name="eagle")).path)
    breaking = debs.package(relations=Relations(breaks=("eagle (<< 2.0)",)))
    refused = machine.install_files(build(breaking).path, check=False)
    assert "breaks eagle" in refused.stderr + refused.stdout
    machine.install_files(build(debs.package(name="eagle", version="2.0.0")).path)
    machine.install_files(build(breaking).path)


# rpm


def rpm_watcher() -> Package:
    payload = Payload.of((Directory(path="/var/lib/kestrel"), Ghost(path=STATE, mode=0o600)))
    trigger = Trigger(path=PLUGINS, script=RESCAN)
    package = rpm_packages.package("kestrel", "1.0.0", payload, scripts={})
    return replace(package, triggers=(trigger,))


def test_rpm_owns_a_ghost_and_erases_it(root: RpmRoot, tmp_path: Path) -> None:
    root.rpm("-i", rpm_packages.build(rpm_watcher(), tmp_path / "dist").path)
    assert not root.root.inside(STATE).exists()
    assert root.rpm("-V", "kestrel").stdout == ""
    root.root.write(STATE, "made by the program\n", mode=0o600)
    assert root.rpm("-qf", STATE).stdout == "kestrel-1.0.0-1.x86_64\n"
    assert root.rpm("-V", "kestrel").stdout == ""
    root.rpm("-e", "kestrel")
    assert not root.root.inside("/var/lib/kestrel").exists()


def test_a_trigger_runs_when_another_rpm_comes_and_when_it_goes(root: RpmRoot, tmp_path: Path) -> None:
    root.rpm("-i", rpm_packages.build(rpm_watcher(), tmp_path / "dist").path)
    scans = root.root.inside("/tmp/scans")
    assert not scans.exists()
    payload = Payload.of([File(path=f"{PLUGINS}/one", source=b"1\n")])
    other = rpm_packages.package("kestrel-plugin", "1.0.0", payload)
    root.rpm("-i", rpm_packages.build(other, tmp_path / "dist").path)
    assert scans.read_text() == "scanned\n"
    root.rpm("-e", "kestrel-plugin")
    assert scans.read_text() == "scanned\n" * 2


def test_an_rpm_that_breaks_another_does_not_get_in_beside_it(root: RpmRoot, tmp_path: Path) -> None:
    eagle = rpm_packages.package("eagle", "1.0.0", Payload.of([File(path="/opt/eagle", source=b"")]))
    root.rpm("-i", rpm_packages.build(eagle, tmp_path / "dist").path)
    breaking = rpm_packages.package("kestrel", "1.0.0", Payload.of([File(path="/opt/kestrel", source=b"")]))
    breaking = replace(breaking, relations=Relations(breaks=("eagle < 2",)))
    refused = root.rpm("-i", rpm_packages.build(breaking, tmp_path / "dist").path, check=False)
    assert refused.returncode != 0
    assert "eagle < 2 conflicts with" in refused.stderr
