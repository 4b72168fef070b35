"""Uploads of blobs that go on where they broke off (distribution specification 1.1, "Pushing blobs").

A blob goes in one request, without a range: GitHub's registry takes no chunks above 4 MiB, Google's none at all.
After a failure the registry is asked how much has arrived, and the rest goes in chunks, so that little is sent
again, and so that what is too large for a proxy passes. A registry that refuses chunks gets it whole again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import requests

from jesses.base.errors import RegistryError
from jesses.base.progress import Progress
from jesses.image.registry.auth import Scopes
from jesses.image.registry.transport import PassingError, RegistryRequest, RegistryTransport

CHUNK: Final = 4 << 20
"""Bytes of a chunk, unless the registry asks for more (`OCI-Chunk-Min-Length`)."""

_BLOCK: Final = 1 << 20
_RANGE: Final = re.compile(r"(?:bytes=)?0-(\d{1,18})")
_SIZE: Final = re.compile(r"\d{1,18}")
_FORGOTTEN: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
)
"""How registries say that an upload is lost, or is not where we think it is: ask, and go on from there."""
_PASSING: Final = (*_FORGOTTEN, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
_TYPE: Final = {"Content-Type": "application/octet-stream"}


@dataclass(frozen=True, kw_only=True)
class Blob:
    """Bytes to upload, from a file or from memory; `origin` is a repository that may have them already.

    `origin` is of the same registry, without its host.
    """

    digest: str
    size: int
    source: Path | bytes
    origin: str = ""


@dataclass(frozen=True, kw_only=True)
class Window:
    """The bytes from `start` to `end` of a blob, as the body of a request; `progress` is told of the blob."""

    blob: Blob
    start: int
    end: int
    progress: Progress

    def __len__(self) -> int:
        return self.end - self.start

    def __iter__(self) -> Iterator[bytes]:
        sent = self.start
        for block in self._blocks():
            yield block
            sent += len(block)
            self.progress(self.blob.digest, sent, self.blob.size)

    def _blocks(self) -> Iterator[bytes]:
        source = self.blob.source
        if isinstance(source, bytes):
            yield source[self.start : self.end]
            return
        with source.open("rb") as stream:
            stream.seek(self.start)
            left = len(self)
            while left and (block := stream.read(min(_BLOCK, left))):
                yield block
                left -= len(block)


@dataclass(kw_only=True, eq=False)
class BlobUpload:
    """Puts `blob` into the repository at `url` (`.../v2/NAME`), in chunks of `chunk` bytes where it must."""

    transport: RegistryTransport
    url: str
    scopes: Scopes
    blob: Blob
    progress: Progress
    chunk: int = CHUNK
    _location: str = field(default="", init=False)
    _sent: int = field(default=0, init=False)
    _broken: bool = field(default=False, init=False)
    _in_chunks: bool = field(default=False, init=False)

    def run(self) -> bool:
        """Upload the blob; False where the registry took it over from its origin instead.

        Raises:
            RegistryError: the registry refuses it, or failures did not pass.

        """
        for attempt in self.transport.attempts():
            with attempt:
                if self._begin(mount=True):
                    return False
        for attempt in self.transport.attempts():
            with attempt:
                if self._broken and self._has_arrived():
                    return True
                self._broken = True
                self._send_the_rest()
        return True

    def _begin(self, *, mount: bool) -> bool:
        query, expect = "", [HTTPStatus.ACCEPTED]
        if mount and self.blob.origin:
            query = f"?mount={self.blob.digest}&from={self.blob.origin}"
            expect.append(HTTPStatus.CREATED)
        response = self._request("POST", f"{self.url}/blobs/uploads/{query}", expect=expect)
        if response.status_code == HTTPStatus.CREATED:
            return True
        self._follow(response)
        self._sent = 0
        return False

    def _send_the_rest(self) -> None:
        body: Window | bytes = b""
        if self._in_chunks:
            self._send_chunks()
        else:
            self._in_chunks = True  # the next time
            body = self._window(0, self.blob.size) if self.blob.size else b""
        mark = "&" if "?" in self._location else "?"
        url = f"{self._location}{mark}digest={self.blob.digest}"
        response = self._store("PUT", url, HTTPStatus.CREATED, _TYPE, body)
        stored = response.headers.get("Docker-Content-Digest", self.blob.digest)
        if stored != self.blob.digest:
            raise RegistryError(
                f"{self.transport.host} stored {stored} where {self.blob.digest} was sent",
                fix="something between here and there changes bytes: try another network or registry",
            )

    def _send_chunks(self) -> None:
        while self._sent < self.blob.size:
            end = min(self._sent + self.chunk, self.blob.size)
            headers = {
                **_TYPE,
                "Content-Range": f"{self._sent}-{end - 1}",
                "Content-Length": str(end - self._sent),
            }
            body = self._window(self._sent, end)
            response = self._store("PATCH", self._location, HTTPStatus.ACCEPTED, headers, body)
            self._follow(response)
            self._sent = end

    def _has_arrived(self) -> bool:
        """After a failure: whether all is there; otherwise finds where to go on, or begins anew."""
        url = f"{self.url}/blobs/{self.blob.digest}"
        found = self._request("HEAD", url, expect=[HTTPStatus.OK, HTTPStatus.NOT_FOUND])
        if found.status_code == HTTPStatus.OK:
            return True
        if not self._in_chunks:
            self._begin(mount=False)
            return False
        status = self._request("GET", self._location, expect=[HTTPStatus.NO_CONTENT, *_FORGOTTEN])
        status.close()
        arrived = _RANGE.fullmatch(status.headers.get("Range", ""))
        # An upload without a byte says 0-0, as one with a single byte does: begin that one anew.
        self._sent = int(arrived[1]) + 1 if arrived and int(arrived[1]) else 0
        if status.status_code == HTTPStatus.NO_CONTENT and 0 < self._sent <= self.blob.size:
            self._follow(status)
        else:
            self._begin(mount=False)
        return False

    def _store(
        self, method: str, url: str, status: HTTPStatus, headers: dict[str, str], body: Window | bytes
    ) -> requests.Response:
        response = self._request(method, url, expect=[status, *_PASSING], headers=headers, body=body)
        if response.status_code != status:
            self._in_chunks = method == "PUT"
            raise PassingError(f"{response.status_code} in the middle of an upload: {response.text[:200]}")
        return response

    def _request(
        self,
        method: str,
        url: str,
        *,
        expect: list[HTTPStatus],
        headers: dict[str, str] | None = None,
        body: Window | bytes | None = None,
    ) -> requests.Response:
        request = RegistryRequest(
            method,
            url,
            scopes=self.scopes,
            expect=expect,
            headers=headers or {},
            body=body,
            what=f"uploading {self.blob.digest}",
        )
        return self.transport.once(request)

    def _window(self, start: int, end: int) -> Window:
        return Window(blob=self.blob, start=start, end=end, progress=self.progress)

    def _follow(self, response: requests.Response) -> None:
        location = response.headers.get("Location")
        if not location:
            raise PassingError("an upload without an address")
        self._location = urljoin(response.url, location)
        least = response.headers.get("OCI-Chunk-Min-Length", "")
        self.chunk = max(self.chunk, int(least) if _SIZE.fullmatch(least) else 0)
