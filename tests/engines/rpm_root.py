"""RPM roots for tests that install packages: real rpm and dnf, scriptlets that really run in the root.

rpm and dnf are the machine's; all that they read and write belongs to the root. Inside are packages of the
base repository (rpm_base.py), as many as dnf needs for what a test installs.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from subprocess import CompletedProcess

from tests.engines.chroot import OUTSIDE, UNSHARE, Root
from tests.engines.engines import run
from tests.engines.rpm_base import rpm_base_repository

DNF_CONF = """\
[main]
reposdir={state}/repos
varsdir={state}/vars
pluginpath={state}/plugins
pluginconfpath={state}/plugins
module_platform_id=platform:el9
gpgcheck=1
repo_gpgcheck=1
install_weak_deps=0
clean_requirements_on_remove=0
"""
BASE_REPOSITORY = """\
[base]
name=base
baseurl=file://{base}
gpgcheck=0
repo_gpgcheck=0
"""
# Debian's rpm keeps its database in the home directory; RPM distributions keep it here.
MACROS = "%_dbpath /var/lib/rpm\n"
# What rpm and dnf keep for themselves in the root.
BOOKKEEPING = ("/var/lib/rpm", "/var/lib/dnf", "/var/cache/dnf", "/var/log", "/etc/dnf")


@dataclass(frozen=True, kw_only=True)
class RpmRoot:
    """An RPM root that a test may change, and the configuration and caches of dnf for it in `state`."""

    root: Root
    state: Path

    def dnf(self, *args: str | Path, check: bool = True) -> CompletedProcess[str]:
        """dnf on this root with --assumeyes. gpgcheck and repo_gpgcheck are on unless a repository says no."""
        place = (f"--config={self.state}/dnf.conf", f"--installroot={self.root.path}", "--releasever=9")
        return self._on_root("dnf", *place, "--assumeyes", *args, check=check)

    def rpm(self, *args: str | Path, check: bool = True) -> CompletedProcess[str]:
        """rpm on this root: `rpm("-q", "kestrel")`, `rpm("-K", file)`, `rpm("--import", key)`."""
        return self._on_root("rpm", f"--root={self.root.path}", *args, check=check)

    def add_repository(self, name: str, text: str) -> None:
        """Adds NAME.repo, `text` being its content. `file://` URLs, gpgkey's too, are paths of the machine."""
        (self.state / "repos" / f"{name}.repo").write_text(text, encoding="utf-8")

    def files(self) -> frozenset[str]:
        """Every path in the root without what rpm and dnf keep there: to compare before and after."""
        names = (f"/{path.relative_to(self.root.path)}" for path in self.root.path.rglob("*"))
        return frozenset(name for name in names if not name.startswith(BOOKKEEPING))

    def _on_root(self, *argv: str | Path, check: bool) -> CompletedProcess[str]:
        """Runs a command of the machine while /dev and /proc are there in the root, for the scriptlets."""
        environment: Mapping[str, str] = {**self.root.env, "HOME": str(self.state)}
        return run(*UNSHARE, OUTSIDE, self.root.path, *argv, check=check, env=environment)


@contextmanager
def new_rpm_root() -> Iterator[RpmRoot]:
    """An empty RPM root, gone afterwards."""
    scratch = Path(tempfile.mkdtemp(prefix="jesses-rpm-root-"))
    state, path = scratch / "state", scratch / "root"
    for name in ("repos", "vars", "plugins"):
        (state / name).mkdir(parents=True)
    path.mkdir(mode=0o755)
    (state / "dnf.conf").write_text(DNF_CONF.format(state=state), encoding="utf-8")
    (state / ".rpmmacros").write_text(MACROS, encoding="utf-8")
    rpm_root = RpmRoot(root=Root(path=path), state=state)
    rpm_root.add_repository("base", BASE_REPOSITORY.format(base=rpm_base_repository()))
    try:
        yield rpm_root
    finally:
        rmtree(scratch)
