"""The clock of a service is the one that dates are made by."""

import time
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from jesses.stores.clock import clock_of
from jesses.stores.factory import open_store
from tests.engines.s3_services import SESSION

LATER = 3600.0


class _Later(BaseHTTPRequestHandler):
    """A service whose clock is an hour ahead, and which has nothing."""

    def do_HEAD(self) -> None:
        self.send_response_only(404)
        self.send_header("Date", formatdate(time.time() + LATER, usegmt=True))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Later) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_the_clock_is_the_service_s(endpoint: str, tmp_path: Path) -> None:
    store = open_store(
        "s3://bucket", directory=tmp_path, progress=lambda *_: None, endpoint=endpoint, session=SESSION
    )
    clock = clock_of(store)
    assert abs(clock() - time.time()) < 60
    assert store.head("key") is None
    assert abs(clock() - time.time() - LATER) < 60
