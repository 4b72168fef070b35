"""Fixtures for tests against real engines. Each says what it gives; engines.py says what each engine needs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import docker
import pytest

from tests.engines import daemons
from tests.engines.bare_root import new_bare_root
from tests.engines.chroot import Root
from tests.engines.deb_root import Base, DebRoot, new_deb_root
from tests.engines.engines import DEBIAN_ROOT, DOCKER, REGISTRY, RPM_ROOT, require
from tests.engines.http_site import serve
from tests.engines.rpm_root import RpmRoot, new_rpm_root

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test in this directory carries the marker `engines`."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.engines)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names each skipped test with its reason: pytest's own summary folds them into one line a place."""
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section("skipped, and why")
    for report in skipped:
        _, _, reason = report.longrepr
        terminalreporter.write_line(f"{report.nodeid}: {reason.removeprefix('Skipped: ')}")


@pytest.fixture
def deb_root() -> Iterator[Callable[[Base], DebRoot]]:
    """Makes fresh Debian roots: `deb = deb_root("plain")`, then `deb.apt_get("install", ...)`.

    Bases: "plain" (apt, no systemctl), "systemd" (with systemctl), "dkms" (systemd, dkms, gcc, make, kmod,
    pahole). `deb.root.run(*argv)` runs a command inside; `deb.root.write(name, text)` and
    `deb.root.inside(name)` reach its files. No source is active until `deb.add_source(...)` or
    `deb.use_host_sources()`. Services never start in it. It is gone after the test.
    """
    require(DEBIAN_ROOT)
    with ExitStack() as stack:
        yield lambda base: stack.enter_context(new_deb_root(base))


@pytest.fixture
def rpm_root() -> Iterator[Callable[[], RpmRoot]]:
    """Makes empty RPM roots: `rpm = rpm_root()`, `rpm.add_repository("kestrel", text)`, `rpm.dnf("install", ...)`.

    dnf finds the base repository (bash as /bin/sh, coreutils, systemd with a systemctl that works on the
    files of the root, dkms that adds and removes but has no compiler, sed, grep, tar, ...), so the root gets
    exactly what the packages under test require. `rpm.rpm(...)` runs rpm on the root, `rpm.root.run(*argv)` a
    command inside (bash or coreutils must be installed by then). gpgcheck and repo_gpgcheck are on for
    repositories that do not switch them off. Removing a package keeps what it required.
    """
    require(RPM_ROOT)
    with ExitStack() as stack:
        yield lambda: stack.enter_context(new_rpm_root())


@pytest.fixture
def bare_root() -> Iterator[Root]:
    """A Debian root with Python 3, git and what those depend on: no pip, no ensurepip, no apt, no compiler.

    pip and uv in it reach the package index as on this machine: its configuration, certificates and
    environment are copied. `bare_root.run(*argv, cwd=..., env=...)`. It is gone after the test.
    """
    require(DEBIAN_ROOT)
    with new_bare_root() as root:
        yield root


@pytest.fixture(scope="session")
def docker_url() -> Iterator[str]:
    """The URL, unix://..., of a Docker engine started for the tests: for DOCKER_HOST or skopeo."""
    require(DOCKER)
    with daemons.docker_engine() as url:
        yield url


@pytest.fixture(scope="session")
def docker_engine(docker_url: str) -> Iterator[docker.DockerClient]:
    """A client of a Docker engine started for the tests.

    Run containers with network_mode="none" or "host": it has no bridge. Programs of the other architecture
    need `require(EMULATOR)` too. Images stay until the end of the session, so use names of your own.
    """
    with closing(docker.DockerClient(base_url=docker_url, version="auto")) as client:
        yield client


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address, such as 127.0.0.1:40001, of an OCI registry without TLS and without passwords.

    It lives for the whole session: use repository names of your own.
    """
    require(REGISTRY)
    with daemons.registry(tmp_path_factory.mktemp("registry") / "registry") as address:
        yield address


@pytest.fixture
def http_site() -> Iterator[Callable[[Path], str]]:
    """Serves directories on loopback: `url = http_site(directory)`, without a slash at the end."""
    with ExitStack() as stack:
        yield lambda directory: stack.enter_context(serve(directory))
