"""Debian roots for tests that install packages: real apt, real dpkg, maintainer scripts that really run.

They are made with mmdebstrap of what this machine's own apt configuration names, so a Debian machine gives
its own Debian release, and no mirror stands in any file.
"""

import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess
from typing import Literal

from tests.engines.cache import cached
from tests.engines.chroot import Root, share_network, writable
from tests.engines.engines import run

Base = Literal["plain", "systemd", "dkms"]

# What a base has beside apt and the essential packages.
INCLUDES: dict[Base, tuple[str, ...]] = {
    "plain": (),  # no systemctl
    "systemd": ("systemd",),
    "dkms": ("systemd", "dkms", "pahole"),  # pahole: 6.12 kernels
}
NO_DAEMONS = "#!/bin/sh\nexit 101\n"  # policy-rc.d
HOST_SOURCES = "/etc/apt/sources.list.d/host.list"
SET_ASIDE = "/etc/apt/host.list"


@cache
def host_sources() -> str:
    """The Debian or Ubuntu sources that this machine has active, as lines of sources.list(5).

    Checks of dates that the machine switches off for all sources are switched off for these alone, so
    that in a root apt checks the repository under test as it does everywhere.
    """
    targets = ("apt-get", "indextargets", "--format", "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)")
    found = run(*targets, "Created-By: Packages").stdout
    if not found.strip():  # apt knows its targets only after an update
        run("apt-get", "update")
        found = run(*targets, "Created-By: Packages").stdout
    rows = [line.split("|") for line in found.splitlines()]
    options = " ".join(f"{name}=no" for name in _switched_off())
    lines = [
        f"deb [{options}] {uri} {suite} {component}" if options else f"deb {uri} {suite} {component}"
        for origin, uri, suite, component in rows
        if origin in {"Debian", "Ubuntu"}
    ]
    return "".join(f"{line}\n" for line in dict.fromkeys(lines))


def sources_of(suites: Mapping[str, str]) -> str:
    """Another release of this machine's distribution, from the same archive; `suites` by ID (os-release(5))."""
    system = platform.freedesktop_os_release()
    own, other = f" {system['VERSION_CODENAME']} ", f" {suites[system['ID']]} "
    lines = [line.replace(own, other) for line in host_sources().splitlines() if own in line]
    return "".join(f"{line}\n" for line in lines)


def _switched_off() -> list[str]:
    names = ("Check-Valid-Until", "Check-Date")
    values = {name: run("apt-config", "shell", "value", f"Acquire::{name}/b").stdout for name in names}
    return [name.lower() for name, value in values.items() if value.strip() == "value='false'"]


@cache
def host_transport() -> str:
    """How this machine's apt reaches its sources (proxies and the like), as lines of apt.conf(5)."""
    dump = run("apt-config", "dump", "Acquire::http", "Acquire::https").stdout
    return "".join(f"{line}\n" for line in dump.splitlines() if not line.endswith('"";'))


def debootstrap(target: Path, *, variant: str, include: tuple[str, ...], sources: str | None = None) -> None:
    """Fills `target` with a root, of this machine's own release without other `sources`.

    Package lists stay in it, so that an update only fetches what is new.
    """
    listed = target.with_name(f"{target.name}.list")
    listed.write_text(sources or host_sources(), encoding="utf-8")
    try:
        run(
            "mmdebstrap",
            f"--variant={variant}",
            *(f"--include={package}" for package in include),
            "--mode=root",
            "--format=directory",
            "--skip=cleanup/apt/lists",
            "--dpkgopt=force-unsafe-io",
            '--aptopt=Acquire::Languages "none"',
            *(f"--aptopt={line}" for line in host_transport().splitlines()),
            "",
            target,
            listed,
        )
    finally:
        listed.unlink()


@dataclass(frozen=True, kw_only=True)
class DebRoot:
    """A Debian root that a test may change: `root.run(...)` runs anything in it, the rest is for apt."""

    root: Root

    def apt_get(self, *args: str, check: bool = True) -> CompletedProcess[str]:
        """`apt-get` with --yes, without questions."""
        environment = {"DEBIAN_FRONTEND": "noninteractive"}
        return self.root.run("apt-get", "--yes", *args, check=check, env=environment)

    def install_files(self, *packages: Path, check: bool = True) -> CompletedProcess[str]:
        """`dpkg -i` of package files of the machine; dependencies must be there already."""
        names = [self._bring(package) for package in packages]
        environment = {"DEBIAN_FRONTEND": "noninteractive"}
        return self.root.run("dpkg", "-i", *names, check=check, env=environment)

    def _bring(self, package: Path) -> str:
        name = f"/tmp/{package.name}"
        self.root.copy(package, name)
        return name

    def add_source(self, name: str, fields: str) -> None:
        """Adds /etc/apt/sources.list.d/NAME.sources, `fields` being its text (deb822)."""
        self.root.write(f"/etc/apt/sources.list.d/{name}.sources", fields)

    def use_host_sources(self) -> None:
        """Lets this root install from the sources of the machine too, and updates its package lists."""
        self.root.write(HOST_SOURCES, self.root.inside(SET_ASIDE).read_text(encoding="utf-8"))
        self.apt_get("update")

    def status(self, package: str) -> str:
        """The status of a package, such as `installed` or `config-files`; empty when dpkg knows nothing."""
        query = ("dpkg-query", "-W", "-f", "${db:Status-Status}", package)
        return self.root.run(*query, check=False).stdout


def debian_base(base: Base) -> Path:
    """The cached root of that kind: read it, never write to it."""
    plain = _plain_base()
    include = INCLUDES[base]
    if not include:
        return plain

    def make(target: Path) -> None:  # much faster than mmdebstrap again
        run("cp", "-a", f"{plain}/.", target)
        root = Root(path=target)
        share_network(root)
        deb = DebRoot(root=root)
        deb.use_host_sources()
        deb.apt_get("install", "--no-install-recommends", "-o", "Dpkg::Options::=--force-unsafe-io", *include)
        deb.apt_get("clean")
        root.inside(HOST_SOURCES).unlink()

    return cached(f"debian-{base}", plain.name, make)


def _plain_base() -> Path:
    def make(target: Path) -> None:
        debootstrap(target, variant="apt", include=())
        root = Root(path=target)
        root.write("/usr/sbin/policy-rc.d", NO_DAEMONS, mode=0o755)
        for name in (target / "etc/apt/sources.list.d").iterdir():
            name.unlink()
        root.write(SET_ASIDE, host_sources())

    return cached("debian-plain", (host_sources(), host_transport()), make)


@contextmanager
def new_deb_root(base: Base) -> Iterator[DebRoot]:
    """A fresh Debian root, gone afterwards."""
    with writable(debian_base(base)) as path:
        root = Root(path=path)
        share_network(root)
        yield DebRoot(root=root)
