"""A proxy on loopback that counts requests, and loses or spoils those it is told to."""

import http.client
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Literal
from urllib.parse import urlsplit

Fault = Literal["403", "413", "500", "503", "409", "reset", "timeout", "lost", "truncated", "spoiled"]
"""An error that is answered instead of the request being done; `reset` and `timeout` instead of an answer.

`lost` does the request and then resets the connection, `truncated` sends half of the answer's body,
`spoiled` changes a byte of the request's.
"""

_CODES: Mapping[str, str] = {
    "403": "AccessDenied",
    "413": "EntityTooLarge",
    "500": "InternalError",
    "503": "SlowDown",
    "409": "ConditionalRequestConflict",
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request; `number` counts from 1, `sent` is the bytes of its body."""

    number: int
    method: str
    path: str
    headers: Mapping[str, str]
    sent: int

    @property
    def writes(self) -> bool:
        return self.method in {"PUT", "POST", "DELETE"}


@dataclass
class Proxy:
    """`fault` decides about each request, `dropped` names header fields that are not passed on."""

    url: str
    target: str
    fault: Callable[[Request], Fault | None] = lambda _: None
    dropped: frozenset[str] = frozenset()
    hold: float = 1.0
    requests: list[Request] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    @property
    def target_url(self) -> str:
        """The service itself."""
        return f"http://{self.target}"

    def reset(self) -> None:
        """Forget what was asked and what is to fail."""
        self.requests.clear()
        self.fault = lambda _: None


@contextmanager
def proxy_to(target: str) -> Iterator[Proxy]:
    """A proxy in front of the service at `target`."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.proxy = Proxy(url=f"http://127.0.0.1:{server.server_port}", target=urlsplit(target).netloc)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.proxy
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    proxy: Proxy
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer's head and body are two writes: the second must not wait until the first is acknowledged.
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def handle_any(self) -> None:
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with proxy.lock:
            request = Request(
                number=len(proxy.requests) + 1,
                method=self.command,
                path=self.path,
                headers=dict(self.headers),
                sent=len(body),
            )
            proxy.requests.append(request)
            fault = proxy.fault(request)
        if fault is not None and fault in _CODES:
            self._answer(
                int(fault), {}, f"<Error><Code>{_CODES[fault]}</Code><Message>no</Message></Error>".encode()
            )
            return
        if fault == "timeout":
            time.sleep(proxy.hold)
        if fault not in {"reset", "timeout"}:
            sent = bytes([body[0] ^ 1]) + body[1:] if fault == "spoiled" else body
            status, headers, data = self._forward(proxy, sent)
        if fault in {"reset", "timeout", "lost"}:
            self._break()
        elif fault == "truncated":
            self._answer(status, headers, data, cut=len(data) // 2)
            self._break()
        else:
            self._answer(status, headers, data)

    def handle_expect_100(self) -> bool:
        """As Amazon S3 does: a write that will be refused is refused before its body is sent."""
        proxy = self.server.proxy
        heeded = self.headers.get("If-None-Match") == "*" and "if-none-match" not in proxy.dropped
        if heeded and self._exists():
            with proxy.lock:
                proxy.requests.append(
                    Request(
                        number=len(proxy.requests) + 1,
                        method=self.command,
                        path=self.path,
                        headers=dict(self.headers),
                        sent=0,
                    )
                )
            self.close_connection = True
            self._answer(412, {}, b"<Error><Code>PreconditionFailed</Code></Error>")
            return False
        return super().handle_expect_100()

    def _exists(self) -> bool:
        connection = http.client.HTTPConnection(self.server.proxy.target, timeout=60)
        try:
            headers = {"Authorization": self.headers.get("Authorization", "")}
            connection.request("HEAD", self.path, headers=headers)
            return connection.getresponse().status == HTTPStatus.OK
        finally:
            connection.close()

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - the base class names them

    def _forward(self, proxy: Proxy, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        dropped = proxy.dropped | {"expect", "connection"}
        headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
        connection = http.client.HTTPConnection(proxy.target, timeout=60)
        try:
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.headers), answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: Mapping[str, str], data: bytes, cut: int | None = None) -> None:
        self.send_response_only(status)
        dropped = {"transfer-encoding", "connection", "content-length"}
        for name, value in headers.items():
            if name.lower() not in dropped:
                self.send_header(name, value)
        known = headers.get("Content-Length") or headers.get("content-length")
        length = known if self.command == "HEAD" and known else str(len(data))
        self.send_header("Content-Length", length)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[:cut])
            self.wfile.flush()

    def _break(self) -> None:
        """Reset the connection: no answer, no orderly end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
