"""Unit tests touch no network and start no process: an audit hook makes it so."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.fake_history import FakeHistory
from tests.support.remote import Maintainer, Remote

# Laws are shown, times are not: a busy machine must fail no test.
settings.register_profile("jesses", deadline=None)
settings.load_profile("jesses")

_FORBIDDEN = frozenset(
    {
        *("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn"),
        *("socket.connect", "socket.sendto", "socket.getaddrinfo"),
    }
)


class _Guard:
    def __init__(self) -> None:
        self.armed = False

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        if self.armed and event in _FORBIDDEN:
            raise AssertionError(
                f"a unit test must not start a process or open a connection: {event} {args!r}"
            )


_guard = _Guard()
sys.addaudithook(_guard)


@pytest.fixture(autouse=True)
def _sealed(request: pytest.FixtureRequest) -> Iterator[None]:
    _guard.armed = not any(request.node.get_closest_marker(name) for name in ("engines", "process"))
    yield
    _guard.armed = False


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path)


@pytest.fixture
def ada(remote: Remote) -> Maintainer:
    return remote.maintainer("ada")


@pytest.fixture
def history() -> FakeHistory:
    """A product with its first release of both lines on main."""
    made = FakeHistory()
    made.change("driver/a.c", "userspace/a.c", API_VERSION="1.0.0", SCHEMA_VERSION="1.0.0")
    return made
