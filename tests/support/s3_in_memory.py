"""A bucket inside the process, behind botocore's own client: every request may fail as on a wire.

What a service answers is shown by moto and ministack in `tests/engines`; here thousands of requests are to be
made in seconds.
"""

import base64
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import unquote, urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from jesses.stores.s3 import S3Store

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

URL = "http://127.0.0.1:9"
NAME = "bucket"

Fault = Literal["500", "409", "reset", "timeout", "lost"]
"""What happens in place of a request; `lost` does it, and then resets the connection."""

_CODES = {"500": "InternalError", "409": "ConditionalRequestConflict", "412": "PreconditionFailed"}


@dataclass
class Bucket:
    """`fault` decides about each request, by its number from 1 on."""

    objects: dict[str, bytes] = field(default_factory=dict)
    fault: Callable[[int], Fault | None] = lambda _: None
    requests: list[str] = field(default_factory=list)

    def restart(self, objects: Mapping[str, bytes], faults: Callable[[int], Fault | None]) -> None:
        """Hold `objects` and nothing else, and fail as `faults` say from now on."""
        self.objects = dict(objects)
        self.fault = faults
        self.requests.clear()

    def store(self, _fault: str = "") -> S3Store:
        """The store of a client that tries everything once."""
        return S3Store(client=self._client, bucket=NAME, wait=int)

    @cached_property
    def _client(self) -> "S3Client":
        session = boto3.session.Session(
            aws_access_key_id="tests", aws_secret_access_key="tests", region_name="us-east-1"
        )
        client = session.client(
            "s3",
            endpoint_url=URL,
            config=Config(
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                retries={"mode": "standard", "total_max_attempts": 1},
            ),
        )
        # A handler's answer is taken in place of sending, which the types of botocore do not say.
        client.meta.events.register("before-send.s3", cast("Callable[..., None]", self._send))
        return client

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        key = unquote(urlsplit(request.url).path).removeprefix(f"/{NAME}/")
        self.requests.append(f"{request.method} {key}")
        fault = self.fault(len(self.requests))
        if fault == "timeout":
            raise ReadTimeoutError(endpoint_url=URL)
        if fault == "reset":
            raise ConnectionClosedError(endpoint_url=URL)
        if fault in _CODES:
            return _answer(int(fault), {}, _error(fault))
        answer = self._answer(str(request.method), key, request)
        if fault == "lost":
            raise ConnectionClosedError(endpoint_url=URL)
        return answer

    def _answer(self, method: str, key: str, request: AWSPreparedRequest) -> AWSResponse:
        data = self.objects.get(key)
        if method == "PUT":
            wanted = {name: _header(request, name) for name in ("If-Match", "If-None-Match")}
            if wanted["If-None-Match"] == "*" and data is not None:
                return _answer(412, {}, _error("412"))
            if wanted["If-Match"] and (data is None or wanted["If-Match"] != _etag(data)):
                return _answer(412 if data else 404, {}, _error("412"))
            body: Any = request.body
            data = body if isinstance(body, bytes) else body.read()
            self.objects[key] = data
            return _answer(200, _described(data), b"")
        if data is None:
            return _answer(404, {}, b"")
        return _answer(
            200, {**_described(data), "Content-Length": str(len(data))}, data if method == "GET" else b""
        )


class _Raw(io.BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def _answer(status: int, headers: Mapping[str, str], body: bytes) -> AWSResponse:
    return AWSResponse(URL, status, cast("Any", HeadersDict(headers)), _Raw(body))


def _error(status: str) -> bytes:
    return f"<Error><Code>{_CODES[status]}</Code><Message>no</Message></Error>".encode()


def _described(data: bytes) -> dict[str, str]:
    digest = hashlib.sha256(data)
    return {
        "ETag": _etag(data),
        "x-amz-checksum-sha256": base64.b64encode(digest.digest()).decode(),
        "x-amz-meta-sha256": digest.hexdigest(),
    }


def _etag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'


def _header(request: AWSPreparedRequest, name: str) -> str:
    value: object = request.headers.get(name, "")
    return value.decode() if isinstance(value, bytes) else str(value)
