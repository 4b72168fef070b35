"""apt of the machine as the client of one repository: its configuration, state and installed packages apart.

Only `APT_CONFIG` keeps the machine's own configuration out, which may switch checks off. Packages are really
installed, into a root of their own: those of tests have no scripts and need nothing.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.engines.engines import run

_CONFIG = """\
Dir "{home}/";
Dir::Etc "{home}/etc";
Dir::Etc::parts "{home}/nothing";
Dir::Etc::sourcelist "{home}/etc/none";
Dir::Etc::sourceparts "{home}/etc/sources";
Dir::Etc::trusted "{home}/etc/none";
Dir::Etc::trustedparts "{home}/nothing";
Dir::Etc::preferencesparts "{home}/nothing";
Dir::State "{home}/state";
Dir::State::status "{home}/root/var/lib/dpkg/status";
Dir::Cache "{home}/cache";
Dir::Log "{home}/log";
Dir::Bin::methods "/usr/lib/apt/methods";
Dir::Bin::dpkg "/usr/bin/dpkg";
DPkg::Options:: "--root={home}/root";
DPkg::Options:: "--force-not-root";
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; }};
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "0";
Acquire::http::Proxy "DIRECT";
"""


@dataclass(frozen=True, kw_only=True)
class AptClient:
    """A machine's apt in the directory `home`."""

    home: Path

    @classmethod
    def new(cls, home: Path, source: str, key: bytes | None) -> "AptClient":
        """One that has `source`, a deb822 source whose Signed-By is replaced by `key`."""
        for name in ("etc/sources", "nothing", "state/lists/partial", "cache/archives/partial", "log"):
            (home / name).mkdir(parents=True)
        (home / "root/var/lib/dpkg").mkdir(parents=True)
        (home / "root/var/lib/dpkg/status").touch()
        (home / "apt.conf").write_text(_CONFIG.format(home=home), encoding="utf-8")
        lines = [line for line in source.splitlines() if not line.startswith("Signed-By:")]
        if key is not None:
            (home / "etc/key.asc").write_bytes(key)
            lines.append(f"Signed-By: {home}/etc/key.asc")
        (home / "etc/sources/one.sources").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return cls(home=home)

    def copy(self, home: Path) -> "AptClient":
        """Another machine in the same state."""
        shutil.copytree(self.home, home)
        for path in (home / "apt.conf", home / "etc/sources/one.sources"):
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace(str(self.home), str(home)), encoding="utf-8")
        return AptClient(home=home)

    def update(self, *options: str) -> None:
        """Fails where apt says anything is wrong: it may only warn, and end with 0."""
        done = self._run("apt-get", *_set(options), "update")
        assert "Err:" not in done.stdout, done.stdout
        # What a repository always says that never said which suite it is.
        warnings = [line for line in done.stderr.splitlines() if "expected stable but got )" not in line]
        assert not warnings, done.stderr

    def refused(self, *options: str) -> str:
        """What an update says that must not succeed."""
        done = self._run("apt-get", *_set(options), "update", check=False)
        assert done.stderr != ""
        return done.stdout + done.stderr

    def install(self, *packages: str) -> None:
        self._run("apt-get", "--yes", "--allow-downgrades", "install", *packages)

    def installed(self) -> set[tuple[str, str]]:
        """The packages in the root, with their versions."""
        listed = run("dpkg-query", f"--admindir={self.home}/root/var/lib/dpkg", "-W").stdout
        return {(line.split("\t")[0], line.split("\t")[1]) for line in listed.splitlines()}

    def versions(self, *names: str) -> set[str]:
        """Every version of packages that the indexes offer."""
        lines = self._run("apt-cache", "madison", *names).stdout.splitlines()
        return {line.split("|")[1].strip() for line in lines}

    def _run(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "APT_CONFIG": str(self.home / "apt.conf"), "LC_ALL": "C.UTF-8"}
        return run(*argv, check=check, env=environment)


def _set(options: Iterable[str]) -> list[str]:
    return [word for option in options for word in ("-o", option)]
