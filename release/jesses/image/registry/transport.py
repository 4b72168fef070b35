"""Requests to one registry: authorized, tried again where that helps, and failing with a cause and a cure."""

import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from jesses.base.documents import MOST, DocumentError, read_object
from jesses.base.errors import RegistryError
from jesses.base.retry import retry_after
from jesses.image.registry.auth import Authorizer, Credential, Scopes
from jesses.image.registry.network import Network
from jesses.image.registry.watch import Body, Watch, watched

TRIES: Final = 6
LONGEST_WAIT: Final = 300.0
"""Seconds; a registry that asks for more is left alone."""

SILENCE: Final = 120.0
"""Seconds without a byte, in all attempts at one request together, after which a registry is given up."""

_TIMEOUT: Final = (10.0, SILENCE)
_BLOCK: Final = 1 << 20
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_INSUFFICIENT: Final = re.compile('error="?insufficient_scope')
_LIMIT: Final = re.compile(r"(\d{1,15})(?:;w=(\d{1,15}))?")


@dataclass(frozen=True)
class RegistryRequest:
    """A request to a registry, which is allowed by `scopes` and to be answered with one of the codes `expect`.

    `what` says in messages what it is about.
    """

    method: str
    url: str
    _: KW_ONLY
    scopes: Scopes
    expect: Iterable[int]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | bytes | None = None
    what: str = ""


class PassingError(Exception):
    """A failure that may be over at the next try.

    `wait` is what the registry asks for, `silence` how long nothing moved at the end; both are seconds.
    """

    def __init__(self, what: str, *, wait: float | None = None, silence: float = 0) -> None:
        super().__init__(what)
        self.wait = wait
        self.silence = silence


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """How many pulls are allowed, how many are left, in `window` seconds (Docker Hub's headers)."""

    limit: int
    remaining: int
    window: int

    def __str__(self) -> str:
        return f"{self.remaining} of {self.limit} pulls left in {self.window / 3600:g} h"


class RegistryTransport:
    """Sends requests to the registry that `network` leads to; used from several threads."""

    def __init__(
        self,
        network: Network,
        *,
        credential: Credential | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
        note: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.host = network.host
        self.url = network.url
        self.rate_limit: RateLimit | None = None
        self._network = network
        self._clock = clock
        self._sleep = sleep
        self._note = note
        self._authorizer = Authorizer(
            host=self.host, credential=credential, fetch=self._fetch_token, clock=clock
        )

    def send(self, request: RegistryRequest) -> requests.Response:
        """Send until the answer is one that is expected.

        Raises:
            RegistryError: it is another, or failures did not pass.

        """
        for attempt in self.attempts():
            with attempt:
                return self.once(request)
        raise AssertionError("attempts end with an error")

    def attempts(self) -> Iterator["Attempt"]:
        """Contexts to try something in: one that ends with a `PassingError` is followed by another, later.

        Raises:
            RegistryError: the last one failed too, or the registry says nothing, or wants to be left alone, for
                too long.

        """
        attempt, silent = Attempt(), 0.0
        for number in range(TRIES):
            if number:
                self._pause(number, attempt)
            attempt = Attempt()
            yield attempt
            if attempt.failure is None:
                return
            silent += attempt.failure.silence
            if silent >= SILENCE:
                raise RegistryError(
                    f"{self.host} has said nothing for {silent:.0f} seconds, at last: {attempt.failure}",
                    fix="see whether it works for others, and run again: what is there is not sent again",
                )
        raise RegistryError(
            f"{self.host} failed {TRIES} times, at last with: {attempt.failure}",
            fix="run again later: what is there already is not sent again",
        )

    def once(self, request: RegistryRequest) -> requests.Response:
        """Send a request once, and a second time where the registry wants to know who we are.

        Raises:
            PassingError: the failure may pass.
            RegistryError: the answer is another than is expected.

        """
        ours = self._network.is_own(request.url)
        for last in (False, True):
            # What uploads are redirected to has its own secrets in its address, and never gets ours.
            authorization = self._authorizer.header(request.scopes) if ours else None
            response = self._exchange(request, authorization)
            if response.status_code != HTTPStatus.UNAUTHORIZED or last or not ours:
                break
            header = response.headers.get("WWW-Authenticate", "")
            response.close()
            if not self._authorizer.learn(header, request.scopes, sent=authorization):
                break
        if response.status_code in set(request.expect):
            return response
        self._keep(response)
        raise self._failure(response, request.what or f"{request.method} {urlsplit(request.url).path}")

    def _exchange(self, request: RegistryRequest, authorization: str | None) -> requests.Response:
        watch = Watch(clock=self._clock)
        with self._translated(request.url, watch):
            response = self._network.send(
                request.method,
                request.url,
                authorization=authorization,
                headers=dict(request.headers),
                data=watched(request.body, watch),
                timeout=_TIMEOUT,
                stream=True,
            )
        self._read_limit(response.headers)
        if response.status_code in _PASSING:
            response.close()
            raise PassingError(
                f"{response.status_code} {response.reason or ''}".rstrip(),
                wait=retry_after(response.headers.get("Retry-After", ""), self._clock()),
            )
        if request.method != "GET":
            self._keep(response)
        return response

    def blocks(self, response: requests.Response, *, most: int | None = None) -> Iterator[bytes]:
        """The body of an answer to a GET, of `most` bytes at most, in blocks of 1 MiB at most.

        Raises:
            PassingError: it broke off.
            RegistryError: it is longer.

        """
        watch, size = Watch(clock=self._clock), 0
        with self._translated(response.url, watch):
            for block in watch.blocks(response.iter_content(_BLOCK)):
                size += len(block)
                if most is not None and size > most:
                    raise RegistryError(
                        f"{self.host} answers with more than {most} bytes where a document should be",
                        fix="see what is at its address, and push the image again",
                    )
                yield block

    def document(self, response: requests.Response) -> bytes:
        """The body of an answer to a GET that is a manifest, a list or a small blob; errors as `blocks`."""
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise RegistryError(
                f"{self.host} answers with a web page where a document should be",
                fix="correct the name of the registry; see whether a proxy or a login page answers in its place",
            )
        return b"".join(self.blocks(response, most=MOST))

    def _keep(self, response: requests.Response) -> None:
        """Read a short answer whole, so that its connection is free for the next request."""
        response._content = b"".join(self.blocks(response, most=MOST))  # noqa: SLF001 - requests has no limit
        response._content_consumed = True  # type: ignore[attr-defined] # noqa: SLF001

    @contextmanager
    def _translated(self, url: str, watch: Watch) -> Iterator[None]:
        try:
            yield
        except requests.exceptions.SSLError as error:
            raise RegistryError(
                f"{self.host} cannot be trusted: {_root(error)}",
                fix="for a certificate authority of your own set REQUESTS_CA_BUNDLE to its certificate; "
                "a registry without TLS is written http://HOST/...",
            ) from error
        except (
            requests.exceptions.ConnectionError,
            requests.exceptions.Timeout,
            requests.exceptions.ChunkedEncodingError,
            requests.exceptions.ContentDecodingError,
        ) as error:
            what = f"no answer from {urlsplit(url).netloc}: {_root(error)}"
            raise PassingError(what, silence=watch.silence()) from error
        except requests.exceptions.RequestException as error:
            raise RegistryError(
                f"{self.host} cannot be asked: {_root(error)}", fix="correct its name"
            ) from error

    def _pause(self, number: int, attempt: "Attempt") -> None:
        wait = attempt.failure.wait if attempt.failure else None
        if wait is not None and wait > LONGEST_WAIT:
            raise RegistryError(
                f"{self.host} asks to be left alone for {wait:.0f} seconds", fix="run again after that"
            )
        if wait is None:
            most = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (number - 1))
            wait = most * random.SystemRandom().uniform(0.5, 1)
        self._note(f"{self.host}: {attempt.failure}; trying again in {wait:.0f} s")
        self._sleep(wait)

    def _read_limit(self, headers: Mapping[str, str]) -> None:
        limit = _LIMIT.match(headers.get("RateLimit-Limit", ""))
        remaining = _LIMIT.match(headers.get("RateLimit-Remaining", ""))
        if limit and remaining:
            window = int(limit[2] or remaining[2] or 0)
            self.rate_limit = RateLimit(limit=int(limit[1]), remaining=int(remaining[1]), window=window)

    def _fetch_token(
        self, realm: str, *, query: list[tuple[str, str]], form: Mapping[str, str] | None, basic: str | None
    ) -> Mapping[str, Any]:
        for attempt in self.attempts():
            with attempt:
                watch = Watch(clock=self._clock)
                with self._translated(realm, watch):
                    response = self._network.send(
                        "POST" if form else "GET",
                        realm,
                        authorization=basic,
                        params=query,
                        data=dict(form) if form else None,
                        timeout=_TIMEOUT,
                        stream=True,
                    )
                self._keep(response)
                if response.status_code in _PASSING:
                    wait = retry_after(response.headers.get("Retry-After", ""), self._clock())
                    raise PassingError(f"{response.status_code} from its token server", wait=wait)
                if response.status_code != HTTPStatus.OK:
                    raise self._refused(_message(response))
                return _document(response)
        raise AssertionError("attempts end with an error")

    def _failure(self, response: requests.Response, what: str) -> RegistryError:
        message = _message(response)
        match response.status_code:
            case HTTPStatus.UNAUTHORIZED if not _INSUFFICIENT.search(
                response.headers.get("WWW-Authenticate", "")
            ):
                return self._refused(message)
            case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
                return RegistryError(
                    f"{self.host} does not allow {self._authorizer.who}: {what}{message}",
                    fix="give the user or token write access to this repository, or create the repository",
                )
            case HTTPStatus.NOT_FOUND:
                return RegistryError(
                    f"{self.host} has not got what was asked for: {what}{message}",
                    fix="create the repository, or correct its name",
                )
        return RegistryError(
            f"{self.host} answered {response.status_code}: {what}{message}", fix="see what it says"
        )

    def _refused(self, message: str) -> RegistryError:
        return RegistryError(
            f"{self.host} refuses {self._authorizer.who}{message}",
            fix="check user name and password or token; docs/images.md says where they are looked for",
        )


class Attempt:
    """One try of several; keeps the failure that another try may cure."""

    def __init__(self) -> None:
        self.failure: PassingError | None = None

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> bool:
        if isinstance(error, PassingError):
            self.failure = error
            return True
        return False


def _document(response: requests.Response) -> Mapping[str, Any]:
    try:
        return read_object(response.content)
    except DocumentError:
        return {}


def _message(response: requests.Response) -> str:
    """What the registry says in its own words (distribution specification, "Error codes")."""
    document = _document(response)
    errors = document.get("errors")
    said = [
        " ".join(str(error[key]) for key in ("code", "message") if error.get(key))
        for error in (errors if isinstance(errors, list) else [])
        if isinstance(error, dict)
    ]
    text = "; ".join(filter(None, said)) or str(document.get("details") or document.get("message") or "")
    return f" ({text})" if text else ""


def _root(error: BaseException) -> str:
    while (deeper := error.__cause__ or error.__context__) is not None:
        error = deeper
    return str(error) or type(error).__name__
