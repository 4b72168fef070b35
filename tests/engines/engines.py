"""The real engines that these tests talk to: what each needs, how it is probed, what happens without it.

A fixture starts with `require(ENGINE)`. Where something is missing the test is skipped with the reason,
and with `CI=true` it fails: what CI does not show was not shown.
"""

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CURE = "ci/provision installs it (as root, on Debian or Ubuntu)"
ARCHES = ("x86_64", "aarch64")
BINFMT = Path("/proc/sys/fs/binfmt_misc")


class CommandFailed(AssertionError):  # noqa: N818 - a failed assertion about a real tool, not an error of ours
    """A command ended with another code than 0. Its whole output is in the message."""


def run(
    *argv: str | Path,
    check: bool = True,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    timeout: float = 600,
) -> subprocess.CompletedProcess[str]:
    """The result of one command, its output captured as text.

    `env` replaces the environment; without it the command has ours. With `check` (the default) a code
    other than 0 raises CommandFailed. More than `timeout` seconds raise subprocess.TimeoutExpired.
    """
    command = [str(word) for word in argv]
    result = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        input=stdin,
        timeout=timeout,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if check and result.returncode != 0:
        raise CommandFailed(describe(command, result))
    return result


def describe(command: list[str], result: subprocess.CompletedProcess[str]) -> str:
    """The command, how it ended and all that it printed."""
    streams = [("stdout", result.stdout), ("stderr", result.stderr)]
    parts = [f"{shlex.join(command)}\nended with code {result.returncode}"]
    parts += [f"--- {name}\n{text.rstrip()}" for name, text in streams if text.strip()]
    return "\n".join(parts)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Something real that tests talk to: the commands it needs and, where those are not enough, a probe.

    The probe gives the reason why the engine cannot be used, or None.
    """

    name: str
    commands: tuple[str, ...]
    probe: Callable[[], str | None] = field(default=lambda: None)

    def missing(self) -> str | None:
        """Why the engine cannot be used here; None when it can."""
        absent = [command for command in self.commands if not shutil.which(command)]
        if absent:
            return f"no {', '.join(absent)} here; {CURE}"
        return self.probe()


def require(engine: Engine, environment: Mapping[str, str] = os.environ) -> None:
    """Goes on when the engine is there. Otherwise skips the test, or fails it where `CI=true`."""
    reason = engine.missing()
    if reason is None:
        return
    message = f"{engine.name}: {reason}"
    if environment.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def can_chroot() -> str | None:
    """Roots are entered by chroot in a mount namespace of their own, which only root may make."""
    if os.geteuid() != 0:
        return "needs root"
    if run("unshare", "--mount", "--pid", "--fork", "true", check=False).returncode != 0:
        return "this machine does not let root make a mount namespace"
    return None


def can_emulate() -> str | None:
    """Programs of the other architecture run when the kernel has an emulator registered for them."""
    (other,) = set(ARCHES) - {os.uname().machine}
    if not (BINFMT / f"qemu-{other}").exists():
        return f"no qemu-{other} in {BINFMT}; {CURE}"
    return None


def is_root() -> str | None:
    return None if os.geteuid() == 0 else "needs root"


def compiler(arch: str) -> str:
    """The C compiler for kernel modules of an architecture: GCC 12 serves the kernels of Debian 11 and 12."""
    return "gcc-12" if arch == os.uname().machine else f"{arch.replace('_', '-')}-linux-gnu-gcc-12"


DOCKER = Engine(name="Docker engine", commands=("dockerd",), probe=is_root)
EMULATOR = Engine(name="emulator of the other architecture", commands=(), probe=can_emulate)
REGISTRY = Engine(name="registry", commands=("docker-registry",))
SKOPEO = Engine(name="skopeo", commands=("skopeo",))
DEBIAN_ROOT = Engine(
    name="Debian root", commands=("mmdebstrap", "apt-get", "dpkg-deb", "unshare"), probe=can_chroot
)
RPM_ROOT = Engine(
    name="RPM root",
    commands=("dnf", "rpm", "rpmbuild", "createrepo_c", *DEBIAN_ROOT.commands),
    probe=can_chroot,
)
APT_MAKERS = Engine(
    name="makers of APT repositories",
    commands=("aptly", "reprepro", "apt-ftparchive", "apt-get", "gpg", "gpgconf"),
)
COMPRESSORS = Engine(name="compressors", commands=("gzip", "xz", "zstd", "tar"))
DEBSIG = Engine(name="debsig-verify", commands=("debsig-verify", "gpg"))
DEBUGGER = Engine(name="debugger", commands=("gdb", "readelf", "dpkg-deb", "rpm2cpio", "cpio"))
DIFFOSCOPE = Engine(name="diffoscope", commands=("diffoscope",))
GPG = Engine(name="GnuPG", commands=("gpg", "gpg-agent", "gpgconf"))
ELFDEPS = Engine(name="rpm's generator of dependencies", commands=("/usr/lib/rpm/elfdeps",))
SHLIBDEPS = Engine(name="dpkg-shlibdeps", commands=("dpkg-shlibdeps",))
LINTIAN = Engine(name="lintian", commands=("lintian",))
RPMLINT = Engine(name="rpmlint", commands=("rpmlint",))
KERNEL_COMPILERS = Engine(
    name="kernel module compilers",
    commands=(*map(compiler, ARCHES), "make", "pahole", "apt-get", "dpkg-deb"),
)
