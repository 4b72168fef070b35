"""A directory that holds a root file system, and commands run inside it.

Each command gets its own mount and process namespaces: /dev and /proc are there for as long as it runs,
and whatever it starts ends with it. So nothing has to be unmounted or stopped afterwards.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess

from tests.engines.engines import run

UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation=private", "sh", "-ec")
MOUNT = 'mkdir -p "$0/dev" "$0/proc"; mount --rbind /dev "$0/dev"; mount -t proc proc "$0/proc"; '
# The shell stays, outside of the root, as process 1: so systemctl sees that it runs in a chroot.
INSIDE = MOUNT + 'chroot "$0" "$@" || exit $?'
OUTSIDE = MOUNT + 'exec "$@"'

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def clean_environment() -> dict[str, str]:
    """A small fixed environment, with the proxies of this machine."""
    proxies = {name: os.environ[name] for name in PROXIES if name in os.environ}
    return {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb", **proxies}


@dataclass(frozen=True, kw_only=True)
class Root:
    """A root file system at `path`; `env` is the environment of what runs in it."""

    path: Path
    env: Mapping[str, str] = field(default_factory=clean_environment)

    def run(
        self,
        *argv: str | Path,
        check: bool = True,
        cwd: str = "/",
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        timeout: float = 600,
    ) -> CompletedProcess[str]:
        """The result of a command run inside, as root; `env` is added to the environment of this root.

        The network is the machine's own: 127.0.0.1 inside is 127.0.0.1 outside. Raises like engines.run.
        """
        place = () if cwd == "/" else ("env", f"--chdir={cwd}")
        command = (*UNSHARE, INSIDE, self.path, *place, *argv)
        return run(*command, check=check, env={**self.env, **(env or {})}, stdin=stdin, timeout=timeout)

    def write(self, name: str, text: str, mode: int = 0o644) -> Path:
        """Writes a file, `name` being its absolute path inside. Gives its path outside."""
        path = self._place(name)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def copy(self, source: Path, name: str) -> Path:
        """Copies a file or a directory of the machine to the absolute path `name` inside."""
        path = self._place(name)
        if source.is_dir():
            shutil.copytree(source, path, symlinks=True)
        else:
            shutil.copy2(source, path)
        return path

    def inside(self, name: str) -> Path:
        """The path outside of what is `name`, an absolute path, inside."""
        return self.path / name.lstrip("/")

    def _place(self, name: str) -> Path:
        """Room for a new file. An absolute link in the root must not lead to the machine's own files."""
        path = self.inside(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.parent.resolve().is_relative_to(self.path.resolve()):
            raise ValueError(f"{name} leads out of {self.path}: name the file that its links point to")
        if path.is_symlink() or path.is_file():
            path.unlink()
        return path


@contextmanager
def writable(base: Path) -> Iterator[Path]:
    """A root like `base` that may be changed: an overlay over it, or a copy where none can be mounted.

    It is not under pytest's own directory, which pytest empties later: were a run killed, not a mount.
    """
    scratch = Path(tempfile.mkdtemp(prefix="jesses-root-"))
    upper, work, merged = (scratch / name for name in ("upper", "work", "root"))
    for path in (upper, work, merged):
        path.mkdir()
    upper.chmod(0o755)
    options = f"lowerdir={base},upperdir={upper},workdir={work}"
    mounted = run("mount", "-t", "overlay", "overlay", "-o", options, merged, check=False).returncode == 0
    try:
        if not mounted:
            run("cp", "-a", f"{base}/.", merged)
        yield merged
    finally:
        if mounted:
            run("umount", merged)
        shutil.rmtree(scratch)


def share_network(root: Root) -> None:
    """Gives the root this machine's way to the outside: names, hosts, and the certificates it trusts."""
    for name in ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt"):
        if Path(name).is_file():
            root.write(name, Path(name).read_text(encoding="utf-8"))
