"""The tools beside which jesses is measured, as their users call them: signed, for two architectures."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEBIAN: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_GENERATE: Final = """\
Dir {{ ArchiveDir "{root}"; CacheDir "{work}"; }};
Default {{ Packages::Compress ". gzip xz"; Contents::Compress ""; }};
TreeDefault {{ BinCacheDB "packages-$(SECTION)-$(ARCH).db"; Directory "pool/$(SECTION)/$(ARCH)"; }};
Tree "dists/stable" {{ Sections "main"; Architectures "amd64 arm64"; Contents ""; }};
"""
_RELEASE: Final = (
    "Origin=Kestrel",
    "Suite=stable",
    "Codename=stable",
    "Components=main",
    "Architectures=amd64 arm64",
)
_DISTRIBUTIONS: Final = """\
Codename: stable
Suite: stable
Origin: Kestrel
Components: main
Architectures: amd64 arm64
SignWith: {key}
"""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Seconds by the clock, and the most memory in MiB, where that is known."""

    seconds: float
    peak_mib: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(seconds=self.seconds + other.seconds)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a tool works: `root` is what users reach, `work` is its own; `env` knows the key."""

    root: Path
    work: Path
    env: Mapping[str, str]
    key: str

    def run(self, *argv: str | Path, cwd: Path | None = None) -> Cost:
        """Run a command to its end; an error is told with all that it printed."""
        started = time.perf_counter()
        with (self.work / "log").open("w") as log:
            done = subprocess.run(
                list(map(str, argv)), cwd=cwd, env=self.env, stdout=log, stderr=log, check=False
            )
        seconds = time.perf_counter() - started
        if done.returncode:
            said = (self.work / "log").read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{argv[0]} failed: {said}")
        return Cost(seconds=seconds)


Step = Callable[[Place, Sequence[Path]], Cost]


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A tool: its program, how it makes a repository of packages, and how it adds some."""

    name: str
    program: str
    make: Step
    add: Step
    several_versions: bool = True

    @property
    def there(self) -> bool:
        return shutil.which(self.program) is not None


# aptly


def _aptly(place: Place, *argv: str | Path) -> Cost:
    config = place.work / "aptly.conf"
    if not config.exists():
        config.write_text(json.dumps({"rootDir": str(place.root), "architectures": ["amd64", "arm64"]}))
    return place.run("aptly", f"-config={config}", *argv)


def _aptly_make(place: Place, debs: Sequence[Path]) -> Cost:
    cost = _aptly(place, "repo", "create", "-distribution=stable", "-component=main", "one")
    cost += _aptly(place, "repo", "add", "one", *{deb.parent for deb in debs})
    return cost + _aptly(
        place, "publish", "repo", "-batch", f"-gpg-key={place.key}", "-acquire-by-hash", "one"
    )


def _aptly_add(place: Place, debs: Sequence[Path]) -> Cost:
    cost = _aptly(place, "repo", "add", "one", *debs)
    return cost + _aptly(place, "publish", "update", "-batch", f"-gpg-key={place.key}", "stable")


# reprepro


def _reprepro_make(place: Place, debs: Sequence[Path]) -> Cost:
    (place.work / "conf").mkdir()
    (place.work / "conf/distributions").write_text(_DISTRIBUTIONS.format(key=place.key))
    return _reprepro_add(place, debs)


def _reprepro_add(place: Place, debs: Sequence[Path]) -> Cost:
    tool = ("reprepro", "--basedir", place.work, "--outdir", place.root, "includedeb", "stable")
    return sum(
        (place.run(*tool, *debs[at : at + 2000]) for at in range(0, len(debs), 2000)), start=Cost(seconds=0)
    )


# apt-ftparchive


def _ftparchive_make(place: Place, debs: Sequence[Path]) -> Cost:
    (place.work / "generate.conf").write_text(_GENERATE.format(root=place.root, work=place.work))
    for arch in DEBIAN.values():
        (place.root / f"dists/stable/main/binary-{arch}").mkdir(parents=True)
        (place.root / f"pool/main/{arch}").mkdir(parents=True)
    return _ftparchive_add(place, debs)


def _ftparchive_add(place: Place, debs: Sequence[Path]) -> Cost:
    for deb in debs:
        arch = next(debian for ours, debian in DEBIAN.items() if ours in deb.name)
        # It knows the architecture by the name, in Debian's fashion.
        name = f"{deb.name.partition('-1.0.0')[0]}_1.0.0_{arch}.deb"
        shutil.copy(deb, place.root / f"pool/main/{arch}/{name}")
    suite = place.root / "dists/stable"
    cost = place.run("apt-ftparchive", "generate", place.work / "generate.conf")
    options = [f"-oAPT::FTPArchive::Release::{option}" for option in _RELEASE]
    shell = 'exec apt-ftparchive "$@" > Release.new'
    cost += place.run("sh", "-c", shell, "-", *options, "release", ".", cwd=suite)
    (suite / "Release.new").replace(suite / "Release")
    gpg = ("gpg", "--batch", "--yes", "--local-user", place.key)
    cost += place.run(*gpg, "--output", "InRelease", "--clearsign", "Release", cwd=suite)
    return cost + place.run(*gpg, "--output", "Release.gpg", "--armor", "--detach-sign", "Release", cwd=suite)


# createrepo_c


def _createrepo_make(place: Place, rpms: Sequence[Path]) -> Cost:
    return _createrepo(place, rpms)


def _createrepo_add(place: Place, rpms: Sequence[Path]) -> Cost:
    return _createrepo(place, rpms, "--update", "--skip-stat")


def _createrepo(place: Place, rpms: Sequence[Path], *options: str) -> Cost:
    packages = place.root / "packages"
    packages.mkdir(exist_ok=True)
    for rpm in rpms:
        shutil.copy(rpm, packages)
    cost = place.run("createrepo_c", "--no-database", "--quiet", *options, place.root)
    repomd = place.root / "repodata/repomd.xml"
    return cost + place.run(
        *("gpg", "--batch", "--yes", "--local-user", place.key, "--armor", "--detach-sign", repomd)
    )


APT: Final = (
    Peer(name="aptly", program="aptly", make=_aptly_make, add=_aptly_add),
    Peer(name="reprepro", program="reprepro", make=_reprepro_make, add=_reprepro_add, several_versions=False),
    Peer(name="apt-ftparchive", program="apt-ftparchive", make=_ftparchive_make, add=_ftparchive_add),
)
YUM: Final = (Peer(name="createrepo_c", program="createrepo_c", make=_createrepo_make, add=_createrepo_add),)
