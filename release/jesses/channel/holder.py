"""Who runs a release: a CI run, or a process on a machine."""

import getpass
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from jesses.history.ci import Ci


@dataclass(frozen=True, kw_only=True)
class Holder:
    """`run` is the address of the CI run, or its number; empty outside of CI.

    `process` is a number and when it started.
    """

    run: str
    host: str
    process: str
    user: str

    def __str__(self) -> str:
        where = self.run or f"process {self.process.partition(':')[0]} on {self.host}"
        return f"{self.user} ({where})"


def this_process(ci: Ci) -> Holder:
    """The process that we are, in the run `ci`."""
    return Holder(
        run=ci.url or (f"{ci.name} {ci.run}" if ci.run else ""),
        host=socket.gethostname(),
        process=f"{os.getpid()}:{_started(os.getpid())}",
        user=ci.actor or _user(),
    )


def is_gone(holder: Holder) -> bool:
    """Whether `holder` was a process of this machine that has ended."""
    number, _, started = holder.process.partition(":")
    if holder.host != socket.gethostname() or not number.isdigit():
        return False
    return _started(int(number)) != started


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number that has no name
        return str(os.getuid())


def _started(number: int) -> str:
    """When a process started, in the kernel's ticks (proc(5)); "alive" where that is not told; "" without one."""
    try:
        # The second field is the program's name, in parentheses, and may hold anything.
        return Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except OSError:
        pass
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "alive"
