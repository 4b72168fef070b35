"""Connections are judged by the address that is reached: a real server on loopback, by several names."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jesses.base.errors import RegistryError
from jesses.image.registry.network import InnerAddressError, Network, new_session, public_session


class Server(ThreadingHTTPServer):
    asked: int = 0


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked += 1
        moved = self.path == "/moved"
        self.send_response(307 if moved else 204)
        self.send_header("Content-Length", "0")
        if moved:
            self.send_header("Location", "/here")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "127.1", "2130706433"])
def test_a_public_session_sends_nothing_to_an_inner_address(server: Server, name: str) -> None:
    session = public_session()
    session.trust_env = False
    with pytest.raises(InnerAddressError):
        session.get(f"http://{name}:{server.server_port}/")
    assert server.asked == 0


def test_a_registry_that_is_reached_inside_may_be_sent_on(server: Server) -> None:
    url = f"http://localhost:{server.server_port}"
    session = new_session()
    session.proxies = {"http": "http://127.0.0.1:1"}  # loopback is never asked through a proxy
    network = Network(host="local", url=url, session=session)
    assert network.send("GET", f"{url}/moved", authorization="Basic x").status_code == 204
    other = f"http://127.0.0.1:{server.server_port}/"
    assert network.send("GET", other, authorization=None).status_code == 204
    far = Network(host="far", url="http://registry.example.org", session=new_session())
    with pytest.raises(RegistryError, match="in an inner network"):
        far.send("GET", other, authorization=None)
