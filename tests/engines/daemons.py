"""Daemons that the tests start and stop: a Docker engine and a registry, each with a directory of its own.

Neither touches what already runs on the machine: sockets, ports, data and firewall rules are their own.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import docker

from tests.engines.engines import CommandFailed, run

PATIENCE = 60  # seconds to start, and to stop


@contextmanager
def daemon(
    *argv: str | Path, log: Path, ready: Callable[[], bool], env: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Runs a daemon for as long as the context lasts, from when it is ready until it has ended.

    Its output goes to the file `log`. Raises CommandFailed, with that output, when it does not get ready.
    """
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [str(word) for word in argv],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(process, ready, log)
        yield
    finally:
        _stop(process)


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            how = (
                f"ended with code {process.returncode}" if process.returncode is not None else "is not ready"
            )
            raise CommandFailed(f"{process.args!r} {how}\n{log.read_text(errors='replace')}")
        time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def registry(scratch: Path) -> Iterator[str]:
    """The address, such as 127.0.0.1:40001, of an empty OCI registry that allows deletion."""
    scratch.mkdir()
    config, log = scratch / "config.yml", scratch / "log"
    config.write_text(
        "version: 0.1\nlog: {level: info}\nhttp: {addr: '127.0.0.1:0'}\n"
        f"storage: {{filesystem: {{rootdirectory: '{scratch}/data'}}, delete: {{enabled: true}}}}\n",
        encoding="utf-8",
    )
    listening = re.compile(r"listening on (127\.0\.0\.1:\d+)")

    def address() -> str | None:
        found = listening.search(log.read_text(encoding="utf-8"))
        return found and found[1]

    with daemon("docker-registry", "serve", config, log=log, ready=lambda: address() is not None):
        yield str(address())


@contextmanager
def docker_engine() -> Iterator[str]:
    """The URL, unix://..., of an empty Docker engine. It has no bridge: containers use network none or host.

    Its directory is not under pytest's: the path of a socket has at most 107 characters.
    """
    home = Path(tempfile.mkdtemp(prefix="jesses-docker-"))
    url = f"unix://{home}/docker.sock"
    name = f"jesses-{os.getpid()}"  # a containerd that already runs is used too, so nothing of its own may be seen
    options = {
        "host": url,
        "data-root": home / "data",
        "exec-root": home / "exec",
        "pidfile": home / "pid",
        "bridge": "none",
        "iptables": "false",
        "ip6tables": "false",
        "containerd-namespace": name,
        "containerd-plugins-namespace": f"{name}-plugins",
        "config-file": home / "daemon.json",
    }
    (home / "daemon.json").write_text("{}", encoding="utf-8")
    argv = ("dockerd", *(f"--{option}={value}" for option, value in options.items()))
    try:
        with daemon(*argv, log=home / "log", ready=lambda: _answers(url)):
            yield url
    finally:
        _unmount_all(home)
        shutil.rmtree(home)


def _answers(url: str) -> bool:
    if not Path(url.removeprefix("unix://")).exists():
        return False
    try:
        with closing(docker.DockerClient(base_url=url, version="auto")) as client:
            return bool(client.ping())
    except docker.errors.DockerException:
        return False


def _unmount_all(directory: Path) -> None:
    """Whatever an engine left mounted, the innermost first."""
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8")
    points = [line.split()[1] for line in mounts.splitlines()]
    for point in reversed(points):
        if Path(point).is_relative_to(directory):
            run("umount", "--lazy", point)
