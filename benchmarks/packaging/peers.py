"""The packaging tools beside which jesses is measured, each with the options that its users have.

Each tool packs the same trees for both architectures, one after the other. A tool that is not installed is
left out, and the table says so.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEBIAN: Final = {"x86_64": "amd64", "aarch64": "arm64"}

NFPM: Final = """\
name: zig
arch: {arch}
version: 1.0.0
maintainer: Benchmark <benchmark@example.org>
description: a compiler
license: MIT
contents:
  - src: {tree}/
    dst: /usr/lib/zig
    type: tree
"""
CONTROL: Final = """\
Package: zig
Version: 1.0.0
Architecture: {arch}
Maintainer: Benchmark <benchmark@example.org>
Description: a compiler
"""
SPEC: Final = """\
Name: zig
Version: 1.0.0
Release: 1
Summary: a compiler
License: MIT
AutoReqProv: no
%global __os_install_post %{{nil}}
%global debug_package %{{nil}}
%global _build_id_links none
%global _binary_payload w9.gzdio
%description
A compiler.
%install
mkdir -p %{{buildroot}}/usr/lib
cp -al {tree} %{{buildroot}}/usr/lib/zig
%files
/usr/lib/zig
"""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A tool: what it makes, its program, what is prepared before the clock runs, and what is timed."""

    name: str
    makes: str
    program: str
    prepare: Callable[[Path, Path, str], None]
    commands: Callable[[Path, Path, str], list[list[str]]]

    @property
    def there(self) -> bool:
        return shutil.which(self.program) is not None


def _nothing(_tree: Path, _work: Path, _arch: str) -> None:
    pass


def _nfpm_config(tree: Path, work: Path, arch: str) -> None:
    (work / "nfpm.yaml").write_text(NFPM.format(arch=DEBIAN[arch], tree=tree), encoding="utf-8")


def _nfpm(_: Path, work: Path, __: str) -> list[list[str]]:
    config = str(work / "nfpm.yaml")
    return [
        ["nfpm", "package", "-f", config, "-p", kind, "-t", str(work / f"zig.{kind}")]
        for kind in ("deb", "rpm")
    ]


def _deb_root(tree: Path, work: Path, arch: str) -> None:
    root = work / "root"
    shutil.copytree(tree, root / "usr" / "lib" / "zig", copy_function=os.link)
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN" / "control").write_text(CONTROL.format(arch=DEBIAN[arch]), encoding="utf-8")


def _dpkg_deb(_: Path, work: Path, __: str) -> list[list[str]]:
    argv = ["dpkg-deb", "-Zgzip", "--root-owner-group", "--build"]
    return [[*argv, str(work / "root"), str(work / "zig.deb")]]


def _spec(tree: Path, work: Path, _: str) -> None:
    (work / "zig.spec").write_text(SPEC.format(tree=tree), encoding="utf-8")


def _rpmbuild(_: Path, work: Path, arch: str) -> list[list[str]]:
    return [["rpmbuild", "-bb", "--quiet", "--target", arch, "-D", f"_topdir {work}", str(work / "zig.spec")]]


def _tar(tree: Path, work: Path, _: str) -> list[list[str]]:
    return [["tar", "czf", str(work / "zig.tar.gz"), "-C", str(tree), "."]]


PEERS: Final = (
    Peer(name="nfpm", makes="DEB, RPM", program="nfpm", prepare=_nfpm_config, commands=_nfpm),
    Peer(name="dpkg-deb", makes="DEB", program="dpkg-deb", prepare=_deb_root, commands=_dpkg_deb),
    Peer(name="rpmbuild", makes="RPM", program="rpmbuild", prepare=_spec, commands=_rpmbuild),
    Peer(name="tar czf", makes="tar.gz", program="tar", prepare=_nothing, commands=_tar),
)


def run(argv: list[str], environment: Mapping[str, str] = os.environ) -> None:
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{argv[0]} failed:\n{done.stdout}{done.stderr}")
