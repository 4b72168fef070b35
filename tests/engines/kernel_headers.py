"""Headers of real Debian kernels for both architectures, unpacked beside each other and not installed.

Which kernels there are is read from the package indexes of this machine's own sources, and of the backports
suite beside them when a series is only there. No release is written down here.
"""

import platform
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jesses.base.naming.arch import DEBIAN, Arch
from tests.engines.cache import cached
from tests.engines.deb_root import host_sources
from tests.engines.engines import CommandFailed, compiler, run

MACHINE = platform.machine()
KBUILD_ARCH = {"x86_64": "x86_64", "aarch64": "arm64"}
DEBIAN_ARCHES = (DEBIAN["x86_64"], DEBIAN["aarch64"])
ATTEMPTS = 3  # an index may list files that are gone from the pool


@dataclass(frozen=True, kw_only=True)
class KernelHeaders:
    """What a module is compiled against. `release` is what `uname -r` says on that kernel.

    `root` holds the unpacked packages of both architectures; copied into another root, they work there.
    """

    release: str
    arch: Arch
    root: Path

    @property
    def directory(self) -> Path:
        return self.root / "usr" / "src" / f"linux-headers-{self.release}"


def kernel_headers(series: str, arch: Arch) -> KernelHeaders:
    """The newest kernel of a series, such as 6.1, that the machine's Debian has for both architectures."""
    sources = host_sources()
    root = cached(f"kernel-headers-{series}", sources, lambda root: _fill(root, series, sources))
    (release,) = releases((path.name for path in (root / "usr" / "src").iterdir()), series)
    return KernelHeaders(release=f"{release}-{DEBIAN[arch]}", arch=arch, root=root)


def make_arguments(headers: KernelHeaders) -> tuple[str, ...]:
    """What make must be told to compile a module against these headers on this machine."""
    native = (f"KERNELDIR={headers.directory}", f"CC={compiler(headers.arch)}")
    if headers.arch == MACHINE:
        return native
    prefix = f"{headers.arch.replace('_', '-')}-linux-gnu-"
    return (*native, f"ARCH={KBUILD_ARCH[headers.arch]}", f"CROSS_COMPILE={prefix}", f"LD={prefix}ld")


def releases(names: Iterable[str], series: str) -> list[str]:
    """The releases of a series among names of header packages, newest first, without the flavour.

    Only those that have the generic flavour of every architecture: its name is the architecture's.
    """
    known = set(names)
    pattern = re.compile(rf"linux-headers-({re.escape(series)}\.[^-]+(?:-\d[^-]*)?)-{DEBIAN_ARCHES[0]}")
    found = [match[1] for match in map(pattern.fullmatch, known) if match]
    whole = [release for release in found if known.issuperset(_header_packages(release))]
    return sorted(whole, key=_numbers, reverse=True)


def _numbers(release: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", release)]


def _header_packages(release: str) -> list[str]:
    return [f"linux-headers-{release}-{debian}" for debian in DEBIAN_ARCHES]


def _fill(root: Path, series: str, sources: str) -> None:
    scratch = root / ".scratch"
    scratch.mkdir()
    for lines in (sources, sources + _backports(sources)):
        apt = Apt(scratch, lines)
        if found := releases(apt.names(f"linux-headers-{series}."), series):
            break
    else:
        raise CommandFailed(f"no headers of Linux {series} in the sources of this machine:\n{sources}")
    for package in _download_one(apt, found[:ATTEMPTS]):
        run("dpkg-deb", "-x", package, root)
    for makefile in root.glob("usr/src/linux-headers-*/Makefile"):
        _make_relative(makefile)
    shutil.rmtree(scratch)


def _backports(sources: str) -> str:
    codename = platform.freedesktop_os_release()["VERSION_CODENAME"]
    found = re.findall(rf"^(deb .*\S+ {codename})( \S+)$", sources, re.MULTILINE)
    return "".join(f"{line}-backports{component}\n" for line, component in found)


def _make_relative(makefile: Path) -> None:
    """Debian's Makefile includes another one by the absolute path it has when installed."""
    text = makefile.read_text(encoding="utf-8")
    here = "$(dir $(lastword $(MAKEFILE_LIST)))../linux-headers"
    makefile.write_text(text.replace("include /usr/src/linux-headers", f"include {here}"), encoding="utf-8")


def _download_one(apt: "Apt", candidates: list[str]) -> list[Path]:
    failures = []
    for release in candidates:
        try:
            return apt.download(_packages(apt, release))
        except CommandFailed as failure:
            failures.append(str(failure))
    raise CommandFailed("\n".join(failures))


def _packages(apt: "Apt", release: str) -> list[str]:
    """The packages of a release, as apt-get names them."""
    wanted = []
    for name in _header_packages(release):
        package = f"{name}:{name.rpartition('-')[2]}"
        depends = apt.depends(package)
        wanted += [package, _dependency(depends, "linux-headers-[^ ,]+-common")]
        # kbuild holds programs: this machine's own compile for both architectures.
        wanted.append(_dependency(depends, "linux-kbuild-[^ ,]+"))
    return list(dict.fromkeys(wanted))


def _dependency(depends: str, pattern: str) -> str:
    """The package that matches, at its exact version where one is asked for: else the newest will do."""
    found = re.search(rf"({pattern})(?: \(= ([^)]+)\))?", depends)
    if not found:
        raise CommandFailed(f"no {pattern} in: {depends}")
    name, version = found.groups()
    return f"{name}={version}" if version else name


class Apt:
    """apt with indexes of its own, for both architectures: the machine's are neither read nor changed."""

    def __init__(self, directory: Path, sources: str) -> None:
        self._directory = directory
        for name in ("lists", "cache", "debs"):
            (directory / name).mkdir(exist_ok=True)
        (directory / "sources.list").write_text(sources, encoding="utf-8")
        (directory / "status").touch()
        settings = {
            "Dir::Etc::sourcelist": directory / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::State": directory,
            "Dir::State::status": directory / "status",
            "Dir::Cache": directory / "cache",
            "APT::Architectures": ",".join(DEBIAN_ARCHES),
            "APT::Sandbox::User": "",
            "Acquire::Languages": "none",
        }
        self._options = [f"-o={name}={value}" for name, value in settings.items()]
        run("apt-get", *self._options, "update")

    def names(self, prefix: str) -> list[str]:
        return run("apt-cache", *self._options, "pkgnames", prefix).stdout.split()

    def depends(self, package: str) -> str:
        shown = run("apt-cache", *self._options, "show", "--no-all-versions", package).stdout
        return next(line for line in shown.splitlines() if line.startswith("Depends: "))

    def download(self, packages: list[str]) -> list[Path]:
        debs = self._directory / "debs"
        for stale in debs.iterdir():
            stale.unlink()
        run("apt-get", *self._options, "download", *packages, cwd=debs)
        return sorted(debs.iterdir())
