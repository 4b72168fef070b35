"""A registry in memory, reached through an adapter of requests: it speaks the protocol, and can misbehave.

`faults` are functions that see a request before the registry does: one returns an answer instead of the
registry's, or raises what requests would, or returns None. `answered` hooks change an answer.
"""

import base64
import copy
import hashlib
import io
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

_PATH = re.compile(
    r"/v2/(?P<name>.+?)/(?P<kind>blobs/uploads|blobs|manifests|tags|referrers)(?:/(?P<rest>.*))?"
)


@dataclass(frozen=True, kw_only=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.url).query)


@dataclass(kw_only=True)
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


Fault = Callable[[Request], Answer | None]


def error(status: int, code: str, message: str = "", **headers: str) -> Answer:
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    return Answer(
        status=status, headers={key.replace("_", "-"): value for key, value in headers.items()}, body=body
    )


@dataclass(kw_only=True)
class TokenServer:
    """Gives tokens that live for `life` seconds, for what `allowed` says a user may do."""

    users: dict[str, str]
    clock: Callable[[], float]
    life: int = 300
    actions: frozenset[str] = frozenset({"pull", "push"})
    realm: str = "https://auth.example.org/token"
    tokens: dict[str, tuple[frozenset[str], float]] = field(default_factory=dict)

    def answer(self, request: Request) -> Answer:
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        user, _, password = (
            base64.b64decode(encoded).decode().partition(":") if scheme == "Basic" else ("", "", "")
        )
        if self.users.get(user) != password:
            return error(401, "UNAUTHORIZED", "incorrect username or password")
        granted = frozenset(
            f"{scope.rsplit(':', 1)[0]}:{action}"
            for scope in request.query.get("scope", [])
            for action in scope.rsplit(":", 1)[1].split(",")
            if action in self.actions
        )
        token = f"token-{len(self.tokens)}"
        self.tokens[token] = granted, self.clock() + self.life
        return Answer(status=200, body=json.dumps({"token": token, "expires_in": self.life}).encode())

    def refusal(self, request: Request, needed: str) -> Answer | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        granted, until = self.tokens.get(token, (frozenset(), 0))
        if needed in granted and until > self.clock():
            return None
        name, action = needed.rsplit(":", 1)
        reason = ',error="insufficient_scope"' if until > self.clock() else ""
        header = f'Bearer realm="{self.realm}",service="registry.example.org",scope="{name}:{action}"{reason}'
        return error(401, "UNAUTHORIZED", "authentication required", WWW_Authenticate=header)


class FakeRegistry:
    """Blobs and manifests by repository and digest, tags by repository; `requests` records what it was asked."""

    def __init__(self, *, basic: tuple[str, str] | None = None, tokens: TokenServer | None = None) -> None:
        self.blobs: dict[tuple[str, str], bytes] = {}
        self.manifests: dict[tuple[str, str], tuple[str, bytes]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.uploads: dict[str, bytes] = {}
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.has_referrers = False
        self.page = 1000
        self.largest = 1 << 30
        self.takes_chunks = True
        self.least = 0
        self.basic = basic
        self.tokens = tokens
        self._lock = threading.RLock()

    @property
    def session(self) -> requests.Session:
        session = requests.Session()
        for scheme in ("https://", "http://"):
            session.mount(scheme, _Adapter(self))
        return session

    def aside(self) -> "FakeRegistry":
        """The same one, for a client that a fault lets in: it does not wait for who is answered."""
        other = copy.copy(self)
        other.faults = []
        other._lock = threading.RLock()
        return other

    def count(self, *methods: str) -> int:
        return sum(request.method in methods for request in self.requests)

    def handle(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            for fault in tuple(self.faults):
                if answer := fault(request):
                    return answer
            if self.tokens and request.url.startswith(self.tokens.realm):
                return self.tokens.answer(request)
            found = _PATH.fullmatch(request.path)
            if not found:
                return error(404, "NOT_FOUND")
            return self._refusal(request, found["name"]) or self._answer(request, **found.groupdict(""))

    def _refusal(self, request: Request, name: str) -> Answer | None:
        if self.basic:
            expected = "Basic " + base64.b64encode(":".join(self.basic).encode()).decode()
            if request.headers.get("Authorization") != expected:
                return error(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="fake"')
        if self.tokens:
            action = "pull" if request.method in {"GET", "HEAD"} else "push"
            return self.tokens.refusal(request, f"repository:{name}:{action}")
        return None

    def _answer(self, request: Request, *, name: str, kind: str, rest: str) -> Answer:
        handler: Callable[[Request, str, str], Answer] = {
            "blobs": self._blob,
            "blobs/uploads": self._upload,
            "manifests": self._manifest,
            "tags": self._tags,
            "referrers": self._referrers,
        }[kind]
        return handler(request, name, rest)

    def _blob(self, request: Request, name: str, digest: str) -> Answer:
        data = self.blobs.get((name, digest))
        if data is None:
            return error(404, "BLOB_UNKNOWN")
        headers = {"Docker-Content-Digest": digest, "Content-Length": str(len(data))}
        return Answer(status=200, headers=headers, body=b"" if request.method == "HEAD" else data)

    def _upload(self, request: Request, name: str, session: str) -> Answer:
        if request.method == "POST":
            origin = (request.query.get("from", [""])[0], request.query.get("mount", [""])[0])
            if origin in self.blobs:
                self.blobs[name, origin[1]] = self.blobs[origin]
                return Answer(status=201, headers={"Location": f"/v2/{name}/blobs/{origin[1]}"})
            session = f"upload-{len(self.requests)}"
            self.uploads[session] = b""
            return self._upload_state(name, session, 202)
        if session not in self.uploads:
            return error(404, "BLOB_UPLOAD_UNKNOWN")
        match request.method:
            case "GET":
                return self._upload_state(name, session, 204)
            case "DELETE":
                del self.uploads[session]
                return Answer(status=204)
        return self._receive(request, name, session)

    def _receive(self, request: Request, name: str, session: str) -> Answer:
        if len(request.body) > self.largest:
            return error(413, "SIZE_INVALID")
        if request.method == "PATCH" and not self.takes_chunks:
            return error(404, "UNSUPPORTED")
        start = request.headers.get("Content-Range", "").partition("-")[0]
        if request.body and start and int(start) != len(self.uploads[session]):
            return error(416, "BLOB_UPLOAD_INVALID")
        self.uploads[session] += request.body
        if request.method == "PATCH":
            return self._upload_state(name, session, 202)
        digest = request.query["digest"][0]
        data = self.uploads.pop(session)
        if digest != f"sha256:{hashlib.sha256(data).hexdigest()}":
            return error(400, "DIGEST_INVALID")
        self.blobs[name, digest] = data
        return Answer(status=201, headers={"Docker-Content-Digest": digest})

    def _upload_state(self, name: str, session: str, status: int) -> Answer:
        end = max(0, len(self.uploads[session]) - 1)
        location = f"/v2/{name}/blobs/uploads/{session}?state=1"
        headers = {"Location": location, "Range": f"0-{end}"}
        least = {"OCI-Chunk-Min-Length": str(self.least)} if self.least else {}
        return Answer(status=status, headers={**headers, **least})

    def _manifest(self, request: Request, name: str, reference: str) -> Answer:
        if request.method == "PUT":
            return self._put_manifest(request, name, reference)
        digest = self.tags.get(name, {}).get(reference, reference)
        if (name, digest) not in self.manifests:
            return error(404, "MANIFEST_UNKNOWN")
        media_type, data = self.manifests[name, digest]
        headers = {"Docker-Content-Digest": digest, "Content-Type": media_type}
        return Answer(status=200, headers=headers, body=b"" if request.method == "HEAD" else data)

    def _put_manifest(self, request: Request, name: str, reference: str) -> Answer:
        digest = f"sha256:{hashlib.sha256(request.body).hexdigest()}"
        document = json.loads(request.body)
        for descriptor in [*document.get("layers", ()), *filter(None, [document.get("config")])]:
            if (name, descriptor["digest"]) not in self.blobs:
                return error(400, "MANIFEST_BLOB_UNKNOWN", descriptor["digest"])
        for descriptor in document.get("manifests", ()):
            if (name, descriptor["digest"]) not in self.manifests and not reference.startswith("sha256-"):
                return error(400, "MANIFEST_UNKNOWN", descriptor["digest"])
        self.manifests[name, digest] = request.headers["Content-Type"], request.body
        if ":" not in reference:
            self.tags.setdefault(name, {})[reference] = digest
        headers = {"Docker-Content-Digest": digest}
        if self.has_referrers and "subject" in document:
            headers["OCI-Subject"] = document["subject"]["digest"]
        return Answer(status=201, headers=headers)

    def _tags(self, request: Request, name: str, _: str) -> Answer:
        if name not in self.tags:
            return error(404, "NAME_UNKNOWN")
        tags, last = sorted(self.tags[name]), request.query.get("last", [""])[0]
        shown = [tag for tag in tags if tag > last][: self.page]
        headers = {}
        if shown and shown[-1] != tags[-1]:
            headers["Link"] = f'</v2/{name}/tags/list?n={self.page}&last={shown[-1]}>; rel="next"'
        return Answer(status=200, headers=headers, body=json.dumps({"name": name, "tags": shown}).encode())

    def _referrers(self, request: Request, name: str, digest: str) -> Answer:
        if not self.has_referrers:
            return error(404, "NOT_FOUND")
        found = []
        for (repository, own), (media_type, data) in self.manifests.items():
            document: dict[str, Any] = json.loads(data)
            if repository == name and document.get("subject", {}).get("digest") == digest:
                listed = {"mediaType": media_type, "digest": own, "size": len(data)}
                told: dict[str, Any] = {
                    key: document[key] for key in ("artifactType", "annotations") if key in document
                }
                found.append({**listed, **told})
        return Answer(status=200, body=json.dumps({"schemaVersion": 2, "manifests": found}).encode())


class _Adapter(BaseAdapter):
    def __init__(self, registry: FakeRegistry) -> None:
        super().__init__()
        self._registry = registry

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override] # noqa: ANN401
        given: Any = request.body or b""
        body = given.encode() if isinstance(given, str) else given
        if not isinstance(body, bytes):
            body = b"".join(body)
        asked = Request(
            method=str(request.method), url=str(request.url), headers=dict(request.headers), body=body
        )
        answer = self._registry.handle(asked)
        raw = HTTPResponse(
            body=io.BytesIO(answer.body),
            headers=answer.headers,
            status=answer.status,
            preload_content=False,
            enforce_content_length=False,
            request_method=asked.method,
        )
        response = requests.Response()
        response.status_code = answer.status
        response.headers.update(answer.headers)
        response.url, response.request, response.raw = asked.url, request, raw
        return response

    def close(self) -> None:
        pass
