"""Stage the files of one of Debian's packages: `python fetch.py PACKAGE`.

Downloads with apt, verified as apt verifies, from the sources that this machine is set up with, for the
architecture that JESSES_ARCH names; nothing is installed and no state of the machine's apt is touched.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

DEBIAN_ARCHS = {"x86_64": "amd64", "aarch64": "arm64", "noarch": "amd64"}
SOURCES = ("sources.list.d/debian.sources", "sources.list.d/ubuntu.sources", "sources.list")


def main() -> None:
    package, stage = sys.argv[1], Path(os.environ["JESSES_STAGE"])
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        options = list(_apt_options(scratch, DEBIAN_ARCHS[os.environ["JESSES_ARCH"]]))
        _run(["apt-get", *options, "update"], scratch)
        _run(["apt-get", *options, "download", package], scratch)
        _run(["dpkg-deb", "--extract", str(next(scratch.glob("*.deb"))), str(stage)], scratch)
    for sources in stage.glob("usr/src/scap-*"):
        sources.rename(stage / "driver")
        _set_dkms_version(stage / "driver" / "dkms.conf", os.environ["JESSES_VERSION"])


def _apt_options(scratch: Path, arch: str) -> Iterator[str]:
    source = next(path for name in SOURCES if (path := Path("/etc/apt") / name).exists())
    for directory in ("state/lists/partial", "cache/archives/partial"):
        (scratch / directory).mkdir(parents=True)
    (scratch / "status").touch()
    for option in (
        f"APT::Architecture={arch}",
        f"APT::Architectures={arch}",
        f"Dir::State={scratch}/state",
        f"Dir::State::status={scratch}/status",
        f"Dir::Cache={scratch}/cache",
        f"Dir::Etc::sourcelist={source}",
        "Dir::Etc::sourceparts=-",
        "APT::Sandbox::User=root",
    ):
        yield f"--option={option}"


def _set_dkms_version(conf: Path, version: str) -> None:
    """DKMS knows a module by the version of the package that carries it."""
    text = conf.read_text(encoding="utf-8")
    changed = re.sub(r"(?m)^PACKAGE_VERSION=.*$", f'PACKAGE_VERSION="{version}"', text)
    conf.write_text(changed, encoding="utf-8")


def _run(argv: list[str], directory: Path) -> None:
    if subprocess.run(argv, cwd=directory, check=False).returncode:
        sys.exit(f"{argv[0]} failed: see its output above; is it installed, and are the mirrors reachable?")


if __name__ == "__main__":
    main()
